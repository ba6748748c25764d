"""Shipped scenarios, the Stripe pipeline, prices beside AWS: they load, hold the document's figures, refuse errors.

Expected figures: the judged document (line in brackets), and the monthly sums per perimeter worked out by hand from the
list prices for 500 payments of 200.00.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from costmodel.assumptions.catalog import check_services, load_assumptions, load_table
from costmodel.assumptions.checking import check
from costmodel.assumptions.pipeline import Pipeline
from costmodel.assumptions.reading import Table, overlay
from costmodel.assumptions.scenario import Scenario
from costmodel.assumptions.service import Service
from costmodel.billing.rating import rate
from costmodel.billing.usage import UsageRow
from costmodel.errors import InputError

SCENARIOS = ("seed_aws", "seed_aws_card", "seed_stripe", "seed_stripe_ach", "hourly_10k", "hourly_10k_quarter_hour")
SERVICES = ("stripe", "ach", "card_network", "operations", "risk", "verification", "finance")
ON = dt.date(2026, 11, 23)


def scenario(name: str) -> Scenario:
    """The scenario with its bases beneath it, whether or not its pipeline is there."""
    table, _ = load_table("scenarios", name)
    while "base" in table:
        below, _ = load_table("scenarios", str(table["base"]))
        table, _ = overlay(below, Table({k: v for k, v in table.items() if k != "base"}, table.place, table.lines))
    return check(Scenario, table)


@pytest.fixture(scope="module")
def services() -> dict[str, Service]:
    return check_services({name: load_table("services", name)[0] for name in SERVICES})


# --- figures ------------------------------------------------------------------------------------------------

# scenario, pipeline, payments a month, mean ticket, share by ACH, payouts each, hours of the month
FIGURES = [
    ("seed_aws", "aws_native", 500, 200, 1, 2, None),  # [9] $100k, [13] 500 transactions, [14] $250 at $0.25, [23] ACH
    ("seed_aws_card", "aws_native", 500, 200, 0, 2, None),  # the same month, paid by card
    ("seed_stripe", "stripe", 500, 200, 0, 2, None),  # [12] 2.9 %: cards
    ("seed_stripe_ach", "stripe", 500, 200, 1, 2, None),  # the same month on Stripe's own ACH
    ("hourly_10k", "aws_native", 7_300_000, 200, 1, 2, 730),  # [81] 10,000 an hour × 730 hours
    ("hourly_10k_quarter_hour", "aws_native", 7_300_000, 200, 1, 2, 730),  # the same rate
]


@pytest.mark.parametrize(("name", "pipeline", "payments", "ticket", "ach", "payouts", "hours"), FIGURES)
def test_key_figures(
    name: str, pipeline: str, payments: int, ticket: int, ach: int, payouts: int, hours: int | None
) -> None:
    found, workload = scenario(name), scenario(name).workload
    assert (found.pipeline, found.month_hours, found.on) == (pipeline, hours, ON)
    assert [workload.payments_per_month, workload.mean_ticket_usd, workload.payouts_per_payment] == [
        payments, ticket, payouts
    ]  # fmt: skip
    assert [workload.methods["ach"], workload.methods["card"]] == [ach, 1 - ach]
    assert workload.count == "fixed"
    assert workload.growth_percent_per_month == 0


def test_figures_exist_for_every_shipped_scenario() -> None:
    assert {row[0] for row in FIGURES} == set(SCENARIOS)


def test_the_document_counts_payments_and_payouts() -> None:
    """[9] 100,000 a month; [14] $250 of payouts at $0.25 each are 1,000."""
    workload = scenario("seed_aws").workload
    assert workload.payments_per_month * workload.mean_ticket_usd == 100_000
    assert workload.payments_per_month * workload.payouts_per_payment == Decimal(250) / Decimal("0.25")


def test_a_quarter_of_an_hour_at_10_000_an_hour_has_2_500_payments() -> None:
    found = scenario("hourly_10k_quarter_hour")
    assert found.workload.days is not None
    assert found.month_hours is not None
    hours = found.workload.days * 24
    assert round(found.workload.payments_per_month * hours / found.month_hours, 9) == 2_500
    assert found.horizon == "cohort"


def test_the_flat_stream_has_no_profile() -> None:
    arrivals = scenario("hourly_10k").workload.arrivals
    assert len(set(arrivals.weekday_shares)) == len(set(arrivals.hour_shares)) == 1
    assert arrivals.day_cv.value == arrivals.hour_cv.value == 0


@pytest.mark.parametrize(
    ("variance_over_mean", "which"),
    [(1, "low"), (3, "value"), (7, "high")],  # daily counts of real sales files: 1 / 3 / 7
)
def test_daily_dispersion(variance_over_mean: int, which: str) -> None:
    """cv² = (variance / mean - 1) / mean, at 500 / 30.42 = 16.4 payments a day."""
    cv = float(getattr(scenario("seed_aws").workload.arrivals.day_cv, which))
    assert cv == pytest.approx(((variance_over_mean - 1) / 16.4) ** 0.5, abs=0.01)


def test_all_returns_together_are_2_percent() -> None:
    """Returns 1 / 2 / 5 %, of which 0.03 / 0.1 / 0.5 % are unauthorized."""
    fates = scenario("seed_aws").workload.fates
    plain, unauthorized = fates["ach_return"].share, fates["ach_unauthorized_return"].share
    together = [getattr(plain, which) + getattr(unauthorized, which) for which in ("low", "value", "high")]
    assert together == [Decimal("0.01"), Decimal("0.02"), Decimal("0.05")]


@pytest.mark.parametrize("name", [name for name, pipeline, *_ in FIGURES if pipeline == "stripe"])
def test_stripe_scenarios_load_with_all_they_rest_on(name: str) -> None:
    assert load_assumptions(name).pipeline.name == "stripe"


def test_only_the_document_s_two_months_are_pinned() -> None:
    assert [name for name in SCENARIOS if scenario(name).pinned] == ["seed_aws", "seed_stripe"]


# --- what the prices come to --------------------------------------------------------------------------------

PAYMENTS = (np.array([20_000], np.int64), np.array([500], np.int64))  # 500 of exactly 200.00
PAYOUTS = (np.array([10_000], np.int64), np.array([1_000], np.int64))  # 1,000 of 100.00, nothing kept
STRIPE = ("payout", "active_accounts", "platform_fee")


def usage(service: str, meter: str) -> UsageRow:
    amounts = {"card": PAYMENTS, "ach_debit": PAYMENTS, "payout": PAYOUTS} | dict.fromkeys(
        ("interchange", "assessments", "acquirer_markup"), PAYMENTS
    )
    if meter in amounts:
        return UsageRow(service, meter, amounts=amounts[meter])
    return UsageRow(service, meter, Decimal({"active_accounts": 75}.get(meter, 1)))


# plan, pay-in meter, USD a month: the Stripe side of the perimeters
STRIPE_SIDES = [
    ("as_claimed", "card", "3450"),  # [16] 2,900 + 150 + 250 + 150
    ("list", "card", "3700"),  # 2,900 + 150 + 0.25 % + 0.25 × 1,000 + 75 × 2.00
    ("stripe_sets_prices", "card", "3050"),  # 2,900 + 150, no Connect fee
    ("as_claimed", "ach_debit", "1200"),  # 500 × 1.60 + 250 + 150
    ("list", "ach_debit", "1450"),  # 800 + 500 + 150
    ("stripe_sets_prices", "ach_debit", "800"),  # 500 × 1.60
    ("two_day", "ach_debit", "1850"),  # 500 × 2.40 + 500 + 150
]


@pytest.mark.parametrize(("plan", "pay_in", "usd"), STRIPE_SIDES)
def test_stripe_month(services: dict[str, Service], plan: str, pay_in: str, usd: str) -> None:
    rows = [usage("stripe", meter) for meter in (pay_in, *STRIPE)]
    assert rate(rows, services, on=ON, region="us", plans={"stripe": plan}).total_usd == Decimal(usd)


# service, meter, plan, USD for 500 payments of 200.00, exact sums before any rounding
CARD_COSTS = [
    ("interchange", "list", "1588.75"),  # 1,290 + 40 + 258.75: 60 % credit, 25 % regulated, 15 % exempt debit
    ("interchange", "credit", "2150"),  # 2.10 % of 100,000 + 500 × 0.10
    ("interchange", "regulated_debit", "160"),  # 859.75 - 150 - 250 - 150 - 149.75
    ("interchange", "exempt_debit", "1725"),  # 258.75 / 0.15
    ("interchange", "credit_mean", "2350"),  # 2.35 % of 100,000
    ("assessments", "list", "149.75"),  # 0.14 % of 100,000 + 500 × 0.0195
    ("assessments", "credit_mean", "0"),  # network fees are in the mean
    ("acquirer_markup", "list", "150"),  # 0.10 % of 100,000 + 500 × 0.10
    ("acquirer_markup", "adyen", "665"),  # 0.60 % of 100,000 + 500 × 0.13
]


@pytest.mark.parametrize(("meter", "plan", "usd"), CARD_COSTS)
def test_card_costs(services: dict[str, Service], meter: str, plan: str, usd: str) -> None:
    price = next(p for p in services["card_network"].meter[meter].price if p.holds(ON, "us", plan))
    none = Decimal(0)
    assert 1_000 * (price.percent or none) + 500 * (price.fixed_usd or none) == Decimal(usd)  # 1 % of 100,000 is 1,000


def test_the_mix_is_what_its_shares_and_rates_give(services: dict[str, Service]) -> None:
    network = services["card_network"]
    prices = {price.plan: price for price in network.meter["interchange"].price}
    shares = {kind: network.parameter[f"{kind}_share"].value for kind in ("credit", "regulated_debit", "exempt_debit")}
    assert sum(shares.values()) == 1
    for part in ("percent", "fixed_usd"):
        mixed = sum(share * getattr(prices[kind], part) for kind, share in shares.items())
        assert getattr(prices["list"], part) == mixed


# service, meter, quantity, USD: low - mid - high terms of the fully loaded month
TERMS = [
    ("ach", "debit_entries", "500", "125"),  # [23]
    ("ach", "credit_entries", "1000", "250"),  # the payout leg left out
    ("ach", "returns", "10", "40"),  # 2 % of 500, at 4
    ("ach", "unauthorized_returns", "1", "4.50"),
    ("ach", "monthly_fee", "1", "100"),
    ("operations", "engineering", "0.1", "1500"),
    ("operations", "engineering", "0.25", "3750"),
    ("operations", "engineering", "1", "15000"),
    ("operations", "audit", "1", "417"),
    ("operations", "legal", "1", "1000"),
    ("operations", "aws_support", "1", "100"),
    ("verification", "account_checks", "100", "150"),
    ("verification", "account_checks", "500", "750"),
    ("risk", "unauthorized_loss", "100", "100"),
    ("stripe", "dispute", "2", "30"),  # 0.4 % of 500, at 15
    ("stripe", "radar", "500", "25"),
    ("stripe", "ach_failure", "10", "40"),
]


@pytest.mark.parametrize(("service", "meter", "quantity", "usd"), TERMS)
def test_terms_of_a_fully_loaded_month(
    services: dict[str, Service], service: str, meter: str, quantity: str, usd: str
) -> None:
    bill = rate([UsageRow(service, meter, Decimal(quantity))], services, on=ON, region="us")
    assert bill.total_usd == Decimal(usd)


def test_two_days_of_working_capital_cost_33_a_month(services: dict[str, Service]) -> None:
    """Volume × days × rate / 365: 100,000 a month, 2 days, 6 %."""
    tied_up = Decimal(100_000) * 12 * 2 / 365
    bill = rate([UsageRow("finance", "working_capital", tied_up)], services, on=ON, region="us")
    assert round(bill.total_usd) == 33


@pytest.mark.parametrize(
    ("on", "percent"),
    [("2023-05-31", "1.0"), ("2023-06-01", "1.5"), ("2026-11-23", "1.5")],  # Stripe's notice of June 2023
)
def test_international_cards_rose_in_june_2023(services: dict[str, Service], on: str, percent: str) -> None:
    prices = services["stripe"].meter["card_international"].price
    held = [price.percent for price in prices if price.holds(dt.date.fromisoformat(on), "us", "list")]
    assert held == [Decimal(percent)]


# --- the pipeline -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stripe() -> Pipeline:
    return check(Pipeline, load_table("pipelines", "stripe")[0])


def test_each_method_pays_its_own_fee(stripe: Pipeline) -> None:
    charged = [each for each in stripe.each if each.fee_on == "amount" and each.share is None]
    fees = Counter((method, each.meter) for each in charged for method in each.methods)
    assert fees == {("card", "card"): 1, ("ach", "ach_debit"): 1}


@pytest.mark.parametrize(
    ("wait", "banking_days"),
    [("card_settlement", 2), ("ach_settlement", 4)],  # Stripe: two business days; T+4
)
def test_settlement(stripe: Pipeline, wait: str, banking_days: int) -> None:
    assert stripe.waits[wait].banking_days == banking_days


def test_the_plan_is_the_document_s(stripe: Pipeline) -> None:
    assert stripe.plans == {"stripe": "as_claimed"}
    assert {row.meter: int(row.quantity) for row in stripe.static} == {"active_accounts": 75, "platform_fee": 1}


# --- bad input ----------------------------------------------------------------------------------------------

STEP = '[[flows.pay_in_card.steps]]\nname = "x"\nas = "intended"\n'
SOURCED = 'source = "a test"\nread = 2026-11-23\nbasis = "measured"\n'
HEAD = 'name = "broken"\ntitle = "t"\nregion = "us"\n'
FLOW = f'{HEAD}[flows.pay_in_card]\nstarts = "payment"\nmethods = ["card"]\n{SOURCED}'
HANDLER = f'{HEAD}[handlers.h]\nfunction = "nobody"\n{SOURCED}steps = []\n'
OWN = 'title = "t"\nbase = "seed_stripe"\n'
BROKEN = OWN + 'pipeline = "broken"\n'

# what is wrong, the user's files, where it is reported (file, line, key), a word of the message
BAD = [
    ("zero volume", {"scenarios/own.toml": OWN + "[workload]\npayments_per_month = 0\n"},
     "own.toml", 4, "workload.payments_per_month", "greater than or equal to 1"),
    ("negative volume", {"scenarios/own.toml": OWN + "[workload]\npayments_per_month = -500\n"},
     "own.toml", 4, "workload.payments_per_month", "greater than or equal to 1"),
    ("no ticket", {"scenarios/own.toml": OWN + "[workload]\nmean_ticket_usd = 0\n"},
     "own.toml", 4, "workload.mean_ticket_usd", "greater than 0"),
    ("shares above 1", {"scenarios/own.toml": OWN + "[workload]\nmethods = { card = 0.9, ach = 0.2 }\n"},
     "own.toml", 3, "workload", "must sum to 1"),
    ("a method nobody takes", {"scenarios/own.toml": OWN + "[workload]\nmethods = { cash = 0 }\n"},
     "own.toml", 4, "workload.methods.cash", "'card' or 'ach'"),
    ("misspelt key", {"scenarios/own.toml": OWN + "[workload]\npayment_per_month = 5\n"},
     "own.toml", 4, "workload.payment_per_month", "unknown key"),
    ("unknown pipeline", {"scenarios/own.toml": OWN + 'pipeline = "strype"\n'},
     "own.toml", 3, "pipeline", "no such pipeline: `strype`"),
    ("unknown base", {"scenarios/own.toml": 'title = "t"\nbase = "seed_stripes"\n'},
     "own.toml", 2, "base", "no such scenario: `seed_stripes`"),
    ("circle of bases", {"scenarios/own.toml": 'title = "t"\nbase = "two"\n', "scenarios/two.toml": 'base = "own"\n'},
     "two.toml", 1, "base", "own -> two -> own"),
    ("a base of itself", {"scenarios/own.toml": 'title = "t"\n\nbase = "own"\n'},
     "own.toml", 3, "base", "own -> own"),
    ("unknown flow", {"scenarios/own.toml": BROKEN,
                      "pipelines/broken.toml": FLOW + STEP + 'fate = "refund"\nstarts = "refunds"\n'},
     "broken.toml", 14, "flows.pay_in_card.steps[0].starts", "no such flow"),
    ("unknown operation", {"scenarios/own.toml": BROKEN,
                           "pipelines/broken.toml": FLOW + STEP + 'call = "stripe.chrge"\n'},
     "broken.toml", 13, "flows.pay_in_card.steps[0].call", "no operation `chrge`"),
    ("unknown fate", {"scenarios/own.toml": BROKEN,
                      "pipelines/broken.toml": FLOW + STEP + 'fate = "theft"\nstarts = "pay_in_card"\n'},
     "broken.toml", 13, "flows.pay_in_card.steps[0].fate", "no such fate: `theft`"),
    ("unknown function", {"scenarios/own.toml": BROKEN, "pipelines/broken.toml": HANDLER},
     "broken.toml", 5, "handlers.h.function", "no such function: `nobody`"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "files", "file", "line", "key", "word"), BAD, ids=[row[0] for row in BAD])
def test_bad_input_is_refused_at_its_place(
    tmp_path: Path, what: str, files: dict[str, str], file: str, line: int, key: str, word: str
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_assumptions("own", data=tmp_path)
    found = {(Path(p.file).name, p.line, p.key): f"{p.wrong}; {p.remedy}" for p in caught.value.problems}
    assert (file, line, key) in found, f"{what}: {found}"
    assert word in found[file, line, key]
