"""The payments of a run: when each arrives, its amount, method and provider; all drawn by the payment's own number.

Measured payments are numbered from 0, those of the lead-in backwards from -1, so that a longer lead-in changes nobody's
luck.
"""

from __future__ import annotations

import calendar
import datetime as dt
import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from costmodel.assumptions.scenario import Scenario, Workload
from costmodel.simulation.arrivals import Intensity
from costmodel.simulation.draws import draw_bits_many, name_key, stream_key, uniform_below_many
from costmodel.simulation.room import check_room, free_bytes
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

    @property
    def number(self) -> int:
        """All payments."""
        return len(self.arrival_ns)

    @property
    def offered_cents(self) -> int:
        """The sum of the measured amounts."""
        first, last = self.measured
        return int(self.amount_cents[first:last].sum())

    def by_methods_of(self, workload: Workload, seed: int) -> Payments:
        """The same payments made by the methods of another workload."""
        ids = np.arange(self.number, dtype=np.int64) - self.measured[0]
        return self.made_by(_methods(workload, seed, ids))

    def made_by(self, method: npt.NDArray[np.int8]) -> Payments:
        """The same payments, each made by another method."""
        return replace(self, method=method)


def month_start(scenario: Scenario) -> dt.datetime:
    """The first instant (UTC) of the month that the scenario's date lies in."""
    return dt.datetime(scenario.on.year, scenario.on.month, 1, tzinfo=dt.UTC)


def month_hours_of(scenario: Scenario) -> int:
    """Hours of the scenario's month: the calendar's, or those it sets for every month."""
    days = calendar.monthrange(scenario.on.year, scenario.on.month)[1]
    return scenario.month_hours or days * HOURS_PER_DAY


@dataclass(frozen=True, eq=False)
class Demand:
    """The payments of a scenario's measured time and of the lead-in before it, not yet drawn.

    Every payment follows from its number: `payments` draws all of them; an engine may draw each when it needs it.
    """

    scenario: Scenario
    seed: int
    lead_in_ns: int

    @property
    def workload(self) -> Workload:
        """What is asked for."""
        return self.scenario.workload

    @property
    def month_ns(self) -> int:
        """The month that the workload's number of payments is for."""
        return month_hours_of(self.scenario) * NS_PER_HOUR

    @property
    def measured_ns(self) -> int:
        """The measured time: `workload.days` makes it shorter or longer than a month, at the same rate."""
        days = self.workload.days
        return self.month_ns if days is None else int(days * HOURS_PER_DAY * NS_PER_HOUR)

    @property
    def start(self) -> dt.datetime:
        """The beginning of the lead-in, UTC."""
        return month_start(self.scenario) - dt.timedelta(microseconds=self.lead_in_ns // 1000)

    @property
    def window(self) -> tuple[int, int]:
        """The measured time, ns since `start`."""
        return self.lead_in_ns, self.lead_in_ns + self.measured_ns

    @cached_property
    def intensity(self) -> Intensity:
        """How the rate varies over time."""
        origin = month_start(self.scenario)
        return Intensity(self.workload, self.seed, origin, self.lead_in_ns, self.measured_ns, self.month_ns)

    @property
    def expected(self) -> float:
        """Payments expected in the measured time."""
        return self.workload.payments_per_month * self.measured_ns / self.month_ns

    @property
    def before(self) -> int:
        """Payments of the lead-in."""
        return math.floor(self.expected * self.lead_in_ns / self.measured_ns + 0.5)

    @cached_property
    def after(self) -> int:
        """Measured payments: their number is exact with a fixed count."""
        if self.workload.count == "fixed":
            return math.floor(self.expected + 0.5)
        return len(_spacings(self.seed, self.expected, self.workload.count)[0])

    @property
    def spacing_length(self) -> int | None:
        """What stands for the measured time among spacings; None with a fixed count: the sum of one more of them."""
        return None if self.workload.count == "fixed" else round(self.expected * SPACING)

    @property
    def expected_in_all(self) -> float:
        """Payments expected, those of the lead-in too."""
        return self.expected * (1 + self.lead_in_ns / self.measured_ns)

    @property
    def measured(self) -> tuple[int, int]:
        """First and last + 1 of the measured payments."""
        return self.before, self.number

    @property
    def number(self) -> int:
        """All payments."""
        return self.before + self.after

    @cached_property
    def offered_cents(self) -> int:
        """The sum of the measured amounts: exact with a fixed count."""
        if self.workload.count == "fixed":
            return total_cents(self.workload, self.after)
        return int(_amounts(self.workload, self.seed, np.arange(self.after, dtype=np.int64)).sum())

    def payments(self) -> Payments:
        """All of them, drawn. Raises InputError if they do not fit into memory."""
        self.check_room()
        after = self.intensity.times(*_spacings(self.seed, self.expected, self.workload.count), before=False)
        before = self.intensity.times(*_lead_in_spacings(self.seed, self.before), before=True)
        ids = np.arange(-len(before), len(after), dtype=np.int64)
        return Payments(
            arrival_ns=np.concatenate([before, after]),
            amount_cents=_amounts(self.workload, self.seed, ids),
            method=_methods(self.workload, self.seed, ids),
            provider=_providers(self.workload, self.seed, ids),
            measured=self.measured,
            start=self.start,
            window=self.window,
        )

    def check_room(self) -> None:
        """Raises InputError if all of them, drawn, do not fit into memory."""
        check_room(self.expected_in_all, free_bytes())


def generate(scenario: Scenario, seed: int, lead_in_ns: int) -> Payments:
    """The payments of a scenario's measured time and the lead-in before it.

    `workload.days` measures a shorter or longer time at the same rate. With count = "fixed" their number, and the sum
    of their amounts, is exact.
    """
    return Demand(scenario, seed, lead_in_ns).payments()


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


def _lead_in_spacings(seed: int, number: int) -> tuple[IntArray, int]:
    """The same backwards in time, for payments -1, -2, …"""
    cumulated = np.cumsum(_exponentials(seed, -1 - np.arange(number + 1, dtype=np.int64)))
    return cumulated[:-1], int(cumulated[-1])


def _exponentials(seed: int, ids: IntArray) -> IntArray:
    return spacing_law().values(_bits(seed, "arrival", ids)) + 1


def spacing_law() -> LawTable:
    """The law of the spacings between arrivals, less one."""
    return LawTable.exponential(SPACING)


def _bits(seed: int, stream: str, ids: IntArray) -> npt.NDArray[np.uint64]:
    return draw_bits_many(payment_key(seed, stream), ids)


def payment_key(seed: int, stream: str) -> int:
    """The key of something drawn for each payment: its arrival, amount, method or provider."""
    return stream_key(seed, "payment", name_key(stream))


def total_cents(workload: Workload, number: int) -> int:
    """What a fixed number of payments sums to."""
    return int((workload.mean_ticket_usd * CENTS * number).to_integral_value())


def _amounts(workload: Workload, seed: int, ids: IntArray) -> IntArray:
    """Amounts in cents; with a fixed count those of the measured payments sum to number × mean exactly."""
    drawn = _drawn(workload, _bits(seed, "amount", ids))
    measured = ids >= 0
    if workload.count != "fixed" or not measured.any():
        unscaled: IntArray = np.maximum(1, np.rint(drawn / FINE)).astype(np.int64)
        return unscaled
    total = total_cents(workload, int(measured.sum()))
    scale = total / int(drawn[measured].sum())
    amounts: IntArray = np.maximum(1, np.rint(drawn * scale)).astype(np.int64)
    amounts[measured] = to_total(drawn[measured], total)
    return amounts


def _drawn(workload: Workload, bits: npt.NDArray[np.uint64]) -> IntArray:
    """Amounts before scaling, in thousandths of a cent."""
    law = ticket_law(workload)
    if isinstance(law, LawTable):
        return law.values(bits)
    picked: IntArray = law[_below(bits, len(law))]
    return picked


def ticket_law(workload: Workload) -> LawTable | IntArray:
    """The law of amounts before scaling, in thousandths of a cent; or amounts that are equally likely."""
    tickets, mean = workload.tickets, float(workload.mean_ticket_usd * CENTS) * FINE
    if tickets.law == "lognormal" and tickets.sigma:
        return LawTable.lognormal(mean, math.sqrt(math.expm1(float(tickets.sigma) ** 2)))
    if tickets.law == "empirical":
        return np.array([int(usd * CENTS * FINE) for usd in tickets.usd], np.int64)
    return np.array([round(mean)], np.int64)


def to_total(drawn: IntArray, total: int) -> IntArray:
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
    return method_of(workload, _bits(seed, "method", ids))


def method_of(workload: Workload, bits: npt.NDArray[np.uint64]) -> npt.NDArray[np.int8]:
    """How each payment is made, by its 64 random bits."""
    share = workload.methods.get("ach")
    return np.full(bits.shape, CARD, np.int8) if share is None else uniform_below_many(bits, share).astype(np.int8)


def _providers(workload: Workload, seed: int, ids: IntArray) -> npt.NDArray[np.int32]:
    return accounts_of(workload, _bits(seed, "provider", ids))


def accounts_of(workload: Workload, bits: npt.NDArray[np.uint64]) -> npt.NDArray[np.int32]:
    """Whom each payment is for, by its 64 random bits."""
    return _below(bits, workload.accounts).astype(np.int32)


def _below(bits: npt.NDArray[np.uint64], number: int) -> IntArray:
    """Integers from 0 to number - 1, equally likely."""
    return (((bits >> LOW_HALF) * np.uint64(number)) >> LOW_HALF).astype(np.int64)
