"""How a business grows month by month, what building takes once, and what is carried over."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from costmodel.assumptions.fields import Name, PositiveCount, Quantity, Record, Sourced, Text
from costmodel.assumptions.lever import PricePart
from costmodel.assumptions.perimeter import Dotted, Selector


class Curve(Record):
    """Growth that slows down (or picks up): from `start_percent` a month it comes to `end_percent`.

    Of the way between, half is left after every `half_life_months`.
    """

    start_percent: Quantity
    end_percent: Quantity
    half_life_months: Quantity

    @model_validator(mode="after")
    def _positive(self) -> Self:
        if self.half_life_months.value <= 0:
            raise ValueError("`half_life_months` must be above 0")
        return self


class Listed(Sourced):
    """Payments of each month, in order; `spread_percent` is how far off the last of them may be."""

    payments: tuple[PositiveCount, ...]
    spread_percent: Quantity


class Growth(Record):
    """Exactly one of: the same percentage every month, a curve, or a table."""

    monthly_percent: Quantity | None = None
    curve: Curve | None = None
    table: Listed | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = [name for name in ("monthly_percent", "curve", "table") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("give exactly one of `monthly_percent`, `curve` and `table`")
        if self.monthly_percent is not None and min(self.monthly_percent.value, self.monthly_percent.low or 0) <= -100:
            raise ValueError("`monthly_percent` must lie above -100")
        return self


class KeyVersions(Sourced):
    """A standing quantity that counts once more every so many months, `most` times at most."""

    standing: Name
    every_months: PositiveCount
    most: PositiveCount


class Driver(Record):
    """An assumption with a range that moves some lines of the bills in proportion."""

    path: Dotted
    lines: tuple[Selector, ...]


class GrowthFile(Record):
    """A growth path with its economics; the perimeters say what either side counts."""

    title: Text
    perimeters: Name
    built: tuple[Name, ...]
    opening: Literal["empty", "scenario"]
    growth: Growth
    months: Quantity
    build_engineer_months: Quantity
    build_meter: PricePart
    extra_settlement_days: Quantity
    discount_percent_per_year: Quantity
    kept_months: dict[Name, Quantity] = {}
    key_versions: KeyVersions | None = None
    driver: tuple[Driver, ...] = ()
