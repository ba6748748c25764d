"""SimFaaS's own example, by our engines and by SimFaaS, on equal draws."""

from __future__ import annotations

from typing import Any

from costmodel.simulation.compiled import Compiled
from costmodel.simulation.counts import COLD_STARTS, Counts
from costmodel.simulation.reference import Reference
from tests.bench.racing import Entrant, Run
from tests.validation import simfaas

UNTIL_S, SEED = 100_000.0, 1


def ours(engine: Any) -> Run:
    """One of our engines; gives its counts."""
    example = simfaas.example()
    run: Run = engine(example.plan, simfaas.calls_until(UNTIL_S, SEED), example.times, SEED).run
    return run


def theirs(*, most_recent: bool) -> Run:
    """SimFaaS; gives the simulator."""
    simulator = simfaas.ready(UNTIL_S, SEED, most_recent=most_recent)

    def run() -> Any:
        simulator.generate_trace()
        return simulator

    return run


def entrants() -> list[Entrant]:
    """Our engines, SimFaaS with our choice of an environment, SimFaaS as it is."""
    calls = len(simfaas.calls_until(UNTIL_S, SEED).arrival_ns)
    return [
        Entrant("ours, compiled", calls, lambda: ours(Compiled), warm=True),
        Entrant("ours, reference", calls, lambda: ours(Reference)),
        Entrant("SimFaaS, most recent first", calls, lambda: theirs(most_recent=True), "simfaas", warm=True),
        Entrant("SimFaaS", calls, lambda: theirs(most_recent=False), "simfaas"),
    ]


def cold_starts(counts: Counts) -> int:
    """The cold starts of one of our runs."""
    return int(counts.functions[1, 0, COLD_STARTS])
