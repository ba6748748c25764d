"""Replications until an interval is as narrow as asked for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from costmodel.assumptions.checking import nearest
from costmodel.assumptions.scenario import Scenario
from costmodel.errors import UsageError

Interval = tuple[float, float]
FEWEST = 2  # that give an interval


@dataclass(frozen=True)
class Precision:
    """Half-widths of 95 % intervals asked for, by the path of a figure, and the most replications for them."""

    half_widths: dict[str, float]
    most: int

    @classmethod
    def of(cls, scenario: Scenario, asked: Mapping[str, float]) -> Precision:
        """What the scenario and the caller ask for. Raises UsageError for a width that is no positive number."""
        wanted = {path: float(half) for path, half in scenario.until.items()} | dict(asked)
        for path, half in wanted.items():
            if not 0 < half < math.inf:
                raise UsageError(f"until {path}={half:g}: half an interval is above 0; give it in the figure's unit")
        return cls(wanted, max(scenario.most_replications or scenario.replications, FEWEST))

    def replications(self, intervals: Mapping[str, Interval | None], number: int) -> int:
        """How many it takes, told from `number` of them: the half-width falls with the root of their number.

        At most twice as many, as a spread told from few is rough, and at most `most`; `number` when all is reached.
        Raises UsageError for a figure that has no value.
        """
        for path in self.half_widths:
            if path not in intervals:
                raise UsageError(f"until {path}: no figure of that name has a value; {nearest(path, intervals)}")
        if not self.half_widths:
            return number
        short = [reached / half for half, reached in self._reached(intervals) if reached > half]
        if number >= FEWEST and not short:
            return number
        wanted = math.ceil(number * max(short, default=1) ** 2) if number >= FEWEST else FEWEST
        return max(number, min(self.most, max(number + 1, min(2 * number, wanted))))

    def _reached(self, intervals: Mapping[str, Interval | None]) -> list[tuple[float, float]]:
        return [(half, _half(intervals.get(path))) for path, half in self.half_widths.items()]

    def to_dict(self, intervals: Mapping[str, Interval | None]) -> dict[str, Any]:
        """For JSON: asked for and reached, by path."""
        found = zip(self.half_widths, self._reached(intervals), strict=True)
        return {
            path: {"half_width": half, "reached": reached if reached < math.inf else None}
            for path, (half, reached) in found
        }


def _half(interval: Interval | None) -> float:
    return math.inf if interval is None else (interval[1] - interval[0]) / 2
