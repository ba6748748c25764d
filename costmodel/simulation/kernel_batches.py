"""Batches in the compiled engine: stacks of entries of money, the next on top, in pages; they may come back."""

from __future__ import annotations

from typing import Any

import numpy as np

from costmodel.simulation import layout as at
from costmodel.simulation.kernel_calendar import drop_first, rise
from costmodel.simulation.kernel_draws import compiled
from costmodel.simulation.kernel_memory import free_cell, free_page, new_cell, new_page
from costmodel.simulation.kernel_money import NO_PAYMENT, net
from costmodel.simulation.kernel_payments import provider_of
from costmodel.simulation.plan import NOBODY


@compiled
def new_batch(z: Any) -> int:
    """An empty batch."""
    batch = new_cell(z)
    z.cells[batch, at.BATCH_PAGE] = at.NONE
    z.cells[batch, at.BATCH_AT] = 0
    z.cells[batch, at.ENTRIES_LEFT] = 0
    return batch


@compiled
def push(z: Any, batch: int, payment: int, payout: int) -> None:
    """Put an entry on top of a batch."""
    cells, pages = z.cells, z.pages
    if cells[batch, at.BATCH_PAGE] == at.NONE or cells[batch, at.BATCH_AT] == 0:
        page = new_page(z)
        pages[page, at.PAGE_NEXT] = cells[batch, at.BATCH_PAGE]
        cells[batch, at.BATCH_PAGE], cells[batch, at.BATCH_AT] = page, at.ENTRIES
    cells[batch, at.BATCH_AT] -= 1
    cells[batch, at.ENTRIES_LEFT] += 1
    pages[cells[batch, at.BATCH_PAGE], 2 * cells[batch, at.BATCH_AT]] = payment
    pages[cells[batch, at.BATCH_PAGE], 2 * cells[batch, at.BATCH_AT] + 1] = payout


@compiled
def drop(z: Any, batch: int) -> None:
    """Take the entry on top away."""
    cells, page = z.cells, z.cells[batch, at.BATCH_PAGE]
    cells[batch, at.BATCH_AT] += 1
    cells[batch, at.ENTRIES_LEFT] -= 1
    if cells[batch, at.ENTRIES_LEFT] == 0 or cells[batch, at.BATCH_AT] == at.ENTRIES:
        cells[batch, at.BATCH_PAGE] = z.pages[page, at.PAGE_NEXT]
        cells[batch, at.BATCH_AT] = 0
        free_page(z, page)


@compiled
def next_entry(z: Any, strand: int) -> bool:
    """As `instructions.each`: the strand takes the entry on top of its batch, if any."""
    records, batch = z.records, z.records[strand, at.BATCH]
    if batch == at.NONE or z.cells[batch, at.ENTRIES_LEFT] == 0:
        records[strand, at.PAYMENT] = NOBODY
        return False
    page, place = z.cells[batch, at.BATCH_PAGE], 2 * z.cells[batch, at.BATCH_AT]
    records[strand, at.PAYMENT] = z.pages[page, place]
    records[strand, at.PAYOUT] = z.pages[page, place + 1]
    drop(z, batch)
    return True


@compiled
def put_back(z: Any, strand: int) -> None:
    """The strand's payment goes back on top of its batch."""
    records = z.records
    if records[strand, at.BATCH] == at.NONE:
        records[strand, at.BATCH] = new_batch(z)
    push(z, records[strand, at.BATCH], records[strand, at.PAYMENT], records[strand, at.PAYOUT])


@compiled
def drop_batch(z: Any, batch: int) -> None:
    """The batch is gone, with what is left in it."""
    if batch == at.NONE:
        return
    while z.cells[batch, at.ENTRIES_LEFT] > 0:
        drop(z, batch)
    free_cell(z, batch)


@compiled
def give_back_batch(b: Any, z: Any, queue: int, batch: int) -> None:
    """The batch has failed for good: its entries, the lowest first, wait again and are due now."""
    k, cells, turned, back = z.k, z.cells, new_batch(z), new_cell(z)
    page, place = cells[batch, at.BATCH_PAGE], cells[batch, at.BATCH_AT]
    for _ in range(cells[batch, at.ENTRIES_LEFT]):
        if place == at.ENTRIES:
            page, place = z.pages[page, at.PAGE_NEXT], 0
        push(z, turned, z.pages[page, 2 * place], z.pages[page, 2 * place + 1])
        k[at.PENDING] += z.pages[page, 2 * place] >= 0
        place += 1
    cells[back, at.BACK_BATCH] = turned
    cells[back, at.BACK_DUE] = k[at.NOW]
    cells[back, at.BACK_ORDINAL] = k[at.ORDINAL] + 1
    cells[back, at.BACK_NEXT] = at.NONE
    k[at.ORDINAL] += cells[batch, at.ENTRIES_LEFT]
    returned = b.sheet[queue, at.RETURNED_K]
    if k[returned + at.BACK_HEAD] == at.NONE:
        k[returned + at.BACK_HEAD] = back
    else:
        cells[k[returned + at.BACK_TAIL], at.BACK_NEXT] = back
    k[returned + at.BACK_TAIL] = back


@compiled
def first_line(b: Any, z: Any, queue: int, due_by: int, up_to: int) -> int:
    """The line whose first entry comes first, of those due by then and put in up to an ordinal; NONE without one.

    Whatever is put in while batches are taken comes later in its line, so batches may be taken one by one.
    """
    k, pages = z.k, z.pages
    best, best_due, best_age = at.NONE, due_by, at.NONE
    for place in range(b.sheet[queue, at.LINES_AT], b.sheet[queue, at.LINES_AT] + b.sheet[queue, at.LINES]):
        line = b.lists[place]
        if k[line + at.HEAD_PAGE] != at.NONE:
            due = pages[k[line + at.HEAD_PAGE], 2 * k[line + at.HEAD_AT]]
            age = np.int64(np.int32(up_to - pages[k[line + at.HEAD_PAGE], 2 * k[line + at.HEAD_AT] + 1]))
            if age >= 0 and (due < best_due or (due == best_due and age > best_age)):
                best, best_due, best_age = line, due, age
    back = k[b.sheet[queue, at.RETURNED_K] + at.BACK_HEAD]
    if back != at.NONE:
        due, age = z.cells[back, at.BACK_DUE], up_to - z.cells[back, at.BACK_ORDINAL]
        if age >= 0 and (due < best_due or (due == best_due and age > best_age)):
            best = b.sheet[queue, at.RETURNED_K]
    return best


@compiled
def pop_entry(z: Any, line: int) -> int:
    """The payment of a line's first entry."""
    k = z.k
    page, place = k[line + at.HEAD_PAGE], k[line + at.HEAD_AT]
    payment = z.pages[page, 2 * place + 1] >> at.ORDINAL_BITS
    k[line + at.HEAD_AT] += 1
    if page == k[line + at.TAIL_PAGE] and place + 1 == k[line + at.TAIL_AT]:
        k[line + at.HEAD_PAGE] = k[line + at.TAIL_PAGE] = at.NONE
        free_page(z, page)
    elif place + 1 == at.ENTRIES:
        k[line + at.HEAD_PAGE], k[line + at.HEAD_AT] = z.pages[page, at.PAGE_NEXT], 0
        free_page(z, page)
    return payment if payment != NO_PAYMENT else NOBODY


@compiled
def pop_returned(z: Any, returned: int) -> tuple[int, int]:
    """The payment and payout of the first entry of those that came back."""
    k, cells, back = z.k, z.cells, z.k[returned + at.BACK_HEAD]
    batch = cells[back, at.BACK_BATCH]
    page, place = cells[batch, at.BATCH_PAGE], 2 * cells[batch, at.BATCH_AT]
    payment, payout = z.pages[page, place], z.pages[page, place + 1]
    drop(z, batch)
    cells[back, at.BACK_ORDINAL] += 1
    if cells[batch, at.ENTRIES_LEFT] == 0:
        k[returned + at.BACK_HEAD] = cells[back, at.BACK_NEXT]
        free_cell(z, batch)
        free_cell(z, back)
    return payment, payout


@compiled
def append(z: Any, batch: int, page: int, place: int, payment: int, payout: int) -> tuple[int, int]:
    """Put an entry below all others of a batch, at this place or on a new page; gives the place after it."""
    if page == at.NONE or place == at.ENTRIES:
        new = new_page(z)
        if page == at.NONE:
            z.cells[batch, at.BATCH_PAGE] = new
        else:
            z.pages[page, at.PAGE_NEXT] = new
        page, place = new, 0
    z.pages[page, 2 * place] = payment
    z.pages[page, 2 * place + 1] = payout
    z.cells[batch, at.ENTRIES_LEFT] += 1
    return page, place + 1


@compiled
def take_batch(b: Any, z: Any, queue: int, most: int, due_by: int, up_to: int) -> int:
    """The next entries due, the first on top; NONE if nothing is due."""
    batch, page, place, returned = at.NONE, at.NONE, 0, b.sheet[queue, at.RETURNED_K]
    for _ in range(most):
        line = first_line(b, z, queue, due_by, up_to)
        if line == at.NONE:
            break
        if batch == at.NONE:
            batch = new_batch(z)
        payment, payout = pop_returned(z, line) if line == returned else (pop_entry(z, line), 1)
        page, place = append(z, batch, page, place, payment, payout)
    return batch


@compiled
def measured_entries(z: Any, batch: int) -> int:
    """How many of a batch's entries are of measured payments."""
    if batch == at.NONE:
        return 0
    number, page, place = 0, z.cells[batch, at.BATCH_PAGE], z.cells[batch, at.BATCH_AT]
    for _ in range(z.cells[batch, at.ENTRIES_LEFT]):
        if place == at.ENTRIES:
            page, place = z.pages[page, at.PAGE_NEXT], 0
        number += z.pages[page, 2 * place] >= 0
        place += 1
    return number


@compiled
def group_by_provider(b: Any, z: Any, batch: int) -> None:
    """As `Schedule._by_provider`."""
    heap, number = z.sorting, z.cells[batch, at.ENTRIES_LEFT]
    for place in range(number):
        payment = z.pages[z.cells[batch, at.BATCH_PAGE], 2 * z.cells[batch, at.BATCH_AT]]
        rise(heap, place, provider_of(b, z.k, payment), place, 0, 0, payment)
        drop(z, batch)
    page, place, before, leader, first_page = at.NONE, 0, -1, 0, 0
    for left in range(number, 0, -1):
        provider, payment = heap[0, at.AT], heap[0, at.WHAT]
        drop_first(heap, left)
        first = provider != before
        page, place = append(z, batch, page, place, payment, first)
        if first:
            before, leader, first_page = provider, 2 * place - 1, page
        z.pages[first_page, leader] += 2 * net(b, z.k, payment)
