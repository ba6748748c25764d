"""From rows to charges: the rows of one meter and region, their price, and what they come to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from itertools import repeat

import numpy as np

from costmodel.assumptions.by_month import each, is_column, is_some, least, most
from costmodel.assumptions.fields import BASES_WEAKEST_LAST
from costmodel.assumptions.service import Meter, Price
from costmodel.billing.fees import (
    CENTS_PER_USD,
    IntArray,
    describe_fee,
    fee_cents,
    summed,
    surcharge_cents,
    total_cents,
)
from costmodel.billing.prices import PriceBook
from costmodel.billing.quantities import RowError, quantity_of
from costmodel.billing.usage import MOST, UsageRow
from costmodel.errors import InputError, Problem

Key = tuple[str, str, str]


@dataclass
class Charge:
    """The rows of one service, meter and region; quantity in the meter's unit, or payments and their fees in USD."""

    service: str
    meter: str
    region: str
    rows: list[UsageRow]
    terms: Meter
    price: Price
    quantity: Decimal = Decimal(0)
    fees_usd: Decimal = Decimal(0)


@dataclass(frozen=True)
class Charging:
    """How rows become charges: prices, the region of rows without one, hours of the month, rounding of surcharges."""

    book: PriceBook
    region: str
    month_hours: Decimal
    together: bool

    def charges(self, rows: Iterable[UsageRow]) -> list[Charge]:
        """One charge per service, meter and region. Raises InputError with every row that has no price."""
        problems = [Problem("plans", None, "", each.wrong, each.remedy) for each in self.book.unknown_plans()]
        charges = []
        for key, group in self._grouped(rows).items():
            try:
                charge = Charge(*key, group, self.book.meter(*key[:2]), self.book.price(*key))
            except RowError as error:
                more = f" ({len(group)} rows)" if len(group) > 1 else ""
                problems.append(group[0].problem(error.wrong + more, error.remedy))
            else:
                problems += self._add_up(charge)
                charges.append(charge)
        if problems:
            raise InputError(problems)
        return charges

    def _grouped(self, rows: Iterable[UsageRow]) -> dict[Key, list[UsageRow]]:
        groups: dict[Key, list[UsageRow]] = {}
        for row in rows:
            groups.setdefault((row.service, row.meter, row.region or self.region), []).append(row)
        return groups

    def _add_up(self, charge: Charge) -> list[Problem]:
        problems = []
        for row in charge.rows:
            try:
                _check(row)
                _check_unit(row, charge.terms)
                self._add(charge, row)
            except RowError as error:
                problems.append(row.problem(error.wrong, error.remedy))
        return problems

    def _add(self, charge: Charge, row: UsageRow) -> None:
        if charge.terms.kind == "per_payment":
            amounts, counts, times = self._payments(charge, row)
            charge.quantity = charge.quantity + each(int, counts.sum(axis=-1)) * times
            charge.fees_usd = (
                charge.fees_usd + total_cents(self._fees(charge, row, amounts), counts) * times / CENTS_PER_USD
            )
        elif row.amounts is not None:
            raise RowError(f"amounts do not apply to a meter of kind {charge.terms.kind}", "give `quantity` or `calls`")
        else:
            charge.quantity = charge.quantity + self._quantity(charge, row) * row.scale

    def _quantity(self, charge: Charge, row: UsageRow) -> Decimal:
        service = self.book.services[charge.service]
        return quantity_of(row, service, charge.terms, self.book.on, self.month_hours)

    def _payments(self, charge: Charge, row: UsageRow) -> tuple[IntArray, IntArray, Decimal]:
        """Amounts, counts and what multiplies them; a fee without a percentage needs no amounts."""
        if row.amounts is not None:
            return *row.amounts, row.scale
        if is_some(charge.price.percent):
            raise RowError(f"the fee ({describe_fee(charge.price)}) depends on the amount",
                           "give `amount_cents`, and `calls` for how many of them")  # fmt: skip
        one = np.ones(1, dtype=np.int64)
        return one, one, self._quantity(charge, row) * row.scale

    def _fees(self, charge: Charge, row: UsageRow, amounts: IntArray) -> IntArray:
        if charge.terms.adds_to is None:
            return fee_cents(amounts, charge.price)
        base = self.book.rate_beneath(charge.service, charge.meter, charge.region)
        for meter, borne in zip(row.on_top_of, row.borne or repeat(1), strict=False):
            base = summed(base, self.book.price(charge.service, meter, charge.region), borne)
        return surcharge_cents(amounts, base, charge.price, together=self.together)


def _check(row: UsageRow) -> None:
    """Raises RowError for a row whose figures are no figures."""
    if row.basis not in BASES_WEAKEST_LAST:
        raise RowError(f"unknown basis `{row.basis}`", f"use one of {', '.join(BASES_WEAKEST_LAST)}")
    ways = (row.quantity is not None) + (row.amounts is not None) + (row.measures is not None)
    if ways != 1:
        raise RowError(f"{ways} of quantity, amounts and measures are given", "give exactly one")
    figures = {"quantity": row.quantity, "scale": row.scale, "hours": row.hours}
    for name, value in (figures | (vars(row.measures) if row.measures else {})).items():
        if value is not None:
            _check_figure(name, value)
    if row.amounts is not None:
        _check_payments(*row.amounts)


def _check_unit(row: UsageRow, meter: Meter) -> None:
    """Raises RowError for a quantity counted in another unit than the meter's; a plural is the same."""
    if row.unit is not None and _singular(row.unit) != _singular(meter.unit):
        raise RowError(f"is given in {row.unit}, and counted in {meter.unit}", f"give the quantity in {meter.unit}s")


def _singular(unit: str) -> str:
    return unit.strip().casefold().removesuffix("s")


def _check_figure(name: str, value: object) -> None:
    if is_column(value):
        for end in (least(value), most(value)):
            _check_figure(name, end)
        return
    if isinstance(value, bool) or not isinstance(value, Decimal | int):
        raise RowError(f"`{name}` is a {type(value).__name__}", "give a Decimal")
    if not Decimal(value).is_finite() or not 0 <= value <= MOST:
        raise RowError(f"`{name}` is {value}", f"give a number between 0 and {MOST}")


def _check_payments(amounts: IntArray, counts: IntArray) -> None:
    if amounts.shape != counts.shape or amounts.ndim not in (1, 2):
        raise RowError(f"{amounts.size} amounts but {counts.size} counts", "give one count for each amount")
    if amounts.dtype.kind not in "iu" or counts.dtype.kind not in "iu":
        raise RowError("amounts or counts are no integers", "give whole cents and whole counts")
    if amounts.size and (int(amounts.min()) < 0 or int(counts.min()) < 0):
        raise RowError("an amount or a count is negative", "give 0 or more; a refund gives back no fee")
