"""What is assumed of a month: its workload, and the scenario that puts it through a pipeline at a date."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from costmodel.assumptions.fields import (
    AboveZero,
    Count,
    Day,
    Law,
    Name,
    NotNegative,
    NotNegativeQuantity,
    Percent,
    Positive,
    PositiveCount,
    Ranged,
    Record,
    Share,
    ShareQuantity,
    Sourced,
    Text,
    Whole,
    within,
)

MOST_DAYS = 1000  # a run's calendar is laid out day by day
MOST_PAYMENTS = 10**10  # a month
CENTS = 100


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
    day_cv: NotNegativeQuantity
    hour_cv: NotNegativeQuantity

    @model_validator(mode="after")
    def _shares(self) -> Self:
        if len(self.weekday_shares) != 7 or len(self.hour_shares) != 24:
            raise ValueError("needs 7 weekday_shares and 24 hour_shares")
        if sum(self.weekday_shares) <= 0 or sum(self.hour_shares) <= 0:
            raise ValueError("the shares must not all be 0")
        return self


class Fate(Record):
    """Something that happens to a share of payments, some time after they settle."""

    share: ShareQuantity
    lag: Law


class Workload(Sourced):
    """The payments of a month.

    count = "fixed": exactly `payments_per_month`, their amounts scaled so that the mean is exactly
    `mean_ticket_usd`; "random": Poisson about it. `days` shortens (or lengthens) the measured time at the same
    rate. `methods` are shares by count. Of the card payments, `international_share` bear a card issued abroad,
    `conversion_share` are converted, `manual_entry_share` are typed in; the smaller of these groups lie in the larger.
    """

    payments_per_month: Annotated[int, Field(strict=True, ge=1, le=MOST_PAYMENTS)]
    mean_ticket_usd: Annotated[Positive, Field(ge=Decimal(1) / CENTS)]
    count: Literal["fixed", "random"] = "fixed"
    days: Annotated[Positive, Field(le=MOST_DAYS)] | None = None
    time_zone: Text = "America/New_York"
    accounts: PositiveCount
    payout_policy: Literal["per_payment", "per_provider"] = "per_payment"
    payouts_per_payment: PositiveCount = 1
    commission: ShareQuantity
    methods: dict[Literal["card", "ach"], Share]
    international_share: ShareQuantity | None = None
    conversion_share: ShareQuantity | None = None
    manual_entry_share: ShareQuantity | None = None
    tickets: Tickets
    arrivals: Arrivals
    growth_percent_per_month: Annotated[Decimal, Field(gt=-100, le=1000)] = Decimal(0)
    fates: dict[Name, Fate] = {}

    @model_validator(mode="after")
    def _methods(self) -> Self:
        if sum(self.methods.values()) != 1:
            raise ValueError("the shares of `methods` must sum to 1")
        return self

    def share_of(self, name: str) -> Decimal:
        """The share of card payments (0 to 1) that are `international`, `conversion` or `manual_entry`."""
        figure: ShareQuantity | None = getattr(self, f"{name}_share")
        return figure.value if figure is not None else Decimal(0)


class Capacity(Record):
    """What "it still carries the load" means, and how the highest such rate is searched for.

    p99_ms, failed_percent: the service level of a payment request. skipped_percent: how often a call may be given up
    while its payment goes on (errors that the pipeline ignores). backlog_percent: how much of what a stretch offers
    may be under way at its end beyond what was at its start. A stretch has `stretch_payments`, but lasts at least
    `least_stretch_s` and at most `most_stretch_h`, after a lead-in as long; none has more than `most_payments` with it.
    Rates are tried `precision_percent` apart, with `searches` seeds.
    """

    p99_ms: AboveZero
    failed_percent: Percent
    skipped_percent: Percent
    backlog_percent: Percent
    precision_percent: AboveZero
    stretch_payments: Whole
    least_stretch_s: AboveZero
    most_stretch_h: Annotated[AboveZero, within(0, MOST_DAYS)]
    most_payments: Whole
    searches: Whole

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if 2 * self.stretch_payments.value > self.most_payments.value:
            raise ValueError("a stretch of `stretch_payments` and its lead-in do not fit into `most_payments`")
        return self


class Scenario(Record):
    """A workload put through a pipeline: what is simulated, at which date's prices, how often.

    until: figures by their path in a run (latency_ms.p95), each with the most that half of its 95 % interval may be;
    replications are added until that is reached, up to `most_replications`.
    """

    title: Text
    base: Text | None = None
    pipeline: Name
    on: Day
    seed: Annotated[int, Field(strict=True, ge=0, lt=2**63)] = 1
    horizon: Literal["month", "cohort"] = "month"
    month_hours: Annotated[int, Field(strict=True, ge=1, le=9_000)] | None = None
    lead_in_days: Annotated[NotNegative, Field(le=MOST_DAYS)] | None = None
    replications: PositiveCount
    replicate_up_to_payments: PositiveCount
    until: dict[Text, Positive] = {}
    most_replications: PositiveCount | None = None
    pinned: bool = False
    capacity: Capacity | None = None
    workload: Workload


__all__ = ["Arrivals", "Capacity", "Count", "Fate", "Law", "Scenario", "Tickets", "Workload"]
