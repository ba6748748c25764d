"""Which steps of a plan strands may carry out ahead of the compiled engine's clock; `kernel_ahead` says why."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Any

import numpy as np

from costmodel.simulation.layout import MOST_AHEAD_NS
from costmodel.simulation.plan import Plan, QuotaPlan, StepPlan

CALLS_LEFT = 2  # of the dearest kind: what a quota must have room for beside what strands may be ahead by


def plain_steps(plan: Plan, roomy: Sequence[bool]) -> list[bool]:
    """Of each step, whether all its quotas are roomy, as `roomy_quotas` tells."""
    return [all(roomy[quota] for quota in step.quotas) for step in plan.steps]


def roomy_quotas(plan: Plan) -> list[bool]:
    """Of each quota, whether its depth lets strands be ahead."""
    dearest: list[list[Any]] = [[] for _ in plan.quotas]
    growing = tables_of_moment(plan)
    for step in plan.steps:
        tokens = most_tokens(plan, step, step.table in growing)
        for quota in step.quotas:
            dearest[quota].append(tokens)
    return [_is_roomy(quota, tokens) for quota, tokens in zip(plan.quotas, dearest, strict=True)]


def most_tokens(plan: Plan, step: StepPlan, grows: bool) -> Any:
    """What one call takes at most: a scan reads no more than a page, or than its table if that does not grow."""
    if not step.scan_chunk_bytes:
        return step.units
    table = plan.tables[step.table]
    size = table.scan_page_bytes or (inf if grows else table.opening_rows * table.row_bytes)
    return step.units * np.maximum(1, np.ceil(np.asarray(size / step.scan_chunk_bytes, np.float64)))


def tables_of_moment(plan: Plan) -> set[int]:
    """Tables of which some steps read all and to which others add: until they are large, what comes first matters."""
    scanned = {step.table for step in plan.steps if step.scan_chunk_bytes}
    return {step.table for step in plan.steps if step.adds_row and step.table in scanned}


def _is_roomy(quota: QuotaPlan, tokens: list[Any]) -> bool:
    left = quota.interval_ns * quota.burst - MOST_AHEAD_NS
    return all(bool(np.all(left >= CALLS_LEFT * most * quota.interval_ns)) for most in tokens)
