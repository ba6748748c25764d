"""Hold each claim against the simulation as well, by perimeter where its perimeter decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from costmodel.analysis.claims import ClaimResult, judge
from costmodel.analysis.modelled import bill_usd
from costmodel.analysis.modeller import ModelledRow
from costmodel.analysis.slas import sla_series
from costmodel.assumptions.catalog import Assumptions
from costmodel.assumptions.document import Claim, Verdict
from costmodel.result import Result
from costmodel.simulation.limits import Limit

Interval = tuple[float, float]
NEAREST_LIMIT = "throughput.nearest_limit_per_hour"
SLA_SERIES = "availability.sla_series"
BILL = "bill."


@dataclass(frozen=True)
class Judged:
    """A claim with both verdicts: `document` by arithmetic on its own figures, `model` by simulation.

    figure: what the simulation gives for it, in the claim's unit, with its interval. by_perimeter: verdict and figure
    under each perimeter, for claims about the comparison.
    """

    document: ClaimResult
    figure: Decimal | None
    interval: Interval | None
    model: Verdict | None
    by_perimeter: dict[str, tuple[Verdict, Decimal]]
    holds_when: str | None

    @property
    def claim(self) -> Claim:
        """The claim itself."""
        return self.document.claim

    @property
    def verdict(self) -> Verdict:
        """The document's where arithmetic decides, else the model's."""
        if self.document.verdict != "not_reproducible" or self.model is None:
            return self.document.verdict
        return self.model

    @property
    def recomputed(self) -> Decimal | None:
        """The document's own arithmetic, else the simulated figure."""
        return self.document.recomputed if self.document.recomputed is not None else self.figure

    @property
    def is_as_pinned(self) -> bool:
        """Whether both verdicts are those the claims file pins; a model verdict that is not pinned always is."""
        pinned = self.claim.pinned.model
        if isinstance(pinned, dict):
            found = {name: verdict for name, (verdict, _) in self.by_perimeter.items()}
            return self.document.is_as_pinned and all(found.get(name) == word for name, word in pinned.items())
        return self.document.is_as_pinned and pinned in (None, self.model)

    def to_dict(self) -> dict[str, object]:
        """The claim as the contract's JSON has it; numbers as decimal strings."""
        claim = self.claim
        return {
            "id": claim.id,
            "quote": claim.quote,
            "line": claim.line,
            "stated": _text(claim.stated),
            "unit": claim.unit,
            "relation": claim.relation,
            "recomputed": _text(self.recomputed),
            "interval": list(self.interval) if self.interval else None,
            "verdict": self.verdict,
            "verdict_document": self.document.verdict,
            "verdict_model": self.model,
            "simulated": _text(self.figure),
            "pinned": claim.pinned.model_dump(),
            "contradicts": list(self.document.contradicts),
            "verdict_by_perimeter": {name: verdict for name, (verdict, _) in self.by_perimeter.items()},
            "figure_by_perimeter": {name: _text(value) for name, (_, value) in self.by_perimeter.items()},
            "holds_when": self.holds_when,
            "because": claim.because,
            "hypotheses": [vars(reading) | {"value": _text(reading.value)} for reading in self.document.hypotheses],
            "probability": None,
        }


def judged(
    result: ClaimResult, results: Mapping[str, Result], rows: Mapping[str, ModelledRow], holds_when: str | None = None
) -> Judged:
    """The claim held against `results` (by scenario) or `rows` (by perimeter), as its `model` says."""
    claim = result.claim
    condition = holds_when or result.holds_when
    if claim.model is None:
        return Judged(result, None, None, None, {}, condition)
    if claim.scenario is not None:
        return _by_scenario(result, results.get(claim.scenario), condition)
    found = {name: row.figures()[claim.model] for name, row in rows.items() if claim.model in row.figures()}
    by_perimeter = {name: (judge(claim, value), value) for name, value in found.items()}
    return Judged(result, None, None, None, by_perimeter, condition)


def _by_scenario(result: ClaimResult, simulated: Result | None, holds_when: str | None) -> Judged:
    claim = result.claim
    if simulated is None:
        return Judged(result, None, None, None, {}, holds_when)
    figure, interval = simulated_figure(simulated, str(claim.model))
    return Judged(result, figure, interval, judge(claim, figure), {}, holds_when)


class Happened(Protocol):
    """What a figure may be asked of: a run's result, or one month of many."""

    @property
    def assumptions(self) -> Assumptions:
        """What it rests on."""

    @property
    def throughput(self) -> dict[str, float]:
        """Payments per hour."""

    @property
    def limits(self) -> list[Limit]:
        """The nearest first."""

    @property
    def intervals(self) -> Mapping[str, Interval | None]:
        """By figure."""

    def figure(self, path: str) -> float | None:
        """A figure by its dotted path."""


def simulated_figure(result: Result, name: str) -> tuple[Decimal | None, Interval | None]:
    """A figure of a run by the name claims call it, with its interval; None if the run has no such figure."""
    return (bill_usd(result.bill, name), None) if name.startswith(BILL) else happened_figure(result, name)


def happened_figure(result: Happened, name: str) -> tuple[Decimal | None, Interval | None]:
    """The same for a figure that no bill decides."""
    if name == SLA_SERIES:
        assumptions = result.assumptions
        return sla_series(assumptions.pipeline, assumptions.services).percent, None
    if name == NEAREST_LIMIT:
        offered = result.throughput["offered_per_hour"]
        return (Decimal(str(result.limits[0].payments_per_hour(offered))) if result.limits else None), None
    value = result.figure(name)
    return (None if value is None else Decimal(str(value))), result.intervals.get(name)


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"
