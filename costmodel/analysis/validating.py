"""Check a data file of any kind, with everything it rests on."""

from __future__ import annotations

from pathlib import Path

from costmodel.analysis.claims import read_claims
from costmodel.analysis.perimeter_files import read_perimeters
from costmodel.assumptions.catalog import load_assumptions
from costmodel.assumptions.checking import check
from costmodel.assumptions.pipeline import Pipeline
from costmodel.assumptions.reading import read_toml
from costmodel.assumptions.service import Service
from costmodel.billing.usage import read_usage
from costmodel.errors import InputError, Problem

MARKS = {
    "claims": ("claim",),
    "perimeters": ("perimeter", "term"),
    "scenario": ("workload", "base", "on", "replications"),
    "service": ("provider", "meter"),
    "pipeline": ("flows", "handlers", "functions", "region"),
    "usage": ("usage",),
}


def validate(path: Path, data: Path | None = None) -> str:
    """What kind of file this is. Raises InputError with every problem, each naming the file."""
    try:
        kind = _kind(path)
        _check(kind, path, data)
    except InputError as error:
        raise InputError(_named(problem, path) for problem in error.problems) from None
    return kind


def _kind(path: Path) -> str:
    """By the folder the file lies in, else by the keys it has."""
    if path.suffix != ".toml":
        return "usage"
    table = read_toml(path)
    folder = path.resolve().parent.name.removesuffix("s")
    kinds = {kind.removesuffix("s"): kind for kind in MARKS}
    if folder in kinds:
        return kinds[folder]
    found = [kind for kind, marks in MARKS.items() if any(mark in table for mark in marks)]
    if not found:
        raise InputError(Problem(str(path), 1, "", "none of its keys belongs to any kind of file",
                                 f"begin with one of {', '.join(marks[0] for marks in MARKS.values())}"))  # fmt: skip
    return found[0]


def _check(kind: str, path: Path, data: Path | None) -> None:
    if kind == "scenario":
        load_assumptions(str(path), data=data)
    elif kind == "claims":
        read_claims(str(path), data)
    elif kind == "perimeters":
        read_perimeters(str(path), data)
    elif kind == "usage":
        read_usage(path)
    else:
        check(Service if kind == "service" else Pipeline, read_toml(path))


def _named(problem: Problem, path: Path) -> Problem:
    """A problem in a file this one rests on also names this one."""
    if path.name in problem.file:
        return problem
    return Problem(problem.file, problem.line, problem.key, f"{problem.wrong} (checking {path.name})", problem.remedy)
