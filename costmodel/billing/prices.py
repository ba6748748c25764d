"""Which price holds: by service, meter, date, region and plan; and why none does."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from costmodel.assumptions.checking import nearest
from costmodel.assumptions.service import Meter, Price, Service
from costmodel.billing.fees import summed
from costmodel.billing.quantities import RowError

LIST = "list"


@dataclass(frozen=True)
class PriceBook:
    """The services' prices at a date, under the plans chosen (service → plan; "list" where none is named)."""

    services: Mapping[str, Service]
    on: dt.date
    plans: Mapping[str, str]

    def meter(self, service: str, meter: str) -> Meter:
        """Raises RowError for a service or meter that does not exist, naming the nearest that do."""
        if service not in self.services:
            raise RowError(f"no such service `{service}`", nearest(service, self.services))
        meters = self.services[service].meter
        if meter not in meters:
            raise RowError(f"{service} has no meter `{meter}`", nearest(meter, meters))
        return meters[meter]

    def price(self, service: str, meter: str, region: str) -> Price:
        """The price in force. Raises RowError where there is none, saying from when or where there is one.

        A meter without any entry under the service's plan is charged at its list price.
        """
        entries = self.meter(service, meter).price
        plan = self.plans.get(service, LIST)
        own_plan = plan if any(entry.plan == plan for entry in entries) else LIST
        own = [entry for entry in entries if entry.plan == own_plan]
        begun = [entry for entry in own if entry.from_ <= self.on and _is_here(entry, region)]
        latest = max(begun, key=lambda entry: entry.from_, default=None)  # it replaced the ones before, for good
        if latest is None or not latest.holds(self.on, region, own_plan):
            raise _no_price(own, self.on, region)
        return latest

    def rate_beneath(self, service: str, meter: str, region: str) -> Price:
        """The fee that the surcharge `meter` adds to: the base fee with the surcharges between."""
        names = [meter]
        while (beneath := self.meter(service, names[-1]).adds_to) is not None:
            if beneath in names:
                raise RowError(f"`adds_to` of {names[-1]} goes round in a circle", "let it name the base fee")
            names.append(beneath)
        base, *between = [self.price(service, name, region) for name in reversed(names[1:])]
        for extra in between:
            base = summed(base, extra)
        return base

    def unknown_plans(self) -> list[RowError]:
        """Plans named for a service that is not there or has no price under them."""
        return [problem for service, plan in self.plans.items() if (problem := self._plan_problem(service, plan))]

    def _plan_problem(self, service: str, plan: str) -> RowError | None:
        if service not in self.services:
            return RowError(f"a plan is named for the unknown service `{service}`", nearest(service, self.services))
        known = {entry.plan for meter in self.services[service].meter.values() for entry in meter.price} | {LIST}
        return None if plan in known else RowError(f"{service} has no plan `{plan}`", nearest(plan, known))


def _is_here(entry: Price, region: str) -> bool:
    return not entry.regions or region in entry.regions


def _no_price(entries: list[Price], on: dt.date, region: str) -> RowError:
    here = [entry for entry in entries if _is_here(entry, region)]
    if not entries:
        return RowError("it has prices only under plans", "choose one of its plans, or add a list price")
    if not here:
        regions = {name for entry in entries for name in entry.regions}
        return RowError(f"no price in the region {region}", f"{nearest(region, regions)} Or add a price for it")
    first = min(entry.from_ for entry in here)
    if on < first:
        return RowError(f"no price on {on} in {region}", f"the first holds from {first}; use a later date, or add one")
    ended = max(entry.until for entry in here if entry.until is not None and entry.until <= on)
    return RowError(f"no price on {on} in {region}", f"the last one ended on {ended}; add the one that followed")
