"""Billed quantities at the price book's prices: at the model's date with and without free units, and at their own."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Callable, Iterator
from decimal import Decimal

from costmodel.analysis.matching import Matched
from costmodel.billing.bill import EXACT
from costmodel.billing.prices import PriceBook
from costmodel.billing.quantities import RowError
from costmodel.billing.rating import rate
from costmodel.billing.usage import UsageRow
from costmodel.result import Result
from costmodel.run import rating_terms

MEASURED = "measured"
Place = tuple[str, str, str]
Costs = dict[Place, Decimal]


class Pricing:
    """What matched quantities cost at the book's prices; each month by itself, as tiers and free units are counted."""

    def __init__(self, matched: Matched, result: Result) -> None:
        self.matched, self.result = matched, result
        self._parts: tuple[Costs, Costs, Costs] | None = None

    def parts(self) -> tuple[Costs, Costs, Costs]:
        """All units with the free tier and what was charged without, at the model's date; and that at its own date."""
        if self._parts is None:
            on = self.result.assumptions.scenario.on
            self._parts = (
                self._all(lambda _: on, free_tier=True), self._all(lambda _: on, free_tier=False),
                self._all(last_day, free_tier=False),
            )  # fmt: skip
        return self._parts

    def _all(self, date: Callable[[str], dt.date], *, free_tier: bool) -> Costs:
        found: Costs = {}
        for month in self.matched.months():
            for key, cost in self._month(month, date(month), free_tier):
                found[key] = EXACT.add(found.get(key, Decimal(0)), cost)
        return found

    def _month(self, month: str, on: dt.date, free_tier: bool) -> Iterator[tuple[Place, Decimal]]:
        assumptions, services = self.result.assumptions, self.result.assumptions.services
        book, rows = PriceBook(services, on, dict(assumptions.pipeline.plans)), []
        for (service, meter, region), by_month in self.matched.meters.items():
            if month not in by_month or not _has_price(book, service, meter, region):
                continue
            quantity = by_month[month].quantity if free_tier else by_month[month].paid
            if services[service].meter[meter].kind == "per_payment":
                cost = self._at_mean_fee(service, meter, region, quantity)
                yield from [((service, meter, region), cost)] if cost is not None else []
            elif quantity >= 0:
                rows.append(UsageRow(service, meter, quantity, MEASURED, region=region))
        terms = rating_terms(assumptions) | {"on": on}
        for line in rate(rows, services, free_tier=free_tier, **terms).lines:
            yield (line.service, line.meter, line.region), line.cost_usd

    def _at_mean_fee(self, service: str, meter: str, region: str, quantity: Decimal) -> Decimal | None:
        """A fee that depends on amounts a bill does not tell: at the model's mean fee, if the model has one."""
        payments, usd = model_side(self.result, service, meter, region)
        return usd * quantity / payments if payments else None


def model_side(result: Result, service: str, meter: str, region: str) -> tuple[Decimal, Decimal]:
    """Quantity and USD of a meter in the model's month."""
    lines = [line for line in result.bill.lines if (line.service, line.meter, line.region) == (service, meter, region)]
    return sum((line.quantity for line in lines), Decimal(0)), sum((line.cost_usd for line in lines), Decimal(0))


def last_day(month: str) -> dt.date:
    """The last day of a month: 2024-09 -> 2024-09-30."""
    year, number = (int(part) for part in month.split("-"))
    return dt.date(year, number, calendar.monthrange(year, number)[1])


def _has_price(book: PriceBook, service: str, meter: str, region: str) -> bool:
    try:
        book.price(service, meter, region)
    except RowError:
        return False
    return True
