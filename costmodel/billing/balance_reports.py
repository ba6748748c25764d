"""A processor's balance reports, streamed: fees by kind of row, and every charge with its amount, fee and time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from costmodel.assumptions.bill_layouts import Layout
from costmodel.assumptions.columns import PaymentColumns, plain
from costmodel.assumptions.table_files import Batch, LargeTable
from costmodel.billing.bill_entries import EXACT, Cells, Key, Rejected, Sums, cells_of
from costmodel.simulation.payment_cells import Zones, by_word, cents, instants, mask_of
from costmodel.simulation.payments import ACH, CARD

IntArray = npt.NDArray[np.int64]
CHARGE, FEE = "charge", "fee"
NEEDED = ("gross", "fee", "net")


@dataclass
class Charges:
    """Charges in the home currency, one entry each: amount and fee in cents, µs since 1970, rail, foreign card."""

    parts: list[tuple[IntArray, ...]] = field(default_factory=list)

    def column(self, at: int) -> IntArray:
        """0 amount, 1 fee, 2 time, 3 rail, 4 foreign."""
        return np.concatenate([part[at] for part in self.parts]) if self.parts else np.zeros(0, np.int64)


@dataclass
class Balance:
    """What the reports hold: fees by key, money moved by currency and kind, the charges, the connected accounts.

    zones: how the times were read. seen: ids of the rows used, over all files.
    """

    entries: dict[Key, Sums] = field(default_factory=dict)
    moved: dict[tuple[str, str], Sums] = field(default_factory=dict)
    charges: Charges = field(default_factory=Charges)
    accounts: set[str] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)
    zones: Zones = field(default_factory=Zones)


class BalanceReader:
    """Reads one report into a Balance; rows that cannot be used are noted."""

    def __init__(
        self, table: LargeTable, layout: Layout, places: dict[str, int], words: PaymentColumns, zone: str
    ) -> None:
        self.table, self.layout, self.places, self.words = table, layout, places, words
        named = table.header[places["start"]] if "start" in places else ""
        self.zone = ZoneInfo("UTC" if plain(named) in layout.utc_times else zone)

    def read(self, balance: Balance, rejected: Rejected) -> None:
        """Add the report's rows. Raises InputError where the file as a whole cannot be read."""
        for batch in self.table.batches(list(self.places.values())):
            cells = cells_of(self.table, batch, self.layout, self.places, rejected, ("start",))
            numbers = {name: cells.number(name, needed=True) for name in NEEDED}
            self._check(cells, numbers)
            months, times = self._times(cells, batch, balance.zones)
            self._refuse_repeated(cells, balance.seen)
            kinds = cells.column("category")
            self._add_charges(cells, times, balance.charges)
            for key, sums, gross in _summed(cells, numbers, months, kinds):
                balance.entries.setdefault(key, Sums()).add(sums)
                moved = Sums(rows=sums.rows, cost=gross)
                balance.moved.setdefault((key.currency, key.category), Sums()).add(moved)
            balance.accounts |= set(_open(cells.column("account"), cells).unique().to_pylist()) - {""}

    def _check(self, cells: Cells, numbers: dict[str, Any]) -> None:
        import pyarrow.compute as compute

        cells.reject("no currency", mask_of(compute.equal(cells.column("currency"), "")))
        expected = compute.subtract(_narrow(numbers["gross"]), _narrow(numbers["fee"]))
        cells.reject("net is not gross less fee", mask_of(compute.not_equal(expected, _narrow(numbers["net"]))))

    def _times(self, cells: Cells, batch: Batch, zones: Zones) -> tuple[Any, IntArray]:
        """The month of each row, in the report's zone, and its instant."""
        import pyarrow
        import pyarrow.compute as compute

        if "start" not in self.places:
            return pyarrow.array([""] * batch.rows), np.zeros(batch.rows, np.int64)
        times, faults = instants(batch.columns[self.places["start"]], self.zone, zones)
        for reason, mask in faults.items():
            cells.reject(reason, mask)
        stamps = pyarrow.array(times).cast(pyarrow.timestamp("us", self.zone.key))
        return compute.strftime(stamps, format="%Y-%m"), times

    def _refuse_repeated(self, cells: Cells, seen: set[str]) -> None:
        """Reject rows whose id was used before, in this file or another."""
        ids, repeated = cells.column("id").to_pylist(), np.zeros(cells.batch.rows, np.bool_)
        for at in np.flatnonzero(cells.open).tolist():
            repeated[at] = bool(ids[at]) and ids[at] in seen
            seen.add(ids[at])
        cells.reject("duplicate id", repeated)

    def _add_charges(self, cells: Cells, times: IntArray, charges: Charges) -> None:
        """The usable charges in the home currency; their amounts are whole cents."""
        home = by_word(cells.column("currency"), lambda word: int(plain(word) == self.words.currency)) == 1
        charge = by_word(cells.column("category"), lambda word: int(self.layout.kind_of(word) == CHARGE)) == 1
        amounts, faults = cents(cells.column("gross"))
        fees, fee_faults = cents(cells.column("fee"))
        taken = home & charge
        for reason, mask in faults.items():
            cells.reject(reason, mask & taken)
        for reason in ("a formula", "amount is no number", "amount has fractions of a cent"):
            cells.reject(f"fee: {reason}", fee_faults[reason] & taken)
        cells.reject("a charge below zero", (amounts < 0) & taken)
        rows = np.flatnonzero(taken & cells.open)
        rails = by_word(cells.column("method"), self._rail)
        abroad = by_word(cells.column("country"), self._abroad)
        charges.parts.append(tuple(column[rows] for column in (amounts, fees, times, rails, abroad)))

    def _rail(self, word: str) -> int:
        return ACH if plain(word) in self.words.methods["ach"] else CARD

    def _abroad(self, word: str) -> int:
        return int(bool(word) and word.upper() != self.layout.home_country)


def _summed(cells: Cells, numbers: dict[str, Any], months: Any, kinds: Any) -> Iterator[tuple[Key, Sums, Decimal]]:
    """The batch's usable rows grouped by key, with the money they moved."""
    import pyarrow
    import pyarrow.compute as compute

    columns = {
        "currency": compute.utf8_upper(cells.column("currency")),
        "category": kinds,
        "unit": cells.column("method"),
        "description": cells.column("description"),
        "month": months,
        **numbers,
    }
    whole = by_word(kinds, lambda word: int(cells.layout.kind_of(word) == FEE)) == 1
    columns["description"] = compute.if_else(pyarrow.array(whole), columns["description"], "")
    table = pyarrow.table(columns).filter(pyarrow.array(cells.open))
    names = ["currency", "category", "unit", "description", "month"]
    grouped = table.group_by(names).aggregate([*((name, "sum") for name in NEEDED), ([], "count_all")])
    for row in grouped.to_pylist():
        kind = cells.layout.kind_of(row["category"])
        cost = EXACT.minus(row["net_sum"]) if kind == FEE else row["fee_sum"]
        key = Key(row["currency"], kind, cells.layout.provider or "", kind, "", row["unit"], "", row["description"],
                  "", "", "", row["month"])  # fmt: skip
        number = Decimal(0) if kind == FEE else Decimal(row["count_all"])  # of what a fee is, its row does not tell
        yield key, Sums(row["count_all"], cost, number, number), row["gross_sum"]


def _open(array: Any, cells: Cells) -> Any:
    import pyarrow

    return array.filter(pyarrow.array(cells.open))


def _narrow(array: Any) -> Any:
    """Decimals of fewer places, so that their difference fits."""
    import pyarrow

    return array.cast(pyarrow.decimal128(36, 16), safe=False)
