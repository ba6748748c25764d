"""A scenario's report, chapter by chapter: the verdict, the decision, the figures, and what they rest on."""

from __future__ import annotations

import re
from collections.abc import Iterator

from costmodel.analysis.check import CheckResult
from costmodel.analysis.growth import GrowthResult
from costmodel.analysis.uncertain_result import Uncertainty
from costmodel.errors import UsageError
from costmodel.reporting import captions
from costmodel.reporting.captions_options import is_documents_month, options_finding, options_text
from costmodel.reporting.captions_run import latency_finding, latency_text
from costmodel.reporting.pictures import cost_lines, latency_claim, waits
from costmodel.reporting.report_assumptions import assumption_table
from costmodel.reporting.report_parts import Chapter, Lead, Part, Picture, Report, Shown
from costmodel.reporting.report_tables import (
    HUNDRED,
    basis_table,
    bill_table,
    claim_table,
    condition,
    option_table,
    perimeter_table,
    price_table,
    provenance_table,
    term_tables,
)
from costmodel.reporting.report_what_if import GROWTH, SURE, growth_parts, uncertainty_parts
from costmodel.reporting.run_screen import run_sections
from costmodel.reporting.screen import availability_lines, finding_lines, pays_lines, tally
from costmodel.reporting.tables import Section, Table
from costmodel.reporting.words import dollars, number, percent
from costmodel.result import Result

FINDINGS = {
    "options": (options_finding, options_text),
    "perimeter": (captions.perimeter_finding, captions.perimeter_text),
    "bridge": (captions.bridge_finding, captions.bridge_text),
    "cost_lines": (captions.cost_finding, captions.cost_text),
    "latency": (captions.latency_finding, captions.latency_text),
}
LOADED = "fully_loaded"
COLUMNS = re.compile(" {2,}")


def make_report(
    result: Result, checked: CheckResult | None, *, growth: GrowthResult | str | None = None,
    uncertainty: Uncertainty | str | None = None, all_: bool = True,
) -> Report:  # fmt: skip
    """The report on a scenario's month; without `all_` as short as a wiki wants it.

    checked: the claims held against this scenario; None for a system that is bought, of which they say nothing.
    growth, uncertainty: the chapters on these; or why they are left out, in words; None: not spoken of.
    """
    scenario = result.assumptions.scenario
    replayed = " replayed from a file" if result.rejected is not None else ""
    month = f"{result.payments:,} payments{replayed}, prices of {scenario.on}"
    about = f"{scenario.title}. Scenario {result.scenario}, {month}."
    chapters = [
        Chapter("The verdict", tuple(_verdict(result, checked))),
        *(_compared(checked, all_) if checked else ()),
        Chapter("Cost lines", tuple(_costs(result, checked, all_))),
        Chapter("Latency and throughput", tuple(_performance(result, checked))),
        *([Chapter(GROWTH, tuple(growth_parts(growth)))] if growth is not None else []),
        *([Chapter(SURE, tuple(uncertainty_parts(uncertainty)))] if uncertainty is not None else []),
        *([Chapter("The claims", tuple(_claims(checked, all_)))] if checked else []),
        Chapter("What it rests on", tuple(_assumed(result, checked))),
        Chapter("How far to trust it", tuple(_weaknesses(result, checked))),
        Chapter("Provenance", tuple(_provenance(result))),
    ]
    return Report(f"Cost, latency and throughput: {result.scenario}", about, tuple(chapters))


# --- the verdict, and the decision under it -------------------------------------------------------------------


def _verdict(result: Result, checked: CheckResult | None) -> Iterator[Part]:
    if not result.figures["completed_per_month"]:
        what = "completed" if result.payments else "offered"
        yield Lead(f"No payment was {what} in this month.")
        tried = "what was tried and for " if result.payments else ""
        yield f"So there is no latency and no cost per payment; the bill is for {tried}what stands idle."
    if checked is None:
        yield from _bought(result)
        return
    finding, *others = [_sentence(line) for line in finding_lines(checked) if line]
    yield Lead(finding)
    yield from others
    if checked.binding and checked.moved:
        yield f"Verdicts that differ from those pinned: {', '.join(one.claim.id for one in checked.moved)}."
    yield from _cheapest(checked)
    yield Shown(f"Your options a month at {dollars(checked.own.volume_usd)}", option_table(checked))
    if checked.own.rejected is None:
        for option in checked.options:
            yield from (f"{option.title}: {line}." for line in pays_lines(option, checked.options))
    yield from (f"{warning}." for warning in result.bill.warnings)
    yield from _picture("options", checked)


def _sentence(line: str) -> str:
    """A line of columns (`98 %  fails    92.03 % on …`) as prose."""
    stated, *columns = COLUMNS.split(line.strip(), maxsplit=2)
    return " ".join([stated, ": ".join(columns)]).strip()


def _cheapest(checked: CheckResult) -> Iterator[Part]:
    """Which option costs least with everything counted; on the document's figures, or simulated for other payments."""
    if not checked.options:
        return
    stated = {option.title: option.loaded_mid_usd for option in checked.options}
    modelled = {option.title: option.loaded_usd[1] for option in checked.modelled_options}
    costs = stated if is_documents_month(checked) else modelled
    title = min(costs, key=lambda name: costs[name])
    yield f"At this volume the cheapest, with everything counted (mid), is “{title}”: {dollars(costs[title])} a month."


def _bought(result: Result) -> Iterator[Part]:
    each = result.cost_per_payment_usd
    cost = f"{dollars(result.bill.total_usd, 2)} a month for {dollars(result.volume_usd)} of payments"
    yield Lead(f"This system costs {cost}" + (f": {dollars(each, 4)} a payment." if each else "."))
    yield (
        "The service is bought, not built. The claims about an own system, its perimeters, the bridge and the "
        "break-even do not apply to this side by itself; the report of an own system has them, with both sides."
    )
    yield from result.bill.warnings


# --- the comparison -------------------------------------------------------------------------------------------


def _compared(checked: CheckResult, all_: bool) -> Iterator[Chapter]:
    parts: list[Part] = [
        *_picture("perimeter", checked),
        Shown("Reduction by perimeter, USD a month", perimeter_table(checked)),
    ]
    parts.append(
        "Document: arithmetic on the document's own figures. Simulated: usage of the simulated month at dated prices, "
        "with its interval over the replications. The last column: how much of both sides nobody published or measured."
    )
    yield Chapter("The reduction, by what is counted", tuple(parts))
    bridge: list[Part] = [*_picture("bridge", checked)]
    if bridge and checked.own.rejected is not None:
        bridge.append("This is the document's month, not that of the payments replayed here.")
    if bridge:
        yield Chapter("Where the claimed saving comes from", tuple(bridge))


def _picture(name: str, checked: CheckResult) -> Iterator[Picture]:
    """The chart, unless the result has nothing that it shows."""
    from costmodel.reporting.charts_svg import chart_svg

    finding, text = FINDINGS[name]
    try:
        yield Picture(name, chart_svg(name, checked), finding(checked), text(checked))
    except UsageError:
        return


# --- the month ------------------------------------------------------------------------------------------------


def _costs(result: Result, checked: CheckResult | None, all_: bool) -> Iterator[Part]:
    bill = result.bill
    yield f"The bill comes to {dollars(bill.total_usd, 2)} a month. {_rests(result)}"
    if checked is not None and cost_lines(checked):
        yield from _picture("cost_lines", checked)
        yield (
            "The chart sets only what the document lists beside the simulation; the bill counts everything, such as "
            "paying the providers. Quantities are means over the simulated months."
        )
    left_out = "" if all_ else "; lines of less than half a cent left out"
    yield Shown(
        f"Quantity × unit price = cost, prices of {bill.on}, {bill.region}{left_out}", bill_table(bill, all_=all_)
    )


def _rests(result: Result) -> str:
    share = percent(HUNDRED * result.bill.share_not_published_or_measured(), 0)
    return f"{share} of this total rests on assumptions: on prices or quantities that nobody published or measured."


def _performance(result: Result, checked: CheckResult | None) -> Iterator[Part]:
    _, month, functions, limits, *_ = run_sections(result)
    yield from _parts("Latency of a payment", month)
    if result.latencies:
        from costmodel.reporting.charts_svg import chart_svg

        svg = chart_svg("distribution", result)
        yield Picture("distribution", svg, latency_finding(result), latency_text(result))
    if checked is not None:
        if waits(checked):
            yield from _picture("latency", checked)
        waited = latency_claim(checked)
        if waited is not None and waited.holds_when:
            yield f"{waited.claim.id}, “{waited.claim.quote}”: {waited.verdict}. {condition(waited)}"
        yield from (line for line in availability_lines(checked))
    yield from _parts("What each function did, mean of the simulated months", functions)
    yield from _parts("What is nearest to its limit, and at which rate of payments it is reached", limits)


def _parts(caption: str, section: Section) -> Iterator[Part]:
    for part in section:
        yield Shown(caption, part) if isinstance(part, Table) else part.strip()


def _claims(checked: CheckResult, all_: bool) -> Iterator[Part]:
    yield f"{tally(checked.claims)}."
    yield Shown(f"All {len(checked.claims)} claims of: {checked.title}", claim_table(checked, all_=all_))


# --- what it rests on, and how far ----------------------------------------------------------------------------


def _assumed(result: Result, checked: CheckResult | None) -> Iterator[Part]:
    yield _rests(result)
    yield Shown(
        "The bill by basis: what price and quantity of a line rest on, the weaker of the two", basis_table(result.bill)
    )
    yield Shown("Prices used", price_table(result.bill), is_long=True)
    if checked is not None and LOADED in checked.document:
        tables = term_tables(checked.document[LOADED])
        yield from (Shown(caption, table, is_long=True) for caption, table in tables)
    yield Shown("Figures of the workload and the pipeline", assumption_table(result.assumptions), is_long=True)


def _weaknesses(result: Result, checked: CheckResult | None) -> Iterator[Part]:
    rows = assumption_table(result.assumptions).rows
    assumed = sum(row[-2] == "assumption" for row in rows)
    yield f"{assumed:,} of the {len(rows):,} figures of workload and pipeline are assumptions, which nobody published."
    quoted = sum(line.price_basis == "secondary" for line in result.bill.lines)
    if quoted:
        yield f"Prices quoted by third parties (basis: secondary): {quoted} of the bill's {len(result.bill.lines)}."
    if checked is not None:
        yield from _spread(checked)
    if result.replications == 1:
        yield "The month was simulated once: there are no intervals."
    else:
        yield f"Intervals are those of chance over {result.replications} simulated months, not of what is assumed."
    yield from (f"More is offered than the system carries: {sign}." for sign in result.overload)


def _spread(checked: CheckResult) -> Iterator[Part]:
    low, high = (checked.document.get(f"{LOADED}.{end}") for end in ("low", "high"))
    if low is not None and high is not None:
        ends = [captions.signed(percent(row.reduction_percent)) for row in (low, high)]
        yield f"{checked.document[LOADED].title.capitalize()} the reduction lies anywhere from {ends[1]} to {ends[0]}."
    against = [one for one in checked.claims if one.document.contradicts]
    if against:
        yield f"The document contradicts itself in {number(len(against), 0)} of its {len(checked.claims)} claims."
    if checked.own.assumptions.scenario.horizon != "month":
        yield "Comparisons follow every payment to its end; the bill and the latency above are of the calendar month."


def _provenance(result: Result) -> Iterator[Part]:
    yield from (str(part) for part in run_sections(result)[-1])
    yield Shown("What makes the same figures again", provenance_table(result))
