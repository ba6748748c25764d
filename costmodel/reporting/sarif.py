"""SARIF 2.1.0 of the problems of data files, so that CI shows each at its line.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from costmodel import __version__
from costmodel.errors import Problem
from costmodel.reporting.tables import as_json

VERSION = "2.1.0"
SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
RULE = "data-file"


def sarif(problems: Iterable[Problem]) -> str:
    """A run with a result for each problem; none for files without a fault."""
    rule = {"id": RULE, "shortDescription": {"text": "A data file of costmodel cannot be used"}}
    driver = {"name": "costmodel", "version": __version__, "rules": [rule]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(problem) for problem in problems],
    }
    return as_json({"$schema": SCHEMA, "version": VERSION, "runs": [run]})


def _result(problem: Problem) -> dict[str, Any]:
    key = f"{problem.key}: " if problem.key else ""
    text = f"{key}{problem.wrong}; {problem.remedy}"
    found: dict[str, Any] = {"ruleId": RULE, "ruleIndex": 0, "level": "error", "message": {"text": text}}
    if Path(problem.file).is_file():
        place: dict[str, Any] = {"artifactLocation": {"uri": _uri(problem.file)}}
        if problem.line:
            place["region"] = {"startLine": problem.line}
        found["locations"] = [{"physicalLocation": place}]
    return found


def _uri(file: str) -> str:
    """The path from here, as CI wants it, for files below; else the file's own address."""
    path, here = Path(file).resolve(), Path.cwd()
    return Path(os.path.relpath(path, here)).as_posix() if path.is_relative_to(here) else path.as_uri()
