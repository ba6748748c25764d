"""A chart as SVG for a page: the same bytes each time, letters as shapes, so that it needs no font and no network."""

from __future__ import annotations

import io
from importlib.resources import files
from typing import Any

import matplotlib as mpl
from matplotlib import style
from matplotlib.figure import Figure

from costmodel.reporting import charts, charts_options, charts_run, charts_uncertainty, charts_what_if

CHARTS: dict[str, charts.Chart] = {
    "options": charts_options.options_chart,
    "perimeter": charts.perimeter_chart,
    "bridge": charts.bridge_chart,
    "cost_lines": charts.cost_lines_chart,
    "latency": charts.latency_chart,
    "distribution": charts_run.latency_distribution_chart,
    "growth": charts_what_if.growth_chart,
    "probability": charts_uncertainty.probability_chart,
    "tornado": charts_uncertainty.tornado_chart,
    "frontier": charts_what_if.frontier_chart,
}
METADATA: dict[str, Any] = {"Date": None, "Creator": None}  # neither the time nor the version of what drew it


def chart_svg(name: str, result: Any) -> bytes:
    """The chart of that name in CHARTS of its kind of result. KeyError for another name.

    Raises UsageError where the result has nothing that the chart shows.
    """
    stream = io.BytesIO()
    house = str(files("costmodel.reporting") / "costmodel.mplstyle")
    with style.context(house), mpl.rc_context({"svg.hashsalt": name, "svg.fonttype": "path"}):
        figure = Figure()  # none of pyplot's, which would look for a screen
        CHARTS[name](result, figure.subplots())
        figure.savefig(stream, format="svg", metadata=METADATA)
    return stream.getvalue()
