"""What a policy file says: how far a figure may move before the build goes red, or only warns."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from costmodel.assumptions.catalog import load_table
from costmodel.assumptions.checking import check
from costmodel.assumptions.fields import Name, NotNegative, Positive, PositiveCount, Record, Share, Sourced, Text

Severity = Literal["block", "warn"]
Of = Annotated[
    str,
    StringConstraints(pattern=r"^(total|cost_per_payment|each_service|each_meter|latency_ms\.(p50|p95|p99)"
                              r"|(service|meter):[a-z0-9_.@-]+)$"),
]  # fmt: skip


class Limit(Record):
    """How far a figure may move. All bounds that a limit names must be passed; write two limits for either of two.

    of: total, cost_per_payment, each_service, each_meter, service:NAME, meter:SERVICE.METER, latency_ms.p50 (p95, p99).
    absolute: USD a month, USD per payment, or ms; percent: of the figure before; budget: crossed from below.
    scenarios: those it is for, all where none is named.
    """

    id: Name
    of: Of
    absolute: NotNegative | None = None
    percent: NotNegative | None = None
    budget: Positive | None = None
    direction: Literal["up", "down", "both"] = "both"
    severity: Severity = "block"
    message: Text | None = None
    scenarios: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.absolute is None and self.percent is None and self.budget is None:
            raise ValueError("a limit needs `absolute`, `percent` or `budget`")
        if self.budget is not None and self.direction == "down":
            raise ValueError("a budget is crossed from below; leave `direction` out")
        return self

    def matches(self, kind: str, name: str) -> bool:
        """Whether this limit is about that figure: kind is total, figure, service or meter."""
        if self.of in ("each_service", "each_meter"):
            return kind == self.of.removeprefix("each_")
        wanted, colon, named = self.of.partition(":")
        return (kind, name) == (wanted, named) if colon else kind == "figure" and name == self.of

    def is_for(self, scenario: str) -> bool:
        """Whether it holds for that scenario."""
        return not self.scenarios or scenario in self.scenarios


class Consequence(Record):
    """What something leads to: a build that goes red, or a warning."""

    severity: Severity
    message: Text | None = None


class Age(Consequence):
    """How many days may have passed since a source was read."""

    most_days: PositiveCount


class Policy(Sourced):
    """Limits, and what a flipped verdict, an old source and a baseline renewed by the same change lead to.

    family_wise_error: the chance that noise alone makes any line of a report pass its limit.
    """

    title: Text
    family_wise_error: Annotated[Share, Field(gt=0, lt=1)]
    limit: tuple[Limit, ...] = ()
    verdicts: Consequence
    sources: Age
    renewed: Consequence

    @model_validator(mode="after")
    def _ids(self) -> Self:
        ids = [limit.id for limit in self.limit]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            raise ValueError(f"two limits are called `{twice[0]}`")
        return self


def read_policy(name: str = "default", data: Path | None = None) -> Policy:
    """The policy of that name (in data/policies) or path. Raises InputError with every fault of the file."""
    return check(Policy, load_table("policies", name, data)[0])


__all__ = ["Age", "Consequence", "Limit", "Policy", "read_policy"]
