"""What the engine does, in worlds small enough to work out by hand. Times in ms; every law is a constant."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest

from costmodel.assumptions.checking import check
from costmodel.assumptions.service import Service
from tests.worlds import LINES, World, flat_scenario, lambda_service, one_operation, read

MS = 10**6
ONE_FUNCTION = """
[account_concurrency]
value = {concurrency}
unit = "environment"
SOURCED_LINES
[functions.front]
memory_mb = 1024
timeout_s = {timeout}
architecture = "arm64"
runtime = "nodejs20"
SOURCED_LINES
{function}
[functions.back]
memory_mb = 512
timeout_s = 900
architecture = "x86_64"
runtime = "nodejs20"
SOURCED_LINES
[work.ten]
constant_ms = 10
SOURCED_LINES
[work.second]
constant_ms = 1000
SOURCED_LINES
[handlers.front]
function = "front"
SOURCED_LINES
steps = [ {steps} ]
[handlers.back]
function = "back"
SOURCED_LINES
steps = [ {{ name = "work", work = "ten", as = "coded" }} ]
[flows.pay]
starts = "payment"
methods = ["card"]
SOURCED_LINES
steps = [ {{ name = "front", invoke = "front", as = "coded" }}, {{ name = "end", end = "completed", as = "coded" }} ]
"""


def world(
    arrivals_ms: list[float], steps: str = '{ name = "work", work = "ten", as = "coded" }', *, concurrency: int = 1000,
    timeout: int = 60, function: str = "", extra: str = "", platform: dict[str, int] | None = None,
) -> World:  # fmt: skip
    text = ONE_FUNCTION.format(concurrency=concurrency, timeout=timeout, steps=steps, function=function) + extra
    services = {"lambda": lambda_service(**(platform or {})), "svc": one_operation()}
    return World(text, flat_scenario(1), services=services, arrivals_ns=[round(ms * MS) for ms in arrivals_ms])


def counted(result: World, function: str) -> dict[str, int]:
    index = [plan.name for plan in result.plan.functions].index(function)
    names = ("invocations", "cold_starts", "throttles", "retries", "timeouts", "billed", "provisioned")
    return dict(zip(names, map(int, result.counts.functions[1, index]), strict=True))


def ends_ms(result: World) -> list[float]:
    return [result.finished[k] / MS for k in sorted(result.finished)]


# The test platform: a warm invocation adds 1 ms for its caller; a cold one 100 (placement) + 200 (INIT) + 300 (code).


def test_first_is_cold_second_is_warm_and_init_is_billed() -> None:
    result = world([0, 5_000])
    assert ends_ms(result) == [1 + 600 + 10, 5_000 + 1 + 10]
    assert counted(result, "front") | {"invocations": 2, "cold_starts": 1, "billed": 500 + 10 + 10} == counted(
        result, "front"
    )


def test_init_was_not_billed_before_the_rule_changed() -> None:
    assert counted(world([0, 5_000], platform={"init_billed": 0}), "front")["billed"] == 10 + 10


def test_simultaneous_requests_need_an_environment_each() -> None:
    result = world([0, 0, 0])
    assert counted(result, "front")["cold_starts"] == 3
    assert int(result.counts.peak[0]) == 3


@pytest.mark.parametrize(("gap_s", "cold"), [(629, 1), (630, 1), (631, 2)])
def test_idle_environments_live_for_the_keep_alive(gap_s: int, cold: int) -> None:
    """Idle from 0.611 s on; keep-alive 630 s."""
    assert counted(world([0, 611 + gap_s * 1000 - 1]), "front")["cold_starts"] == cold


def test_environments_do_not_live_for_ever() -> None:
    """Asked every 600 s, an environment is never idle too long, but is retired after its life of 7,200 s."""
    assert counted(world([k * 600_000 for k in range(14)]), "front")["cold_starts"] == 2


def test_the_most_recently_used_environment_is_taken() -> None:
    """Two environments at 0; one request a minute keeps only one of them alive, so two at 800 s need a new one."""
    arrivals = [0, 0, *[60_000 * k for k in range(1, 14)], 800_000, 800_000]
    assert counted(world(arrivals), "front")["cold_starts"] == 3


def test_a_caller_holds_its_environment_while_it_waits() -> None:
    """The caller's billed time contains the callee's cold start and work: 10 + 1 + 600 + 10, with 500 of INIT."""
    steps = '{ name = "a", work = "ten", as = "coded" }, { name = "b", invoke = "back", as = "coded" }'
    result = world([0], steps)
    assert ends_ms(result) == [601 + 10 + 601 + 10]
    assert counted(result, "front")["billed"] == 500 + 10 + 601 + 10
    assert counted(result, "back")["billed"] == 500 + 10


def test_parallel_calls_take_as_long_as_the_longest() -> None:
    branches = [
        '{ name = "x", work = "ten", as = "coded" }',
        '{ name = "y", work = "second", as = "coded" }',
        '{ name = "z", call = "svc.op", as = "coded" }',
    ]
    steps = f'{{ name = "p", as = "coded", parallel = [ {", ".join(f"[ {branch} ]" for branch in branches)} ] }}'
    result = world([0], steps)
    assert ends_ms(result) == [601 + 1000]
    assert result.counts.calls[1].tolist() == [1]


def test_account_concurrency_throttles_and_callers_try_again() -> None:
    """One environment at a time: the second request is refused at once, tries again twice, and fails."""
    result = world([0, 0], concurrency=1)
    assert counted(result, "front")["throttles"] == 3
    assert counted(result, "front")["retries"] == 2
    assert result.counts.outcomes[1, 3] == 1  # failed
    assert result.counts.outcomes[1, 1] == 1  # completed


def test_a_retry_succeeds_once_the_environment_is_free() -> None:
    """Warm, 10 ms of work; back-offs of up to 10 and 20 ms: of 200 pairs some second requests get through."""
    arrivals = [0.0] + [10_000.0 + 1000 * k + d for k in range(200) for d in (0, 5)]
    result = world(arrivals, concurrency=1)
    assert 0 < counted(result, "front")["invocations"] - 201 < 200


def test_reserved_concurrency_bounds_a_function_and_provisioned_environments_are_never_cold() -> None:
    assert counted(world([0, 0, 0], function="reserved_concurrency = 2"), "front")["throttles"] == 3
    result = counted(world([0, 0, 0], function="provisioned_concurrency = 2"), "front")
    assert (result["cold_starts"], result["provisioned"], result["billed"]) == (1, 20, 510)


def test_new_environments_come_at_a_limited_rate() -> None:
    """Two at once, then one each 5 s (a bucket of 2 refilled at 2 per 10 s): the third at 0 is refused for good."""
    result = counted(world([0, 0, 0, 5_000], "{ name = \"w\", work = \"second\", as = \"coded\" }",
                           platform={"scale_per_10s": 2}), "front")  # fmt: skip
    assert (result["cold_starts"], result["throttles"]) == (2, 3)


def test_a_timeout_is_billed_to_the_limit_loses_the_environment_and_lets_the_callee_run_on() -> None:
    """The front may take 1 s. First its own work takes all of it; then its callee's cold start takes longer."""
    steps = '{ name = "s", work = "second", as = "coded" }, { name = "b", invoke = "back", as = "coded" }'
    result = world([0], steps, timeout=1)
    front, back = counted(result, "front"), counted(result, "back")
    assert (front["timeouts"], front["billed"]) == (1, 500 + 1000)
    assert back["invocations"] == 0  # the deadline fell into the way to the callee
    assert result.counts.outcomes[1, 3] == 1
    inner = ", ".join(['{ name = "a", work = "ten", as = "coded" }', '{ name = "b", invoke = "back", as = "coded" }'])
    slow_back = world([0], inner, timeout=1, platform={"placement_ms": 2000})
    front, back = counted(slow_back, "front"), counted(slow_back, "back")
    assert (front["timeouts"], front["billed"]) == (1, 500 + 1000)
    assert (back["invocations"], back["billed"]) == (1, 500 + 10)


def test_an_answer_at_the_deadline_is_in_time() -> None:
    result = world([0], '{ name = "s", work = "second", as = "coded" }', timeout=1)
    assert counted(result, "front")["timeouts"] == 0


def test_keep_alive_meets_its_closed_form() -> None:
    """P(cold) = exp(-lambda T) for Poisson arrivals and hardly any service time (12,000 arrivals, 216 s apart)."""
    number, apart_s = 12_000, 216
    text = ONE_FUNCTION.format(
        concurrency=1000, timeout=60, steps='{ name = "w", work = "ten", as = "coded" }', function=""
    )
    services = {"lambda": lambda_service(life_s=10**8), "svc": one_operation()}
    result = World(text, flat_scenario(number), services=services)
    expected = math.exp(-630 / apart_s)
    error = math.sqrt(expected * (1 - expected) / number)
    assert counted(result, "front")["cold_starts"] / number == pytest.approx(expected, abs=4 * error)


# --- places at a station, deadlines, shares of quotas: what a failure must not keep ------------------------------------

DESK = """
[stations.desk]
servers = 1
SOURCED_LINES
"""
TAKE, LEAVE = '{ name = "take", acquire = "desk", as = "coded" }', '{ name = "leave", release = "desk", as = "coded" }'
TEN, SECOND = '{ name = "ten", work = "ten", as = "coded" }', '{ name = "second", work = "second", as = "coded" }'
USE = '{ name = "use", call = "svc.op", as = "coded" }'


def test_a_station_serves_one_after_the_other() -> None:
    """Cold at the same time: the second waits for the first one's 10 ms."""
    result = world([0, 0], f"{TAKE}, {TEN}, {LEAVE}", extra=DESK)
    assert ends_ms(result) == [601 + 10, 601 + 20]


def test_branches_hold_places_of_their_own() -> None:
    """Two branches of one payment use the desk in turn, 10 ms each; neither leaves the other's place."""
    branch = f"[ {TAKE}, {TEN}, {LEAVE} ]"
    result = world([0], f'{{ name = "p", as = "coded", parallel = [ {branch}, {branch} ] }}', extra=DESK)
    assert ends_ms(result) == [601 + 20]


def test_a_wait_for_a_place_ends_at_the_deadline() -> None:
    """1 s is all the front may take, and the desk is held for 990 ms. The second gets the place 10 ms before its own
    deadline and is cut off in its work; a third waits until then and is never served. Neither makes the call."""
    steps = f'{TAKE}, {{ name = "w", work = "most", as = "coded" }}, {LEAVE}, {USE}'
    extra = DESK + "[work.most]\nconstant_ms = 990\nSOURCED_LINES\n"
    result = world([0, 0], steps, timeout=1, extra=extra)
    assert counted(result, "front")["timeouts"] == 1
    assert result.counts.calls[1].tolist() == [1]
    third = world([0, 0, 0], steps, timeout=1, extra=extra)
    assert counted(third, "front")["timeouts"] == 2
    assert ends_ms(third) == [601 + 990 + 5]


def test_whoever_waits_in_vain_leaves_the_queue() -> None:
    """The first holds the desk for 3 s, outside of any function. The second, in a function of at most 1 s, gives up;
    the third comes after that and is the next to be served."""
    extra = (
        DESK
        + """
[flows.hold]
starts = "payment"
methods = ["ach"]
SOURCED_LINES
steps = [ { name = "h_take", acquire = "desk", as = "coded" }, { name = "h_work", work = "three", as = "coded" },
          { name = "h_leave", release = "desk", as = "coded" } ]
[work.three]
constant_ms = 3000
SOURCED_LINES
"""
    )
    text = ONE_FUNCTION.format(concurrency=1000, timeout=1, steps=f"{TAKE}, {LEAVE}", function="") + extra
    scenario = flat_scenario(1, methods={"card": Decimal("0.5"), "ach": Decimal("0.5")})
    services = {"lambda": lambda_service(), "svc": one_operation()}
    result = World(text, scenario, services=services, arrivals_ns=[0, 0, 2_900 * MS], methods=[1, 0, 0])
    assert counted(result, "front")["timeouts"] == 1  # billed for the second it waited, beside its cold start
    assert counted(result, "front")["billed"] == 500 + 1000 + 500
    assert ends_ms(result) == [3000, 2900 + 601]


def test_what_fails_between_taking_and_leaving_a_place_leaves_it() -> None:
    """The back may not take 1 s: the front's call of it fails while it holds the desk, three times over, and is let
    go each time; a payment a minute later finds the desk free."""
    steps = f'{TAKE}, {{ name = "b", invoke = "back", as = "coded" }}, {LEAVE}'
    slow = '{ name = "work", work = "ten", as = "coded" }'
    text = ONE_FUNCTION.format(concurrency=1000, timeout=60, steps=steps, function="").replace(slow, SECOND)
    text = text.replace("timeout_s = 900", "timeout_s = 1").replace("constant_ms = 1000", "constant_ms = 1001") + DESK
    services = {"lambda": lambda_service(), "svc": one_operation()}
    result = World(text, flat_scenario(1), services=services, arrivals_ns=[0, 60_000 * MS])
    assert result.counts.outcomes[1, 3] == 2  # failed, each on its own account
    assert counted(result, "back")["timeouts"] == 2


def test_after_the_deadline_no_further_call_is_made() -> None:
    """The front may take 1 s; its two branches take 2 s. What comes after them does not happen."""
    long = f"[ {SECOND}, {SECOND.replace('second', 'again', 1)} ]"
    result = world([0], f'{{ name = "p", as = "coded", parallel = [ {long}, {long} ] }}, {USE}', timeout=1)
    assert counted(result, "front")["timeouts"] == 1
    assert result.counts.calls[1].tolist() == [0]


def test_a_branch_whose_callee_is_lost_and_whose_caller_is_lost_later_still_joins() -> None:
    """A branch calls the middle (at most 2 s), which calls the slow back (at most 1 s), ignores that it was lost, and
    calls the far (15 minutes); then the middle is lost, too, and the branch ignores that. The payment ends with its
    branches, though the far runs on for half a minute."""
    text = ONE_FUNCTION.format(concurrency=1000, timeout=60, function="", steps="""
      { name = "p", as = "coded", parallel = [
        [ { name = "m", invoke = "middle", as = "coded", on_error = "continue" } ],
        [ { name = "t", work = "ten", as = "coded" } ] ] } """)  # fmt: skip
    text = text.replace("timeout_s = 900", "timeout_s = 1").replace('"work", work = "ten"', '"work", work = "long"')
    text += """
[functions.middle]
memory_mb = 512
timeout_s = 2
architecture = "x86_64"
runtime = "nodejs20"
SOURCED_LINES
[functions.far]
memory_mb = 512
timeout_s = 900
architecture = "x86_64"
runtime = "nodejs20"
SOURCED_LINES
[work.long]
constant_ms = 30000
SOURCED_LINES
[handlers.middle]
function = "middle"
SOURCED_LINES
steps = [ { name = "b", invoke = "back", as = "coded", on_error = "continue" }, { name = "f", invoke = "far", as = "coded" } ]
[handlers.far]
function = "far"
SOURCED_LINES
steps = [ { name = "l", work = "long", as = "coded" } ]
"""
    services = {"lambda": lambda_service(), "svc": one_operation()}
    result = World(text, flat_scenario(1), services=services, arrivals_ns=[0])
    # front cold 601, middle cold 601, of which its own limit counts from the end of INIT: 2 s later it is lost
    assert ends_ms(result) == [601 + 601 + 2000]
    assert counted(result, "middle")["timeouts"] == counted(result, "back")["timeouts"] == 1
    assert counted(result, "far")["billed"] == 500 + 30_000


def test_a_call_refused_by_one_quota_takes_nothing_from_the_other() -> None:
    """An operation counts against a quota of 10 (one more in 10 s) and one of 1 (one more a second). Five at once: one
    passes, four are refused at each of their three attempts; nine more, a second apart, pass: no token was lost."""
    quota = "".join(
        f'[[quota]]\noperation = "{name}"\nscope = "account"\nper_second = {rate}\nburst = {burst}\n{LINES}\n'
        for name, rate, burst in (("op", 0.1, 10), ("*", 1, 1))
    )
    laws = f'[[latency]]\noperation = "op"\nconstant_ms = 5\n{LINES}\n'
    service = check(Service, read(f'name = "svc"\nprovider = "test"\n[operation.op]\n{quota}{laws}'))
    services = {"lambda": lambda_service(), "svc": service}
    text = ONE_FUNCTION.format(concurrency=1000, timeout=60, steps=TEN, function="")
    text = text.replace('{ name = "front", invoke = "front", as = "coded" }', USE)
    arrivals = [0] * 5 + [1_000 * MS * k for k in range(2, 11)]
    result = World(text, flat_scenario(1), services=services, arrivals_ns=arrivals)
    assert result.counts.service_throttles == 4 * 3
    assert result.counts.calls[1].tolist() == [1 + 9]
