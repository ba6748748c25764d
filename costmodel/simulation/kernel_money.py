"""Money that waits, in the compiled engine: lines of entries in order of due time, batches taken from them."""

from __future__ import annotations

from typing import Any

from costmodel.simulation import layout as at
from costmodel.simulation.kernel_draws import compiled
from costmodel.simulation.kernel_memory import new_page
from costmodel.simulation.kernel_payments import amount_of
from costmodel.simulation.plan import NOBODY

PPM = 10**6
ORDINALS = 2**at.ORDINAL_BITS
NO_PAYMENT = -(2 ** (at.ORDINAL_BITS - 1))  # stands for NOBODY in a packed entry


@compiled
def net(b: Any, k: Any, payment: int) -> int:
    """As `Reference.net`."""
    amount = amount_of(b, k, payment)
    return amount - (2 * amount * k[at.COMMISSION] + PPM) // (2 * PPM)


@compiled
def due_at(b: Any, k: Any, wait: int) -> int:
    """As `Timetable.due_at`, from now."""
    if b.sheet[wait, at.DUE_AT] == at.NONE:
        return k[at.NOW] + b.sheet[wait, at.DELAY]
    return max(k[at.NOW], b.lists[b.sheet[wait, at.DUE_AT] + today(b, k)])


@compiled
def today(b: Any, k: Any) -> int:
    """Which local day it is at the Federal Reserve; strands ahead of the clock may have come to the next one."""
    while k[at.TODAY] > 0 and b.lists[k[at.MIDNIGHTS_AT] + k[at.TODAY] - 1] > k[at.NOW]:
        k[at.TODAY] -= 1
    while k[at.TODAY] < k[at.MIDNIGHTS] and b.lists[k[at.MIDNIGHTS_AT] + k[at.TODAY]] <= k[at.NOW]:
        k[at.TODAY] += 1
    return k[at.TODAY] - 1


# --- entries in ---------------------------------------------------------------------------------------


@compiled
def enqueue(z: Any, line: int, due: int, payment: int) -> None:
    """As `instructions.enqueue`, at the end of a line."""
    k = z.k
    k[at.ORDINAL] += 1
    k[at.PENDING] += payment >= 0
    if k[line + at.TAIL_PAGE] == at.NONE or k[line + at.TAIL_AT] == at.ENTRIES:
        page = new_page(z)
        if k[line + at.TAIL_PAGE] == at.NONE:
            k[line + at.HEAD_PAGE], k[line + at.HEAD_AT] = page, 0
        else:
            z.pages[k[line + at.TAIL_PAGE], at.PAGE_NEXT] = page
        k[line + at.TAIL_PAGE], k[line + at.TAIL_AT] = page, 0
    packed = payment if payment != NOBODY else NO_PAYMENT
    place = 2 * k[line + at.TAIL_AT]
    z.pages[k[line + at.TAIL_PAGE], place] = due
    z.pages[k[line + at.TAIL_PAGE], place + 1] = (packed << at.ORDINAL_BITS) | (k[at.ORDINAL] & (ORDINALS - 1))
    k[line + at.TAIL_AT] += 1
