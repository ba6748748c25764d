"""The tables of a report: options, perimeters, bill, what it rests on, and the claims."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from costmodel.analysis.check import CheckResult
from costmodel.analysis.judging import Judged
from costmodel.analysis.modeller import ModelledRow
from costmodel.analysis.perimeters import PerimeterRow, total
from costmodel.assumptions.decimals import in_full
from costmodel.billing.bill import Bill, BillLine
from costmodel.reporting.captions import signed
from costmodel.reporting.captions_options import is_documents_month
from costmodel.reporting.pictures import Reduction, reductions
from costmodel.reporting.run_screen import bill_section
from costmodel.reporting.screen import VERDICTS
from costmodel.reporting.tables import Table
from costmodel.reporting.words import NOTHING, dollars, interval, number, percent
from costmodel.result import Result

HUNDRED = 100
ANY_WIDTH = 10**6  # columns: a page scrolls
OPTION_HEAD = (
    "option",
    "fees",
    "loaded, low",
    "loaded, mid",
    "loaded, high",
    "simulated fees",
    "simulated loaded, low",
    "simulated loaded, mid",
    "simulated loaded, high",
)
PERIMETER_HEAD = (
    "perimeter",
    "Stripe",
    "own",
    "document",
    "low to high",
    "simulated",
    "95 % interval",
    "rests on assumptions",
)
TERM_HEAD = ("line", "USD a month", "basis", "source")
CLAIM_HEAD = ("claim", "what it says", "line", "stated", "recomputed", "verdict", "why, and when it would hold")


def option_table(result: CheckResult) -> Table:
    """What each option costs a month; the document's figures say nothing about other payments than its own."""
    simulated, documents = {option.id: option for option in result.modelled_options}, is_documents_month(result)
    rows = []
    for option in result.options:
        modelled = simulated[option.id]
        figures = (option.fees_usd, option.loaded_low_usd, option.loaded_mid_usd, option.loaded_high_usd)
        stated = [dollars(usd) if documents else NOTHING for usd in figures]
        low, mid, high = map(dollars, modelled.loaded_usd)
        ends = (NOTHING, NOTHING) if documents else (low, high)
        rows.append((option.title, *stated, dollars(modelled.fees_usd), ends[0], mid, ends[1]))
    return _without_nothing(Table(OPTION_HEAD, tuple(rows)))


def perimeter_table(result: CheckResult) -> Table:
    """Both sides of every perimeter without its variants, and the reduction in both columns."""
    documents = result.document if result.own.rejected is None else {}
    rows = [_perimeter(each, documents.get(each.id), result.modelled.get(each.id)) for each in reductions(result)]
    return _without_nothing(Table(PERIMETER_HEAD, tuple(rows)))


def _without_nothing(table: Table) -> Table:
    """The same table without the columns that have nothing to say."""
    said = [at for at in range(len(table.head)) if not table.rows or any(row[at] != NOTHING for row in table.rows)]
    rows = tuple(tuple(row[at] for at in said) for row in table.rows)
    return Table(
        tuple(table.head[at] for at in said), rows, frozenset(said.index(at) for at in table.left if at in said)
    )


def _perimeter(each: Reduction, document: PerimeterRow | None, modelled: ModelledRow | None) -> tuple[str, ...]:
    """Money by the document where it has it; the share that nobody published by the simulation where there is one."""
    known = [row for row in (document, modelled.row if modelled else None) if row is not None]
    ends = " to ".join(signed(number(end)) for end in each.ends) if each.ends else NOTHING
    return (
        each.title,
        dollars(known[0].stripe_usd, 2),
        dollars(known[0].own_usd, 2),
        signed(percent(each.document)),
        ends,
        signed(percent(each.modelled)),
        signed(interval(each.interval)) or NOTHING,
        percent(known[-1].share_not_published_or_measured * HUNDRED, 0),
    )


def term_tables(row: PerimeterRow) -> Iterator[tuple[str, Table]]:
    """Both sides of a perimeter, term by term with source and basis."""
    for side, terms in (("Stripe", row.stripe), ("the own system", row.own)):
        rows = [(term.label, dollars(term.usd, 2), term.basis, term.source) for term in terms]
        whole = ("total", dollars(total(terms), 2), "", "")
        yield f"{row.title}: {side}", Table(TERM_HEAD, (*rows, whole), frozenset({2, 3}))


def bill_table(bill: Bill, *, all_: bool = True) -> Table:
    """quantity × unit price = cost with the basis of every line; without `all_` only lines of half a cent or more."""
    shown = bill_section(bill, width=ANY_WIDTH)[0]
    assert isinstance(shown, Table)
    *lines, whole = shown.rows
    least = Decimal(1).scaleb(-2) / 2
    kept = [
        (*cells, line.basis)
        for cells, line in zip(lines, bill.lines, strict=True)
        if all_ or abs(line.cost_usd) >= least
    ]
    return Table((*shown.head, "basis"), (*kept, (*whole, "")), shown.left | {len(shown.head)})


def basis_table(bill: Bill) -> Table:
    """The bill by what its prices and quantities rest on."""
    shares = bill.shares_by_basis()
    rows = tuple(
        (basis, dollars(usd, 2), percent(HUNDRED * shares[basis], 0) if basis in shares else NOTHING)
        for basis, usd in bill.by_basis().items()
    )
    return Table(("basis", "USD a month", "share"), rows)


def price_table(bill: Bill) -> Table:
    """Every price of the bill with its source."""
    rows = dict.fromkeys(map(_price, bill.lines))
    head = ("price", "USD", "per", "from", "price", "quantity", "source")
    return Table(head, tuple(rows), frozenset({2, 4, 5, 6}))


def _price(line: BillLine) -> tuple[str, ...]:
    name = f"{line.service}.{line.meter} ({line.tier})"
    return (
        name,
        in_full(line.unit_price_usd),
        line.unit,
        str(line.price_from),
        line.price_basis,
        line.quantity_basis,
        line.source,
    )


def claim_table(result: CheckResult, *, all_: bool = True) -> Table:
    """Every claim with its verdict; without `all_` the reasons are left out."""
    rows = tuple(_claim(judged) for judged in result.claims)
    if not all_:
        return Table(CLAIM_HEAD[:-1], tuple(row[:-1] for row in rows), frozenset({1, 5}))
    return Table(CLAIM_HEAD, rows, frozenset({1, 5, 6}))


def _claim(judged: Judged) -> tuple[str, ...]:
    claim = judged.claim
    unit = "%" if claim.unit == "percent" else claim.unit
    stated = NOTHING if claim.stated is None else f"{number(claim.stated, 3)} {unit}"
    holds = f" {condition(judged)}" if judged.holds_when else ""
    return (
        claim.id, f"“{claim.quote}”", str(claim.line), stated, number(judged.recomputed, 3), VERDICTS[judged.verdict],
        f"{claim.because}{holds}",
    )  # fmt: skip


def condition(judged: Judged) -> str:
    """What would make the claim true; some conditions are whole sentences already."""
    words = judged.holds_when or ""
    return words if words[:1].isupper() and words.endswith(".") else f"Holds when: {words}"


def provenance_table(result: Result) -> Table:
    """What makes the same figures again."""
    found = {"scenario": result.scenario, "replications": result.replications} | result.provenance()
    found["overridden"] = ", ".join(result.assumptions.overridden) or "nothing"
    rows = tuple((name.replace("_", " "), str(value)) for name, value in found.items())
    return Table(("what", "is"), rows, frozenset({1}))
