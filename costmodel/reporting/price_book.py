"""The price book: one row per price and tier."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from costmodel.assumptions.service import Meter, Price, Service
from costmodel.billing.fees import describe_fee
from costmodel.reporting.tables import Section, Table

LIST = "list"
HEAD = ("since", "plan", "above", "price", "free a month", "basis", "read")

Row = dict[str, str | None]


def price_rows(services: Mapping[str, Service]) -> list[Row]:
    """Every price of every meter, oldest first, a row per tier; amounts as decimal strings in USD."""
    return [
        _row(name, meter_name, meter, price) | part
        for name, service in services.items()
        for meter_name, meter in service.meter.items()
        for price in meter.price
        for part in _parts(price)
    ]


def _row(service: str, name: str, meter: Meter, price: Price) -> Row:
    return {
        "service": service,
        "meter": name,
        "unit": meter.unit,
        "from": price.from_.isoformat(),
        "until": price.until.isoformat() if price.until else None,
        "regions": " ".join(price.regions),
        "plan": price.plan,
        "tiering": price.tiering,
        "above": None,
        "usd": None,
        "per": str(price.per),
        "percent": _plain(price.percent),
        "fixed_usd": _plain(price.fixed_usd),
        "minimum_usd": _plain(price.minimum_usd),
        "maximum_usd": _plain(price.maximum_usd),
        "free_per_month": _plain(price.free_per_month),
        "free_pool": price.free_pool,
        "low": None,
        "high": None,
        "scale_low": _plain(price.scale_low),
        "scale_high": _plain(price.scale_high),
        "basis": price.basis,
        "read": price.read.isoformat(),
        "source": price.source,
        "note": price.note,
        "kind": meter.kind,
    }


def _parts(price: Price) -> list[Row]:
    return [
        {"above": _plain(tier.above), "usd": _plain(tier.usd), "low": _plain(tier.low), "high": _plain(tier.high)}
        for tier in price.tiers
    ] or [{}]


def _plain(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"


# --- for people -----------------------------------------------------------------------------------------


def price_sections(services: Mapping[str, Service]) -> list[Section]:
    """A table per service, with the regions and sources of its prices beneath."""
    return [[_table(name, service), *_notes(service)] for name, service in services.items() if service.meter]


def _table(name: str, service: Service) -> Table:
    rows = tuple(row for meter_name, meter in service.meter.items() for row in _shown(meter_name, meter))
    return Table((name, *HEAD), rows, left=frozenset({1, 2, 4, 6})).without_empty_columns()


def _shown(name: str, meter: Meter) -> Iterator[tuple[str, ...]]:
    for price in meter.price:
        free = f"{price.free_per_month:,f}" if price.free_per_month else ""
        plan = "" if price.plan == LIST else price.plan
        rest = (free, price.basis, price.read.isoformat())
        for above, text in _prices(price, meter.unit):
            yield (name, price.from_.isoformat(), plan, above, text, *rest)


def _prices(price: Price, unit: str) -> Iterator[tuple[str, str]]:
    per = f"{price.per:,} " if price.per > 1 else ""
    if price.is_fee:
        yield "", f"{describe_fee(price)} per {per}{unit}"
    for tier in price.tiers:
        yield (f"{tier.above:,f}" if tier.above else ""), f"${tier.usd:f} per {per}{unit}"


def _notes(service: Service) -> Iterator[str]:
    prices = [price for meter in service.meter.values() for price in meter.price]
    yield f"  regions: {'; '.join(dict.fromkeys(' '.join(price.regions) or 'everywhere' for price in prices))}"
    if service.closed_to_new_customers is not None:
        yield f"  closed to new customers since {service.closed_to_new_customers}"
    yield f"  sources: {'; '.join(dict.fromkeys(price.source for price in prices))}"
