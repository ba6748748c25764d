"""The shipped pipeline: our engines, and a bare SimPy program with as many timeouts."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import cycle
from typing import Any

from costmodel.simulation.compiled import Compiled
from costmodel.simulation.counts import Counts
from costmodel.simulation.reference import Reference
from tests.bench.racing import Entrant, Run
from tests.test_compiled import shipped

Changes = tuple[tuple[str, Any], ...]
HOURLY: Changes = (("workload.days", "0.02"), ("lead_in_days", "0.02"))
DELAYS_NS = [1_000_003 * (1 + k * k % 97) for k in range(97)]  # none of them matters, only their number


def ours(name: str, changes: Changes, engine: Any) -> Run:
    """One of our engines; gives its counts."""
    run: Run = engine(*shipped(name, changes)).run
    return run


@cache
def counted(name: str, changes: Changes) -> Counts:
    """What the compiled engine counts."""
    counts: Counts = ours(name, changes, Compiled)()
    return counts


def by_simpy(payments: list[int], timeouts: int) -> Run:
    """A process for each payment, arriving in time, and as many timeouts in all as our engines have events."""
    import simpy

    env: Any = simpy.Environment(initial_time=0)
    delays, per_payment = cycle(DELAYS_NS), timeouts // len(payments) - 1

    def payment() -> Iterator[Any]:
        for _ in range(per_payment):
            yield env.timeout(next(delays))

    def source() -> Iterator[Any]:
        for arrival in payments:
            yield env.timeout(arrival - env.now)
            env.process(payment())

    def run() -> int:
        env.process(source())
        env.run()
        return per_payment

    return run


def entrants(name: str = "hourly_10k", changes: Changes = HOURLY) -> list[Entrant]:
    """Our engines and bare SimPy; the work is counted in events."""
    events = counted(name, changes).events
    arrivals = shipped(name, changes)[1].payments().arrival_ns.tolist()
    return [
        Entrant("ours, compiled", events, lambda: ours(name, changes, Compiled), warm=True),
        Entrant("ours, reference", events, lambda: ours(name, changes, Reference)),
        Entrant("SimPy, bare, as many timeouts", events, lambda: by_simpy(arrivals, events)),
    ]
