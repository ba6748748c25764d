"""Months of many payments, simulated for a shorter time at the full rate."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from costmodel.assumptions.catalog import Assumptions, load_assumptions
from costmodel.assumptions.changes import changes_from
from costmodel.simulation.payments import month_hours_of

FEWEST = 5  # replications, so that there is an interval
HOURS_PER_DAY = 24
WARM_UP_MINUTES = 5
MINUTES_PER_DAY = 24 * 60


def shortened(scenario: str, changes: Mapping[str, Any], data: Path | str | None) -> dict[str, Any]:
    """What to set besides, so that a month costs no more than the scenario's own month with its replications.

    A month of more payments than the scenario replicates (`replicate_up_to_payments`) is simulated for as many days as
    hold that number, at the full rate, after some minutes in which environments get warm; always a few times over.
    """
    assumed = load_assumptions(scenario, data=Path(data) if data else None, changes=changes_from(changes))
    month = assumed.scenario
    budget = month.replicate_up_to_payments
    each = budget // FEWEST
    asked: dict[str, Any] = {"replications": FEWEST, "replicate_up_to_payments": FEWEST * budget}
    if month.workload.days is None and month.workload.payments_per_month > each:
        asked["workload.days"] = month_days(assumed) * each / month.workload.payments_per_month
        asked["lead_in_days"] = Decimal(WARM_UP_MINUTES) / MINUTES_PER_DAY
    return {path: value for path, value in asked.items() if path not in changes}


def month_days(assumed: Assumptions) -> Decimal:
    """The days of the scenario's month."""
    return Decimal(month_hours_of(assumed.scenario)) / HOURS_PER_DAY
