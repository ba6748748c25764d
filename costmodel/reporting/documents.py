"""Each result as a document in each format: a function per format, made only when asked for."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from costmodel import __version__
from costmodel.billing.bill import Bill
from costmodel.reporting.run_screen import bill_section, overridden_line, run_sections
from costmodel.reporting.tables import Section, as_csv, as_json, as_markdown, as_text, table_of
from costmodel.result import SCHEMA_VERSION

if TYPE_CHECKING:
    from costmodel.analysis.actuals import Actuals
    from costmodel.analysis.check import CheckResult
    from costmodel.analysis.compare import Comparison
    from costmodel.assumptions.service import Service
    from costmodel.result import Result

Documents = dict[str, Callable[[], str]]
WIDEST, NARROWEST = 100, 80
LINE_COLUMNS = (
    "service", "meter", "quantity", "unit", "unit_price_usd", "cost_usd", "basis", "tier", "region", "note", "source",
    "price_from",
)  # fmt: skip
CLAIM_COLUMNS = ("id", "quote", "stated", "unit", "recomputed", "verdict", "holds_when")
COMPARED_COLUMNS = ("side", "line", "cost_usd", "basis")


def check_documents(result: CheckResult, *, all_: bool) -> Documents:
    """What `check` prints."""
    from costmodel.reporting.junit import check_junit
    from costmodel.reporting.screen import render_check

    rows = [claim.to_dict() for claim in result.claims]
    claims = table_of(rows, CLAIM_COLUMNS)
    return {
        "table": lambda: render_check(result, all_=all_, width=terminal_width()),
        "json": lambda: as_json(result.to_dict()),
        "csv": lambda: as_csv(rows, CLAIM_COLUMNS),
        "markdown": lambda: f"```\n{render_check(result, all_=all_)}```\n\n{claims.markdown()}",
        "junit": lambda: check_junit(result),
    }


def run_documents(result: Result) -> Documents:
    """What `run` prints."""
    return {
        "table": lambda: page(lambda width: run_sections(result, width=width)),
        "json": lambda: as_json(result.to_dict()),
        "csv": lambda: _bill_csv(result.bill),
        "markdown": lambda: as_markdown(run_sections(result)),
    }


def bill_documents(bill: Bill, overridden: Sequence[str]) -> Documents:
    """What `bill` prints."""
    origin = _provenance(overridden) | {"prices_on": bill.on.isoformat(), "region": bill.region}
    document = {"schema_version": SCHEMA_VERSION, "bill": bill.to_dict(), "provenance": origin}
    return {
        "table": lambda: page(lambda width: [bill_section(bill, width=width), *_overridden(overridden)]),
        "json": lambda: as_json(document),
        "csv": lambda: _bill_csv(bill),
        "markdown": lambda: as_markdown([["Bill"], bill_section(bill), *_overridden(overridden)]),
    }


def comparison_documents(comparison: Comparison) -> Documents:
    """What `compare` prints."""
    from costmodel.reporting.screen import render_comparison

    found = comparison.to_dict()
    lines = table_of(found["lines"], COMPARED_COLUMNS)
    return {
        "table": lambda: render_comparison(comparison, width=terminal_width()),
        "json": lambda: as_json(found),
        "csv": lambda: as_csv(found["lines"], COMPARED_COLUMNS),
        "markdown": lambda: lines.markdown(),
    }


def price_documents(services: Mapping[str, Service], overridden: Sequence[str]) -> Documents:
    """What `prices list` prints."""
    from costmodel.reporting.price_book import price_rows, price_sections

    rows = price_rows(services)
    document = {"schema_version": SCHEMA_VERSION, "prices": rows, "provenance": _provenance(overridden)}
    return {
        "table": lambda: page(lambda _: [*price_sections(services), *_overridden(overridden)]),
        "json": lambda: as_json(document),
        "csv": lambda: as_csv(rows, tuple(rows[0])),
        "markdown": lambda: table_of(rows, tuple(rows[0])).markdown(),
    }


def actuals_documents(found: Actuals) -> Documents:
    """What `actuals` prints."""
    from costmodel.analysis.actual_lines import COLUMNS
    from costmodel.reporting.actuals_screen import actuals_sections

    rows = [line.to_dict() for line in found.lines]
    return {
        "table": lambda: page(lambda _: actuals_sections(found)),
        "json": lambda: as_json(found.to_dict()),
        "csv": lambda: as_csv(rows, COLUMNS),
        "markdown": lambda: as_markdown(actuals_sections(found)),
    }


def validity_documents(kinds: Mapping[str, str]) -> Documents:
    """What `validate` prints of files (file -> kind) without a fault; JSON of one file is that file's."""
    from costmodel.reporting.sarif import sarif

    found = [{"file": file, "kind": kind, "valid": True} for file, kind in kinds.items()]
    columns = ("file", "kind", "valid")
    head = {"schema_version": SCHEMA_VERSION}
    shown = found[0] if len(found) == 1 else {"files": found}
    return {
        "table": lambda: "".join(f"{file}: a valid {_noun(kind)}\n" for file, kind in kinds.items()),
        "json": lambda: as_json({**head, **shown, "provenance": _provenance(())}),
        "csv": lambda: as_csv(found, columns),
        "markdown": lambda: table_of(found, columns).markdown(),
        "sarif": lambda: sarif(()),
    }


def written_documents(written: Sequence[Mapping[str, str]], provenance: Mapping[str, Any]) -> Documents:
    """What `report` prints: the files it wrote."""
    document = {"schema_version": SCHEMA_VERSION, "written": list(written), "provenance": dict(provenance)}
    return {
        "table": lambda: "".join(f"{each['file']}: {each['holds']}\n" for each in written),
        "json": lambda: as_json(document),
        "csv": lambda: as_csv(written, ("file", "holds")),
        "markdown": lambda: table_of(written, ("file", "holds")).markdown(),
    }


def _noun(kind: str) -> str:
    return kind if kind in ("service", "pipeline", "scenario", "policy", "baseline") else f"{kind} file"


def terminal_width() -> int:
    """Columns to fill: the terminal's, within reason; those of a page where there is no terminal."""
    return max(NARROWEST, min(WIDEST, shutil.get_terminal_size((WIDEST, 0)).columns))


def page(sections: Callable[[int], list[Section]]) -> str:
    """The sections as a page of text, as wide as there is room."""
    width = terminal_width()
    return as_text(sections(width), width)


def _bill_csv(bill: Bill) -> str:
    return as_csv([line.to_dict() for line in bill.lines], LINE_COLUMNS)


def _overridden(keys: Sequence[str]) -> list[Section]:
    return [[overridden_line(list(keys))]] if keys else []


def _provenance(overridden: Sequence[str]) -> dict[str, Any]:
    return {"package": __version__, "overridden": list(overridden)}
