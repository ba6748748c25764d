"""When ACH entries settle, by window, and until when they may come back, by return code: Federal Reserve days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from zoneinfo import ZoneInfo

from costmodel.assumptions.service import ReturnCodes, Window
from costmodel.errors import UsageError
from costmodel.simulation.calendar import FED_ZONE, add_banking_days, is_banking_day

NEW_YORK = ZoneInfo(FED_ZONE)


def settlement(handed_in: dt.datetime, window: Window) -> dt.datetime:
    """When entries handed to the operator then settle through a window, in New York time.

    After the cut-off, and on days without banks, they wait for the window's next banking day. Raises UsageError for a
    time without a zone.

    >>> from costmodel.assumptions.catalog import load_services
    >>> first, *_, next_day = load_services()["ach"].window
    >>> friday = dt.datetime(2026, 7, 3, 11, 0, tzinfo=NEW_YORK)  # Independence Day is a Saturday: the Friday is open
    >>> settlement(friday, first).isoformat(), settlement(friday, next_day).isoformat()
    ('2026-07-06T13:00:00-04:00', '2026-07-06T08:30:00-04:00')
    """
    if handed_in.tzinfo is None:
        raise UsageError(f"{handed_in.isoformat()} has no time zone; add one, e.g. 2026-11-25T15:00-05:00")
    local = handed_in.astimezone(NEW_YORK)
    taken = local.date()
    if not is_banking_day(taken):
        taken = add_banking_days(taken, 0) if window.banking_days == 0 else taken
    elif local.time().replace(second=0, microsecond=0) > _time(window.cut_off):
        taken = add_banking_days(taken, 1)
    day = add_banking_days(taken, window.banking_days)
    return dt.datetime.combine(day, _time(window.settles), NEW_YORK)


def last_return_day(settled: dt.date, codes: ReturnCodes) -> dt.date | None:
    """The last day on which an entry settled then may come back with such a code; None where banks agree on it.

    Sixty calendar days that end on a day without banks end on the next banking day.

    >>> from costmodel.assumptions.catalog import load_services
    >>> for codes in load_services()["ach"].return_codes[:4:3]:
    ...     print(codes.codes[0], last_return_day(dt.date(2026, 11, 25), codes))
    R02 2026-11-30
    R05 2027-01-25
    """
    if codes.within is None:
        return None
    if codes.unit == "banking day":
        return add_banking_days(settled, codes.within)
    return add_banking_days(settled + dt.timedelta(days=codes.within), 0)


def find_codes(code: str, known: Iterable[ReturnCodes]) -> ReturnCodes:
    """The entry of a return code. Raises UsageError for one that is not known."""
    for codes in known:
        if code in codes.codes:
            return codes
    raise UsageError(f"no return code {code}; known are {', '.join(code for each in known for code in each.codes)}")


def _time(text: str) -> dt.time:
    return dt.time.fromisoformat(text)
