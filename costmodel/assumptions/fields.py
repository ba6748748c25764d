"""The kinds of value an assumption file holds: every figure with unit, source, date read and basis."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

Basis = Literal["published", "measured", "secondary", "assumption", "claimed"]
BASES_WEAKEST_LAST: tuple[str, ...] = ("published", "measured", "simulated", "secondary", "assumption", "claimed")

Text = Annotated[str, StringConstraints(min_length=1, max_length=4_000)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=80)]


def _number(value: Any) -> Any:
    """Accept integers, decimals and decimal strings; refuse booleans and what is no number."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise ValueError("must be a number")
    return value


Number = Annotated[Decimal, BeforeValidator(_number), Field(allow_inf_nan=False)]
NotNegative = Annotated[Number, Field(ge=0, le=Decimal("1e18"))]
Positive = Annotated[Number, Field(gt=0, le=Decimal("1e18"))]
Share = Annotated[Number, Field(ge=0, le=1)]
Count = Annotated[int, Field(strict=True, ge=0, le=10**12)]
PositiveCount = Annotated[int, Field(strict=True, ge=1, le=10**12)]
FIRST_DAY, LAST_DAY = dt.date(1970, 1, 1), dt.date(2999, 12, 31)  # a day outside is a typing error
Day = Annotated[dt.date, Field(strict=True, ge=FIRST_DAY, le=LAST_DAY)]


class Record(BaseModel):
    """Base of all assumption records: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, arbitrary_types_allowed=False)


class Sourced(Record):
    """A record that says where its figures come from.

    source: where they stand; read: the day somebody compared them with it; basis: how far to trust them.
    """

    source: Text
    read: Day
    basis: Basis
    note: Text | None = None


class Ranged(Sourced):
    """A sourced record whose main figure may have a range; an assumption must."""

    low: NotNegative | None = None
    high: NotNegative | None = None

    @model_validator(mode="after")
    def _has_range(self) -> Self:
        if self.basis == "assumption" and (self.low is None or self.high is None):
            raise ValueError("an assumption needs `low` and `high`")
        return self


class Quantity(Sourced):
    """One figure with its unit; `low` and `high` give its range and are required of an assumption."""

    value: Number
    unit: Text
    low: Number | None = None
    high: Number | None = None

    @model_validator(mode="after")
    def _range(self) -> Self:
        if self.basis == "assumption" and (self.low is None or self.high is None):
            raise ValueError("an assumption needs `low` and `high`")
        if (
            not (self.value if self.low is None else self.low)
            <= self.value
            <= (self.value if self.high is None else self.high)
        ):
            raise ValueError("`low` <= `value` <= `high` does not hold")
        return self


def within(least: int, most: int | None = None, *, over: bool = False, whole: bool = False) -> AfterValidator:
    """A quantity from `least` (or `over` it) to `most`, in whole numbers if `whole`."""

    def checked(quantity: Quantity) -> Quantity:
        value = quantity.value
        if value < least or (over and value == least) or (most is not None and value > most):
            wanted = f"above {least}" if over else f"at least {least}" if most is None else f"from {least} to {most}"
            raise ValueError(f"must be {wanted} (given: {value})")
        if whole and value % 1:
            raise ValueError(f"must be a whole number (given: {value})")
        return quantity

    return AfterValidator(checked)


AboveZero = Annotated[Quantity, within(0, over=True)]
NotNegativeQuantity = Annotated[Quantity, within(0)]
Whole = Annotated[Quantity, within(1, whole=True)]
ShareQuantity = Annotated[Quantity, within(0, 1)]
Percent = Annotated[Quantity, within(0, 100)]


_QUANTILE = re.compile(r"^p(\d{1,2}(_\d{1,6})?|100)$")


def quantile_level(name: str) -> Decimal:
    """`p99_9` -> 0.999."""
    return Decimal(name[1:].replace("_", ".")) / 100


class Law(Sourced):
    """A distribution of durations (or scores): quantiles, or one of three closed forms.

    Exactly one of the forms must be given; the unit stands in its name. `scale` multiplies the whole law; its range,
    `scale_low` to `scale_high`, is required of an assumption.
    """

    quantiles_ms: dict[str, NotNegative] | None = None
    quantiles_days: dict[str, NotNegative] | None = None
    quantiles_score: dict[str, NotNegative] | None = None
    constant_ms: NotNegative | None = None
    exponential_mean_ms: Positive | None = None
    lognormal_mean_ms: Positive | None = None
    cv: Positive | None = None
    scale: Positive = Decimal(1)
    scale_low: Positive | None = None
    scale_high: Positive | None = None

    @property
    def quantiles(self) -> dict[str, Decimal] | None:
        """The quantiles in whichever unit they are given."""
        return self.quantiles_ms or self.quantiles_days or self.quantiles_score

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        forms = (
            self.quantiles_ms, self.quantiles_days, self.quantiles_score,
            self.constant_ms, self.exponential_mean_ms, self.lognormal_mean_ms,
        )  # fmt: skip
        if sum(form is not None for form in forms) != 1:
            raise ValueError("give exactly one of quantiles_ms, quantiles_days, quantiles_score, constant_ms, "
                             "exponential_mean_ms, lognormal_mean_ms")  # fmt: skip
        if (self.lognormal_mean_ms is None) != (self.cv is None):
            raise ValueError("`cv` goes with `lognormal_mean_ms`, and only with it")
        if self.basis == "assumption" and (self.scale_low is None or self.scale_high is None):
            raise ValueError("an assumption needs `scale_low` and `scale_high`")
        if self.quantiles is not None:
            _check_quantiles(self.quantiles)
        return self


def _check_quantiles(quantiles: dict[str, Decimal]) -> None:
    for name in quantiles:
        if not _QUANTILE.match(name):
            raise ValueError(f"`{name}` is no quantile; write p0, p50, p99_9, p100")
    if not {"p0", "p100"} <= set(quantiles):
        raise ValueError("quantiles need p0 and p100 (an assumption with a range where nobody published them)")
    rising = sorted(quantiles, key=quantile_level)
    values = [quantiles[name] for name in rising]
    if values != sorted(values):
        raise ValueError("quantiles must not decrease")
    if values[0] <= 0 < values[-1]:
        raise ValueError("p0 must be above 0 (latencies are interpolated in their logarithm)")
