"""A quantity spread over the tiers of a price: graduated (each part at its own) or volume (all at the one reached)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from costmodel.assumptions.by_month import each, is_some
from costmodel.assumptions.service import Price, Tier

FREE = "free"
ALL = "all"


@dataclass(frozen=True)
class Part:
    """A part of a quantity that one tier prices: `usd` for `per` units."""

    tier: str
    quantity: Decimal
    usd: Decimal


def spread(quantity: Decimal, price: Price, free: Decimal = Decimal(0)) -> list[Part]:
    """The parts of `quantity`, the free one first; their quantities sum to it.

    Tiers count what lies beyond the free units. A tier begins above its edge: the edge itself still belongs to
    the tier below.
    """
    used_free = each(min, quantity, free)
    billed = quantity - used_free
    parts = [Part(FREE, used_free, Decimal(0))] if is_some(used_free) else []
    if is_some(billed) or not parts:
        parts += _volume(billed, price) if price.tiering == "volume" else _graduated(billed, price)
    return parts


def _volume(quantity: Decimal, price: Price) -> list[Part]:
    parts = []
    for index, tier in enumerate(price.tiers):
        inside = each(
            lambda all_of_it, at=index: all_of_it if _reached(all_of_it, price) == at else Decimal(0), quantity
        )
        if is_some(inside) or (index == 0 and not is_some(quantity)):
            parts.append(Part(tier_label(price.tiers, index), inside, tier.usd))
    return parts


def _reached(quantity: Decimal, price: Price) -> int:
    """The tier that all of a quantity is priced at."""
    return max((i for i, tier in enumerate(price.tiers) if tier.above < quantity), default=0)


def _graduated(quantity: Decimal, price: Price) -> list[Part]:
    parts = []
    for index, tier in enumerate(price.tiers):
        upper = _upper(price.tiers, index)
        inside = (quantity if upper is None else each(min, quantity, upper)) - tier.above
        inside = each(max, inside, Decimal(0))
        if is_some(inside) or index == 0:
            parts.append(Part(tier_label(price.tiers, index), inside, tier.usd))
    return parts


def _upper(tiers: tuple[Tier, ...], index: int) -> Decimal | None:
    return tiers[index + 1].above if index + 1 < len(tiers) else None


def tier_label(tiers: tuple[Tier, ...], index: int) -> str:
    """`all`, `up to 10,240`, `10,240 to 51,200`, `above 153,600`."""
    above, upper = tiers[index].above, _upper(tiers, index)
    if upper is None:
        return f"above {above:,f}" if index else ALL
    return f"{above:,f} to {upper:,f}" if index else f"up to {upper:,f}"
