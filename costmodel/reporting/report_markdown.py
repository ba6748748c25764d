"""A report as Markdown for pull requests and wikis; every word in it is escaped."""

from __future__ import annotations

from collections.abc import Iterator

from costmodel.reporting.diff_markdown import fitting, words
from costmodel.reporting.report_parts import Chapter, Lead, Part, Picture, Report, Shown


def report_markdown(report: Report) -> str:
    """The report in the order of its chapters; pictures as their findings; never longer than a comment may be."""
    head = f"## {words(report.title)}\n\n{words(report.about)}\n"
    return fitting([head, *(part for chapter in report.chapters for part in _chapter(chapter))])


def _chapter(chapter: Chapter) -> Iterator[str]:
    yield f"### {words(chapter.title)}\n"
    for part in chapter.parts:
        yield from _part(part)


def _part(part: Part) -> Iterator[str]:
    if isinstance(part, Shown):
        if not part.is_long:
            yield f"{words(part.caption)}\n\n{part.table.markdown().replace('@', '&#64;')}"
    elif isinstance(part, Picture):
        yield f"{words(part.finding)}.\n"
    elif isinstance(part, Lead):
        yield f"**{words(part.text)}**\n"
    else:
        yield f"{words(part)}\n"
