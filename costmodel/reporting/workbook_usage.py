"""The Usage sheet, and the Payments sheet with the amounts that percentages are taken on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from costmodel.assumptions.service import Price
from costmodel.billing.bill import BillLine
from costmodel.billing.fees import CENTS_PER_USD, IntArray, fee_cents
from costmodel.billing.quantities import hours_of_month, quantity_of
from costmodel.billing.usage import UsageRow
from costmodel.reporting.workbook_cells import Formula, Input, Table, add_up
from costmodel.reporting.workbook_inputs import PAYMENTS, SIMULATED, PriceCells
from costmodel.result import Result
from costmodel.run import rating_terms

USAGE = (
    "system", "service", "meter", "region", "found", "follows_payments", "quantity", "unit", "basis", "fees_usd",
    "note",
)  # fmt: skip
AMOUNTS = ("system", "service", "meter", "amount_cents", "payments", "fee_cents")
YES, NO = "yes", "no"
FOLLOWS = "simulated"
MOST_AMOUNTS = 100_000  # rows of Payments for one fee; beyond it the package's mean fee is taken
PERCENT_DECIMALS, USD_DECIMALS = 4, 8  # that a fee's formula carries exactly
MILLION = 10**6
Key = tuple[str, str, str]


@dataclass
class UsageTables:
    """Puts usage into the sheets, and gives the formulas that take it from there."""

    usage: Table = field(default_factory=lambda: Table(
        "Usage", USAGE, {"found": "quantity", "quantity": "quantity", "fees_usd": "price"}))  # fmt: skip
    payments: Table = field(default_factory=lambda: Table("Payments", AMOUNTS, dict.fromkeys(AMOUNTS[3:], "whole")))

    def quantities(self, system: str, key: Key, result: Result, rows: Sequence[UsageRow]) -> str:
        """The rows of a meter's quantity; the formula of their sum."""
        unit = result.assumptions.services[key[0]].meter[key[1]].unit
        return self._sum("quantity", [self._row(system, key, row, _quantity(row, result), unit) for row in rows])

    def can_be_exact(self, price: Price, rows: Sequence[UsageRow], *, adds: bool) -> bool:
        """Whether a formula gives the fees exactly: no surcharge, few enough decimals and amounts."""
        flat = not price.percent and price.minimum_usd is None and price.maximum_usd is None
        digits = _digits(price.percent) <= PERCENT_DECIMALS and _digits(price.fixed_usd) <= USD_DECIMALS
        listed = all(row.amounts is not None and len(row.amounts[0]) <= MOST_AMOUNTS for row in rows)
        return not adds and digits and (flat or listed)

    def fees(
        self, system: str, result: Result, rows: Sequence[UsageRow], fee: tuple[Price, PriceCells], line: BillLine
    ) -> tuple[str, str]:
        """The rows of payments that a fee is taken on; the formulas of their number and of the fees in USD."""
        key = line.service, line.meter, line.region
        share = line.cost_usd / line.quantity if line.quantity else Decimal(0)
        numbers = []
        for row in rows:
            quantity = _quantity(row, result)
            text = self._fees(key, system, row, fee, self.usage.cell("quantity", self.usage.next_row))
            numbers.append(self._row(system, key, row, quantity, line.unit, Formula(text, float(share * quantity))))
        return self._sum("quantity", numbers), self._sum("fees_usd", numbers)

    def _row(self, system: str, key: Key, row: UsageRow, found: Decimal, unit: str, fees: Formula | None = None) -> int:
        at, follows = self.usage.next_row, row.basis == FOLLOWS
        text = self.usage.cell("found", at) + (f"*{PAYMENTS}/{SIMULATED}" if follows else "")
        return self.usage.add(
            system=system, service=key[0], meter=key[1], region=key[2], found=found if follows else Input(found),
            follows_payments=YES if follows else NO, quantity=Formula(text, float(found)), unit=unit, basis=row.basis,
            fees_usd=fees, note=row.note,
        )  # fmt: skip

    def _fees(self, key: Key, system: str, row: UsageRow, fee: tuple[Price, PriceCells], quantity: str) -> str:
        cells = fee[1]
        if cells.effective is not None:
            return f"{quantity}*{cells.effective}"
        if cells.percent is None and cells.minimum is None and cells.maximum is None:
            return f"{quantity}*ROUND({cells.fixed},2)"
        if row.amounts is None or not row.amounts[1].any():
            return "0"
        first, last = self._amounts(key, system, row.amounts, fee)
        counts, fees = (self.payments.span(column, first, last) for column in ("payments", "fee_cents"))
        return f"{quantity}*SUMPRODUCT({counts},{fees})/SUM({counts})/{CENTS_PER_USD}"

    def _amounts(
        self, key: Key, system: str, amounts: tuple[IntArray, IntArray], fee: tuple[Price, PriceCells]
    ) -> tuple[int, int]:
        """A row for every amount: its fee in whole cents, a half cent up, as integers that a sheet holds exactly."""
        first = self.payments.next_row
        values = fee_cents(amounts[0], fee[0])
        for cents, count, value in sorted(zip(*(each.tolist() for each in (*amounts, values)), strict=True)):
            text = _fee(self.payments.cell("amount_cents", self.payments.next_row), fee[1])
            self.payments.add(system=system, service=key[0], meter=key[1], amount_cents=cents, payments=count,
                              fee_cents=Formula(text, float(value)))  # fmt: skip
        return first, self.payments.next_row - 1

    def _sum(self, column: str, rows: Sequence[int]) -> str:
        if len(rows) == 1:
            return self.usage.cell(column, rows[0])
        return add_up([self.usage.span(column, rows[0], rows[-1])] if rows else [])


def _fee(amount: str, cells: PriceCells) -> str:
    percent = f"{amount}*ROUND({cells.percent}*10^{PERCENT_DECIMALS},0)" if cells.percent else "0"
    fixed = f"ROUND({cells.fixed}*10^{USD_DECIMALS},0)" if cells.fixed else "0"
    fee = f"INT(({percent}+{fixed}+{MILLION // 2})/{MILLION})"
    if cells.minimum:
        fee = f"IF({amount}>0,MAX({fee},ROUND({cells.minimum}*{CENTS_PER_USD},0)),{fee})"
    return f"MIN({fee},ROUND({cells.maximum}*{CENTS_PER_USD},0))" if cells.maximum else fee


def _quantity(row: UsageRow, result: Result) -> Decimal:
    """What a row comes to in a month: payments, or units of its meter."""
    if row.amounts is not None:
        return Decimal(sum(row.amounts[1].tolist())) * row.scale
    terms, service = rating_terms(result.assumptions), result.assumptions.services[row.service]
    hours = hours_of_month(terms["on"]) if terms["month_hours"] is None else Decimal(terms["month_hours"])
    return quantity_of(row, service, service.meter[row.meter], terms["on"], hours) * row.scale


def _digits(value: Decimal | None) -> int:
    return max(0, -int(value.normalize().as_tuple().exponent)) if value else 0
