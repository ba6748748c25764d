"""One side's month simulated for what it costs and what it leaves behind: rows, files, money under way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from costmodel.assumptions.catalog import Assumptions
from costmodel.billing.metering import BYTES_PER_GB, meter
from costmodel.billing.usage import UsageRow
from costmodel.simulation.counts import BASES, Counts
from costmodel.simulation.plan import Outcome, Plan

BANKING_DAYS, WEEK_DAYS = 5, 7
CENTS = 100


@dataclass(frozen=True)
class MonthLeft:
    """A month of a growing business: its usage, payments completed, USD offered, and what it leaves behind.

    rows: by table; files_gb: by service, beside the tables; days_held: mean calendar days from a payment to its payout.
    """

    assumptions: Assumptions
    usage: list[UsageRow]
    completed: Decimal
    volume_usd: Decimal
    rows: dict[str, Decimal]
    files_gb: dict[str, Decimal]
    days_held: Decimal


def month_left(assumptions: Assumptions, engine: str) -> MonthLeft:
    """Simulate and meter a month, without pricing it."""
    from costmodel.simulation.compiling import compile_plan
    from costmodel.simulation.replications import simulate

    plan = compile_plan(assumptions)
    simulated = simulate(plan, assumptions, None, None, engine)
    runs, period = simulated.runs, simulated.period
    share = 1 / (period.months * len(runs))
    basis = BASES.index(assumptions.scenario.horizon)
    done = sum(int(counts.outcomes[1, Outcome.COMPLETED]) for counts in runs)
    return MonthLeft(
        assumptions=assumptions,
        usage=meter(runs, plan, assumptions, period),
        completed=done * share,
        volume_usd=Decimal(simulated.payments.offered_cents) / CENTS / period.months,
        rows=_rows(runs, plan, basis, share),
        files_gb=_files_gb(runs, plan, basis, share),
        days_held=_days_held(runs),
    )


def _rows(runs: Sequence[Counts], plan: Plan, basis: int, share: Decimal) -> dict[str, Decimal]:
    """Rows put into each table, a month."""
    found = {table.name: Decimal(0) for table in plan.tables}
    for index, step in enumerate(plan.steps):
        if step.adds_row:
            found[plan.tables[step.table].name] += share * sum(int(counts.calls[basis, index]) for counts in runs)
    return found


def _files_gb(runs: Sequence[Counts], plan: Plan, basis: int, share: Decimal) -> dict[str, Decimal]:
    """GB put into what is no table, a month."""
    found: dict[str, Decimal] = {}
    for index, step in enumerate(plan.steps):
        if step.stores_bytes and step.table < 0:
            calls = share * sum(int(counts.calls[basis, index]) for counts in runs)
            gb = calls * step.stores_bytes / BYTES_PER_GB
            found[step.service] = found.get(step.service, Decimal(0)) + gb
    return found


def _days_held(runs: Sequence[Counts]) -> Decimal:
    """Mean calendar days until the provider is paid, from banking days: seven for five."""
    days = np.sum([counts.paid_days for counts in runs], axis=0)
    paid = int(days.sum())
    weighted = int((days * np.arange(len(days))).sum())
    return Decimal(weighted) / paid * WEEK_DAYS / BANKING_DAYS if paid else Decimal(0)
