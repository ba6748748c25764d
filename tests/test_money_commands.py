"""The commands about prices and money as their user types them: bill's options; prices, processors, ach."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from costmodel.analysis.claims import read_claims
from costmodel.analysis.needs import needed_usage
from costmodel.assumptions.catalog import load_services

Cli = Callable[..., tuple[int, str, str]]


def answer(found: tuple[int, str, str]) -> Any:
    assert found[0] == 0, found[2]
    return json.loads(found[1])


# --- bill ----------------------------------------------------------------------------------------------------------

USAGE = """service,meter,quantity,calls,amount_cents,surcharges,hours
kms,keys,1,,,,365
dynamodb,provisioned_write_hours,20000,,,,
stripe,ach_debit,,1,100000,,
"""


# options, what each line costs. Source: 365 of 730, or of September's 720 hours at 1.00; 1,400 unit-hours beyond the
# free 18,600 at 0.00065; ACH at most 5.00, or 1.2 % without a cap for settlement in two days.
@pytest.mark.parametrize(("options", "costs"), [
    (["--month-hours", "730"], ["0", "0.91", "0.5", "5"]),
    (["--month-hours", "actual", "--no-free-tier"], ["13", "0.5069444444", "5"]),
    (["--month-hours", "730", "--plan", "stripe=two_day"], ["0", "0.91", "0.5", "12"]),
])  # fmt: skip
def test_bill_options(options: list[str], costs: list[str], cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "usage.csv").write_text(USAGE)
    found = answer(cli("bill", tmp_path / "usage.csv", "--on", "2026-09-15", "--format", "json", *options))
    assert [line["cost_usd"] for line in found["bill"]["lines"]] == costs


# 2.9 + 1.5 + 1 % of 1.00 with 0.30: 35.4 cents -> 35 at once; by themselves 33 (32.9), 2 (1.5) and 1.
@pytest.mark.parametrize(("options", "total"), [([], "0.35"), (["--surcharges-apart"], "0.36")])
def test_surcharges_round_together_or_apart(options: list[str], total: str, cli: Cli, tmp_path: Path) -> None:
    text = "service,meter,amount_cents,surcharges\nstripe,card,100,card_international currency_conversion\n"
    (tmp_path / "usage.csv").write_text(text)
    lines = answer(cli("bill", tmp_path / "usage.csv", "--format", "json", *options))["bill"]["lines"]
    apart = {"card": "0.33", "card_international": "0.02", "currency_conversion": "0.01"}
    together = {"card": "0.33", "card_international": "0.01", "currency_conversion": "0.01"}
    assert {line["meter"]: line["cost_usd"] for line in lines} == (apart if options else together)
    assert sum(Decimal(line["cost_usd"]) for line in lines) == Decimal(total)


@pytest.mark.parametrize(("options", "said"), [
    (["--month-hours", "0"], "0 is no number of hours; write 730, or actual"),
    (["--month-hours", "-1"], "is no number of hours"),
    (["--month-hours", "monthly"], "write 730, or actual"),
    (["--plan", "stripe"], "not NAME=VALUE; write e.g. --plan stripe=two_day"),
    (["--plan", "stripe=free"], "stripe has no plan `free`"),
    (["--plan", "strip=list"], "a plan is named for the unknown service `strip`; did you mean `stripe`?"),
])  # fmt: skip
def test_bill_options_that_make_no_sense(options: list[str], said: str, cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "usage.csv").write_text(USAGE)
    code, out, err = cli("bill", tmp_path / "usage.csv", *options)
    assert (code, out) == (2, "")
    assert said in err


# --- the lines of the judged document, turned round -------------------------------------------------------------------

# claim, USD it states, meters that could have cost it. The usage worked out is billed again, with and without free units.
LINES = [
    ("ECO-S06", "15", "lambda.duration_x86 lambda.requests lambda.provisioned_concurrency_x86"),
    ("ECO-S07", "25", "dynamodb.write_request_units dynamodb.read_request_units dynamodb.storage dynamodb.provisioned_write_hours"),
    ("ECO-S08", "45", "kms.keys kms.requests_symmetric"),
    ("ECO-S09", "30", "fraud_detector.predictions fraud_detector.hosting_hours"),
    ("ECO-S10", "125", "ach.debit_entries"),
    ("ECO-S11", "10", "cloudwatch.alarms cloudwatch.metrics cloudwatch.logs_ingested cloudwatch.dashboards"),
    ("ECO-S12", "5", "s3.storage s3.put_requests"),
    ("ECO-S13", "5", "eventbridge.custom_events sns.publishes sns.deliveries_sms sns.deliveries_email"),
    ("ECO-S14", "15", "data_transfer.internet_out data_transfer.inter_region amplify.served"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "usd", "meters"), LINES)
def test_what_each_line_would_need_costs_that_much(name: str, usd: str, meters: str, cli: Cli, tmp_path: Path) -> None:
    claim = next(claim for claim in read_claims()[0].claim if claim.id == name)
    found = needed_usage(claim, load_services(), on=dt.date(2026, 11, 23), region="us-west-2")
    assert [f"{need.service}.{need.meter}" for need in found] == meters.split()
    for need in found:
        assert need.quantity is not None
        for quantity, options in ((need.quantity, ["--no-free-tier"]), (need.with_free, [])):
            (tmp_path / "u.csv").write_text(f"service,meter,quantity\n{need.service},{need.meter},{quantity:.12f}\n")
            bill = answer(cli("bill", tmp_path / "u.csv", "--on", "2026-11-23", "--format", "json", *options))["bill"]
            assert abs(Decimal(bill["total_usd"]) - Decimal(usd)) < Decimal("0.00001"), need.meter
