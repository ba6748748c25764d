"""Charts of what-if: where building pays, growth, the frontier, and what a difference comes from.

As in `charts`: a result in, Axes out; the title says the finding.
"""

from __future__ import annotations

from textwrap import fill

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from costmodel.analysis.bridging import Bridge
from costmodel.analysis.frontier import Frontier
from costmodel.analysis.growth import GrowthResult
from costmodel.analysis.mapping import BreakevenMap
from costmodel.analysis.seeking import Breakeven
from costmodel.reporting.breakeven_words import breakeven_finding, capital, map_finding, on_axis, what
from costmodel.reporting.bridge_screen import bridge_finding
from costmodel.reporting.captions import signed
from costmodel.reporting.charts import BAR, CLAIMED, GREY, HATCHED, LIMIT, PLAIN, SIMULATED, styled
from costmodel.reporting.frontier_screen import frontier_finding, frontier_rows
from costmodel.reporting.growth_screen import growth_finding
from costmodel.reporting.words import dollars

FILLS = ((LIMIT, 0.18), (SIMULATED, 0.22))  # dearer, cheaper
TITLE_WIDTH, NARROW_TITLE, LABEL_WIDTH = 78, 58, 14
DEEP = -500  # percent of reduction below which all is the same colour


def _titled(ax: Axes, finding: str, width: int = TITLE_WIDTH) -> Axes:
    """The finding as title, in as many lines as it takes."""
    ax.set_title(fill(finding, width, break_long_words=False), parse_math=False)
    return ax


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
    return _titled(ax, breakeven_finding(result))


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
        today = (float(result.now[0]), float(result.now[1]))
        ax.annotate("today", today, xytext=(0, 10), textcoords="offset points", ha="center")
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
    return _titled(ax, map_finding(result))


@styled
def growth_chart(result: GrowthResult, ax: Axes) -> Axes:
    """The cumulative saving in USD by month: the middle path, and the fan from p10 to p90 about its median."""
    months, bands = [month.number for month in result.months], result.fan.cumulative_usd
    ax.fill_between(months, bands["p10"], bands["p90"], color=SIMULATED, alpha=0.2, linewidth=0)
    ax.plot(months, bands["p50"], color=SIMULATED, linestyle="--")
    ax.plot(months, [float(usd) for usd in result.cumulative_usd], color="black", linewidth=2)
    ax.axhline(0, color=LIMIT, linestyle=":")
    if result.payback_month is not None:
        ax.plot([result.payback_month], [0], marker="o", color="black", zorder=4)
    ends = [(float(result.cumulative_usd[-1]), "middle path"), *((bands[name][-1], name) for name in bands)]
    for usd, name in _apart(ends, ax.get_ylim()):
        ax.annotate(name, (months[-1], usd), xytext=(6, 0), textcoords="offset points", va="center")
    ax.set_xlim(1, months[-1] * (1 + 1 / 6))
    ax.yaxis.set_major_formatter(lambda usd, _: on_axis(usd, "USD"))
    ax.set_xlabel(f"month, from {result.months[0].on:%B %Y} on")
    ax.set_ylabel(f"cumulative saving ({result.title}), USD")
    return _titled(ax, growth_finding(result))


def _apart(ends: list[tuple[float, str]], limits: tuple[float, float]) -> list[tuple[float, str]]:
    """Heights of labels, moved apart where they would cover each other."""
    placed: list[tuple[float, str]] = []
    least = (limits[1] - limits[0]) / 18
    for usd, name in sorted(ends):
        usd = max(usd, placed[-1][0] + least) if placed else usd
        placed.append((usd, name))
    return placed


@styled
def waterfall_chart(result: Bridge, ax: Axes) -> Axes:
    """From one month's cost to another's in USD, a bar for each cause: dearer hatched, cheaper plain."""
    bars = [(result.before, 0.0, float(result.before_usd), GREY)]
    for part in result.parts:
        low = bars[-1][1] + bars[-1][2]
        bars.append((part.cause, low, float(part.usd), HATCHED if part.usd > 0 else PLAIN))
    bars.append((result.after, 0.0, float(result.after_usd), GREY))
    for at, (_, bottom, height, look) in enumerate(bars):
        ax.bar(at, height, 2 * BAR, bottom=bottom, **look)
        top = max(bottom, bottom + height)
        text = dollars(height, 2) if look is GREY else f"{'+' if height > 0 else ''}{signed(dollars(height, 2))}"
        ax.annotate(text, (at, top), xytext=(0, 4), textcoords="offset points", ha="center", fontweight="bold")
        if at + 1 < len(bars):
            level = bottom + height
            ax.hlines(level, at - BAR, at + 1 + BAR, color="#666666", linewidth=0.8)
    ax.axhline(0, color="black", linewidth=0.8)
    ax.set_xticks(range(len(bars)), [fill(name.replace("_", " "), LABEL_WIDTH) for name, *_ in bars])
    ax.yaxis.set_major_formatter(lambda usd, _: on_axis(usd, "USD"))
    ax.set_ylabel("USD a month")
    ends = [end for _, bottom, height, _ in bars for end in (bottom, bottom + height)]
    ax.set_ylim(1.1 * min(ends), 1.12 * max(*ends, 0.01))
    return _titled(ax, bridge_finding(result))


@styled
def frontier_chart(result: Frontier, ax: Axes) -> Axes:
    """Claims by volume: a cell each with its figure; what is kept is plain, what is broken hatched."""
    rows = frontier_rows(result)
    for up, (_, cells) in enumerate(reversed(rows)):
        for at, (text, holds) in enumerate(cells):
            look = PLAIN if holds else {**HATCHED, "alpha": 0.35}
            ax.add_patch(Rectangle((at - 0.48, up - 0.45), 0.96, 0.9, **look))
            ax.text(at, up, text, ha="center", va="center", color="white" if holds else "black", fontweight="bold",
                    fontsize="small")  # fmt: skip
    ax.set_xlim(-0.5, len(result.points) - 0.5)
    ax.set_ylim(-0.5, len(rows) - 0.5)
    ax.set_xticks(range(len(result.points)), [on_axis(point.payments, "") for point in result.points])
    ax.set_yticks(range(len(rows)), [fill(title, LABEL_WIDTH * 2) for title, _ in reversed(rows)])
    ax.set_xlabel("payments a month (plain: the claim holds; hatched: it does not)")
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)
    return _titled(ax, frontier_finding(result), NARROW_TITLE)
