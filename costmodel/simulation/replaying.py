"""Payments from a file: what can be used is replayed, what cannot is counted, with reason and line."""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from costmodel.assumptions.checking import nearest
from costmodel.assumptions.columns import PaymentColumns, load_payment_columns, plain
from costmodel.assumptions.scenario import Scenario
from costmodel.errors import InputError, Problem
from costmodel.simulation.draws import draw_bits_many, name_key, stream_key
from costmodel.simulation.payments import ACH, CARD, Payments

CENTS = 100
MOST_USD = 10**10
LINES_SHOWN = 3
AMOUNT = re.compile(r"[+-]?\$?([0-9]{1,20}|[0-9]{1,3}(,[0-9]{3}){1,6})(\.[0-9]{1,10})?")  # commas only by thousands
MICROSECOND_NS = 1000
LOW_HALF = np.uint64(32)


@dataclass(frozen=True)
class Row:
    """A usable row: cents, instant (None if the file has no time), rail or None if it does not say."""

    cents: int
    time: dt.datetime | None
    method: int | None


@dataclass
class Tally:
    """Rejected rows: how many for each reason, with the first lines."""

    counts: dict[str, int] = field(default_factory=dict)
    lines: dict[str, list[int]] = field(default_factory=dict)
    refunded_cents: int = 0

    def reject(self, reason: str, line: int) -> None:
        """Count a row that is not used."""
        self.counts[reason] = self.counts.get(reason, 0) + 1
        shown = self.lines.setdefault(reason, [])
        if len(shown) < LINES_SHOWN:
            shown.append(line)


@dataclass(frozen=True, eq=False)
class Replay:
    """The payments of a file, the months they span, and an account of every row."""

    payments: Payments
    months: int
    file: str
    columns: dict[str, str]
    used: int
    tally: Tally

    def report(self) -> dict[str, object]:
        """Rows used and rejected, by reason with first lines; the columns taken."""
        reasons = {r: {"count": n, "lines": self.tally.lines[r]} for r, n in self.tally.counts.items()}
        return {
            "file": self.file,
            "columns": self.columns,
            "used": self.used,
            "rejected": sum(self.tally.counts.values()),
            "reasons": reasons,
            "refunded_usd": f"{Decimal(self.tally.refunded_cents) / CENTS:f}",
        }


class _Reader:
    """Reads the rows of one CSV file by the columns found or given."""

    def __init__(self, path: Path, words: PaymentColumns, given: Mapping[str, str], zone: str) -> None:
        self.path, self.words, self.zone = path, words, ZoneInfo(zone)
        self.given, self.tally = given, Tally()
        self.seen: set[str] = set()
        self.columns: dict[str, str] = {}

    def rows(self) -> Iterator[Row]:
        """The usable rows. Raises InputError for a file that cannot be read as payments."""
        try:
            with self.path.open(newline="", encoding="utf-8-sig") as stream:
                reader = csv.DictReader(stream)
                self.columns = self._find(reader.fieldnames)
                for record in reader:
                    row = self._row(record, reader.line_num)
                    if row is not None:
                        yield row
        except UnicodeDecodeError:
            raise self._refuse(None, "not UTF-8 text", "export it as a UTF-8 CSV file") from None
        except OSError as error:
            raise self._refuse(None, f"cannot be read ({error.strerror})", "check the path") from None
        except csv.Error as error:
            raise self._refuse(None, f"not readable as CSV ({error})", "export it as a CSV file") from None

    def _refuse(self, line: int | None, wrong: str, remedy: str) -> InputError:
        return InputError(Problem(str(self.path), line, "", wrong, remedy))

    def _find(self, header: object) -> dict[str, str]:
        """The file's column for each field: as given, else by the first known name."""
        names = [str(name) for name in header] if isinstance(header, list) else []
        if not names:
            raise self._refuse(None, "empty", "give a CSV file with a header and one payment a row")
        known = {plain(name): name for name in names}
        found = {}
        for wanted in self.words.columns:
            candidates = [self.given[wanted]] if wanted in self.given else list(self.words.columns[wanted])
            matches = [known[plain(name)] for name in candidates if plain(name) in known]
            if wanted in self.given and not matches:
                raise self._refuse(1, f"no column `{self.given[wanted]}`", nearest(self.given[wanted], names))
            if matches:
                found[str(wanted)] = matches[0]
        if "amount" not in found:
            raise self._refuse(1, "no amount column", f"say which it is: --map amount=NAME ({', '.join(names[:12])})")
        return found

    def _row(self, record: Mapping[str, str | None], line: int) -> Row | None:
        cell = {name: (record.get(column) or "").strip() for name, column in self.columns.items()}
        fault = self._fault(record, cell)
        if fault is not None:
            self.tally.reject(fault, line)
            return None
        try:
            cents, time = _cents(cell["amount"]), self._time(cell.get("time"))
        except ValueError as error:
            self.tally.reject(str(error), line)
            return None
        if cents < 0 or plain(cell.get("kind", "")) in self.words.kinds["refund"]:
            self.tally.refunded_cents += abs(cents)
            self.tally.reject("refund", line)
            return None
        return Row(cents, time, self._method(cell.get("method")))

    def _fault(self, record: Mapping[str, str | None], cell: dict[str, str]) -> str | None:
        """Why a row is no payment that a processor sees, or None."""
        if None in record or None in record.values():
            return "wrong number of columns"
        if "currency" in cell and plain(cell["currency"]) != self.words.currency:
            return "another currency" if cell["currency"] else "no currency"
        kind = plain(cell.get("kind", ""))
        if kind and kind not in (*self.words.kinds["payment"], *self.words.kinds["refund"]):
            return "not a payment"
        if "method" in cell and self._method(cell["method"]) is None:
            known = plain(cell["method"]) in self.words.methods["none"]
            return f"paid in {cell['method']}" if known else ("unknown method" if cell["method"] else "no method")
        return self._duplicate(cell.get("id"))

    def _duplicate(self, identifier: str | None) -> str | None:
        if not identifier:
            return None
        if identifier in self.seen:
            return "duplicate id"
        self.seen.add(identifier)
        return None

    def _method(self, word: str | None) -> int | None:
        if word is None:
            return None
        rails = {"card": CARD, "ach": ACH}
        return next((rail for name, rail in rails.items() if plain(word) in self.words.methods[name]), None)  # type: ignore[index]

    def _time(self, text: str | None) -> dt.datetime | None:
        """The instant in UTC; a time without a zone is local."""
        if text is None:
            return None
        if not text:
            raise ValueError("no time")
        try:
            if text.isdigit():
                return dt.datetime.fromtimestamp(int(text), dt.UTC)
            found = dt.datetime.fromisoformat(text)
        except (ValueError, OverflowError, OSError):
            raise ValueError("unreadable time") from None
        return (found if found.tzinfo else found.replace(tzinfo=self.zone)).astimezone(dt.UTC)


def _cents(text: str) -> int:
    """An amount in major units as whole cents."""
    if not text:
        raise ValueError("no amount")
    if not AMOUNT.fullmatch(text):
        raise ValueError("amount is no number")
    cents = Decimal(text.replace(",", "").replace("$", "")) * CENTS
    if abs(cents) > MOST_USD * CENTS:
        raise ValueError("amount is no number")
    if cents != cents.to_integral_value():
        raise ValueError("amount has fractions of a cent")
    if cents == 0:
        raise ValueError("amount of zero")
    return int(cents)


def read_payments(path: Path, scenario: Scenario, columns: Mapping[str, str], *, strict: bool = False,
                  data: Path | None = None) -> Replay:  # fmt: skip
    """The payments of a CSV file for a scenario whose workload they replace.

    columns: field -> the file's name for it, for what should not be guessed. If the scenario's buyers all pay by one
    method, so do these. Raises InputError for a file that cannot be used, and with `strict` for any rejected row.
    """
    words = load_payment_columns(data)
    unknown = [name for name in columns if name not in words.columns]
    if unknown:
        raise InputError(Problem("--map", None, unknown[0], "no such field", nearest(unknown[0], words.columns)))
    reader = _Reader(path, words, columns, scenario.workload.time_zone)
    rows = list(reader.rows())
    _refuse_if_needed(path, rows, reader.tally, strict)
    payments, months = _placed(rows, scenario)
    return Replay(payments, months, path.name, reader.columns, len(rows), reader.tally)


def _refuse_if_needed(path: Path, rows: list[Row], tally: Tally, strict: bool) -> None:
    reasons = "; ".join(
        f"{count} {reason} (line {', '.join(map(str, tally.lines[reason]))})" for reason, count in tally.counts.items()
    )
    if not rows:
        raise InputError(Problem(str(path), None, "", f"no usable row ({reasons or 'it has none'})",
                                 "check the columns (--map) and the rows named"))  # fmt: skip
    if strict and tally.counts:
        first = min(lines[0] for lines in tally.lines.values())
        raise InputError(Problem(str(path), first, "", f"rejected rows: {reasons}", "mend them, or leave out --strict"))


def _placed(rows: list[Row], scenario: Scenario) -> tuple[Payments, int]:
    """The rows in time: the window is the whole local months from the first to the last payment."""
    zone = ZoneInfo(scenario.workload.time_zone)
    day = dt.datetime(scenario.on.year, scenario.on.month, 1, tzinfo=zone)
    known = [row.time for row in rows if row.time is not None]
    first, last = (min(known).astimezone(zone), max(known).astimezone(zone)) if known else (day, day)
    start, months = _month(first, 0), (last.year - first.year) * 12 + last.month - first.month + 1
    span = _ns(start, _month(first, months))
    arrivals = np.array([_ns(start, row.time) if row.time else -1 for row in rows], np.int64)
    number = len(rows)
    ids = np.arange(number, dtype=np.int64)
    bits = draw_bits_many(stream_key(scenario.seed, "payment", name_key("replayed")), ids)
    spread = (bits >> LOW_HALF).astype(np.int64)
    arrivals = np.where(arrivals < 0, spread * (span >> 32), arrivals)
    order = np.argsort(arrivals, kind="stable")
    methods = np.array([_rail(row, scenario) for row in rows], np.int8)
    providers = draw_bits_many(stream_key(scenario.seed, "payment", name_key("provider")), ids)
    return Payments(
        arrival_ns=arrivals[order],
        amount_cents=np.array([row.cents for row in rows], np.int64)[order],
        method=methods[order],
        provider=(((providers >> LOW_HALF) * np.uint64(scenario.workload.accounts)) >> LOW_HALF).astype(np.int32),
        measured=(0, number),
        start=start.astimezone(dt.UTC),
        window=(0, span),
    ), months


def _rail(row: Row, scenario: Scenario) -> int:
    """The scenario's rail if it has but one, else the row's, else a card."""
    shares = scenario.workload.methods
    if shares.get("ach", 0) == 1:
        return ACH
    if shares.get("card", 0) == 1:
        return CARD
    return CARD if row.method is None else row.method


def _month(moment: dt.datetime, later: int) -> dt.datetime:
    month = moment.month - 1 + later
    return dt.datetime(moment.year + month // 12, month % 12 + 1, 1, tzinfo=moment.tzinfo)


def _ns(start: dt.datetime, end: dt.datetime) -> int:
    return (end.astimezone(dt.UTC) - start.astimezone(dt.UTC)) // dt.timedelta(microseconds=1) * MICROSECOND_NS
