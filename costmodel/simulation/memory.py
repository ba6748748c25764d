"""The memory that Python gives the compiled engine's kernel: at first little, more whenever the kernel runs low."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from costmodel.simulation import layout as at
from costmodel.simulation.kernel import move_money
from costmodel.simulation.kernel_tables import Block, on_cache_lines

ROOM = 2**9  # rows at first, beside what one step may need
COMMON_CENTS = 2**17  # amounts below have a place each, where there are at least as many payments
MOST_SLOTS = 2**12 - 1  # of amounts at first
POOLS = {  # tables of free and taken rows: pool and margin in k, and the part of itself by which it grows
    "records": (at.RECORD_POOL, at.MARGIN, 1),
    "cells": (at.CELL_POOL, at.MARGIN, 1),
    "pages": (at.PAGE_POOL, at.PAGES_MARGIN, 8),
}

IntArray = npt.NDArray[np.int64]


def first_state(k: IntArray, traced: int) -> Block:
    """An empty state around `k`, with room for a trace of so many payments."""
    room = ROOM + 2 * int(k[at.MARGIN])
    k[at.NEAR_ROOM] = k[at.FAR_ROOM] = k[at.STACK_ROOM] = room
    k[at.FAR_MOST] = room - k[at.MARGIN] - k[at.NEAR_MOST]
    k[at.MONEY_SLOTS] = slots = _slots(int(k[at.PAYMENTS]))
    k[at.COMMON] = COMMON_CENTS if k[at.PAYMENTS] >= COMMON_CENTS else 0
    arrays = {
        "k": k,
        "records": _more(on_cache_lines(0, at.RECORD_COLUMNS), k, at.RECORD_POOL, room),
        "cells": _more(np.zeros((0, at.CELL_COLUMNS), np.int64), k, at.CELL_POOL, room),
        "near": np.full((room, at.CALENDAR_COLUMNS), at.FOR_EVER, np.int64),
        "far": np.full((room, at.CALENDAR_COLUMNS), at.FOR_EVER, np.int64),
        "sorting": np.full((int(k[at.MOST_SORTED]) + 4, at.CALENDAR_COLUMNS), at.FOR_EVER, np.int64),
        "stack": np.zeros(room, np.int64),
        "pages": _more(np.zeros((0, at.PAGE_COLUMNS), np.int64), k, at.PAGE_POOL, 2 * int(k[at.PAGES_MARGIN])),
        "money": _no_money(slots),
        "common": np.zeros(len(at.MONEY_NAMES) * int(k[at.COMMON]) or 1, np.int64),
        "trace": np.full(max(1, traced), at.NONE, np.int64),
    }
    return Block(at.STATE, arrays)


def grown(state: Block) -> Block:
    """The state with more of whatever it is low in."""
    k, arrays = state.arrays["k"], dict(state.arrays)
    margin = int(k[at.MARGIN])
    for name, (pool, least, part) in POOLS.items():
        if k[pool + at.LEFT_FREE] < k[least]:
            arrays[name] = _more(arrays[name], k, pool, max(int(k[least]), len(arrays[name]) // part))
    for name, used, room, empty in (
        ("near", k[at.NEAR_MOST], at.NEAR_ROOM, at.FOR_EVER),
        ("far", k[at.NEAR_MOST] + k[at.FAR_N], at.FAR_ROOM, at.FOR_EVER),  # near ones may be far at any time
        ("stack", k[at.STACK_N], at.STACK_ROOM, 0),
    ):
        if used + margin > k[room]:
            k[room] = max(used + margin, k[room] + k[room] // 2)
            arrays[name] = _extended(arrays[name], int(k[room]), empty)
    k[at.FAR_MOST] = k[at.FAR_ROOM] - margin - k[at.NEAR_MOST]
    k[at.LOW] = 0
    return _rehashed(state, arrays, k)


def _rehashed(state: Block, arrays: dict[str, IntArray], k: IntArray) -> Block:
    """The grown state; a table of amounts more than half full is moved to one of twice its size."""
    if 2 * int(k[at.MONEY_N]) <= k[at.MONEY_SLOTS] - 2:
        return Block(at.STATE, arrays)
    k[at.MONEY_SLOTS] *= 2
    arrays["money"] = _no_money(int(k[at.MONEY_SLOTS]))
    larger = Block(at.STATE, arrays)
    move_money(state.address, larger.address, len(state.arrays["money"]))
    return larger


def _slots(payments: int) -> int:
    """Of a table that need not grow for so many payments of different amounts, as far as that is little memory."""
    return max(ROOM, 1 << min(4 * payments, MOST_SLOTS).bit_length())


def _no_money(slots: int) -> IntArray:
    """An empty hash table of amounts; NONE as a key says that a slot is free."""
    table = np.zeros((slots, 2), np.int64)
    table[:, at.MONEY_KEY] = at.NONE
    return table


def _extended(array: IntArray, rows: int, value: int) -> IntArray:
    """The array with so many rows, of which the new ones hold a value.

    What need not begin on a cache line is moved by the system and not copied: for a while both would be there.
    """
    first = len(array)
    if array.base is None:
        array.resize((rows, *array.shape[1:]), refcheck=False)
    else:
        larger = on_cache_lines(rows, array.shape[1])
        larger[:first] = array
        array = larger
    array[first:] = value
    return array


def _more(array: IntArray, k: IntArray, pool: int, rows: int) -> IntArray:
    """The array with so many rows more, which stand in its pool before those that were free."""
    first = len(array)
    larger = _extended(array, first + rows, 0)
    larger[first:, 0] = np.arange(first + 1, first + rows + 1)
    larger[-1, 0] = k[pool + at.FREE]
    k[pool + at.FREE] = first
    k[pool + at.LEFT_FREE] += rows
    return larger
