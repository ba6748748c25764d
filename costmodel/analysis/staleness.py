"""How old the sources are: every figure of a service whose source nobody has read for a while."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from costmodel.assumptions.fields import Record, Sourced
from costmodel.assumptions.service import Service


@dataclass(frozen=True)
class OldSource:
    """A figure by its dotted key, and when its source was last read."""

    key: str
    read: dt.date
    age_days: int
    basis: str
    source: str


def old_sources(services: Mapping[str, Service], *, on: dt.date, older_than_days: int) -> list[OldSource]:
    """Every sourced figure read more than so many days before `on`, the oldest first."""
    found = [
        OldSource(key, record.read, (on - record.read).days, record.basis, record.source)
        for name, service in services.items()
        for key, record in _sourced(service, name)
        if (on - record.read).days > older_than_days
    ]
    return sorted(found, key=lambda each: (each.read, each.key))


def _sourced(value: Any, key: str) -> Iterator[tuple[str, Sourced]]:
    if isinstance(value, Sourced):
        yield key, value
    if isinstance(value, Record):
        for name in type(value).model_fields:
            yield from _sourced(getattr(value, name), f"{key}.{name}")
    elif isinstance(value, dict):
        for name, entry in value.items():
            yield from _sourced(entry, f"{key}.{name}")
    elif isinstance(value, tuple):
        for index, entry in enumerate(value):
            yield from _sourced(entry, f"{key}[{_label(entry, index)}]")


def _label(entry: Any, index: int) -> str:
    """What tells an entry of a list from the others: its operation, its name or the day it holds from."""
    words = [getattr(entry, name, None) for name in ("operation", "name", "from_", "plan")]
    said = [str(word) for word in words if word is not None and word != "list"]
    return " ".join(said) or str(index)
