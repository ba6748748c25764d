"""Large tables: CSV (plain or compressed) and Parquet, read in batches; each row knows its line."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from costmodel.assumptions.csv_tables import CsvTable
from costmodel.assumptions.table_files import Batch, LargeTable, first_line
from costmodel.errors import InputError, Problem

BATCH_ROWS = 2**16
PARQUET_MAGIC = b"PAR1"
PARQUET_NAMES = (".parquet", ".pq")


def open_table(path: Path) -> LargeTable:
    """The table in a file: Parquet by its first bytes or its name, else CSV."""
    if os.path.isdir(path):  # unlike Path.is_dir, without an error for a name that no file can have
        raise _refuse(path, "is a folder", "name one file")
    if os.path.exists(path) and not os.path.isfile(path):
        raise _refuse(path, "is no regular file, and it is read twice", "save it to a file first")
    try:
        with path.open("rb") as stream:
            begin = stream.read(len(PARQUET_MAGIC))
    except OSError as error:
        raise _refuse(path, f"cannot be read ({error.strerror})", "check the path and its permissions") from None
    parquet = begin == PARQUET_MAGIC or path.suffix.lower() in PARQUET_NAMES
    return ParquetTable(path) if parquet else CsvTable(path)


def _refuse(path: Path, wrong: str, remedy: str) -> InputError:
    return InputError(Problem(str(path), None, "", wrong, remedy))


class ParquetTable(LargeTable):
    """A Parquet file. Columns keep their types."""

    def __init__(self, path: Path) -> None:
        import pyarrow
        import pyarrow.parquet as parquet

        super().__init__(path)
        try:
            self.file = parquet.ParquetFile(path)
            self.header = list(self.file.schema_arrow.names)
        except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
            raise self._unreadable(error) from None
        if not self.header:
            raise self.refuse(None, "has no column", "give a file with one record a row")

    def batches(self, columns: Sequence[int]) -> Iterator[Batch]:
        """The rows in order; see LargeTable."""
        import pyarrow

        names, first = [self.header[at] for at in columns], 0
        try:
            for batch in self.file.iter_batches(batch_size=BATCH_ROWS, columns=names, use_threads=False):
                arrays = {at: batch.column(name) for at, name in zip(columns, names, strict=True)}
                for array in arrays.values():
                    array.validate(full=True)  # else a text that is not UTF-8 is only met where it is used
                yield Batch(arrays, first, batch.num_rows)
                first += batch.num_rows
        except (pyarrow.ArrowException, OSError, KeyError) as error:
            raise self._unreadable(error, first + 1) from None

    def lines(self, rows: Sequence[int]) -> list[int]:
        """The rows, counted from 1."""
        return [row + 1 for row in rows]

    def misfit_lines(self, most: int) -> list[int]:
        """None: all rows have the columns."""
        return []

    def _unreadable(self, error: Exception, row: int | None = None) -> InputError:
        return self.refuse(row, f"not readable as Parquet ({first_line(error)})", "export it again; it may be cut off")
