"""How the rate of payments varies over time: weekday and hour of the day, growth, good and bad days and hours."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from costmodel.assumptions.scenario import Workload
from costmodel.simulation.draws import draw_bits_many, name_key, stream_key
from costmodel.simulation.tables import LawTable

HOUR = dt.timedelta(hours=1)
NS_PER_HOUR = 3600 * 10**9
NS_PER_QUARTER = NS_PER_HOUR // 4
PERCENT = 100
MONTHS_KEPT = 2**4
UNIT = 10**9  # factors are drawn in billionths

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


class Intensity:
    """A rate that is constant within each hour of the workload's zone, before and within the measured time.

    The measured time begins at `origin` (UTC); the lead-in lies before it.
    """

    def __init__(
        self, workload: Workload, seed: int, origin: dt.datetime, lead_in_ns: int, measured_ns: int, month_ns: int
    ) -> None:
        self.workload, self.seed, self.origin, self.month_ns = workload, seed, origin, month_ns
        self.lead_in_ns, self.measured_ns = lead_in_ns, measured_ns
        self.zone = ZoneInfo(workload.time_zone)
        offset = origin.astimezone(self.zone).utcoffset() or dt.timedelta()
        self.cell_ns = (
            NS_PER_HOUR if offset % HOUR == dt.timedelta() else NS_PER_QUARTER
        )  # local hours may begin between

    def times(self, positions: IntArray, length: int, *, before: bool) -> IntArray:
        """Arrival times in ns since the run's start, rising, for positions in (0, length) of operational time.

        Operational time runs evenly through what the rate accumulates: forwards from the origin, or `before` it
        backwards.
        """
        if not len(positions):
            return np.zeros(0, np.int64)
        span = self.lead_in_ns if before else self.measured_ns
        edges, reached = self.accumulated(span, before)
        wanted = positions.astype(np.float64) * (reached[-1] / length)
        return self.on_the_clock(np.floor(np.interp(wanted, reached, edges)).astype(np.int64), span, before)

    def on_the_clock(self, offsets: IntArray, span: int, before: bool) -> IntArray:
        """Rising times in ns since the run's start, from rising distances to the origin; a row for each month."""
        offsets = np.minimum(offsets, span - 1)
        times: IntArray = self.lead_in_ns - 1 - offsets[..., ::-1] if before else self.lead_in_ns + offsets
        return times

    def accumulated(self, span: int, before: bool) -> tuple[FloatArray, FloatArray]:
        """Edges of the cells (ns from the origin) and what the rate has accumulated at each."""
        edges, cells = self.cells(span, before)
        accumulated = np.concatenate([[0.0], np.cumsum(self._rates(cells) * np.diff(edges))])
        return edges.astype(np.float64), accumulated

    def cells(self, span: int, before: bool) -> tuple[IntArray, IntArray]:
        """Edges of the cells (ns from the origin), and the cells' numbers from the origin on."""
        number = -(-span // self.cell_ns)
        edges = np.minimum(np.arange(number + 1, dtype=np.int64) * self.cell_ns, span)
        cells = -1 - np.arange(number, dtype=np.int64) if before else np.arange(number, dtype=np.int64)
        return edges, cells

    def _rates(self, cells: IntArray) -> FloatArray:
        """The relative rate in each cell, numbered from the origin."""
        if not len(cells):
            return np.zeros(0)
        arrivals, (days, hours) = self.workload.arrivals, self.days_and_hours(cells)
        factors = self._factors("day", days, float(arrivals.day_cv.value))
        factors = factors * self._factors("hour", hours, float(arrivals.hour_cv.value))
        by_clock, growth = self.steady_rates(cells)
        rates: FloatArray = by_clock * factors * growth
        return rates

    def steady_rates(self, cells: IntArray) -> tuple[FloatArray, FloatArray]:
        """What the rate in each cell is without good and bad days and hours: by weekday and hour of the day; growth."""
        arrivals, (weekday, hour_of_day, _, _) = self.workload.arrivals, self._clock(cells)
        weekdays = np.array([float(share) for share in arrivals.weekday_shares])
        hours_of_day = np.array([float(share) for share in arrivals.hour_shares])
        return weekdays[weekday] * hours_of_day[hour_of_day], self._growth(cells)

    def days_and_hours(self, cells: IntArray) -> tuple[IntArray, IntArray]:
        """The number of the day, and of the hour since 1970, that each cell lies in."""
        return self._clock(cells)[2:]

    def _clock(self, cells: IntArray) -> tuple[IntArray, IntArray, IntArray, IntArray]:
        return _clock(self.origin, self.workload.time_zone, self.cell_ns, int(cells[0]), int(cells[-1]))

    def _factors(self, stream: str, keys: IntArray, cv: float) -> FloatArray:
        """Lognormal factors of mean 1, one per day or hour, the same whenever it is looked at."""
        if cv == 0:
            return np.ones(len(keys))
        bits = draw_bits_many(stream_key(self.seed, "arrivals", name_key(stream)), keys)
        return LawTable.lognormal(UNIT, cv).values(bits) / UNIT

    def _growth(self, cells: IntArray) -> FloatArray:
        monthly = 1 + float(self.workload.growth_percent_per_month) / PERCENT
        growth: FloatArray = monthly ** (cells * self.cell_ns / self.month_ns)
        return growth


@lru_cache(maxsize=MONTHS_KEPT)
def _clock(
    origin: dt.datetime, zone: str, cell_ns: int, first: int, last: int
) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Local weekday, hour of the day, number of the day, and hour since 1970 of the cells from first to last."""
    cell, step = HOUR * (cell_ns / NS_PER_HOUR), 1 if last >= first else -1
    local = [(origin + number * cell).astimezone(ZoneInfo(zone)) for number in range(first, last + step, step)]
    return (
        np.array([time.weekday() for time in local], np.int64),
        np.array([time.hour for time in local], np.int64),
        np.array([time.toordinal() for time in local], np.int64),
        np.array([int(time.timestamp()) // 3600 for time in local], np.int64),
    )
