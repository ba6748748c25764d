"""Times given only to the day, hour, minute or second: payments of one instant spread over what it means."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np

from costmodel.simulation.payment_cells import EPOCH, IntArray

SECOND_US = 10**6
STEPS = {"hour": 3600 * SECOND_US, "minute": 60 * SECOND_US, "second": SECOND_US}
DAY = "day"
UTC = ZoneInfo("UTC")


def precision(us: IntArray, zone: ZoneInfo) -> str | None:
    """The coarsest unit that every time is a whole number of: a day (of the zone, or of UTC) down to a second.

    None where times are finer. One instant alone is a day, or no coarser than a minute.

    >>> precision(np.array([0, 86_400 * 10**6]), UTC)
    'day'
    >>> precision(np.array([60 * 10**6, 180 * 10**6]), UTC)
    'minute'
    """
    return _unit(np.unique(us), zone)


def spread(us: IntArray, zone: ZoneInfo) -> tuple[IntArray, str | None]:
    """Times in µs since 1970, those of one instant spread evenly over the unit they are given to, in the file's order.

    The unit is None where no two payments share an instant. Whoever stands alone, and the first of several, stays.
    """
    order = np.argsort(us, kind="stable")
    times = us[order]
    first = np.flatnonzero(np.append(True, times[1:] != times[:-1]))[: len(us)]
    unit = None if len(first) == len(us) else _unit(times[first], zone)
    if unit is None:
        return us, None
    number = np.diff(np.append(first, len(us)))
    rank = np.arange(len(us)) - np.repeat(first, number)
    moved = np.empty_like(us)
    moved[order] = times + np.repeat(_lengths(times[first], unit, zone), number) * rank // np.repeat(number, number)
    return moved, unit


def _unit(instants: IntArray, zone: ZoneInfo) -> str | None:
    fits = [name for name, step in STEPS.items() if len(instants) and not (instants % step).any()]
    if "hour" in fits and _zone_of_days(instants, zone) is not None:
        return DAY
    return next(iter(fits[1:] if len(instants) == 1 else fits), None)


def _lengths(instants: IntArray, unit: str, zone: ZoneInfo) -> IntArray:
    """How long the unit that begins at each instant lasts, in µs: a local day has 23 to 25 hours."""
    if unit != DAY:
        return np.full(len(instants), STEPS[unit], np.int64)
    days = _zone_of_days(instants, zone) or UTC
    ends = [_midnight_after(int(us), days) for us in instants]
    return np.array(ends, np.int64) - instants


def _zone_of_days(instants: IntArray, zone: ZoneInfo) -> ZoneInfo | None:
    """The zone in which every instant is a midnight."""
    return next((one for one in (zone, UTC) if all(_local(int(us), one).time() == dt.time() for us in instants)), None)


def _midnight_after(us: int, zone: ZoneInfo) -> int:
    day = _local(us, zone).date() + dt.timedelta(days=1)
    return (dt.datetime(day.year, day.month, day.day, tzinfo=zone) - EPOCH) // dt.timedelta(microseconds=1)


def _local(us: int, zone: ZoneInfo) -> dt.datetime:
    return (EPOCH + dt.timedelta(microseconds=us)).astimezone(zone)
