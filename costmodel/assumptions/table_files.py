"""What a large table is: a header, batches of rows, and the line of every row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from costmodel.errors import InputError, Problem


@dataclass(frozen=True)
class Batch:
    """Some rows: an arrow array for each column asked for, by its place in the header; `first` numbers the first row.

    Rows are numbered from 0 over the whole file, those of another width left out.
    """

    columns: dict[int, Any]
    first: int
    rows: int


class LargeTable:
    """A file of rows under a header. Raises InputError where the file as a whole cannot be read.

    header: the names of its columns. misfits: numbers of the rows whose width is not the header's (the header is
    number 1); complete once all batches were read.
    """

    header: list[str]

    def __init__(self, path: Path) -> None:
        self.path = path
        self.misfits: list[int] = []

    def batches(self, columns: Sequence[int]) -> Iterator[Batch]:
        """The rows in order, with the columns at those places of the header."""
        raise NotImplementedError

    def lines(self, rows: Sequence[int]) -> list[int]:
        """The lines on which the rows of those numbers begin; rows of a Parquet file are counted from 1."""
        raise NotImplementedError

    def misfit_lines(self, most: int) -> list[int]:
        """The lines of the first rows of another width."""
        raise NotImplementedError

    def refuse(self, line: int | None, wrong: str, remedy: str) -> InputError:
        """An error about this file."""
        return InputError(Problem(str(self.path), line, "", wrong, remedy))


def refuse_rows(
    path: Path, used: int, rejected: Mapping[str, tuple[int, Sequence[int]]], *, strict: bool, remedy: str
) -> None:
    """Raises InputError where no row of a file was used, and with `strict` where any was rejected.

    rejected: reason -> how many rows, and the first lines of them. remedy: of a file without a usable row.
    """
    reasons = "; ".join(
        f"{count} {reason} (line {', '.join(map(str, lines))})" for reason, (count, lines) in rejected.items()
    )
    if not used:
        raise InputError(Problem(str(path), None, "", f"no usable row ({reasons or 'it has none'})", remedy))
    if strict and rejected:
        first = min(lines[0] for _, lines in rejected.values())
        raise InputError(Problem(str(path), first, "", f"rejected rows: {reasons}", "mend them, or leave out --strict"))


def first_line(error: Exception) -> str:
    """What went wrong, on one line."""
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")[: 2**8]
