"""Times given to the day, hour, minute or second: what the file can mean, worked out by hand."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

import costmodel as cm
from costmodel.analysis.calibrating import calibrate
from costmodel.assumptions.catalog import load_assumptions
from costmodel.billing.actual_files import read_files
from costmodel.simulation.coarse_times import precision, spread

NEW_YORK, UTC = ZoneInfo("America/New_York"), ZoneInfo("UTC")


def us(*times: str) -> np.typing.NDArray[np.int64]:
    return np.array(times, "datetime64[us]").astype(np.int64)


@pytest.mark.parametrize(
    ("times", "zone", "unit", "why"),
    [
        (("2026-03-05T05:00", "2026-03-06T05:00"), NEW_YORK, "day", "midnights of New York, in winter"),
        (("2026-03-05T05:00", "2026-04-06T04:00"), NEW_YORK, "day", "in winter and in summer"),
        (("2026-03-05T00:00", "2026-03-06T00:00"), NEW_YORK, "day", "midnights of UTC: a report by UTC days"),
        (("2026-03-05T05:00", "2026-03-06T06:00"), NEW_YORK, "hour", "one of them is no midnight"),
        (("2026-03-05T00:10", "2026-03-06T00:00"), UTC, "minute", ""),
        (("2026-03-05T00:10:01", "2026-03-06T00:00"), UTC, "second", ""),
        (("2026-03-05T00:10:01.5", "2026-03-06T00:00"), UTC, None, "finer"),
        (("2026-03-05T00:00",), UTC, "day", "one date alone is a day"),
        (("2026-03-05T10:00",), UTC, "minute", "ten o'clock alone may be to the minute"),
        ((), UTC, None, "nothing"),
    ],
)
def test_precision(times: tuple[str, ...], zone: ZoneInfo, unit: str | None, why: str) -> None:
    assert precision(us(*times), zone) == unit, why


@pytest.mark.parametrize(
    ("times", "zone", "spread_to", "unit"),
    [
        (("2026-03-05T00:00", "2026-03-05T00:00", "2026-03-06T00:00"), UTC,
         ("2026-03-05T00:00", "2026-03-05T12:00", "2026-03-06T00:00"), "day"),
        (("2026-03-08T05:00", "2026-03-08T05:00", "2026-03-09T04:00"), NEW_YORK,
         ("2026-03-08T05:00", "2026-03-08T16:30", "2026-03-09T04:00"), "day"),  # the clock skips an hour: 23 h
        (("2026-03-05T10:01", "2026-03-05T10:00", "2026-03-05T10:01", "2026-03-05T10:01"), UTC,
         ("2026-03-05T10:01", "2026-03-05T10:00", "2026-03-05T10:01:20", "2026-03-05T10:01:40"), "minute"),
        (("2026-03-05T10:01", "2026-03-05T10:02"), UTC, ("2026-03-05T10:01", "2026-03-05T10:02"), None),
        (("2026-03-05T10:01:00.5",) * 2, UTC, ("2026-03-05T10:01:00.5",) * 2, None),
    ],
)  # fmt: skip
def test_spread(times: tuple[str, ...], zone: ZoneInfo, spread_to: tuple[str, ...], unit: str | None) -> None:
    found, over = spread(us(*times), zone)
    assert (found.tolist(), over) == (us(*spread_to).tolist(), unit)


def dated(folder: Path, number: int, days: int = 31) -> Path:
    rows = [f"p{n},{dt.date(2026, 3, 1) + dt.timedelta(days=n % days)},20.00" for n in range(number)]
    path = folder / "dated.csv"
    path.write_text("\n".join(["id,date,amount", *rows]) + "\n")
    return path


def test_a_file_of_dates_is_no_rush_at_midnight(tmp_path: Path) -> None:
    """3,100 payments in March, a hundred a day: all of them are taken, and billed at 2.9 % + 0.30 of $20, 0.88."""
    result = cm.replay("seed_stripe", dated(tmp_path, 3100), set={"replications": 1})
    assert result.rejected is not None
    assert result.rejected["spread_over"] == "day"
    card = next(line for line in result.bill.lines if line.meter == "card")
    assert (card.quantity, card.cost_usd) == (3100, 2728)


def test_days_tell_nothing_of_hours(tmp_path: Path) -> None:
    read = read_files([dated(tmp_path, 3100)], zone="America/New_York", columns={})
    found = calibrate(read, load_assumptions("seed_stripe"), ["dated.csv"])
    assert found is not None
    assert (found.hour_shares, found.hour_cv) == (None, None)
    assert found.missing["hour_shares, hour_cv"] == "the times are whole days"
    assert found.weekday_shares is not None
    assert sum(found.weekday_shares) == pytest.approx(1, abs=1e-5)
