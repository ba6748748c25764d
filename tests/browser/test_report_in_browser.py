"""The page of `report --html` in a real Chromium: on a desk, on a phone and on paper.

Every check is a function from an open page to the faults it finds, and is tried twice: on the report, which must have
none, and on a page with a planted fault, which it must find.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from costmodel.cli.main import main

SIZES = {"desk": (1280, 800), "phone": (390, 844)}
PAPER = (718, 1047)  # px of an A4 page at 96 a inch, less 10 mm on each side
LEAST_CONTRAST = 4.5  # WCAG 2.2, 1.4.3
LOCAL = ("file:", "data:", "about:")

Check = Callable[[Any], list[str]]

WIDE = """() => {
  const room = document.documentElement.clientWidth, wide = document.documentElement.scrollWidth;
  return wide > room ? [`${wide} px in a window of ${room}`] : [];
}"""

LEVELS = """() => {
  const found = [...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].map(h => [+h.tagName[1], h.textContent.trim()]);
  const faults = found.filter(([level]) => level === 1).length === 1 ? [] : ['not one h1'];
  found.forEach(([level, text], at) => {
    if (!text) faults.push(`an empty h${level}`);
    if (at === 0 ? level !== 1 : level > found[at - 1][0] + 1) faults.push(`h${level} ${text} leaves out a level`);
  });
  return faults;
}"""

IMAGES = """() => [...document.querySelectorAll('img, svg, [role=img]')]
  .filter(one => !one.closest('[aria-hidden=true]'))
  .filter(one => !((one.getAttribute('alt') || one.getAttribute('aria-label') || '').trim()))
  .map(one => `${one.tagName} without words: ${one.outerHTML.slice(0, 80)}`)"""

# An element's background with those behind it; an image or a gradient would have to be looked at by people.
CONTRAST = """least => {
  const parts = text => {
    const found = text.match(/[\\d.]+/g).map(Number);
    return [...found.slice(0, 3), found.length > 3 ? found[3] : 1];
  };
  const over = (top, below) => [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
  const light = rgb => [0.2126, 0.7152, 0.0722].reduce((sum, part, i) => {
    const share = rgb[i] / 255;
    return sum + part * (share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4);
  }, 0);
  const behind = one => one ? over(parts(getComputedStyle(one).backgroundColor), behind(one.parentElement))
                            : [255, 255, 255, 1];
  const faults = new Set(), walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const text = walk.currentNode.textContent.trim(), one = walk.currentNode.parentElement, style = getComputedStyle(one);
    if (!text || style.visibility === 'hidden' || !one.getClientRects().length) continue;
    const back = behind(one), front = over(parts(style.color), back);
    const [high, low] = [light(front), light(back)].sort((a, b) => b - a), ratio = (high + 0.05) / (low + 0.05);
    if (ratio < least) faults.add(`${ratio.toFixed(2)}: ${style.color} on ${back}: ${text.slice(0, 40)}`);
  }
  return [...faults];
}"""

VERDICT = """() => {
  const lead = document.querySelector('.lead');
  if (!lead || !lead.textContent.trim()) return ['no verdict'];
  const box = lead.getBoundingClientRect(), room = document.documentElement.clientWidth;
  return box.top >= 0 && box.bottom <= innerHeight && box.left >= 0 && box.right <= room
    ? [] : [`the verdict ends at ${box.bottom} of ${innerHeight} px`];
}"""

CUT_OFF = """() => [...document.querySelectorAll('.table, .chart, table, p, h1, h2, li, figcaption')]
  .filter(one => one.scrollWidth > one.clientWidth + 1 && one.clientWidth)
  .filter(one => ['hidden', 'clip'].includes(getComputedStyle(one).overflowX))
  .map(one => `cut off: ${one.textContent.trim().slice(0, 60)}`)"""

SCROLLS_BY_KEY = """() => [...document.querySelectorAll('*')]
  .filter(one => one.scrollWidth > one.clientWidth + 1 && ['auto', 'scroll'].includes(getComputedStyle(one).overflowX))
  .filter(one => one.tabIndex < 0 || !one.getAttribute('aria-label'))
  .map(one => `scrolls, but not by keyboard, or without a name: ${one.outerHTML.slice(0, 80)}`)"""


def no_horizontal_scrolling(page: Any) -> list[str]:
    return list(page.evaluate(WIDE))


def headings_in_order(page: Any) -> list[str]:
    return list(page.evaluate(LEVELS))


def images_have_words(page: Any) -> list[str]:
    return list(page.evaluate(IMAGES))


def text_has_contrast(page: Any) -> list[str]:
    return list(page.evaluate(CONTRAST, LEAST_CONTRAST))


def verdict_on_the_first_screen(page: Any) -> list[str]:
    return list(page.evaluate(VERDICT))


def nothing_cut_off(page: Any) -> list[str]:
    return list(page.evaluate(CUT_OFF)) + list(page.evaluate(SCROLLS_BY_KEY))


CHECKS: tuple[Check, ...] = (
    no_horizontal_scrolling, headings_in_order, images_have_words, text_has_contrast, verdict_on_the_first_screen,
    nothing_cut_off,
)  # fmt: skip


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped scenario's report, as the command writes it."""
    file = tmp_path_factory.mktemp("report") / "report.html"
    assert main(["report", "seed_aws", "--html", str(file), "--quiet"]) == 0
    return file


def faults(page: Any) -> list[str]:
    return [f"{check.__name__}: {fault}" for check in CHECKS for fault in check(page)]


def test_report_is_read_on_desk_phone_and_paper(watched: Any, report: Path, pictures: Path) -> None:
    page, seen = watched()
    for name, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        page.goto(report.as_uri())
        assert (name, faults(page)) == (name, [])
        page.screenshot(path=pictures / f"report_{name}_first_screen.png")
        page.screenshot(path=pictures / f"report_{name}.png", full_page=True)
    assert [url for url in seen.requests if not url.startswith(LOCAL)] == []
    assert seen.errors == []

    page.emulate_media(media="print")
    page.set_viewport_size({"width": PAPER[0], "height": PAPER[1]})
    assert [f for check in (no_horizontal_scrolling, text_has_contrast) for f in check(page)] == []
    assert page.locator("nav").evaluate_all("all => all.filter(one => one.getClientRects().length).length") == 0
    printed = page.pdf(path=pictures / "report.pdf", prefer_css_page_size=True, format="A4")
    assert printed.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) > 1


PAGE = """<!DOCTYPE html><html lang="en"><head><meta name="viewport" content="width=device-width"></head>
<body><h1>One</h1><h2>Two</h2><p class="lead">The verdict</p>{}</body></html>"""
PLANTED: list[tuple[Check, str]] = [
    (no_horizontal_scrolling, '<div style="width: 3000px">wide</div>'),
    (headings_in_order, "<h4>Four</h4>"),
    (headings_in_order, "<h1>A second first</h1>"),
    (headings_in_order, "<h2> </h2>"),
    (images_have_words, '<img src="data:," alt="">'),
    (images_have_words, '<svg width="9" height="9"></svg>'),
    (text_has_contrast, '<p style="color: #777">grey on white, 4.48</p>'),
    (text_has_contrast, '<div style="background: #222"><p style="color: rgba(255, 255, 255, 0.3)">faint</p></div>'),
    (verdict_on_the_first_screen, "<style>.lead { margin-top: 200vh }</style>"),
    (verdict_on_the_first_screen, "<style>.lead { font-size: 0 } .lead { position: absolute; left: -9999px }</style>"),
    (nothing_cut_off, '<p style="width: 20px; overflow: hidden; white-space: nowrap">more than there is room for</p>'),
    (nothing_cut_off, '<div style="width: 20px; overflow: auto; white-space: nowrap">more than there is room</div>'),
]


def test_each_check_finds_its_fault(watched: Any) -> None:
    page, _ = watched()
    page.set_viewport_size({"width": SIZES["phone"][0], "height": SIZES["phone"][1]})
    page.set_content(PAGE.format(""))
    assert faults(page) == []
    for check, fault in PLANTED:
        page.set_content(PAGE.format(fault))
        assert check(page), fault


def test_a_request_to_the_network_is_seen_and_refused(watched: Any) -> None:
    page, seen = watched()
    page.set_content(PAGE.format('<img alt="elsewhere" src="http://192.0.2.1/a.png">'))
    assert [url for url in seen.requests if not url.startswith(LOCAL)] == ["http://192.0.2.1/a.png"]
    assert len(seen.errors) == 1
