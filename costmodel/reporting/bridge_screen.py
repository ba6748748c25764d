"""What `bridge` prints, and its finding in words."""

from __future__ import annotations

from costmodel.analysis.bridging import Bridge
from costmodel.reporting.captions import signed
from costmodel.reporting.documents import Documents, page
from costmodel.reporting.tables import Section, Table, as_csv, as_json, as_markdown
from costmodel.reporting.words import NOTHING, dollars, interval

COLUMNS = ("cause", "usd", "low", "high", "what")
CHANGES_SHOWN = 6


def bridge_finding(result: Bridge) -> str:
    """The whole change, and the cause that makes most of it."""
    change = result.after_usd - result.before_usd
    said = f"{result.before} → {result.after}: {signed(dollars(change, 2))} a month"
    if not result.parts:
        return f"{said}; nothing differs"
    most = max(result.parts, key=lambda part: abs(part.usd))
    return f"{said}, the largest part by {most.cause} ({'+' if most.usd > 0 else ''}{signed(dollars(most.usd, 2))})"


def bridge_documents(result: Bridge) -> Documents:
    """The bridge in every format."""
    rows = [
        {"cause": part.cause, "usd": part.usd, "low": part.interval and part.interval[0],
         "high": part.interval and part.interval[1], "what": "; ".join(part.what)} for part in result.parts
    ]  # fmt: skip
    return {
        "table": lambda: page(lambda _: bridge_sections(result)),
        "json": lambda: as_json(result.to_dict()),
        "csv": lambda: as_csv(rows, COLUMNS),
        "markdown": lambda: as_markdown(bridge_sections(result)),
    }


def bridge_sections(result: Bridge) -> list[Section]:
    """The finding, the parts with their sum, and what differs."""
    rows = [(part.cause, signed(dollars(part.usd, 2, sign=False)), _interval(part.interval)) for part in result.parts]
    ends = [(name, dollars(usd, 2, sign=False), "") for name, usd in
            ((result.before, result.before_usd), (result.after, result.after_usd))]  # fmt: skip
    table = Table(("USD a month", "", "95 % interval"), (ends[0], *rows, ends[1]))
    what: Section = [f"{part.cause}: {_shown(part.what)}" for part in result.parts]
    return [[f"{bridge_finding(result)}."], [table], what]


def _interval(pair: tuple[float, float] | None) -> str:
    return signed(interval(pair, 2)) or NOTHING


def _shown(what: tuple[str, ...]) -> str:
    more = len(what) - CHANGES_SHOWN
    return "; ".join(what[:CHANGES_SHOWN]) + (f"; {more} more" if more > 0 else "")
