"""What is measured of the compiled engine alone: time by rate and by length, memory, threads, where the time goes."""

from __future__ import annotations

import dataclasses
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from costmodel.assumptions.catalog import load_assumptions
from costmodel.assumptions.changes import changes_from
from costmodel.simulation.compiled import Compiled
from costmodel.simulation.payments import generate
from costmodel.simulation.tables import LawTable
from tests.bench.pipelines import Changes
from tests.bench.racing import Entrant, race
from tests.test_compiled import shipped

HOURS_A_MONTH = 730  # of the scenario
RATES = (1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 3_600_000)  # payments an hour
CURVE_PAYMENTS, CURVE_DAYS = 20_000, 60  # so many payments, or so many days where the rate is low
LONGER = (10**6, 10**7)
SHORT_PAYMENTS = 1000


WHY = """

A wait that ends before anything else happens never enters the calendar, so that at low rates an event is little more
than its instruction (at one payment an hour the schedules add events of their own). With the rate grows the number of
payments on their way: the calendar gets deeper, and what they need lies farther off in memory. At a thousand a second the
pipeline is past its limits: most payments fail after their retries, which makes fewer events of another kind."""


def hourly(payments: float, rate: float = 10_000) -> Changes:
    """`hourly_10k` for so many payments, at another rate; without a lead-in."""
    days = payments / rate / 24
    return (
        ("workload.payments_per_month", round(rate * HOURS_A_MONTH)),
        ("workload.days", f"{days:.9f}"),
        ("lead_in_days", "0"),
    )


def table(head: list[str], lines: list[list[str]]) -> str:
    """A Markdown table of numbers."""
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, ["---:"] * len(head), *lines])


def entrant(name: str, changes: Changes) -> Entrant:
    """The compiled engine on a run, by its events."""
    run = shipped("hourly_10k", changes)
    return Entrant(name, Compiled(*run).run().events, lambda: Compiled(*run).run)


def by_rate(rounds: int) -> str:
    """Time per event from one payment an hour to a thousand a second."""
    changes = [hourly(min(CURVE_PAYMENTS, CURVE_DAYS * 24 * rate), rate) for rate in RATES]
    results = race([entrant(f"{rate:,}", of) for rate, of in zip(RATES, changes, strict=True)], rounds)
    lines = []
    for of, result in zip(changes, results, strict=True):
        payments = shipped("hourly_10k", of)[1].number
        outcome = result.gave.outcomes[1] / payments
        lines.append([result.entrant.name, f"{payments:,}", f"{result.entrant.units / payments:,.0f}",
                      f"{1000 * (result.us_per_unit or 0):.0f}", f"{100 * outcome[3]:.1f} %"])  # fmt: skip
    return table(["payments an hour", "payments", "events a payment", "ns an event", "failed"], lines) + WHY


def by_length(rounds: int) -> str:
    """Time per event of a million payments and of ten million."""
    results = race([entrant(f"{payments:,}", hourly(payments)) for payments in LONGER], min(rounds, 3))
    return table(["payments", "events", "s", "ns an event"],
                 [[each.entrant.name, f"{each.entrant.units:,}", f"{each.cpu_s:.1f}", f"{1000 * (each.us_per_unit or 0):.1f}"]
                  for each in results])  # fmt: skip


MEMORY = """
import resource, sys
from costmodel.run import run
from tests.bench.measures import hourly
result = run("hourly_10k", set=dict(hourly(float(sys.argv[1]))), engine="compiled")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def memory() -> str:
    """The largest memory of whole runs, each in a process of its own, from the scenario to the bill."""
    lines: list[list[str]] = []
    first_mb = 0.0
    for payments in (SHORT_PAYMENTS, 10_000 * HOURS_A_MONTH // 10, 10_000 * HOURS_A_MONTH):
        done = subprocess.run([sys.executable, "-c", MEMORY, str(payments)], capture_output=True, text=True, check=True)
        most_mb = int(done.stdout) / 1024
        first_mb = first_mb or most_mb
        lines.append([f"{payments:,}", f"{most_mb:.0f}", f"{most_mb - first_mb:+.0f}"])
    return table(["payments", "largest resident MB", "against the first"], lines)


def threads(rounds: int) -> str:
    """Two replications on two threads against one after the other: wall time, the least of the rounds."""
    run = shipped("hourly_10k", hourly(120_000))
    serial, parallel = [], []
    for _ in range(rounds):
        serial.append(wall_s(lambda pair: [engine.run() for engine in pair], run))
        with ThreadPoolExecutor(2) as pool:
            parallel.append(wall_s(lambda pair: list(pool.map(lambda engine: engine.run(), pair)), run))
    both = min(parallel) / min(serial)
    return table(["one after the other, s", "two threads, s", "share"],
                 [[f"{min(serial):.2f}", f"{min(parallel):.2f}", f"{both:.2f}"]])  # fmt: skip


def wall_s(do: Callable[[list[Compiled]], Any], run: Any) -> float:
    """Seconds by the clock of two engines' runs."""
    pair = [Compiled(*run) for _ in range(2)]
    begun = time.perf_counter()
    do(pair)
    return time.perf_counter() - begun


def parts(rounds: int) -> str:
    """Where the time of a run goes: beside the kernel, and what draws and the calendar take of the kernel's.

    Draws: the same plan with the mean of each law in its place. The calendar: one payment an hour, where hardly an event
    waits for another.
    """
    changes = hourly(240_000)
    run, alone = shipped("hourly_10k", changes), shipped("hourly_10k", hourly(CURVE_DAYS * 24, 1))
    scenario = load_assumptions("hourly_10k", data=None, changes=changes_from(dict(changes))).scenario
    certain = (dataclasses.replace(run[0], laws=tuple(LawTable.of(mean_of(law)) for law in run[0].laws)), *run[1:])
    timed = {
        "drawing 240,000 payments": lambda: generate(scenario, scenario.seed, 0),
        "laying out the plan": lambda: Compiled(*run),
        "the kernel": Compiled(*run).run,
    }
    took: dict[str, list[float]] = {name: [] for name in timed}
    for _ in range(rounds):
        timed["the kernel"] = Compiled(*run).run
        for name, do in timed.items():
            begun = time.process_time()
            do()
            took[name].append(time.process_time() - begun)
    lines = [[name, f"{statistics.median(values):.3f} s"] for name, values in took.items()]
    kernels = {"as it is": run, "no draws": certain, "one payment an hour": alone}
    results = race([Entrant(name, Compiled(*of).run().events, lambda of=of: Compiled(*of).run)  # type: ignore[misc]
                    for name, of in kernels.items()], rounds)  # fmt: skip
    lines += [[f"an event, {each.entrant.name}", f"{1000 * (each.us_per_unit or 0):.0f} ns"] for each in results]
    return table(["part", "time"], lines)


def mean_of(law: LawTable) -> Callable[[float, float], float]:
    """The quantiles of a law that always gives this one's mean."""
    mean = law.mean()
    return lambda tail, score: mean
