"""The recipes of CONTRIBUTING, followed in a folder laid over the shipped data: how many files each touches, what moves."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

import costmodel as cm
from costmodel.analysis.claims import judge_document, read_claims
from costmodel.analysis.modelled import bill_usd
from costmodel.analysis.processors import compare_processors
from costmodel.assumptions.catalog import data_dir
from costmodel.result import Result

QUICK = {"replications": 1, "horizon": "cohort"}
LINES = 'source = "our contract"\nread = 2026-12-01\nbasis = "published"\n'


@pytest.fixture(scope="module")
def shipped() -> Result:
    return cm.run("seed_aws", set=QUICK)


def laid_over(folder: Path, **files: str) -> Result:
    """The seed's month with files of ours over the shipped ones; `kind__name` is kind/name.toml."""
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return cm.run("seed_aws", set=QUICK, data=folder)


def test_a_price_is_one_file(tmp_path: Path, shipped: Result) -> None:
    """Five keys at $2.00 instead of $1.00."""
    text = (
        '[[meter.keys.price]]\nfrom = 2026-11-01\nregions = ["us-west-2", "us-east-1"]\ntiers = [{ above = 0, usd = 2 }]\n'
        + LINES
    )
    changed = laid_over(tmp_path, services__kms=text)
    assert bill_usd(changed.bill, "bill.kms") - bill_usd(shipped.bill, "bill.kms") == 5
    assert changed.latency_ms == shipped.latency_ms  # a price moves nobody's luck
    assert "services.kms.meter.keys.price[2026-11-01 us-west-2,us-east-1]" in changed.assumptions.overridden


def test_an_old_bill_keeps_its_old_price(tmp_path: Path) -> None:
    text = (
        '[[meter.keys.price]]\nfrom = 2027-01-01\nregions = ["us-west-2", "us-east-1"]\ntiers = [{ above = 0, usd = 2 }]\n'
        + LINES
    )
    assert bill_usd(laid_over(tmp_path, services__kms=text).bill, "bill.kms") == 5


def test_a_memory_size_is_one_file(tmp_path: Path, shipped: Result) -> None:
    changed = laid_over(tmp_path, pipelines__aws_native="[functions.fraud_detector]\nmemory_mb = 2048\n")

    def gb_seconds(result: Result) -> Decimal:
        return sum((line.quantity for line in result.bill.lines if line.meter == "duration_x86"), Decimal(0))

    billed_s = Decimal(str(shipped.functions["fraud_detector"]["billed_ms"])) / 1000
    assert gb_seconds(changed) - gb_seconds(shipped) == billed_s  # one GB more, for as long


def test_a_claim_is_one_file(tmp_path: Path) -> None:
    claims = (data_dir() / "claims" / "seed.toml").read_text()
    (tmp_path / "mine.toml").write_text(
        claims
        + """
[[claim]]
id = "OURS-1"
quote = "half of it is people"
line = 1
subject = "own"
metric = "share of people"
stated = "50"
unit = "percent"
tolerance = 0.5
inputs = { people = 3750, total = 6182 }
formula = "100 * people / total"
pinned = { document = "fails" }
because = "3,750 of 6,182 is more."
"""
    )
    found = judge_document(read_claims(str(tmp_path / "mine.toml"))[0])[-1]
    assert (found.verdict, found.is_as_pinned) == ("fails", True)
    assert round(found.recomputed or 0, 2) == Decimal("60.66")


def test_a_service_step_is_its_file_the_pipeline_and_this_case(tmp_path: Path, shipped: Result) -> None:
    """A sanctions check of $0.01 that every refund makes before it is paid."""
    service = f"""
name = "Sanctions list"
provider = "somebody"
[operation.check]
uses = {{ checks = 1 }}
[[latency]]
operation = "check"
constant_ms = 80
{LINES}
[meter.checks]
unit = "check"
[[meter.checks.price]]
from = 2020-01-01
tiers = [{{ above = 0, usd = "0.01" }}]
{LINES}"""
    pipeline = """
[handlers.pay_refund]
steps = [
  { name = "pay_refund_sanctions", as = "intended", call = "sanctions.check" },
  { name = "pay_refund_originate", as = "intended", call = "ach.originate_credit" },
]
"""
    changed = laid_over(tmp_path, services__sanctions=service, pipelines__aws_native=pipeline)
    paid = changed.functions["direct_payout_handler"]["invocations"]
    assert paid == shipped.functions["direct_payout_handler"]["invocations"] > 0
    assert bill_usd(changed.bill, "bill.sanctions") == Decimal("0.01") * Decimal(str(paid))


def test_a_processor_is_three_files_and_a_case(tmp_path: Path) -> None:
    """A fee of 2.00 % + 0.10 and payouts at 0.05: 500 × 4.10, in the table of processors and as a scenario."""
    operations = "".join(f'[operation.{name}]\nlatency = "call"\n' for name in ("charge", "payout", "refund"))
    operations += "".join(
        f'[operation.{name}]\nlatency = "call"\nuses = {{ {name} = 1 }}\n' for name in ("dispute", "ach_failure")
    )
    meters = f"""
[meter.card]
kind = "per_payment"
unit = "payment"
[[meter.card.price]]
from = 2020-01-01
percent = "2.00"
fixed_usd = "0.10"
{LINES}"""
    for name, usd in (("payout", "0.05"), ("dispute", "10"), ("ach_failure", "0")):
        meters += f'[meter.{name}]\nunit = "{name}"\n[[meter.{name}.price]]\nfrom = 2020-01-01\n'
        meters += f'tiers = [{{ above = 0, usd = "{usd}" }}]\n{LINES}'
    service = f'name = "Ours"\nprovider = "us"\n{operations}[[latency]]\noperation = "call"\nconstant_ms = 500\n{LINES}{meters}'
    each = '[[each]]\nname = "{name}"\nof = "{of}"\nservice = "ours"\nmeter = "{meter}"\n{more}\n' + LINES
    pipeline = (
        'name = "ours"\ntitle = "our processor"\nbase = "stripe"\ninstead = { stripe = "ours" }\nprocessor = "ours"\n'
        'without = ["static", "each", "plans", "flows.pay_in_ach"]\n'
        + each.format(name="card_fee", of="payment", meter="card", more='methods = ["card"]\nfee_on = "amount"')
        + each.format(name="payout_fee", of="payout", meter="payout", more="quantity = 1")
    )
    scenario = 'title = "ours"\nbase = "seed_stripe"\npipeline = "ours"\npinned = false\n'
    for path, text in (("services/ours", service), ("pipelines/ours", pipeline), ("scenarios/ours", scenario)):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / f"{path}.toml").write_text(text)
    month = cm.run("ours", set=QUICK, data=tmp_path)
    assert abs(bill_usd(month.bill, "bill.ours.card") - 2050) < Decimal("0.10")  # cents of 500 roundings
    rows = compare_processors(set=QUICK, data=tmp_path)
    assert "ours" in [row.pipeline for row in rows if row.bill is not None]
