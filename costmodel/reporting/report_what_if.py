"""The report's chapters on what comes later and how sure it is, and why one of them is left out."""

from __future__ import annotations

from collections.abc import Iterator

from costmodel.analysis.growth import GrowthResult
from costmodel.analysis.uncertain_result import Uncertainty
from costmodel.reporting.captions_uncertainty import claims_finding, probability_text, tornado_finding, tornado_text
from costmodel.reporting.captions_what_if import alt_text
from costmodel.reporting.growth_screen import growth_finding, months_table, notes, value_line
from costmodel.reporting.report_parts import Part, Picture, Shown
from costmodel.reporting.uncertainties import about_lines, spread_table, tornado_table

GROWTH, SURE = "As the business grows", "How sure it is"


def growth_parts(found: GrowthResult | str) -> Iterator[Part]:
    """Payback and present value month by month; or why not, in words."""
    from costmodel.reporting.charts_svg import chart_svg

    if isinstance(found, str):
        yield found
        return
    yield Picture("growth", chart_svg("growth", found), growth_finding(found), alt_text(found))
    yield value_line(found)
    yield Shown(f"Month by month, {found.title}, USD", months_table(found))
    yield from notes(found)


def uncertainty_parts(found: Uncertainty | str) -> Iterator[Part]:
    """How far the results spread, how probable each claim is and what moves them most; or why not, in words."""
    from costmodel.reporting.charts_svg import chart_svg

    if isinstance(found, str):
        yield found
        return
    yield Picture("probability", chart_svg("probability", found), claims_finding(found), probability_text(found))
    yield Shown("How far the figures spread: with every assumption at its value, and in nine months of ten (p5 to p95)",
                spread_table(found))  # fmt: skip
    yield Picture("tornado", chart_svg("tornado", found), tornado_finding(found), tornado_text(found))
    yield Shown("One assumption at a time, at its low and at its high end", tornado_table(found))
    yield from (f"{line}." for line in about_lines(found))
