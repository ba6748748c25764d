"""Draws, tables and searches for the compiled engine: the same bits as `draws` and `tables` give."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import intrinsic

from costmodel.simulation import draws as d
from costmodel.simulation import layout as at
from costmodel.simulation import tables as t

# Only the entry points are kept on disk: numba would not notice a change in what they call.
compiled = njit(nogil=True, error_model="numpy")
inlined = njit(nogil=True, error_model="numpy", forceinline=True)
entry = njit(nogil=True, error_model="numpy", cache=True)

GOLDEN, FIRST_FACTOR, SECOND_FACTOR = np.uint64(d.GOLDEN), np.uint64(d.FIRST_FACTOR), np.uint64(d.SECOND_FACTOR)
FIRST_SHIFT, SECOND_SHIFT, THIRD_SHIFT = np.uint64(d.FIRST_SHIFT), np.uint64(d.SECOND_SHIFT), np.uint64(d.THIRD_SHIFT)
LOW_BITS = np.uint64(t.HALF - 1)
TOP_BIT, WORD, HALF_WORD = np.uint64(63), 64, np.uint64(32)
LOW_HALF = np.uint64(2**32 - 1)
ONE, ATTEMPT_BITS = np.uint64(1), np.uint64(32)
SHARE_SHIFT = np.uint64(64 - d.SHARE_BITS)
LEAST_FREE = np.uint64(63 - t.OCTAVES)
CELL_BITS = np.uint64(t.CELL_BITS)
UPPER_SIDE = t.CELLS + 1
# the cell before those of the octave in which no bit is free: an octave has 2^6 cells, the last is the median's
LAST_OCTAVE = t.OCTAVES - 1 - 62
POWERS = tuple(2.0**-bits for bits in range(64))  # multiplying by them is exact, as is dividing


@intrinsic
def leading_zeros(typingctx: Any, value: Any) -> Any:
    """Zero bits above the highest one of a 64-bit integer."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.ctlz(args[0], context.get_constant(types.boolean, False))

    return types.uint64(types.uint64), build


@inlined
def mix64(x: np.uint64) -> np.uint64:
    """As `draws.mix64`."""
    x = x + GOLDEN
    x = (x ^ (x >> FIRST_SHIFT)) * FIRST_FACTOR
    x = (x ^ (x >> SECOND_SHIFT)) * SECOND_FACTOR
    return x ^ (x >> THIRD_SHIFT)


@inlined
def draw_bits(key: int, entity: int, repeat: int, attempt: int) -> np.uint64:
    """As `draws.draw_bits`."""
    bits = mix64(np.uint64(key) ^ np.uint64(entity))
    if repeat | attempt:
        bits = mix64(bits ^ ((np.uint64(repeat) << ATTEMPT_BITS) | np.uint64(attempt)))
    return bits


@inlined
def table_value(laws: Any, law: int, bits: np.uint64) -> int:
    """As `LawTable.value`."""
    place, part = cell_of(bits)
    low = laws[law, place]
    return low + np.int64((laws[law, place + 1] - low) * part)


@inlined
def cell_of(bits: np.uint64) -> tuple[int, float]:
    """The cell of a table that 64 random bits pick, by its first edge, and how far towards the next one."""
    tail = bits & LOW_BITS
    side = UPPER_SIDE * np.int64(bits >> TOP_BIT)
    free = TOP_BIT - leading_zeros(tail)
    if tail < (ONE << LEAST_FREE):
        return side, 0.0
    below = free - CELL_BITS
    cell = (tail >> below) - (ONE << CELL_BITS)
    place = side + ((LAST_OCTAVE + np.int64(free)) << np.int64(CELL_BITS)) + np.int64(cell)
    return place, np.float64(tail & ((ONE << below) - ONE)) * POWERS[np.int64(below)]


@inlined
def drawn(laws: Any, law: int, key: int, entity: int, repeat: int, attempt: int) -> int:
    """A draw of a law."""
    return table_value(laws, law, draw_bits(key, entity, repeat, attempt))


@compiled
def below_share(bits: np.uint64, share: int) -> bool:
    """As `draws.uniform_below`, of a share in units of 2^-53."""
    return np.int64(bits >> SHARE_SHIFT) < share


@compiled
def scaled(bits: np.uint64, length: int) -> int:
    """bits × length / 2^64, rounded down, exactly."""
    whole = np.uint64(length)
    low, high = bits & LOW_HALF, bits >> HALF_WORD
    short, tall = whole & LOW_HALF, whole >> HALF_WORD
    middle = high * short + ((low * short) >> HALF_WORD)
    other = low * tall + (middle & LOW_HALF)
    return np.int64(high * tall + (middle >> HALF_WORD) + (other >> HALF_WORD))


@compiled
def bit_length(value: int) -> int:
    """As `int.bit_length`."""
    return WORD - np.int64(leading_zeros(np.uint64(value)))


@compiled
def not_above(lists: Any, begin: int, number: int, value: int) -> int:
    """How many of a rising list's numbers are at most `value`."""
    low, high = begin, begin + number
    while low < high:
        middle = (low + high) >> 1
        if lists[middle] <= value:
            low = middle + 1
        else:
            high = middle
    return low - begin


@inlined
def is_out(b: Any, k: Any, row: int) -> bool:
    """As `Timetable.is_out`, now; what was found holds until the outage begins or ends."""
    if row == at.NONE:
        return False
    place = b.sheet[row, at.OUTAGE_K]
    if k[at.NOW] >= k[place + at.OUT_UNTIL]:
        look_for_outage(b, k, row, place)
    return k[place + at.IS_OUT] != 0


@compiled
def look_for_outage(b: Any, k: Any, row: int, place: int) -> None:
    """Go on to the outage that is on or comes next."""
    begin, number = b.sheet[row, at.SPANS_AT], b.sheet[row, at.SPANS]
    while k[place + at.SPAN] < number and b.lists[begin + number + k[place + at.SPAN]] <= k[at.NOW]:
        k[place + at.SPAN] += 1
    k[place + at.IS_OUT], k[place + at.OUT_UNTIL] = 0, at.FOR_EVER
    if k[place + at.SPAN] < number:
        start = b.lists[begin + k[place + at.SPAN]]
        k[place + at.IS_OUT] = start <= k[at.NOW]
        k[place + at.OUT_UNTIL] = start if start > k[at.NOW] else b.lists[begin + number + k[place + at.SPAN]]
