"""Payments from a file: what can be used is replayed, what cannot is counted, with reason and line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from costmodel.assumptions.columns import load_payment_columns
from costmodel.assumptions.large_tables import open_table
from costmodel.assumptions.scenario import Scenario
from costmodel.assumptions.table_files import refuse_rows
from costmodel.simulation.coarse_times import spread
from costmodel.simulation.payment_rows import Reader, Tally
from costmodel.simulation.payments import Payments
from costmodel.simulation.placing import placed

CENTS = 100


@dataclass(frozen=True, eq=False)
class Replay:
    """The payments of a file, the months they span, and an account of every row.

    columns: field -> the file's name for it; guessed: the fields whose column nobody named; used: rows used, more
    than payments where several rows are items of one. spread_over: the unit (day, hour …) to which times are given,
    where payments of one instant were spread over it.
    """

    payments: Payments
    months: int
    file: str
    columns: dict[str, str]
    guessed: tuple[str, ...]
    used: int
    tally: Tally
    times: dict[str, int]
    zone: str
    spread_over: str | None
    other_currencies: dict[str, int]

    def report(self) -> dict[str, object]:
        """Rows used and rejected, by reason with first lines; the columns taken, and how times were read."""
        reasons = {r: {"count": n, "lines": self.tally.lines[r]} for r, n in self.tally.counts.items()}
        return {
            "file": self.file,
            "columns": self.columns,
            "guessed": list(self.guessed),
            "used": self.used,
            "payments": len(self.payments.amount_cents),
            "rejected": sum(self.tally.counts.values()),
            "reasons": reasons,
            "refunded_usd": f"{Decimal(self.tally.refunded_cents) / CENTS:f}",
            "times": self.times,
            "zone": self.zone,
            "spread_over": self.spread_over,
            "other_currencies": self.other_currencies,
        }


def read_payments(path: Path, scenario: Scenario, columns: Mapping[str, str], *, strict: bool = False,
                  data: Path | None = None) -> Replay:  # fmt: skip
    """The payments of a CSV or Parquet file for a scenario whose workload they replace.

    columns: field -> the file's name for it, for what should not be guessed. If the scenario's buyers all pay by one
    method, so do these. Raises InputError for a file that cannot be used, and with `strict` for any rejected row.
    """
    reader = Reader(open_table(path), load_payment_columns(data), columns, scenario.workload.time_zone)
    rows = reader.rows()
    tally = reader.tally
    rejected = {reason: (count, tally.lines[reason]) for reason, count in tally.counts.items()}
    refuse_rows(path, len(rows), rejected, strict=strict, remedy="check the columns (--map) and the rows named")
    us, unit = (None, None) if rows.us is None else spread(rows.us, ZoneInfo(reader.zone))
    payments, months = placed(rows.cents, us, rows.rail, scenario, str(path))
    return Replay(
        payments, months, path.name, reader.columns, reader.guessed, reader.used, tally,
        dict(reader.zones.counts), reader.zone, unit, dict(reader.other_currencies),
    )  # fmt: skip
