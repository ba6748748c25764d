"""From what a figure was to what it is, step by step: code, luck, price book, scenario. The steps add up exactly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from costmodel.analysis.measured import NOTHING, Figure, Line, Measured
from costmodel.analysis.paired import half_width_of, near_end
from costmodel.billing.bill import EXACT

Cause = Literal["code", "price book", "scenario", "noise"]
CAUSES: tuple[Cause, ...] = ("code", "price book", "scenario", "noise")
Kind = Literal["figure", "service", "meter"]
PERCENT = 100


@dataclass(frozen=True)
class Steps:
    """The same month five times: as the baseline keeps it; its content run by today's code; with today's seed; at
    today's prices; and today's content."""

    stored: Measured
    code: Measured
    noise: Measured
    prices: Measured
    today: Measured

    def all(self) -> tuple[Measured, ...]:
        """In the order in which one becomes the next."""
        return self.stored, self.code, self.noise, self.prices, self.today


@dataclass(frozen=True)
class Movement:
    """One figure before and after, in USD a month (a figure of latency: ms), and by how much each cause moved it.

    half_width: of the interval of what is no noise, at the family-wise error; moved: the causes that changed anything,
    be it a quantity that costs nothing. lines: the meter's line before and after, None for other figures.
    """

    kind: Kind
    name: str
    before: Decimal | None
    after: Decimal | None
    causes: dict[Cause, Decimal]
    moved: tuple[Cause, ...]
    half_width: Decimal
    lines: tuple[Line | None, Line | None] | None = None

    @property
    def change(self) -> Decimal:
        """after - before, the sum of the causes."""
        return EXACT.subtract(self.after or NOTHING, self.before or NOTHING)

    @property
    def meant(self) -> Decimal:
        """The change without what other luck brought."""
        return EXACT.subtract(self.change, self.causes["noise"])

    @property
    def near_end(self) -> Decimal:
        """The end of its interval that is nearest to no change."""
        return near_end(self.meant, self.half_width)

    @property
    def sign(self) -> str:
        """`+` for a line that is new, `-` for one that has gone, `~` for one that changed, else nothing."""
        if self.lines is not None and None in self.lines:
            return "+" if self.lines[0] is None else "-"
        return "~" if set(self.moved) - {"noise"} else ""

    def percent(self, change: Decimal) -> Decimal | None:
        """A change in percent of the figure before; None where that is nothing."""
        return change / self.before * PERCENT if self.before else None

    def to_dict(self) -> dict[str, Any]:
        """JSON: decimals as strings."""
        percent = self.percent(self.change)
        line = {"line_before": _line(self.lines[0]), "line_after": _line(self.lines[1])} if self.lines else {}
        return {
            "kind": self.kind,
            "name": self.name,
            "sign": self.sign,
            "before": _text(self.before),
            "after": _text(self.after),
            "change": _text(self.change),
            "percent": None if percent is None else f"{percent:.4f}",
            "causes": {cause.replace(" ", "_"): _text(self.causes[cause]) for cause in CAUSES},
            "interval": [_text(self.meant - self.half_width), _text(self.meant + self.half_width)],
            **line,
        }


def movements(steps: Steps, family_wise_error: Decimal) -> tuple[Movement, ...]:
    """Every figure, service and meter of either side, the total first. Their number corrects the intervals."""
    found = list(_series(steps))
    return tuple(_movement(kind, name, series, family_wise_error, len(found), lines)
                 for kind, name, series, lines in found)  # fmt: skip


Series = tuple[Figure, ...]
Pair = tuple[Line | None, Line | None]


def _series(steps: Steps) -> Iterator[tuple[Kind, str, Series, tuple[Line | None, ...] | None]]:
    """Each figure in all five months; for a meter also its lines."""
    months = steps.all()
    for name in _names([month.figures for month in (steps.today, steps.stored)]):
        yield "figure", name, tuple(month.figures.get(name, Figure(None, (None,))) for month in months), None
    services = [_by_service(month) for month in months]
    for name in _names(services[::-1]):
        yield (
            "service",
            name,
            tuple(_padded(found.get(name), m) for found, m in zip(services, months, strict=True)),
            None,
        )
    for name in _names([month.lines for month in months[::-1]]):
        lines = tuple(month.lines.get(name) for month in months)
        figures = [None if line is None else Figure(line.cost_usd, line.runs) for line in lines]
        yield "meter", name, tuple(_padded(f, m) for f, m in zip(figures, months, strict=True)), lines


def _names(found: Sequence[Any]) -> list[str]:
    return list(dict.fromkeys(name for one in found for name in one))


def _by_service(month: Measured) -> dict[str, Figure]:
    lines: dict[str, list[Line]] = {}
    for line in month.lines.values():
        lines.setdefault(line.service, []).append(line)
    return {
        name: Figure(_sum([line.cost_usd for line in own]), tuple(map(_sum, zip(*(o.runs for o in own), strict=True))))
        for name, own in lines.items()
    }


def _padded(figure: Figure | None, month: Measured) -> Figure:
    """What is not on the bill costs nothing, in every replication."""
    return figure or Figure(NOTHING, (NOTHING,) * len(month.figures["total"].runs))


def _sum(values: Sequence[Decimal | None]) -> Decimal:
    total = NOTHING
    for value in values:
        total = EXACT.add(total, value or NOTHING)
    return total


def _movement(
    kind: Kind, name: str, series: Series, error: Decimal, looked_at: int, lines: tuple[Line | None, ...] | None
) -> Movement:
    stored, code, noise, prices, today = (figure.value or NOTHING for figure in series)
    causes: dict[Cause, Decimal] = {
        "code": EXACT.subtract(code, stored),
        "noise": EXACT.subtract(noise, code),
        "price book": EXACT.subtract(prices, noise),
        "scenario": EXACT.subtract(today, prices),
    }
    meant = today - stored - causes["noise"]
    half = half_width_of(meant, _pairs(series), error, looked_at)
    pair = (lines[0], lines[-1]) if lines else None
    return Movement(kind, name, series[0].value, series[-1].value, causes, _moved(causes, lines), half, pair)


def _pairs(series: Series) -> list[Decimal]:
    """In each replication, what code, prices and scenario changed: both sides of each step met the same luck."""
    stored, code, noise, _, today = ([run or NOTHING for run in figure.runs] for figure in series)
    return [
        EXACT.add(EXACT.subtract(again, was), EXACT.subtract(now, then))
        for was, again, then, now in zip(stored, code, noise, today, strict=False)  # as many as all have
    ]


def _moved(causes: dict[Cause, Decimal], lines: tuple[Line | None, ...] | None) -> tuple[Cause, ...]:
    order: tuple[Cause, ...] = ("code", "noise", "price book", "scenario")
    changed = {cause for cause, usd in causes.items() if usd}
    if lines is not None:
        for cause, old, new in zip(order, lines, lines[1:], strict=False):
            if _what(old) != _what(new):
                changed.add(cause)
    return tuple(cause for cause in CAUSES if cause in changed)


def _what(line: Line | None) -> tuple[Decimal, Decimal] | None:
    """What a line says; a price that nothing is bought at moves nothing."""
    return None if line is None else (line.quantity, line.unit_price_usd if line.quantity else NOTHING)


def _line(line: Line | None) -> dict[str, str] | None:
    if line is None:
        return None
    return {
        "quantity": f"{line.quantity:f}",
        "unit": line.unit,
        "unit_price_usd": f"{line.unit_price_usd:f}",
        "cost_usd": f"{line.cost_usd:f}",
    }


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"
