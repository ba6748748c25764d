"""`diff` as a pull-request comment: the verdict on top, the details folded, never longer than a comment may be."""

from __future__ import annotations

from html import escape

from costmodel.analysis.diff import Diff, DiffReport
from costmodel.reporting.diff_screen import is_news, overview, scenario_sections, verdict
from costmodel.reporting.tables import Table, escaped

MOST = 2**16 - 2**10  # GitHub refuses a comment of more than 65,536 characters
CUT = "\nThe rest does not fit into a comment: `costmodel diff` prints it whole.\n"


def diff_markdown(report: DiffReport) -> str:
    """The report as Markdown: verdict, a row for each scenario, and what moved in folded parts."""
    parts = [f"### Cost: {words(verdict(report))}\n", overview(report.diffs).markdown()]
    parts += [f"- {words(str(problem))}\n" for problem in report.problems]
    parts += [_folded(diff) for diff in report.diffs if is_news(diff) or len(report.diffs) == 1]
    return fitting(parts)


def fitting(parts: list[str]) -> str:
    """The parts one after the other, as many whole ones as a comment holds; the first is always there."""
    text = ""
    for part in parts:
        if len(text) + len(part) + len(CUT) > MOST:
            return text[: MOST - len(CUT)] + CUT
        text += part + "\n"
    return text


def words(text: str) -> str:
    """Text as Markdown shows it, that calls nobody by `@name`."""
    return escaped(text).replace("@", "&#64;")


def _folded(diff: Diff) -> str:
    """A scenario's details; rows are left out from the end until they fit."""
    (finding, *headlines), *sections = scenario_sections(diff)
    body = [f"{words(str(line))}  \n" for line in headlines]
    for section in sections:
        body += [_part(part) for part in section]
    head = f"<details><summary>{escape(str(finding))}</summary>\n\n"
    return head + fitting_rows(body) + "\n</details>\n"


def fitting_rows(body: list[str]) -> str:
    """Lines and tables up to half a comment, a table cut between its rows."""
    lines = [line for part in body for line in part.splitlines(keepends=True)]
    kept: list[str] = []
    room = MOST // 2
    for line in lines:
        room -= len(line)
        if room < 0:
            return "".join(kept) + CUT
        kept.append(line)
    return "".join(kept)


def _part(part: str | Table) -> str:
    return f"\n{part.markdown()}\n" if isinstance(part, Table) else f"{words(part)}  \n"
