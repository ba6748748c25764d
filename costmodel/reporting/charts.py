"""Charts: a result in, matplotlib Axes out.

The title says the finding, made from the data; what the document claims is hatched, what is simulated is plain.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from importlib.resources import files
from textwrap import fill
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from costmodel.analysis.check import CheckResult
from costmodel.reporting import captions
from costmodel.reporting.captions import claimed, signed, small
from costmodel.reporting.pictures import (
    LEVELS,
    CostLine,
    Reduction,
    Wait,
    bridge,
    cost_lines,
    latency_claim,
    latency_level,
    reduction_claims,
    reductions,
    waits,
)
from costmodel.reporting.words import ms, number

SIMULATED, CLAIMED, LIMIT, TOTAL = "#0072B2", "#E69F00", "#D55E00", "#999999"
HATCH = "///"
HATCHED: dict[str, Any] = {"facecolor": CLAIMED, "hatch": HATCH, "edgecolor": "white"}
PLAIN: dict[str, Any] = {"facecolor": SIMULATED, "edgecolor": "white"}
GREY: dict[str, Any] = {"facecolor": TOTAL, "edgecolor": "white"}
BELOW = -0.14  # of the height of the axes: where what stands under them begins
BAR = 0.4  # of the distance between two groups of bars
TITLE_WIDTH, LABEL_WIDTH, NARROW_LABEL = 66, 20, 12
LIFT = 4  # points between a mark and its label
ROOM = 1.1  # width of the picture over that of what stands in it

Chart = Callable[..., Axes]


def styled(chart: Callable[[Any, Axes], Axes]) -> Chart:
    """Draw in the house style, on the axes given or on new ones."""

    @wraps(chart)
    def draw(result: Any, ax: Axes | None = None) -> Axes:
        with house_style():
            return chart(result, plt.subplots()[1] if ax is None else ax)

    return draw


@contextmanager
def house_style() -> Iterator[None]:
    """The house style while drawing; the reader's own is back afterwards.

    Whatever draws first chooses matplotlib's backend, and that of a notebook then turns `interactive` on. If this ended
    with the style, the notebook would show its first picture and none of the others.
    """
    with plt.style.context(str(files("costmodel.reporting") / "costmodel.mplstyle")):
        yield
        interactive = plt.isinteractive()
    mpl.interactive(interactive)


@styled
def perimeter_chart(result: CheckResult, ax: Axes) -> Axes:
    """The reduction by perimeter, in percent: the document's arithmetic beside the simulation with its interval."""
    rows = reductions(result)
    for at, row in enumerate(rows):
        _reduction(ax, at, row)
    _claimed_reductions(result, ax, len(rows))
    ax.axhline(0, color="black", linewidth=0.8)
    ax.set_xticks(range(len(rows)), [_perimeter_label(row) for row in rows])
    ax.set_ylabel("reduction of cost, %")
    ax.set_xlim(-0.5, len(rows) - 0.5)
    ax.margins(y=0.12)
    handles = [Patch(**PLAIN, label="simulated usage at dated prices; black: 95 % interval over replications")]
    if any(row.document is not None for row in rows):
        handles.insert(0, Patch(**HATCHED, label="the document's own figures; in [ ]: from low to high assumptions"))
    ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(0, BELOW))
    return titled(ax, captions.perimeter_finding(result))


def _reduction(ax: Axes, at: int, row: Reduction) -> None:
    """The bars of one perimeter; one alone stands in the middle."""
    pair = [(row.document, HATCHED, None), (row.modelled, PLAIN, row.interval)]
    known = [(float(value), look, interval) for value, look, interval in pair if value is not None]
    for place, (value, look, interval) in enumerate(known):
        x = at + BAR * (place - (len(known) - 1) / 2)
        ax.bar(x, value, BAR, **look)
        if interval is not None:
            ax.vlines(x, *interval, color="black", linewidth=1.5)
            ax.hlines(interval, x - BAR / 4, x + BAR / 4, color="black", linewidth=1)
        up = value >= 0
        ax.annotate(signed(number(value)), (x, value), xytext=(0, LIFT if up else -LIFT), textcoords="offset points",
                    ha="center", va="bottom" if up else "top", fontsize="small", zorder=4,
                    bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5})  # fmt: skip


def _perimeter_label(row: Reduction) -> str:
    title = fill(row.title, NARROW_LABEL)
    if row.ends is None:
        return title
    low, high = (signed(number(end, 0)) for end in row.ends)
    return f"{title}\n[{low} to {high}]"


def _claimed_reductions(result: CheckResult, ax: Axes, width: int) -> None:
    """The claimed reductions as lines, the highest labelled above, the others below."""
    for place, judged in enumerate(reduction_claims(result)):
        stated = float(judged.claim.stated or 0)
        ax.axhline(stated, color=LIMIT, linestyle=":", linewidth=1.2, zorder=0)
        ax.annotate(f"claimed: {claimed(judged)}", (width - 0.5, stated), ha="right", color=LIMIT,
                    va="top" if place else "bottom", xytext=(0, -2 if place else 2),
                    textcoords="offset points")  # fmt: skip


@styled
def bridge_chart(result: CheckResult, ax: Axes) -> Axes:
    """Where the claimed saving comes from, USD a month: by way of what one would pay for each option."""
    looks = {"total": GREY, "owning": PLAIN, "other": HATCHED}
    steps = bridge(result)
    for at, step in enumerate(steps):
        low, high = float(step.low), float(step.high)
        ax.bar(at, high - low, 2 * BAR, bottom=low, **looks[step.kind])
        ax.annotate(captions.step_label(step), (at, high), xytext=(0, LIFT), textcoords="offset points", ha="center",
                    fontweight="bold")  # fmt: skip
        if at + 1 < len(steps):
            ax.hlines(high if step.kind == "total" else low, at - BAR, at + 1 + BAR, color="#666666", linewidth=0.8)
    ax.set_xticks(range(len(steps)), [fill(step.title, NARROW_LABEL) for step in steps])
    ax.set_ylabel("USD a month")
    ax.margins(x=0.02, y=0.12)
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.legend(handles=[Patch(**PLAIN, label="saved by owning"), Patch(**HATCHED, label="not saved by the system")],
              loc="upper right")  # fmt: skip
    return titled(ax, captions.bridge_finding(result))


@styled
def cost_lines_chart(result: CheckResult, ax: Axes) -> Axes:
    """The document's cost lines beside the simulated ones, USD a month; the labels tell those too small to see."""
    lines = cost_lines(result)[::-1]
    for at, line in enumerate(lines):
        _cost_line(ax, at, line)
    ax.set_yticks(range(len(lines)), [line.title for line in lines])
    ax.set_xlabel("USD a month")
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.margins(x=0.12, y=0.02)
    ax.legend(handles=[Patch(**HATCHED, label="claimed"), Patch(**PLAIN, label="simulated usage at list price")],
              loc="lower right")  # fmt: skip
    return titled(ax, captions.cost_finding(result))


def _cost_line(ax: Axes, at: int, line: CostLine) -> None:
    pairs = [(BAR / 2, line.claimed, HATCHED), (-BAR / 2, line.modelled, PLAIN)]
    for shift, usd, look in pairs:
        if usd is not None:
            ax.barh(at + shift, float(usd), BAR, **look)
            ax.annotate(small(usd), (float(usd), at + shift), xytext=(LIFT, 0), textcoords="offset points",
                        va="center", fontsize="small")  # fmt: skip


@styled
def latency_chart(result: CheckResult, ax: Axes) -> Axes:
    """Latency percentiles at each operating point and with a warm path, against the claimed limit, in ms."""
    rows = waits(result)[::-1]
    for at, row in enumerate(rows):
        _wait(ax, at, row, latency_level(result))
    judged = latency_claim(result)
    if judged is not None and judged.claim.stated is not None:
        limit = float(judged.claim.stated)
        ax.axvline(limit, color=LIMIT, linestyle=":")
        ax.annotate(f"claimed: {judged.claim.relation} {ms(limit)}", (limit, -0.7), xytext=(LIFT, LIFT),
                    textcoords="offset points", color=LIMIT)  # fmt: skip
    ax.set_yticks(range(len(rows)), [fill(row.title, LABEL_WIDTH) for row in rows])
    ax.set_ylim(-0.7, len(rows) - 0.4)
    ax.set_xlim(0, ROOM * max((row.ms[LEVELS[-1]] for row in rows), default=1))
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.set_xlabel("from request to answer, ms (dot: median; square: p95 with its 95 % interval; diamond: p99)")
    return titled(ax, captions.latency_finding(result))


def _wait(ax: Axes, at: int, row: Wait, level: str) -> None:
    """One operating point: its percentiles on a line, the interval of the claimed one as a band."""
    values = [row.ms[name] for name in LEVELS]
    ax.plot(values, [at] * len(values), color=SIMULATED, linewidth=2, zorder=1)
    if row.interval is not None:
        ax.barh(at, row.interval[1] - row.interval[0], BAR / 2, left=row.interval[0], color=SIMULATED, alpha=0.3)
    for value, name, mark in zip(values, LEVELS, "osD", strict=True):
        ax.scatter(value, at, marker=mark, color=SIMULATED, zorder=2)
        above = name == level
        ax.annotate(f"{name}\n{ms(value)}", (value, at), xytext=(0, 12 if above else -12), ha="center",
                    textcoords="offset points", va="bottom" if above else "top",
                    fontweight="bold" if above else "normal")  # fmt: skip


def alt_text(chart: str, result: CheckResult) -> str:
    """What a chart ("perimeter", "bridge", "cost_lines" or "latency") shows, in words. KeyError for another name."""
    texts = {
        "perimeter": captions.perimeter_text,
        "bridge": captions.bridge_text,
        "cost_lines": captions.cost_text,
        "latency": captions.latency_text,
    }
    return texts[chart](result)


def titled(ax: Axes, finding: str) -> Axes:
    """The finding as title, a long one in two lines; its dollar signs are no mathematics."""
    title = finding if len(finding) <= TITLE_WIDTH else re.sub("(?<=[;:]) ", "\n", finding, count=1)
    ax.set_title(title, parse_math=False)
    return ax
