"""A break-even in words: values in the unit of their lever, and the finding as a sentence."""

from __future__ import annotations

from decimal import Decimal

from costmodel.analysis.crossing import Kind
from costmodel.analysis.mapping import BreakevenMap
from costmodel.analysis.reaching import Reached
from costmodel.analysis.seeking import Breakeven
from costmodel.reporting.captions import signed
from costmodel.reporting.words import NARROW, dollars, number

CENTS_BELOW = 1000  # USD from which cents say nothing
RANGES: dict[Kind, str] = {
    "from": "from {0} on",
    "below": "up to {0}",
    "between": "between {0} and {1}",
    "outside": "up to {0}, and from {1} on",
    "always": "at every value searched",
    "never": "never",
}


def in_unit(value: Decimal | float | None, unit: str) -> str:
    """A value as its unit is written: dollars, percent, or a number."""
    if value is None:
        return "–"
    figure = Decimal(str(value))
    if unit.startswith("USD"):
        return signed(dollars(figure, 2 if abs(figure) < CENTS_BELOW else 0))
    return signed(number(figure, 3)) + (f"{NARROW}%" if unit.startswith("percent") else "")


def on_axis(value: float, unit: str) -> str:
    """A value for a tick: large ones in thousands, millions or billions."""
    mark = ("−" if value < 0 else "") + ("$" if unit.startswith("USD") else "")
    for size, letter in ((10**9, "B"), (10**6, "M"), (10**3, "k")):
        if abs(value) >= size:
            return f"{mark}{abs(value) / size:,g}{letter}"
    return f"{mark}{abs(value):,g}" + (f"{NARROW}%" if unit.startswith("percent") else "")


def percent_of(value: Decimal | None) -> str:
    """A percentage with one decimal."""
    return "–" if value is None else f"{signed(number(value))}{NARROW}%"


def what(target_percent: Decimal) -> str:
    """What is reached."""
    if not target_percent:
        return "owning costs no more than Stripe"
    return f"owning is {signed(number(target_percent, 2))}{NARROW}% cheaper than Stripe"


def capital(text: str) -> str:
    """The text with a capital letter first."""
    return text[:1].upper() + text[1:]


def where(found: Reached, unit: str) -> str:
    """In which range the target is reached: `from $207,348 on`."""
    return RANGES[found.kind].format(*(in_unit(value, unit) for value in found.values))


def breakeven_finding(result: Breakeven) -> str:
    """The answer in one sentence."""
    columns = [("on the document's figures", result.document), ("simulated", result.modelled)]
    known = [(name, found) for name, found in columns if found is not None]
    said = [f"{where(found, result.lever.unit)} ({name})" for name, found in known]
    limits = [percent_of(found.limit_percent) for _, found in known if found.kind == "never"]
    tail = f"; the far end comes to {' and '.join(dict.fromkeys(limits))}" if limits else ""
    return f"{capital(what(result.target_percent))}, by {result.lever.title}: {'; '.join(said)}{tail}"


def to_ask(result: Breakeven) -> str | None:
    """What to ask Stripe for instead of building; None for a lever that is no rate of Stripe's."""
    found = result.modelled or result.document
    if found is None or not result.lever.asks:
        return None
    if found.kind == "always":
        return "No rate makes Stripe cheaper within this perimeter: its fixed fees alone cost more than owning."
    if found.kind != "from" or found.value is None:
        return None
    asked, unit = in_unit(found.value, result.lever.unit), result.lever.unit
    if result.now is not None and result.now <= found.value:
        return (
            f"Nothing to ask for: Stripe's {in_unit(result.now, unit)} is below {asked}, where building begins to pay."
        )
    return f"The rate to ask for instead of building: {asked} or less, in place of {in_unit(result.now, unit)}."


def map_finding(result: BreakevenMap) -> str:
    """From which volume building pays at the ends of the lever, and today."""
    unit = result.lever.unit
    known = [
        (value, one.volume_usd)
        for value, one in zip(result.values, result.contour, strict=True)
        if one.kind == "from" and one.volume_usd is not None
    ]
    if not known:
        return f"No volume makes {what(result.target_percent)} at any {result.lever.title} of the map"
    (first, most), (last, least) = known[0], known[-1]
    return (
        f"{capital(what(result.target_percent))}: from {dollars(most)} a month at {in_unit(first, unit)}, "
        f"from {dollars(least)} at {in_unit(last, unit)}"
    )
