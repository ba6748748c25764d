"""The what-if panel's figures as pieces of HTML, each of a fixed height, everything from a file escaped.

A figure that tests and readers look for stands in an element with its name as `data-figure`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from html import escape

from costmodel.analysis.panel import Panel
from costmodel.reporting.captions import small
from costmodel.reporting.panel_words import basis, finding, latencies, reduction, span, sums, verdict
from costmodel.reporting.words import dollars

STYLE = """<style>
.costmodel-panel { font-family: system-ui, sans-serif; font-size: 13px; line-height: 1.4; }
.costmodel-panel h3 { font-size: 20px; line-height: 1.25; margin: 0 0 2px; font-weight: 600; }
.costmodel-panel h4 { font-size: 13px; margin: 0 0 3px; font-weight: 600; }
.costmodel-panel p { margin: 0 0 3px; }
.costmodel-panel table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
.costmodel-panel th, .costmodel-panel td { text-align: right; padding: 1px 6px; white-space: nowrap;
  border-bottom: 1px solid rgba(128, 128, 128, .35); font-weight: normal; }
.costmodel-panel tr > :first-child { text-align: left; white-space: normal; }
.costmodel-panel thead th { font-weight: 600; }
.costmodel-panel tr[data-strong] > * { font-weight: 700; }
.costmodel-panel code { white-space: pre-wrap; overflow-wrap: anywhere; user-select: all; }
.costmodel-panel [role=alert] { border-left: 4px solid currentColor; padding-left: 8px; white-space: pre-wrap; }
</style>"""
CENT = Decimal(1).scaleb(-2)
CURRENT = " data-strong"


def headline(panel: Panel) -> str:
    """The answer, first of all."""
    return _piece(
        f'<h3 data-figure="finding">{escape(finding(panel))}</h3><p data-figure="sums">{escape(sums(panel))}</p>'
    )


def reason(text: str) -> str:
    """Why there is no answer, in the place of the answer."""
    return _piece(f'<h3 data-figure="finding">No figures for this</h3><p role="alert">{escape(text)}</p>')


def perimeters(panel: Panel) -> str:
    """Every perimeter; the one chosen in bold and marked."""
    rows = [
        (
            f"{'▸ ' if name == panel.perimeter else ''}{row.row.title}",
            dollars(row.row.own_usd),
            dollars(row.row.stripe_usd),
            reduction(row),
            span(row),
        )
        for name, row in panel.rows.items()
    ]
    figures = [f"reduction.{name}" for name in panel.rows]
    current = [name == panel.perimeter for name in panel.rows]
    head = ("Perimeter", "own", "Stripe", "reduction", "95 % interval")
    return _piece("<h4>Reduction by perimeter, costs in USD a month</h4>" + _table(head, rows, figures, 3, current))


def costs(panel: Panel) -> str:
    """The cost lines within the perimeter, their sum first; services that cost less than a cent share a line."""
    shown, little, row = [], 0, panel.row.row
    for cost in panel.costs:
        if max(cost.stripe_usd or 0, cost.own_usd or 0) < CENT:
            little += 1
        else:
            shown.append((f"cost.{cost.service}", (cost.title, small(cost.own_usd), small(cost.stripe_usd))))
    rest = [("cost.rest", (f"{little} others, less than a cent each", "", ""))] if little else []
    lines = [("cost.all", ("In all", small(row.own_usd), small(row.stripe_usd))), *shown, *rest]
    title = f"<h4>Costs in USD a month within “{escape(row.title)}”</h4>"
    rows, figures = [cells for _, cells in lines], [name for name, _ in lines]
    return _piece(
        title + _table(("Service", "own", "Stripe"), rows, figures, 1, [name == "cost.all" for name in figures])
    )


def latency(panel: Panel) -> str:
    """The percentiles of one request."""
    waits = latencies(panel)
    rows = [(title, value, pair) for _, title, value, pair in waits]
    figures = [f"latency.{level}" for level, *_ in waits]
    head = ("From request to answer", "ms", "95 % interval")
    return _piece("<h4>Latency of a payment</h4>" + _table(head, rows, figures, 1))


def verdicts(panel: Panel) -> str:
    """What the document claims, and whether it holds."""
    rows = [verdict(panel, held) for held in panel.verdicts]
    figures = [f"verdict.{held.claim}" for held in panel.verdicts]
    title = "<h4>What is claimed, and whether it holds here</h4>"
    return _piece(title + _table(("Claim", "simulated", "verdict"), rows, figures, 2))


def notes(panel: Panel) -> str:
    """What the figures rest on."""
    return _piece("".join(f"<p>{escape(line)}</p>" for line in basis(panel)))


def command(line: str) -> str:
    """The command that gives the same figures; a click selects all of it."""
    return _piece(f'<h4>The same figures on the command line</h4><code data-figure="command">{escape(line)}</code>')


def said(text: str) -> str:
    """What became of saving, in words."""
    return _piece(f'<p role="status" data-figure="saved">{escape(text)}</p>')


def _table(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    figures: Sequence[str],
    column: int,
    current: Iterable[bool] = (),
) -> str:
    """A table; `figures` name the cells of `column`, `current` says which rows stand out."""
    marked = [*current] or [False] * len(rows)
    top = "".join(f'<th scope="col">{escape(word)}</th>' for word in head)
    body = "".join(
        f"<tr{CURRENT if mark else ''}>{_cells(row, figure, column)}</tr>"
        for row, figure, mark in zip(rows, figures, marked, strict=True)
    )
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def _cells(row: Sequence[str], figure: str, column: int) -> str:
    first = f'<th scope="row">{escape(row[0])}</th>'
    named = f' data-figure="{escape(figure)}"'
    return first + "".join(
        f"<td{named if at == column else ''}>{escape(cell)}</td>" for at, cell in enumerate(row[1:], 1)
    )


def _piece(inner: str) -> str:
    return f'<div class="costmodel-panel">{inner}</div>'
