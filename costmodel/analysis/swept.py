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

    def rows(self, figures: Sequence[str] = REPORTED, *, differences: bool = False) -> list[dict[str, Any]]:
        """A row per point: what is varied, then each figure with the ends of its interval.

        differences: also each figure less the first point's, under the same luck, with the ends of that interval and
        the variance ratio (see `Difference`). Raises UsageError for a figure that no point has, naming the nearest, and
        for differences of one of which the single replications are not kept.
        """
        known = self.known_figures()
        for name in figures:
            if name not in known:
                raise UsageError(f"no figure `{name}`; {nearest(name, known)}")
        rows = [_row(point, figures) for point in self.points]
        for place, row in enumerate(rows):
            for name in figures if differences else ():
                row.update(_difference_row(name, self.difference_or_none(name, place)))
        return rows

    def to_frame(self, figures: Sequence[str] = REPORTED, *, differences: bool = False) -> pandas.DataFrame:
        """The same as a table: a column per assumption; figure, figure_low and figure_high for each figure."""
        import pandas as pd

        return pd.DataFrame(self.rows(figures, differences=differences))

    def to_dict(self, figures: Sequence[str] = REPORTED, *, differences: bool = False) -> dict[str, Any]:
        """The JSON document. What was reused is not in it: a repeated sweep gives the same."""
        points = [_document(point, figures) for point in self.points]
        for place, point in enumerate(points if differences else ()):
            found = {name: self.difference_or_none(name, place) for name in figures}
            point["differences"] = {name: one.to_dict() if one else None for name, one in found.items()}
        return {
            "schema_version": SCHEMA_VERSION,
            "scenario": self.base.name,
            "vary": {axis.path: [str(value) for value in axis.values] for axis in self.axes},
            "points": points,
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

    def difference_or_none(self, figure: str, place: int) -> Difference | None:
        """The same against the first point; None where a point lacks the figure. Raises UsageError as it does."""
        if figure in REPORTED and None in (self.points[0].figure(figure), self.points[place].figure(figure)):
            return None
        return self.difference(figure, place)

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, na_rep="–"))


def _row(point: Point, figures: Sequence[str]) -> dict[str, Any]:
    row = dict(point.values)
    for name in figures:
        row[name] = point.figure(name)
        row[f"{name}_low"], row[f"{name}_high"] = point.interval(name)
    return row


def _difference_row(name: str, found: Difference | None) -> dict[str, Any]:
    low, high = (found.interval if found else None) or (None, None)
    value, ratio = (found.value, found.variance_ratio) if found else (None, None)
    return {f"{name}_difference": value, f"{name}_difference_low": low, f"{name}_difference_high": high,
            f"{name}_variance_ratio": ratio}  # fmt: skip


def _document(point: Point, figures: Sequence[str]) -> dict[str, Any]:
    return {
        "values": {path: str(value) for path, value in point.values.items()},
        "payments": point.outcome["payments"],
        "replications": point.outcome["replications"],
        "figures": {name: point.figure(name) for name in figures},
        "intervals": {name: point.outcome["intervals"].get(name) for name in figures},
        "bill": point.outcome["bill"],
    }
