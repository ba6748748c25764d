"""How near a run comes to each limit: rate quotas of the services and the account's concurrency."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum  # since Python 3.12 the built-in sum of floats gives other last digits

from costmodel.simulation.counts import BILLED, PROVISIONED, Counts
from costmodel.simulation.plan import Plan

NS_PER_S = 10**9
CONCURRENCY = "lambda concurrency"
RESERVED = "reserved concurrency of"


@dataclass(frozen=True)
class Limit:
    """A limit and how much of it the measured payments use on average: `used` and `most` in `unit`."""

    name: str
    scope: str
    unit: str
    used: float
    most: float

    @property
    def share_percent(self) -> float:
        """Use as a share of the limit."""
        return 100 * self.used / self.most

    def payments_per_hour(self, offered_per_hour: float) -> float:
        """The rate of payments at which the limit would be reached if use grew in proportion."""
        return offered_per_hour * self.most / self.used


def limits(plan: Plan, runs: Sequence[Counts], measured_s: float) -> list[Limit]:
    """Every limit that is used at all, the nearest first."""
    found = [*_rate_limits(plan, runs, measured_s), *_concurrency(plan, runs, measured_s)]
    return sorted((limit for limit in found if limit.used), key=lambda limit: -limit.share_percent)


def _rate_limits(plan: Plan, runs: Sequence[Counts], measured_s: float) -> list[Limit]:
    used: defaultdict[int, float] = defaultdict(float)
    for index, step in enumerate(plan.steps):
        calls = sum(int(counts.calls[1, index]) for counts in runs)
        chunks = sum(int(counts.chunks[1, index]) for counts in runs)
        units = fsum(units for _, units in step.uses) * chunks if step.scan_chunk_bytes else step.units * calls
        for quota in step.quotas:
            used[quota] += units / len(runs) / measured_s
    return [
        Limit(quota.name, quota.scope, "per second", used[index], NS_PER_S / quota.interval_ns)
        for index, quota in enumerate(plan.quotas)
    ]


def _concurrency(plan: Plan, runs: Sequence[Counts], measured_s: float) -> list[Limit]:
    """Mean environments busy against the account's limit, and against what each function reserves."""
    if not plan.functions:
        return []
    increments = sum(counts.functions[1][:, (BILLED, PROVISIONED)].sum(axis=1) for counts in runs)
    busy = [float(n) / len(runs) * plan.compute.billing_increment_ns / NS_PER_S / measured_s for n in increments]
    most = float(plan.compute.account_concurrency)
    return [
        Limit(CONCURRENCY, "account", "environments", fsum(busy), most),
        *(
            Limit(f"{RESERVED} {function.name}", "function", "environments", used, float(function.reserved))
            for function, used in zip(plan.functions, busy, strict=True)
            if function.reserved
        ),
    ]
