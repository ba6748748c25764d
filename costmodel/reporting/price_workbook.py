"""The price book as an Excel workbook."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

from costmodel.assumptions.service import Service
from costmodel.reporting.price_book import price_rows
from costmodel.reporting.workbook_cells import Cell, Table
from costmodel.reporting.workbook_file import workbook_file

NUMBERS = frozenset((
    "above", "usd", "per", "percent", "fixed_usd", "minimum_usd", "maximum_usd", "free_per_month", "low", "high",
    "scale_low", "scale_high",
))  # fmt: skip
DATES = frozenset(("from", "until", "read"))


def price_workbook(services: Mapping[str, Service]) -> bytes:
    """An .xlsx file: one sheet, a row per price and tier, numbers and dates as such, text never as a formula."""
    rows = price_rows(services)
    table = Table("Prices", tuple(rows[0]))
    for row in rows:
        table.add(**{column: _typed(column, value) for column, value in row.items()})
    newest = max(
        price.read for service in services.values() for meter in service.meter.values() for price in meter.price
    )
    return workbook_file([table], "Price book", newest)


def _typed(column: str, value: str | None) -> Cell:
    if value is None or value == "":
        return None
    if column in NUMBERS:
        return Decimal(value)
    return dt.date.fromisoformat(value) if column in DATES else value
