"""Billing: meter kinds, tiers, free units, proration, fees, and that nothing is ever silently free."""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costmodel.billing.bill import Bill
from costmodel.billing.fees import describe_fee, fee_cents, total_cents
from costmodel.billing.quantities import hours_of_month, per_duration, per_size, per_volume
from costmodel.billing.rating import rate
from costmodel.billing.usage import Measures, UsageRow
from costmodel.errors import InputError, UsageError
from tests.small_services import ON, fee, meter, price, row, service

CARD = fee(percent="2.9", fixed_usd="0.30")
ACH = fee(percent="0.8", minimum_usd="0.01", maximum_usd="5.00")
NETWORK = fee(percent="0.1375", fixed_usd="0.0195")

# AWS, data transfer out: graduated, 100 GB free (list price of 2026). The volume meter charges all at one price.
GRADUATED = price((0, "0.09"), (10_240, "0.085"), (51_200, "0.07"), tiering="graduated")
VOLUME = price((0, "0.10"), (100, "0.08"), (1000, "0.05"), tiering="volume")

SHOP = service({
    "calls": meter(price((0, "0.40"), per=1_000_000, free_per_month=1_000_000)),
    "fifo_calls": meter(price((0, "0.50"), per=1_000_000)),
    "out": meter(GRADUATED),
    "volume": meter(VOLUME),
    "chunks": meter(price((0, "1.00"), per=1_000_000), kind="per_size", chunk_kb=64),
    "time": meter(price((0, "1")), kind="per_duration", increment_ms=100, minimum_ms=200, memory_increment_mb=64),
    "rule_time": meter(price((0, "1")), kind="per_duration"),
    "keys": meter(price((0, "1.00")), kind="standing"),
    "pool_a": meter(price((0, "1"), free_per_month=10, free_pool="both")),
    "pool_b": meter(price((0, "2"), free_per_month=10, free_pool="both")),
    "card": meter(price(percent="2.9", fixed_usd="0.30"), kind="per_payment"),
    "abroad": meter(price(percent="1.5"), kind="per_payment", adds_to="card"),
    "ach": meter(price(percent="0.8", minimum_usd="0.01", maximum_usd="5.00"), kind="per_payment"),
    "flat": meter(price(fixed_usd="0.25"), kind="per_payment"),
    "guess": meter(price((0, "1"), basis="secondary")),
    "dated": meter(
        price((0, "1.25"), **{"from": dt.date(2020, 1, 1)}, regions=["us-west-2"]),
        price((0, "0.625"), **{"from": dt.date(2024, 11, 1)}, until=dt.date(2027, 1, 1), regions=["us-west-2"]),
    ),
    "planned": meter(price((0, "1")), price((0, "3"), plan="as_claimed")),
}, rule=[{"name": "billing_increment_ms", "from": dt.date(2020, 12, 1), "value": 1, "unit": "ms",
          "source": "test", "read": dt.date(2026, 11, 23), "basis": "published"}])  # fmt: skip


def bill(*rows: UsageRow, on: dt.date = ON, **more: Any) -> Bill:
    return rate(rows, {"shop": SHOP}, on=on, region="us-west-2", **more)


def payments(name: str, cents: list[int], counts: list[int] | None = None, **more: Any) -> UsageRow:
    amounts = np.array(cents, np.int64)
    return row(name, amounts=(amounts, np.ones_like(amounts) if counts is None else np.array(counts)), **more)


def refused(*rows: UsageRow, on: dt.date = ON, **more: Any) -> str:
    with pytest.raises(InputError) as error:
        bill(*rows, on=on, **more)
    return str(error.value)


# --- quantities ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("calls", "size_kb", "chunk_kb", "chunks", "why"),
    [
        (1_000_000, "256", 64, 4_000_000, "EventBridge: 256 KB are four events"),
        (1_000_000, "63", 64, 1_000_000, "SQS: 63 KB are one request"),
        (1, "64", 64, 1, "the edge itself is inside"),
        (1, "64.001", 64, 2, "a started chunk counts"),
        (5, "0", 64, 5, "an empty request is a request"),
        (10, "3.5", 1, 40, "DynamoDB writes by 1 KB"),
    ],
)
def test_per_size(calls: int, size_kb: str, chunk_kb: int, chunks: int, why: str) -> None:
    assert per_size(Decimal(calls), Decimal(size_kb), Decimal(chunk_kb)) == chunks, why


@pytest.mark.parametrize(
    ("size_kb", "requests", "why"),
    [
        ("0", 1, "an empty event is a request"),
        ("256", 1, "Lambda: an asynchronous event up to 256 KB is one request"),
        ("256.001", 2, "a started step of 64 KB counts"),
        ("320", 2, "the edge itself is inside"),
        ("1024", 13, "1 MB: one and twelve more"),
    ],
)
def test_per_size_with_a_larger_first_chunk(size_kb: str, requests: int, why: str) -> None:
    assert per_size(Decimal(1), Decimal(size_kb), Decimal(64), first_kb=Decimal(256)) == requests, why


@pytest.mark.parametrize(
    ("calls", "size_kb", "included_kb", "gb", "why"),
    [
        (1_000_000, "7168", 6144, "976.5625", "AWS's streaming example: 1M responses of 7 MB, 6 MB of each free"),
        (2_000_000, "100", 6144, "0", "the same: what stays below 6 MB is free"),
        (1024, "1024", None, "1", "1 GB = 1024 MB = 1024² KB"),
        (3, "6144", 6144, "0", "the edge itself is included"),
    ],
)
def test_per_volume(calls: int, size_kb: str, included_kb: int | None, gb: str, why: str) -> None:
    included = None if included_kb is None else Decimal(included_kb)
    assert per_volume(Decimal(calls), Decimal(size_kb), included) == Decimal(gb), why


@pytest.mark.parametrize(
    ("terms", "wrong"),
    [
        ({"first_kb": 256}, "`first_kb` goes with kind per_size only"),
        ({"kind": "per_volume", "first_kb": 256}, "`first_kb` goes with kind per_size only"),
        ({"included_kb": 6144}, "`included_kb` goes with kind per_volume only"),
        ({"kind": "per_volume", "chunk_kb": 64}, "`chunk_kb` goes with kind per_size, and only with it"),
    ],
)
def test_terms_of_another_kind_of_meter_are_refused(terms: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        service({"calls": meter(price((0, "1.00")), **terms)})


@pytest.mark.parametrize(
    ("calls", "ms", "mb", "steps", "gb_seconds", "why"),
    [
        (7_440_000, "2000", 1024, {"increment_ms": 1}, "14880000", "AWS's Lambda example: 7.44M × 2 s × 1 GB"),
        (3_000_000, "120", 1536, {"increment_ms": 1}, "540000", "AWS's Lambda example: 3M × 0.12 s × 1.5 GB"),
        (1, "0.2", 1024, {"increment_ms": 1}, "0.001", "up to a whole millisecond"),
        (100_000, "123", 0, {"increment_ms": 100, "memory_increment_mb": 64}, "1250", "Express: 200 ms × 64 MB"),
        (1, "10", 1024, {"increment_ms": 1, "minimum_ms": 50}, "0.05", "at least the minimum"),
        (1, "1", 65, {"increment_ms": 1000, "memory_increment_mb": 64}, "0.125", "memory up to 128 MB"),
    ],
)
def test_per_duration(calls: int, ms: str, mb: int, steps: dict[str, int], gb_seconds: str, why: str) -> None:
    exact = {name: Decimal(value) for name, value in steps.items()}
    assert per_duration(Decimal(calls), Decimal(ms), Decimal(mb), **exact) == Decimal(gb_seconds), why


@pytest.mark.parametrize(("on", "hours"), [("2026-09-01", 720), ("2026-08-15", 744), ("2026-02-01", 672),
                                           ("2028-02-29", 696)])  # fmt: skip
def test_hours_of_the_calendar_month(on: str, hours: int) -> None:
    assert hours_of_month(dt.date.fromisoformat(on)) == hours


@pytest.mark.parametrize(
    ("measures", "name", "cost"),
    [
        (Measures(Decimal(10**6), size_kb=Decimal(256)), "chunks", "4.00"),
        (Measures(Decimal(10), duration_ms=Decimal(101), memory_mb=Decimal(1)), "time", "0.125"),
        (Measures(Decimal(10), duration_ms=Decimal("1.5"), memory_mb=Decimal(1024)), "rule_time", "0.02"),
        (Measures(Decimal(3_000_000)), "calls", "0.80"),
        (Measures(Decimal(3)), "flat", "0.75"),
    ],
)
def test_raw_measures_become_the_meters_quantity(measures: Measures, name: str, cost: str) -> None:
    assert bill(row(name, measures=measures)).total_usd == Decimal(cost)


# --- tiers, free units, proration ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "quantity", "lines"),
    [
        ("out", 0, [("up to 10,240", "0", "0")]),
        ("out", 10_240, [("up to 10,240", "10240", "921.60")]),
        ("out", 10_241, [("up to 10,240", "10240", "921.60"), ("10,240 to 51,200", "1", "0.085")]),
        ("out", 51_201, [("up to 10,240", "10240", "921.60"), ("10,240 to 51,200", "40960", "3481.60"),
                         ("above 51,200", "1", "0.07")]),
        ("volume", 100, [("up to 100", "100", "10")]),
        ("volume", 101, [("100 to 1,000", "101", "8.08")]),
        ("volume", 1001, [("above 1,000", "1001", "50.05")]),
        ("calls", 400_000, [("free", "400000", "0")]),
        ("calls", 3_000_000, [("free", "1000000", "0"), ("all", "2000000", "0.80")]),
    ],
)  # fmt: skip
def test_one_line_per_tier(name: str, quantity: int, lines: list[tuple[str, str, str]]) -> None:
    found = [(line.tier, line.quantity, line.cost_usd) for line in bill(row(name, quantity)).lines]
    assert found == [(tier, Decimal(part), Decimal(cost)) for tier, part, cost in lines]


def test_no_free_tier() -> None:
    assert bill(row("calls", 3_000_000), free_tier=False).total_usd == Decimal("1.20")


def test_rows_of_a_meter_are_tiered_together() -> None:
    assert bill(row("out", 10_240), row("out", 1)).lines == bill(row("out", 10_241)).lines


def test_a_free_pool_is_shared_in_the_order_of_the_file() -> None:
    found: Any = [(line.meter, line.tier, line.quantity) for line in bill(row("pool_b", 8), row("pool_a", 7)).lines]
    assert found == [("pool_a", "free", 7), ("pool_b", "free", 3), ("pool_b", "all", 5)]


def test_free_units_are_shared_by_regions_and_tiers_are_not() -> None:
    """Always-free units belong to the account; the bill's own region takes them first."""
    rows = [row("calls", 900_000, region="eu-west-1"), row("calls", 700_000)]
    found: Any = [(line.region, line.tier, line.quantity) for line in bill(*rows).lines]
    assert found == [("us-west-2", "free", 700_000), ("eu-west-1", "free", 300_000), ("eu-west-1", "all", 600_000)]


@pytest.mark.parametrize(
    ("hours", "month_hours", "cost", "source"),
    [
        (1, None, "0.0013888889", "a real bill of September 2024: 1/720 of a key at 1.00"),
        (720, None, "1", "the whole month"),
        (365, 730, "0.5", "the calculators' month of 730 hours"),
    ],
)
def test_standing_for_some_hours(hours: int, month_hours: int | None, cost: str, source: str) -> None:
    found = bill(row("keys", 1, hours=Decimal(hours)), on=dt.date(2024, 9, 26), month_hours=month_hours)
    assert found.total_usd == Decimal(cost), source


def test_the_price_in_force() -> None:
    assert bill(row("dated", 1), on=dt.date(2024, 10, 31)).total_usd == Decimal("1.25")
    assert bill(row("dated", 1), on=dt.date(2024, 11, 1)).total_usd == Decimal("0.625")


def test_a_plan_prices_the_meters_that_have_it() -> None:
    found = bill(row("planned", 1), row("guess", 1), plans={"shop": "as_claimed"})
    assert {line.meter: line.cost_usd for line in found.lines} == {"guess": Decimal(1), "planned": Decimal(3)}


# --- fees ------------------------------------------------------------------------------------------------


def oracle(amount: int, percent: str, fixed_usd: str) -> int:
    """percent × amount + fixed in Decimal, half up: Stripe's rounding rule in other words."""
    exact = Decimal(percent) * amount / 100 + Decimal(fixed_usd) * 100
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))


MANY = st.lists(st.integers(0, 10**12), min_size=1, max_size=50)
PERCENTS = st.decimals(0, 20, places=6)
FIXED = st.decimals(0, 10, places=6)


@given(MANY, PERCENTS, FIXED)
def test_fees_agree_with_decimal_arithmetic(amounts: list[int], percent: Decimal, fixed: Decimal) -> None:
    found = fee_cents(np.array(amounts), fee(percent=percent, fixed_usd=fixed))
    assert found.tolist() == [oracle(amount, str(percent), str(fixed)) for amount in amounts]


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_a_fee_does_not_fall_as_the_amount_rises(one: int, other: int) -> None:
    for terms in (CARD, ACH, NETWORK):
        low, high = fee_cents(np.array(sorted((one, other))), terms)
        assert 0 <= low <= high


@given(st.integers(1, 10**12))
def test_ach_costs_1_to_500_cents(amount: int) -> None:
    assert 1 <= fee_cents(np.array([amount]), ACH)[0] <= 500


@pytest.mark.parametrize(
    ("amount", "terms", "cents", "why"),
    [
        (0, ACH, 0, "the minimum is of charges above 0"),
        (62_500, ACH, 500, "the cap is reached at 625.00"),
        (62_437, ACH, 499, "499.496 goes down"),
        (62_438, ACH, 500, "499.504 goes up"),
        (2_500, CARD, 103, "102.5 goes up"),
        (1_000, NETWORK, 3, "1.375 + 1.95 = 3.325: rounded once, after the sum"),
        (400, NETWORK, 3, "0.55 + 1.95 = 2.5 goes up"),
        (399, NETWORK, 2, "0.548625 + 1.95 = 2.498625 goes down"),
        (10**12, CARD, 29_000_000_030, "ten billion dollars"),
    ],
)
def test_edges_of_fees(amount: int, terms: Any, cents: int, why: str) -> None:
    assert fee_cents(np.array([amount]), terms).tolist() == [cents], why


def test_a_rate_with_many_decimals_on_a_large_amount_does_not_overflow() -> None:
    percent = "2.123456789012345678"
    assert fee_cents(np.array([10**12]), fee(percent=percent)).tolist() == [oracle(10**12, percent, "0")]


def test_sums_of_fees_are_exact_beyond_64_bits() -> None:
    assert total_cents(np.array([10**12, 1]), np.array([10**12, 1])) == 10**24 + 1


@pytest.mark.parametrize("amounts", [np.array([-1]), np.array([1.5])])
def test_amounts_that_are_no_cents_are_refused(amounts: Any) -> None:
    with pytest.raises(UsageError, match="amounts must be"):
        fee_cents(amounts, CARD)


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        (CARD, "2.9 % + $0.30"),
        (ACH, "0.8 %, at least $0.01, at most $5.00"),
        (NETWORK, "0.1375 % + $0.0195"),
        (fee(fixed_usd="15"), "$15.00"),
    ],
)
def test_fees_in_words(terms: Any, words: str) -> None:
    assert describe_fee(terms) == words


def test_fees_of_many_payments_are_one_line() -> None:
    """500 payments of 200.00 by card: 3,050.00 (the document's 2,900 + 150)."""
    (line,) = bill(payments("card", [20_000], [500])).lines
    assert (line.quantity, line.unit_price_usd, line.cost_usd) == (Decimal(500), Decimal("6.10"), Decimal(3_050))
    assert (line.note, line.tier) == ("2.9 % + $0.30", "all")


def test_a_surcharge_is_rounded_together_with_the_fee() -> None:
    """4.4 % of 0.10 + 30 = 30.44 -> 30, the fee alone 30.29 -> 30: the surcharge is 0; by itself 0.15 -> 0."""
    rows = [payments("card", [10, 150]), payments("abroad", [10, 150])]
    both = sum(oracle(amount, "4.4", "0.30") for amount in (10, 150))
    assert bill(*rows).total_usd * 100 == both
    assert bill(*rows).lines[1].note == "+ 1.5 % on card"


def test_a_fee_without_percentage_needs_no_amount() -> None:
    assert bill(row("flat", 3)).total_usd == Decimal("0.75")


def test_scale_multiplies_quantities_and_fees() -> None:
    """A tenth of a month, times ten."""
    rows = [payments("card", [20_000], [50], scale=Decimal(10)), row("out", "1.5", scale=Decimal(10))]
    assert [line.cost_usd for line in bill(*rows).lines] == [Decimal("1.35"), Decimal(3_050)]


# --- properties of bills ---------------------------------------------------------------------------------

QUANTITIES = st.decimals(0, 10**7, places=3)


@given(QUANTITIES, QUANTITIES)
def test_graduated_cost_rises_without_jumps(one: Decimal, other: Decimal) -> None:
    low, high = sorted((one, other))
    more = bill(row("out", str(high))).total_usd - bill(row("out", str(low))).total_usd
    assert 0 <= more <= (high - low) * Decimal("0.09")


@given(QUANTITIES)
def test_volume_cost_is_all_at_the_tier_reached(quantity: Decimal) -> None:
    usd = Decimal("0.10" if quantity <= 100 else "0.08" if quantity <= 1000 else "0.05")
    (line,) = bill(row("volume", str(quantity))).lines
    assert (line.quantity, line.unit_price_usd, line.cost_usd) == (quantity, usd, quantity * usd)


@given(st.lists(st.tuples(st.sampled_from(["calls", "out", "volume", "pool_a", "pool_b"]), QUANTITIES), max_size=12))
def test_each_row_is_priced_once_and_the_lines_are_the_total(used: list[tuple[str, Decimal]]) -> None:
    found = bill(*(row(name, str(quantity)) for name, quantity in used))
    for name in dict.fromkeys(name for name, _ in used):
        billed = sum(line.quantity for line in found.lines if line.meter == name)
        assert billed == sum(quantity for other, quantity in used if other == name)
    assert found.total_usd == sum((line.cost_usd for line in found.lines), Decimal(0)) == sum(found.by_basis().values())
    assert all(line.cost_usd >= 0 and line.quantity >= 0 for line in found.lines)


@given(QUANTITIES, st.booleans())
def test_free_units_never_make_a_bill_negative_or_dearer(quantity: Decimal, free_tier: bool) -> None:
    found = bill(row("calls", str(quantity)), free_tier=free_tier).total_usd
    assert 0 <= found <= bill(row("calls", str(quantity)), free_tier=False).total_usd


@given(st.permutations([("calls", 1_500_000), ("pool_b", 8), ("pool_a", 7), ("out", 20_000)]))
def test_the_order_of_rows_does_not_matter(used: list[tuple[str, int]]) -> None:
    assert bill(*(row(*each) for each in used)).lines == bill(*(row(*each) for each in sorted(used))).lines


# --- basis, warnings, forms ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "basis", "line_basis", "not_known"),
    [
        ("out", "measured", "measured", 0),
        ("out", "simulated", "simulated", 0),
        ("out", "assumption", "assumption", 1),
        ("out", "claimed", "claimed", 1),
        ("guess", "measured", "secondary", 1),
        ("guess", "assumption", "assumption", 1),
    ],
)
def test_a_line_takes_the_weaker_basis(name: str, basis: str, line_basis: str, not_known: int) -> None:
    found = bill(row(name, 1, basis=basis))
    assert found.lines[0].basis == line_basis
    assert found.share_not_published_or_measured() == not_known
    assert found.shares_by_basis() == {line_basis: 1}


def test_shares_of_a_bill_of_nothing() -> None:
    assert bill().total_usd == bill().share_not_published_or_measured() == 0
    assert bill().shares_by_basis() == {}


def test_a_closed_service_is_named() -> None:
    closed = SHOP.model_copy(update={"name": "Fraud Detector", "closed_to_new_customers": dt.date(2025, 11, 7)})
    before, after = (rate([row("out", 1)], {"shop": closed}, on=on, region="us-west-2").warnings
                     for on in (dt.date(2025, 11, 6), dt.date(2025, 11, 7)))  # fmt: skip
    assert before == ()
    assert len(after) == 1
    assert after[0].startswith("Fraud Detector is closed to new customers since 2025-11-07: ")


def test_a_bill_as_table_dictionary_and_page() -> None:
    found = bill(row("out", 10_241), payments("card", [20_000], [500]))
    assert found.to_frame()["cost_usd"].sum() == pytest.approx(3971.685)
    assert found.to_dict()["total_usd"] == "3971.685"
    assert found.to_dict()["lines"][1]["unit_price_usd"] == "0.085"
    assert "<b>Total $3,971.69</b>" in found._repr_html_()


def test_names_are_escaped_in_a_page() -> None:
    found = rate([row("out", 1)], {"shop": SHOP}, on=ON, region="<script>")
    assert "<script>" not in found._repr_html_()


# --- never silently free ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("used", "wrong", "remedy"),
    [
        (UsageRow("shopp", "out", Decimal(1)), "no such service `shopp`", "did you mean `shop`?"),
        (row("outt", 1), "shop has no meter `outt`", "did you mean `out`?"),
        (row("dated", 1, region="mars"), "no price in the region mars", "us-west-2"),
        (row("out", "NaN"), "`quantity` is NaN", "give a number between 0"),
        (row("out", "Infinity"), "`quantity` is Infinity", "give a number between 0"),
        (row("out", -1), "`quantity` is -1", "give a number between 0"),
        (row("out", 1, scale=Decimal(-1)), "`scale` is -1", "give a number between 0"),
        (UsageRow("shop", "out", 0.5), "`quantity` is a float", "give a Decimal"),  # type: ignore[arg-type]
        (row("out"), "0 of quantity, amounts and measures", "give exactly one"),
        (row("out", 1, measures=Measures(Decimal(1))), "2 of quantity, amounts and measures", "give exactly one"),
        (row("out", 1, basis="guessed"), "unknown basis `guessed`", "use one of published"),
        (row("out", 1, hours=Decimal(1)), "`hours` does not apply", "leave it empty"),
        (row("card", 5), "the fee (2.9 % + $0.30) depends on the amount", "give `amount_cents`"),
        (payments("out", [5]), "amounts do not apply", "give `quantity` or `calls`"),
        (payments("card", [5, -1]), "an amount or a count is negative", "a refund gives back no fee"),
        (payments("card", [5, 6], [1]), "2 amounts but 1 counts", "one count for each amount"),
        (row("chunks", measures=Measures(Decimal(1))), "`size_kb` is missing", "give `calls` and `size_kb`"),
        (row("time", measures=Measures(Decimal(1))), "`duration_ms` or `memory_mb` is missing", "or `quantity`"),
        (row("keys", measures=Measures(Decimal(1))), "`calls` does not apply", "give `quantity`"),
        (row("out", measures=Measures(Decimal(1), Decimal(1))), "`size_kb` does not apply", "leave it empty"),
    ],
)
def test_what_cannot_be_priced_is_refused(used: UsageRow, wrong: str, remedy: str) -> None:
    message = refused(used)
    assert wrong in message
    assert remedy in message


@pytest.mark.parametrize(
    ("name", "on", "wrong", "remedy"),
    [
        ("dated", "2019-12-31", "no price on 2019-12-31 in us-west-2", "the first holds from 2020-01-01"),
        ("dated", "2027-01-01", "no price on 2027-01-01 in us-west-2", "the last one ended on 2027-01-01"),
    ],
)
def test_a_date_without_a_price_says_when_there_is_one(name: str, on: str, wrong: str, remedy: str) -> None:
    message = refused(row(name, 1), on=dt.date.fromisoformat(on))
    assert wrong in message
    assert remedy in message


def test_a_rule_that_does_not_hold_yet() -> None:
    used = row("rule_time", measures=Measures(Decimal(1), duration_ms=Decimal(1), memory_mb=Decimal(1)))
    assert "no billing increment is known on 2020-06-01" in refused(used, on=dt.date(2020, 6, 1))


def test_an_unknown_plan_is_refused() -> None:
    assert "shop has no plan `as_claim`; did you mean `as_claimed`?" in refused(plans={"shop": "as_claim"})


def test_all_problems_at_once() -> None:
    rows = [row("outt", 1, place=("usage.csv", 2)), row("out", -1, place=("usage.csv", 3)), row("card", 1)]
    with pytest.raises(InputError) as error:
        bill(*rows)
    assert [(problem.file, problem.line) for problem in error.value.problems] == [
        ("usage.csv", 2), ("usage.csv", 3), ("usage", None),
    ]  # fmt: skip
