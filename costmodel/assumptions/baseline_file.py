"""What a baseline file holds: the figures of a scenario as they were, and the content they came from."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from costmodel.assumptions.bounded import read_bounded
from costmodel.assumptions.checking import check
from costmodel.assumptions.content import digest
from costmodel.assumptions.fields import Day, Number, Record, Text
from costmodel.assumptions.reading import MOST_BYTES, of_file
from costmodel.errors import InputError, Problem

BASELINE_VERSION = 1
KIND = "costmodel baseline"
AGAIN = "make it again with `costmodel baseline`"
TOTAL = "total"


class KeptLine(Record):
    """One meter's line of the month's bill; runs: its cost in each replication."""

    service: Text
    meter: Text
    unit: Text
    quantity: Number
    unit_price_usd: Number
    cost_usd: Number
    runs: tuple[Number, ...] = Field(min_length=1)


class KeptFigure(Record):
    """A figure of the month, pooled and in each replication; None where there was nothing to measure."""

    value: Number | None
    runs: tuple[Number | None, ...] = Field(min_length=1)


class KeptVerdicts(Record):
    """The verdicts on the claims of a file: claim id, with `@` and a perimeter or `model` where it is simulated."""

    claims: Text
    verdicts: dict[str, Text]


class Baseline(Record):
    """A scenario's figures and what they rest on. Money in USD a month, latency in ms, all as decimal strings.

    scenario: a name, or a path from the baseline's own folder. reasons: why it was renewed, the newest last.
    """

    schema_version: Literal[1]
    kind: Literal["costmodel baseline"]
    package: Text
    scenario: Text
    on: Day
    seed: int
    reasons: tuple[Text, ...]
    lines: dict[str, KeptLine]
    figures: dict[str, KeptFigure]
    verdicts: KeptVerdicts | None = None
    content_sha256: Text
    content: dict[str, Any]

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        total = self.figures.get(TOTAL)
        if total is None or total.value != sum((line.cost_usd for line in self.lines.values()), Decimal(0)):
            raise ValueError(f"the lines do not sum to the total; {AGAIN}")
        lengths = {len(line.runs) for line in self.lines.values()} | {len(f.runs) for f in self.figures.values()}
        if len(lengths) > 1:
            raise ValueError(f"the figures have different numbers of replications; {AGAIN}")
        if self.content_sha256 != digest(self.content):
            raise ValueError(f"`content` is not what `content_sha256` says, so it was edited; {AGAIN}")
        return self


def is_baseline(path: Path) -> bool:
    """Whether a file lies among baselines, or says that it is one."""
    try:
        return path.resolve().parent.name == "baselines" or KIND.encode() in read_bounded(path, MOST_BYTES, "")
    except (InputError, OSError):
        return False


def read_baseline(path: Path) -> Baseline:
    """The baseline in that file. Raises InputError for one that is missing, cut off, of another version or edited."""
    remedy = "check the path, or make one with `costmodel baseline S --out FILE`"
    return parsed_baseline(read_bounded(path, MOST_BYTES, remedy), str(path))


def parsed_baseline(text: bytes, file: str) -> Baseline:
    """The baseline in some text; `file` names it in messages."""
    try:
        tree = json.loads(text.decode("utf-8"))
    except UnicodeDecodeError:
        raise _refuse(file, None, "not UTF-8 text", AGAIN) from None
    except json.JSONDecodeError as error:
        raise _refuse(
            file, error.lineno, f"not whole JSON ({error.msg})", f"it was cut off or edited; {AGAIN}"
        ) from None
    except (ValueError, RecursionError) as error:
        raise _refuse(file, None, f"not readable as JSON ({error})", AGAIN) from None
    if not isinstance(tree, dict) or tree.get("kind") != KIND:
        raise _refuse(file, 1, "no baseline", "name a file that `costmodel baseline` wrote")
    if tree.get("schema_version") != BASELINE_VERSION:
        wrong = f"a baseline of schema version {tree.get('schema_version')}, this costmodel reads {BASELINE_VERSION}"
        raise _refuse(file, 1, wrong, f"use the costmodel that wrote it ({tree.get('package')}), or {AGAIN}")
    return check(Baseline, of_file(_with_day(tree), file))


def _with_day(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Its date as a date; a word that is none is left for the check to name."""
    try:
        return {**tree, "on": dt.date.fromisoformat(str(tree.get("on")))}
    except ValueError:
        return dict(tree)


def _refuse(file: str, line: int | None, wrong: str, remedy: str) -> InputError:
    return InputError(Problem(file, line, "", wrong, remedy))
