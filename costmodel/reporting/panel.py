"""The what-if panel: sliders over a scenario's assumptions, and what follows from them. Widgets only.

What is computed stands in `analysis/panel.py`, what the sliders mean in `analysis/panel_inputs.py`, what is shown in
`reporting/panel_page.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from costmodel.analysis.panel import OWN_SCENARIO, Panel
from costmodel.analysis.panel import panel as figures
from costmodel.analysis.panel_files import read_panel
from costmodel.analysis.panel_inputs import Inputs, command_line, inputs_of
from costmodel.assumptions.panel import Slider
from costmodel.errors import CostmodelError, UsageError
from costmodel.reporting import panel_page
from costmodel.reporting.panel_file import panel_scenario, save
from costmodel.reporting.words import number
from costmodel.run import assume
from costmodel.simulation.kernel_files import is_compiled

if TYPE_CHECKING:
    import ipywidgets

MISSING = "the panel needs ipywidgets; install costmodel[notebooks]"
FIRST = "Compiling the fast engine, once on this machine: about half a minute, then the panel appears."
DEFAULT_FILE = "my_scenario.toml"
LEFT, RIGHT = "3 1 480px", "2 1 340px"  # how two tables share a row, as CSS's flex has it
ENGINE = "compiled"  # worth compiling: the panel will run again and again


def panel(
    scenario: str = OWN_SCENARIO,
    *,
    set: Mapping[str, Any] | None = None,
    data: Path | str | None = None,
    seed: int | None = None,
    panel: str = "seed",
    engine: str = ENGINE,
) -> ipywidgets.Widget:
    """The panel over a scenario of a system of one's own, for the last line of a notebook's cell.

    Arguments as in `analysis.panel.panel`; `set` is what the sliders start from. Raises InputError and UsageError, also
    where ipywidgets is not installed.
    """
    made = WhatIf(scenario, set or {}, data, seed, panel, engine)
    if engine == ENGINE and not is_compiled():
        print(FIRST)
    return made.shown()


class WhatIf:
    """The widgets of one panel, and the last figures they led to.

    runs: how often it has simulated.
    """

    def __init__(
        self, scenario: str, given: Mapping[str, Any], data: Path | str | None, seed: int | None, file: str, engine: str
    ) -> None:
        self.scenario, self.given, self.data, self.seed, self.engine = scenario, dict(given), data, seed, engine
        self.widgets = _widgets()
        self.name = file
        self.file, _, self.perimeters = read_panel(file, Path(data) if data else None)
        self.start = assume(scenario, self.given, data, seed)
        self.panel: Panel | None = None
        self.runs = 0
        self._make(inputs_of(self.start, self.file.perimeter))

    # --- what the sliders say -------------------------------------------------------------------------

    @property
    def inputs(self) -> Inputs:
        """What the sliders say now."""
        return Inputs(
            payments=int(self.payments.value),
            ticket_usd=self.ticket.value,
            ach_percent=self.ach_share.value,
            provisioned=int(self.provisioned.value),
            on=self.on.value or self.start.scenario.on,
            perimeter=self.perimeter.value,
        )

    @property
    def changes(self) -> dict[str, Any]:
        """The assumptions that this sets, by path."""
        return self.given | self.inputs.changes(self.start)

    def update(self, _: object = None) -> None:
        """Simulate what the sliders say, and show it; or say why that cannot be done."""
        try:
            self.panel = self._figures(self.inputs, self.changes)
        except CostmodelError as error:
            self._blank(str(error))
        except (
            Exception
        ) as error:  # a defect: nothing stale stays on the screen, and the log of the kernel has the rest
            self._blank(f"a defect of costmodel: {type(error).__name__}: {error}")
            raise
        else:
            self._show(self.panel)
        self.runs += 1

    def _figures(self, inputs: Inputs, changes: dict[str, Any]) -> Panel:
        """What the pure function gives; another perimeter alone takes no other month."""
        if self.panel is not None and self.panel.changes == changes:
            return self.panel.within(inputs.perimeter)
        return figures(self.scenario, perimeter=inputs.perimeter, panel=self.name, set=changes, data=self.data,
                       seed=self.seed, engine=self.engine)  # fmt: skip

    def save(self, _: object = None) -> None:
        """Write the state as a scenario file; say where, or why not."""
        if self.panel is None:
            self.saved.value = panel_page.said("Nothing to save: there are no figures for this.")
            return
        try:
            text = panel_scenario(self.panel, self.data, self.seed)
            place = save(text, self.target.value, data=self.data, replace=self.replace.value)
        except CostmodelError as error:
            self.saved.value = panel_page.said(str(error))
            return
        self.replace.value = False
        line = command_line(str(place), self.panel.perimeter, {}, self.data)
        self.saved.value = panel_page.said(f"Saved. Use it with: {line}")

    # --- what is shown --------------------------------------------------------------------------------

    def shown(self) -> ipywidgets.Widget:
        """The panel itself, with the figures of the scenario as it is."""
        self.update()
        for slider in (self.payments, self.ticket, self.ach_share, self.provisioned, self.on, self.perimeter):
            slider.observe(self.update, names="value")
        self.button.on_click(self.save)
        return self.box

    def _show(self, found: Panel) -> None:
        self.headline.value = panel_page.headline(found)
        self.reductions.value = panel_page.perimeters(found)
        self.costs.value = panel_page.costs(found)
        self.latency.value = panel_page.latency(found)
        self.verdicts.value = panel_page.verdicts(found)
        self.notes.value = panel_page.notes(found)
        line = command_line(self.scenario, found.perimeter, found.changes, self.data, self.seed)
        self.command.value = panel_page.command(line)
        self.saved.value = panel_page.said("")

    def _blank(self, why: str) -> None:
        self.panel = None
        self.headline.value = panel_page.reason(why)
        tables = (self.reductions, self.latency, self.costs, self.verdicts)
        for piece in (*tables, self.notes, self.command, self.saved):
            piece.value = ""

    # --- the widgets ----------------------------------------------------------------------------------

    def _make(self, start: Inputs) -> None:
        w, file = self.widgets, self.file
        self.payments = self._slider(file.payments, Decimal(start.payments))
        self.ticket = self._slider(file.ticket, start.ticket_usd)
        self.ach_share = self._slider(file.ach_share, start.ach_percent)
        self.provisioned = self._slider(file.provisioned, Decimal(start.provisioned))
        ends = {"min": min(file.on.first, start.on), "max": max(file.on.last, start.on)}
        self.on = w.DatePicker(value=start.on, description=f"{file.on.label} ({file.on.unit})", **ends,
                               style=_wide(), layout=_row(w))  # fmt: skip
        titles = [(self.perimeters.find(name).title, name) for name in file.shown]
        self.perimeter = self._choice(titles, start.perimeter, "Perimeter (what is compared)")
        self.headline = self._piece("72px")
        self.reductions, self.latency = self._piece("200px", LEFT), self._piece("200px", RIGHT)
        self.costs, self.verdicts = self._piece("310px", LEFT), self._piece("310px", RIGHT)
        self.notes, self.command, self.saved = self._piece("84px"), self._piece("164px"), self._piece("42px")
        self.target = w.Text(value=DEFAULT_FILE, description="Save as a scenario file", style=_wide(), layout=_row(w))
        self.replace = w.Checkbox(value=False, description="replace it if it is there", indent=False,
                                  layout=w.Layout(width="auto"))  # fmt: skip
        self.button = w.Button(description="Save", tooltip="write the state of the panel as a scenario file")
        self.box = self._laid_out()

    def _laid_out(self) -> ipywidgets.Widget:
        w = self.widgets
        sliders = [self.payments, self.ticket, self.ach_share, self.provisioned, self.on, self.perimeter]
        wrapped = {"display": "flex", "flex_flow": "row wrap", "align_items": "flex-start", "width": "100%"}
        tables = [
            w.HBox(pair, layout=w.Layout(**wrapped))
            for pair in ([self.reductions, self.latency], [self.costs, self.verdicts])
        ]
        saving = w.HBox([self.target, self.replace, self.button], layout=w.Layout(**wrapped))
        style = w.HTML(panel_page.STYLE, layout=w.Layout(display="none"))
        script = {"output_type": "display_data", "metadata": {}, "data": {"application/javascript": panel_page.SCRIPT}}
        names = w.Output(outputs=(script,), layout=w.Layout(height="0", overflow="hidden"))
        shown = [style, names, self.headline, *sliders, *tables, self.notes, self.command, saving, self.saved]
        self.headline.add_class("costmodel-finding")
        box = w.VBox(shown, layout=w.Layout(width="100%", max_width="1100px"))
        return box.add_class("costmodel-what-if")

    def _slider(self, terms: Slider, start: Decimal) -> Any:
        options = [(number(value, 2), value) for value in terms.values(start)]
        return self._choice(options, start, f"{terms.label} ({terms.unit})")

    def _choice(self, options: list[tuple[str, Any]], start: Any, label: str) -> Any:
        """A slider over words or figures. A drop-down list would lose its arrow keys to JupyterLab's own commands."""
        w = self.widgets
        return w.SelectionSlider(options=options, value=start, description=label, continuous_update=True,
                                 style=_wide(), layout=_row(w))  # fmt: skip

    def _piece(self, height: str, flex: str | None = None) -> Any:
        """A place of that height for a piece of HTML; what is longer scrolls inside."""
        w = self.widgets
        return w.HTML(layout=w.Layout(height=height, min_height=height, flex=flex, overflow="auto"))


def _widgets() -> Any:
    try:
        import ipywidgets
    except ImportError:
        raise UsageError(MISSING) from None
    return ipywidgets


def _wide() -> dict[str, str]:
    """Room for a label with its unit."""
    return {"description_width": "290px"}


def _row(w: Any) -> Any:
    return w.Layout(width="98%")
