"""What is assumed of a month: its workload, and the scenario that puts it through a pipeline at a date."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from costmodel.assumptions.fields import (
    Count,
    Day,
    Law,
    Name,
    NotNegative,
    Positive,
    PositiveCount,
    Quantity,
    Ranged,
    Record,
    Share,
    Sourced,
    Text,
)


class Tickets(Ranged):
    """How payment amounts are distributed about their mean; the range is that of sigma.

    Beside law = "empirical" sigma is what the amounts' logarithms deviate by, for the reader; `usd` is what counts.
    """

    law: Literal["constant", "lognormal", "empirical"]
    sigma: NotNegative | None = None
    usd: tuple[Positive, ...] = ()

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.law == "lognormal" and self.sigma is None) or (self.law == "constant" and self.sigma is not None):
            raise ValueError("`sigma` goes with law = lognormal (and may stand beside empirical), and only with it")
        if (self.law == "empirical") != bool(self.usd):
            raise ValueError("`usd` (a list of amounts) goes with law = empirical, and only with it")
        return self


class Arrivals(Sourced):
    """When payments arrive: shares by weekday (Monday first) and local hour, and how much days and hours vary."""

    weekday_shares: tuple[NotNegative, ...]
    hour_shares: tuple[NotNegative, ...]
    day_cv: Quantity
    hour_cv: Quantity

    @model_validator(mode="after")
    def _shares(self) -> Self:
        if len(self.weekday_shares) != 7 or len(self.hour_shares) != 24:
            raise ValueError("needs 7 weekday_shares and 24 hour_shares")
        if sum(self.weekday_shares) <= 0 or sum(self.hour_shares) <= 0:
            raise ValueError("the shares must not all be 0")
        return self


class Fate(Record):
    """Something that happens to a share of payments, some time after they settle."""

    share: Quantity
    lag: Law

    @model_validator(mode="after")
    def _share(self) -> Self:
        if not 0 <= self.share.value <= 1:
            raise ValueError("`share.value` must lie between 0 and 1")
        return self


class Workload(Sourced):
    """The payments of a month.

    count = "fixed": exactly `payments_per_month`, their amounts scaled so that the mean is exactly
    `mean_ticket_usd`; "random": Poisson about it. `days` shortens (or lengthens) the measured time at the same
    rate. `methods` are shares by count.
    """

    payments_per_month: Annotated[int, Field(strict=True, ge=1, le=10**10)]
    mean_ticket_usd: Positive
    count: Literal["fixed", "random"] = "fixed"
    days: Positive | None = None
    time_zone: Text = "America/New_York"
    accounts: PositiveCount
    payout_policy: Literal["per_payment", "per_provider"] = "per_payment"
    payouts_per_payment: PositiveCount = 1
    commission: Quantity
    methods: dict[Literal["card", "ach"], Share]
    tickets: Tickets
    arrivals: Arrivals
    growth_percent_per_month: Annotated[Decimal, Field(gt=-100, le=1000)] = Decimal(0)
    fates: dict[Name, Fate] = {}

    @model_validator(mode="after")
    def _methods(self) -> Self:
        if sum(self.methods.values()) != 1:
            raise ValueError("the shares of `methods` must sum to 1")
        return self


class Scenario(Record):
    """A workload put through a pipeline: what is simulated, at which date's prices, how often."""

    title: Text
    base: Text | None = None
    pipeline: Name
    on: Day
    seed: Annotated[int, Field(strict=True, ge=0, lt=2**63)] = 1
    horizon: Literal["month", "cohort"] = "month"
    month_hours: Annotated[int, Field(strict=True, ge=1, le=9_000)] | None = None
    lead_in_days: NotNegative | None = None
    replications: PositiveCount
    replicate_up_to_payments: PositiveCount
    pinned: bool = False
    workload: Workload


__all__ = ["Arrivals", "Count", "Fate", "Law", "Scenario", "Tickets", "Workload"]
