"""How a month is simulated for a shorter time than it lasts."""

from __future__ import annotations

from pathlib import Path

from costmodel.assumptions.catalog import data_dir
from costmodel.assumptions.checking import check
from costmodel.assumptions.fields import AboveZero, Record
from costmodel.assumptions.reading import overlay, read_toml

FILE = "shortened.toml"


class Shortened(Record):
    """warm_up_minutes: simulated before the shortened month, so that environments are warm when it begins."""

    warm_up_minutes: AboveZero


def load_shortened(data: Path | None = None) -> Shortened:
    """The shipped file with the user's laid over it. Raises InputError."""
    table = read_toml(data_dir() / FILE)
    if data is not None and (data / FILE).is_file():
        table, _ = overlay(table, read_toml(data / FILE))
    return check(Shortened, table)
