"""Every figure of a scenario and its pipeline that stands with a source: value, range, basis, source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from costmodel.assumptions.catalog import Assumptions
from costmodel.assumptions.fields import Law, Quantity, Record
from costmodel.assumptions.paths import called
from costmodel.reporting.tables import Table

HEAD = ("assumption", "value", "from", "to", "basis", "source")
FIELDS = ("value", "quantity", "sigma", "hours")  # in which a record states one figure
ENDS = ("low", "high")
Row = tuple[str, ...]


def assumption_table(assumptions: Assumptions) -> Table:
    """The workload's figures, then the pipeline's; each by the path that `--set` takes."""
    rows = (*_rows(assumptions.scenario.workload, "workload"), *_rows(assumptions.pipeline, "pipeline"))
    return Table(HEAD, rows, frozenset({1, 4, 5}))


def _rows(root: Any, path: str) -> Iterator[Row]:
    """A row for every record that has a basis and a figure, and for those in it."""
    children: Iterable[tuple[Any, Any]] = ()
    if isinstance(root, Record):
        basis, figure = getattr(root, "basis", None), _value(root)
        if basis is not None and figure[0]:
            yield (path, *figure, str(basis), str(getattr(root, "source", "")))
        children = ((name, getattr(root, name)) for name in type(root).model_fields)
    elif isinstance(root, Mapping):
        children = root.items()
    elif isinstance(root, tuple):
        children = enumerate(root)
    for key, child in children:
        yield from _rows(child, f"{path}.{called(key, child)}")


def _value(record: Record) -> tuple[str, str, str]:
    """The figure with its unit, and its range; of a law its form, scaled."""
    if isinstance(record, Law):
        return (_law(record), _scale(record.scale_low), _scale(record.scale_high))
    found = next((getattr(record, name) for name in FIELDS if getattr(record, name, None) is not None), None)
    unit = f" {record.unit}" if isinstance(record, Quantity) else ""
    low, high = (getattr(record, end, None) for end in ENDS)
    return (_figures(record) if found is None else f"{_text(found)}{unit}", _text(low), _text(high))


def _figures(record: Record) -> str:
    """The figures of a record that has several, by name (`memory_mb 512, timeout_s 30`)."""
    values = {name: getattr(record, name) for name in type(record).model_fields if name not in ENDS}
    shown = {name: value for name, value in values.items() if type(value) in (int, Decimal)}
    return ", ".join(f"{name} {_text(value)}" for name, value in shown.items())


def _law(law: Law) -> str:
    if law.quantiles is not None:
        unit = "ms" if law.quantiles_ms else "days" if law.quantiles_days else "points"
        return f"p50 {law.quantiles['p50']} {unit}" if "p50" in law.quantiles else f"{len(law.quantiles)} quantiles"
    if law.constant_ms is not None:
        return f"{law.constant_ms} ms"
    mean = law.exponential_mean_ms if law.exponential_mean_ms is not None else law.lognormal_mean_ms
    return f"mean {mean} ms"


def _scale(end: Any) -> str:
    return "" if end is None else f"× {end}"


def _text(end: Any) -> str:
    """A figure in plain notation."""
    return f"{end:f}" if isinstance(end, Decimal) else "" if end is None else str(end)
