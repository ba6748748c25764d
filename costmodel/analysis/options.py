"""What one can do, what it costs a month, from which volume building pays, and where the claimed saving comes from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from costmodel.analysis.breakeven import Threshold, base_volume, cost_line, threshold
from costmodel.analysis.perimeters import Term, document_row, total
from costmodel.assumptions.perimeter import End, Option, Part, Perimeters

BREAK_EVEN = Decimal(0)  # percent of reduction


@dataclass(frozen=True)
class Payoff:
    """From which volume an option, loaded (mid), costs less than another.

    against_fees: than the other's fees alone; against_loaded: than the other loaded too (mid).
    """

    against: str
    against_fees: Threshold
    against_loaded: Threshold


@dataclass(frozen=True)
class OptionRow:
    """One option: its fees, and what it costs with everything beside them (low, mid, high), USD a month."""

    id: str
    title: str
    note: str | None
    fees_usd: Decimal
    loaded_low_usd: Decimal
    loaded_mid_usd: Decimal
    loaded_high_usd: Decimal
    pays: tuple[Payoff, ...]


@dataclass(frozen=True)
class SavingPart:
    """A part of the claimed saving, USD a month."""

    id: str
    title: str
    usd: Decimal


def side_terms(file: Perimeters, side: str, at: End | None = None) -> tuple[Term, ...]:
    """The terms of a side named `perimeter.side` or `perimeter.variant.side`, on the document's figures."""
    perimeter, *variant, name = side.split(".")
    row = document_row(file, perimeter, variant[0] if variant else None, at=at)
    return row.stripe if name == "stripe" else row.own


def option_rows(file: Perimeters) -> tuple[OptionRow, ...]:
    """The options of the file, on the document's figures."""
    known = {option.id: option for option in file.option}
    return tuple(_row(file, option, [known[name] for name in option.against]) for option in file.option)


def saving_parts(file: Perimeters) -> tuple[SavingPart, ...]:
    """Where the claimed saving comes from; the parts sum to it."""
    return tuple(_part(file, part) for part in file.saving_part)


def claimed_saving(file: Perimeters) -> SavingPart | None:
    """The claimed saving itself, None where the file names none."""
    return None if file.saving is None else _part(file, file.saving)


def _row(file: Perimeters, option: Option, others: Iterable[Option]) -> OptionRow:
    return OptionRow(
        id=option.id,
        title=option.title,
        note=option.note,
        fees_usd=total(side_terms(file, option.fees)),
        loaded_low_usd=total(side_terms(file, option.loaded, "low")),
        loaded_mid_usd=total(side_terms(file, option.loaded)),
        loaded_high_usd=total(side_terms(file, option.loaded, "high")),
        pays=tuple(_payoff(file, option, other) for other in others),
    )


def _payoff(file: Perimeters, option: Option, other: Option) -> Payoff:
    own, base = cost_line(side_terms(file, option.loaded)), base_volume(file)
    fees, loaded = (cost_line(side_terms(file, side)) for side in (other.fees, other.loaded))
    return Payoff(other.id, threshold(fees, own, BREAK_EVEN, base), threshold(loaded, own, BREAK_EVEN, base))


def _part(file: Perimeters, part: Part) -> SavingPart:
    usd = total(side_terms(file, part.more)) - total(side_terms(file, part.less))
    return SavingPart(part.id, part.title, usd)
