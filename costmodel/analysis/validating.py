"""Check a data file of any kind, with everything it rests on."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from costmodel.analysis.claims import read_claims
from costmodel.analysis.frontier_files import read_frontier
from costmodel.analysis.growth_files import read_growth
from costmodel.analysis.lever_files import read_levers
from costmodel.analysis.panel_files import read_panel
from costmodel.analysis.perimeter_files import read_perimeters
from costmodel.analysis.price_import import load_offer_map
from costmodel.assumptions.baseline_file import is_baseline, read_baseline
from costmodel.assumptions.bill_layouts import Layout, Lines
from costmodel.assumptions.catalog import data_dir, load_assumptions, load_pipeline_table, load_services, load_table
from costmodel.assumptions.checking import check
from costmodel.assumptions.linking import check_links
from costmodel.assumptions.pipeline import Pipeline
from costmodel.assumptions.policy import read_policy
from costmodel.assumptions.reading import read_toml
from costmodel.assumptions.service import Service
from costmodel.billing.usage import read_usage
from costmodel.errors import InputError, Problem

FOLDERS = {
    "services": "service",
    "pipelines": "pipeline",
    "scenarios": "scenario",
    "claims": "claims",
    "perimeters": "perimeters",
    "offers": "offers",
    "actuals": "actuals",
    "levers": "levers",
    "growth": "growth",
    "frontier": "frontier",
    "panel": "panel",
    "policies": "policy",
    "baselines": "baseline",
}
MARKS = {
    "claims": ("claim",),
    "panel": ("card_fees", "effort"),  # which names a perimeter, too
    "perimeters": ("perimeter", "term"),
    "levers": ("lever",),
    "growth": ("growth", "build_engineer_months"),
    "frontier": ("shown", "payments"),
    "scenario": ("workload", "base", "on", "replications"),
    "service": ("provider", "meter"),
    "policy": ("limit", "family_wise_error"),
    "pipeline": ("flows", "handlers", "functions", "region", "instead"),
    "usage": ("usage",),
    "offers": ("product", "prefixes"),
    "actuals": ("recognised_by", "line"),
}


def validate_all(paths: Iterable[Path], data: Path | None = None) -> dict[str, str]:
    """The kind of each file. Raises InputError with the problems of all of them."""
    kinds: dict[str, str] = {}
    problems: list[Problem] = []
    for path in paths:
        try:
            kinds[str(path)] = validate(path, data)
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return kinds


def validate(path: Path, data: Path | None = None) -> str:
    """What kind of file this is. Raises InputError with every problem, each naming the file.

    A file in a folder like the shipped ones and with a shipped file's name (…/services/kms.toml) is checked as it
    will be used, laid over the shipped file; `data` is another folder to lay over.
    """
    try:
        kind = _kind(path)
        if _is_overlay(path):
            _check(kind, path.stem, path.resolve().parent.parent)
        else:
            _check(kind, str(path), data)
    except InputError as error:
        raise InputError(_named(problem, path) for problem in error.problems) from None
    return kind


def _kind(path: Path) -> str:
    """By the folder the file lies in, else by the keys it has."""
    if os.path.isdir(path):  # unlike Path.is_dir, without an error for a name that no file can have
        raise InputError(Problem(str(path), None, "", "is a folder", "name one file"))
    if path.suffix == ".json" and is_baseline(path):
        return "baseline"
    if path.suffix in (".csv", ".json"):
        return "usage"
    folder = path.resolve().parent.name
    if folder in FOLDERS:
        return FOLDERS[folder]
    table = read_toml(path)
    found = [kind for kind, marks in MARKS.items() if any(mark in table for mark in marks)]
    if not found:
        raise InputError(Problem(str(path), 1, "", "none of its keys belongs to any kind of file",
                                 f"begin with one of {', '.join(marks[0] for marks in MARKS.values())}"))  # fmt: skip
    return found[0]


def _is_overlay(path: Path) -> bool:
    """Whether the file would be laid over a shipped one."""
    folder = path.resolve().parent
    shipped = data_dir() / folder.name
    return (
        folder.name in FOLDERS
        and os.path.isfile(shipped / path.name)
        and os.path.isfile(path)
        and not shipped.samefile(folder)
    )


def _check(kind: str, name: str, data: Path | None) -> None:
    if kind == "scenario":
        load_assumptions(name, data=data)
    elif kind == "claims":
        read_claims(name, data)
    elif kind == "policy":
        read_policy(name, data)
    elif kind == "baseline":
        read_baseline(Path(name))
    elif kind == "perimeters":
        read_perimeters(name, data)
    elif kind == "levers":
        read_levers(name, data)
    elif kind == "frontier":
        read_frontier(name, data)
    elif kind == "panel":
        read_panel(name, data)
    elif kind == "growth":
        read_growth(name, data)
    elif kind == "pipeline":
        table = load_pipeline_table(name, data)[0]
        check_links(check(Pipeline, table), load_services(data), None, table)
    elif kind == "offers":
        load_offer_map(name, data)
    elif kind == "actuals":
        table = load_table("actuals", name, data)[0]
        check(Lines if "line" in table else Layout, table)
    elif kind == "service":
        check(Service, load_table("services", name, data)[0])
    else:
        read_usage(name)


def _named(problem: Problem, path: Path) -> Problem:
    """A problem in a file this one rests on also names this one."""
    if path.name in problem.file:
        return problem
    return Problem(problem.file, problem.line, problem.key, f"{problem.wrong} (checking {path.name})", problem.remedy)
