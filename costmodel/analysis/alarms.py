"""Which limits of a policy a report passes. A figure alarms only if the near end of its interval does."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from costmodel.analysis.movement import Movement
from costmodel.assumptions.policy import Limit, Policy, Severity


@dataclass(frozen=True)
class Alarm:
    """A limit that a figure passed: by how much it moved for sure, in its unit and in percent (None: from nothing).

    moved_percent: by how much it moved at all, other luck left out.
    """

    limit: Limit
    kind: str
    figure: str
    severity: Severity
    sure: Decimal
    percent: Decimal | None
    moved_percent: Decimal

    def only_warning(self) -> Alarm:
        """The same, not blocking."""
        return dataclasses.replace(self, severity="warn")

    def to_dict(self) -> dict[str, Any]:
        """JSON: decimals as strings."""
        return {
            "limit": self.limit.id,
            "kind": self.kind,
            "figure": self.figure,
            "severity": self.severity,
            "sure": f"{self.sure:f}",
            "percent": None if self.percent is None else f"{self.percent:.4f}",
            "message": self.limit.message,
        }


def alarms(policy: Policy, scenario: str, found: tuple[Movement, ...]) -> tuple[tuple[Alarm, ...], tuple[str, ...]]:
    """The limits passed, blocking ones first; and the ids of limits that no figure of this scenario is about."""
    sounded, unmatched = [], []
    for limit in policy.limit:
        if not limit.is_for(scenario):
            continue
        about = [movement for movement in found if limit.matches(movement.kind, movement.name)]
        sounded += [_alarm(limit, movement) for movement in about if passes(limit, movement)]
        if not about:
            unmatched.append(limit.id)
    return tuple(sorted(sounded, key=lambda alarm: alarm.severity)), tuple(unmatched)


def passes(limit: Limit, movement: Movement) -> bool:
    """Whether every bound that the limit names is passed, by more than luck explains."""
    sure = movement.near_end
    if not sure or (limit.direction == "up" and sure < 0) or (limit.direction == "down" and sure > 0):
        return False
    percent = movement.percent(abs(sure))
    bounds = (
        limit.absolute is None or abs(sure) > limit.absolute,
        limit.percent is None or percent is None or percent > limit.percent,
        limit.budget is None or _crosses(limit.budget, movement),
    )
    return all(bounds)


def _crosses(budget: Decimal, movement: Movement) -> bool:
    """From within the budget to beyond it; what was beyond it before is no news."""
    before = movement.before or Decimal(0)
    return before <= budget < before + movement.near_end


def _alarm(limit: Limit, movement: Movement) -> Alarm:
    sure = movement.near_end
    return Alarm(limit, movement.kind, movement.name, limit.severity, sure, movement.percent(sure),
                 movement.percent(movement.meant) or Decimal(0))  # fmt: skip
