"""Attribute a difference to its causes: every cause's mean effect over all orders in which causes could come."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_FLOOR, Decimal
from fractions import Fraction

CENT = Decimal("0.01")
Value = Callable[[frozenset[str]], Decimal]


def subsets(causes: Sequence[str]) -> list[frozenset[str]]:
    """All of them, the empty one first, the whole last."""
    return [frozenset(some) for size in range(len(causes) + 1) for some in itertools.combinations(causes, size)]


def shapley(causes: Sequence[str], value: Value) -> dict[str, Fraction]:
    """Each cause's share of value(all) − value(none); the shares sum to it exactly.

    value: of the set of causes that have changed. Shapley, A Value for n-Person Games, 1953: over all orders, the mean
    of what a cause adds to those before it.

    >>> shapley(["price", "volume"], lambda s: Decimal((3 if "price" in s else 2) * (10 if "volume" in s else 5)))
    {'price': Fraction(15, 2), 'volume': Fraction(25, 2)}
    """
    number = len(causes)
    known = {some: Fraction(value(some)) for some in subsets(causes)}
    found = dict.fromkeys(causes, Fraction(0))
    for cause in causes:
        for some in subsets([other for other in causes if other != cause]):
            orders = math.factorial(len(some)) * math.factorial(number - len(some) - 1)
            weight = Fraction(orders, math.factorial(number))
            found[cause] += weight * (known[some | {cause}] - known[some])
    return found


def to_cents(shares: Mapping[str, Fraction], whole: Decimal) -> dict[str, Decimal]:
    """The shares in cents, so that they sum to `whole`: rounded down, what is left to the largest remainders.

    >>> to_cents({"a": Fraction(1, 3), "b": Fraction(1, 3), "c": Fraction(1, 3)}, Decimal(1))
    {'a': Decimal('0.34'), 'b': Decimal('0.33'), 'c': Decimal('0.33')}
    """
    exact = {name: share * 100 for name, share in shares.items()}
    cents = {name: math.floor(share) for name, share in exact.items()}
    left = int((whole / CENT).to_integral_value(ROUND_FLOOR)) - sum(cents.values())
    by_remainder = sorted(exact, key=lambda name: cents[name] - exact[name])
    for place in range(abs(left)):
        cents[by_remainder[place % len(by_remainder)]] += 1 if left > 0 else -1
    return {name: CENT * amount for name, amount in cents.items()}
