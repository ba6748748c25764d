"""Payments of every month of a growth path, and the dates of the months."""

from __future__ import annotations

import calendar
import datetime as dt
from decimal import Decimal

from costmodel.analysis.laws import at_quantile
from costmodel.assumptions.growth import Growth
from costmodel.errors import UsageError

PERCENT = 100
MIDDLE = 0.5
MOST_PAYMENTS = 10**10  # as many as a scenario may have


def payments_path(growth: Growth, start: int, months: int, quantile: float = MIDDLE) -> list[float]:
    """Payments of months 1 to `months`; the first is `start` (a table: its own).

    quantile: of the uncertain growth; a half gives the middle path. Raises UsageError for a table that is too short and
    for a path that leaves what a scenario may have.

    >>> from costmodel.assumptions.growth import Growth
    >>> ten = {"value": 10, "unit": "percent", "source": "-", "read": dt.date(2026, 11, 24), "basis": "measured"}
    >>> [round(n) for n in payments_path(Growth(monthly_percent=ten), 1000, 4)]
    [1000, 1100, 1210, 1331]
    """
    path = _listed(growth, months, quantile) if growth.table else _grown(growth, start, months, quantile)
    if not all(1 <= number <= MOST_PAYMENTS for number in path):
        raise UsageError(f"growth leads to {max(path):,.0f} payments a month (least {min(path):,.0f}) within "
                         f"{months} months; a scenario has 1 to {MOST_PAYMENTS:,}")  # fmt: skip
    return path


def _listed(growth: Growth, months: int, quantile: float) -> list[float]:
    assert growth.table is not None
    given = growth.table.payments
    if len(given) < months:
        raise UsageError(
            f"the table of payments ends after {len(given)} months; ask for no more (--months), or add some"
        )
    off = float(at_quantile(growth.table.spread_percent, quantile)) / PERCENT
    return [number * (1 + off * at / max(1, months - 1)) for at, number in enumerate(given[:months])]


def _grown(growth: Growth, start: int, months: int, quantile: float) -> list[float]:
    path = [float(start)]
    for month in range(1, months):
        path.append(path[-1] * (1 + _percent(growth, month, quantile) / PERCENT))
    return path


def _percent(growth: Growth, month: int, quantile: float) -> float:
    """Growth from that month to the next, percent."""
    if growth.monthly_percent is not None:
        return at_quantile(growth.monthly_percent, quantile)
    curve = growth.curve
    assert curve is not None
    first, last = at_quantile(curve.start_percent, quantile), at_quantile(curve.end_percent, quantile)
    return last + (first - last) * float(MIDDLE ** (float(month - 1) / float(curve.half_life_months.value)))


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
