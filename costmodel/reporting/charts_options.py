"""Charts for those who decide: what each option costs, and real money beside the model.

As in `charts`: a result in, Axes out; the title says the finding.
"""

from __future__ import annotations

from textwrap import fill

from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator

from costmodel.analysis.actuals import Actuals
from costmodel.analysis.check import CheckResult
from costmodel.reporting.captions import small
from costmodel.reporting.captions_options import (
    actuals_finding,
    actuals_text,
    compared,
    option_costs,
    options_finding,
    options_text,
)
from costmodel.reporting.charts import BAR, HATCHED, LABEL_WIDTH, LIFT, LIMIT, PLAIN, SIMULATED, styled
from costmodel.reporting.words import dollars

TITLE_WIDTH = 72
UP, DOWN = 9, -17  # points from a mark to its label
SUBS = (1, 2, 5)  # marks of the axis within each power of ten


@styled
def options_chart(result: CheckResult, ax: Axes) -> Axes:
    """What each option costs, USD a month: its fees, and with everything counted from low to high, mid marked."""
    options = option_costs(result)[::-1]
    for at, one in enumerate(options):
        low, mid, high, fees = (float(usd) for usd in (one.low, one.mid, one.high, one.fees))
        ax.plot([low, high], [at, at], color=SIMULATED, linewidth=7, alpha=0.3, solid_capstyle="butt")
        ax.scatter(mid, at, color=SIMULATED, s=60, zorder=3)
        ax.scatter(fees, at, color=LIMIT, marker="D", s=40, zorder=3)
        marks = ((mid, one.mid, UP, "center", "bold"), (fees, one.fees, UP, "right", "normal"),
                 (low, one.low, DOWN, "center", "normal"), (high, one.high, DOWN, "center", "normal"))  # fmt: skip
        for x, usd, shift, side, weight in (mark for mark in marks if mark[1] > 0):
            ax.annotate(dollars(usd), (x, at), xytext=(0, shift), textcoords="offset points", ha=side,
                        fontweight=weight, fontsize="small")  # fmt: skip
    ax.set_xscale("log")
    ax.set_ylim(-0.6, len(options) - 0.4)
    ax.margins(x=0.08)
    ax.set_yticks(range(len(options)), [fill(one.title, LABEL_WIDTH) for one in options])
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.xaxis.set_major_locator(LogLocator(subs=SUBS))
    ax.xaxis.set_minor_formatter(lambda x, _: "")
    ax.set_xlabel("USD a month, by the logarithm\n"
                  "diamond: fees alone; bar: everything counted, from low to high; dot: mid")  # fmt: skip
    ax.set_title(fill(options_finding(result), TITLE_WIDTH), parse_math=False)
    return ax


@styled
def actuals_chart(result: Actuals, ax: Axes) -> Axes:
    """What the model has and what was billed, by service, USD a month; the labels tell those too small to see."""
    rows = [*compared(result).items()][::-1]
    for at, (_, (model, bill)) in enumerate(rows):
        for shift, usd, look in ((BAR / 2, model, PLAIN), (-BAR / 2, bill, HATCHED)):
            ax.barh(at + shift, float(usd), BAR, **look)
            ax.annotate(small(usd), (max(0.0, float(usd)), at + shift), xytext=(LIFT, 0), textcoords="offset points",
                        va="center", fontsize="small")  # fmt: skip
    ax.set_yticks(range(len(rows)), [name for name, _ in rows])
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.margins(x=0.12, y=0.02)
    ax.set_xlabel("USD a month")
    ax.legend(handles=[Patch(**PLAIN, label=f"simulated: {result.scenario}"),
                       Patch(**HATCHED, label=f"billed in {', '.join(result.months)}")], loc="lower right")  # fmt: skip
    ax.set_title(fill(actuals_finding(result), TITLE_WIDTH), parse_math=False)
    return ax


def alt_text(result: CheckResult | Actuals) -> str:
    """What the chart of the options, or of real money beside the model, shows, in words."""
    return actuals_text(result) if isinstance(result, Actuals) else options_text(result)
