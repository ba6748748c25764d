"""Large CSV files, plain or compressed, read in batches of text; each row knows its line."""

from __future__ import annotations

import codecs
import csv
import io
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from costmodel.assumptions.table_files import Batch, LargeTable, first_line

BATCH_BYTES = 2**22
HEAD_BYTES = 2**16
MOST_MISFITS = 2**18  # each is kept, and takes long
SEPARATORS = (",", ";", "\t", "|")


class CsvTable(LargeTable):
    """A CSV file in UTF-8, plain or compressed (.gz, .bz2, .zst). All cells are text; empty lines are no rows."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.quoted, self.line_by_line = self._survey()
        self.separator = self._separator()
        self.header = next((row for row in self._records() if row), [])
        if not any(name.strip() for name in self.header):
            raise self.refuse(None, "empty", "give a CSV file with a header and one record a row")

    def batches(self, columns: Sequence[int]) -> Iterator[Batch]:
        """The rows in order; see LargeTable. Raises InputError where a quote is not closed."""
        import pyarrow

        first = 0
        try:
            with self._reader(columns) as reader:
                for batch in reader:
                    arrays = {int(name): batch.column(at) for at, name in enumerate(batch.schema.names)}
                    yield Batch(arrays, first, batch.num_rows)
                    first += batch.num_rows
        except pyarrow.ArrowInvalid as error:
            if len(self.misfits) > MOST_MISFITS:
                wrong = f"more than {MOST_MISFITS:,} rows have another number of columns than the header"
                raise self.refuse(self.misfits[0], wrong, "give a file that is one table") from None
            raise self.refuse(self._broken_line(), f"not readable as CSV ({first_line(error)})",
                              "correct the quoting of this line") from None  # fmt: skip
        except (OSError, EOFError) as error:
            raise self.refuse(None, f"cannot be read ({error})", "check the file; it may be cut off") from None

    def lines(self, rows: Sequence[int]) -> list[int]:
        """The lines on which the rows begin."""
        return self._lines_of([self._number(row) for row in rows])

    def misfit_lines(self, most: int) -> list[int]:
        """The lines of the first rows of another width."""
        return self._lines_of(self.misfits[:most])

    def _number(self, row: int) -> int:
        """The number of a row among all of the file, header and misfits included, from 1."""
        number = row + 2
        for misfit in self.misfits:
            if misfit > number:
                break
            number += 1
        return number

    def _lines_of(self, numbers: Sequence[int]) -> list[int]:
        """A row's number is its line, unless cells go over several lines or lines are empty: then it is looked up."""
        if not numbers or self.line_by_line:
            return list(numbers)
        wanted, found, begins = sorted(set(numbers)), dict(zip(numbers, numbers, strict=True)), 1
        reader, number = self._csv(), 0
        try:
            for row in reader:
                number += bool(row)
                if row and wanted[bisect_left(wanted, number) % len(wanted)] == number:
                    found[number] = begins
                begins = reader.line_num + 1
                if number >= wanted[-1]:
                    break
        except csv.Error:
            pass  # a cell too long for it: the number of the row has to do
        return [found[number] for number in numbers]

    def _reader(self, columns: Sequence[int]) -> Any:
        import pyarrow.csv as arrow_csv
        from pyarrow import string

        names = [str(at) for at in range(len(self.header))]
        wanted = [names[at] for at in columns]
        return arrow_csv.open_csv(
            self._stream(),
            read_options=arrow_csv.ReadOptions(
                use_threads=False, block_size=BATCH_BYTES, column_names=names, skip_rows_after_names=1
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=self.separator, newlines_in_values=self.quoted, invalid_row_handler=self._misfit
            ),
            convert_options=arrow_csv.ConvertOptions(
                include_columns=wanted, column_types=dict.fromkeys(wanted, string()), strings_can_be_null=False
            ),
        )

    def _misfit(self, row: Any) -> str:
        if "\n" in row.text and row.text.count('"') % 2:
            return "error"
        self.misfits.append(row.number)
        return "skip" if len(self.misfits) <= MOST_MISFITS else "error"

    def _stream(self) -> Any:
        from pyarrow import input_stream

        return input_stream(str(self.path), compression="detect")

    def _survey(self) -> tuple[bool, bool]:
        """Whether cells are quoted, and whether each line is a row. Raises InputError for what is no UTF-8 text."""
        decoder, newlines, before = codecs.getincrementaldecoder("utf-8")(), 0, b"\n"
        quoted, line_by_line = False, True
        try:
            with self._stream() as stream:
                while chunk := stream.read(BATCH_BYTES):
                    self._decode(decoder, chunk, newlines)
                    newlines += chunk.count(b"\n")
                    quoted = quoted or b'"' in chunk
                    line_by_line = line_by_line and not _has_odd_line_ends(before + chunk)
                    before = chunk[-1:]
        except (OSError, EOFError) as error:
            raise self.refuse(None, f"cannot be read ({error})", "check the file; it may be cut off") from None
        self._decode(decoder, b"", newlines)
        return quoted, line_by_line and not quoted

    def _decode(self, decoder: codecs.IncrementalDecoder, chunk: bytes, newlines: int) -> None:
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            line = newlines + chunk.count(b"\n", 0, max(0, error.start)) + 1
            raise self.refuse(line, "not UTF-8 text", "export it as a UTF-8 CSV file") from None
        if "\0" in text:
            line = newlines + text.count("\n", 0, text.index("\0")) + 1
            raise self.refuse(line, "holds a zero byte, as no text does", "export it as a UTF-8 CSV file")

    def _separator(self) -> str:
        """A comma, unless the first line has none but another usual separator."""
        with self._stream() as stream:
            line = stream.read(HEAD_BYTES).decode("utf-8", "ignore").lstrip("\ufeff\r\n").split("\n", 1)[0]
        return "," if "," in line else max(SEPARATORS, key=line.count)

    def _csv(self, *, strict: bool = False) -> Any:
        text = io.TextIOWrapper(io.BufferedReader(self._stream()), encoding="utf-8-sig", newline="")
        return csv.reader(text, delimiter=self.separator, strict=strict)

    def _records(self) -> Iterator[list[str]]:
        try:
            yield from self._csv()
        except csv.Error as error:
            raise self.refuse(1, f"not readable as CSV ({error})", "correct the quoting of this line") from None

    def _broken_line(self) -> int | None:
        """The line on which the first record begins that the strict reader refuses."""
        reader, begins = self._csv(strict=True), 1
        try:
            for row in reader:
                if row and len(row) != len(self.header) and begins < reader.line_num:
                    return begins
                begins = reader.line_num + 1
        except csv.Error:
            return begins
        return None


def _has_odd_line_ends(text: bytes) -> bool:
    """Whether there may be empty lines, or lines that end in a carriage return alone."""
    return b"\n\n" in text or b"\n\r" in text or text.count(b"\r") != text.count(b"\r\n")
