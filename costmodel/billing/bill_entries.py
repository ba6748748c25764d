"""Bills in FOCUS or Cost and Usage layout, streamed: rows summed exactly by what they are charged for."""

from __future__ import annotations

import decimal
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from costmodel.assumptions.bill_layouts import Layout
from costmodel.assumptions.table_files import Batch, LargeTable
from costmodel.simulation.payment_cells import BoolArray, mask_of, texts

EXACT = decimal.Context(prec=100)
DECIMALS = 38
MOST = Decimal(10) ** 18
TINY = Decimal(1).scaleb(-DECIMALS)
LINES_SHOWN = 3
NUMBER = r"^[+-]?[0-9]{1,18}(\.[0-9]{0,18})?$"
LONG_NUMBER = r"^[+-]?[0-9]{1,18}(\.[0-9]{0,60})?([eE][+-]?[0-9]{1,2})?$"
MONTH = r"^[1-9][0-9]{3}-(0[1-9]|1[0-2])"
MONTH_WIDTH = len("2024-09")
TEXTS = (
    "currency", "category", "provider", "service", "usage_type", "unit", "unit_price", "description", "region",
    "our_service", "our_meter",
)  # fmt: skip
NUMBERS = ("cost", "effective_cost", "quantity")


class Key(NamedTuple):
    """What rows are charged for; rows that agree in all of it are summed."""

    currency: str
    category: str
    provider: str
    service: str
    usage_type: str
    unit: str
    unit_price: str
    description: str
    region: str
    our_service: str
    our_meter: str
    month: str


@dataclass
class Sums:
    """Rows of one key: how many, what they cost (billed), their quantity, what of it was not free; and those billed
    but effectively free."""

    rows: int = 0
    cost: Decimal = Decimal(0)
    quantity: Decimal = Decimal(0)
    paid: Decimal = Decimal(0)
    effective: Decimal = Decimal(0)
    unreal_rows: int = 0
    unreal_cost: Decimal = Decimal(0)

    def add(self, other: Sums) -> None:
        """Add other rows of the same key."""
        self.rows += other.rows
        self.unreal_rows += other.unreal_rows
        for name in ("cost", "quantity", "paid", "effective", "unreal_cost"):
            setattr(self, name, EXACT.add(getattr(self, name), getattr(other, name)))


@dataclass
class Rejected:
    """Rows that are not used: how many for each reason, and the first lines."""

    counts: dict[str, int] = field(default_factory=dict)
    numbers: dict[str, list[int]] = field(default_factory=dict)

    def note(self, reason: str, rows: npt.NDArray[np.int64]) -> None:
        """Count rows by their numbers."""
        if len(rows):
            self.counts[reason] = self.counts.get(reason, 0) + len(rows)
            self.numbers[reason] = [*self.numbers.get(reason, []), *rows[:LINES_SHOWN].tolist()][:LINES_SHOWN]

    def with_lines(self, table: LargeTable) -> dict[str, dict[str, Any]]:
        """Count and first lines for each reason, rows of another width included; to be asked when all was read."""
        found = {r: {"count": n, "lines": table.lines(self.numbers[r])} for r, n in self.counts.items()}
        if table.misfits:
            lines = table.misfit_lines(LINES_SHOWN)
            found["wrong number of columns"] = {"count": len(table.misfits), "lines": lines}
        return found


def read_entries(table: LargeTable, layout: Layout, places: dict[str, int], rejected: Rejected) -> dict[Key, Sums]:
    """The rows of a bill, summed by key in exact decimals; rows that cannot be used are noted.

    Raises InputError where the file as a whole cannot be read.
    """
    entries: dict[Key, Sums] = {}
    for batch in table.batches(list(places.values())):
        for key, sums in _summed(cells_of(table, batch, layout, places, rejected)):
            entries.setdefault(key, Sums()).add(sums)
    return entries


class Cells:
    """The cells of a batch as text by what they hold, and the rows that can be used."""

    def __init__(
        self, batch: Batch, layout: Layout, places: dict[str, int], rejected: Rejected, raw: tuple[str, ...] = ()
    ) -> None:
        self.batch, self.layout, self.rejected = batch, layout, rejected
        named = {name: at for name, at in places.items() if name not in raw}
        self.text = {name: _cleaned(batch.columns[at], layout) for name, at in named.items()}
        self.open: BoolArray = np.ones(batch.rows, np.bool_)

    def column(self, name: str) -> Any:
        """The cells of a column; empty ones where the file has no such column."""
        import pyarrow

        if name == "provider" and self.layout.provider is not None:
            return pyarrow.array([self.layout.provider] * self.batch.rows)
        return self.text[name] if name in self.text else pyarrow.array([""] * self.batch.rows, pyarrow.string())

    def reject(self, reason: str, mask: BoolArray) -> None:
        """Take out the rows of the mask that are still in."""
        found = np.flatnonzero(mask & self.open)
        self.rejected.note(reason, found + self.batch.first)
        self.open[found] = False

    def number(self, name: str, *, needed: bool) -> Any:
        """A column of numbers as decimals with 38 places; empty cells are 0 unless they are needed."""
        import pyarrow
        import pyarrow.compute as compute

        cells = self.column(name)
        plain = compute.match_substring_regex(cells, NUMBER)
        empty = mask_of(compute.equal(cells, ""))
        values = compute.if_else(plain, cells, "0").cast(pyarrow.decimal256(2 * DECIMALS, DECIMALS))
        odd = ~mask_of(plain) & ~empty
        if odd.any():
            values = self._with_odd(name, cells, values, odd)
        if needed:
            self.reject(f"no {name}", empty)
        return values

    def _with_odd(self, name: str, cells: Any, values: Any, odd: BoolArray) -> Any:
        """Numbers written in another way, read singly; what is none is rejected."""
        import pyarrow
        import pyarrow.compute as compute

        found = {at: Decimal(str(cells[at])) for at in np.flatnonzero(odd & _matches(cells, LONG_NUMBER)).tolist()}
        rows = [at for at, value in found.items() if abs(value) < MOST]
        readable = np.zeros(self.batch.rows, np.bool_)
        readable[rows] = True
        formula = _matches(cells, "^[=@]")
        self.reject(f"a formula for {name}", formula & odd)
        self.reject(f"{name} is no number", odd & ~readable)
        if not rows:
            return values
        exact = [EXACT.quantize(found[at], TINY) for at in rows]
        return compute.replace_with_mask(values, pyarrow.array(readable), pyarrow.array(exact, values.type))


def cells_of(
    table: LargeTable,
    batch: Batch,
    layout: Layout,
    places: dict[str, int],
    rejected: Rejected,
    raw: tuple[str, ...] = (),
) -> Cells:
    """The cells of a batch. Raises InputError where a column holds lists or tables."""
    try:
        return Cells(batch, layout, places, rejected, raw)
    except TypeError as error:
        wrong = f"a column that is read holds {error}, not single values"
        raise table.refuse(None, wrong, f"export it as a {layout.title} has it") from None


def _summed(cells: Cells) -> Iterator[tuple[Key, Sums]]:
    """The batch's usable rows grouped by key."""
    import pyarrow
    import pyarrow.compute as compute

    columns = {name: cells.column(name) for name in TEXTS}
    columns |= {name: cells.number(name, needed=name == "cost") for name in NUMBERS}
    start = cells.column("start")
    cells.reject("no currency", mask_of(compute.equal(columns["currency"], "")))
    cells.reject("no readable start of the charge", ~_matches(start, MONTH))
    columns["month"] = compute.utf8_slice_codeunits(start, 0, MONTH_WIDTH)
    columns["currency"] = compute.utf8_upper(columns["currency"])
    zero = pyarrow.scalar(Decimal(0), columns["cost"].type)
    told = compute.not_equal(cells.column("effective_cost"), "")  # no value is not 0
    free = compute.and_(told, compute.equal(columns["effective_cost"], zero))
    unreal = compute.and_(free, compute.not_equal(columns["cost"], zero))
    columns["unreal"] = compute.cast(unreal, "int64")
    columns["unreal_cost"] = compute.if_else(unreal, columns["cost"], zero)
    columns["paid"] = compute.if_else(compute.equal(columns["cost"], zero), zero, columns["quantity"])
    table = pyarrow.table(columns).filter(pyarrow.array(cells.open))
    sums = [*NUMBERS, "paid", "unreal", "unreal_cost"]
    grouped = table.group_by(list(Key._fields)).aggregate([*((name, "sum") for name in sums), ([], "count_all")])
    for row in grouped.to_pylist():
        yield _entry(row, cells.layout)


def _entry(row: dict[str, Any], layout: Layout) -> tuple[Key, Sums]:
    key = Key(**{name: row[name] for name in Key._fields})
    return key._replace(category=layout.kind_of(key.category)), Sums(
        rows=row["count_all"], cost=row["cost_sum"], quantity=row["quantity_sum"], paid=row["paid_sum"],
        effective=row["effective_cost_sum"], unreal_rows=row["unreal_sum"], unreal_cost=row["unreal_cost_sum"],
    )  # fmt: skip


def _cleaned(array: Any, layout: Layout) -> Any:
    """A column as text, the words for nothing taken out."""
    import pyarrow
    import pyarrow.compute as compute

    text = texts(array)
    nothing = compute.is_in(text, value_set=pyarrow.array(layout.nothing, pyarrow.string()))
    return compute.if_else(nothing, "", text)


def _matches(cells: Any, pattern: str) -> BoolArray:
    import pyarrow.compute as compute

    return mask_of(compute.match_substring_regex(cells, pattern))
