"""What a reduction is worth within a perimeter: its two sides, term by term, on the document's own figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal

from costmodel.analysis.expressions import Where, evaluate, parse
from costmodel.assumptions.by_month import each, is_some
from costmodel.assumptions.perimeter import End, Input, Perimeters, Split
from costmodel.billing.bill import KNOWN_PRICES, weaker

HUNDRED = Decimal(100)  # percent
MONTHS_A_YEAR = 12


@dataclass(frozen=True)
class Term:
    """One line of a side, USD a month; `fixed` if it does not grow with volume (None where nobody said).

    basis: the weakest of what it is made of; is_known: price published or measured, quantity not assumed.
    """

    name: str
    label: str
    usd: Decimal
    basis: str
    source: str
    is_known: bool
    fixed: bool | None = None


class BothSides:
    """What two sums, USD a month, make of each other: Stripe's side and the own side."""

    stripe_usd: Decimal
    own_usd: Decimal

    @property
    def saving_usd(self) -> Decimal:
        """Stripe's side less the own side."""
        return self.stripe_usd - self.own_usd

    @property
    def reduction_percent(self) -> Decimal | None:
        """The saving as a share of Stripe's side; None where that is 0."""
        return reduction_percent(self.stripe_usd, self.own_usd)

    def figures(self, payments: Decimal) -> dict[str, Decimal]:
        """The figures by the names that claims call them (`model`), for a month of so many payments."""
        found = {
            "stripe_usd": self.stripe_usd,
            "own_usd": self.own_usd,
            "saving_usd": self.saving_usd,
            "saving_usd_per_year": self.saving_usd * MONTHS_A_YEAR,
        }
        if self.reduction_percent is not None:
            found["reduction"] = self.reduction_percent
        if is_some(payments):
            found["own_usd_per_payment"] = ratio(self.own_usd, payments)
            found["stripe_usd_per_payment"] = ratio(self.stripe_usd, payments)
        if is_some(self.own_usd):
            found["stripe_over_own"] = ratio(self.stripe_usd, self.own_usd)
        return found


@dataclass(frozen=True)
class Sums(BothSides):
    """Two sums."""

    stripe_usd: Decimal
    own_usd: Decimal


@dataclass(frozen=True)
class PerimeterRow(BothSides):
    """One perimeter (or variant) in one column: both sides term by term, USD a month, and the reduction in percent.

    left_out: lines of the two bills that this perimeter does not count (modelled column only).
    """

    id: str
    title: str
    variant: str | None
    column: Literal["document", "modelled"]
    stripe: tuple[Term, ...]
    own: tuple[Term, ...]
    left_out: tuple[Term, ...] = ()

    @cached_property
    def stripe_usd(self) -> Decimal:  # type: ignore[override]
        """Stripe's side."""
        return total(self.stripe)

    @cached_property
    def own_usd(self) -> Decimal:  # type: ignore[override]
        """The own side."""
        return total(self.own)

    @property
    def share_not_published_or_measured(self) -> Decimal:
        """Share (0 to 1) of both sides' money that rests on an unsure price or quantity; 0 if there is no money."""
        both = (*self.stripe, *self.own)
        unsure = total(term for term in both if not term.is_known)
        return unsure / total(both) if total(both) else Decimal(0)

    def shares_by_basis(self) -> dict[str, Decimal]:
        """Share (0 to 1) of both sides' money by basis."""
        both = (*self.stripe, *self.own)
        bases = dict.fromkeys(term.basis for term in both)
        whole = total(both)
        return {b: total(t for t in both if t.basis == b) / whole for b in bases if whole}


def ratio(part: Decimal, whole: Decimal) -> Any:
    """One over the other; None where the other is 0."""
    return each(lambda one, other: one / other if other else None, part, whole)


def total(terms: Iterable[Term]) -> Decimal:
    """The sum of some terms, USD."""
    return sum((term.usd for term in terms), Decimal(0))


def reduction_percent(stripe_usd: Decimal, own_usd: Decimal) -> Decimal | None:
    """100 × (Stripe − own) / Stripe; negative where owning costs more, None where Stripe costs nothing.

    >>> reduction_percent(Decimal(1200), Decimal(525))
    Decimal('56.25')
    """
    return ratio(HUNDRED * (stripe_usd - own_usd), stripe_usd) if is_some(stripe_usd) else None


def document_rows(file: Perimeters) -> tuple[PerimeterRow, ...]:
    """Every perimeter that has a document column, each followed by its variants."""
    return tuple(
        document_row(file, perimeter.id, variant)
        for perimeter in file.perimeter
        if perimeter.stripe
        for variant in (None, *(known.id for known in perimeter.variant))
    )


def document_row(
    file: Perimeters, perimeter: str, variant: str | None = None, *, at: End | None = None, split: Split | None = None
) -> PerimeterRow:
    """One row of the document column.

    at: the end of every input's range to take, else the variant's own, else the values. split: another reading of
    what volume moves. Raises KeyError for an unknown name, InputError where a formula has no value.
    """
    here = file.find(perimeter)
    other = here.find(variant)
    given = dict(other.inputs if other else {}) | dict(split.inputs if split else {})
    values = input_values(file.inputs, at or (other.at if other else None) or "value") | given
    stripe = other.stripe if other and other.stripe is not None else here.stripe
    own = other.own if other and other.own is not None else here.own
    return PerimeterRow(
        id=here.id,
        title=other.title if other else here.title,
        variant=variant,
        column="document",
        stripe=tuple(_term(file, name, values, split) for name in file.terms_of(stripe)),
        own=tuple(_term(file, name, values, split) for name in file.terms_of(own)),
    )


def input_values(inputs: Mapping[str, Input], at: End) -> dict[str, Decimal]:
    """The inputs' values, or that end of the range of those that have one."""
    values = {}
    for name, figure in inputs.items():
        end = None if at == "value" else getattr(figure, at)
        values[name] = figure.value if end is None else end
    return values


def _term(file: Perimeters, name: str, values: Mapping[str, Decimal], split: Split | None) -> Term:
    line = file.term[name]
    where = Where(key=f"term.{name}.formula")
    used = [file.inputs[known] for known in names_in(line.formula, where)]
    basis = weaker(figure.basis for figure in used) if used else "assumption"
    return Term(
        name=name,
        label=line.label,
        usd=evaluate(line.formula, values, where),
        basis=basis,
        source="; ".join(dict.fromkeys(figure.source for figure in used)),
        is_known=basis in KNOWN_PRICES,
        fixed=_is_fixed(name, line.fixed, split),
    )


def names_in(formula: str, where: Where) -> list[str]:
    """The names a formula uses, in order."""
    return sorted(parse(formula, where).names)


def _is_fixed(name: str, fixed: bool, split: Split | None) -> bool:
    if split is None:
        return fixed
    return name in split.fixed or (fixed and name not in split.variable)
