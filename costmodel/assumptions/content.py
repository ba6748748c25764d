"""What a scenario rests on as plain JSON and back, and in what two of them differ.

A baseline keeps this content, so that it can be run again by later code. Prose (notes, sources) is left out: it moves
no figure, and rewording it must not touch a baseline.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from costmodel.assumptions.catalog import Content
from costmodel.assumptions.decimals import in_full
from costmodel.assumptions.reading import ENTRY_NAMES, Table, label, of_file

PROSE = frozenset({"note", "source", "closed_source", "description"})
MOVES_NOTHING = PROSE | {"title", "name", "read", "basis", "low", "high", "scale_low", "scale_high", "pinned"}
PRICED = ("meter", "rule")  # the parts of a service's file that make the price book
ORDER = "order"
UNSAID = "as the baseline has it"
WIDEST = 100
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
Book = Literal["price book", "scenario"]


@dataclass(frozen=True)
class Difference:
    """One assumption that is not what it was: its dotted path, both values as text (None: not there), and its part."""

    path: str
    before: str | None
    after: str | None
    part: Book

    @property
    def meter(self) -> str | None:
        """`service.meter` of a price or rule of that meter."""
        found = re.match(r"services\.(\w+)\.meter\.(\w+)", self.path)
        return f"{found[1]}.{found[2]}" if found else None


def plain(content: Content) -> dict[str, Any]:
    """The content as JSON has it: decimals in plain notation and dates as strings, no prose.

    order: of tables that hold tables, by path, where it is not the alphabet's. JSON does not keep it, and it matters:
    meters share free units in the order of their file.
    """
    trees = {"scenario": content.scenario, "pipeline": content.pipeline, "services": content.services}
    tree = {name: _plain(tree) for name, tree in trees.items()}
    return tree | {ORDER: dict(_orders(tree, ""))}


def restored(tree: dict[str, Any], name: str, file: str) -> Content:
    """The content that `plain` made of it; faults in it are named as faults of `file`."""
    table = of_file(_restored(tree, tree.get(ORDER, {}), ""), file)
    return Content(name, table["scenario"], table["pipeline"], dict(table["services"]), ())


def digest(tree: dict[str, Any]) -> str:
    """SHA-256 of a plain tree."""
    return hashlib.sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()


def with_prices_of(content: Content, other: Content) -> Content:
    """The content with the meters, prices and billing rules of another; meters the other lacks stay as they are."""
    services = dict(content.services)
    for name in services.keys() & other.services.keys():
        services[name] = _repriced(services[name], other.services[name])
    return Content(content.name, content.scenario, content.pipeline, services, content.overridden)


def with_scenario_value(content: Content, **values: Any) -> Content:
    """The content with top values of its scenario changed, such as `on` and `seed`."""
    old = content.scenario
    place = {key: old.lines.get(key, old.place) for key in values}
    scenario = Table({**old, **values}, old.place, {**old.lines, **place})
    return Content(content.name, scenario, content.pipeline, content.services, content.overridden)


def differences(before: dict[str, Any], after: dict[str, Any]) -> tuple[Difference, ...]:
    """In what two plain contents differ, as far as it can move a figure. The seed is luck, and not among them."""
    found = [*_differences(_unordered(before), _unordered(after), "", ""), *_reordered(before, after)]
    return tuple(
        Difference(path, _shown(old), _shown(new), _part(path)) for path, old, new in found if path != "scenario.seed"
    )


def needs_simulation(found: tuple[Difference, ...]) -> bool:
    """Whether any of the differences can change what happens, and not only what it costs."""
    return any(".price[" not in difference.path for difference in found)


def _part(path: str) -> Book:
    parts = path.split(".")
    return "price book" if parts[0] == "services" and len(parts) > 2 and parts[2].split()[0] in PRICED else "scenario"


def _repriced(old: Table, new: Table) -> Table:
    values, lines = dict(old), dict(old.lines)
    if "meter" in new:
        meters = old.get("meter", Table({}, old.place, {}))
        merged = {**new["meter"], **{key: old for key, old in meters.items() if key not in new["meter"]}}
        values["meter"] = Table(merged, new.place, {key: (new["meter"].lines.get(key) or new.place) for key in merged})
        lines["meter"] = new.lines["meter"]
    if "rule" in new:
        values["rule"], lines["rule"] = new["rule"], new.lines["rule"]
    return Table(values, old.place, lines)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items() if key not in PROSE}
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    if isinstance(value, Decimal):
        return in_full(value)
    return value.isoformat() if isinstance(value, dt.date) else value


def _orders(tree: Any, path: str) -> Iterator[tuple[str, list[str]]]:
    """Path and keys of tables that hold only tables, in another order than the alphabet's."""
    if not isinstance(tree, dict):
        return
    if all(isinstance(inner, dict) for inner in tree.values()) and list(tree) != sorted(tree) and path:
        yield path, list(tree)
    for key, inner in tree.items():
        yield from _orders(inner, f"{path}.{key}".lstrip("."))


def _unordered(tree: dict[str, Any]) -> dict[str, Any]:
    return {key: inner for key, inner in tree.items() if key != ORDER}


def _reordered(before: dict[str, Any], after: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Tables in which the keys that both have stand in another order."""
    for path in sorted(before.get(ORDER, {}).keys() | after.get(ORDER, {}).keys()):
        old, new = (list(_at(tree, path)) for tree in (before, after))
        both = [key for key in old if key in new], [key for key in new if key in old]
        if both[0] != both[1]:
            yield f"{path} (order)", *both


def _at(tree: dict[str, Any], path: str) -> list[str]:
    """The keys of the table at a path, in their order; none where there is no such table."""
    if path in tree.get(ORDER, {}):
        return list(tree[ORDER][path])
    node: Any = tree
    for key in path.split("."):
        node = node.get(key, {}) if isinstance(node, dict) else {}
    return sorted(node)


def _restored(value: Any, order: dict[str, list[str]], path: str) -> Any:
    if isinstance(value, dict):
        keys = order.get(path, list(value))
        tree = {key: _restored(value[key], order, f"{path}.{key}".lstrip(".")) for key in keys}
        return tree | {"source": UNSAID} if "basis" in tree else tree
    if isinstance(value, list):
        return [_restored(entry, {}, "") for entry in value]
    if isinstance(value, str) and _DAY.fullmatch(value):
        return dt.date.fromisoformat(value)
    return value


def _differences(old: Any, new: Any, path: str, key: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted(old.keys() | new.keys()):
            if name not in MOVES_NOTHING:
                yield from _differences(old.get(name), new.get(name), f"{path}.{name}".lstrip("."), name)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _entries(old, new, path, key)
    elif old != new:
        yield path, old, new


def _entries(old: list[Any], new: list[Any], path: str, key: str) -> Iterator[tuple[str, Any, Any]]:
    """Entries of two lists, matched by what names them, else by position."""
    if not all(isinstance(entry, dict) for entry in (*old, *new)):
        if old != new:
            yield path, old, new
        return
    before, after = _labelled(old, key), _labelled(new, key)
    for name in dict.fromkeys([*before, *after]):
        yield from _differences(before.get(name), after.get(name), f"{path}[{name}]", key)


def _labelled(entries: list[dict[str, Any]], key: str) -> dict[str, Any]:
    names = [[label(entry[k]) for k in ENTRY_NAMES.get(key, ("name",)) if k in entry] for entry in entries]
    labels = [" ".join(parts) for parts in names]
    if not all(labels) or len(set(labels)) < len(labels):
        labels = [str(number) for number in range(len(entries))]
    return dict(zip(labels, entries, strict=True))


def _shown(value: Any) -> str | None:
    """A value as text, on one line."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
