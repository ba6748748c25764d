"""Change single assumptions by their path: `workload.payments_per_month=5000`, `services.ach.debit_entries.price`."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from costmodel.assumptions.checking import nearest
from costmodel.assumptions.reading import Table
from costmodel.errors import InputError, Problem


@dataclass(frozen=True)
class Change:
    """One assumption set to a value: `path` is dotted, `value` plain TOML (int, Decimal, str, bool, date, list)."""

    path: str
    value: Any

    def __str__(self) -> str:
        return f"{self.path}={self.value}"


def parse_change(text: str) -> Change:
    """`PATH=VALUE` from a command line; the value is read as TOML, and as a plain word where that fails."""
    path, equals, value = text.partition("=")
    if not equals or not path.strip():
        raise InputError(Problem(f"--set {text}", None, "", "not PATH=VALUE", "write e.g. on=2026-01-01"))
    try:
        return Change(path.strip(), tomllib.loads(f"value = {value}", parse_float=Decimal)["value"])
    except (tomllib.TOMLDecodeError, ValueError, RecursionError):
        return Change(path.strip(), value.strip())


def changes_from(values: Mapping[str, Any] | None) -> tuple[Change, ...]:
    """Changes from a Python mapping of path to value; floats are taken by their shortest decimal form."""
    return tuple(
        Change(path, Decimal(repr(value)) if isinstance(value, float) else value)
        for path, value in (values or {}).items()
    )


def apply_changes(
    scenario: Table, pipeline: Table, services: dict[str, Table], changes: tuple[Change, ...]
) -> tuple[Table, Table, dict[str, Table]]:
    """Copies of the three trees with the changes made. Raises InputError for a path that does not exist."""
    if not changes:
        return scenario, pipeline, services
    scenario, services = copy.deepcopy(scenario), dict(services)
    if any(change.path.startswith("pipeline.") for change in changes):
        pipeline = copy.deepcopy(pipeline)
    for name in {change.path.split(".")[1] for change in changes if change.path.startswith("services.")}:
        if name in services:
            services[name] = copy.deepcopy(services[name])
    for change in changes:
        head, _, rest = change.path.partition(".")
        if head == "pipeline" and rest:
            _set(pipeline, rest.split("."), change)
        elif head == "services" and rest:
            _set_service(services, rest.split("."), change, scenario)
        else:
            _set(scenario, change.path.split("."), change)
    return scenario, pipeline, services


def _set_service(services: dict[str, Table], keys: list[str], change: Change, scenario: Table) -> None:
    if keys[0] not in services:
        raise _no_path(change, keys[0], services)
    service, rest = services[keys[0]], keys[1:]
    if rest and rest[0] in service.get("meter", {}):
        rest = ["meter", *rest]
    if len(rest) == 3 and rest[0] == "meter" and rest[2] == "price":
        _set_price(service["meter"].get(rest[1], {}), change, scenario)
    else:
        _set(service, rest, change)


def _set_price(meter: Table, change: Change, scenario: Table) -> None:
    """Set the list price in force: every tier of it, or the fixed part of a fee, to the value given, per unit."""
    entries = [price for price in meter.get("price", []) if str(price.get("from")) <= str(scenario.get("on"))]
    if not entries:
        raise _refuse(change, "no price is in force at the scenario's date", "choose a meter that has one")
    last = max(str(price["from"]) for price in entries)
    for price in (entry for entry in entries if str(entry["from"]) == last):
        key, value = ("tiers", [{"above": 0, "usd": change.value}]) if "tiers" in price else ("fixed_usd", change.value)
        price[key] = value
        price["per"] = 1
        price.setdefault("scale_low", 1)
        price.setdefault("scale_high", 1)


def _set(tree: Table, keys: list[str], change: Change) -> None:
    node: Any = tree
    for key in keys[:-1]:
        if isinstance(node, list) and key.isdigit() and int(key) < len(node):
            node = node[int(key)]
        elif isinstance(node, Table) and key in node:
            node = node[key]
        else:
            raise _no_path(change, key, node)
    if not isinstance(node, Table) or not keys[-1]:
        raise _no_path(change, keys[-1], node)
    if keys[-1] == "value" and "unit" in node:
        _set_quantity(node, change)
        return
    old = node.get(keys[-1])
    if isinstance(old, Table) and "value" in old and not isinstance(change.value, dict):
        _set_quantity(old, change)
    else:
        node[keys[-1]] = change.value
        node.lines[keys[-1]] = (f"--set {change}", 0)


def _set_quantity(quantity: Table, change: Change) -> None:
    """A figure with a range: the range widens to hold the new value."""
    quantity["value"] = change.value
    quantity.lines["value"] = (f"--set {change}", 0)
    for key, widen in (("low", min), ("high", max)):
        if key in quantity and isinstance(change.value, int | Decimal):
            quantity[key] = widen(_number(quantity[key], change.value), change.value)


def _number(edge: Any, instead: int | Decimal) -> int | Decimal:
    """The edge of a range, which a file may give as text; the new value where it is no number."""
    try:
        return Decimal(str(edge))
    except ArithmeticError:
        return instead


def _no_path(change: Change, key: str, node: Any) -> InputError:
    known = list(node) if isinstance(node, dict) else []
    return _refuse(change, f"no assumption has this path (at `{key}`)", nearest(key, map(str, known)))


def _refuse(change: Change, wrong: str, remedy: str) -> InputError:
    return InputError(Problem(f"--set {change}", None, change.path, wrong, remedy))
