"""`diff` as people read it: the total and the verdict first, then a line per meter that moved, with its cause."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from costmodel.analysis.alarms import Alarm
from costmodel.analysis.diff import LATENCY_SHOWN, Diff, DiffReport
from costmodel.analysis.measured import COST_PER_PAYMENT, Line
from costmodel.analysis.movement import CAUSES, Movement
from costmodel.reporting.tables import Section, Table
from costmodel.reporting.words import NOTHING, number, percent

SHOWN_CHANGES = 12
SHOWN_SOURCES = 3
BY_CAUSE = {"code": "code", "price book": "price book", "scenario": "scenario", "noise": "simulation noise"}
MILLION = 10**6
SHOWN_PLACES = ((1000, 0), (100, 1), (0, 4))  # decimals of a quantity from so much on
SHOWN_ALARMS = 6


def diff_sections(report: DiffReport, width: int | None = None) -> list[Section]:
    """The report as sections of lines and tables; of a single scenario, or a row each of several."""
    found: list[Section] = []
    if len(report.diffs) > 1:
        found += [[verdict(report)], [overview(report.diffs)]]
    told = report.diffs if len(report.diffs) == 1 else [diff for diff in report.diffs if is_news(diff)]
    for diff in told:
        found += scenario_sections(diff)
    return found


def verdict(report: DiffReport) -> str:
    """One line: what the build comes to."""
    several = f"{len(report.diffs)} scenarios compared: " if len(report.diffs) > 1 else ""
    if report.problems:
        return f"{several}not everything could be compared ({len(report.problems)} errors)"
    blocked = [f"{diff.scenario}: {reason}" for diff in report.diffs for reason in _blocks(diff)]
    if blocked:
        more = f", and {len(blocked) - 1} more" if len(blocked) > 1 else ""
        return f"{several}blocked by policy: {blocked[0]}{more}"
    return f"{several}{'as allowed' if any(is_moved(diff) for diff in report.diffs) else 'nothing moved'}"


def is_news(diff: Diff) -> bool:
    """Whether there is anything to tell beyond the totals."""
    return bool(is_moved(diff) or diff.flipped or diff.alarms)


def is_moved(diff: Diff) -> bool:
    """Whether anything moved for another reason than luck."""
    return any(movement.sign for movement in diff.movements)


def overview(diffs: Sequence[Diff]) -> Table:
    """A row for each scenario."""
    head = ("Scenario", "USD a month", "now", "change", "p99 latency", "now", "")
    return Table(head, tuple(_overview_row(diff) for diff in diffs), left=frozenset({6}))


def scenario_sections(diff: Diff) -> list[Section]:
    """One scenario: the finding, the lines that moved, the causes of the total, what differs, and the warnings."""
    moved = [movement for movement in diff.of_kind("meter") if movement.sign]
    sections: list[Section] = [[_finding(diff), *(f"  {line}" for line in _headlines(diff))]]
    if moved:
        sections.append([lines_table(moved), _rest(diff, len(moved))])
    else:
        sections.append([f"  no line changed; {_noise(diff)}"])
    if diff.total.moved:
        sections.append([causes_table(diff)])
    sections += [_assumptions(diff), list(_flips(diff)), list(notes(diff))]
    return sections


def lines_table(moved: Sequence[Movement]) -> Table:
    """`n × price` before and after, the change and its cause, a row for each meter."""
    head = ("Line, USD a month", "before", "", "now", "change", "", "cause")
    return Table(head, tuple(_row(movement) for movement in moved), left=frozenset({6})).without_empty_columns()


def causes_table(diff: Diff) -> Table:
    """The total before, what each cause did to it, and the total now: they add up."""
    total = diff.total
    rows = [("before", money(total.before), "")]
    rows += [(BY_CAUSE[c], signed(total.causes[c]), _share(total.percent(total.causes[c]))) for c in CAUSES]
    now = ("now", money(total.after), _share(total.percent(total.change)))
    return Table(("Total, USD a month", "", ""), (*rows, now))


def money(value: Decimal | None) -> str:
    """USD to the cent, or as many decimals as leave something of it."""
    if value is None:
        return NOTHING
    places = 2 if not value or abs(value) >= Decimal("0.01") else 1 - value.adjusted()
    return f"{'-' if value < 0 else ''}${number(abs(value), 0) if places == 0 else f'{abs(value):,.{places}f}'}"


def signed(change: Decimal) -> str:
    """A change of money with its sign."""
    return money(change) if change < 0 else f"+{money(change)}"


def cause_words(movement: Movement) -> str:
    """The causes of a movement; with their money where there are several."""
    if len(movement.moved) == 1:
        return BY_CAUSE[movement.moved[0]]
    return ", ".join(
        f"{BY_CAUSE[c]} {signed(usd)}" if (usd := movement.causes[c]) else BY_CAUSE[c] for c in movement.moved
    )


def times(line: Line | None) -> str:
    """`n × price` of a line."""
    if line is None:
        return "0"
    places = next(places for least, places in SHOWN_PLACES if line.quantity >= least)
    return f"{number(line.quantity, places)} × {_price(line.unit_price_usd)}"


def alarm_words(alarm: Alarm) -> str:
    """What was passed, by how much."""
    limit = alarm.limit
    limits = [f"{number(limit.percent, 2)} %"] if limit.percent is not None else []
    limits += [_amount(alarm, limit.absolute)] if limit.absolute is not None else []
    bounds = [f"limit {' and '.join(limits)}"] if limits else []
    bounds += [f"budget {_amount(alarm, limit.budget)}"] if limit.budget is not None else []
    verb = "rose" if alarm.sure > 0 else "fell"
    moved = f"{verb} from nothing" if alarm.percent is None else f"{verb} {percent(abs(alarm.moved_percent), 2)}"
    surely = "" if alarm.percent in (None, alarm.moved_percent) else f"surely {percent(abs(alarm.percent), 2)}, "
    return f"{figure_name(alarm.kind, alarm.figure)} {moved} ({surely}{', '.join(bounds)})"


def _amount(alarm: Alarm, amount: Decimal) -> str:
    """A bound in the unit of its figure."""
    return f"{number(amount, 2)} ms" if alarm.figure.startswith("latency_ms.") else money(amount)


def figure_name(kind: str, name: str) -> str:
    """A figure in words."""
    names = {"total": "the month's bill", COST_PER_PAYMENT: "cost per payment"}
    return names.get(name, name.replace("latency_ms.", "latency ")) if kind == "figure" else name


def notes(diff: Diff) -> Iterator[str]:
    """Dates, luck, renewal, sources: what a reader must know beside the figures."""
    stored, on, own = diff.dates
    if on != stored:
        yield f"prices of {on} against those of {stored}"
    if own != on:
        yield f"{diff.scenario} itself is dated {own}; compared at {on} (--on {own} shows that day)"
    if diff.seeds[0] != diff.seeds[1]:
        yield f"seed {diff.seeds[1]} instead of the baseline's {diff.seeds[0]}; what that moves is simulation noise"
    if diff.renewal is not None:
        yield f"this change renews the baseline itself: {diff.renewal}"
    for name in diff.unmatched:
        yield f"the policy's limit `{name}` is about no figure of this scenario"
    if diff.overridden:
        yield f"overridden: {', '.join(diff.overridden)}"
    if diff.old_sources:
        yield _old(diff)


def _blocks(diff: Diff) -> Iterator[str]:
    if 4 in diff.exit_codes:
        flip = diff.flipped[0]
        yield f"the verdict on {flip.claim} went from {flip.before} to {flip.after}"
    yield from (alarm_words(alarm) for alarm in diff.blocking)
    if 5 in diff.exit_codes:
        yield _old(diff)


def _finding(diff: Diff) -> str:
    total, latency = diff.total, diff.figure(LATENCY_SHOWN)
    change = total.percent(total.change)
    text = f"{diff.scenario}: {money(total.before)} → {money(total.after)} a month"
    text += f" ({_share(change)})" if change is not None else ""
    if latency.before is not None and latency.after is not None:
        text += f", p99 {number(latency.before, 0)} → {number(latency.after, 0)} ms"
    return text


def _headlines(diff: Diff) -> Iterator[str]:
    blocks = list(_blocks(diff))
    yield from _first(f"blocked by policy: {text}" for text in blocks)
    warnings = [alarm for alarm in diff.alarms if alarm.severity == "warn"]
    yield from _first(f"warning: {alarm_words(alarm)}" for alarm in warnings)
    if not blocks:
        only_luck = "nothing moved but by other luck" if diff.total.moved else "nothing moved"
        yield "as the policy allows" if is_moved(diff) else only_luck


def _first(lines: Iterable[str]) -> Iterator[str]:
    listed = list(lines)
    yield from listed[:SHOWN_ALARMS]
    if len(listed) > SHOWN_ALARMS:
        yield f"and {len(listed) - SHOWN_ALARMS} more"


def _overview_row(diff: Diff) -> tuple[str, ...]:
    total, latency = diff.total, diff.figure(LATENCY_SHOWN)
    said = "blocked" if diff.exit_codes else "as allowed" if is_moved(diff) else "nothing moved"
    change = _share(total.percent(total.change))
    return (diff.scenario, money(total.before), money(total.after), change,
            number(latency.before, 0), number(latency.after, 0), said)  # fmt: skip


def _row(movement: Movement) -> tuple[str, ...]:
    old, new = movement.lines or (None, None)
    share = _share(movement.percent(movement.change)) if movement.change else ""
    return (f"{movement.sign} {movement.name}", times(old), "→", times(new), signed(movement.change), share,
            cause_words(movement))  # fmt: skip


def _rest(diff: Diff, moved: int) -> str:
    unchanged = len(diff.of_kind("meter")) - moved
    return f"  {unchanged} line{'s' if unchanged != 1 else ''} unchanged; {_noise(diff)}"


def _noise(diff: Diff) -> str:
    noise = diff.total.causes["noise"]
    return f"simulation noise {signed(noise) if noise else '± $0.00'}"


def _assumptions(diff: Diff) -> Section:
    if not diff.changed:
        return []
    shown = [f"  {found.path}: {found.before or NOTHING} → {found.after or NOTHING} ({found.part})"
             for found in diff.changed[:SHOWN_CHANGES]]  # fmt: skip
    more = len(diff.changed) - len(shown)
    return ["Assumptions that differ", *map(_short, shown), *([f"  and {more} more"] if more else [])]


def _short(text: str, most: int = 2**8) -> str:
    return text if len(text) <= most else f"{text[:most]} …"


def _flips(diff: Diff) -> Iterator[str]:
    if not diff.verdicts:
        return
    if not diff.flipped:
        yield f"{diff.verdicts} verdicts, all as they were"
        return
    yield "Verdicts that changed" + ("" if diff.binding else " (assumptions were changed, so they do not bind)")
    yield from (f"  {flip.claim}: {flip.before} → {flip.after}" for flip in diff.flipped)


def _old(diff: Diff) -> str:
    oldest = diff.old_sources[0]
    text = f"{len(diff.old_sources)} of {diff.number_of_sources} sources were read more than "
    text += f"{diff.policy.sources.most_days} days ago; the oldest {oldest.read}: {oldest.key}"
    return text if diff.policy.sources.severity == "block" else f"warning: {text}"


def _price(usd: Decimal) -> str:
    """A unit price, of a million where it is too small to read."""
    if 0 < usd < Decimal(1) / 10**4:
        return f"${number(usd * MILLION, 4)}/M"
    return f"${number(usd, 6)}" if usd else "free"


def _share(share: Decimal | None) -> str:
    return NOTHING if share is None else f"{'+' if share >= 0 else ''}{percent(share, 2 if abs(share) < 10 else 1)}"
