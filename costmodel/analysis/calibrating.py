"""Workload assumptions measured from payments: how many, how large, by which method, when, and what became of them."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from costmodel.assumptions.catalog import Assumptions
from costmodel.billing.actual_files import Read
from costmodel.errors import InputError, Problem
from costmodel.simulation.coarse_times import DAY, precision
from costmodel.simulation.payment_cells import EPOCH, IntArray
from costmodel.simulation.payments import ACH
from costmodel.simulation.placing import MOST_MONTHS

CENTS = 100
NS_PER_US = 1000
HOURS, WEEKDAYS = 24, 7
MOST_TICKETS = 10**3  # quantiles that stand for the amounts
STANDARD_ERRORS = 2  # either side of a measured figure
PLACES = 6
FATES = {"refund": "refund", "dispute": "dispute", "failure": "ach_return"}  # kind of row -> fate of the workload
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A measured figure and two standard errors either side of it."""

    value: Decimal
    low: Decimal
    high: Decimal


@dataclass(frozen=True)
class Calibration:
    """What the payments of some files say of a workload; None where they do not say it.

    first, last: local days of the first and the last payment; days: how many that makes. tickets_usd: quantiles of
    the amounts, evenly spaced. shares by weekday (Monday first) and local hour. missing: what was not measured, why.
    """

    files: tuple[str, ...]
    payments: int
    first: dt.date | None
    last: dt.date | None
    payments_per_month: Decimal
    mean_ticket_usd: Decimal
    ach_share: Decimal | None
    tickets_usd: tuple[Decimal, ...]
    sigma: Estimate
    weekday_shares: tuple[Decimal, ...] | None
    hour_shares: tuple[Decimal, ...] | None
    day_cv: Estimate | None
    hour_cv: Estimate | None
    accounts: int | None
    payouts_per_payment: Decimal | None
    fates: dict[str, Estimate]
    items_per_payment: Decimal | None
    missing: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """For JSON: estimates as [value, low, high], decimals as text."""
        return {name: _json(value) for name, value in vars(self).items()}


def calibrate(read: Read, assumptions: Assumptions, files: Sequence[str]) -> Calibration | None:
    """The workload of the payments read; None if the files hold none."""
    cents, us, rails = _payments(read)
    if not len(cents):
        return None
    missing: dict[str, str] = {}
    zone = ZoneInfo(assumptions.scenario.workload.time_zone)
    clock = _Clock(us, zone, files) if us is not None else None
    if clock is None:
        missing["payments_per_month, arrivals"] = "the files hold no times"
    days_only = us is not None and precision(us, zone) == DAY
    weekdays, hours, day_cv, hour_cv = _profile(clock, days_only, missing) if clock else (None, None, None, None)
    return Calibration(
        files=tuple(files),
        payments=len(cents),
        first=clock.first if clock else None,
        last=clock.last if clock else None,
        payments_per_month=_per_month(len(cents), clock, assumptions),
        mean_ticket_usd=_rounded(Decimal(int(cents.sum())) / len(cents) / CENTS),
        ach_share=_ach_share(rails, missing),
        tickets_usd=_tickets(cents),
        sigma=_sigma(cents),
        weekday_shares=weekdays,
        hour_shares=hours,
        day_cv=day_cv,
        hour_cv=hour_cv,
        accounts=len(read.balance.accounts) or None,
        payouts_per_payment=_payouts(read, len(cents), missing),
        fates=_fates(read, rails, missing),
        items_per_payment=_items(read, len(cents)),
        missing=missing,
    )


def _payments(read: Read) -> tuple[IntArray, IntArray | None, IntArray]:
    """Amounts, times and rails of all payments: charges of reports and rows of plain files."""
    charges, parts = read.balance.charges, read.payments
    cents = np.concatenate([charges.column(0), *(rows.cents for rows in parts)])
    rails = np.concatenate([charges.column(3), *(rows.rail for rows in parts)])
    if any(rows.us is None for rows in parts):
        return cents, None, rails
    return cents, np.concatenate([charges.column(2), *(rows.us for rows in parts if rows.us is not None)]), rails


class _Clock:
    """Local day and hour of every payment, and how many fell on each."""

    def __init__(self, us: IntArray, zone: ZoneInfo, files: Sequence[str]) -> None:
        hours, places = np.unique(us // (3600 * 10**6), return_inverse=True)
        local = [(EPOCH + dt.timedelta(hours=hour)).astimezone(zone) for hour in hours.tolist()]
        self.first, self.last = local[0].date(), local[-1].date()
        self.utc = tuple((EPOCH + dt.timedelta(hours=int(hour))).date() for hour in (hours[0], hours[-1]))
        self.days = (self.last - self.first).days + 1
        if self.days > MOST_MONTHS // 12 * 366:
            wrong = f"payments from {self.first} to {self.last}"
            raise InputError(Problem(", ".join(files), None, "time", wrong, "correct the dates, or leave the file out"))
        day = np.array([(time.date() - self.first).days for time in local], np.int64)[places]
        hour = np.array([time.hour for time in local], np.int64)[places]
        self.counts: FloatArray = np.zeros((self.days, HOURS))
        np.add.at(self.counts, (day, hour), 1)
        self.weekday = (np.arange(self.days) + self.first.weekday()) % WEEKDAYS

    def whole_months(self) -> int | None:
        """The months covered, if wholly: from the first of a month to the last of one, by local days or UTC's."""
        return _whole_months(self.first, self.last) or _whole_months(*self.utc)

    def whole_days(self) -> tuple[FloatArray, IntArray]:
        """Counts and weekdays without the outer days, which may be cut off, unless the days make whole months."""
        inner = slice(None) if _whole_months(self.first, self.last) else slice(1, -1)
        return self.counts[inner], self.weekday[inner]


def _whole_months(first: dt.date, last: dt.date) -> int | None:
    after = last + dt.timedelta(days=1)
    return (after.year - first.year) * 12 + after.month - first.month if first.day == after.day == 1 else None


def _per_month(number: int, clock: _Clock | None, assumptions: Assumptions) -> Decimal:
    """Payments a month: the mean of whole months, else the daily rate times the days of the scenario's month."""
    if clock is None:
        return Decimal(number)
    months = clock.whole_months()
    if months is not None:
        return Decimal(number) / months
    begin = assumptions.scenario.on.replace(day=1)
    days = ((begin + dt.timedelta(days=32)).replace(day=1) - begin).days
    return Decimal(number) / clock.days * days


# --- amounts and methods --------------------------------------------------------------------------------


def _tickets(cents: IntArray) -> tuple[Decimal, ...]:
    """At most a thousand quantiles in the middle of as many equal parts."""
    ordered, number = np.sort(cents), min(MOST_TICKETS, len(cents))
    places = (2 * np.arange(number) + 1) * len(cents) // (2 * number)
    return tuple(Decimal(int(amount)) / CENTS for amount in ordered[places])


def _sigma(cents: IntArray) -> Estimate:
    """The standard deviation of the logarithms; its error follows from their fourth moment."""
    logs = np.log(cents)
    deviations = logs - logs.mean()
    variance = float((deviations**2).mean())
    if variance == 0:
        return Estimate(Decimal(0), Decimal(0), Decimal(0))
    fourth = float((deviations**4).mean())
    error = math.sqrt(max(0.0, fourth - variance**2) / len(cents)) / (2 * math.sqrt(variance))
    return _estimate(math.sqrt(variance), error)


def _ach_share(rails: IntArray, missing: dict[str, str]) -> Decimal | None:
    known = rails[rails >= 0]
    if not len(known):
        missing["methods"] = "no column says how was paid"
        return None
    return _rounded(Decimal(int((known == ACH).sum())) / len(known))


# --- when -----------------------------------------------------------------------------------------------


def _profile(
    clock: _Clock, days_only: bool, missing: dict[str, str]
) -> tuple[tuple[Decimal, ...] | None, tuple[Decimal, ...] | None, Estimate | None, Estimate | None]:
    """Shares by weekday and hour, and how much days and hours vary beside them."""
    hours = clock.counts.sum(axis=0)
    if days_only:
        missing["hour_shares, hour_cv"] = "the times are whole days"
    hour_shares = None if days_only else _shares(hours)
    if clock.days < 2 * WEEKDAYS or not clock.whole_days()[0].any():
        missing["weekday_shares, day_cv, hour_cv"] = f"{clock.days} days; two weeks with payments are needed"
        return None, hour_shares, None, None
    counts, weekday = clock.whole_days()
    daily = counts.sum(axis=1)
    means = np.array([daily[weekday == day].mean() for day in range(WEEKDAYS)])
    expected = means[weekday] * daily.sum() / means[weekday].sum()
    shares = hours / hours.sum()
    within = daily[:, None] * shares[None, :]
    excess = (counts - within) ** 2 - within * (1 - shares)[None, :]
    hour_cv = _variation(excess.sum(axis=1), (within**2).sum(axis=1))
    by_hours = 0.0 if days_only else float(hour_cv.value) ** 2 * float((shares**2).sum())  # of a day's variation
    day_cv = _variation((daily - expected) ** 2 - expected - by_hours * expected**2, expected**2)
    return _shares(means), hour_shares, day_cv, None if days_only else hour_cv


def _variation(excess: FloatArray, scale: FloatArray) -> Estimate:
    """√(Σ excess / Σ scale): the variation beyond chance; its error by leaving out one day after the other."""
    square, number = float(excess.sum() / scale.sum()), len(excess)
    left_out = (excess.sum() - excess) / np.maximum(scale.sum() - scale, np.finfo(float).tiny)
    error = math.sqrt((number - 1) / number * float(((left_out - left_out.mean()) ** 2).sum()))
    low, value, high = (math.sqrt(max(0.0, square + times * error)) for times in (-STANDARD_ERRORS, 0, STANDARD_ERRORS))
    return Estimate(_rounded(Decimal(value)), _floor(low), _ceiling(high))


def _shares(counts: FloatArray) -> tuple[Decimal, ...]:
    return tuple(_rounded(Decimal(float(count)) / Decimal(float(counts.sum()))) for count in counts)


# --- what became of them --------------------------------------------------------------------------------


def _moved(read: Read, kind: str) -> int:
    return sum(sums.rows for (_, found), sums in read.balance.moved.items() if found == kind)


def _fates(read: Read, rails: IntArray, missing: dict[str, str]) -> dict[str, Estimate]:
    """Shares of payments refunded, disputed (of cards) and returned (of ACH), from reports that list them."""
    charged = len(read.balance.charges.column(0))
    if not charged or read.payments:
        missing["fates"] = "only a processor's report lists refunds, disputes and returns"
        return {}
    ach = int((rails == ACH).sum())
    of = {"refund": charged, "dispute": charged - ach, "failure": ach}
    return {FATES[kind]: _share(_moved(read, kind), number) for kind, number in of.items() if number}


def _share(part: int, whole: int) -> Estimate:
    """A share with Wilson's interval of two standard errors, which is no point even where nothing happened."""
    share, spread = min(1.0, part / whole), STANDARD_ERRORS**2
    middle = (share + spread / (2 * whole)) / (1 + spread / whole)
    half = math.sqrt(share * (1 - share) / whole + spread / (4 * whole**2)) * STANDARD_ERRORS / (1 + spread / whole)
    low, high = max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))
    return Estimate(_rounded(Decimal(share)), _floor(low), _ceiling(high))


def _payouts(read: Read, number: int, missing: dict[str, str]) -> Decimal | None:
    transfers = _moved(read, "transfer")
    if not transfers:
        missing["payouts_per_payment"] = "no transfers to providers are listed"
        return None
    return _rounded(Decimal(transfers) / number)


def _items(read: Read, number: int) -> Decimal | None:
    """Rows per payment where several rows of a plain file are items of one."""
    rows = sum(file.used for file in read.files)
    only_payments = read.payments and not read.balance.moved and not read.bills
    return _rounded(Decimal(rows) / number) if only_payments else None


def _estimate(value: float, error: float) -> Estimate:
    low, high = max(0.0, value - STANDARD_ERRORS * error), value + STANDARD_ERRORS * error
    return Estimate(_rounded(Decimal(value)), _floor(low), _ceiling(high))


def _rounded(value: Decimal) -> Decimal:
    return round(value, PLACES).normalize() + 0


def _floor(value: float) -> Decimal:
    return Decimal(math.floor(value * 10**PLACES)).scaleb(-PLACES)


def _ceiling(value: float) -> Decimal:
    return Decimal(math.ceil(value * 10**PLACES)).scaleb(-PLACES)


def _json(value: Any) -> Any:
    if isinstance(value, Estimate):
        return [_json(value.value), _json(value.low), _json(value.high)]
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_json(each) for each in value]
    return {name: _json(each) for name, each in value.items()} if isinstance(value, dict) else value
