"""What `breakeven` prints."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from costmodel.analysis.mapping import BreakevenMap
from costmodel.analysis.reaching import Reached
from costmodel.analysis.seeking import Breakeven, Difference
from costmodel.reporting.breakeven_words import breakeven_finding, in_unit, map_finding, percent_of, to_ask, where
from costmodel.reporting.documents import Documents, page
from costmodel.reporting.tables import Section, Table, as_csv, as_json, as_markdown
from costmodel.reporting.words import NOTHING, dollars

CURVE_COLUMNS = ("value", "document_percent", "modelled_percent")
CONTOUR_COLUMNS = ("value", "kind", "volume_usd")
LEAST_SHIFT = Decimal("0.001")  # of the value; less is told together


def breakeven_documents(result: Breakeven) -> Documents:
    """The answer in every format; CSV has the reduction by value of the key."""
    rows = [dict(zip(CURVE_COLUMNS, row, strict=True)) for row in result.curve]
    return {
        "table": lambda: page(lambda _: breakeven_sections(result)),
        "json": lambda: as_json(result.to_dict()),
        "csv": lambda: as_csv(rows, CURVE_COLUMNS),
        "markdown": lambda: as_markdown(breakeven_sections(result)),
    }


def breakeven_sections(result: Breakeven) -> list[Section]:
    """The finding, both columns, and why they differ."""
    head: Section = [f"{breakeven_finding(result)}."]
    if (asked := to_ask(result)) is not None:
        head.append(asked)
    columns = [("document", result.document), ("simulated", result.modelled)]
    rows = tuple(_row(name, found, result.lever.unit) for name, found in columns if found is not None)
    place = f"{result.title}; {result.lever.title}" + (f" in {result.lever.unit}" if result.lever.unit else "") + ":"
    table = Table(("", "reached", "closed form", "95 % interval", "reduction at the ends"), rows, frozenset({1}))
    missing = [f"This perimeter has no {name} column for this key." for name, found in columns if found is None]
    return [head, [place, table, *missing], _differences(result), _notes(result)]


def _row(name: str, found: Reached, unit: str) -> tuple[str, ...]:
    closed = NOTHING if found.closed is None else ", ".join(in_unit(value, unit) for value in found.closed)
    span = NOTHING if found.interval is None else " to ".join(in_unit(end, unit) for end in found.interval)
    ends = f"{percent_of(found.low_percent)} … {percent_of(found.limit_percent)}"
    return name, where(found, unit), closed, span, ends


def _differences(result: Breakeven) -> Section:
    """Why the simulated value is another, cause by cause."""
    value = result.document.value if result.document else None
    if not result.differences or value is None:
        return []
    unit = result.lever.unit
    large = [one for one in result.differences if abs(one.shift) >= LEAST_SHIFT * abs(value)]
    small = [one for one in result.differences if one not in large]
    rows = [_difference(one, unit) for one in large]
    if small:
        rows.append(_difference(_together(small), unit))
    rows.append(_difference(_together(result.differences, "in all"), unit))
    head = (f"Own less Stripe at {in_unit(value, unit)}, USD a month", "document", "simulated", "moves it by")
    why = [f"{one.cause}: {one.because}." for one in large if one.because]
    return ["Why the simulated value is another:", Table(head, tuple(rows)), *why]


def _together(several: Sequence[Difference], title: str = "") -> Difference:
    document, modelled, shift = (
        sum((getattr(one, name) for one in several), Decimal(0)) for name in ("document_usd", "modelled_usd", "shift")
    )
    return Difference(title or f"{len(several)} others", document, modelled, shift)


def _difference(one: Difference, unit: str) -> tuple[str, ...]:
    usd = [dollars(figure, 2, sign=False) for figure in (one.document_usd, one.modelled_usd)]
    return one.cause, *usd, in_unit(one.shift, unit)


def _notes(result: Breakeven) -> Section:
    notes: Section = [result.lever.note] if result.lever.note else []
    if result.provenance["overridden"]:
        notes.append(f"Overridden: {', '.join(result.provenance['overridden'])}.")
    return notes


def map_documents(result: BreakevenMap) -> Documents:
    """The map's contour in every format."""
    rows = [
        {"value": value, "kind": one.kind, "volume_usd": one.volume_usd}
        for value, one in zip(result.values, result.contour, strict=True)
    ]
    return {
        "table": lambda: page(lambda _: map_sections(result)),
        "json": lambda: as_json(result.to_dict()),
        "csv": lambda: as_csv(rows, CONTOUR_COLUMNS),
        "markdown": lambda: as_markdown(map_sections(result)),
    }


def map_sections(result: BreakevenMap) -> list[Section]:
    """The finding and the contour, with what was simulated."""
    unit, simulated = result.lever.unit, dict(result.simulated)
    found = dict(zip(result.values, result.contour, strict=True))
    rows = tuple(
        (in_unit(y, unit), "" if y not in found else _volume(found[y].kind, found[y].volume_usd),
         dollars(simulated[y]) if y in simulated else "")
        for y in sorted({*found, *simulated})
    )  # fmt: skip
    head = (f"{result.lever.title}, {unit}", "volume a month, document", "simulated")
    return [[f"{map_finding(result)}."], [Table(head, rows)]]


def _volume(kind: str, usd: Decimal | None) -> str:
    return kind if usd is None else f"{kind} {dollars(usd)}"
