"""Large tables: CSV (plain or compressed) and Parquet, read in batches; each row knows its line."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from costmodel.assumptions.csv_tables import CsvTable
from costmodel.assumptions.table_files import Batch, LargeTable, first_line
from costmodel.errors import InputError, Problem

BATCH_ROWS = 2**16
BATCH_BYTES = 2**26  # of cells in memory at once
LONGEST_CELL = 2**16  # bytes
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


def _is_text(kind: Any) -> bool:
    import pyarrow.types as types

    kind = kind.value_type if types.is_dictionary(kind) else kind
    whole = types.is_string(kind) or types.is_binary(kind)
    return bool(whole or types.is_large_string(kind) or types.is_large_binary(kind))


def _refuse(path: Path, wrong: str, remedy: str) -> InputError:
    return InputError(Problem(str(path), None, "", wrong, remedy))


class ParquetTable(LargeTable):
    """A Parquet file. Columns keep their types.

    A value that stands once in the file may be that of millions of rows: no more rows are read at once than fit into
    memory as long as the longest one, and a text longer than any cell is refused.
    """

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
            for batch in self.file.iter_batches(self._rows_at_once(names), columns=names, use_threads=False):
                arrays = {at: batch.column(name) for at, name in zip(columns, names, strict=True)}
                for array in arrays.values():
                    array.validate(full=True)  # else a text that is not UTF-8 is only met where it is used
                yield Batch(arrays, first, batch.num_rows)
                first += batch.num_rows
        except (pyarrow.ArrowException, OSError, KeyError, MemoryError) as error:
            raise self._unreadable(error, first + 1) from None

    def _rows_at_once(self, names: Sequence[str]) -> int:
        """As many rows as may be in memory, by the lengths of the texts and by what the file says of its size."""
        import pyarrow.parquet as parquet

        texts = [name for name in names if _is_text(self.file.schema_arrow.field(name).type)]
        coded, rows = parquet.ParquetFile(self.path, read_dictionary=texts), BATCH_ROWS
        for group in range(self.file.metadata.num_row_groups):
            known = self.file.metadata.row_group(group)
            if known.num_rows:
                columns = [known.column(at) for at in range(known.num_columns)]
                size = sum(c.total_uncompressed_size for c in columns if c.path_in_schema in names) // known.num_rows
                size = max(size, sum(self._longest(coded, group, name) for name in texts))
                rows = min(rows, BATCH_BYTES // max(1, size))
        return max(1, rows)

    def _longest(self, coded: Any, group: int, name: str) -> int:
        """The length of the longest text of a column that stands in a group's dictionary."""
        import pyarrow.compute as compute

        first = next(coded.iter_batches(1, row_groups=[group], columns=[name], use_threads=False))
        longest: int = compute.max(compute.binary_length(first.column(0).dictionary)).as_py() or 0
        if longest > LONGEST_CELL:
            wrong = f"a cell of the column `{name}` has {longest:,} bytes"
            raise self.refuse(None, wrong, f"give a file whose cells have at most {LONGEST_CELL:,}")
        return longest

    def lines(self, rows: Sequence[int]) -> list[int]:
        """The rows, counted from 1."""
        return [row + 1 for row in rows]

    def misfit_lines(self, most: int) -> list[int]:
        """None: all rows have the columns."""
        return []

    def _unreadable(self, error: Exception, row: int | None = None) -> InputError:
        return self.refuse(row, f"not readable as Parquet ({first_line(error)})", "export it again; it may be cut off")
