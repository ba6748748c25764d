"""The what-if charts in words, for those who do not see them: the finding, and the figures that are drawn."""

from __future__ import annotations

from costmodel.analysis.bridging import Bridge
from costmodel.analysis.frontier import Frontier
from costmodel.analysis.growth import GrowthResult
from costmodel.analysis.mapping import BreakevenMap
from costmodel.analysis.seeking import Breakeven
from costmodel.reporting.breakeven_words import breakeven_finding, in_unit, map_finding, percent_of
from costmodel.reporting.bridge_screen import bridge_finding
from costmodel.reporting.captions import signed
from costmodel.reporting.frontier_screen import frontier_finding, frontier_rows
from costmodel.reporting.growth_screen import growth_finding
from costmodel.reporting.words import dollars

WhatIf = Breakeven | BreakevenMap | GrowthResult | Bridge | Frontier


def alt_text(result: WhatIf) -> str:
    """What the chart of a what-if result shows."""
    if isinstance(result, Breakeven):
        return f"Reduction of cost in percent by {result.lever.title}. {breakeven_finding(result)}. {_curve(result)}."
    if isinstance(result, BreakevenMap):
        return f"Map of who is cheaper over volume and {result.lever.title}. {map_finding(result)}. {_contour(result)}."
    if isinstance(result, GrowthResult):
        return f"Cumulative saving in USD by month, with its spread. {growth_finding(result)}. {_ends(result)}."
    if isinstance(result, Bridge):
        parts = "; ".join(f"{part.cause} {signed(dollars(part.usd, 2))}" for part in result.parts)
        ends = f"from {dollars(result.before_usd, 2)} to {dollars(result.after_usd, 2)}"
        return f"Waterfall chart in USD a month. {bridge_finding(result)}: {ends}; {parts}."
    return f"Table of claims by volume. {frontier_finding(result)}. {_cells(result)}."


def _curve(result: Breakeven) -> str:
    unit = result.lever.unit
    columns = (("document", 1), ("simulated", 2))
    known = [
        (name, [(row[0], row[at]) for row in result.curve if row[at] is not None]) for name, at in columns
    ]  # fmt: skip
    return "; ".join(
        f"{name} from {percent_of(points[0][1])} at {in_unit(points[0][0], unit)} to {percent_of(points[-1][1])} at "
        f"{in_unit(points[-1][0], unit)}"
        for name, points in known
        if points
    )


def _contour(result: BreakevenMap) -> str:
    unit = result.lever.unit
    return "; ".join(
        f"at {in_unit(value, unit)} "
        + (one.kind if one.volume_usd is None else f"{one.kind} {dollars(one.volume_usd)}")
        for value, one in zip(result.values, result.contour, strict=True)
    )


def _ends(result: GrowthResult) -> str:
    bands = ", ".join(f"{name} {signed(dollars(values[-1]))}" for name, values in result.fan.cumulative_usd.items())
    return f"After {len(result.months)} months: middle path {signed(dollars(result.cumulative_usd[-1]))}, {bands}"


def _cells(result: Frontier) -> str:
    points = [f"{point.payments:,}" for point in result.points]
    return "; ".join(
        f"{title}: " + ", ".join(f"{text} at {at}" for (text, _), at in zip(cells, points, strict=True))
        for title, cells in frontier_rows(result)
    )
