"""The compiled engine's memory: records and cells with free lists, pages of money, and tables of amounts.

Memory grows between instructions only: whoever takes the last but `MARGIN` raises `LOW`, and Python gives more.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from costmodel.simulation import layout as at
from costmodel.simulation.kernel_draws import compiled, inlined, mix64


@inlined
def take(k: Any, table: Any, pool: int, margin: int) -> int:
    """A free row of a table; its columns hold what they held. `pool`, `margin`: their places in k."""
    taken = k[pool + at.FREE]
    k[pool + at.FREE] = table[taken, 0]
    k[pool + at.LEFT_FREE] -= 1
    if k[pool + at.LEFT_FREE] < k[margin]:
        k[at.LOW] = 1
    return taken


@inlined
def give(k: Any, table: Any, pool: int, row: int) -> None:
    """The row is free."""
    table[row, 0] = k[pool + at.FREE]
    k[pool + at.FREE] = row
    k[pool + at.LEFT_FREE] += 1


@compiled
def new_record(z: Any) -> int:
    """A free record."""
    return take(z.k, z.records, at.RECORD_POOL, at.MARGIN)


@compiled
def free_record(z: Any, record: int) -> None:
    """The record is free."""
    give(z.k, z.records, at.RECORD_POOL, record)


@compiled
def new_cell(z: Any) -> int:
    """A free cell."""
    return take(z.k, z.cells, at.CELL_POOL, at.MARGIN)


@compiled
def free_cell(z: Any, cell: int) -> None:
    """The cell is free."""
    give(z.k, z.cells, at.CELL_POOL, cell)


@compiled
def new_page(z: Any) -> int:
    """An empty page for entries of money, with none behind it."""
    page = take(z.k, z.pages, at.PAGE_POOL, at.PAGES_MARGIN)
    z.pages[page, at.PAGE_NEXT] = at.NONE
    return page


@compiled
def free_page(z: Any, page: int) -> None:
    """The page is free."""
    give(z.k, z.pages, at.PAGE_POOL, page)


@compiled
def later(z: Any, kind_and_subject: int) -> None:
    """Put work on the stack: it is done next, before what lies below."""
    k = z.k
    z.stack[k[at.STACK_N]] = kind_and_subject
    k[at.STACK_N] += 1
    if k[at.STACK_N] + k[at.MARGIN] > k[at.STACK_ROOM]:
        k[at.LOW] = 1


@compiled
def from_stack(z: Any) -> int:
    """Take the word on top of the stack."""
    k = z.k
    k[at.STACK_N] -= 1
    return z.stack[k[at.STACK_N]]


# --- amounts of money -------------------------------------------------------------------------------


@compiled
def money_slot(z: Any, key: int) -> int:
    """Where an amount under a name stands, or where it would."""
    money, mask = z.money, z.k[at.MONEY_SLOTS] - 1
    slot = np.int64(mix64(np.uint64(key))) & mask
    while money[slot, at.MONEY_KEY] != at.NONE and money[slot, at.MONEY_KEY] != key:
        slot = (slot + 1) & mask
    return slot


@compiled
def add_amount(z: Any, name: int, cents: int, month: int, cohort: int) -> None:
    """As `Counts.add_amount`."""
    k = z.k
    k[at.NAMED] |= 1 << name
    if not (month or cohort):
        return
    times = (month << at.TIMES_BITS) + cohort
    if cents < k[at.COMMON]:
        z.common[name * k[at.COMMON] + cents] += times
        return
    key = (cents << at.MONEY_BITS) | name
    slot = money_slot(z, key)
    if z.money[slot, at.MONEY_KEY] == at.NONE:
        z.money[slot, at.MONEY_KEY] = key
        k[at.MONEY_N] += 1
        if 2 * k[at.MONEY_N] > k[at.MONEY_SLOTS] - 2:
            k[at.LOW] = 1
    z.money[slot, at.MONEY_TIMES] += times
