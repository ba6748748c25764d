"""When things happen that no payment decides: schedules, bank settlements, banking days, outages. Exact, in ns."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from itertools import accumulate

from costmodel.assumptions.by_month import each
from costmodel.assumptions.pipeline import Schedule, Wait
from costmodel.simulation.calendar import FED_ZONE, day_start_ns, is_banking_day, schedule_times, settlement_ns
from costmodel.simulation.draws import draw_bits, name_key, stream_key
from costmodel.simulation.plan import Plan
from costmodel.simulation.tables import LawTable

NS_PER_HOUR = 3600 * 10**9
NS_PER_DAY = 24 * NS_PER_HOUR
HOURS_PER_YEAR = 8766
NS_PER_US = 1000
DAYS_KEPT_AT_ONCE = 60
TIMETABLES_KEPT = 2**7


@dataclass(frozen=True)
class Timetable:
    """Times in ns since the run's start.

    fires: per schedule, when it fires. midnights: the start of each local day at the Federal Reserve; bank_days: how
    many banking days have begun by it. due: per wait in banking days, when money handed in on that day is there.
    outages: per failing service, (start, end) pairs without overlap.
    """

    fires: tuple[tuple[int, ...], ...]
    midnights: tuple[int, ...]
    bank_days: tuple[int, ...]
    due: tuple[tuple[int, ...], ...]
    delays: tuple[int, ...]
    outages: Outages
    end_ns: int

    def due_at(self, wait: int, now: int) -> int:
        """When a wait begun at `now` ends."""
        if not self.due[wait]:
            return now + self.delays[wait]
        return max(now, self.due[wait][bisect_right(self.midnights, now) - 1])

    def banking_days(self, start: int, end: int) -> int:
        """Banking days begun after the day of `start`, up to and with the day of `end`."""
        first, last = bisect_right(self.midnights, start) - 1, bisect_right(self.midnights, end) - 1
        return self.bank_days[last] - self.bank_days[first]

    def is_out(self, service: int, now: int) -> bool:
        """Whether a service is in an outage at `now`."""
        spans = self.outages[service]
        index = bisect_right(spans, (now, 2**63)) - 1
        return index >= 0 and now < spans[index][1]

    def path_outage_ns(self, services: list[int], start: int, end: int) -> int:
        """Time in [start, end) in which at least one of the services is out."""
        spans = sorted(span for service in services for span in self.outages[service])
        out, reached = 0, start
        for begun, over in spans:
            begun, over = max(begun, reached), min(over, end)
            if over > begun:
                out, reached = out + over - begun, over
        return out


def make_timetable(plan: Plan, start: dt.datetime, end_ns: int, seed: int) -> Timetable:
    """The timetable of a run from `start` (UTC) over `end_ns` nanoseconds."""
    return replace(lasting_timetable(plan, start, end_ns), outages=draw_outages(outage_terms(plan), end_ns, seed))


def lasting_timetable(plan: Plan, start: dt.datetime, end_ns: int) -> Timetable:
    """The same without outages: what the seed does not decide."""
    number = end_ns // NS_PER_DAY + 3  # days, from the one before the start on
    kept = -(-number // DAYS_KEPT_AT_ONCE) * DAYS_KEPT_AT_ONCE
    midnights, bank_days = _days(start, kept)
    return Timetable(
        fires=tuple(_before(_fires(schedule, start, kept), end_ns) for schedule in plan.schedules),
        midnights=midnights[:number],
        bank_days=bank_days[:number],
        due=tuple(() if wait.banking_days is None else _due(wait, start, kept)[:number] for wait in plan.waits),
        delays=tuple(0 if wait.hours is None else each(int, wait.hours * NS_PER_HOUR) for wait in plan.waits),
        outages=tuple(() for _ in plan.outages),
        end_ns=end_ns,
    )


def _before(times: tuple[int, ...], end_ns: int) -> tuple[int, ...]:
    return times[: bisect_left(times, end_ns - end_ns % NS_PER_US)]


@lru_cache(maxsize=TIMETABLES_KEPT)
def _fires(schedule: Schedule, start: dt.datetime, days: int) -> tuple[int, ...]:
    """When a schedule fires in so many days; the same for every scenario of that month."""
    return tuple(schedule_times(schedule, start, start + dt.timedelta(days=days)))


@lru_cache(maxsize=TIMETABLES_KEPT)
def _days(start: dt.datetime, number: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The midnights at the Federal Reserve from the day before the start on, and how many banking days have begun."""
    days = [start.date() + dt.timedelta(days=n - 1) for n in range(number)]
    midnights = tuple(day_start_ns(day, FED_ZONE, start) for day in days)
    return midnights, tuple(accumulate(int(is_banking_day(day)) for day in days))


@lru_cache(maxsize=TIMETABLES_KEPT)
def _due(wait: Wait, start: dt.datetime, number: int) -> tuple[int, ...]:
    """When money handed in on each of those days is there."""
    return tuple(settlement_ns(wait, midnight, start) for midnight in _days(start, number)[0])


Outages = tuple[tuple[tuple[int, int], ...], ...]  # per failing service, its (start, end) pairs
OutageTerms = tuple[tuple[str, Decimal, LawTable], ...]


def outage_terms(plan: Plan) -> OutageTerms:
    """Each failing service with its outages a year and the law of their length."""
    return tuple((name, rate, plan.laws[law]) for name, (rate, law) in zip(plan.outages, plan.outage_laws, strict=True))


def draw_outages(terms: OutageTerms, end_ns: int, seed: int) -> Outages:
    """The outages of each failing service up to `end_ns`, as its assumptions and the seed give them."""
    return tuple(_outages(*term, end_ns, seed) for term in terms)


def _outages(name: str, per_year: Decimal, length: LawTable, end_ns: int, seed: int) -> tuple[tuple[int, int], ...]:
    """Outages as a Poisson stream: exponential gaps, each as long as a draw of the law; overlaps are joined."""
    key = stream_key(seed, "outage", name_key(name))
    gap = LawTable.exponential(HOURS_PER_YEAR * NS_PER_HOUR).scaled(float(1 / per_year)) if per_year else None
    spans: list[tuple[int, int]] = []
    now = number = 0
    while gap is not None:
        now += gap.value(draw_bits(key, number, 0, 0))
        if now >= end_ns:
            break
        spans.append((now, now + length.value(draw_bits(key, number, 0, 1))))
        now, number = spans[-1][1], number + 1
    return tuple(spans)
