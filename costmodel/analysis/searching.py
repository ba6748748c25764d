"""Search along whole numbers for the highest one at which something holds."""

from __future__ import annotations

from collections.abc import Callable


def highest(holds: Callable[[int], bool], first: int, least: int, most: int) -> int | None:
    """The highest number at which it holds, going out from `first` in growing steps, then halving the gap.

    `most` if it holds there; None if it holds at none that was tried down to `least`. Where it holds at several
    numbers apart, one above which it next fails.

    >>> highest(lambda n: n <= 37, first=5, least=0, most=100)
    37
    """
    good, bad = _bracket(holds, first, least, most)
    if good is None or bad is None:
        return good
    while bad - good > 1:
        middle = (good + bad) // 2
        if holds(middle):
            good = middle
        else:
            bad = middle
    return good


def _bracket(holds: Callable[[int], bool], first: int, least: int, most: int) -> tuple[int | None, int | None]:
    """A number at which it holds and a higher one at which it does not; None for one that was not found."""
    up, at, step = holds(first), first, 1
    edge = most if up else least
    while at != edge:
        last, at = at, min(most, at + step) if up else max(least, at - step)
        if holds(at) != up:
            return (last, at) if up else (at, last)
        step *= 2
    return (at, None) if up else (None, at)
