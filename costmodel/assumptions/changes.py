"""Change single assumptions by their path: `workload.payments_per_month=5000`, `services.ach.debit_entries.price`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from costmodel.assumptions.checking import nearest
from costmodel.assumptions.paths import entry_named, nearest_paths, paths
from costmodel.assumptions.reading import Place, Table, located
from costmodel.assumptions.scenario import Scenario
from costmodel.errors import InputError, Problem

FEE_TERMS = ("percent", "fixed_usd", "minimum_usd", "maximum_usd")


@dataclass(frozen=True)
class Change:
    """One assumption set to a value: `path` is dotted, `value` plain TOML (int, Decimal, str, bool, date, list, table).

    place: the file and line that ask for it; None for the command line and Python.
    """

    path: str
    value: Any
    place: Place | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return f"{self.path}={self.value}"

    @property
    def located(self) -> Place:
        """Where an error in it is to be mended; line 0 stands for none."""
        return self.place or (f"--set {self}", 0)


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
    """Copies of the three trees with the changes made. Raises InputError with every path that does not exist."""
    if not changes:
        return scenario, pipeline, services
    known = scenario, pipeline, services
    services, problems = dict(services), list[Problem]()
    if any(not change.path.startswith(("pipeline.", "services.")) for change in changes):
        scenario = scenario.copied()
    if any(change.path.startswith("pipeline.") for change in changes):
        pipeline = pipeline.copied()
    for name in {change.path.split(".")[1] for change in changes if change.path.startswith("services.")}:
        if name in services:
            services[name] = services[name].copied()
    for change in changes:
        try:
            _apply(scenario, pipeline, services, change)
        except _NoPathError as missed:
            remedy = nearest_paths(change.path, paths(*known)) or missed.remedy
            problems.append(_problem(change, f"no assumption has this path (at `{missed.key}`)", remedy))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return scenario, pipeline, services


def _apply(scenario: Table, pipeline: Table, services: dict[str, Table], change: Change) -> None:
    head, _, rest = change.path.partition(".")
    if head == "pipeline" and rest:
        _set(pipeline, rest.split("."), change)
    elif head == "services" and rest:
        _set_service(services, rest.split("."), change, scenario)
    elif head in scenario or head in Scenario.model_fields:
        _set(scenario, change.path.split("."), change)
    else:
        raise _no_path(head, scenario)


def _set_service(services: dict[str, Table], keys: list[str], change: Change, scenario: Table) -> None:
    if keys[0] not in services:
        raise _no_path(keys[0], services)
    service, rest = services[keys[0]], keys[1:]
    if not rest:
        raise _no_path(keys[0], service)
    if rest and rest[0] in service.get("meter", {}):
        rest = ["meter", *rest]
    if len(rest) == 3 and rest[0] == "meter" and rest[2] == "price":
        _set_price(service["meter"].get(rest[1], {}), change, scenario)
    elif len(rest) == 3 and rest[0] == "meter" and rest[2] in FEE_TERMS:
        _set_fee_term(service["meter"].get(rest[1], {}), rest[2], change, scenario)
    else:
        _set(service, rest, change)


def _set_fee_term(meter: Table, term: str, change: Change, scenario: Table) -> None:
    """Set one term of a fee, under whichever plan it is charged: in the entry of each that is in force."""
    entries = [price for price in _in_force(meter, change, scenario) if "tiers" not in price]
    if not entries:
        raise _refuse(change, "this meter is no fee per payment", f"set its `price` instead of `{term}`")
    for plan in {price.get("plan") for price in entries}:
        last = max((price for price in entries if price.get("plan") == plan), key=lambda price: str(price["from"]))
        last[term] = change.value
        last.lines[term] = (f"--set {change}", 0)


def _in_force(meter: Table, change: Change, scenario: Table) -> list[Table]:
    """The prices that had begun by the scenario's date."""
    entries = [price for price in meter.get("price", []) if str(price.get("from")) <= str(scenario.get("on"))]
    if not entries:
        raise _refuse(change, "no price is in force at the scenario's date", "choose a meter that has one")
    return entries


def _set_price(meter: Table, change: Change, scenario: Table) -> None:
    """Set the list price in force: every tier of it, or the fixed part of a fee, to the value given, per unit."""
    entries = _in_force(meter, change, scenario)
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
        at = entry_named(node, key) if isinstance(node, list) else None
        if at is not None:
            node = node[at]
        elif isinstance(node, Table) and key in node:
            node = node[key]
        else:
            raise _no_path(key, node)
    if isinstance(node, list):
        _set_entry(node, keys[-1], change)
        return
    if not isinstance(node, Table) or not keys[-1]:
        raise _no_path(keys[-1], node)
    if keys[-1] == "value" and "unit" in node:
        _set_quantity(node, change)
        return
    old = node.get(keys[-1])
    if isinstance(old, Table) and "value" in old and not isinstance(change.value, dict):
        _set_quantity(old, change)
    else:
        node[keys[-1]] = located(change.value, change.located)
        node.lines[keys[-1]] = change.located


def _set_entry(entries: list[Any], key: str, change: Change) -> None:
    """Put a whole entry in the place of the one so called, or behind the last; it gets that name."""
    at = entry_named(entries, key)
    if not isinstance(change.value, dict) or (at is None and key.isdigit()):
        raise _no_path(key, entries)
    named = {} if key.isdigit() or "operation" in change.value else {"name": key}
    entry = located(named | change.value, change.located)
    if at is None:
        entries.append(entry)
    else:
        entries[at] = entry


def _set_quantity(quantity: Table, change: Change) -> None:
    """A figure with a range: the range widens to hold the new value."""
    quantity["value"] = change.value
    quantity.lines["value"] = change.located
    new = _finite(change.value)
    for key, widen in (("low", min), ("high", max)):
        old = _finite(quantity.get(key))
        if old is not None and new is not None:
            quantity[key] = widen(old, new)


def _finite(value: Any) -> Decimal | None:
    """The number that a figure is, however it is written; None for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        return None
    try:
        number = Decimal(value)
    except ArithmeticError:
        return None
    return number if number.is_finite() else None


class _NoPathError(Exception):
    """A path leads nowhere from this key on."""

    def __init__(self, key: str, remedy: str) -> None:
        super().__init__(key)
        self.key, self.remedy = key, remedy


def _no_path(key: str, node: Any) -> _NoPathError:
    return _NoPathError(key, nearest(key, map(str, node if isinstance(node, dict) else ())))


def _refuse(change: Change, wrong: str, remedy: str) -> InputError:
    return InputError(_problem(change, wrong, remedy))


def _problem(change: Change, wrong: str, remedy: str) -> Problem:
    file, line = change.located
    return Problem(file, line or None, change.path, wrong, remedy)
