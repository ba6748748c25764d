"""From counts to figures: means, percentiles and Student-t intervals over replications."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from costmodel.simulation.counts import Counts, bin_values, quantiles
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


def interval(centre: float, values: Sequence[float]) -> tuple[float, float] | None:
    """The 95 % interval of a figure pooled over independent replications; None for fewer than two."""
    half = half_width(centre, values)
    return None if half is None else (centre - half, centre + half)


@dataclass(frozen=True)
class Difference:
    """A figure of one scenario less that of another under the same luck.

    interval: 95 %, by Student's t over the pairs of replications; None for fewer than two. variance_ratio: the variance
    of the difference if both had met their own luck, over the paired one: so many times more replications would have
    been needed. None where the pairs do not vary at all.
    """

    value: float
    interval: tuple[float, float] | None
    variance_ratio: float | None
    replications: int

    def to_dict(self) -> dict[str, object]:
        """For JSON."""
        return {**vars(self), "interval": list(self.interval) if self.interval else None}


def paired(one: float, ones: Sequence[float], other: float, others: Sequence[float]) -> Difference:
    """`one` less `other`, two pooled figures, with those of their replications in the same order.

    >>> paired(5.0, [4.0, 6.0], 3.0, [2.0, 4.0]).value
    2.0
    """
    differences = [a - b for a, b in zip(ones, others, strict=True)]
    value = one - other
    found = interval(value, differences)
    apart, together = _squares(one, ones) + _squares(other, others), _squares(value, differences)
    return Difference(
        value=value,
        interval=found,
        variance_ratio=apart / together if together and found is not None else None,
        replications=len(differences),
    )


def _squares(centre: float, values: Sequence[float]) -> float:
    return math.fsum((value - centre) ** 2 for value in values)


def latency_ms(runs: Sequence[Counts], timer: str) -> dict[str, float | None]:
    """Mean, percentiles and largest latency of a timer, pooled over the replications, in ms."""
    which, pooled = TIMERS.index(timer), _pooled_latency(runs, timer)
    number = int(pooled.sum())
    figures: dict[str, float | None] = {"mean": None}
    if number:
        figures["mean"] = sum(counts.latency_sum[which] for counts in runs) / number / NS_PER_MS
    for name, value in zip(LEVELS, quantiles(pooled, LEVELS.values()), strict=True):
        figures[name] = None if value is None else value / NS_PER_MS
    figures["max"] = max(counts.latency_max[which] for counts in runs) / NS_PER_MS if number else None
    return figures


def _pooled(histograms: Sequence[np.ndarray]) -> np.ndarray:
    found: np.ndarray = histograms[0] if len(histograms) == 1 else np.sum(histograms, axis=0)
    return found


def _pooled_latency(runs: Sequence[Counts], timer: str) -> np.ndarray:
    return _pooled([counts.latency[TIMERS.index(timer)] for counts in runs])


def latencies(runs: Sequence[Counts], timer: str) -> tuple[tuple[float, int], ...]:
    """The latencies of a timer, pooled over the replications: ms (to a thousandth) and how many, rising."""
    pooled = _pooled_latency(runs, timer)
    bins = np.flatnonzero(pooled)
    return tuple(zip((bin_values(bins) / NS_PER_MS).tolist(), pooled[bins].tolist(), strict=True))


def days_quantile(histograms: Sequence[np.ndarray], level: float) -> int | None:
    """A percentile of banking days, pooled over the replications."""
    pooled = _pooled(histograms)
    total = int(pooled.sum())
    if not total:
        return None
    return int(np.searchsorted(np.cumsum(pooled), max(1, math.ceil(level * total))))
