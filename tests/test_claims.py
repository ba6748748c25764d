"""The judged document's claims on its own figures, and the claims files that are refused."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest

from costmodel.analysis.claims import ClaimResult, judge, judge_document, moved, read_claims
from costmodel.analysis.needs import needed_usage, usage_costing
from costmodel.analysis.slas import sla_series
from costmodel.assumptions.catalog import data_dir
from costmodel.assumptions.pipeline import Pipeline
from costmodel.assumptions.service import Price, Service
from costmodel.errors import InputError

NR = "not_reproducible"

# id, line, stated, recomputed, verdict. Source: claims register of the judged document, recomputed independently.
REGISTER = [
    ("ECO-S01", 12, "2900", "2900", "holds"),
    ("ECO-S02", 13, "150", "150", "holds"),
    ("ECO-S03", 14, "250", "125", "fails"),
    ("ECO-S04", 15, "150", None, NR),
    ("ECO-S05", 16, "3450", "3450", "holds"),
    ("ECO-S06", 19, "15", "0", "fails"),
    ("ECO-S07", 20, "25", "0.075", "fails"),
    ("ECO-S08", 21, "45", None, NR),
    ("ECO-S09", 22, "30", None, NR),
    ("ECO-S10", 23, "125", "125", "holds"),
    ("ECO-S11", 24, "10", None, NR),
    ("ECO-S12", 25, "5", None, NR),
    ("ECO-S13", 26, "5", "0.005", "fails"),
    ("ECO-S14", 27, "15", None, NR),
    ("ECO-S15", 28, "275", "275", "holds"),
    ("ECO-S16", 31, "3175", "3175", "holds"),
    ("ECO-S17", 32, "38100", "38100", "holds"),
    ("ECO-S18", 33, "92", "92.029", "holds"),
    ("ECO-S19", 7, "98", "92.029", "fails"),
    ("ECO-S20", 34, "0.275", "0.55", "fails"),
    ("ECO-S21", 34, "3.45", "6.9", "fails"),
    ("ECO-S22", 34, "8", "12.5455", "fails"),
    ("ECO-S23", 46, "27", "29", "fails"),
    ("ECO-S24", 39, "5", "5", "holds"),
    ("ECO-S25", 66, "6", "6", "holds"),
    ("ECO-S26", 40, "1000", "1000", "holds"),
    ("ECO-S27", 80, "100", None, NR),
    ("ECO-S28", 81, "10000", "720000", "holds"),
    ("ECO-S29", 82, "99.99", "99.7891", "fails"),
    ("ECO-S30", 97, None, None, NR),
]

# id, what `holds_when` must say. Source: payments facts 6 and 6a, AWS facts 7, computed there.
CONDITIONS = [
    ("ECO-S03", "1,000 payouts"),
    ("ECO-S06", "1,800 for each payment"),
    ("ECO-S07", "80,000 units"),
    ("ECO-S12", "217 GB"),
    ("ECO-S13", "10,000 events"),
    ("ECO-S14", "167 GB"),
    ("ECO-S14", "0.33 GB"),
    ("ECO-S19", "$69.00 a month"),
    ("ECO-S19", "$125.00"),
    ("ECO-S19", "96.38 %"),
    ("ECO-S20", "1,000 payments"),
    ("ECO-S21", "1,000 payments"),
    ("ECO-S29", "99.889 %"),
    ("ECO-S30", "never"),
]

# id, value, whether it is the stated figure. Source: the facts' exact derivations (each is inferred, none is stated).
HYPOTHESES = [
    ("ECO-S03", "250", True),  # 0.25 % of 100,000
    ("ECO-S04", "150", True),  # 75 accounts × 2.00
    ("ECO-S06", "6.3125126250", False),  # 378,750 GB-s without the free tier: 6.31
    ("ECO-S08", "45", True),  # 5 keys × 3 regions × 3 versions
    ("ECO-S08", "15", False),  # one region
    ("ECO-S09", "30", True),  # 2 × 500 × 0.03
    ("ECO-S09", "15", False),  # one prediction a payment
    ("ECO-S11", "10.10", True),  # 27 × 3 alarms less 10, and one dashboard
]

CONTRADICTIONS = [
    {"ECO-S18", "ECO-S19"},  # 92 against 98
    {"ECO-S20", "ECO-S02"},  # 1,000 payments against 500
    {"ECO-S21", "ECO-S02"},
    {"ECO-S03", "ECO-S02"},
    {"ECO-S22", "ECO-S20"},  # 8× against 12.5×
    {"ECO-S22", "ECO-S21"},
]


@pytest.fixture
def results() -> dict[str, ClaimResult]:
    return {result.claim.id: result for result in judge_document(read_claims()[0])}


@pytest.mark.parametrize(("name", "line", "stated", "recomputed", "verdict"), REGISTER)
def test_register(
    results: dict[str, ClaimResult], name: str, line: int, stated: str | None, recomputed: str | None, verdict: str
) -> None:
    result = results[name]
    assert (result.claim.line, result.verdict) == (line, verdict)
    assert result.claim.stated == (None if stated is None else D(stated))
    assert _as_printed(result.recomputed, recomputed) == (None if recomputed is None else D(recomputed))


def _as_printed(value: D | None, printed: str | None) -> D | None:
    """Rounded to the decimals that the register prints."""
    return value if value is None or printed is None else round(value, len(printed.partition(".")[2]))


def test_register_is_whole_and_as_pinned(results: dict[str, ClaimResult]) -> None:
    assert list(results) == [row[0] for row in REGISTER]
    assert moved(results.values()) == ()


@pytest.mark.parametrize(("name", "says"), CONDITIONS)
def test_what_would_make_it_true(results: dict[str, ClaimResult], name: str, says: str) -> None:
    assert says in str(results[name].holds_when)


@pytest.mark.parametrize(("name", "value", "reproduces"), HYPOTHESES)
def test_hypotheses(results: dict[str, ClaimResult], name: str, value: str, reproduces: bool) -> None:
    assert (D(value), reproduces) in [(reading.value, reading.reproduces) for reading in results[name].hypotheses]


@pytest.mark.parametrize("pair", CONTRADICTIONS)
def test_contradictions_count_both_ways(results: dict[str, ClaimResult], pair: set[str]) -> None:
    one, other = pair
    assert other in results[one].contradicts
    assert one in results[other].contradicts


def test_every_claim_says_why_and_each_cost_line_what_it_would_need(results: dict[str, ClaimResult]) -> None:
    lines = [f"ECO-S{number:02}" for number in (3, *range(6, 15))]
    assert all(results[name].claim.needs for name in lines)
    assert all(result.claim.because for result in results.values())


# --- verdicts -------------------------------------------------------------------------------------------

# relation, stated, tolerance, figure, verdict
RELATIONS = [
    ("=", "92", "0.5", "92.5", "holds"),
    ("=", "92", "0.5", "92.51", "fails"),
    ("=", "92", "0.5", "91.49", "fails"),
    ("<", "100", "0", "99.9", "holds"),
    ("<", "100", "0", "100", "fails"),
    ("<=", "100", "0", "100", "holds"),
    (">", "10", "0", "10", "fails"),
    (">=", "10", "0", "10", "holds"),
    (">=", "99.99", "0.005", "99.984", "fails"),
    ("must not exceed bound", "15", "0.5", "14.5", "holds"),
    ("must not exceed bound", "15", "0.5", "14.4", "fails"),
    ("must not exceed bound", "15", "0.5", "500", "holds"),
]


@pytest.mark.parametrize(("relation", "stated", "tolerance", "figure", "verdict"), RELATIONS)
def test_verdict(relation: str, stated: str, tolerance: str, figure: str, verdict: str, tmp_path: Path) -> None:
    text = _claim(f'relation = "{relation}"').replace('stated = "10"', f'stated = "{stated}"')
    claim = _read(tmp_path, text.replace("tolerance = 0.5", f"tolerance = {tolerance}"))[0].claim[0]
    assert judge(claim, D(figure)) == verdict
    assert judge(claim, None) == NR


# --- usage that would cost the stated sum ---------------------------------------------------------------

SOURCED = {"source": "test", "read": dt.date(2026, 1, 1), "basis": "published"}


def _price(**changes: Any) -> dict[str, Any]:
    return {"from": dt.date(2020, 1, 1), **SOURCED, **changes}


def _metered(usd: str, per: int = 1, free: int = 0) -> dict[str, Any]:
    price = _price(per=per, tiers=[{"above": 0, "usd": usd}], free_per_month=free)
    return {"unit": "unit", "price": [price]}


LIST_PRICES: dict[str, dict[str, Any]] = {  # service -> meters, list prices of the AWS and payments facts, section 1
    "lambda": {
        "duration_x86": _metered("0.0000166667", free=400_000),
        "requests": _metered("0.20", 1_000_000),
        "provisioned_concurrency_x86": _metered("0.0000041667"),
    },
    "dynamodb": {
        "write_request_units": _metered("0.625", 1_000_000),
        "read_request_units": _metered("0.125", 1_000_000),
        "storage": _metered("0.25", free=25),
        "provisioned_write_hours": _metered("0.00065"),
    },
    "kms": {"keys": _metered("1"), "requests_symmetric": _metered("0.03", 10_000, 20_000)},
    "fraud_detector": {"predictions": _metered("0.03"), "hosting_hours": _metered("0.06")},
    "ach": {"debit_entries": _metered("0.25")},
    "cloudwatch": {
        "alarms": _metered("0.10"),
        "metrics": _metered("0.30"),
        "logs_ingested": _metered("0.50"),
        "dashboards": _metered("3"),
    },
    "s3": {"storage": _metered("0.023"), "put_requests": _metered("0.005", 1000)},
    "eventbridge": {"custom_events": _metered("1", 1_000_000)},
    "sns": {
        "publishes": _metered("0.50", 1_000_000, 1_000_000),
        "deliveries_sms": _metered("0.00987"),
        "deliveries_email": _metered("2", 100_000),
    },
    "amplify": {"served": _metered("0.15")},
    "data_transfer": {"internet_out": _metered("0.09", free=100), "inter_region": _metered("0.02")},
    "stripe": {
        "payout": {
            "kind": "per_payment",
            "unit": "payout",
            "price": [_price(percent="0.25", fixed_usd="0.25")],
        }
    },
}

# claim, meter, quantity, with free units, for each of 500 payments. Source: AWS facts 7, payments facts 6a.
NEEDS = [
    ("ECO-S03", "payout", "1000", "1000", "2"),
    ("ECO-S03", "payout", "100000", "100000", "200"),
    ("ECO-S06", "duration_x86", "899998", "1299998", "1800"),
    ("ECO-S06", "requests", "75e6", "75e6", "150000"),
    ("ECO-S07", "write_request_units", "40e6", "40e6", "80000"),
    ("ECO-S07", "read_request_units", "200e6", "200e6", "400000"),
    ("ECO-S07", "storage", "100", "125", None),
    ("ECO-S08", "keys", "45", "45", None),
    ("ECO-S09", "predictions", "1000", "1000", "2"),
    ("ECO-S09", "hosting_hours", "500", "500", None),
    ("ECO-S10", "debit_entries", "500", "500", "1"),
    ("ECO-S11", "alarms", "100", "100", None),
    ("ECO-S11", "metrics", "33", "33", None),
    ("ECO-S11", "logs_ingested", "20", "20", None),
    ("ECO-S12", "storage", "217", "217", "0"),
    ("ECO-S12", "put_requests", "1e6", "1e6", "2000"),
    ("ECO-S13", "custom_events", "5e6", "5e6", "10000"),
    ("ECO-S13", "publishes", "10e6", "11e6", "20000"),
    ("ECO-S13", "deliveries_sms", "507", "507", "1"),
    ("ECO-S14", "internet_out", "167", "267", "0"),
    ("ECO-S14", "inter_region", "750", "750", "2"),
    ("ECO-S06", "provisioned_concurrency_x86", "3599971", "3599971", None),  # 1.37 GB for 730 hours
    ("ECO-S07", "provisioned_write_hours", "38462", "38462", None),  # 52.7 units for 730 hours
    ("ECO-S13", "deliveries_email", "250000", "250000", "500"),
    ("ECO-S14", "served", "100", "100", "0"),
]


@pytest.mark.parametrize(("name", "meter", "quantity", "with_free", "each"), NEEDS)
def test_usage_that_would_cost_it(
    results: dict[str, ClaimResult], name: str, meter: str, quantity: str, with_free: str, each: str | None
) -> None:
    found = needed_usage(results[name].claim, _services(), on=dt.date(2026, 11, 1), region="us-west-2")
    rounded = [tuple(_whole(value) for value in (need.quantity, need.with_free, need.each)) for need in found]
    wanted = tuple(_whole(None if value is None else D(value)) for value in (quantity, with_free, each))
    assert wanted in [row for need, row in zip(found, rounded, strict=True) if need.meter == meter]


def _services() -> dict[str, Service]:
    return {
        name: Service.model_validate({"name": name, "provider": "test", "meter": meters})
        for name, meters in LIST_PRICES.items()
    }


def _whole(value: D | None) -> int | None:
    return None if value is None else round(value)


# tiering, USD, quantity: 1.00 each up to 10, 0.50 above
TIERED = [("graduated", "4", "4"), ("graduated", "10", "10"), ("graduated", "12", "14"), ("volume", "8", "8"),
          ("volume", "10", "10"), ("volume", "6", "6"), ("volume", "20", "40")]  # fmt: skip


@pytest.mark.parametrize(("tiering", "usd", "quantity"), TIERED)
def test_usage_through_tiers(tiering: str, usd: str, quantity: str) -> None:
    tiers = [{"above": 0, "usd": 1}, {"above": 10, "usd": "0.5"}]
    assert usage_costing(D(usd), Price.model_validate(_price(tiering=tiering, tiers=tiers))) == D(quantity)


def test_no_usage_costs_anything_where_it_is_free() -> None:
    assert usage_costing(D(5), Price.model_validate(_price(tiers=[{"above": 0, "usd": 0}]))) is None


def test_an_unknown_meter_is_refused(results: dict[str, ClaimResult]) -> None:
    with pytest.raises(InputError, match=r"claim ECO-S08: needs\[0\] kms.keys: no such service `kms`"):
        needed_usage(results["ECO-S08"].claim, {}, on=dt.date(2026, 11, 1), region="us-west-2")


# --- service level agreements in series -----------------------------------------------------------------

UPTIME = {"appsync": "99.95", "lambda": "99.95", "dynamodb": "99.99", "kms": "99.999", "fraud_detector": "99.9"}

# left out, percent, minutes of 730 hours. Source: AWS facts 4, computed there.
SERIES = [((), "99.789", 92), (("fraud_detector",), "99.889", 49)]


@pytest.mark.parametrize(("without", "percent", "minutes"), SERIES)
def test_slas_in_series(without: tuple[str, ...], percent: str, minutes: int) -> None:
    services = {
        name: Service.model_validate(
            {"name": name, "provider": "test", "sla": [{"monthly_uptime_percent": uptime, **SOURCED}]}
        )
        for name, uptime in UPTIME.items()
    }
    pipeline = Pipeline(name="p", title="p", region="us-west-2", serial_path=tuple(UPTIME))
    series = sla_series(pipeline, services, without=without)
    assert (round(series.percent, 3), round(series.minutes_down(D(730)))) == (D(percent), minutes)


# --- files that are refused -----------------------------------------------------------------------------


def _claim(more: str = "") -> str:
    return f"""title = "a document"
source = "a document"
read = 2026-11-23
basis = "claimed"

[[claim]]
id = "one"
quote = "10 of 20"
line = 1
subject = "s"
metric = "m"
stated = "10"
unit = "USD"
tolerance = 0.5
because = "so"
inputs = {{ a = 10, zero = 0 }}
pinned = {{ document = "holds" }}
{more}
"""


def _read(folder: Path, text: str) -> Any:
    path = folder / "claims.toml"
    path.write_text(text, encoding="utf-8")
    return read_claims(str(path))


DEEP = "(" * 60 + "a" + ")" * 60

# what is put into line 18 and after, the line of the error, what it must say
FAULTS = [
    ("formule = 'a'", 18, "claim[0].formule: unknown key; remove it; did you mean `formula`?"),
    ("formula = 'a + b'", 18, "claim[0].formula: `a + b` uses `b`, which is not given"),
    ("formula = \"__import__('os').system('true')\"", 18, "`__import__` is no function"),
    ("formula = 'a.__class__'", 18, "`.` not expected"),
    (f"formula = '{DEEP}'", 18, "nested too deep"),
    (f"formula = '{'a+' * 600}a'", 18, "keep it within 1000"),
    ("formula = 'a / zero'", 18, "divides by zero"),
    ("relation = '!='", 18, "claim[0].relation"),
    ("contradicts = ['one']", 18, "no other claim `one`"),
    ("contradicts = ['two']", 18, "no other claim `two`"),
    ("[claim.holds_when]\ntext = 'if {x}'", 19, "`{x}` is no figure of this sentence"),
    ("[claim.holds_when]\ntext = 'if'\nfigures.x = { formula = 'a', unit = 'USD' }", 20, "not used in `text`"),
    (
        "[claim.holds_when]\ntext = '{x}'\nfigures.x = { formula = 'c', unit = 'USD' }",
        20,
        "uses `c`, which is not given",
    ),
    ("[[claim.hypotheses]]\ntext = 'h'\nsource = 's'\nformula = 'a / (a - a)'", 21, "divides by zero"),
    ("[[claim.needs]]\nservice = 's'\nmeter = 'm'\nunit = 'u'\nper = 'b'", 6, "per = `b` is no input"),
]


@pytest.mark.parametrize(("more", "line", "says"), FAULTS)
def test_refused_with_file_and_line(more: str, line: int, says: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        _read(tmp_path, _claim(more))
    (problem,) = refused.value.problems
    assert str(problem).startswith(f"{tmp_path / 'claims.toml'}:{line}: ")
    assert says in str(problem)


def test_all_problems_at_once(tmp_path: Path) -> None:
    second = _claim("formula = 'c'").partition("[[claim]]")[2]
    with pytest.raises(InputError) as refused:
        _read(tmp_path, _claim("formula = 'b'") + "\n[[claim]]" + second)
    assert [problem.line for problem in refused.value.problems] == [18, 32, 21]
    assert "a second claim called `one`" in str(refused.value)


def test_an_overlay_changes_one_claim_and_is_named(tmp_path: Path) -> None:
    (tmp_path / "claims").mkdir()
    (tmp_path / "claims" / "seed.toml").write_text('[[claim]]\nid = "ECO-S19"\nstated = "92.0"\n', encoding="utf-8")
    claims, overridden = read_claims("seed", tmp_path)
    changed = {result.claim.id: result for result in judge_document(claims)}["ECO-S19"]
    assert (changed.verdict, changed.is_as_pinned) == ("holds", False)
    assert any("ECO-S19" in key and "stated" in key for key in overridden)


def test_every_claims_file_shipped_is_read() -> None:
    for path in (data_dir() / "claims").glob("*.toml"):
        assert judge_document(read_claims(path.stem)[0])
