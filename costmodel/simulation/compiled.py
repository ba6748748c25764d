"""The compiled engine: the same run as the reference's, event by event, some hundred times as fast.

`Compiled(plan, payments, timetable, seed).run()` gives the Counts that `Reference(...)` gives. The kernel works in
slices, so that Python can show how far it is, give it memory, or be interrupted.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from functools import cache

import numpy as np
import numpy.typing as npt

from costmodel.simulation import layout as at
from costmodel.simulation.counts import BINS, MOST_DAYS, Counts
from costmodel.simulation.demand_arrays import drawn_from, given
from costmodel.simulation.kernel import advance, first_arrival
from costmodel.simulation.kernel_files import forget_all, forget_stale
from costmodel.simulation.kernel_tables import Block
from costmodel.simulation.memory import first_state, grown
from costmodel.simulation.payments import Demand, Payments
from costmodel.simulation.plan import TIMERS, Outcome, Plan
from costmodel.simulation.plan_arrays import laid_out
from costmodel.simulation.timetable import Timetable

SLICE_S = 1 / 20
FIRST_SLICE = 2**12  # events
LONGEST_SLICE = 2**24
FAULTS = {  # what the reference raises, too
    at.INDEX_FAULT: IndexError("a step that carries no payment asks for its amount, method or provider"),
}

IntArray = npt.NDArray[np.int64]
ADDRESSES = "int64, int64"  # what the kernel's entries are called with


@cache
def make_ready() -> None:
    """Load the kernel, or compile it; what was kept of it and cannot be loaded is thrown away and made again."""
    forget_stale()
    for kept in (advance, first_arrival):
        try:
            kept.compile(ADDRESSES)
        except Exception:  # whatever reading a spoilt file comes to
            forget_all()
            kept.compile(ADDRESSES)


class Compiled:
    """One run of a Plan over its payments. `run()` gives the Counts."""

    def __init__(
        self,
        plan: Plan,
        payments: Payments | Demand,
        timetable: Timetable,
        seed: int,
        trace: dict[int, int] | None = None,
    ) -> None:
        make_ready()
        self.plan, self.payments, self.trace = plan, payments, trace
        self.arrays = laid_out(plan, dataclasses.replace(timetable, outages=()))
        drawn = drawn_from(payments) if isinstance(payments, Demand) else given(payments)
        self.book = Block(at.BOOK, {**self.arrays.book(timetable.outages, seed), **drawn})
        self.k: IntArray = self.arrays.scalars(payments, timetable.outages, seed)
        self.k[at.TRACED] = trace is not None
        self.state = first_state(self.k, payments.number if trace is not None else 0)

    def run(self, watch: Callable[[int], None] | None = None) -> Counts:
        """Run to the end; `watch` is called with the clock (ns) several times a second."""
        self._first_events()
        events, outcome = FIRST_SLICE, at.PAUSED
        while outcome in (at.PAUSED, at.GROW):
            if outcome == at.GROW:
                self.state = grown(self.state)
            self.k[at.UNTIL] = self.k[at.EVENTS] + events
            begun = time.perf_counter()
            outcome = advance(self.book.address, self.state.address)
            took = time.perf_counter() - begun
            events = 2 * events if took < SLICE_S / 2 else max(FIRST_SLICE, int(events * SLICE_S / took))
            events = min(events, LONGEST_SLICE)
            if watch is not None:
                watch(int(self.k[at.NOW]))
        if outcome == at.FAULTY:
            raise FAULTS[int(self.k[at.FAULT])]
        self._note_trace()
        return self._counts()

    def _first_events(self) -> None:
        """The first arrival and each schedule's first firing, as the reference schedules them."""
        arrays, payments = self.arrays, self.payments
        first = [(first_arrival(self.book.address, self.state.address), at.ARRIVE)] if payments.number else []
        for row, flow in zip(arrays.flows, self.plan.flows, strict=True):
            fires = arrays.timetable.fires[flow.schedule] if flow.trigger == "schedule" else ()
            first += [(fires[0], (row << at.KIND_BITS) | at.FIRE)] if fires else []
        for number, (when, what) in enumerate(sorted_with_order(first)):
            self.state.arrays["near"][number] = (*when, what)
        self.k[at.NEAR_N] = self.k[at.EIDS] = len(first)

    # --- what came out ----------------------------------------------------------------------------------

    def _note_trace(self) -> None:
        if self.trace is not None:
            trace = self.state.arrays["trace"]
            ended = np.flatnonzero(trace != at.NONE)
            first = self.payments.measured[0]
            self.trace.update(zip((ended - first).tolist(), trace[ended].tolist(), strict=True))

    def _counts(self) -> Counts:
        k, counts = self.k, Counts.empty(self.plan)
        for step, row in enumerate(self.arrays.steps):
            place = self.arrays.rows[row][at.STEP_K]
            counts.calls[:, step] = k[place + at.CALLS : place + at.CALLS + 2]
            counts.chunks[:, step] = k[place + at.CHUNKS : place + at.CHUNKS + 2]
            counts.stored_s[:, step] = k[place + at.STORED : place + at.STORED + 2]
        for function, row in enumerate(self.arrays.functions):
            place = self.arrays.rows[row][at.FUNCTION_K]
            counts.functions[:, function] = k[place : place + 2 * at.FUNCTION_KINDS].reshape(2, at.FUNCTION_KINDS)
            counts.peak[function] = k[place + at.PEAK]
        counts.outcomes[:] = self._block(at.OUTCOMES, 2, len(Outcome))
        counts.latency[:] = self._block(at.LATENCY, len(TIMERS), BINS)
        counts.latency_sum = self._block(at.LATENCY_SUM, 1, len(TIMERS))[0].tolist()
        counts.latency_max = self._block(at.LATENCY_MAX, 1, len(TIMERS))[0].tolist()
        counts.settled_days[:] = k[at.SETTLED : at.SETTLED + MOST_DAYS]
        counts.paid_days[:] = k[at.PAID : at.PAID + MOST_DAYS]
        counts.amounts = self._amounts()
        counts.refused, counts.service_throttles = int(k[at.REFUSED]), int(k[at.THROTTLED])
        counts.duplicates, counts.dead_letters = int(k[at.DUPLICATES]), int(k[at.DEAD_LETTERS])
        counts.events, counts.payments = int(k[at.EVENTS]), self.payments.measured[1] - self.payments.measured[0]
        return counts

    def _block(self, place: int, rows: int, columns: int) -> IntArray:
        return self.k[place : place + rows * columns].reshape(rows, columns)

    def _amounts(self) -> dict[str, IntArray]:
        found = self.state.arrays["money"]
        found = found[found[:, at.MONEY_KEY] != at.NONE]
        found = found[np.argsort(found[:, at.MONEY_KEY])]
        names, cents = found[:, at.MONEY_KEY] % 2**at.MONEY_BITS, found[:, at.MONEY_KEY] >> at.MONEY_BITS
        amounts = {}
        for index, name in enumerate(at.MONEY_NAMES):
            if self.k[at.NAMED] >> index & 1:
                own = names == index
                times = np.divmod(found[own, at.MONEY_TIMES], 2**at.TIMES_BITS)
                amounts[name] = np.array([cents[own], *times])
        return amounts


def sorted_with_order(events: list[tuple[int, int]]) -> list[tuple[tuple[int, int], int]]:
    """Events (time, what) as ((time, number of scheduling), what), in order of time: a heap."""
    return sorted(((when, number + 1), what) for number, (when, what) in enumerate(events))
