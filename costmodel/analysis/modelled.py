"""The modelled column: which usage two bills are made of, and which of their lines a perimeter counts."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from costmodel.analysis.perimeters import PerimeterRow, Term
from costmodel.assumptions.perimeter import Added, End, Modelled, Perimeters, Side
from costmodel.billing.bill import Bill, BillLine
from costmodel.billing.usage import UsageRow

ALL = "*"


def modelled_row(
    file: Perimeters, perimeter: str, stripe_bill: Bill, own_bill: Bill, variant: str | None = None
) -> PerimeterRow:
    """One row of the modelled column: the lines of the two bills that this perimeter counts.

    The bills must have been made as the perimeter's sides say (`sides`): their rail, plans and added usage.
    Raises KeyError for an unknown name or a perimeter without a modelled column.
    """
    here = file.find(perimeter)
    other = here.find(variant)
    both = sides(file, perimeter, variant)
    counted: dict[str, tuple[Term, ...]] = {}
    rest: list[Term] = []
    for name, side, bill in (("stripe", both.stripe, stripe_bill), ("own", both.own, own_bill)):
        inside, outside = _divided(file, side, bill)
        counted[name] = tuple(map(_bill_term, inside))
        rest += map(_bill_term, outside)
    title = other.title if other else here.title
    return PerimeterRow(here.id, title, variant, "modelled", counted["stripe"], counted["own"], tuple(rest))


def sides(file: Perimeters, perimeter: str, variant: str | None = None) -> Modelled:
    """How the two bills of a perimeter are made. Raises KeyError where it has no modelled column."""
    here = file.find(perimeter)
    found = here.modelled_as(here.find(variant))
    if found is None:
        raise KeyError(f"{perimeter} has no modelled column" if variant is None else f"{perimeter}.{variant} has none")
    return found


def _divided(file: Perimeters, side: Side, bill: Bill) -> tuple[list[BillLine], list[BillLine]]:
    """The lines of a bill that stand on this side (selected and not left out, or added by it), and the others."""
    wanted, unwanted = _unfolded(file, side.lines), _unfolded(file, side.without)
    added = {f"{file.adds[name].service}.{file.adds[name].meter}" for name in side.adds}
    inside: list[BillLine] = []
    outside: list[BillLine] = []
    for line in bill.lines:
        names = _names(line)
        stands = names & added or (names & wanted and not names & unwanted)
        (inside if stands else outside).append(line)
    return inside, outside


def with_added(
    file: Perimeters, side: Side, rows: Iterable[UsageRow], *, payments: Decimal, volume_usd: Decimal, at: End = "value"
) -> list[UsageRow]:
    """The usage with what the side adds for a month of so many payments and USD; it replaces rows of its meters."""
    added = [_added_row(file.adds[name], payments, volume_usd, at) for name in side.adds]
    meters = {(row.service, row.meter) for row in added}
    return [row for row in rows if (row.service, row.meter) not in meters] + added


def bill_usd(bill: Bill, figure: str) -> Decimal:
    """The USD that a claim calls `bill.kms`, `bill.stripe.payout` or `bill.eventbridge+bill.sns`."""
    selectors = [part.removeprefix("bill.") for part in figure.split("+")]
    return sum((line.cost_usd for line in bill.lines if _names(line) & set(selectors)), Decimal(0))


def _added_row(added: Added, payments: Decimal, volume_usd: Decimal, at: End) -> UsageRow:
    each = added.quantity if at == "value" else getattr(added, at)
    times = {"month": Decimal(1), "payment": payments, "usd": volume_usd}[added.per]
    return UsageRow(added.service, added.meter, each * times, basis=added.basis, note=added.source)


def _unfolded(file: Perimeters, words: tuple[str, ...]) -> set[str]:
    """Selectors by name put in place of their names."""
    return {word for name in words for word in file.selectors.get(name, (name,))}


def _names(line: BillLine) -> set[str]:
    """The words that select a line."""
    return {ALL, line.service, f"{line.service}.{line.meter}", f"{ALL}.{line.meter}"}


def _bill_term(line: BillLine) -> Term:
    return Term(
        name=f"{line.service}.{line.meter}",
        label=f"{line.service}.{line.meter}",
        usd=line.cost_usd,
        basis=line.basis,
        source=line.source,
        is_known=line.is_known,
    )
