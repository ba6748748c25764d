"""The what-if panel in a real Chromium through a running JupyterLab, by keyboard; its figures against the function's."""

from __future__ import annotations

import dataclasses
import re
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from costmodel.analysis.panel import panel
from costmodel.analysis.panel_files import read_panel
from costmodel.analysis.panel_inputs import Inputs, command_line, inputs_of
from costmodel.assumptions.panel import Slider
from costmodel.reporting import panel_page
from costmodel.reporting.panel_file import panel_scenario
from costmodel.run import assume

NOTEBOOK = "07_what_if_panel.ipynb"
SCENARIO = "seed_aws"
FILE, CLAIMS, PERIMETERS = read_panel()
START = assume(SCENARIO, None)
KERNEL_READY = "Python 3 (ipykernel) | Idle"
PRESSES = 12
DRAGGED_PX = 120
FOCUSED = "one => one === document.activeElement"
# What JupyterLab itself complains of while nothing of ours is on the page; none is known of the pinned version.
OF_JUPYTERLAB: tuple[str, ...] = ()


class Figures(HTMLParser):
    """The text of every element with `data-figure`."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self.name: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.name = dict(attrs).get("data-figure")
        if self.name:
            self.found[self.name] = ""

    def handle_endtag(self, tag: str) -> None:
        self.name = None

    def handle_data(self, data: str) -> None:
        if self.name:
            self.found[self.name] += data


def expected(inputs: Inputs) -> dict[str, str]:
    """What the pure function gives for these inputs, by the name of the figure."""
    found = panel(SCENARIO, perimeter=inputs.perimeter, set=inputs.changes(START))
    line = command_line(SCENARIO, inputs.perimeter, found.changes)
    pieces = [panel_page.headline(found), panel_page.perimeters(found), panel_page.costs(found),
              panel_page.latency(found), panel_page.verdicts(found), panel_page.command(line)]  # fmt: skip
    return Figures("".join(pieces)).found


def shows(page: Any, inputs: Inputs) -> None:
    """The page shows every figure of these inputs, and no other."""
    wanted = expected(inputs)
    expect(page.locator("[data-figure=command]")).to_have_text(wanted["command"])
    expect(page.locator("[data-figure=finding]")).to_have_text(wanted["finding"])
    shown = page.locator("[data-figure]").evaluate_all("all => all.map(one => [one.dataset.figure, one.textContent])")
    assert {name: text for name, text in shown if name != "saved"} == wanted


def handle(page: Any, slider: Slider) -> Any:
    """The part of a slider that takes the keys, by the name that a screen reader says."""
    return page.get_by_role("slider", name=f"{slider.label} ({slider.unit})", exact=True)


def opened(page: Any, lab: Any) -> None:
    """The notebook, every cell of it run, the panel's first figures shown."""
    page.goto(f"{lab.url}/lab/tree/{NOTEBOOK}?token={lab.token}")
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
    page.get_by_text(KERNEL_READY).wait_for()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    page.locator("[data-figure=finding]").wait_for()


def test_panel_by_keyboard(watched: Any, jupyterlab: Any, pictures: Path) -> None:
    page, seen = watched((jupyterlab.url, jupyterlab.url.replace("http", "ws", 1)))
    opened(page, jupyterlab)
    inputs = inputs_of(START, FILE.perimeter)
    shows(page, inputs)
    page.screenshot(path=pictures / "panel_as_it_is.png")
    box = page.locator("[data-figure=finding]").locator("xpath=ancestor::*[contains(@class, 'widget-vbox')][1]")
    height = box.bounding_box()["height"]

    inputs = _volume(page, inputs)
    inputs = _others(page, inputs)
    page.screenshot(path=pictures / "panel_moved.png")
    assert box.bounding_box()["height"] == height  # nothing below it jumps
    _saved(page, inputs, jupyterlab.folder)

    page.keyboard.press("Control+s")
    outside = [url for url in seen.requests if not url.startswith((jupyterlab.url, "data:", "blob:"))]
    assert outside == []
    assert [error for error in seen.errors if error not in OF_JUPYTERLAB] == []


def _volume(page: Any, inputs: Inputs) -> Inputs:
    """One step, a quick row of steps, and both ends of the first slider."""
    values = [int(value) for value in FILE.payments.values(Decimal(inputs.payments))]
    slider, at = handle(page, FILE.payments), values.index(inputs.payments)
    slider.focus()
    slider.press("ArrowRight")
    inputs = dataclasses.replace(inputs, payments=values[at + 1])
    shows(page, inputs)
    expect(slider).to_have_attribute("aria-valuetext", f"{inputs.payments:,}")  # what a screen reader says
    for _ in range(PRESSES):
        page.keyboard.press("ArrowRight")
    inputs = dataclasses.replace(inputs, payments=values[at + 1 + PRESSES])
    shows(page, inputs)
    inputs = dataclasses.replace(inputs, payments=_dragged(page, slider))
    shows(page, inputs)
    for key, value in (("Home", values[0]), ("End", values[-1])):
        page.keyboard.press(key)
        inputs = dataclasses.replace(inputs, payments=value)
        shows(page, inputs)
    page.keyboard.press("PageDown")
    expect(page.locator("[data-figure=command]")).not_to_contain_text(f"={values[-1]} ")
    return dataclasses.replace(inputs, payments=_payments_of(page))


def _dragged(page: Any, slider: Any) -> int:
    """Where the slider is after it was drawn over many values in a moment; what is passed on the way must not pile up."""
    at = slider.bounding_box()
    x, y = at["x"] + at["width"] / 2, at["y"] + at["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + DRAGGED_PX, y, steps=DRAGGED_PX // 4)
    page.mouse.up()
    return int(slider.get_attribute("aria-valuetext").replace(",", ""))


def _payments_of(page: Any) -> int:
    """The volume that the command on the page sets."""
    found = re.search(r"payments_per_month=(\d+)", page.locator("[data-figure=command]").inner_text())
    assert found
    return int(found[1])


def _others(page: Any, inputs: Inputs) -> Inputs:
    """Every other input in turn, reached by Tab where it is the next."""
    _next(page, FILE.ticket)
    tickets = FILE.ticket.values(inputs.ticket_usd)
    page.keyboard.press("ArrowLeft")
    inputs = dataclasses.replace(inputs, ticket_usd=tickets[tickets.index(inputs.ticket_usd) - 1])
    shows(page, inputs)
    for slider, key, name, step in (
        (FILE.ach_share, "ArrowLeft", "ach_percent", -FILE.ach_share.step),
        (FILE.provisioned, "ArrowRight", "provisioned", 1),
    ):
        _next(page, slider)
        page.keyboard.press(key)
        inputs = dataclasses.replace(inputs, **{name: getattr(inputs, name) + step})
        shows(page, inputs)
    page.get_by_label(re.compile(re.escape(FILE.on.label))).fill(FILE.on.first.isoformat())
    inputs = dataclasses.replace(inputs, on=FILE.on.first)
    shows(page, inputs)
    page.get_by_role("slider", name="Perimeter (what is compared)").press("ArrowRight")
    inputs = dataclasses.replace(inputs, perimeter=FILE.shown[FILE.shown.index(inputs.perimeter) + 1])
    shows(page, inputs)
    return inputs


def _next(page: Any, slider: Slider) -> None:
    """By Tab to the next slider; its readout before it may take the focus too."""
    page.keyboard.press("Tab")
    if not handle(page, slider).evaluate(FOCUSED):
        page.keyboard.press("Tab")
    assert handle(page, slider).evaluate(FOCUSED)


def _saved(page: Any, inputs: Inputs, folder: Path) -> None:
    """The state as a file; a second time only after the box is ticked."""
    said, button = page.locator("[data-figure=saved]"), page.get_by_role("button", name="Save", exact=True)
    name = page.get_by_label("Save as a scenario file")
    name.fill("kept.toml")
    name.press("Tab")
    button.press("Enter")
    expect(said).to_contain_text("costmodel panel kept.toml --perimeter")
    wanted = panel_scenario(panel(SCENARIO, perimeter=inputs.perimeter, set=inputs.changes(START)))
    assert (folder / "kept.toml").read_text(encoding="utf-8") == wanted
    button.press("Enter")
    expect(said).to_contain_text("is there already")
    page.get_by_label("replace it").press("Space")
    button.press("Enter")
    expect(said).to_contain_text("costmodel panel kept.toml --perimeter")
