"""Workload assumptions measured from payments, held against figures taken with Python's own modules, and against the
law that made the payments."""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import math
import statistics
import tomllib
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

import costmodel as cm
from costmodel.analysis.calibrating import Calibration, calibrate
from costmodel.assumptions.catalog import Assumptions, load_assumptions
from costmodel.billing.actual_files import Read, read_files
from costmodel.cli.main import main
from costmodel.errors import InputError
from costmodel.reporting.files import write_whole
from costmodel.reporting.focus import focus_file
from costmodel.reporting.scenario_file import scenario_file
from costmodel.simulation.payment_rows import Rows
from costmodel.simulation.payments import generate
from tests.test_actual_files import CHARGES, STRIPE_HEAD, write

TAXI = Path(__file__).parent / "samples" / "nyc_taxi_2019-03.csv"


@pytest.fixture(scope="module")
def base() -> Assumptions:
    return load_assumptions("seed_stripe")


def measured(base: Assumptions, *paths: Path) -> Calibration:
    found = calibrate(read_files(list(paths), zone="America/New_York", columns={}), base, [path.name for path in paths])
    assert found is not None
    return found


def taxi_rides() -> list[tuple[dt.datetime, Decimal]]:
    with TAXI.open(encoding="utf-8") as stream:
        return [
            (dt.datetime.fromisoformat(row["timestamp"]), Decimal(row["amount_usd"]))
            for row in csv.DictReader(stream)
            if row["payment"] == "credit card"
        ]


def test_the_taxi_rides(base: Assumptions) -> None:
    found, rides = measured(base, TAXI), taxi_rides()
    amounts, days = [ride[1] for ride in rides], 31
    assert (found.payments, found.payments_per_month) == (4577, 4577)
    assert (found.first, found.last) == (dt.date(2019, 3, 1), dt.date(2019, 3, 31))
    assert found.mean_ticket_usd == round(sum(amounts) / len(amounts), 6)
    assert float(found.sigma.value) == pytest.approx(statistics.pstdev(math.log(usd) for usd in amounts), abs=1e-6)
    assert found.ach_share == 0
    assert found.hour_shares is not None
    assert found.weekday_shares is not None
    for hour, share in enumerate(found.hour_shares):
        assert float(share) == pytest.approx(sum(ride[0].hour == hour for ride in rides) / len(rides), abs=1e-6)
    calendar = [dt.date(2019, 3, 1) + dt.timedelta(days=n) for n in range(days)]
    means = [sum(r[0].weekday() == w for r in rides) / sum(d.weekday() == w for d in calendar) for w in range(7)]
    for share, mean in zip(found.weekday_shares, means, strict=True):
        assert float(share) == pytest.approx(mean / sum(means), abs=1e-6)
    ordered = sorted(amounts)
    assert len(found.tickets_usd) == 1000
    assert found.tickets_usd[0] == ordered[len(ordered) // 2000]
    assert found.tickets_usd[-1] == ordered[1999 * len(ordered) // 2000]


LAWS = [("0", "0"), ("0.35", "0.2"), ("0.6", "0"), ("0", "0.5")]


@pytest.mark.parametrize(("day_cv", "hour_cv"), LAWS)
def test_the_law_that_made_the_payments_is_found_again(day_cv: str, hour_cv: str) -> None:
    """Half a year at 80 payments a day: the true figures lie in the ranges of two standard errors, or just beside."""
    base = load_assumptions("seed_aws")
    workload = base.scenario.workload
    cvs = {"day_cv": Decimal(day_cv), "hour_cv": Decimal(hour_cv)}
    arrivals = workload.arrivals.model_copy(
        update={name: getattr(workload.arrivals, name).model_copy(update={"value": cv}) for name, cv in cvs.items()}
    )
    workload = workload.model_copy(update={
        "days": Decimal(182), "payments_per_month": 2400, "count": "random", "arrivals": arrivals,
        "methods": {"ach": Decimal("0.25"), "card": Decimal("0.75")},
    })  # fmt: skip
    scenario = base.scenario.model_copy(update={"on": dt.date(2026, 1, 1), "workload": workload})
    base = dataclasses.replace(base, scenario=scenario)
    payments = generate(base.scenario, 1, 0)
    us = payments.arrival_ns // 1000 + int(payments.start.timestamp()) * 10**6
    rows = Rows(payments.amount_cents, us, payments.method.astype(np.int64))
    found = calibrate(Read(payments=[rows]), base, ["made"])
    assert found is not None
    assert found.day_cv is not None
    assert found.hour_cv is not None
    for estimate, true in ((found.day_cv, day_cv), (found.hour_cv, hour_cv)):
        assert estimate.low <= estimate.value <= estimate.high
        assert float(estimate.low) - 0.01 <= float(true) <= float(estimate.high) + 0.01
    assert found.ach_share is not None
    assert float(found.ach_share) == pytest.approx(0.25, abs=0.01)
    assert float(found.sigma.low) <= 1 <= float(found.sigma.high)
    for shares, true_shares in ((found.hour_shares, workload.arrivals.hour_shares),
                                (found.weekday_shares, workload.arrivals.weekday_shares)):  # fmt: skip
        assert shares is not None
        assert [float(share) for share in shares] == pytest.approx([float(t) for t in true_shares], abs=0.03)


def test_a_short_file_does_not_tell_of_weekdays(base: Assumptions, tmp_path: Path) -> None:
    found = measured(base, write(tmp_path, "amount,time", "1.00,2026-03-02 10:00\n3.00,2026-03-03 10:00\n"))
    assert (found.weekday_shares, found.day_cv) == (None, None)
    assert found.payments_per_month == 30  # 1 a day, in the scenario's November
    assert "two weeks with payments are needed" in found.missing["weekday_shares, day_cv, hour_cv"]


@pytest.mark.parametrize(("last", "says"), [("2026-03-22 10:00", None), ("2226-03-22 10:00", "correct the dates")])
def test_payments_far_apart(base: Assumptions, tmp_path: Path, last: str, says: str | None) -> None:
    path = write(tmp_path, "amount,time", f"1.00,2026-03-02 10:00\n3.00,{last}\n")
    if says is None:
        assert measured(base, path).day_cv is None
    else:
        with pytest.raises(InputError, match=says):
            measured(base, path)


def test_fates_and_accounts_of_a_stripe_report(base: Assumptions, tmp_path: Path) -> None:
    """Of 3 charges in USD 1 is refunded; of 2 by card 1 is disputed; the ACH debit stands. Wilson's interval by hand:
    0 of 1 at two standard errors reaches up to 4 / (1 + 4) = 0.8."""
    found = measured(base, write(tmp_path, STRIPE_HEAD, CHARGES))
    shares = {name: share.value for name, share in found.fates.items()}
    assert shares == {"refund": Decimal("0.333333"), "dispute": Decimal("0.5"), "ach_return": 0}
    assert found.fates["ach_return"].high == Decimal("0.8")
    assert (found.accounts, found.payouts_per_payment) == (1, Decimal("0.333333"))
    assert found.ach_share == Decimal("0.333333")


def test_utc_months_are_whole_months(base: Assumptions, tmp_path: Path) -> None:
    """A report by UTC months begins in New York on the evening before."""
    rows = "".join(f"{n},2026-03-{1 + n % 31:02d} 00:30:00,usd,10.00,0.59,9.41,charge,card,US,,\n" for n in range(62))
    assert measured(base, write(tmp_path, STRIPE_HEAD, rows)).payments_per_month == 62


# --- the file that is written --------------------------------------------------------------------------------


def sources(table: object) -> list[dict[str, object]]:
    """Every table of a file that states a source."""
    if not isinstance(table, dict):
        return []
    return [table] * ("source" in table) + [found for value in table.values() for found in sources(value)]


@pytest.mark.parametrize("name", ["seed_stripe", "seed_aws"])
def test_the_file_loads_and_says_that_it_was_measured(tmp_path: Path, name: str) -> None:
    base = load_assumptions(name)
    found = measured(base, TAXI)
    path = tmp_path / "mine.toml"
    path.write_text(scenario_file(found, base, name), encoding="utf-8")
    tables = sources(tomllib.loads(path.read_text(encoding="utf-8")))
    assert len(tables) == 5  # workload, tickets, arrivals, day_cv, hour_cv
    assert {table["basis"] for table in tables} == {"measured"}
    assert {str(table["read"]) for table in tables} == {"2019-03-31"}
    loaded = load_assumptions(str(path)).scenario
    assert (loaded.workload.payments_per_month, loaded.workload.mean_ticket_usd) == (4577, found.mean_ticket_usd)
    assert loaded.workload.tickets.usd == found.tickets_usd
    assert loaded.workload.fates == base.scenario.workload.fates  # a file of payments does not tell of refunds
    assert (loaded.pipeline, loaded.pinned) == (base.scenario.pipeline, False)


def test_the_command_writes_it_and_it_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.toml"
    assert main(["actuals", str(TAXI), "--calibrate", str(path), "--set", "replications=1", "--quiet"]) == 0
    capsys.readouterr()
    assert main(["validate", str(path)]) == 0
    assert main(["run", str(path), "--set", "replications=1", "--quiet"]) == 0
    assert "4,577 payments measured" in capsys.readouterr().out
    assert sorted(file.name for file in tmp_path.iterdir()) == ["mine.toml"]


@pytest.mark.parametrize("name", ['a"b.csv', "a\\b.csv", "ä\u202e.csv", "a\nb.csv", "[x]=1.csv"])
def test_names_of_files_cannot_break_it(base: Assumptions, tmp_path: Path, name: str) -> None:
    path = write(tmp_path, STRIPE_HEAD, CHARGES, name)
    text = scenario_file(measured(base, path), base, "seed_stripe")
    assert list(tomllib.loads(text)) == ["title", "base", "pinned", "workload"]


# --- usage from bills ------------------------------------------------------------------------------------------


def test_the_usage_that_made_the_bill_is_found_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A month with other figures of usage, read as a bill beside its payments, gives these figures back."""
    changed = {
        "pipeline.static.kms_keys.quantity": 8,
        "pipeline.static.kms_replicas.quantity": 3,
        "pipeline.static.fraud_model_hosting.quantity": 2,
        "pipeline.each.page_views.quantity": Decimal("0.005"),
        "pipeline.each.log_lines.quantity": Decimal("0.0000011"),
    }
    bill, payments, out = tmp_path / "bill.csv", tmp_path / "payments.csv", tmp_path / "ours.toml"
    write_whole(bill, focus_file(cm.run("seed_aws", set={"replications": 1, **changed}), str(bill))[0])
    days = [f"p{n},2026-11-{1 + n % 30:02d}T12:00:00Z,200.00,ach" for n in range(500)]
    payments.write_text("\n".join(["id,created,amount,method", *days]) + "\n")
    asked = ["actuals", str(bill), str(payments), "--calibrate", str(out), "--set", "replications=1", "--quiet"]
    assert main(asked) == 0
    capsys.readouterr()
    tables = tomllib.loads(out.read_text(encoding="utf-8"), parse_float=Decimal)["set"]
    assert {tables[path.rpartition(".")[0]]["basis"] for path in changed} == {"measured"}
    found = load_assumptions(str(out)).pipeline
    rows = {row.name: row.quantity for row in (*found.static, *found.each)}
    for path, quantity in changed.items():
        assert abs(rows[path.split(".")[2]] / Decimal(quantity) - 1) < Decimal("1e-6"), path
    unchanged = {row.name: row.quantity for row in load_assumptions("seed_aws").pipeline.static}
    assert rows["fraud_model_training"] == unchanged["fraud_model_training"]
    assert "dynamodb.write_request_units in us-west-2:" in out.read_text(encoding="utf-8")  # steps: listed, not set
    assert main(["run", str(out), "--set", "replications=1", "--quiet"]) == 0
