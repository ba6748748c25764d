"""Read TOML files so that every key knows the file and line it stands in, and lay one over another."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from costmodel.assumptions.bounded import read_bounded
from costmodel.errors import InputError, Problem

FILES_KEPT = 2**8
MOST_BYTES = 4 * 2**20  # a data file is written by people; anything larger is a mistake or an attack
MOST_DEPTH = 2**6  # of keys within keys: no data file has ten
# So many keys in a row: a thousand of them end Python's own reader of TOML, some of them with a crash.
_KEY = r"""(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*"""
TOO_DEEP = re.compile(rf"(?<![\w-])(?:{_KEY}\.[ \t]*){{{MOST_DEPTH}}}")
Place = tuple[str, int]
Path_ = tuple[str | int, ...]

# Lists whose entries have a name of their own, so that an overlay can address one entry.
ENTRY_NAMES = {
    "latency": ("operation",),
    "quota": ("operation", "scope"),
    "sla": ("covers",),
    "window": ("name",),
    "price": ("from", "regions", "plan"),
    "claim": ("id",),
    "static": ("name",),
    "perimeter": ("id",),
    "variant": ("id",),
    "split": ("id",),
    "option": ("id",),
}


class Table(dict[str, Any]):
    """A TOML table that remembers where it and each of its keys stand."""

    def __init__(self, values: dict[str, Any], place: Place, lines: dict[str, Place]) -> None:
        super().__init__(values)
        self.place = place
        self.lines = lines

    def copied(self) -> Table:
        """A copy that may be changed, with all the tables and lists in it."""
        return Table({key: _copied(value) for key, value in self.items()}, self.place, dict(self.lines))


def _copied(value: Any) -> Any:
    if isinstance(value, Table):
        return value.copied()
    return [_copied(entry) for entry in value] if isinstance(value, list) else value


def located(value: Any, place: Place) -> Any:
    """A value that did not come from a file of its own, all of it at one place."""
    if isinstance(value, dict):
        inner = {key: located(item, place) for key, item in value.items()}
        return Table(inner, place, dict.fromkeys(inner, place))
    return [located(item, place) for item in value] if isinstance(value, list | tuple) else value


def read_toml(path: Path) -> Table:
    """The file's content as a located table; floats are exact `Decimal`s.

    The table is shared by all who read the same file: copy before you change it. Raises InputError (unreadable, too
    large, not UTF-8, not TOML) with the file and, where known, the line.
    """
    try:
        state = path.stat()
    except OSError as error:
        raise _refuse(path, None, f"cannot be read ({error.strerror})", "check the path and its permissions") from None
    except ValueError as error:  # a name that no file can have
        raise _refuse(path, None, f"cannot be read ({error})", "check the name") from None
    return _read_once(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=FILES_KEPT)
def _read_once(path: Path, modified_ns: int, size: int) -> Table:
    """The content of a file as it was at that time and size."""
    text = _read_text(path)
    deep = TOO_DEEP.search(text)
    if deep:
        raise _too_deep(str(path), text.count("\n", 0, deep.start()) + 1)
    try:
        tree = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        line = _line_of(error, text)
        raise _refuse(path, line, f"not valid TOML ({error})", "correct the syntax at this line") from None
    except (RecursionError, ValueError, ArithmeticError) as error:
        raise _refuse(path, None, f"not readable as TOML ({error})", "simplify or correct the value") from None
    return of_file(tree, str(path), dict(_positions(text)))


def of_file(tree: dict[str, Any], file: str, lines: dict[Path_, int] | None = None) -> Table:
    """A tree of plain values as a table of that file; what has no line of its own has that of what holds it."""
    table: Table = _locate(tree, (), file, lines or {}, 1)
    return table


def _read_text(path: Path) -> str:
    content = read_bounded(path, MOST_BYTES, "split it, or check that it is a data file")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise _refuse(path, line, "not UTF-8 text", "save the file as UTF-8") from None


def _refuse(path: Path, line: int | None, wrong: str, remedy: str) -> InputError:
    return InputError(Problem(str(path), line, "", wrong, remedy))


def _too_deep(file: str, line: int) -> InputError:
    wrong = f"keys go more than {MOST_DEPTH} levels deep"
    return InputError(Problem(file, line, "", wrong, "check that this is a data file; none is nested so"))


def _line_of(error: Exception, text: str) -> int:
    """The line a TOML error names, else the last one."""
    found = re.search(r"at line (\d+)", str(error))
    return int(found.group(1)) if found else max(1, len(text.splitlines()))


def _locate(value: Any, path: Path_, file: str, lines: dict[Path_, int], line: int) -> Any:
    line = lines.get(path, line)
    if len(path) > MOST_DEPTH:
        raise _too_deep(file, line)
    if isinstance(value, dict):
        inner = {key: _locate(item, (*path, key), file, lines, line) for key, item in value.items()}
        return Table(inner, (file, line), {key: (file, lines.get((*path, key), line)) for key in value})
    if isinstance(value, list):
        return [_locate(item, (*path, index), file, lines, line) for index, item in enumerate(value)]
    return value


# --- positions, from the concrete syntax tree -------------------------------------------------------------


def _positions(text: str) -> Iterator[tuple[Path_, int]]:
    """(path, line) of every key, table and list entry of a valid TOML text."""
    import tree_sitter
    import tree_sitter_toml

    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_toml.language()))
    counts: dict[Path_, int] = {}
    for node in parser.parse(text.encode()).root_node.named_children:
        if node.type == "pair":
            yield from _pair_positions(node, ())
        elif node.type in ("table", "table_array_element"):
            yield from _table_positions(node, counts)


def _table_positions(node: Any, counts: dict[Path_, int]) -> Iterator[tuple[Path_, int]]:
    header, *pairs = node.named_children
    path = _entered(_key_path(header), counts)
    if node.type == "table_array_element":
        counts[path] = counts.get(path, -1) + 1
        path = (*path, counts[path])
    yield path, _line(node)
    for pair in pairs:
        if pair.type == "pair":
            yield from _pair_positions(pair, path)


def _entered(keys: tuple[str, ...], counts: dict[Path_, int]) -> Path_:
    """The path of a header's keys, stepping into the latest entry of each list of tables on the way."""
    path: Path_ = ()
    for position, key in enumerate(keys):
        path = (*path, key)
        if path in counts and position < len(keys) - 1:
            path = (*path, counts[path])
    return path


def _pair_positions(pair: Any, base: Path_) -> Iterator[tuple[Path_, int]]:
    key, *values = pair.named_children
    path = (*base, *_key_path(key))
    yield path, _line(pair)
    if values:
        yield from _value_positions(values[0], path)


def _value_positions(value: Any, path: Path_) -> Iterator[tuple[Path_, int]]:
    if value.type == "inline_table":
        for pair in value.named_children:
            if pair.type == "pair":
                yield from _pair_positions(pair, path)
    elif value.type == "array":
        entries = [child for child in value.named_children if child.type != "comment"]
        for index, entry in enumerate(entries):
            yield (*path, index), _line(entry)
            yield from _value_positions(entry, (*path, index))


def _key_path(node: Any) -> tuple[str, ...]:
    if node.type == "dotted_key":
        return tuple(part for child in node.named_children for part in _key_path(child))
    return (node.text.decode().strip("\"'"),)


def _line(node: Any) -> int:
    return int(node.start_point[0]) + 1


# --- overlays -------------------------------------------------------------------------------------------


def overlay(base: Table, top: Table, prefix: str = "") -> tuple[Table, list[str]]:
    """`top` laid over `base`, key by key; and the dotted names of the keys it set."""
    merged, lines, named = dict(base), dict(base.lines), []
    for key, value in top.items():
        name = f"{prefix}{key}"
        merged[key], names = _overlaid(key, base.get(key), value, name)
        lines[key] = top.lines[key]
        named += names
    return Table(merged, top.place, lines), named


def _overlaid(key: str, old: Any, new: Any, name: str) -> tuple[Any, list[str]]:
    if isinstance(old, Table) and isinstance(new, Table):
        return overlay(old, new, f"{name}.")
    if key in ENTRY_NAMES and _tables(old) and _tables(new):
        return _overlaid_entries(ENTRY_NAMES[key], old, new, name)
    return new, [name]


def _tables(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(entry, Table) for entry in value)


def label(value: Any) -> str:
    """What names an entry, as text."""
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _overlaid_entries(keys: tuple[str, ...], old: list[Table], new: list[Table], name: str) -> tuple[Any, list[str]]:
    entries, named = list(old), []
    for entry in new:
        entered = f"{name}[{' '.join(label(entry[key]) for key in keys if key in entry)}]"
        same = [i for i, known in enumerate(entries) if [known.get(k) for k in keys] == [entry.get(k) for k in keys]]
        if same:
            entries[same[0]], names = overlay(entries[same[0]], entry, f"{entered}.")
            named += names
        else:
            entries.append(entry)
            named.append(entered)
    if "from" in keys:
        entries.sort(key=lambda entry: str(entry.get("from", "")))
    return entries, named
