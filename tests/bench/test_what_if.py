"""How fast what-if is: run by `pytest -m bench -s`. Nothing is asserted of time; the figures are printed."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import costmodel as cm
from costmodel.analysis.drawing import cube, values_at_each
from costmodel.analysis.points import code_sha256
from costmodel.analysis.samples import sampled
from costmodel.analysis.study import Draw, Study, ready
from costmodel.analysis.uncertainty import MOST_PER_TASK
from costmodel.assumptions.uncertain import load_uncertain

pytestmark = pytest.mark.bench
DAY = {"workload.days": 1, "lead_in_days": "0.05"}
PRICE = "services.ach.debit_entries.price"


def timed(what: str, number: int, begun: tuple[float, float]) -> None:
    wall, cpu = time.perf_counter() - begun[0], time.process_time() - begun[1]
    print(f"\n{what}: {wall:.2f} s, {cpu:.2f} s of this process's CPU; {1000 * wall / number:.1f} ms each", end="")


def now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_thousand_prices_share_one_simulation(tmp_path, workers):
    cm.run("seed_aws")
    begun = now()
    found = cm.sweep("seed_aws", {PRICE: "0.1:0.5:1000"}, store=tmp_path / "s", workers=workers)
    timed(f"1,000 prices, {workers} workers", len(found.points), begun)


@pytest.mark.parametrize("how", ["alone", "threads", "processes"])
def test_days_at_ten_thousand_an_hour(tmp_path, how):
    cm.run("seed_aws")
    tickets = {"workload.mean_ticket_usd": list(range(200, 208))}
    begun = now()
    with ThreadPoolExecutor(2) as pool:
        who = {"alone": {}, "threads": {"executor": pool}, "processes": {"workers": 2}}[how]
        found = cm.sweep("hourly_10k", tickets, set=DAY, store=tmp_path / "s", **who)
    timed(f"simulated days at 10,000 an hour, {how}", len(found.points), begun)


def test_uncertainty_samples():
    study = Study("seed_aws", "seed", None, (), "compiled", ("same_rail.reduction", "fully_loaded.reduction",
                  "cards_kept.reduction", "list_price.reduction", "seed_aws.latency_ms.p95"), code_sha256())  # fmt: skip
    factors, rule = ready(study).factors, load_uncertain().rule
    values = values_at_each(factors, range(len(factors)), cube(MOST_PER_TASK, len(factors), 1), rule)
    draws = [Draw(at, drawn) for at, drawn in enumerate(values)]
    sampled(study, draws[:2])
    begun = now()
    sampled(study, draws)
    timed("uncertainty samples: four seed months, billed and held against the claims", len(draws), begun)


@pytest.mark.parametrize("path", ["workload.mean_ticket_usd", "pipeline.functions.fraud_detector.memory_mb"])
def test_one_changed_assumption_by_what_it_touches(path):
    cm.run("seed_aws")
    begun = now()
    for number in range(5):
        cm.run("seed_aws", set={path: 1024 + 64 * number})
    timed(f"{path} changed at the seed's volume, 20 replications", 5, begun)
