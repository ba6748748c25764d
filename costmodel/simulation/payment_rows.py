"""The usable rows of a payments file, and the account of all others: for each reason how many, and the first lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from costmodel.assumptions.checking import nearest
from costmodel.assumptions.columns import PaymentColumns, plain
from costmodel.assumptions.table_files import Batch, LargeTable
from costmodel.errors import InputError, Problem
from costmodel.simulation.payment_cells import BoolArray, IntArray, Zones, by_word, cents, instants, texts
from costmodel.simulation.payments import ACH, CARD
from costmodel.simulation.room import BYTES_PER_PAYMENT, GB, LEFT_ALONE, free_bytes

LINES_SHOWN = 3
NAMES_SHOWN = 12
CURRENCIES_SHOWN = 20
WRONG_WIDTH = "wrong number of columns"
REFUND = "refund"
RAILS = {"card": CARD, "ach": ACH}
NO_RAIL = -1


@dataclass
class Tally:
    """Rejected rows: how many for each reason, with the first lines."""

    counts: dict[str, int] = field(default_factory=dict)
    lines: dict[str, list[int]] = field(default_factory=dict)
    refunded_cents: int = 0

    def add(self, reason: str, count: int, lines: list[int]) -> None:
        """Count rows that are not used; `lines` are the first of them."""
        if count:
            self.counts[reason] = self.counts.get(reason, 0) + count
            self.lines[reason] = [*self.lines.get(reason, []), *lines][:LINES_SHOWN]


@dataclass(frozen=True, eq=False)
class Rows:
    """The usable rows of a file: cents, µs since 1970 (None if it has no time), rail (-1 where it names none)."""

    cents: IntArray
    us: IntArray | None
    rail: IntArray

    def __len__(self) -> int:
        return len(self.cents)


class Reader:
    """Reads the rows of one file by the columns found or given."""

    def __init__(self, table: LargeTable, words: PaymentColumns, given: Mapping[str, str], zone: str) -> None:
        self.table, self.words = table, words
        self.places = _find(table, words, given)
        self.columns = {name: table.header[at] for name, at in self.places.items()}
        self.guessed = tuple(name for name in self.columns if name not in given)
        self.zone = "UTC" if plain(self.columns.get("time", "")) in words.utc_times else zone
        self.zones, self.tally = Zones(), Tally()
        self.other_currencies: Counter[str] = Counter()
        self.rejected: dict[str, tuple[int, list[int]]] = {}
        self.used = 0

    def rows(self) -> Rows:
        """The usable rows. Raises InputError for a file that cannot be read as payments."""
        parts: list[list[IntArray]] = [[np.zeros(0, np.int64)] * 4]
        keys = {"id": _Keys(), "order": _Keys()}
        for batch in self.table.batches(list(self.places.values())):
            parts.append(self._usable(batch, {name: batch.columns[at] for name, at in self.places.items()}, keys))
            self._check_room(sum(len(part[0]) for part in parts) + len(self.table.misfits))
        columns = [np.concatenate([part[at] for part in parts]) for at in range(4)]
        kept = self._without_duplicates(columns[3], keys["id"])
        self.used = len(kept)
        found = _joined([column[kept] for column in columns[:3]], keys["order"].codes(kept))
        self._finish()
        return Rows(found[0], found[1] if "time" in self.places else None, found[2])

    def _check_room(self, rows: int) -> None:
        """Raises InputError where what is kept of so many rows, and will be made of them, does not fit into memory."""
        free = free_bytes()
        if free is not None and rows * BYTES_PER_PAYMENT + LEFT_ALONE > free:
            wrong = f"{rows:,} rows, and more, do not fit into the {free / GB:,.1f} GB of memory that are free"
            raise self.table.refuse(None, wrong, "give a file of a shorter time")

    def _usable(self, batch: Batch, columns: dict[str, Any], keys: dict[str, _Keys]) -> list[IntArray]:
        """Cents, µs, rail and number of the usable rows of a batch; the others are counted."""
        import pyarrow

        text = {name: self._texts(name, column) for name, column in columns.items() if name != "time"}
        left = _Left(batch, self.rejected)
        rails = self._reject_words(text, left)
        amounts, faults = cents(text["amount"])
        left.reject(faults)
        refunds = left.open & ((amounts < 0) | (self._kinds(text) == 1))
        self.tally.refunded_cents += int(np.abs(amounts[refunds]).sum())
        left.reject({REFUND: refunds})
        self._reject_methods(text, left)
        times = np.zeros(batch.rows, np.int64)
        if "time" in columns:
            chosen = np.flatnonzero(left.open)
            read, faults = instants(columns["time"].take(pyarrow.array(chosen)), ZoneInfo(self.zone), self.zones)
            times[chosen] = read
            left.reject({name: _spread(mask, chosen, batch.rows) for name, mask in faults.items()})
        open_rows = np.flatnonzero(left.open)
        for name, key in keys.items():
            key.add(text[name].take(pyarrow.array(open_rows)) if name in text else None)
        return [amounts[open_rows], times[open_rows], rails[open_rows], open_rows + batch.first]

    def _texts(self, name: str, column: Any) -> Any:
        try:
            return texts(column)
        except TypeError as error:
            wrong = f"the {name} column `{self.columns[name]}` holds {error}, not single values"
            raise self.table.refuse(None, wrong, f"name another with --map {name}=NAME") from None

    def _reject_words(self, text: dict[str, Any], left: _Left) -> IntArray:
        """Reject rows of other currencies, of no payment, and paid in cash; the rail of each row."""
        if "currency" in text:
            code = by_word(text["currency"], self._currency)
            left.reject({"another currency": code == 2, "no currency": code == 1})
            self._count_currencies(text["currency"], code == 2)
        left.reject({"not a payment": self._kinds(text) == 2})
        if "method" not in text:
            return np.full(left.rows, NO_RAIL, np.int64)
        others = self.words.methods["none"]
        code = by_word(text["method"], lambda word: others.index(plain(word)) if plain(word) in others else -1)
        left.reject({f"paid in {others[at].replace('_', ' ')}": code == at for at in np.unique(code) if at >= 0})
        return by_word(text["method"], self._rail)

    def _reject_methods(self, text: dict[str, Any], left: _Left) -> None:
        if "method" in text:
            code = by_word(text["method"], lambda word: 1 if not word else int(self._rail(word) == NO_RAIL) * 2)
            left.reject({"no method": code == 1, "unknown method": code == 2})

    def _currency(self, word: str) -> int:
        return 1 if not word else 0 if plain(word) == self.words.currency else 2

    def _count_currencies(self, array: Any, others: BoolArray) -> None:
        import pyarrow

        for entry in array.filter(pyarrow.array(others)).value_counts().to_pylist():
            word = plain(str(entry["values"]))
            known = word in self.other_currencies or len(self.other_currencies) < CURRENCIES_SHOWN
            self.other_currencies[word[:NAMES_SHOWN] if known else "…"] += entry["counts"]

    def _kinds(self, text: dict[str, Any]) -> IntArray:
        """0 a payment, 1 a refund, 2 neither; a row that does not say is a payment."""
        if "kind" not in text:
            return np.zeros(len(text["amount"]), np.int64)
        words = {"": 0} | dict.fromkeys(self.words.kinds["payment"], 0) | dict.fromkeys(self.words.kinds["refund"], 1)
        return by_word(text["kind"], lambda word: words.get(plain(word), 2))

    def _rail(self, word: str) -> int:
        for name, rail in RAILS.items():
            if plain(word) in self.words.methods[name]:  # type: ignore[index]
                return rail
        return NO_RAIL

    def _without_duplicates(self, numbers: IntArray, ids: _Keys) -> IntArray:
        """Places of the rows whose id was not used before."""
        codes = ids.codes(None)
        if codes is None:
            return np.arange(len(numbers))
        first = np.unique(codes, return_index=True)[1]
        fresh = codes == ids.nothing
        fresh[first] = True
        again = np.flatnonzero(~fresh)
        _note(self.rejected, "duplicate id", len(again), numbers[again[:LINES_SHOWN]].tolist())
        return np.flatnonzero(fresh)

    def _finish(self) -> None:
        """The tally of all reasons, with lines."""
        self.tally.add(WRONG_WIDTH, len(self.table.misfits), self.table.misfit_lines(LINES_SHOWN))
        for reason, (count, numbers) in self.rejected.items():
            self.tally.add(reason, count, self.table.lines(numbers))


class _Left:
    """The rows of a batch that nothing has rejected yet."""

    def __init__(self, batch: Batch, rejected: dict[str, tuple[int, list[int]]]) -> None:
        self.rows, self.first, self.rejected = batch.rows, batch.first, rejected
        self.open: BoolArray = np.ones(batch.rows, np.bool_)

    def reject(self, faults: Mapping[str, BoolArray]) -> None:
        """Take out the rows that have a fault, each for the first it has."""
        for reason, mask in faults.items():
            found = np.flatnonzero(mask & self.open)
            _note(self.rejected, reason, len(found), (found[:LINES_SHOWN] + self.first).tolist())
            self.open[found] = False


def _note(rejected: dict[str, tuple[int, list[int]]], reason: str, count: int, numbers: list[int]) -> None:
    if count:
        before, shown = rejected.get(reason, (0, []))
        rejected[reason] = before + count, [*shown, *numbers][:LINES_SHOWN]


class _Keys:
    """A column of names over the whole file, as small numbers."""

    def __init__(self) -> None:
        self.parts: list[Any] = []
        self.nothing = -1  # the number of rows that have no name

    def add(self, part: Any) -> None:
        """The names of the next rows; None where the file has no such column."""
        if part is not None:
            self.parts.append(part)

    def codes(self, kept: IntArray | None) -> IntArray | None:
        """A number for each row (of those kept), the same for the same name; None without such a column."""
        import pyarrow
        import pyarrow.compute as compute

        if not self.parts:
            return None
        coded = pyarrow.chunked_array(self.parts).dictionary_encode().combine_chunks()
        self.nothing = compute.index(coded.dictionary, "").as_py()
        codes: IntArray = coded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        return codes if kept is None else codes[kept]


def _joined(columns: list[IntArray], orders: IntArray | None) -> list[IntArray]:
    """The rows of one order as one payment: their sum, at the time and by the method of the first."""
    if orders is None or not len(orders):
        return columns
    _, first, places = np.unique(orders, return_index=True, return_inverse=True)
    totals = np.zeros(len(first), np.int64)
    np.add.at(totals, places, columns[0])
    order = np.argsort(first, kind="stable")
    return [totals[order], columns[1][first[order]], columns[2][first[order]]]


def _spread(mask: BoolArray, places: IntArray, rows: int) -> BoolArray:
    whole = np.zeros(rows, np.bool_)
    whole[places] = mask
    return whole


def _find(table: LargeTable, words: PaymentColumns, given: Mapping[str, str]) -> dict[str, int]:
    """The place of the column for each field: as given, else by the first known name."""
    unknown = [name for name in given if name not in words.columns]
    if unknown:
        raise InputError(Problem("--map", None, unknown[0], "no such field", nearest(unknown[0], words.columns)))
    known = {plain(name): at for at, name in reversed(list(enumerate(table.header)))}
    found = {}
    for wanted, names in words.columns.items():
        candidates = [given[wanted]] if wanted in given else names
        matches = [known[plain(name)] for name in candidates if plain(name) in known]
        if wanted in given and not matches:
            raise table.refuse(1, f"no column `{given[wanted]}`", nearest(given[wanted], table.header))
        if matches:
            found[str(wanted)] = matches[0]
    if "amount" not in found:
        names_shown = ", ".join(table.header[:NAMES_SHOWN])
        raise table.refuse(1, "no amount column", f"say which it is: --map amount=NAME ({names_shown})")
    return found
