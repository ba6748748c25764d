"""Small plans of stations and functions, and many runs of them by the compiled engine."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from costmodel.assumptions.catalog import Assumptions
from costmodel.assumptions.fields import Quantity
from costmodel.assumptions.pipeline import Pipeline
from costmodel.assumptions.scenario import Scenario
from costmodel.assumptions.service import Latency, Service
from costmodel.simulation.compiled import Compiled
from costmodel.simulation.compiling import compile_plan
from costmodel.simulation.counts import Counts
from costmodel.simulation.draws import draw_bits_many, name_key, stream_key
from costmodel.simulation.payments import Payments, generate
from costmodel.simulation.plan import Plan
from costmodel.simulation.platform import OUTAGE
from costmodel.simulation.replications import drain_ns, lead_in_ns
from costmodel.simulation.timetable import Timetable, make_timetable
from tests.worlds import flat_scenario, lambda_service

SOURCED = {"source": "a case of the validation", "read": dt.date(2026, 11, 24), "basis": "published"}
DAYS = 3  # measured in one replication
LEAD_IN_DAYS = Decimal("0.1")  # before it: no queue is empty when it begins
DAYS_A_MONTH = 30  # of the test month, November 2026
MS_PER_DAY = 86_400_000

Steps = list[dict[str, Any]]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Run:
    """One replication: its counts, its payments, and when each payment's flow ended (ns; -1: it did not)."""

    counts: Counts
    payments: Payments
    left_ns: npt.NDArray[np.int64]

    @property
    def measured(self) -> int:
        """Payments that arrived in the measured time."""
        return self.payments.measured[1] - self.payments.measured[0]

    def shares_of_time(self) -> Floats:
        """Shares of the measured time with 0, 1, 2 … payments in the system."""
        inside = self.left_ns >= 0
        times = np.concatenate([self.payments.arrival_ns[inside], self.left_ns[inside]])
        order = np.argsort(times, kind="stable")
        steps = np.concatenate([np.ones(inside.sum(), int), -np.ones(inside.sum(), int)])[order]
        start, end = self.payments.window
        edges = np.clip(np.concatenate([times[order], [end]]), start, end)
        spans = np.diff(edges)
        shares = np.bincount(np.cumsum(steps), weights=spans) / (end - start)
        shares[0] += 1 - shares.sum()  # before the first arrival
        return np.concatenate([shares, np.zeros(20)])


@dataclass(frozen=True)
class World:
    """A plan with everything its runs share; `arrivals_ns` replaces the Poisson stream."""

    plan: Plan
    scenario: Scenario
    times: Timetable

    def run(self, seed: int, arrivals: Payments | None = None, *, engine: Any = Compiled) -> Run:
        """One replication."""
        payments = arrivals or generate(self.scenario, seed, lead_in_ns(self.plan, self.scenario))
        ended: dict[int, int] = {}
        counts = engine(self.plan, payments, self.times, seed, ended).run()
        left = np.full(len(payments.arrival_ns), -1, np.int64)
        left[np.fromiter(ended, np.int64, len(ended)) + payments.measured[0]] = list(ended.values())
        return Run(counts, payments, left)

    def runs(self, number: int, first_seed: int = 1) -> Iterator[Run]:
        """Replications, each with a seed of its own."""
        return (self.run(seed) for seed in range(first_seed, first_seed + number))


def world(pipeline: dict[str, Any], scenario: Scenario, services: dict[str, Service] | None = None) -> World:
    """The world of a pipeline."""
    whole = Pipeline.model_validate({"name": "world", "title": "validation", "region": "us-west-2", **pipeline})
    plan = compile_plan(Assumptions("world", scenario, whole, services or {}, (), ""))
    start = generate(scenario, 1, lead_in_ns(plan, scenario))
    times = make_timetable(plan, start.start, start.window[1] + drain_ns(plan, scenario.on.year), 1)
    return World(plan, scenario, times)


def scenario_of(arrivals: int, **changes: object) -> Scenario:
    """A Poisson stream of so many payments, on average, in each replication's measured time."""
    month = arrivals * DAYS_A_MONTH // DAYS
    return flat_scenario(month, **{"days": DAYS, "lead_in_days": LEAD_IN_DAYS, "count": "random", **changes})


def ms_per_unit(arrival_rate: float, arrivals: int) -> float:
    """Milliseconds that stand for a time unit, so that `arrivals` at `arrival_rate` a unit fill the measured time."""
    return DAYS * MS_PER_DAY / arrivals * arrival_rate


def drawn_services(plan: Plan, payments: Payments, seed: int, path: str) -> list[int]:
    """What the engines draw for the step at `path`, payment by payment, in ns."""
    key = name_key(path)
    of = next(instruction.a for instruction in plan.code if instruction.key == key)
    ids = np.arange(len(payments.arrival_ns), dtype=np.int64) - payments.measured[0]
    drawn: list[int] = plan.laws[of].values(draw_bits_many(stream_key(seed, "duration", key), ids)).tolist()
    return drawn


# --- pieces of pipelines --------------------------------------------------------------------------------------------


def law(kind: str, mean_ms: float, cv: float = 1.0) -> dict[str, Any]:
    """A law of durations by its usual name."""
    mean = Decimal(str(mean_ms))
    return {
        "exponential": {"exponential_mean_ms": mean},
        "deterministic": {"constant_ms": mean},
        "lognormal": {"lognormal_mean_ms": mean, "cv": Decimal(str(cv))},
    }[kind] | SOURCED


def station(servers: int, capacity: int | None = None) -> dict[str, Any]:
    """A queue with servers."""
    return {"servers": servers, "capacity": capacity, **SOURCED}


def visit(place: str, work: str) -> Steps:
    """Wait for a place at a station, be served, leave."""
    return [
        {"name": f"wait_{place}", "acquire": place, "as": "intended", "timer": "payment"},
        {"name": f"serve_{place}", "work": work, "as": "intended"},
        {"name": f"leave_{place}", "release": place, "as": "intended"},
    ]


def flow(steps: Steps, starts: str = "payment") -> dict[str, Any]:
    """A flow of all payments, or one that a fate starts."""
    methods = {"methods": ["card"]} if starts == "payment" else {}
    return {"starts": starts, "steps": steps, **methods, **SOURCED}


def quantity(value: object) -> Quantity:
    """A figure without a unit."""
    return Quantity.model_validate({"value": Decimal(str(value)), "unit": "1", **SOURCED})


def one_function(work: dict[str, Any], *, before: Steps = [], after: Steps = []) -> dict[str, Any]:  # noqa: B006
    """A pipeline of one Lambda function that works for a while, invoked between other steps."""
    function = {"memory_mb": 128, "timeout_s": 900, "architecture": "x86_64", "runtime": "nodejs20", **SOURCED}
    steps = [{"name": "work", "work": "work", "as": "intended"}]
    invoke = [{"name": "invoke", "invoke": "only", "as": "intended"}]
    return {
        "functions": {"only": function},
        "handlers": {"only": {"function": "only", "steps": steps, **SOURCED}},
        "work": {"work": work},
        "flows": {"pay": flow([*before, *invoke, *after])},
    }


def platform(
    *, keep_alive_s: object, life_s: object, cold: dict[str, Any], invoke: dict[str, Any] | None = None
) -> Service:
    """A compute platform without limits, on which a cold start takes a draw of `cold`."""
    service = with_laws(lambda_service(), placement=cold, invoke=invoke or law("deterministic", 0))
    figures = {"keep_alive_s": keep_alive_s, "life_s": life_s, "account_concurrency": 10**6, "scale_per_10s": 10**6}
    parameters = {**service.parameter, **{name: quantity(value) for name, value in figures.items()}}
    return service.model_copy(update={"parameter": parameters})


def with_laws(service: Service, **laws: dict[str, Any]) -> Service:
    """The service with these laws of its operations; all others take no time."""
    zero = law("deterministic", 0)
    latency = tuple(
        Latency.model_validate({"operation": entry.operation, **laws.get(entry.operation, zero)})
        for entry in service.latency
        if entry.operation != OUTAGE
    )
    return service.model_copy(update={"latency": latency})
