"""Fees really charged, payment by payment, beside what the price book would charge on the same payments."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from costmodel.analysis.pricing_bills import last_day
from costmodel.assumptions.bill_layouts import Lines
from costmodel.assumptions.catalog import Assumptions
from costmodel.billing.balance_reports import Balance, IntArray
from costmodel.billing.fees import CENTS_PER_USD, fee_cents, surcharge_cents
from costmodel.billing.prices import PriceBook
from costmodel.billing.quantities import RowError
from costmodel.simulation.payments import ACH, CARD

RAILS = {"card": CARD, "ach": ACH}
FOREIGN = "card_foreign"
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class ChargeGroup:
    """The charges of one rail: number, volume and fees in USD; how many cost exactly what the book says, more, less.

    list_usd: at the book's prices of their own months, which exact, above and below are about; now_usd: at those of
    the scenario's date. None where the book has none.
    """

    service: str
    meter: str
    surcharges: tuple[str, ...]
    number: int
    volume_usd: Decimal
    charged_usd: Decimal
    list_usd: Decimal | None
    now_usd: Decimal | None
    exact: int
    above: int
    below: int

    @property
    def effective_percent(self) -> Decimal:
        """Fees over volume, in percent."""
        return 100 * self.charged_usd / self.volume_usd


@dataclass(frozen=True)
class ChargeCheck:
    """The charges of all rails."""

    groups: tuple[ChargeGroup, ...]

    def to_dict(self) -> list[dict[str, Any]]:
        """For JSON."""
        return [
            {name: str(value) if isinstance(value, Decimal) else value for name, value in vars(group).items()}
            for group in self.groups
        ]


@dataclass(frozen=True)
class _Rail:
    """The charges of one rail, and the meters they are charged by."""

    amounts: IntArray
    fees: IntArray
    us: IntArray
    foreign: BoolArray
    service: str
    meter: str
    surcharge: str | None


def check_charges(balance: Balance, assumptions: Assumptions, rules: Mapping[str, Lines]) -> ChargeCheck | None:
    """Each rail's charges against the book at their own dates and at the scenario's; None if there are none."""
    amounts, fees, us, rails, foreign = (balance.charges.column(at) for at in range(5))
    if not len(amounts):
        return None
    providers, groups = {key.provider for key in balance.entries}, []
    for lines in (lines for lines in rules.values() if lines.provider in providers and lines.charges):
        for name, rail in RAILS.items():
            chosen = rails == rail
            if chosen.any() and name in lines.charges:
                abroad = foreign[chosen] == 1
                extra = lines.charges.get(FOREIGN) if name == "card" and abroad.any() else None
                found = _Rail(amounts[chosen], fees[chosen], us[chosen], abroad, lines.line[0].service,
                              lines.charges[name], extra)  # fmt: skip
                groups.append(_group(found, assumptions))
    return ChargeCheck(tuple(groups))


def _group(rail: _Rail, assumptions: Assumptions) -> ChargeGroup:
    everyone = np.ones(len(rail.amounts), np.bool_)
    then, now = _at_their_dates(rail, assumptions), _expected(rail, everyone, assumptions.scenario.on, assumptions)
    other = rail.fees - then if then is not None else np.zeros(0, np.int64)
    return ChargeGroup(
        rail.service, rail.meter, (rail.surcharge,) if rail.surcharge else (), len(rail.amounts), _usd(rail.amounts),
        _usd(rail.fees), None if then is None else _usd(then), None if now is None else _usd(now),
        int((other == 0).sum()), int((other > 0).sum()), int((other < 0).sum()),
    )  # fmt: skip


def _at_their_dates(rail: _Rail, assumptions: Assumptions) -> IntArray | None:
    """The fee on each amount in cents at the prices of its month (UTC); None where the book lacks one of them."""
    expected = np.zeros(len(rail.amounts), np.int64)
    months = rail.us.astype("datetime64[us]").astype("datetime64[M]")
    for month in np.unique(months):
        chosen = months == month
        fees = _expected(rail, chosen, last_day(str(month)), assumptions)
        if fees is None:
            return None
        expected[chosen] = fees
    return expected


def _expected(rail: _Rail, chosen: BoolArray, on: dt.date, assumptions: Assumptions) -> IntArray | None:
    """The fee on the chosen amounts in cents, with the surcharge on foreign cards; None where the book has no price."""
    book = PriceBook(assumptions.services, on, dict(assumptions.pipeline.plans))
    region, amounts = assumptions.pipeline.region, rail.amounts[chosen]
    try:
        price = book.price(rail.service, rail.meter, region)
        expected = fee_cents(amounts, price)
        if rail.surcharge is not None:
            surcharges = surcharge_cents(amounts, price, book.price(rail.service, rail.surcharge, region))
            expected = expected + np.where(rail.foreign[chosen], surcharges, 0)
    except RowError:
        return None
    return expected


def _usd(cents: IntArray) -> Decimal:
    return Decimal(int(cents.sum())) / CENTS_PER_USD
