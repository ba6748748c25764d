"""Fees per payment, exact to the cent: percent of the amount + fixed, rounded half up once per payment."""

from __future__ import annotations

from decimal import Decimal
from math import gcd, lcm
from typing import Any

import numpy as np
import numpy.typing as npt

from costmodel.assumptions.by_month import each, is_column
from costmodel.assumptions.decimals import in_full, usd_in_full
from costmodel.assumptions.service import Price
from costmodel.errors import UsageError

IntArray = npt.NDArray[np.int64]
NO_SURCHARGE = Decimal(0)
CENTS_PER_USD = 100
PERCENT = 100
_INT64_MOST = int(np.iinfo(np.int64).max)
FLOAT_ERROR = 1 / 2**48  # relative, of a product and a sum of rounded floats: four times what it can be, and more


def fee_cents(amounts_cents: IntArray, price: Price, extra_percent: Decimal = NO_SURCHARGE) -> IntArray:
    """The fee on each amount, in cents (int64, shape of `amounts_cents`, of which the last axis are a month's).

    percent × amount + fixed is exact and goes to the nearest cent once, a half cent up; then the minimum (for
    amounts above 0) and the maximum apply. `extra_percent` is added to the percentage before rounding. Raises
    UsageError for amounts that are not whole cents of 0 or more, and for a price that is no fee.

    >>> from datetime import date
    >>> card = Price(percent="2.9", fixed_usd="0.30", source="-", read=date(2026, 11, 23), basis="secondary",
    ...              **{"from": date(2020, 1, 1)})
    >>> fee_cents(np.array([2500, 20000]), card).tolist()
    [103, 610]
    """
    if not price.is_fee:
        raise UsageError("this price is no fee per payment; it has tiers")
    amounts = _whole_cents(amounts_cents)
    percent = _or_nothing(price.percent) + extra_percent
    fees = _rounded(amounts, percent, _or_nothing(price.fixed_usd))
    return _within_limits(fees, amounts, price)


def surcharge_cents(amounts_cents: IntArray, base: Price, extra: Price, *, together: bool = True) -> IntArray:
    """What the surcharge `extra` adds to the fee `base` on each amount, in cents.

    together: the fee at the summed rate less the fee at the base rate, so that both are rounded once; otherwise
    the surcharge is rounded by itself.
    """
    if not together:
        return fee_cents(amounts_cents, extra)
    return fee_cents(amounts_cents, summed(base, extra)) - fee_cents(amounts_cents, base)


def summed(base: Price, extra: Price, times: Any = 1) -> Price:
    """The price with the percentage and the fixed part of both; limits, source and dates are those of `base`.

    times: 1, or a column that says in which of many months the other is added.
    """
    percent = _or_nothing(base.percent) + _or_nothing(extra.percent) * times
    fixed_usd = _or_nothing(base.fixed_usd) + _or_nothing(extra.fixed_usd) * times
    return base.model_copy(update={"percent": percent, "fixed_usd": fixed_usd})


def _or_nothing(figure: Decimal | None) -> Decimal:
    return Decimal(0) if figure is None else figure


def total_cents(fees: IntArray, counts: IntArray) -> int:
    """Σ fees × counts as an exact integer, however large; of each month, where they have a row for each.

    Raises ValueError where there are not as many fees as counts.
    """
    if fees.shape[-1] != counts.shape[-1]:
        raise ValueError(f"{fees.shape[-1]} fees and {counts.shape[-1]} counts")
    if int(fees.max(initial=0)) * int(counts.max(initial=0)) * fees.shape[-1] <= _INT64_MOST:
        return each(int, (fees * counts).sum(axis=-1))
    return each(int, (fees.astype(object) * counts.astype(object)).sum(axis=-1))


def describe_fee(price: Price) -> str:
    """The fee in words: `0.8 %, at least $0.01, at most $5.00`."""
    if is_column(price.percent) or is_column(price.fixed_usd):
        return "another fee each month"
    parts = []
    if price.percent is not None:
        parts.append(f"{in_full(price.percent)} %")
    if price.fixed_usd or not parts:
        parts.append(usd_in_full(price.fixed_usd or Decimal(0)))
    text = " + ".join(parts)
    text += f", at least {usd_in_full(price.minimum_usd)}" if price.minimum_usd is not None else ""
    return text + (f", at most {usd_in_full(price.maximum_usd)}" if price.maximum_usd is not None else "")


def _whole_cents(amounts: IntArray) -> IntArray:
    if amounts.dtype.kind not in "iu":
        raise UsageError(f"amounts must be whole cents (integers), not {amounts.dtype}")
    if amounts.size and (int(amounts.min()) < 0 or int(amounts.max()) > _INT64_MOST):
        raise UsageError("amounts must be 0 cents or more; a refund gives back no fee")
    return amounts.astype(np.int64, copy=False)


def _rounded(amounts: IntArray, percent: Decimal, fixed_usd: Decimal) -> IntArray:
    """percent × amount + fixed to the nearest cent, half up: integers only, in 64 bits where they fit."""
    ratio: Any = each(_half_up_ratio, percent, fixed_usd)
    if is_column(ratio):
        rows = np.broadcast_to(amounts, (len(ratio), amounts.shape[-1]))
        return np.array([_nearest(row, *one) for row, one in zip(rows, ratio, strict=True)])
    return _nearest(amounts, *ratio)


def _nearest(amounts: IntArray, slope: int, offset: int, divisor: int) -> IntArray:
    """(slope × amount + offset) // divisor of each; where 64 bits do not hold that, by floats where these are sure."""
    largest = int(amounts.max(initial=0))
    if slope * largest + offset <= _INT64_MOST and divisor <= _INT64_MOST:
        return (amounts * slope + offset) // divisor
    if (slope * largest + offset) // divisor > _INT64_MOST:
        raise UsageError("a fee is larger than 64 bits hold; check the amounts and the price")
    found = amounts * (slope / divisor) + offset / divisor
    unsure = np.abs(found - np.rint(found)) <= found * FLOAT_ERROR + FLOAT_ERROR
    fees = np.floor(np.where(unsure, 0, found)).astype(np.int64)
    fees[unsure] = [(amount * slope + offset) // divisor for amount in amounts[unsure].tolist()]
    return fees


def _half_up_ratio(percent: Decimal, fixed_usd: Decimal) -> tuple[int, int, int]:
    """(slope, offset, divisor) so that (slope × amount + offset) // divisor is the fee rounded half up."""
    (rate, rate_of), (fixed, fixed_of) = percent.as_integer_ratio(), fixed_usd.as_integer_ratio()
    rate, rate_of = _reduced(rate, rate_of * PERCENT)
    fixed, fixed_of = _reduced(fixed * CENTS_PER_USD, fixed_of)
    scale = lcm(rate_of, fixed_of)
    return 2 * rate * (scale // rate_of), 2 * fixed * (scale // fixed_of) + scale, 2 * scale


def _reduced(numerator: int, denominator: int) -> tuple[int, int]:
    common = gcd(numerator, denominator)
    return numerator // common, denominator // common


def _within_limits(fees: IntArray, amounts: IntArray, price: Price) -> IntArray:
    if price.minimum_usd is not None:
        fees = np.where(amounts > 0, np.maximum(fees, _cents(price.minimum_usd)), fees)
    if price.maximum_usd is not None:
        fees = np.minimum(fees, _cents(price.maximum_usd))
    return fees


def _cents(usd: Decimal) -> int:
    _, offset, divisor = _half_up_ratio(Decimal(0), usd)
    return offset // divisor
