"""What starts strands in the compiled engine: payments that arrive, schedules that fire, letters that are delivered."""

from __future__ import annotations

from typing import Any

from costmodel.simulation import layout as at
from costmodel.simulation.kernel_batches import group_by_provider, measured_entries, take_batch
from costmodel.simulation.kernel_calendar import schedule
from costmodel.simulation.kernel_draws import compiled
from costmodel.simulation.kernel_memory import free_cell, later
from costmodel.simulation.kernel_money import today
from costmodel.simulation.kernel_payments import arrival_of, method_of
from costmodel.simulation.kernel_platform import in_cohort
from costmodel.simulation.kernel_strands import FAILED_OUTCOME, count_outcome, new_strand
from costmodel.simulation.plan import NOBODY
from costmodel.simulation.sources import MOST_BATCHES_BITS


@compiled
def arrive(b: Any, z: Any, index: int) -> None:
    """As `Arrivals._arrive`."""
    k = z.k
    if index + 1 < k[at.PAYMENTS]:
        schedule(z, arrival_of(b, k, index + 1), ((index + 1) << at.KIND_BITS) | at.ARRIVE)
    payment, day = index - k[at.FIRST_MEASURED], today(b, k)
    while k[at.DAYS_BEGUN] <= day:
        k[k[at.FIRST_OF_DAY_K] + k[at.DAYS_BEGUN]] = index
        k[at.DAYS_BEGUN] += 1
    flow = k[at.FLOW_OF_METHOD + method_of(b, k, payment)]
    if flow == at.NONE:
        return
    if k[at.UNDER_WAY] >= k[at.MOST_UNDER_WAY]:
        k[at.TURNED_AWAY] += in_cohort(k, payment)
        count_outcome(z, payment, FAILED_OUTCOME)
    else:
        k[at.UNDER_WAY] += 1
        strand = new_strand(b, z, flow, payment, 0)
        k[at.PENDING] += z.records[strand, at.HOLDS]
        later(z, (strand << at.KIND_BITS) | at.GO)


@compiled
def begin_letter(b: Any, z: Any, letter: int) -> int:
    """The strand that a letter stands for."""
    cells = z.cells
    strand = new_strand(b, z, cells[letter, at.TO_FLOW], cells[letter, at.TO_PAYMENT], cells[letter, at.TO_RUN])
    z.records[strand, at.REPEAT] = cells[letter, at.TO_REPEAT]
    free_cell(z, letter)
    return strand


@compiled
def fire(b: Any, z: Any, flow: int) -> None:
    """As `Schedule._fire`: the next firing is scheduled, then batches begin one by one."""
    k, place = z.k, b.sheet[flow, at.FLOW_K]
    k[place + at.FIRING] += 1
    k[place + at.PART] = 0
    k[place + at.FIRED_NS] = k[at.NOW]
    k[place + at.UP_TO] = k[at.ORDINAL]
    goes_on = b.sheet[flow, at.FLOW_QUEUE] != at.NONE or k[at.NOW] < k[at.END]
    if goes_on and k[place + at.FIRING] < b.sheet[flow, at.FIRES]:
        schedule(z, b.lists[b.sheet[flow, at.FIRES_AT] + k[place + at.FIRING]], (flow << at.KIND_BITS) | at.FIRE)
    later(z, (flow << at.KIND_BITS) | at.BATCHES)


@compiled
def begin_batch(b: Any, z: Any, flow: int, kind: int) -> None:
    """The next batch begins if one may, the others after it; a firing without any is one run with nothing to do.

    kind: BATCHES of a firing, or MORE_BATCHES of the last one as a run has ended.
    """
    k, place, queue, batch = z.k, b.sheet[flow, at.FLOW_K], b.sheet[flow, at.FLOW_QUEUE], at.NONE
    if k[place + at.RUNNING] >= k[at.BATCHES_AT_ONCE]:
        return
    if queue != at.NONE:
        batch = take_batch(b, z, queue, b.sheet[flow, at.MOST], k[place + at.FIRED_NS], k[place + at.UP_TO])
    part = k[place + at.PART]
    if batch == at.NONE and (part > 0 or k[at.NOW] >= k[at.END] or kind == at.MORE_BATCHES):
        return
    if batch != at.NONE:
        later(z, (flow << at.KIND_BITS) | kind)
        if b.sheet[flow, at.GROUPED]:
            group_by_provider(b, z, batch)
    number = (k[place + at.FIRING] - 1) << MOST_BATCHES_BITS
    strand, measured = new_strand(b, z, flow, NOBODY, number + part), measured_entries(z, batch)
    k[place + at.PART] = part + 1
    z.records[strand, at.BATCH] = batch
    z.records[strand, at.HOLDS] = at.SCHEDULED | (at.MEASURED if measured else 0)
    k[place + at.RUNNING] += 1
    k[at.PENDING] += (measured > 0) - measured
    later(z, (strand << at.KIND_BITS) | at.GO)
