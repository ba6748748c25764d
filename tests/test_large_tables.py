"""Large tables: rows as Python's csv module reads them, the line of each, and files that are refused with theirs."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from costmodel.assumptions.large_tables import open_table
from costmodel.assumptions.table_files import LargeTable
from costmodel.errors import InputError

CELL = st.text(st.sampled_from(list('ab1 ,;"\nü')), max_size=4)
ROWS = st.lists(st.lists(CELL, min_size=1, max_size=4), max_size=12)


def rows_of(table: LargeTable) -> list[list[object]]:
    places = list(range(len(table.header)))
    return [list(row) for batch in table.batches(places)
            for row in zip(*(batch.columns[at].to_pylist() for at in places), strict=True)]  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, newline=st.sampled_from(["\n", "\r\n"]), quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
def test_rows_and_lines_are_those_of_the_csv_module(
    tmp_path: Path, rows: list[list[str]], newline: str, quoting: int
) -> None:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator=newline, quoting=quoting)  # type: ignore[arg-type]
    writer.writerows([["x", "y", "z"], *rows])
    path = tmp_path / "any.csv"
    path.write_text(stream.getvalue(), encoding="utf-8", newline="")
    reader, begins, expected, misfits = csv.reader(io.StringIO(stream.getvalue(), newline="")), 1, [], []
    for row in reader:
        if row:
            (expected if len(row) == 3 else misfits).append((begins, row))
        begins = reader.line_num + 1
    table = open_table(path)
    assert rows_of(table) == [row for _, row in expected[1:]]
    assert table.lines(list(range(len(expected) - 1))) == [line for line, _ in expected[1:]]
    assert table.misfit_lines(99) == [line for line, _ in misfits]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("packed", ["", ".gz", ".bz2"])
def test_separators_and_compression(tmp_path: Path, separator: str, packed: str) -> None:
    text = f"\ufeffa{separator}b\r\n1{separator}2\r\n".encode()
    path = tmp_path / f"file.csv{packed}"
    path.write_bytes({"": bytes, ".gz": gzip.compress, ".bz2": bz2.compress}[packed](text))
    table = open_table(path)
    assert (table.header, rows_of(table)) == (["a", "b"], [["1", "2"]])


def test_columns_of_the_same_name_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "twice.csv").write_text("a,a\n1,2\n")
    assert rows_of(open_table(tmp_path / "twice.csv")) == [["1", "2"]]


REFUSED = [
    # content, line named, words
    (b"", None, "empty"),
    (b"\n\n", None, "empty"),
    (b"a,b\n1,2\n3,caf\xe9\n", 3, "not UTF-8 text"),
    (b"a,b\n1,2\n3,\xc3", 3, "not UTF-8 text"),
    (b"a,b\n1,\x002\n", 2, "zero byte"),
    (b'a,b\n1,2\n"3,4\n5,6\n', 3, "not readable as CSV"),
    (b'a,b\n1,2\n"3,4\n' + b"5,6\n" * 2_000_000, 3, "not readable as CSV"),
    (gzip.compress(b"a,b\n" + b"1,2\n" * 1000)[:-20], None, "cut off"),
    (b"PAR1 and no more", None, "not readable as Parquet"),
]


@pytest.mark.parametrize(("content", "line", "words"), REFUSED, ids=[f"{at}" for at in range(len(REFUSED))])
def test_files_that_are_refused_with_their_line(tmp_path: Path, content: bytes, line: int | None, words: str) -> None:
    path = tmp_path / ("file.csv.gz" if content[:2] == b"\x1f\x8b" else "file.csv")
    path.write_bytes(content)
    with pytest.raises(InputError) as refused:
        rows_of(open_table(path))
    problem = refused.value.problems[0]
    assert (problem.file, problem.line) == (str(path), line)
    assert words in f"{problem.wrong} {problem.remedy}"


def test_parquet_cut_anywhere_is_refused(tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole.parquet", tmp_path / "cut.parquet"
    parquet.write_table(pa.table({"amount": [f"{n}.00" for n in range(1000)]}), whole)
    content = whole.read_bytes()
    assert len(rows_of(open_table(whole))) == 1000
    for share in range(10):
        cut.write_bytes(content[: len(content) * share // 10])
        with pytest.raises(InputError, match="not readable as Parquet"):
            rows_of(open_table(cut))


def test_parquet_with_a_damaged_page_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "damaged.parquet"
    parquet.write_table(pa.table({"amount": [f"{n * 7919}" for n in range(1000)]}), path, use_dictionary=False)
    content = path.read_bytes()
    path.write_bytes(content[:4] + b"\xff" * 400 + content[404:])
    with pytest.raises(InputError, match="not readable as Parquet"):
        rows_of(open_table(path))
