"""What the what-if panel shows, as a page of text and as a document in each format."""

from __future__ import annotations

from costmodel.analysis.panel import Panel
from costmodel.reporting.captions import small
from costmodel.reporting.documents import Documents, terminal_width
from costmodel.reporting.panel_words import basis, finding, latencies, reduction, span, sums, verdict
from costmodel.reporting.run_screen import overridden_line
from costmodel.reporting.tables import Section, Table, as_csv, as_json, as_markdown, as_text
from costmodel.reporting.words import dollars

ROW_COLUMNS = ("id", "title", "stripe_usd", "own_usd", "reduction_percent", "interval")


def panel_documents(panel: Panel) -> Documents:
    """What `panel` prints; CSV has the perimeters."""
    return {
        "table": lambda: as_text(panel_sections(panel), terminal_width()),
        "json": lambda: as_json(panel.to_dict()),
        "csv": lambda: as_csv(panel.to_dict()["perimeters"], ROW_COLUMNS),
        "markdown": lambda: as_markdown(panel_sections(panel)),
    }


def panel_sections(panel: Panel) -> list[Section]:
    """The answer, every perimeter, the cost lines of the one asked for, latency, verdicts, what it rests on."""
    return [
        [finding(panel), sums(panel)],
        [_perimeters(panel)],
        [_costs(panel)],
        [_latency(panel)],
        [_verdicts(panel)],
        [*basis(panel), *([overridden_line(panel.overridden)] if panel.overridden else [])],
    ]


def _perimeters(panel: Panel) -> Table:
    head = ("Reduction by perimeter", "own $/month", "Stripe $/month", "reduction", "95 % interval")
    rows = (
        (row.row.title, dollars(row.row.own_usd, 2), dollars(row.row.stripe_usd, 2), reduction(row), span(row))
        for row in panel.rows.values()
    )
    return Table(head, tuple(rows))


def _costs(panel: Panel) -> Table:
    rows = ((cost.title, small(cost.own_usd), small(cost.stripe_usd)) for cost in panel.costs)
    return Table((f"Costs within: {panel.row.row.title}", "own $/month", "Stripe $/month"), tuple(rows))


def _latency(panel: Panel) -> Table:
    rows = ((title, value, pair) for _, title, value, pair in latencies(panel))
    return Table(("From request to answer", "ms", "95 % interval"), tuple(rows))


def _verdicts(panel: Panel) -> Table:
    rows = (verdict(panel, held) for held in panel.verdicts)
    return Table(("Claimed", "simulated", "verdict"), tuple(rows), left=frozenset({2}))
