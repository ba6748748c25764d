"""What the what-if panel moves, between which ends and in which steps, and what it shows."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Self

from pydantic import model_validator

from costmodel.assumptions.fields import Day, Name, NotNegative, Positive, PositiveCount, Record, Sourced, Text
from costmodel.assumptions.perimeter import Selector

MOST_STEPS = 1000  # of a slider: more could not be told apart
ROUND = Context(prec=2, rounding=ROUND_HALF_EVEN)  # values of a logarithmic slider


class Slider(Sourced):
    """One figure that is moved: from `low` to `high` in steps, or so many values for each power of ten."""

    label: Text
    unit: Text
    low: NotNegative
    high: NotNegative
    step: Positive | None = None
    per_decade: PositiveCount | None = None

    @model_validator(mode="after")
    def _moves(self) -> Self:
        if self.low >= self.high:
            raise ValueError("`low` must lie below `high`")
        if (self.step is None) == (self.per_decade is None):
            raise ValueError("give either `step` or `per_decade`")
        if self.per_decade is not None and not self.low:
            raise ValueError("`per_decade` needs a `low` above 0")
        if self._number > MOST_STEPS:
            raise ValueError(f"makes more than {MOST_STEPS} steps")
        return self

    @property
    def _number(self) -> int:
        """How many steps there are at most."""
        if self.step is not None:
            return int((self.high - self.low) / self.step)
        return int((self.high / self.low).log10() * (self.per_decade or 0))

    def values(self, own: Decimal) -> list[Decimal]:
        """Every value the slider takes, rising: its steps, both ends, and the scenario's own.

        >>> import datetime as dt
        >>> given = {"label": "a", "unit": "USD", "source": "-", "read": dt.date(2026, 11, 24), "basis": "assumption"}
        >>> [int(x) for x in Slider(low=10, high=100, per_decade=4, **given).values(Decimal(25))]
        [10, 18, 25, 32, 56, 100]
        """
        found = {self.low, self.high, own, *(self._at(number) for number in range(1, self._number + 1))}
        return sorted(value for value in found if self.low <= value <= self.high or value == own)

    def _at(self, number: int) -> Decimal:
        if self.step is not None:
            return self.low + number * self.step
        power = self.low.log10() + Decimal(number) / (self.per_decade or 1)
        return ROUND.create_decimal(Decimal(10) ** power)


class Dates(Sourced):
    """The day whose prices and rules hold."""

    label: Text
    unit: Text
    first: Day
    last: Day

    @model_validator(mode="after")
    def _range(self) -> Self:
        if self.first >= self.last:
            raise ValueError("`first` must lie before `last`")
        return self


class Effort(Sourced):
    """How much is simulated of each side: payments in all replications together, and how many replications."""

    payments: PositiveCount
    replications: PositiveCount

    @model_validator(mode="after")
    def _each(self) -> Self:
        if self.payments < self.replications:
            raise ValueError("`payments` must be at least one for each of the `replications`")
        return self


class PanelFile(Record):
    """The panel: perimeters it shows (`perimeter` first), sliders, and card fees that a mix adds to Stripe's side."""

    title: Text
    perimeters: Name
    claims: Name
    shown: tuple[Name, ...]
    perimeter: Name
    card_fees: tuple[Selector, ...]
    payments: Slider
    ticket: Slider
    ach_share: Slider
    provisioned: Slider
    on: Dates
    effort: Effort

    @model_validator(mode="after")
    def _shows(self) -> Self:
        if self.perimeter not in self.shown:
            raise ValueError("`perimeter` must be one of `shown`")
        if self.ach_share.high > 100:
            raise ValueError("`ach_share` is a percentage: `high` is at most 100")
        return self
