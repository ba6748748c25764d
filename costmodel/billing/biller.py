"""Bill the same usage at many prices: services whose prices did not change are not rated again.

Services do not share tiers, free units or surcharges, so that a bill is the bills of its services, one after the other.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from costmodel.assumptions.service import Service
from costmodel.billing.bill import Bill
from costmodel.billing.prices import PriceBook
from costmodel.billing.rating import rate
from costmodel.billing.usage import UsageRow
from costmodel.errors import InputError

Terms = tuple[dt.date, str, str | None, Decimal | int | None]


class Biller:
    """Some usage, and the latest bill of each of its services: `bill` gives what `rate` gives."""

    def __init__(self, rows: Iterable[UsageRow]) -> None:
        self.rows = list(rows)
        self.by_service: dict[str, list[UsageRow]] = {}
        for row in self.rows:
            self.by_service.setdefault(row.service, []).append(row)
        self._known: dict[str, tuple[Service, Terms, Bill]] = {}

    def bill(
        self,
        services: Mapping[str, Service],
        *,
        on: dt.date,
        region: str,
        month_hours: Decimal | int | None = None,
        plans: Mapping[str, str] | None = None,
    ) -> Bill:
        """The bill at these prices and terms. Raises InputError as `rate` does."""
        terms: dict[str, Any] = {"on": on, "region": region, "month_hours": month_hours}
        plans = plans or {}
        try:
            if PriceBook(services, on, plans).unknown_plans():
                return rate(self.rows, services, plans=plans, **terms)
            bills = [self._of(name, services, plans.get(name), terms) for name in services if name in self.by_service]
        except InputError:
            return rate(self.rows, services, plans=plans, **terms)  # with every problem of every service
        if len(bills) < len(self.by_service):
            return rate(self.rows, services, plans=plans, **terms)
        lines = tuple(line for bill in bills for line in bill.lines)
        return Bill(lines, on, region, tuple(warning for bill in bills for warning in bill.warnings))

    def _of(self, name: str, services: Mapping[str, Service], plan: str | None, terms: dict[str, Any]) -> Bill:
        service = services[name]
        here = (terms["on"], terms["region"], plan, terms["month_hours"])
        known = self._known.get(name)
        if known is not None and known[0] is service and known[1] == here:
            return known[2]
        bill = rate(self.by_service[name], {name: service}, plans={name: plan} if plan else {}, **terms)
        self._known[name] = (service, here, bill)
        return bill
