"""A report as one HTML file that asks nothing of the network; every word in it is escaped."""

from __future__ import annotations

from base64 import b64encode
from html import escape

from costmodel.reporting.html_style import STYLE
from costmodel.reporting.report_parts import Chapter, Lead, Part, Picture, Report, Shown
from costmodel.reporting.tables import Table

LONG = 64  # characters from which on a cell is a sentence
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def html_page(report: Report) -> str:
    """The page: the first chapter, then the way to the others, then the others."""
    first, *rest = [_chapter(at, chapter) for at, chapter in enumerate(report.chapters, 1)]
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(report.title)}</title>",
            f"<style>{STYLE}</style>",
            "</head>",
            "<body>",
            f'<header><h1>{escape(report.title)}</h1><p class="about">{escape(report.about)}</p></header>',
            "<main>",
            first,
            _contents(report),
            *rest,
            "</main>",
            "</body>",
            "</html>\n",
        ]
    )


def _contents(report: Report) -> str:
    """Links to the chapters behind the first."""
    links = [
        f'<li><a href="#part-{at}">{escape(chapter.title)}</a></li>'
        for at, chapter in enumerate(report.chapters, 1)
        if at > 1
    ]
    return f'<nav aria-label="Chapters"><ul>{"".join(links)}</ul></nav>'


def _chapter(at: int, chapter: Chapter) -> str:
    parts = "\n".join(_part(part) for part in chapter.parts)
    name = f"part-{at}"
    return f'<section aria-labelledby="{name}">\n<h2 id="{name}">{escape(chapter.title)}</h2>\n{parts}\n</section>'


def _part(part: Part) -> str:
    if isinstance(part, Shown):
        return table_html(part.caption, part.table)
    if isinstance(part, Picture):
        return _picture(part)
    if isinstance(part, Lead):
        return f'<p class="lead">{escape(part.text)}</p>'
    return f"<p>{escape(part)}</p>"


def _picture(picture: Picture) -> str:
    """The chart in the file itself, so that no two charts share names inside the page."""
    data = b64encode(picture.svg).decode("ascii")
    return (
        f'<figure><div class="chart" role="region" aria-label="{escape(picture.finding)}" tabindex="0">'
        f'<img src="data:image/svg+xml;base64,{data}" alt="{escape(picture.alt)}"></div>'
        f"<figcaption>{escape(picture.finding)}.</figcaption></figure>"
    )


def table_html(caption: str, table: Table) -> str:
    """A table with its caption, which scrolls within its own box where the page is narrow."""
    sides = [_look(table, at) for at in range(len(table.head))]
    head = "".join(_head(cell, side) for cell, side in zip(table.head, sides, strict=True))
    rows = "\n".join(_row(row, sides) for row in table.rows)
    name = escape(caption)
    return (
        f'<div class="table" role="region" aria-label="{name}" tabindex="0"><table><caption>{name}</caption>'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody></table></div>"
    )


def _look(table: Table, at: int) -> str:
    """The class of a column: its side, and whether it holds sentences."""
    if at and at not in table.left:
        return "right"
    return "left long" if at and any(len(row[at]) > LONG for row in table.rows) else "left"


def _head(cell: str, side: str) -> str:
    """A column's heading; a column of signs between two others has none."""
    return f'<th scope="col" class="{side}">{escape(cell)}</th>' if cell else "<td></td>"


def _row(row: tuple[str, ...], sides: list[str]) -> str:
    first, *others = row
    kind = ' class="total"' if first == "total" else ""
    cells = "".join(f'<td class="{side}">{escape(cell)}</td>' for cell, side in zip(others, sides[1:], strict=True))
    return f'<tr{kind}><th scope="row">{escape(first)}</th>{cells}</tr>'
