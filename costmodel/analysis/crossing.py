"""Where a function crosses zero: looked for on a grid, then narrowed down."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Gap = Callable[[Decimal], Decimal]
Kind = Literal["from", "below", "between", "outside", "always", "never"]


@dataclass(frozen=True)
class Bracket:
    """Two points with what the function is there: of opposite sign, or the second is a zero."""

    low: Decimal
    high: Decimal
    low_gap: Decimal
    high_gap: Decimal

    @property
    def root(self) -> Decimal:
        """Where the straight line between the points crosses zero."""
        return root_of_line(self.low, self.high, self.low_gap, self.high_gap)


def root_of_line(low: Decimal, high: Decimal, low_gap: Decimal, high_gap: Decimal) -> Decimal:
    """Where the line through two points crosses zero.

    >>> root_of_line(Decimal(0), Decimal(4), Decimal(-1), Decimal(3))
    Decimal('1')
    """
    return low - low_gap * (high - low) / (high_gap - low_gap)


def grid(low: Decimal, high: Decimal, number: int) -> list[Decimal]:
    """Points from low to high: by equal factors where both are above 0, else by equal steps."""
    if low > 0 and high / low >= number:
        factor = math.log(high / low) / (number - 1)
        inner = [low * Decimal(math.exp(factor * k)) for k in range(1, number - 1)]
    else:
        inner = [low + (high - low) * k / (number - 1) for k in range(1, number - 1)]
    return [low, *inner, high]


def brackets(points: Sequence[Decimal], gap: Gap) -> list[Bracket]:
    """The stretches between neighbouring points over which the sign of `gap` changes."""
    known = [(x, gap(x)) for x in points]
    pairs = itertools.pairwise(known)
    return [Bracket(a, b, ga, gb) for (a, ga), (b, gb) in pairs if (ga <= 0) != (gb <= 0)]


def narrowed(found: Bracket, gap: Gap, within: Decimal, most: int, step: Decimal = Decimal(0)) -> Bracket:
    """The same crossing in a bracket at most `within` of it wide, after `most` evaluations at most.

    By turns: where the straight line crosses, a little farther on, in the middle; at multiples of `step`, if given.
    """
    for turn in range(most):
        root, width = found.root, found.high - found.low
        little = max(within * abs(root) / 2, step)
        if width <= 2 * little:
            break
        onwards = little if found.high - root > root - found.low else -little
        guess = (root, root + onwards, found.low + width / 2)[turn % 3]
        found = _divided(found, _multiple(guess, step), gap)
    return found


def _multiple(x: Decimal, step: Decimal) -> Decimal:
    return (x / step).to_integral_value() * step if step else x


def _divided(found: Bracket, guess: Decimal, gap: Gap) -> Bracket:
    """The part of a bracket, divided at `guess`, that holds the crossing."""
    if not found.low < guess < found.high:
        return found
    value = gap(guess)
    if (value <= 0) == (found.low_gap <= 0):
        return Bracket(guess, found.high, value, found.high_gap)
    return Bracket(found.low, guess, found.low_gap, value)


def described(roots: Iterable[Decimal], holds_first: bool) -> tuple[Kind, tuple[Decimal, ...]]:
    """In which part of the range the function is 0 or less, given its roots and whether it is so at the low end."""
    found = tuple(sorted(roots))
    if not found:
        return ("always" if holds_first else "never"), found
    if len(found) == 1:
        return ("below" if holds_first else "from"), found
    return ("outside" if holds_first else "between"), found[:2]
