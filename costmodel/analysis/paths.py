"""Payments of every month of a growth path, and the dates of the months."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Callable
from decimal import Decimal

from costmodel.assumptions.fields import Quantity
from costmodel.assumptions.growth import Growth
from costmodel.assumptions.scenario import MOST_PAYMENTS
from costmodel.errors import UsageError

At = Callable[[Quantity], float]
PERCENT = 100
HALF = 0.5


def value_of(figure: Quantity) -> float:
    """The figure itself, without its range."""
    return float(figure.value)


def payments_path(growth: Growth, start: int, months: int, at: At = value_of) -> list[float]:
    """Payments of months 1 to `months`; the first is `start` (a table: its own).

    at: where in its range each figure stands. Raises UsageError for a table that is too short and
    for a path that leaves what a scenario may have.

    >>> from costmodel.assumptions.growth import Growth
    >>> ten = {"value": 10, "unit": "percent", "source": "-", "read": dt.date(2026, 11, 24), "basis": "measured"}
    >>> [round(n) for n in payments_path(Growth(monthly_percent=ten), 1000, 4)]
    [1000, 1100, 1210, 1331]
    """
    path = _listed(growth, months, at) if growth.table else _grown(growth, start, months, at)
    if not all(1 <= number <= MOST_PAYMENTS for number in path):
        raise UsageError(f"growth leads to {max(path):,.0f} payments a month (least {min(path):,.0f}) within "
                         f"{months} months; a scenario has 1 to {MOST_PAYMENTS:,}")  # fmt: skip
    return path


def _listed(growth: Growth, months: int, at: At) -> list[float]:
    assert growth.table is not None
    given = growth.table.payments
    if len(given) < months:
        raise UsageError(
            f"the table of payments ends after {len(given)} months; ask for no more (--months), or add some"
        )
    off = at(growth.table.spread_percent) / PERCENT
    return [number * (1 + off * month / max(1, months - 1)) for month, number in enumerate(given[:months])]


def _grown(growth: Growth, start: int, months: int, at: At) -> list[float]:
    path = [float(start)]
    for month in range(1, months):
        path.append(path[-1] * (1 + _percent(growth, month, at) / PERCENT))
    return path


def _percent(growth: Growth, month: int, at: At) -> float:
    """Growth from that month to the next, percent."""
    if growth.monthly_percent is not None:
        return at(growth.monthly_percent)
    curve = growth.curve
    assert curve is not None
    first, last = at(curve.start_percent), at(curve.end_percent)
    return last + (first - last) * float(HALF ** (float(month - 1) / float(curve.half_life_months.value)))


def month_of(first: dt.date, later: int) -> dt.date:
    """The same day so many months later; the last of a month that is too short.

    >>> month_of(dt.date(2027, 1, 31), 1)
    datetime.date(2027, 2, 28)
    """
    year, month = divmod(first.year * 12 + first.month - 1 + later, 12)
    return dt.date(year, month + 1, min(first.day, calendar.monthrange(year, month + 1)[1]))


def whole(number: float) -> int:
    """The nearest whole payments, at least one."""
    return max(1, int(Decimal(number).to_integral_value()))
