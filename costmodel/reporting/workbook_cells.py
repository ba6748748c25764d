"""The tables of a workbook before they are written: cells with formulas, and the values they have."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

FIRST_ROW = 2  # below the head
NOT_IN_A_NAME = re.compile(r"\W", re.ASCII)


@dataclass(frozen=True)
class Formula:
    """A formula with its value, for viewers that do not calculate."""

    text: str
    value: float | str


@dataclass(frozen=True)
class Input:
    """A number that the reader may change."""

    value: Decimal


Cell = None | str | int | float | Decimal | dt.date | Formula | Input
Row = tuple[Cell, ...]


@dataclass
class Table:
    """A sheet with a head: its rows stand in the order in which they were added."""

    name: str
    columns: tuple[str, ...]
    formats: dict[str, str] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)

    @property
    def next_row(self) -> int:
        """The number of the row that is added next, as the sheet counts it."""
        return len(self.rows) + FIRST_ROW

    def add(self, **cells: Cell) -> int:
        """Add a row, by column; its number."""
        self.rows.append(tuple(cells.get(column) for column in self.columns))
        return self.next_row - 1

    def cell(self, column: str, row: int) -> str:
        """A reference to a cell, good on every sheet."""
        return f"{self.name}!{self._address(column, row)}"

    def span(self, column: str, first: int, last: int) -> str:
        """A reference to a part of a column."""
        end = f":{self._address(column, last)}" if last > first else ""
        return self.cell(column, first) + end

    def call(self, name: str, column: str, row: int) -> str:
        """Give a cell a name of its own in the workbook; the reference to it."""
        wanted = NOT_IN_A_NAME.sub("_", name)
        free = wanted if wanted not in self.names else f"{wanted}_row_{row}"
        self.names[free] = self.cell(column, row)
        return free

    def _address(self, column: str, row: int) -> str:
        return f"${chr(ord('A') + self.columns.index(column))}${row}"


def add_up(references: Sequence[str]) -> str:
    """A formula's sum of some references."""
    return f"SUM({','.join(references)})" if references else "0"
