"""The payments of a run: when each arrives, its amount, method and provider; all drawn by the payment's own number.

Measured payments are numbered from 0, those of the lead-in backwards from -1, so that a longer lead-in changes nobody's
luck.
"""

from __future__ import annotations

import calendar
import datetime as dt
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from costmodel.assumptions.scenario import Scenario, Workload
from costmodel.simulation.arrivals import Intensity
from costmodel.simulation.draws import draw_bits_many, name_key, stream_key, uniform_below_many
from costmodel.simulation.tables import LawTable

CARD, ACH = 0, 1
NS_PER_HOUR = 3600 * 10**9
HOURS_PER_DAY = 24
CENTS = 100
SPACING = 2**30  # the mean of an arrival spacing before it is scaled to time
FINE = 1000  # amounts are drawn in thousandths of a cent, then scaled to the exact total
LOW_HALF = np.uint64(32)

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Payments:
    """Payments in order of arrival.

    arrival_ns: since `start`; amount_cents: int64; method: 0 card, 1 ACH; provider: its number. measured: first and
    last + 1 of the measured ones; window: their time, ns since `start` (UTC).
    """

    arrival_ns: IntArray
    amount_cents: IntArray
    method: npt.NDArray[np.int8]
    provider: npt.NDArray[np.int32]
    measured: tuple[int, int]
    start: dt.datetime
    window: tuple[int, int]


def month_start(scenario: Scenario) -> dt.datetime:
    """The first instant (UTC) of the month that the scenario's date lies in."""
    return dt.datetime(scenario.on.year, scenario.on.month, 1, tzinfo=dt.UTC)


def month_hours_of(scenario: Scenario) -> int:
    """Hours of the scenario's month: the calendar's, or those it sets for every month."""
    days = calendar.monthrange(scenario.on.year, scenario.on.month)[1]
    return scenario.month_hours or days * HOURS_PER_DAY


def expected_payments(scenario: Scenario, lead_in_ns: int) -> float:
    """How many payments a run of a scenario has, those of its lead-in too."""
    month_ns = month_hours_of(scenario) * NS_PER_HOUR
    days = scenario.workload.days
    measured_ns = month_ns if days is None else int(days * HOURS_PER_DAY * NS_PER_HOUR)
    return scenario.workload.payments_per_month * (measured_ns + lead_in_ns) / month_ns


def generate(scenario: Scenario, seed: int, lead_in_ns: int) -> Payments:
    """The payments of a scenario's measured time and the lead-in before it.

    `workload.days` measures a shorter or longer time at the same rate. With count = "fixed" their number, and the sum
    of their amounts, is exact.
    """
    workload = scenario.workload
    month_ns = month_hours_of(scenario) * NS_PER_HOUR
    days = workload.days
    measured_ns = month_ns if days is None else int(days * HOURS_PER_DAY * NS_PER_HOUR)
    expected = workload.payments_per_month * measured_ns / month_ns
    intensity = Intensity(workload, seed, month_start(scenario), lead_in_ns, measured_ns, month_ns)
    after = intensity.times(*_spacings(seed, expected, workload.count), before=False)
    before = intensity.times(*_lead_in_spacings(seed, expected * lead_in_ns / measured_ns), before=True)
    ids = np.arange(-len(before), len(after), dtype=np.int64)
    return Payments(
        arrival_ns=np.concatenate([before, after]),
        amount_cents=_amounts(workload, seed, ids),
        method=_methods(workload, seed, ids),
        provider=_providers(workload, seed, ids),
        measured=(len(before), len(ids)),
        start=month_start(scenario) - dt.timedelta(microseconds=lead_in_ns // 1000),
        window=(lead_in_ns, lead_in_ns + measured_ns),
    )


def _spacings(seed: int, expected: float, count: str) -> tuple[IntArray, int]:
    """Cumulated exponential spacings of a Poisson stream, and the length that stands for the whole time.

    A fixed count is the stream given its number: the spacing after the last payment closes the time.
    """
    number = math.floor(expected + 0.5)
    if count == "fixed":
        cumulated = np.cumsum(_exponentials(seed, np.arange(number + 1, dtype=np.int64)))
        return cumulated[:-1], int(cumulated[-1])
    length = round(expected * SPACING)
    most = number + 12 * math.isqrt(number + 1) + 12
    cumulated = np.cumsum(_exponentials(seed, np.arange(most, dtype=np.int64)))
    return cumulated[cumulated < length], length


def _lead_in_spacings(seed: int, expected: float) -> tuple[IntArray, int]:
    """The same backwards in time, for payments -1, -2, …"""
    number = math.floor(expected + 0.5)
    cumulated = np.cumsum(_exponentials(seed, -1 - np.arange(number + 1, dtype=np.int64)))
    return cumulated[:-1], int(cumulated[-1])


def _exponentials(seed: int, ids: IntArray) -> IntArray:
    return LawTable.exponential(SPACING).values(_bits(seed, "arrival", ids)) + 1


def _bits(seed: int, stream: str, ids: IntArray) -> npt.NDArray[np.uint64]:
    return draw_bits_many(stream_key(seed, "payment", name_key(stream)), ids)


def _amounts(workload: Workload, seed: int, ids: IntArray) -> IntArray:
    """Amounts in cents; with a fixed count those of the measured payments sum to number × mean exactly."""
    mean = float(workload.mean_ticket_usd * CENTS)
    drawn = _drawn(workload, _bits(seed, "amount", ids), mean)
    measured = ids >= 0
    if workload.count != "fixed" or not measured.any():
        unscaled: IntArray = np.maximum(1, np.rint(drawn / FINE)).astype(np.int64)
        return unscaled
    total = int((workload.mean_ticket_usd * CENTS * int(measured.sum())).to_integral_value())
    scale = total / int(drawn[measured].sum())
    amounts: IntArray = np.maximum(1, np.rint(drawn * scale)).astype(np.int64)
    amounts[measured] = _to_total(drawn[measured], total)
    return amounts


def _drawn(workload: Workload, bits: npt.NDArray[np.uint64], mean: float) -> IntArray:
    """Amounts before scaling, in thousandths of a cent."""
    tickets = workload.tickets
    if tickets.law == "lognormal" and tickets.sigma:
        cv = math.sqrt(math.expm1(float(tickets.sigma) ** 2))
        return LawTable.lognormal(mean * FINE, cv).values(bits)
    if tickets.law == "empirical":
        given: IntArray = np.array([int(usd * CENTS * FINE) for usd in tickets.usd], np.int64)
        picked: IntArray = given[_below(bits, len(given))]
        return picked
    return np.full(len(bits), round(mean * FINE), np.int64)


def _to_total(drawn: IntArray, total: int) -> IntArray:
    """Amounts in proportion to `drawn` that sum to `total`: rounded down, the cents left to the largest remainders.

    None is under a cent; what that adds is taken from the largest, one cent at a time.
    """
    exact = drawn.astype(np.float64) * (total / int(drawn.sum()))
    amounts: IntArray = np.maximum(1, np.floor(exact)).astype(np.int64)
    left = total - int(amounts.sum())
    order = np.argsort(np.floor(exact) - exact, kind="stable")
    amounts[order[: max(0, left)]] += 1
    while left < 0:
        above = np.flatnonzero(amounts > 1)
        largest = above[np.argsort(-amounts[above], kind="stable")][:-left]
        amounts[largest] -= 1
        left += len(largest)
    return amounts


def _methods(workload: Workload, seed: int, ids: IntArray) -> npt.NDArray[np.int8]:
    share = workload.methods.get("ach")
    if share is None:
        return np.full(len(ids), CARD, np.int8)
    return uniform_below_many(_bits(seed, "method", ids), share).astype(np.int8)


def _providers(workload: Workload, seed: int, ids: IntArray) -> npt.NDArray[np.int32]:
    return _below(_bits(seed, "provider", ids), workload.accounts).astype(np.int32)


def _below(bits: npt.NDArray[np.uint64], number: int) -> IntArray:
    """Integers from 0 to number - 1, equally likely."""
    return (((bits >> LOW_HALF) * np.uint64(number)) >> LOW_HALF).astype(np.int64)
