"""The banking calendar of the Federal Reserve, and local times as exact nanoseconds of a run.

Holidays are the Federal Reserve's own (holidays' XFED): one that falls on a Saturday is not moved, one on a Sunday
closes the Monday (Federal Reserve holiday schedule).
"""

from __future__ import annotations

import datetime as dt
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from costmodel.assumptions.pipeline import Schedule, Wait
from costmodel.errors import UsageError

FED_ZONE = "America/New_York"
NS_PER_S = 10**9
MICROSECOND_NS = 1000
SATURDAY = 5
ONE_DAY = dt.timedelta(days=1)
INSTANTS_KEPT = 2**13  # those of the months of one comparison
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def is_banking_day(date: dt.date) -> bool:
    """Whether the Federal Reserve's payment services are open on that day.

    Raises UsageError for a weekday of a year whose holidays are not known.

    >>> is_banking_day(dt.date(2023, 11, 10))  # Veterans Day falls on the Saturday after: the Friday stays open
    True
    """
    return date.weekday() < SATURDAY and date not in _holidays(date.year)


def add_banking_days(date: dt.date, n: int) -> dt.date:
    """The n-th banking day after `date`; for n = 0 the date itself if it is one, else the next banking day.

    Raises UsageError for a negative n, and for years whose holidays are not known.

    >>> add_banking_days(dt.date(2021, 7, 2), 2)
    datetime.date(2021, 7, 7)
    """
    if n < 0:
        raise UsageError(f"cannot add {n} banking days; give 0 or more")
    while n == 0 and not is_banking_day(date):
        date += ONE_DAY
    for _ in range(n):
        date += ONE_DAY
        while not is_banking_day(date):
            date += ONE_DAY
    return date


@cache
def _holidays(year: int) -> frozenset[dt.date]:
    from holidays.financial.federal_reserve import XFED  # its own module: the package's register takes as long again

    found = frozenset(XFED(years=year))  # type: ignore[no-untyped-call]
    if not found:
        raise UsageError(f"no Federal Reserve holidays are known for {year}; give a date of 1999 to 2100")
    return found


@lru_cache(maxsize=INSTANTS_KEPT)
def instant_ns(day: dt.date, at: str, zone: str, start: dt.datetime) -> int:
    """Nanoseconds from `start` (UTC) to a local time "HH:MM" of a day in a zone.

    A time that the clock skips in spring counts from before the change; one it shows twice in autumn is the first.
    """
    hour, minute = (int(part) for part in at.split(":"))
    local = dt.datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZoneInfo(zone))
    return _ns_between(start, local.astimezone(dt.UTC))


def day_start_ns(day: dt.date, zone: str, start: dt.datetime) -> int:
    """Nanoseconds from `start` (UTC) to the midnight that begins a local day."""
    return instant_ns(day, "00:00", zone, start)


def _ns_between(start: dt.datetime, end: dt.datetime) -> int:
    return (end - start) // dt.timedelta(microseconds=1) * MICROSECOND_NS


def schedule_times(schedule: Schedule, start: dt.datetime, end: dt.datetime) -> list[int]:
    """When a schedule fires in [start, end) (UTC), in nanoseconds from `start`, rising.

    Intervals are counted from each midnight UTC.
    """
    if schedule.every_minutes is not None:
        return _regular_times(schedule.every_minutes, start, end)
    zone = ZoneInfo(schedule.time_zone)
    day, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    times = []
    while day <= last:
        if _fires_on(schedule, day):
            times += [instant_ns(day, at, schedule.time_zone, start) for at in schedule.at]
        day += ONE_DAY
    return sorted(time for time in times if 0 <= time < _ns_between(start, end))


def _regular_times(minutes: int, start: dt.datetime, end: dt.datetime) -> list[int]:
    times, day = [], start.replace(hour=0, minute=0, second=0, microsecond=0)
    while day < end:
        first = _ns_between(start, day)
        times += [first + 60 * minute * NS_PER_S for minute in range(0, 24 * 60, minutes)]
        day += ONE_DAY
    return [time for time in times if 0 <= time < _ns_between(start, end)]


def _fires_on(schedule: Schedule, day: dt.date) -> bool:
    if schedule.days == "banking":
        return is_banking_day(day)
    return schedule.days in ("all", WEEKDAYS[day.weekday()])


def settlement_ns(wait: Wait, now_ns: int, start: dt.datetime) -> int:
    """When money handed in at `now_ns` is there: `at` on the n-th banking day after its day at the Federal Reserve.

    At once if that has passed (n = 0).
    """
    now = start + dt.timedelta(microseconds=now_ns // MICROSECOND_NS)
    day = add_banking_days(now.astimezone(ZoneInfo(FED_ZONE)).date(), wait.banking_days or 0)
    return max(now_ns, instant_ns(day, wait.at or "00:00", FED_ZONE, start))
