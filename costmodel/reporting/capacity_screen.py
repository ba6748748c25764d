"""How much a pipeline carries, as a page, and as a document in each format."""

from __future__ import annotations

from collections.abc import Iterator

from costmodel.analysis.capacity import CapacityResult, CapacityRow
from costmodel.reporting.documents import Documents, terminal_width
from costmodel.reporting.run_screen import overridden_line
from costmodel.reporting.tables import Section, Table, as_csv, as_json, as_markdown, as_text
from costmodel.reporting.words import NOTHING, number, percent

S_PER_HOUR = 3600
DIGITS = 2
HEAD = ("It carries", "payments/h", "a second", "then binds", "mean use")


def capacity_documents(result: CapacityResult) -> Documents:
    """What `run --capacity` prints."""
    return {
        "table": lambda: as_text(capacity_sections(result), terminal_width()),
        "json": lambda: as_json(result.to_dict()),
        "csv": lambda: as_csv(result.table(), tuple(result.table()[0])),
        "markdown": lambda: as_markdown(capacity_sections(result)),
    }


def capacity_sections(result: CapacityResult) -> list[Section]:
    """The answer, the limits in turn, what breaks above each and how to raise it, and what it all rests on."""
    return [
        [f"{result.scenario}: how much it carries", _asked(result)],
        [_table(result), *_caveat(result)],
        [*_limits(result)],
        [*_rests_on(result)],
    ]


def _asked(result: CapacityResult) -> str:
    level = result.level
    return (
        f"while p99 of a payment request is at most {number(level.p99_ms.value, 0)} ms, at most "
        f"{_share(level.failed_percent.value)} fail, no call is given up by more than "
        f"{_share(level.skipped_percent.value)} and no backlog grows"
    )


def _table(result: CapacityResult) -> Table:
    return Table(HEAD, tuple(_row(at, row) for at, row in enumerate(result.rows)), left=frozenset({3}))


def _row(at: int, row: CapacityRow) -> tuple[str, ...]:
    title = f"{', '.join(f'({place})' for place in range(1, at + 1))} lifted" if at else "as it is"
    rate = row.payments_per_hour
    if rate is None:
        return (title, "no rate", NOTHING, "none: the path itself", NOTHING)
    half = f" ± {number((row.interval[1] - row.interval[0]) / 2, 0)}" if row.interval else ""
    least = "at least " if row.at_least else ""
    return (title, f"{least}{number(rate, 0)}{half}", number(rate / S_PER_HOUR), *_limit(at + 1, row))


def _limit(place: int, row: CapacityRow) -> tuple[str, str]:
    if not row.binding:
        return (NOTHING if row.at_least else "none: the path itself", NOTHING)
    shares = [NOTHING if limit.used_percent is None else percent(limit.used_percent, 0) for limit in row.binding]
    return f"({place}) {' and '.join(limit.name for limit in row.binding)}", " and ".join(shares)


def _caveat(result: CapacityResult) -> Iterator[str]:
    last = result.rows[-1]
    if last.at_least:
        yield "  It holds at the fastest rate tried; more may be possible."
    elif not last.binding:
        yield f"  {_sentence(last.breaks)}, whichever limits are lifted."


def _limits(result: CapacityResult) -> Iterator[str]:
    """Each limit with what fails above it and how to raise it."""
    for place, row in enumerate(result.rows, 1):
        for limit in row.binding:
            yield (
                f"({place}) {number(limit.most, 0)} {limit.unit} for each {limit.scope}. Just above: "
                f"{_sentence(row.breaks)}."
            )
            yield f"    raise it with --set {limit.path}={2 * limit.most:.0f}"


def _sentence(breaks: tuple[str, ...]) -> str:
    return ", ".join(breaks)


def _rests_on(result: CapacityResult) -> Iterator[str]:
    level, seed = result.level, result.assumptions.scenario.seed
    yield (
        f"seed {seed}; {level.searches.value} searches as it is (± 95 %), one with limits lifted; rates "
        f"{level.precision_percent.value} % apart; each tried for {number(level.stretch_payments.value, 0)} payments, "
        f"at least {number(level.least_stretch_s.value, 0)} s, after a lead-in as long"
    )
    yield (
        "An even stream without outages. Refunds and returns are in it; bank files, releases and payouts come in "
        "batches and are not."
    )
    if result.assumptions.overridden:
        yield overridden_line(result.assumptions.overridden)


def _share(value: object) -> str:
    return percent(float(str(value)), DIGITS)
