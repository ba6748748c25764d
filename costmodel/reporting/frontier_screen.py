"""What `frontier` prints, and its finding in words."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from costmodel.analysis.frontier import Frontier
from costmodel.analysis.frontier_points import Held, Point
from costmodel.assumptions.document import Claim
from costmodel.reporting.breakeven_words import on_axis, percent_of
from costmodel.reporting.captions import signed
from costmodel.reporting.documents import Documents, page
from costmodel.reporting.tables import Section, Table, as_csv, as_json, as_markdown
from costmodel.reporting.words import NARROW, NOTHING, dollars, ms, number

COLUMNS = ("payments", "claim", "title", "perimeter", "figure", "low", "high", "verdict")
MARKS = {"holds": " ✓", "fails": " ✗", "not_reproducible": ""}
REFUSED = Decimal("0.01")  # calls per payment from which refusals are told


def limit_text(claim: Claim) -> str:
    """`< 100 ms`, `98 %`, `>= 10,000 transactions/hour`."""
    unit = "%" if claim.unit == "percent" else str(claim.unit)
    relation = "" if claim.relation == "=" else f"{claim.relation} "
    return f"{relation}{number(claim.stated, 2)}{NARROW}{unit}"


def frontier_finding(result: Frontier) -> str:
    """In one sentence: whether all claims ever hold at once, where latency holds or how near it comes, what is left."""
    return f"{_latency(result)}; {_reduction(result)}"


def _span(result: Frontier) -> str:
    ends = result.points[0].payments, result.points[-1].payments
    return f"from {ends[0]:,} to {ends[1]:,} payments a month"


def _latency(result: Frontier) -> str:
    claim = result.latency
    if claim is None:
        return f"No claim on latency, {_span(result)}"
    level = str(claim.model).partition(".")[2]
    held = [point for point in result.points if point.of(claim.id).verdict == "holds"]
    warm = [point for point in result.points if point.warmest and point.warmest.chosen.holds]
    like = result.same_rail
    holds = f"{limit_text(claim)} ({level}) holds from"
    if held:
        left = percent_of(held[0].of(result.reductions[0].id, like).figure) if result.reductions else NOTHING
        return f"{holds} {held[0].payments:,} payments a month on, where {left} is left on the same rail"
    if warm and warm[0].warmest:
        usd, left = dollars(warm[0].warmest.chosen.extra_usd), percent_of(warm[0].warm_percent)
        return (
            f"{holds} {warm[0].payments:,} payments a month on, if {usd} a month keeps environments warm; {left} is "
            "then left on the same rail"
        )
    best = min((p.warmest.chosen.figure_ms for p in result.points if p.warmest), default=None)
    ends = [point.of(claim.id).figure for point in result.points]
    known = [float(figure) for figure in ends if figure is not None]
    if not known:
        return f"No payment completes {_span(result)}"
    return (
        f"{limit_text(claim)} ({level}) holds nowhere {_span(result)}: it falls from {ms(known[0])} to "
        f"{ms(known[-1])}, with everything kept warm to {ms(best)}"
    )


def _reduction(result: Frontier) -> str:
    if not result.reductions:
        return "no reduction is claimed"
    said = [f"{number(claim.stated, 2)}{NARROW}% {_where(result, claim)}" for claim in result.reductions]
    like = [point.of(result.reductions[0].id, result.same_rail).figure for point in result.points]
    known = [figure for figure in like if figure is not None]
    rail = f", on the same rail {percent_of(min(known))} to {percent_of(max(known))}" if known else ""
    return f"{' and '.join(said)}{rail}"


def _where(result: Frontier, claim: Claim) -> str:
    """Within which perimeters, and from which volume on, a reduction holds."""
    found = []
    for name, title in result.perimeters:
        held = [point.payments for point in result.points if point.of(claim.id, name).verdict == "holds"]
        if held:
            found.append(f"{title} (from {held[0]:,})")
    return f"holds only for {', '.join(found)}" if found else "holds in no perimeter"


def frontier_documents(result: Frontier) -> Documents:
    """The frontier in every format."""
    return {
        "table": lambda: page(lambda _: frontier_sections(result)),
        "json": lambda: as_json(result.to_dict()),
        "csv": lambda: as_csv(result.rows(), COLUMNS),
        "markdown": lambda: as_markdown(frontier_sections(result)),
    }


def frontier_sections(result: Frontier) -> list[Section]:
    """The finding, every claim by volume, what latency would take, and whether all hold at once."""
    head = ("", *(on_axis(point.payments, "") for point in result.points))
    rows = [("payments an hour", *(f"{p.offered_per_hour:,.1f}" for p in result.points))]
    for claim in result.reductions[:1]:
        for name, title in result.perimeters:
            rows.append(
                (f"reduction, {title}", *(_cell(p.of(claim.id, name), percent_of, result) for p in result.points))
            )
    for other in (result.latency, *result.others):
        if other is not None:
            shown = _figure_of(other)
            rows.append((limit_text(other), *(_cell(p.of(other.id), shown, result) for p in result.points)))
            if any(p.of(other.id).interval for p in result.points):
                rows.append(("  95 % interval", *(_half_width(p.of(other.id)) for p in result.points)))
    rows += [
        ("payments lost", *(percent_of(Decimal(str(p.lost_percent))) for p in result.points)),
        ("calls refused, per payment", *(number(p.refused_calls, 2) for p in result.points)),
        ("own USD a payment", *(number(p.own_usd_per_payment, 3) for p in result.points)),
    ]
    return [
        [f"{frontier_finding(result)}."],
        ["Payments a month:", Table(head, tuple(rows))],
        _warm(result),
        _notes(result),
    ]


def frontier_rows(result: Frontier) -> list[tuple[str, list[tuple[str, bool]]]]:
    """For the chart: a row for each claim (and perimeter), a figure for each volume and whether it keeps the claim."""
    rows = []
    for claim in result.reductions:
        for name, title in result.perimeters:
            held = [point.of(claim.id, name) for point in result.points]
            cells = [(percent_of(one.figure), one.verdict == "holds") for one in held]
            rows.append((f"{number(claim.stated, 2)}{NARROW}%: {title}", cells))
    for other in (result.latency, *result.others):
        if other is not None:
            held = [point.of(other.id) for point in result.points]
            rows.append((limit_text(other), [(_figure_of(other)(one.figure), one.verdict == "holds") for one in held]))
    return rows


def _figure_of(claim: Claim) -> Callable[[Decimal | None], str]:
    if claim.unit == "ms":
        return lambda value: NOTHING if value is None else f"{value:,.0f}"
    if claim.unit == "percent":
        return lambda value: NOTHING if value is None else f"{number(value, 2)}{NARROW}%"
    return lambda value: NOTHING if value is None else f"{value:,.0f}"


def _half_width(held: Held) -> str:
    """`± 12`, or nothing where a single run gives none."""
    return "" if held.interval is None else f"± {(held.interval[1] - held.interval[0]) / 2:,.0f}"


def _cell(held: Held, shown: Callable[[Decimal | None], str], result: Frontier) -> str:
    """The figure, with a mark for every claim that it keeps or breaks."""
    if held.perimeter is None:
        return shown(held.figure) + MARKS[held.verdict]
    keeps = [
        claim
        for claim in result.reductions
        if (held.figure or Decimal(0)) >= (claim.stated or 0) - (claim.tolerance or 0)
    ]
    return shown(held.figure) + (MARKS["holds"] if keeps else MARKS["fails"])


def _warm(result: Frontier) -> Section:
    """What keeping everything warm does, by volume."""
    known = [point for point in result.points if point.warmest is not None]
    if not known or result.latency is None:
        return []
    head = ("kept warm", *(on_axis(point.payments, "") for point in known))
    configurations = [point.warmest.chosen for point in known if point.warmest]
    rows = (
        ("environments, each function", *(str(one.provisioned) for one in configurations)),
        ("memory, MB", *("as it is" if one.memory_mb is None else str(one.memory_mb) for one in configurations)),
        ("USD a month more", *(signed(f"{one.extra_usd:,.0f}") for one in configurations)),
        (
            limit_text(result.latency),
            *(f"{one.figure_ms:,.0f}{MARKS['holds' if one.holds else 'fails']}" for one in configurations),
        ),
        ("the same, code in no time", *(f"{point.warmest.floor_ms:,.0f}" for point in known if point.warmest)),
        ("reduction left, same rail", *(percent_of(point.warm_percent) for point in known)),
    )
    return [Table(head, rows)]


def _notes(result: Frontier) -> Section:
    notes: Section = [_together(result)]
    stated = ", ".join(f"{number(claim.stated, 2)}{NARROW}%" for claim in result.reductions)
    notes.append(
        f"✓ keeps, ✗ breaks what is claimed; a reduction keeps a claim ({stated}) if it is as large or larger."
    )
    refused = [point for point in result.points if point.refused_calls >= REFUSED]
    if refused:
        notes.append(_refused(refused[0]))
    if result.provenance["overridden"]:
        notes.append(f"Overridden: {', '.join(result.provenance['overridden'])}.")
    return notes


def _refused(point: Point) -> str:
    return (
        f"From {point.payments:,} payments a month on a limit refuses calls (nearest: {point.nearest_limit}): what "
        "they were to do is left out or done later, and the answer comes sooner for it."
    )


def _together(result: Frontier) -> str:
    """Whether everything holds at once anywhere."""
    for claim in result.reductions:
        for name, title in result.perimeters:
            at = result.jointly(name, claim)
            if at:
                kept = f"{number(claim.stated, 2)}{NARROW}% within {title}"
                return f"All hold at once, with {kept}, from {at[0]:,} payments a month on."
    return "At no volume do the claims hold together, in any perimeter."
