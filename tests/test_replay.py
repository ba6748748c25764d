"""Payments from a file: the taxi sample, faulty rows counted by reason and line, unusable files refused."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from costmodel.errors import InputError
from costmodel.simulation.replaying import Replay, read_payments
from tests.worlds import flat_scenario

TAXI = Path(__file__).parent / "samples" / "nyc_taxi_2019-03.csv"
HOUR = 3600 * 10**9
UTC_MARCH = "2026-03-01 00:00:00,1.00\n2026-03-31 23:59:59,2.00\n"
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
    ("2026-03-02 12:00:00,3.00,card,usd,b" + ",1" * 24, "wrong number of columns"),
    ('2026-03-02 12:00:00,"=HYPERLINK(""http://a.b"")",card,usd,b', "a formula"),
    ("2026-03-02 12:00:00,@SUM(A1),card,usd,b", "a formula"),
    ("2026-03-02 12:00:00,3.00,card,,b", "no currency"),
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


@pytest.mark.parametrize(("column", "months", "hours", "zone"), [
    # in New York the first of these is the last of February, and the file would span two of its months
    ("created_utc", 1, 744, "UTC"),
    ("Created (UTC)", 1, 744, "UTC"),
    ("created", 1, 743, "America/New_York"),
])  # fmt: skip
def test_times_of_a_column_in_utc(tmp_path: Path, column: str, months: int, hours: int, zone: str) -> None:
    replay = read(tmp_path, f"{column},amount\n{UTC_MARCH}")
    assert (replay.months, replay.payments.window, replay.zone) == (months, (0, hours * HOUR), zone)
    assert replay.report()["times"] == {"without a zone": 2, "with a zone": 0}


def test_dates_centuries_apart_are_refused_not_simulated(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="correct the dates"):
        read(tmp_path, "time,amount\n2026-03-01,1.00\n1926-03-01,1.00\n")


def test_items_of_an_order_are_one_payment(tmp_path: Path) -> None:
    """Sums by hand; a rejected item is left out of its order."""
    text = "basket,time,amount\na,2026-03-01 10:00,1.50\nb,2026-03-01 11:00,2.00\na,2026-03-01 10:01,0.25\nb,2026-03-01 11:00,x\n"
    assert read(tmp_path, text).payments.amount_cents.tolist() == [150, 25, 200]  # never guessed
    replay = read(tmp_path, text, order="basket")
    assert replay.payments.amount_cents.tolist() == [175, 200]
    assert (replay.report()["used"], replay.report()["payments"], replay.report()["rejected"]) == (3, 2, 1)


def test_what_was_guessed_is_told(tmp_path: Path) -> None:
    replay = read(tmp_path, "Order Total,Paid At,note\n1.00,2026-03-01,x\n", time="paid at")
    assert replay.report()["columns"] == {"amount": "Order Total", "time": "Paid At"}
    assert replay.report()["guessed"] == ["amount"]


def test_refunds_and_other_currencies_are_counted_apart(tmp_path: Path) -> None:
    rows = "1.00,usd,charge,a\n-0.40,usd,refund,a\n5.00,usd,refund,b\n7.00,EUR,charge,c\n900,jpy,charge,d\n8.00,eur,charge,e\n"
    report = read(tmp_path, "gross,currency,reporting_category,id\n" + rows).report()
    assert (report["used"], report["refunded_usd"]) == (1, "5.4")
    assert report["other_currencies"] == {"eur": 2, "jpy": 1}
    assert report["reasons"]["another currency"] == {"count": 3, "lines": [5, 6, 7]}  # type: ignore[index]


def test_a_rejected_row_does_not_use_up_its_id(tmp_path: Path) -> None:
    replay = read(tmp_path, "amount,id\nten,a\n10.00,a\n10.00,a\n")
    assert (replay.used, replay.tally.counts) == (1, {"amount is no number": 1, "duplicate id": 1})


@pytest.mark.parametrize("kind", ["text", "decimal", "float"])
@pytest.mark.parametrize("unit", ["us", "ns", "s"])
def test_parquet_gives_the_same_payments(tmp_path: Path, kind: str, unit: str) -> None:
    with TAXI.open(encoding="utf-8") as stream:
        next(stream)
        cells = [line.strip().split(",") for line in stream]
    amounts = pa.array([cell[1] for cell in cells])
    typed = {"text": amounts, "decimal": amounts.cast(pa.decimal128(12, 2)), "float": amounts.cast(pa.float64())}
    table = pa.table({
        "amount": typed[kind],
        "time": pa.array([dt.datetime.fromisoformat(cell[0]) for cell in cells]).cast(pa.timestamp(unit)),
        "payment": pa.array([cell[2] or None for cell in cells]).dictionary_encode(),
    })  # fmt: skip
    parquet.write_table(table, tmp_path / "taxi.parquet")
    found, expected = read_payments(tmp_path / "taxi.parquet", MIXED, {}), read_payments(TAXI, MIXED, {})
    assert found.tally.counts == expected.tally.counts
    assert found.payments.amount_cents.tolist() == expected.payments.amount_cents.tolist()
    assert found.payments.arrival_ns.tolist() == expected.payments.arrival_ns.tolist()


def test_a_column_of_lists_is_refused(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"amount": [["1.00"]]}), tmp_path / "lists.parquet")
    with pytest.raises(InputError, match="name another with --map amount=NAME"):
        read_payments(tmp_path / "lists.parquet", MIXED, {})
