"""Lines of bills put beside our meters: by the rules in the data, by our own names, or listed as not ours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from costmodel.assumptions.bill_layouts import Lines
from costmodel.assumptions.service import Service
from costmodel.billing.balance_reports import CHARGE
from costmodel.billing.bill_entries import Key, Sums

NUMBER = re.compile(r"[0-9]{1,18}(\.[0-9]{1,38})?")
COMPARED = ("charge", "fee", "dispute", "failure")  # kinds of rows that a meter of ours can stand for
Meter = tuple[str, str, str]


@dataclass
class Matched:
    """meters: (service, meter, region) -> month -> what was charged, in the meter's unit; others: why not -> keys.

    prices: the unit prices that the bill names for a meter, per its unit. covered: provider -> the months its rows are
    of, which its figures are means over.
    """

    meters: dict[Meter, dict[str, Sums]] = field(default_factory=dict)
    prices: dict[Meter, set[Decimal]] = field(default_factory=dict)
    others: dict[str, dict[Key, Sums]] = field(default_factory=dict)
    covered: dict[str, set[str]] = field(default_factory=dict)

    def months(self) -> list[str]:
        """All months with a charge, of ours or not."""
        return sorted({month for months in self.covered.values() for month in months})


def match(
    entries: Mapping[Key, Sums], rules: Mapping[str, Lines], services: Mapping[str, Service], currency: str, home: str
) -> Matched:
    """Every entry in the currency, beside the meter it belongs to or under the reason why there is none.

    home: the region of entries that name none. Charges of balance reports, whose fees are compared payment by payment,
    only count for the months.
    """
    matched, named = Matched(), _by_name(rules)
    for key, sums in entries.items():
        if key.currency != currency:
            continue
        lines = named.get(key.provider.lower())
        if key.month:
            matched.covered.setdefault(lines.provider if lines else key.provider, set()).add(key.month)
        if lines is not None and lines.charges and key.service == CHARGE:
            continue
        meter, factor = _meter(key, lines, services, home)
        if isinstance(meter, str):
            matched.others.setdefault(meter, {}).setdefault(key, Sums()).add(sums)
            continue
        scaled = replace(sums, quantity=sums.quantity * factor, paid=sums.paid * factor)
        matched.meters.setdefault(meter, {}).setdefault(key.month, Sums()).add(scaled)
        if sums.paid and NUMBER.fullmatch(key.unit_price):
            matched.prices.setdefault(meter, set()).add(Decimal(key.unit_price) / factor)
    return matched


def _by_name(rules: Mapping[str, Lines]) -> dict[str, Lines]:
    return {name.lower(): lines for lines in rules.values() for name in (lines.provider, *lines.also)}


def _meter(key: Key, lines: Lines | None, services: Mapping[str, Service], home: str) -> tuple[Meter | str, Decimal]:
    """The meter and the factor to its unit, or the reason why there is none."""
    region = key.region or home
    if key.category not in COMPARED:
        return key.category or "no category", Decimal(1)
    ours = services.get(key.our_service)
    if ours is not None and key.our_meter in ours.meter:
        return (key.our_service, key.our_meter, region), Decimal(1)
    if lines is None:
        return "a provider without rules", Decimal(1)
    found = lines.meters(key.service, key.usage_type, key.unit, key.description)
    if len(found) != 1:
        return ("not one of our meters" if not found else "fits more than one meter"), Decimal(1)
    [((service, meter), factor)] = found.items()
    return (service, meter, region), factor
