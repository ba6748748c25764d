"""Strands that go ahead of the compiled engine's clock: the same run as in order, and as the reference engine's.

Every expected value is the reference engine's own, which does everything in order, on SimPy.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from costmodel.simulation import layout as at
from costmodel.simulation.ahead import plain_steps, roomy_quotas, tables_of_moment
from costmodel.simulation.compiled import Compiled
from tests.test_compiled import assert_equal, outcome, random_run, shipped

SHORT = (("workload.days", "0.02"), ("lead_in_days", "0.01"))
SHORTER = (("workload.days", "0.005"), ("lead_in_days", "0.005"))


def in_order(*run: Any) -> Compiled:
    """An engine that does everything in order from the start."""
    engine = Compiled(*run)
    engine.in_order = True
    engine._begin()
    return engine


@settings(max_examples=40, derandomize=True)
@given(st.integers(0, 2**32), st.integers(1, 4))
def test_random_pipelines_at_any_nanosecond_are_equal(number: int, most: int) -> None:
    assert_equal(*random_run(number, most, fine=True))


def test_few_runs_leave_a_doubt_and_all_go_ahead() -> None:
    """So that the test above is one of strands that are ahead: of 20 of its runs, and by the number of events filed."""
    ahead = doubtful = 0
    for number in range(20):
        engine = Compiled(*random_run(number, 4, fine=True))
        engine.run()
        doubtful += engine.in_order
        ordered = in_order(*random_run(number, 4, fine=True))
        ordered.run()
        ahead += engine.k[at.EIDS] < ordered.k[at.EIDS]
    assert doubtful <= 3
    assert ahead >= 12


def test_the_shipped_pipeline_goes_ahead_without_a_doubt() -> None:
    run = shipped("hourly_10k", SHORT)
    engine, ordered = Compiled(*run), in_order(*run)
    assert outcome(lambda *_: engine, *run)[0] == outcome(lambda *_: ordered, *run)[0]
    assert not engine.in_order
    assert engine.k[at.EIDS] < ordered.k[at.EIDS] / 2


def test_events_of_one_nanosecond_are_told_in_order() -> None:
    """Where all takes whole milliseconds and much happens at once, many runs must be done again."""
    assert sum(is_done_again(*random_run(number, 4)) for number in range(16)) >= 4


def is_done_again(*run: Any) -> bool:
    """Whether a run left a doubt; its counts are those of one that was in order from the start."""
    engine = Compiled(*run)
    assert outcome(lambda *_: engine, *run)[0] == outcome(lambda *_: in_order(*run), *run)[0]
    return engine.in_order


def test_a_short_quota_is_told_in_order() -> None:
    """47 write units a payment are 131 a second on average; the table of fraud events alone takes 16 of them."""
    run = shipped("hourly_10k", (*SHORTER, ("services.dynamodb.quota.write_request_units.per_second", 60)))
    assert is_done_again(*run)
    assert_equal(*run)


def test_a_quota_without_room_is_no_place_to_go_ahead() -> None:
    """Two calls at once, one a second: no call of it may come before its time, and none is doubtful."""
    plan, *_ = random_run(0, 4, fine=True)
    tight = [quota.name for quota, roomy in zip(plan.quotas, roomy_quotas(plan), strict=True) if not roomy]
    assert all("scarce" in name for name in tight)
    for step, plain in zip(plan.steps, plain_steps(plan, roomy_quotas(plan)), strict=True):
        assert plain == (step.operation != "scarce")


def test_a_table_that_is_read_whole_and_added_to_is_of_moment() -> None:
    plan, *_ = shipped("hourly_10k", SHORT)
    names = {plan.tables[table].name for table in tables_of_moment(plan)}
    assert "transaction" in names  # each payment adds a row, and the check of its device reads them all
    assert "user_profile" not in names  # read whole by notifications, never added to
