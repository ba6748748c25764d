"""Many months of one plan, each with figures and luck of its own; what they share is laid out once."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

from costmodel.assumptions.by_month import by_month, most, of_month
from costmodel.assumptions.catalog import Assumptions
from costmodel.simulation.counts import Counts
from costmodel.simulation.engines import engine_named
from costmodel.simulation.payments import Payments
from costmodel.simulation.plan import Plan
from costmodel.simulation.replications import drain_ns, serial
from costmodel.simulation.timetable import Timetable, draw_outages, lasting_timetable, outage_terms

Engine = Callable[[Payments], Counts]
Outages = tuple[tuple[tuple[int, int], ...], ...]


class Months:
    """Months of a plan whose figures may be columns (`assumptions.by_month`): each month takes its own.

    assumptions: what the plan was compiled from. start, window: of the payments of every month.
    """

    def __init__(
        self, plan: Plan, assumptions: Assumptions, start: dt.datetime, window: tuple[int, int], engine: str
    ) -> None:
        end_ns = window[1] + most(drain_ns(plan, assumptions.scenario.on.year))
        self.plan, self.window = plan, window
        self.table = lasting_timetable(plan, start, end_ns)
        self.serial = serial(plan, assumptions)
        self.made: Any = _Compiled(plan, self.table) if engine == "compiled" else _Reference(plan, self.table)

    def run(self, month: int, seed: int, payments: Sequence[Payments], outages: Outages) -> list[Counts]:
        """What happens to each of some payments in one month, as a run of the plan with that month's figures tells."""
        times = dataclasses.replace(self.table, outages=outages)
        engine = self.made.of_month(month, times, seed)
        found = [engine(one) for one in payments]
        for counts in found:
            counts.outage_ns = times.path_outage_ns(self.serial, *self.window)
        return found


def outages_by_month(plan: Plan, end_ns: int, seeds: Sequence[int]) -> list[Outages]:
    """The outages of each month, up to `end_ns`."""
    terms = by_month(outage_terms(plan), len(seeds))
    return [draw_outages(own, end_ns, seed) for own, seed in zip(terms, seeds, strict=True)]


class _Compiled:
    """The compiled engine on one layout, in which each month puts its figures."""

    def __init__(self, plan: Plan, table: Timetable) -> None:
        from costmodel.simulation.plan_arrays import PlanArrays

        self.plan, self.arrays = plan, PlanArrays(plan, table)

    def of_month(self, month: int, times: Timetable, seed: int) -> Engine:
        """Runs of that month."""
        from costmodel.simulation.compiled import Compiled

        self.arrays.put_month(month)
        laid = self.arrays, self.arrays.book(times.outages, seed)
        return lambda payments: Compiled(self.plan, payments, times, seed, laid=laid).run()


class _Reference:
    """The reference engine on the plan as it is in each month."""

    def __init__(self, plan: Plan, table: Timetable) -> None:
        self.plan, self.table = plan, table

    def of_month(self, month: int, times: Timetable, seed: int) -> Engine:
        """Runs of that month."""
        plan, made = of_month(self.plan, month), engine_named("reference")
        times = dataclasses.replace(times, delays=of_month(self.table.delays, month))
        return lambda payments: made(plan, payments, times, seed).run()
