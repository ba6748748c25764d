"""How fast the engines are, side by side: CPU time in one process, in turn, medians of rounds. Shows, asserts no time."""

from __future__ import annotations

import statistics
import time
from typing import Any

import pytest

from costmodel.simulation.compiled import Compiled
from costmodel.simulation.reference import Reference
from tests.test_compiled import shipped

ROUNDS = 5
CASES = [
    ("hourly_10k", {"workload.days": "0.1", "lead_in_days": "0.1"}),
    ("seed_aws", {"workload.payments_per_month": 5000, "lead_in_days": "0"}),
]


def cpu_s(engine: Any, *run: Any) -> tuple[float, int]:
    """CPU seconds of one run, and its events."""
    ready = engine(*run)
    begun = time.process_time()
    counts = ready.run()
    return time.process_time() - begun, counts.events


@pytest.mark.bench
@pytest.mark.parametrize(("name", "changes"), CASES, ids=[name for name, _ in CASES])
def test_compiled_against_reference(name: str, changes: dict[str, Any]) -> None:
    run = shipped(name, tuple(changes.items()))
    cpu_s(Compiled, *run)  # compiles, or loads
    rounds = [(cpu_s(Reference, *run), cpu_s(Compiled, *run)) for _ in range(ROUNDS)]
    reference, compiled = (statistics.median(pair[which][0] for pair in rounds) for which in (0, 1))
    events, payments = rounds[0][0][1], run[1].number
    assert all(pair[0][1] == pair[1][1] == events for pair in rounds)
    print(
        f"\n{name}: {payments:,} payments, {events / payments:.0f} events each; µs a payment: reference "
        f"{reference / payments * 1e6:.1f}, compiled {compiled / payments * 1e6:.2f} ({reference / compiled:.0f} times); "
        f"{events / compiled / 1e6:.1f} million events/s"
    )
