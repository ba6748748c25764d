"""The Assumptions sheet: what a workbook's formulas rest on, and what the simulated quantities rest on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from costmodel.assumptions.fields import Record, Sourced
from costmodel.assumptions.paths import called
from costmodel.assumptions.service import Price
from costmodel.billing.bill import BillLine
from costmodel.billing.prices import LIST
from costmodel.reporting.workbook_cells import Formula, Input, Table
from costmodel.result import Result

COLUMNS = (
    "assumption", "value", "unit", "above", "low", "high", "basis", "read", "price_from", "name", "source", "note",
)  # fmt: skip
FIGURES = ("value", "quantity", "sigma", "per_second", "hours")  # of a sourced record, whichever it has
UNITS = {"sigma": "sigma of ln(amount)", "hours": "hour", "per_second": "1/s"}
PAYMENTS, SIMULATED, TICKET = "payments_per_month", "payments_simulated", "mean_ticket_usd"
Key = tuple[str, str, str]


def inputs_table() -> Table:
    """The empty Assumptions sheet."""
    return Table("Assumptions", COLUMNS, dict.fromkeys(("value", "above", "low", "high"), "number"))


@dataclass(frozen=True)
class PriceCells:
    """Where the parts of a price stand; what is not there is None."""

    above: tuple[str, ...] = ()
    tiers: tuple[Formula, ...] = ()
    free: str | None = None
    percent: str | None = None
    fixed: str | None = None
    minimum: str | None = None
    maximum: str | None = None
    effective: str | None = None

    def unit_price(self, tier: int) -> Formula:
        """The price of one unit in a tier."""
        return self.tiers[tier]


@dataclass
class PriceInputs:
    """Puts prices into the sheet, each once however many systems pay it."""

    table: Table
    _known: dict[tuple[Any, ...], PriceCells] = field(default_factory=dict)

    def price(self, key: Key, price: Price, unit: str, home: str) -> PriceCells:
        """The cells of a metered price: a row a tier, and one for the free units."""
        known = (key, price.plan, price.from_)
        if known not in self._known:
            name = _name(key, price, home)
            rows = [self._tier(index, key, price, unit, name) for index in range(len(price.tiers))]
            cells = [self.table.cell("value", row) for row in rows]
            per = "" if price.per == 1 else f"/{price.per}"
            self._known[known] = PriceCells(
                above=tuple(self.table.cell("above", row) for row in rows),
                tiers=tuple(Formula(f"{cell}{per}", float(tier.usd / price.per))
                            for cell, tier in zip(cells, price.tiers, strict=True)),
                free=self._part(key, price, "free units a month", price.free_per_month, unit, f"free_{name}")
                if price.free_per_month else None,
            )  # fmt: skip
        return self._known[known]

    def fee(self, key: Key, price: Price, effective: BillLine | None, home: str) -> PriceCells:
        """The cells of a fee per payment; of one that no formula gives exactly, its mean as the package made it."""
        name = _name(key, price, home)
        if effective is not None:
            mean = effective.cost_usd / effective.quantity if effective.quantity else Decimal(0)
            text = "mean fee, computed by the package from every payment's"
            return PriceCells(effective=self._part(key, price, text, mean, "USD/payment", f"fee_{name}"))
        known = (key, price.plan, price.from_)
        if known not in self._known:
            parts = {
                part: self._part(key, price, f"fee, {part}", value, unit, f"{part}_{name}")
                for part, value, unit in (
                    ("percent", price.percent, "percent of the amount, to 4 decimals"),
                    ("fixed", price.fixed_usd, "USD/payment"),
                    ("minimum", price.minimum_usd, "USD/payment"), ("maximum", price.maximum_usd, "USD/payment"),
                ) if value is not None
            }  # fmt: skip
            self._known[known] = PriceCells(**parts)  # type: ignore[arg-type]
        return self._known[known]

    def _tier(self, index: int, key: Key, price: Price, unit: str, name: str) -> int:
        tier = price.tiers[index]
        many = f", tier {index + 1}" if len(price.tiers) > 1 else ""
        row = self.table.add(
            assumption=f"{_shown(key)}: price{many}", value=Input(tier.usd), above=Input(tier.above),
            unit=f"USD/{unit}" if price.per == 1 else f"USD/{price.per:,} {unit}s",
            low=_end(tier.low, tier.usd, price.scale_low), high=_end(tier.high, tier.usd, price.scale_high),
            **_of(price),
        )  # fmt: skip
        name = self.table.call(f"price_{name}" + (f"_tier{index + 1}" if index else ""), "value", row)
        return self._named(row, name)

    def _part(self, key: Key, price: Price, text: str, value: Decimal | None, unit: str, name: str) -> str:
        shown = f"{_shown(key)}: {text}"
        row = self.table.add(assumption=shown, value=Input(value or Decimal(0)), unit=unit, **_of(price))
        self._named(row, self.table.call(name, "value", row))
        return self.table.cell("value", row)

    def _named(self, row: int, name: str) -> int:
        cells = dict(zip(self.table.columns, self.table.rows[-1], strict=True)) | {"name": name}
        self.table.rows[-1] = tuple(cells.values())
        return row


def add_volume(table: Table, result: Result) -> None:
    """The rows of payments a month and of their mean amount."""
    workload = result.assumptions.scenario.workload
    month = Decimal(str(result.figures["offered_per_month"]))
    told: dict[str, Any] = {"source": workload.source, "read": workload.read, "basis": workload.basis}
    rows: tuple[tuple[str, str, Decimal, str, str], ...] = (
        (PAYMENTS, "payments a month", month, "payment/month",
         "moves every quantity that follows the payments, in proportion: cold starts are not simulated again"),
        (TICKET, "mean amount", result.mean_ticket_usd, "USD/payment",
         "moves the volume on Comparison; fees are taken on the amounts on Payments"),
    )  # fmt: skip
    for name, text, value, unit, note in rows:
        row = table.add(assumption=text, value=Input(value), unit=unit, note=note, name=name, **told)
        table.call(name, "value", row)
    row = table.add(assumption="payments a month that were simulated", value=month, unit="payment/month",
                    basis="simulated", name=SIMULATED, source=f"costmodel, seed {result.assumptions.scenario.seed}",
                    note="do not change")  # fmt: skip
    table.call(SIMULATED, "value", row)


def add_behind(table: Table, result: Result) -> None:
    """What the simulated quantities rest on: to be read here, and changed with `--set`."""
    assumptions = result.assumptions
    for root, top in ((assumptions.scenario.workload, "workload"), (assumptions.pipeline, "pipeline")):
        for path, record in _sourced(root, top):
            field = next((name for name in FIGURES if isinstance(getattr(record, name, None), Decimal)), None)
            if field is not None:
                table.add(
                    assumption=path if field == "value" else f"{path}.{field}", value=getattr(record, field),
                    unit=_unit(record, field, result), low=getattr(record, "low", None),
                    high=getattr(record, "high", None), source=record.source, read=record.read, basis=record.basis,
                    note="behind the quantities on Usage: change it with --set and run again",
                )  # fmt: skip


def _unit(record: Sourced, field: str, result: Result) -> str:
    service, meter = getattr(record, "service", None), getattr(record, "meter", None)
    if service and meter:
        return result.assumptions.services[service].meter[meter].unit
    return str(getattr(record, "unit", UNITS.get(field, "")))


def _sourced(node: Any, path: str) -> Iterator[tuple[str, Sourced]]:
    """Every sourced record below a record, a mapping or a list, by its path."""
    if isinstance(node, Sourced):
        yield path, node
    children: list[tuple[Any, Any]] = []
    if isinstance(node, Record):
        children = [(name, getattr(node, name)) for name in type(node).model_fields]
    elif isinstance(node, Mapping):
        children = list(node.items())
    elif isinstance(node, tuple):
        children = [(called(index, item), item) for index, item in enumerate(node)]
    for key, child in children:
        yield from _sourced(child, f"{path}.{key}" if path else str(key))


def _of(price: Price) -> dict[str, Any]:
    return {
        "basis": price.basis, "source": price.source, "read": price.read, "price_from": price.from_, "note": price.note,
    }  # fmt: skip


def _end(end: Decimal | None, usd: Decimal, scale: Decimal | None) -> Decimal | None:
    return end if end is not None or scale is None else usd * scale


def _shown(key: Key) -> str:
    return f"{key[0]}.{key[1]} ({key[2]})"


def _name(key: Key, price: Price, home: str) -> str:
    service, meter, region = key
    return "_".join([service, meter, *[region] * (region != home), *[price.plan] * (price.plan != LIST)])
