"""The price book as an Excel workbook."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from costmodel.assumptions.service import Service
from costmodel.errors import UsageError
from costmodel.reporting.price_book import Row, price_rows

NUMBERS = frozenset((
    "above", "usd", "per", "percent", "fixed_usd", "minimum_usd", "maximum_usd", "free_per_month", "low", "high",
    "scale_low", "scale_high",
))  # fmt: skip
DATES = frozenset(("from", "until", "read"))
WIDEST, NARROWEST = 60, 8  # characters of a column


def price_workbook(services: Mapping[str, Service]) -> bytes:
    """An .xlsx file: one sheet, a row per price and tier, numbers and dates as such, text never as a formula.

    Raises UsageError where openpyxl is not installed.
    """
    try:
        from openpyxl import Workbook
    except ImportError:
        raise UsageError("an Excel file needs openpyxl; install costmodel[excel], or write CSV") from None
    rows = price_rows(services)
    columns = tuple(rows[0])
    book = Workbook()
    sheet = book.active
    sheet.title = "Prices"
    sheet.append(columns)
    for row in rows:
        sheet.append([_typed(column, row[column]) for column in columns])
    _dress(sheet, columns, rows)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _typed(column: str, value: str | None) -> Any:
    if value is None or value == "":
        return None
    if column in NUMBERS:
        return Decimal(value)
    return dt.date.fromisoformat(value) if column in DATES else value


def _dress(sheet: Any, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Head in bold and in sight, a filter, widths to fit; what begins with a sign of formulas stays text."""
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    sheet.freeze_panes = "C2"
    sheet.auto_filter.ref = sheet.dimensions
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for index, column in enumerate(columns, 1):
        longest = max([len(column), *(len(row[column] or "") for row in rows)])
        sheet.column_dimensions[get_column_letter(index)].width = max(NARROWEST, min(WIDEST, longest + 2))
    for line in sheet.iter_rows(min_row=2):
        for cell in line:
            if cell.data_type == "f":
                cell.data_type = "s"
