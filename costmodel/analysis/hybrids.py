"""Assumptions that are those of one scenario in some respects (causes), and those of another in the others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from costmodel.assumptions.catalog import Assumptions
from costmodel.assumptions.fields import Record
from costmodel.assumptions.pipeline import Pipeline
from costmodel.assumptions.scenario import Scenario, Workload
from costmodel.assumptions.service import Service

Cause = Literal["volume", "ticket size", "payment methods", "prices", "configuration", "simulation"]
CAUSES: tuple[Cause, ...] = ("volume", "ticket size", "payment methods", "prices", "configuration", "simulation")
REST: Cause = "configuration"  # what stands nowhere else
WORKLOAD: dict[str, Cause] = {
    "payments_per_month": "volume",
    "count": "volume",
    "days": "volume",
    "accounts": "volume",
    "arrivals": "volume",
    "time_zone": "volume",
    "growth_percent_per_month": "volume",
    "mean_ticket_usd": "ticket size",
    "tickets": "ticket size",
    "methods": "payment methods",
}
SCENARIO: dict[str, Cause] = {"month_hours": "volume", "on": "prices", "seed": "simulation"}
HOW_LONG = ("lead_in_days", "horizon", "replications", "replicate_up_to_payments")  # goes with volume, if that differs
PIPELINE: dict[str, Cause] = {"plans": "prices", "region": "prices"}
SERVICE: dict[str, Cause] = {"meter": "prices", "rule": "prices"}
WORDS = (
    "title",
    "base",
    "pinned",
    "pipeline",
    "name",
    "description",
    "source",
    "read",
    "basis",
    "note",
)  # cost nothing


def hybrid(before: Assumptions, after: Assumptions, changed: frozenset[str]) -> Assumptions:
    """The assumptions of `after` in the causes named, those of `before` otherwise."""

    def taken(table: dict[str, Cause], one: Any, other: Any) -> Any:
        fields = {name: getattr(other, name) for name in type(one).model_fields if table.get(name, REST) in changed}
        return one.model_copy(update=fields)

    whole = before.pipeline.name != after.pipeline.name  # another system brings its region and its plans
    workload = taken(WORKLOAD, before.scenario.workload, after.scenario.workload)
    scenario: Scenario = taken(_of_scenario(before, after), before.scenario, after.scenario)
    scenario = scenario.model_copy(update={"workload": workload})
    pipeline: Pipeline = taken({} if whole else PIPELINE, before.pipeline, after.pipeline)
    services: dict[str, Service] = {
        name: taken(SERVICE, service, after.services.get(name, service)) for name, service in before.services.items()
    }
    services |= {name: service for name, service in after.services.items() if name not in services}
    key = f"{before.data_sha256}+{after.data_sha256}:{','.join(sorted(changed))}"
    return Assumptions(f"{before.name} to {after.name}", scenario, pipeline, services, (), key)


def _of_scenario(before: Assumptions, after: Assumptions) -> dict[str, Cause]:
    """The causes of a scenario's fields: a month of more payments is simulated for a shorter time."""
    same = before.scenario.workload.payments_per_month == after.scenario.workload.payments_per_month
    how: Cause = "simulation" if same else "volume"
    return SCENARIO | dict.fromkeys(HOW_LONG, how)


def differences(before: Assumptions, after: Assumptions) -> dict[Cause, list[str]]:
    """What differs, in words, by cause, in the order of CAUSES; causes without a difference are left out."""
    found: dict[Cause, list[str]] = {}
    for cause, text in _differing(before, after):
        found.setdefault(cause, []).append(text)
    return {cause: found[cause] for cause in CAUSES if cause in found}


def _differing(before: Assumptions, after: Assumptions) -> Iterator[tuple[Cause, str]]:
    pairs: list[tuple[dict[str, Cause], Record, Record, str]] = [
        (WORKLOAD, before.scenario.workload, after.scenario.workload, "workload."),
        (_of_scenario(before, after), before.scenario, after.scenario, ""),
    ]
    if before.pipeline.name != after.pipeline.name:
        yield REST, f"pipeline {before.pipeline.name} → {after.pipeline.name}"
    else:
        pairs.append((PIPELINE, before.pipeline, after.pipeline, "pipeline."))
    for name in before.services.keys() & after.services.keys():
        pairs.append((SERVICE, before.services[name], after.services[name], f"services.{name}."))
    for table, one, other, prefix in pairs:
        for name in type(one).model_fields:
            old, new = getattr(one, name), getattr(other, name)
            if old != new and name not in (*WORDS, "workload"):
                yield from ((table.get(name, REST), text) for text in _changes(f"{prefix}{name}", old, new))


def _changes(path: str, old: Any, new: Any) -> Iterator[str]:
    """The path with its values, or the paths of what differs among named entries."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [key for key in {**old, **new} if old.get(key) != new.get(key)]:
            yield _change(f"{path}.{key}", old.get(key), new.get(key))
    else:
        yield _change(path, old, new)


def _change(path: str, old: Any, new: Any) -> str:
    plain = all(not isinstance(value, Record | dict | tuple) for value in (old, new))
    return f"{path} {old} → {new}" if plain else path


__all__ = ["CAUSES", "Cause", "Workload", "differences", "hybrid"]
