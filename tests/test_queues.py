"""The engine against queueing theory: every case of the answer key, simulated through a pipeline of one station."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from costmodel.simulation.counts import quantile
from tests.worlds import HOURS, World, flat_scenario

CASES = list(csv.DictReader((Path(__file__).parent / "answers" / "queues.csv").open()))
ARRIVALS = 100_000  # the key's tolerances are stated for at least so many

STATION = """
[stations.desk]
servers = {servers}
{capacity}
source = "answer key"
read = 2026-11-23
basis = "published"
[work.service]
{law}
source = "answer key"
read = 2026-11-23
basis = "published"
[flows.visit]
starts = "payment"
methods = ["card"]
source = "answer key"
read = 2026-11-23
basis = "published"
steps = [
  {{ name = "wait", acquire = "desk", as = "intended", timer = "payment" }},
  {{ name = "serve", work = "service", as = "intended" }},
  {{ name = "leave", release = "desk", as = "intended" }},
]
"""


def ms_per_unit(row: dict[str, str]) -> float:
    """Milliseconds of simulated time that stand for one time unit of the case."""
    return HOURS * 3_600_000 / ARRIVALS * float(row["arrival_rate_per_time_unit"])


@cache
def simulated(case: str) -> tuple[World, dict[str, str]]:
    row = next(row for row in CASES if row["id"].startswith(f"{case}_"))
    mean_ms = ms_per_unit(row) / float(row["service_rate_per_time_unit"])
    law = {
        "exponential": f"exponential_mean_ms = {mean_ms}",
        "deterministic": f"constant_ms = {mean_ms}",
        "lognormal": f"lognormal_mean_ms = {mean_ms}\ncv = {row['service_cv']}",
    }[row["service_law"]]
    capacity = f"capacity = {row['capacity_total']}" if row["capacity_total"] else ""
    return World(STATION.format(servers=row["servers"], capacity=capacity, law=law), flat_scenario(ARRIVALS)), row


def in_system(world: World) -> np.ndarray:
    """Shares of time with 0, 1, 2 … payments in the system."""
    inside = np.array(sorted(world.finished))
    arrived, left = world.payments.arrival_ns[inside], np.array([world.finished[i] for i in inside])
    times = np.concatenate([arrived, left])
    order = np.argsort(times, kind="stable")
    number = np.cumsum(np.concatenate([np.ones(len(inside)), -np.ones(len(inside))])[order])[:-1]
    spans = np.diff(times[order])
    shares = np.bincount(number.astype(int), weights=spans) / spans.sum()
    return np.concatenate([shares, np.zeros(20)])


def figure(metric: str, world: World, row: dict[str, str]) -> float:
    unit_ns = ms_per_unit(row) * 1e6
    waits = world.counts.latency[0]
    served = int(waits.sum())
    mean_wait = world.counts.latency_sum[0] / served / unit_ns
    mean_stay = world.counts.latency_sum[1] / served / unit_ns
    shares = in_system(world)
    number = np.arange(len(shares))
    servers = int(row["servers"])
    if metric.startswith("Wq_p"):
        return float(quantile(waits, int(metric[4:]) / 100)) / unit_ns
    if metric.startswith("p") and metric[1:].isdigit():
        return float(shares[int(metric[1:])])
    if metric == "sd_Wq":
        values = np.repeat(np.arange(len(waits)), waits)
        from costmodel.simulation.counts import bin_value

        sample = np.array([bin_value(int(v)) for v in np.unique(values)])
        weights = waits[np.unique(values)]
        return (
            float(np.sqrt(np.average((sample - np.average(sample, weights=weights)) ** 2, weights=weights))) / unit_ns
        )
    limit = float(row["target_time_units"] or 0)
    from costmodel.simulation.counts import bin_of

    return {
        "W": mean_stay,
        "Wq": mean_wait,
        "L": float(shares @ number),
        "Lq": float(shares @ np.maximum(number - servers, 0)),
        "mean_idle_servers": float(shares @ np.maximum(servers - number, 0)),
        "utilization": float(shares @ np.minimum(number, servers)) / servers,
        "P_block": world.counts.refused / ARRIVALS,
        "P_wait": 1 - int(waits[0]) / served,
        "service_level": int(waits[: bin_of(int(limit * unit_ns)) + 1].sum()) / served,
    }[metric]


@pytest.mark.parametrize("row", CASES, ids=[row["id"] for row in CASES])
def test_simulation_meets_theory(row: dict[str, str]) -> None:
    world, settings = simulated(row["id"].split("_")[0])
    expected = float(row["expected"])
    if row["tolerance_simulated_rel"]:
        tolerance = expected * float(row["tolerance_simulated_rel"])
    else:
        tolerance = float(row["tolerance_simulated_abs"])
    assert figure(row["metric"], world, settings) == pytest.approx(expected, abs=tolerance), row["source"]
