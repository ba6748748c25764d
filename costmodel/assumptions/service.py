"""What is assumed of a service: its meters and dated prices, operations, latencies, quotas and SLA."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator

from costmodel.assumptions.fields import (
    Count,
    Day,
    Law,
    Name,
    NotNegative,
    Number,
    Positive,
    PositiveCount,
    Quantity,
    Ranged,
    Record,
    Sourced,
    Text,
)

TimeOfDay = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class Sla(Sourced):
    """Monthly uptime below which the provider pays a credit, in percent. A refund threshold, not a forecast."""

    monthly_uptime_percent: Annotated[Positive, Field(le=100)]
    covers: Text | None = None


class Latency(Law):
    """Duration of one call of an operation, as its caller sees it."""

    operation: Text


MOST_PER_S = 10**9  # the clock counts nanoseconds
LEAST_PER_S = Decimal("1e-6")
Rate = Annotated[Positive, Field(ge=LEAST_PER_S, le=MOST_PER_S)]


class Quota(Ranged):
    """The most calls (or units) per second that the provider answers, and over what it counts them."""

    operation: Text
    scope: Literal["account", "function", "table", "partition"]
    per_second: Rate
    burst: Annotated[Positive, Field(le=MOST_PER_S)] | None = None


class Operation(Record):
    """What one call uses, in units of the meters named (per chunk where the meter counts chunks).

    `stores`: it adds to a table; `scans`: it reads one page by page; `moves_money`: the payment's amount.
    """

    uses: dict[Name, Positive] = {}
    latency: Text | None = None
    stores: bool = False
    scans: bool = False
    moves_money: bool = False


class Rule(Sourced):
    """A billing rule that changed at a date, as a number."""

    name: Name
    from_: Day = Field(alias="from")
    value: Number
    unit: Text


class Window(Sourced):
    """When a bank file handed in by `cut_off` settles: at `settles`, so many banking days after it; New York times."""

    name: Name
    cut_off: TimeOfDay
    settles: TimeOfDay
    banking_days: Count


class ReturnCodes(Sourced):
    """Until when a receiving bank may return an entry with one of these codes, counted from its settlement.

    within: that many of `unit`; None where the banks agree on it. category: which of the network's limits counts it.
    """

    codes: tuple[Annotated[str, Field(pattern=r"^R\d\d$")], ...]
    within: PositiveCount | None = None
    unit: Literal["banking day", "calendar day", "agreement"]
    category: Literal["administrative", "unauthorized", "other"]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.unit == "agreement") != (self.within is None):
            raise ValueError("`within` goes with days, and only with them")
        return self


class Tier(Record):
    """From the quantity `above` on, `per` units cost `usd`."""

    above: NotNegative
    usd: NotNegative
    low: NotNegative | None = None
    high: NotNegative | None = None


class Price(Sourced):
    """What a meter costs from a date on, in USD.

    Metered: `per` units cost what the tier says; tiers are `graduated` (each part at its tier's price) or `volume`
    (all of it at the price of the tier reached). `free_per_month` units cost nothing; meters naming the same
    `free_pool` share them. Per payment: percent of the amount + fixed, within minimum and maximum.
    """

    from_: Day = Field(alias="from")
    until: Day | None = None
    regions: tuple[Text, ...] = ()
    plan: Name = "list"
    per: PositiveCount = 1
    tiering: Literal["graduated", "volume"] | None = None
    tiers: tuple[Tier, ...] = ()
    free_per_month: NotNegative = Decimal(0)
    free_pool: Name | None = None
    percent: NotNegative | None = None
    fixed_usd: NotNegative | None = None
    minimum_usd: NotNegative | None = None
    maximum_usd: NotNegative | None = None
    scale_low: Positive | None = None
    scale_high: Positive | None = None

    @property
    def is_fee(self) -> bool:
        """Whether this is a price per payment."""
        return self.percent is not None or self.fixed_usd is not None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.is_fee == bool(self.tiers):
            raise ValueError("give either `tiers` or a fee (`percent`, `fixed_usd`)")
        edges = [tier.above for tier in self.tiers]
        if self.tiers and (edges[0] != 0 or edges != sorted(set(edges))):
            raise ValueError("tiers must start above 0 and rise")
        if len(self.tiers) > 1 and self.tiering is None:
            raise ValueError('more than one tier needs tiering = "graduated" or "volume"')
        if self.basis == "assumption" and not self._has_range():
            raise ValueError("an assumption needs a range: `low` and `high` in each tier, or scale_low and scale_high")
        return self

    def _has_range(self) -> bool:
        in_tiers = bool(self.tiers) and all(tier.low is not None and tier.high is not None for tier in self.tiers)
        return in_tiers or (self.scale_low is not None and self.scale_high is not None)

    def holds(self, on: dt.date, region: str, plan: str) -> bool:
        """Whether this price applies on that day, in that region, under that plan."""
        in_time = self.from_ <= on and (self.until is None or on < self.until)
        return in_time and self.plan == plan and (not self.regions or region in self.regions)


class Meter(Record):
    """What is counted and how it becomes a quantity, with its dated prices.

    per_size: a call counts once per started `chunk_kb`, the first chunk holding `first_kb` where that is given.
    per_volume: GB, of each call what lies beyond its first `included_kb`. per_duration: GB-seconds, each call rounded
    up to `increment_ms` (else the service's rule `billing_increment_ms`), at least `minimum_ms`, memory rounded up to
    `memory_increment_mb`. per_payment: a fee on each amount; with `adds_to`, a surcharge on another meter's
    rate, rounded together with it. minimum: the least that a month of the service costs; what its other lines fall
    short of is a line of its own, without any usage row.
    """

    kind: Literal[
        "per_call", "per_size", "per_volume", "per_duration", "per_payment", "standing", "minimum",
    ] = "per_call"  # fmt: skip
    unit: Text
    chunk_kb: Positive | None = None
    first_kb: Positive | None = None
    included_kb: Positive | None = None
    increment_ms: Positive | None = None
    minimum_ms: NotNegative | None = None
    memory_increment_mb: Positive | None = None
    adds_to: Name | None = None
    note: Text | None = None
    price: tuple[Price, ...]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.kind == "per_size") != (self.chunk_kb is not None):
            raise ValueError("`chunk_kb` goes with kind per_size, and only with it")
        if self.first_kb is not None and self.kind != "per_size":
            raise ValueError("`first_kb` goes with kind per_size only")
        if self.included_kb is not None and self.kind != "per_volume":
            raise ValueError("`included_kb` goes with kind per_volume only")
        if not self.price:
            raise ValueError("needs at least one price; free is a price of 0 with a source")
        for entry in self.price:
            if entry.is_fee != (self.kind == "per_payment"):
                raise ValueError("a fee (percent, fixed_usd) goes with kind per_payment, and only with it")
        if self.kind == "minimum" and any(len(entry.tiers) > 1 or not entry.tiers[0].usd for entry in self.price):
            raise ValueError("a minimum has one tier, above 0 USD")
        _check_history(self.price)
        return self


def _check_history(prices: tuple[Price, ...]) -> None:
    """Entries for the same region and plan stand in order of date, without gap or overlap."""
    for index, later in enumerate(prices):
        earlier = [p for p in prices[:index] if p.plan == later.plan and _share_region(p, later)]
        if earlier and earlier[-1].from_ > later.from_:
            raise ValueError(f"{later.from_} lies before the previous entry ({earlier[-1].from_}); entries stand in "
                             "order of their dates")  # fmt: skip
        if earlier and earlier[-1].from_ == later.from_:
            raise ValueError(f"two prices hold from {later.from_} in the same region")
        if earlier and earlier[-1].until not in (None, later.from_):
            raise ValueError(f"no price between {earlier[-1].until} and {later.from_}")


def _share_region(one: Price, other: Price) -> bool:
    return not one.regions or not other.regions or bool(set(one.regions) & set(other.regions))


def _sensible(parameter: dict[str, Quantity]) -> dict[str, Quantity]:
    """None is negative, a share is at most 1, what happens at a rate does so at one the clock can tell.

    Each fault is raised at its own key.
    """
    faults = {}
    for name, quantity in parameter.items():
        most = 1 if name.endswith("_share") else MOST_A_YEAR if name.endswith("_per_year") else None
        positive = name.endswith(RATES)
        most = MOST_PER_S if positive else most
        if quantity.value < 0 or (positive and not quantity.value) or (most is not None and quantity.value > most):
            wanted = "above 0" if positive else "at least 0"
            wanted += "" if most is None else f" and at most {most}"
            faults[name] = ValueError(f"must be {wanted} (given: {quantity.value})")
    if faults:
        raise ValidationError.from_exception_data(
            "parameter",
            [{"type": "value_error", "loc": (name,), "input": {}, "ctx": {"error": error}}
             for name, error in faults.items()],
        )  # fmt: skip
    return parameter


RATES = ("_concurrency", "_per_10s", "_per_s")  # endings of what is a quota by another name
MOST_A_YEAR = 10_000_000


class Service(Record):
    """One service of a provider: everything assumed about it."""

    name: Text
    provider: Text
    description: Text | None = None
    closed_to_new_customers: Day | None = None
    closed_source: Text | None = None
    sla: tuple[Sla, ...] = ()
    latency: tuple[Latency, ...] = ()
    quota: tuple[Quota, ...] = ()
    rule: tuple[Rule, ...] = ()
    operation: dict[str, Operation] = {}
    parameter: Annotated[dict[Name, Quantity], AfterValidator(_sensible)] = {}
    window: tuple[Window, ...] = ()
    return_codes: tuple[ReturnCodes, ...] = ()
    meter: dict[Name, Meter] = {}

    @model_validator(mode="after")
    def _refers(self) -> Self:
        laws = [law.operation for law in self.latency]
        if len(set(laws)) != len(laws):
            raise ValueError("two [[latency]] entries for one operation")
        for name, operation in self.operation.items():
            for meter in operation.uses:
                if meter not in self.meter:
                    raise ValueError(f"operation.{name} uses the meter `{meter}`, which is not defined here")
            if (operation.latency or name) not in laws:
                raise ValueError(f"operation.{name} has no [[latency]] entry named `{operation.latency or name}`")
        return self

    def law(self, operation: str) -> Latency:
        """The latency of an operation; KeyError if there is none."""
        wanted = self.operation[operation].latency or operation if operation in self.operation else operation
        return next((law for law in self.latency if law.operation == wanted), None) or _missing(wanted)

    def rule_on(self, name: str, on: dt.date) -> Decimal | None:
        """The value of a dated billing rule on that day, or None if none holds."""
        held = [rule.value for rule in self.rule if rule.name == name and rule.from_ <= on]
        return held[-1] if held else None


def _missing(name: str) -> Any:
    raise KeyError(name)


__all__ = ["Count", "Latency", "Meter", "Operation", "Price", "Quota", "Rule", "Service", "Sla", "Tier"]
