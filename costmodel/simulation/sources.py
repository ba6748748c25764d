"""What starts strands in the reference engine: payments that arrive, schedules that fire, entries that fall due."""

from __future__ import annotations

from functools import partial
from heapq import heappop
from typing import TYPE_CHECKING

from costmodel.simulation.plan import NOBODY, FlowPlan, Outcome
from costmodel.simulation.strands import Entry, Strand

if TYPE_CHECKING:
    from costmodel.simulation.reference import Reference

MOST_BATCHES_BITS = 16  # batches of one firing are numbered in so many bits


class Arrivals:
    """Starts the flow of each payment when it arrives; the next arrival is scheduled before the flow starts."""

    def __init__(self, engine: Reference) -> None:
        self.engine = engine
        self.times = engine.payments.arrival_ns.tolist()
        starts = [flow for flow in engine.plan.flows if flow.trigger == "payment"]
        self.flows = {method: flow for flow in starts for method in flow.methods}

    def start(self) -> None:
        """Schedule the first arrival."""
        if self.times:
            self.engine.after(self.times[0], partial(self._arrive, 0))

    def _arrive(self, index: int, _: object) -> None:
        engine = self.engine
        if index + 1 < len(self.times):
            engine.after(self.times[index + 1] - engine.env.now, partial(self._arrive, index + 1))
        flow = self.flows.get(engine.methods[index])
        if flow is None:
            return
        strand = Strand(flow, index - engine.first_measured, 0)
        if engine.under_way < engine.plan.most_under_way:
            engine.under_way += 1
            engine.begin(strand)
        else:
            engine.counts.turned_away += engine.cohort(strand)
            engine.outcome(strand, Outcome.FAILED)


class Schedule:
    """Fires one scheduled flow: once, or once per `most_entries` entries due in the queue it takes from.

    No more than the plan's `batches_at_once` run at a time; the others of the firing begin as these end.
    """

    def __init__(self, engine: Reference, flow: FlowPlan) -> None:
        self.engine, self.flow = engine, flow
        self.times = engine.timetable.fires[flow.schedule]
        self.fired = self.fired_ns = self.up_to = self.part = self.running = 0
        self.beginning = False

    def start(self, number: int = 0) -> None:
        """Schedule the firing of that number."""
        if number < len(self.times):
            self.engine.after(self.times[number] - self.engine.env.now, partial(self._fire, number))

    def _fire(self, number: int, _: object) -> None:
        engine, over = self.engine, self.engine.env.now >= self.engine.end_ns
        if self.flow.queue >= 0 or not over:
            self.start(number + 1)
        self.fired, self.fired_ns, self.up_to, self.part = number, engine.env.now, engine.ordinal, 0
        self._begin_batches()
        if not (self.part or over) and self._has_room():
            self._begin([])

    def ended(self) -> None:
        """One of its runs is over."""
        self.running -= 1
        if not self.beginning:
            self._begin_batches()

    def _has_room(self) -> bool:
        return self.running < self.engine.plan.batches_at_once

    def _begin_batches(self) -> None:
        """Take batches of what was due at the last firing, as long as one may run."""
        self.beginning = True
        while self._has_room() and (batch := self._due()):
            self._begin(batch)
        self.beginning = False

    def _begin(self, batch: list[Entry]) -> None:
        strand = Strand(self.flow, NOBODY, (self.fired << MOST_BATCHES_BITS) + self.part)
        measured = sum(entry[0] >= 0 for entry in batch)
        strand.batch, strand.measured, strand.schedule = batch, measured > 0, self
        self.part += 1
        self.running += 1
        self.engine.begin(strand)
        self.engine.pending -= measured

    def _due(self) -> list[Entry]:
        """The next entries due, as a stack with the first entry on top."""
        queue: list[tuple[int, int, Entry]] = self.engine.queues[self.flow.queue] if self.flow.queue >= 0 else []
        due: list[Entry] = []
        while queue and len(due) < self.flow.most_entries and queue[0][:2] <= (self.fired_ns, self.up_to):
            due.append(heappop(queue)[2])
        if self.flow.groups_by_provider and self.engine.plan.per_provider:
            due = self._by_provider(due)
        return due[::-1]

    def _by_provider(self, batch: list[Entry]) -> list[Entry]:
        """Entries in order of provider; the first of each carries the provider's whole payout."""
        engine = self.engine
        providers = [engine.providers[payment + engine.first_measured] for payment, _, _ in batch]
        totals = dict.fromkeys(providers, 0)
        for provider, (payment, _, _) in zip(providers, batch, strict=True):
            totals[provider] += engine.net(payment)
        order = sorted(range(len(batch)), key=providers.__getitem__)
        entries, paid = [], set()
        for at in order:
            first = providers[at] not in paid
            paid.add(providers[at])
            entries.append((batch[at][0], first, totals[providers[at]] if first else 0))
        return entries
