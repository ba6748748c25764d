"""Read a file of the what-if panel and check what it names."""

from __future__ import annotations

from pathlib import Path

from costmodel.analysis.claims import read_claims
from costmodel.analysis.growth_files import unknown
from costmodel.analysis.perimeter_files import read_perimeters
from costmodel.assumptions.catalog import load_table
from costmodel.assumptions.checking import check
from costmodel.assumptions.document import Claims
from costmodel.assumptions.panel import PanelFile
from costmodel.assumptions.perimeter import Perimeters
from costmodel.errors import InputError


def read_panel(name: str = "seed", data: Path | None = None) -> tuple[PanelFile, Claims, Perimeters]:
    """The panel file of that name (or path), its claims and perimeters. Raises InputError with every problem."""
    table, _ = load_table("panel", name, data)
    file = check(PanelFile, table)
    claims, perimeters = read_claims(file.claims, data)[0], read_perimeters(file.perimeters, data)[0]
    known = [one.id for one in perimeters.perimeter if one.modelled]
    problems = [
        unknown(table, ("shown", at), "modelled perimeter", word, known)
        for at, word in enumerate(file.shown) if word not in known
    ]  # fmt: skip
    if problems:
        raise InputError(problems)
    return file, claims, perimeters
