"""Tables as an .xlsx file: formulas with their values, the same bytes for the same tables."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from costmodel.reporting.workbook_cells import Cell, Formula, Input, Table

FORMATS = {
    "quantity": "#,##0.00######", "price": "#,##0.00########", "money": "#,##0.00", "number": "#,##0.00##########",
    "whole": "#,##0", "date": "yyyy-mm-dd", "text": "",
}  # fmt: skip
WIDEST, NARROWEST = 60, 9  # characters of a column
MOST_CHARACTERS = 2**15 - 1  # of a cell
INPUT_COLOURS = {"bg_color": "#FFF2CC", "font_color": "#1F3864"}
A4 = 9
TOP = {"valign": "top"}
LINE_POINTS = 15
ROOM = 6  # characters of a line that wrapping and indent leave empty
MOST_PRINTED = 10**3  # rows of a table that anybody would want on paper


def workbook_file(tables: Sequence[Table], title: str, on: dt.date) -> bytes:
    """The file; `on` stands for the day it was made, so that it does not depend on today."""
    import xlsxwriter

    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    book.set_properties({"title": title, "created": dt.datetime.combine(on, dt.time(0))})
    styles = _styles(book)
    for table in tables:
        _write(book.add_worksheet(table.name), table, styles)
    for table in tables:
        for name, reference in table.names.items():
            book.define_name(name, f"={reference}")
    book.close()
    return stream.getvalue()


def _styles(book: Any) -> dict[str, Any]:
    plain = {name: book.add_format({**TOP, **({"num_format": text} if text else {})}) for name, text in FORMATS.items()}
    inputs = {
        f"input {name}": book.add_format({"num_format": text, "border": 1, **TOP, **INPUT_COLOURS})
        for name, text in FORMATS.items() if text
    }  # fmt: skip
    texts = {
        "first": book.add_format(TOP),
        "text": book.add_format({"indent": 1, "align": "left", **TOP}),  # apart from the number on its left
        "long": book.add_format({"indent": 1, "align": "left", "text_wrap": True, **TOP}),  # else the page prints tiny
    }
    return {**plain, **inputs, **texts, "head": book.add_format({"bold": True, "bottom": 1, "text_wrap": True})}


def _write(sheet: Any, table: Table, styles: dict[str, Any]) -> None:
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, len(table.rows), len(table.columns) - 1)
    sheet.set_landscape()
    sheet.set_paper(A4)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    for number, row in enumerate(table.rows, 1):
        if _lines(row) > 1:
            sheet.set_row(number, LINE_POINTS * _lines(row))
    if len(table.rows) > MOST_PRINTED:
        sheet.print_area(0, 0, 0, len(table.columns) - 1)
    sheet.set_footer("&L&F, &A&Rpage &P of &N")
    for at, column in enumerate(table.columns):
        sheet.write_string(0, at, column.replace("_", " "), styles["head"])
        longest = max([len(column), *(_length(row[at]) for row in table.rows)])
        sheet.set_column(at, at, max(NARROWEST, min(WIDEST, longest + 2)))
        for number, row in enumerate(table.rows, 1):
            _write_cell(sheet, (number, at), row[at], table.formats.get(column, "number"), styles)


def _write_cell(sheet: Any, place: tuple[int, int], cell: Cell, kind: str, styles: dict[str, Any]) -> None:
    """A number, a date, a formula; text always as text, whatever sign it begins with."""
    if isinstance(cell, Input):
        sheet.write_number(*place, float(cell.value), styles[f"input {kind}"])
    elif isinstance(cell, Formula):
        sheet.write_formula(*place, f"={cell.text}".replace(f"{sheet.name}!", ""), styles[kind], cell.value)
    elif isinstance(cell, dt.date):
        sheet.write_datetime(*place, cell, styles["date"])
    elif isinstance(cell, int | float | Decimal):
        sheet.write_number(*place, float(cell), styles[kind])
    elif cell:
        style = "long" if len(cell) > WIDEST else "text" if place[1] else "first"
        sheet.write_string(*place, cell[:MOST_CHARACTERS], styles[style])


def _lines(row: Sequence[Cell]) -> int:
    """How many lines the longest text of a row takes."""
    longest = max((len(cell) for cell in row if isinstance(cell, str)), default=0)
    return 1 + (longest - 1) // (WIDEST - ROOM) if longest > WIDEST else 1


def _length(cell: Cell) -> int:
    """How many characters a cell shows, roughly."""
    shown = cell.value if isinstance(cell, Formula | Input) else cell
    return len("" if shown is None else f"{shown:,.6f}" if isinstance(shown, float | Decimal) else str(shown))
