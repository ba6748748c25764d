"""Read a file of levers and check that everything it names is there and every formula has a value."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from costmodel.analysis.expressions import evaluate, repeated, where_of
from costmodel.analysis.perimeter_files import read_perimeters
from costmodel.analysis.perimeters import input_values
from costmodel.assumptions.catalog import load_table
from costmodel.assumptions.checking import check, nearest
from costmodel.assumptions.lever import Levers
from costmodel.assumptions.perimeter import Perimeters
from costmodel.assumptions.reading import Table
from costmodel.errors import InputError, Problem

X = "x"  # what a lever's formulas call the value it is moved to


def read_levers(name: str = "seed", data: Path | None = None) -> tuple[Levers, Perimeters]:
    """The levers of that name (or path) and the perimeters they move.

    Raises InputError with every problem of the file, its formulas and references included.
    """
    table, _ = load_table("levers", name, data)
    file = check(Levers, table)
    perimeters, _ = read_perimeters(file.perimeters, data)
    problems = [*_problems(file, perimeters, table)]
    if problems:
        raise InputError(problems)
    return file, perimeters


def lever_values(file: Levers, perimeters: Perimeters, x: Decimal) -> dict[str, Decimal]:
    """What the formulas of a lever at `x` know: the perimeters' inputs, the further figures, and x itself."""
    figures = {name: figure.value for name, figure in file.figures.items()}
    return input_values(perimeters.inputs, "value") | figures | {X: x}


def _problems(file: Levers, perimeters: Perimeters, table: Table) -> Iterator[Problem]:
    yield from repeated([lever.id for lever in file.lever], "lever", table)
    for index, lever in enumerate(file.lever):
        values = lever_values(file, perimeters, lever.high)
        for name, formula in lever.inputs.items():
            if name not in perimeters.inputs:
                where = where_of(table, ("lever", index, "inputs", name))
                wrong = f"no such input of the perimeters: `{name}`"
                yield Problem(where.file, where.line, where.key, wrong, nearest(name, perimeters.inputs))
            yield from _formula_problems(formula, values, table, ("lever", index, "inputs", name))
        if lever.own is not None:
            yield from _formula_problems(lever.own, values, table, ("lever", index, "own"))
    for index, cause in enumerate(file.cause):
        for number, term in enumerate(cause.terms):
            if term not in perimeters.term:
                where = where_of(table, ("cause", index, "terms", number))
                yield Problem(where.file, where.line, where.key, f"no such term: `{term}`",
                              nearest(term, perimeters.term))  # fmt: skip


def _formula_problems(
    formula: str, values: dict[str, Decimal], table: Table, loc: tuple[str | int, ...]
) -> Iterator[Problem]:
    try:
        evaluate(formula, values, where_of(table, loc))
    except InputError as error:
        yield from error.problems
