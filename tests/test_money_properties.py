"""What holds of every bill and every shipped price, tried on cases that hypothesis makes up."""

from __future__ import annotations

import datetime as dt
import json
import random
from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costmodel.assumptions.catalog import load_services
from costmodel.assumptions.service import Price
from costmodel.billing.bill import Bill
from costmodel.billing.fees import fee_cents, surcharge_cents
from costmodel.billing.rating import rate
from costmodel.billing.tiers import FREE, spread
from costmodel.billing.usage import UsageRow, read_usage

ON = dt.date(2026, 9, 15)
REGION = "us-west-2"
CATALOG = load_services()
PRICES = [
    (f"{service}.{name}", price)
    for service, each in CATALOG.items()
    for name, meter in each.meter.items()
    for price in meter.price
    if meter.kind != "minimum"
]
FEES = [(name, price) for name, price in PRICES if price.is_fee]
METERED = [(name, price) for name, price in PRICES if not price.is_fee]
TIERED = [(name, price) for name, price in METERED if len(price.tiers) > 1]
AMOUNTS = st.integers(0, 10**9)
QUANTITIES = st.decimals(0, 10**12, places=3)
# Meters that take a quantity in the home region now: what random bills are made of.
BILLED = [
    (service, name)
    for service, each in CATALOG.items()
    for name, meter in each.meter.items()
    if meter.kind not in ("per_payment", "minimum") and any(price.holds(ON, REGION, "list") for price in meter.price)
]
ROWS = st.lists(st.tuples(st.sampled_from(BILLED), QUANTITIES), min_size=1, max_size=12)


def ids(pairs: list[tuple[str, Price]]) -> list[str]:
    return [f"{name} {price.plan} {price.from_}" for name, price in pairs]


def usd(quantity: Decimal, price: Price, free: Decimal = Decimal(0)) -> Decimal:
    return sum((part.quantity * part.usd for part in spread(quantity, price, free)), Decimal(0)) / price.per


def billed(rows: list[tuple[tuple[str, str], Decimal]], **more: Any) -> Bill:
    usage = [UsageRow(service, meter, quantity) for (service, meter), quantity in rows]
    return rate(usage, CATALOG, on=ON, region=REGION, **more)


# --- fees ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "price"), FEES, ids=ids(FEES))
@settings(max_examples=8)
@given(amounts=st.lists(AMOUNTS, min_size=2, max_size=20))
def test_a_fee_never_falls_as_the_amount_rises(name: str, price: Price, amounts: list[int]) -> None:
    fees = fee_cents(np.array(sorted(amounts), np.int64), price).tolist()
    assert fees == sorted(fees)
    assert fees[0] >= 0


@pytest.mark.parametrize(("name", "price"), FEES, ids=ids(FEES))
@settings(max_examples=8)
@given(amount=AMOUNTS)
def test_integer_and_decimal_arithmetic_agree(name: str, price: Price, amount: int) -> None:
    exact = Decimal(amount) * (price.percent or 0) / 100 + (price.fixed_usd or Decimal(0)) * 100
    expected = exact.quantize(Decimal(1), ROUND_HALF_UP)
    expected = max(expected, (price.minimum_usd or Decimal(0)) * 100) if amount else expected
    expected = min(expected, price.maximum_usd * 100) if price.maximum_usd is not None else expected
    assert fee_cents(np.array([amount]), price)[0] == expected


@given(amount=AMOUNTS)
def test_a_surcharge_adds_and_never_takes(amount: int) -> None:
    for each in CATALOG.values():
        for meter in each.meter.values():
            if meter.adds_to:
                base = each.meter[meter.adds_to].price[-1]
                assert surcharge_cents(np.array([amount]), base, meter.price[-1])[0] >= 0


@given(amounts=st.lists(AMOUNTS, min_size=1, max_size=20), cut=st.integers(0, 20))
def test_fees_are_of_each_payment_however_they_are_grouped(amounts: list[int], cut: int) -> None:
    """As one row, as two, as one row per payment: the same cents."""
    whole = [[*amounts]]
    parts = [part for part in (amounts[:cut], amounts[cut:]) if part]
    bills = [
        rate([UsageRow("stripe", "card", amounts=(np.array(part), np.ones(len(part), np.int64))) for part in rows],
             CATALOG, on=ON, region="us")
        for rows in (whole, parts, [[amount] for amount in amounts])
    ]  # fmt: skip
    assert len({bill.total_usd for bill in bills}) == 1
    assert bills[0].total_usd * 100 == int(fee_cents(np.array(amounts), FEES_BY["stripe.card"]).sum())


FEES_BY = {name: price for name, price in FEES if price.plan == "list" and price.holds(ON, "us", "list")}


# --- tiers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "price"), METERED, ids=ids(METERED))
@settings(max_examples=8)
@given(pair=st.tuples(QUANTITIES, QUANTITIES), free=st.sampled_from([0, 1, 10_000]))
def test_more_never_costs_less(name: str, price: Price, pair: tuple[Decimal, Decimal], free: int) -> None:
    less, more = sorted(pair)
    assert 0 <= usd(less, price, Decimal(free)) <= usd(more, price, Decimal(free))


@pytest.mark.parametrize(("name", "price"), TIERED, ids=ids(TIERED))
def test_graduated_tiers_are_continuous_at_every_edge(name: str, price: Price) -> None:
    assert price.tiering == "graduated"
    step = Decimal("0.001")
    for tier, following in zip(price.tiers, price.tiers[1:], strict=False):
        edge = following.above
        assert usd(edge, price) - usd(edge - step, price) == step * tier.usd / price.per
        assert usd(edge + step, price) - usd(edge, price) == step * following.usd / price.per


@given(edges=st.lists(st.integers(1, 10**6), min_size=1, max_size=5, unique=True), data=st.data())
def test_volume_tiers_step_at_every_edge(edges: list[int], data: st.DataObject) -> None:
    """The whole quantity takes the price of the tier it reaches; the edge itself belongs to the tier below."""
    above = [0, *sorted(edges)]
    rates = [data.draw(st.integers(1, 1000)) for _ in above]
    price = Price.model_validate({
        "from": ON, "tiering": "volume", "source": "test", "read": ON, "basis": "published",
        "tiers": [{"above": edge, "usd": rate} for edge, rate in zip(above, rates, strict=True)],
    })  # fmt: skip
    for index, edge in enumerate(above[1:]):
        assert usd(Decimal(edge), price) == edge * rates[index]
        assert usd(Decimal(edge + 1), price) == (edge + 1) * rates[index + 1]


@pytest.mark.parametrize(("name", "price"), METERED, ids=ids(METERED))
@settings(max_examples=8)
@given(quantity=QUANTITIES, free=st.decimals(0, 10**9, places=2))
def test_free_units_are_neither_negative_nor_more_than_there_are(
    name: str, price: Price, quantity: Decimal, free: Decimal
) -> None:
    parts = spread(quantity, price, free)
    assert sum(part.quantity for part in parts) == quantity
    assert all(part.quantity >= 0 for part in parts)
    assert sum(part.quantity for part in parts if part.tier == FREE) == min(free, quantity)
    assert usd(quantity, price, free) <= usd(quantity, price)


# --- bills ----------------------------------------------------------------------------------------------------------


@given(rows=ROWS)
def test_each_row_is_priced_exactly_once(rows: list[tuple[tuple[str, str], Decimal]]) -> None:
    asked: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for meter, quantity in rows:
        asked[meter] += quantity
    bill = billed(rows)
    found: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for line in bill.lines:
        if CATALOG[line.service].meter[line.meter].kind != "minimum":  # comes without a row
            found[line.service, line.meter] += line.quantity
    assert found == asked


@given(rows=ROWS)
def test_the_lines_sum_to_the_total_to_the_cent(rows: list[tuple[tuple[str, str], Decimal]]) -> None:
    bill = billed(rows)
    cent = Decimal("0.01")
    lines = [line.quantity * line.unit_price_usd for line in bill.lines]
    assert bill.total_usd == sum(line.cost_usd for line in bill.lines) == sum(bill.by_service().values())
    assert abs(sum(lines) - bill.total_usd).quantize(cent) == 0
    assert all(line.cost_usd >= 0 for line in bill.lines)


@given(rows=ROWS, seed=st.integers(0, 99))
def test_neither_the_order_of_rows_nor_their_division_matters(
    rows: list[tuple[tuple[str, str], Decimal]], seed: int
) -> None:
    """Lines come in the order of the service files; every row is split in two and all are shuffled."""
    halves = [(meter, part) for meter, quantity in rows for part in (quantity / 4, quantity - quantity / 4)]
    random.Random(seed).shuffle(halves)
    assert billed(halves).lines == billed(rows).lines


@given(rows=ROWS)
def test_free_units_only_make_a_bill_smaller(rows: list[tuple[tuple[str, str], Decimal]]) -> None:
    assert 0 <= billed(rows).total_usd <= billed(rows, free_tier=False).total_usd


@given(rows=ROWS, more=QUANTITIES)
def test_a_bill_with_more_on_it_is_no_smaller(rows: list[tuple[tuple[str, str], Decimal]], more: Decimal) -> None:
    meter, quantity = rows[0]
    assert billed([(meter, quantity + more), *rows[1:]]).total_usd >= billed(rows).total_usd


@given(quantity=st.integers(0, 10**12))
def test_a_number_is_the_same_in_every_spelling(
    tmp_path_factory: pytest.TempPathFactory, quantity: int
) -> None:  # fmt: skip
    folder = tmp_path_factory.getbasetemp()
    texts = {
        "u.csv": f"service,meter,quantity\nkms,requests_symmetric,{quantity}.000\n",
        "u.json": json.dumps([{"service": "kms", "meter": "requests_symmetric", "quantity": quantity}]),
        "v.json": f'[{{"service": "kms", "meter": "requests_symmetric", "quantity": {quantity}.0}}]',
        "u.toml": f'[[usage]]\nservice = "kms"\nmeter = "requests_symmetric"\nquantity = {quantity}\n',
    }
    totals = set()
    for name, text in texts.items():
        path = Path(folder) / name
        path.write_text(text)
        totals.add(rate(read_usage(path), CATALOG, on=ON, region=REGION).total_usd)
    assert len(totals) == 1
