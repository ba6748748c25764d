"""A business some of whose buyers pay by card where a perimeter has bank transfers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from costmodel.analysis.sides import Business, Owner, Rail
from costmodel.assumptions.perimeter import Modelled, Perimeter, Perimeters
from costmodel.result import Result

ALL = Decimal(1)
Methods = Mapping[Rail, Decimal]
RAILS: tuple[Rail, ...] = ("card", "ach")


@dataclass
class MixedBusiness(Business):
    """A business that, on the rail of bank transfers, has the mix of `methods` (shares by count) instead of them alone.

    The mix is simulated, not put together from two months. On the rail of cards every buyer pays by card.
    """

    methods: Methods = field(default_factory=lambda: {"ach": ALL})

    def result(self, owner: Owner, rail: Rail) -> Result:
        """The month of that side; where nobody pays by bank transfer both rails are one month."""
        return super().result(owner, rail if self.methods.get("ach") else "card")

    def changes(self, owner: Owner, rail: Rail) -> dict[str, Any]:
        """What makes the scenario that side."""
        asked = super().changes(owner, rail)
        if rail == "ach":
            asked["workload.methods"] = {name: self.methods.get(name, Decimal(0)) for name in RAILS}
        return asked


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
