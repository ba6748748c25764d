"""The figures that each chart shows, taken from a result; no drawing."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from costmodel.analysis.check import CheckResult
from costmodel.analysis.judging import Judged
from costmodel.analysis.perimeters import PerimeterRow
from costmodel.errors import UsageError

LEVELS = ("p50", "p95", "p99")
PERIMETER_ORDER = ("as_claimed", "list_price", "both_legs", "pay_in_only", "same_rail", "cards_kept", "fully_loaded")
LIKE_FOR_LIKE, LOADED = "same_rail", "fully_loaded"
ENDS = {"cards_kept": ("list_markup", None), LOADED: ("low", "high")}  # the variants between which a row can lie
PART_ORDER = ("rail", "owning", "payout_leg")  # so that the totals between are what one would pay for an option
OWNING = "owning"


@dataclass(frozen=True)
class Reduction:
    """One perimeter's reduction in percent, in both columns; ends: the document's figure at both ends of its range."""

    id: str
    title: str
    document: Decimal | None
    modelled: Decimal | None
    interval: tuple[float, float] | None
    ends: tuple[Decimal, Decimal] | None


@dataclass(frozen=True)
class Step:
    """One bar of the bridge, USD a month. kind: a total, a part that owning saves, or one that it does not."""

    title: str
    low: Decimal
    high: Decimal
    kind: Literal["total", "owning", "other"]


@dataclass(frozen=True)
class CostLine:
    """One cost line, USD a month; claimed is None for what the document leaves out."""

    title: str
    claimed: Decimal | None
    modelled: Decimal


@dataclass(frozen=True)
class Wait:
    """Latency at one operating point, ms by percentile, with the interval of the percentile that is claimed."""

    title: str
    ms: dict[str, float]
    interval: tuple[float, float] | None


# --- the reduction by perimeter ----------------------------------------------------------------------------


def reductions(result: CheckResult) -> tuple[Reduction, ...]:
    """The perimeters without their variants; the document's figures say nothing about a file of payments."""
    documents = result.document if result.own.rejected is None else {}
    names = [name for name in dict.fromkeys([*documents, *result.modelled]) if "." not in name]
    order = {name: at for at, name in enumerate(PERIMETER_ORDER)}
    return tuple(_reduction(result, documents, name) for name in sorted(names, key=lambda n: order.get(n, len(order))))


def reduction_claims(result: CheckResult) -> list[Judged]:
    """The claims about the reduction that state a number, the highest first."""
    found = [one for one in result.claims if one.claim.model == "reduction" and one.claim.stated is not None]
    return sorted(found, key=lambda one: one.claim.stated or Decimal(0), reverse=True)


def _reduction(result: CheckResult, documents: dict[str, PerimeterRow], name: str) -> Reduction:
    document, modelled = documents.get(name), result.modelled.get(name)
    rows = [documents.get(name if end is None else f"{name}.{end}") for end in ENDS.get(name, ())]
    ends = [row.reduction_percent for row in rows if row is not None and row.reduction_percent is not None]
    return Reduction(
        name,
        (document or result.modelled[name].row).title,
        document.reduction_percent if document else None,
        modelled.row.reduction_percent if modelled else None,
        modelled.intervals.get("reduction") if modelled else None,
        (min(ends), max(ends)) if len(ends) > 1 else None,
    )


def both_columns(row: Reduction) -> list[Decimal]:
    """What the document and the simulation give, where they give something."""
    return [value for value in (row.document, row.modelled) if value is not None]


# --- the bridge -----------------------------------------------------------------------------------------------


def bridge(result: CheckResult) -> tuple[Step, ...]:
    """From Stripe's claimed total to the own one. UsageError where the perimeters name no claimed saving to split."""
    claimed = result.document.get("as_claimed")
    if claimed is None or not result.saving_parts:
        raise UsageError("These perimeters name no claimed saving (`saving_part`), so there is no bridge to draw.")
    options = {option.fees_usd: option.title for option in result.options}
    left = claimed.stripe_usd
    steps = [Step("Stripe, as claimed", Decimal(0), left, "total")]
    order = {name: at for at, name in enumerate(PART_ORDER)}
    for part in sorted(result.saving_parts, key=lambda part: order.get(part.id, len(order))):
        steps.append(Step(part.title, left - part.usd, left, "owning" if part.id == OWNING else "other"))
        left -= part.usd
        if left in options and left != claimed.own_usd:
            steps.append(Step(options[left], Decimal(0), left, "total"))
    return (*steps, Step("own system, as claimed", Decimal(0), left, "total"))


# --- the cost lines ---------------------------------------------------------------------------------------------


def cost_lines(result: CheckResult) -> tuple[CostLine, ...]:
    """The document's lines of the own system, the dearest claim first, then what it leaves out."""
    judged = [one for one in result.claims if (one.claim.model or "").startswith("bill.")]
    own = [one for one in judged if one.claim.scenario == result.own.scenario and one.figure is not None]
    lines = [CostLine(one.claim.metric, one.claim.stated, one.figure or Decimal(0)) for one in own]
    lines.sort(key=lambda line: line.claimed or Decimal(0), reverse=True)
    listed = result.modelled.get("list_price")
    rest = listed.row.own_usd - sum(line.modelled for line in lines) if listed else Decimal(0)
    return (*lines, CostLine("everything else", None, rest)) if lines and rest > 0 else tuple(lines)


# --- the latency ------------------------------------------------------------------------------------------------


def latency_claim(result: CheckResult) -> Judged | None:
    """The claim about latency, None if the document makes none."""
    return next((one for one in result.claims if (one.claim.model or "").startswith("latency_ms.")), None)


def latency_level(result: CheckResult) -> str:
    """The percentile that the claim is about; p95 if there is none."""
    judged = latency_claim(result)
    return str(judged.claim.model).partition(".")[2] if judged else "p95"


def waits(result: CheckResult) -> tuple[Wait, ...]:
    """Latency at each operating point, and with every function on the path kept warm; none without a payment done."""
    own, busy, path = result.own, result.busy, f"latency_ms.{latency_level(result)}"
    points = [(f"{own.payments:,} payments a month", own.latency_ms, own.intervals.get(path))]
    if busy is not None:
        per_hour = f"{busy.throughput['offered_per_hour']:,.0f} payments an hour"
        points.append((per_hour, busy.latency_ms, busy.intervals.get(path)))
    warm = result.warm
    kept = f"{own.payments:,} a month, all functions kept warm"
    points.append((kept, warm.latency_ms, warm.intervals.get(latency_level(result))))
    return tuple(Wait(title, _known(found), pair) for title, found, pair in points if _known(found))


def _known(found: dict[str, float | None]) -> dict[str, float]:
    return {level: value for level, value in found.items() if value is not None}
