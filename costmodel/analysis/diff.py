"""What moved since a baseline was made, and why; and whether the policy allows it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from costmodel.analysis.alarms import Alarm, alarms
from costmodel.analysis.baseline import place_in
from costmodel.analysis.measured import Measured, kept, measured, rerated
from costmodel.analysis.movement import Movement, Steps, movements
from costmodel.analysis.verdicts import Flip, flips, verdicts_of
from costmodel.assumptions.ages import Source, older_than, sources
from costmodel.assumptions.baseline_file import TOTAL, Baseline
from costmodel.assumptions.catalog import Content, assumed, load_content
from costmodel.assumptions.changes import changes_from
from costmodel.assumptions.clock import today
from costmodel.assumptions.content import (
    Difference,
    differences,
    needs_simulation,
    plain,
    restored,
    with_prices_of,
    with_scenario_value,
)
from costmodel.assumptions.policy import Policy
from costmodel.errors import InputError, Problem, UsageError
from costmodel.result import SCHEMA_VERSION, Result
from costmodel.run import Watch, run_assumptions

COST_MOVED, PINS_DIFFER, SOURCES_OLD = 3, 4, 5
LATENCY_SHOWN = "latency_ms.p99"


@dataclass(frozen=True)
class Terms:
    """How today's side is made: the same options as `run` takes, and the policy it is held against."""

    policy: Policy
    set: Mapping[str, Any]
    data: Path | None = None
    seed: int | None = None
    engine: str = "auto"
    watch: Watch | None = None

    @property
    def is_untouched(self) -> bool:
        """Whether nothing was asked for but the files as they are."""
        return not self.set and self.seed is None


@dataclass(frozen=True)
class Diff:
    """One scenario before and after.

    dates: of the baseline, of the comparison, of the scenario itself; seeds: of the baseline, of the comparison.
    changed: the assumptions that differ; flipped: the verdicts that do, which bind if `binding`. renewal: why the
    change at hand renewed this baseline itself, None if it did not.
    """

    baseline: str
    scenario: str
    reasons: tuple[str, ...]
    dates: tuple[dt.date, dt.date, dt.date]
    seeds: tuple[int, int]
    movements: tuple[Movement, ...]
    changed: tuple[Difference, ...]
    flipped: tuple[Flip, ...]
    verdicts: int
    binding: bool
    old_sources: tuple[Source, ...]
    number_of_sources: int
    policy: Policy
    alarms: tuple[Alarm, ...]
    unmatched: tuple[str, ...]
    overridden: tuple[str, ...]
    renewal: str | None

    @property
    def total(self) -> Movement:
        """The month's bill."""
        return self.figure(TOTAL)

    def figure(self, name: str) -> Movement:
        """A figure by name. KeyError if there is none."""
        return {found.name: found for found in self.movements if found.kind == "figure"}[name]

    def of_kind(self, kind: str) -> tuple[Movement, ...]:
        """All movements of meters, services or figures."""
        return tuple(movement for movement in self.movements if movement.kind == kind)

    @property
    def blocking(self) -> tuple[Alarm, ...]:
        """Alarms for which the build goes red."""
        return tuple(alarm for alarm in self.alarms if alarm.severity == "block")

    @property
    def exit_codes(self) -> tuple[int, ...]:
        """Every code that applies, the first one first: 4, 3, 5; none if all is as allowed."""
        flipped = self.flipped and self.binding and self.policy.verdicts.severity == "block"
        old = self.old_sources and self.policy.sources.severity == "block"
        found = ((PINS_DIFFER, flipped), (COST_MOVED, self.blocking), (SOURCES_OLD, old))
        return tuple(code for code, applies in found if applies)

    def to_dict(self) -> dict[str, Any]:
        """The JSON document of one scenario."""
        stored, on, own = (day.isoformat() for day in self.dates)
        return {
            "baseline": self.baseline,
            "scenario": self.scenario,
            "reasons": list(self.reasons),
            "dates": {"baseline": stored, "compared": on, "scenario": own},
            "seeds": {"baseline": self.seeds[0], "compared": self.seeds[1]},
            "movements": [movement.to_dict() for movement in self.movements],
            "assumptions": [vars(difference) for difference in self.changed],
            "verdicts": {"compared": self.verdicts, "binding": self.binding,
                         "flipped": [vars(flip) for flip in self.flipped]},
            "alarms": [alarm.to_dict() for alarm in self.alarms],
            "limits_without_figure": list(self.unmatched),
            "sources": {"number": self.number_of_sources, "older_than_days": self.policy.sources.most_days,
                        "old": [vars(s) | {"read": s.read.isoformat()} for s in self.old_sources]},
            "renewal": self.renewal,
            "exit_codes": list(self.exit_codes),
        }  # fmt: skip


@dataclass(frozen=True)
class DiffReport:
    """All scenarios compared, and the problems of those that could not be."""

    diffs: tuple[Diff, ...]
    problems: tuple[Problem, ...]
    policy: Policy

    @property
    def exit_code(self) -> int:
        """2 for problems, else 4, 3, 5, whichever comes first, else 0."""
        codes = {code for diff in self.diffs for code in diff.exit_codes}
        order = (PINS_DIFFER, COST_MOVED, SOURCES_OLD)
        return 2 if self.problems else next((code for code in order if code in codes), 0)

    def to_dict(self) -> dict[str, Any]:
        """The contract's JSON document."""
        from costmodel import __version__

        overridden = dict.fromkeys(key for diff in self.diffs for key in diff.overridden)
        return {
            "schema_version": SCHEMA_VERSION,
            "policy": self.policy.title,
            "scenarios": [diff.to_dict() for diff in self.diffs],
            "problems": [str(problem) for problem in self.problems],
            "exit_code": self.exit_code,
            "provenance": {"package": __version__, "overridden": list(overridden)},
        }


def compared(baseline: Baseline, file: Path, scenario: str | None, terms: Terms, newer: Baseline | None = None) -> Diff:
    """A baseline against today's scenario. newer: the baseline the change at hand puts in its place, if it does.

    Dated by the baseline unless `set` says `on`. Raises InputError where either side cannot be run, UsageError where
    nothing would be compared.
    """
    name = scenario or place_in(baseline.scenario, file.parent)
    if not baseline.lines:
        raise UsageError(f"{file}: the baseline has no line, so nothing would be compared; make it again")
    changes = dict(terms.set) | ({} if terms.seed is None else {"seed": terms.seed})
    content = load_content(name, data=terms.data, changes=changes_from(changes))
    own_day: dt.date = assumed(content).scenario.on
    content = with_scenario_value(content, on=content.scenario["on"] if "on" in changes else baseline.on)
    old = restored(baseline.content, content.name, str(file))
    steps = _steps(baseline, old, content, terms)
    found = movements(steps, terms.policy.family_wise_error)
    sounded, unmatched = alarms(terms.policy, content.name, found)
    after = _verdicts(baseline, name, file, terms)
    days, seeds = (baseline.on, content.scenario["on"], own_day), (baseline.seed, _seed(content))
    known = sources(content)
    flipped = flips(baseline.verdicts.verdicts, after) if baseline.verdicts else ()
    renewal = _renewal(baseline, newer, steps.today)
    return Diff(
        baseline=str(file), scenario=content.name, reasons=baseline.reasons, dates=days, seeds=seeds, movements=found,
        changed=differences(plain(old), plain(content)), flipped=flipped, verdicts=len(after),
        binding=terms.is_untouched and scenario is None,
        old_sources=tuple(older_than(known, terms.policy.sources.most_days, today())), number_of_sources=len(known),
        policy=terms.policy, alarms=_softened(sounded, renewal, terms.policy), unmatched=unmatched,
        overridden=content.overridden, renewal=renewal,
    )  # fmt: skip


def _steps(baseline: Baseline, old: Content, new: Content, terms: Terms) -> Steps:
    """Each month that is needed, simulated once: as a rule one, two where what happens may differ."""
    found = differences(plain(old), plain(new))
    same_day = old.scenario["on"] == new.scenario["on"]
    first = _run(old, terms, "the baseline's content")
    lucky = first
    if _seed(new) != baseline.seed:
        lucky = _run(with_scenario_value(old, seed=_seed(new)), terms, "the baseline's content")
    book = tuple(difference for difference in found if difference.part == "price book")
    stored, code, noise = kept(baseline), measured(first), measured(lucky)
    if not found:
        return Steps(stored, code, noise, noise, noise)
    prices = noise if not book and same_day else _repriced(lucky, old, new, book, terms)
    only_prices = same_day and not needs_simulation(found)
    return Steps(stored, code, noise, prices, prices if only_prices else measured(_run(new, terms)))


def _repriced(result: Result, old: Content, new: Content, book: tuple[Difference, ...], terms: Terms) -> Measured:
    """The baseline's month at today's prices; simulated again only where a rule of billing changed what is counted."""
    priced = with_scenario_value(with_prices_of(old, new), seed=_seed(new))
    if needs_simulation(book):
        return measured(_run(priced, terms))
    return rerated(result, assumed(priced).services, new.scenario["on"])


def _run(content: Content, terms: Terms, what: str | None = None) -> Result:
    try:
        return run_assumptions(assumed(content), engine=terms.engine, watch=terms.watch)
    except InputError as error:
        if what is None:
            raise
        raise InputError(
            Problem(p.file, p.line, p.key, f"{what} cannot be run by this version: {p.wrong}",
                    "make the baseline again with `costmodel baseline`") for p in error.problems
        ) from None  # fmt: skip


def _seed(content: Content) -> int:
    return int(content.scenario.get("seed", 1))


def _verdicts(baseline: Baseline, scenario: str, file: Path, terms: Terms) -> dict[str, str]:
    if baseline.verdicts is None:
        return {}
    claims = place_in(baseline.verdicts.claims, file.parent)
    return verdicts_of(claims, scenario, set=terms.set, data=terms.data, seed=terms.seed, engine=terms.engine)


def _renewal(baseline: Baseline, newer: Baseline | None, found: Measured) -> str | None:
    """The newest reason of a baseline that the change itself renewed to what is found today."""
    if newer is None or newer == baseline or kept(newer).total_usd != found.total_usd:
        return None
    return newer.reasons[-1] if newer.reasons else "no reason given"


def _softened(found: tuple[Alarm, ...], renewal: str | None, policy: Policy) -> tuple[Alarm, ...]:
    """Alarms that only warn, where the policy accepts a baseline renewed by the same change."""
    soft = renewal is not None and policy.renewed.severity == "warn"
    return tuple(alarm.only_warning() for alarm in found) if soft else found
