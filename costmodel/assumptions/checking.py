"""Turn a located table into a record, or into every problem it has, each with file, line, key and remedy."""

from __future__ import annotations

import difflib
import types
import typing
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from costmodel.assumptions.reading import Table
from costmodel.errors import InputError, Problem

Model = TypeVar("Model", bound=BaseModel)


def check(model: type[Model], table: Table) -> Model:
    """The record in `table`. Raises InputError with all problems at once."""
    try:
        return model.model_validate(table)
    except ValidationError as error:
        raise InputError(_problem(model, table, dict(fault)) for fault in error.errors()) from None


def _problem(model: type[BaseModel], table: Table, fault: dict[str, Any]) -> Problem:
    loc = tuple(part for part in fault["loc"] if part != "[key]")
    file, line = place_of(table, loc)
    key = dotted(loc)
    if fault["type"] == "extra_forbidden":
        return Problem(file, line, key, "unknown key", _nearest(model, loc))
    if fault["type"] == "missing":
        return Problem(file, line, key, "missing", f"add `{loc[-1]} = …` here")
    wrong = str(fault["msg"]).removeprefix("Value error, ")
    given = f" (given: {str(fault['input'])[:60]})" if not isinstance(fault["input"], dict | list) else ""
    return Problem(file, line, key, f"{wrong}{given}", "correct the value")


def dotted(loc: tuple[str | int, ...]) -> str:
    """("price", 2, "from") -> `price[2].from`."""
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".")


def place_of(table: Table, loc: tuple[str | int, ...]) -> tuple[str, int | None]:
    """File and line of the innermost part of `loc` that the file has."""
    place: tuple[str, int] = table.place
    node: Any = table
    for part in loc:
        if isinstance(node, Table) and str(part) in node:
            place, node = node.lines[str(part)], node[str(part)]
        elif isinstance(node, list) and isinstance(part, int) and part < len(node):
            node = node[part]
            place = node.place if isinstance(node, Table) else place
        else:
            break
    if isinstance(node, Table) and "unit" in node and "value" in node:
        place = node.lines["value"]  # a fault of a quantity is a fault of its figure
    return place[0], place[1] or None


def nearest(word: str, known: typing.Iterable[str]) -> str:
    """The known words closest to `word`, as a question, or the list of them."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=3, cutoff=0.5)
    if close:
        return "did you mean " + " or ".join(f"`{name}`" for name in close) + "?"
    return "known here: " + ", ".join(names[:12]) + (" …" if len(names) > 12 else "")


def _nearest(model: type[BaseModel], loc: tuple[str | int, ...]) -> str:
    inner = model_at(model, loc[:-1])
    if inner is None:
        return "remove it"
    known = [field.alias or name for name, field in inner.model_fields.items()]
    return f"remove it; {nearest(str(loc[-1]), known)}"


def model_at(annotation: Any, loc: tuple[str | int, ...]) -> type[BaseModel] | None:
    """The record type that stands at `loc` below `annotation`, following fields, lists and mappings."""
    for part in loc:
        model = _record_in(annotation)
        if model is not None and isinstance(part, str):
            fields = {field.alias or name: field for name, field in model.model_fields.items()}
            annotation = fields[part].annotation if part in fields else None
        else:
            options = typing.get_args(annotation)[-1:] if isinstance(part, str) else _options(annotation)
            annotation = next(iter(options), None)
    return _record_in(annotation)


def _options(annotation: Any) -> list[Any]:
    """What a list or mapping type holds, looking through `| None`."""
    found = []
    for option in typing.get_args(annotation):
        if option in (type(None), Ellipsis):
            continue
        found.append(option)
    if isinstance(annotation, types.UnionType):
        return _options(found[0])
    return found


def _record_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if isinstance(annotation, types.UnionType):
        return next((found for option in typing.get_args(annotation) if (found := _record_in(option))), None)
    return None
