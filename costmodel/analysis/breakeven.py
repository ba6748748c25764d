"""From which volume a reduction is reached: closed form, for sides that are a fixed part and a slope.

At x times the document's volume (same ticket) a side costs F + V·x. A target reduction t is reached where
F_own + V_own·x <= r·(F_stripe + V_stripe·x) with r = 1 − t: from x = (F_own − r·F_stripe) / (r·V_stripe − V_own) on if
the slope on the right is the greater one, below that x if it is the smaller one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from costmodel.analysis.perimeters import HUNDRED, PerimeterRow, Term, document_row, input_values
from costmodel.assumptions.perimeter import End, Perimeters


@dataclass(frozen=True)
class CostLine:
    """What a side costs a month: `fixed_usd`, and `usd_at_base` more at the base volume, in proportion to it."""

    fixed_usd: Decimal
    usd_at_base: Decimal

    def usd(self, times: Decimal) -> Decimal:
        """USD a month at so many times the base volume."""
        return self.fixed_usd + self.usd_at_base * times


@dataclass(frozen=True)
class Threshold:
    """Where a target is reached: `from` or `below` a volume (USD a month), `always` or `never`.

    limit_percent: the reduction that ever larger volume comes to; None where Stripe's side does not grow.
    """

    kind: Literal["from", "below", "always", "never"]
    volume_usd: Decimal | None
    limit_percent: Decimal | None


def cost_line(terms: Iterable[Term]) -> CostLine:
    """The fixed and the variable part of some terms, each as it is marked."""
    fixed = variable = Decimal(0)
    for term in terms:
        fixed += term.usd if term.fixed else 0
        variable += 0 if term.fixed else term.usd
    return CostLine(fixed, variable)


def threshold(stripe: CostLine, own: CostLine, target_percent: Decimal, base_usd: Decimal) -> Threshold:
    """The volume at which `own` is `target_percent` cheaper than `stripe`; a target of 0 is the break-even.

    base_usd: the volume that the variable parts belong to.
    """
    r = 1 - target_percent / HUNDRED
    short = own.fixed_usd - r * stripe.fixed_usd
    gain = r * stripe.usd_at_base - own.usd_at_base
    limit = limit_percent(stripe, own)
    if short <= 0 <= gain:
        return Threshold("always", None, limit)
    if gain <= 0 <= short:
        return Threshold("never", None, limit)
    return Threshold("from" if gain > 0 else "below", short / gain * base_usd, limit)


def limit_percent(stripe: CostLine, own: CostLine) -> Decimal | None:
    """The reduction without the fixed parts, in percent; None where Stripe's side does not grow."""
    if not stripe.usd_at_base:
        return None
    return HUNDRED * (1 - own.usd_at_base / stripe.usd_at_base)


def row_threshold(row: PerimeterRow, target_percent: Decimal, base_usd: Decimal) -> Threshold:
    """The same, for the two sides of a row."""
    return threshold(cost_line(row.stripe), cost_line(row.own), target_percent, base_usd)


def document_threshold(
    file: Perimeters,
    perimeter: str,
    target_percent: Decimal,
    *,
    variant: str | None = None,
    split: str | None = None,
    at: End | None = None,
) -> Threshold:
    """From which volume the document's figures reach a target within a perimeter, under a reading of what grows.

    >>> from costmodel.analysis.perimeter_files import read_perimeters
    >>> document_threshold(read_perimeters()[0], "as_claimed", Decimal(98), split="a").kind
    'never'
    """
    chosen = {known.id: known for known in file.split}[split] if split else None
    row = document_row(file, perimeter, variant, at=at, split=chosen)
    return row_threshold(row, target_percent, base_volume(file))


def base_volume(file: Perimeters) -> Decimal:
    """The volume of the document, USD a month."""
    return input_values(file.inputs, "value")[file.volume]


def reduction_at(row: PerimeterRow, times: Decimal) -> Decimal | None:
    """The reduction in percent at so many times the document's volume; None where Stripe's side is 0."""
    stripe, own = cost_line(row.stripe).usd(times), cost_line(row.own).usd(times)
    return HUNDRED * (stripe - own) / stripe if stripe else None
