"""Processors as data: their fees on 500 payments of $200.00, monthly minimums, shares of cards, pipelines on a base."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import costmodel as cm
from costmodel.analysis.processors import PARTS, compare_processors
from costmodel.assumptions.catalog import load_assumptions, load_pipeline_table
from costmodel.assumptions.changes import Change
from costmodel.billing.rating import rate
from costmodel.errors import InputError, UsageError
from costmodel.result import Result
from tests.small_services import ON, meter, price, row, service
from tests.test_money_commands import Cli, answer

EVEN = {"law": "constant", "source": "test", "read": dt.date(2026, 11, 23), "basis": "published"}
QUICK: dict[str, Any] = {"replications": 1, "horizon": "cohort", "workload.tickets": EVEN}
ACH = {"card": 0, "ach": 1}


# pipeline, method, what the pay-in costs by meter. Source: the list prices of payments by Stripe, PayPal, Braintree,
# Adyen, Square and Moov, on 500 payments of 200.00: interchange of the mix 3.1775 each, to the cent 3.18; assessments
# 0.2995, to the cent 0.30; Adyen 1.20 + 0.13 = 1.33, Moov 1.35.
PAY_INS = [
    ("stripe", "card", {"stripe.card": "3050"}),
    ("stripe", "ach", {"stripe.ach_debit": "800"}),
    ("adyen", "card", {"adyen.card": "665", "card_network.interchange": "1590", "card_network.assessments": "150"}),
    ("paypal", "card", {"paypal.card": "3135"}),
    ("paypal", "ach", {"paypal.ach_debit": "800"}),
    ("braintree", "card", {"braintree.card": "3035"}),
    ("braintree", "ach", {"braintree.ach_debit": "750"}),
    ("square", "card", {"square.card": "3050"}),
    ("square", "ach", {"square.ach_debit": "1000"}),
    ("moov", "card", {"moov.card": "675", "card_network.interchange": "1590", "card_network.assessments": "150"}),
    ("moov", "ach", {"moov.ach_debit": "125"}),
    ("dwolla", "ach", {"dwolla.ach_debit": "500"}),
    ("stripe_negotiated", "card", {"stripe.card": "2725"}),
    ("stripe_interchange_plus", "card", {"stripe.card": "450", "card_network.interchange": "1590",
                                         "card_network.assessments": "150"}),
]  # fmt: skip


def month(pipeline: str, method: str = "card", **more: Any) -> Result:
    methods = {"card": int(method == "card"), "ach": int(method == "ach")}
    changes = QUICK | {"pipeline": pipeline, "workload.methods": methods} | more
    return cm.run("seed_stripe", set=changes)


def by_meter(result: Result) -> dict[str, Decimal]:
    return {f"{line.service}.{line.meter}": line.cost_usd for line in result.bill.lines}


@pytest.mark.parametrize(("pipeline", "method", "pay_in"), PAY_INS)
def test_pay_in(pipeline: str, method: str, pay_in: dict[str, str]) -> None:
    result = month(pipeline, method)
    completed = Decimal(str(result.figures["completed_per_month"]))
    found = by_meter(result)
    assert {name: found[name] for name in pay_in} == {
        name: Decimal(usd) * completed / 500 for name, usd in pay_in.items()
    }


# --- shares of the card payments --------------------------------------------------------------------------------------


# shares, USD of international, conversion and manual entry at Stripe. Source: +1.5 %, +1 %, +0.5 % of 200.00.
@pytest.mark.parametrize(("shares", "usd"), [
    ({}, {}),
    ({"international": "0.1"}, {"card_international": "150"}),
    ({"international": "0.1", "conversion": "0.25"}, {"card_international": "150", "currency_conversion": "250"}),
    ({"manual_entry": "1"}, {"manual_entry": "500"}),
])  # fmt: skip
def test_shares_of_card_payments(shares: dict[str, str], usd: dict[str, str]) -> None:
    result = month("stripe", **{f"workload.{name}_share": Decimal(value) for name, value in shares.items()})
    completed = Decimal(str(result.figures["completed_per_month"]))
    found = {name.removeprefix("stripe."): cost for name, cost in by_meter(result).items()}
    surcharges = ("card_international", "currency_conversion", "manual_entry")
    assert {name: found[name] for name in surcharges if name in found} == {
        name: Decimal(value) * completed / 500 for name, value in usd.items()
    }


def test_ach_payments_bear_no_surcharge_of_cards() -> None:
    found = by_meter(month("stripe", "ach", **{"workload.international_share": Decimal("0.5")}))
    assert "stripe.card_international" not in found


@pytest.mark.parametrize(("pipeline", "changes", "said"), [
    ("square", {"workload.international_share": Decimal("0.1")}, "no price is known for the workload's international_share"),
    ("dwolla", {}, "the workload has payments by card, which the pipeline dwolla does not take"),
    ("adyen", {"workload.methods": ACH}, "the workload has payments by ach"),
    ("stripe", {"workload.international_share": 2}, "must be from 0 to 1"),
])  # fmt: skip
def test_what_has_no_price_is_refused(pipeline: str, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        cm.run("seed_stripe", set={"pipeline": pipeline} | changes)


# change, USD of 500 × 200.00. Source: 2.4 % = 4.80 and 0.10 a payment.
@pytest.mark.parametrize(("pipeline", "term", "value", "usd"), [
    ("stripe_negotiated", "percent", "2.4", "2525"),
    ("stripe_negotiated", "fixed_usd", "0.10", "2650"),
    ("stripe", "percent", "2.4", "2550"),
    ("stripe", "maximum_usd", "5.00", "2500"),
])  # fmt: skip
def test_a_contract_of_ones_own(pipeline: str, term: str, value: str, usd: str) -> None:
    result = month(pipeline, **{f"services.stripe.card.{term}": Decimal(value)})
    completed = Decimal(str(result.figures["completed_per_month"]))
    assert by_meter(result)["stripe.card"] == Decimal(usd) * completed / 500


def test_a_term_of_a_fee_belongs_to_a_fee() -> None:
    with pytest.raises(InputError, match="this meter is no fee per payment; set its `price` instead of `percent`"):
        month("stripe", **{"services.stripe.dispute.percent": 1})


# --- the table --------------------------------------------------------------------------------------------------------


def test_one_table_of_all_processors() -> None:
    rows = compare_processors(set=QUICK)
    totals = [row.total_usd for row in rows if row.total_usd is not None]
    assert totals == sorted(totals)
    assert {row.pipeline for row in rows} >= {name for name, _, _ in PAY_INS}
    for found in rows:
        if found.parts is not None and found.bill is not None:
            assert set(found.parts) == set(PARTS)
            assert sum(found.parts.values()) == found.bill.total_usd
    dwolla = next(found for found in rows if found.pipeline == "dwolla")
    assert dwolla.bill is None
    assert "payments by card" in str(dwolla.refused)
    assert all(found.not_known for found in rows if found.pipeline in ("adyen", "paypal", "square", "moov", "dwolla"))


def test_of_an_ach_month_moov_takes_its_minimum() -> None:
    rows = compare_processors(set=QUICK | {"workload.methods": ACH, "workload.fates.refund.share": 0})
    moov = next(found for found in rows if found.pipeline == "moov")
    assert moov.total_usd == 500


def test_the_pipeline_is_not_for_changing() -> None:
    with pytest.raises(UsageError, match="processors compares pipelines"):
        compare_processors(set={"pipeline": "adyen"})


def test_processors_command(cli: Cli, tmp_path: Path) -> None:
    found = answer(cli("processors", "--format", "json", "--set", "replications=1"))
    assert set(found) == {"schema_version", "processors", "provenance"}
    total = sum(Decimal(found["processors"][0][f"{part}_usd"]) for part in PARTS)
    assert total == Decimal(found["processors"][0]["total_usd"])
    taxi = Path(__file__).parent / "samples" / "nyc_taxi_2019-03.csv"
    text = cli("processors", "--payments", taxi, "--map", "amount=amount_usd", "--quiet", "--set", "replications=1")[1]
    assert "stripe_interchange_plus" in text
    assert "Cannot take this mix" in text


def test_compare_with_a_processor(cli: Cli) -> None:
    """Cards kept: 3,450 at Stripe; interchange 1,588.75, assessments 149.75, Adyen's 665 and 250 of payouts: 2,653.50."""
    found = answer(cli("compare", "seed_stripe", "adyen", "--perimeter", "cards_kept", "--format", "json"))
    assert abs(Decimal(found["before_usd"]) - 3450) < Decimal("0.10")
    assert abs(Decimal(found["after_usd"]) - Decimal("2653.50")) < Decimal("0.50")  # cents of 500 roundings
    assert found["document_percent"] is None  # the document knows nothing of Adyen


# --- monthly minimums -------------------------------------------------------------------------------------------------

SHOP = service({
    "calls": meter(price((0, "1"))),
    "least": meter(price((0, "50"), basis="secondary"), kind="minimum"),
})  # fmt: skip


@pytest.mark.parametrize(("calls", "lines"), [
    (0, [("calls", "0", "0"), ("least", "1", "50")]),
    (20, [("calls", "20", "20"), ("least", "0.6", "30")]),
    (50, [("calls", "50", "50")]),
    (80, [("calls", "80", "80")]),
])  # fmt: skip
def test_a_monthly_minimum(calls: int, lines: list[tuple[str, str, str]]) -> None:
    bill = rate([row("calls", calls)], {"shop": SHOP}, on=ON, region="us")
    assert [(line.meter, line.quantity, line.cost_usd) for line in bill.lines] == [
        (name, Decimal(quantity), Decimal(usd)) for name, quantity, usd in lines
    ]


# --- pipelines on a base ----------------------------------------------------------------------------------------------

BASED = 'name = "ours"\ntitle = "ours"\nbase = "{base}"\n{more}\n'


def laid(folder: Path, base: str, more: str = "") -> Path:
    (folder / "pipelines").mkdir()
    (folder / "pipelines" / "ours.toml").write_text(BASED.format(base=base, more=more))
    return folder


def test_a_pipeline_takes_over_what_it_does_not_say(tmp_path: Path) -> None:
    folder = laid(tmp_path, "stripe", 'instead = { stripe = "braintree" }\nwithout = ["static", "each", "plans"]')
    ours, stripe = load_pipeline_table("ours", folder)[0], load_pipeline_table("stripe")[0]
    assert ours["waits"] == stripe["waits"]
    assert not {"base", "instead", "without", "static", "each", "plans"} & set(ours)
    assert ours["serial_path"] == ["braintree"]
    assert "stripe." not in json.dumps(ours["flows"], default=str).replace("docs.stripe.", "").replace(
        "support.stripe.", ""
    )
    assert load_assumptions("seed_stripe").pipeline.serial_path == ("stripe",)  # the base is not touched


@pytest.mark.parametrize(("base", "more", "said"), [
    ("strip", "", "no such pipeline: `strip`"),
    ("ours", "", "ours -> ours goes round in a circle; let one pipeline stand on its own"),
    ("stripe", 'without = ["flows.pay_in_cheque"]', "the base has no `flows.pay_in_cheque`"),
    ("stripe", 'without = "static"', "must be a list of dotted paths"),
    ("stripe", "instead = { stripe = 1 }", "must give a service for each of the base's"),
    ("stripe", 'instead = { stripe = "strype" }', "no such service: `strype`"),
])  # fmt: skip
def test_a_base_that_cannot_be_used(base: str, more: str, said: str, tmp_path: Path) -> None:
    folder = laid(tmp_path, base, more)
    with pytest.raises(InputError, match=said):
        load_assumptions("seed_stripe", data=folder, changes=(Change("pipeline", "ours"),))
