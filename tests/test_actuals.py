"""Model against bill: a bill made of the model's own forecast agrees, AWS's real prices are found again, causes add up."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import costmodel as cm
from costmodel.analysis.actuals import Actuals, actuals, compare_with
from costmodel.assumptions.bill_layouts import load_line_rules
from costmodel.billing.actual_files import read_files
from costmodel.cli.main import main
from costmodel.reporting.files import write_whole
from costmodel.reporting.focus import focus_file
from costmodel.result import Result
from tests.test_actual_files import CHARGES, CUR_NEW, CUR_ROWS, FOCUS, FOCUS_HEAD, GOOD, STRIPE_HEAD, write

ONCE = {"replications": 1}
ALL = (f"{STRIPE_HEAD}\n{CHARGES}", f"{FOCUS_HEAD}\n{GOOD}\n", f"{CUR_NEW}\n{CUR_ROWS}")


@pytest.fixture(scope="module")
def stripe_month() -> Result:
    return cm.run("seed_stripe", set=ONCE)


@pytest.fixture(scope="module")
def aws_month() -> Result:
    return cm.run("seed_aws", set=ONCE)


def beside(result: Result, *paths: Path) -> Actuals:
    read = read_files(list(paths), zone=result.assumptions.scenario.workload.time_zone, columns={})
    return compare_with(read, result, load_line_rules(), files=[path.name for path in paths])


# --- bills ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "suffix"), [("seed_aws", "csv"), ("seed_stripe", "csv"), ("seed_stripe", "parquet")])
def test_a_forecast_read_as_a_bill_agrees_with_itself(tmp_path: Path, name: str, suffix: str) -> None:
    result = cm.run(name, set=ONCE)
    write_whole(tmp_path / f"own.{suffix}", focus_file(result, f"own.{suffix}")[0])
    found = beside(result, tmp_path / f"own.{suffix}")
    assert {line.why for line in found.lines} == {"agrees"}
    assert all(abs(line.difference_usd) <= Decimal("1e-9") for line in found.lines)
    assert sum(line.bill_usd for line in found.lines) == result.bill.total_usd
    assert found.others == {}


@pytest.fixture(scope="module")
def sample(aws_month: Result) -> Actuals:
    return beside(aws_month, FOCUS)


def test_causes_add_up_to_the_difference(sample: Actuals) -> None:
    priced = [line for line in sample.lines if line.price_usd is not None]
    assert len(priced) > 20
    for line in priced:
        parts = (line.quantity_usd, line.free_tier_usd, line.date_usd, line.price_usd)
        assert abs(sum(part for part in parts if part is not None) - line.difference_usd) < Decimal("1e-25")


def test_the_book_of_that_month_has_the_prices_that_aws_really_charged(sample: Actuals) -> None:
    """Every line of the sample in us-west-2 and us-east-1 that AWS billed at its first tier, to the rounding of a line."""
    off = {
        (line.service, line.meter, line.region): line.note
        for line in sample.lines
        if line.price_usd is not None and abs(line.price_usd) > Decimal("1e-9")
    }
    higher_tier = "billed at $0.085, the price above 10,240"
    assert off == {("data_transfer", "internet_out", region): higher_tier for region in ("us-west-2", "us-east-1")}


def test_causes_by_line(sample: Actuals) -> None:
    """The account of the sample used its free units up elsewhere; the model has these meters only where it says so."""
    why = {(line.service, line.meter, line.region): line.why for line in sample.lines}
    assert why["kms", "keys", "us-west-2"] == "quantity"
    assert why["lambda", "duration_x86", "us-west-2"] == "free tier"
    assert why["lambda", "duration_x86", "us-east-1"] == "missing in the model, free tier"
    assert why["kms", "keys", "eu-central-1"] == "no price for it in the book"
    assert why["fraud_detector", "hosting_hours", "us-west-2"] == "missing in the bill"


def test_a_price_of_another_date_is_named(sample: Actuals) -> None:
    """DynamoDB's on-demand prices were halved on 2024-11-01 (aws.amazon.com/blogs, 2024-11): the sample is of before."""
    line = next(line for line in sample.lines if line.meter == "write_request_units")
    assert line.why == "quantity, date"
    assert line.note == "billed at $0.00000125, the book's price from 2018-11-28; now $0.000000625"
    assert line.date_usd is not None
    assert abs(line.date_usd - line.bill_usd / 2) <= Decimal("1e-10")


def test_nothing_is_lost(sample: Actuals) -> None:
    """What is compared and what is not sum to the bill: 20.52…, summed with Python's Decimal from the file."""
    compared = sum(line.bill_usd for line in sample.lines)
    others = sum(sums.cost for found in sample.others.values() for sums in found.values())
    assert compared + others == Decimal("20.52022672899")
    assert set(sample.others) == {"a provider without rules", "adjustment", "credit", "not one of our meters"}


def test_a_cost_and_usage_report_by_hand(tmp_path: Path, aws_month: Result) -> None:
    """3M GB-s at 0.0000166667 and 2M requests at 0.20 a million, none of them free on this bill (AWS's Lambda page)."""
    found = beside(aws_month, write(tmp_path, CUR_NEW, CUR_ROWS))
    lines = {line.meter: line for line in found.lines if line.service == "lambda" and line.rows}
    assert (lines["duration_x86"].bill_usd, lines["requests"].bill_usd) == (Decimal("50.0001"), Decimal("0.4"))
    assert [lines[name].price_usd for name in ("duration_x86", "requests")] == [0, 0]
    assert lines["requests"].free_tier_usd == Decimal("0.2")  # the first million
    assert lines["duration_x86"].free_tier_usd == Decimal("6.66668")  # the first 400,000 GB-s
    assert set(found.others) == {"tax", "credit"}


def test_months_are_averaged(tmp_path: Path, aws_month: Result) -> None:
    rows = CUR_ROWS + CUR_ROWS.replace("2026-03", "2026-04")
    one, two = (beside(aws_month, write(tmp_path, CUR_NEW, text)) for text in (CUR_ROWS, rows))
    assert (one.months, two.months) == (("2026-03",), ("2026-03", "2026-04"))
    assert [line.to_dict() | {"rows": 0} for line in one.lines] == [line.to_dict() | {"rows": 0} for line in two.lines]


def test_each_provider_is_averaged_over_its_own_months(tmp_path: Path, aws_month: Result) -> None:
    """A Stripe report of two months beside an AWS bill of one."""
    bill, report = write(tmp_path, CUR_NEW, CUR_ROWS, "bill.csv"), write(tmp_path, STRIPE_HEAD, CHARGES, "report.csv")
    lines = {(line.service, line.meter): line for line in beside(aws_month, bill, report).lines}
    assert lines["lambda", "requests"].bill_usd == Decimal("0.4")
    assert lines["stripe", "dispute"].bill_usd == Decimal("7.5")


def test_rows_without_a_region_are_of_the_models(tmp_path: Path, aws_month: Result) -> None:
    rows = CUR_ROWS + CUR_ROWS.replace("us-west-2", "")
    lines = [line for line in beside(aws_month, write(tmp_path, CUR_NEW, rows)).lines if line.meter == "requests"]
    assert [(line.region, line.bill_quantity, line.free_tier_usd) for line in lines if line.service == "lambda"] == [
        ("us-west-2", 4_000_000, Decimal("0.2")),
    ]  # fmt: skip


# --- Stripe --------------------------------------------------------------------------------------------------


def test_fees_really_charged(tmp_path: Path, stripe_month: Result) -> None:
    """2.9 % + 0.30 with a half cent up, 1.5 % more on foreign cards, ACH 0.8 %: 1.03 + 4.70 and 1.60 by hand."""
    found = beside(stripe_month, write(tmp_path, STRIPE_HEAD, CHARGES))
    assert found.charges is not None
    card, ach = found.charges.groups
    assert (card.charged_usd, card.list_usd, card.exact, card.above, card.below) == (
        Decimal("5.73"), Decimal("5.73"), 2, 0, 0,
    )  # fmt: skip
    assert (ach.charged_usd, ach.list_usd, ach.exact) == (Decimal("1.6"), Decimal("1.6"), 1)
    lines = {line.meter: line for line in found.lines}
    assert lines["active_accounts"].why == "no quantity in the file"
    assert lines["dispute"].bill_usd == Decimal("7.5")  # 15 in two months
    assert lines["card"].note == "with card_international"
    assert {name: (sums.rows, sums.cost) for name, sums in found.currencies.items()} == {
        "EUR": (1, Decimal("2.1")), "JPY": (1, 36),
    }  # fmt: skip


@pytest.mark.parametrize(("fee", "net", "more", "less"), [("1.04", "23.96", 1, 0), ("1.02", "23.98", 0, 1)])
def test_a_fee_that_is_not_the_listed_one(
    tmp_path: Path, stripe_month: Result, fee: str, net: str, more: int, less: int
) -> None:
    rows = CHARGES.replace("25.00,1.03,23.97", f"25.00,{fee},{net}")
    found = beside(stripe_month, write(tmp_path, STRIPE_HEAD, rows))
    assert found.charges is not None
    assert (found.charges.groups[0].exact, found.charges.groups[0].above, found.charges.groups[0].below) == (
        1, more, less,
    )  # fmt: skip
    assert next(line for line in found.lines if line.meter == "card").price_usd == (Decimal(fee) - Decimal("1.03")) / 2


# --- the command ---------------------------------------------------------------------------------------------

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], stripe_month: Result) -> Cli:
    """The command, its simulated month made once for all."""
    monkeypatch.setattr("costmodel.analysis.actuals.run", lambda *_, **__: stripe_month)

    def call(*words: object) -> tuple[int, str, str]:
        code = main(["actuals", *map(str, words)])
        return (code, *capsys.readouterr())

    return call


def test_the_documents(cli: Cli, tmp_path: Path) -> None:
    path = write(tmp_path, STRIPE_HEAD, CHARGES)
    code, out, _ = cli(path, "--format", "json")
    found: dict[str, Any] = json.loads(out)
    assert code == 0
    assert {"schema_version", "lines", "services", "files", "charges", "calibration", "provenance"} <= set(found)
    assert found["other_currencies"] == [
        {"currency": "EUR", "rows": 1, "cost": "2.1"}, {"currency": "JPY", "rows": 1, "cost": "36"},
    ]  # fmt: skip
    for line in found["lines"]:
        assert Decimal(line["bill_usd"]) - Decimal(line["model_usd"]) == Decimal(line["difference_usd"])
    assert cli(path, "--format", "csv")[1].startswith("service,meter,region,unit,model_quantity")
    assert "| stripe.card |" in cli(path, "--format", "markdown")[1]
    assert "listed, as currencies are not added up" in cli(path)[1]


def test_signs_of_a_terminal_are_not_passed_on(cli: Cli, tmp_path: Path) -> None:
    row = GOOD.replace("AWS Lambda,AWS", "\x1b[31mEvil\x07,Nobody")
    code, out, _ = cli(write(tmp_path, FOCUS_HEAD, row + "\n"))
    assert code == 0
    assert "Evil" in out
    assert not {"\x1b", "\x07"} & set(out)


@pytest.mark.parametrize(("words", "says"), [
    ([], "required"),
    (["none.csv"], "check the path"),
    (["stripe.csv", "--strict"], "leave out --strict"),
    (["stripe.csv", "--scenario", "sed_stripe"], "did you mean"),
    (["stripe.csv", "--calibrate", "no/such/out.toml"], "no/such"),
    (["focus.csv", "--calibrate", "out.toml"], "hold no payments"),
    (["focus.csv", "--out", "no/such/out.csv"], "no/such"),
])  # fmt: skip
def test_bad_input_exits_2_and_writes_nothing(
    words: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    stripe_month: Result,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("costmodel.analysis.actuals.run", lambda *_, **__: stripe_month)
    write(tmp_path, STRIPE_HEAD, CHARGES + "bad,row\n", "stripe.csv")
    write(tmp_path, FOCUS_HEAD, GOOD + "\n", "focus.csv")
    try:
        code = main(["actuals", *words])
    except SystemExit as ended:
        code = int(ended.code or 0)
    assert code == 2
    assert says in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["focus.csv", "stripe.csv"]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.sampled_from(ALL),
    at=st.integers(0, 900),
    cut=st.integers(0, 40),
    piece=st.sampled_from(["", "9", ",", '"', "\n", "=", "-1e5"]),
)
def test_whatever_the_file_holds_the_command_ends_with_0_or_2(
    cli: Cli, tmp_path: Path, text: str, at: int, cut: int, piece: str
) -> None:
    (tmp_path / "any.csv").write_text(text[:at] + piece + text[at + cut :], encoding="utf-8")
    (tmp_path / "out.toml").unlink(missing_ok=True)
    code, _, err = cli(tmp_path / "any.csv", "--calibrate", tmp_path / "out.toml", "--quiet")
    assert code in (0, 2)
    assert "Traceback" not in err
    assert (tmp_path / "out.toml").exists() == (code == 0)
    if code == 0:
        assert main(["validate", str(tmp_path / "out.toml")]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) in (["any.csv"], ["any.csv", "out.toml"])


def test_from_python(tmp_path: Path) -> None:
    found = actuals([write(tmp_path, STRIPE_HEAD, CHARGES)], set=ONCE)
    assert found.scenario == "seed_stripe"
    assert np.isclose(float(found.by_service()["stripe"][1]), (5.73 + 1.6 + 15 + 4) / 2)
