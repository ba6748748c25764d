"""The rows of a usage file (CSV, TOML or JSON) as they stand in it, each with its place."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from costmodel.assumptions.bounded import read_bounded
from costmodel.assumptions.checking import nearest
from costmodel.assumptions.reading import Table, read_toml
from costmodel.errors import InputError, Problem

COLUMNS = (
    "service", "meter", "quantity", "unit", "calls", "size_kb", "duration_ms", "memory_mb", "amount_cents", "currency",
    "surcharges", "region", "hours",
)  # fmt: skip
MOST_BYTES = 2**28  # of TOML and JSON, which are held in memory
Place = tuple[str, int | None]
Row = tuple[dict[str, Any], Place]


def read_rows(path: Path) -> Iterator[Row | Problem]:
    """The usable rows, empty cells left out; and what is wrong with the others. CSV is read as it is asked for.

    Raises InputError where the file as a whole cannot be read: suffix, encoding, syntax, header, no rows.
    """
    readers = {".csv": _csv_rows, ".toml": _toml_rows, ".json": _json_rows}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise refuse(path, None, f"`{path.suffix}` is no usage file", "give a .csv, .toml or .json file")
    number = 0
    for number, found in enumerate(reader(path), 1):  # noqa: B007
        yield found
    if not number:
        raise refuse(path, None, "holds no usage row", "add a row with service, meter and quantity")


def refuse(path: Path, line: int | None, wrong: str, remedy: str) -> InputError:
    """An InputError about the file as a whole."""
    return InputError(Problem(str(path), line, "", wrong, remedy))


def _text(path: Path) -> str:
    content = read_bounded(path, MOST_BYTES, "sum the rows by service and meter first")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _not_utf8(path) from None
    if not text.strip():
        raise _empty(path)
    return text


def _not_readable(path: Path, error: OSError) -> InputError:
    return refuse(path, None, f"cannot be read ({error.strerror})", "check the path and its permissions")


def _empty(path: Path) -> InputError:
    return refuse(path, None, "is empty", f"begin with the header `{','.join(COLUMNS[:3])}` and give rows")


def _not_utf8(path: Path) -> InputError:
    """Names the first line that is no UTF-8."""
    line = 0
    with path.open("rb") as stream:
        for line, raw in enumerate(stream, 1):  # noqa: B007
            try:
                raw.decode()
            except UnicodeDecodeError:
                break
    return refuse(path, line, "not UTF-8 text", "save the file as UTF-8")


def _unknown(names: list[str], place: Place) -> list[Problem]:
    return [
        Problem(*place, name[:60], "unknown column", f"remove it; {nearest(name[:60], COLUMNS)}")
        for name in names if name not in COLUMNS
    ]  # fmt: skip


# --- CSV -------------------------------------------------------------------------------------------------


def _csv_rows(path: Path) -> Iterator[Row | Problem]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            yield from _csv_records(csv.reader(stream, strict=True), path)
    except UnicodeDecodeError:
        raise _not_utf8(path) from None
    except OSError as error:
        raise _not_readable(path, error) from None


def _csv_records(reader: Any, path: Path) -> Iterator[Row | Problem]:
    file = str(path)
    try:
        header = [cell.strip() for cell in next(reader, [])]
        if not any(header) and not any(cell.strip() for cells in reader for cell in cells):
            raise _empty(path)
        _check_header(header, path)
        begins = reader.line_num + 1  # a quoted cell may go over several lines
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield _csv_row(header, cells, (file, begins))
            begins = reader.line_num + 1
    except csv.Error as error:
        raise refuse(path, reader.line_num, f"not valid CSV ({error})", "correct the quoting of this line") from None


def _check_header(header: list[str], path: Path) -> None:
    place = (str(path), 1)
    problems = _unknown(header, place)
    problems += [Problem(*place, name, "column given twice", "remove one")
                 for name in COLUMNS if header.count(name) > 1]  # fmt: skip
    problems += [Problem(*place, name, "column is missing", f"begin with a header such as `{','.join(COLUMNS)}`")
                 for name in ("service", "meter") if name not in header]  # fmt: skip
    if problems:
        raise InputError(problems)


def _csv_row(header: list[str], cells: list[str], place: Place) -> Row | Problem:
    if len(cells) != len(header):
        return Problem(*place, "", f"{len(cells)} fields where the header has {len(header)}",
                       "give as many as the header names; quote a cell that contains a comma")  # fmt: skip
    return {name: text for name, cell in zip(header, cells, strict=True) if (text := cell.strip())}, place


# --- TOML ------------------------------------------------------------------------------------------------


def _toml_rows(path: Path) -> Iterator[Row | Problem]:
    table = read_toml(path)
    for key in table:
        if key != "usage":
            yield Problem(*table.lines[key], key, "unknown key", "write each row as a [[usage]] table")
    rows = table.get("usage", [])
    entries = rows if isinstance(rows, list) else [rows]
    for entry in entries:
        yield from _entry(entry, entry.place if isinstance(entry, Table) else table.lines["usage"])


def _entry(entry: Any, place: Place) -> Iterator[Row | Problem]:
    """One table of a TOML or JSON file: a row, or what is wrong with it."""
    if not isinstance(entry, dict):
        yield Problem(*place, "usage", f"a row must be a table (given: {str(entry)[:60]})",
                      "give service, meter and quantity by name")  # fmt: skip
        return
    unknown = _unknown(list(entry), place)
    yield from unknown
    if not unknown:
        yield {name: value for name, value in entry.items() if value not in ("", None)}, place


# --- JSON ------------------------------------------------------------------------------------------------


def _json_rows(path: Path) -> Iterator[Row | Problem]:
    text = _text(path)
    try:
        found = list(_located(text))
    except json.JSONDecodeError as error:
        raise refuse(path, error.lineno, f"not valid JSON ({error.msg})", "correct the syntax at this line") from None
    except (RecursionError, ValueError, ArithmeticError) as error:
        raise refuse(path, None, f"not readable as JSON ({error})", "simplify or correct the value") from None
    at, line = 0, 1
    for entry, position in found:
        line += text.count("\n", at, position)
        at = position
        yield from _entry(entry, (str(path), line))


def _located(text: str) -> Iterator[tuple[Any, int]]:
    """(entry, offset) of each entry of a JSON list, or of the list under the key `usage`."""
    decoder = json.JSONDecoder(parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_no_duplicates)
    whole = decoder.decode(text)
    if not isinstance(whole, list) and not (isinstance(whole, dict) and list(whole) == ["usage"]):
        raise ValueError('give a list of rows, or {"usage": [rows]}')
    rows = whole if isinstance(whole, list) else whole["usage"]
    if not isinstance(rows, list):
        raise ValueError("`usage` must be a list of rows")
    at = text.index("[")
    for _ in rows:
        at = _next_value(text, at + 1)
        entry, end = decoder.raw_decode(text, at)
        yield entry, at
        at = _next_value(text, end)


def _next_value(text: str, at: int) -> int:
    while text[at].isspace():
        at += 1
    return at


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"`{next(name for name in names if names.count(name) > 1)[:60]}` is given twice in one table")
    return table
