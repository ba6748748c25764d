"""Read a file of perimeters and check that everything it names is there and every formula has a value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from costmodel.analysis.expressions import evaluate, repeated, where_of
from costmodel.analysis.perimeters import input_values
from costmodel.assumptions.catalog import load_table
from costmodel.assumptions.checking import check, nearest
from costmodel.assumptions.perimeter import Modelled, Part, Perimeter, Perimeters, Variant
from costmodel.assumptions.reading import FILES_KEPT, Table
from costmodel.assumptions.sharing import Same
from costmodel.errors import InputError, Problem

Loc = tuple[str | int, ...]
Reference = tuple[Loc, str, Iterable[str], str]
SIDES = ("stripe", "own")


def read_perimeters(name: str = "seed", data: Path | None = None) -> tuple[Perimeters, list[str]]:
    """The perimeters file of that name (or path) and the keys that `data` overrode.

    Raises InputError with every problem of the file, those of its formulas and references included.
    """
    table, overridden = load_table("perimeters", name, data)
    return _checked(Same(table)), overridden


@lru_cache(maxsize=FILES_KEPT)
def _checked(same: Same) -> Perimeters:
    table = same.thing
    file = check(Perimeters, table)
    problems = [*_reference_problems(file, table)] or [*_formula_problems(file, table)]
    if problems:
        raise InputError(problems)
    return file


def _formula_problems(file: Perimeters, table: Table) -> Iterator[Problem]:
    """Formulas without a value: at the inputs, else with those that a variant or split changes."""
    base = input_values(file.inputs, "value")
    cases: list[tuple[Loc, Mapping[str, Decimal]]] = [((), {})]
    cases += [((*loc, "inputs"), variant.inputs) for loc, variant in _variants(file) if variant.inputs]
    cases += [(("split", index, "inputs"), split.inputs) for index, split in enumerate(file.split) if split.inputs]
    for loc, changed in cases:
        found = [*_term_problems(file, table, loc, base | dict(changed))]
        yield from found
        if found and not loc:
            return


def _term_problems(file: Perimeters, table: Table, case: Loc, values: Mapping[str, Decimal]) -> Iterator[Problem]:
    for name, line in file.term.items():
        try:
            evaluate(line.formula, values, where_of(table, case or ("term", name, "formula")))
        except InputError as error:
            yield from error.problems


def _reference_problems(file: Perimeters, table: Table) -> Iterator[Problem]:
    for loc, word, known, noun in _references(file):
        if word not in known:
            where = where_of(table, loc)
            yield Problem(where.file, where.line, where.key, f"no such {noun}: `{word}`", nearest(word, known))
    for kind in ("perimeter", "split", "option"):
        yield from repeated([entry.id for entry in getattr(file, kind)], kind, table)


def _references(file: Perimeters) -> Iterator[Reference]:
    """Everything the file names: where, the word, what there is, and what it should be."""
    pool = [*file.term, *file.group]
    yield ("volume",), file.volume, file.inputs, "input"
    for name, terms in file.group.items():
        yield from (((("group", name, i)), word, file.term, "term") for i, word in enumerate(terms))
    for index, perimeter in enumerate(file.perimeter):
        here: Loc = ("perimeter", index)
        yield from _side_references(perimeter, here, pool)
        yield from _modelled_references(file, perimeter.modelled, (*here, "modelled"))
    for loc, variant in _variants(file):
        yield from _side_references(variant, loc, pool)
        yield from (((*loc, "inputs", name), name, file.inputs, "input") for name in variant.inputs)
        yield from _modelled_references(file, variant.modelled, (*loc, "modelled"))
    yield from _split_references(file)
    yield from _option_references(file)


def _variants(file: Perimeters) -> Iterator[tuple[Loc, Variant]]:
    for index, perimeter in enumerate(file.perimeter):
        for number, variant in enumerate(perimeter.variant):
            yield ("perimeter", index, "variant", number), variant


def _side_references(owner: Perimeter | Variant, loc: Loc, pool: list[str]) -> Iterator[Reference]:
    for side in SIDES:
        for index, word in enumerate(getattr(owner, side) or ()):
            yield (*loc, side, index), word, pool, "term or group"


def _modelled_references(file: Perimeters, modelled: Modelled | None, loc: Loc) -> Iterator[Reference]:
    for side in SIDES if modelled else ():
        for index, word in enumerate(getattr(modelled, side).adds):
            yield (*loc, side, "adds", index), word, file.adds, "entry of `adds`"


def _split_references(file: Perimeters) -> Iterator[Reference]:
    for index, split in enumerate(file.split):
        for key in ("fixed", "variable"):
            for number, word in enumerate(getattr(split, key)):
                yield ("split", index, key, number), word, file.term, "term"
        yield from ((("split", index, "inputs", name), name, file.inputs, "input") for name in split.inputs)


def _option_references(file: Perimeters) -> Iterator[Reference]:
    known, options = [*_side_names(file)], [option.id for option in file.option]
    for index, option in enumerate(file.option):
        for key in ("fees", "loaded"):
            yield ("option", index, key), getattr(option, key), known, "side of a perimeter"
        yield from ((("option", index, "against", n), word, options, "option") for n, word in enumerate(option.against))
    parts: list[tuple[Loc, Part]] = [(("saving",), file.saving)] if file.saving else []
    parts += [(("saving_part", index), part) for index, part in enumerate(file.saving_part)]
    for loc, part in parts:
        for key in ("more", "less"):
            yield (*loc, key), getattr(part, key), known, "side of a perimeter"


def _side_names(file: Perimeters) -> Iterator[str]:
    """`perimeter.side` and `perimeter.variant.side` of all that have a document column."""
    for perimeter in file.perimeter:
        for variant in ("", *(f"{known.id}." for known in perimeter.variant)) if perimeter.stripe else ():
            yield from (f"{perimeter.id}.{variant}{side}" for side in SIDES)
