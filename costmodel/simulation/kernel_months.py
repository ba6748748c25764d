"""What changes from one month to the next, in compiled code: laws with another scale, lognormal draws of each month."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from costmodel.simulation import layout as at
from costmodel.simulation import tables as t
from costmodel.simulation.kernel_draws import cell_of, compiled, entry

LARGEST = t.LARGEST
NAMES, COHORT = 2**at.MONEY_BITS - 1, 2**at.TIMES_BITS - 1


@entry
def scale_laws(laws: Any, rows: Any, unscaled: Any, factors: Any) -> None:
    """As `tables.multiplied`: (laws, columns) edges times a factor for each law, put into some rows of all laws."""
    for law in range(len(rows)):
        factor, row = factors[law], rows[law]
        if factor == 1:
            laws[row, :] = unscaled[law, :]
        else:
            for column in range(unscaled.shape[1]):
                laws[row, column] = np.int64(np.rint(min(np.float64(unscaled[law, column]) * factor, LARGEST)))


@entry
def lognormals(middles: Any, sigmas: Any, bits: Any, scores: Any, found: Any) -> None:
    """Draws of a lognormal law, another one for each row of bits, without its table: as `LawTable.values`.

    middles, sigmas: of the logarithm; scores: at the edges of the cells.
    """
    for row in range(bits.shape[0]):
        for column in range(bits.shape[1]):
            found[row, column] = lognormal(middles[row], sigmas[row], bits[row, column], scores)


@compiled
def lognormal(middle: float, sigma: float, bits: np.uint64, scores: Any) -> int:
    """As `LawTable.value` of a lognormal law, of which the two edges needed are worked out."""
    place, part = cell_of(bits)
    low = edge(middle, sigma, scores[place])
    return low + np.int64((edge(middle, sigma, scores[place + 1]) - low) * part)


@compiled
def edge(middle: float, sigma: float, score: float) -> int:
    """The quantile at a normal score."""
    return np.int64(np.rint(math.exp(middle + sigma * score)))


@entry
def take_money(money: Any, found: Any, numbers: Any) -> None:
    """The amounts of a run's table by name, into (names, 3, rows): cents, and how often by time and by payment.

    numbers: of amounts under each name.
    """
    numbers[:] = 0
    for slot in range(len(money)):
        key, times = money[slot, at.MONEY_KEY], money[slot, at.MONEY_TIMES]
        if key != at.NONE:
            name = key & NAMES
            row = numbers[name]
            found[name, 0, row] = key >> at.MONEY_BITS
            found[name, 1, row] = times >> at.TIMES_BITS
            found[name, 2, row] = times & COHORT
            numbers[name] = row + 1
