"""What a sweep found: a point for every combination of values, as one table, and neighbours compared in pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from costmodel.analysis.grid import Axis
from costmodel.analysis.points import REPORTED
from costmodel.assumptions.catalog import Assumptions
from costmodel.assumptions.checking import nearest
from costmodel.errors import UsageError
from costmodel.result import SCHEMA_VERSION, origin_of
from costmodel.simulation.statistics import Difference, paired

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True)
class Point:
    """One point: the values of what is varied, and its outcome (figures, intervals, singles, bill)."""

    values: dict[str, Any]
    outcome: dict[str, Any]

    def figure(self, name: str) -> Any:
        """A figure by its dotted path, None where this point has none."""
        return self.outcome["figures"].get(name)

    def interval(self, name: str) -> tuple[float | None, float | None]:
        """Its 95 % interval over the replications; (None, None) for a single run."""
        low, high = self.outcome["intervals"].get(name) or (None, None)
        return low, high


@dataclass(frozen=True)
class Sweep:
    """All points of a grid, the last axis running fastest. reused: how many were in the store already."""

    base: Assumptions
    axes: tuple[Axis, ...]
    points: tuple[Point, ...]
    reused: int

    def known_figures(self) -> list[str]:
        """Every figure the points have, by its dotted path."""
        return sorted({name for point in self.points for name in point.outcome["figures"]})

    def rows(self, figures: Sequence[str] = REPORTED) -> list[dict[str, Any]]:
        """A row per point: what is varied, then each figure with the ends of its interval.

        Raises UsageError for a figure that no point has, naming the nearest.
        """
        known = self.known_figures()
        for name in figures:
            if name not in known:
                raise UsageError(f"no figure `{name}`; {nearest(name, known)}")
        return [_row(point, figures) for point in self.points]

    def to_frame(self, figures: Sequence[str] = REPORTED) -> pandas.DataFrame:
        """The same as a table: a column per assumption; figure, figure_low and figure_high for each figure."""
        import pandas as pd

        return pd.DataFrame(self.rows(figures))

    def to_dict(self, figures: Sequence[str] = REPORTED) -> dict[str, Any]:
        """The JSON document. What was reused is not in it: a repeated sweep gives the same."""
        return {
            "schema_version": SCHEMA_VERSION,
            "scenario": self.base.name,
            "vary": {axis.path: [str(value) for value in axis.values] for axis in self.axes},
            "points": [_document(point, figures) for point in self.points],
            "provenance": origin_of(self.base) | {"horizon": self.base.scenario.horizon},
        }

    def difference(self, figure: str, place: int, against: int = 0) -> Difference:
        """How a reported figure differs between two points (by their places in `points`), both under the same luck.

        Raises UsageError for a figure of which the single replications are not kept, or that a point lacks.
        """
        if figure not in REPORTED:
            raise UsageError(f"`{figure}` is not kept by replication; {nearest(figure, REPORTED)}")
        one, other = self.points[place], self.points[against]
        if one.figure(figure) is None or other.figure(figure) is None:
            raise UsageError(f"`{figure}` has no value at one of these points; compare others")
        both = zip(one.outcome["singles"][figure], other.outcome["singles"][figure], strict=False)
        known = [pair for pair in both if None not in pair]
        return paired(one.figure(figure), [a for a, _ in known], other.figure(figure), [b for _, b in known])

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, na_rep="–"))


def _row(point: Point, figures: Sequence[str]) -> dict[str, Any]:
    row = dict(point.values)
    for name in figures:
        row[name] = point.figure(name)
        row[f"{name}_low"], row[f"{name}_high"] = point.interval(name)
    return row


def _document(point: Point, figures: Sequence[str]) -> dict[str, Any]:
    return {
        "values": {path: str(value) for path, value in point.values.items()},
        "payments": point.outcome["payments"],
        "replications": point.outcome["replications"],
        "figures": {name: point.figure(name) for name in figures},
        "intervals": {name: point.outcome["intervals"].get(name) for name in figures},
        "bill": point.outcome["bill"],
    }
