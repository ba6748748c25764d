"""Months of many payments, simulated for a shorter time at the full rate."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from costmodel.assumptions.scenario import Scenario
from costmodel.assumptions.shortened import Shortened, load_shortened
from costmodel.run import assume
from costmodel.simulation.payments import month_hours_of

FEWEST = 5  # replications, so that there is an interval
HOURS_PER_DAY = 24
MINUTES_PER_DAY = 24 * 60


def shortened(
    scenario: str, changes: Mapping[str, Any], data: Path | str | None, replications: int = FEWEST
) -> dict[str, Any]:
    """What to set besides, so that a month costs no more than the scenario's own month with its replications.

    A month of more payments than the scenario replicates (`replicate_up_to_payments`) is simulated for as many days as
    hold that number, at the full rate, once environments are warm; always so many `replications`.
    """
    month, rule = assume(scenario, changes, data).scenario, load_shortened(Path(data) if data else None)
    return {path: value for path, value in fitted(month, replications, rule).items() if path not in changes}


def fitted(month: Scenario, replications: int, rule: Shortened) -> dict[str, Any]:
    """The same for a scenario at hand."""
    budget, workload = month.replicate_up_to_payments, month.workload
    each = budget // replications
    asked: dict[str, Any] = {"replications": replications, "replicate_up_to_payments": replications * budget}
    if workload.days is None and workload.payments_per_month > each:
        days = Decimal(month_hours_of(month)) / HOURS_PER_DAY
        asked["workload.days"] = days * each / workload.payments_per_month
        asked["lead_in_days"] = rule.warm_up_minutes.value / MINUTES_PER_DAY
    return asked
