"""What `sweep` prints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from costmodel.analysis.points import REPORTED
from costmodel.analysis.swept import Point, Sweep
from costmodel.reporting.documents import terminal_width
from costmodel.reporting.run_screen import overridden_line
from costmodel.reporting.tables import Section, Table, as_csv, as_json, as_markdown, as_text
from costmodel.reporting.words import NOTHING, dollars, interval

SHOWN = ("bill.total_usd", "cost_per_payment_usd", "latency_ms.p95")
DIFFERENCES = {
    "bill.total_usd": "± USD a month",
    "cost_per_payment_usd": "± USD a payment",
    "latency_ms.p95": "± p95, ms",
}
AGAINST = (
    "differences from the first point in pairs of replications under the same luck; "
    "fewer runs: how many times as many independent ones would be needed (variance ratio)"
)
HEADS = {"bill.total_usd": "USD a month", "cost_per_payment_usd": "USD a payment", "latency_ms.p95": "p95, ms"}


def sweep_documents(found: Sweep, figures: Sequence[str], *, differences: bool = False) -> dict[str, Callable[[], str]]:
    """The documents of a sweep; figures: to show instead of the usual ones; differences: from the first point."""
    asked, shown = tuple(figures) or REPORTED, tuple(figures) or SHOWN
    rows = found.rows(asked, differences=differences)
    return {
        "table": lambda: as_text(_sections(found, shown, differences), terminal_width()),
        "json": lambda: as_json(found.to_dict(asked, differences=differences)),
        "csv": lambda: as_csv(rows, tuple(rows[0])),
        "markdown": lambda: as_markdown(_sections(found, shown, differences)),
    }


def _sections(found: Sweep, figures: Sequence[str], differences: bool) -> list[Section]:
    head, paths = _short([axis.path for axis in found.axes]), [axis.path for axis in found.axes]
    for name in figures:
        head += (
            [DIFFERENCES.get(name, name), "[95 %]", "fewer runs"] if differences else [HEADS.get(name, name), "[95 %]"]
        )
    cells = [tuple(_cells(point, figures)) for point in found.points]
    if differences:
        cells = [
            (*cells[place][: len(paths)], *(cell for name in figures for cell in _difference_cells(found, name, place)))
            for place in range(len(found.points))
        ]
    table = Table(tuple(head), tuple(cells)).without_empty_columns()
    scenario = found.base.scenario
    about = f"seed {scenario.seed}, the same luck at every point, prices of {scenario.on.isoformat()}"
    overridden = [overridden_line(list(found.base.overridden))] if found.base.overridden else []
    against = [AGAINST] if differences else []
    return [[_finding(found)], [table], [*against, about, *overridden]]


def _short(paths: Sequence[str]) -> list[str]:
    """The last parts of the paths, as far as they tell them apart."""
    ends = [path.rpartition(".")[2] for path in paths]
    return [end if ends.count(end) == 1 else path for end, path in zip(ends, paths, strict=True)]


def _finding(found: Sweep) -> str:
    """What the cost does over the grid."""
    low, high = (end(found.points, key=lambda point: point.figure("bill.total_usd")) for end in (min, max))
    costs = [dollars(point.figure("bill.total_usd"), 2) for point in (low, high)]
    if len(found.points) == 1 or costs[0] == costs[1]:
        return f"{found.base.name}: {costs[0]} a month"
    return f"{found.base.name}: from {costs[0]} a month ({_named(low)}) to {costs[1]} ({_named(high)})"


def _named(point: Point) -> str:
    return ", ".join(f"{path.rpartition('.')[2]} {_value(value)}" for path, value in point.values.items())


def _value(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _cells(point: Point, figures: Sequence[str]) -> list[str]:
    cells = [_value(value) for value in point.values.values()]
    for name in figures:
        low, high = point.interval(name)
        places = _places(name)
        cells += [_shown(point.figure(name), places), "" if low is None else interval((low, high or low), places)]
    return cells


def _difference_cells(found: Sweep, name: str, place: int) -> list[str]:
    """A figure less the first point's, its interval, and the variance ratio."""
    one, places = found.difference_or_none(name, place), _places(name) + 2
    if one is None or place == 0:
        return [NOTHING, "", ""]
    ratio = "" if one.variance_ratio is None else f"{one.variance_ratio:,.0f} ×"
    return [f"{one.value:+,.{places}f}", "" if one.interval is None else interval(one.interval, places), ratio]


def _shown(value: Any, places: int) -> str:
    return NOTHING if value is None else f"{value:,.{places}f}"


def _places(name: str) -> int:
    """Decimals that are worth showing."""
    if name == "cost_per_payment_usd":
        return 4
    return 0 if name.startswith("latency") else 2
