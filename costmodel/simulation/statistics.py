"""From counts to figures: means, percentiles and Student-t intervals over replications."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from costmodel.simulation.counts import Counts, bin_of, quantile
from costmodel.simulation.plan import TIMERS

NS_PER_MS = 10**6
CONFIDENCE = 0.95
LEVELS = {"p50": 0.50, "p95": 0.95, "p99": 0.99}


def half_width(centre: float, values: Sequence[float]) -> float | None:
    """Half the 95 % interval of a figure pooled over independent replications; None for fewer than two.

    Sectioning (Asmussen & Glynn, Stochastic Simulation, 2007, III.5): Student's t times the spread of the
    replications' own figures about the pooled one.
    """
    number = len(values)
    if number < 2:
        return None
    from scipy.special import stdtrit

    spread = math.fsum((value - centre) ** 2 for value in values) / (number - 1)
    return float(stdtrit(number - 1, 0.5 + CONFIDENCE / 2)) * math.sqrt(spread / number)


def latency_ms(runs: Sequence[Counts], timer: str) -> dict[str, float | None]:
    """Mean, percentiles and largest latency of a timer, pooled over the replications, in ms."""
    which = TIMERS.index(timer)
    pooled = np.sum([counts.latency[which] for counts in runs], axis=0)
    number = int(pooled.sum())
    figures: dict[str, float | None] = {"mean": None}
    if number:
        figures["mean"] = sum(counts.latency_sum[which] for counts in runs) / number / NS_PER_MS
    for name, level in LEVELS.items():
        value = quantile(pooled, level)
        figures[name] = None if value is None else value / NS_PER_MS
    figures["max"] = max(counts.latency_max[which] for counts in runs) / NS_PER_MS if number else None
    return figures


def share_within(runs: Sequence[Counts], timer: str, limit_ms: float) -> float | None:
    """The share of measured requests answered within a limit, in percent; None without any."""
    which = TIMERS.index(timer)
    pooled = np.sum([counts.latency[which] for counts in runs], axis=0)
    total = int(pooled.sum())
    return 100 * int(pooled[: bin_of(int(limit_ms * NS_PER_MS))].sum()) / total if total else None


def days_quantile(histograms: Sequence[np.ndarray], level: float) -> int | None:
    """A percentile of banking days, pooled over the replications."""
    pooled = np.sum(histograms, axis=0)
    total = int(pooled.sum())
    if not total:
        return None
    return int(np.searchsorted(np.cumsum(pooled), max(1, math.ceil(level * total))))
