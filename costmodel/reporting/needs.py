"""In words: what usage at list price would cost a claimed line."""

from __future__ import annotations

from collections.abc import Iterator

from costmodel.analysis.judging import Judged
from costmodel.analysis.needs import NeededUsage, needed_usage
from costmodel.reporting.words import number
from costmodel.result import Result


def needed(judged: Judged, result: Result) -> Iterator[str]:
    """One phrase per meter the claim names, at the prices of the run's date and region."""
    assumptions = result.assumptions
    on, region = assumptions.scenario.on, assumptions.pipeline.region
    for found in needed_usage(judged.claim, assumptions.services, on=on, region=region):
        yield _phrase(found)


def _phrase(found: NeededUsage) -> str:
    name = f"{found.service}.{found.meter}"
    if found.quantity is None:
        return f"more {name} than there can be"
    each = "" if found.each is None else f" ({number(found.each, 2)} for each of {found.per})"
    has_free = found.with_free is not None and found.with_free != found.quantity
    free = f", or {number(found.with_free, 2)} where the free ones are left" if has_free else ""
    return f"{number(found.quantity, 2)} {found.unit} of {name} at {found.price}{each}{free}"
