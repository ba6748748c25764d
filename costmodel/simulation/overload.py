"""Whether a run was offered more than its pipeline carries, and how that shows."""

from __future__ import annotations

import math
from collections.abc import Sequence

from costmodel.assumptions.scenario import Capacity
from costmodel.simulation.counts import THROTTLES, Counts
from costmodel.simulation.plan import Outcome

ANSWERS = (Outcome.COMPLETED, Outcome.DECLINED, Outcome.FAILED)
PERCENT = 100


def overload(runs: Sequence[Counts], level: Capacity | None) -> tuple[str, ...]:
    """In words, what shows that more was offered than is carried; nothing if nothing does, or no level is given.

    Payments not yet answered when the measured time ends, beyond those that were under way when it began; payments
    turned away because as many as may be are under way; payments that fail, and events given up, while something is
    refused. How much of each is too much, `level` says; that anything is turned away at all is.
    """
    offered = sum(counts.payments for counts in runs)
    if level is None or not offered:
        return ()
    late = sum(int(counts.outcomes[1, answer] - counts.outcomes[0, answer]) for counts in runs for answer in ANSWERS)
    turned_away = sum(counts.turned_away for counts in runs)
    refused = turned_away + sum(counts.refused + counts.service_throttles
                                + int(counts.functions[1, :, THROTTLES].sum()) for counts in runs)  # fmt: skip
    failed = sum(int(counts.outcomes[1, Outcome.FAILED]) for counts in runs)
    given_up = sum(counts.dead_letters for counts in runs)
    found = []
    if turned_away:
        found.append(f"{_share(turned_away, offered)} of the payments are turned away")
    if late > offered * float(level.backlog_percent.value) / PERCENT + math.sqrt(offered):
        found.append(f"{_share(late, offered)} of the payments wait for an answer when the measured time ends")
    if refused and failed > offered * float(level.failed_percent.value) / PERCENT:
        found.append(f"{_share(failed, offered)} of the payments fail")
    if refused and given_up > offered * float(level.failed_percent.value) / PERCENT:
        found.append(f"{given_up / len(runs):,.0f} events are given up")
    return tuple(found)


def _share(part: int, whole: int) -> str:
    return f"{PERCENT * part / whole:,.1f} %"
