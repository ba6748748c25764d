"""Cases of queueing theory, each simulated as a plan of stations or of one function, beside their closed forms."""

from __future__ import annotations

import csv
import math
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from costmodel.simulation.counts import COLD_STARTS, bin_of, bin_values, quantile
from costmodel.simulation.payments import Payments, generate
from tests.validation.networks import (
    Run,
    World,
    flow,
    law,
    ms_per_unit,
    one_function,
    platform,
    quantity,
    scenario_of,
    station,
    visit,
    world,
)  # fmt: skip
from tests.worlds import payments_at

ANSWERS = Path(__file__).parent.parent / "answers"
KEY = list(csv.DictReader((ANSWERS / "queues.csv").open()))
THEORY = list(csv.DictReader((ANSWERS / "theory.csv").open()))
ARRIVALS = 30_000  # of one replication
REPLICATIONS = 20
MS = 10**6
KEPT_S, LONG_S = 600, 10**9  # keep-alive and life of the `keep_alive` case and of those without
FEEDBACKS = 7  # returns that are followed; the eighth comes to a share of 0.2^8


@dataclass(frozen=True)
class Case:
    """A world, the nanoseconds that stand for its time unit, and its servers; `even`: arrivals at even distances."""

    world: World
    unit_ns: float
    servers: int = 1
    even: bool = False

    def runs(self, first_seed: int) -> list[Run]:
        """The replications."""
        if not self.even:
            return list(self.world.runs(REPLICATIONS, first_seed))
        payments = evenly(generate(self.world.scenario, 1, 0))
        return [self.world.run(seed, payments) for seed in range(first_seed, first_seed + REPLICATIONS)]


def evenly(like: Payments) -> Payments:
    """Payments at even distances over the measured time."""
    start, end = like.window
    return payments_at([start + (end - start) * k // ARRIVALS for k in range(ARRIVALS)], like)


# --- worlds ---------------------------------------------------------------------------------------------------------


def stations(rate: float, *places: tuple[int, str, float], capacity: int | None = None, cv: float = 1.0,
             even: bool = False) -> Case:  # fmt: skip
    """Stations in a row, each (servers, law, mean service)."""
    unit = ms_per_unit(rate, ARRIVALS)
    names = [f"s{number}" for number in range(len(places))]
    pipeline = {
        "stations": {name: station(servers, capacity) for name, (servers, _, _) in zip(names, places, strict=True)},
        "work": {name: law(kind, mean * unit, cv) for name, (_, kind, mean) in zip(names, places, strict=True)},
        "flows": {"pay": flow([step for name in names for step in visit(name, name)])},
    }
    return Case(world(pipeline, scenario_of(ARRIVALS)), unit * MS, places[0][0], even)


def returning(rate: float, mean: float, share: float) -> Case:
    """One server to which a share of its customers comes back at once, and again."""
    unit = ms_per_unit(rate, ARRIVALS)
    fates = {f"back{number}": {"share": quantity(share), "lag": law("deterministic", 0)} for number in range(FEEDBACKS)}
    flows = {}
    for number in range(FEEDBACKS + 1):
        steps = [{"name": "visit", "when": "card", "timer": "payment", "as": "intended",
                  "steps": [{k: v for k, v in step.items() if k != "timer"} for step in visit("desk", "serve")]}]  # fmt: skip
        if number < FEEDBACKS:
            steps.append({"name": "again", "fate": f"back{number}", "starts": f"visit{number + 1}", "as": "intended"})
        flows[f"visit{number}"] = flow(steps, "event" if number else "payment")
    pipeline = {"stations": {"desk": station(1)}, "work": {"serve": law("exponential", mean * unit)}, "flows": flows}
    return Case(world(pipeline, scenario_of(ARRIVALS, fates=fates)), unit * MS)


def unlimited(rate: float, mean: float, cv: float) -> Case:
    """As many servers as there are customers."""
    unit = ms_per_unit(rate, ARRIVALS)
    steps = [{"name": "serve", "work": "serve", "as": "intended"}]
    pipeline = {"work": {"serve": law("lognormal", mean * unit, cv)}, "flows": {"pay": flow(steps)}}
    return Case(world(pipeline, scenario_of(ARRIVALS)), unit * MS)


def set_up(rate: float, mean: float, setup: float, kind: str) -> Case:
    """One server whose function goes cold as soon as nobody waits."""
    unit = ms_per_unit(rate, ARRIVALS)
    wait, _, leave = visit("desk", "work")
    pipeline = one_function(law("exponential", mean * unit), before=[wait], after=[leave])
    services = {"lambda": platform(keep_alive_s=0, life_s=LONG_S, cold=law(kind, setup * unit))}
    return Case(world({**pipeline, "stations": {"desk": station(1)}}, scenario_of(ARRIVALS), services), unit * MS)


def kept_alive(apart_s: float) -> Case:
    """A function that answers at once; all times in the proportion of those named."""
    unit = ms_per_unit(1 / apart_s, ARRIVALS)
    zero = law("deterministic", 0)
    services = {"lambda": platform(keep_alive_s=KEPT_S * unit / 1000, life_s=LONG_S, cold=zero)}
    return Case(world(one_function(zero), scenario_of(ARRIVALS), services), unit * MS)


CASES: dict[str, Callable[[], Case]] = {
    "mm8": lambda: stations(6.4, (8, "exponential", 1)),
    "mm16": lambda: stations(224, (16, "exponential", 0.05)),
    "tandem8": lambda: stations(224, *[(16, "exponential", 0.05)] * 8),
    "jackson": lambda: stations(1.5, (2, "exponential", 1), (1, "exponential", 0.5), (4, "exponential", 2)),
    "feedback": lambda: returning(0.5, 1, 0.2),
    "erlang_b_10": lambda: stations(5, (10, "lognormal", 1), capacity=10, cv=0.8),
    "erlang_b_110": lambda: stations(100, (110, "lognormal", 1), capacity=110, cv=0.8),
    "mm4_12": lambda: stations(5, (4, "exponential", 1), capacity=12),
    "mg1": lambda: stations(14, (1, "lognormal", 0.05), cv=0.8),
    "md1": lambda: stations(0.8, (1, "deterministic", 1)),
    "md2": lambda: stations(1.6, (2, "deterministic", 1)),
    "md16": lambda: stations(224, (16, "deterministic", 0.05)),
    "dm1": lambda: stations(0.8, (1, "exponential", 1), even=True),
    "mginf": lambda: unlimited(0.9, 1.991, 0.8),
    "setup_exponential": lambda: set_up(1, 0.5, 2, "exponential"),
    "setup_constant": lambda: set_up(1, 0.5, 2, "deterministic"),
    "keep_alive": lambda: kept_alive(300),
}


def of_key(row: dict[str, str]) -> Case:
    """A case of the answer key, by its parameters."""
    place = (int(row["servers"]), row["service_law"], 1 / float(row["service_rate_per_time_unit"]))
    capacity = int(row["capacity_total"]) if row["capacity_total"] else None
    cv = float(row["service_cv"] or 1)
    return stations(float(row["arrival_rate_per_time_unit"]), place, capacity=capacity, cv=cv)


# --- figures --------------------------------------------------------------------------------------------------------


def figure(metric: str, run: Run, case: Case, limit: float) -> float:
    """A figure of one replication, in the case's time unit; `limit`: the time of a service level."""
    waits, stays = run.counts.latency
    name, _, argument = metric.rpartition("_")
    if name in ("Wq", "W") and argument.startswith("p"):
        value = quantile(waits if name == "Wq" else stays, int(argument[1:]) / 100)
        return float(value or 0) / case.unit_ns
    if name == "Wq_above":
        return 1 - at_most(waits, float(argument) * case.unit_ns)
    counted: dict[str, Callable[[], float]] = {
        "Wq": lambda: run.counts.latency_sum[0] / int(waits.sum()) / case.unit_ns,
        "W": lambda: stay(run, case),
        "sd_Wq": lambda: deviation(waits) / case.unit_ns,
        "P_block": lambda: run.counts.refused / run.measured,
        "P_wait": lambda: 1 - int(waits[0]) / int(waits.sum()),
        "service_level": lambda: at_most(waits, limit * case.unit_ns),
        "P_cold": lambda: int(run.counts.functions[1, 0, COLD_STARTS]) / run.measured,
    }
    return counted[metric]() if metric in counted else of_time(metric, run.shares_of_time(), case.servers)


def stay(run: Run, case: Case) -> float:
    """Mean time from arrival to departure of those let in; of all their visits together, where customers return.

    Visits are timed by the payment's clock there, and the whole flow by the form's clock elsewhere.
    """
    if case.world.plan.fates:
        return run.counts.latency_sum[0] / run.measured / case.unit_ns
    return run.counts.latency_sum[1] / int(run.counts.latency[1].sum()) / case.unit_ns


def deviation(histogram: np.ndarray) -> float:
    """The standard deviation of a log-binned histogram, ns."""
    bins = np.flatnonzero(histogram)
    values, weights = bin_values(bins), histogram[bins]
    mean = np.average(values, weights=weights)
    return math.sqrt(np.average((values - mean) ** 2, weights=weights))


def of_time(metric: str, shares: np.ndarray, servers: int) -> float:
    """A figure that follows from the shares of time with 0, 1, 2 … in the system."""
    number = np.arange(len(shares))
    if metric.startswith("P_at_least_"):
        return float(shares[int(metric.rpartition("_")[2]) :].sum())
    if metric[0] == "p" and metric[1:].isdigit():
        return float(shares[int(metric[1:])])
    values = {
        "L": number,
        "Lq": np.maximum(number - servers, 0),
        "mean_idle_servers": np.maximum(servers - number, 0),
        "utilization": np.minimum(number, servers) / servers,
    }
    return float(shares @ values[metric])


def at_most(histogram: np.ndarray, value_ns: float) -> float:
    """The share of a histogram up to a value."""
    return float(histogram[: bin_of(int(value_ns)) + 1].sum() / histogram.sum())


@dataclass(frozen=True)
class Row:
    """One figure beside its expected value. `z`: the deviation in standard errors of the replications' mean."""

    case: str
    model: str
    metric: str
    expected: float
    ours: float
    z: float
    source: str
    tolerance: float | None = None  # of the answer key

    @property
    def deviation(self) -> float:
        """Relative to the expected value."""
        return self.ours / self.expected - 1


@cache
def rows(case: str) -> tuple[Row, ...]:
    """All figures of a case, by its id in either key."""
    known = [row for row in KEY if row["id"].split("_")[0] == case]
    lines = known or [row for row in THEORY if row["case"] == case]
    of_case = of_key(known[0]) if known else CASES[case]()
    runs = of_case.runs(1 + REPLICATIONS * (key_cases() + theory_cases()).index(case))
    return tuple(row_of(case, line, of_case, runs) for line in lines)


def row_of(case: str, line: dict[str, str], of_case: Case, runs: list[Run]) -> Row:
    """One figure: mean over the replications, and how far it lies from the expected one."""
    expected, limit = float(line["expected"]), float(line.get("target_time_units") or 0)
    values = [figure(line["metric"], run, of_case, limit) for run in runs]
    ours, spread = statistics.fmean(values), statistics.stdev(values)
    z = (ours - expected) / (spread / math.sqrt(len(values))) if spread else 0.0
    relative, absolute = line.get("tolerance_simulated_rel"), line.get("tolerance_simulated_abs")
    tolerance = float(relative) * expected if relative else float(absolute) if absolute else None
    return Row(case, line["model"], line["metric"], expected, ours, z, line["source"], tolerance)


def key_cases() -> list[str]:
    """Ids of the answer key's cases."""
    return list(dict.fromkeys(row["id"].split("_")[0] for row in KEY))


def theory_cases() -> list[str]:
    """Ids of the further cases."""
    return list(CASES)
