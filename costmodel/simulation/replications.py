"""Run a plan as often as its scenario says, each time with other luck."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from costmodel.assumptions.by_month import each
from costmodel.assumptions.catalog import Assumptions
from costmodel.assumptions.pipeline import Wait
from costmodel.assumptions.scenario import Scenario
from costmodel.simulation.calendar import add_banking_days
from costmodel.simulation.conservation import conserved
from costmodel.simulation.counts import Counts
from costmodel.simulation.draws import stream_key
from costmodel.simulation.engines import chosen, engine_named
from costmodel.simulation.outages import outages_by_month
from costmodel.simulation.payments import Demand, Payments, month_hours_of
from costmodel.simulation.payments_by_month import payments_by_month
from costmodel.simulation.plan import Plan
from costmodel.simulation.replaying import Replay
from costmodel.simulation.room import BYTES_WAITING, Watchman, check_room, free_bytes
from costmodel.simulation.timetable import Outages, Timetable, lasting_timetable

NS_PER_S = 10**9
DRAWN_TOGETHER = 2**15  # payments of all replications, which are then laid out once
S_PER_HOUR = 3600
NS_PER_DAY = 24 * S_PER_HOUR * NS_PER_S
NS_PER_WEEK = 7 * NS_PER_DAY
Watch = Callable[[float], None]


@dataclass(frozen=True)
class Period:
    """The measured time of a run and the month it stands for, in seconds."""

    measured_s: Decimal
    month_s: Decimal

    @property
    def months(self) -> Decimal:
        """Measured time in months; usage is divided by it to give a month's usage."""
        return self.measured_s / self.month_s


@dataclass(frozen=True)
class Simulated:
    """All replications of a scenario: their counts, seeds, payments (of the first) and measured period."""

    runs: list[Counts]
    seeds: list[int]
    payments: Payments | Demand
    timetable: Timetable
    period: Period
    replayed: Replay | None
    engine: str


def simulate(
    plan: Plan, assumptions: Assumptions, replayed: Replay | None, watch: Watch | None, engine: str
) -> Simulated:
    """Simulate the scenario's month `replications` times (fewer at large volume).

    `watch` is called with the share of the work done, now and then. Raises InputError for more payments than fit into
    memory, and when so much piles up that it runs short.
    """
    scenario = assumptions.scenario
    lead_in = lead_in_ns(plan, scenario)
    demand = Demand(scenario, scenario.seed, lead_in)
    first = replayed.payments if replayed else demand
    if replayed is None:
        check_room(demand.expected_in_all, free_bytes(), BYTES_WAITING)
    number = replications(scenario, first.measured[1] - first.measured[0])
    seeds = [scenario.seed if k == 0 else stream_key(scenario.seed, "replication", k) for k in range(number)]
    lasting = lasting_timetable(plan, first.start, first.window[1] + drain_ns(plan, scenario.on.year))
    # payments of a file have been made: no outage can undo them
    outages = [lasting.outages] if replayed else outages_by_month(plan, lasting.end_ns, seeds)
    tables = [dataclasses.replace(lasting, outages=spans) for spans in outages * (number if replayed else 1)]
    name = chosen(engine, plan, number * first.number)
    if replayed is None and name == "compiled" and 1 < number <= DRAWN_TOGETHER / max(1, demand.expected_in_all):
        runs = _together(plan, lasting, demand, seeds, outages, watch)
    else:
        runs = []
        for k, seed in enumerate(seeds):
            payments = first if k == 0 or replayed else Demand(scenario, seed, lead_in)
            watchman = Watchman(_part(watch, k, number, first.window[1]), name == "reference", free_bytes)
            runs.append(engine_named(name)(plan, payments, tables[k], seed).run(watchman))
    for counts, times in zip(runs, tables, strict=True):
        conserved(plan, counts)
        counts.outage_ns = times.path_outage_ns(serial(plan, assumptions), *first.window)
    return Simulated(runs, seeds, first, tables[0], period_of(scenario, first, replayed), replayed, name)


def _together(
    plan: Plan, table: Timetable, demand: Demand, seeds: list[int], outages: Sequence[Outages], watch: Watch | None
) -> list[Counts]:
    """Replications of few payments: laid out once, one after the other in the same memory."""
    from costmodel.simulation.compiled_months import CompiledMonths
    from costmodel.simulation.plan_arrays import laid_out

    runs: list[Counts] = []

    def take(month: int, counts: Counts) -> None:
        runs.append(counts.by_itself())
        if watch is not None:
            watch((month + 1) / len(seeds))

    payments = payments_by_month(demand.scenario, seeds, demand.lead_in_ns)
    CompiledMonths(laid_out(plan, table), seeds).run(outages, [payments], [take])
    return runs


def serial(plan: Plan, assumptions: Assumptions) -> list[int]:
    """The failing services that every pay-in needs."""
    return [plan.outages.index(name) for name in assumptions.pipeline.serial_path if name in plan.outages]


def replications(scenario: Scenario, payments: int) -> int:
    """As many as the scenario asks for, while all together stay near `replicate_up_to_payments`."""
    affordable = scenario.replicate_up_to_payments // max(1, payments)
    return max(1, min(scenario.replications, affordable))


def lead_in_ns(plan: Plan, scenario: Scenario) -> int:
    """Time simulated before the measured time: as the scenario says, else the fixed money waits in whole weeks.

    A run by `cohort` follows its own payments to their end and needs none for money.
    """
    return lead_in_of(plan.waits, scenario)


def lead_in_of(waits: Sequence[Wait], scenario: Scenario) -> int:
    """The same for a plan with these waits."""
    if scenario.lead_in_days is not None:
        return int(scenario.lead_in_days * NS_PER_DAY)
    if scenario.horizon == "cohort":
        return 0
    return -(-_fixed_waits_ns(waits, scenario.on.year) // NS_PER_WEEK) * NS_PER_WEEK


def _fixed_waits_ns(waits: Sequence[Wait], year: int) -> int:
    """All fixed waits of money one after the other, banking days at the most calendar days they take in that year."""
    hours = sum((wait.hours for wait in waits if wait.hours is not None), Decimal(0))
    days = sum(_longest_days(wait.banking_days, year) for wait in waits if wait.banking_days)
    return each(int, hours * S_PER_HOUR * NS_PER_S) + days * NS_PER_DAY


@cache
def _longest_days(banking_days: int, year: int) -> int:
    first = dt.date(year, 1, 1)
    starts = (first + dt.timedelta(days=n) for n in range(366))
    return max((add_banking_days(day, banking_days) - day).days for day in starts)


def drain_ns(plan: Plan, year: int) -> int:
    """Time after the window within which every measured payment surely ends: fixed waits, longest lags, two weeks."""
    lags = max((plan.laws[fate.law].largest for fate in plan.fates), default=0)
    return 2 * _fixed_waits_ns(plan.waits, year) + 2 * lags + 2 * NS_PER_WEEK


def period_of(scenario: Scenario, payments: Payments | Demand, replayed: Replay | None = None) -> Period:
    """The measured time of some payments, and the month it stands for."""
    measured = Decimal(payments.window[1] - payments.window[0]) / NS_PER_S
    month = measured / replayed.months if replayed else Decimal(month_hours_of(scenario) * S_PER_HOUR)
    return Period(measured, month)


def _part(watch: Watch | None, done: int, of: int, end_ns: int) -> Callable[[int], None] | None:
    if watch is None:
        return None
    return lambda now: watch((done + min(1.0, now / end_ns)) / of)
