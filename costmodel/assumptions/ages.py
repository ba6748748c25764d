"""How old the sources are: the day each figure was last compared with where it comes from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from costmodel.assumptions.catalog import Content
from costmodel.assumptions.checking import dotted
from costmodel.assumptions.reading import Place, Table


@dataclass(frozen=True, order=True)
class Source:
    """A sourced figure: the day it was read, where that stands, and what it is about."""

    read: dt.date
    file: str
    line: int
    key: str


def sources(content: Content) -> list[Source]:
    """Every figure with a `read` date, the oldest first."""
    trees = {"scenario": content.scenario, "pipeline": content.pipeline, **content.services}
    return sorted({source for name, tree in trees.items() for source in _sources(tree, (name,), tree.place)})


def older_than(found: list[Source], days: int, today: dt.date) -> list[Source]:
    """Those read more than so many days ago, the oldest first."""
    return [source for source in found if (today - source.read).days > days]


def _sources(node: Any, loc: tuple[str | int, ...], place: Place) -> Iterator[Source]:
    if isinstance(node, Table):
        read = node.get("read")
        if isinstance(read, dt.date):
            file, line = node.lines.get("read", place)
            yield Source(read, file, line, dotted(loc))
        for key, value in node.items():
            yield from _sources(value, (*loc, key), node.lines.get(key, place))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _sources(value, (*loc, index), place)
