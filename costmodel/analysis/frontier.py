"""The joint frontier: over volume, which of a document's claims hold at the same time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from costmodel.analysis.asking import Figure, figure_of
from costmodel.analysis.frontier_files import read_frontier
from costmodel.analysis.frontier_points import Judge, Point
from costmodel.analysis.sides import Business
from costmodel.assumptions.document import Claim
from costmodel.assumptions.frontier import FrontierFile
from costmodel.assumptions.scenario import MOST_PAYMENTS
from costmodel.errors import UsageError
from costmodel.result import SCHEMA_VERSION, origin_of
from costmodel.run import Watch, assume


@dataclass(frozen=True)
class Frontier:
    """All points, by rising volume. reductions: claims on the reduction, the highest first; latency: the one on it."""

    scenario: str
    title: str
    points: tuple[Point, ...]
    reductions: tuple[Claim, ...]
    latency: Claim | None
    others: tuple[Claim, ...]
    perimeters: tuple[tuple[str, str], ...]
    same_rail: str
    provenance: dict[str, Any]

    def jointly(self, perimeter: str, claim: Claim) -> tuple[int, ...]:
        """Payments a month at which the reduction within that perimeter and all other claims hold at once."""
        found = []
        for point in self.points:
            rest = [one for one in point.held if one.perimeter is None]
            if point.of(claim.id, perimeter).verdict == "holds" and all(one.verdict == "holds" for one in rest):
                found.append(point.payments)
        return tuple(found)

    def to_dict(self) -> dict[str, Any]:
        """For JSON: decimals as strings."""
        return {
            "schema_version": SCHEMA_VERSION,
            "scenario": self.scenario,
            "points": [point.to_dict() for point in self.points],
            "provenance": self.provenance,
        }

    def rows(self) -> list[dict[str, Any]]:
        """One row a claim, perimeter and volume."""
        return [
            {"payments": point.payments, "claim": one.claim, "title": one.title, "perimeter": one.perimeter,
             "figure": one.figure, "low": one.interval and one.interval[0], "high": one.interval and one.interval[1],
             "verdict": one.verdict}
            for point in self.points for one in point.held
        ]  # fmt: skip

    def to_frame(self) -> Any:
        """The same as a table."""
        import pandas as pd

        rows = [{k: float(v) if isinstance(v, Decimal) else v for k, v in row.items()} for row in self.rows()]
        return pd.DataFrame(rows)

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, na_rep="–"))


def frontier(
    scenario: str,
    *,
    frontier: str = "seed",
    low: Figure | None = None,
    high: Figure | None = None,
    per_decade: Figure | None = None,
    set: Mapping[str, Any] | None = None,
    data: Path | str | None = None,
    seed: int | None = None,
    engine: str = "auto",
    watch: Watch | None = None,
) -> Frontier:
    """Hold a document's claims on reduction, latency, throughput and availability together, over volume.

    scenario: the own pipeline's month, whose payments (and accounts with them) are changed. frontier: a name in
    data/frontier, or a path. low, high: payments a month; per_decade: points for each power of ten. The rest as in
    `run`. Large months are simulated for a shorter time at the full rate. Raises UsageError for an empty range.
    """
    folder, asked = Path(data) if data else None, dict(set or {})
    file, claims, perimeters = read_frontier(frontier, folder)
    payments_of = volumes(file, low, high, per_decade)
    assumed = assume(scenario, asked, folder)
    judge_ = Judge(file, claims, perimeters, Business(scenario, asked, folder, seed, engine), assumed)
    points = []
    for payments in payments_of:
        points.append(judge_.point(payments))
        if watch:
            watch(len(points) / len(payments_of))
    return Frontier(
        scenario=scenario,
        title=file.title,
        points=tuple(points),
        reductions=judge_.reductions,
        latency=judge_.latency,
        others=judge_.others,
        perimeters=tuple((name, perimeters.find(name).title) for name in file.shown),
        same_rail=file.same_rail,
        provenance=origin_of(assumed, seed=seed),
    )


def volumes(file: FrontierFile, low: Figure | None, high: Figure | None, per_decade: Figure | None) -> list[int]:
    """Payments a month, by equal factors."""
    span = file.payments
    ends = [
        figure_of("--from", span.low if low is None else low),
        figure_of("--to", span.high if high is None else high),
    ]
    each = figure_of("--per-decade", span.per_decade if per_decade is None else per_decade)
    if not 1 <= ends[0] < ends[1] <= MOST_PAYMENTS:
        raise UsageError(f"--from {ends[0]} --to {ends[1]}: give payments a month, from at least 1 to more, at most "
                         f"{MOST_PAYMENTS:,}")  # fmt: skip
    if each != int(each) or not 1 <= each <= 20:
        raise UsageError(f"--per-decade {each}: give a whole number from 1 to 20")
    decades = (ends[1] / ends[0]).log10()
    steps = max(1, round(decades * each))
    exact = [float(ends[0]) * 10 ** (float(decades) * at / steps) for at in range(steps + 1)]
    return list(dict.fromkeys(round(payments) for payments in exact))
