"""The price book as a table and a workbook, the age of its sources, and AWS's own price lists read in."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from costmodel.analysis.price_import import compare_offers, load_offer_map
from costmodel.assumptions.catalog import data_dir, load_services
from costmodel.assumptions.service import Service
from costmodel.billing.offer_api import fetch_offers
from costmodel.billing.offers import offers_of_products, read_offers
from costmodel.errors import InputError
from costmodel.reporting.price_book import price_rows
from tests.offers import as_answers, as_csv, as_json, product
from tests.test_money_commands import Cli, answer

# Lambda as AWS lists it today (the tiers of duration are those of its pricing page), a price cut of requests that never
# was, what no meter is, and what is of a region unknown here.
LAMBDA = [
    product("R1", "AWSLambda", "USW2-Request", [("0", "Inf", "0.0000001000")], group="AWS-Lambda-Requests"),
    product("R2", "AWSLambda", "Request", [("0", "Inf", "0.0000001000")], region="us-east-1",
            group="AWS-Lambda-Requests"),
    product("D1", "AWSLambda", "USW2-Lambda-GB-Second", [
        ("15000000000", "Inf", "0.0000133334"), ("0", "6000000000", "0.0000166667"),
        ("6000000000", "15000000000", "0.0000150000")]),
    product("E1", "AWSLambda", "USW2-Lambda-Unheard-Of", [("0", "Inf", "0.0000006000")]),
    product("T1", "AWSLambda", "APN1-Request", [("0", "Inf", "0.0000002000")], region="ap-northeast-1"),
]  # fmt: skip
SCHEDULER = [
    product("S1", "AWSEvents", "USW2-ScheduledInvocation",
            [("0", "14000000", "0"), ("14000000", "Inf", "0.0000010000")], family="EventBridge"),
    product("S2", "AWSEvents", "USW2-Event-64K-Chunks", [("0", "Inf", "0.0000010000")], family="EventBridge",
            eventType="Custom Event"),
    product("S3", "AWSEvents", "USW2-Event-64K-Chunks", [("0", "Inf", "0.0000020000")], family="EventBridge",
            eventType="Custom Event"),
]  # fmt: skip
OLD = [product("K1", "awskms", "USW2-KMS-Requests", [("0", "Inf", "0.000005")], since="2024-06-01T00:00:00Z"),
       product("K2", "awskms", "USW2-KMS-Keys", [("0", "Inf", "2.00")], since="2024-07-01T00:00:00Z")]  # fmt: skip

OTHERS = [
    product("L1", "AWSLambda", "USW2-Lambda-SnapStart-Cached-GB-S", [("0", "Inf", "0.0000015046")]),
    product("L2", "AWSLambda", "USW2-Lambda-SnapStart-Restored-GB", [("0", "Inf", "0.0001397998")], unit="GB"),
    product("L3", "AWSLambda", "USW2-Lambda-Streaming-Response-Processed-Bytes", [("0", "Inf", "0.0080000000")]),
    product("G1", "AWSAppSync", "USW2-GraphQLInvocation", [("0", "Inf", "0.0000040000")], family="API Calls"),
    product("G2", "AWSAppSync", "USW2-GraphQLNotification", [("0", "Inf", "0.0000020000")], family="RealTime"),
    product("A1", "AWSAmplify", "USW2-BuildDuration", [("0", "Inf", "0.0100000000")], family="AWS Amplify"),
    product("A2", "AWSAmplify", "USW2-DataTransferOut", [("0", "Inf", "0.1500000000")], family="AWS Amplify"),
    product("A3", "AWSAmplify", "USW2-DataStorage", [("0", "Inf", "0.0230000000")], family="AWS Amplify"),
    product("A4", "AWSAmplify", "USW2-BuildDuration-Large", [("0", "Inf", "0.0250000000")], family="AWS Amplify"),
]


@pytest.fixture(scope="module")
def catalog() -> dict[str, Service]:
    return load_services()


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


# --- reading ----------------------------------------------------------------------------------------------------------


def test_the_three_shapes_say_the_same(tmp_path: Path) -> None:
    from_json = read_offers(written(tmp_path, "index.json", as_json(LAMBDA)))
    from_csv = read_offers(written(tmp_path, "index.csv", as_csv(LAMBDA)))
    answered = offers_of_products(as_answers(LAMBDA), "test")

    def said(offers: list[Any]) -> list[tuple[Any, ...]]:
        return [(o.sku, o.service_code, o.family, o.usage_type, o.attributes["regioncode"], o.effective, o.tiers,
                 o.published, o.version) for o in offers]  # fmt: skip

    assert said(from_json) == said(from_csv) == said(answered)
    assert from_json[2].tiers == (
        (Decimal(0), Decimal("0.0000166667")), (Decimal(6_000_000_000), Decimal("0.000015")),
        (Decimal(15_000_000_000), Decimal("0.0000133334")),
    )  # fmt: skip


@pytest.mark.parametrize(("name", "text", "said"), [
    ("index.json", "{", "not valid JSON"),
    ("index.json", "[]", "is no offer file: it has no `products`"),
    ("index.json", as_json(LAMBDA).replace("0.0000001000", "free"), "a price or range is no number of 0 or more (free)"),
    ("index.json", as_json(LAMBDA).replace("0.0000001000", "-1"), "no number of 0 or more (-1)"),
    ("index.json", as_json(LAMBDA).replace("2026-09-01T00:00:00Z", "soon"), "has no date (soon)"),
    ("index.csv", as_csv(LAMBDA).replace("PricePerUnit", "Price"), "is no offer file: no column priceperunit"),
    ("index.csv", "\r\n".join([*as_csv(LAMBDA).splitlines()[:-1], '"T1","JRTCKXETXF"']), "fields where the header has"),
    ("index.csv", as_csv(LAMBDA)[:-40], "not readable (unexpected end of data)"),
    ("index.csv", "", "index.csv: is empty; give"),
    ("index.txt", "", "`.txt` is no offer file"),
])  # fmt: skip
def test_a_file_that_is_no_offer_file(name: str, text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        read_offers(written(tmp_path, name, text))
    assert said in str(error.value)
    assert name in str(error.value)


# --- holding it against ours -----------------------------------------------------------------------------------------


def test_what_agrees_what_changes_and_what_is_left(catalog: dict[str, Service]) -> None:
    found = compare_offers(offers_of_products(as_answers(LAMBDA + SCHEDULER), "test"), catalog, load_offer_map())
    assert {each.meter: (each.status, each.regions) for each in found.found} == {
        "lambda.requests": ("new", ("us-east-1", "us-west-2")),
        "lambda.duration_x86": ("same", ("us-west-2",)),
        "eventbridge.scheduler_invocations": ("same", ("us-west-2",)),
    }
    assert [(each.offer.sku, each.why) for each in found.unplaced] == [
        ("E1", "matches no meter"),
        ("S2", "2 prices would be eventbridge.custom_events"),
        ("S3", "2 prices would be eventbridge.custom_events"),
    ]
    assert found.elsewhere == 1


def test_snapstart_streaming_appsync_and_amplify_are_in_the_map(catalog: dict[str, Service]) -> None:
    found = compare_offers(offers_of_products(as_answers(OTHERS), "test"), catalog, load_offer_map())
    assert {each.meter: each.status for each in found.found} == dict.fromkeys(
        ("lambda.snapstart_cache", "lambda.snapstart_restore", "lambda.response_streaming", "appsync.operations",
         "appsync.realtime_updates", "amplify.build_minutes", "amplify.served", "amplify.stored"), "same",
    )  # fmt: skip
    assert [(each.offer.sku, each.why) for each in found.unplaced] == [("A4", "matches no meter")]


def test_a_price_in_another_currency_is_left(catalog: dict[str, Service]) -> None:
    there = [product("Y", "AWSLambda", "USW2-Request", [("0", "Inf", "0.0000014")], currency="CNY")]
    found = compare_offers(offers_of_products(as_answers(there), "test"), catalog, load_offer_map())
    assert [each.why for each in found.unplaced] == ["has no price in USD from 0 on"]
    assert found.found == ()


def test_ours_is_never_older_by_an_old_list(catalog: dict[str, Service]) -> None:
    found = compare_offers(offers_of_products(as_answers(OLD), "test"), catalog, load_offer_map())
    assert {each.meter: each.status for each in found.found} == {
        "kms.requests_symmetric": "older", "kms.keys": "contradicts",
    }  # fmt: skip
    assert found.new == ()


def test_a_map_of_a_meter_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "offers").mkdir()
    own = '[[product]]\nservice_code = "AWSLambda"\nmeter = "lambda.request"\n'
    (tmp_path / "offers/aws.toml").write_text(own, encoding="utf-8")
    says = r"offers/aws\.toml:3: product\[0\]\.meter: no such meter: `lambda\.request`; did you mean `lambda.requests`"
    with pytest.raises(InputError, match=says):
        load_offer_map(data=tmp_path)


def test_every_product_of_the_map_is_a_meter_of_its_own(catalog: dict[str, Service]) -> None:
    assert compare_offers([], catalog, load_offer_map()).found == ()
    meters = [each.meter for each in load_offer_map().product]
    assert len(meters) == len(set(meters))


# --- writing ----------------------------------------------------------------------------------------------------------


def test_import_shows_and_writes_only_on_request(cli: Cli, tmp_path: Path) -> None:
    offer, ours = written(tmp_path, "index.json", as_json(LAMBDA)), tmp_path / "ours"
    ours.mkdir()
    code, out, _ = cli("prices", "import", offer)
    assert code == 0
    assert (
        "~ lambda.requests $0.20 per 1,000,000, 1,000,000 free since 2018-08-22 → $0.10 per 1,000,000, 1,000,000 free "
        "from 2026-09-01, us-east-1, us-west-2"
    ) in " ".join(out.split())
    assert "E1" in out
    assert "Nothing was written" in out
    assert list(ours.iterdir()) == []

    found = answer(cli("prices", "import", offer, "--write", ours, "--format", "json"))
    assert found["written"] == [str(ours / "services" / "lambda.toml")]
    usage = written(tmp_path, "usage.csv", "service,meter,quantity\nlambda,requests,3000000\n")
    for on, total in (("2026-08-31", "0.4"), ("2026-09-01", "0.2")):  # 2M beyond the free one, at 0.20 and 0.10
        bill = answer(cli("bill", usage, "--data", ours, "--on", on, "--format", "json"))["bill"]
        assert bill["total_usd"] == total
    assert (bill["lines"][1]["price_basis"], bill["lines"][1]["price_from"]) == ("published", "2026-09-01")
    assert cli("validate", ours / "services" / "lambda.toml")[0] == 0

    before = (ours / "services" / "lambda.toml").read_bytes()
    again = answer(cli("prices", "import", offer, "--write", ours, "--format", "json"))
    assert {each["status"] for each in again["changes"] if each["meter"]} == {"same"}
    assert (ours / "services" / "lambda.toml").read_bytes() == before


def test_import_into_the_data_folder_leaves_the_old_entries(
    cli: Cli,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A copy of the shipped data as the shipped data: the new entry stands behind everything that was there."""
    import shutil

    copy = shutil.copytree(data_dir(), tmp_path / "data")
    for module in ("assumptions.catalog", "reporting.price_entries"):
        monkeypatch.setattr(f"costmodel.{module}.data_dir", lambda: copy)
    before = (copy / "services" / "lambda.toml").read_text()
    offer = written(tmp_path, "index.csv", as_csv(LAMBDA[:1]))
    answer(cli("prices", "import", offer, "--write", copy, "--format", "json"))
    after = (copy / "services" / "lambda.toml").read_text()
    assert after.startswith(before)
    assert "SKU R1" in after[len(before) :]
    prices = [price.from_.isoformat() for price in load_services()["lambda"].meter["requests"].price]
    assert prices == ["2018-08-22", "2026-09-01"]


def test_a_folder_that_does_not_go_with_it_is_not_written(cli: Cli, tmp_path: Path) -> None:
    ours = tmp_path / "services"
    ours.mkdir()
    spoiled = "[[meter.requests.price]]\nfrom = 2027-01-01\nuntil = 2026-01-01\n"
    (ours / "lambda.toml").write_text(spoiled)
    code, out, err = cli("prices", "import", written(tmp_path, "index.json", as_json(LAMBDA)), "--write", tmp_path)
    assert (code, out) == (2, "")
    assert "lambda.toml" in err
    assert (ours / "lambda.toml").read_text() == spoiled


def test_a_list_of_nothing_known_compared_nothing(cli: Cli, tmp_path: Path) -> None:
    offer = written(tmp_path, "index.json", as_json([product("X", "AmazonEC2", "USW2-BoxUsage", [("0", "Inf", "1")])]))
    code, out, _ = cli("prices", "import", offer)
    assert code == 2
    assert "match no meter" in out


# --- through boto3 ----------------------------------------------------------------------------------------------------


def test_the_pricing_client(catalog: dict[str, Service]) -> None:
    """Two pages of one service and region, as botocore's own model of the service has them."""
    boto3 = pytest.importorskip("boto3")
    stub = pytest.importorskip("botocore.stub")
    client = boto3.client("pricing", region_name="us-east-1", aws_access_key_id="-", aws_secret_access_key="-")
    asked = {"ServiceCode": "AWSLambda", "FormatVersion": "aws_v1", "MaxResults": 100,
             "Filters": [{"Type": "TERM_MATCH", "Field": "regionCode", "Value": "us-west-2"}]}  # fmt: skip
    answers = as_answers(LAMBDA)
    with stub.Stubber(client) as stubber:
        stubber.add_response(
            "get_products", {"FormatVersion": "aws_v1", "PriceList": answers[:1], "NextToken": "2"}, asked
        )
        stubber.add_response(
            "get_products", {"FormatVersion": "aws_v1", "PriceList": answers[2:3]}, asked | {"NextToken": "2"}
        )
        offers = fetch_offers(client, ["AWSLambda"], ["us-west-2"])
        stubber.assert_no_pending_responses()
        stubber.add_client_error("get_products", "AccessDeniedException", "not authorized")
        with pytest.raises(InputError, match=r"did not answer .*not authorized"):
            fetch_offers(client, ["AWSLambda"], ["us-west-2"])
    found = compare_offers(offers, catalog, load_offer_map())
    assert {each.meter: each.status for each in found.found} == {
        "lambda.requests": "new",
        "lambda.duration_x86": "same",
    }


# --- the book -----------------------------------------------------------------------------------------------------------


def test_the_book_as_a_workbook(cli: Cli, tmp_path: Path, catalog: dict[str, Service]) -> None:
    ours = tmp_path / "ours" / "services"
    ours.mkdir(parents=True)
    (ours / "kms.toml").write_text(
        '[[meter.keys.price]]\nfrom = 2027-01-01\nregions = ["us-west-2"]\ntiers = [{ above = 0, usd = 2 }]\n'
        'source = "=HYPERLINK(1)"\nread = 2026-12-01\nbasis = "published"\n'
    )
    code, _, err = cli("prices", "--xlsx", tmp_path / "book.xlsx", "--data", tmp_path / "ours")
    assert code == 0, err
    sheet = openpyxl.load_workbook(tmp_path / "book.xlsx").active
    head, *rows = [[cell.value for cell in line] for line in sheet.iter_rows()]
    assert len(rows) == len(price_rows(catalog)) + 1
    at = {name: index for index, name in enumerate(head)}
    (key,) = [row for row in rows if row[at["meter"]] == "keys" and row[at["service"]] == "kms" and row[at["usd"]] == 2]
    assert key[at["from"]] == dt.datetime(2027, 1, 1)
    assert key[at["source"]] == "=HYPERLINK(1)"
    assert all(cell.data_type != "f" for line in sheet.iter_rows() for cell in line)


def test_the_book_has_every_figure_with_its_source(cli: Cli) -> None:
    rows = list(csv.DictReader(io.StringIO(cli("prices", "--format", "csv")[1])))
    for row in rows:
        assert all(row[column] for column in ("service", "meter", "kind", "unit", "from", "basis", "read", "source"))
        if row["basis"] == "assumption":
            assert (row["low"] and row["high"]) or (row["scale_low"] and row["scale_high"]), row


def test_stale_counts_to_the_day_that_the_environment_names(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COSTMODEL_TODAY", "2030-01-01")
    found = json.loads(cli("prices", "stale", "--older-than", "1d", "--format", "json")[1])
    oldest = found["stale"][0]
    age = dt.date(2030, 1, 1) - dt.date.fromisoformat(oldest["read"])
    assert (found["on"], oldest["age_days"]) == ("2030-01-01", age.days)


@pytest.mark.parametrize(
    ("days", "on", "code"), [("365d", "2026-12-01", 0), ("365", "2027-12-01", 5), ("0", "2026-11-30", 5)]
)
def test_stale(days: str, on: str, code: int, cli: Cli) -> None:
    found = cli("prices", "stale", "--older-than", days, "--on", on, "--format", "json")
    assert found[0] == code
    stale = json.loads(found[1])["stale"]
    assert bool(stale) == (code == 5)
    if stale:
        oldest = dt.date.fromisoformat(stale[0]["read"])
        assert stale[0]["age_days"] == (dt.date.fromisoformat(on) - oldest).days
        assert stale == sorted(stale, key=lambda each: (each["read"], each["key"]))
        assert any(each["key"].startswith("kms.meter.keys.price[2024-07-01") for each in stale)


@pytest.mark.parametrize(("words", "said"), [
    (["stale"], "say how old is too old"),
    (["stale", "--older-than", "a year"], "a year is no number of days; write e.g. 365d"),
    (["stale", "--older-than", "1d", "--write", "x"], "write belongs to `prices import`"),
    (["list", "--older-than", "1d"], "older-than belongs to `prices stale`"),
    (["import"], "name one or more offer files, or --aws"),
    (["import", "x.json", "--aws"], "name one or more offer files, or --aws"),
    (["import", "none.json"], "none.json: cannot be read"),
    (["--xlsx", "no/such/book.xlsx"], "choose another place"),
    (["buy"], "invalid choice"),
])  # fmt: skip
def test_what_makes_no_sense(words: list[str], said: str, cli: Cli) -> None:
    code, out, err = cli("prices", *words)
    assert (code, out) == (2, "")
    assert said in err
