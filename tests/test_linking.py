"""Pipelines whose parts do not fit together are refused, with the place and what to do."""

from __future__ import annotations

import pytest

from costmodel.errors import InputError
from tests.worlds import assumptions_of, flat_scenario, lambda_service

FLOW = """
[flows.pay]
starts = "payment"
methods = ["card"]
SOURCED_LINES
steps = [ STEPS ]
[stations.desk]
servers = 1
SOURCED_LINES
[work.ten]
constant_ms = 10
SOURCED_LINES
"""
TAKE, LEAVE = '{ name = "t", acquire = "desk", as = "coded" }', '{ name = "l", release = "desk", as = "coded" }'
WORK = '{ name = "w", work = "ten", as = "coded" }'
PLACES = [
    (f"{TAKE}, {WORK}", "flows.pay.steps[0].acquire", "never left"),
    (f"{WORK}, {LEAVE}", "flows.pay.steps[1].release", "no place at `desk` was taken here"),
    (f"{TAKE}, {LEAVE}, {LEAVE}", "flows.pay.steps[2].release", "no place"),
    (f'{TAKE}, {{ name = "p", as = "coded", parallel = [ [ {LEAVE} ] ] }}, {LEAVE}',
     "flows.pay.steps[1].parallel[0][0].release", "no place"),
]  # fmt: skip


@pytest.mark.parametrize(("steps", "key", "wrong"), PLACES, ids=[case[1] for case in PLACES])
def test_a_place_is_taken_and_left_in_the_same_list_of_steps(steps: str, key: str, wrong: str) -> None:
    with pytest.raises(InputError) as refused:
        assumptions_of(FLOW.replace("STEPS", steps), flat_scenario(1), {"lambda": lambda_service()})
    (problem,) = refused.value.problems
    assert (problem.key, wrong in problem.wrong, problem.line is not None) == (key, True, True)
