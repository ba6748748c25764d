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
.costmodel-panel code { font-size: 12px; white-space: pre-wrap; overflow-wrap: anywhere; user-select: all; }
.costmodel-panel [role=alert] { border-left: 4px solid currentColor; padding-left: 8px; white-space: pre-wrap; }
</style>"""
# What ipywidgets' sliders do not tell a screen reader: their name, and their value instead of its place in the row.
SCRIPT = """(() => {
  const tell = slider => {
    const [handle, label, readout] = ['[role=slider]', '.widget-label', '.widget-readout'].map(
      part => slider.querySelector(part));
    if (!handle || !label || !readout || handle.hasAttribute('aria-label')) return;
    const say = () => {
      if (handle.getAttribute('aria-valuetext') !== readout.textContent)
        handle.setAttribute('aria-valuetext', readout.textContent);
    };
    handle.setAttribute('aria-label', label.textContent);
    new MutationObserver(say).observe(handle, {attributes: true, attributeFilter: ['aria-valuetext']});
    new MutationObserver(say).observe(readout, {childList: true, characterData: true, subtree: true});
    say();
  };
  const look = left => {
    document.querySelectorAll('.costmodel-what-if .widget-hslider').forEach(tell);
    document.querySelectorAll('.costmodel-finding').forEach(one => one.setAttribute('aria-live', 'polite'));
    if (left) setTimeout(look, 200, left - 1);
  };
  look(100);
})();"""
CostLine = tuple[str, str, Decimal | None, Decimal | None]  # name of the figure, title, own USD, Stripe's
SERVICES = 12  # that have a line of their own
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
    """The cost lines within the perimeter, their sum first; the cheapest services share a line."""
    row, shown, others = panel.row.row, panel.costs[:SERVICES], panel.costs[SERVICES:]
    lines: list[CostLine] = [("cost.all", "In all", row.own_usd, row.stripe_usd)]
    lines += [(f"cost.{cost.service}", cost.title, cost.own_usd, cost.stripe_usd) for cost in shown]
    if others:
        own, stripe = ([getattr(cost, side) for cost in others] for side in ("own_usd", "stripe_usd"))
        lines.append(("cost.others", f"{len(others)} others", _sum(own), _sum(stripe)))
    figures = [name for name, *_ in lines]
    rows = [(title, small(own_usd), small(stripe_usd)) for _, title, own_usd, stripe_usd in lines]
    title = f"<h4>Costs in USD a month within “{escape(row.title)}”</h4>"
    return _piece(
        title + _table(("Service", "own", "Stripe"), rows, figures, 1, [name == "cost.all" for name in figures])
    )


def _sum(usd: Iterable[Decimal | None]) -> Decimal | None:
    """The sum of what is there; None where nothing is."""
    there = [one for one in usd if one is not None]
    return sum(there, Decimal(0)) if there else None


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
