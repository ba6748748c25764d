"""Each result as a document in each format: a function per format, made only when asked for."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from costmodel.billing.bill import Bill

if TYPE_CHECKING:
    from costmodel.analysis.check import CheckResult
    from costmodel.analysis.compare import Comparison
    from costmodel.assumptions.service import Service
    from costmodel.result import Result

Documents = dict[str, Callable[[], str]]
WIDEST, NARROWEST = 100, 80
LINE_COLUMNS = ("service", "meter", "quantity", "unit", "unit_price_usd", "cost_usd", "basis", "tier", "note", "source")


def check_documents(result: CheckResult, *, all_: bool) -> Documents:
    """What `check` prints."""
    from costmodel.reporting.screen import render_check

    rows = [claim.to_dict() for claim in result.claims]
    shown = ("id", "quote", "stated", "unit", "recomputed", "verdict", "holds_when")
    return {
        "table": lambda: render_check(result, all_=all_, width=_width()),
        "json": lambda: as_json(result.to_dict()),
        "csv": lambda: as_csv(rows, shown),
        "markdown": lambda: f"```\n{render_check(result, all_=False)}```\n\n{as_markdown(rows, shown)}",
    }


def run_documents(result: Result) -> Documents:
    """What `run` prints."""
    from costmodel.reporting.run_screen import render_run

    return {
        "table": lambda: render_run(result, width=_width()),
        "json": lambda: as_json(result.to_dict()),
        "csv": lambda: _bill_csv(result.bill),
        "markdown": lambda: f"```\n{render_run(result)}```\n",
    }


def bill_documents(bill: Bill) -> Documents:
    """What `bill` prints."""
    from costmodel import __version__
    from costmodel.reporting.run_screen import render_bill
    from costmodel.result import SCHEMA_VERSION

    provenance = {"package": __version__, "prices_on": bill.on.isoformat(), "region": bill.region}
    document = {"schema_version": SCHEMA_VERSION, "bill": bill.to_dict(), "provenance": provenance}
    lines = [line.to_dict() for line in bill.lines]
    return {
        "table": lambda: "\n".join(render_bill(bill)) + "\n",
        "json": lambda: as_json(document),
        "csv": lambda: _bill_csv(bill),
        "markdown": lambda: as_markdown(lines, LINE_COLUMNS[:6]),
    }


def comparison_documents(comparison: Comparison) -> Documents:
    """What `compare` prints."""
    from costmodel.reporting.screen import render_comparison

    found = comparison.to_dict()
    columns = ("side", "line", "cost_usd", "basis")
    return {
        "table": lambda: render_comparison(comparison, width=_width()),
        "json": lambda: as_json(found),
        "csv": lambda: as_csv(found["lines"], columns),
        "markdown": lambda: as_markdown(found["lines"], columns),
    }


def price_documents(services: Mapping[str, Service]) -> Documents:
    """What `prices list` prints: one row per price and tier."""
    rows = [row for name, service in services.items() for row in _price_rows(name, service)]
    short = ("service", "meter", "from", "plan", "above", "price", "per", "unit", "basis")
    return {
        "table": lambda: as_table(rows, short),
        "json": lambda: as_json(rows),
        "csv": lambda: as_csv(rows, tuple(rows[0])),
        "markdown": lambda: as_markdown(rows, tuple(rows[0])),
    }


def _price_rows(name: str, service: Service) -> Iterable[dict[str, str]]:
    for meter_name, meter in service.meter.items():
        for price in meter.price:
            fee = {"above": "0", "price": _fee(price)}
            parts = [{"above": f"{tier.above:f}", "price": f"{tier.usd:f}"} for tier in price.tiers] or [fee]
            for part in parts:
                yield {
                    "service": name,
                    "meter": meter_name,
                    "unit": meter.unit,
                    "from": price.from_.isoformat(),
                    "regions": " ".join(price.regions),
                    "plan": price.plan,
                    **part,
                    "per": str(price.per),
                    "free_per_month": f"{price.free_per_month:f}",
                    "basis": price.basis,
                    "read": price.read.isoformat(),
                    "source": price.source,
                }


def _fee(price: Any) -> str:
    from costmodel.billing.fees import describe_fee

    return describe_fee(price)


# --- formats --------------------------------------------------------------------------------------------


def as_json(document: Any) -> str:
    """JSON text, two blanks deep."""
    return json.dumps(document, indent=2, ensure_ascii=False, default=str) + "\n"


def as_csv(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """CSV text with a header."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(row.get(column)) for column in columns] for row in rows)
    return stream.getvalue()


def as_markdown(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """A Markdown table, its cells escaped."""
    lines = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    lines += [f"| {' | '.join(_escaped(_cell(row.get(column))) for column in columns)} |" for row in rows]
    return "\n".join(lines) + "\n"


def as_table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """A plain table, each column as wide as its widest cell."""
    cells = [list(columns), *([_cell(row.get(column)) for column in columns] for row in rows)]
    widths = [max(len(line[at]) for line in cells) for at in range(len(columns))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in cells) + "\n"


def _bill_csv(bill: Bill) -> str:
    return as_csv([line.to_dict() for line in bill.lines], LINE_COLUMNS)


def _cell(value: Any) -> str:
    return "" if value is None else str(value)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def _width() -> int:
    return max(NARROWEST, min(WIDEST, shutil.get_terminal_size((WIDEST, 0)).columns))
