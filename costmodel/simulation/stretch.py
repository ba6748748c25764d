"""A stretch of constant rate: what a pipeline does under a load that lasts, seen for a short time.

Only time is shortened, never the rate: a warm lead-in as long as the stretch, then the stretch, no outage. What happens
to a share of payments days later (refunds, returns) happens at once, since a steady stream delayed is the same steady
stream. What waits for money and then comes in batches (bank files, releases, payouts) is not in it.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from costmodel.assumptions.catalog import Assumptions
from costmodel.assumptions.scenario import Capacity, Scenario
from costmodel.simulation.conservation import conserved
from costmodel.simulation.counts import Counts
from costmodel.simulation.engines import chosen, engine_named
from costmodel.simulation.payments import Payments, generate, month_hours_of
from costmodel.simulation.plan import TIMERS, Op, Outcome, Plan
from costmodel.simulation.statistics import latency_ms
from costmodel.simulation.tables import LawTable
from costmodel.simulation.timetable import make_timetable

NS_PER_S = 10**9
NS_PER_DAY = 24 * 3600 * NS_PER_S
S_PER_HOUR = 3600
S_PER_DAY = 24 * S_PER_HOUR
PERCENT = 100
EVEN = (Decimal(1),)  # each weekday or hour alike

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Stretch:
    """What was seen: payments offered an hour, latency in ms, shares in percent.

    backlog_percent: what is under way at the end beyond what was at the start, of what was offered, at the place where
    it grew most; `grows` if that is more than the level allows. calls: by service call (`steps`), how often the
    stretch's payments made it in the end; 0 for those of schedules.
    """

    per_hour: float
    seconds: float
    payments: int
    p99_ms: float | None
    failed_percent: float
    backlog_percent: float
    grows: bool
    steps: tuple[str, ...]
    calls: IntArray
    counts: Counts
    engine: str

    def breaks(self, level: Capacity, unhurried: Stretch) -> tuple[str, ...]:
        """What of a service level does not hold here, in words; nothing if all of it holds.

        `unhurried`: a stretch of the same payments so slow that nothing is refused.
        """
        wrong = []
        if self.p99_ms is None:
            wrong.append("no payment is answered")
        elif self.p99_ms > level.p99_ms.value:
            wrong.append(f"p99 {self.p99_ms:,.0f} ms")
        if self.failed_percent > level.failed_percent.value:
            wrong.append(f"{self.failed_percent:,.2f} % failed")
        if self.grows:
            wrong.append(f"backlog grows by {self.backlog_percent:,.1f} %")
        return (*wrong, *self._skipped(level, unhurried))

    def _skipped(self, level: Capacity, unhurried: Stretch) -> list[str]:
        """The call most often given up while the payment goes on without it, if more often than the level allows.

        Fewer calls than a payment makes when nothing is refused; the same payments make exactly as many.
        """
        expected = unhurried.calls * (self.payments / max(1, unhurried.payments))
        noise = np.sqrt(expected) if self.payments != unhurried.payments else 0
        missing = expected - self.calls - noise
        shares = PERCENT * missing / np.maximum(expected, 1)
        if not len(shares) or shares.max() <= level.skipped_percent.value:
            return []
        worst = int(shares.argmax())
        return [f"{shares[worst]:,.2f} % go on without {self.steps[worst].rpartition('/')[2]}"]


def lasting(plan: Plan) -> Plan:
    """The plan of a lasting load: nothing waits for money, and what happens days later happens at once."""
    code = tuple(
        dataclasses.replace(instruction, op=Op.JUMP, jump=at + 1) if instruction.op is Op.QUEUE else instruction
        for at, instruction in enumerate(plan.code)
    )
    fates = tuple(dataclasses.replace(fate, law=len(plan.laws)) for fate in plan.fates)
    return dataclasses.replace(plan, code=code, fates=fates, laws=(*plan.laws, LawTable.of(lambda tail, score: 0.0)))


def stretch_seconds(level: Capacity, per_hour: float) -> float:
    """How long a stretch lasts at a rate: its number of payments, within the least and the most time."""
    wanted = float(level.stretch_payments.value) / per_hour * S_PER_HOUR
    longest = float(level.most_stretch_h.value) * S_PER_HOUR
    return min(longest, max(float(level.least_stretch_s.value), wanted))


def run_stretch(
    plan: Plan, assumptions: Assumptions, level: Capacity, per_hour: float, *, seed: int, engine: str,
    watch: Callable[[int], None] | None = None,
) -> Stretch:  # fmt: skip
    """Simulate a stretch of a `lasting` plan at a rate."""
    scenario = assumptions.scenario
    seconds = stretch_seconds(level, per_hour)
    payments = generate(_steady(scenario, per_hour, seconds), seed, int(seconds * NS_PER_S))
    end_ns = payments.window[1] + plan.retry.requeue_age_ns + NS_PER_DAY
    table = make_timetable(plan, payments.start, end_ns, seed)
    table = dataclasses.replace(table, outages=tuple(() for _ in plan.outages))
    name = chosen(engine, plan, len(payments.arrival_ns))
    made: Any = engine_named(name)
    ended: dict[int, int] = {}
    counts: Counts = made(plan, payments, table, seed, ended).run(watch)
    conserved(plan, counts)
    percent, grows = _backlog(level, payments, counts, ended)
    return Stretch(
        per_hour=per_hour,
        seconds=seconds,
        payments=counts.payments,
        p99_ms=_p99_ms(counts),
        failed_percent=_failed_percent(payments, counts),
        backlog_percent=percent,
        grows=grows,
        steps=tuple(step.path for step in plan.steps),
        calls=_calls(plan, counts),
        counts=counts,
        engine=name,
    )


def _steady(scenario: Scenario, per_hour: float, seconds: float) -> Scenario:
    """The scenario with an even stream of payments for so long."""
    none = scenario.workload.arrivals.day_cv.model_copy(update={"value": Decimal(0)})
    even = {"weekday_shares": 7 * EVEN, "hour_shares": 24 * EVEN, "day_cv": none, "hour_cv": none}
    workload = {
        "payments_per_month": per_hour * month_hours_of(scenario),
        "days": Decimal(seconds) / S_PER_DAY,
        "count": "fixed",
        "growth_percent_per_month": Decimal(0),
        "arrivals": scenario.workload.arrivals.model_copy(update=even),
    }
    return scenario.model_copy(update={"workload": scenario.workload.model_copy(update=workload)})


def _failed_percent(payments: Payments, counts: Counts) -> float:
    """Payments that failed and events given up (those of the lead-in, too), in percent of their payments."""
    failed = int(counts.outcomes[1, Outcome.FAILED]) / max(1, counts.payments)
    return PERCENT * (failed + counts.dead_letters / max(1, len(payments.arrival_ns)))


def _p99_ms(counts: Counts) -> float | None:
    """Of the payment request; of the whole flow where a pipeline does not say which step that is."""
    found = (latency_ms([counts], timer)["p99"] for timer in TIMERS)
    return next((p99 for p99 in found if p99 is not None), None)


def _calls(plan: Plan, counts: Counts) -> IntArray:
    scheduled = {flow.name for flow in plan.flows if flow.trigger == "schedule"}
    of_payments = np.array([step.path.partition("/")[0] not in scheduled for step in plan.steps], bool)
    return np.where(of_payments, counts.calls[1], 0)


def _backlog(level: Capacity, payments: Payments, counts: Counts, ended: dict[int, int]) -> tuple[float, bool]:
    """By how many percent the backlog grows, and whether that is too much, where it grows most.

    Looked at are the payments under way, and every service call: those that the stretch's payments make in the end,
    less those made within it. A count's own deviation is allowed for.
    """
    allowed = float(level.backlog_percent.value) / PERCENT
    grown = [_under_way(payments, ended)]
    grown += zip((counts.calls[1] - counts.calls[0]).tolist(), counts.calls[1].tolist(), strict=True)
    percent = max(PERCENT * more / max(1, of) for more, of in grown)
    return percent, any(more > allowed * of + math.sqrt(of) for more, of in grown)


def _under_way(payments: Payments, ended: dict[int, int]) -> tuple[int, int]:
    """How many more payments are under way at the end of the stretch than at its start, and how many it offers."""
    first, last = payments.measured
    arrived = payments.arrival_ns[np.fromiter(ended, np.int64, len(ended)) + first]
    left = np.fromiter(ended.values(), np.int64, len(ended))
    start, end = (int(((arrived < at) & (left >= at)).sum()) for at in payments.window)
    return end - start, last - first
