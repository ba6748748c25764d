"""What an engine counts: integers only, so that parts merge exactly and two engines can be compared bit by bit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from costmodel.simulation.plan import TIMERS, Outcome, Plan

BASES = ("month", "cohort")  # by time: what falls into the measured window; by payment: what its payments cause
FUNCTION_COUNTS = ("invocations", "cold_starts", "throttles", "retries", "timeouts", "billed_increments",
                   "provisioned_increments")  # fmt: skip
INVOCATIONS, COLD_STARTS, THROTTLES, RETRIES, TIMEOUTS, BILLED, PROVISIONED = range(len(FUNCTION_COUNTS))
PAY_INS, PAYOUT = ("card", "ach"), "payout"  # names of amounts: what payers pay, what providers get
MOVED_TWICE = "moved_twice"  # what moved once more because a message came twice
MANTISSA_BITS = 10  # histogram bins are 2^-10 wide relative to their value
BINS = (64 - MANTISSA_BITS) << MANTISSA_BITS
MOST_DAYS = 400
OF_USAGE = ("calls", "chunks", "stored_s", "functions", "outcomes")


def bin_of(value: int) -> int:
    """The histogram bin of a non-negative integer: exact below 2^10, else its exponent and leading bits."""
    excess = value.bit_length() - MANTISSA_BITS - 1
    if excess <= 0:
        return value
    return (excess << MANTISSA_BITS) + (value >> excess)


def bin_values(indexes: np.ndarray) -> np.ndarray:
    """The middles of bins."""
    excess = np.maximum((indexes >> MANTISSA_BITS) - 1, 0)
    low = (indexes - (excess << MANTISSA_BITS)) << excess
    middles: np.ndarray = low + np.where(excess > 0, (1 << excess) / 2, 0.0)
    return middles


@dataclass
class Counts:
    """Counts of one run, per basis where an axis of length 2 leads (0: month, 1: cohort).

    calls, chunks, stored_s: (2, steps); functions: (2, functions, 7); outcomes: (2, 8).
    latency: per timer a histogram of ns over measured, completed payments; with sum and largest.
    stations: (stations, 3): µs of places taken and of waiting for one, summed over the measured time, and the most that
    waited at once. settled_days, paid_days: histograms of banking days. amounts: name -> (3, n): amounts in cents,
    rising, and how often each occurred, per basis.
    """

    calls: np.ndarray
    chunks: np.ndarray
    stored_s: np.ndarray
    functions: np.ndarray
    peak: np.ndarray
    stations: np.ndarray
    outcomes: np.ndarray
    latency: np.ndarray
    latency_sum: list[int]
    latency_max: list[int]
    settled_days: np.ndarray
    paid_days: np.ndarray
    amounts: dict[str, np.ndarray] = field(default_factory=dict)
    refused: int = 0
    turned_away: int = 0
    service_throttles: int = 0
    duplicates: int = 0
    event_retries: int = 0
    dead_letters: int = 0
    events: int = 0
    payments: int = 0
    outage_ns: int = 0

    @classmethod
    def empty(cls, plan: Plan) -> Counts:
        """All zero, in the shapes of a plan."""
        steps, functions = len(plan.steps), len(plan.functions)
        return cls(
            calls=np.zeros((2, steps), np.int64),
            chunks=np.zeros((2, steps), np.int64),
            stored_s=np.zeros((2, steps), np.int64),
            functions=np.zeros((2, functions, len(FUNCTION_COUNTS)), np.int64),
            peak=np.zeros(functions, np.int64),
            stations=np.zeros((len(plan.stations), 3), np.int64),
            outcomes=np.zeros((2, len(Outcome)), np.int64),
            latency=np.zeros((len(TIMERS), BINS), np.int64),
            latency_sum=[0] * len(TIMERS),
            latency_max=[0] * len(TIMERS),
            settled_days=np.zeros(MOST_DAYS, np.int64),
            paid_days=np.zeros(MOST_DAYS, np.int64),
        )

    @classmethod
    def of_months(cls, runs: Sequence[Counts]) -> Counts:
        """What usage is made of, of many months: with one more axis behind the others, for amounts before the last.

        In these the amounts of a month need not rise.
        """
        first = runs[0]
        stacked: dict[str, Any] = {
            name: np.stack([getattr(counts, name) for counts in runs], axis=-1) for name in OF_USAGE
        }
        return replace(first, **stacked, amounts=amounts_of_months([counts.amounts for counts in runs]))

    def only(self, months: Sequence[int]) -> Counts:
        """Some of the months."""
        chosen: dict[str, Any] = {name: getattr(self, name)[..., months] for name in OF_USAGE}
        return replace(self, **chosen, amounts={name: amounts[:, months] for name, amounts in self.amounts.items()})

    def by_itself(self) -> Counts:
        """The same with whole histograms of its own, which no later run changes, and with amounts that rise."""
        latency = np.zeros((len(TIMERS), BINS), np.int64)
        latency[:, : self.latency.shape[1]] = self.latency
        amounts = {name: found[:, np.argsort(found[0])] for name, found in self.amounts.items()}
        return replace(self, latency=latency, amounts=amounts)

    def without_histograms(self) -> Counts:
        """The same without the histograms of latency, which are large."""
        return replace(self, latency=np.zeros((len(TIMERS), 0), np.int64))

    def lists(self, name: str) -> list[list[Any]]:
        """One of the arrays as nested lists, which count faster one by one."""
        nested: list[list[Any]] = getattr(self, name).tolist()
        return nested

    def set_lists(self, name: str, nested: list[list[Any]]) -> None:
        """Put one of the arrays back from its nested lists."""
        shape = getattr(self, name).shape
        setattr(self, name, np.array(nested, np.int64).reshape(shape))

    def times(self, name: str, basis: int) -> np.ndarray:
        """How often each amount under a name occurred; none under an unknown name."""
        return self.amounts[name][1 + basis] if name in self.amounts else np.zeros(0, np.int64)


def amounts_of_months(months: Sequence[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Amounts by name, (3, months, n); where a month has fewer than another, the rest occurs no time."""
    known = dict.fromkeys(name for amounts in months for name in amounts)
    return {name: _amounts_of([amounts.get(name, _NONE) for amounts in months]) for name in known}


def _amounts_of(found: Sequence[np.ndarray]) -> np.ndarray:
    together = np.zeros((3, len(found), max(one.shape[1] for one in found)), np.int64)
    for month, one in enumerate(found):
        together[:, month, : one.shape[1]] = one
    return together


_NONE = np.zeros((3, 0), np.int64)


def quantile(histogram: np.ndarray, level: float) -> float | None:
    """The value at a level in (0, 1] of a log-binned histogram; None if it is empty."""
    return quantiles(histogram, [level])[0]


def quantiles(histogram: np.ndarray, levels: Iterable[float]) -> list[float | None]:
    """The values at some levels."""
    bins = np.flatnonzero(histogram)
    reached = np.cumsum(histogram[bins])
    if not len(bins):
        return [None for _ in levels]
    ranks = [max(1, int(np.ceil(level * int(reached[-1])))) for level in levels]
    values: list[float | None] = bin_values(bins[np.searchsorted(reached, ranks)]).tolist()
    return values
