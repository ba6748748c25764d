"""The perimeters within which costs are compared, with the figures, terms and options they are made of."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import StringConstraints, model_validator

from costmodel.assumptions.document import Formula
from costmodel.assumptions.fields import Name, NotNegative, Number, PositiveCount, Quantity, Record, Sourced, Text

End = Literal["low", "value", "high"]
Dotted = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$", max_length=240)]
Selector = Annotated[
    str, StringConstraints(pattern=r"^(\*|(\*\.)?[a-z][a-z0-9_]*|[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*)$", max_length=160)
]


class Input(Quantity):
    """A figure of the document column; `line` is where it stands in the document."""

    line: PositiveCount | None = None


class TermLine(Record):
    """One line of a sum: a label and a formula over the inputs, in USD a month; `fixed` if volume leaves it alone."""

    label: Text
    formula: Formula
    fixed: bool = False


class Added(Sourced):
    """Usage that no simulation counts, added to one side: `quantity` a month, per payment or per USD of volume."""

    service: Name
    meter: Name
    quantity: NotNegative
    low: NotNegative
    high: NotNegative
    per: Literal["month", "payment", "usd"]

    @model_validator(mode="after")
    def _range(self) -> Self:
        if not self.low <= self.quantity <= self.high:
            raise ValueError("`low` <= `quantity` <= `high` does not hold")
        return self


class Side(Record):
    """One side of the modelled column.

    rail: how buyers pay; lines: which lines of the bill count, each `service`, `service.meter`, `*.meter` of any
    service, or `*` for all; without: lines left out of those; plans: service -> price plan; adds: names of usage
    rows added.
    """

    rail: Literal["card", "ach"]
    lines: tuple[Selector, ...]
    without: tuple[Selector, ...] = ()
    plans: dict[Name, Name] = {}
    adds: tuple[Name, ...] = ()


class Modelled(Record):
    """Both sides of the modelled column."""

    stripe: Side
    own: Side


class Variant(Record):
    """A perimeter with something else: other terms, other inputs, or the low or high end of every range.

    Terms that are not given are the perimeter's. So is the modelled column if only `at` is given; else a variant has
    the modelled column it states, or none. symmetric: what is added to one side is added to the other.
    """

    id: Name
    title: Text
    stripe: tuple[Name, ...] | None = None
    own: tuple[Name, ...] | None = None
    at: End | None = None
    symmetric: bool = False
    inputs: dict[Name, Number] = {}
    modelled: Modelled | None = None


class Perimeter(Record):
    """What stands on each side of a comparison: names of terms or groups for the document column, and the bill's.

    A perimeter without terms has no document column.
    """

    id: Name
    title: Text
    description: Text
    stripe: tuple[Name, ...] = ()
    own: tuple[Name, ...] = ()
    variant: tuple[Variant, ...] = ()
    modelled: Modelled | None = None

    @model_validator(mode="after")
    def _sides(self) -> Self:
        if bool(self.stripe) != bool(self.own):
            raise ValueError("give terms for both sides, or for neither")
        names = [variant.id for variant in self.variant]
        if len(set(names)) != len(names):
            raise ValueError("two variants have the same id")
        return self

    def modelled_as(self, variant: Variant | None) -> Modelled | None:
        """The modelled column of a variant; None if it has only a document column."""
        if variant is None:
            return self.modelled
        as_here = not (variant.inputs or variant.stripe or variant.own)
        return variant.modelled or (self.modelled if as_here else None)

    def find(self, variant: str | None) -> Variant | None:
        """The variant of that id; None for the perimeter itself. KeyError if there is none."""
        if variant is None:
            return None
        return {known.id: known for known in self.variant}[variant]


class Split(Record):
    """Another reading of which terms volume moves: these `fixed`, these `variable`, other `inputs`."""

    id: Name
    title: Text
    fixed: tuple[Name, ...] = ()
    variable: tuple[Name, ...] = ()
    inputs: dict[Name, Number] = {}


class Option(Record):
    """Something the reader can do; `fees` and `loaded` name a side: perimeter.side or perimeter.variant.side."""

    id: Name
    title: Text
    note: Text | None = None
    fees: Dotted
    loaded: Dotted
    against: tuple[Name, ...] = ()


class Part(Record):
    """A part of the claimed saving: one side less another, both named as in an option."""

    id: Name
    title: Text
    more: Dotted
    less: Dotted


class Perimeters(Record):
    """The perimeters of one document, with the figures, terms and options they are made of."""

    title: Text
    document: Text
    volume: Name
    inputs: dict[Name, Input]
    term: dict[Name, TermLine]
    group: dict[Name, tuple[Name, ...]] = {}
    adds: dict[Name, Added] = {}
    selectors: dict[Name, tuple[Selector, ...]] = {}
    perimeter: tuple[Perimeter, ...]
    split: tuple[Split, ...] = ()
    option: tuple[Option, ...] = ()
    saving: Part | None = None
    saving_part: tuple[Part, ...] = ()

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        for name in self.term.keys() & self.group.keys():
            raise ValueError(f"`{name}` is the name of both a term and a group")
        return self

    def find(self, perimeter: str) -> Perimeter:
        """The perimeter of that id. KeyError if there is none."""
        return {known.id: known for known in self.perimeter}[perimeter]

    def terms_of(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """The names of terms in `names`, groups unfolded. KeyError for a name that is neither."""
        found: list[str] = []
        for name in names:
            found += self.group.get(name, (name,))
        return tuple(found)
