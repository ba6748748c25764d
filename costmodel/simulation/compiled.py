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
from costmodel.simulation.demand_arrays import Tables, drawn_from, given
from costmodel.simulation.kernel import advance, first_arrival
from costmodel.simulation.kernel_files import forget_all, forget_stale
from costmodel.simulation.kernel_tables import Block
from costmodel.simulation.memory import first_state, grown
from costmodel.simulation.payments import Demand, Payments
from costmodel.simulation.plan import TIMERS, Outcome, Plan
from costmodel.simulation.plan_arrays import PlanArrays, laid_out
from costmodel.simulation.timetable import Timetable

SLICE_S = 1 / 20
FIRST_SLICE = 2**12  # events
LONGEST_SLICE = 2**24
NS_PER_S, NS_PER_US = 10**9, 1000
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
    """One run of a Plan over its payments. `run()` gives the Counts.

    laid: the plan laid out, and its book for these outages and this seed, where somebody has them.
    """

    def __init__(
        self,
        plan: Plan,
        payments: Payments | Demand,
        timetable: Timetable,
        seed: int,
        trace: dict[int, int] | None = None,
        laid: tuple[PlanArrays, Tables] | None = None,
    ) -> None:
        make_ready()
        self.plan, self.payments, self.timetable, self.seed, self.trace = plan, payments, timetable, seed, trace
        self.arrays, self.tables = laid or _laid_out(plan, timetable, seed)
        self.drawn = drawn_from(payments) if isinstance(payments, Demand) else given(payments)
        self.in_order = False
        self._begin()

    def _begin(self) -> None:
        """Everything as it is before the first event."""
        self.k: IntArray = self.arrays.scalars(self.payments, self.timetable.outages, self.seed)
        self.k[at.TRACED] = self.trace is not None
        tables = self.arrays.in_order(self.tables, self.k) if self.in_order else self.tables
        self.book = Block(at.BOOK, {**tables, **self.drawn, "demand": self.drawn["demand"].copy()})
        self.state = first_state(self.k, self.payments.number if self.trace is not None else 0)

    def run(self, watch: Callable[[int], None] | None = None) -> Counts:
        """Run to the end; `watch` is called with the clock (ns) several times a second."""
        self.happen(watch)
        self._note_trace()
        return self.counts()

    def happen(self, watch: Callable[[int], None] | None = None) -> None:
        """Let everything happen; again and in order, where strands that go ahead of the clock leave a doubt.

        Raises what the reference raises.
        """
        outcome = self._from_first_to_last(watch)
        if outcome == at.IN_DOUBT:
            self.in_order = True
            self._begin()
            outcome = self._from_first_to_last(watch)
        if outcome == at.FAULTY:
            raise FAULTS[int(self.k[at.FAULT])]

    def _from_first_to_last(self, watch: Callable[[int], None] | None) -> int:
        """Run until nothing is left to do, or until the kernel cannot go on; gives why."""
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
        return int(outcome)

    def _first_events(self) -> None:
        """The first arrival and each schedule's first firing, as the reference schedules them."""
        arrays, payments = self.arrays, self.payments
        first = [(first_arrival(self.book.address, self.state.address), at.ARRIVE)] if payments.number else []
        for row, flow in zip(arrays.flows, self.plan.flows, strict=True):
            fires = arrays.timetable.fires[flow.schedule] if flow.trigger == "schedule" else ()
            first += [(fires[0], (row << at.KIND_BITS) | at.FIRE)] if fires else []
        for number, ((when, order), what) in enumerate(reversed(sorted_with_order(first)), 1):
            self.state.arrays["near"][number] = (when, 0, 0, order * at.EIDS_APART, what)
        self.k[at.NEAR_N] = len(first)
        self.k[at.EIDS] = len(first) * at.EIDS_APART

    # --- what came out ----------------------------------------------------------------------------------

    def _note_trace(self) -> None:
        if self.trace is not None:
            trace = self.state.arrays["trace"]
            ended = np.flatnonzero(trace != at.NONE)
            first = self.payments.measured[0]
            self.trace.update(zip((ended - first).tolist(), trace[ended].tolist(), strict=True))

    def counts(self) -> Counts:
        """What has been counted."""
        k, places = self.k, self.arrays.places
        functions = k[places["functions"]].reshape(2, len(self.plan.functions), at.FUNCTION_KINDS)
        return Counts(
            calls=k[places["calls"]],
            chunks=k[places["chunks"]],
            stored_s=k[places["stored_s"]],
            functions=functions,
            peak=k[places["peak"]],
            stations=np.array([self._station(row) for row in self.arrays.stations], np.int64).reshape(-1, 3),
            outcomes=self._block(at.OUTCOMES, 2, len(Outcome)).copy(),
            latency=self._block(at.LATENCY, len(TIMERS), BINS),
            latency_sum=self._block(at.LATENCY_SUM, 1, len(TIMERS))[0].tolist(),
            latency_max=self._block(at.LATENCY_MAX, 1, len(TIMERS))[0].tolist(),
            settled_days=k[at.SETTLED : at.SETTLED + MOST_DAYS].copy(),
            paid_days=k[at.PAID : at.PAID + MOST_DAYS].copy(),
            amounts=self._amounts(),
            refused=int(k[at.REFUSED]),
            turned_away=int(k[at.TURNED_AWAY]),
            service_throttles=int(k[at.THROTTLED]),
            duplicates=int(k[at.DUPLICATES]),
            event_retries=int(k[at.EVENT_RETRIES]),
            dead_letters=int(k[at.DEAD_LETTERS]),
            events=int(k[at.EVENTS]),
            payments=self.payments.measured[1] - self.payments.measured[0],
        )

    def _station(self, row: int) -> list[int]:
        """As `Station.figures`: what has not changed since holds until the end of the measured time."""
        place = self.arrays.rows[row][at.STATION_K]
        k = [int(value) for value in self.k[place : place + at.STATION_COUNTERS]]
        start, end = self.payments.window
        span = max(0, end - max(k[at.CHANGED], start))
        taken = k[at.TAKEN_S] * NS_PER_S + k[at.TAKEN_NS] + k[at.USERS] * span
        waited = k[at.WAITED_S] * NS_PER_S + k[at.WAITED_NS] + k[at.WAITING] * span
        return [taken // NS_PER_US, waited // NS_PER_US, k[at.MOST_WAITING]]

    def _block(self, place: int, rows: int, columns: int) -> IntArray:
        return self.k[place : place + rows * columns].reshape(rows, columns)

    def _amounts(self) -> dict[str, IntArray]:
        rare, common = self.state.arrays["money"], self.state.arrays["common"]
        keys, times = rare[np.flatnonzero(rare[:, at.MONEY_KEY] != at.NONE)].T
        places, names, amounts = int(self.k[at.COMMON]), keys & (2**at.MONEY_BITS - 1), {}
        for index, name in enumerate(at.MONEY_NAMES):
            if self.k[at.NAMED] >> index & 1:
                small = common[index * places : (index + 1) * places]
                known, own = np.flatnonzero(small), np.flatnonzero(names == index)
                own = own[np.argsort(keys[own])]
                cents = np.concatenate([known, keys[own] >> at.MONEY_BITS])
                both = np.concatenate([small[known], times[own]])
                amounts[name] = np.array([cents, both >> at.TIMES_BITS, both & (2**at.TIMES_BITS - 1)])
        return amounts


def _laid_out(plan: Plan, timetable: Timetable, seed: int) -> tuple[PlanArrays, Tables]:
    arrays = laid_out(plan, dataclasses.replace(timetable, outages=()))
    return arrays, arrays.book(timetable.outages, seed)


def sorted_with_order(events: list[tuple[int, int]]) -> list[tuple[tuple[int, int], int]]:
    """Events (time, what) as ((time, number of scheduling), what), in order of time."""
    return sorted(((when, number + 1), what) for number, (when, what) in enumerate(events))
