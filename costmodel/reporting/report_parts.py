"""What a report is made of: chapters of sentences, tables and pictures, whatever it is written as."""

from __future__ import annotations

from dataclasses import dataclass

from costmodel.reporting.tables import Table


@dataclass(frozen=True)
class Shown:
    """A table with its caption. is_long: left out where the report is shortened."""

    caption: str
    table: Table
    is_long: bool = False


@dataclass(frozen=True)
class Picture:
    """A chart: its SVG, its finding, and the whole of it in words."""

    name: str
    svg: bytes
    finding: str
    alt: str


@dataclass(frozen=True)
class Lead:
    """The sentence that a reader must not miss."""

    text: str


Part = str | Lead | Shown | Picture


@dataclass(frozen=True)
class Chapter:
    """A heading and what stands under it."""

    title: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Report:
    """A whole report: its title, what it is about, and its chapters, the verdict first."""

    title: str
    about: str
    chapters: tuple[Chapter, ...]
