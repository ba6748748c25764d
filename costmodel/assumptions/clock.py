"""Today and now: the one place that reads the clock.

No figure depends on it: the age of sources does, and the time at which `ach` is handed a file unless it is told.
"""

from __future__ import annotations

import datetime as dt
import os

from costmodel.errors import UsageError

VARIABLE = "COSTMODEL_TODAY"
NOON = dt.time(12)


def today() -> dt.date:
    """The day it is, or the one that the environment variable COSTMODEL_TODAY names. Raises UsageError for no date."""
    return _named() or dt.date.today()


def now(zone: dt.tzinfo) -> dt.datetime:
    """The time it is in a zone; noon of the day that COSTMODEL_TODAY names. Raises UsageError for no date."""
    named = _named()
    return dt.datetime.now(tz=zone) if named is None else dt.datetime.combine(named, NOON, zone)


def _named() -> dt.date | None:
    named = os.environ.get(VARIABLE)
    if not named:
        return None
    try:
        return dt.date.fromisoformat(named)
    except ValueError:
        raise UsageError(f"{VARIABLE}={named} is no date; write YYYY-MM-DD, or unset it") from None
