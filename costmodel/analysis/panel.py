"""What the what-if panel shows of a scenario: a quick month beside Stripe's, in every perimeter, and the verdicts."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from costmodel.analysis.check import CHANGED
from costmodel.analysis.frontier_points import Held, held, reduced
from costmodel.analysis.judging import NEAREST_LIMIT, SLA_SERIES
from costmodel.analysis.mixing import MixedBusiness, loaded, with_card_fees
from costmodel.analysis.modeller import ModelledRow, Modeller
from costmodel.analysis.panel_files import read_panel
from costmodel.analysis.perimeters import Term
from costmodel.analysis.sampling import fitted
from costmodel.assumptions.catalog import Content
from costmodel.assumptions.checking import nearest
from costmodel.assumptions.document import Claim
from costmodel.assumptions.panel import Effort
from costmodel.assumptions.scenario import Scenario
from costmodel.assumptions.shortened import Shortened, load_shortened
from costmodel.errors import UsageError
from costmodel.result import SCHEMA_VERSION, Result
from costmodel.run import Watch

OWN_SCENARIO = "seed_aws"
LATENCY, REDUCTION = "latency_ms.", "reduction"
LEVELS = ("p50", "p95", "p99")
DAYS = "workload.days"


@dataclass(frozen=True)
class ServiceCost:
    """What one service of the bills costs, USD a month on either side; None where that side has no line of it."""

    service: str
    title: str
    stripe_usd: Decimal | None
    own_usd: Decimal | None


@dataclass(frozen=True)
class Panel:
    """A scenario's month within a perimeter, and what goes with it.

    rows: by perimeter, in the file's order; own: the own month with the scenario's mix of methods. simulated: what was
    set beside `changes`, so that the answer is quick. claims: those that the document states with a figure.
    """

    scenario: str
    perimeter: str
    changes: dict[str, Any]
    simulated: dict[str, Any]
    rows: dict[str, ModelledRow]
    own: Result
    claims: tuple[Claim, ...]

    @property
    def row(self) -> ModelledRow:
        """The perimeter that was asked for."""
        return self.rows[self.perimeter]

    @property
    def verdicts(self) -> tuple[Held, ...]:
        """What the month decides of the claims: reductions within the perimeter, latency, limits and SLAs."""
        return tuple(_held(self.claims, self.own, self.row, self.perimeter))

    def unit(self, claim: str) -> str | None:
        """The unit of a claim's figure, by its id."""
        return {known.id: known.unit for known in self.claims}[claim]

    def within(self, perimeter: str) -> Panel:
        """The same month, within another perimeter of the file. KeyError if it has none of that name."""
        return dataclasses.replace(self, perimeter=self.rows[perimeter].row.id)

    @property
    def costs(self) -> tuple[ServiceCost, ...]:
        """Both sides of that perimeter by service, the dearest first."""
        row, services = self.row.row, self.own.assumptions.services
        usd: dict[str, dict[str, Decimal]] = {}
        for side, terms in (("stripe", row.stripe), ("own", row.own)):
            for term in terms:
                here = usd.setdefault(_service(term), {})
                here[side] = here.get(side, Decimal(0)) + term.usd
        found = [ServiceCost(n, services[n].name, u.get("stripe"), u.get("own")) for n, u in usd.items()]
        return tuple(sorted(found, key=lambda cost: -max(cost.stripe_usd or 0, cost.own_usd or 0)))

    @property
    def left_out(self) -> dict[str, Decimal]:
        """What lines of the two bills the perimeter does not count, by service, USD a month; none that is free."""
        usd: dict[str, Decimal] = {}
        for term in self.row.row.left_out:
            if term.usd:
                name = self.own.assumptions.services[_service(term)].name
                usd[name] = usd.get(name, Decimal(0)) + term.usd
        return usd

    @property
    def overridden(self) -> tuple[str, ...]:
        """What the reader overrode: keys of the data folder, and the changes asked for."""
        keys = [key for key in self.own.assumptions.overridden if not key.startswith(CHANGED)]
        return (*keys, *(f"{CHANGED} {path}={value}" for path, value in self.changes.items()))

    def to_dict(self) -> dict[str, Any]:
        """For JSON: money and percentages as decimal strings."""
        return {
            "schema_version": SCHEMA_VERSION,
            "scenario": self.scenario,
            "perimeter": self.perimeter,
            "payments_per_month": self.own.assumptions.scenario.workload.payments_per_month,
            "payments_simulated": self.own.payments,
            "replications": self.own.replications,
            "perimeters": [_row_dict(name, row) for name, row in self.rows.items()],
            "costs": [_cost_dict(cost) for cost in self.costs],
            "left_out": {title: f"{usd:f}" for title, usd in self.left_out.items()},
            "latency_ms": {level: self.own.latency_ms[level] for level in LEVELS},
            "intervals": {
                level: list(pair) if (pair := self.own.intervals.get(f"{LATENCY}{level}")) else None for level in LEVELS
            },
            "bill": self.own.bill.to_dict(),
            "claims": [_held_dict(one) for one in self.verdicts],
            "overload": list(self.own.overload),
            "set": {path: str(value) for path, value in {**self.changes, **self.simulated}.items()},
            "provenance": self.own.provenance() | {"overridden": list(self.overridden)},
        }


def panel(
    scenario: str = OWN_SCENARIO,
    *,
    perimeter: str | None = None,
    panel: str = "seed",
    set: Mapping[str, Any] | None = None,
    data: Path | str | None = None,
    seed: int | None = None,
    engine: str = "auto",
    watch: Watch | None = None,
) -> Panel:
    """A quick month of a scenario through its own pipeline and through Stripe, in every perimeter of the panel's file.

    perimeter: the one whose cost lines and verdicts are given, else the file's. What is simulated is bounded by the
    file's `effort`: a month of more payments is simulated for as long as they take, at the full rate. Where a perimeter
    has bank transfers, as many buyers pay by card as the scenario's methods say. The rest as in `run`.
    Raises InputError, and UsageError for a perimeter the file does not show and for a system bought, not built.
    """
    folder = Path(data) if data else None
    file, claims, perimeters = read_panel(panel, folder)
    chosen = perimeter or file.perimeter
    if chosen not in file.shown:
        raise UsageError(f"no perimeter {chosen!r} in the panel; {nearest(chosen, file.shown)}")
    changes = dict(set or {})
    known: dict[str, Content] = {}
    assumed = loaded(scenario, changes, data, known)
    if not assumed.pipeline.functions:
        raise UsageError(f"{scenario} is no system of one's own: the panel holds one against Stripe")
    most = bounded(assumed.scenario, file.effort, load_shortened(folder))
    quick = {path: value for path, value in most.items() if path not in changes}
    business = MixedBusiness(scenario, {**changes, **quick}, folder, seed, engine, watch=watch,
                             methods=dict(assumed.scenario.workload.methods.items()), loaded=known)  # fmt: skip
    modeller = Modeller(with_card_fees(perimeters, file.card_fees), business)
    rows = {name: modeller.row(name) for name in file.shown}
    own = business.result("own", "ach")
    stated = tuple(claim for claim in claims.claim if claim.stated is not None)
    return Panel(scenario, chosen, changes, quick, rows, own, stated)


def bounded(month: Scenario, effort: Effort, rule: Shortened) -> dict[str, Any]:
    """What to set so that a scenario's month takes no longer than `effort` allows, whatever it is itself bounded by."""
    whole = month.workload.model_copy(update={"days": None})
    bare = month.model_copy(update={"replicate_up_to_payments": effort.payments, "workload": whole})
    quick: dict[str, Any] = {"horizon": "cohort", **fitted(bare, effort.replications, rule)}
    if month.until:
        quick["until"] = {}  # no replications are added
    if month.workload.days is not None and DAYS not in quick:
        quick[DAYS] = _whole_month_days(month)
    return quick


def _whole_month_days(month: Scenario) -> Decimal:
    from costmodel.simulation.payments import HOURS_PER_DAY, month_hours_of

    return Decimal(month_hours_of(month)) / HOURS_PER_DAY


def _held(claims: tuple[Claim, ...], own: Result, row: ModelledRow, perimeter: str) -> Iterator[Held]:
    reductions = sorted((c for c in claims if c.model == REDUCTION), key=lambda claim: -(claim.stated or 0))
    for claim in reductions:
        yield reduced(claim, perimeter, row.row.reduction_percent, row.intervals.get(REDUCTION))
    for claim in claims:
        if (claim.model or "").startswith(LATENCY) or claim.model in (NEAREST_LIMIT, SLA_SERIES):
            yield held(claim, own)


def _service(term: Term) -> str:
    """The service of a bill's line."""
    return term.name.partition(".")[0]


def _row_dict(name: str, modelled: ModelledRow) -> dict[str, Any]:
    row, span = modelled.row, modelled.intervals.get(REDUCTION)
    reduction = row.reduction_percent
    return {
        "id": name,
        "title": row.title,
        "stripe_usd": f"{row.stripe_usd:f}",
        "own_usd": f"{row.own_usd:f}",
        "reduction_percent": None if reduction is None else f"{reduction:f}",
        "interval": list(span) if span else None,
    }


def _cost_dict(cost: ServiceCost) -> dict[str, Any]:
    return {
        "service": cost.service,
        "stripe_usd": None if cost.stripe_usd is None else f"{cost.stripe_usd:f}",
        "own_usd": None if cost.own_usd is None else f"{cost.own_usd:f}",
    }


def _held_dict(found: Held) -> dict[str, Any]:
    figure = None if found.figure is None else f"{found.figure:f}"
    return vars(found) | {"figure": figure, "interval": list(found.interval) if found.interval else None}
