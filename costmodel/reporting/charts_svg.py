"""A chart as a file: the same bytes each time; an SVG has letters as shapes, so that it needs no font, no network."""

from __future__ import annotations

import io
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import style
from matplotlib.figure import Figure

from costmodel.errors import UsageError
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
    "breakeven": charts_what_if.breakeven_chart,
    "breakeven_map": charts_what_if.breakeven_map_chart,
    "waterfall": charts_what_if.waterfall_chart,
}
METADATA: dict[str, dict[str, Any]] = {  # neither the time nor the version of what drew it
    "svg": {"Date": None, "Creator": None},
    "png": {"Software": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
KINDS = ("svg", "png", "pdf")


def chart_svg(name: str, result: Any) -> bytes:
    """The chart of that name in CHARTS of its kind of result. KeyError for another name.

    Raises UsageError where the result has nothing that the chart shows.
    """
    return chart_bytes(name, result, "svg")


def chart_bytes(name: str, result: Any, kind: str) -> bytes:
    """The same as an SVG, PNG or PDF file; the finding is the title of an SVG, for whoever reads it to others."""
    return charts_bytes((name,), result, kind)


def charts_bytes(names: Sequence[str], result: Any, kind: str) -> bytes:
    """Some charts of one result in one file, one below the other; the title is the first one's."""
    stream = io.BytesIO()
    house = str(files("costmodel.reporting") / "costmodel.mplstyle")
    with style.context(house), mpl.rc_context({"svg.hashsalt": " ".join(names), "svg.fonttype": "path"}):
        figure = _figure(len(names))
        axes = figure.subplots(len(names), squeeze=False)[:, 0]
        drawn = [CHARTS[name](result, ax) for name, ax in zip(names, axes, strict=True)]
        title = {"Title": " ".join(drawn[0].get_title(loc="left").split())}
        figure.savefig(stream, format=kind, metadata={**METADATA[kind], **(title if kind == "svg" else {})})
    return stream.getvalue()


def _figure(charts: int) -> Figure:
    """A figure for so many charts; none of pyplot's, which would look for a screen."""
    return Figure() if charts == 1 else Figure(figsize=(10, 6 * charts), layout="constrained")


def chart_kind(path: str) -> str:
    """The kind of picture that a file's name asks for. Raises UsageError for one that is not known."""
    kind = Path(path).suffix.removeprefix(".")
    if kind not in KINDS:
        raise UsageError(f"--chart {path}: end it in {', '.join(f'.{known}' for known in KINDS)}")
    return kind
