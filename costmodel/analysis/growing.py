"""Growth month by month: both sides simulated at each month's volume and prices, stocks carried over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from costmodel.analysis.modelled import modelled_row, sides, with_added
from costmodel.analysis.months import MonthLeft, month_left
from costmodel.analysis.paths import month_of
from costmodel.analysis.perimeters import PerimeterRow
from costmodel.analysis.ranges import services_at
from costmodel.analysis.sampling import fitted
from costmodel.analysis.sides import OWNERS, Business, Owner
from costmodel.assumptions.catalog import Assumptions
from costmodel.assumptions.checking import nearest
from costmodel.assumptions.growth import GrowthFile
from costmodel.assumptions.perimeter import End, Perimeters, Side
from costmodel.assumptions.shortened import load_shortened
from costmodel.billing.bill import Bill
from costmodel.billing.rating import rate
from costmodel.billing.usage import UsageRow
from costmodel.errors import InputError, Problem
from costmodel.run import assume, rating_terms
from costmodel.simulation.payments import month_hours_of

BYTES_PER_GB = 2**30
HOURS_PER_DAY, DAYS_PER_YEAR, MONTHS_PER_YEAR = 24, 365, 12
ONCE = 1  # a month of a path is simulated once; the other months stand beside it
CAPITAL = ("finance", "working_capital")


@dataclass(frozen=True)
class Stocks:
    """What a month opens with: rows by table, GB beside the tables, money under way (USD), versions of each key."""

    rows: dict[str, int]
    files_gb: dict[str, Decimal]
    held_usd: Decimal
    key_versions: int

    def gb(self, row_bytes: dict[str, int]) -> Decimal:
        """GB of rows and files."""
        rows = sum((Decimal(number) * row_bytes[name] for name, number in self.rows.items()), Decimal(0))
        return rows / BYTES_PER_GB + sum(self.files_gb.values(), Decimal(0))


@dataclass(frozen=True)
class GrowthMonth:
    """One month: both sides line by line, USD; what money under way costs; what the month opened with.

    fixed: names of the lines that volume leaves alone.
    """

    number: int
    on: dt.date
    payments: int
    volume_usd: Decimal
    row: PerimeterRow
    capital_usd: Decimal
    stocks: Stocks
    stored_gb: Decimal
    fixed: frozenset[str]

    @property
    def saving_usd(self) -> Decimal:
        """Stripe's side less the own side and what its slower money costs."""
        return self.row.saving_usd - self.capital_usd


@dataclass
class Grower:
    """Simulates the months of a path in order; every month opens with what the one before left."""

    file: GrowthFile
    perimeters: Perimeters
    perimeter: str
    variant: str | None
    business: Business
    first: dt.date
    start: tuple[int, int]  # payments and accounts of the scenario
    _added: list[MonthLeft] = field(default_factory=list)
    _base: Assumptions | None = None
    _seen: dict[Owner, Assumptions] = field(default_factory=dict)

    def months(self, path: list[int]) -> Iterator[GrowthMonth]:
        """One after the other."""
        for number, payments in enumerate(path):
            stocks = self._stocks(number)
            yield self.month(number, payments, stocks, keeps=True)

    def month(self, number: int, payments: int, stocks: Stocks, *, keeps: bool = False) -> GrowthMonth:
        """One month at so many payments; `keeps` notes what it leaves for the next."""
        both = sides(self.perimeters, self.perimeter, self.variant)
        made = {owner: self._side(owner, getattr(both, owner), number, payments, stocks) for owner in OWNERS}
        own = made["own"][0]
        if keeps:
            self._added.append(own)
        row = modelled_row(self.perimeters, self.perimeter, made["stripe"][1], made["own"][1], self.variant)
        capital = self._capital(own)
        bytes_of = {name: self._row_bytes(own, name) for name in own.assumptions.pipeline.tables}
        return GrowthMonth(
            number=number + 1,
            on=own.assumptions.scenario.on,
            payments=payments,
            volume_usd=own.volume_usd,
            row=row,
            capital_usd=capital,
            stocks=stocks,
            stored_gb=stocks.gb(bytes_of),
            fixed=frozenset(self._fixed(both.stripe, made["stripe"][0]) | self._fixed(both.own, made["own"][0])),
        )

    def _side(self, owner: Owner, side: Side, number: int, payments: int, stocks: Stocks) -> tuple[MonthLeft, Bill]:
        """One side's month and its bill, with what the perimeter adds and what is still stored from before."""
        scenario = self.business.other or self.business.scenario if owner == "stripe" else self.business.scenario
        changes = self.business.changes(owner, side.rail) | self._at(number, payments)
        changes.pop("replications", None)
        if owner == "own":
            changes |= self._opening(stocks)
        changes |= self._fitted(payments, changes["on"])
        self._seen[owner] = assumed = self._load(scenario, changes)
        month = month_left(assumed, self.business.engine)
        rows = with_added(self.perimeters, side, month.usage, payments=month.completed, volume_usd=month.volume_usd,
                          at=self.end())  # fmt: skip
        if owner == "own":
            rows += [UsageRow(name, "storage", gb, "simulated", note="kept") for name, gb in stocks.files_gb.items()]
        terms = rating_terms(assumed)
        terms["plans"] = {**terms["plans"], **side.plans}
        added = {(self.perimeters.adds[name].service, self.perimeters.adds[name].meter) for name in side.adds}
        return month, rate(rows, services_at(assumed.services, self.end(), added), **terms)

    def _fitted(self, payments: int, on: dt.date) -> dict[str, Any]:
        """Large months shortened."""
        base = self._scenario().scenario
        workload = base.workload.model_copy(update={"payments_per_month": payments})
        rule = load_shortened(Path(self.business.data) if self.business.data else None)
        return fitted(base.model_copy(update={"on": on, "workload": workload}), ONCE, rule)

    def end(self) -> End:
        """The end of the ranges at which the perimeter's variant stands."""
        found = self.perimeters.find(self.perimeter).find(self.variant)
        return found.at if found and found.at else "value"

    def _at(self, number: int, payments: int) -> dict[str, Any]:
        """The month's date, payments, and as many accounts for them as in the scenario."""
        accounts = max(1, round(self.start[1] * payments / self.start[0]))
        return {
            "on": month_of(self.first, number),
            "workload.payments_per_month": payments,
            "workload.accounts": accounts,
        }

    def _opening(self, stocks: Stocks) -> dict[str, Any]:
        """Rows and key versions that the own month opens with."""
        changes: dict[str, Any] = {f"pipeline.tables.{name}.opening_rows": rows for name, rows in stocks.rows.items()}
        versions = self.file.key_versions
        if versions is not None and stocks.key_versions > 1:
            index, quantity = self._standing(versions.standing)
            changes[f"pipeline.static.{index}.quantity"] = quantity * stocks.key_versions
            changes[f"pipeline.static.{index}.high"] = quantity * stocks.key_versions
        return changes

    def _standing(self, name: str) -> tuple[int, Decimal]:
        static = self._scenario().pipeline.static
        index = next((at for at, row in enumerate(static) if row.name == name), None)
        if index is None:
            raise InputError(Problem("growth", None, "key_versions.standing", f"no such standing quantity: `{name}`",
                                     nearest(name, [row.name for row in static])))  # fmt: skip
        return index, static[index].quantity

    def _stocks(self, number: int) -> Stocks:
        """What month `number` (from 0) opens with."""
        pipeline = self._scenario().pipeline
        opened = self.file.opening == "scenario"
        rows = {}
        for name, table in pipeline.tables.items():
            kept = self.file.kept_months.get(name)
            months = self._added[-int(kept.value) :] if kept else self._added
            grown = sum((month.rows.get(name, Decimal(0)) for month in months), Decimal(0))
            still = table.opening_rows if opened and (kept is None or number < kept.value) else 0
            rows[name] = still + round(grown)
        files: dict[str, Decimal] = {}
        for month in self._added:
            for name, gb in month.files_gb.items():
                files[name] = files.get(name, Decimal(0)) + gb
        versions = self.file.key_versions
        each = 1 if versions is None else min(versions.most, 1 + number // versions.every_months)
        return Stocks(rows, files, self._held(), each)

    def _held(self) -> Decimal:
        """Money under way when the month begins: a day's volume of the month before, for as long as it is held."""
        if not self._added:
            return Decimal(0)
        last = self._added[-1]
        days = Decimal(month_hours_of(last.assumptions.scenario)) / HOURS_PER_DAY
        return last.volume_usd / days * last.days_held

    def assumed(self, owner: Owner) -> Assumptions:
        """What the last month simulated of a side rests on."""
        return self._seen[owner]

    def _scenario(self) -> Assumptions:
        if self._base is None:
            self._base = self._load(self.business.scenario, self.business.set)
        return self._base

    def _load(self, scenario: str, changes: Mapping[str, Any]) -> Assumptions:
        return assume(scenario, changes, self.business.data)

    def _capital(self, own: MonthLeft) -> Decimal:
        """What the money under way longer than through Stripe costs: a year's volume × days / 365, at its price."""
        tied = own.volume_usd * MONTHS_PER_YEAR * self.file.extra_settlement_days.value / DAYS_PER_YEAR
        rows = [UsageRow(*CAPITAL, tied, "assumption")]
        return rate(rows, own.assumptions.services, **rating_terms(own.assumptions)).total_usd

    def _row_bytes(self, own: MonthLeft, name: str) -> int:
        table = own.assumptions.pipeline.tables[name]
        return table.row_bytes * (1 + table.indexes)

    def _fixed(self, side: Side, month: MonthLeft) -> set[str]:
        """Lines of a side that volume leaves alone: what stands by the month."""
        added = [self.perimeters.adds[name] for name in side.adds]
        names = {f"{one.service}.{one.meter}" for one in added if one.per == "month"}
        return names | {f"{row.service}.{row.meter}" for row in month.assumptions.pipeline.static}
