"""What a run tells: throughput, latency, settlement, availability, usage and bill, each with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from costmodel import __version__
from costmodel.assumptions.catalog import Assumptions
from costmodel.billing.bill import Bill
from costmodel.billing.usage import UsageRow
from costmodel.simulation.counts import FUNCTION_COUNTS, Counts
from costmodel.simulation.limits import Limit, limits
from costmodel.simulation.plan import Outcome, Plan
from costmodel.simulation.replications import Simulated
from costmodel.simulation.statistics import days_quantile, half_width, latency_ms

if TYPE_CHECKING:
    import pandas

SCHEMA_VERSION = 1
NS_PER_S = 10**9
S_PER_HOUR = 3600
PERCENT = 100
CENTS = 100
BILLED = ("billed_increments", "provisioned_increments")


@dataclass(frozen=True)
class Replicated:
    """A simulated scenario with its usage and bill, and the bill of each replication."""

    plan: Plan
    simulated: Simulated
    usage: list[UsageRow]
    usages: list[list[UsageRow]]
    bill: Bill
    bills: list[Bill]


@dataclass(frozen=True)
class Result:
    """One scenario's month. Money in USD a month, latency in ms, settlement in banking days, shares in percent.

    usages, bills, singles: usage, bill and flat figures of each replication; volume_usd: money offered a month;
    limits: the nearest first.
    intervals: dotted path of a figure -> (low, high) at 95 % over the replications, or None for a single run.
    """

    scenario: str
    assumptions: Assumptions
    payments: int
    replications: int
    figures: dict[str, Any]
    limits: list[Limit]
    usage: list[UsageRow]
    usages: list[list[UsageRow]]
    volume_usd: Decimal
    bill: Bill
    bills: list[Bill]
    singles: list[dict[str, Any]]
    intervals: dict[str, tuple[float, float] | None]
    engine: str
    rejected: dict[str, Any] | None

    @property
    def latency_ms(self) -> dict[str, float | None]:
        """mean, p50, p95, p99 and max of one processPayment, in ms."""
        return dict(self.figures["latency_ms"])

    @property
    def throughput(self) -> dict[str, float]:
        """Payments offered and completed per hour of the measured time."""
        return dict(self.figures["throughput"])

    @property
    def availability(self) -> dict[str, float]:
        """Percent of time without an outage on the path, and percent of requests answered without error."""
        return dict(self.figures["availability"])

    @property
    def functions(self) -> dict[str, dict[str, float]]:
        """Per function: invocations, cold_starts, throttles, retries, timeouts, billed_ms, peak_concurrency."""
        return dict(self.figures["functions"])

    @property
    def mean_ticket_usd(self) -> Decimal:
        """The mean amount of the payments offered, USD."""
        months = Decimal(self.payments) / Decimal(str(self.figures["offered_per_month"]))
        return self.volume_usd * months / self.payments

    @property
    def cost_per_payment_usd(self) -> Decimal:
        """The month's bill over the month's completed payments."""
        completed = Decimal(str(self.figures["completed_per_month"]))
        return self.bill.total_usd / completed if completed else Decimal(0)

    def to_frame(self) -> pandas.DataFrame:
        """The figures as one table: figure, value, low, high."""
        import pandas as pd

        rows = [(path, value, *(self.intervals.get(path) or (None, None))) for path, value in flat(self.figures)]
        return pd.DataFrame(rows, columns=["figure", "value", "low", "high"])

    def to_dict(self) -> dict[str, Any]:
        """The contract's JSON document, without provenance."""
        return {
            "schema_version": SCHEMA_VERSION,
            "scenario": self.scenario,
            "payments": self.payments,
            "replications": self.replications,
            **self.figures,
            "limits": [vars(limit) | {"share_percent": limit.share_percent} for limit in self.limits],
            "usage": [usage_dict(row) for row in self.usage],
            "bill": self.bill.to_dict(),
            "intervals": {path: list(pair) if pair else None for path, pair in sorted(self.intervals.items())},
            "rejected": self.rejected,
            "provenance": self.provenance(),
        }

    def provenance(self) -> dict[str, Any]:
        """What the figures rest on: version, data, overridden keys, seed, dates."""
        scenario = self.assumptions.scenario
        return {
            "package": __version__,
            "data_sha256": self.assumptions.data_sha256,
            "overridden": list(self.assumptions.overridden),
            "seed": scenario.seed,
            "engine": self.engine,
            "prices_on": scenario.on.isoformat(),
            "horizon": scenario.horizon,
        }

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, na_rep="–"))


def make_result(assumptions: Assumptions, replicated: Replicated) -> Result:
    """The Result of a simulated and billed scenario."""
    simulated = replicated.simulated
    pooled = figures(simulated.runs, replicated.plan, simulated, assumptions)
    single = [figures([counts], replicated.plan, simulated, assumptions) for counts in simulated.runs]
    pooled_flat = dict(flat(pooled)) | {"bill.total_usd": float(replicated.bill.total_usd)}
    singles = [
        dict(flat(one)) | {"bill.total_usd": float(bill.total_usd)}
        for one, bill in zip(single, replicated.bills, strict=True)
    ]
    return Result(
        scenario=assumptions.name,
        assumptions=assumptions,
        payments=simulated.runs[0].payments,
        replications=len(simulated.runs),
        figures=pooled,
        limits=limits(replicated.plan, simulated.runs, float(simulated.period.measured_s)),
        usage=replicated.usage,
        usages=replicated.usages,
        volume_usd=_volume_usd(simulated),
        bill=replicated.bill,
        bills=replicated.bills,
        singles=singles,
        intervals={path: _interval(value, path, singles) for path, value in pooled_flat.items() if value is not None},
        engine=simulated.engine,
        rejected=simulated.replayed.report() if simulated.replayed else None,
    )


def _volume_usd(simulated: Simulated) -> Decimal:
    """The amounts of the measured payments, scaled to a month."""
    first, last = simulated.payments.measured
    return Decimal(int(simulated.payments.amount_cents[first:last].sum())) / CENTS / simulated.period.months


def usage_dict(row: UsageRow) -> dict[str, str | None]:
    """A usage row for JSON: the month's quantity, or the number and volume of payments a fee is taken on."""
    fields: dict[str, str | None] = {"service": row.service, "meter": row.meter, "basis": row.basis}
    if row.amounts is not None:
        cents, times = row.amounts
        payments, volume = int(times.sum()) * row.scale, int((cents * times).sum()) * row.scale / CENTS
        return {**fields, "payments": f"{payments:f}", "volume_usd": f"{volume:f}"}
    quantity = None if row.quantity is None else f"{row.quantity * row.scale:f}"
    return {**fields, "quantity": quantity, "region": row.region}


def _interval(value: float, path: str, singles: Sequence[dict[str, Any]]) -> tuple[float, float] | None:
    """Sectioning: the pooled figure, plus and minus Student's t times the spread of the replications about it."""
    known = [one[path] for one in singles if one.get(path) is not None]
    half = half_width(value, known)
    return None if half is None else (value - half, value + half)


def flat(figures: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """Every number of nested figures with its dotted path."""
    found: list[tuple[str, Any]] = []
    for key, value in figures.items():
        found += flat(value, f"{prefix}{key}.") if isinstance(value, dict) else [(f"{prefix}{key}", value)]
    return found


def figures(runs: Sequence[Counts], plan: Plan, simulated: Simulated, assumptions: Assumptions) -> dict[str, Any]:
    """All figures of some replications together, per measured time (counts) or as shares."""
    basis = ("month", "cohort").index(assumptions.scenario.horizon)
    number = len(runs)
    hours = float(simulated.period.measured_s) / S_PER_HOUR
    outcomes = {o.name.lower(): sum(int(c.outcomes[1, o]) for c in runs) / number for o in Outcome if o}
    offered = runs[0].payments
    return {
        "throughput": {
            "offered_per_hour": offered / hours,
            "completed_per_hour": outcomes["completed"] / hours,
            "declined_per_hour": outcomes["declined"] / hours,
            "failed_per_hour": outcomes["failed"] / hours,
        },
        "offered_per_month": offered / float(simulated.period.months),
        "completed_per_month": outcomes["completed"] / float(simulated.period.months),
        "outcomes": outcomes,
        "latency_ms": latency_ms(runs, "payment"),
        "form_latency_ms": latency_ms(runs, "form"),
        "settlement_days": _days([counts.settled_days for counts in runs]),
        "payout_days": _days([counts.paid_days for counts in runs]),
        "availability": _availability(runs, simulated, outcomes, offered),
        "functions": {
            function.name: _function(runs, basis, index, plan) for index, function in enumerate(plan.functions)
        },
        "service_throttles": sum(counts.service_throttles for counts in runs) / number,
        "duplicates": sum(counts.duplicates for counts in runs) / number,
        "dead_letters": sum(counts.dead_letters for counts in runs) / number,
        "events_per_payment": sum(counts.events for counts in runs) / number / max(1, offered),
    }


def _days(histograms: Sequence[Any]) -> dict[str, int | None]:
    return {name: days_quantile(histograms, level) for name, level in (("p50", 0.5), ("p95", 0.95))}


def _availability(
    runs: Sequence[Counts], simulated: Simulated, outcomes: dict[str, float], offered: int
) -> dict[str, float]:
    """time: percent of the measured time without an outage on the path; requests: percent not failed."""
    measured_ns = float(simulated.period.measured_s) * NS_PER_S
    out = sum(counts.outage_ns for counts in runs) / len(runs)
    return {
        "time": PERCENT * (1 - out / measured_ns),
        "requests": PERCENT * (1 - outcomes["failed"] / max(1, offered)),
    }


def _function(runs: Sequence[Counts], basis: int, index: int, plan: Plan) -> dict[str, float]:
    counted = {
        name: sum(int(counts.functions[basis, index, k]) for counts in runs) / len(runs)
        for k, name in enumerate(FUNCTION_COUNTS)
    }
    increments = sum(counted.pop(name) for name in BILLED)
    counted["billed_ms"] = increments * plan.compute.billing_increment_ns / 1e6
    counted["peak_concurrency"] = max(int(counts.peak[index]) for counts in runs)
    return counted
