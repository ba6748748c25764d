"""Charts of what-if: where building pays, growth, the frontier, and what a difference comes from.

As in `charts`: a result in, Axes out; the title says the finding.
"""

from __future__ import annotations

from matplotlib.axes import Axes

from costmodel.analysis.mapping import BreakevenMap
from costmodel.analysis.seeking import Breakeven
from costmodel.reporting.breakeven_words import breakeven_finding, capital, map_finding, on_axis, what
from costmodel.reporting.charts import CLAIMED, LIMIT, SIMULATED, styled, titled

FILLS = ((LIMIT, 0.18), (SIMULATED, 0.22))  # dearer, cheaper
DEEP = -500  # percent of reduction below which all is the same colour


@styled
def breakeven_chart(result: Breakeven, ax: Axes) -> Axes:
    """The reduction in percent by value of the key: the document's line, the simulated points, the target."""
    unit, target = result.lever.unit, float(result.target_percent)
    known = [(float(x), float(y)) for x, y, _ in result.curve if y is not None]
    simulated = [(float(x), float(y)) for x, _, y in result.curve if y is not None]
    if known:
        ax.plot(*zip(*known, strict=True), color=CLAIMED, linestyle="--", label="the document's figures")
    if simulated:
        ax.plot(*zip(*simulated, strict=True), color=SIMULATED, marker="o", linestyle="", label="simulated")
    ax.axhline(target, color="black", linewidth=0.8)
    for found, colour in ((result.document, CLAIMED), (result.modelled, SIMULATED)):
        for value in found.values if found else ():
            ax.plot([float(value)], [target], marker="D", color=colour, markeredgecolor="black", zorder=4)
    if result.lever.low > 0 and result.lever.high / result.lever.low > 100:
        ax.set_xscale("log")
    lowest = min((y for _, y in (*known, *simulated)), default=0)
    ax.set_ylim(max(lowest, min(DEEP / 5, target - 100)) - 5, 105)
    ax.xaxis.set_major_formatter(lambda x, _: on_axis(x, unit))
    ax.set_xlabel(f"{result.lever.title}, {unit} (diamond: {what(result.target_percent)})")
    ax.set_ylabel(f"reduction of cost ({result.title}), %")
    ax.legend(loc="lower right")
    return titled(ax, breakeven_finding(result))


@styled
def breakeven_map_chart(result: BreakevenMap, ax: Axes) -> Axes:
    """The reduction over volume and a lever; the contour at the target, with what was simulated of it."""
    target, unit = float(result.target_percent), result.lever.unit
    x, y = [float(volume) for volume in result.volumes], [float(value) for value in result.values]
    percent = [[DEEP if cell is None else max(DEEP, float(cell)) for cell in row] for row in result.percent]
    colours, opacities = zip(*FILLS, strict=True)
    top = max(target, *(cell for row in percent for cell in row)) + 1
    for ends, colour, alpha in zip(((DEEP - 1, target), (target, top)), colours, opacities, strict=True):
        ax.contourf(x, y, percent, levels=list(ends), colors=[colour], alpha=alpha)
    ax.contour(x, y, percent, levels=[target], colors=["black"], linewidths=2)
    for volume, value in ((usd, at) for at, usd in result.simulated):
        ax.plot([float(volume)], [float(value)], marker="o", color=SIMULATED, markeredgecolor="white", linestyle="")
    ax.set_xscale("log")
    if y[-1] / y[0] > 100:
        ax.set_yscale("log")
    if result.now[1] is not None and y[0] <= result.now[1] <= y[-1]:
        ax.plot([float(result.now[0])], [float(result.now[1])], marker="*", markersize=14, color="black")
        ax.annotate("today", (float(result.now[0]), float(result.now[1])), xytext=(8, 4), textcoords="offset points")
    for text, place, colour in (
        ("Stripe is cheaper", 0.02, LIMIT),
        (capital(what(result.target_percent)), 0.6, SIMULATED),
    ):
        ax.text(place, 0.95, text, transform=ax.transAxes, color=colour, fontweight="bold", va="top")
    ax.xaxis.set_major_formatter(lambda at, _: on_axis(at, "USD"))
    ax.yaxis.set_major_formatter(lambda at, _: on_axis(at, unit))
    dots = "; dots: simulated" if result.simulated else ""
    ax.set_xlabel(f"volume, USD a month (line: the document's figures{dots})")
    ax.set_ylabel(f"{result.lever.title}, {unit}")
    return titled(ax, map_finding(result))
