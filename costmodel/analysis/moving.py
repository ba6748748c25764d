"""Both sides of a perimeter with one lever moved: on the document's figures, and simulated."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from costmodel.analysis.breakeven import base_volume
from costmodel.analysis.expressions import Where, evaluate
from costmodel.analysis.lever_files import lever_values
from costmodel.analysis.modelled import sides
from costmodel.analysis.modeller import Modeller
from costmodel.analysis.perimeters import HUNDRED, PerimeterRow, Sums, Term, document_row, total
from costmodel.analysis.sampling import shortened
from costmodel.analysis.sides import Business, Rail
from costmodel.assumptions.lever import Lever, Levers, PricePart
from costmodel.assumptions.perimeter import Perimeters, Split
from costmodel.assumptions.service import Price, Service

CARDS_KEPT = {"card": "cards_kept", "ach": "same_rail"}  # the perimeters in which both sides are on that rail


@dataclass(frozen=True)
class Sides:
    """What each side costs at one value of a lever, USD a month, term by term."""

    stripe: tuple[Term, ...]
    own: tuple[Term, ...]

    @property
    def stripe_usd(self) -> Decimal:
        """Stripe's side."""
        return total(self.stripe)

    @property
    def own_usd(self) -> Decimal:
        """The own side."""
        return total(self.own)

    def gap_usd(self, target_percent: Decimal) -> Decimal:
        """By how much the own side is dearer than the target allows; 0 or less where it is reached."""
        return self.own_usd - (1 - target_percent / HUNDRED) * self.stripe_usd

    @property
    def reduction_percent(self) -> Decimal | None:
        """The saving as a share of Stripe's side; None where that is 0."""
        return HUNDRED * (1 - self.own_usd / self.stripe_usd) if self.stripe_usd else None


def mixed(one: Sides, other: Sides, share: Decimal) -> Sides:
    """`share` (0 to 1) of the first and the rest of the second, term by term."""
    return Sides(_mixed(one.stripe, other.stripe, share), _mixed(one.own, other.own, share))


def _mixed(one: tuple[Term, ...], other: tuple[Term, ...], share: Decimal) -> tuple[Term, ...]:
    scaled = [(term, share) for term in one] + [(term, 1 - share) for term in other]
    terms: dict[str, Term] = {}
    for term, times in scaled:
        before = terms[term.name].usd if term.name in terms else Decimal(0)
        terms[term.name] = dataclasses.replace(term, usd=before + term.usd * times)
    return tuple(terms.values())


def _of(row: PerimeterRow) -> Sides:
    return Sides(row.stripe, row.own)


def _sums(sums: Sums) -> Sides:
    """Two sums as one term each."""
    stripe, own = (
        Term(side, side, usd, "assumption", "", is_known=False)
        for side, usd in (("stripe", sums.stripe_usd), ("own", sums.own_usd))
    )
    return Sides((stripe,), (own,))


def _with_own(found: Sides, lever: Lever, usd: Decimal) -> Sides:
    """The own side with what the lever adds to it."""
    added = Term(lever.id, lever.title, usd, lever.basis, lever.source, is_known=False)
    return Sides(found.stripe, (*found.own, added))


@dataclass(frozen=True)
class DocumentColumn:
    """The sides on the document's figures."""

    levers: Levers
    file: Perimeters
    perimeter: str
    variant: str | None

    def at(self, lever: Lever, x: Decimal) -> Sides:
        """The sides with the lever at x."""
        if lever.kind == "volume":
            return _grown(self._row({}), x / base_volume(self.file))
        if lever.kind == "mix":
            return self._mix(x / HUNDRED)
        found = self._row(self.moved(lever, x))
        if lever.own is None:
            return found
        values = lever_values(self.levers, self.file, x)
        return _with_own(found, lever, evaluate(lever.own, values, Where(key=f"{lever.id}.own")))

    def moved(self, lever: Lever, x: Decimal) -> dict[str, Decimal]:
        """The inputs that the lever at x changes."""
        values = lever_values(self.levers, self.file, x)
        return {name: evaluate(text, values, Where(key=f"{lever.id}.{name}")) for name, text in lever.inputs.items()}

    def _row(self, inputs: dict[str, Decimal]) -> Sides:
        split = Split(id="moved", title="moved", inputs=inputs)
        return _of(document_row(self.file, self.perimeter, self.variant, split=split))

    def _mix(self, share: Decimal) -> Sides:
        """By ACH as the perimeter has it; the rest with the own side's ACH terms exchanged for those of cards."""
        ach = self._row({})
        ends = {rail: _of(document_row(self.file, name)) for rail, name in CARDS_KEPT.items()}
        return mixed(ach, Sides(_exchanged(ach.stripe, ends["ach"].stripe, ends["card"].stripe),
                                _exchanged(ach.own, ends["ach"].own, ends["card"].own)), share)  # fmt: skip


def _exchanged(terms: tuple[Term, ...], old: tuple[Term, ...], new: tuple[Term, ...]) -> tuple[Term, ...]:
    """The terms, those that only `old` has replaced by those that only `new` has; as they are if they have none."""
    old_names, new_names = {term.name for term in old}, {term.name for term in new}
    if not {term.name for term in terms} & (old_names - new_names):
        return terms
    kept = tuple(term for term in terms if term.name not in old_names - new_names)
    return (*kept, *(term for term in new if term.name not in old_names))


def _grown(found: Sides, times: Decimal) -> Sides:
    """The sides at so many times the volume: what is fixed stays."""
    grown = [
        tuple(term if term.fixed else dataclasses.replace(term, usd=term.usd * times) for term in side)
        for side in (found.stripe, found.own)
    ]
    return Sides(grown[0], grown[1])


@dataclass
class ModelledColumn:
    """The sides simulated; every month once. Each point gives the replications together and one by one."""

    levers: Levers
    file: Perimeters
    perimeter: str
    variant: str | None
    business: Business
    ticket_usd: Decimal
    known: dict[tuple[str, Decimal], tuple[Sides, list[Sides]]] = field(default_factory=dict)

    def width(self, lever: Lever) -> Decimal:
        """The least step of the lever: a payment, a whole number, or 0 where there is none."""
        if lever.kind == "volume":
            return self.ticket_usd
        return Decimal(1) if lever.whole else Decimal(0)

    def at(self, lever: Lever, x: Decimal) -> Sides:
        """The sides with the lever at x, all replications together."""
        return self.replicated(lever, x)[0]

    def replicated(self, lever: Lever, x: Decimal) -> tuple[Sides, list[Sides]]:
        """The same, and each replication's."""
        if (lever.id, x) not in self.known:
            self.known[lever.id, x] = self._found(lever, x)
        return self.known[lever.id, x]

    def _found(self, lever: Lever, x: Decimal) -> tuple[Sides, list[Sides]]:
        if lever.whole or lever.kind == "volume":
            return self._between(lever, x)
        if lever.kind == "price":
            return self._rows(self.business, lever, x)
        if lever.kind == "mix":
            return self._mix(x / HUNDRED)
        if lever.kind == "lost":
            return self._lost(lever, x)
        return self._rows(self._moved({str(lever.path): x}))

    def _between(self, lever: Lever, x: Decimal) -> tuple[Sides, list[Sides]]:
        """What only whole numbers have: on the straight line between the two next ones."""
        step = self.width(lever)
        low = max(1, int((x / step).to_integral_value(ROUND_FLOOR)))
        share = max(Decimal(0), x / step - low)
        below = self._whole(lever, low)
        if not share:
            return below
        above = self._whole(lever, low + 1)
        single = [mixed(b, a, share) for a, b in zip(below[1], above[1], strict=False)]
        return mixed(above[0], below[0], share), single

    def _whole(self, lever: Lever, number: int) -> tuple[Sides, list[Sides]]:
        key = (f"{lever.id} whole", Decimal(number))
        if key not in self.known:
            self.known[key] = self._rows(self._moved({str(lever.path): number}))
        return self.known[key]

    def _moved(self, changes: Mapping[str, Any]) -> Business:
        asked = {**self.business.set, **changes}
        asked |= shortened(self.business.scenario, asked, self.business.data)
        return dataclasses.replace(self.business, set=asked, _known={})

    def _rows(
        self, business: Business, lever: Lever | None = None, x: Decimal | None = None
    ) -> tuple[Sides, list[Sides]]:
        """Both sides of a business's month, with prices moved."""
        if lever is None or x is None:
            modeller = Modeller(self.file, business)
        else:
            modeller = Modeller(self.file, business, lambda given: repriced(given, lever.meters, x))
        pooled, single = modeller.replicated(self.perimeter, self.variant)
        return _of(pooled), [_sums(one) for one in single]

    def _mix(self, share: Decimal) -> tuple[Sides, list[Sides]]:
        """Between two months, one on each rail; Stripe's side stays on cards where the perimeter has it there."""
        ach, card = self._rows(self.business), self._cards()
        return mixed(ach[0], card[0], share), [mixed(a, c, share) for a, c in zip(ach[1], card[1], strict=False)]

    def _cards(self) -> tuple[Sides, list[Sides]]:
        """The perimeter with both sides on cards."""
        both = sides(self.file, self.perimeter, self.variant)
        cards = sides(self.file, CARDS_KEPT["card"])
        rail: Rail = "card"
        own = both.own.model_copy(update={"rail": rail})
        stripe = both.stripe.model_copy(update={"rail": rail, "lines": (*both.stripe.lines, *cards.stripe.lines)})
        changed = self.file.find(self.perimeter).model_copy(
            update={"modelled": cards.model_copy(update={"stripe": stripe, "own": own}), "variant": ()}
        )
        others = tuple(known for known in self.file.perimeter if known.id != self.perimeter)
        file = self.file.model_copy(update={"perimeter": (changed, *others)})
        pooled, single = Modeller(file, self.business).replicated(self.perimeter)
        return _of(pooled), [_sums(one) for one in single]

    def _lost(self, lever: Lever, x: Decimal) -> tuple[Sides, list[Sides]]:
        pooled, single = self._rows(self.business)
        month = self.business.result("own", sides(self.file, self.perimeter, self.variant).own.rail)
        values = lever_values(self.levers, self.file, x) | {"volume": month.volume_usd}
        usd = evaluate(str(lever.own), values, Where(key=f"{lever.id}.own"))
        return _with_own(pooled, lever, usd), [_with_own(one, lever, usd) for one in single]


def repriced(services: Mapping[str, Service], parts: tuple[PricePart, ...], x: Decimal) -> dict[str, Service]:
    """The services with those parts of their prices at x, whatever the date, region and plan."""
    changed = dict(services)
    for part in parts:
        service = changed[part.service]
        old = service.meter[part.meter]
        new = old.model_copy(update={"price": tuple(_repriced(price, part, x) for price in old.price)})
        changed[part.service] = service.model_copy(update={"meter": {**service.meter, part.meter: new}})
    return changed


def _repriced(price: Price, part: PricePart, x: Decimal) -> Price:
    if part.part == "percent":
        return price.model_copy(update={"percent": x})
    tiers = tuple(tier.model_copy(update={"usd": x * price.per}) for tier in price.tiers)
    return price.model_copy(update={"tiers": tiers})
