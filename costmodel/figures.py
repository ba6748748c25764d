"""The figures that the replications of one month together tell, each by its dotted path: `latency_ms.p95`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from costmodel.assumptions.by_month import each
from costmodel.assumptions.catalog import Assumptions
from costmodel.simulation.counts import FUNCTION_COUNTS, MOVED_TWICE, Counts
from costmodel.simulation.plan import TIMERS, Outcome, Plan
from costmodel.simulation.replications import Period
from costmodel.simulation.statistics import days_quantile, latency_ms

NS_PER_S = 10**9
NS_PER_MS = 10**6
MS_PER_S = 1000
US_PER_S = 10**6
S_PER_HOUR = 3600
PERCENT = 100
CENTS = 100
BILLED = ("billed_increments", "provisioned_increments")


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
