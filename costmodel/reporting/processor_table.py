"""Every payment processor for one mix of payments, as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from costmodel import __version__
from costmodel.analysis.processors import PARTS, ProcessorRow
from costmodel.reporting.documents import Documents, terminal_width
from costmodel.reporting.tables import Section, Table, as_csv, as_json, as_markdown, as_text
from costmodel.reporting.words import dollars, number, percent
from costmodel.result import SCHEMA_VERSION

HEAD = ("pay-in", "payouts", "monthly", "afterwards", "total", "of volume", "each", "unsure")

LEGEND = (
    "monthly: fees that stand, and minimums; afterwards: disputes and returns; unsure: the share of the bill that "
    "rests on prices or quantities nobody published or measured."
)


def processor_documents(rows: Sequence[ProcessorRow], scenario: str) -> Documents:
    """What `processors` prints."""
    found = [row.to_dict() for row in rows]
    flat = [row | {"not_known": "; ".join(row["not_known"])} for row in found]
    bill = next((row.bill for row in rows if row.bill is not None), None)
    origin = {"package": __version__, "scenario": scenario, "prices_on": None if bill is None else bill.on.isoformat()}
    document = {"schema_version": SCHEMA_VERSION, "processors": found, "provenance": origin}
    return {
        "table": lambda: as_text(processor_sections(rows, scenario), terminal_width()),
        "json": lambda: as_json(document),
        "csv": lambda: as_csv(flat, tuple(flat[0])),
        "markdown": lambda: as_markdown([["Payment processors"], *processor_sections(rows, scenario)]),
    }


def processor_sections(rows: Sequence[ProcessorRow], scenario: str) -> list[Section]:
    """The table, cheapest first; who cannot take the mix; what is not known of each."""
    priced = [row for row in rows if row.bill is not None]
    refused = [f"  {row.pipeline}: {row.refused}" for row in rows if row.refused]
    unknown = [f"  {row.pipeline}: {', '.join(row.not_known)}" for row in rows if row.not_known]
    return [
        [*_first(priced, scenario), Table(("USD a month", *HEAD), tuple(map(_cells, priced)))] if priced else [],
        ["Cannot take this mix", *refused] if refused else [],
        ["Not known, so assumed or left out", *unknown] if unknown else [],
        [LEGEND] if priced else [],
    ]


def _first(rows: Sequence[ProcessorRow], scenario: str) -> Iterator[str]:
    row = rows[0]
    if row.bill is not None:
        yield (
            f"{scenario}: {number(row.payments, 0)} payments, {dollars(row.volume_usd, 2)} a month, "
            f"prices of {row.bill.on}"
        )


def _cells(row: ProcessorRow) -> tuple[str, ...]:
    parts = row.parts or {}
    unsure = Decimal(0) if row.bill is None else row.bill.share_not_published_or_measured()
    return (
        row.pipeline,
        *(dollars(parts[part], 2, sign=False) for part in PARTS),
        dollars(row.total_usd, 2, sign=False),
        percent(row.percent_of_volume, 2),
        dollars(row.usd_per_payment, 2, sign=False),
        percent(100 * unsure, 0),
    )
