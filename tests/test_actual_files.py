"""Files of real money: rows summed exactly as their files have them, and every row that is not used counted with its line.

Expected sums are taken from the same files with Python's csv module and Decimal, or by hand.
"""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from costmodel.assumptions.bill_layouts import load_layouts, load_line_rules
from costmodel.billing.actual_files import Read, read_files
from costmodel.errors import InputError, Problem
from costmodel.simulation.replaying import read_payments
from tests.worlds import flat_scenario

SAMPLES = Path(__file__).parent / "samples"
FOCUS = SAMPLES / "focus_sample_1000_v1.0.csv"
STRIPE_HEAD = (
    "balance_transaction_id,created_utc,currency,gross,fee,net,reporting_category,payment_method_type,card_country,"
    "description,connected_account_id"
)
CHARGES = """a,2026-03-02 10:00:00,usd,25.00,1.03,23.97,charge,card,US,,
b,2026-03-03 10:00:00,usd,100.00,4.70,95.30,charge,card,DE,,
c,2026-03-04 10:00:00,usd,200.00,1.60,198.40,charge,us_bank_account,,,
d,2026-03-05 10:00:00,usd,-25.00,0.00,-25.00,refund,card,US,,
e,2026-03-06 10:00:00,usd,-100.00,15.00,-115.00,dispute,card,DE,,
f,2026-03-07 10:00:00,usd,-90.00,0.00,-90.00,transfer,,,,acct_1
g,2026-04-01 10:00:00,usd,-4.00,0.00,-4.00,fee,,,Connect: Active Account Billing (2 accounts),
h,2026-03-08 10:00:00,eur,50.00,2.10,47.90,charge,card,DE,,
i,2026-03-09 10:00:00,jpy,1000,36,964,charge,card,JP,,
"""
FOCUS_HEAD = (
    "BilledCost,BillingCurrency,ChargeCategory,ChargePeriodStart,ServiceName,ProviderName,PricingQuantity,PricingUnit,"
    "ChargeDescription,EffectiveCost,RegionId,ListUnitPrice"
)
GOOD = "1.5,USD,Usage,2024-09-01 00:00:00,AWS Lambda,AWS,10,Requests,AWS Lambda - Total Requests,0,us-west-2,0.15"
CUR_OLD = (
    "lineItem/LineItemType,lineItem/UsageStartDate,lineItem/ProductCode,lineItem/UsageType,lineItem/UsageAmount,"
    "lineItem/CurrencyCode,lineItem/UnblendedCost,lineItem/LineItemDescription,product/regionCode,pricing/unit"
)
CUR_NEW = (
    "line_item_line_item_type,line_item_usage_start_date,line_item_product_code,line_item_usage_type,"
    "line_item_usage_amount,line_item_currency_code,line_item_unblended_cost,line_item_line_item_description,"
    "product_region_code,pricing_unit"
)
CUR_ROWS = """Usage,2026-03-01T00:00:00Z,AWSLambda,USW2-Lambda-GB-Second,3000000,USD,50.0001,duration,us-west-2,Second
Usage,2026-03-02T00:00:00Z,AWSLambda,USW2-Request,2000000,USD,4.0E-1,requests,us-west-2,Requests
Tax,2026-03-01T00:00:00Z,AWSLambda,,1,USD,5.00,Tax,,
Credit,2026-03-01T00:00:00Z,AWSLambda,USW2-Request,0,USD,-0.10,credit,us-west-2,
"""


def write(folder: Path, head: str, rows: str, name: str = "file.csv") -> Path:
    path = folder / name
    path.write_text(f"{head}\n{rows}", encoding="utf-8")
    return path


def read(*paths: Path, strict: bool = False) -> Read:
    return read_files(list(paths), zone="America/New_York", columns={}, strict=strict)


def sample_rows() -> list[dict[str, str]]:
    with FOCUS.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


# --- FOCUS ---------------------------------------------------------------------------------------------------


def test_the_focus_sample_is_summed_exactly() -> None:
    rows, found = sample_rows(), read(FOCUS)
    expected: dict[tuple[str, str], Decimal] = {}
    for row in rows:
        who = row["ProviderName"], row["ServiceName"]
        expected[who] = expected.get(who, Decimal(0)) + Decimal(row["BilledCost"])
    sums: dict[tuple[str, str], Decimal] = {}
    for key, value in found.bills.items():
        sums[key.provider, key.service] = sums.get((key.provider, key.service), Decimal(0)) + value.cost
    assert sums == expected
    assert (found.files[0].used, found.files[0].rejected, found.files[0].layout) == (1000, {}, "FOCUS bill")


def test_rows_billed_but_effectively_free_are_noticed() -> None:
    unreal = [row for row in sample_rows() if Decimal(row["EffectiveCost"]) == 0 != Decimal(row["BilledCost"])]
    found = read(FOCUS).bills.values()
    assert sum(sums.unreal_rows for sums in found) == len(unreal) == 610
    assert sum(sums.unreal_cost for sums in found) == sum(Decimal(row["BilledCost"]) for row in unreal)


@pytest.mark.parametrize(("effective", "rows"), [("0", 1), ("0.00", 1), ("NULL", 0), ("", 0), ("1.5", 0)])
def test_no_effective_cost_is_not_one_of_zero(tmp_path: Path, effective: str, rows: int) -> None:
    row = GOOD.replace("Total Requests,0,", f"Total Requests,{effective},")
    found = read(write(tmp_path, FOCUS_HEAD, row + "\n"))
    assert [sums.unreal_rows for sums in found.bills.values()] == [rows]


def test_parquet_and_compressed_files_give_the_same(tmp_path: Path) -> None:
    rows = sample_rows()
    table = pa.table({name: [row[name] for row in rows] for name in rows[0]})
    numbers = ("BilledCost", "EffectiveCost", "PricingQuantity")
    typed = {name: table[name].cast(pa.decimal128(30, 15)) for name in numbers}
    table = pa.table({name: typed.get(name, table[name]) for name in table.column_names})
    parquet.write_table(table, tmp_path / "bill.parquet")
    (tmp_path / "bill.csv.gz").write_bytes(gzip.compress(FOCUS.read_bytes()))
    expected = {key: sums.cost for key, sums in read(FOCUS).bills.items()}
    for name in ("bill.parquet", "bill.csv.gz"):
        assert {key: sums.cost for key, sums in read(tmp_path / name).bills.items()} == expected


@pytest.mark.parametrize(("cell", "value"), [
    ("1.5E-7", "0.00000015"), ("1e2", "100"), ("-2.5", "-2.5"), ("0.1234567890123456789", "0.1234567890123456789"),
    ("+3", "3"), ("007", "7"),
])  # fmt: skip
def test_costs_in_any_notation(tmp_path: Path, cell: str, value: str) -> None:
    found = read(write(tmp_path, FOCUS_HEAD, GOOD.replace("1.5", cell, 1) + "\n"))
    assert [sums.cost for sums in found.bills.values()] == [Decimal(value)]


@pytest.mark.parametrize(("row", "reason"), [
    (GOOD.replace("1.5", "", 1), "no cost"),
    (GOOD.replace("1.5", "NULL", 1), "no cost"),
    (GOOD.replace("1.5", "ten", 1), "cost is no number"),
    (GOOD.replace("1.5", "nan", 1), "cost is no number"),
    (GOOD.replace("1.5", "1e30", 1), "cost is no number"),
    (GOOD.replace("1.5", '"1,5"', 1), "cost is no number"),
    (GOOD.replace("1.5", '"=HYPERLINK(""http://a.b"")"', 1), "a formula for cost"),
    (GOOD.replace(",10,", ",many,"), "quantity is no number"),
    (GOOD.replace("USD", ""), "no currency"),
    (GOOD.replace("2024-09-01 00:00:00", "yesterday"), "no readable start of the charge"),
    (GOOD.replace("2024-09-01 00:00:00", "0000-09-01"), "no readable start of the charge"),
    (GOOD.replace("2024-09-01 00:00:00", "2024-13-01"), "no readable start of the charge"),
    (GOOD + ",1" * 17, "wrong number of columns"),
    ("1.5,USD,Usage", "wrong number of columns"),
])  # fmt: skip
def test_faulty_rows_of_a_bill_are_counted_with_reason_and_line(tmp_path: Path, row: str, reason: str) -> None:
    path = write(tmp_path, FOCUS_HEAD, f"{GOOD}\n{row}\n{GOOD}\n")
    found = read(path)
    assert found.files[0].rejected == {reason: {"count": 1, "lines": [3]}}
    assert sum(sums.cost for sums in found.bills.values()) == 3
    with pytest.raises(InputError) as refused:
        read(path, strict=True)
    assert (refused.value.problems[0].line, reason in refused.value.problems[0].wrong) == (3, True)


def test_currencies_stay_apart(tmp_path: Path) -> None:
    found = read(write(tmp_path, FOCUS_HEAD, f"{GOOD}\n{GOOD.replace('USD', 'EUR')}\n{GOOD.replace('USD', 'usd')}\n"))
    assert Counter({key.currency: sums.cost for key, sums in found.bills.items()}) == {"USD": 3, "EUR": Decimal("1.5")}


# --- which line is whose meter -------------------------------------------------------------------------------

LABELLED = [
    # service, usage type, unit, description: as AWS writes them; the meter each is of
    ("AWS Lambda", "", "Requests", "AWS Lambda - Total Requests - US East (Ohio)", "lambda.requests"),
    ("AWS Lambda", "", "Seconds", "AWS Lambda - Total Compute - US West (Oregon)-Tier-1", "lambda.duration_x86"),
    (
        "AWS Lambda",
        "",
        "Lambda-GB-Seconds",
        "AWS Lambda - Total Compute (Provisioned) - US West (Oregon)",
        "lambda.provisioned_duration_x86",
    ),
    (
        "AWS Lambda",
        "",
        "GB",
        "$0.090 per GB - first 10 TB / month data transfer out beyond the global free tier",
        "data_transfer.internet_out",
    ),
    ("Amazon CloudFront", "", "GB", "$0.085 per GB - first 10 TB / month data transfer out", None),
    ("Amazon Elastic Compute Cloud", "", "GB", "$0.00 per GB - US West (Oregon) data transfer from EU (Ireland)", None),
    (
        "Amazon Elastic Compute Cloud",
        "",
        "GB",
        "$0.02 per GB - US West (Oregon) data transfer to US East (Ohio)",
        "data_transfer.inter_region",
    ),
    (
        "Amazon Elastic Compute Cloud",
        "",
        "GB",
        "$0.010 per GB - regional data transfer - in/out/between EC2 AZs or using elastic IPs or ELB",
        "data_transfer.intra_region",
    ),
    (
        "Amazon Elastic Compute Cloud",
        "",
        "GB",
        "$0.00 per GB data transfer out of US West (Oregon) to CloudFront",
        None,
    ),
    (
        "Amazon DynamoDB",
        "",
        "WriteRequestUnits",
        "$1.25 per million write request units (Oregon)",
        "dynamodb.write_request_units",
    ),
    (
        "AWS Key Management Service",
        "",
        "Keys",
        "$1 per customer managed KMS key version in US West (Oregon)",
        "kms.keys",
    ),
    ("AmazonCloudWatch", "", "Metrics", "$0.30 per metric-month for the first 10,000 metrics", "cloudwatch.metrics"),
    (
        "AmazonCloudWatch",
        "",
        "Metrics",
        "$0.01 per 1,000 metrics requested using GetMetricData API",
        "cloudwatch.metrics_requested",
    ),
    (
        "Amazon Simple Storage Service",
        "",
        "Requests",
        "$0.004 per 10,000 GET and all other requests",
        "s3.get_requests",
    ),
    (
        "Amazon Simple Storage Service",
        "",
        "Requests",
        "$0.004 per 10,000 GET and all other requests to Intelligent-Tiering",
        None,
    ),
    ("AWSLambda", "USW2-Lambda-GB-Second-ARM", "Second", "", "lambda.duration_arm"),
    ("AWSLambda", "Request", "Requests", "", "lambda.requests"),
    ("AWSLambda", "EU-Lambda-Edge-GB-Second", "Second", "", "lambda.edge_duration"),
    ("AWSLambda", "USW2-Lambda-Unheard-Of", "Second", "", None),
    ("AWSLambda", "USW2-Lambda-SnapStart-Cached-GB-S", "Second", "", "lambda.snapstart_cache"),
    ("AWSLambda", "Lambda-SnapStart-Restored-GB", "GB", "", "lambda.snapstart_restore"),
    ("AWSLambda", "USE1-Lambda-Streaming-Response-Processed-Bytes-ARM", "GB", "", "lambda.response_streaming"),
    ("AmazonDynamoDB", "USW2-IA-TimedStorage-ByteHrs", "GB-Mo", "", "dynamodb.storage_ia"),
    ("AmazonDynamoDB", "USW2-RestoreDataSize-Bytes", "GB", "", "dynamodb.restore"),
    ("AWSAmplify", "USW2-BuildDuration", "minutes", "", "amplify.build_minutes"),
    ("AWSAmplify", "USE1-DataTransferOut", "GB", "", "amplify.served"),
    ("AWSAppSync", "USW2-GraphQLInvocation", "Requests", "", "appsync.operations"),
    ("AWSAppSync", "APN2-EventAPI-Operation", "Operation", "", "appsync.event_operations"),
    ("AmazonApiGateway", "USW2-ApiGatewayHttpRequest", "Requests", "", "api_gateway.http_requests"),
    ("AWSCloudTrail", "USW2-PaidEventsRecorded", "Events", "", "cloudtrail.management_events"),
    ("AWSCloudTrail", "USW2-FreeEventsRecorded", "Events", "", None),
    ("AWSEvents", "USW2-TimedStorage-ByteHrs", "GB-Mo", "", "eventbridge.archive_storage"),
    ("AmazonStates", "USW2-StepFunctions-GB-Second", "GB-Second", "", "step_functions.express_duration"),
    ("AmazonS3", "USW2-USE1-AWS-Out-Bytes", "GB", "", "data_transfer.inter_region"),
    ("AmazonS3", "USW2-Requests-Tier1", "Requests", "", "s3.put_requests"),
    ("AWSQueueService", "USW2-Requests-Tier1", "Requests", "", "sqs.requests_standard"),
    ("AmazonDynamoDB", "TimedStorage-ByteHrs", "GB-Mo", "", "dynamodb.storage"),
]


@pytest.mark.parametrize(("service", "usage_type", "unit", "description", "meter"), LABELLED)
def test_lines_go_to_their_meter(service: str, usage_type: str, unit: str, description: str, meter: str | None) -> None:
    found = load_line_rules()["AWS"].meters(service, usage_type, unit, description)
    assert {f"{one}.{two}" for one, two in found} == ({meter} if meter else set())


def test_no_line_of_the_sample_fits_two_meters() -> None:
    rules = load_line_rules()["AWS"]
    for row in sample_rows():
        assert len(rules.meters(row["ServiceName"], "", row["PricingUnit"], row["ChargeDescription"])) <= 1


# --- AWS Cost and Usage Report -------------------------------------------------------------------------------


@pytest.mark.parametrize("head", [CUR_OLD, CUR_NEW])
def test_both_cost_and_usage_reports(tmp_path: Path, head: str) -> None:
    found = read(write(tmp_path, head, CUR_ROWS))
    costs = {(key.category, key.usage_type): sums.cost for key, sums in found.bills.items()}
    assert costs == {
        ("charge", "USW2-Lambda-GB-Second"): Decimal("50.0001"), ("charge", "USW2-Request"): Decimal("0.4"),
        ("tax", ""): 5, ("credit", "USW2-Request"): Decimal("-0.1"),
    }  # fmt: skip
    assert {key.provider for key in found.bills} == {"AWS"}
    assert {key.month for key in found.bills} == {"2026-03"}


# --- Stripe --------------------------------------------------------------------------------------------------


def test_a_stripe_report(tmp_path: Path) -> None:
    """Sums of the rows by hand."""
    found = read(write(tmp_path, STRIPE_HEAD, CHARGES)).balance
    moved = {who: (sums.rows, sums.cost) for who, sums in found.moved.items()}
    assert moved["USD", "charge"] == (3, 325)
    assert moved["USD", "refund"] == (1, -25)
    assert moved["EUR", "charge"] == (1, 50)
    assert moved["JPY", "charge"] == (1, 1000)
    fees: dict[tuple[str, str], Decimal] = {}
    for key, sums in found.entries.items():
        fees[key.currency, key.category] = fees.get((key.currency, key.category), Decimal(0)) + sums.cost
    assert fees["USD", "charge"] == Decimal("7.33")
    assert fees["USD", "dispute"] == 15
    assert fees["USD", "fee"] == 4  # the whole row
    assert fees["EUR", "charge"] == Decimal("2.1")
    assert [found.charges.column(at).tolist() for at in (0, 1, 3, 4)] == [
        [2500, 10000, 20000], [103, 470, 160], [0, 0, 1], [0, 1, 0],
    ]  # fmt: skip
    assert found.accounts == {"acct_1"}
    assert {key.month for key in found.entries} == {"2026-03", "2026-04"}


STRIPE_GOOD = "z,2026-03-02 10:00:00,usd,25.00,1.03,23.97,charge,card,US,,"


@pytest.mark.parametrize(("row", "reason"), [
    (STRIPE_GOOD.replace("23.97", "23.98"), "net is not gross less fee"),
    (STRIPE_GOOD.replace("25.00", ""), "no gross"),
    (STRIPE_GOOD.replace("1.03", "free"), "fee is no number"),
    (STRIPE_GOOD.replace("25.00", '"=1+1"'), "a formula for gross"),
    (STRIPE_GOOD.replace("usd", ""), "no currency"),
    (STRIPE_GOOD.replace("2026-03-02 10:00:00", "soon"), "unreadable time"),
    (STRIPE_GOOD.replace("25.00,1.03,23.97", "25.005,1.03,23.975"), "amount has fractions of a cent"),
    (STRIPE_GOOD.replace("25.00,1.03,23.97", "0.00,0.30,-0.30"), "amount of zero"),
    (STRIPE_GOOD.replace("25.00,1.03,23.97", "-25.00,0.00,-25.00"), "a charge below zero"),
    (STRIPE_GOOD.replace("z,", "a,"), "duplicate id"),
    (STRIPE_GOOD + ",1" * 18, "wrong number of columns"),
])  # fmt: skip
def test_faulty_rows_of_a_report_are_counted_with_reason_and_line(tmp_path: Path, row: str, reason: str) -> None:
    found = read(write(tmp_path, STRIPE_HEAD, f"{CHARGES}{row}\n"))
    assert found.files[0].rejected == {reason: {"count": 1, "lines": [11]}}
    assert found.files[0].used == 9


def test_a_row_in_two_reports_counts_once(tmp_path: Path) -> None:
    first, second = (write(tmp_path, STRIPE_HEAD, CHARGES, name) for name in ("march.csv", "again.csv"))
    with pytest.raises(InputError, match=r"again\.csv: no usable row \(9 duplicate id"):
        read(first, second)


def test_the_older_export(tmp_path: Path) -> None:
    rows = "a,charge,25.00,1.03,23.97,usd,2026-03-02 10:00\nb,stripe_fee,-2.00,0.00,-2.00,usd,2026-03-03 10:00\n"
    found = read(write(tmp_path, "id,Type,Amount,Fee,Net,Currency,Created (UTC)", rows)).balance
    assert {key.category: sums.cost for key, sums in found.entries.items()} == {"charge": Decimal("1.03"), "fee": 2}


# --- any file ------------------------------------------------------------------------------------------------


def test_problems_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "cut.parquet").write_bytes(b"PAR1\x00\x00")
    empty = write(tmp_path, FOCUS_HEAD, "", "empty.csv")
    other = write(tmp_path, "colour,shape", "red,round\n", "other.csv")
    with pytest.raises(InputError) as refused:
        read(tmp_path / "cut.parquet", empty, other, tmp_path / "absent.csv")
    assert [Path(problem.file).name for problem in refused.value.problems] == [
        "cut.parquet", "empty.csv", "other.csv", "absent.csv",
    ]  # fmt: skip


def test_a_file_given_twice_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, FOCUS_HEAD, GOOD + "\n")
    with pytest.raises(InputError, match="given twice"):
        read(path, tmp_path / "." / path.name)


def test_a_payout_reconciliation_has_the_same_columns(tmp_path: Path) -> None:
    head = "automatic_payout_id,automatic_payout_effective_at," + STRIPE_HEAD
    rows = "".join(f"po_1,2026-03-09 00:00:00,{row}\n" for row in CHARGES.splitlines())
    assert read(write(tmp_path, head, rows)).files[0].used == 9


def test_a_column_of_lists_is_refused(tmp_path: Path) -> None:
    names = FOCUS_HEAD.split(",")
    parquet.write_table(pa.table({name: [["x"]] for name in names}), tmp_path / "lists.parquet")
    with pytest.raises(InputError, match="not single values"):
        read(tmp_path / "lists.parquet")


def test_layouts_can_be_laid_over(tmp_path: Path) -> None:
    (tmp_path / "actuals").mkdir()
    (tmp_path / "actuals" / "focus.toml").write_text('[columns]\ncost = ["ContractedCost"]\n')
    assert load_layouts(tmp_path)["focus"].columns["cost"] == ("ContractedCost",)
    (tmp_path / "actuals" / "focus.toml").write_text("[column]\n")
    with pytest.raises(InputError, match="column"):
        load_layouts(tmp_path)


HEADS = {
    "stripe.csv": f"{STRIPE_HEAD}\n{CHARGES}", "focus.csv": f"{FOCUS_HEAD}\n{GOOD}\n{GOOD}\n",
    "cur.csv": f"{CUR_OLD}\n{CUR_ROWS}", "payments.csv": "amount,time,method\n1.00,2026-03-01,card\n2.00,2026-03-02,ach\n",
}  # fmt: skip
PIECES = st.sampled_from([
    b"", b"\x00", b"\xff", b'"', b"\n", b"\r", b",", b",,,,", b"=HYPERLINK(1)", b"-", b"1e99", b"9" * 40, b"NaN",
    b"0000-00-00", b"9999-12-31 23:59:59", b"0001-01-01", b"NULL", "\u202e".encode(), b"PAR1",
])  # fmt: skip
CHANGES = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 30), PIECES), max_size=4)


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(sorted(HEADS)), changes=CHANGES, packed=st.booleans())
def test_any_file_is_read_or_refused(
    tmp_path: Path, name: str, changes: list[tuple[float, int, bytes]], packed: bool
) -> None:
    content = HEADS[name].encode()
    for share, length, piece in changes:
        at = int(share * len(content))
        content = content[:at] + piece + content[at + length :]
    path = tmp_path / (f"{name}.gz" if packed else name)
    path.write_bytes(gzip.compress(content) if packed else content)
    for reader in (lambda: read(path).files[0].used, lambda: read_payments(path, flat_scenario(1), {}).used):
        problems: tuple[Problem, ...] = ()
        try:
            assert reader() > 0
        except InputError as refused:
            problems = refused.problems
        assert all(problem.file == str(path) and problem.remedy for problem in problems)
