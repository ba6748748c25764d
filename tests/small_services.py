"""Small services for tests of billing: a meter in a line, at prices that make the arithmetic visible."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from costmodel.assumptions.service import Price, Service
from costmodel.billing.usage import UsageRow

SOURCED = {"source": "test", "read": dt.date(2026, 11, 23), "basis": "published"}
START = dt.date(2020, 1, 1)
ON = dt.date(2026, 9, 15)


def price(*tiers: tuple[int, str], **more: Any) -> dict[str, Any]:
    """A price with tiers (above, usd); or a fee, given by name."""
    listed = {"tiers": [{"above": above, "usd": usd} for above, usd in tiers]} if tiers else {}
    return {"from": START, **SOURCED, **listed, **more}


def meter(*prices: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"unit": "unit", "price": list(prices), **more}


def service(meters: Mapping[str, Any], **more: Any) -> Service:
    return Service.model_validate({"name": "Shop", "provider": "test", "meter": dict(meters), **more})


def fee(**more: Any) -> Price:
    return Price.model_validate(price(**more))


def row(meter_name: str, quantity: str | int | None = None, **more: Any) -> UsageRow:
    return UsageRow("shop", meter_name, None if quantity is None else Decimal(quantity), **more)
