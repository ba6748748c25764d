"""The benchmarks by name, each with its title and what it prints."""

from __future__ import annotations

import importlib.util
import os
import platform
from collections.abc import Callable
from functools import cache
from importlib.metadata import version

from tests.bench import functions, measures, pipelines, queues
from tests.bench.racing import Result, as_table, race

PACKAGES = ("numpy", "numba", "simpy", "ciw", "salabim", "cimba", "simfaas")
TANDEM, SINGLE = (100_000, 2000), (1_000_000, 10_000)  # payments of ours and Cimba, and of the slow ones


@cache
def cimba_first() -> None:
    """Let Cimba compile its models before anything else does, if it is installed."""
    if importlib.util.find_spec("cimba"):
        queues.cimba_models()


@cache
def tandem(rounds: int) -> list[Result]:
    """Eight stations of sixteen servers, lognormal services, 70 % busy."""
    return race(queues.entrants(queues.TANDEM, *TANDEM), rounds)


@cache
def single(rounds: int) -> list[Result]:
    """M/M/1, 90 % busy."""
    return race(queues.entrants(queues.SINGLE, *SINGLE), rounds)


@cache
def simfaas(rounds: int) -> list[Result]:
    """SimFaaS's example."""
    return race(functions.entrants(), rounds)


@cache
def pipeline(rounds: int) -> list[Result]:
    """The shipped pipeline at 10,000 payments an hour."""
    return race(pipelines.entrants(), rounds)


RACES: tuple[tuple[str, str, Callable[[int], list[Result]]], ...] = (
    ("Shipped pipeline, 10,000 payments/h", "event", pipeline),
    ("Eight stations in a row, 16 servers each, 70 % busy", "visit", tandem),
    ("M/M/1, 90 % busy", "customer", single),
    ("SimFaaS's example, equal draws", "call", simfaas),
)
COLUMNS = {
    "our reference": "ours, reference", "SimPy": "SimPy, bare", "Ciw": "Ciw", "salabim": "salabim", "Cimba": "Cimba",
    "SimFaaS": "SimFaaS",
}  # fmt: skip


def summary(rounds: int) -> str:
    """The README's table: our compiled engine's time, and how many times as long the others take."""
    lines = [f"| work | ours | {' | '.join(COLUMNS)} |", f"|---|---:|{'---:|' * len(COLUMNS)}"]
    for work, unit, of in RACES:
        took = {result.entrant.name.removesuffix(", as many timeouts"): result.us_per_unit for result in of(rounds)}
        ours = took["ours, compiled"] or 0
        others = [took.get(name) for name in COLUMNS.values()]
        times = ["" if other is None else f"{float(f'{other / ours:.3g}'):,.10g} ×" for other in others]
        lines.append(f"| {work} | {1000 * ours:.0f} ns per {unit} | {' | '.join(times)} |")
    return "\n".join(lines)


REPORTS: dict[str, tuple[str, Callable[[int], str]]] = {
    "summary": ("Times as long as our compiled engine takes", summary),
    "tandem": ("Eight stations in a row, 16 servers each, lognormal services, 70 % busy", lambda n: as_table("visit", tandem(n))),
    "single": ("M/M/1, 90 % busy (Cimba's own model)", lambda n: as_table("customer", single(n))),
    "simfaas": ("SimFaaS's own example, equal draws", lambda n: as_table("call", simfaas(n))),
    "pipeline": ("The shipped pipeline at 10,000 payments an hour", lambda n: as_table("event", pipeline(n))),
    "rates": ("The shipped pipeline by its rate", measures.by_rate),
    "lengths": ("The shipped pipeline by its length", measures.by_length),
    "memory": ("Memory of the shipped pipeline", lambda _: measures.memory()),
    "threads": ("Two replications on two threads", measures.threads),
    "parts": ("Where the time of a day of the shipped pipeline goes", measures.parts),
}  # fmt: skip


def machine() -> str:
    """What it was measured on."""
    there = [f"{name} {version(name)}" for name in PACKAGES if importlib.util.find_spec(name)]
    return f"Python {platform.python_version()}, {os.cpu_count()} cores {platform.machine()}; {', '.join(there)}."
