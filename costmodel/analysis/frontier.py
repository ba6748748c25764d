"""The joint frontier: over volume, which of a document's claims hold at the same time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from costmodel.analysis.asking import Figure, figure_of
from costmodel.analysis.claims import judge
from costmodel.analysis.frontier_files import read_frontier
from costmodel.analysis.judging import NEAREST_LIMIT, SLA_SERIES, simulated_figure
from costmodel.analysis.modeller import Modeller
from costmodel.analysis.sampling import shortened
from costmodel.analysis.seeking import provenance
from costmodel.analysis.sides import Business
from costmodel.analysis.warmest import Warmest, warmest
from costmodel.assumptions.catalog import Assumptions, load_assumptions
from costmodel.assumptions.changes import changes_from
from costmodel.assumptions.document import Claim, Claims, Verdict
from costmodel.assumptions.frontier import FrontierFile
from costmodel.assumptions.perimeter import Perimeters
from costmodel.errors import UsageError
from costmodel.result import SCHEMA_VERSION, Result
from costmodel.run import Watch
from costmodel.simulation.payments import month_hours_of

LATENCY, REDUCTION = "latency_ms.", "reduction"
S_PER_HOUR = 3600
MOST_PAYMENTS = 10**10  # as many as a scenario may have
Interval = tuple[float, float]


@dataclass(frozen=True)
class Held:
    """One claim at one volume: by its id (and perimeter), what the simulation gives, and whether it holds."""

    claim: str
    title: str
    perimeter: str | None
    figure: Decimal | None
    interval: Interval | None
    verdict: Verdict


@dataclass(frozen=True)
class Point:
    """One volume: every claim, what is lost, what a payment costs, and the configuration for latency.

    refused_calls: calls per payment that a service's limit turned away; what they were to do was done later or not.
    warm_percent: the same-rail reduction with that configuration paid for.
    """

    payments: int
    offered_per_hour: float
    held: tuple[Held, ...]
    lost_percent: float
    refused_calls: float
    own_usd_per_payment: Decimal
    nearest_limit: str | None
    warmest: Warmest | None
    warm_percent: Decimal | None

    def of(self, claim: str, perimeter: str | None = None) -> Held:
        """The claim of that id within that perimeter. KeyError if there is none."""
        return {(one.claim, one.perimeter): one for one in self.held}[claim, perimeter]


@dataclass(frozen=True)
class Frontier:
    """All points, by rising volume. reductions: claims on the reduction, the highest first; latency: the one on it."""

    scenario: str
    title: str
    points: tuple[Point, ...]
    reductions: tuple[Claim, ...]
    latency: Claim | None
    others: tuple[Claim, ...]
    perimeters: tuple[tuple[str, str], ...]
    same_rail: str
    provenance: dict[str, Any]

    def jointly(self, perimeter: str, claim: Claim) -> tuple[int, ...]:
        """Payments a month at which the reduction within that perimeter and all other claims hold at once."""
        found = []
        for point in self.points:
            rest = [one for one in point.held if one.perimeter is None]
            if point.of(claim.id, perimeter).verdict == "holds" and all(one.verdict == "holds" for one in rest):
                found.append(point.payments)
        return tuple(found)

    def to_dict(self) -> dict[str, Any]:
        """For JSON: decimals as strings."""
        return {
            "schema_version": SCHEMA_VERSION,
            "scenario": self.scenario,
            "points": [_point(point) for point in self.points],
            "provenance": self.provenance,
        }

    def rows(self) -> list[dict[str, Any]]:
        """One row a claim, perimeter and volume."""
        return [
            {"payments": point.payments, "claim": one.claim, "title": one.title, "perimeter": one.perimeter,
             "figure": one.figure, "low": one.interval and one.interval[0], "high": one.interval and one.interval[1],
             "verdict": one.verdict}
            for point in self.points for one in point.held
        ]  # fmt: skip

    def to_frame(self) -> Any:
        """The same as a table."""
        import pandas as pd

        rows = [{k: float(v) if isinstance(v, Decimal) else v for k, v in row.items()} for row in self.rows()]
        return pd.DataFrame(rows)

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, na_rep="–"))


def _point(point: Point) -> dict[str, Any]:
    warm = point.warmest
    return {
        "payments": point.payments,
        "offered_per_hour": point.offered_per_hour,
        "lost_percent": point.lost_percent,
        "refused_calls": point.refused_calls,
        "own_usd_per_payment": f"{point.own_usd_per_payment:f}",
        "nearest_limit": point.nearest_limit,
        "claims": [
            vars(one)
            | {
                "figure": None if one.figure is None else f"{one.figure:f}",
                "interval": one.interval and [*one.interval],
            }
            for one in point.held
        ],
        "configuration": None if warm is None else vars(warm.chosen) | {"extra_usd": f"{warm.chosen.extra_usd:f}"},
        "floor_ms": None if warm is None else warm.floor_ms,
        "same_rail_with_it_percent": None if point.warm_percent is None else f"{point.warm_percent:f}",
    }


def frontier(
    scenario: str,
    *,
    frontier: str = "seed",
    low: Figure | None = None,
    high: Figure | None = None,
    per_decade: Figure | None = None,
    set: Mapping[str, Any] | None = None,
    data: Path | str | None = None,
    seed: int | None = None,
    engine: str = "auto",
    watch: Watch | None = None,
) -> Frontier:
    """Hold a document's claims on reduction, latency, throughput and availability together, over volume.

    scenario: the own pipeline's month, whose payments (and accounts with them) are changed. frontier: a name in
    data/frontier, or a path. low, high: payments a month; per_decade: points for each power of ten. The rest as in
    `run`. Large months are simulated for a shorter time at the full rate. Raises UsageError for an empty range.
    """
    folder, asked = Path(data) if data else None, dict(set or {})
    file, claims, perimeters = read_frontier(frontier, folder)
    payments_of = volumes(file, low, high, per_decade)
    assumed = load_assumptions(scenario, data=folder, changes=changes_from(asked))
    judge_ = _Judge(file, claims, perimeters, Business(scenario, asked, folder, seed, engine), assumed)
    points = []
    for payments in payments_of:
        points.append(judge_.point(payments))
        if watch:
            watch(len(points) / len(payments_of))
    return Frontier(
        scenario=scenario,
        title=file.title,
        points=tuple(points),
        reductions=judge_.reductions,
        latency=judge_.latency,
        others=judge_.others,
        perimeters=tuple((name, perimeters.find(name).title) for name in file.shown),
        same_rail=file.same_rail,
        provenance=provenance(assumed, seed),
    )


def volumes(file: FrontierFile, low: Figure | None, high: Figure | None, per_decade: Figure | None) -> list[int]:
    """Payments a month, by equal factors."""
    span = file.payments
    ends = [
        figure_of("--from", span.low if low is None else low),
        figure_of("--to", span.high if high is None else high),
    ]
    each = figure_of("--per-decade", span.per_decade if per_decade is None else per_decade)
    if not 1 <= ends[0] < ends[1] <= MOST_PAYMENTS:
        raise UsageError(f"--from {ends[0]} --to {ends[1]}: give payments a month, from at least 1 to more, at most "
                         f"{MOST_PAYMENTS:,}")  # fmt: skip
    if each != int(each) or not 1 <= each <= 20:
        raise UsageError(f"--per-decade {each}: give a whole number from 1 to 20")
    decades = (ends[1] / ends[0]).log10()
    steps = max(1, round(decades * each))
    exact = [float(ends[0]) * 10 ** (float(decades) * at / steps) for at in range(steps + 1)]
    return list(dict.fromkeys(round(payments) for payments in exact))


class _Judge:
    """Holds the claims against the month at a volume."""

    def __init__(
        self, file: FrontierFile, claims: Claims, perimeters: Perimeters, business: Business, assumed: Assumptions
    ) -> None:
        self.file, self.perimeters, self.business, self.assumed = file, perimeters, business, assumed
        workload = assumed.scenario.workload
        self.start = (workload.payments_per_month, workload.accounts)
        stated = [claim for claim in claims.claim if claim.stated is not None]
        found = [claim for claim in stated if claim.model == REDUCTION]
        self.reductions = tuple(sorted(found, key=lambda claim: -(claim.stated or Decimal(0))))
        self.latency = next((claim for claim in stated if (claim.model or "").startswith(LATENCY)), None)
        self.others = tuple(claim for claim in stated if claim.model in (NEAREST_LIMIT, SLA_SERIES))

    def point(self, payments: int) -> Point:
        """Everything at one volume."""
        business = self._at(payments)
        own = business.result("own", "ach")
        rows = {name: Modeller(self.perimeters, business).row(name) for name in self.file.shown}
        held = [
            _reduced(claim, name, rows[name].row.reduction_percent, rows[name].intervals.get(REDUCTION))
            for claim in self.reductions for name in self.file.shown
        ]  # fmt: skip
        direct = [claim for claim in (self.latency, *self.others) if claim is not None]
        held += [_held(claim, own) for claim in direct]
        warm = warmest(business, self.latency, self.file.memory.one_vcpu_mb) if self.latency else None
        like = rows[self.file.same_rail].row
        kept = (
            None
            if warm is None or not like.stripe_usd
            else 100 * (like.saving_usd - warm.chosen.extra_usd) / like.stripe_usd
        )
        offered = own.throughput["offered_per_hour"]
        return Point(
            payments=payments,
            offered_per_hour=offered,
            held=tuple(held),
            lost_percent=100 * own.throughput["failed_per_hour"] / offered if offered else 0.0,
            refused_calls=own.figures["service_throttles"] / own.payments,
            own_usd_per_payment=own.cost_per_payment_usd,
            nearest_limit=own.limits[0].name if own.limits else None,
            warmest=warm,
            warm_percent=kept,
        )

    def _at(self, payments: int) -> Business:
        """The same business with so many payments, and as many accounts for them as in the scenario."""
        accounts = max(1, round(self.start[1] * payments / self.start[0]))
        asked = {**self.business.set, "workload.payments_per_month": payments, "workload.accounts": accounts}
        asked |= self._raised(payments)
        asked |= shortened(self.business.scenario, asked, self.business.data)
        business = self.business
        return Business(business.scenario, asked, business.data, business.seed, business.engine)

    def _raised(self, payments: int) -> dict[str, Any]:
        """Quotas that would be raised on request, where so many payments come near them."""
        changes: dict[str, Any] = {}
        per_second = Decimal(payments) / (month_hours_of(self.assumed.scenario) * S_PER_HOUR)
        for raised in self.file.raised:
            for index, quota in enumerate(self.assumed.services[raised.service].quota):
                if quota.per_second < per_second * raised.times:
                    changes[f"services.{raised.service}.quota.{index}.per_second"] = per_second * raised.times
        return changes


def _reduced(claim: Claim, perimeter: str, figure: Decimal | None, span: Interval | None) -> Held:
    """A reduction claimed is kept by any reduction that is at least as large."""
    at_least = claim.model_copy(update={"relation": ">="})
    return Held(claim.id, claim.quote, perimeter, figure, span, judge(at_least, figure))


def _held(claim: Claim, own: Result) -> Held:
    figure, span = simulated_figure(own, str(claim.model))
    return Held(claim.id, claim.quote, None, figure, span, judge(claim, figure))
