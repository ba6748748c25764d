"""What a run tells: throughput, latency, settlement, availability, usage and bill, each with its interval."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from costmodel import __version__
from costmodel.assumptions.by_month import each
from costmodel.assumptions.catalog import Assumptions
from costmodel.assumptions.checking import nearest
from costmodel.billing.bill import Bill
from costmodel.billing.biller import Biller
from costmodel.billing.metering import Metered
from costmodel.billing.usage import UsageRow
from costmodel.errors import UsageError
from costmodel.simulation.counts import FUNCTION_COUNTS, Counts
from costmodel.simulation.limits import Limit, limits
from costmodel.simulation.overload import overload
from costmodel.simulation.plan import TIMERS, Outcome, Plan
from costmodel.simulation.precision import Precision
from costmodel.simulation.replications import Period, Simulated
from costmodel.simulation.statistics import Difference, days_quantile, interval, latencies, latency_ms, paired

if TYPE_CHECKING:
    import pandas

SCHEMA_VERSION = 1
NS_PER_S = 10**9
MS_PER_S = 1000
US_PER_S = 10**6
S_PER_HOUR = 3600
PERCENT = 100
CENTS = 100
MOVED_TWICE = "moved_twice"  # the amounts' name of it
Latencies = tuple[tuple[float, int], ...]
Intervals = dict[str, tuple[float, float] | None]
BILLED = ("billed_increments", "provisioned_increments")
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
    """What simulated figures rest on: version, data, overridden keys, seed, engine, dates."""
    scenario = assumptions.scenario
    return {
        "package": __version__,
        "data_sha256": assumptions.data_sha256,
        "overridden": list(assumptions.overridden),
        "seed": scenario.seed,
        "engine": engine,
        "prices_on": scenario.on.isoformat(),
        "horizon": scenario.horizon,
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


def flat(figures: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """Every number of nested figures with its dotted path."""
    found: list[tuple[str, Any]] = []
    for key, value in figures.items():
        found += flat(value, f"{prefix}{key}.") if isinstance(value, dict) else [(f"{prefix}{key}", value)]
    return found


@dataclass(frozen=True)
class Told:
    """What some replications together tell, figure by figure: per measured time (counts) or as shares."""

    runs: Sequence[Counts]
    plan: Plan
    period: Period
    assumptions: Assumptions

    @property
    def hours(self) -> float:
        """The measured time."""
        return float(self.period.measured_s) / S_PER_HOUR

    @property
    def offered(self) -> int:
        """The payments of one replication."""
        return self.runs[0].payments

    @cached_property
    def outcomes(self) -> dict[str, float]:
        """What became of the payments, by outcome, in the mean of the replications."""
        return {o.name.lower(): self.mean(partial(_became, o)) for o in Outcome if o}

    def mean(self, count: Callable[[Counts], float]) -> float:
        """A count in the mean of the replications."""
        return sum(map(count, self.runs)) / len(self.runs)

    def figures(self) -> dict[str, Any]:
        """All of them."""
        return {name: part(self) for name, part in FIGURES.items()}

    def figure(self, path: str) -> Any:
        """The one at a dotted path, without working out all others; None where there is none."""
        name, _, rest = path.partition(".")
        found = FIGURES[name](self) if name in FIGURES else None
        return dict(flat(found)).get(rest) if rest and isinstance(found, dict) else None if rest else found


def _became(outcome: Outcome, counts: Counts) -> int:
    return each(int, counts.outcomes[1, outcome])


def _throughput(told: Told) -> dict[str, float]:
    names = ("completed", "declined", "failed")
    rates = {f"{name}_per_hour": told.outcomes[name] / told.hours for name in names}
    return {"offered_per_hour": told.offered / told.hours, **rates}


def _functions(told: Told) -> dict[str, dict[str, float]]:
    basis, number = ("month", "cohort").index(told.assumptions.scenario.horizon), len(told.runs)
    counts = sum(run.functions[basis] for run in told.runs).tolist() if number else []
    peaks = [max(peaks) for peaks in zip(*(run.peak.tolist() for run in told.runs), strict=True)]
    found = {}
    for function, counted, peak in zip(told.plan.functions, counts, peaks, strict=True):
        named = {name: count / number for name, count in zip(FUNCTION_COUNTS, counted, strict=True)}
        increments = sum(named.pop(name) for name in BILLED)
        named["billed_ms"] = increments * told.plan.compute.billing_increment_ns / 1e6
        named["peak_concurrency"] = peak
        found[function.name] = _busy(named, told.hours)
    return found


FIGURES: dict[str, Callable[[Told], Any]] = {
    "throughput": _throughput,
    "offered_per_month": lambda told: told.offered / float(told.period.months),
    "completed_per_month": lambda told: told.outcomes["completed"] / float(told.period.months),
    "outcomes": lambda told: told.outcomes,
    "latency_ms": lambda told: latency_ms(told.runs, "payment"),
    "form_latency_ms": lambda told: latency_ms(told.runs, "form"),
    "in_flight": lambda told: _in_flight(told.runs, told.hours),
    "settlement_days": lambda told: _days([counts.settled_days for counts in told.runs]),
    "payout_days": lambda told: _days([counts.paid_days for counts in told.runs]),
    "availability": lambda told: _availability(told),
    "functions": _functions,
    "stations": lambda told: _stations(told),
    "turned_away": lambda told: told.mean(lambda counts: counts.turned_away),
    "service_throttles": lambda told: told.mean(lambda counts: counts.service_throttles),
    "duplicates": lambda told: told.mean(lambda counts: counts.duplicates),
    "moved_twice_usd": lambda told: _moved_twice_usd(told.runs) / len(told.runs),
    "event_retries": lambda told: told.mean(lambda counts: counts.event_retries),
    "dead_letters": lambda told: told.mean(lambda counts: counts.dead_letters),
    "events_per_payment": lambda told: told.mean(lambda counts: counts.events) / max(1, told.offered),
}


def _moved_twice_usd(runs: Sequence[Counts]) -> float:
    """Money that messages delivered twice have moved once more: a loss until somebody gets it back."""
    amounts = [counts.amounts[MOVED_TWICE] for counts in runs if MOVED_TWICE in counts.amounts]
    return sum(int(cents @ times) for cents, _, times in amounts) / CENTS


def _days(histograms: Sequence[Any]) -> dict[str, int | None]:
    return {name: days_quantile(histograms, level) for name, level in (("p50", 0.5), ("p95", 0.95))}


def _availability(told: Told) -> dict[str, float]:
    """time: percent of the measured time without an outage on the path; requests: percent not failed."""
    measured_ns = float(told.period.measured_s) * NS_PER_S
    out = told.mean(lambda counts: counts.outage_ns)
    return {
        "time": PERCENT * (1 - out / measured_ns),
        "requests": PERCENT * (1 - told.outcomes["failed"] / max(1, told.offered)),
    }


def _stations(told: Told) -> dict[str, dict[str, float]]:
    """utilisation: percent of the places' measured time; mean and peak number waiting for a place."""
    measured_us = told.hours * S_PER_HOUR * US_PER_S
    found = {}
    for index, station in enumerate(told.plan.stations):
        taken, waited = (told.mean(partial(_of_station, index, what)) / measured_us for what in (0, 1))
        peak = max(_of_station(index, 2, counts) for counts in told.runs)
        used = PERCENT * taken / station.servers
        found[station.name] = {"utilisation": used, "mean_waiting": waited, "peak_waiting": peak}
    return found


def _of_station(index: int, what: int, counts: Counts) -> int:
    return int(counts.stations[index, what])


def _in_flight(runs: Sequence[Counts], hours: float) -> dict[str, float]:
    """The mean number of completed requests, and of forms, being answered at a time: Little's law."""
    offered_ns = hours * S_PER_HOUR * NS_PER_S * len(runs)
    return {timer: sum(c.latency_sum[at] for c in runs) / offered_ns for at, timer in enumerate(TIMERS)}


def _busy(counted: dict[str, float], hours: float) -> dict[str, float]:
    """The counts of a function with the mean number of its environments that are billed at a time."""
    return counted | {"mean_concurrency": counted["billed_ms"] / (hours * S_PER_HOUR * MS_PER_S)}
