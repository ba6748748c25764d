"""What can be moved until both sides cost the same, and which lines of both columns belong together."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, Self

from pydantic import model_validator

from costmodel.assumptions.document import Formula
from costmodel.assumptions.fields import Name, NotNegative, Quantity, Record, Sourced, Text
from costmodel.assumptions.perimeter import Dotted, Selector


class PricePart(Record):
    """A part of a meter's price: what a unit costs, or the percentage of a fee."""

    service: Name
    meter: Name
    part: Literal["usd", "percent"]


class Lever(Sourced):
    """One assumption that is moved, by its path and by a short name.

    kind: how it moves the simulated month: "volume" (USD a month at the same ticket), "assumption" (its path, simulated
    anew), "price" (the parts named in `meters`, billed anew), "mix" (between the rails) or "lost" (`own`, USD a month
    more on the own side). inputs: how it moves the document's inputs, formulas over them and `x`. low, high: the range
    that is searched, within what is possible (`least`, `most`). asks: it is a rate that one would ask Stripe for.
    whole: it counts something.
    """

    id: Name
    title: Text
    unit: Text
    kind: Literal["volume", "assumption", "price", "mix", "lost"]
    path: Dotted | None = None
    inputs: dict[Name, Formula] = {}
    own: Formula | None = None
    meters: tuple[PricePart, ...] = ()
    whole: bool = False
    asks: bool = False
    low: NotNegative
    high: NotNegative
    least: NotNegative = Decimal(0)
    most: NotNegative | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not self.least <= self.low < self.high <= (self.high if self.most is None else self.most):
            raise ValueError("`least` <= `low` < `high` <= `most` does not hold")
        if (self.kind == "lost") != (self.own is not None):
            raise ValueError("`own` goes with kind = lost, and only with it")
        if (self.kind == "price") != bool(self.meters):
            raise ValueError("`meters` goes with kind = price, and only with it")
        if self.kind in ("volume", "assumption") and self.path is None:
            raise ValueError(f"a lever of kind {self.kind} needs the `path` of its assumption")
        return self


class Cause(Record):
    """Terms of the document and lines of the bills that stand for the same thing, and why they come to other sums."""

    id: Name
    title: Text
    terms: tuple[Name, ...]
    lines: tuple[Selector, ...]
    because: Text


class Levers(Record):
    """The levers over the perimeters of one document; `figures` are further inputs of their formulas."""

    title: Text
    perimeters: Name
    lever: tuple[Lever, ...]
    figures: dict[Name, Quantity] = {}
    cause: tuple[Cause, ...] = ()

    def find(self, key: str) -> Lever | None:
        """The lever of that short name or path; None if there is none."""
        return next((lever for lever in self.lever if key in (lever.id, lever.path)), None)
