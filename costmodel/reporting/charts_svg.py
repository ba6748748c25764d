"""A chart as SVG for a page: the same bytes each time, letters as shapes, so that it needs no font and no network."""

from __future__ import annotations

import io
from importlib.resources import files
from typing import Any

import matplotlib as mpl
from matplotlib import style
from matplotlib.figure import Figure

from costmodel.analysis.check import CheckResult
from costmodel.reporting import charts

CHARTS: dict[str, charts.Chart] = {
    "perimeter": charts.perimeter_chart,
    "bridge": charts.bridge_chart,
    "cost_lines": charts.cost_lines_chart,
    "latency": charts.latency_chart,
}
METADATA: dict[str, Any] = {"Date": None, "Creator": None}  # neither the time nor the version of what drew it


def chart_svg(name: str, result: CheckResult) -> bytes:
    """The chart of that name ("perimeter", "bridge", "cost_lines" or "latency"). KeyError for another name.

    Raises UsageError where the result has nothing that the chart shows.
    """
    stream = io.BytesIO()
    house = str(files("costmodel.reporting") / "costmodel.mplstyle")
    with style.context(house), mpl.rc_context({"svg.hashsalt": name, "svg.fonttype": "path"}):
        figure = Figure()  # none of pyplot's, which would look for a screen
        CHARTS[name](result, figure.subplots())
        figure.savefig(stream, format="svg", metadata=METADATA)
    return stream.getvalue()
