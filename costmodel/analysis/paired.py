"""The interval of a difference between two sides that met the same luck, corrected for how many are looked at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal


def half_width_of(difference: Decimal, pairs: Sequence[Decimal], error: Decimal, looked_at: int) -> Decimal:
    """Half the interval that misses a true difference with probability `error` in all `looked_at` together.

    pairs: the difference in each replication. Student's t times their spread about the pooled difference (sectioning,
    Asmussen & Glynn 2007, III.5), at error / looked_at for each (Bonferroni). 0 for a single pair: one run has no
    interval, and what differs under the same luck is the change's.
    """
    number = len(pairs)
    spread = sum(((pair - difference) ** 2 for pair in pairs), Decimal(0))
    if number < 2 or not spread:
        return Decimal(0)
    from scipy.special import stdtrit

    quantile = -float(stdtrit(number - 1, float(error) / looked_at / 2))
    return Decimal(repr(quantile * math.sqrt(float(spread) / (number - 1) / number)))


def near_end(difference: Decimal, half_width: Decimal) -> Decimal:
    """The end of the interval nearest to 0, 0 if it holds 0; with the difference's sign."""
    size = max(abs(difference) - half_width, Decimal(0))
    return size.copy_sign(difference)
