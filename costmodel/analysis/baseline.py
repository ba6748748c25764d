"""Make a baseline: a scenario's figures with the content they came from, as canonical text."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from costmodel import __version__
from costmodel.analysis.measured import Figure, Line, Measured, measured
from costmodel.assumptions.baseline_file import BASELINE_VERSION, KIND, read_baseline
from costmodel.assumptions.catalog import Content, assumed, load_content
from costmodel.assumptions.changes import changes_from
from costmodel.assumptions.content import WIDEST, digest, plain
from costmodel.assumptions.decimals import in_full
from costmodel.errors import UsageError
from costmodel.run import Watch, run_assumptions


def make_baseline(
    scenario: str,
    *,
    beside: Path,
    set: Mapping[str, Any] | None = None,
    data: Path | None = None,
    seed: int | None = None,
    claims: str | None = None,
    engine: str = "auto",
    watch: Watch | None = None,
) -> dict[str, Any]:
    """The baseline of a scenario as a plain tree, without reasons; `beside` is the folder it will lie in.

    claims: a claims file whose verdicts are kept too. Raises InputError for what cannot be run.
    """
    changes = dict(set or {}) | ({} if seed is None else {"seed": seed})
    content = load_content(scenario, data=data, changes=changes_from(changes))
    result = run_assumptions(assumed(content), engine=engine, watch=watch)
    tree = baseline_tree(place_from(scenario, beside), content, measured(result))
    if claims is not None:
        from costmodel.analysis.verdicts import verdicts_of

        found = verdicts_of(claims, scenario, set=set, data=data, seed=seed, engine=engine)
        tree["verdicts"] = {"claims": place_from(claims, beside), "verdicts": found}
    return tree


def baseline_tree(scenario: str, content: Content, figures: Measured) -> dict[str, Any]:
    """The plain tree of a baseline: decimals as strings, nothing that the clock, engine or machine decides."""
    rests_on = plain(content)
    on: dt.date = content.scenario["on"]
    return {
        "schema_version": BASELINE_VERSION,
        "kind": KIND,
        "package": __version__,
        "scenario": scenario,
        "on": on.isoformat(),
        "seed": content.scenario.get("seed", 1),
        "reasons": [],
        "lines": {key: _line(line) for key, line in figures.lines.items()},
        "figures": {name: _figure(figure) for name, figure in figures.figures.items()},
        "content_sha256": digest(rests_on),
        "content": rests_on,
    }


def renewed(tree: dict[str, Any], path: Path, reason: str | None) -> dict[str, Any] | None:
    """The tree with the reasons of the file it replaces and the new one; None if it says what the file says already.

    A file of another version that differs in nothing else says the same. Raises UsageError if it would replace another
    baseline without a reason, InputError if that file is none.
    """
    if not path.exists():
        return tree | {"reasons": [reason] if reason else []}
    reasons = read_baseline(path).reasons
    old = json.loads(path.read_text("utf-8"))
    if old == tree | {"reasons": list(reasons), "package": old["package"]}:
        return None
    if not reason:
        raise UsageError(f"{path} holds another baseline; say why it changes with --reason TEXT, which is kept in it")
    return tree | {"reasons": [*reasons, reason]}


def canonical(tree: Any, indent: int = 0) -> str:
    """JSON with sorted keys; what fits on a line stands on one, so that a change of one figure changes one line."""
    flat = json.dumps(tree, sort_keys=True, ensure_ascii=False)
    if len(flat) + indent <= WIDEST or not isinstance(tree, dict | list) or not tree:
        return flat
    blank, deeper = " " * indent, " " * (indent + 1)
    if isinstance(tree, dict):
        inner = [f"{json.dumps(key, ensure_ascii=False)}: {canonical(tree[key], indent + 1)}" for key in sorted(tree)]
        return "{\n" + ",\n".join(deeper + text for text in inner) + f"\n{blank}}}"
    return "[\n" + ",\n".join(deeper + canonical(entry, indent + 1) for entry in tree) + f"\n{blank}]"


def place_from(name: str, folder: Path) -> str:
    """A name as it is; a path as it is seen from `folder`, so that the baseline can be read from anywhere."""
    if not _is_path(name):
        return name
    return Path(os.path.relpath(Path(name).resolve(), folder.resolve())).as_posix().removeprefix("./")


def place_in(name: str, folder: Path) -> str:
    """The way back: the path of a name kept in a baseline of that folder."""
    return str(folder / name) if _is_path(name) else name


def _is_path(name: str) -> bool:
    return name.endswith(".toml") or "/" in name


def _line(line: Line) -> dict[str, Any]:
    texts = {name: _text(getattr(line, name)) for name in ("quantity", "unit_price_usd", "cost_usd")}
    named = {"service": line.service, "meter": line.meter, "unit": line.unit}
    return named | texts | {"runs": _texts(line.runs)}


def _figure(figure: Figure) -> dict[str, Any]:
    return {"value": _text(figure.value), "runs": _texts(figure.runs)}


def _texts(values: Sequence[Decimal | None]) -> list[str | None]:
    return [_text(value) for value in values]


def _text(value: Decimal | None) -> str | None:
    return None if value is None else in_full(value)
