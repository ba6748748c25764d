"""The ends of an assumption's range: services whose assumed prices stand at their low or high end."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal

from costmodel.assumptions.perimeter import End
from costmodel.assumptions.service import Meter, Price, Service, Tier


def services_at(services: Mapping[str, Service], end: End, meters: Collection[tuple[str, str]]) -> dict[str, Service]:
    """The services with the prices of some meters (service, meter) at that end of their ranges."""
    if end == "value":
        return dict(services)
    moved = dict(services)
    for service, meter in meters:
        old = moved[service]
        moved[service] = old.model_copy(update={"meter": {**old.meter, meter: _meter_at(old.meter[meter], end)}})
    return moved


def _meter_at(meter: Meter, end: End) -> Meter:
    return meter.model_copy(update={"price": tuple(_price_at(price, end) for price in meter.price)})


def _price_at(price: Price, end: End) -> Price:
    scale = (price.scale_low if end == "low" else price.scale_high) or Decimal(1)
    changed = {
        "tiers": tuple(_tier_at(tier, end, scale) for tier in price.tiers),
        "percent": None if price.percent is None else price.percent * scale,
        "fixed_usd": None if price.fixed_usd is None else price.fixed_usd * scale,
    }
    return price.model_copy(update=changed)


def _tier_at(tier: Tier, end: End, scale: Decimal) -> Tier:
    bound = tier.low if end == "low" else tier.high
    return tier.model_copy(update={"usd": tier.usd * scale if bound is None else bound})
