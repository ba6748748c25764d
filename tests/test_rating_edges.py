"""Rating and fees at their edges, and their messages word for word: what a run of mutants showed to be held by no test.

Expected figures are worked out by hand beside each case; the messages are those of the house's form, what is wrong and
what to do.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from decimal import Decimal, localcontext
from typing import Any

import numpy as np
import pytest

from costmodel.assumptions.by_month import column
from costmodel.billing.bill import Bill, to_line_precision
from costmodel.billing.fees import describe_fee, fee_cents, summed, surcharge_cents, total_cents
from costmodel.billing.minimums import minimum_lines
from costmodel.billing.prices import PriceBook
from costmodel.billing.quantities import RowError, quantity_of
from costmodel.billing.rating import rate
from costmodel.billing.usage import MOST, Measures, UsageRow
from costmodel.errors import InputError, UsageError
from tests.small_services import ON, START, fee, meter, price, row, service

MOST_CENTS = 2**63 - 1
SHOP = service({
    "requests": meter(price((0, "0.03"), per=10_000), kind="per_call"),
    "size": meter(price((0, "1")), kind="per_size", chunk_kb=64),
    "time": meter(price((0, "1")), kind="per_duration", increment_ms=100, minimum_ms=250),
    "short_time": meter(price((0, "1")), kind="per_duration", increment_ms="0.5"),
    "rule_time": meter(price((0, "1")), kind="per_duration"),
    "keys": meter(price((0, "1.00")), kind="standing", unit="key-month"),
    "card": meter(price(percent="2.9", fixed_usd="0.30"), kind="per_payment"),
    "abroad": meter(price(percent="1.5"), kind="per_payment", adds_to="card"),
    "converted": meter(price(percent="1", fixed_usd="0.01"), kind="per_payment", adds_to="abroad"),
    "flat": meter(price(fixed_usd="0.25"), kind="per_payment"),
    "round_a": meter(price(percent="1"), kind="per_payment", adds_to="round_b"),
    "round_b": meter(price(percent="1"), kind="per_payment", adds_to="round_a"),
    "three_a": meter(price(percent="1"), kind="per_payment", adds_to="three_b"),
    "three_b": meter(price(percent="1"), kind="per_payment", adds_to="three_c"),
    "three_c": meter(price(percent="1"), kind="per_payment", adds_to="three_a"),
    "planned_only": meter(price((0, "1"), plan="special")),
    "here": meter(price((0, "1"), **{"from": ON}, regions=["us-west-2"])),
})  # fmt: skip
LEAST = service({
    "calls": meter(price((0, "0.10"), basis="secondary")),
    "least": meter(price((0, "500"), per=2, source="contract, page 3"), kind="minimum", unit="month"),
}, )  # fmt: skip


def bill(*rows: UsageRow, services: Any = None, on: dt.date = ON, **more: Any) -> Bill:
    return rate(rows, services or {"shop": SHOP}, on=on, region="us-west-2", **more)


def payments(name: str, cents: list[int], counts: list[int], **more: Any) -> UsageRow:
    return row(name, amounts=(np.array(cents, np.int64), np.array(counts, np.int64)), **more)


# --- fees ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("percent", "extra", "cents", "due"),
    [
        ("2.9", "1.5", 10_000, 470),  # 4.4 % of $100 + 30 cents
        ("2.9", "0", 10_000, 320),
        ("0", "1.5", 10_000, 180),
        ("2.9", "0.05", 1000, 60),  # 29.5 + 30 = 59.5 cents, half up
    ],
)
def test_a_percentage_on_top_is_added_before_rounding(percent: str, extra: str, cents: int, due: int) -> None:
    price_ = fee(percent=percent, fixed_usd="0.30")
    assert fee_cents(np.array([cents]), price_, Decimal(extra)).tolist() == [due]


SUMS = [  # percent and fixed part of a base, of what is added, and of both
    (("2.9", "0.30"), ("1.5", None), ("4.4", "0.30")),
    (("2.9", None), (None, "0.10"), ("2.9", "0.10")),
    ((None, "0.30"), ("1", "0.01"), ("1", "0.31")),
    (("2.9", "0.30"), ("1", "0.01"), ("3.9", "0.31")),
]


@pytest.mark.parametrize(("base", "extra", "both"), SUMS)
def test_a_fee_with_its_surcharge(base: tuple[str, str], extra: tuple[str, str], both: tuple[str, str]) -> None:
    fees = [fee(**{k: v for k, v in zip(("percent", "fixed_usd"), one, strict=True) if v}) for one in (base, extra)]
    found = summed(*fees)
    assert (found.percent, found.fixed_usd) == tuple(map(Decimal, both))


def test_a_surcharge_is_rounded_together_unless_it_is_said() -> None:
    """2.9 % + 1.5 % of 10.50: 46.2 to 46, less 30.45 to 30: 16; by itself 15.75: 16. Of 1.50: 6.6 → 7 less 4.35 → 4: 3;
    by itself 2.25: 2."""
    base, extra = fee(percent="2.9"), fee(percent="1.5")
    cents = np.array([1050, 150])
    assert surcharge_cents(cents, base, extra).tolist() == [16, 3]
    assert surcharge_cents(cents, base, extra, together=False).tolist() == [16, 2]
    abroad = payments("abroad", [1050, 150], [1, 1])
    assert bill(abroad).total_usd == Decimal("0.19")
    assert bill(abroad, round_surcharges_together=False).total_usd == Decimal("0.18")


def test_a_surcharge_on_top_of_another_takes_that_ones_price_in_its_region() -> None:
    """5.4 % + 0.31 of $100 are 5.71; 4.4 % + 0.30, card and abroad, 4.70."""
    added = {
        "card": meter(price(percent="2.9", fixed_usd="0.30"), kind="per_payment"),
        "abroad": meter(
            price(percent="1.5", regions=["us-west-2"]), price(percent="9", regions=["eu-west-1"]),
            kind="per_payment", adds_to="card",
        ),
        "converted": meter(price(percent="1", fixed_usd="0.01"), kind="per_payment", adds_to="card"),
    }  # fmt: skip
    row_of = payments("converted", [100_00], [1], on_top_of=("abroad",))
    assert bill(row_of, services={"shop": service(added)}).total_usd == Decimal("1.01")


def test_payments_of_many_months_have_a_row_for_each() -> None:
    """$25 once in one month, $200 twice in the other; more axes mean nothing."""
    months = row("card", amounts=(np.array([[25_00], [200_00]]), np.array([[1], [2]])))
    assert bill(months).total_usd.tolist() == [Decimal("1.03"), Decimal("12.20")]
    with pytest.raises(InputError, match="1 amounts but 1 counts"):
        bill(row("card", amounts=(np.ones((1, 1, 1), np.int64), np.ones((1, 1, 1), np.int64))))


def test_amounts_near_the_end_of_64_bits_are_exact() -> None:
    """2.9 % of 2^62 cents: 2^62 × 29 / 1000 in whole numbers; what leaves 64 bits on the way is not lost."""
    cents = np.array([2**62, 1, 0])
    assert fee_cents(cents, fee(percent="2.9", fixed_usd="0.30")).tolist() == [
        (2**62 * 58 + 60_000 + 1000) // 2000, 30, 30,
    ]  # fmt: skip
    assert fee_cents(np.array([MOST_CENTS]), fee(percent="100")).tolist() == [MOST_CENTS]
    assert fee_cents(cents.reshape(3, 1), fee(percent="2.9", fixed_usd="0.30")).shape == (3, 1)


@pytest.mark.parametrize("cents", [1, 2**40, 2**53 + 1, 2**62 + 1])
def test_a_whole_percent_of_a_large_amount_to_the_cent(cents: int) -> None:
    """100 % is the amount: beyond 2^53 no floating-point number is."""
    assert fee_cents(np.array([cents]), fee(percent="100", fixed_usd="0.00")).tolist() == [cents]


def test_many_decimals_of_a_rate() -> None:
    """0.0000000000000000000000001 % and $0.005: half a cent is one cent, a hair less is none."""
    assert fee_cents(np.array([0, 1]), fee(percent="1e-25", fixed_usd="0.005")).tolist() == [1, 1]
    assert fee_cents(np.array([0, 1]), fee(percent="1e-25", fixed_usd="0.0049999999999")).tolist() == [0, 0]


def test_fees_of_no_payment() -> None:
    none = np.zeros(0, np.int64)
    assert fee_cents(none, fee(percent="2.9")).tolist() == []
    assert fee_cents(none, fee(percent="1e-25")).tolist() == []
    assert total_cents(none, none) == 0


def test_a_sum_of_fees_beyond_64_bits() -> None:
    half = np.array([2**62, 2**62])
    assert total_cents(half, np.array([1, 1])) == 2**63
    assert total_cents(half, np.array([4, 4])) == 2**65
    assert total_cents(np.array([2**62]), np.array([1])) == 2**62
    with pytest.raises(ValueError, match="fees and"):
        total_cents(np.array([2**62, 2**62]), np.array([4]))


def test_kinds_of_integers() -> None:
    assert fee_cents(np.array([100], np.uint8), fee(percent="50")).tolist() == [50]
    assert fee_cents(np.array([100], np.uint8), fee(percent="50")).dtype == np.int64
    assert fee_cents(np.array([MOST_CENTS], np.uint64), fee(fixed_usd="0.01")).tolist() == [1]
    with pytest.raises(UsageError, match=r"^amounts must be 0 cents or more; a refund gives back no fee$"):
        fee_cents(np.array([2**63], np.uint64), fee(percent="1"))


@pytest.mark.parametrize(
    ("cents", "price_", "says"),
    [
        (np.array([100]), fee_price, says)
        for fee_price, says in ((SHOP.meter["keys"].price[0], "this price is no fee per payment; it has tiers"),)
    ]
    + [
        (np.array([1.0]), fee(percent="1"), "amounts must be whole cents (integers), not float64"),
        (np.array([-1]), fee(percent="1"), "amounts must be 0 cents or more; a refund gives back no fee"),
        (
            np.array([MOST_CENTS]),
            fee(percent="200"),
            "a fee is larger than 64 bits hold; check the amounts and the price",
        ),
    ],
)
def test_what_is_no_fee_is_said(cents: Any, price_: Any, says: str) -> None:
    with pytest.raises(UsageError) as refused:
        fee_cents(cents, price_)
    assert str(refused.value) == says


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"percent": "0"}, "0 %"),
        ({"percent": "0", "fixed_usd": "0"}, "0 %"),
        ({"fixed_usd": "0"}, "$0.00"),
        ({"fixed_usd": "0.25"}, "$0.25"),
        ({"percent": "2.9", "fixed_usd": "0.30"}, "2.9 % + $0.30"),
        ({"percent": "0.8", "minimum_usd": "0.01", "maximum_usd": "5"}, "0.8 %, at least $0.01, at most $5.00"),
    ],
)
def test_a_fee_in_words(terms: dict[str, str], words: str) -> None:
    assert describe_fee(fee(**terms)) == words


@pytest.mark.parametrize(("limit", "due"), [("0.005", 1), ("0.0149", 1), ("0.015", 2)])
def test_a_least_fee_of_parts_of_a_cent(limit: str, due: int) -> None:
    assert fee_cents(np.array([1]), fee(percent="0.001", minimum_usd=limit)).tolist() == [due]


# --- surcharges, regions, plans --------------------------------------------------------------------------------------


def test_a_surcharge_on_a_surcharge_of_a_fee() -> None:
    """10,000 cents: card 320; abroad 470 − 320 = 150; converted at 5.4 % + 31 cents: 571 − 470 = 101."""
    rows = [payments(name, [10_000], [3]) for name in ("card", "abroad", "converted")]
    assert [line.cost_usd for line in bill(*rows).lines] == [Decimal("9.6"), Decimal("4.5"), Decimal("3.03")]


def test_surcharges_beneath_one_another_are_priced_in_the_payments_region() -> None:
    """The card costs 2.9 % here and 5 % there: 1.5 % more of $1.01 is 4.444 → 4 less 2.929 → 3, and 6.565 → 7 less 5."""
    prices = [price(percent="2.9", regions=["us-west-2"]), price(percent="5", regions=["mars"])]
    shop = service({"card": meter(*prices, kind="per_payment"),
                    "abroad": meter(price(percent="1.5"), kind="per_payment", adds_to="card"),
                    "more": meter(price(percent="0"), kind="per_payment", adds_to="abroad")})  # fmt: skip
    for region, cents in (("us-west-2", "0.01"), ("mars", "0.02")):
        rows = [payments("abroad", [101], [1], region=region), payments("more", [101], [1], region=region)]
        assert [line.cost_usd for line in bill(*rows, services={"shop": shop}).lines] == [Decimal(cents), 0]


def test_fees_of_rows_are_added_and_scaled() -> None:
    """Half of 4 payments and all of 2, at 25 cents; a mean of what is paid; nothing for nobody."""
    found = bill(row("flat", 4, scale=Decimal("0.5")), row("flat", 2), payments("card", [0], [0])).lines
    assert [(one.meter, one.quantity, one.cost_usd, one.unit_price_usd) for one in found] == [
        ("card", 0, 0, 0), ("flat", 4, 1, Decimal("0.25")),
    ]  # fmt: skip
    scaled = bill(payments("card", [10_000], [4], scale=Decimal("0.5")), payments("card", [10_000], [1])).lines[0]
    assert (scaled.quantity, scaled.cost_usd) == (3, Decimal("9.6"))
    assert str(bill(payments("card", [0], [0])).lines[0].unit_price_usd) == "0"


def test_a_line_says_what_it_rests_on() -> None:
    found = bill(
        row("keys", 2, note="ours"), row("keys", 1, note="theirs"), payments("card", [100], [1], note="n")
    ).lines
    keys, card = found
    assert (keys.unit, keys.source, keys.price_from, keys.note) == ("key-month", "test", START, "ours; theirs")
    assert card.note == "2.9 % + $0.30; n"
    assert bill(row("keys", 1)).on == ON


def test_a_service_that_is_closed_is_said_on_the_bill() -> None:
    shop = service({"keys": meter(price((0, "1")))}, closed_to_new_customers=ON)
    assert bill(row("keys", 1), services={"shop": shop}).warnings == (
        f"Shop is closed to new customers since {ON}: an account that does not have it yet cannot buy it",
    )


def test_free_units_of_a_pool_are_given_once_in_all_regions() -> None:
    shop = service({"calls": meter(price((0, "1"), free_per_month=10))})
    rows = [row("calls", 6, region=region) for region in ("us-west-2", "mars", "venus")]
    found = bill(*rows, services={"shop": shop}).lines
    assert [(one.region, one.tier, one.quantity) for one in found] == [
        ("us-west-2", "free", 6), ("mars", "free", 4), ("mars", "all", 2), ("venus", "all", 6),
    ]  # fmt: skip


# --- rounding --------------------------------------------------------------------------------------------------------


def test_a_line_is_exact_whatever_the_context_around_it() -> None:
    """A third of $1 in ten decimals, half up: also where the caller's own arithmetic has three digits."""
    with localcontext() as context:
        context.prec = 3
        context.rounding = "ROUND_DOWN"
        found = bill(row("requests", 123_456_789))  # × $0.000003
        assert to_line_precision(Decimal("0.00000000005")) == Decimal("0.0000000001")
        assert to_line_precision(Decimal("123456.12345678905")) == Decimal("123456.1234567891")
    assert found.lines[0].cost_usd == Decimal("370.370367")


# --- minimums --------------------------------------------------------------------------------------------------------


def least(quantity: str, **more: Any) -> Bill:
    return bill(row("calls", quantity, basis="assumption", **more), services={"shop": LEAST})


def test_what_a_month_falls_short_of_its_minimum() -> None:
    """$500 for 2: at least $250 a month. 1,000 calls at 10 cents are $100, so $150 are missing: 0.6 of a minimum."""
    missing = least("1000").lines[1]
    assert (missing.service, missing.meter, missing.unit, missing.region) == ("shop", "least", "month", "us-west-2")
    assert (missing.quantity, missing.unit_price_usd, missing.cost_usd) == (Decimal("0.6"), 250, 150)
    assert (missing.basis, missing.price_basis, missing.quantity_basis) == ("assumption", "published", "assumption")
    assert (missing.tier, missing.source, missing.price_from) == ("all", "contract, page 3", START)
    assert missing.note == "what the other lines fall short of it"
    assert least("1000").total_usd == 250


@pytest.mark.parametrize(("calls", "missing"), [("2499.9", "0.01"), ("2500", None), ("2500.1", None), ("0", "250")])
def test_a_minimum_at_its_edge(calls: str, missing: str | None) -> None:
    lines = [line for line in least(calls).lines if line.meter == "least"]
    assert [line.cost_usd for line in lines] == ([] if missing is None else [Decimal(missing)])


def test_a_minimum_of_a_region_is_that_of_the_bill() -> None:
    book = PriceBook({"shop": LEAST}, ON, {})
    lines = least("1000", region="mars").lines
    assert [line.region for line in lines] == ["mars", "us-west-2"]
    assert [line.region for line in minimum_lines(lines[:1], book, "venus")] == ["venus"]


# --- refusals, word for word -----------------------------------------------------------------------------------------

WHOLE = np.array([100, 200]), np.array([1, 1])
REFUSED: list[tuple[str, UsageRow, dict[str, Any], str]] = [
    ("hours of a call", row("requests", 1, hours=Decimal(1)), {}, "`hours` does not apply to a meter of kind per_call; leave it empty"),
    ("usage of a minimum", row("least", 1), {"services": {"shop": LEAST}},
     "a monthly minimum is no usage; leave the row out: what falls short of it is worked out"),
    ("calls of what stands", row("keys", measures=Measures(Decimal(1))), {}, "`calls` does not apply to a meter by the month (key-month); give `quantity`"),
    ("a size of a call", row("requests", measures=Measures(Decimal(1), size_kb=Decimal(1))), {}, "`size_kb` does not apply to a meter of kind per_call; leave it empty"),
    ("a time of a call", row("requests", measures=Measures(Decimal(1), duration_ms=Decimal(1))), {}, "`duration_ms` does not apply to a meter of kind per_call; leave it empty"),
    ("memory of a call", row("requests", measures=Measures(Decimal(1), memory_mb=Decimal(1))), {}, "`memory_mb` does not apply to a meter of kind per_call; leave it empty"),
    ("a time of a size", row("size", measures=Measures(Decimal(1), size_kb=Decimal(1), duration_ms=Decimal(1))), {},
     "`duration_ms` does not apply to a meter of kind per_size; leave it empty"),
    ("memory of a size", row("size", measures=Measures(Decimal(1), size_kb=Decimal(1), memory_mb=Decimal(1))), {},
     "`memory_mb` does not apply to a meter of kind per_size; leave it empty"),
    ("no size", row("size", measures=Measures(Decimal(1))), {}, "`size_kb` is missing: this meter counts by size; give `calls` and `size_kb`, or `quantity`"),
    ("a size of a time", row("time", measures=Measures(Decimal(1), size_kb=Decimal(1), duration_ms=Decimal(1), memory_mb=Decimal(1))), {},
     "`size_kb` does not apply to a meter of kind per_duration; leave it empty"),
    ("no memory", row("time", measures=Measures(Decimal(1), duration_ms=Decimal(1))), {},
     "`duration_ms` or `memory_mb` is missing: this meter counts GB-seconds; give `calls`, `duration_ms` and `memory_mb`, or `quantity`"),
    ("no time", row("time", measures=Measures(Decimal(1), memory_mb=Decimal(1))), {},
     "`duration_ms` or `memory_mb` is missing: this meter counts GB-seconds; give `calls`, `duration_ms` and `memory_mb`, or `quantity`"),
    ("no increment", row("rule_time", measures=Measures(Decimal(1), duration_ms=Decimal(1), memory_mb=Decimal(1))), {},
     f"no billing increment is known on {ON}; add `increment_ms` to the meter, or give `quantity`"),
    ("a fee without amounts", row("card", 3), {}, "the fee (2.9 % + $0.30) depends on the amount; give `amount_cents`, and `calls` for how many of them"),
    ("amounts of a call", row("requests", amounts=WHOLE), {}, "amounts do not apply to a meter of kind per_call; give `quantity` or `calls`"),
    ("another unit", row("keys", 1, unit="bytes"), {}, "is given in bytes, and counted in key-month; give the quantity in key-months"),
    ("nothing given", row("keys"), {}, "0 of quantity, amounts and measures are given; give exactly one"),
    ("two things given", row("card", 1, amounts=WHOLE), {}, "2 of quantity, amounts and measures are given; give exactly one"),
    ("a basis of its own", row("keys", 1, basis="hope"), {}, "unknown basis `hope`; use one of published, measured, simulated, secondary, assumption, claimed"),
    ("a float", row("keys", scale=1.5, measures=None, amounts=None), {}, ""),
    ("hours that are none", row("keys", 1, hours=Decimal(-1)), {}, ""),
    ("a measure that is none", row("requests", measures=Measures(Decimal("nan"))), {}, ""),
    ("one count too few", row("card", amounts=(np.array([1, 2]), np.array([1]))), {}, "2 amounts but 1 counts; give one count for each amount"),
    ("amounts that are no integers", row("card", amounts=(np.array([1.5]), np.array([1]))), {}, "amounts or counts are no integers; give whole cents and whole counts"),
    ("counts that are no integers", row("card", amounts=(np.array([1]), np.array([1.0]))), {}, "amounts or counts are no integers; give whole cents and whole counts"),
    ("a negative amount", row("card", amounts=(np.array([-1]), np.array([1]))), {}, "an amount or a count is negative; give 0 or more; a refund gives back no fee"),
    ("a negative count", row("card", amounts=(np.array([1]), np.array([-1]))), {}, "an amount or a count is negative; give 0 or more; a refund gives back no fee"),
    ("a circle of surcharges", payments("round_a", [100], [1]), {}, "`adds_to` of round_b goes round in a circle; let it name the base fee"),
    ("a longer circle of surcharges", payments("three_a", [100], [1]), {}, "`adds_to` of three_c goes round in a circle; let it name the base fee"),
    ("only under a plan", row("planned_only", 1), {}, "it has prices only under plans; choose one of its plans, or add a list price"),
    ("before its first price", row("here", 1), {"on": ON - dt.timedelta(days=1)},
     f"no price on {ON - dt.timedelta(days=1)} in us-west-2; the first holds from {ON}; use a later date, or add one"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("what", "given", "terms", "says"),
    [one for one in REFUSED if one[3]],
    ids=lambda one: one if isinstance(one, str) and len(one) < 40 else "",
)
def test_a_row_that_cannot_be_priced_word_for_word(
    what: str, given: UsageRow, terms: dict[str, Any], says: str
) -> None:
    with pytest.raises(InputError) as refused:
        bill(given, **terms)
    (problem,) = refused.value.problems
    assert f"{problem.wrong}; {problem.remedy}" == says, what
    assert problem.key == f"shop.{given.meter}"


@pytest.mark.parametrize(("what", "given", "terms", "says"), [one for one in REFUSED if not one[3]], ids=lambda one: "")
def test_a_figure_that_is_none_is_refused(what: str, given: UsageRow, terms: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError):
        bill(given, **terms)


@pytest.mark.parametrize(
    ("number", "more"), [(1, ""), (2, " (2 rows)"), (3, " (3 rows)")],
)  # fmt: skip
def test_a_meter_without_a_price_is_said_once_for_all_its_rows(number: int, more: str) -> None:
    with pytest.raises(InputError) as refused:
        bill(*[row("planned_only", 1)] * number)
    assert [problem.wrong for problem in refused.value.problems] == [f"it has prices only under plans{more}"]


@pytest.mark.parametrize(
    ("plans", "says"),
    [
        ({"shpo": "x"}, "plans: a plan is named for the unknown service `shpo`; did you mean `shop`?"),
        ({"shop": "specal"}, "plans: shop has no plan `specal`; did you mean `special`?"),
    ],
)
def test_a_plan_that_is_not_there(plans: dict[str, str], says: str) -> None:
    with pytest.raises(InputError) as refused:
        bill(row("keys", 1), plans=plans)
    assert str(refused.value) == says


@pytest.mark.parametrize(
    ("unit", "fine"),
    [("key-month", True), ("key-months", True), (" KEY-MONTHS ", True), ("s", False), ("key-monthss", False)],
)
def test_a_unit_and_its_plural_are_one(unit: str, fine: bool) -> None:
    if fine:
        assert bill(row("keys", 1, unit=unit)).total_usd == 1
    else:
        with pytest.raises(InputError, match="counted in key-month"):
            bill(row("keys", 1, unit=unit))


def test_the_most_that_a_quantity_may_be() -> None:
    assert bill(row("keys", str(MOST))).lines[0].quantity == MOST
    with pytest.raises(InputError):
        bill(row("keys", str(MOST + 1)))


@pytest.mark.parametrize(
    ("meter_name", "duration", "seconds"),
    [
        ("time", "1", "0.3"),
        ("time", "250", "0.3"),
        ("time", "301", "0.4"),
        ("short_time", "0.2", "0.0005"),
        ("short_time", "0", "0"),
    ],
)
def test_a_time_is_at_least_its_minimum_and_rounded_up(meter_name: str, duration: str, seconds: str) -> None:
    """1 GB for one call."""
    one = Measures(Decimal(1), duration_ms=Decimal(duration), memory_mb=Decimal(1024))
    assert bill(row(meter_name, measures=one)).lines[0].quantity == Decimal(seconds)


def test_a_count_of_nobody_is_allowed() -> None:
    assert bill(payments("card", [100, 200], [0, 1])).lines[0].quantity == 1


# --- what a bill shows -----------------------------------------------------------------------------------------------


def test_a_bill_as_a_page_and_a_dictionary() -> None:
    shop = service({"keys": meter(price((0, "1")), unit="<key>")}, closed_to_new_customers=ON)
    found = bill(row("keys", 2), services={"shop": shop})
    assert found._repr_html_() == (
        "<table><thead><tr><th>service</th><th>meter</th><th>tier</th><th>quantity</th><th>unit</th>"
        "<th>unit_price_usd</th><th>cost_usd</th><th>basis</th></tr></thead><tbody><tr><td>shop</td><td>keys</td>"
        "<td>all</td><td>2</td><td>&lt;key&gt;</td><td>1</td><td>2</td><td>measured</td></tr></tbody></table>"
        f"<p><b>Total $2.00</b>, prices of {ON}, us-west-2</p>"
        f"<p>Shop is closed to new customers since {ON}: an account that does not have it yet cannot buy it</p>"
    )
    tree = found.to_dict()
    lines = tree.pop("lines")
    assert tree == {"total_usd": "2", "on": str(ON), "region": "us-west-2", "not_published_or_measured": "0",
                    "warnings": list(found.warnings)}  # fmt: skip
    assert lines[0]["cost_usd"] == "2"
    assert found.by_service() == {"shop": Decimal(2)}
    assert list(bill().to_frame().columns) == list(found.to_frame().columns)


def test_a_row_of_nothing_has_no_quantity() -> None:
    with pytest.raises(RowError) as refused:
        quantity_of(row("keys"), SHOP, SHOP.meter["keys"], ON, Decimal(720))
    assert (refused.value.wrong, refused.value.remedy) == ("gives no quantity", "give `quantity` in key-months")


# --- many months at once ---------------------------------------------------------------------------------------------


def by_month(*values: str | int) -> Any:
    return column(map(Decimal, values))


def months(name: str, *quantities: str | int, **more: Any) -> UsageRow:
    return dataclasses.replace(row(name, 1, **more), quantity=by_month(*quantities))


TIERED = {
    "graduated": meter(price((0, "0.10"), (100, "0.05"), tiering="graduated", free_per_month=20)),
    "volume": meter(price((0, "0.10"), (100, "0.05"), tiering="volume")),
}
BY_MONTH = [  # quantities of the months, USD of the months, labels of the lines
    ("graduated", (10, 150, 0, 120), ["0", "11.5", "0", "10"], ["free", "up to 100", "above 100"]),
    ("graduated", (150,), ["11.5"], ["free", "up to 100", "above 100"]),
    ("graduated", (5, 20), ["0", "0"], ["free"]),
    ("volume", (100, 101, 0), ["10", "5.05", "0"], ["up to 100", "above 100"]),
    ("volume", (0, 0), ["0", "0"], ["up to 100"]),
]


@pytest.mark.parametrize(("name", "quantities", "usd", "labels"), BY_MONTH)
def test_tiers_by_month(name: str, quantities: tuple[int, ...], usd: list[str], labels: list[str]) -> None:
    """20 free, then 100 at 0.10, the rest at 0.05; or all of a month's at the tier it reaches."""
    found = bill(months(name, *quantities), services={"shop": service(TIERED)})
    assert found.total_usd.tolist() == [Decimal(one) for one in usd]
    assert [line.tier for line in found.lines] == labels


CENTS = np.array([25_00, 200_00])
FEES = [  # percent and fixed of the months, fees of $25 and $200 in each
    (("2.9", "3.9"), ("0.30", "0.10"), [[103, 610], [108, 790]]),  # 72.5 + 30 and 97.5 + 10, half up
    (("2.9", "0"), "0.30", [[103, 610], [30, 30]]),
    ("2.9", ("0.30", "0"), [[103, 610], [73, 580]]),
]


@pytest.mark.parametrize(("percent", "fixed", "cents"), FEES)
def test_fees_by_month(percent: Any, fixed: Any, cents: list[list[int]]) -> None:
    figures = {"percent": percent, "fixed_usd": fixed}
    changed = {name: Decimal(one) if isinstance(one, str) else by_month(*one) for name, one in figures.items()}
    terms = fee(percent="1", fixed_usd="1").model_copy(update=changed)
    assert fee_cents(CENTS, terms).tolist() == cents
    assert describe_fee(terms) == "another fee each month"


def test_a_fees_limits_hold_in_each_month() -> None:
    terms = fee(percent="1", minimum_usd="0.50", maximum_usd="1.50").model_copy(update={"percent": by_month("1", "4")})
    assert fee_cents(CENTS, terms).tolist() == [[50, 150], [100, 150]]


def test_fees_of_many_months_are_summed_by_month() -> None:
    fees, counts = np.array([[1, 2], [3, 4]]), np.array([[10, 1], [1, 2]])
    assert total_cents(fees, counts).tolist() == [12, 11]
    large = np.array([[2**62, 1], [1, 1]])
    assert total_cents(large, np.array([4, 1])).tolist() == [2**64 + 1, 5]


def test_a_minimum_by_month() -> None:
    """At least $250 a month; calls at 0.10: 1,000 of them are 150 short, 2,500 and 4,000 are not."""
    found = bill(months("calls", 1000, 2500, 4000), services={"shop": LEAST})
    assert found.total_usd.tolist() == [250, 250, 400]


def test_payments_are_counted_by_month() -> None:
    """Three in one month and seven in the other; the line says how many."""
    found = bill(row("card", amounts=(np.array([[25_00, 200_00]] * 2), np.array([[1, 2], [3, 4]]))))
    assert found.lines[0].quantity.tolist() == [3, 7]
    assert found.total_usd.tolist() == [Decimal("13.23"), Decimal("27.49")]  # 1.03 and 6.10 each


WRONG_FIGURES = [
    (dataclasses.replace(row("keys", 1), hours=Decimal(-1)), f"`hours` is -1; give a number between 0 and {MOST}"),
    (months("keys", 5, -1), f"`quantity` is -1; give a number between 0 and {MOST}"),
    (dataclasses.replace(row("keys", 1), quantity=1.5), "`quantity` is a float; give a Decimal"),
]


@pytest.mark.parametrize(("wrong", "words"), WRONG_FIGURES)
def test_a_figure_that_is_none_is_named(wrong: UsageRow, words: str) -> None:
    with pytest.raises(InputError) as refused:
        bill(wrong)
    (problem,) = refused.value.problems
    assert f"{problem.wrong}; {problem.remedy}".removeprefix("shop.keys: ") == words


def test_a_plan_of_an_unknown_service_has_no_key() -> None:
    with pytest.raises(InputError) as refused:
        bill(row("keys", 1), plans={"stall": "list"})
    (problem,) = refused.value.problems
    assert (problem.file, problem.line, problem.key) == ("plans", None, "")


def test_totals_have_every_digit() -> None:
    """10^15 keys at $10,000 and a ten-billionth of a dollar: 30 digits, of which Python's own context keeps 28."""
    tall = service({"keys": meter(price((0, "10000"))), "grain": meter(price((0, "0.0000000001")))})
    found = bill(row("keys", 10**15), row("grain", 1), services={"shop": tall})
    total = Decimal("10000000000000000000.0000000001")
    assert (found.total_usd, found.by_service()) == (total, {"shop": total})
    assert [*found.by_basis().values()] == [total]
    assert dataclasses.replace(found).total_usd == total  # worked out anew, not beside the identities


def test_the_largest_fixed_fee() -> None:
    """2^63 − 1 cents is the most that 64 bits hold; a cent more is refused."""
    assert fee_cents(np.array([0, 5]), fee(fixed_usd="92233720368547758.07")).tolist() == [MOST_CENTS] * 2
    with pytest.raises(UsageError, match="a fee is larger than 64 bits hold"):
        fee_cents(np.array([0, 5]), fee(fixed_usd="92233720368547758.08"))


def test_nothing_stands_between_the_rows_of_a_page() -> None:
    """Rows follow each other, and so do warnings."""
    found = dataclasses.replace(bill(row("keys", 1), row("flat", 1)), warnings=("one", "two"))
    page = found._repr_html_()
    assert page.count("</tr><tr>") == len(found.lines) - 1
    assert "<p>one</p><p>two</p>" in page
