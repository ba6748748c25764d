"""How long large files take, and how much memory: a process of its own for each, as its user would run it."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

ROWS = 1_450_000  # about 100 MB as CSV
MONTH_S = 31 * 24 * 3600


def payments_table() -> pa.Table:
    """A month of payments in the shape of a Stripe balance report, lognormal about 200 USD."""
    rng = np.random.default_rng(1)
    start = np.datetime64("2026-03-01T00:00:00", "s")
    return pa.table({
        "balance_transaction_id": pa.array([f"txn_{number:018d}" for number in range(ROWS)]),
        "created_utc": pa.array(start + np.sort(rng.integers(0, MONTH_S, ROWS)).astype("timedelta64[s]")),
        "currency": pa.array(["usd"] * ROWS),
        "gross": pa.array(np.round(rng.lognormal(4.8, 1, ROWS) + 0.01, 2)),
        "reporting_category": pa.array(["charge"] * ROWS),
        "payment_method_type": pa.array(rng.choice(["card", "ach_debit"], ROWS)),
    })  # fmt: skip


def measured(*words: str) -> tuple[float, float, str]:
    """Seconds, the largest memory of any child so far in MB, and what was printed."""
    begun = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "costmodel", *words], capture_output=True, text=True, check=True)
    largest_kb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return time.perf_counter() - begun, largest_kb / 1000, done.stdout


@pytest.mark.bench
def test_a_large_file_of_payments_is_billed(tmp_path: Path) -> None:
    table = payments_table()
    pyarrow.csv.write_csv(table, tmp_path / "payments.csv")
    pyarrow.parquet.write_table(table, tmp_path / "payments.parquet")
    measured("run", "seed_stripe", "--engine", "compiled")  # compiles, or loads
    for name in ("payments.csv", "payments.parquet"):
        path = tmp_path / name
        seconds, memory, shown = measured("run", "seed_stripe", "--payments", str(path), "--engine", "compiled")
        assert f"{ROWS:,} rows used" in shown
        print(
            f"\n{name}, {path.stat().st_size / 1e6:.0f} MB, {ROWS:,} payments billed: {seconds:.1f} s, {memory:.0f} MB"
        )


@pytest.mark.bench
def test_bills_are_read_and_reconciled(tmp_path: Path) -> None:
    sample = Path(__file__).parent.parent / "samples" / "focus_sample_1000_v1.0.csv"
    head, _, rows = sample.read_text(encoding="utf-8").partition("\n")
    large = tmp_path / "focus.csv"
    with large.open("w", encoding="utf-8") as stream:
        stream.write(f"{head}\n")
        stream.writelines(rows for _ in range(300))
    measured("actuals", str(sample))
    for path in (sample, large):
        seconds, memory, shown = measured("actuals", str(path))
        assert "rows used, 0 rejected" in shown
        print(
            f"\n{path.name}, {path.stat().st_size / 1e6:.1f} MB, read and reconciled: {seconds:.1f} s, {memory:.0f} MB"
        )
