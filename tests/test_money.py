"""Money that waits: bank windows, banking days, escrow, payouts, returns; and what a month counts against a cohort."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from costmodel.simulation.plan import Outcome
from tests.worlds import World, flat_scenario, lambda_service, one_operation

HOUR, DAY = 3600 * 10**9, 86_400 * 10**9
BANK = """
[waits.at_once]
hours = 0
SOURCED_LINES
[waits.settling]
banking_days = 1
at = "08:30"
SOURCED_LINES
[waits.escrow]
hours = 72
SOURCED_LINES
[schedules.window]
at = ["14:45"]
time_zone = "America/New_York"
days = "banking"
SOURCED_LINES
[schedules.morning]
at = ["08:35"]
time_zone = "America/New_York"
days = "banking"
SOURCED_LINES
[schedules.hourly]
every_minutes = 60
SOURCED_LINES
[flows.pay]
starts = "payment"
methods = ["card"]
SOURCED_LINES
steps = [ { name = "ok", end = "completed", as = "coded" }, { name = "q", queue = "file", due = "at_once", as = "coded" } ]
[flows.send]
starts = "schedule"
schedule = "window"
takes = "file"
most_entries = 3
SOURCED_LINES
steps = [ { name = "each", as = "coded", each = [
  { name = "call", call = "svc.op", as = "coded" },
  { name = "q", queue = "settling", due = "settling", as = "coded" } ] } ]
[flows.settle]
starts = "schedule"
schedule = "morning"
takes = "settling"
most_entries = 100
SOURCED_LINES
steps = [ { name = "each", as = "coded", each = [
  { name = "final", end = "settled", as = "coded" },
  { name = "back", fate = "comes_back", starts = "returned", as = "coded" },
  { name = "q", queue = "held", due = "escrow", as = "coded" } ] } ]
[flows.returned]
starts = "event"
SOURCED_LINES
steps = [ { name = "noted", end = "returned", as = "coded" } ]
[flows.pay_out]
starts = "schedule"
schedule = "hourly"
takes = "held"
most_entries = 100
SOURCED_LINES
steps = [ { name = "each", as = "coded", each = [
  { name = "pay", when = "first_of_provider", as = "coded", steps = [ { name = "done", end = "done", as = "coded" } ] } ] } ]
"""


def when(text: str) -> int:
    """Nanoseconds from 2026-11-01 00:00 UTC to a New York time of November 2026 (UTC-5 after the first night)."""
    moment = dt.datetime.fromisoformat(f"{text}-05:00")
    return int((moment - dt.datetime(2026, 11, 1, tzinfo=dt.UTC)).total_seconds()) * 10**9


def fate(share: float, days: float) -> dict[str, object]:
    sourced = {"source": "test", "read": dt.date(2026, 1, 1), "basis": "published"}
    quantity = {"value": Decimal(str(share)), "unit": "share", **sourced}
    lag = {"quantiles_days": {"p0": Decimal(str(days)), "p100": Decimal(str(days))}, **sourced}
    return {"comes_back": {"share": quantity, "lag": lag}}


def bank(arrivals: list[str], share: float = 0, **workload: object) -> World:
    scenario = flat_scenario(1, fates=fate(share, 2), **workload)
    services = {"lambda": lambda_service(), "svc": one_operation()}
    return World(BANK, scenario, services=services, arrivals_ns=sorted(when(text) for text in arrivals))


def counted(result: World, name: str) -> dict[int, int]:
    """How often each amount (cents) under a name occurred in the cohort."""
    if name not in result.counts.amounts:
        return {}
    cents, _, cohort = result.counts.amounts[name].tolist()
    return dict(zip(cents, cohort, strict=True))


def days(histogram: object) -> list[int]:
    return [at for at, number in enumerate(histogram) if number for _ in range(int(number))]  # type: ignore[call-overload]


WAYS = [  # pay-in (New York), banking days until it is final
    ("2026-11-02T10:00", 1),  # Monday before the window: Tuesday morning
    ("2026-11-02T15:00", 2),  # after the window: in Tuesday's file, final on Wednesday
    ("2026-11-06T10:00", 1),  # Friday before the window: Monday
    ("2026-11-06T15:00", 2),  # Friday after it: Monday's file, final on Tuesday
    ("2026-11-07T10:00", 2),  # Saturday: Monday's file, final on Tuesday: two banking days have begun
    ("2026-11-10T15:00", 2),  # Tuesday before Veterans Day (11 Nov): Thursday's file, final on Friday
    ("2026-11-25T15:00", 2),  # Wednesday before Thanksgiving: Friday's file, final on Monday
]


@pytest.mark.parametrize(("arrival", "expected"), WAYS, ids=[case[0] for case in WAYS])
def test_a_pay_in_is_final_after_the_window_and_a_banking_day(arrival: str, expected: int) -> None:
    assert days(bank([arrival]).counts.settled_days) == [expected]


def test_files_hold_so_many_entries_and_no_more() -> None:
    """7 entries, 3 a run: three runs; each entry is sent once."""
    result = bank(["2026-11-02T10:00"] * 7)
    assert result.counts.calls[1].tolist() == [7]
    assert result.counts.outcomes[1, Outcome.SETTLED] == 7


def test_escrow_holds_and_releases_at_the_next_run() -> None:
    """Final on Tuesday 08:35; 72 h later is Friday 08:35; the hourly run pays out at 09:00: three banking days on."""
    assert days(bank(["2026-11-02T10:00"]).counts.paid_days) == [4]


@pytest.mark.parametrize(("share", "returned"), [(0, 0), (1, 5)])
def test_what_comes_back_comes_back(share: float, returned: int) -> None:
    assert bank(["2026-11-02T10:00"] * 5, share).counts.outcomes[1, Outcome.RETURNED] == returned


def test_payouts_are_made_per_payment_or_per_provider() -> None:
    """Three payments of $200 to one provider: two payouts each of $100, or one of $600."""
    each = counted(bank(["2026-11-02T10:00"] * 3, payouts_per_payment=2), "payout")
    assert each == {10_000: 6}
    joint = counted(bank(["2026-11-02T10:00"] * 3, payout_policy="per_provider"), "payout")
    assert joint == {60_000: 1}


def test_month_counts_by_time_and_cohort_by_payment() -> None:
    """A pay-in of the last day is completed in the month; its file goes in December, which only the cohort counts."""
    result = bank(["2026-11-30T16:00"])
    assert result.counts.outcomes[:, Outcome.COMPLETED].tolist() == [1, 1]
    assert result.counts.outcomes[:, Outcome.SETTLED].tolist() == [0, 1]
    assert result.counts.calls[:, 0].tolist() == [0, 1]


EVENTS = """
[duplicate_share]
value = {share}
unit = "share"
SOURCED_LINES
[[async_retry_minutes]]
value = 1
unit = "minute"
SOURCED_LINES
[[async_retry_minutes]]
value = 2
unit = "minute"
SOURCED_LINES
[flows.pay]
starts = "payment"
methods = ["card"]
SOURCED_LINES
steps = [ {{ name = "tell", call = "svc.op", starts = "told", as = "coded" }}, {{ name = "ok", end = "completed", as = "coded" }} ]
[flows.told]
starts = "event"
SOURCED_LINES
steps = [ {{ name = "use", call = "svc.op", as = "coded" }}, {{ name = "fail", acquire = "shut", as = "coded" }},
  {{ name = "long", work = "a_day", as = "coded" }}, {{ name = "leave", release = "shut", as = "coded" }} ]
[work.a_day]
constant_ms = 86400000
SOURCED_LINES
[stations.shut]
servers = 1
capacity = 1
SOURCED_LINES
"""


def test_a_failing_event_is_tried_again_after_one_and_two_minutes_then_given_up() -> None:
    """The first event keeps the only place for a day; the second is refused three times, each use of the service billed."""
    services = {"lambda": lambda_service(), "svc": one_operation()}
    result = World(EVENTS.format(share=0), flat_scenario(1), services=services, arrivals_ns=[0, HOUR])
    assert result.counts.dead_letters == 1
    assert result.counts.calls[1].tolist() == [2, 1 + 3]


def test_a_duplicate_costs_usage() -> None:
    services = {"lambda": lambda_service(), "svc": one_operation()}
    result = World(EVENTS.format(share=1), flat_scenario(1), services=services, arrivals_ns=[0])
    assert result.counts.duplicates == 1
    assert result.counts.calls[1].tolist() == [1, 1 + 3]  # the duplicate finds the place taken, three times


def moved(*, idempotent: bool) -> World:
    """A payment whose message is delivered twice queues its $200 and its returns; they are paid out hourly."""
    text = EVENTS.format(share=1)
    old = text[text.index("[flows.told]") :]
    new = f"""[flows.told]
starts = "event"
idempotent = {str(idempotent).lower()}
SOURCED_LINES
steps = [ {{ name = "use", call = "svc.op", as = "coded" }}, {{ name = "q", queue = "held", due = "soon", as = "coded" }} ]
[waits.soon]
hours = 0
SOURCED_LINES
[schedules.hourly]
every_minutes = 60
SOURCED_LINES
[flows.pay_out]
starts = "schedule"
schedule = "hourly"
takes = "held"
most_entries = 100
SOURCED_LINES
steps = [ {{ name = "each", as = "coded", each = [
  {{ name = "pay", when = "first_of_provider", as = "coded", steps = [ {{ name = "done", end = "done", as = "coded" }} ] }} ] }} ]
"""
    services = {"lambda": lambda_service(), "svc": one_operation()}
    scenario = flat_scenario(1, payouts_per_payment=1)
    return World(text.replace(old, new), scenario, services=services, arrivals_ns=[0])


@pytest.mark.parametrize(
    ("idempotent", "payouts", "twice"), [(True, {20_000: 1}, {}), (False, {20_000: 2}, {20_000: 1})]
)
def test_a_duplicate_moves_money_twice_only_where_nothing_looks_for_it(
    idempotent: bool, payouts: dict[int, int], twice: dict[int, int]
) -> None:
    result = moved(idempotent=idempotent)
    assert result.counts.calls[1].tolist() == [1, 2]  # it costs usage either way
    assert counted(result, "payout") == payouts
    assert counted(result, "moved_twice") == twice


FILES = """
[batches_at_once]
value = {most}
unit = "batch"
SOURCED_LINES
[flows.pay]
starts = "payment"
methods = ["card"]
SOURCED_LINES
steps = [ {{ name = "q", queue = "file", due = "soon", as = "coded" }} ]
[waits.soon]
hours = 0
SOURCED_LINES
[schedules.hourly]
every_minutes = 60
SOURCED_LINES
[flows.send]
starts = "schedule"
schedule = "hourly"
takes = "file"
most_entries = 2
SOURCED_LINES
steps = [ {{ name = "front", invoke = "front", as = "coded" }} ]
[functions.front]
memory_mb = 1024
timeout_s = 900
architecture = "arm64"
runtime = "nodejs20"
SOURCED_LINES
[work.minute]
constant_ms = 60000
SOURCED_LINES
[handlers.front]
function = "front"
SOURCED_LINES
steps = [ {{ name = "each", as = "coded", each = [ {{ name = "w", work = "minute", as = "coded" }},
  {{ name = "final", end = "settled", as = "coded" }} ] }} ]
"""


@pytest.mark.parametrize(("most", "peak"), [(1, 1), (2, 2), (10, 4)])
def test_batches_of_one_firing_run_so_many_at_a_time(most: int, peak: int) -> None:
    """Eight entries, two a batch, two minutes each: four batches, one after the other, in pairs, or all at once."""
    result = World(FILES.format(most=most), flat_scenario(1), arrivals_ns=[0] * 8)
    assert result.counts.outcomes[1, Outcome.SETTLED] == 8
    assert result.counts.peak.tolist() == [peak]


RISK = """
[risk]
review_above = 500
block_above = 800
critical_above = 950
SOURCED_LINES
[risk.score]
quantiles_score = {{ p0 = {score}, p100 = {score} }}
SOURCED_LINES
[flows.pay]
starts = "payment"
methods = ["card"]
SOURCED_LINES
steps = [ {{ name = "b", when = "block", as = "coded", steps = [ {{ name = "no", end = "declined", as = "coded" }} ] }},
  {{ name = "r", when = "review", as = "coded", steps = [ {{ name = "look", call = "svc.op", as = "coded" }} ] }},
  {{ name = "yes", end = "completed", as = "coded" }} ]
"""


@pytest.mark.parametrize(("score", "outcome", "reviews"), [
    (500, Outcome.COMPLETED, 0), (501, Outcome.COMPLETED, 1), (800, Outcome.COMPLETED, 1), (801, Outcome.DECLINED, 0),
])  # fmt: skip
def test_the_score_decides_at_its_thresholds(score: int, outcome: Outcome, reviews: int) -> None:
    result = World(RISK.format(score=score), flat_scenario(1), services={"svc": one_operation(), "lambda": lambda_service()},
                   arrivals_ns=[0])  # fmt: skip
    assert result.counts.outcomes[1, outcome] == 1
    assert result.counts.calls[1].tolist() == [reviews]
