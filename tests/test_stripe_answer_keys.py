"""Every Stripe case of the answer key, to the cent: at the terms the case states, and at the shipped prices."""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from costmodel.assumptions.catalog import load_services
from costmodel.assumptions.service import Service
from costmodel.billing.bill import Bill
from costmodel.billing.rating import rate
from costmodel.billing.usage import UsageRow, read_usage

HERE = Path(__file__).parent
CASES = list(csv.DictReader((HERE / "answers" / "stripe.csv").open()))
TAXI = HERE / "samples" / "nyc_taxi_2019-03.csv"
Case = Mapping[str, str]

# The key's service and kind -> the catalog's meter.
METERS = {
    ("stripe_card", "charge"): "card",
    ("stripe_card", "file_total"): "card",
    ("stripe_connect", "destination_charge"): "card",
    ("stripe_connect", "separate_charge"): "card",
    ("stripe_ach", "charge"): "ach_debit",
    ("stripe_connect", "connected_payout"): "payout",
    ("stripe_payout", "instant_payout"): "instant_payout",
    ("stripe_dispute", "dispute"): "dispute",
}
AT_A_TERMINAL = {"taxi_card_in_person": "card_present"}


def number(case: Case, column: str) -> Decimal:
    return Decimal(case[column] or 0)


def day(case: Case) -> dt.date:
    year, _, month = case["plan_date"].partition("-")
    return dt.date(2026 if year == "any" else int(year), int(month or 9), 15)


def stated_terms(case: Case) -> Service:
    """A service with the fee that the case states: markups applied one after the other, rounded once at the end."""
    markup = (1 + number(case, "markup_1_bp") / 10_000) * (1 + number(case, "markup_2_bp") / 10_000)
    limits = {name: number(case, column) / 100 for name, column in
              (("minimum_usd", "min_minor"), ("maximum_usd", "cap_minor")) if case[column]}  # fmt: skip
    percent, fixed_usd = (number(case, column) / 100 * markup for column in ("percent_bp", "fixed_minor"))
    meters = {"fee": meter(percent=percent, fixed_usd=fixed_usd, **limits)}
    for name in ("intl", "fx"):
        meters[name] = meter("fee", percent=number(case, f"{name}_percent_bp") / 100)
    return Service.model_validate({"name": "case", "provider": "case", "meter": meters})


def meter(adds_to: str | None = None, /, **fee: Decimal) -> dict[str, object]:
    price = {"from": dt.date(2020, 1, 1), "source": "the case", "read": dt.date(2026, 11, 23), "basis": "secondary"}
    return {"kind": "per_payment", "unit": "payment", "adds_to": adds_to, "price": [price | fee]}


def usage(case: Case, service: str, name: str, folder: Path) -> list[UsageRow]:
    """The case's payments, through a usage file; a dispute or a payment without a percentage is only counted."""
    rows: list[dict[str, object]] = [{"service": service, "meter": name, "calls": int(case["count"])}]
    if case["kind"] == "file_total":
        rows = [{"service": service, "meter": name, "amount_cents": cents} for cents in taxi_card_cents()]
    elif case["percent_bp"]:
        rows[0]["amount_cents"] = int(case["amount_minor"])
    path = folder / "usage.json"
    path.write_text(json.dumps({"usage": rows}))
    return read_usage(path)


def surcharged(case: Case, rows: list[UsageRow], names: tuple[str, str]) -> list[UsageRow]:
    """The rows with those of the surcharged payments: as far as both shares reach, a payment bears both."""
    intl, fx = (int(int(case["count"]) * number(case, f"{name}_share_bp") / 10_000) for name in ("intl", "fx"))
    amount = rows[0].amounts[0] if rows and rows[0].amounts else None
    if amount is None or not intl + fx:
        return rows
    bearing = [(names[0], intl, ()), (names[1], min(intl, fx), (names[0],)), (names[1], max(fx - intl, 0), ())]
    return rows + [
        replace(rows[0], meter=name, amounts=(amount, amount * 0 + count), on_top_of=beneath)
        for name, count, beneath in bearing
    ]


def taxi_card_cents() -> list[int]:
    with TAXI.open() as file:
        usd = [Decimal(row["amount_usd"]) for row in csv.DictReader(file) if row["payment"] == "credit card"]
    return [int(amount * 100) for amount in usd]


def cents(bill: Bill) -> Decimal:
    return bill.total_usd * 100


def net(case: Case, fee: Decimal) -> Decimal:
    """What is left, by whom it is left to: the platform of a destination charge keeps application fee less fee."""
    if case["kind"] == "destination_charge":
        return number(case, "application_fee_minor") - fee
    total = number(case, "amount_minor") * (1 if case["kind"] == "file_total" else int(case["count"]))
    return total - fee - number(case, "transfers_minor")


def check(case: Case, bill: Bill) -> None:
    tolerance = number(case, "tolerance_minor")
    assert abs(cents(bill) - number(case, "expected_fee_minor")) <= tolerance, case["source"]
    if case["expected_net_minor"]:
        assert abs(net(case, cents(bill)) - number(case, "expected_net_minor")) <= tolerance, case["note"]


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_at_the_terms_of_the_case(case: Case, tmp_path: Path) -> None:
    charged = case["kind"] != "refund"  # a refund is no usage: it costs nothing and gives nothing back
    rows = surcharged(case, usage(case, "case", "fee", tmp_path), ("intl", "fx")) if charged else []
    check(case, rate(rows, {"case": stated_terms(case)}, on=day(case), region="us"))


LISTED = [case for case in CASES if (case["service"], case["kind"]) in METERS]


@pytest.mark.parametrize("case", LISTED, ids=[case["id"] for case in LISTED])
def test_at_the_shipped_prices(case: Case, tmp_path: Path) -> None:
    name = AT_A_TERMINAL.get(case["id"], METERS[case["service"], case["kind"]])
    rows = usage(case, "stripe", name, tmp_path)
    rows = surcharged(case, rows, ("card_international", "currency_conversion"))
    check(case, rate(rows, load_services(), on=day(case), region="us"))


def test_the_taxi_file_is_the_one_of_the_key() -> None:
    """tests/samples/README.md: 4,577 card rows, 91,866.10 USD."""
    assert (len(taxi_card_cents()), sum(taxi_card_cents())) == (4_577, 9_186_610)


def test_both_surcharges_round_once_with_the_fee() -> None:
    """2.9 + 1.5 + 1 = 5.4 % of 1.50 = 8.1 cents + 30 -> 38; by themselves 2.25 -> 2 and 1.5 -> 2 beside 34 (4.35)."""
    payment = (np.array([150]), np.array([1]))
    rows = [
        UsageRow("stripe", "card", amounts=payment),
        UsageRow("stripe", "card_international", amounts=payment),
        UsageRow("stripe", "currency_conversion", amounts=payment, on_top_of=("card_international",)),
    ]
    for together, expected in ((True, 38), (False, 34 + 2 + 2)):
        bill = rate(rows, load_services(), on=dt.date(2026, 9, 15), region="us", round_surcharges_together=together)
        assert cents(bill) == expected
