"""The identities of a run on three payments worked out by hand: what they let pass, and what they say word for word.

$100.00 by card and $50.00 by ACH are completed, one payment is declined; the commission of 2.5 % leaves 97.50 and
48.75, each paid out in two parts: 48.75 twice, 24.38 and 24.37.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from costmodel.errors import InternalError
from costmodel.simulation.conservation import conserved
from costmodel.simulation.counts import COLD_STARTS, INVOCATIONS, TIMEOUTS, Counts
from costmodel.simulation.plan import FlowPlan, FunctionPlan, Instruction, LambdaPlan, Op, Outcome, Plan, RetryPlan

COHORT = 1
MARK, PAYOUT, WORK = Instruction(Op.MARK, a=int(Outcome.COMPLETED)), Instruction(Op.PAYOUT), Instruction(Op.WORK)
FAILS = Instruction(Op.MARK, a=int(Outcome.FAILED))
NONE: dict[str, Any] = dict.fromkeys(
    [
        "steps",
        "laws",
        "tables",
        "quotas",
        "fates",
        "stations",
        "queues",
        "waits",
        "schedules",
        "outages",
        "outage_laws",
    ],
    (),
)


def flow(*methods: int, trigger: str = "payment") -> FlowPlan:
    return FlowPlan("pay", 0, trigger, methods, -1, -1, 1, False, False)


def function(name: str, reserved: int = 0, provisioned: int = 0) -> FunctionPlan:
    return FunctionPlan(name, 1024, "arm64", 10**9, (), provisioned, reserved)


def plan(*code: Instruction, **more: Any) -> Plan:
    """Two functions of an account of 1,000 environments."""
    terms = {
        "code": code or (WORK, MARK, PAYOUT, FAILS),
        "flows": (flow(0, 1),),
        "functions": (function("pay"), function("settle")),
        "compute": LambdaPlan(1000, 0, 0, 0, 0, 10**6, False, -1),
        "retry": RetryPlan(1, 0, 0, (), 0, 0, 0),
        "api_timeout_ns": 2**62,
        "duplicate_share": Decimal(0),
        "risk_law": -1,
        "risk_thresholds": (2**62, 2**62, 2**62),
        "batches_at_once": 1,
        "most_under_way": 9,
        "payouts_per_payment": 2,
        "per_provider": False,
        "commission_ppm": 25_000,
    }
    return Plan(**NONE | terms | more)


def amounts(*found: tuple[int, int]) -> np.ndarray:
    """Cents and how often, the same by time and by payment."""
    cents, times = zip(*found, strict=True)
    return np.array([cents, times, times], np.int64)


def counted(of: Plan) -> Counts:
    """The three payments."""
    counts = Counts.empty(of)
    counts.payments = 3
    for outcome, number in ((1, 2), (2, 1), (4, 2), (7, 1)):  # completed, declined, settled, done
        counts.outcomes[:, outcome] = number
    counts.settled_days[1], counts.paid_days[3] = 2, 1
    counts.amounts |= {
        "card": amounts((100_00, 1)),
        "ach": amounts((50_00, 1)),
        "payout": amounts((24_37, 1), (24_38, 1), (48_75, 2)),
    }
    counts.functions[:, 0, [INVOCATIONS, COLD_STARTS, TIMEOUTS]] = (5, 2, 1)
    counts.peak[:] = (2, 0)
    return counts


Change = Callable[[Counts], None]


def put(name: str, to: int, *place: int) -> Change:
    """One figure of the counts."""

    def change(counts: Counts) -> None:
        if place:
            getattr(counts, name)[place] = to
        else:
            setattr(counts, name, to)

    return change


def money(name: str, *found: tuple[int, int]) -> Change:
    """Other amounts of a name."""

    def change(counts: Counts) -> None:
        counts.amounts[name] = amounts(*found)

    return change


def said(of: Plan, *changes: Change) -> str | None:
    """What is said of the month after some changes; None if nothing is broken."""
    counts = counted(of)
    for change in changes:
        change(counts)
    try:
        conserved(of, counts)
    except InternalError as error:
        return str(error).removeprefix("an identity is broken: ")
    return None


ENDS = "payments started = completed + declined + failed"
MONEY = "paid in = commission + payouts + held"
ASKED = "cold starts and timeouts are invocations, by"
SAID = [
    (put("payments", 1234), f"{ENDS} (started 1,234, completed 2, declined 1, failed 0)"),
    (put("outcomes", 7, COHORT, 3), f"{ENDS} (started 3, completed 2, declined 1, failed 7)"),
    (put("outcomes", 3, 0, 1), "amounts paid in = payments completed, by month (amounts 2, completed 3)"),
    (put("settled_days", 3, 0), "days counted = payments settled (days 5, reached 2)"),
    (put("paid_days", 0, 3), "days counted = payments done (days 0, reached 1)"),
    (
        money("payout", (24_37, 1), (24_39, 1), (48_75, 2)),
        f"{MONEY} (paid in less commission 14,625, payouts 14,626, parts paid 4, parts 4)",
    ),
    (
        money("payout", (24_37, 2), (48_75, 2)),
        f"{MONEY} (paid in less commission 14,625, payouts 14,624, parts paid 4, parts 4)",
    ),
    (
        money("payout", (0, 1), (24_37, 1), (24_38, 1), (48_75, 2)),
        f"{MONEY} (paid in less commission 14,625, payouts 14,625, parts paid 5, parts 4)",
    ),
    (
        money("payout", (50_00, 3)),
        f"{MONEY} (paid in less commission 14,625, payouts 15,000, parts paid 3, parts 4)",
    ),
    (put("functions", 6, 0, 0, COLD_STARTS), f"pay: {ASKED} month (invocations 5, cold starts 6, timeouts 1)"),
    (put("functions", 7, COHORT, 0, TIMEOUTS), f"pay: {ASKED} cohort (invocations 5, cold starts 2, timeouts 7)"),
    (put("functions", -1, COHORT, 1, 3), f"settle: {ASKED} cohort (invocations 0, cold starts 0, timeouts 0)"),
    (put("peak", -1, 1), "settle: busy environments are at most those that may exist (busy -1, may exist 1,000)"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "words"), SAID, ids=[words for _, words in SAID])
def test_what_is_said_of_a_broken_identity(change: Change, words: str) -> None:
    assert said(plan(), change) == words


def refuse(counts: Counts) -> None:
    counts.functions[COHORT, 0, :3] = (5, 5, 9)  # as many cold starts as invocations; throttles are none of them


def nothing_completed(counts: Counts) -> None:
    counts.payments, counts.outcomes[:, :3] = 1, (0, 0, 1)
    counts.amounts.clear()


def by_card_only(counts: Counts) -> None:
    counts.amounts["card"] = amounts((100_00, 1), (50_00, 1))
    counts.amounts["ach"] = np.zeros((3, 0), np.int64)


LET_PASS = [
    ("nothing was completed", plan(), (nothing_completed,)),
    ("a way to pay that nobody used", plan(), (by_card_only,)),
    ("as worked out", plan(), ()),
    ("two parts not paid yet", plan(), (money("payout", (48_75, 2)),)),
    ("no part paid yet", plan(), (lambda counts: counts.amounts.pop("payout"),)),
    ("every invocation cold, some refused", plan(), (refuse,)),
    ("timeouts of each invocation", plan(), (put("functions", 5, COHORT, 0, TIMEOUTS),)),
    ("moved twice, so more is paid", plan(), (money("moved_twice", (48_75, 1)), money("payout", (48_75, 5)))),
    ("tried again, so more is paid", plan(), (put("event_retries", 1), money("payout", (48_75, 5)))),
    ("paid out by provider", plan(per_provider=True), (money("payout", (48_75, 5)),)),
    ("nothing of it paid out", plan(WORK, MARK), (money("payout", (48_75, 5)),)),
    ("payments that are not completed", plan(WORK, PAYOUT), (put("payments", 9), money("payout", (48_75, 5)))),
    ("payments by ACH that start nothing", plan(flows=(flow(0),)), (put("payments", 4),)),
    ("each card payment has ended", plan(flows=(flow(0),)), ()),
    ("another flow for each method", plan(flows=(flow(0), flow(1))), ()),
]


@pytest.mark.parametrize(("what", "of", "changes"), LET_PASS, ids=[each[0] for each in LET_PASS])
def test_what_breaks_none(what: str, of: Plan, changes: tuple[Change, ...]) -> None:
    assert said(of, *changes) is None, what


@pytest.mark.parametrize("flows", [(flow(0, 1),), (flow(0), flow(1)), (flow(0), flow(1, trigger="event"))])
def test_payments_that_come_from_nowhere_are_named_however_they_start(flows: tuple[FlowPlan, ...]) -> None:
    """Where only card payments start a flow, three ends of two payments are still one too many."""
    found = said(plan(flows=flows), put("payments", 2))
    assert found == f"{ENDS} (started 2, completed 2, declined 1, failed 0)"


def test_a_payment_lost_is_named_only_where_each_starts_a_flow() -> None:
    assert said(plan(flows=(flow(0), flow(1))), put("payments", 4))
    assert said(plan(flows=(flow(0), flow(1, trigger="event"))), put("payments", 4)) is None


# reserved and provisioned of the first function, of the second, and how many of the first may be busy in an account of
# 1,000: provisioned environments are among the reserved ones (AWS Lambda, Configuring reserved concurrency), and what
# others have set aside is not there.
ROOM = [
    (0, 0, 0, 0, 1000),
    (0, 5, 0, 0, 1000),
    (0, 0, 0, 7, 993),
    (0, 5, 7, 2, 993),
    (3, 0, 0, 0, 3),
    (3, 2, 0, 0, 3),
    (2, 3, 9, 0, 3),
]


@pytest.mark.parametrize(("reserved", "provisioned", "others", "ready", "most"), ROOM)
def test_as_many_are_busy_as_may_exist(reserved: int, provisioned: int, others: int, ready: int, most: int) -> None:
    of = plan(functions=(function("pay", reserved, provisioned), function("settle", others, ready)))
    assert said(of, put("peak", most, 0)) is None
    assert said(of, put("peak", most + 1, 0)) == (
        f"pay: busy environments are at most those that may exist (busy {most + 1:,}, may exist {most:,})"
    )


def test_what_is_larger_than_64_bits_is_exact() -> None:
    """$400 trillion and 3 cents less 2.5 % in two parts, to the cent: twice the cents times the commission is above 2^63,
    and no float holds the cents. A payment as large by ACH, too, which leaves 48.75 out."""
    large, net = 40_000_000_000_000_003, 39_000_000_000_000_003
    parts = (net // 2, 1), (net - net // 2, 1)
    both = money("card", (large, 1)), money("ach", (large, 1))
    twice = (net // 2, 2), (net - net // 2, 2)
    assert said(plan(), both[0], money("payout", (24_37, 1), (24_38, 1), *parts)) is None
    assert said(plan(), *both, money("payout", *twice)) is None
    wrong = said(plan(), both[0], money("payout", (24_37, 1), (24_39, 1), *parts))
    assert wrong == (
        f"{MONEY} (paid in less commission 39,000,000,000,004,878, payouts 39,000,000,000,004,879, parts paid 4, parts 4)"
    )


@pytest.mark.parametrize(
    ("cents", "ppm", "net"),
    [(1, 500_000, 0), (1, 499_999, 1), (3, 500_000, 1), (100, 29_000, 97), (50, 29_000, 49), (50, 30_000, 48)],
)
def test_a_commission_is_rounded_half_up(cents: int, ppm: int, net: int) -> None:
    """Half a cent of commission is a cent: 0.5 is 1, 1.5 is 2, 2.9 is 3, 1.45 is 1, 1.5 is 2."""
    of = plan(commission_ppm=ppm, payouts_per_payment=1)
    one = money("card", (cents, 2)), lambda counts: counts.amounts.pop("ach")
    assert said(of, *one, money("payout", (net, 2))) is None
    assert said(of, *one, money("payout", (net, 1), (net + 1, 1)))
