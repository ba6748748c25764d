"""Payments from a file: the taxi sample, faulty rows counted by reason and line, unusable files refused."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest

from costmodel.errors import InputError
from costmodel.simulation.replaying import Replay, read_payments
from tests.worlds import flat_scenario

TAXI = Path(__file__).parent / "samples" / "nyc_taxi_2019-03.csv"
HOUR = 3600 * 10**9
MIXED = flat_scenario(1, methods={"card": Decimal("0.5"), "ach": Decimal("0.5")}, time_zone="America/New_York")


def read(folder: Path, text: str, *, strict: bool = False, **columns: str) -> Replay:
    path = folder / "payments.csv"
    path.write_text(text, encoding="utf-8")
    return read_payments(path, MIXED, columns, strict=strict)


def test_the_taxi_sample() -> None:
    """Counts and sum of tests/samples/README.md; March 2019 in New York has 743 hours (clocks went forward)."""
    replay = read_payments(TAXI, MIXED, {})
    payments = replay.payments
    assert (replay.used, int(payments.amount_cents.sum()), replay.months) == (4_577, 9_186_610, 1)
    assert replay.tally.counts == {"paid in cash": 1_812, "no method": 44}
    assert replay.columns == {"amount": "amount_usd", "time": "timestamp", "method": "payment"}
    assert (payments.start, payments.window) == (dt.datetime(2019, 3, 1, 5, tzinfo=dt.UTC), (0, 743 * HOUR))
    assert not payments.method.any()
    assert payments.arrival_ns[0] == (13 * 60 + 32) * 10**9  # its first card row: 1 March, 00:13:32


GOOD = "2026-03-02 12:00:00,10.00,card,usd,a"


@pytest.mark.parametrize(("row", "reason"), [
    ("2026-03-02 12:00:00,ten,card,usd,b", "amount is no number"),
    ("2026-03-02 12:00:00,,card,usd,b", "no amount"),
    ("2026-03-02 12:00:00,nan,card,usd,b", "amount is no number"),
    ("2026-03-02 12:00:00,1.005,card,usd,b", "amount has fractions of a cent"),
    ("2026-03-02 12:00:00,0.00,card,usd,b", "amount of zero"),
    ("2026-03-02 12:00:00,-3.00,card,usd,b", "refund"),
    ("2026-03-02 12:00:00,3.00,card,eur,b", "another currency"),
    ("2026-03-02 12:00:00,3.00,,usd,b", "no method"),
    ("2026-03-02 12:00:00,3.00,cash,usd,b", "paid in cash"),
    ("2026-03-02 12:00:00,3.00,shells,usd,b", "unknown method"),
    ("2026-03-02 12:00:00,3.00,card,usd,a", "duplicate id"),
    ("yesterday,3.00,card,usd,b", "unreadable time"),
    (",3.00,card,usd,b", "no time"),
    ("2026-03-02 12:00:00,3.00", "wrong number of columns"),
])  # fmt: skip
def test_faulty_rows_are_counted_with_reason_and_line(tmp_path: Path, row: str, reason: str) -> None:
    text = f"time,amount,method,currency,id\n{GOOD}\n{row}\n"
    replay = read(tmp_path, text)
    assert (replay.used, replay.tally.counts, replay.tally.lines) == (1, {reason: 1}, {reason: [3]})
    with pytest.raises(InputError) as refused:
        read(tmp_path, text, strict=True)
    problem = refused.value.problems[0]
    assert problem.line == 3
    assert reason in problem.wrong


@pytest.mark.parametrize(("text", "line", "wrong"), [
    ("", None, "empty"),
    ("time,method\n2026-03-02,card\n", 1, "no amount column"),
    ("amount\n", None, "no usable row"),
    ("amount\nten\n", None, "no usable row (1 amount is no number (line 2))"),
])  # fmt: skip
def test_unusable_files_are_refused(tmp_path: Path, text: str, line: int | None, wrong: str) -> None:
    with pytest.raises(InputError) as refused:
        read(tmp_path, text)
    problem = refused.value.problems[0]
    assert (problem.file.endswith("payments.csv"), problem.line) == (True, line)
    assert wrong in problem.wrong
    assert problem.remedy


def test_unreadable_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "latin.csv").write_bytes("amount,note\n1.00,caf\xe9\n".encode("latin-1"))
    for path in (tmp_path / "absent.csv", tmp_path, tmp_path / "latin.csv"):
        with pytest.raises(InputError):
            read_payments(path, MIXED, {})


def test_columns_can_be_given(tmp_path: Path) -> None:
    text = "amount,paid\n1.00,2.50\n"
    assert read(tmp_path, text).payments.amount_cents.tolist() == [100]
    assert read(tmp_path, text, amount="paid").payments.amount_cents.tolist() == [250]
    with pytest.raises(InputError, match="no column `payd`; did you mean `paid`"):
        read(tmp_path, text, amount="payd")


def test_the_window_is_whole_local_months_and_rows_are_put_in_order(tmp_path: Path) -> None:
    """April, May and the winter-to-summer March: 743 + 720 + 744 hours; 22:00 EDT on 31 May is June in UTC."""
    replay = read(tmp_path, "time,amount\n2026-05-31 22:00:00,2.00\n2026-03-01T05:00:00+00:00,1.00\n")
    assert (replay.months, replay.payments.window) == (3, (0, 2207 * HOUR))
    assert replay.payments.amount_cents.tolist() == [100, 200]
    assert replay.payments.arrival_ns.tolist() == [0, 2205 * HOUR]


@pytest.mark.parametrize("amount", ["12,50", "1_000", "1e3", "١٢", "1,00.00", "--5", "5.", "NaN"])
def test_amounts_that_could_mean_something_else_are_rejected(tmp_path: Path, amount: str) -> None:
    replay = read(tmp_path, f'amount\n1.00\n"{amount}"\n')
    assert replay.tally.counts == {"amount is no number": 1}
