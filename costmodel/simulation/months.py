"""Many months of one plan, each with figures and luck of its own; what they share is laid out once."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

from costmodel.assumptions.by_month import most, of_month
from costmodel.assumptions.catalog import Assumptions
from costmodel.simulation.counts import Counts
from costmodel.simulation.engines import engine_named
from costmodel.simulation.payments import Payments
from costmodel.simulation.plan import Plan
from costmodel.simulation.replications import drain_ns, serial
from costmodel.simulation.timetable import Outages, Timetable, lasting_timetable

Tell = Callable[[int, Counts], None]


class Months:
    """Months of a plan whose figures may be columns (`assumptions.by_month`): each month takes its own.

    assumptions: what the plan was compiled from. start, window: of the payments of every month. seeds: of the months.
    """

    def __init__(
        self, plan: Plan, assumptions: Assumptions, start: dt.datetime, window: tuple[int, int],
        seeds: Sequence[int], engine: str,
    ) -> None:  # fmt: skip
        end_ns = window[1] + most(drain_ns(plan, assumptions.scenario.on.year))
        self.plan, self.window, self.seeds = plan, window, seeds
        self.table = lasting_timetable(plan, start, end_ns)
        self.serial = serial(plan, assumptions)
        self.made: Any = _Reference(plan, self.table, seeds)
        if engine == "compiled":
            from costmodel.simulation.compiled_months import CompiledMonths
            from costmodel.simulation.plan_arrays import PlanArrays

            self.made = CompiledMonths(PlanArrays(plan, self.table), seeds)

    def run(
        self, outages: Sequence[Outages], rails: Sequence[Sequence[Payments]], tell: Sequence[Tell | None]
    ) -> list[Counts]:
        """What usage is made of, of all months together, for each of some rails that they are paid on.

        What happens in a month is what a run of the plan with that month's figures tells. tell: for each rail, gets a
        month's number and all its counts, which last until the next one's.
        """
        found: list[Counts] = self.made.run(outages, rails, [one and self._with_outages(outages, one) for one in tell])
        return found

    def _with_outages(self, outages: Sequence[Outages], tell: Tell) -> Tell:
        def told(month: int, counts: Counts) -> None:
            times = dataclasses.replace(self.table, outages=outages[month])
            counts.outage_ns = times.path_outage_ns(self.serial, *self.window)
            tell(month, counts)

        return told


class _Reference:
    """The reference engine on the plan as it is in each month."""

    def __init__(self, plan: Plan, table: Timetable, seeds: Sequence[int]) -> None:
        self.plan, self.table, self.seeds = plan, table, seeds

    def run(
        self, outages: Sequence[Outages], rails: Sequence[Sequence[Payments]], tell: Sequence[Tell | None]
    ) -> list[Counts]:
        """As `Months.run`."""
        made, found = engine_named("reference"), [list[Counts]() for _ in rails]
        for month, (spans, seed) in enumerate(zip(outages, self.seeds, strict=True)):
            delays = of_month(self.table.delays, month)
            plan, times = of_month(self.plan, month), dataclasses.replace(self.table, outages=spans, delays=delays)
            for payments, runs, told in zip(rails, found, tell, strict=True):
                counts = made(plan, payments[month], times, seed).run()
                if told is not None:
                    told(month, counts)
                runs.append(counts.without_histograms())
        return [Counts.of_months(runs) for runs in found]
