"""The Federal Reserve's banking days, and local times as nanoseconds across changes of the clock."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

import pytest

from costmodel.assumptions.pipeline import Schedule, Wait
from costmodel.errors import UsageError
from costmodel.simulation.calendar import (
    FED_ZONE,
    add_banking_days,
    day_start_ns,
    instant_ns,
    is_banking_day,
    schedule_times,
    settlement_ns,
)

with (Path(__file__).parent / "answers" / "banking_days.csv").open(encoding="utf-8") as stream:
    KEYS = list(csv.DictReader(stream))
HOUR = 3600 * 10**9
SOURCED = {"source": "test", "read": dt.date(2026, 1, 1), "basis": "published"}


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


@pytest.mark.parametrize("key", KEYS, ids=[key["id"] for key in KEYS])
def test_answer_key(key: dict[str, str]) -> None:
    if key["kind"] == "is_banking_day":
        assert is_banking_day(day(key["date"])) == (key["expected"] == "true")
    else:
        assert add_banking_days(day(key["date"]), int(key["banking_days_to_add"])) == day(key["expected"])


# https://www.richmondfed.org/about_us/holiday_schedule: a holiday on a Saturday leaves the Friday open, one on a
# Sunday closes the Monday; Juneteenth is kept from 2022.
@pytest.mark.parametrize(("date", "is_open"), [
    ("2020-07-03", True), ("2021-12-24", True), ("2023-11-10", True), ("2021-12-31", True),
    ("2021-07-05", False), ("2022-12-26", False), ("2023-01-02", False),
    ("2021-06-18", True), ("2022-06-20", False), ("2026-06-19", False), ("2026-11-26", False), ("2026-11-27", True),
])  # fmt: skip
def test_holidays_on_saturdays_are_not_moved(date: str, is_open: bool) -> None:
    assert is_banking_day(day(date)) is is_open


def by_the_rule(year: int) -> set[dt.date]:
    """The Federal Reserve's holidays, from the words of its schedule: fixed days, and n-th weekdays of months."""

    def nth(month: int, weekday: int, n: int) -> dt.date:
        first = dt.date(year, month, 1)
        return first + dt.timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))

    fixed = [(1, 1), (7, 4), (11, 11), (12, 25)] + ([(6, 19)] if year >= 2022 else [])
    days = [dt.date(year, month, day) for month, day in fixed]
    memorial = max(dt.date(year, 5, day) for day in range(25, 32) if dt.date(year, 5, day).weekday() == 0)
    monday_after_sunday = {date + dt.timedelta(days=date.weekday() == 6) for date in days}
    return monday_after_sunday | {nth(1, 0, 3), nth(2, 0, 3), memorial, nth(9, 0, 1), nth(10, 0, 2), nth(11, 3, 4)}


@pytest.mark.parametrize("year", range(1999, 2041))
def test_every_day_of_forty_years(year: int) -> None:
    days = (dt.date(year, 1, 1) + dt.timedelta(days=n) for n in range(365))
    closed = by_the_rule(year)
    assert [date for date in days if is_banking_day(date) != (date.weekday() < 5 and date not in closed)] == []


@pytest.mark.parametrize("date", ["1990-07-04", "2200-01-03", "9999-12-31"])
def test_a_year_without_known_holidays_is_refused(date: str) -> None:
    with pytest.raises(UsageError, match=f"no Federal Reserve holidays are known for {date[:4]}; give a date of 1999"):
        is_banking_day(day(date))


def test_weekday_holidays_of_eleven_years() -> None:
    """110 in 2020 to 2030, counted from the Federal Reserve's rule."""
    days = (dt.date(2020, 1, 1) + dt.timedelta(days=n) for n in range(4018))
    assert sum(date.weekday() < 5 and not is_banking_day(date) for date in days) == 110


@pytest.mark.parametrize(("date", "n", "expected"), [
    ("2026-11-25", 0, "2026-11-25"),  # a banking day stays
    ("2026-11-26", 0, "2026-11-27"),  # Thanksgiving: the next one
    ("2026-11-28", 0, "2026-11-30"),
    ("2026-11-28", 1, "2026-11-30"),
    ("2026-01-16", 1, "2026-01-20"),  # Friday before King's day
])  # fmt: skip
def test_adding(date: str, n: int, expected: str) -> None:
    assert add_banking_days(day(date), n) == day(expected)


def test_adding_a_negative_number_is_refused() -> None:
    with pytest.raises(UsageError, match="give 0 or more"):
        add_banking_days(day("2026-11-25"), -1)


# United States: clocks go forward 2026-03-08 02:00 and back 2026-11-01 02:00; UTC-5 in winter, UTC-4 in summer.
@pytest.mark.parametrize(("date", "at", "instant"), [
    ("2026-03-07", "10:30", "2026-03-07T15:30"), ("2026-03-08", "01:59", "2026-03-08T06:59"),
    ("2026-03-08", "02:30", "2026-03-08T07:30"),  # skipped: counted from before the change, 03:30 on the clock
    ("2026-03-08", "03:00", "2026-03-08T07:00"), ("2026-11-01", "01:30", "2026-11-01T05:30"),  # shown twice: the first
    ("2026-11-01", "02:00", "2026-11-01T07:00"), ("2026-11-02", "10:30", "2026-11-02T15:30"),
])  # fmt: skip
def test_local_times(date: str, at: str, instant: str) -> None:
    start = utc("2026-01-01T00:00")
    assert instant_ns(day(date), at, FED_ZONE, start) == round((utc(instant) - start).total_seconds()) * 10**9


@pytest.mark.parametrize(("date", "hours"), [("2026-03-08", 23), ("2026-11-01", 25), ("2026-07-01", 24)])
def test_length_of_days(date: str, hours: int) -> None:
    start, next_day = utc("2026-01-01T00:00"), day(date) + dt.timedelta(days=1)
    length = day_start_ns(next_day, FED_ZONE, start) - day_start_ns(day(date), FED_ZONE, start)
    assert length == hours * HOUR


@pytest.mark.parametrize(("form", "start", "end", "hours"), [
    ({"every_minutes": 360}, "2026-11-01T01:00", "2026-11-02T07:00", [5, 11, 17, 23, 29]),
    ({"every_minutes": 1000}, "2026-11-01T00:00", "2026-11-02T00:00", [0, 1000 / 60]),
    ({"at": ["16:45", "10:30"], "time_zone": FED_ZONE}, "2026-11-01T00:00", "2026-11-02T00:00", [15.5, 21.75]),
    ({"at": ["02:30"], "time_zone": FED_ZONE}, "2026-03-08T00:00", "2026-03-10T00:00", [7.5, 30.5]),
    ({"at": ["01:30"], "time_zone": FED_ZONE}, "2026-11-01T00:00", "2026-11-02T00:00", [5.5]),
    ({"at": ["00:00"], "days": "banking"}, "2026-11-26T00:00", "2026-12-01T00:00", [24, 96]),
    ({"at": ["00:00"], "days": "sun"}, "2026-11-01T00:00", "2026-11-15T00:00", [0, 168]),
    ({"at": ["00:00"]}, "2026-11-01T00:00", "2026-11-02T00:00", [0]),  # the end is not part of it
])  # fmt: skip
def test_schedules(form: dict[str, object], start: str, end: str, hours: list[float]) -> None:
    schedule = Schedule.model_validate({**form, **SOURCED})
    assert schedule_times(schedule, utc(start), utc(end)) == [round(hour * 60) * 60 * 10**9 for hour in hours]


@pytest.mark.parametrize(("now", "n", "at", "due"), [
    ("2026-01-16T15:00", 1, "08:30", "2026-01-20T13:30"),  # Friday 10:00 ET, then King's day: Tuesday
    ("2026-01-17T03:00", 1, "08:30", "2026-01-20T13:30"),  # still Friday evening in New York
    ("2026-01-17T06:00", 1, "08:30", "2026-01-20T13:30"),  # Saturday there
    ("2026-03-06T20:00", 1, "08:30", "2026-03-09T12:30"),  # across the change in spring
    ("2026-10-30T20:00", 2, "08:30", "2026-11-03T13:30"),  # and in autumn
    ("2026-07-01T12:00", 2, "17:00", "2026-07-03T21:00"),  # Independence Day is a Saturday: the Friday is open
])  # fmt: skip
def test_settlement(now: str, n: int, at: str, due: str) -> None:
    start = utc("2026-01-01T00:00")
    wait = Wait.model_validate({"banking_days": n, "at": at, **SOURCED})
    found = settlement_ns(wait, round((utc(now) - start).total_seconds()) * 10**9, start)
    assert start + dt.timedelta(microseconds=found // 1000) == utc(due)
