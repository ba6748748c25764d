"""The what-if panel's state as a scenario file: its text, and where it may be written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from costmodel.analysis.panel import Panel
from costmodel.analysis.panel_inputs import command_line
from costmodel.assumptions.catalog import data_dir
from costmodel.errors import InputError, Problem
from costmodel.reporting.files import check_place, write_whole
from costmodel.reporting.scenario_file import toml_text

WORKLOAD = "workload."
SUFFIX = ".toml"


def panel_scenario(panel: Panel, data: Path | str | None = None, seed: int | None = None) -> str:
    """TOML text of a scenario over the panel's own: what was moved, and what bounds the simulation.

    `costmodel run FILE` gives the panel's own month from it, `costmodel panel FILE` all its figures.
    """
    scenario = panel.own.assumptions.scenario
    base = str(Path(panel.scenario).resolve()) if _is_path(panel.scenario) else panel.scenario
    changes = {**panel.changes, **panel.simulated} | ({} if seed is None else {"seed": seed})
    command = command_line(panel.scenario, panel.perimeter, panel.changes, data, seed)
    lines = [
        "# The same figures: " + "".join(sign if sign.isprintable() else "?" for sign in command),
        f"title = {_value(f'{panel.scenario}, with what was chosen in the what-if panel')}",
        f"base = {_value(base)}",
        "pinned = false",
        "",
    ]
    if any(path.startswith(WORKLOAD) for path in panel.changes):
        lines += ["[workload]", 'source = "chosen in the what-if panel"', f"read = {scenario.on}",
                  'basis = "assumption"', ""]  # fmt: skip
    return "\n".join([*lines, "[set]", *_settings(changes)]) + "\n"


def save(text: str, file: str, *, data: Path | str | None = None, replace: bool = False) -> Path:
    """Write a scenario file, wholly or not at all, and say where.

    Raises InputError for a name without `.toml`, a place inside the shipped data (another name lays a scenario beside
    them), and a file that is there already unless `replace`.
    """
    target = Path(file.strip())
    if not file.strip() or target.suffix != SUFFIX:
        raise _refuse(file, f"a scenario file's name ends in {SUFFIX}", f"write e.g. my_scenario{SUFFIX}")
    if target.resolve().is_relative_to(data_dir().resolve()):
        raise _refuse(file, "lies in the shipped data", "choose a folder of your own; the base stays what it is")
    if target.exists() and not replace:
        also = (
            " and belongs to your data folder" if data and target.resolve().is_relative_to(Path(data).resolve()) else ""
        )
        raise _refuse(file, f"is there already{also}", "choose another name, or tick `replace it`")
    check_place(target)
    write_whole(target, text)
    return target


def _settings(changes: Mapping[str, Any]) -> list[str]:
    return [f"{toml_text(path)} = {_value(value)}" for path, value in changes.items()]


def _value(value: Any) -> str:
    """A TOML value."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return toml_text(f"{value:f}")  # text keeps every digit, where a float would not
    if isinstance(value, int | dt.date):
        return str(value)
    return toml_text(str(value))


def _is_path(scenario: str) -> bool:
    return scenario.endswith(SUFFIX) or "/" in scenario


def _refuse(file: str, wrong: str, remedy: str) -> InputError:
    return InputError(Problem(file.strip() or "(no name)", None, "", wrong, remedy))
