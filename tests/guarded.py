"""What the tests of `baseline` and `diff` share: a small month with its baseline, and a copy of the repository."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from costmodel.cli.main import main

ROOT = Path(__file__).resolve().parent.parent
ENGINE = ("--engine", "reference", "--quiet")
Answer = tuple[int, str, str]
Cli = Callable[..., Answer]

SMALL = """title = "A small month of the shipped pipeline"
base = "seed_aws"
pinned = false
replications = 2
lead_in_days = 1

[workload]
payments_per_month = 300
days = 2
"""


def called(capsys: pytest.CaptureFixture[str], *words: object) -> Answer:
    """Exit code, standard output and standard error of a command, in this process."""
    try:
        code = main([str(word) for word in words])
    except SystemExit as ended:  # argparse
        code = int(ended.code or 0)
    out, err = capsys.readouterr()
    return code, out, err


def started(*words: object, at: Path = ROOT, **environment: str) -> Answer:
    """The same of a process of its own, with the package and data that lie at `at`."""
    done = subprocess.run(
        [sys.executable, "-m", "costmodel", *map(str, words)],
        cwd=at, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(at), **environment},
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def copy_of_the_repository(place: Path) -> Path:
    """Package and data, without what was compiled."""
    for folder in ("costmodel", "data"):
        shutil.copytree(ROOT / folder, place / folder, ignore=shutil.ignore_patterns("__pycache__", "baselines"))
    (place / "small.toml").write_text(SMALL, encoding="utf-8")
    return place


def edited(file: Path, old: str, new: str) -> None:
    """Put `new` where `old` stands, which it must, once or more."""
    text = file.read_text(encoding="utf-8")
    assert old in text, (file, old)
    file.write_text(text.replace(old, new), encoding="utf-8")


def moved(document: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """The movements of a kind in a `diff --format json` that are more than luck, by name."""
    rows = document["scenarios"][0]["movements"]
    return {row["name"]: row for row in rows if row["kind"] == kind and row["sign"]}


def parsed(answer: Answer) -> dict[str, Any]:
    """The JSON document a command printed."""
    found: dict[str, Any] = json.loads(answer[1])
    return found
