"""Races: each engine in turn on the same work, in one process, several rounds; medians of CPU time."""

from __future__ import annotations

import importlib.util
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

ROUNDS = 5
Run = Callable[[], Any]


@dataclass(frozen=True)
class Entrant:
    """An engine at its work: `prepare()` gives what is timed; one run gets through `units`.

    needs: the package it comes from. warm: run once before, because it compiles.
    """

    name: str
    units: int
    prepare: Callable[[], Run]
    needs: str | None = None
    warm: bool = False

    @property
    def is_there(self) -> bool:
        """Whether its package is installed."""
        return self.needs is None or importlib.util.find_spec(self.needs) is not None


@dataclass(frozen=True)
class Result:
    """Median CPU time of an entrant, s, and what its last run gave; None where it is not installed."""

    entrant: Entrant
    cpu_s: float | None
    gave: Any = None

    @property
    def us_per_unit(self) -> float | None:
        """Microseconds of CPU time per unit of work."""
        return None if self.cpu_s is None else self.cpu_s / self.entrant.units * 1e6


def race(entrants: list[Entrant], rounds: int = ROUNDS) -> list[Result]:
    """All entrants in turn, round by round."""
    there = [entrant for entrant in entrants if entrant.is_there]
    for entrant in reversed(there):
        if entrant.warm:
            entrant.prepare()()
    times: dict[str, list[float]] = {entrant.name: [] for entrant in there}
    gave: dict[str, Any] = {}
    for _ in range(rounds):
        for entrant in there:
            run = entrant.prepare()
            begun = time.process_time()
            gave[entrant.name] = run()
            times[entrant.name].append(time.process_time() - begun)
    return [
        Result(entrant, statistics.median(times[entrant.name]), gave[entrant.name])
        if entrant in there
        else Result(entrant, None)
        for entrant in entrants
    ]


def as_table(unit: str, results: list[Result]) -> str:
    """Results as Markdown; the first is ours, and the others are compared with it."""
    ours = results[0].us_per_unit
    assert ours is not None
    lines = [f"| engine | {unit}s | µs a {unit} | {unit}s/s | times our time |", "|---|---:|---:|---:|---:|"]
    for result in results:
        took = result.us_per_unit
        if took is None:
            lines.append(f"| {result.entrant.name} | not installed | | | |")
            continue
        lines.append(
            f"| {result.entrant.name} | {result.entrant.units:,} | {took:,.3g} | {1e6 / took:,.0f} | {took / ours:,.3g} |"
        )
    return "\n".join(lines)
