"""What a run tells: throughput, latency, settlement, availability, usage and bill, each with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from costmodel import __version__
from costmodel.assumptions.catalog import Assumptions
from costmodel.assumptions.checking import nearest
from costmodel.billing.bill import Bill
from costmodel.billing.biller import Biller
from costmodel.billing.metering import Metered
from costmodel.billing.usage import UsageRow
from costmodel.errors import UsageError
from costmodel.figures import CENTS, Told, flat
from costmodel.simulation.limits import Limit, limits
from costmodel.simulation.overload import overload
from costmodel.simulation.plan import Plan
from costmodel.simulation.precision import Precision
from costmodel.simulation.replications import Simulated
from costmodel.simulation.statistics import Difference, interval, latencies, paired

if TYPE_CHECKING:
    import pandas

SCHEMA_VERSION = 1
Latencies = tuple[tuple[float, int], ...]
Intervals = dict[str, tuple[float, float] | None]
TOTAL = "bill.total_usd"


@dataclass(frozen=True)
class Month:
    """What happened in a scenario's month and what it used, apart from prices.

    figures: pooled over the replications; singles: each replication's, by dotted path; intervals: by dotted path.
    metered: what it used. biller: what has been billed of it.
    """

    payments: int
    figures: dict[str, Any]
    singles: list[dict[str, Any]]
    intervals: Intervals
    limits: list[Limit]
    metered: Metered
    biller: Biller
    volume_usd: Decimal
    engine: str
    rejected: dict[str, Any] | None
    overload: tuple[str, ...]
    latencies: Latencies = ()


@dataclass(frozen=True)
class Result:
    """One scenario's month. Money in USD a month, latency in ms, settlement in banking days, shares in percent.

    metered: what it used; volume_usd: money offered a month; limits: the nearest first.
    intervals: dotted path of a figure -> (low, high) at 95 % over the replications, or None for a single run.
    singles: the same figures in each replication. until: the half-widths asked for, if any.
    overload: in words, what shows that more is offered than the pipeline carries.
    latencies: of all replications together, the latency of a payment in ms and how many took so long, rising.
    """

    scenario: str
    assumptions: Assumptions
    payments: int
    replications: int
    figures: dict[str, Any]
    limits: list[Limit]
    metered: Metered
    volume_usd: Decimal
    bill: Bill
    singles: list[dict[str, Any]]
    intervals: Intervals
    engine: str
    rejected: dict[str, Any] | None
    until: Precision | None = None
    overload: tuple[str, ...] = ()
    latencies: Latencies = ()

    @property
    def usage(self) -> list[UsageRow]:
        """The month's usage, in the mean of the replications."""
        return self.metered.pooled

    @property
    def usages(self) -> list[list[UsageRow]]:
        """The usage of each replication."""
        return self.metered.singles

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
        """By function: invocations, cold_starts, throttles, retries, timeouts, billed_ms, peak and mean concurrency."""
        return dict(self.figures["functions"])

    @property
    def stations(self) -> dict[str, dict[str, float]]:
        """By station: utilisation (percent of its places' measured time), mean and peak number waiting for a place."""
        return dict(self.figures["stations"])

    @property
    def mean_ticket_usd(self) -> Decimal:
        """The mean amount of the payments offered, USD; 0 where none was."""
        if not self.payments:
            return Decimal(0)
        months = Decimal(self.payments) / Decimal(str(self.figures["offered_per_month"]))
        return self.volume_usd * months / self.payments

    @property
    def cost_per_payment_usd(self) -> Decimal:
        """The month's bill over the month's completed payments."""
        completed = Decimal(str(self.figures["completed_per_month"]))
        return self.bill.total_usd / completed if completed else Decimal(0)

    def difference(self, other: Result, figure: str) -> Difference:
        """A figure of this result less that of another, replication by replication under the same luck.

        figure: its path, such as `latency_ms.p95` or `bill.total_usd`. Raises UsageError for results of different seeds
        (whose luck is not the same) and for a figure that one of them does not have.
        """
        seeds = [result.assumptions.scenario.seed for result in (self, other)]
        if seeds[0] != seeds[1]:
            raise UsageError(f"seeds {seeds[0]} and {seeds[1]} give different luck; run both with one seed")
        if self.replications != other.replications:
            raise UsageError(f"{self.replications} replications and {other.replications} make no pairs; "
                             "set `replications` to the same in both")  # fmt: skip
        (one, *ones), (other_one, *others) = self.values(figure), other.values(figure)
        return paired(one, ones, other_one, others)

    def values(self, figure: str) -> list[float]:
        """A figure by its path: pooled, then in each replication. Raises UsageError where it has no value."""
        pooled = dict(flat(self.figures)) | {TOTAL: float(self.bill.total_usd)}
        if figure not in pooled:
            raise UsageError(f"no figure {figure!r}; {nearest(figure, pooled)}")
        found = [pooled[figure], *(single.get(figure) for single in self.singles)]
        if any(value is None for value in found):
            raise UsageError(f"{figure} has no value, at least in some replications")
        return [float(value) for value in found]

    def figure(self, path: str) -> Any:
        """A figure by its dotted path; None where there is none."""
        return dict(flat(self.figures)).get(path)

    def to_frame(self) -> pandas.DataFrame:
        """The figures as one table: figure, value, low, high."""
        import pandas as pd

        rows = [(path, value, *(self.intervals.get(path) or (None, None))) for path, value in flat(self.figures)]
        return pd.DataFrame(rows, columns=["figure", "value", "low", "high"])

    def to_dict(self) -> dict[str, Any]:
        """The contract's JSON document."""
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
            "until": self.until.to_dict(self.intervals) if self.until else {},
            "overload": list(self.overload),
            "rejected": self.rejected,
            "provenance": self.provenance(),
        }

    def provenance(self) -> dict[str, Any]:
        """What the figures rest on: version, data, overridden keys, seed, dates."""
        return provenance_of(self.assumptions, self.engine)

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, na_rep="–"))


def provenance_of(assumptions: Assumptions, engine: str) -> dict[str, Any]:
    """What the figures of one month rest on: the origin of the assumptions, the engine, and what was counted."""
    return origin_of(assumptions) | {"engine": engine, "horizon": assumptions.scenario.horizon}


def origin_of(
    assumptions: Assumptions, *, seed: int | None = None, overridden: Sequence[str] | None = None
) -> dict[str, Any]:
    """What any figures rest on: version, data, overridden keys, seed, date of the prices.

    seed, overridden: instead of the assumptions' own, where these made the months of a comparison.
    """
    return {
        "package": __version__,
        "data_sha256": assumptions.data_sha256,
        "overridden": list(assumptions.overridden if overridden is None else overridden),
        "seed": assumptions.scenario.seed if seed is None else seed,
        "prices_on": assumptions.scenario.on.isoformat(),
    }


def make_month(assumptions: Assumptions, plan: Plan, simulated: Simulated, metered: Metered) -> Month:
    """The Month of a simulated scenario with its usage."""
    pooled = Told(simulated.runs, plan, simulated.period, assumptions).figures()
    runs = simulated.runs
    singles = [dict(flat(Told([counts], plan, simulated.period, assumptions).figures())) for counts in runs]
    return Month(
        payments=simulated.runs[0].payments,
        figures=pooled,
        singles=singles,
        intervals=_intervals(dict(flat(pooled)), singles),
        limits=limits(plan, simulated.runs, float(simulated.period.measured_s)),
        metered=metered,
        biller=Biller(),
        volume_usd=_volume_usd(simulated),
        engine=simulated.engine,
        rejected=simulated.replayed.report() if simulated.replayed else None,
        overload=overload(simulated.runs, assumptions.scenario.capacity),
        latencies=latencies(simulated.runs, "payment"),
    )


def make_result(assumptions: Assumptions, month: Month, bill: Bill, totals_usd: Sequence[Decimal]) -> Result:
    """The Result of a month and its bill; totals_usd: of each replication's."""
    completed = month.figures["completed_per_month"]
    costs = [_cost(usd, single["completed_per_month"]) for usd, single in zip(totals_usd, month.singles, strict=True)]
    singles = [{**single, **cost} for single, cost in zip(month.singles, costs, strict=True)]
    return Result(
        scenario=assumptions.name,
        assumptions=assumptions,
        payments=month.payments,
        replications=max(1, len(singles)),
        figures=month.figures,
        limits=month.limits,
        metered=month.metered,
        volume_usd=month.volume_usd,
        bill=bill,
        intervals={**month.intervals, **_intervals(_cost(bill.total_usd, completed), costs)},
        singles=singles,
        engine=month.engine,
        rejected=month.rejected,
        overload=month.overload,
        latencies=month.latencies,
    )


def _cost(total_usd: Decimal, completed: float) -> dict[str, Any]:
    """What a bill comes to, in all and for each completed payment."""
    total = float(total_usd)
    return {"bill.total_usd": total, "cost_per_payment_usd": total / completed if completed else 0.0}


def _intervals(pooled: dict[str, Any], singles: Sequence[dict[str, Any]]) -> Intervals:
    """The interval of every figure that has a value."""
    return {path: _interval(value, path, singles) for path, value in pooled.items() if value is not None}


def _volume_usd(simulated: Simulated) -> Decimal:
    """The amounts of the measured payments, scaled to a month."""
    return Decimal(simulated.payments.offered_cents) / CENTS / simulated.period.months


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
    return interval(value, [one[path] for one in singles if one.get(path) is not None])
