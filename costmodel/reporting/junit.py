"""JUnit XML: every claim, limit and budget a test case, so that CI shows each by name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree import ElementTree

from costmodel.analysis.alarms import Alarm
from costmodel.analysis.check import CheckResult
from costmodel.analysis.diff import Diff, DiffReport
from costmodel.analysis.judging import Judged
from costmodel.assumptions.policy import Limit
from costmodel.reporting.diff_screen import alarm_words

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
# What XML 1.0 cannot hold, whatever one escapes.
FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Case:
    """One test case: failed if `failure` says so; `said` is its output."""

    suite: str
    name: str
    failure: str | None = None
    said: str = ""


def junit(name: str, cases: Iterable[Case]) -> str:
    """The cases as a JUnit XML document, a suite for each `suite` of theirs."""
    listed = list(cases)
    top = ElementTree.Element("testsuites", _counts(name, listed))
    for suite in dict.fromkeys(case.suite for case in listed):
        own = [case for case in listed if case.suite == suite]
        element = ElementTree.SubElement(top, "testsuite", _counts(suite, own))
        for case in own:
            _add(element, case)
    ElementTree.indent(top)
    return HEAD + ElementTree.tostring(top, encoding="unicode") + "\n"


def check_junit(result: CheckResult) -> str:
    """Every claim of a check: it fails where a verdict that binds is not the pinned one."""
    return junit("costmodel check", [_claim(judged, binding=result.binding) for judged in result.claims])


def diff_junit(report: DiffReport) -> str:
    """Every limit, verdict and age of every scenario compared; what could not be compared is an error."""
    cases = [case for diff in report.diffs for case in _cases(diff)]
    cases += [Case("not compared", problem.file, str(problem)) for problem in report.problems]
    return junit("costmodel diff", cases)


def _claim(judged: Judged, *, binding: bool) -> Case:
    claim, pinned = judged.claim, judged.claim.pinned
    figures = f"stated {claim.stated}, recomputed {judged.recomputed} {claim.unit or ''}".strip()
    failure = None
    if binding and not judged.is_as_pinned:
        found = {name: verdict for name, (verdict, _) in judged.by_perimeter.items()} or judged.model
        failure = f"pinned {pinned.document} and {pinned.model}; found {judged.document.verdict} and {found}"
    return Case("claims", f"{claim.id}: {claim.quote}", failure, f"{judged.verdict}: {figures}")


def _cases(diff: Diff) -> list[Case]:
    sounded = {limit.id: [alarm for alarm in diff.alarms if alarm.limit.id == limit.id] for limit in diff.policy.limit}
    cases = [_limit(diff, limit, sounded[limit.id]) for limit in diff.policy.limit
             if limit.is_for(diff.scenario) and limit.id not in diff.unmatched]  # fmt: skip
    if diff.verdicts:
        flips = "; ".join(f"{flip.claim}: {flip.before} → {flip.after}" for flip in diff.flipped)
        cases.append(Case(diff.scenario, "verdicts", flips if 4 in diff.exit_codes else None, flips))
    old = "\n".join(f"{source.read} {source.file}:{source.line} {source.key}" for source in diff.old_sources)
    return [*cases, Case(diff.scenario, "age of sources", old if 5 in diff.exit_codes else None, old)]


def _limit(diff: Diff, limit: Limit, sounded: list[Alarm]) -> Case:
    blocking = [alarm_words(alarm) for alarm in sounded if alarm.severity == "block"]
    kind = "budget" if limit.budget is not None else "limit"
    failure = "; ".join([*([limit.message] if limit.message else []), *blocking]) if blocking else None
    said = "; ".join(alarm_words(alarm) for alarm in sounded)
    return Case(diff.scenario, f"{kind} {limit.id} ({limit.of})", failure, said)


def _counts(name: str, cases: list[Case]) -> dict[str, str]:
    failed = sum(case.failure is not None for case in cases)
    return {"name": name, "tests": str(len(cases)), "failures": str(failed), "errors": "0"}


def _add(suite: ElementTree.Element, case: Case) -> None:
    element = ElementTree.SubElement(suite, "testcase", {"classname": _xml(case.suite), "name": _xml(case.name)})
    if case.failure is not None:
        failure = ElementTree.SubElement(element, "failure", {"message": _xml(case.failure)})
        failure.text = _xml(case.failure)
    if case.said:
        ElementTree.SubElement(element, "system-out").text = _xml(case.said)


def _xml(text: str) -> str:
    return FORBIDDEN.sub("?", " ".join(text.split()))
