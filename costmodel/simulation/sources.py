"""What starts strands in the reference engine: payments that arrive, schedules that fire, entries that fall due."""

from __future__ import annotations

from functools import partial
from heapq import heappop
from typing import TYPE_CHECKING

from costmodel.simulation.plan import NOBODY, FlowPlan
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
        if flow is not None:
            engine.begin(Strand(flow, index - engine.first_measured, 0))


class Schedule:
    """Fires one scheduled flow: once, or once per `most_entries` entries due in the queue it takes from."""

    def __init__(self, engine: Reference, flow: FlowPlan) -> None:
        self.engine, self.flow = engine, flow
        self.times = engine.timetable.fires[flow.schedule]

    def start(self, number: int = 0) -> None:
        """Schedule the firing of that number."""
        if number < len(self.times):
            self.engine.after(self.times[number] - self.engine.env.now, partial(self._fire, number))

    def _fire(self, number: int, _: object) -> None:
        engine, over = self.engine, self.engine.env.now >= self.engine.end_ns
        if self.flow.queue >= 0 or not over:
            self.start(number + 1)
        batches = self._due() if self.flow.queue >= 0 else []
        if not batches and not over:
            batches = [[]]
        for part, batch in enumerate(batches):
            strand = Strand(self.flow, NOBODY, (number << MOST_BATCHES_BITS) + part)
            measured = sum(entry[0] >= 0 for entry in batch)
            strand.batch, strand.measured = batch, measured > 0
            engine.begin(strand)
            engine.pending -= measured

    def _due(self) -> list[list[Entry]]:
        """The entries due now, in batches; each is a stack with its first entry on top."""
        queue, due = self.engine.queues[self.flow.queue], []
        while queue and queue[0][0] <= self.engine.env.now:
            due.append(heappop(queue)[2])
        size = self.flow.most_entries
        batches = [due[at : at + size] for at in range(0, len(due), size)]
        if self.flow.groups_by_provider and self.engine.plan.per_provider:
            batches = [self._by_provider(batch) for batch in batches]
        return [batch[::-1] for batch in batches]

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
