"""Tables as data, and pages made of lines and tables: as plain text, Markdown, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

GAP = "  "
SPECIAL = re.compile(r"[\\|*`\[<&]|\b_|_\b|^[#>+-]")  # what Markdown would not show as it is
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


@dataclass(frozen=True)
class Table:
    """Cells under a head. The first column and those named in `left` stand to the left, the others to the right."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: frozenset[int] = frozenset()

    @property
    def widths(self) -> tuple[int, ...]:
        """Characters of the widest cell of each column, the rows' indent included."""
        cells = [self.head, *((GAP + row[0], *row[1:]) for row in self.rows)]
        return tuple(max(len(line[at]) for line in cells) for at in range(len(self.head)))

    @property
    def width(self) -> int:
        """Characters of a whole row."""
        return sum(self.widths) + len(GAP) * (len(self.head) - 1)

    def without_empty_columns(self) -> Table:
        """The same table without the columns in which no row has anything."""
        kept = [at for at in range(len(self.head)) if any(row[at] for row in self.rows)]
        cells = [tuple(row[at] for at in kept) for row in (self.head, *self.rows)]
        return Table(cells[0], tuple(cells[1:]), frozenset(kept.index(at) for at in self.left if at in kept))

    def lines(self) -> list[str]:
        """Plain text, a line per row; every column as wide as its widest cell, so that none is cut."""
        widths = self.widths
        return [self._line(row, widths) for row in (self.head, *((GAP + row[0], *row[1:]) for row in self.rows))]

    def _line(self, cells: Sequence[str], widths: Sequence[int]) -> str:
        placed = (
            cell.ljust(width) if at == 0 or at in self.left else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return GAP.join(placed).rstrip()

    def markdown(self) -> str:
        """A Markdown table, aligned as the text is."""
        rule = ["---" if at == 0 or at in self.left else "--:" for at in range(len(self.head))]
        rows = [[escaped(cell) for cell in row] for row in (self.head, *self.rows)]
        return "\n".join(f"| {' | '.join(row)} |" for row in (rows[0], rule, *rows[1:])) + "\n"


Section = list["str | Table"]


def as_text(sections: Iterable[Section], width: int) -> str:
    """The sections with an empty line between them, lines wrapped to `width`; empty sections are left out."""
    shown = ("\n".join(line for part in section for line in _lines(part, width)) for section in sections if section)
    return "\n\n".join(shown) + "\n"


def _lines(part: str | Table, width: int) -> list[str]:
    return fitted(part, width) if isinstance(part, str) else part.lines()


def fitted(text: str, width: int) -> list[str]:
    """A line of prose as lines of at most `width` characters, its indent kept."""
    if len(text) <= width:
        return [text.rstrip()]
    indent = " " * (len(text) - len(text.lstrip()))
    return wrap(text, width, subsequent_indent=indent + GAP, break_long_words=False, break_on_hyphens=False)


def as_markdown(sections: Iterable[Section]) -> str:
    """The same as Markdown: the first line as the heading, lines as paragraphs, tables as tables."""
    parts = [part for section in sections for part in section]
    shown = [escaped(part.strip()) + "\n" if isinstance(part, str) else part.markdown() for part in parts]
    return "# " + "\n".join(shown) if shown else ""


def as_json(document: Any) -> str:
    """JSON text, two blanks deep."""
    return json.dumps(document, indent=2, ensure_ascii=False, default=str) + "\n"


def as_csv(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """CSV text with a header; what a row lacks is left empty."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([no_formula(cell(row.get(column))) for column in columns] for row in rows)
    return stream.getvalue()


def no_formula(text: str) -> str:
    """Text that a spreadsheet takes as text: a quote before what it would compute; a number stays one."""
    return f"'{text}" if text.startswith(FORMULA_SIGNS) and not NUMBER.fullmatch(text) else text


def table_of(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> Table:
    """A table of the columns named, all to the left."""
    cells = tuple(tuple(cell(row.get(column)) for column in columns) for row in rows)
    return Table(tuple(columns), cells, frozenset(range(len(columns))))


def cell(value: Any) -> str:
    """A value as text; nothing for None."""
    return "" if value is None else str(value)


def escaped(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    return SPECIAL.sub(lambda found: f"\\{found[0]}", " ".join(text.split()))
