"""The compiled engine's memory: records and cells with free lists, pages of money, and two hash tables.

Memory grows between instructions only: whoever takes the last but `MARGIN` raises `LOW`, and Python gives more.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from costmodel.simulation.kernel_draws import compiled, mix64
from costmodel.simulation.layout import (
    CELL_FREE,
    CELLS_LEFT,
    HELD_N,
    HELD_PAYMENT,
    HELD_REQUEST,
    HELD_SLOTS,
    HELD_STATION,
    LOW,
    MARGIN,
    MONEY_BITS,
    MONEY_COHORT,
    MONEY_KEY,
    MONEY_MONTH,
    MONEY_N,
    MONEY_SLOTS,
    NAMED,
    NONE,
    PAGE_FREE,
    PAGE_NEXT,
    PAGES_LEFT,
    PAGES_MARGIN,
    RECORD_FREE,
    RECORDS_LEFT,
    STACK_N,
    STACK_ROOM,
)  # fmt: skip


@compiled
def new_record(z: Any) -> int:
    """A free record; its columns hold what they held."""
    k = z.k
    taken = k[RECORD_FREE]
    k[RECORD_FREE] = z.records[taken, 0]
    k[RECORDS_LEFT] -= 1
    if k[RECORDS_LEFT] < k[MARGIN]:
        k[LOW] = 1
    return taken


@compiled
def free_record(z: Any, record: int) -> None:
    """The record is free."""
    z.records[record, 0] = z.k[RECORD_FREE]
    z.k[RECORD_FREE] = record
    z.k[RECORDS_LEFT] += 1


@compiled
def new_cell(z: Any) -> int:
    """A free cell."""
    k = z.k
    taken = k[CELL_FREE]
    k[CELL_FREE] = z.cells[taken, 0]
    k[CELLS_LEFT] -= 1
    if k[CELLS_LEFT] < k[MARGIN]:
        k[LOW] = 1
    return taken


@compiled
def free_cell(z: Any, cell: int) -> None:
    """The cell is free."""
    z.cells[cell, 0] = z.k[CELL_FREE]
    z.k[CELL_FREE] = cell
    z.k[CELLS_LEFT] += 1


@compiled
def new_page(z: Any) -> int:
    """An empty page for entries of money."""
    k = z.k
    taken = k[PAGE_FREE]
    k[PAGE_FREE] = z.pages[taken, PAGE_NEXT]
    z.pages[taken, PAGE_NEXT] = NONE
    k[PAGES_LEFT] -= 1
    if k[PAGES_LEFT] < k[PAGES_MARGIN]:
        k[LOW] = 1
    return taken


@compiled
def free_page(z: Any, page: int) -> None:
    """The page is free."""
    z.pages[page, PAGE_NEXT] = z.k[PAGE_FREE]
    z.k[PAGE_FREE] = page
    z.k[PAGES_LEFT] += 1


@compiled
def later(z: Any, kind_and_subject: int) -> None:
    """Put work on the stack: it is done next, before what lies below."""
    k = z.k
    z.stack[k[STACK_N]] = kind_and_subject
    k[STACK_N] += 1
    if k[STACK_N] + k[MARGIN] > k[STACK_ROOM]:
        k[LOW] = 1


# --- who holds a place at which station -------------------------------------------------------------


@compiled
def held_slot(z: Any, payment: int, station: int) -> int:
    """Where a payment's place at a station stands, or where it would."""
    held, mask = z.held, z.k[HELD_SLOTS] - 1
    slot = np.int64(mix64(np.uint64(payment) ^ np.uint64(station << 48))) & mask
    while held[slot, HELD_STATION] != NONE and (
        held[slot, HELD_PAYMENT] != payment or held[slot, HELD_STATION] != station
    ):
        slot = (slot + 1) & mask
    return slot


@compiled
def put_held(z: Any, payment: int, station: int, request: int) -> bool:
    """Note a request; whether it is a new one."""
    held, slot = z.held, held_slot(z, payment, station)
    new = held[slot, HELD_STATION] == NONE
    held[slot, HELD_PAYMENT] = payment
    held[slot, HELD_STATION] = station
    held[slot, HELD_REQUEST] = request
    return new


@compiled
def hold(z: Any, payment: int, station: int, request: int) -> None:
    """The payment has asked for a place."""
    k = z.k
    k[HELD_N] += put_held(z, payment, station, request)
    if 2 * k[HELD_N] > k[HELD_SLOTS] - 2:
        k[LOW] = 1


@compiled
def release_held(z: Any, payment: int, station: int) -> int:
    """Forget a request and give it; NONE if there is none. What was pushed behind it moves up."""
    held = z.held
    slot = held_slot(z, payment, station)
    if held[slot, HELD_STATION] == NONE:
        return NONE
    request = held[slot, HELD_REQUEST]
    held[slot, HELD_STATION] = NONE
    z.k[HELD_N] -= 1
    mask = z.k[HELD_SLOTS] - 1
    slot = (slot + 1) & mask
    while held[slot, HELD_STATION] != NONE:
        moved, place, what = held[slot, HELD_PAYMENT], held[slot, HELD_STATION], held[slot, HELD_REQUEST]
        held[slot, HELD_STATION] = NONE
        put_held(z, moved, place, what)
        slot = (slot + 1) & mask
    return request


# --- amounts of money -------------------------------------------------------------------------------


@compiled
def money_slot(z: Any, key: int) -> int:
    """Where an amount under a name stands, or where it would."""
    money, mask = z.money, z.k[MONEY_SLOTS] - 1
    slot = np.int64(mix64(np.uint64(key))) & mask
    while money[slot, MONEY_KEY] != NONE and money[slot, MONEY_KEY] != key:
        slot = (slot + 1) & mask
    return slot


@compiled
def add_amount(z: Any, name: int, cents: int, month: int, cohort: int) -> None:
    """As `Counts.add_amount`."""
    k = z.k
    k[NAMED] |= 1 << name
    if not (month or cohort):
        return
    key = (cents << MONEY_BITS) | name
    slot = money_slot(z, key)
    if z.money[slot, MONEY_KEY] == NONE:
        z.money[slot, MONEY_KEY] = key
        k[MONEY_N] += 1
        if 2 * k[MONEY_N] > k[MONEY_SLOTS] - 2:
            k[LOW] = 1
    z.money[slot, MONEY_MONTH] += month
    z.money[slot, MONEY_COHORT] += cohort
