"""`diff` in each format."""

from __future__ import annotations

from typing import Any

from costmodel.analysis.diff import DiffReport
from costmodel.reporting.diff_screen import diff_sections
from costmodel.reporting.documents import Documents, terminal_width
from costmodel.reporting.tables import as_csv, as_json, as_text

CAUSES = ("code", "price_book", "scenario", "noise")
COLUMNS = ("scenario", "kind", "name", "sign", "before", "after", "change", "percent", *(f"by_{c}" for c in CAUSES))


def diff_documents(report: DiffReport) -> Documents:
    """What `diff` prints."""
    from costmodel.reporting.diff_markdown import diff_markdown
    from costmodel.reporting.junit import diff_junit

    return {
        "table": lambda: as_text(diff_sections(report), terminal_width()),
        "json": lambda: as_json(report.to_dict()),
        "csv": lambda: as_csv(_rows(report), COLUMNS),
        "markdown": lambda: diff_markdown(report),
        "junit": lambda: diff_junit(report),
    }


def _rows(report: DiffReport) -> list[dict[str, Any]]:
    return [
        {**row, **{f"by_{cause}": row["causes"][cause] for cause in CAUSES}, "scenario": diff.scenario}
        for diff in report.diffs
        for row in (movement.to_dict() for movement in diff.movements)
    ]
