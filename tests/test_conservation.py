"""Identities that hold on every run and bill: each is broken on purpose, and must be named.

The figures are those of a run or bill that is right, with one of them changed by hand.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from costmodel.assumptions.by_month import column
from costmodel.assumptions.catalog import load_assumptions
from costmodel.assumptions.changes import parse_change
from costmodel.billing import conservation as money
from costmodel.billing.bill import Bill
from costmodel.billing.charges import Charge, Charging
from costmodel.billing.prices import PriceBook
from costmodel.billing.rating import rate
from costmodel.cli.main import main
from costmodel.errors import InternalError
from costmodel.simulation.compiling import compile_plan
from costmodel.simulation.conservation import conserved
from costmodel.simulation.counts import COLD_STARTS, INVOCATIONS, TIMEOUTS, Counts
from costmodel.simulation.plan import Outcome, Plan
from costmodel.simulation.replications import simulate
from tests.small_services import ON, meter, price, row, service

SMALL = ("replications=1", "lead_in_days=0", "workload.payments_per_month=900", "workload.days=2")
COHORT = 1


@pytest.fixture(scope="module")
def right() -> tuple[Plan, Counts]:
    """A small month of the shipped pipeline, as the reference engine counts it."""
    assumptions = load_assumptions("seed_aws_mixed", changes=tuple(map(parse_change, SMALL)))
    plan = compile_plan(assumptions)
    return plan, simulate(plan, assumptions, None, None, "reference").runs[0]


def copied(counts: Counts) -> Counts:
    arrays = {f.name: getattr(counts, f.name) for f in dataclasses.fields(counts)}
    amounts = {name: table.copy() for name, table in counts.amounts.items()}
    return Counts(**{k: v.copy() if isinstance(v, np.ndarray) else v for k, v in arrays.items()} | {"amounts": amounts})


def test_what_is_right_breaks_none(right: tuple[Plan, Counts]) -> None:
    conserved(*right)


def outcome(which: Outcome, more: int) -> Callable[[Counts], None]:
    def change(counts: Counts) -> None:
        counts.outcomes[COHORT, which] += more

    return change


def entry(array: str, place: Any, to: int) -> Callable[[Counts], None]:
    def change(counts: Counts) -> None:
        getattr(counts, array)[place] = to

    return change


def amount(name: str, row: int, more: int) -> Callable[[Counts], None]:
    def change(counts: Counts) -> None:
        counts.amounts[name][row, 0] += more

    return change


def without(name: str) -> Callable[[Counts], None]:
    def change(counts: Counts) -> None:
        del counts.amounts[name]

    return change


def started(counts: Counts) -> None:
    counts.payments += 1


BROKEN = [
    ("a payment that came from nowhere", outcome(Outcome.DECLINED, 1), "payments started = completed + declined + failed"),
    ("a payment that was lost", outcome(Outcome.FAILED, -1), "payments started = completed + declined + failed"),
    ("a payment too many offered", started, "payments started = completed + declined + failed"),
    ("completed twice", outcome(Outcome.COMPLETED, 1), "payments started = completed + declined + failed"),
    ("an amount too many, by payment", amount("ach", 2, 1), "amounts paid in = payments completed, by cohort"),
    ("an amount too many, by time", amount("card", 1, 1), "amounts paid in = payments completed, by month"),
    ("the amounts of a rail forgotten", without("card"), "amounts paid in = payments completed, by month"),
    ("a payment settled without a day", outcome(Outcome.SETTLED, 1), "days counted = payments settled"),
    ("a day without a payout", entry("paid_days", 399, 1), "days counted = payments done"),
    ("a cent more paid in than paid out", amount("card", 0, 100), "paid in = commission + payouts + held"),
    ("a cent more paid out than paid in", amount("payout", 0, 1), "paid in = commission + payouts + held"),
    ("a part paid out twice", amount("payout", 2, 1), "paid in = commission + payouts + held"),
    ("a cold start that nobody asked for", entry("functions", (0, 0, COLD_STARTS), 10**9), "cold starts and timeouts are invocations, by month"),
    ("a timeout of nothing", entry("functions", (1, 0, TIMEOUTS), 10**9), "cold starts and timeouts are invocations, by cohort"),
    ("fewer than no invocations", entry("functions", (1, 0, INVOCATIONS), -1), "cold starts and timeouts are invocations, by cohort"),
    ("more busy than may exist", entry("peak", 0, 1001), "busy environments are at most those that may exist"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "change", "identity"), BROKEN, ids=[each[0] for each in BROKEN])
def test_a_broken_identity_of_a_run_is_named(
    right: tuple[Plan, Counts], what: str, change: Callable[[Counts], None], identity: str
) -> None:
    plan, counts = right[0], copied(right[1])
    change(counts)
    with pytest.raises(InternalError, match="an identity is broken: ") as broken:
        conserved(plan, counts)
    assert identity in str(broken.value), what


def test_it_is_checked_on_every_run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A payment that a run forgets ends the command with 1 and the identity's name."""
    from costmodel.simulation.reference import Reference

    true_run = Reference.run

    def forgetful(self: Reference, *watch: Any) -> Counts:
        counts = true_run(self, *watch)
        counts.outcomes[COHORT, Outcome.COMPLETED] -= 1
        return counts

    monkeypatch.setattr(Reference, "run", forgetful)
    monkeypatch.delenv("COSTMODEL_DEBUG", raising=False)
    code = main(["run", "seed_stripe", "--engine", "reference", "--quiet", "--set", "replications=1"])
    out, err = capsys.readouterr()
    assert (code, out) == (1, "")
    assert "payments started = completed + declined + failed" in err


# --- bills -----------------------------------------------------------------------------------------------------------

SERVICES = {
    "shop": service(
        {
            "requests": meter(price((0, "0.03"), per=10_000, free_per_month=20_000), kind="per_call"),
            "keys": meter(price((0, "1.00"))),
            "card": meter(price(percent="2.9", fixed_usd="0.30"), kind="per_payment"),
        }
    )
}
AMOUNTS = np.array([2500, 20000]), np.array([2, 1])
ROWS = [row("requests", 50_000), row("requests", 1), row("keys", 5), row("card", amounts=AMOUNTS)]


def billed() -> tuple[list[Charge], Bill]:
    charges = Charging(PriceBook(SERVICES, ON, {}), "us-west-2", Decimal(720), True).charges(ROWS)
    return charges, rate(ROWS, SERVICES, on=ON, region="us-west-2")


def line(number: int, **more: Any) -> Callable[[Bill], Bill]:
    """A bill with one of its lines changed: requests free, requests paid, keys, card."""

    def change(bill: Bill) -> Bill:
        lines = list(bill.lines)
        lines[number] = dataclasses.replace(lines[number], **more)
        return dataclasses.replace(bill, lines=tuple(lines))

    return change


def left_out(bill: Bill) -> Bill:
    return dataclasses.replace(bill, lines=bill.lines[:-1])


def twice(bill: Bill) -> Bill:
    return dataclasses.replace(bill, lines=(*bill.lines, bill.lines[-1]))


PRICED, PRODUCT = (
    "each unit of shop.{} in us-west-2 is priced once",
    "quantity × unit price = cost of shop.{} in us-west-2",
)
WRONG = [
    ("a line left out", left_out, PRICED.format("card") + " (used 3, priced 0)"),
    ("a line twice", twice, PRICED.format("card") + " (used 3, priced 6)"),
    ("a free unit too many", line(0, quantity=Decimal(20_001)), PRICED.format("requests") + " (used 50001, priced 50002)"),
    ("another meter's line", line(2, meter="requests"), PRICED.format("requests") + " (used 50001, priced 50006)"),
    ("another region's line", line(2, region="us-east-1"), PRICED.format("keys") + " (used 5, priced 0)"),
    ("another service's line", line(2, service="stall"), PRICED.format("keys") + " (used 5, priced 0)"),
    (
        "a cost that is not the product",
        line(2, cost_usd=Decimal("4.99")),
        PRODUCT.format("keys") + " (due 5.0000000000, on the bill 4.99)",
    ),
    (
        "fees that are not their sum",
        line(3, cost_usd=Decimal("8.15")),
        PRODUCT.format("card") + " (due 8.1600000000, on the bill 8.15)",
    ),
]  # fmt: skip


def test_a_right_bill_breaks_none() -> None:
    """2,500 cents: 103 twice; 20,000: 610; 30,001 requests at $3 a million; five keys."""
    charges, bill = billed()
    money.conserved(ROWS, charges, bill)
    assert [str(one.cost_usd.normalize()) for one in bill.lines] == ["0", "0.090003", "5", "8.16"]


@pytest.mark.parametrize(("what", "change", "identity"), WRONG, ids=[each[0] for each in WRONG])
def test_a_broken_identity_of_a_bill_is_named(what: str, change: Callable[[Bill], Bill], identity: str) -> None:
    charges, bill = billed()
    with pytest.raises(InternalError) as broken:
        money.conserved(ROWS, charges, change(bill))
    assert str(broken.value) == f"an identity is broken: {identity}"


def test_a_row_that_is_not_charged_is_named() -> None:
    charges, bill = billed()
    with pytest.raises(InternalError, match=r"each usage row is charged once \(5 rows, 4 charged\)"):
        money.conserved([*ROWS, row("keys", 1)], charges, bill)


def test_totals_that_are_not_the_sum_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    charges, bill = billed()
    monkeypatch.setattr(Bill, "by_basis", lambda self: {"published": Decimal(1)})
    with pytest.raises(InternalError, match=r": lines sum to totals \(total 13\.2500030000, parts 1\)$"):
        money.conserved(ROWS, charges, bill)  # 0.090003 + 5 + 8.16


@pytest.mark.parametrize("by", ["by_service", "by_basis"])
def test_either_division_of_a_bill_sums_to_its_total(by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    charges, bill = billed()
    monkeypatch.setattr(Bill, by, lambda self: {"one": Decimal(13), "other": Decimal("0.250003")})
    money.conserved(ROWS, charges, bill)
    monkeypatch.setattr(Bill, by, lambda self: {"one": Decimal(13), "other": Decimal("0.250004")})
    with pytest.raises(InternalError, match="lines sum to totals"):
        money.conserved(ROWS, charges, bill)


@pytest.mark.parametrize("digits", ["98765432109876.54321098765432109876", "0.00000000000000000000000000000001"])
def test_what_is_longer_than_usual_decimals_is_exact(digits: str) -> None:
    """34 digits, of which Python's own context keeps 28; and 20,000 free units beside them."""
    rows = [row("requests", 20_000), row("requests", digits)]
    bill = rate(rows, SERVICES, on=ON, region="us-west-2")
    assert [line.quantity for line in bill.lines] == [Decimal(20_000), Decimal(digits)]


MONTHS = column([Decimal(5), Decimal(6)])


@pytest.mark.parametrize(
    ("what", "change", "identity"),
    [
        ("as it is", {}, None),
        ("units of the second month", {"quantity": column([Decimal(5), Decimal(7)])}, PRICED.format("keys")),
        ("units of the first month", {"quantity": column([Decimal(4), Decimal(6)])}, PRICED.format("keys")),
        ("the cost of the second month", {"cost_usd": column([Decimal(5), Decimal("6.01")])}, PRODUCT.format("keys")),
    ],
)
def test_an_identity_that_breaks_in_one_of_many_months_is_named(
    what: str, change: dict[str, Any], identity: str | None
) -> None:
    """Five keys at a dollar in one month, six in the other."""
    rows = [dataclasses.replace(row("keys", 1), quantity=MONTHS)]
    charges = Charging(PriceBook(SERVICES, ON, {}), "us-west-2", Decimal(720), True).charges(rows)
    bill = line(0, **change)(rate(rows, SERVICES, on=ON, region="us-west-2"))
    if identity is None:
        assert bill.total_usd.tolist() == [5, 6]
        money.conserved(rows, charges, bill)
    else:
        with pytest.raises(InternalError, match=re.escape(f"an identity is broken: {identity} (")):
            money.conserved(rows, charges, bill)
