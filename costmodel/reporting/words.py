"""Numbers and rows as people read them: thousands separators, units, columns of given width."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

NOTHING = "–"
MILLION = 10**6
NARROW = "\u00a0"  # keeps a number and its sign on one line


def number(value: Decimal | float | None, places: int = 1) -> str:
    """A number with thousands separators and at most so many decimals, without a trailing run of zeros."""
    if value is None:
        return NOTHING
    text = f"{_rounded(value, places):,f}"
    return text.rstrip("0").rstrip(".") if places > 1 and "." in text else text


def dollars(value: Decimal | float | None, places: int = 0, *, sign: bool = True) -> str:
    """Money in USD; millions from a million on when shown without cents."""
    if value is None:
        return NOTHING
    value = Decimal(str(value))
    mark = "$" if sign else ""
    minus = "-" if value < 0 else ""
    if places == 0 and abs(value) >= MILLION:
        return f"{minus}{mark}{_rounded(abs(value) / MILLION, 2):,f}M"
    return f"{minus}{mark}{_rounded(abs(value), places):,f}"


def percent(value: Decimal | float | None, places: int = 1) -> str:
    """A percentage, its value already in percent."""
    return NOTHING if value is None else f"{_rounded(value, places):,f}{NARROW}%"


def ms(value: float | None) -> str:
    """Milliseconds, whole."""
    return NOTHING if value is None else f"{value:,.0f} ms"


def interval(pair: tuple[float, float] | None, places: int = 1) -> str:
    """[low, high], or nothing where a single run gives none."""
    return "" if pair is None else f"[{pair[0]:,.{places}f}, {pair[1]:,.{places}f}]"


def row_text(*cells: str, widths: tuple[int, ...], left: bool = False, left_from: int = 10**6) -> str:
    """Cells in columns: the first to the left, the others to the right unless told otherwise; none is cut."""
    parts = [cells[0].ljust(widths[0])]
    for index, (cell, width) in enumerate(zip(cells[1:], widths[1:], strict=False), 1):
        parts.append(cell.ljust(width) if left or index >= left_from else cell.rjust(width))
    return "".join(parts).rstrip()


def _rounded(value: Decimal | float, places: int) -> Decimal:
    return Decimal(str(value)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
