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


def tandem(rounds: int) -> list[Result]:
    """Eight stations of sixteen servers, lognormal services, 70 % busy."""
    cimba_first()
    return race(queues.entrants(queues.TANDEM, *TANDEM), rounds)


def single(rounds: int) -> list[Result]:
    """M/M/1, 90 % busy."""
    cimba_first()
    return race(queues.entrants(queues.SINGLE, *SINGLE), rounds)


def simfaas(rounds: int) -> list[Result]:
    """SimFaaS's example."""
    return race(functions.entrants(), rounds)


def pipeline(rounds: int) -> list[Result]:
    """The shipped pipeline at 10,000 payments an hour."""
    return race(pipelines.entrants(), rounds)


REPORTS: dict[str, tuple[str, Callable[[int], str]]] = {
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
