"""Charts: a result in, matplotlib Axes out.

The title says the finding, made from the data; claimed figures are hatched, simulated ones plain.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import wraps
from importlib.resources import files
from textwrap import fill
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from costmodel.analysis.check import CheckResult
from costmodel.analysis.judging import Judged
from costmodel.reporting.words import dollars, ms, number, percent

MODELLED, CLAIMED, LOSS, NEUTRAL = "#0072B2", "#E69F00", "#D55E00", "#999999"
HATCH = "///"
BAR = 0.38  # of the distance between two groups of bars
TITLE_WIDTH, LABEL_WIDTH = 78, 20
MAIN_ROWS = ("as_claimed", "list_price", "both_legs", "pay_in_only", "same_rail", "cards_kept", "fully_loaded")

Chart = Callable[..., Axes]


def _styled(chart: Chart) -> Chart:
    """Draw in the house style, on the axes given or on new ones."""

    @wraps(chart)
    def draw(result: Any, ax: Axes | None = None) -> Axes:
        style = str(files("costmodel.reporting") / "costmodel.mplstyle")
        with plt.style.context(style):
            return chart(result, plt.subplots()[1] if ax is None else ax)

    return draw


@_styled
def perimeter_chart(result: CheckResult, ax: Axes) -> Axes:
    """The reduction by perimeter, in percent: the document's arithmetic beside the simulation with its interval."""
    names = [name for name in MAIN_ROWS if name in result.document or name in result.modelled]
    for at, name in enumerate(names):
        document, modelled = result.document.get(name), result.modelled.get(name)
        if document is not None:
            _bar(ax, at - BAR / 2, document.reduction_percent, CLAIMED, hatch=HATCH)
        if modelled is not None:
            _bar(ax, at + BAR / 2, modelled.row.reduction_percent, MODELLED)
            pair = modelled.intervals.get("reduction")
            if pair is not None:
                ax.vlines(at + BAR / 2, *pair, color="black", linewidth=1.5)
    claims = [
        judged for judged in result.claims if judged.claim.model == "reduction" and judged.claim.stated is not None
    ]
    for judged in claims:
        stated = float(judged.claim.stated or 0)
        ax.axhline(stated, color=LOSS, linestyle=":", linewidth=1.2)
        above = judged is max(claims, key=lambda one: one.claim.stated or 0)
        ax.annotate(f"claimed: {number(judged.claim.stated, 2)} %", (len(names) - 0.5, stated), ha="right",
                    va="bottom" if above else "top", color=LOSS)  # fmt: skip
    ax.axhline(0, color="black", linewidth=0.8)
    titles = [(result.document.get(name) or result.modelled[name].row).title for name in names]
    ax.set_xticks(range(len(names)), [fill(title, LABEL_WIDTH - 6) for title in titles])
    ax.set_ylabel("reduction of cost, %")
    ax.margins(y=0.15)
    ax.text(0.01, 0.03, "hatched: the document's own figures    plain: simulated, with 95 % interval",
            transform=ax.transAxes, ha="left", color="#444444")  # fmt: skip
    ax.set_title(_wrapped(_perimeter_finding(result, claims)))
    return ax


def _perimeter_finding(result: CheckResult, claims: Sequence[Judged]) -> str:
    highest = max(claims, key=lambda judged: judged.claim.stated or Decimal(0))
    holding = [name for name, (word, _) in highest.by_perimeter.items() if word == "holds"]
    where = f"holds in {len(holding)} of {len(highest.by_perimeter)} perimeters" if holding else "holds in no perimeter"
    rail, loaded = (result.modelled[name].row.reduction_percent for name in ("same_rail", "fully_loaded"))
    return (
        f"{number(highest.claim.stated, 2)} % {where}: {percent(rail)} on the same rail, {percent(loaded)} fully loaded"
    )


@_styled
def bridge_chart(result: CheckResult, ax: Axes) -> Axes:
    """Where the claimed saving comes from, USD a month: from the first total to the last, step by step."""
    claimed = result.document["as_claimed"]
    left = float(claimed.stripe_usd)
    _step(ax, 0, 0, left, NEUTRAL, dollars(left))
    labels = ["Stripe, as claimed"]
    for at, part in enumerate(result.saving_parts, 1):
        after = left - float(part.usd)
        colour = MODELLED if part.id == "owning" else CLAIMED
        _step(ax, at, after, left, colour, f"−{dollars(part.usd)}", hatch=None if part.id == "owning" else HATCH)
        ax.hlines(after, at - BAR, at + 1 + BAR, color="#666666", linewidth=0.8)
        labels.append(part.title)
        left = after
    _step(ax, len(labels), 0, left, NEUTRAL, dollars(left))
    labels.append("own AWS, as claimed")
    ax.set_xticks(range(len(labels)), [fill(label, LABEL_WIDTH) for label in labels])
    ax.set_ylabel("USD a month")
    ax.set_ylim(0, float(claimed.stripe_usd) * 1.12)
    ax.yaxis.set_major_formatter("{x:,.0f}")
    owning = next(part for part in result.saving_parts if part.id == "owning")
    ax.set_title(
        _wrapped(f"Of {dollars(claimed.saving_usd)} claimed, {dollars(owning.usd)} comes from owning the system")
    )
    return ax


@_styled
def cost_lines_chart(result: CheckResult, ax: Axes) -> Axes:
    """The document's AWS lines beside the simulated ones, USD a month."""
    lines = [judged for judged in result.claims if (judged.claim.model or "").startswith("bill.")]
    lines = [judged for judged in lines if judged.claim.subject != "Stripe" and judged.figure is not None]
    for at, judged in enumerate(reversed(lines)):
        for shift, value, colour, hatch in (
            (BAR / 2, judged.claim.stated, CLAIMED, HATCH),
            (-BAR / 2, judged.figure, MODELLED, None),
        ):
            ax.barh(at + shift, float(value or 0), BAR, color=colour, hatch=hatch, edgecolor="white")
            ax.annotate(dollars(value, 2), (float(value or 0), at + shift), xytext=(4, 0), textcoords="offset points",
                        va="center")  # fmt: skip
    ax.set_yticks(range(len(lines)), [judged.claim.metric for judged in reversed(lines)])
    ax.set_xlabel("USD a month")
    ax.margins(x=0.12)
    claimed = sum((judged.claim.stated or Decimal(0) for judged in lines), Decimal(0))
    modelled = sum((judged.figure or Decimal(0) for judged in lines), Decimal(0))
    ax.text(0.99, 0.03, "hatched: claimed    plain: simulated usage at list price", transform=ax.transAxes, ha="right",
            color="#444444")  # fmt: skip
    finding = f"The nine lines are claimed at {dollars(claimed)}; their usage costs {dollars(modelled)} at list price"
    ax.set_title(_wrapped(finding))
    return ax


@_styled
def latency_chart(result: CheckResult, ax: Axes) -> Axes:
    """Latency percentiles at each operating point and with a warm path, against the claimed limit, in ms."""
    judged = next(one for one in result.claims if (one.claim.model or "").startswith("latency_ms."))
    points = [(f"{result.own.payments:,} payments a month", result.own.latency_ms)]
    if result.busy is not None:
        points.append((f"{result.busy.throughput['offered_per_hour']:,.0f} payments an hour", result.busy.latency_ms))
    points.append((f"{result.own.payments:,} a month, every function kept warm", result.warm.latency_ms))
    for at, (_, figures) in enumerate(reversed(points)):
        values = [figures[name] or 0 for name in ("p50", "p95", "p99")]
        ax.plot(values, [at] * 3, color=MODELLED, linewidth=2, zorder=1)
        for value, name, mark in zip(values, ("p50", "p95", "p99"), "osD", strict=True):
            ax.scatter(value, at, marker=mark, color=MODELLED, zorder=2)
            offset = (0, 9) if name == "p95" else (0, -31)
            ax.annotate(f"{name}\n{ms(value)}", (value, at), xytext=offset, textcoords="offset points", ha="center")
    limit = float(judged.claim.stated or 0)
    ax.axvline(limit, color=LOSS, linestyle=":")
    claimed = f"claimed: {judged.claim.relation} {ms(limit)}"
    ax.annotate(claimed, (limit, -0.6), xytext=(4, 0), textcoords="offset points", color=LOSS)
    ax.set_yticks(range(len(points)), [fill(name, LABEL_WIDTH) for name, _ in reversed(points)])
    ax.set_ylim(-0.7, len(points) - 0.4)
    ax.set_xlim(left=0)
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.set_xlabel("from request to answer, ms")
    warm = result.warm.latency_ms[str(judged.claim.model).partition(".")[2]]
    level = str(judged.claim.model).partition(".")[2]
    ax.set_title(_wrapped(f"Kept warm, {level} is still {ms(warm)}, against {ms(limit)} claimed"))
    return ax


def alt_text(ax: Axes) -> str:
    """What a chart shows, in words, from what is drawn: its title, its categories and its labels."""
    labels = [label.get_text().replace("\n", " ") for label in (*ax.get_xticklabels(), *ax.get_yticklabels())]
    named = [label for label in labels if any(sign.isalpha() for sign in label)]
    values = [text.get_text().replace("\n", " ") for text in ax.texts]
    title = ax.get_title(loc="left").replace("\n", " ")
    return f"{title}. Categories: {'; '.join(named)}. Values: {'; '.join(values)}."


def _bar(ax: Axes, x: float, value: Decimal | None, colour: str, hatch: str | None = None) -> None:
    """A bar with its value; one that would leave the picture downwards keeps its label inside."""
    height = float(value or 0)
    ax.bar(x, height, BAR, color=colour, hatch=hatch, edgecolor="white")
    ax.annotate(f"{number(value)}", (x, height), xytext=(0, 3 if height >= 0 else -3), textcoords="offset points",
                ha="center", va="bottom" if height >= 0 else "top", fontsize="small",
                bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.5})  # fmt: skip


def _step(ax: Axes, at: int, low: float, high: float, colour: str, label: str, hatch: str | None = None) -> None:
    ax.bar(at, high - low, 2 * BAR, bottom=low, color=colour, hatch=hatch, edgecolor="white")
    ax.annotate(label, (at, high), xytext=(0, 4), textcoords="offset points", ha="center", fontweight="bold")


def _wrapped(title: str) -> str:
    return fill(title, TITLE_WIDTH)
