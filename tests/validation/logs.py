"""Real AWS Lambda logs replayed: the calls at their logged times through a plan of one function."""

from __future__ import annotations

import csv
import gzip
import statistics
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from costmodel.assumptions.catalog import load_assumptions
from costmodel.assumptions.service import Service
from costmodel.simulation.counts import COLD_STARTS
from costmodel.simulation.environments import Environment
from costmodel.simulation.payments import Payments, generate
from costmodel.simulation.reference import Reference
from tests.validation.networks import SOURCED, World, law, one_function, quantity, with_laws, world
from tests.worlds import flat_scenario, payments_at

SAMPLES = Path(__file__).parent.parent / "samples"
DAYS = ("2020-05-26", "2020-06-10", "2020-06-18")
REPLICATIONS = 10  # the arrivals are the log's, the durations are drawn
LEVELS = (0, 1, 5, 10, 25, 50, 75, 90, 95, 99, 100)  # quantiles of the log's warm calls
COUNTED_ON_S = 600  # an environment counts for so long after its last answer, as the log's authors do it
KEEP_ALIVES_S = range(600, 661, 10)  # tried when fitting
NS_PER_S = 10**9

Floats = npt.NDArray[np.float64]
Spans = list[tuple[float, float]]


@dataclass(frozen=True)
class Log:
    """A log: when calls came and were answered (s since the first), durations, and the environment of each."""

    day: str
    came_s: Floats
    answered_s: Floats
    begun_s: Floats
    worked_ms: Floats
    cold: npt.NDArray[np.bool_]
    environment: tuple[str, ...]

    @property
    def spans(self) -> Spans:
        """Each environment's first call and last answer, s."""
        of: dict[str, tuple[float, float]] = {}
        for name, came, answered in zip(self.environment, self.came_s, self.answered_s, strict=True):
            of[name] = (of[name][0] if name in of else came, answered)
        return list(of.values())

    def work(self) -> dict[str, Any]:
        """The law of the warm calls' durations, by its quantiles."""
        values = np.percentile(self.worked_ms[~self.cold], LEVELS)
        levels = zip(LEVELS, values, strict=True)
        return {"quantiles_ms": {f"p{level}": Decimal(f"{value:.3f}") for level, value in levels}, **SOURCED}

    def cold_ms(self) -> float:
        """How much longer a cold call takes, on average."""
        took = self.answered_s - self.came_s
        return 1000 * float(took[self.cold].mean() - took[~self.cold].mean())

    def invoke_ms(self) -> float:
        """How long a warm call takes to reach its environment, on average."""
        return 1000 * float((self.begun_s - self.came_s)[~self.cold].mean())


@cache
def read_log(day: str) -> Log:
    """One of the sample logs."""
    with gzip.open(SAMPLES / f"aws_lambda_requests_{day}.csv.gz", "rt", newline="") as file:
        rows = list(csv.DictReader(file))
    came = np.array([float(row["client_start_time"]) for row in rows])
    return Log(
        day=day,
        came_s=came - came[0],
        answered_s=np.array([float(row["client_end_time"]) for row in rows]) - came[0],
        begun_s=np.array([float(row["start_time"]) / 1000 for row in rows]) - came[0],
        worked_ms=np.array([float(row["aws_duration"]) for row in rows]),
        cold=np.array([row["is_cold"] == "True" for row in rows]),
        environment=tuple(row["inst_id"] for row in rows),
    )


def mean_number(spans: Spans, until_s: float, counted_on_s: float) -> float:
    """Environments there are on average from 0 to `until_s`."""
    return sum(min(until_s, last + counted_on_s) - first for first, last in spans) / until_s


@dataclass(frozen=True)
class Figures:
    """Cold starts without the log's first call, and mean numbers of environments: counted on, and as seen."""

    cold_starts: float
    environments: float
    seen: float

    @classmethod
    def of(cls, cold_starts: float, spans: Spans, until_s: float) -> Figures:
        """The figures of a run, or of a log."""
        return cls(cold_starts, mean_number(spans, until_s, COUNTED_ON_S), mean_number(spans, until_s, 0))


def measured(log: Log) -> Figures:
    """What the log says."""
    return Figures.of(int(log.cold.sum()) - int(log.cold[0]), log.spans, float(log.answered_s.max()))


def choices(log: Log) -> tuple[int, int]:
    """Calls that went to the environment used last, of those that found two or more idle ones.

    Idle for certain are only environments that answer again later.
    """
    last_call = {name: number for number, name in enumerate(log.environment)}
    free_s: dict[str, float] = {}
    newest = found = 0
    for number, (came, name) in enumerate(zip(log.came_s, log.environment, strict=True)):
        idle = [one for one, since in free_s.items() if since <= came and last_call[one] >= number]
        if len(idle) > 1 and name in idle:
            found += 1
            newest += name == max(idle, key=lambda one: free_s[one])
        free_s[name] = log.answered_s[number]
    return newest, found


@cache
def platform_as_shipped() -> Service:
    """The shipped rules of AWS Lambda: keep-alive, life, most recently used first."""
    return load_assumptions("seed_aws", data=None).services["lambda"]


@cache
def predicted(day: str, keep_alive_s: int | None = None) -> Figures:
    """What the engine makes of the log's arrivals; with the shipped keep-alive, or another one."""
    log = read_log(day)
    service = with_laws(platform_as_shipped(), placement=law("deterministic", log.cold_ms()),
                        invoke=law("deterministic", log.invoke_ms()))  # fmt: skip
    if keep_alive_s is not None:
        service = service.model_copy(
            update={"parameter": {**service.parameter, "keep_alive_s": quantity(keep_alive_s)}}
        )
    scenario = flat_scenario(1)
    of_log = world(one_function(log.work()), scenario, {"lambda": service})
    calls = payments_at([round(came * NS_PER_S) for came in log.came_s.tolist()], generate(scenario, 1, 0))
    until_s = float(log.answered_s.max())
    runs = [Figures.of(*replayed(of_log, calls, seed), until_s) for seed in range(1, REPLICATIONS + 1)]
    return Figures(*(statistics.fmean(getattr(run, name) for run in runs) for name in Figures.__dataclass_fields__))


def replayed(of_log: World, calls: Payments, seed: int) -> tuple[int, Spans]:
    """Cold starts of one run, but for the first call's, and each environment's first call and last answer, s.

    The reference engine runs, because its environments can be looked at while they live.
    """
    engine = Reference(of_log.plan, calls, of_log.times, seed)
    pool, seen = engine.account.pools[0], dict[int, Environment]()
    counts = engine.run(lambda _: seen.update((id(environment), environment) for environment in pool.idle))
    spans = [(one.born / NS_PER_S, one.idle_since / NS_PER_S) for one in seen.values()]
    return int(counts.functions[1, 0, COLD_STARTS]) - 1, spans


def fitted_on_the_others(day: str) -> int:
    """The keep-alive (s) whose predictions are nearest to the cold starts of the other logs; the shortest of equals."""
    others = [other for other in DAYS if other != day]

    def off(keep_alive_s: int) -> float:
        return sum(abs(predicted(o, keep_alive_s).cold_starts - measured(read_log(o)).cold_starts) for o in others)

    return min(KEEP_ALIVES_S, key=off)
