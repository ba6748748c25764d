"""What follows from a table that nobody changes is worked out once: its record, its digest, an overlay.

Tables read from files are shared by all who read the same file, and a change is made on a copy; so a table is known by
its identity, and a hundred scenarios that differ in one price check one service each.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeVar, cast

from pydantic import BaseModel

from costmodel.assumptions.checking import check
from costmodel.assumptions.reading import FILES_KEPT, Table, overlay

Model = TypeVar("Model", bound=BaseModel)


class Same:
    """A thing known by its identity; it is kept alive as long as this is."""

    __slots__ = ("thing",)

    def __init__(self, thing: Any) -> None:
        self.thing = thing

    def __hash__(self) -> int:
        return id(self.thing)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.thing is self.thing


def checked(model: type[Model], table: Table) -> Model:
    """`check` of a table that nobody changes any more: the same record each time. Raises InputError as it does."""
    return cast(Model, _checked(model, Same(table)))


@lru_cache(maxsize=FILES_KEPT)
def _checked(model: type[BaseModel], table: Same) -> BaseModel:
    return check(model, table.thing)


def laid_over(base: Table, top: Table) -> tuple[Table, list[str]]:
    """`overlay` of two tables that nobody changes any more: the same table each time."""
    return _laid_over(Same(base), Same(top))


@lru_cache(maxsize=FILES_KEPT)
def _laid_over(base: Same, top: Same) -> tuple[Table, list[str]]:
    return overlay(base.thing, top.thing)


def digest(trees: Mapping[str, Table]) -> str:
    """SHA-256 of some tables by name: of what they say, not of how it is laid out."""
    parts = [[name, _digest(Same(table))] for name, table in sorted(trees.items())]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@lru_cache(maxsize=FILES_KEPT)
def _digest(table: Same) -> str:
    text = json.dumps(table.thing, sort_keys=True, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> str:
    return format(value.normalize(), "f") if isinstance(value, Decimal) else str(value)
