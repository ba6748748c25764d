"""Configurations for latency: environments kept warm and memory; the cheapest that makes a claim hold, or the best."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from costmodel.analysis.claims import judge
from costmodel.analysis.sides import Business
from costmodel.analysis.warmth import functions_on_path
from costmodel.assumptions.document import Claim
from costmodel.assumptions.linking import steps_below
from costmodel.assumptions.pipeline import Pipeline
from costmodel.result import Result

MEANS = ("lognormal_mean_ms", "exponential_mean_ms", "constant_ms")
NO_TIME = Decimal("0.001")  # of its own time: what code takes that takes none


@dataclass(frozen=True)
class Configuration:
    """So many provisioned environments and so much memory (None: as it is) for every function on the path.

    figure_ms: the claimed percentile; extra_usd: what it adds to the month's bill; holds: whether the claim does.
    """

    provisioned: int
    memory_mb: int | None
    figure_ms: float
    interval: tuple[float, float] | None
    extra_usd: Decimal
    holds: bool


@dataclass(frozen=True)
class Warmest:
    """The cheapest configuration that makes the claim hold; where none does, the best one tried.

    floor_ms: the same percentile if everything were warm and the functions' own code took no time.
    """

    chosen: Configuration
    floor_ms: float


def warmest(business: Business, claim: Claim, one_vcpu_mb: int) -> Warmest | None:
    """Try memory and warm environments on the own side by ACH; None without functions or completed payments."""
    here = business.result("own", "ach")
    pipeline = here.assumptions.pipeline
    path = functions_on_path(pipeline)
    if here.latency_ms[_level(claim)] is None or not path:
        return None
    peak = 1 + max(int(here.functions[name]["peak_concurrency"]) for name in path)
    trial = _Trial(business, claim, pipeline, path, here)
    floor = trial.of(2 * peak, one_vcpu_mb, NO_TIME).figure_ms
    best = min((trial.of(2 * peak, memory) for memory in (None, one_vcpu_mb)), key=lambda one: one.figure_ms)
    if not best.holds:
        return Warmest(best, floor)
    holding = [trial.least(memory, 2 * peak) for memory in (None, one_vcpu_mb)]
    return Warmest(min((one for one in holding if one), key=lambda one: one.extra_usd), floor)


def _level(claim: Claim) -> str:
    return str(claim.model).partition(".")[2]


@dataclass(frozen=True)
class _Trial:
    """One business tried in several configurations."""

    business: Business
    claim: Claim
    pipeline: Pipeline
    path: tuple[str, ...]
    here: Result

    def least(self, memory_mb: int | None, most: int) -> Configuration | None:
        """The fewest warm environments that make the claim hold at that memory: none, one, two, four …"""
        number = 0
        while number <= most:
            tried = self.of(number, memory_mb)
            if tried.holds:
                return tried
            number = max(1, 2 * number)
        return None

    def of(self, provisioned: int, memory_mb: int | None, own_time: Decimal | None = None) -> Configuration:
        """Simulate one configuration; own_time: the share of its own time that code takes, else as memory makes it."""
        changes: dict[str, Any] = {}
        for name in self.path:
            changes[f"pipeline.functions.{name}.provisioned_concurrency"] = provisioned
            if memory_mb is not None:
                larger = max(memory_mb, self.pipeline.functions[name].memory_mb)
                changes[f"pipeline.functions.{name}.memory_mb"] = larger
        changes |= self._faster(own_time if own_time is not None else self._speed(memory_mb))
        tried = dataclasses.replace(self.business, set={**self.business.set, **changes}, _known={})
        result = tried.result("own", "ach")
        figure, level = result.latency_ms[_level(self.claim)], _level(self.claim)
        holds = judge(self.claim, None if figure is None else Decimal(str(figure))) == "holds"
        extra = result.bill.total_usd - self.here.bill.total_usd
        span = result.intervals.get(f"latency_ms.{level}")
        return Configuration(provisioned, memory_mb, figure or 0.0, span, extra, holds)

    def _speed(self, memory_mb: int | None) -> Decimal:
        """What of its own time code takes with more memory: in proportion, from the smallest memory on the path."""
        least = min(self.pipeline.functions[name].memory_mb for name in self.path)
        return Decimal(1) if memory_mb is None or memory_mb <= least else Decimal(least) / memory_mb

    def _faster(self, share: Decimal) -> dict[str, Any]:
        """The laws of work on the path, scaled."""
        if share == 1:
            return {}
        handlers = [handler for handler in self.pipeline.handlers.values() if handler.function in self.path]
        laws = {step.work for handler in handlers for _, step in steps_below(handler.steps, ()) if step.work}
        changes: dict[str, Any] = {}
        for name in sorted(laws):
            for mean in MEANS:
                value = getattr(self.pipeline.work[name], mean)
                if value is not None:
                    changes[f"pipeline.work.{name}.{mean}"] = value * share
        return changes
