"""Bill much the same usage again and again: a service whose rows and prices did not change is not rated again.

Services do not share tiers, free units or surcharges, so that a bill is the bills of its services, one after the other.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from costmodel.assumptions.service import Service
from costmodel.billing.bill import Bill
from costmodel.billing.prices import PriceBook
from costmodel.billing.rating import rate
from costmodel.billing.usage import UsageRow
from costmodel.errors import InputError

Key = tuple[str, str | None, tuple[int, ...]]  # service, its plan, which rows
Terms = tuple[dt.date, str, Decimal | int | None]


class Biller:
    """Makes bills, and remembers the latest of every service with the same rows under the same plan."""

    def __init__(self) -> None:
        self._known: dict[Key, tuple[Sequence[UsageRow], Service, Terms, Bill]] = {}

    def bill(
        self,
        rows: Sequence[UsageRow],
        services: Mapping[str, Service],
        *,
        on: dt.date,
        region: str,
        month_hours: Decimal | int | None = None,
        plans: Mapping[str, str] | None = None,
    ) -> Bill:
        """What `rate` gives. Rows and services are known by their identity: they must not be changed."""
        terms: dict[str, Any] = {"on": on, "region": region, "month_hours": month_hours}
        plans, groups = plans or {}, dict[str, list[UsageRow]]()
        for row in rows:
            groups.setdefault(row.service, []).append(row)
        if not groups.keys() <= services.keys() or PriceBook(services, on, plans).unknown_plans():
            return rate(rows, services, plans=plans, **terms)
        try:
            bills = [
                self._of(name, groups[name], services, plans.get(name), terms) for name in services if name in groups
            ]
        except InputError:
            return rate(rows, services, plans=plans, **terms)  # with the problems of every service
        lines = tuple(line for bill in bills for line in bill.lines)
        return Bill(lines, on, region, tuple(warning for bill in bills for warning in bill.warnings))

    def _of(
        self, name: str, rows: list[UsageRow], services: Mapping[str, Service], plan: str | None, terms: dict[str, Any]
    ) -> Bill:
        key, service, here = (name, plan, tuple(map(id, rows))), services[name], tuple(terms.values())
        known = self._known.get(key)
        if known is not None and known[1] is service and known[2] == here:
            return known[3]
        bill = rate(rows, {name: service}, plans={name: plan} if plan else {}, **terms)
        self._known[key] = (rows, service, here, bill)
        return bill
