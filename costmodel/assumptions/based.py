"""A pipeline that rests on another: what it says is laid over its base, whose services go by other names in it.

base = "stripe"                  the pipeline below
instead = { stripe = "adyen" }   every call, line and plan of the base's service is this service's here
without = ["static", "each"]     parts of the base (by dotted path) that are not in this one
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from costmodel.assumptions.checking import nearest
from costmodel.assumptions.reading import Table, overlay
from costmodel.errors import InputError, Problem

WORDS = ("base", "instead", "without")


def on_base(above: Table, below: Table) -> Table:
    """`above` on its base: the base renamed, without what is left out, and `above` laid over it.

    Raises InputError for a part to leave out that the base has not, and for `instead` that is no table of words.
    """
    instead, without = above.get("instead", {}), above.get("without", [])
    if not isinstance(instead, dict) or not all(isinstance(name, str) for name in instead.values()):
        raise _refuse(above, "instead", "must give a service for each of the base's", 'write { stripe = "adyen" }')
    if not isinstance(without, list):
        raise _refuse(above, "without", "must be a list of dotted paths", 'write ["static", "each"]')
    renamed = _renamed(below, instead)
    for path in without:
        renamed = _left_out(renamed, str(path).split("."), above, str(path))
    said = Table({key: value for key, value in above.items() if key not in WORDS}, above.place, above.lines)
    return overlay(renamed, said)[0]


def _renamed(value: Any, names: Mapping[str, str], key: str = "") -> Any:
    """The same with other services in the places where a pipeline names one."""
    if isinstance(value, Table):
        entries = {names.get(k, k) if key == "plans" else k: _renamed(v, names, k) for k, v in value.items()}
        return Table(entries, value.place, {names.get(k, k): place for k, place in value.lines.items()} | value.lines)
    if isinstance(value, list):
        return [_renamed(item, names, key) for item in value]
    if key in ("service", "serial_path") and isinstance(value, str):
        return names.get(value, value)
    if key == "call" and isinstance(value, str):
        service, dot, operation = value.partition(".")
        return f"{names.get(service, service)}{dot}{operation}"
    return value


def _left_out(table: Table, keys: list[str], above: Table, path: str) -> Table:
    if keys[0] not in table or (len(keys) > 1 and not isinstance(table[keys[0]], Table)):
        raise _refuse(above, "without", f"the base has no `{path}`", nearest(keys[0], map(str, table)))
    rest = dict(table)
    if len(keys) == 1:
        del rest[keys[0]]
    else:
        rest[keys[0]] = _left_out(table[keys[0]], keys[1:], above, path)
    return Table(rest, table.place, table.lines)


def _refuse(table: Table, key: str, wrong: str, remedy: str) -> InputError:
    return InputError(Problem(*table.lines[key], key, wrong, remedy))
