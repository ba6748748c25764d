"""One volume of the frontier: every claim held against the month simulated there."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from costmodel.analysis.claims import judge
from costmodel.analysis.judging import NEAREST_LIMIT, SLA_SERIES, simulated_figure
from costmodel.analysis.modeller import Modeller
from costmodel.analysis.sampling import shortened
from costmodel.analysis.sides import Business
from costmodel.analysis.warmest import Warmest, warmest
from costmodel.assumptions.catalog import Assumptions
from costmodel.assumptions.document import Claim, Claims, Verdict
from costmodel.assumptions.frontier import FrontierFile
from costmodel.assumptions.perimeter import Perimeters
from costmodel.result import Result
from costmodel.simulation.payments import month_hours_of

LATENCY, REDUCTION = "latency_ms.", "reduction"
S_PER_HOUR = 3600
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

    def to_dict(self) -> dict[str, Any]:
        """For JSON: decimals as strings."""
        warm = self.warmest
        return {
            "payments": self.payments,
            "offered_per_hour": self.offered_per_hour,
            "lost_percent": self.lost_percent,
            "refused_calls": self.refused_calls,
            "own_usd_per_payment": f"{self.own_usd_per_payment:f}",
            "nearest_limit": self.nearest_limit,
            "claims": [
                vars(one)
                | {
                    "figure": None if one.figure is None else f"{one.figure:f}",
                    "interval": one.interval and [*one.interval],
                }
                for one in self.held
            ],
            "configuration": None if warm is None else vars(warm.chosen) | {"extra_usd": f"{warm.chosen.extra_usd:f}"},
            "floor_ms": None if warm is None else warm.floor_ms,
            "same_rail_with_it_percent": None if self.warm_percent is None else f"{self.warm_percent:f}",
        }


class Judge:
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
        found = [
            reduced(claim, name, rows[name].row.reduction_percent, rows[name].intervals.get(REDUCTION))
            for claim in self.reductions for name in self.file.shown
        ]  # fmt: skip
        direct = [claim for claim in (self.latency, *self.others) if claim is not None]
        found += [held(claim, own) for claim in direct]
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
            held=tuple(found),
            lost_percent=100 * own.throughput["failed_per_hour"] / offered if offered else 0.0,
            refused_calls=own.figures["service_throttles"] / max(1, own.payments),
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


def reduced(claim: Claim, perimeter: str, figure: Decimal | None, span: Interval | None) -> Held:
    """A reduction claimed is kept by any reduction that is at least as large."""
    at_least = claim.model_copy(update={"relation": ">="})
    return Held(claim.id, claim.quote, perimeter, figure, span, judge(at_least, figure))


def held(claim: Claim, own: Result) -> Held:
    """A claim that no perimeter decides, against the own month."""
    figure, span = simulated_figure(own, str(claim.model))
    return Held(claim.id, claim.quote, None, figure, span, judge(claim, figure))
