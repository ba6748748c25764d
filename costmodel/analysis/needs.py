"""What usage at list price would cost a stated sum: how far a claimed line is from anything that happens."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from costmodel.assumptions.document import Claim, Need
from costmodel.assumptions.service import Price, Service
from costmodel.billing.prices import PriceBook
from costmodel.billing.quantities import RowError
from costmodel.errors import InputError, Problem

HUNDRED = Decimal(100)  # percent


@dataclass(frozen=True)
class NeededUsage:
    """So much of a meter costs the stated sum.

    quantity: beyond free units, in `unit`; with_free: with them; each: quantity over the claim's `per` input, None
    where it names none. None for a quantity means that no usage costs that much.
    """

    service: str
    meter: str
    unit: str
    quantity: Decimal | None
    with_free: Decimal | None
    each: Decimal | None
    per: str | None
    price: str
    basis: str
    source: str


def needed_usage(claim: Claim, services: Mapping[str, Service], *, on: dt.date, region: str) -> tuple[NeededUsage, ...]:
    """Usage that would cost what the claim states, one by one for each meter it names, at the prices of a day.

    Raises InputError with every meter that is not there or has no price then.
    """
    found, problems = [], []
    for index, need in enumerate(claim.needs):
        try:
            price = PriceBook(services, on, {need.service: need.plan}).price(need.service, need.meter, region)
            found.append(_needed(claim, need, price))
        except RowError as error:
            problems.append(_problem(claim, index, need, error))
    if problems:
        raise InputError(problems)
    return tuple(found)


def usage_costing(usd: Decimal, price: Price) -> Decimal | None:
    """The least quantity that costs `usd` at a metered price, free units left out; None if none does."""
    return _through_volume(usd, price) if price.tiering == "volume" else _through_graduated(usd, price)


def _through_graduated(usd: Decimal, price: Price) -> Decimal | None:
    left = usd
    for tier, following in zip(price.tiers, (*price.tiers[1:], None), strict=True):
        unit_usd = tier.usd / price.per
        room = None if following is None else (following.above - tier.above) * unit_usd
        if room is None or left <= room:
            return tier.above + left / unit_usd if unit_usd else None
        left -= room
    return None


def _through_volume(usd: Decimal, price: Price) -> Decimal | None:
    for tier, following in zip(price.tiers, (*price.tiers[1:], None), strict=True):
        quantity = usd * price.per / tier.usd if tier.usd else None
        if quantity is not None and tier.above < quantity and (following is None or quantity <= following.above):
            return quantity
    return None


def _needed(claim: Claim, need: Need, price: Price) -> NeededUsage:
    usd = claim.stated if claim.stated is not None else Decimal(0)
    quantity = _through_fee(usd, need, price) if price.is_fee else usage_costing(usd, price)
    divisor = claim.inputs[need.per] if need.per else None
    return NeededUsage(
        service=need.service,
        meter=need.meter,
        unit=need.unit,
        quantity=quantity,
        with_free=None if quantity is None else quantity + price.free_per_month,
        each=quantity / divisor if quantity is not None and divisor else None,
        per=need.per,
        price=_described(need, price),
        basis=price.basis,
        source=price.source,
    )


def _through_fee(usd: Decimal, need: Need, price: Price) -> Decimal | None:
    """A count of payments for the fixed part of a fee, a volume in USD for its percentage."""
    if need.part == "percent":
        return usd * HUNDRED / price.percent if price.percent else None
    return usd / price.fixed_usd if price.fixed_usd else None


def _described(need: Need, price: Price) -> str:
    """`$0.03 per 10,000`, `0.25 %`, `$0.25`."""
    if need.part == "percent" and price.percent is not None:
        return f"{price.percent} %"
    if price.is_fee:
        return f"${price.fixed_usd}"
    usd = price.tiers[0].usd
    return f"${usd:f}" if price.per == 1 else f"${usd:f} per {price.per:,}"


def _problem(claim: Claim, index: int, need: Need, error: RowError) -> Problem:
    return Problem(
        "claims", None, f"claim {claim.id}: needs[{index}] {need.service}.{need.meter}", error.wrong, error.remedy
    )
