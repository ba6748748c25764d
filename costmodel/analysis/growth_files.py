"""Read a file of growth and check what it names."""

from __future__ import annotations

from pathlib import Path

from costmodel.analysis.perimeter_files import read_perimeters
from costmodel.assumptions.catalog import load_services, load_table, names
from costmodel.assumptions.checking import check, dotted, nearest, place_of
from costmodel.assumptions.growth import GrowthFile
from costmodel.assumptions.perimeter import Perimeters
from costmodel.assumptions.reading import Table
from costmodel.errors import InputError, Problem


def read_growth(name: str = "seed", data: Path | None = None) -> tuple[GrowthFile, Perimeters]:
    """The growth file of that name (or path) and its perimeters. Raises InputError with every problem of the file."""
    table, _ = load_table("growth", name, data)
    file = check(GrowthFile, table)
    perimeters, _ = read_perimeters(file.perimeters, data)
    problems = []
    for index, pipeline in enumerate(file.built):
        if pipeline not in names("pipelines", data):
            problems.append(unknown(table, ("built", index), "pipeline", pipeline, names("pipelines", data)))
    services = load_services(data)
    service, meter = file.build_meter.service, file.build_meter.meter
    if service not in services:
        problems.append(unknown(table, ("build_meter", "service"), "service", service, [*services]))
    elif meter not in services[service].meter:
        problems.append(unknown(table, ("build_meter", "meter"), "meter", meter, [*services[service].meter]))
    if problems:
        raise InputError(problems)
    return file, perimeters


def unknown(table: Table, loc: tuple[str | int, ...], noun: str, word: str, known: list[str]) -> Problem:
    """The problem of a word at `loc` that names nothing known."""
    return Problem(*place_of(table, loc), dotted(loc), f"no such {noun}: `{word}`", nearest(word, known))
