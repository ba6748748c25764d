"""Fees really charged, payment by payment, beside what the price book would charge on the same payments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from costmodel.assumptions.bill_layouts import Lines
from costmodel.assumptions.catalog import Assumptions
from costmodel.billing.balance_reports import Balance, IntArray
from costmodel.billing.fees import CENTS_PER_USD, fee_cents, surcharge_cents
from costmodel.billing.prices import PriceBook
from costmodel.billing.quantities import RowError
from costmodel.simulation.payments import ACH, CARD

RAILS = {"card": CARD, "ach": ACH}
FOREIGN = "card_foreign"


@dataclass(frozen=True)
class ChargeGroup:
    """The charges of one rail: number, volume and fees in USD; how many cost exactly what the book says, more, less.

    list_usd is None where the book has no price.
    """

    service: str
    meter: str
    surcharges: tuple[str, ...]
    number: int
    volume_usd: Decimal
    charged_usd: Decimal
    list_usd: Decimal | None
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


def check_charges(balance: Balance, assumptions: Assumptions, rules: Mapping[str, Lines]) -> ChargeCheck | None:
    """Each rail's charges against the book at the scenario's date and plan; None if there are none."""
    amounts, fees, _, rails, foreign = (balance.charges.column(at) for at in range(5))
    if not len(amounts):
        return None
    providers = {key.provider for key in balance.entries}
    meters = {rail: meter for lines in rules.values() if lines.provider in providers
              for rail, meter in lines.charges.items()}  # fmt: skip
    service = next(lines.line[0].service for lines in rules.values() if lines.provider in providers)
    book = PriceBook(assumptions.services, assumptions.scenario.on, dict(assumptions.pipeline.plans))
    groups = []
    for name, rail in RAILS.items():
        chosen = rails == rail
        if chosen.any() and name in meters:
            extra = meters.get(FOREIGN) if name == "card" and foreign[chosen].any() else None
            expected = _expected(
                amounts[chosen], foreign[chosen] == 1, book, (service, meters[name], extra), assumptions
            )
            groups.append(_group(service, meters[name], extra, amounts[chosen], fees[chosen], expected))
    return ChargeCheck(tuple(groups))


def _expected(
    amounts: IntArray, foreign: np.typing.NDArray[np.bool_], book: PriceBook, what: tuple[str, str, str | None],
    assumptions: Assumptions,
) -> IntArray | None:  # fmt: skip
    """The fee on each amount in cents, with the surcharge on foreign cards; None where the book has no price."""
    (service, meter, extra), region = what, assumptions.pipeline.region
    try:
        price = book.price(service, meter, region)
        expected = fee_cents(amounts, price)
        if extra is not None:
            surcharges = surcharge_cents(amounts, price, book.price(service, extra, region))
            expected = expected + np.where(foreign, surcharges, 0)
    except RowError:
        return None
    return expected


def _group(
    service: str, meter: str, extra: str | None, amounts: IntArray, fees: IntArray, expected: IntArray | None
) -> ChargeGroup:
    other = fees - expected if expected is not None else np.zeros(0, np.int64)
    return ChargeGroup(
        service, meter, (extra,) if extra else (), len(amounts), _usd(amounts), _usd(fees),
        None if expected is None else _usd(expected), int((other == 0).sum()), int((other > 0).sum()),
        int((other < 0).sum()),
    )  # fmt: skip


def _usd(cents: IntArray) -> Decimal:
    return Decimal(int(cents.sum())) / CENTS_PER_USD
