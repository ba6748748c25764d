"""What was used: one row per service, meter and region; read from a file or made by a run."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import numpy as np

from costmodel.billing.fees import IntArray
from costmodel.billing.usage_files import Place, Row, read_rows
from costmodel.errors import InputError, Problem

MOST = Decimal("1e18")  # of any quantity
MOST_CENTS = 10**12  # of any payment, and of payments in one row
_NAME = re.compile(r"[a-z][a-z0-9_]{0,79}")
_UNIT = re.compile(r"[A-Za-z0-9][A-Za-z0-9 /-]{0,39}")
_CURRENCY = re.compile(r"[A-Za-z]{3}")
_SURCHARGES = re.compile(r"[a-z][a-z0-9_]{0,79}( [a-z][a-z0-9_]{0,79}){0,9}")
CURRENCY = "USD"  # of every price
_REGION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_DIGITS = re.compile(r"[0-9]{1,12}").fullmatch
_NOT_OF_PAYMENTS = frozenset(("quantity", "size_kb", "duration_ms", "memory_mb", "hours"))
Words = tuple[tuple[str, Any], ...]
_MEASURES = ("calls", "size_kb", "duration_ms", "memory_mb")


@dataclass(frozen=True)
class Measures:
    """Raw measures: so many calls, each of that size, or that duration with that memory."""

    calls: Decimal
    size_kb: Decimal | None = None
    duration_ms: Decimal | None = None
    memory_mb: Decimal | None = None


@dataclass(frozen=True, eq=False)
class UsageRow:
    """Usage of one meter.

    Exactly one of: quantity, in the meter's unit; amounts, (cents, counts): that many payments of each amount;
    measures, from which the meter computes its quantity. basis: how far to trust it (fields.BASES_WEAKEST_LAST).
    region: None means the bill's. scale multiplies quantity and fees (a shortened run scaled to a month). hours:
    a standing quantity that stood for so many hours of the month. on_top_of: the surcharges that the same
    payments bear besides this one and that are rated before it; borne: in which of many months (1 or 0, for each of
    them), empty where always. unit: what the quantity was counted in, to be held
    against the meter's; None where nobody says. surcharges: meters that a file names for the same payments; they have
    rows of their own. place: file and line.
    """

    service: str
    meter: str
    quantity: Decimal | None = None
    basis: str = "measured"
    amounts: tuple[IntArray, IntArray] | None = None
    region: str | None = None
    note: str = ""
    scale: Decimal = Decimal(1)
    hours: Decimal | None = None
    measures: Measures | None = None
    on_top_of: tuple[str, ...] = ()
    borne: tuple[Any, ...] = ()
    unit: str | None = None
    surcharges: tuple[str, ...] = ()
    place: Place = ("usage", None)

    def problem(self, wrong: str, remedy: str) -> Problem:
        """A problem with this row, at its place."""
        return Problem(*self.place, f"{self.service}.{self.meter}", wrong, remedy)


def read_usage(path: Path | str, *, basis: str = "measured") -> list[UsageRow]:
    """The rows of a usage file: CSV with a header, TOML with [[usage]] tables, JSON list or {"usage": [...]}.

    Columns: service, meter; then quantity in the meter's unit, or calls with size_kb or duration_ms and
    memory_mb, or amount_cents (one payment; `calls` of them); region; hours. `unit` is held against the meter's.
    `currency` must be USD. `surcharges` names further meters, separated by blanks, that the same payments bear: each
    gives a row of its own. Raises InputError with every problem of the file, each with its line.
    """
    problems: list[Problem] = []
    usage: list[UsageRow] = []
    payments: dict[Words, tuple[int, Counter[int]]] = {}
    for row in read_rows(Path(path)):
        if isinstance(row, Problem):
            problems.append(row)
            continue
        payment = _payment(row[0])
        if payment is not None and payment[0] in payments:
            payments[payment[0]][1][payment[1]] += payment[2]
            continue
        found = _usage_row(row, basis)
        if isinstance(found, list):
            problems += found
            continue
        if payment is not None:
            payments[payment[0]] = len(usage), Counter({payment[1]: payment[2]})
        usage.append(found)
    if problems:
        raise InputError(sorted(problems, key=lambda problem: problem.line or 0))
    for index, amounts in payments.values():
        usage[index] = replace(usage[index], amounts=_arrays(amounts))
    return [each for row in usage for each in (row, *_surcharged(row))]


def _payment(fields: dict[str, Any]) -> tuple[Words, int, int] | None:
    """The words of a row that is payments of one amount, in plain digits, with amount and number; None for any other.

    Rows of the same words are payments of one kind: they are checked once and counted together.
    """
    cents, calls = fields.get("amount_cents"), fields.get("calls", "1")
    if not (isinstance(cents, str) and isinstance(calls, str) and _DIGITS(cents) and _DIGITS(calls)):
        return None
    words = tuple((key, value) for key, value in fields.items() if key not in ("amount_cents", "calls"))
    return None if _NOT_OF_PAYMENTS & fields.keys() else (words, int(cents), int(calls))


def _arrays(amounts: Counter[int]) -> tuple[IntArray, IntArray]:
    return np.fromiter(amounts, np.int64, len(amounts)), np.fromiter(amounts.values(), np.int64, len(amounts))


def _surcharged(row: UsageRow) -> list[UsageRow]:
    """The rows of the surcharges that a row's payments bear, in the order in which they are given."""
    return [
        replace(row, meter=name, on_top_of=row.surcharges[:number], unit=None, surcharges=())
        for number, name in enumerate(row.surcharges)
    ]


def _usage_row(row: Row, basis: str) -> UsageRow | list[Problem]:
    fields, place = row
    names, problems = _names(fields, place)
    numbers = {}
    for key in ("quantity", *_MEASURES, "amount_cents", "hours"):
        if key in fields:
            found = _number(key, fields[key], place)
            problems += [found] if isinstance(found, Problem) else []
            numbers[key] = Decimal(0) if isinstance(found, Problem) else found
    problems += _contradictions(numbers, place)
    return problems or _made(names, numbers, basis, place)


def _names(fields: dict[str, Any], place: Place) -> tuple[dict[str, str], list[Problem]]:
    patterns = {
        "service": _NAME, "meter": _NAME, "region": _REGION, "unit": _UNIT, "currency": _CURRENCY,
        "surcharges": _SURCHARGES,
    }  # fmt: skip
    problems = []
    for key, pattern in patterns.items():
        given = fields.get(key)
        if given is None and key in ("service", "meter"):
            problems.append(Problem(*place, key, "missing", f"name the {key}"))
        elif given is not None and not (isinstance(given, str) and pattern.fullmatch(given)):
            problems.append(Problem(*place, key, f"is no {key.removesuffix('s')}'s name (given: {str(given)[:60]})",
                                    "correct the name"))  # fmt: skip
        elif key == "currency" and given is not None and given.upper() != CURRENCY:
            wrong = f"is {given.upper()}, and all prices are in {CURRENCY}"
            problems.append(Problem(*place, key, wrong, "convert its amounts, or bill it by itself"))
    return {key: fields[key] for key in patterns if key in fields}, problems


def _number(key: str, given: Any, place: Place) -> Decimal | Problem:
    """The cell as a number of 0 or more, or what is wrong with it."""
    value = _decimal(given)
    shown = f"(given: {str(given)[:60]})"
    if value is None:
        return Problem(*place, key, f"is not a number {shown}", "write digits and at most one decimal point, as 1234.5")
    if value < 0:
        return Problem(*place, key, f"is negative {shown}", "give 0 or more")
    if value > (MOST_CENTS if key == "amount_cents" else MOST):
        return Problem(*place, key, f"is too large {shown}", "check the unit")
    if key == "amount_cents" and value != int(value):
        return Problem(*place, key, f"is not a whole number of cents {shown}", "give cents, not dollars")
    return value


def _decimal(given: Any) -> Decimal | None:
    text = str(given)
    if isinstance(given, bool) or not isinstance(given, str | int | Decimal) or len(text) > 60:
        return None
    if not _NUMBER.fullmatch(text):
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _contradictions(numbers: dict[str, Decimal], place: Place) -> list[Problem]:
    """Rows that say their usage twice, not at all, or by halves."""
    measures = [key for key in _MEASURES if key in numbers]
    ways = [key for key in ("quantity", "amount_cents") if key in numbers]
    if "amount_cents" in numbers:
        measures = [key for key in measures if key != "calls"]
        calls = numbers.get("calls", Decimal(1))
        if calls != int(calls) or calls > MOST_CENTS:
            return [Problem(*place, "calls", "is no number of payments", "give a whole number")]
    given = ways + measures
    if not given:
        return [Problem(*place, "quantity", "missing", "give `quantity`, or `calls` with what the meter counts by")]
    if len(ways) > 1 or (ways and measures):
        return [Problem(*place, given[0], f"given beside {', '.join(given[1:])}", "say the usage in one way")]
    if not ways and "calls" not in numbers:
        return [Problem(*place, "calls", f"missing beside {', '.join(measures)}", "say how many calls there were")]
    if "hours" in numbers and "quantity" not in numbers:
        return [Problem(*place, "hours", "given without quantity", "give `quantity`, or remove it")]
    return []


def _made(names: dict[str, str], numbers: dict[str, Decimal], basis: str, place: Place) -> UsageRow:
    amounts = measures = None
    if "amount_cents" in numbers:
        count = int(numbers.get("calls", 1))
        amounts = np.array([int(numbers["amount_cents"])], np.int64), np.array([count], np.int64)
    elif "calls" in numbers:
        measures = Measures(**{key: numbers[key] for key in _MEASURES if key in numbers})
    return UsageRow(
        names["service"], names["meter"], numbers.get("quantity"), basis, amounts, names.get("region"),
        hours=numbers.get("hours"), measures=measures, place=place, unit=names.get("unit"),
        surcharges=tuple(names.get("surcharges", "").split()),
    )  # fmt: skip
