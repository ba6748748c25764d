"""Decimals as people and files write them."""

from __future__ import annotations

from decimal import Decimal


def in_full(value: Decimal) -> str:
    """Without exponent and without zeros at the end."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def usd_in_full(value: Decimal) -> str:
    """The same with a dollar sign and two decimals at least."""
    whole, _, decimals = in_full(value).partition(".")
    return f"${whole}.{decimals:0<2}"
