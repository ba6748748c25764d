"""A bill: one line per meter, region and tier, each quantity × unit price; and what of it is known how well."""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from decimal import Decimal
from functools import cached_property
from html import escape
from typing import Any

from costmodel.assumptions.decimals import in_full
from costmodel.assumptions.fields import BASES_WEAKEST_LAST

EXACT = decimal.Context(prec=100, rounding=decimal.ROUND_HALF_UP)
LINE_DECIMALS = Decimal("1e-10")  # as cloud bills print
CENTS = Decimal("0.01")
KNOWN_PRICES = ("published", "measured")
UNSURE_QUANTITIES = ("assumption", "claimed")


def weaker(bases: Iterable[str]) -> str:
    """The weakest of some bases."""
    return max(bases, key=BASES_WEAKEST_LAST.index)


def to_line_precision(usd: Decimal) -> Decimal:
    """USD to ten decimals, half up."""
    return usd.quantize(LINE_DECIMALS, None, EXACT)


@dataclass(frozen=True)
class BillLine:
    """quantity × unit_price_usd = cost_usd (to ten decimals); `tier` says which part of the meter's quantity.

    For fees per payment the quantity counts payments, the cost is the sum of fees exact to the cent, and the unit
    price is their mean. basis is the weaker of price_basis and quantity_basis.
    """

    service: str
    meter: str
    quantity: Decimal
    unit: str
    unit_price_usd: Decimal
    cost_usd: Decimal
    basis: str
    tier: str
    source: str
    price_from: dt.date
    note: str
    region: str
    price_basis: str
    quantity_basis: str

    @property
    def is_known(self) -> bool:
        """Whether the price is published or measured and the quantity neither assumed nor claimed."""
        return self.price_basis in KNOWN_PRICES and self.quantity_basis not in UNSURE_QUANTITIES

    def to_dict(self) -> dict[str, str]:
        """The line as strings, exact decimals in plain notation."""
        return {field.name: _text(getattr(self, field.name)) for field in fields(self)}


@dataclass(frozen=True)
class Bill:
    """What some usage costs at the prices of a date. Lines are exact; round only what you show."""

    lines: tuple[BillLine, ...]
    on: dt.date
    region: str
    warnings: tuple[str, ...] = ()

    @cached_property
    def total_usd(self) -> Decimal:
        """The sum of the lines, unrounded, USD."""
        return _sum(line.cost_usd for line in self.lines)

    def by_service(self) -> dict[str, Decimal]:
        """USD per service, in the order of the lines; they sum to the total."""
        return self._by(lambda line: line.service)

    def by_basis(self) -> dict[str, Decimal]:
        """USD per basis of the lines, strongest first; they sum to the total."""
        sums = self._by(lambda line: line.basis)
        return {basis: sums[basis] for basis in BASES_WEAKEST_LAST if basis in sums}

    def shares_by_basis(self) -> dict[str, Decimal]:
        """Share of the total (0 to 1) per basis; empty for a total of 0."""
        return {basis: _share(usd, self.total_usd) for basis, usd in self.by_basis().items() if self.total_usd}

    def share_not_published_or_measured(self) -> Decimal:
        """Share of the total (0 to 1) whose price or quantity nobody published or measured.

        A simulated quantity at a published price counts as known. 0 for a total of 0.
        """
        return _share(_sum(line.cost_usd for line in self.lines if not line.is_known), self.total_usd)

    def to_frame(self) -> Any:
        """The lines as a pandas DataFrame; quantities and money as floats."""
        import pandas

        frame = pandas.DataFrame(
            [{field.name: getattr(line, field.name) for field in fields(BillLine)} for line in self.lines],
            columns=[field.name for field in fields(BillLine)],
        )
        decimals = ["quantity", "unit_price_usd", "cost_usd"]
        return frame.astype(dict.fromkeys(decimals, float))

    def to_dict(self) -> dict[str, Any]:
        """total_usd, date, region, warnings and lines; decimals as strings in plain notation."""
        return {
            "total_usd": _text(self.total_usd),
            "on": _text(self.on),
            "region": self.region,
            "not_published_or_measured": _text(self.share_not_published_or_measured()),
            "warnings": list(self.warnings),
            "lines": [line.to_dict() for line in self.lines],
        }

    def _by(self, key: Callable[[BillLine], str]) -> dict[str, Decimal]:
        sums: dict[str, Decimal] = {}
        with decimal.localcontext(EXACT):
            for line in self.lines:
                sums[key(line)] = sums.get(key(line), Decimal(0)) + line.cost_usd
        return sums

    def _repr_html_(self) -> str:
        """A table for a notebook: the lines, the total to the cent, the warnings."""
        heads = ("service", "meter", "tier", "quantity", "unit", "unit_price_usd", "cost_usd", "basis")
        rows = "".join(_html_row(_text(getattr(line, head)) for head in heads) for line in self.lines)
        total = self.total_usd.quantize(CENTS, context=EXACT)
        warnings = "".join(f"<p>{escape(warning)}</p>" for warning in self.warnings)
        return (
            f"<table><thead>{_html_row(heads, 'th')}</thead><tbody>{rows}</tbody></table>"
            f"<p><b>Total ${total:,f}</b>, prices of {self.on}, {escape(self.region)}</p>{warnings}"
        )


def _html_row(cells: Iterable[str], tag: str = "td") -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"


def _sum(values: Iterable[Decimal]) -> Decimal:
    with decimal.localcontext(EXACT):
        return sum(values, Decimal(0))


def _share(part: Decimal, whole: Decimal) -> Decimal:
    return part / whole if whole else Decimal(0)


def _text(value: Any) -> str:
    return in_full(value) if isinstance(value, Decimal) else str(value)
