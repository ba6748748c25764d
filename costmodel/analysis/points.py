"""One point of a sweep: a scenario with some changes, simulated and billed; made anywhere, the same everywhere.

What a worker is sent and what it gives back is plain data, so that it may be a thread, a process or another machine.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from costmodel.analysis.sampling import shortened
from costmodel.assumptions.catalog import Assumptions, load_assumptions
from costmodel.assumptions.changes import Change, changes_from
from costmodel.assumptions.pipeline import Pipeline
from costmodel.assumptions.service import Service
from costmodel.assumptions.sharing import Same
from costmodel.assumptions.shortened import load_shortened
from costmodel.errors import UsageError
from costmodel.figures import flat
from costmodel.result import Month, Result
from costmodel.run import billed, simulated_month
from costmodel.simulation.compiling import compile_plan
from costmodel.simulation.engines import chosen
from costmodel.simulation.kernel_files import is_compiled
from costmodel.simulation.replications import replications

REPORTED = (
    "bill.total_usd", "cost_per_payment_usd", "latency_ms.mean", "latency_ms.p50", "latency_ms.p95", "latency_ms.p99",
    "throughput.completed_per_hour", "availability.requests",
)  # fmt: skip
MONTHS_KEPT = 4  # simulated months a worker remembers, for points that differ in prices only
RECORDS_KEPT = 2**8
MATTERS = (
    "assumptions", "simulation", "billing", "figures.py", "run.py", "result.py", "analysis/points.py",
    "analysis/sampling.py",
)  # fmt: skip
OTHER_SOURCES = "a worker has another version of costmodel; install the same one everywhere"
Watch = Callable[[float], None]


@dataclass(frozen=True)
class Job:
    """What the points of a sweep share. code: the version of the sources that whoever computes a point must have.

    shorten: months of more payments than the scenario replicates are simulated for a shorter time, several times.
    """

    scenario: str
    data: str | None
    changes: tuple[Change, ...]
    engine: str
    code: str
    shorten: bool = False

    @property
    def folder(self) -> Path | None:
        """The data laid over the shipped ones."""
        return Path(self.data) if self.data else None

    def load(self, point: tuple[Change, ...] = ()) -> Assumptions:
        """The assumptions of a point. Raises InputError for what cannot be used."""
        changes = (*self.changes, *point)
        if self.shorten:
            asked = {change.path: change.value for change in changes}
            changes = (*changes, *changes_from(shortened(self.scenario, asked, self.folder)))
        return load_assumptions(self.scenario, data=self.folder, changes=changes)

    def whole(self) -> Assumptions:
        """What all points start from, not shortened. Raises InputError for what cannot be used."""
        return load_assumptions(self.scenario, data=self.folder, changes=self.changes)

    @property
    def key(self) -> str:
        """What of it belongs to the key of a point, beside the content."""
        return f"{self.code} {load_shortened(self.folder)!r}" if self.shorten else self.code


@dataclass(frozen=True)
class _Events:
    """Assumptions, equal to all others that lead to the same events."""

    key: str
    assumptions: Assumptions = field(compare=False)
    engine: str = field(compare=False)
    watch: Watch | None = field(compare=False, default=None)


def settled_engine(engine: str, assumptions: Assumptions, months: int) -> str:
    """The engine for so many months like this one: whether compiling pays is decided for all of them together.

    Where the compiled engine must be compiled first, that is done here, before several workers would all do it.
    """
    scenario = assumptions.scenario
    plan = compile_plan(assumptions)
    each = scenario.workload.payments_per_month
    found = chosen(engine, plan, months * each * replications(scenario, each))
    if found == "compiled" and not is_compiled():
        small = {"payments_per_month": 1, "days": None}
        workload = scenario.workload.model_copy(update=small)
        month = scenario.model_copy(update={"workload": workload, "replications": 1})
        simulated_month(dataclasses.replace(assumptions, scenario=month), engine=found)
    return found


def outcomes(job: Job, points: Sequence[tuple[Change, ...]]) -> list[str]:
    """What some points come to, each as JSON text. Raises UsageError where other sources are installed."""
    if job.code != code_sha256():
        raise UsageError(OTHER_SOURCES)
    return [json.dumps(outcome(_result(job.load(point), job.engine))) for point in points]


def watched_outcome(assumptions: Assumptions, engine: str, watch: Watch) -> str:
    """What one point comes to; `watch` is called with the share done."""
    return json.dumps(outcome(_result(assumptions, engine, watch)))


def _result(assumptions: Assumptions, engine: str, watch: Watch | None = None) -> Result:
    return billed(_month(_Events(events_sha256(assumptions), assumptions, engine, watch)), assumptions)


@lru_cache(maxsize=MONTHS_KEPT)
def _month(events: _Events) -> Month:
    """The simulated month that these assumptions lead to; prices do not matter for it."""
    return simulated_month(events.assumptions, engine=events.engine, watch=events.watch)


def outcome(result: Result) -> dict[str, Any]:
    """What is kept of a point: its figures and their intervals by dotted path, the reported ones by replication."""
    cost = {
        "bill.total_usd": float(result.bill.total_usd),
        "cost_per_payment_usd": float(result.cost_per_payment_usd),
    }
    return {
        "payments": result.payments,
        "replications": result.replications,
        "figures": dict(flat(result.figures)) | cost,
        "intervals": result.intervals,
        "singles": {name: [one.get(name) for one in result.singles] for name in REPORTED},
        "bill": {"total_usd": f"{result.bill.total_usd:f}", "services": _by_service(result)},
    }


def _by_service(result: Result) -> dict[str, str]:
    names = dict.fromkeys(line.service for line in result.bill.lines)
    costs = {name: sum(line.cost_usd for line in result.bill.lines if line.service == name) for name in names}
    return {name: f"{cost:f}" for name, cost in costs.items()}


def events_sha256(assumptions: Assumptions) -> str:
    """A digest of all that drives the events: everything but prices, plans and SLAs."""
    parts = [_record_sha256(Same(assumptions.scenario)), _record_sha256(Same(assumptions.pipeline))]
    parts += [name + _record_sha256(Same(service)) for name, service in assumptions.services.items()]
    return hashlib.sha256("".join(parts).encode()).hexdigest()


@lru_cache(maxsize=RECORDS_KEPT)
def _record_sha256(record: Same) -> str:
    """A digest of what one record says of events."""
    left_out: dict[str, Any] = {}
    if isinstance(record.thing, Pipeline):
        left_out = {"plans": True}
    if isinstance(record.thing, Service):
        left_out = {"sla": True, "meter": {meter: {"price"} for meter in record.thing.meter}}
    return hashlib.sha256(record.thing.model_dump_json(exclude=left_out).encode()).hexdigest()


def point_sha256(base_sha256: str, code: str, point: tuple[Change, ...]) -> str:
    """The key of a point: the content of the scenario with its data, the code, and what is changed."""
    changed = [[change.path, type(change.value).__name__, str(change.value)] for change in point]
    return hashlib.sha256(json.dumps([base_sha256, code, changed]).encode()).hexdigest()


@cache
def code_sha256() -> str:
    """A digest of the sources that a point's figures depend on."""
    digest, package = hashlib.sha256(), Path(__file__).resolve().parent.parent
    for path in _sources(package):
        digest.update(str(path.relative_to(package)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _sources(package: Path) -> Iterator[Path]:
    for name in MATTERS:
        place = package / name
        yield from sorted(place.rglob("*.py")) if place.is_dir() else [place]
