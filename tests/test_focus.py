"""A forecast in the layout of FOCUS 1.2, held against the rules of the specification.

The rules are those of https://focus.finops.org/focus-specification/v1-2/ (Cost and Usage), read 2026-11-24; CONTRIBUTING
tells how to let the official validator check them.
"""

from __future__ import annotations

import csv
import datetime as dt
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as parquet
import pytest

import costmodel as cm
from costmodel.assumptions.focus import load_focus_terms
from costmodel.cli.main import main
from costmodel.errors import InputError
from costmodel.reporting.files import write_whole
from costmodel.reporting.focus import focus_file, focus_rows
from costmodel.result import Result

# the specification's mandatory columns; those that may be null end with a question mark
MANDATORY = [
    "BilledCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargeClass?",
    "ChargeDescription",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "ContractedCost",
    "EffectiveCost",
    "InvoiceIssuerName",
    "ListCost",
    "PricingQuantity",
    "PricingUnit",
    "ProviderName",
    "PublisherName",
    "ServiceCategory",
    "ServiceName",
]
CATEGORIES = {
    "AI and Machine Learning": {"Machine Learning"},
    "Business Applications": {"Other (Business Applications)"},
    "Compute": {"Serverless Compute"},
    "Databases": {"NoSQL Databases"},
    "Integration": {"API Management", "Messaging", "Workflow Orchestration"},
    "Management and Governance": {"Observability"},
    "Networking": {"Network Connectivity", "Network Security"},
    "Security": {"Secret Management"},
    "Storage": {"Object Storage"},
    "Web": {"Application Platforms"},
    "Other": {"Other (Other)"},
}
FREQUENCIES = {"One-Time", "Recurring", "Usage-Based"}
ONCE = {"replications": 1}


@pytest.fixture(scope="module", params=["seed_aws", "seed_stripe"])
def result(request: pytest.FixtureRequest) -> Result:
    return cm.run(request.param, set=ONCE)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def rows(result: Result, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    path = tmp_path_factory.mktemp("focus") / "out.csv"
    content, number = focus_file(result, str(path))
    assert number == len(result.bill.lines)
    write_whole(path, content)
    return rows_of(path)


def test_the_21_mandatory_columns_are_there(rows: list[dict[str, str]]) -> None:
    assert len(MANDATORY) == 21
    assert {name.rstrip("?") for name in MANDATORY} <= set(rows[0])
    assert all(row[name] for row in rows for name in MANDATORY if not name.endswith("?"))


def test_other_columns_of_ours_begin_with_x(rows: list[dict[str, str]]) -> None:
    specified = {name.rstrip("?") for name in MANDATORY} | {
        "ChargeFrequency", "ConsumedQuantity", "ConsumedUnit", "ContractedUnitPrice", "InvoiceId", "ListUnitPrice",
        "PricingCategory", "RegionId", "RegionName", "ServiceSubcategory", "SkuId", "SkuMeter", "SkuPriceId",
    }  # fmt: skip
    assert all(name.startswith("x_") for name in set(rows[0]) - specified)
    assert all(row["x_Scenario"] and row["x_Basis"] for row in rows)


def test_values_are_allowed(rows: list[dict[str, str]]) -> None:
    for row in rows:
        assert row["ServiceSubcategory"] in CATEGORIES[row["ServiceCategory"]]
        assert row["ChargeCategory"] == "Usage"
        assert row["ChargeFrequency"] in FREQUENCIES
        assert row["ChargeClass"] == ""
        assert row["BillingCurrency"] == "USD"
        assert row["InvoiceIssuerName"] == row["ProviderName"]  # else BilledCost must be 0
        assert bool(row["RegionId"]) == bool(row["RegionName"])


def test_every_number_shows_a_decimal_point(rows: list[dict[str, str]]) -> None:
    """A column of whole numbers is read as integers by the validator, and fails the rule that it be a decimal."""
    for row in rows:
        for name in row:
            if name.endswith(("Cost", "Quantity", "UnitPrice")):
                assert "." in row[name]
                assert "E" not in row[name].upper()
                assert Decimal(row[name]) >= 0


def test_price_times_quantity_is_cost_and_costs_sum_to_the_bill(result: Result, rows: list[dict[str, str]]) -> None:
    for row in rows:
        quantity = Decimal(row["PricingQuantity"])
        for price, cost in (("ListUnitPrice", "ListCost"), ("ContractedUnitPrice", "ContractedCost")):
            assert abs(Decimal(row[price]) * quantity - Decimal(row[cost])) <= Decimal("1e-10") * max(1, quantity)
        assert row["BilledCost"] == row["EffectiveCost"] == row["ContractedCost"]
    assert sum(Decimal(row["BilledCost"]) for row in rows) == result.bill.total_usd


def test_the_period_is_the_month_of_the_scenario(rows: list[dict[str, str]]) -> None:
    for row in rows:
        assert (row["BillingPeriodStart"], row["BillingPeriodEnd"]) == ("2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z")
        assert (row["ChargePeriodStart"], row["ChargePeriodEnd"]) == ("2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z")


def test_sku_prices_have_one_sku(rows: list[dict[str, str]]) -> None:
    parents = {(row["SkuPriceId"], row["SkuId"]) for row in rows}
    assert len(parents) == len({price for price, _ in parents}) == len(rows)


def test_a_plan_has_its_list_price_beside_it() -> None:
    """Payouts at the document's 0.25 each; Connect's list price is 0.25 % + 0.25 (its price list)."""
    result = cm.run("seed_stripe", set=ONCE)
    row = next(row for row in focus_rows(result, load_focus_terms()) if row["x_Meter"] == "payout")
    amounts = next(row.amounts for row in result.usage if row.meter == "payout")
    scale = next(row.scale for row in result.usage if row.meter == "payout")
    assert amounts is not None
    cents, times = (part.tolist() for part in amounts)
    listed = sum(n * ((25 * c + 5_000) // 10_000 + 25) for c, n in zip(cents, times, strict=True))
    assert row["ContractedUnitPrice"] == Decimal("0.25")
    assert abs(row["ListCost"] - Decimal(listed) * scale / 100) <= Decimal("1e-10")
    assert row["BilledCost"] < row["ListCost"]


def test_parquet_has_instants_and_decimals(tmp_path: Path) -> None:
    result = cm.run("seed_stripe", set=ONCE)
    write_whole(tmp_path / "out.parquet", focus_file(result, "out.parquet")[0])
    table = parquet.read_table(tmp_path / "out.parquet")
    assert str(table.schema.field("BilledCost").type) == "decimal128(38, 18)"
    assert table["BillingPeriodStart"][0].as_py() == dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
    assert sum(table["BilledCost"].to_pylist()) == result.bill.total_usd


def test_a_service_of_the_users_own_is_other(result: Result) -> None:
    terms = load_focus_terms().model_copy(update={"services": {}})
    assert {row["ServiceCategory"] for row in focus_rows(result, terms)} == {"Other"}


def test_terms_can_be_laid_over(tmp_path: Path) -> None:
    (tmp_path / "focus.toml").write_text('billing_account_id = "1234"\n')
    assert load_focus_terms(tmp_path).billing_account_id == "1234"
    (tmp_path / "focus.toml").write_text('billing_acount_id = "1234"\n')
    with pytest.raises(InputError, match="billing_account_id"):
        load_focus_terms(tmp_path)


@pytest.mark.parametrize(("words", "says"), [
    (["report", "seed_stripe"], "nothing to write"),
    (["report", "seed_stripe", "--focus", "no/such/out.csv"], "no/such"),
    (["report", "sed_stripe", "--focus", "out.csv"], "did you mean"),
    (["report", "seed_stripe", "--focus", "out.csv", "--payments", "none.csv"], "check the path"),
])  # fmt: skip
def test_bad_input_writes_nothing(
    words: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    assert says in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "out.csv"
    words = ["report", "seed_stripe", "--focus", str(path), "--set", "replications=1", "--format", "json", "--quiet"]
    assert main(words) == 0
    assert f'"file": "{path}"' in capsys.readouterr().out
    assert len(rows_of(path)) == 5
