"""Rows of a payments file placed in time: the window of whole local months, and the payments within it."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np

from costmodel.assumptions.scenario import Scenario
from costmodel.errors import InputError, Problem
from costmodel.simulation.draws import draw_bits_many, name_key, stream_key
from costmodel.simulation.payment_cells import EPOCH, IntArray
from costmodel.simulation.payments import ACH, CARD, Payments

MOST_MONTHS = 10 * 12  # a longer file is one with a date mistyped
MICROSECOND_NS = 1000
LOW_HALF = np.uint64(32)


def placed(cents: IntArray, us: IntArray | None, rail: IntArray, scenario: Scenario, file: str) -> tuple[Payments, int]:
    """The payments in order of arrival, and the months of their window.

    The window is the whole months from the first payment to the last, in the workload's zone, or in UTC where that is
    fewer; us: µs since 1970, None to spread them evenly over the scenario's month. Raises InputError if the months are
    more than a simulation is good for.
    """
    start, months = _window(us, scenario)
    if months > MOST_MONTHS:
        wrong = f"payments of {months} months, from {start:%Y-%m} on"
        raise InputError(Problem(file, None, "time", wrong, f"correct the dates, or give at most {MOST_MONTHS} months"))
    span = _ns(start, month(start, months))
    ids = np.arange(len(cents), dtype=np.int64)
    arrivals = _spread_evenly(scenario, ids, span) if us is None else (us - _us(start)) * MICROSECOND_NS
    order = np.argsort(arrivals, kind="stable")
    providers = draw_bits_many(stream_key(scenario.seed, "payment", name_key("provider")), ids)
    return Payments(
        arrival_ns=arrivals[order],
        amount_cents=cents[order],
        method=_methods(rail, scenario)[order],
        provider=(((providers >> LOW_HALF) * np.uint64(scenario.workload.accounts)) >> LOW_HALF).astype(np.int32),
        measured=(0, len(cents)),
        start=start.astimezone(dt.UTC),
        window=(0, span),
    ), months


def _window(us: IntArray | None, scenario: Scenario) -> tuple[dt.datetime, int]:
    """The first instant of the first month and the number of months: a report by UTC months is one month there."""
    local = ZoneInfo(scenario.workload.time_zone)
    if us is None:
        return dt.datetime(scenario.on.year, scenario.on.month, 1, tzinfo=local), 1
    windows = []
    for zone in (local, ZoneInfo("UTC")):
        first, last = _local(int(us.min()), zone), _local(int(us.max()), zone)
        windows.append((month(first, 0), (last.year - first.year) * 12 + last.month - first.month + 1))
    return min(windows, key=lambda window: window[1])


def _spread_evenly(scenario: Scenario, ids: IntArray, span: int) -> IntArray:
    bits = draw_bits_many(stream_key(scenario.seed, "payment", name_key("replayed")), ids)
    return (bits >> LOW_HALF).astype(np.int64) * (span >> 32)


def _methods(rail: IntArray, scenario: Scenario) -> np.typing.NDArray[np.int8]:
    """The scenario's rail if it has but one, else the row's, else a card."""
    shares = scenario.workload.methods
    for name, only in (("ach", ACH), ("card", CARD)):
        if shares.get(name, 0) == 1:  # type: ignore[call-overload]
            return np.full(len(rail), only, np.int8)
    return np.where(rail < 0, CARD, rail).astype(np.int8)


def _local(us: int, zone: ZoneInfo) -> dt.datetime:
    return (EPOCH + dt.timedelta(microseconds=us)).astimezone(zone)


def month(moment: dt.datetime, later: int) -> dt.datetime:
    """The first instant of the month so many months after that of `moment`."""
    number = moment.month - 1 + later
    return dt.datetime(moment.year + number // 12, number % 12 + 1, 1, tzinfo=moment.tzinfo)


def _us(time: dt.datetime) -> int:
    return (time - EPOCH) // dt.timedelta(microseconds=1)


def _ns(start: dt.datetime, end: dt.datetime) -> int:
    return (_us(end) - _us(start)) * MICROSECOND_NS
