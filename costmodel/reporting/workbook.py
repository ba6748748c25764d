"""A scenario's month as a workbook that calculates: assumptions, usage, bill, comparison and checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from costmodel.reporting.workbook_bill import BY_PACKAGE, BillSheet
from costmodel.reporting.workbook_cells import Formula, Table
from costmodel.reporting.workbook_file import workbook_file
from costmodel.reporting.workbook_inputs import (
    PAYMENTS,
    TICKET,
    PriceInputs,
    add_behind,
    add_volume,
    inputs_table,
)
from costmodel.reporting.workbook_usage import UsageTables
from costmodel.result import Result

OWN = "scenario"
CENT_DIGITS = 2
PERIMETER = (
    "Both sides: the same payments and the same luck, every line of the month's bill, returns and disputes with it; "
    "no people, bank, audit, legal or losses. `costmodel check` has the other perimeters."
)
OTHER_RAIL = "against another rail it compares two ways to pay, not two systems"
OF_CHECKS = "package: from the inputs as they came; after an input was changed, it should say `differs`"


@dataclass(frozen=True)
class _Priced:
    """A system's month on the Bill sheet: the cell of its total, and the rows of each service."""

    result: Result
    total: str
    services: dict[str, tuple[int, int]]


def workbook(result: Result, others: Mapping[str, Result]) -> bytes:
    """An .xlsx file of live formulas with their values; the same result gives the same bytes.

    others: the same month on other systems, by names as of columns; they stand beside it on every sheet. A quantity
    that was simulated moves with `payments_per_month` in proportion. Fees are exact to the cent for each payment, but
    for surcharges and for more than 100,000 different amounts: there the package's mean fee stands as an input.
    """
    inputs, usage = inputs_table(), UsageTables()
    add_volume(inputs, result)
    sheet = BillSheet(PriceInputs(inputs), usage)
    months = {OWN: result, **others}
    priced = {name: _add(sheet, name, month) for name, month in months.items()}
    add_behind(inputs, result)
    bill = sheet.table
    tables = (_comparison(priced), bill, usage.usage, inputs, _checks(priced, bill), usage.payments)
    title = f"{result.scenario}: {result.assumptions.scenario.title}"
    return workbook_file([table for table in tables if table.rows], title, result.assumptions.scenario.on)


def _add(sheet: BillSheet, name: str, result: Result) -> _Priced:
    services = sheet.add(name, result)
    table = sheet.table
    rows = [row for pair in services.values() for row in pair]
    text = f"SUM({table.span('cost_usd', min(rows), max(rows))})" if rows else "0"
    row = table.add(system=name, service="total", cost_usd=Formula(text, float(result.bill.total_usd)))
    return _Priced(result, table.call(f"total_{name}_usd", "cost_usd", row), services)


def _comparison(priced: Mapping[str, _Priced]) -> Table:
    """Totals side by side; what the scenario saves against each of the others."""
    names = list(priced)
    table = Table("Comparison", ("figure", *names, "note"), dict.fromkeys(names, "money"))
    own = priced[OWN]
    payments = Decimal(str(own.result.figures["offered_per_month"]))
    volume = payments * own.result.mean_ticket_usd
    bills = {name: (each.total, each.result.bill.total_usd) for name, each in priced.items()}
    table.add(figure="system", **{name: _titled(each.result) for name, each in priced.items()})
    table.add(figure="bill, USD a month", note=PERIMETER,
              **{name: Formula(total, float(usd)) for name, (total, usd) in bills.items()})  # fmt: skip
    table.add(figure="payments a month", **dict.fromkeys(names, Formula(PAYMENTS, float(payments))))
    table.add(figure="volume, USD a month",
              **dict.fromkeys(names, Formula(f"{PAYMENTS}*{TICKET}", float(volume))))  # fmt: skip
    table.add(figure="USD per payment", **{
        name: Formula(f"IF({PAYMENTS}=0,0,{total}/{PAYMENTS})", _share(usd, payments))
        for name, (total, usd) in bills.items()
    })  # fmt: skip
    table.add(figure="percent of the volume", **{
        name: Formula(f"IF({PAYMENTS}*{TICKET}=0,0,100*{total}/({PAYMENTS}*{TICKET}))", 100 * _share(usd, volume))
        for name, (total, usd) in bills.items()
    })  # fmt: skip
    if len(names) > 1:
        _add_reductions(table, bills)
    return table


def _titled(result: Result) -> str:
    rails = [name for name, share in result.assumptions.scenario.workload.methods.items() if share]
    return f"{result.scenario} through {result.assumptions.pipeline.name}, paid by {' and '.join(rails)}"


def _add_reductions(table: Table, bills: Mapping[str, tuple[str, Decimal]]) -> None:
    (mine, usd), others = bills[OWN], {name: bill for name, bill in bills.items() if name != OWN}
    table.add(figure="the scenario saves, USD a month", **{
        name: Formula(f"{total}-{mine}", float(theirs - usd)) for name, (total, theirs) in others.items()
    })  # fmt: skip
    row = table.add(figure="the scenario saves, percent", **{
        name: Formula(f"IF({total}=0,0,100*(1-{mine}/{total}))", 100 * (1 - _share(usd, theirs)) if theirs else 0.0)
        for name, (total, theirs) in others.items()
    }, note=OTHER_RAIL)  # fmt: skip
    for name in others:
        table.call(f"reduction_percent_{name}", name, row)


def _share(part: Decimal, whole: Decimal) -> float:
    return float(part / whole) if whole else 0.0


# --- checks ----------------------------------------------------------------------------------------------------------


def _checks(priced: Mapping[str, _Priced], bill: Table) -> Table:
    """The sheet's sums beside the package's: in all and by service, to the cent."""
    columns = ("system", "service", "sheet_usd", "package_usd", "difference_usd", "verdict", "note")
    table = Table("Checks", columns, dict.fromkeys(columns[2:5], "money"))
    for name, each in priced.items():
        for service, text, usd in _sums(each, bill):
            row = table.next_row
            sheet, package = (table.cell(column, row) for column in ("sheet_usd", "package_usd"))
            rounded = f"ROUND({sheet},{CENT_DIGITS})-ROUND({package},{CENT_DIGITS})"
            table.add(
                system=name, service=service, sheet_usd=Formula(text, float(usd)), package_usd=usd,
                difference_usd=Formula(f"{sheet}-{package}", 0.0),
                verdict=Formula(f'IF(ABS({rounded})<0.001,"OK","differs")', "OK"),
                note=OF_CHECKS if service == "total" else "",
            )  # fmt: skip
    wrong = f'COUNTIF({table.span("verdict", 2, table.next_row - 1)},"differs")'
    row = table.add(system="all", verdict=Formula(f'IF({wrong}=0,"OK","differs")', "OK"), note=_by_package(bill))
    table.call("all_checks", "verdict", row)
    return table


def _sums(priced: _Priced, bill: Table) -> Iterator[tuple[str, str, Decimal]]:
    """The formula of a total and the package's figure for it."""
    yield "total", priced.total, priced.result.bill.total_usd
    for service, usd in priced.result.bill.by_service().items():
        yield service, f"SUM({bill.span('cost_usd', *priced.services[service])})", usd


def _by_package(bill: Table) -> str:
    at = bill.columns.index("calculated")
    count = sum(row[at] == BY_PACKAGE for row in bill.rows)
    return f"{count} lines rest on a mean fee that the package computed; all others are formulas throughout"
