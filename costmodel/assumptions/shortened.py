"""How a month is simulated for a shorter time than it lasts."""

from __future__ import annotations

from pathlib import Path

from costmodel.assumptions.catalog import load_single
from costmodel.assumptions.checking import check
from costmodel.assumptions.fields import AboveZero, Record

FILE = "shortened.toml"


class Shortened(Record):
    """warm_up_minutes: simulated before the shortened month, so that environments are warm when it begins."""

    warm_up_minutes: AboveZero


def load_shortened(data: Path | None = None) -> Shortened:
    """The shipped file with the user's laid over it. Raises InputError."""
    return check(Shortened, load_single(FILE, data))
