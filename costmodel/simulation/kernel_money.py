"""Money that waits, in the compiled engine: lines of entries in order of due time, batches taken from them."""

from __future__ import annotations

from typing import Any

import numpy as np

from costmodel.simulation.kernel_calendar import drop_first, rise
from costmodel.simulation.kernel_draws import compiled
from costmodel.simulation.kernel_memory import free_cell, free_page, new_cell, new_page
from costmodel.simulation.layout import (
    AT,
    BACK_BATCH,
    BACK_DUE,
    BACK_HEAD,
    BACK_NEXT,
    BACK_ORDINAL,
    BACK_TAIL,
    BATCH,
    BATCH_AT,
    BATCH_PAGE,
    BATCH_USERS,
    COMMISSION,
    DELAY,
    DUE_AT,
    ENTRIES,
    ENTRIES_LEFT,
    FAULT,
    FIRST,
    FIRST_MEASURED,
    HEAD_AT,
    HEAD_PAGE,
    INDEX_FAULT,
    LINES,
    LINES_AT,
    LOW,
    MIDNIGHTS,
    MIDNIGHTS_AT,
    NONE,
    NOW,
    ORDINAL,
    ORDINAL_BITS,
    PAGE_NEXT,
    PAYMENT,
    PAYMENTS,
    PAYOUT,
    PENDING,
    RETURNED_K,
    TAIL_AT,
    TAIL_PAGE,
    TODAY,
    WHAT,
)  # fmt: skip
from costmodel.simulation.plan import NOBODY

PPM = 10**6
ORDINALS = 2**ORDINAL_BITS
NO_PAYMENT = -(2 ** (ORDINAL_BITS - 1))  # stands for NOBODY in a packed entry


@compiled
def place_of(k: Any, payment: int) -> int:
    """Where the payment stands in the arrays of payments; a fault if nowhere."""
    place = payment + k[FIRST_MEASURED]
    if 0 <= place < k[PAYMENTS]:
        return place
    k[FAULT], k[LOW] = INDEX_FAULT, 1
    return 0


@compiled
def net(b: Any, k: Any, payment: int) -> int:
    """As `Reference.net`."""
    amount = np.int64(b.amount[place_of(k, payment)])
    return amount - (2 * amount * k[COMMISSION] + PPM) // (2 * PPM)


@compiled
def due_at(b: Any, k: Any, wait: int) -> int:
    """As `Timetable.due_at`, from now."""
    if b.sheet[wait, DUE_AT] == NONE:
        return k[NOW] + b.sheet[wait, DELAY]
    return max(k[NOW], b.lists[b.sheet[wait, DUE_AT] + today(b, k)])


@compiled
def today(b: Any, k: Any) -> int:
    """Which local day it is at the Federal Reserve."""
    while k[TODAY] < k[MIDNIGHTS] and b.lists[k[MIDNIGHTS_AT] + k[TODAY]] <= k[NOW]:
        k[TODAY] += 1
    return k[TODAY] - 1


# --- entries in ---------------------------------------------------------------------------------------


@compiled
def enqueue(z: Any, line: int, due: int, payment: int) -> None:
    """As `instructions.enqueue`, at the end of a line."""
    k = z.k
    k[ORDINAL] += 1
    k[PENDING] += payment >= 0
    if k[line + TAIL_PAGE] == NONE or k[line + TAIL_AT] == ENTRIES:
        page = new_page(z)
        if k[line + TAIL_PAGE] == NONE:
            k[line + HEAD_PAGE], k[line + HEAD_AT] = page, 0
        else:
            z.pages[k[line + TAIL_PAGE], PAGE_NEXT] = page
        k[line + TAIL_PAGE], k[line + TAIL_AT] = page, 0
    packed = payment if payment != NOBODY else NO_PAYMENT
    place = 2 * k[line + TAIL_AT]
    z.pages[k[line + TAIL_PAGE], place] = due
    z.pages[k[line + TAIL_PAGE], place + 1] = (packed << ORDINAL_BITS) | (k[ORDINAL] & (ORDINALS - 1))
    k[line + TAIL_AT] += 1


# --- batches: stacks of entries, the next on top -------------------------------------------------------


@compiled
def new_batch(z: Any) -> int:
    """An empty batch of one user."""
    batch = new_cell(z)
    z.cells[batch, BATCH_PAGE] = NONE
    z.cells[batch, BATCH_AT] = 0
    z.cells[batch, ENTRIES_LEFT] = 0
    z.cells[batch, BATCH_USERS] = 1
    return batch


@compiled
def push(z: Any, batch: int, entry: int, payout: int) -> None:
    """Put an entry on top of a batch."""
    cells, pages = z.cells, z.pages
    if cells[batch, BATCH_PAGE] == NONE or cells[batch, BATCH_AT] == 0:
        page = new_page(z)
        pages[page, PAGE_NEXT] = cells[batch, BATCH_PAGE]
        cells[batch, BATCH_PAGE], cells[batch, BATCH_AT] = page, ENTRIES
    cells[batch, BATCH_AT] -= 1
    cells[batch, ENTRIES_LEFT] += 1
    pages[cells[batch, BATCH_PAGE], 2 * cells[batch, BATCH_AT]] = entry
    pages[cells[batch, BATCH_PAGE], 2 * cells[batch, BATCH_AT] + 1] = payout


@compiled
def drop(z: Any, batch: int) -> None:
    """Take the entry on top away."""
    cells, page = z.cells, z.cells[batch, BATCH_PAGE]
    cells[batch, BATCH_AT] += 1
    cells[batch, ENTRIES_LEFT] -= 1
    if cells[batch, ENTRIES_LEFT] == 0 or cells[batch, BATCH_AT] == ENTRIES:
        cells[batch, BATCH_PAGE] = z.pages[page, PAGE_NEXT]
        cells[batch, BATCH_AT] = 0
        free_page(z, page)


@compiled
def next_entry(z: Any, strand: int) -> bool:
    """As `instructions.each`: the strand takes the entry on top of its batch, if any."""
    records, batch = z.records, z.records[strand, BATCH]
    if batch == NONE or z.cells[batch, ENTRIES_LEFT] == 0:
        records[strand, PAYMENT] = NOBODY
        return False
    page, place = z.cells[batch, BATCH_PAGE], 2 * z.cells[batch, BATCH_AT]
    records[strand, PAYMENT] = z.pages[page, place] >> 1
    records[strand, FIRST] = z.pages[page, place] & 1
    records[strand, PAYOUT] = z.pages[page, place + 1]
    drop(z, batch)
    return True


@compiled
def put_back(z: Any, strand: int) -> None:
    """The strand's payment goes back on top of its batch."""
    records = z.records
    if records[strand, BATCH] == NONE:
        records[strand, BATCH] = new_batch(z)
    push(z, records[strand, BATCH], (records[strand, PAYMENT] << 1) | records[strand, FIRST], records[strand, PAYOUT])


@compiled
def leave_batch(z: Any, batch: int) -> None:
    """One user less; without any, the batch is gone."""
    if batch == NONE:
        return
    z.cells[batch, BATCH_USERS] -= 1
    if z.cells[batch, BATCH_USERS] == 0:
        while z.cells[batch, ENTRIES_LEFT] > 0:
            drop(z, batch)
        free_cell(z, batch)


@compiled
def give_back_batch(b: Any, z: Any, queue: int, batch: int) -> None:
    """The batch has failed for good: its entries, the lowest first, wait again and are due now."""
    k, cells, turned, back = z.k, z.cells, new_batch(z), new_cell(z)
    page, place = cells[batch, BATCH_PAGE], cells[batch, BATCH_AT]
    for _ in range(cells[batch, ENTRIES_LEFT]):
        if place == ENTRIES:
            page, place = z.pages[page, PAGE_NEXT], 0
        push(z, turned, z.pages[page, 2 * place], z.pages[page, 2 * place + 1])
        k[PENDING] += z.pages[page, 2 * place] >= 0
        place += 1
    cells[back, BACK_BATCH] = turned
    cells[back, BACK_DUE] = k[NOW]
    cells[back, BACK_ORDINAL] = k[ORDINAL] + 1
    cells[back, BACK_NEXT] = NONE
    k[ORDINAL] += cells[batch, ENTRIES_LEFT]
    returned = b.sheet[queue, RETURNED_K]
    if k[returned + BACK_HEAD] == NONE:
        k[returned + BACK_HEAD] = back
    else:
        cells[k[returned + BACK_TAIL], BACK_NEXT] = back
    k[returned + BACK_TAIL] = back


@compiled
def first_line(b: Any, z: Any, queue: int, up_to: int) -> int:
    """The line whose first entry is due and comes first, of those put in up to an ordinal; NONE without one.

    Whatever is put in while batches are taken comes later in its line, so batches may be taken one by one.
    """
    k, pages = z.k, z.pages
    best, best_due, best_age = NONE, k[NOW], NONE
    for place in range(b.sheet[queue, LINES_AT], b.sheet[queue, LINES_AT] + b.sheet[queue, LINES]):
        line = b.lists[place]
        if k[line + HEAD_PAGE] != NONE:
            due = pages[k[line + HEAD_PAGE], 2 * k[line + HEAD_AT]]
            age = np.int64(np.int32(up_to - pages[k[line + HEAD_PAGE], 2 * k[line + HEAD_AT] + 1]))
            if age >= 0 and (due < best_due or (due == best_due and age > best_age)):
                best, best_due, best_age = line, due, age
    back = k[b.sheet[queue, RETURNED_K] + BACK_HEAD]
    if back != NONE:
        due, age = z.cells[back, BACK_DUE], up_to - z.cells[back, BACK_ORDINAL]
        if age >= 0 and (due < best_due or (due == best_due and age > best_age)):
            best = b.sheet[queue, RETURNED_K]
    return best


@compiled
def pop_entry(z: Any, line: int) -> int:
    """The first entry of a line: twice its payment, plus 1 since it is nobody's second."""
    k = z.k
    page, place = k[line + HEAD_PAGE], k[line + HEAD_AT]
    payment = z.pages[page, 2 * place + 1] >> ORDINAL_BITS
    k[line + HEAD_AT] += 1
    if page == k[line + TAIL_PAGE] and place + 1 == k[line + TAIL_AT]:
        k[line + HEAD_PAGE] = k[line + TAIL_PAGE] = NONE
        free_page(z, page)
    elif place + 1 == ENTRIES:
        k[line + HEAD_PAGE], k[line + HEAD_AT] = z.pages[page, PAGE_NEXT], 0
        free_page(z, page)
    return ((payment if payment != NO_PAYMENT else NOBODY) << 1) | 1


@compiled
def pop_returned(z: Any, returned: int) -> tuple[int, int]:
    """The first entry of those that came back, with its payout."""
    k, cells, back = z.k, z.cells, z.k[returned + BACK_HEAD]
    batch = cells[back, BACK_BATCH]
    page, place = cells[batch, BATCH_PAGE], 2 * cells[batch, BATCH_AT]
    entry, payout = z.pages[page, place], z.pages[page, place + 1]
    drop(z, batch)
    cells[back, BACK_ORDINAL] += 1
    if cells[batch, ENTRIES_LEFT] == 0:
        k[returned + BACK_HEAD] = cells[back, BACK_NEXT]
        free_cell(z, batch)
        free_cell(z, back)
    return entry, payout


@compiled
def append(z: Any, batch: int, page: int, place: int, entry: int, payout: int) -> tuple[int, int]:
    """Put an entry below all others of a batch, at this place or on a new page; gives the place after it."""
    if page == NONE or place == ENTRIES:
        new = new_page(z)
        if page == NONE:
            z.cells[batch, BATCH_PAGE] = new
        else:
            z.pages[page, PAGE_NEXT] = new
        page, place = new, 0
    z.pages[page, 2 * place] = entry
    z.pages[page, 2 * place + 1] = payout
    z.cells[batch, ENTRIES_LEFT] += 1
    return page, place + 1


@compiled
def take_batch(b: Any, z: Any, queue: int, most: int, up_to: int) -> int:
    """The next entries due, the first on top; NONE if nothing is due."""
    batch, page, place, returned = NONE, NONE, 0, b.sheet[queue, RETURNED_K]
    for _ in range(most):
        line = first_line(b, z, queue, up_to)
        if line == NONE:
            break
        if batch == NONE:
            batch = new_batch(z)
        entry, payout = pop_returned(z, line) if line == returned else (pop_entry(z, line), 0)
        page, place = append(z, batch, page, place, entry, payout)
    return batch


@compiled
def measured_entries(z: Any, batch: int) -> int:
    """How many of a batch's entries are of measured payments."""
    if batch == NONE:
        return 0
    number, page, place = 0, z.cells[batch, BATCH_PAGE], z.cells[batch, BATCH_AT]
    for _ in range(z.cells[batch, ENTRIES_LEFT]):
        if place == ENTRIES:
            page, place = z.pages[page, PAGE_NEXT], 0
        number += z.pages[page, 2 * place] >= 0
        place += 1
    return number


@compiled
def group_by_provider(b: Any, z: Any, batch: int) -> None:
    """As `Schedule._by_provider`."""
    heap, number = z.sorting, z.cells[batch, ENTRIES_LEFT]
    for place in range(number):
        payment = z.pages[z.cells[batch, BATCH_PAGE], 2 * z.cells[batch, BATCH_AT]] >> 1
        rise(heap, place, b.provider[place_of(z.k, payment)], place, payment)
        drop(z, batch)
    page, place, before, leader, first_page = NONE, 0, -1, 0, 0
    for left in range(number, 0, -1):
        provider, payment = heap[0, AT], heap[0, WHAT]
        drop_first(heap, left)
        first = provider != before
        page, place = append(z, batch, page, place, (payment << 1) | first, 0)
        if first:
            before, leader, first_page = provider, 2 * place - 1, page
        z.pages[first_page, leader] += net(b, z.k, payment)
