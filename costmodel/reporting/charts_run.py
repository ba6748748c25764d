"""Charts of a run: how latency is distributed, and how many environments are busy over time.

As in `charts`: a result in, Axes out; the title says the finding.
"""

from __future__ import annotations

from textwrap import fill

import numpy as np
from matplotlib.axes import Axes

from costmodel.analysis.concurrency import Concurrency
from costmodel.reporting.captions_run import (
    busiest,
    concurrency_finding,
    concurrency_text,
    latency_finding,
    latency_text,
    percentiles,
)
from costmodel.reporting.charts import LIMIT, PLAIN, TOTAL, styled
from costmodel.reporting.words import ms
from costmodel.result import Result

BINS = 60
BEYOND = 1.25  # the picture ends at so many times the p99, or at the slowest payment
TITLE_WIDTH = 72
MARKS = {"p50": ":", "p95": "--", "p99": "-"}
LINES = (("#D55E00", "-"), ("#009E73", "--"), ("#CC79A7", "-."))
UNITS = ((86400 * 3, 86400, "days"), (3600 * 3, 3600, "hours"), (0, 60, "minutes"))


@styled
def latency_distribution_chart(result: Result, ax: Axes) -> Axes:
    """How the latency of a payment is distributed, in percent of the payments, with its percentiles in ms."""
    found = percentiles(result)
    values, times = (np.array(column, float) for column in zip(*result.latencies, strict=True))
    end = min(BEYOND * found["p99"], values[-1])
    edges = np.linspace(0, end, BINS + 1)
    shares = 100 * np.histogram(values, edges, weights=times)[0] / times.sum()
    ax.bar(edges[:-1], shares, np.diff(edges), align="edge", **PLAIN)
    top = 1.3 * float(shares.max())
    for place, (level, value) in enumerate(found.items()):
        pair = result.intervals.get(f"latency_ms.{level}")
        if pair is not None:
            ax.axvspan(*pair, color=LIMIT, alpha=0.2, linewidth=0)
        ax.axvline(value, color=LIMIT, linestyle=MARKS[level], linewidth=1.5)
        ax.annotate(f"{level}: {ms(value)}", (value, top * (1 - 0.07 * place)), xytext=(-4, -2), color=LIMIT,
                    textcoords="offset points", ha="right", va="top", fontweight="bold",
                    bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5})  # fmt: skip
    left_out = 100 * float(times[values > end].sum() / times.sum())
    notes = ["shaded: 95 % interval over replications"] if result.intervals.get("latency_ms.p50") else []
    notes += [f"{left_out:.2f} % take longer than this picture is wide"] if left_out else []
    ax.set(xlim=(0, end), ylim=(0, top))
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.set_xlabel("from request to answer, ms" + (f" ({'; '.join(notes)})" if notes else ""))
    ax.set_ylabel(f"payments, % in each {end / BINS:,.0f} ms")
    ax.set_title(fill(latency_finding(result), TITLE_WIDTH), parse_math=False)
    return ax


@styled
def concurrency_chart(result: Concurrency, ax: Axes) -> Axes:
    """Busy environments over time: the mean and the most of all functions, and the mean of the busiest ones."""
    seconds = result.step_s * len(result.starts_s)
    _, per, unit = next(row for row in UNITS if seconds >= row[0])
    edges = [start / per for start in (*result.starts_s, seconds)]
    ax.stairs(result.most, edges, color="black", linewidth=1)
    ax.stairs(result.total, edges, fill=True, color=TOTAL, alpha=0.45)
    last = [(float(result.most[-1]), "all functions, the most at once", "black"),
            (result.total[-1], "all functions, mean", "#555555")]  # fmt: skip
    for name, (color, line) in zip(busiest(result), LINES, strict=False):
        ax.stairs(result.means[name], edges, color=color, linestyle=line, linewidth=1.8, baseline=None)
        last.append((result.means[name][-1], name, color))
    top = 1.1 * max(1, *result.most)
    ax.set(xlim=(0, edges[-1]), ylim=(0, top))
    for at, (_, name, color) in zip(_apart([height for height, *_ in last], top), last, strict=True):
        ax.annotate(name, (edges[-1], at), xytext=(6, 0), textcoords="offset points", va="center", color=color,
                    fontsize="small", annotation_clip=False)  # fmt: skip
    ax.set_xlabel(f"{unit} since the measured time began; a step is {result.step_s:,.0f} s")
    ax.set_ylabel("environments busy at a time")
    ax.set_title(fill(concurrency_finding(result), TITLE_WIDTH), parse_math=False)
    return ax


def _apart(heights: list[float], top: float) -> list[float]:
    """Heights of labels in the order given, moved up where two would cover each other."""
    placed: dict[int, float] = {}
    floor = -top
    for at in sorted(range(len(heights)), key=lambda at: heights[at]):
        floor = max(heights[at], floor + top / 16)
        placed[at] = floor
    return [placed[at] for at in range(len(heights))]


def alt_text(result: Result | Concurrency) -> str:
    """What the chart of a run's latency, or of its concurrency, shows, in words."""
    return concurrency_text(result) if isinstance(result, Concurrency) else latency_text(result)
