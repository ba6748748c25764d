"""Files of real money of any known layout, read into one account: bills, balance reports, plain payments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from costmodel.assumptions.bill_layouts import Layout, load_layouts
from costmodel.assumptions.columns import load_payment_columns
from costmodel.assumptions.large_tables import open_table
from costmodel.assumptions.table_files import LargeTable, refuse_rows
from costmodel.billing.balance_reports import Balance, BalanceReader
from costmodel.billing.bill_entries import Key, Rejected, Sums, read_entries
from costmodel.errors import InputError, Problem
from costmodel.simulation.payment_rows import Reader, Rows

PAYMENTS = "payments"
REMEDY = "check the rows named, or export the file again"


@dataclass(frozen=True)
class FileAccount:
    """What became of the rows of one file; columns: what is held -> the file's name for it."""

    file: str
    layout: str
    used: int
    rejected: dict[str, dict[str, Any]]
    columns: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "file": self.file, "layout": self.layout, "used": self.used,
            "rejected": sum(found["count"] for found in self.rejected.values()), "reasons": self.rejected,
            "columns": self.columns,
        }  # fmt: skip


@dataclass
class Read:
    """The files together. bills: entries of bills; balance: those of processors' reports; payments: rows of others."""

    files: list[FileAccount] = field(default_factory=list)
    bills: dict[Key, Sums] = field(default_factory=dict)
    balance: Balance = field(default_factory=Balance)
    payments: list[Rows] = field(default_factory=list)

    @property
    def entries(self) -> dict[Key, Sums]:
        """All that was charged, by key."""
        return self.bills | self.balance.entries  # a provider gives one or the other


def read_files(
    paths: Sequence[Path], *, zone: str, columns: Mapping[str, str], strict: bool = False, data: Path | None = None
) -> Read:
    """Every file, whatever its layout.

    zone: of times without one. columns: of files of plain payments. Raises InputError for a file that cannot be used,
    with the problems of all files at once; with `strict` for any rejected row.
    """
    read, layouts = Read(), load_layouts(data)
    problems: list[Problem] = []
    for at, path in enumerate(paths):
        try:
            if any(path.resolve() == other.resolve() for other in paths[:at]):
                raise InputError(Problem(str(path), None, "", "given twice", "name each file once"))
            account = _read_one(open_table(path), layouts, read, zone, columns, data)
            rows = {reason: (found["count"], found["lines"]) for reason, found in account.rejected.items()}
            refuse_rows(path, account.used, rows, strict=strict, remedy=REMEDY)
            read.files.append(account)
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return read


def _read_one(
    table: LargeTable, layouts: dict[str, Layout], read: Read, zone: str, columns: Mapping[str, str], data: Path | None
) -> FileAccount:
    rejected, words = Rejected(), load_payment_columns(data)
    known = [(layout, places) for layout in layouts.values() if (places := layout.find(table.header)) is not None]
    if not known:
        return _read_payments(Reader(table, words, columns, zone), read)
    layout, places = max(known, key=lambda pair: len(pair[0].recognised_by))
    before = _rows(read)
    if layout.kind == "bill":
        for key, sums in read_entries(table, layout, places, rejected).items():
            read.bills.setdefault(key, Sums()).add(sums)
    else:
        BalanceReader(table, layout, places, words, zone).read(read.balance, rejected)
    named = {name: table.header[at] for name, at in places.items()}
    return FileAccount(table.path.name, layout.title, _rows(read) - before, rejected.with_lines(table), named)


def _read_payments(reader: Reader, read: Read) -> FileAccount:
    rows = reader.rows()
    read.payments.append(rows)
    tally = reader.tally
    reasons = {reason: {"count": n, "lines": tally.lines[reason]} for reason, n in tally.counts.items()}
    return FileAccount(reader.table.path.name, PAYMENTS, reader.used, reasons, reader.columns)


def _rows(read: Read) -> int:
    return sum(sums.rows for part in (read.bills, read.balance.entries) for sums in part.values())
