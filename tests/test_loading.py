"""Data files that are wrong: every problem at once, with file, line, key and what to do. Lines are counted in the text."""

from __future__ import annotations

from pathlib import Path

import pytest

from costmodel.assumptions.catalog import load_assumptions, load_services, names
from costmodel.assumptions.changes import changes_from, parse_change
from costmodel.assumptions.checking import check
from costmodel.assumptions.reading import read_toml
from costmodel.assumptions.service import Service
from costmodel.errors import InputError

GOOD = """name = "KMS"
provider = "AWS"
[meter.requests]
unit = "request"
[[meter.requests.price]]
from = 2020-01-01
per = 10_000
tiers = [{ above = 0, usd = "0.03" }]
source = "https://aws.amazon.com/kms/pricing/"
read = 2026-11-23
basis = "published"
"""
SECOND = GOOD[GOOD.index("[[") :]
QUANTILES = """[[latency]]
operation = "Decrypt"
quantiles_ms = { p0 = 1, p50 = 9, p90 = 8, p100 = 50 }
source = "s"
read = 2026-11-23
basis = "measured"
"""


def line_of(text: str, piece: str) -> int:
    return text[: text.index(piece)].count("\n") + 1


def problems(tmp_path: Path, text: str) -> list[tuple[int | None, str, str]]:
    path = tmp_path / "kms.toml"
    path.write_text(text)
    with pytest.raises(InputError) as refused:
        check(Service, read_toml(path))
    assert all(problem.file == str(path) for problem in refused.value.problems)
    return [(p.line, p.key, f"{p.wrong}; {p.remedy}") for p in refused.value.problems]


def test_the_good_file_is_good(tmp_path: Path) -> None:
    path = tmp_path / "kms.toml"
    path.write_text(GOOD)
    assert check(Service, read_toml(path)).meter["requests"].price[0].per == 10_000


BAD = [  # what is wrong, the text, the line's piece, the key, words of the message
    ("unknown key", GOOD.replace("unit =", "nuit = 1\nunit ="), "nuit", "meter.requests.nuit", "did you mean `unit`"),
    ("missing unit", GOOD.replace('unit = "request"\n', ""), "[meter.requests]", "meter.requests.unit", "add `unit"),
    ("missing source", GOOD.replace("source", "#source"), "[[", "meter.requests.price[0].source", "add `source"),
    ("missing date read", GOOD.replace("read", "#read"), "[[", "meter.requests.price[0].read", "add `read"),
    ("missing from", GOOD.replace("from =", "#from ="), "[[", "meter.requests.price[0].from", "add `from"),
    ("unknown basis", GOOD.replace('"published"', '"rumour"'), '"rumour"', "meter.requests.price[0].basis", "published"),
    ("no number", GOOD.replace('"0.03"', '"dear"'), "tiers", "meter.requests.price[0].tiers[0].usd", "decimal"),
    ("not a number", GOOD.replace('"0.03"', "nan"), "tiers", "meter.requests.price[0].tiers[0].usd", "number"),
    ("negative", GOOD.replace('"0.03"', "-1"), "tiers", "meter.requests.price[0].tiers[0].usd", "greater than or equal"),
    ("tiers not from 0", GOOD.replace("above = 0", "above = 5"), "[[", "meter.requests.price[0]", "start above 0"),
    ("assumption without range", GOOD.replace("published", "assumption"), "[[", "meter.requests.price[0]", "range"),
    ("no price", GOOD[: GOOD.index("[[")] + "price = []\n", "[meter.requests]", "meter.requests", "at least one price"),
    ("overlap", GOOD + SECOND, "[meter.requests]", "meter.requests", "two prices hold from 2020-01-01"),
    ("out of order", GOOD + SECOND.replace("2020", "2019"), "[meter.requests]", "meter.requests", "lies before the prev"),
    ("gap", GOOD.replace("per =", "until = 2021-01-01\nper =") + SECOND.replace("2020-01-01", "2022-01-01"),
     "[meter.requests]", "meter.requests", "no price between 2021-01-01 and 2022-01-01"),
    ("quantiles fall", GOOD + QUANTILES, "[[latency]]", "latency[0]", "must not decrease"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "piece", "key", "words"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_a_bad_file_says_where_and_what_to_do(tmp_path: Path, text: str, piece: str, key: str, words: str) -> None:
    (found,) = problems(tmp_path, text)
    assert found[:2] == (line_of(text, piece), key)
    assert words in found[2]


def test_all_problems_of_a_file_come_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("unit =", "untt =").replace("read", "raed")
    assert {key for _, key, _ in problems(tmp_path, text)} == {
        "meter.requests.unit", "meter.requests.untt", "meter.requests.price[0].read", "meter.requests.price[0].raed",
    }  # fmt: skip


SYNTAX = [  # text, line
    ("a = \n", 1),
    ("a = 1\nb = [1,\n", 2),
    ("a = 1\na = 2\n", 2),
    ("x = 1\n\x00", 2),
]


@pytest.mark.parametrize(("text", "line"), SYNTAX)
def test_what_is_no_toml_is_refused_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    path = tmp_path / "x.toml"
    path.write_text(text)
    with pytest.raises(InputError) as refused:
        read_toml(path)
    assert refused.value.problems[0].line == line


def test_what_is_no_text_or_not_there_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(b"a = 1\nb = '\xff'\n")
    with pytest.raises(InputError, match=r"x.toml:2: not UTF-8"):
        read_toml(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_toml(tmp_path / "none.toml")


# --- overlays and single changes ------------------------------------------------------------------------------------


def test_an_overlay_sets_single_keys_and_appends_dated_prices(tmp_path: Path) -> None:
    (tmp_path / "services").mkdir()
    (tmp_path / "services" / "kms.toml").write_text(
        'name = "Our KMS"\n[[meter.keys.price]]\nfrom = 2027-01-01\nregions = ["us-west-2", "us-east-1"]\n'
        'tiers = [{ above = 0, usd = "1.20" }]\nsource = "contract"\nread = 2026-12-01\nbasis = "published"\n'
    )
    shipped, ours = load_services()["kms"], load_services(tmp_path)["kms"]
    assert (ours.name, ours.provider) == ("Our KMS", shipped.provider)
    assert len(ours.meter["keys"].price) == len(shipped.meter["keys"].price) + 1
    overridden = load_assumptions("seed_aws", data=tmp_path).overridden
    assert "services.kms.name" in overridden
    assert any(key.startswith("services.kms.meter.keys.price[2027-01-01") for key in overridden)


def test_an_overlay_fault_is_reported_in_the_overlay(tmp_path: Path) -> None:
    (tmp_path / "services").mkdir()
    (tmp_path / "services" / "kms.toml").write_text('provider = "AWS"\nnmae = "x"\n')
    with pytest.raises(InputError, match=rf"{tmp_path}/services/kms.toml:2: nmae: unknown key"):
        load_services(tmp_path)


CHANGES = [  # path, value, where it shows
    ("workload.payments_per_month", 5000, lambda a: a.scenario.workload.payments_per_month),
    ("pipeline.functions.fraud_detector.memory_mb", 2048, lambda a: a.pipeline.functions["fraud_detector"].memory_mb),
    ("pipeline.account_concurrency", 3, lambda a: a.pipeline.account_concurrency.value),
    ("workload.days", 1, lambda a: a.scenario.workload.days),
    ("seed", 7, lambda a: a.scenario.seed),
    ("services.lambda.parameter.keep_alive_s", 900, lambda a: a.services["lambda"].parameter["keep_alive_s"].value),
]


@pytest.mark.parametrize(("path", "value", "shown"), CHANGES, ids=[case[0] for case in CHANGES])
def test_one_assumption_is_changed_by_its_path(path: str, value: int, shown: object) -> None:
    changed = load_assumptions("seed_aws", changes=(parse_change(f"{path}={value}"),))
    assert callable(shown)
    assert shown(changed) == value
    assert changed.overridden == (f"--set {path}={value}",)
    assert changed.data_sha256 != load_assumptions("seed_aws").data_sha256


def test_a_price_is_changed_by_service_and_meter() -> None:
    changed = load_assumptions("seed_aws", changes=changes_from({"services.ach.debit_entries.price": "0.05"}))
    held = [price for price in changed.services["ach"].meter["debit_entries"].price if price.plan == "list"]
    assert [str(tier.usd) for tier in held[-1].tiers] == ["0.05"]


NOWHERE = ["workload.paymnts_per_month=5", "pipeline.functions.fraud.memory_mb=1", "services.kmz.keys.price=1", "x.y=1"]


@pytest.mark.parametrize("text", NOWHERE)
def test_a_path_that_leads_nowhere_is_refused_with_the_nearest(text: str) -> None:
    with pytest.raises(InputError, match=r"did you mean|known here"):
        load_assumptions("seed_aws", changes=(parse_change(text),))


def test_every_shipped_scenario_loads_with_all_it_rests_on() -> None:
    assert {"seed_aws", "seed_stripe", "hourly_10k"} <= set(names("scenarios"))
    for name in names("scenarios"):
        load_assumptions(name)


def test_a_scenario_that_does_not_exist_names_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean `seed_aws`"):
        load_assumptions("seed_asw")


# --- the names that usage files and bills rely on ---------------------------------------------------------------------

METERS = {  # service: meters, as the contract fixes them
    "lambda": "requests duration_x86 duration_arm ephemeral_storage provisioned_concurrency_x86 provisioned_duration_x86 "
    "provisioned_concurrency_arm provisioned_duration_arm snapstart_cache snapstart_restore response_streaming",
    "appsync": "operations realtime_updates connection_minutes",
    "dynamodb": "write_request_units read_request_units replicated_write_request_units storage point_in_time_recovery "
    "on_demand_backup restore stream_reads provisioned_write_hours provisioned_read_hours export import",
    "kms": "keys requests_symmetric requests_asymmetric",
    "fraud_detector": "predictions hosting_hours training_hours event_storage",
    "eventbridge": "custom_events archive_in archive_storage replay scheduler_invocations partner_events schema_discovery",
    "sns": "publishes deliveries_http deliveries_email deliveries_sms deliveries_mobile_push",
    "sqs": "requests_standard requests_fifo",
    "cloudwatch": "metrics alarms alarms_high_resolution dashboards logs_ingested logs_vended_ingested logs_stored logs_scanned",
    "s3": "storage put_requests get_requests",
    "data_transfer": "internet_out inter_region intra_region",
    "step_functions": "transitions express_requests express_duration",
    "secrets_manager": "secrets api_calls",
    "waf": "web_acls rules requests",
    "cloudtrail": "management_events data_events insight_events",
    "amplify": "build_minutes served stored",
    "cloudhsm": "hsm_hours",
    "payment_cryptography": "keys api_calls",
    "stripe": "card card_international currency_conversion manual_entry ach_debit ach_failure dispute payout "
    "active_accounts instant_payout radar platform_fee",
    "ach": "debit_entries credit_entries same_day_entries returns unauthorized_returns monthly_fee",
    "card_network": "interchange assessments acquirer_markup",
    "operations": "engineering audit legal aws_support",
    "risk": "unauthorized_loss chargeback_loss",
    "verification": "account_checks kyc_checks",
    "finance": "working_capital",
}


@pytest.mark.parametrize("service", METERS)
def test_every_meter_of_the_contract_is_there(service: str) -> None:
    assert set(METERS[service].split()) <= set(load_services()[service].meter)
