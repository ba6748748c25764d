"""Today: the one place that reads the clock. Figures never depend on it; only the age of sources does."""

from __future__ import annotations

import datetime as dt
import os

from costmodel.errors import UsageError

VARIABLE = "COSTMODEL_TODAY"


def today() -> dt.date:
    """The day it is, or the one that the environment variable COSTMODEL_TODAY names. Raises UsageError for no date."""
    named = os.environ.get(VARIABLE)
    if not named:
        return dt.date.today()
    try:
        return dt.date.fromisoformat(named)
    except ValueError:
        raise UsageError(f"{VARIABLE}={named} is no date; write YYYY-MM-DD, or unset it") from None
