"""A month's bill as formulas: quantities over the Usage sheet, prices over the Assumptions sheet.

A row for every part that a price has, also for those that this month's quantity does not reach: they come in when
a quantity or a tier is changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby

from costmodel.assumptions.service import Price, Service
from costmodel.billing.bill import BillLine
from costmodel.billing.minimums import MINIMUM
from costmodel.billing.prices import PriceBook
from costmodel.billing.tiers import ALL, FREE, tier_label
from costmodel.billing.usage import UsageRow
from costmodel.reporting.workbook_cells import Formula, Table, add_up
from costmodel.reporting.workbook_inputs import PriceCells, PriceInputs
from costmodel.reporting.workbook_usage import UsageTables
from costmodel.result import Result
from costmodel.run import rating_terms

COLUMNS = (
    "system", "service", "meter", "region", "tier", "quantity", "unit", "unit_price_usd", "cost_usd", "basis",
    "price_from", "calculated", "source", "note",
)  # fmt: skip
BY_FORMULA, BY_PACKAGE = "by formula", "fee by the package"
Key = tuple[str, str, str]  # service, meter, region


def bill_table() -> Table:
    """The empty Bill sheet."""
    return Table("Bill", COLUMNS, {"quantity": "quantity", "unit_price_usd": "price", "cost_usd": "price"})


@dataclass
class BillSheet:
    """Puts the bills of some results into one Bill sheet, and what they rest on into the others."""

    prices: PriceInputs
    usage: UsageTables
    table: Table = field(default_factory=bill_table)

    def add(self, system: str, result: Result) -> dict[str, tuple[int, int]]:
        """The rows of one result, a total below them; service → its first and last row."""
        lines: dict[Key, dict[str, BillLine]] = {}
        for line in result.bill.lines:
            lines.setdefault(_key(line), {})[line.tier] = line
        terms = rating_terms(result.assumptions)
        book = PriceBook(result.assumptions.services, terms["on"], terms["plans"])
        return _System(self, system, result, book, terms["region"], lines).rows()


@dataclass
class _System:
    sheet: BillSheet
    name: str
    result: Result
    book: PriceBook
    home: str
    lines: dict[Key, dict[str, BillLine]]
    free_used: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    @property
    def services(self) -> Mapping[str, Service]:
        return self.book.services

    def rows(self) -> dict[str, tuple[int, int]]:
        places, table = {}, self.sheet.table
        for service, keys in groupby(self.lines, lambda key: key[0]):
            first = table.next_row
            for key in keys:
                if self.services[service].meter[key[1]].kind != MINIMUM:
                    self._charge(key)
            for meter, terms in self.services[service].meter.items():
                if terms.kind == MINIMUM:
                    self._minimum((service, meter, self.home), first)
            places[service] = first, table.next_row - 1
        return places

    def _charge(self, key: Key) -> None:
        price = self.book.price(*key)
        usage = [row for row in self.result.usage if _key(row, self.home) == key]
        if price.is_fee:
            self._fee(key, price, usage)
        else:
            self._metered(key, price, usage)

    def _metered(self, key: Key, price: Price, usage: list[UsageRow]) -> None:
        cells = self.sheet.prices.price(key, price, self._unit(key), self.home)
        quantity = self.sheet.usage.quantities(self.name, key, self.result, usage)
        billed = quantity
        if cells.free is not None:
            billed = f"({quantity}-{self._free(key, price, cells.free, quantity)})"
        for index, text in enumerate(_parts(billed, price, cells)):
            self._line(key, price, tier_label(price.tiers, index), text, cells.unit_price(index))

    def _free(self, key: Key, price: Price, free: str, quantity: str) -> str:
        """The row of the units that cost nothing; the reference to their number."""
        used = self.free_used.setdefault((key[0], price.free_pool or key[1]), [])
        left = f"MAX(0,{free}-{add_up(used)})" if used else free
        row = self._line(key, price, FREE, f"MIN({quantity},{left})", Formula("0", 0.0))
        used.append(self.sheet.table.cell("quantity", row))
        return used[-1]

    def _line(self, key: Key, price: Price, tier: str, quantity: str, unit_price: Formula) -> int:
        line, row = self.lines[key].get(tier), self.sheet.table.next_row
        cell = self.sheet.table.cell
        cost = f"ROUND({cell('quantity', row)}*{cell('unit_price_usd', row)},10)"
        if tier == FREE:
            cost = "0"
        return self._put(key, price, tier, (
            Formula(quantity, float(line.quantity) if line else 0.0), unit_price,
            Formula(cost, float(line.cost_usd) if line else 0.0),
        ))  # fmt: skip

    def _fee(self, key: Key, price: Price, usage: list[UsageRow]) -> None:
        line, row, cell = self.lines[key][ALL], self.sheet.table.next_row, self.sheet.table.cell
        exact = self.sheet.usage.can_be_exact(price, usage, adds=self._adds(key))
        cells = self.sheet.prices.fee(key, price, None if exact else line, self.home)
        quantity, fees = self.sheet.usage.fees(self.name, self.result, usage, (price, cells), line)
        mean = f"IF({cell('quantity', row)}=0,0,{cell('cost_usd', row)}/{cell('quantity', row)})"
        self._put(key, price, ALL, (
            Formula(quantity, float(line.quantity)), Formula(mean, float(line.unit_price_usd)),
            Formula(f"ROUND({fees},10)", float(line.cost_usd)),
        ), BY_FORMULA if exact else BY_PACKAGE)  # fmt: skip

    def _minimum(self, key: Key, first: int) -> None:
        price, table = self.book.price(*key), self.sheet.table
        line, row = self.lines.get(key, {}).get(ALL), table.next_row
        least = self.sheet.prices.price(key, price, self._unit(key), self.home).unit_price(0)
        short = f"{table.cell('unit_price_usd', row)}-SUM({table.span('cost_usd', first, row - 1)})"
        share = f"{table.cell('cost_usd', row)}/{table.cell('unit_price_usd', row)}"
        self._put(key, price, ALL, (
            Formula(share, float(line.quantity) if line else 0.0), least,
            Formula(f"ROUND(MAX(0,{short}),10)", float(line.cost_usd) if line else 0.0),
        ))  # fmt: skip

    def _put(
        self, key: Key, price: Price, tier: str, money: tuple[Formula, Formula, Formula], how: str = BY_FORMULA
    ) -> int:
        known = next(iter(self.lines.get(key, {}).values()), None)
        quantity, unit_price, cost = money
        return self.sheet.table.add(
            system=self.name, service=key[0], meter=key[1], region=key[2], tier=tier, quantity=quantity,
            unit=self._unit(key), unit_price_usd=unit_price, cost_usd=cost, calculated=how, source=price.source,
            basis=known.basis if known else price.basis, price_from=price.from_, note=known.note if known else "",
        )  # fmt: skip

    def _unit(self, key: Key) -> str:
        return self.services[key[0]].meter[key[1]].unit

    def _adds(self, key: Key) -> bool:
        return self.services[key[0]].meter[key[1]].adds_to is not None


def _key(row: BillLine | UsageRow, home: str = "") -> Key:
    return row.service, row.meter, row.region or home


def _parts(billed: str, price: Price, cells: PriceCells) -> Iterator[str]:
    """The formula of each tier's part of what is billed."""
    above, last = cells.above, len(price.tiers) - 1
    for index in range(last + 1):
        if last == 0:
            yield billed
        elif price.tiering == "volume":
            reached = [f"{billed}>{above[index]}"] if index else []
            reached += [f"{billed}<={above[index + 1]}"] if index < last else []
            yield f"IF(AND({','.join(reached)}),{billed},0)"
        else:
            inside = billed if index == last else f"MIN({billed},{above[index + 1]})"
            yield f"MAX(0,{inside}-{above[index]})"
