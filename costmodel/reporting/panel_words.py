"""What the what-if panel says: its finding, and each of its figures as text."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from costmodel.analysis.claims import NOT_REPRODUCIBLE
from costmodel.analysis.frontier_points import Held
from costmodel.analysis.modeller import ModelledRow
from costmodel.analysis.panel import LEVELS, Panel
from costmodel.reporting.captions import signed, small
from costmodel.reporting.words import NOTHING, dollars, interval, ms, number, percent

MARKS = {"holds": "✓ holds", "fails": "✗ fails", NOT_REPRODUCIBLE: "– not decided"}
LATENCY_TITLES = {"p50": "half are answered within (p50)", "p95": "95 % within (p95)", "p99": "99 % within (p99)"}
PERCENT = 100


def finding(panel: Panel) -> str:
    """The answer as a sentence."""
    row = panel.row.row
    reduction = row.reduction_percent
    title = row.title[:1].upper() + row.title[1:]
    if reduction is None:
        return f"{title}: Stripe costs nothing, so there is no reduction"
    if reduction < 0:
        return f"{title}: the own system costs {percent(-reduction)} more than Stripe"
    return f"{title}: the own system costs {percent(reduction)} less than Stripe"


def sums(panel: Panel) -> str:
    """Both sides in money, and how sure the figures are."""
    row, own = panel.row.row, panel.own
    month = own.assumptions.scenario.workload
    sure = f"; 95 % interval of the reduction {span(panel.row)}" if span(panel.row) else ""
    return (
        f"{dollars(row.own_usd, 2)} against {dollars(row.stripe_usd, 2)} a month for {month.payments_per_month:,} "
        f"payments of {dollars(month.mean_ticket_usd, 2)}{sure}"
    )


def basis(panel: Panel) -> Iterator[str]:
    """What was simulated for the figures, what stands beside them, and what is wrong with them."""
    own = panel.own
    share = Decimal(own.payments) / own.assumptions.scenario.workload.payments_per_month
    part = "a whole month" if share >= 1 else f"{percent(PERCENT * share, 3)} of a month at its full rate"
    yield (f"Simulated for each side: {number(own.replications, 0)} times {part} ({own.payments:,} payments); "
           "intervals are those of chance, not of what is assumed.")  # fmt: skip
    if panel.left_out:
        lines = ", ".join(f"{title} {small(usd)}" for title, usd in panel.left_out.items())
        yield f"Not counted within this perimeter: {lines}."
    yield from own.bill.warnings
    yield from (f"More is offered than the system carries: {sign}." for sign in own.overload)


def reduction(row: ModelledRow) -> str:
    """The reduction of a perimeter."""
    return signed(percent(row.row.reduction_percent))


def span(row: ModelledRow) -> str:
    """Its interval."""
    return signed(interval(row.intervals.get("reduction")))


def latencies(panel: Panel) -> list[tuple[str, str, str, str]]:
    """Level, title, ms and interval of a payment request."""
    own = panel.own
    return [
        (level, LATENCY_TITLES[level], ms(own.latency_ms[level]), interval(own.intervals.get(f"latency_ms.{level}"), 0))
        for level in LEVELS
    ]


def verdict(panel: Panel, held: Held) -> tuple[str, str, str]:
    """The claim in its words, what the simulation gives, and the verdict."""
    found = NOTHING if held.figure is None else _figure(panel, held)
    return f"“{held.title}”", found, MARKS[held.verdict]


def _figure(panel: Panel, held: Held) -> str:
    unit = panel.unit(held.claim)
    if unit == "percent":
        return signed(percent(held.figure, 2))
    return f"{number(held.figure, 0)} {unit}"
