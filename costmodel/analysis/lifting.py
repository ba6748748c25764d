"""The limits a pipeline works under, each with the assumption that holds it and what lifting it alone changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from costmodel.assumptions.catalog import Assumptions
from costmodel.assumptions.service import Quota
from costmodel.simulation.limits import CONCURRENCY, RESERVED, Limit
from costmodel.simulation.plan import Plan
from costmodel.simulation.stretch import Stretch

TIMES = 1000  # what a lifted limit is multiplied by
NS_PER_S = 10**9


@dataclass(frozen=True)
class Lift:
    """A limit that can be lifted: `path` is the assumption that holds it at `most`, in `unit`.

    places: the names under which a run's `limits` shows its use (one for each table, for instance).
    """

    name: str
    scope: str
    path: str
    most: Decimal
    unit: str
    places: frozenset[str]
    reserved: bool = False

    def nearest(self, used: Iterable[Limit]) -> Limit | None:
        """Where it is used most, of the limits of a run (the nearest first)."""
        return next((limit for limit in used if limit.name in self.places and limit.scope == self.scope), None)


def lifts(assumptions: Assumptions, plan: Plan, seen: Stretch) -> list[Lift]:
    """Every limit that the payments of a stretch met at all."""
    return [
        *_quotas(assumptions, plan, seen),
        *_platform(assumptions, plan, seen),
        *_stations(assumptions),
    ]


def changes(assumptions: Assumptions, lifted: Iterable[Lift]) -> dict[str, Any]:
    """The assumptions that lift these limits, by path. What a function reserves beyond is added to the account's."""
    found: dict[str, Any] = {}
    more = Decimal(0)
    for lift in lifted:
        value = lift.most * TIMES
        found[lift.path] = min(value, Decimal(NS_PER_S)) if lift.unit == "per second" else value
        more += value - lift.most if lift.reserved else 0
    path, most = _account(assumptions)
    if more:
        found[path] = found.get(path, most) + more
    return {name: int(value) if value == int(value) else value for name, value in found.items()}


def _account(assumptions: Assumptions) -> tuple[str, Decimal]:
    """Where the account's concurrency stands, and what it is."""
    own = assumptions.pipeline.account_concurrency
    if own is not None:
        return "pipeline.account_concurrency", own.value
    found = assumptions.services["lambda"].parameter if "lambda" in assumptions.services else {}
    known = found.get("account_concurrency")
    return "services.lambda.parameter.account_concurrency", known.value if known else Decimal(0)


def _quotas(assumptions: Assumptions, plan: Plan, seen: Stretch) -> Iterator[Lift]:
    """The services' quotas; one that counts each table by itself is one limit with many places."""
    steps = [step for index, step in enumerate(plan.steps) if seen.counts.calls[1, index]]
    used = {quota for step in steps for quota in step.quotas}
    if seen.counts.service_throttles:  # a step that is always refused has no calls
        used |= {quota for step in plan.steps for quota in step.quotas}
    for name, service in assumptions.services.items():
        for number, quota in enumerate(service.quota):
            here = {plan.quotas[index].name for index in used if _is(quota, name, plan, index)}
            if here:
                path = f"services.{name}.quota.{number}.per_second"
                yield Lift(f"{name}.{quota.operation}", quota.scope, path, quota.per_second, "per second",
                           frozenset(here))  # fmt: skip


def _is(quota: Quota, service: str, plan: Plan, index: int) -> bool:
    bucket = plan.quotas[index]
    return bucket.scope == quota.scope and bucket.name.partition(" of ")[0] == f"{service}.{quota.operation}"


def _platform(assumptions: Assumptions, plan: Plan, seen: Stretch) -> Iterator[Lift]:
    if not plan.functions:
        return
    path, most = _account(assumptions)
    yield Lift(CONCURRENCY, "account", path, most, "environments", frozenset({CONCURRENCY}))
    rate = assumptions.services["lambda"].parameter["scale_per_10s"]
    yield Lift("lambda scaling rate", "function", "services.lambda.parameter.scale_per_10s", rate.value,
               "new environments per 10 s", frozenset())  # fmt: skip
    for index, function in enumerate(plan.functions):
        if function.reserved and seen.counts.functions[1, index].any():
            path, name = f"pipeline.functions.{function.name}.reserved_concurrency", f"{RESERVED} {function.name}"
            most = Decimal(function.reserved)
            yield Lift(name, "function", path, most, "environments", frozenset({name}), reserved=True)


def _stations(assumptions: Assumptions) -> Iterator[Lift]:
    for name, station in assumptions.pipeline.stations.items():
        path = f"pipeline.stations.{name}"
        yield Lift(f"servers of {name}", "station", f"{path}.servers", Decimal(station.servers), "servers", frozenset())
        if station.capacity:
            yield Lift(f"places at {name}", "station", f"{path}.capacity", Decimal(station.capacity), "places",
                       frozenset())  # fmt: skip
