"""The reference engine's rarer rules, in worlds small enough to work out by hand. Times in ms; every law is a constant.

A warm invocation adds 1 ms for its caller; a cold one 100 (placement) + 200 (INIT) + 300 (code), of which 500 are billed.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from costmodel.assumptions.catalog import Assumptions
from costmodel.assumptions.checking import check
from costmodel.assumptions.pipeline import Pipeline
from costmodel.assumptions.service import Service
from costmodel.simulation.compiling import compile_plan
from costmodel.simulation.counts import Counts, bin_values
from costmodel.simulation.draws import draw_bits, name_key, stream_key
from costmodel.simulation.payments import generate
from costmodel.simulation.plan import Outcome
from costmodel.simulation.reference import Reference
from costmodel.simulation.strands import Strand
from costmodel.simulation.timetable import Timetable, make_timetable
from tests.test_engine import DESK, LEAVE, MS, ONE_FUNCTION, SECOND, TAKE, TEN, USE, counted, ends_ms
from tests.test_money import EVENTS, FILES, HOUR, bank
from tests.test_money import counted as amounts
from tests.test_times_and_counts_by_hand import exponential
from tests.worlds import (
    PIPELINE_HEAD,
    RETRY,
    World,
    assumptions_of,
    flat_scenario,
    lambda_service,
    one_operation,
    payments_at,
    read,
)

COHORT = 1
SERVICES = {"lambda": lambda_service(), "svc": one_operation()}
BOTH = flat_scenario(1, methods={"card": Decimal("0.5"), "ach": Decimal("0.5")})


def world(steps: str, arrivals_ms: list[float], *, extra: str = "", scenario: Any = None, methods: list[int] | None = None,
          timeout: int = 60, function: str = "", concurrency: int = 1000, head: str = "", **services: Service) -> World:  # fmt: skip
    """The front with these steps; keys of the pipeline itself (`head`) stand before its tables."""
    text = head + ONE_FUNCTION.format(concurrency=concurrency, timeout=timeout, steps=steps, function=function) + extra
    if scenario is BOTH:
        text = text.replace('methods = ["card"]', 'methods = ["card", "ach"]')
    return World(
        text,
        scenario or flat_scenario(1),
        services={"lambda": lambda_service(), "svc": one_operation(), **services},
        arrivals_ns=[round(ms * MS) for ms in arrivals_ms],
        methods=methods,
    )


def work(name: str, ms: int) -> str:
    return f"[work.{name}]\nconstant_ms = {ms}\nSOURCED_LINES\n"


# --- events that find no environment ------------------------------------------------------------------------------------

TOLD = """
[flows.told]
starts = "event"
SOURCED_LINES
steps = [ { name = "late", work = "ten", as = "coded" }, { name = "back", invoke = "back", as = "coded" },
  { name = "noted", end = "returned", as = "coded" } ]
"""
TELL = '{ name = "tell", call = "svc.op", starts = "told", as = "coded" }'


def told(hold_s: int, **parameters: str) -> World:
    """The front tells something, then keeps the account's only environment for so long. The event is there after 6 ms
    (5 for the call, 1 for its way), the back wanted 11 ms later."""
    platform = lambda_service()
    changed = {
        name: platform.parameter[name].model_copy(update={"value": Decimal(value)})
        for name, value in parameters.items()
    }
    own = platform.model_copy(update={"parameter": platform.parameter | changed})
    extra = TOLD + work("hold", hold_s * 1000)
    text = ONE_FUNCTION.format(
        concurrency=1, timeout=900, steps='{ name = "w", work = "hold", as = "coded" }', function=""
    )
    text = text.replace('steps = [ { name = "front"', f'steps = [ {TELL}, {{ name = "front"')
    services = {"lambda": own, "svc": one_operation()}
    return World(text + extra, flat_scenario(1), services=services, arrivals_ns=[0])


@pytest.mark.parametrize(("hold_s", "throttles"), [(6, 3), (8, 4), (500, 9), (800, 10), (890, 11)])
def test_an_event_that_finds_no_environment_is_queued_again(hold_s: int, throttles: int) -> None:
    """It comes again after 1, 2, 4 … 256, then each 300 s: at 0, 1, 3, 7, 15 … 511, 811, 1,111 s and a little."""
    result = told(hold_s)
    back = counted(result, "back")
    assert (back["throttles"], back["retries"], back["invocations"]) == (throttles, throttles, 1)
    assert result.counts.outcomes[COHORT, Outcome.RETURNED] == 1
    assert (result.counts.dead_letters, result.counts.event_retries) == (0, 0)


def test_an_event_too_old_is_given_up() -> None:
    """At most 0.1 h: at 511 s it is too old to be queued once more."""
    result = told(890, async_max_age_h="0.1")
    back = counted(result, "back")
    assert (back["throttles"], back["retries"], back["invocations"]) == (10, 9, 0)
    assert (result.counts.dead_letters, result.counts.outcomes[COHORT, Outcome.RETURNED]) == (1, 0)


def test_a_failing_event_is_counted_with_its_two_retries() -> None:
    result = World(EVENTS.format(share=0), flat_scenario(1), services=SERVICES, arrivals_ns=[0, HOUR])
    assert (result.counts.event_retries, result.counts.dead_letters) == (2, 1)


# --- a client's request -------------------------------------------------------------------------------------------------

GATE = """
name = "a gate"
provider = "test"
[operation.mutation]
[[latency]]
operation = "mutation"
constant_ms = 3
SOURCED_LINES
"""


@pytest.mark.parametrize(
    ("limit_ms", "on_error", "end_ms", "failed"),
    [(614, "raise", 614, 0), (613, "raise", None, 1), (613, "continue", 613, 0), (300, "continue", 300, 0)],
)
def test_a_request_is_answered_within_its_limit(limit_ms: int, on_error: str, end_ms: int | None, failed: int) -> None:
    """3 for the gate, 1 to invoke, 600 cold, 10 of work; what takes longer is answered with an error, and runs on."""
    head = f'api_service = "gate"\napi_timeout_ms = {{ value = {limit_ms}, unit = "ms", SOURCED }}\n'
    text = ONE_FUNCTION.format(concurrency=1000, timeout=60, steps=TEN, function="")
    text = text.replace('invoke = "front", as', f'api = "front", on_error = "{on_error}", as')
    pipeline = check(Pipeline, read(PIPELINE_HEAD + head + RETRY + text))
    services = {"lambda": lambda_service(), "gate": check(Service, read(GATE))}
    plan = compile_plan(Assumptions("world", flat_scenario(1), pipeline, services, (), ""))
    result = Ran(plan, [0])
    assert result.finished == ({} if end_ms is None else {0: end_ms * MS})
    assert result.counts.outcomes[COHORT, Outcome.FAILED] == failed
    assert result.counts.functions[COHORT, 0, 5] == 500 + 10  # billed to its end


class Ran:
    """A plan run on payments of $200 at given times; what each strand waited: (flow, run or payment, ns)."""

    def __init__(self, plan: Any, arrivals_ns: list[int], outages: Any = None, seed: int = 1) -> None:
        payments = payments_at(arrivals_ns, generate(flat_scenario(1), seed, 0))
        times: Timetable = make_timetable(plan, payments.start, 40 * 86_400 * 10**9, seed)
        if outages is not None:
            times = dataclasses.replace(times, outages=outages)
        self.finished: dict[int, int] = {}
        self.waited: list[tuple[str, int, int]] = []
        waited = self.waited

        class Watched(Reference):
            def pause(self, strand: Strand, ns: int) -> bool:
                waited.append((strand.flow.name, strand.payment if strand.payment >= 0 else strand.run, ns))
                return super().pause(strand, ns)

        self.counts: Counts = Watched(plan, payments, times, seed, self.finished).run()


# --- outages and pauses ---------------------------------------------------------------------------------------------------

FAILING = """
name = "svc"
provider = "test"
[operation.op]
[[latency]]
operation = "op"
constant_ms = 5
SOURCED_LINES
[[latency]]
operation = "outage"
constant_ms = 1000
SOURCED_LINES
[parameter.outages_per_year]
value = 0
unit = "1"
SOURCED_LINES
"""


def calling(service: str = FAILING) -> Any:
    """A payment that calls, and a schedule that calls at each full hour."""
    text = """
[schedules.hourly]
every_minutes = 60
SOURCED_LINES
[flows.pay]
starts = "payment"
methods = ["card"]
SOURCED_LINES
steps = [ { name = "use", call = "svc.op", as = "coded" }, { name = "ok", end = "completed", as = "coded" } ]
[flows.sweep]
starts = "schedule"
schedule = "hourly"
SOURCED_LINES
steps = [ { name = "look", call = "svc.op", as = "coded" } ]
"""
    services = {"lambda": lambda_service(), "svc": check(Service, read(service))}
    return compile_plan(assumptions_of(text, flat_scenario(1), services))


def jitter(path: str, entity: int, attempt: int) -> int:
    """Up to 10 ms, doubled with each attempt, by the draw of its name (AWS SDK, full jitter)."""
    bits = draw_bits(stream_key(1, "retry", name_key(path)), entity, 0, attempt)
    return bits * ((10 * MS) << attempt) >> 64


def test_a_call_in_an_outage_takes_its_time_and_is_tried_again() -> None:
    """Out for 1 ms: the second attempt succeeds. The call's 5 ms are waited in vain, then the pause, then 5 ms."""
    start = 2 * HOUR + HOUR // 2
    result = Ran(calling(), [start], outages=(((start, start + MS),),))
    assert [ns for flow, _, ns in result.waited if flow == "pay"] == [5 * MS + jitter("pay/use", 0, 0), 5 * MS]
    assert result.finished[0] == start + 10 * MS + jitter("pay/use", 0, 0)
    assert result.counts.calls[COHORT, 0] == 1


def test_an_outage_outlasts_three_attempts() -> None:
    start = 2 * HOUR + HOUR // 2
    result = Ran(calling(), [start], outages=(((start - MS, start + 100 * MS),),))
    assert [ns for flow, _, ns in result.waited if flow == "pay"] == [
        5 * MS + jitter("pay/use", 0, 0),
        5 * MS + jitter("pay/use", 0, 1),
    ]
    assert (result.counts.outcomes[COHORT, Outcome.FAILED], result.counts.calls[COHORT, 0]) == (1, 0)


def test_a_schedule_meets_luck_by_the_number_of_its_run() -> None:
    """The firing at 3:00 is the fourth; batches of one firing are numbered in 16 bits."""
    result = Ran(calling(), [HOUR], outages=(((3 * HOUR, 3 * HOUR + MS),),))
    found = [(run, ns) for flow, run, ns in result.waited if flow == "sweep" and ns != 5 * MS]
    assert found == [(3 << 16, 5 * MS + jitter("sweep/look", 3 << 16, 0))]


def test_a_function_in_an_outage_is_refused_without_an_environment() -> None:
    """The platform is out while both callers ask: three attempts at once, then the payment has failed."""
    platform = lambda_service()
    law = platform.latency[0].model_copy(update={"operation": "outage"})
    rate = platform.parameter["life_s"].model_copy(update={"value": Decimal(0)})
    own = platform.model_copy(
        update={"latency": (*platform.latency, law), "parameter": platform.parameter | {"outages_per_year": rate}}
    )
    made = world(TEN, [0], **{"lambda": own})
    result = Ran(made.plan, [HOUR], outages=(((HOUR, HOUR + 1000 * MS),),))
    front = result.counts.functions[COHORT, 0].tolist()
    assert front == [0, 0, 0, 2, 0, 0, 0]  # no invocation and no throttle; two retries
    assert result.counts.outcomes[COHORT, Outcome.FAILED] == 1
    later = Ran(made.plan, [HOUR], outages=(((HOUR, HOUR + 1 * MS),),))
    assert later.finished[0] == HOUR + 611 * MS


# --- methods, scores, shares ---------------------------------------------------------------------------------------------


def test_each_method_takes_its_own_branch() -> None:
    steps = """{ name = "c", when = "card", as = "coded", steps = [ { name = "w", work = "ten", as = "coded" } ] },
      { name = "a", when = "ach", as = "coded", steps = [ { name = "v", work = "second", as = "coded" } ] }"""
    result = world(steps, [0, 10_000], scenario=BOTH, methods=[1, 0])
    assert ends_ms(result) == [601 + 1000, 10_000 + 1 + 10]


def test_a_score_is_drawn_once_for_each_payment() -> None:
    """Evenly from 0 to 1,000 between p0 and p100, as the payment's own draw says: the same each time it is asked."""
    text = """
[risk]
review_above = 500
block_above = 500
critical_above = 990
SOURCED_LINES
[risk.score]
quantiles_score = { p0 = 1, p50 = 500, p100 = 1000 }
SOURCED_LINES
[flows.pay]
starts = "payment"
methods = ["card"]
SOURCED_LINES
steps = [ { name = "b", when = "block", as = "coded", steps = [ { name = "no", end = "declined", as = "coded" } ] },
  { name = "r", when = "review", as = "coded", steps = [ { name = "look", call = "svc.op", as = "coded" } ] },
  { name = "yes", end = "completed", as = "coded" } ]
"""
    result = World(text, flat_scenario(1), services=SERVICES, arrivals_ns=[k * MS for k in range(64)])
    key = stream_key(1, "risk", name_key("risk"))
    above = sum(draw_bits(key, payment) > 2**63 for payment in range(64))  # the upper half of the draws
    assert result.counts.outcomes[COHORT, Outcome.DECLINED] == above
    assert result.counts.outcomes[COHORT, Outcome.COMPLETED] == 64 - above
    assert result.counts.calls[COHORT, 0] == 0


def test_who_meets_a_fate_is_told_by_the_draw_of_its_name() -> None:
    """Of 40 settled payments those come back whose first bits are below a quarter; likewise duplicates of messages."""
    result = bank([f"2026-11-02T10:{minute:02}" for minute in range(40)], share=0.25)
    key = stream_key(1, "fate", name_key("fate/comes_back"))
    expected = sum(draw_bits(key, payment) < 2**62 for payment in range(40))
    assert 0 < expected < 40
    assert result.counts.outcomes[COHORT, Outcome.RETURNED] == expected
    text = EVENTS.format(share="0.5").replace('{ name = "fail", acquire = "shut", as = "coded" },', "")
    text = text.replace(', { name = "leave", release = "shut", as = "coded" }', "").replace("86400000", "1")
    copies = World(text, flat_scenario(1), services=SERVICES, arrivals_ns=[k * HOUR for k in range(40)])
    key = stream_key(1, "choice", name_key("pay/tell/delivery"))
    expected = sum(draw_bits(key, payment) < 2**63 for payment in range(40))
    assert copies.counts.duplicates == expected
    assert copies.counts.calls[COHORT].tolist() == [40, 40 + expected]


# --- deadlines within deadlines -------------------------------------------------------------------------------------------


def test_a_provisioned_environment_that_is_lost_is_replaced_by_another() -> None:
    """The first payment works 2 s where 1 s is allowed; the second finds the one provisioned environment, warm."""
    steps = """{ name = "a", when = "ach", as = "coded", steps = [ { name = "v", work = "second", as = "coded" },
      { name = "w", work = "second", as = "coded" } ] }, { name = "t", work = "ten", as = "coded" }"""
    steps = " ".join(steps.split())
    result = world(steps, [0, 10_000], scenario=BOTH, methods=[1, 0], timeout=1, function="provisioned_concurrency = 1")
    front = counted(result, "front")
    assert ends_ms(result) == [10_000 + 1 + 10]
    assert (front["timeouts"], front["cold_starts"]) == (1, 0)
    assert (front["provisioned"], front["billed"]) == (1000 + 10, 0)


@pytest.mark.parametrize(
    ("at_ms", "fronts", "front_ms", "back_ms", "end_ms"),
    [(59_000, 1, 500 + 611, 500 + 10, 60_212), (58_200, 2, 500 + 1000, 500 + 608, None)],
)
def test_a_wait_goes_on_where_only_an_outer_deadline_has_come(
    at_ms: int, fronts: int, front_ms: int, back_ms: int, end_ms: int | None
) -> None:
    """The front may take 1 s, the back 3 s, both from the end of INIT. The desk is held for 60 s. Of a payment at 1 s the
    front is lost at 2.601 s; its back waits on until 5.202 s, leaves the queue and is lost, too. At 59 s the back is
    ready at 60.202 s and finds the desk free. At 58.2 s the front is lost at 59.801 s, and its back, ready since
    59.402 s, gets the desk at 60 s all the same."""
    extra = (
        DESK
        + work("minute", 60_000)
        + """
[flows.hold]
starts = "payment"
methods = ["ach"]
SOURCED_LINES
steps = [ { name = "h_take", acquire = "desk", as = "coded" }, { name = "h_work", work = "minute", as = "coded" },
          { name = "h_leave", release = "desk", as = "coded" } ]
"""
    )
    text = ONE_FUNCTION.format(concurrency=1000, timeout=1, function="",
                               steps='{ name = "b", invoke = "back", as = "coded" }') + extra  # fmt: skip
    text = text.replace("timeout_s = 900", "timeout_s = 3").replace(
        'steps = [ { name = "work", work = "ten", as = "coded" } ]', f"steps = [ {TAKE}, {TEN}, {LEAVE} ]"
    )
    result = World(text, BOTH, services=SERVICES, arrivals_ns=[0, 1000 * MS, at_ms * MS], methods=[1, 0, 0])
    front, back = counted(result, "front"), counted(result, "back")
    assert (front["timeouts"], back["timeouts"]) == (fronts, 1)
    assert (front["billed"], back["billed"]) == (500 + 1000 + front_ms, 500 + 3000 + back_ms)
    assert ends_ms(result) == [60_000, *([] if end_ms is None else [end_ms])]


def test_a_failed_payment_is_no_longer_under_way() -> None:
    """At most one at a time: each works 2 s where 1 s is allowed, and the next is let in all the same."""
    limit = '[most_under_way]\nvalue = 1\nunit = "payment"\nSOURCED_LINES\n'
    steps = f"{SECOND}, {SECOND.replace('second', 'again', 1)}"
    result = world(steps, [0, 10_000, 20_000], extra=limit, timeout=1)
    assert counted(result, "front")["timeouts"] == 3
    assert (result.counts.turned_away, result.counts.outcomes[COHORT, Outcome.FAILED]) == (0, 3)


def test_an_ignored_error_of_a_call_goes_on_with_the_next_step() -> None:
    """A bucket of one token a day: the second payment's call fails at once, three times, and its work is done."""
    quota = '[[quota]]\noperation = "op"\nscope = "account"\nper_second = 0.00001\nburst = 1\nSOURCED_LINES\n'
    law = '[[latency]]\noperation = "op"\nconstant_ms = 5\nSOURCED_LINES\n'
    own = check(Service, read(f'name = "svc"\nprovider = "test"\n[operation.op]\n{quota}{law}'))
    use = USE.replace('as = "coded"', 'as = "coded", on_error = "continue"')
    result = world(f"{use}, {TEN}, {USE}", [0], svc=own)
    assert result.counts.service_throttles == 3
    assert result.counts.outcomes[COHORT, Outcome.FAILED] == 1  # the last call's error is not ignored
    twice = world(f"{use}, {use.replace('use', 'again', 1)}, {TEN}", [0], svc=own)
    pauses = sum(jitter("pay/front/front/again", 0, attempt) for attempt in (0, 1))
    assert twice.finished[0] == (601 + 5 + 10) * MS + pauses


def test_entries_of_a_batch_that_fails_are_taken_again() -> None:
    """Three payments wait; the hourly batch needs the desk, which is held until 1:30: given back at 1:00, done at 2:00,
    each paid once."""
    text = """
[stations.shut]
servers = 1
capacity = 1
SOURCED_LINES
[work.long]
constant_ms = 5400000
SOURCED_LINES
[waits.soon]
hours = 0
SOURCED_LINES
[schedules.hourly]
every_minutes = 60
SOURCED_LINES
[flows.hold]
starts = "payment"
methods = ["ach"]
SOURCED_LINES
steps = [ { name = "in", acquire = "shut", as = "coded" }, { name = "w", work = "long", as = "coded" },
  { name = "out", release = "shut", as = "coded" } ]
[flows.pay]
starts = "payment"
methods = ["card"]
SOURCED_LINES
steps = [ { name = "ok", end = "completed", as = "coded" }, { name = "q", queue = "held", due = "soon", as = "coded" } ]
[flows.send]
starts = "schedule"
schedule = "hourly"
takes = "held"
most_entries = 10
SOURCED_LINES
steps = [ { name = "each", as = "coded", each = [ { name = "in", acquire = "shut", as = "coded" }, { name = "out", release = "shut", as = "coded" }, { name = "pay", when = "first_of_provider", as = "coded", steps = [ { name = "done", end = "done", as = "coded" } ] } ] } ]
"""
    result = World(text, BOTH, services={"lambda": lambda_service()},
                   arrivals_ns=[0, MS, 2 * MS, 3 * MS], methods=[1, 0, 0, 0])  # fmt: skip
    assert result.counts.dead_letters == 1
    assert result.counts.event_retries == 0
    assert result.counts.refused == 1
    assert result.counts.outcomes[COHORT, Outcome.DONE] == 3
    assert amounts(result, "payout") == {20_000: 3}


@pytest.mark.parametrize(("ppm", "net"), [(14_999, 19_700), (14_975, 19_700), (14_974, 19_701), (0, 20_000)])
def test_what_a_provider_gets_is_less_the_commission_half_up(ppm: int, net: int) -> None:
    """$200.00 less 299.98 (300), 299.5 (300), 299.48 (299) cents."""
    sourced = {"source": "test", "read": dt.date(2026, 1, 1), "basis": "published"}
    result = bank(["2026-11-02T10:00"], commission={"value": Decimal(ppm) / 10**6, "unit": "1", **sourced})
    assert amounts(result, "payout") == {net: 1}


# --- queues and schedules -------------------------------------------------------------------------------------------------


def test_batches_are_taken_in_the_order_in_which_entries_came() -> None:
    """Five payments of one moment, two a batch, one batch at a time: 0 and 1, 2 and 3, then 4. The second firing's runs are
    numbered from 2^16 on."""
    plan = World(FILES.format(most=1), flat_scenario(1), arrivals_ns=[0]).plan
    result = Ran(plan, [HOUR // 2] * 5)
    minute = 60_000 * MS
    assert [payment for flow, payment, ns in result.waited if flow == "send" and ns == minute] == [0, 1, 2, 3, 4]
    begun = [run for flow, run, ns in result.waited if flow == "send" and ns == MS and run]
    assert begun[:3] == [(1 << 16), (1 << 16) + 1, (1 << 16) + 2]
    assert begun[3] == 2 << 16  # nothing is due: it runs without entries


def test_a_schedule_fires_no_more_at_the_end_of_the_month() -> None:
    """Hourly over the 720 hours of November, the first at its beginning; what falls on the end is December's."""
    result = Ran(calling(), [HOUR])
    assert [run >> 16 for flow, run, _ in result.waited if flow == "sweep"] == [*range(720)]
    assert result.counts.calls[:, 1].tolist() == [720, 720]


def test_both_bases_count_what_begins_in_the_month() -> None:
    """Two payments of the month, and one at its very end, which is counted by payment only."""
    result = world(TEN, [0, 5_000, 720 * 3_600_000 - 1, 720 * 3_600_000 - 1])
    asked = result.counts.functions[:, 0].tolist()
    assert asked[0] == [2, 1, 0, 0, 0, 520, 0]
    assert asked[1] == [4, 3, 0, 0, 0, 520 + 2 * 510, 0]
    assert result.counts.outcomes[:, Outcome.COMPLETED].tolist() == [2, 4]


def test_a_copy_that_moves_no_money_goes_on() -> None:
    """A message that comes twice where that is looked for: money waits once, but what comes after it is done twice."""
    text = EVENTS.format(share=1)
    old = text[text.index('steps = [ { name = "use"') : text.index("[work.a_day]")]
    new = """steps = [ { name = "q", queue = "held", due = "soon", as = "coded" }, { name = "m", end = "settled", as = "coded" },
  { name = "after", call = "svc.op", as = "coded" } ]
[waits.soon]
hours = 0
SOURCED_LINES
[schedules.hourly]
every_minutes = 60
SOURCED_LINES
[flows.take]
starts = "schedule"
schedule = "hourly"
takes = "held"
most_entries = 10
SOURCED_LINES
steps = [ { name = "each", as = "coded", each = [ { name = "done", end = "done", as = "coded" } ] } ]
"""
    result = World(text.replace(old, new), flat_scenario(1), services=SERVICES, arrivals_ns=[0])
    assert result.counts.calls[COHORT].tolist() == [1, 2]
    assert result.counts.outcomes[COHORT, Outcome.SETTLED] == 1
    assert result.counts.outcomes[COHORT, Outcome.DONE] == 1


# --- luck by name, payment, repeat and attempt --------------------------------------------------------------------------


def lasting(path: str, entity: int, repeat: int = 0, attempt: int = 0, mean_ms: float = 5) -> Any:
    """An exponential time by the draw of its name; the table is exact to 1/64 of a tail, linear between."""
    bits = draw_bits(stream_key(1, "duration", name_key(path)), entity, repeat, attempt)
    return pytest.approx(exponential(bits, mean_ms * MS), rel=1e-3, abs=10)


def test_each_payment_and_each_run_of_a_schedule_meets_its_own_luck() -> None:
    """Payments are drawn for in blocks of 512; those of a third block, too."""
    plan = calling(FAILING.replace("constant_ms = 5", "exponential_mean_ms = 5"))
    result = Ran(plan, [HOUR + payment * MS for payment in range(1100)])
    waited = {(flow, entity): ns for flow, entity, ns in result.waited}
    for payment in (0, 1, 2, 511, 512, 513, 1023, 1024, 1099):
        assert waited["pay", payment] == lasting("pay/use", payment), payment
    for run in (1, 2, 700):
        assert waited["sweep", run << 16] == lasting("sweep/look", run << 16), run


def test_each_attempt_meets_its_own_luck() -> None:
    plan = calling(FAILING.replace("constant_ms = 5", "exponential_mean_ms = 5"))
    start = 2 * HOUR + HOUR // 2
    result = Ran(plan, [start], outages=(((start, start + 1),),))
    first, second = [ns for flow, _, ns in result.waited if flow == "pay"]
    assert first - jitter("pay/use", 0, 0) == lasting("pay/use", 0)
    assert second == lasting("pay/use", 0, 0, 1)


def test_a_duplicate_and_an_event_tried_again_meet_other_luck() -> None:
    """A duplicate's repeats are 2^16 higher; each try of an event is one more. Whichever thinks less takes the only place
    for a day; the other comes again after one minute and after two."""
    text = EVENTS.format(share=1)
    text = text.replace('{ name = "fail"', '{ name = "think", work = "short", as = "coded" }, { name = "fail"')
    text += "[work.short]\nexponential_mean_ms = 1000\nSOURCED_LINES\n"
    result = Ran(World(text, flat_scenario(1), services=SERVICES, arrivals_ns=[0]).plan, [0])
    thought = [ns for flow, _, ns in result.waited if flow == "told" and ns not in (5 * MS, 24 * HOUR)]
    later = 0 if thought[0] > thought[1] else 1 << 16
    assert thought == [lasting("told/think", 0, repeat, 0, 1000) for repeat in (0, 1 << 16, later + 1, later + 2)]


def test_whether_a_message_comes_twice_is_decided_anew_at_each_try() -> None:
    """Of each telling's own messages half come twice, by the draw of its name, payment and repeat. The first payment's
    telling takes the only place at once; all others fail and are tried again twice."""
    text = EVENTS.format(share="0.5").replace(
        '{ name = "use", call = "svc.op",', '{ name = "use", call = "svc.op", starts = "last",'
    )
    text += '[flows.last]\nstarts = "event"\nSOURCED_LINES\nsteps = [ { name = "w", work = "a_day", as = "coded" } ]\n'
    payments = 12
    plan = World(text, flat_scenario(1), services=SERVICES, arrivals_ns=[0]).plan
    result = Ran(plan, [k * HOUR for k in range(payments)])

    def twice(path: str, payment: int, repeat: int) -> int:
        return int(draw_bits(stream_key(1, "choice", name_key(path)), payment, repeat) < 2**63)

    copies = [twice("pay/tell/delivery", payment, 0) for payment in range(payments)]
    tries = [(payment, repeat) for payment in range(payments) for repeat in (0, 1, 2) if payment or not repeat]
    tries += [(payment, (1 << 16) + n) for payment in range(payments) if copies[payment] for n in (0, 1, 2)]
    told = [
        sum(1 + twice("told/use/delivery", *one) for one in tries if one[0] == payment) for payment in range(payments)
    ]
    last = [payment for flow, payment, _ in result.waited if flow == "last"]
    assert [last.count(payment) for payment in range(payments)] == told
    assert result.counts.duplicates == sum(copies) + sum(told) - len(tries)
    assert result.counts.calls[COHORT].tolist() == [payments, len(tries)]


def test_the_last_payment_of_the_month_is_followed_to_its_end() -> None:
    """It comes a millisecond before the end, and is the only one."""
    last = 720 * HOUR - MS
    result = world(TEN, [last / MS])
    assert ends_ms(result) == [last / MS + 601 + 10]


def test_each_latency_is_counted_once_at_its_value() -> None:
    """The whole form took 611 ms cold, then 11 ms twice; the step that is timed as the payment 10 ms each time. A payment
    of the lead-in would not count, nor does one that fails."""
    timed = TEN.replace('as = "coded"', 'as = "coded", timer = "payment"')
    counts = world(timed, [0, 5_000, 10_000]).counts
    for which, took in ((0, [10, 10, 10]), (1, [11, 11, 611])):
        found = np.flatnonzero(counts.latency[which])
        expected = sorted({ms * MS for ms in took})
        assert bin_values(found).tolist() == pytest.approx(expected, rel=2**-10)
        assert counts.latency[which][found].tolist() == [took.count(ms // MS) for ms in expected]
        assert (counts.latency_sum[which], counts.latency_max[which]) == (sum(took) * MS, max(took) * MS)
    lost = world(f"{SECOND}, {SECOND.replace('second', 'again', 1)}", [0], timeout=1).counts
    assert lost.latency.sum() == sum(lost.latency_sum) == max(lost.latency_max) == 0
