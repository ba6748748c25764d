"""The check screen: the finding, the decision, the perimeters, and the operating points at once; in plain text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from costmodel.analysis.check import CheckResult
from costmodel.analysis.claims import judge
from costmodel.analysis.compare import Comparison
from costmodel.analysis.judging import Judged
from costmodel.analysis.modeller import ModelledRow
from costmodel.analysis.options import OptionRow
from costmodel.analysis.perimeters import PerimeterRow, Term, total
from costmodel.reporting.needs import needed
from costmodel.reporting.replayed import columns_line, lines_shown
from costmodel.reporting.tables import fitted
from costmodel.reporting.words import NOTHING, dollars, interval, ms, number, percent, row_text
from costmodel.result import Result

WIDTH = 100
HALF_A_CENT = Decimal("0.01") / 2  # less rounds to nothing
OPTION_WIDTHS = (38, 8, 27, 22)
PERIMETER_WIDTHS = (27, 9, 10, 15, 25, 14)
POINT_WIDTHS = (26, 37, 37)
COLD_WIDTHS = (42, 16, 28)
LINE_WIDTHS = (38, 11, 11)
VARIANT_WIDTHS = (52, 11, 11, 11, 13)
SIDE_WIDTHS = (46, 14, 14)
LATENCY = "latency_ms."
HOURS_PER_DAY, MINUTES_PER_HOUR = 24, 60
VERDICTS = {"holds": "adds up", "fails": "fails", "not_reproducible": "cannot be reproduced"}
MAIN_ROWS = ("as_claimed", "list_price", "same_rail", "cards_kept", "fully_loaded")


def render_check(result: CheckResult, *, all_: bool = False, width: int = WIDTH) -> str:
    """One screen (about 100 × 40), the finding first; with `all_` the cost lines, all perimeters and all claims."""
    lines = [*finding_lines(result), "", *_decision(result), "", *_perimeters(result, all_), "", *_at_once(result), ""]
    lines += [*_ending(result, all_)]
    if all_:
        for part in (_cold_by_function(result), _cost_lines(result), _variants(result), _claims(result)):
            lines += ["", *part]
    return "\n".join(line for text in lines for line in fitted(text, width)) + "\n"


# --- the finding ----------------------------------------------------------------------------------------


def finding_lines(result: CheckResult) -> Iterator[str]:
    """The document's finding with what leads to it where its verdicts stand, else the tally."""
    finding, claims = result.finding, {judged.claim.id: judged for judged in result.claims}
    stands = finding is not None and all(claims[name].verdict == word for name, word in finding.verdicts.items())
    if finding is not None and stands and result.own.rejected is None:
        yield from (finding.text, "", *(_lead(claims[name]) for name in finding.lead))
        same_rail = result.document.get("same_rail")
        if same_rail is not None:
            yield f"  Same rail, both legs: {percent(same_rail.reduction_percent)}. {_saving(result)}"
    else:
        yield f"{result.title}: {tally(result.claims)}."
    if result.own.rejected is not None:
        yield from _business(result)


def _lead(judged: Judged) -> str:
    """One claim of the finding: stated, verdict, what it comes to, and why or when."""
    claim = judged.claim
    unit = "%" if claim.unit == "percent" else claim.unit
    tail = f"It holds only if {judged.holds_when}." if judged.verdict == "fails" else claim.because
    found = f"{number(judged.recomputed, 2)} {unit} on the document's own figures. "
    return f"  {number(claim.stated, 2)} {unit}  {VERDICTS[judged.verdict]:<9}{found}{tail}"


def _saving(result: CheckResult) -> str:
    if result.saving is None:
        return ""
    parts = "; ".join(f"{dollars(part.usd)} is {part.title}" for part in result.saving_parts)
    return f"Of {dollars(result.saving.usd)} claimed, {parts}. All of it assumes that every buyer pays by ACH."


def _business(result: CheckResult) -> Iterator[str]:
    """A replayed file: what of it was used, and what its ticket size does to the verdict."""
    report, ticket = result.own.rejected or {}, dollars(result.own.mean_ticket_usd, 2)
    yield f"  Your payments: {report['used']:,} used, {report['rejected']:,} rejected; mean ticket {ticket}."
    for reason, found in report["reasons"].items():
        yield f"    {found['count']:,} rejected: {reason} (line {lines_shown(found)})"
    yield f"  {columns_line(report)}"
    for judged in result.claims:
        if judged.claim.model == "reduction":
            verdicts = {word for word, _ in judged.by_perimeter.values()}
            word = (
                f"{VERDICTS[verdicts.pop()]} in every perimeter" if len(verdicts) == 1 else "depends on the perimeter"
            )
            yield f"  {number(judged.claim.stated, 2)} % on your payments: {word}."
    both, rail = (percent(result.modelled[name].row.reduction_percent) for name in ("both_legs", "same_rail"))
    yield (
        f"  Against Stripe's cards the own system with both legs saves {both}, against its ACH {rail}. "
        f"A fixed price per ACH item weighs more the smaller the ticket; yours is {ticket}."
    )


def tally(claims: Iterable[Judged]) -> str:
    """How many claims have each verdict, in words."""
    verdicts = [judged.verdict for judged in claims]
    counts = {word: verdicts.count(word) for word in ("holds", "fails", "not_reproducible")}
    return f"{counts['holds']} claims hold, {counts['fails']} fail, {counts['not_reproducible']} cannot be reproduced"


# --- the decision -----------------------------------------------------------------------------------------


def _decision(result: CheckResult) -> Iterator[str]:
    of_document = result.own.rejected is None
    volume = dollars(result.own.volume_usd)
    yield row_text(f"Your options a month at {volume}", "fees", "loaded (low – mid – high)", "modelled fees, mid",
                   widths=OPTION_WIDTHS)  # fmt: skip
    simulated = {option.id: option for option in result.modelled_options}
    for option in result.options:
        modelled = simulated[option.id]
        loaded = (option.loaded_low_usd, option.loaded_mid_usd, option.loaded_high_usd)
        yield row_text(
            f"  {option.title}",
            dollars(option.fees_usd, sign=False) if of_document else "",
            " – ".join(dollars(usd, sign=False) for usd in loaded) if of_document else "",
            f"{dollars(modelled.fees_usd, sign=False)}, {dollars(modelled.loaded_usd[1], sign=False)}",
            widths=OPTION_WIDTHS,
        )
    if of_document:
        yield from (f"  {line}" for option in result.options for line in pays_lines(option, result.options))
    yield from (f"  {warning}" for warning in result.own.bill.warnings)


def pays_lines(option: OptionRow, options: tuple[OptionRow, ...]) -> Iterator[str]:
    """From which volume an option pays, loaded (mid), against the fees of each other."""
    titles = {known.id: known.title for known in options}
    parts = []
    for payoff in option.pays:
        found = payoff.against_fees
        when = f"from {dollars(found.volume_usd)} a month" if found.kind == "from" else found.kind
        parts.append(f"{when} against “{titles[payoff.against]}”")
    if parts:
        yield f"building pays {', '.join(parts)} (mid, on the document's figures)"


# --- the perimeters ---------------------------------------------------------------------------------------


def _perimeters(result: CheckResult, all_: bool) -> Iterator[str]:
    heads = ("Stripe", "own", "document", "modelled [95 %]", "unpublished")
    yield row_text("Reduction by perimeter", *heads, widths=PERIMETER_WIDTHS)
    documents = result.document if result.own.rejected is None else {}
    names = dict.fromkeys([*documents, *result.modelled])
    for name in names if all_ else MAIN_ROWS:
        document, modelled = documents.get(name), result.modelled.get(name)
        if (document or modelled) and "." not in name:
            yield _perimeter(document, modelled, documents.get("cards_kept.list_markup"))


def _perimeter(document: PerimeterRow | None, modelled: ModelledRow | None, dearest: PerimeterRow | None) -> str:
    """One row: money by the document where it has it, reductions by both. `dearest`: cards kept at a list markup."""
    shown = document or (modelled.row if modelled else None)
    assert shown is not None
    reduction = percent(document.reduction_percent) if document else NOTHING
    if document and dearest and dearest.id == document.id:
        reduction = f"{number(dearest.reduction_percent)} – {reduction}"
    simulated = NOTHING
    if modelled is not None:
        simulated = f"{percent(modelled.row.reduction_percent)} {interval(modelled.intervals.get('reduction'))}"
    unsure = (modelled.row if modelled else shown).share_not_published_or_measured
    money = [dollars(usd, 2, sign=False) for usd in (shown.stripe_usd, shown.own_usd)]
    return row_text(f"  {shown.title}", *money, reduction, simulated, percent(unsure * 100, 0), widths=PERIMETER_WIDTHS)


# --- the operating points -----------------------------------------------------------------------------------


def _at_once(result: CheckResult) -> Iterator[str]:
    points = [point for point in (result.own, result.busy) if point is not None]
    yield row_text("At once?", *[_point_title(point) for point in points], widths=POINT_WIDTHS, left=True)
    claim = next((j for j in result.claims if (j.claim.model or "").startswith(LATENCY)), None)
    if claim is not None:
        limit = f"  {claim.claim.relation} {number(claim.claim.stated, 2)} {claim.claim.unit}"
        cells = [_latency(point, claim) for point in points]
        yield row_text(f"{limit} ({_level(claim)})", *cells, widths=POINT_WIDTHS, left=True)
    yield row_text("  p50, p99", *[_spread(point) for point in points], widths=POINT_WIDTHS, left=True)
    yield row_text("  cold starts", *[_cold(point) for point in points], widths=POINT_WIDTHS, left=True)
    yield row_text("  own cost per payment", *[_unit_cost(point) for point in points], widths=POINT_WIDTHS, left=True)
    if claim is not None:
        yield f"  {claim.holds_when} Latency and cost are claimed for different operating points."
    yield from (f"  {line}" for line in _throughput(result.busy or result.own))
    yield from (f"  {line}" for line in availability_lines(result))


def _point_title(point: Result) -> str:
    days = point.assumptions.scenario.workload.days
    if days is None:
        return f"{point.payments:,} a month"
    hours = float(days) * HOURS_PER_DAY
    span = f"{hours:,.0f} h" if hours >= 1 else f"{hours * MINUTES_PER_HOUR:,.0f} min"
    return f"{point.throughput['offered_per_hour']:,.0f} an hour ({span})"


def _level(judged: Judged) -> str:
    return str(judged.claim.model).removeprefix(LATENCY)


def _latency(point: Result, judged: Judged) -> str:
    level = _level(judged)
    value = point.latency_ms[level]
    if value is None:
        return "no completed payment"
    verdict = judge(judged.claim, Decimal(str(value)))
    return f"{verdict}: {ms(value)} {interval(point.intervals.get(f'{LATENCY}{level}'), 0)}"


def _spread(point: Result) -> str:
    return f"{ms(point.latency_ms['p50'])}, {ms(point.latency_ms['p99'])}"


def _cold(point: Result) -> str:
    invoked = sum(counted["invocations"] for counted in point.functions.values())
    cold = sum(counted["cold_starts"] for counted in point.functions.values())
    return (
        f"{percent(Decimal(str(100 * cold / invoked)))} of {invoked:,.0f} invocations" if invoked else "no invocation"
    )


def _unit_cost(point: Result) -> str:
    return f"{dollars(point.cost_per_payment_usd, 4)}"


def _throughput(point: Result) -> Iterator[str]:
    rates = point.throughput
    offered, done, declined, lost = (
        rates[f"{name}_per_hour"] for name in ("offered", "completed", "declined", "failed")
    )
    text = f"{offered:,.0f}/h: {done:,.0f} completed, {declined:,.0f} declined as fraud, {lost:,.1f} lost"
    if point.limits:
        nearest = point.limits[0]
        at = nearest.payments_per_hour(offered)
        text += (
            f"; nearest limit: {nearest.name} (per {nearest.scope}), at {nearest.share_percent:.1f} % of it, "
            f"reached at {at:,.0f} payments/h"
        )
    yield text + "."


def availability_lines(result: CheckResult) -> Iterator[str]:
    """The claimed availability beside the published SLAs in series and the simulation; nothing without such a claim."""
    judged = next((j for j in result.claims if j.claim.model == "availability.sla_series"), None)
    if judged is None or judged.figure is None:
        return
    simulated = result.own.availability["time"]
    yield (
        f"{judged.claim.stated} %: no published SLA supports it ({percent(judged.figure, 2)} in series); simulated "
        f"{simulated:.3f} % of the time under the outages assumed of each service."
    )


# --- the ending, and what --all adds -----------------------------------------------------------------------


def _ending(result: CheckResult, all_: bool) -> Iterator[str]:
    moved = ", ".join(judged.claim.id for judged in result.moved)
    if moved:
        yield f"Verdicts that differ from their pin: {moved}." + ("" if result.binding else " (pins do not bind here)")
    own = result.own
    more = "" if all_ else " (costmodel check --all)"
    yield (
        f"{tally(result.claims)}{more}. seed {own.assumptions.scenario.seed}, {own.replications} replications, "
        f"prices of {own.assumptions.scenario.on.isoformat()}."
    )
    if result.overridden:
        yield f"Overridden: {', '.join(result.overridden)}."


def _cold_by_function(result: CheckResult) -> Iterator[str]:
    """The share of cold starts of every function that is called, at each operating point."""
    points = [point for point in (result.own, result.busy) if point is not None]
    titles = [_point_title(point) for point in points]
    yield row_text("Cold starts by function, % of invocations", *titles, widths=COLD_WIDTHS)
    for name in result.own.functions:
        counts = [point.functions[name] for point in points]
        if any(counted["invocations"] for counted in counts):
            yield row_text(f"  {name}", *(_cold_share(counted) for counted in counts), widths=COLD_WIDTHS)


def _cold_share(counted: dict[str, float]) -> str:
    if not counted["invocations"]:
        return NOTHING
    return percent(Decimal(str(100 * counted["cold_starts"] / counted["invocations"])))


def _cost_lines(result: CheckResult) -> Iterator[str]:
    """The claimed lines beside the modelled ones, and why they differ."""
    yield row_text("Cost lines, USD a month", "claimed", "modelled", widths=LINE_WIDTHS)
    for judged in result.claims:
        if (judged.claim.model or "").startswith("bill."):
            cells = [dollars(usd, 2, sign=False) for usd in (judged.claim.stated, judged.figure)]
            yield row_text(f"  {judged.claim.subject}: {judged.claim.metric}", *cells, widths=LINE_WIDTHS)
            yield f"      {judged.claim.because}"
            yield from (f"      at list price it takes {text}" for text in needed(judged, result.own))


def _variants(result: CheckResult) -> Iterator[str]:
    yield row_text("Variants of the perimeters", "Stripe", "own", "document", "modelled", widths=VARIANT_WIDTHS)
    for name in dict.fromkeys([*result.document, *result.modelled]):
        document, modelled = result.document.get(name), result.modelled.get(name)
        shown = document or (modelled.row if modelled else None)
        if shown is None or "." not in name:
            continue
        yield row_text(
            f"  {shown.id}: {shown.title}"[: VARIANT_WIDTHS[0]],
            dollars(shown.stripe_usd, 2, sign=False),
            dollars(shown.own_usd, 2, sign=False),
            percent(document.reduction_percent) if document else "–",
            percent(modelled.row.reduction_percent) if modelled else "–",
            widths=VARIANT_WIDTHS,
        )


def _claims(result: CheckResult) -> Iterator[str]:
    yield f"All {len(result.claims)} claims"
    for judged in result.claims:
        claim = judged.claim
        stated = "" if claim.stated is None else f"{number(claim.stated, 3)} {claim.unit}"
        found = "" if judged.recomputed is None else f" -> {number(judged.recomputed, 3)}"
        yield f"  {claim.id} line {claim.line}: “{claim.quote}” {stated}{found}: {VERDICTS[judged.verdict]}"
        yield f"      {claim.because}"
        if judged.holds_when:
            yield f"      holds when: {judged.holds_when}"
        if judged.by_perimeter:
            shown = ", ".join(f"{name} {VERDICTS[v]} ({number(x, 1)})" for name, (v, x) in judged.by_perimeter.items())
            yield f"      simulated by perimeter: {shown}"
        if judged.document.contradicts:
            yield f"      contradicts: {', '.join(judged.document.contradicts)}"
        for reading in judged.document.hypotheses:
            yield f"      hypothesis: {reading.text} = {number(reading.value, 2)}"


# --- compare ------------------------------------------------------------------------------------------------


def render_comparison(comparison: Comparison, *, width: int = WIDTH) -> str:
    """Both sides line by line, the totals, and what the perimeter replaced."""
    row = comparison.modelled.row
    shown = f"{percent(row.reduction_percent)} {interval(comparison.modelled.intervals.get('reduction'))}"
    lines = [f"{comparison.before} → {comparison.after} ({row.title}): {shown} cheaper", ""]
    for title, terms in (("before", row.stripe), ("after", row.own)):
        lines += [*_side(title, terms), ""]
    lines += [_difference(comparison)]
    if comparison.document_percent is not None:
        lines.append(f"On the document's own figures: {percent(comparison.document_percent)}.")
    lines += ["The perimeter replaced:", *(f"  {text}" for text in comparison.replaced)]
    left = ", ".join(f"{term.label} {dollars(term.usd, 2)}" for term in row.left_out if term.usd)
    lines += [f"Left out by the perimeter: {left}."] if left else []
    return "\n".join(line for text in lines for line in fitted(text, width)) + "\n"


def _difference(comparison: Comparison) -> str:
    """Before less after, with the interval of the pairs and what pairing them is worth."""
    found = comparison.modelled.difference
    said = f"Difference, USD a month: {number(found.value, 2)} {interval(found.interval, 2)}".rstrip()
    if found.variance_ratio is None:
        return f"{said}."
    return (
        f"{said} (95 %, {found.replications} pairs of months with the same luck; independent runs would have "
        f"{number(found.variance_ratio)} times the variance)."
    )


def _side(title: str, terms: Sequence[Term]) -> Iterator[str]:
    """One side's lines, those that would show as 0.00 together in one."""
    yield row_text(f"{title}, USD a month", "", "basis", widths=SIDE_WIDTHS)
    small = [term for term in terms if abs(term.usd) < HALF_A_CENT]
    for term in terms:
        if term not in small:
            yield row_text(f"  {term.label}", dollars(term.usd, 2, sign=False), term.basis, widths=SIDE_WIDTHS)
    if small:
        together = dollars(total(small), 2, sign=False)
        yield row_text(f"  {len(small)} lines of less than a cent", together, widths=SIDE_WIDTHS[:2])
    yield row_text("  total", dollars(total(terms), 2, sign=False), "", widths=SIDE_WIDTHS)
