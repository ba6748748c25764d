"""One sample of an uncertainty analysis: a month with other inputs and its own luck, billed and held against claims.

As with the points of a sweep, what a worker is sent and gives back is plain data.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from costmodel.analysis.factors import Factor, Key, find_factors, holds_on, with_values
from costmodel.analysis.judging import simulated_figure
from costmodel.analysis.modeller import Modeller
from costmodel.analysis.perimeter_files import read_perimeters
from costmodel.analysis.points import code_sha256
from costmodel.analysis.sides import Business, Owner, Rail
from costmodel.assumptions.catalog import Assumptions
from costmodel.assumptions.changes import Change
from costmodel.assumptions.fields import Law
from costmodel.assumptions.perimeter import Perimeters
from costmodel.assumptions.service import Meter, Price, Service
from costmodel.billing.metering import meter
from costmodel.billing.rating import rate
from costmodel.errors import UsageError
from costmodel.result import Result, make_month, make_result
from costmodel.run import assume, rating_terms
from costmodel.simulation.compiling import compile_plan
from costmodel.simulation.plan import Plan
from costmodel.simulation.replications import simulate
from costmodel.simulation.tables import LawTable, law_table

Side = tuple[Owner, Rail]
SIDES: tuple[Side, ...] = (("own", "ach"), ("own", "card"), ("stripe", "card"), ("stripe", "ach"))
SEED_SIDES: dict[str, Side] = {"seed_aws": ("own", "ach"), "seed_stripe": ("stripe", "card")}
STUDIES_KEPT = 2


@dataclass(frozen=True)
class Study:
    """What all samples share. scenario: the own pipeline's month; figures: those to give, `place.figure` each, where
    a place is a perimeter or one of the two scenarios that claims are about."""

    scenario: str
    perimeters: str
    data: str | None
    changes: tuple[Change, ...]
    engine: str
    figures: tuple[str, ...]
    code: str


@dataclass(frozen=True)
class Draw:
    """One sample: the seed of its month, and the values of the factors by their places; the others stay."""

    seed: int
    values: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True)
class Ready:
    """A study with all it rests on loaded: the sides of the comparison, the perimeters, the factors."""

    sides: dict[Side, Assumptions]
    file: Perimeters
    factors: tuple[Factor, ...]


def sampled(study: Study, draws: Sequence[Draw]) -> list[list[float]]:
    """The study's figures in each draw, not-a-number where there is none. Raises UsageError for other sources."""
    if study.code != code_sha256():
        raise UsageError("a worker has another version of costmodel; install the same one everywhere")
    return [_figures(study, ready(study), draw) for draw in draws]


@lru_cache(maxsize=STUDIES_KEPT)
def ready(study: Study) -> Ready:
    """Load what a study rests on, and find the assumptions with a range that its figures can depend on."""
    data = Path(study.data) if study.data else None
    file, _ = read_perimeters(study.perimeters, data)
    business = Business(study.scenario, {change.path: change.value for change in study.changes})
    sides = {side: assume(study.scenario, business.changes(*side), data) for side in SIDES}
    return Ready(sides, file, tuple(_factors(sides, file)))


def _factors(sides: Mapping[Side, Assumptions], file: Perimeters) -> list[Factor]:
    used = _Used(sides, file)
    own, stripe = sides["own", "ach"], sides["stripe", "card"]
    found = list(find_factors(own.scenario.workload, ("workload",), "workload", used.is_used))
    found += find_factors(own.pipeline, ("own",), "pipeline", used.is_used)
    found += find_factors(stripe.pipeline, ("stripe",), "stripe_pipeline", used.is_used)
    services = {name: own.services[name] for name in used.services}
    found += find_factors(services, ("services",), "services", used.is_used)
    found += find_factors(file.adds, ("adds",), "adds", used.is_used)
    return found


class _Used:
    """Which records the figures can depend on: services that are called or billed, laws drawn from, prices in force."""

    def __init__(self, sides: Mapping[Side, Assumptions], file: Perimeters) -> None:
        plans = [compile_plan(assumptions) for assumptions in sides.values()]
        own = sides["own", "ach"]
        self.laws: set[LawTable] = {law for plan in plans for law in plan.laws}
        self.on, self.region = own.scenario.on, own.pipeline.region
        self.meters = {(added.service, added.meter) for added in file.adds.values()}
        for pipeline in (own.pipeline, sides["stripe", "card"].pipeline):
            self.meters |= {(row.service, row.meter) for row in pipeline.static}
            self.meters |= {(row.service, row.meter) for row in pipeline.each}
        self.meters |= {(step.service, meter) for plan in plans for step in plan.steps for meter, _ in step.uses}
        self.meters |= {("lambda", meter) for meter in own.services["lambda"].meter}
        called = {step.service for plan in plans for step in plan.steps}
        self.services = sorted({service for service, _ in self.meters} | called | {"lambda"})

    def is_used(self, record: Any, path: str) -> bool:
        """Whether a record at a path is one of them."""
        if isinstance(record, Law):
            return law_table(record) in self.laws
        if isinstance(record, Meter):
            _, service, _, meter = path.split(".")
            return (service, meter) in self.meters
        if isinstance(record, Price):
            return holds_on(record, self.on, self.region)
        return not isinstance(record, Service) or path.split(".")[1] in self.services


# --- one sample ------------------------------------------------------------------------------------------------------


def _figures(study: Study, loaded: Ready, draw: Draw) -> list[float]:
    placed = {loaded.factors[at].keys: (loaded.factors[at], value) for at, value in draw.values}
    sides, adds = _drawn(loaded, placed, draw.seed)
    file = loaded.file.model_copy(update={"adds": adds})
    business = Business(study.scenario)
    plans = {owner: compile_plan(sides[owner, "ach"]) for owner in ("own", "stripe")}  # for either rail
    business.put({side: _month(sides[side], plans[side[0]], study.engine) for side in SIDES})
    modeller = Modeller(file, business)
    known: dict[str, float] = {}
    for name in study.figures:
        place, _, figure = name.partition(".")
        if place in SEED_SIDES:
            value = simulated_figure(business.result(*SEED_SIDES[place]), figure)[0]
            known[name] = float("nan") if value is None else float(value)
        elif name not in known:
            row = modeller.pooled(place).figures(modeller.payments(place))
            known |= {f"{place}.{key}": float(value) for key, value in row.items()}
    return [known.get(name, float("nan")) for name in study.figures]


def _month(assumptions: Assumptions, plan: Plan, engine: str) -> Result:
    """A single month as `run` gives it, without what only several replications tell."""
    simulated = simulate(plan, assumptions, None, None, engine)
    usage = meter(simulated.runs, plan, assumptions, simulated.period)
    month = make_month(assumptions, plan, simulated, usage, [])
    return make_result(assumptions, month, rate(usage, assumptions.services, **rating_terms(assumptions)), [])


def _drawn(
    loaded: Ready, placed: Mapping[tuple[Key, ...], tuple[Factor, float]], seed: int
) -> tuple[dict[Side, Assumptions], Any]:
    """The sides of the comparison with the drawn values, and what the perimeters add."""
    parts: dict[Key, dict[tuple[Key, ...], tuple[Factor, float]]] = {}
    for keys, one in placed.items():
        parts.setdefault(keys[0], {})[keys[1:]] = one
    first = loaded.sides["own", "ach"]
    workload = with_values(first.scenario.workload, parts.get("workload", {}))
    services = with_values(first.services, parts.get("services", {}))
    pipelines = {
        owner: with_values(loaded.sides[owner, "ach"].pipeline, parts.get(owner, {})) for owner in ("own", "stripe")
    }
    sides: dict[Side, Assumptions] = {}
    for side, known in loaded.sides.items():
        month = workload.model_copy(update={"methods": known.scenario.workload.methods})
        scenario = known.scenario.model_copy(update={"workload": month, "seed": seed, "replications": 1})
        sides[side] = dataclasses.replace(known, scenario=scenario, services=services, pipeline=pipelines[side[0]])
    return sides, with_values(loaded.file.adds, parts.get("adds", {}))
