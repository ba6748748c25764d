"""Where one column reaches a target: by search, and in closed form where there is one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from costmodel.analysis.breakeven import Threshold, base_volume, cost_line, threshold
from costmodel.analysis.crossing import Gap, Kind, brackets, described, grid, narrowed, root_of_line
from costmodel.analysis.moving import DocumentColumn, ModelledColumn, Sides
from costmodel.assumptions.lever import Lever
from costmodel.simulation.statistics import interval

DOCUMENT_POINTS, MODELLED_POINTS = 100, 8  # of the grid on which a change of sign is looked for
DOCUMENT_WITHIN, MODELLED_WITHIN = Decimal("1e-10"), Decimal("1e-4")
DOCUMENT_STEPS, MODELLED_STEPS = 100, 12  # evaluations to narrow a crossing down
AROUND = 16  # the part of a root that replications' own roots are looked for above and below it
NEAR = Decimal("1e-3")  # around a root, where a straight piece is looked for
STRAIGHT = Decimal("1e-12")  # how far from a straight line, in parts of its rise

Step = Callable[[float], None]


@dataclass(frozen=True)
class Reached:
    """Where a target is reached, in one column.

    kind: from (or below, between, outside) the `values`, or always or never within what was searched. closed: the same
    values in closed form, where there is one. interval: of the first value, 95 % over the replications.
    low_percent, limit_percent: the reduction at the low end, and what it comes to at the high one.
    """

    kind: Kind
    values: tuple[Decimal, ...]
    closed: tuple[Decimal, ...] | None
    interval: tuple[float, float] | None
    low_percent: Decimal | None
    limit_percent: Decimal | None

    @property
    def value(self) -> Decimal | None:
        """The first value; None where there is none."""
        return self.values[0] if self.values else None

    def to_dict(self) -> dict[str, Any]:
        """For JSON: numbers as decimal strings."""
        return {
            "kind": self.kind,
            "values": [f"{value:f}" for value in self.values],
            "closed_form": None if self.closed is None else [f"{value:f}" for value in self.closed],
            "interval": list(self.interval) if self.interval else None,
            "low_percent": None if self.low_percent is None else f"{self.low_percent:f}",
            "limit_percent": None if self.limit_percent is None else f"{self.limit_percent:f}",
        }


def document_reached(column: DocumentColumn, lever: Lever, target_percent: Decimal) -> Reached:
    """On the document's figures, by search and in closed form."""
    gap = _gap(column.at, lever, target_percent)
    found = brackets(grid(lever.low, lever.high, DOCUMENT_POINTS), gap)
    roots = [narrowed(one, gap, DOCUMENT_WITHIN, DOCUMENT_STEPS).root for one in found]
    kind, values = described(roots, gap(lever.low) <= 0)
    limit, closed = column.at(lever, lever.high).reduction_percent, _closed(column, lever, target_percent, values)
    if lever.kind == "volume":
        limit = _exact(column, lever, target_percent).limit_percent
    return Reached(kind, values, closed, None, column.at(lever, lever.low).reduction_percent, limit)


def _closed(
    column: DocumentColumn, lever: Lever, target_percent: Decimal, values: tuple[Decimal, ...]
) -> tuple[Decimal, ...] | None:
    """The values again, each solved for on the straight piece it lies on; None where one lies on none."""
    if lever.kind == "volume" and values:
        exact = _exact(column, lever, target_percent).volume_usd
        return None if exact is None else (exact,)
    pieces = [_straight(value, _gap(column.at, lever, target_percent)) for value in values]
    found = tuple(piece for piece in pieces if piece is not None)
    return found if found and len(found) == len(pieces) else None


def _exact(column: DocumentColumn, lever: Lever, target_percent: Decimal) -> Threshold:
    base = base_volume(column.file)
    both = column.at(lever, base)
    return threshold(cost_line(both.stripe), cost_line(both.own), target_percent, base)


def _gap(at: Callable[[Lever, Decimal], Sides], lever: Lever, target_percent: Decimal) -> Gap:
    return lambda x: at(lever, x).gap_usd(target_percent)


def _straight(root: Decimal, gap: Gap) -> Decimal | None:
    """The root of the straight piece on which `root` lies; None where the function is not straight there."""
    low, high = root * (1 - NEAR), root * (1 + NEAR)
    ends = gap(low), gap(high)
    bend = gap(low + (high - low) / 4) - (3 * ends[0] + ends[1]) / 4
    return root_of_line(low, high, *ends) if abs(bend) <= STRAIGHT * abs(ends[1] - ends[0]) else None


def modelled_reached(
    column: ModelledColumn, lever: Lever, target_percent: Decimal, step: Step, number: int = MODELLED_POINTS
) -> Reached:
    """By simulation, with the interval over the replications; `step` is told the share done."""
    gap, points = _gap(column.at, lever, target_percent), modelled_points(column, lever, number)
    known = []
    for done, x in enumerate(points):
        known.append(gap(x))
        step((done + 1) / (len(points) + MODELLED_STEPS))
    width = column.width(lever)
    found = [narrowed(one, gap, MODELLED_WITHIN, MODELLED_STEPS, width) for one in brackets(points, gap)]
    kind, values = described([one.root for one in found], known[0] <= 0)
    ends = [column.at(lever, x).reduction_percent for x in (points[0], points[-1])]
    interval = _interval(column, lever, target_percent, values[0]) if values else None
    return Reached(kind, values, None, interval, ends[0], ends[1])


def modelled_points(column: ModelledColumn, lever: Lever, number: int = MODELLED_POINTS) -> list[Decimal]:
    """The grid of the simulated column; whole numbers where the lever has no others."""
    width = column.width(lever)
    points = grid(lever.low, lever.high, number)
    snapped = [max(width, (x / width).to_integral_value() * width) for x in points] if width else points
    return list(dict.fromkeys(snapped))


def _interval(column: ModelledColumn, lever: Lever, target: Decimal, root: Decimal) -> tuple[float, float] | None:
    """Over the replications' own crossings, each on its straight line from a little below the root to a little above.

    The bracket itself is too narrow for that: from one payment to the next a replication moves by its luck alone.
    """
    width = column.width(lever)
    ends = [max(lever.low, root - root / AROUND), min(lever.high, root + root / AROUND)]
    low, high = ((x / width).to_integral_value() * width if width else x for x in ends)
    if low >= high:
        return None
    singles = zip(column.replicated(lever, low)[1], column.replicated(lever, high)[1], strict=False)
    pairs = [(one.gap_usd(target), other.gap_usd(target)) for one, other in singles]
    own = [float(root_of_line(low, high, *pair)) for pair in pairs if pair[0] != pair[1]]
    return interval(float(root), own)
