"""Over which volumes, and with which configurations, claims are held against the simulation together."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from costmodel.assumptions.fields import Name, PositiveCount, Record, Sourced, Text


class Span(Sourced):
    """Payments a month from low to high, so many points for each power of ten."""

    low: PositiveCount
    high: PositiveCount
    per_decade: PositiveCount

    @model_validator(mode="after")
    def _range(self) -> Self:
        if self.low >= self.high:
            raise ValueError("`low` must lie below `high`")
        return self


class Memory(Sourced):
    """The memory at which a function has a whole processor."""

    one_vcpu_mb: PositiveCount


class Raised(Sourced):
    """Rate quotas of a service are raised to so many times the payments offered, where they are lower."""

    service: Name
    times: PositiveCount


class FrontierFile(Record):
    """Claims, the perimeters in which reductions are shown, the volumes, the memory to try, quotas that are raised."""

    title: Text
    claims: Name
    perimeters: Name
    shown: tuple[Name, ...]
    same_rail: Name
    payments: Span
    memory: Memory
    raised: tuple[Raised, ...] = ()

    @model_validator(mode="after")
    def _shows(self) -> Self:
        if self.same_rail not in self.shown:
            raise ValueError("`same_rail` must be one of `shown`")
        return self
