"""What an uncertainty analysis rests on: the sides of a comparison and the assumptions with a range behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from costmodel.analysis.factors import Factor, find_factors, holds_on
from costmodel.analysis.perimeter_files import read_perimeters
from costmodel.analysis.sides import Business, Owner, Rail
from costmodel.assumptions.catalog import Assumptions
from costmodel.assumptions.changes import Change
from costmodel.assumptions.fields import Law
from costmodel.assumptions.perimeter import Perimeters
from costmodel.assumptions.service import Meter, Price, Service
from costmodel.run import assume
from costmodel.simulation.compiling import compile_plan
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


@dataclass(frozen=True)
class _Same:
    """A study, equal to all others that say the same."""

    text: str
    study: Study = field(compare=False)


def ready(study: Study) -> Ready:
    """Load what a study rests on, and find the assumptions with a range that its figures can depend on."""
    return _ready(_Same(repr(study), study))


@lru_cache(maxsize=STUDIES_KEPT)
def _ready(same: _Same) -> Ready:
    study = same.study
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
