"""The README's pictures: there, described by their findings, and what the command makes."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHOWN = re.findall(r"^!\[(.*)\]\((.*)\)$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
Cli = Callable[..., tuple[int, str, str]]


def title(svg: str) -> str:
    found = re.search("<dc:title>([^<]*)</dc:title>", svg)
    assert found is not None
    return " ".join(unescape(found[1]).split())


def test_the_readme_shows_the_verdict_and_the_frontier() -> None:
    assert [path for _, path in SHOWN] == ["notebooks/pictures/verdict.svg", "notebooks/pictures/frontier.svg"]


@pytest.mark.parametrize(("alt", "path"), SHOWN)
def test_each_picture_is_there_and_its_finding_is_its_text(alt: str, path: str) -> None:
    svg = (ROOT / path).read_text(encoding="utf-8")
    assert alt == title(svg)
    assert not re.search(r"<script|<image|href=\"http", svg)


def test_the_command_makes_the_verdict(cli: Cli, tmp_path: Path) -> None:
    code, _, _ = cli("check", "--quiet", "--chart", tmp_path / "verdict.svg")
    assert code == 0
    assert (tmp_path / "verdict.svg").read_bytes() == (ROOT / "notebooks/pictures/verdict.svg").read_bytes()


@pytest.mark.slow
def test_the_command_makes_the_frontier(cli: Cli, tmp_path: Path) -> None:
    code, _, _ = cli("frontier", "seed_aws", "--quiet", "--chart", tmp_path / "frontier.svg")
    assert code == 0
    assert (tmp_path / "frontier.svg").read_bytes() == (ROOT / "notebooks/pictures/frontier.svg").read_bytes()


BAD = [
    ("no/such/folder.svg", "there is no folder"),
    ("picture.bmp", "end it in .svg, .png, .pdf"),
    (".", "is a folder"),
]


@pytest.mark.parametrize(("place", "says"), BAD)
@pytest.mark.parametrize(
    "words",
    [("check",), ("frontier", "seed_aws"), ("growth", "seed_aws"), ("breakeven", "seed_aws", "volume"),
     ("bridge", "seed_stripe", "seed_aws")],
)  # fmt: skip
def test_a_place_where_no_picture_can_be_is_told_before_the_work(
    cli: Cli, tmp_path: Path, words: tuple[str, ...], place: str, says: str
) -> None:
    code, out, err = cli(*words, "--quiet", "--chart", tmp_path / place)
    assert (code, out) == (2, "")
    assert says in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "begins"), [("g.png", b"\x89PNG"), ("g.pdf", b"%PDF")])
def test_other_kinds_of_picture_twice_the_same(cli: Cli, tmp_path: Path, name: str, begins: bytes) -> None:
    made = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        words = ("growth", "seed_aws", "--quiet", "--months", "12", "--chart", tmp_path / folder / name)
        assert cli(*words)[0] == 0
        made.append((tmp_path / folder / name).read_bytes())
    assert made[0].startswith(begins)
    assert made[0] == made[1]


FOUND = [
    (("breakeven", "seed_aws", "services.ach.debit_entries.price", "--perimeter", "same_rail", "--from", "0", "--to", "2"),
     "costs no more than Stripe"),
    (("bridge", "seed_stripe", "seed_aws"), "seed_stripe → seed_aws"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "title"), FOUND)
def test_breakeven_and_bridge_draw_their_finding(cli: Cli, tmp_path: Path, words: tuple[str, ...], title: str) -> None:
    code, _, _ = cli(*words, "--quiet", "--set", "replications=2", "--chart", tmp_path / "x.svg")
    assert code == 0
    assert title in (tmp_path / "x.svg").read_text(encoding="utf-8")
