"""The paths by which assumptions are addressed: which exist, which are nearest to a wrong one, which are counts."""

from __future__ import annotations

import difflib
import typing
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from costmodel.assumptions.checking import model_at
from costmodel.assumptions.pipeline import Pipeline
from costmodel.assumptions.reading import Table
from costmodel.assumptions.scenario import Scenario
from costmodel.assumptions.service import Service

NEAREST = 3
ALIKE = 0.5  # of difflib's ratio: less is not worth suggesting
NOT_ASSUMED = frozenset({"source", "read", "basis", "note", "unit", "title", "name", "description", "provider"})


def paths(scenario: Table, pipeline: Table, services: dict[str, Table]) -> list[str]:
    """Every path that `--set` takes and the files hold: a figure with its range counts as one."""
    found = [*_below(scenario, ""), *_below(pipeline, "pipeline.")]
    for name, service in services.items():
        found += _below({key: value for key, value in service.items() if key != "meter"}, f"services.{name}.")
        found += [f"services.{name}.{meter}.price" for meter in service.get("meter", {})]
    return found


def entry_named(entries: list[Any], key: str) -> int | None:
    """Which entry of a list a path means: by its number, or by its name or operation where only one has it."""
    if key.isdigit():
        return int(key) if int(key) < len(entries) else None
    same = [at for at, entry in enumerate(entries) if entry_name(entry) == key]
    return same[0] if len(same) == 1 else None


def entry_name(entry: Any) -> str | None:
    """What an entry of a list is called."""
    return (entry.get("name") or entry.get("operation")) if isinstance(entry, dict) else None


def called(key: Any, child: Any) -> str:
    """How a path goes on to what stands under a key: an entry of a list is called by its name or operation."""
    if isinstance(key, int) and isinstance(child, BaseModel):
        return entry_name({name: getattr(child, name, None) for name in ("name", "operation")}) or str(key)
    return str(key)


def _below(node: Any, prefix: str) -> Iterator[str]:
    for key, value in node.items() if isinstance(node, dict) else _entries(node):
        path = f"{prefix}{key}"
        figure = isinstance(value, dict) and "value" in value and "unit" in value
        tables = isinstance(value, list) and value and all(isinstance(item, dict) for item in value)
        if (isinstance(value, dict) and not figure) or tables:
            yield from _below(value, f"{path}.")
        elif key not in NOT_ASSUMED:
            yield path


def _entries(entries: list[Any]) -> Iterator[tuple[str, Any]]:
    for at, entry in enumerate(entries):
        name = str(entry_name(entry))
        yield (name if entry_named(entries, name) == at else str(at)), entry


def nearest_paths(path: str, known: list[str]) -> str:
    """The known paths closest to `path`, as a question; empty where none is close.

    Those that end as it does come first: mostly it is the beginning that is forgotten.
    """
    same_end = [name for name in known if name.rpartition(".")[2] == path.rpartition(".")[2]]
    close = difflib.get_close_matches(path, same_end, NEAREST, cutoff=0)
    close += [name for name in difflib.get_close_matches(path, known, NEAREST, ALIKE) if name not in close]
    return "did you mean " + " or ".join(f"`{name}`" for name in close[:NEAREST]) + "?" if close else ""


def takes_whole_numbers(path: str) -> bool:
    """Whether the assumption at a path is a count: `workload.payments_per_month`, `…memory_mb`."""
    model, keys = _home(path.split("."))
    inner = model_at(model, tuple(keys[:-1]))
    if inner is None:
        return False
    fields = {field.alias or name: field for name, field in inner.model_fields.items()}
    return keys[-1] in fields and _is_int(fields[keys[-1]].annotation)


def _home(keys: list[str]) -> tuple[type[BaseModel], list[str]]:
    """The record a path starts in, and what is left of the path."""
    if keys[0] == "pipeline" and len(keys) > 1:
        return Pipeline, keys[1:]
    if keys[0] == "services" and len(keys) > 2:
        return Service, keys[2:]
    return Scenario, keys


def _is_int(annotation: Any) -> bool:
    if typing.get_origin(annotation) is typing.Annotated:
        return _is_int(typing.get_args(annotation)[0])
    options = [option for option in typing.get_args(annotation) if option is not type(None)]
    return _is_int(options[0]) if options else annotation is int
