"""The points of a sweep: every combination of the values that some assumptions take."""

from __future__ import annotations

import itertools
import math
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Any

from costmodel.assumptions.changes import Change, changes_from
from costmodel.assumptions.paths import takes_whole_numbers
from costmodel.errors import InputError, Problem

EXAMPLES = "write KEY=a,b,c or KEY=low:high:number or KEY=low:high:number:log"
DIGITS = Context(prec=12, rounding=ROUND_HALF_UP)  # of a value between the ends of a range
FINE = Context(prec=32)
MOST_ON_AXIS = 10**6  # values that are laid out; more are only counted


@dataclass(frozen=True)
class Axis:
    """One assumption and the values it takes, in order. `number` counts them; a range too long is not laid out."""

    path: str
    values: tuple[Any, ...]
    number: int


@dataclass(frozen=True)
class Grid:
    """Every combination of the axes' values, the last axis running fastest."""

    axes: tuple[Axis, ...]

    @property
    def number(self) -> int:
        """How many points there are."""
        return math.prod(axis.number for axis in self.axes)

    def points(self) -> Iterator[tuple[Change, ...]]:
        """The changes that make each point."""
        for values in itertools.product(*(axis.values for axis in self.axes)):
            yield tuple(Change(axis.path, value) for axis, value in zip(self.axes, values, strict=True))


def make_grid(vary: Sequence[str] | Mapping[str, Any]) -> Grid:
    """The grid of some words (`KEY=a,b,c`, `KEY=low:high:number[:log]`), or of paths with lists or such ranges.

    Raises InputError for a word that is neither, an axis without values, a path named twice, and no axis at all.
    """
    pairs = _from_mapping(vary) if isinstance(vary, Mapping) else [_split(word) for word in vary]
    axes: list[Axis] = []
    problems: list[Problem] = []
    for path, given in pairs:
        try:
            axes.append(_axis(path, given))
        except InputError as error:
            problems += error.problems
    for path in {path for path, _ in pairs if [known for known, _ in pairs].count(path) > 1}:
        problems.append(_problem(path, "", "is varied twice", "name each assumption once"))
    if not pairs:
        problems.append(Problem("--vary", None, "", "nothing is varied: the grid is empty", EXAMPLES))
    if problems:
        raise InputError(problems)
    return Grid(tuple(axes))


def _from_mapping(vary: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [(str(path), given if isinstance(given, str) else list(given)) for path, given in vary.items()]


def _split(word: str) -> tuple[str, str]:
    path, equals, given = word.partition("=")
    if not equals or not path.strip():
        raise InputError(Problem(f"--vary {word}", None, "", "not KEY=VALUES", EXAMPLES))
    return path.strip(), given.strip()


def _axis(path: str, given: str | list[Any]) -> Axis:
    if isinstance(given, list):
        values = [change.value for value in given for change in changes_from({path: value})]
    elif ":" in given and not given.startswith(("[", "{", '"', "'")):
        return _range(path, given)
    else:
        values = _listed(given)
    if not values:
        raise InputError(_problem(path, str(given), "has no values: the grid is empty", EXAMPLES))
    return Axis(path, tuple(values), len(values))


def _listed(text: str) -> list[Any]:
    """Values between commas, read as TOML; as plain words where that fails."""
    try:
        values: list[Any] = tomllib.loads(f"values = [{text}]", parse_float=Decimal)["values"]
    except (tomllib.TOMLDecodeError, ValueError, RecursionError):
        values = [word.strip() for word in text.split(",") if word.strip()]
    return values


def _range(path: str, text: str) -> Axis:
    low, high, number, logarithmic = _range_parts(path, text)
    if number > MOST_ON_AXIS:
        return Axis(path, (), number)
    values = [_between(low, high, at, number, logarithmic) for at in range(number)]
    if takes_whole_numbers(path):
        whole = [int(value.to_integral_value(ROUND_HALF_UP)) for value in values]
        values = list(dict.fromkeys(whole))  # type: ignore[arg-type]
    return Axis(path, tuple(values), len(values))


def _range_parts(path: str, text: str) -> tuple[Decimal, Decimal, int, bool]:
    parts = [part.strip() for part in text.split(":")]
    try:
        low, high, number = Decimal(parts[0]), Decimal(parts[1]), int(parts[2])
    except (IndexError, ValueError, InvalidOperation):
        raise InputError(_problem(path, text, "is no range", EXAMPLES)) from None
    if len(parts) > 3 and parts[3:] != ["log"]:
        raise InputError(_problem(path, text, f"ends in `{':'.join(parts[3:])}`", "only `log` may follow the number"))
    if not (low.is_finite() and high.is_finite()):
        raise InputError(_problem(path, text, "has an end that is no finite number", EXAMPLES))
    if number < 1:
        raise InputError(_problem(path, text, f"has {number} values: the grid is empty", "ask for at least 1"))
    logarithmic = len(parts) > 3
    if logarithmic and min(low, high) <= 0:
        raise InputError(_problem(path, text, "cannot be logarithmic", "both ends must be above 0"))
    return low, high, number, logarithmic


def _between(low: Decimal, high: Decimal, at: int, number: int, logarithmic: bool) -> Decimal:
    """The value at a place of a range, to 12 digits; the ends exactly."""
    if at in (0, number - 1):
        return low if at == 0 else high
    share = FINE.divide(Decimal(at), Decimal(number - 1))
    if logarithmic:
        ratio = FINE.ln(FINE.divide(high, low))
        return DIGITS.plus(FINE.multiply(low, FINE.exp(FINE.multiply(ratio, share))))
    found = FINE.add(low, FINE.multiply(FINE.subtract(high, low), share))
    return DIGITS.plus(found) if found else Decimal(0)


def _problem(path: str, given: str, wrong: str, remedy: str) -> Problem:
    return Problem(f"--vary {path}={given}" if given else f"--vary {path}", None, path, wrong, remedy)
