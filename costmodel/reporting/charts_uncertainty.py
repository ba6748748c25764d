"""Charts of an uncertainty analysis: what moves a figure (tornado), and how probable each claim is."""

from __future__ import annotations

from textwrap import fill, shorten

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from costmodel.analysis.uncertain_result import ClaimProbability, Uncertainty
from costmodel.reporting.captions import signed
from costmodel.reporting.captions_uncertainty import (
    claims_finding,
    figure_name,
    figure_unit,
    place_name,
    probability_text,
    tornado_finding,
    tornado_text,
)
from costmodel.reporting.charts import house_style
from costmodel.reporting.words import number

LOW, HIGH, MIDDLE = "#E69F00", "#0072B2", "#444444"
BARS = 10
THICK = 0.6
TITLE_WIDTH, LABEL_WIDTH = 56, 36


def tornado_chart(found: Uncertainty, ax: Axes | None = None) -> Axes:
    """The figure with each assumption at its low and its high end, the widest swing on top."""
    with house_style():
        ax = plt.subplots()[1] if ax is None else ax
        swings = [one for one in found.swings[:BARS] if one.width][::-1]
        for at, one in enumerate(swings):
            for end, color, hatch in ((one.at_low, LOW, "///"), (one.at_high, HIGH, "")):
                ax.barh(at, end - one.at_value, THICK, left=one.at_value, edgecolor="white", color=color, hatch=hatch)
            ends = ((one.at_low, one.low), (one.at_high, one.high))
            for end, word in ((end, word) for end, word in ends if end != one.at_value):
                up = end >= one.at_value
                ax.annotate(f"{word:g}", (end, at), xytext=(3 if up else -3, 0), textcoords="offset points",
                            ha="left" if up else "right", va="center", fontsize="small")  # fmt: skip
        if swings:
            ax.axvline(swings[0].at_value, color=MIDDLE, linewidth=1)
        ax.set_yticks(range(len(swings)), [one.path.removeprefix("services.") for one in swings])
        ax.set_xlabel(f"{figure_name(found, found.figure)}, {figure_unit(found.figure)}\n"
                      "hatched: at the assumption's low end, plain: at its high end")  # fmt: skip
        ax.margins(x=0.12)
        ax.xaxis.set_major_formatter(lambda value, _: signed(number(value, 0)))
        ax.set_title(fill(tornado_finding(found), TITLE_WIDTH), parse_math=False)
    return ax


def probability_chart(found: Uncertainty, ax: Axes | None = None) -> Axes:
    """The probability that each claim holds, a row per claim, a dot per perimeter or scenario with its interval."""
    with house_style():
        ax = plt.subplots()[1] if ax is None else ax
        claims = [one for one in found.claims if one.by_place][::-1]
        for at, one in enumerate(claims):
            for share in one.by_place.values():
                ax.plot([100 * end for end in share.interval], [at, at], color=HIGH, linewidth=1.5)
                ax.scatter(100 * share.probability, at, color=HIGH, zorder=2)
            for probability, places in _between(one).items():
                low, high = next(share.interval for share in one.by_place.values() if share.probability == probability)
                names = "; ".join(place_name(found, place) for place in places)
                x, shift, side = (low, -4, "right") if probability > 0.5 else (high, 4, "left")
                ax.annotate(names, (100 * x, at), xytext=(shift, 0), textcoords="offset points", va="center", ha=side,
                            fontsize="x-small")  # fmt: skip
        names_of = [shorten(f"{one.id} {one.quote}", LABEL_WIDTH, placeholder="…") for one in claims]
        ax.set_yticks(range(len(claims)), names_of)
        ax.set_xlim(-3, 103)
        ax.set_xlabel("probability that the claim holds, %; a dot for each perimeter or scenario")
        ax.set_title(fill(claims_finding(found), TITLE_WIDTH), parse_math=False)
    return ax


def _between(claim: ClaimProbability) -> dict[float, list[str]]:
    """The places where a claim is neither sure nor out of the question, by its probability there."""
    found: dict[float, list[str]] = {}
    for place, share in claim.by_place.items():
        if 0.01 < share.probability < 0.99:
            found.setdefault(share.probability, []).append(place)
    return found


def alt_text(found: Uncertainty) -> str:
    """What the charts of an uncertainty analysis show, in words."""
    return f"{probability_text(found)} {tornado_text(found)}"
