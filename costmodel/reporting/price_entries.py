"""Write dated price entries into the service files of a folder, behind the old ones, which stay as they are."""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from costmodel.analysis.price_import import Found, new_entry
from costmodel.assumptions.catalog import data_dir, load_table
from costmodel.assumptions.checking import check
from costmodel.assumptions.service import Service
from costmodel.errors import InputError, Problem
from costmodel.reporting.files import write_whole


def write_entries(found: Iterable[Found], folder: Path) -> list[Path]:
    """Append an entry for each price to `folder`/services/SERVICE.toml, and give the files written.

    Every file is read and checked with its new entries before the first is written. Raises InputError for a folder
    that is not there or entries that do not go with what is in it.
    """
    if not folder.is_dir():
        raise InputError(Problem(str(folder), None, "", "no such folder", "make it first, or name the data folder"))
    texts: dict[str, str] = {}
    for each in found:
        service, _, meter = each.meter.partition(".")
        texts[service] = texts.get(service, "") + entry_text(meter, new_entry(each))
    paths = {service: folder / "services" / f"{service}.toml" for service in texts}
    whole = {path: _present(path) + texts[service] for service, path in paths.items()}
    for path, text in whole.items():
        _check(path.stem, text, is_shipped=path.is_file() and path.parent.samefile(data_dir() / "services"))
    (folder / "services").mkdir(exist_ok=True)
    for path, text in whole.items():
        write_whole(path, text)
    return list(whole)


def _present(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def entry_text(meter: str, entry: Mapping[str, Any]) -> str:
    """One [[meter.NAME.price]] table as TOML."""
    lines = "".join(f"{key} = {_value(value)}\n" for key, value in entry.items())
    return f"\n[[meter.{meter}.price]]\n{lines}"


def _value(value: Any) -> str:
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_value(each)}" for key, each in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, int | Decimal):
        return f"{value}"
    return json.dumps(str(value), ensure_ascii=False)


def _check(service: str, text: str, *, is_shipped: bool) -> None:
    """Raises InputError where the file would be no valid service, laid over the shipped one unless it is that one."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "services" / f"{service}.toml"
        path.parent.mkdir()
        path.write_text(text, encoding="utf-8")
        table = load_table("services", str(path) if is_shipped else service, None if is_shipped else Path(place))[0]
        check(Service, table)
