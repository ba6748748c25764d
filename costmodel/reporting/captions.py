"""What each chart says: its finding as a sentence, and the whole of it in words for those who do not see it."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from costmodel.analysis.check import CheckResult
from costmodel.analysis.claims import judge
from costmodel.analysis.judging import Judged
from costmodel.reporting.pictures import (
    LEVELS,
    LIKE_FOR_LIKE,
    LOADED,
    OWNING,
    Reduction,
    Step,
    both_columns,
    bridge,
    cost_lines,
    latency_claim,
    latency_level,
    reduction_claims,
    reductions,
    waits,
)
from costmodel.reporting.words import NARROW, dollars, ms, number, percent


def perimeter_finding(result: CheckResult) -> str:
    """Where the highest claim holds, and what comes out like for like and fully loaded, over both columns."""
    claims, rows = reduction_claims(result), {row.id: row for row in reductions(result)}
    if not claims:
        return "The reduction of cost by perimeter"
    highest = claims[0].claim
    holding = [row.title for row in rows.values() if any(judge(highest, x) == "holds" for x in both_columns(row))]
    where = f"only for: {', '.join(holding)}" if holding else "in no perimeter"
    said = [(LIKE_FOR_LIKE, "like for like it is"), (LOADED, "fully loaded")]
    found = ", ".join(f"{words} {_span(both_columns(rows[name]))}" for name, words in said if name in rows)
    return f"{claimed(claims[0])} holds {where}" + (f"; {found}" if found else "")


def bridge_finding(result: CheckResult) -> str:
    """How much of the claimed saving comes from owning."""
    whole = sum((part.usd for part in result.saving_parts), Decimal(0))
    owning = next((part for part in result.saving_parts if part.id == OWNING), None)
    if owning is None or not whole:
        return f"Where the {dollars(whole)} claimed come from"
    share = percent(100 * owning.usd / whole, 0)
    return f"Of {dollars(whole)} claimed, {dollars(owning.usd)} ({share}) is {owning.title}"


def cost_finding(result: CheckResult) -> str:
    """Both totals, and which lines cost more than claimed."""
    lines = cost_lines(result)
    stated = sum((line.claimed for line in lines if line.claimed is not None), Decimal(0))
    modelled = sum((line.modelled for line in lines), Decimal(0))
    dearer = [line.title for line in lines if line.claimed is not None and line.modelled > line.claimed]
    more = f"only {dearer[0]} costs more" if len(dearer) == 1 else f"{len(dearer) or 'no'} lines cost more"
    month = f"At list price {result.own.payments:,} payments take {dollars(modelled)}, claimed are {dollars(stated)}"
    return f"{month}: {more} than claimed"


def latency_finding(result: CheckResult) -> str:
    """Where the claim holds, or how near it comes at best."""
    judged, level, rows = latency_claim(result), latency_level(result), waits(result)
    if judged is None or judged.claim.stated is None or not rows:
        return "From request to answer"
    limit = f"{judged.claim.relation} {ms(float(judged.claim.stated))}"
    holding = [row.title for row in rows if judge(judged.claim, Decimal(str(row.ms[level]))) == "holds"]
    best = min(rows, key=lambda row: row.ms[level])
    if holding:
        return f"{limit} ({level}) holds with {'; '.join(holding)}"
    return f"{limit} holds nowhere: {level} is {ms(best.ms[level])} at best ({best.title})"


def perimeter_text(result: CheckResult) -> str:
    """The perimeter chart in words."""
    rows = "; ".join(f"{row.title}: {_columns(row)}" for row in reductions(result))
    claims = " and ".join(map(claimed, reduction_claims(result)))
    return f"Bar chart of the reduction of cost by perimeter. {perimeter_finding(result)}. {rows}. Claimed: {claims}."


def bridge_text(result: CheckResult) -> str:
    """The bridge in words."""
    steps = "; ".join(f"{step.title} {step_label(step)}" for step in bridge(result))
    return f"Waterfall chart in USD a month. {bridge_finding(result)}. {steps}."


def cost_text(result: CheckResult) -> str:
    """The cost lines in words."""
    rows = "; ".join(
        f"{line.title}: {f'claimed {small(line.claimed)}' if line.claimed is not None else 'not claimed'}, "
        f"modelled {small(line.modelled)}"
        for line in cost_lines(result)
    )
    return f"Bar chart in USD a month. {cost_finding(result)}. {rows}."


def latency_text(result: CheckResult) -> str:
    """The latency chart in words."""
    rows = "; ".join(
        f"{row.title}: {', '.join(f'{level} {ms(row.ms[level])}' for level in LEVELS)}" for row in waits(result)
    )
    return f"Percentiles of the latency of a payment. {latency_finding(result)}. {rows}."


def _columns(row: Reduction) -> str:
    pairs = (("document", row.document), ("simulated", row.modelled))
    found = [f"{name} {signed(percent(value))}" for name, value in pairs if value is not None]
    low, high = (signed(percent(end)) for end in row.ends or (None, None))
    ends = [f"from {low} to {high} over its assumptions"] if row.ends else []
    return ", ".join(found + ends)


def _span(values: Iterable[Decimal]) -> str:
    """The range of some percentages, in whole ones."""
    known = sorted(values)
    ends = dict.fromkeys(signed(number(value, 0)) for value in (known[0], known[-1])) if known else {}
    return f"{f'{NARROW}to{NARROW}'.join(ends)}{NARROW}%"


def step_label(step: Step) -> str:
    """A total as it is, a part as what is taken off."""
    return dollars(step.high) if step.kind == "total" else signed(dollars(step.low - step.high))


def small(usd: Decimal | None) -> str:
    """Money with cents; what rounds to nothing, but is not, says so."""
    cent = Decimal(1).scaleb(-2)
    return f"< {dollars(cent, 2)}" if usd and 0 < usd < cent / 2 else dollars(usd, 2)


def claimed(judged: Judged) -> str:
    """A percentage as the document states it, without decimals that it does not have."""
    return f"{number(judged.claim.stated, 2)}{NARROW}%"


def signed(text: str) -> str:
    """With a true minus sign."""
    return text.replace("-", "−")
