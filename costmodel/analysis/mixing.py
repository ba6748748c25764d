"""A business some of whose buyers pay by card where a perimeter has bank transfers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from costmodel.analysis.sides import Business, Owner, Rail
from costmodel.assumptions.catalog import Assumptions, Content, assumed, load_content
from costmodel.assumptions.changes import apply_changes, changes_from
from costmodel.assumptions.perimeter import Modelled, Perimeter, Perimeters
from costmodel.result import Result
from costmodel.run import run_assumptions

ALL = Decimal(1)
Methods = Mapping[Rail, Decimal]
BELOW = ("pipeline", "on")  # a change of a price changes the one in force on that day
DEEPER = ("pipeline.", "services.")
RAILS: tuple[Rail, ...] = ("card", "ach")


@dataclass
class MixedBusiness(Business):
    """A business that, on the rail of bank transfers, has the mix of `methods` (shares by count) instead of them alone.

    The mix is simulated, not put together from two months. On the rail of cards every buyer pays by card.
    """

    methods: Methods = field(default_factory=lambda: {"ach": ALL})
    loaded: dict[str, Content] = field(default_factory=dict)

    def result(self, owner: Owner, rail: Rail) -> Result:
        """The month of that side; where nobody pays by bank transfer both rails are one month."""
        return super().result(owner, rail if self.methods.get("ach") else "card")

    def changes(self, owner: Owner, rail: Rail) -> dict[str, Any]:
        """What makes the scenario that side."""
        asked = super().changes(owner, rail)
        if rail == "ach":
            asked["workload.methods"] = {name: self.methods.get(name, Decimal(0)) for name in RAILS}
        return asked

    def _simulated(self, scenario: str, changes: dict[str, Any]) -> Result:
        asked = changes if self.seed is None else changes | {"seed": self.seed}
        return run_assumptions(loaded(scenario, asked, self.data, self.loaded), engine=self.engine, watch=self.watch)


def loaded(
    scenario: str, changes: Mapping[str, Any], data: Path | str | None, known: dict[str, Content]
) -> Assumptions:
    """The assumptions of a scenario with some changes, as `assume` gives them; `known` keeps what was read.

    Months that differ in the scenario alone share one pipeline and one set of services, which are then checked and
    compiled once. Raises InputError.
    """
    below = {path: value for path, value in changes.items() if path in BELOW or path.startswith(DEEPER)}
    key = repr((scenario, below))
    if key not in known:
        known[key] = load_content(scenario, data=Path(data) if data else None, changes=changes_from(below))
    content = known[key]
    rest = changes_from({path: value for path, value in changes.items() if path not in below})
    parts = apply_changes(content.scenario, content.pipeline, content.services, rest)
    said = tuple(f"--set {change}" for change in rest)
    return assumed(Content(content.name, *parts, overridden=(*content.overridden, *said)))


def with_card_fees(file: Perimeters, card_fees: tuple[str, ...]) -> Perimeters:
    """The perimeters with these lines counted on Stripe's side wherever that has bank transfers."""
    changed = tuple(_with_fees(perimeter, card_fees) for perimeter in file.perimeter)
    return file.model_copy(update={"perimeter": changed})


def _with_fees(perimeter: Perimeter, card_fees: tuple[str, ...]) -> Perimeter:
    here = perimeter.modelled
    if here is None or here.stripe.rail != "ach":
        return perimeter
    stripe = here.stripe.model_copy(update={"lines": (*here.stripe.lines, *card_fees)})
    return perimeter.model_copy(update={"modelled": Modelled(stripe=stripe, own=here.own)})
