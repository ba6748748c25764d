"""The compiled engine for many short months of one plan: laid out once, in memory that is used again.

What changes from month to month is put in its place: figures of the plan that are columns (`assumptions.by_month`),
keys of draws, outages, payments.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from costmodel.simulation import layout as at
from costmodel.simulation.compiled import Compiled, make_ready
from costmodel.simulation.counts import BINS, Counts, amounts_of_months, bin_of
from costmodel.simulation.demand_arrays import given
from costmodel.simulation.draws import MASK, mix64_many, name_key
from costmodel.simulation.kernel_months import take_money
from costmodel.simulation.kernel_tables import Block, on_cache_lines
from costmodel.simulation.memory import POOLS, first_state
from costmodel.simulation.payments import Payments
from costmodel.simulation.plan import TIMERS, Plan
from costmodel.simulation.plan_arrays import PlanArrays
from costmodel.simulation.timetable import Outages

IntArray = npt.NDArray[np.int64]
Tell = Callable[[int, Counts], None]
ROOMS = (at.NEAR_ROOM, at.FAR_ROOM, at.STACK_ROOM, at.MONEY_SLOTS, at.COMMON)
EMPTY = {"near": at.FOR_EVER, "far": at.FOR_EVER, "sorting": at.FOR_EVER, "common": 0}  # and what stands there
COUNTED = ("calls", "chunks", "stored_s", "functions")
SPANS_AT_FIRST = 2**6  # outages
FREE_LISTS_KEPT = 2**4
KEYS_AT_ONCE = 2**6  # months


class CompiledMonths:
    """Months of a plan, laid out, whose figures may be columns; seeds: of the months."""

    def __init__(self, arrays: PlanArrays, seeds: Sequence[int]) -> None:
        make_ready()
        self.plan, self.seeds = arrays.plan, seeds
        self.arrays = _Arrays(arrays)
        self.short = copy.copy(self.arrays)  # gives scalars without the histograms behind them
        self.short.first_k = self.arrays.first_k[: at.LATENCY]
        self.paid: Block | None = None
        self.state: Block | None = None
        outcomes = at.OUTCOMES + np.arange(at.LATENCY_SUM - at.OUTCOMES)
        places = self.arrays.places
        self.shapes = {name: places[name].shape for name in COUNTED} | {"outcomes": (2, len(outcomes) // 2)}
        self.places = np.concatenate([*(places[name].ravel() for name in COUNTED), outcomes])

    def run(
        self, outages: Sequence[Outages], rails: Sequence[Sequence[Payments]], tell: Sequence[Tell | None]
    ) -> list[Counts]:
        """What usage is made of, of all months together, for each of some rails that they are paid on.

        tell: for each rail, gets a month's number and all its counts, which last until the next one's: histograms up to
        the largest latency, amounts in no order.
        """
        found = [_Taken(self.places, self.shapes) for _ in rails]
        for month, (spans, seed) in enumerate(zip(outages, self.seeds, strict=True)):
            self.arrays.put_month(month)
            if month % KEYS_AT_ONCE == 0:
                keys = _Keys(self.arrays, self.seeds[month : month + KEYS_AT_ONCE])
            self.arrays.put_luck(keys, month % KEYS_AT_ONCE, spans)
            for payments, taken, told in zip(rails, found, tell, strict=True):
                run = self._happen(payments[month], spans, seed)
                run.amounts = taken.take(run.state)
                if told is not None:
                    told(month, run.counts())
        return [taken.together(self.plan) for taken in found]

    def _happen(self, payments: Payments, outages: Outages, seed: int) -> _Run:
        state = self._empty_state(payments, outages, seed)
        run = _Run(self.plan, payments, self.arrays, self._book(payments), state)
        run.again = lambda grown: self._again(grown, payments, outages, seed)
        run.happen()
        self.state = run.state  # which may have grown
        return run

    def _again(self, state: Block, payments: Payments, outages: Outages, seed: int) -> Block:
        """The state as it was before the run that has left it."""
        self.state = state
        return self._empty_state(payments, outages, seed)

    def _book(self, payments: Payments) -> Block:
        """What the kernel reads: the month, and its payments."""
        tables = self.paid.arrays if self.paid else {}
        if self.paid is None or len(tables["arrival"]) != payments.number or self.arrays.moved:
            self.paid, self.arrays.moved = Block(at.BOOK, {**self.arrays.read, **given(payments)}), False
        else:
            tables["arrival"][:], tables["amount"][:] = payments.arrival_ns, payments.amount_cents
            tables["method"][:], tables["provider"][:] = payments.method, payments.provider
        return self.paid

    def _empty_state(self, payments: Payments, outages: Outages, seed: int) -> Block:
        """As `first_state` makes it, with as much room as a month has ever needed."""
        if self.state is None:
            k = self.arrays.first_k.copy()
            k[at.PAYMENTS] = payments.number
            self.state = first_state(k, 0)
        _empty(self.state, self.short.scalars(payments, outages, seed), self.arrays.first_k)
        return self.state


class _Run(Compiled):
    """A run in a state that is there, on a book that is there; amounts: what it has counted of them, once taken."""

    def __init__(self, plan: Plan, payments: Payments, arrays: PlanArrays, book: Block, state: Block) -> None:
        self.plan, self.payments, self.arrays, self.book, self.state = plan, payments, arrays, book, state
        self.k, self.trace, self.amounts = state.arrays["k"], None, dict[str, IntArray]()
        self.in_order = False
        self.again: Callable[[Block], Block] = _as_it_is

    def _begin(self) -> None:
        """Everything as it is before the first event, to be done in order."""
        self.state = self.again(self.state)
        self.k = self.state.arrays["k"]
        self.book = Block(at.BOOK, self.arrays.in_order(self.book.arrays, self.k))

    def counts(self) -> Counts:
        """What has been counted: histograms up to the largest latency, amounts in no order."""
        counts = super().counts()
        counts.latency = counts.latency[:, : 1 + bin_of(max(counts.latency_max))]
        return counts

    def _amounts(self) -> dict[str, IntArray]:
        return self.amounts


def _as_it_is(state: Block) -> Block:
    return state


class _Arrays(PlanArrays):
    """A plan laid out, with room for the luck of one month after the other; read: what the kernel reads of it.

    moved: whether that has been given other arrays.
    """

    def __init__(self, arrays: PlanArrays) -> None:
        vars(self).update(vars(arrays))
        first, self.sheet = self.sheet, on_cache_lines(len(self.sheet), at.SHEET_COLUMNS)
        self.sheet[:] = first
        self.first_k = self.first_k.copy()
        if len(self.laws_by_month.rows):
            self.laws = self.laws.copy()
        self.read = {"sheet": self.sheet, "laws": self.laws}
        self.moved = True
        self._make_room(SPANS_AT_FIRST)
        self.service_of_step = np.array([step.outage for step in self.plan.steps], np.int64)

    def _make_room(self, spans: int) -> None:
        """For so many outages behind the lists."""
        room = np.zeros(len(self.lists) + 2 * spans + 1, np.int64)
        room[: len(self.lists)] = self.all_lists
        self.read["lists"], self.all_lists, self.moved = room, room[: len(self.lists)], True

    def put_luck(self, keys: _Keys, month: int, outages: Outages) -> None:
        """As `book`, of the month that was put last."""
        sheet, begin, steps = self.sheet, len(self.lists), len(self.plan.code)
        sheet[:steps, at.KEY], sheet[:steps, at.LUCK] = keys.durations[month], keys.lucks[month]
        sheet[self.fates, at.FATE_KEY] = keys.fates[month]
        numbers = np.array([len(spans) for spans in outages], np.int64)
        if begin + 2 * int(numbers.sum()) >= len(self.read["lists"]):
            self._make_room(2 * int(numbers.sum()))
        sheet[self.outages, at.SPANS_AT] = begin + 2 * (np.cumsum(numbers) - numbers)
        sheet[self.outages, at.SPANS] = numbers
        ends = [span[part] for spans in outages if spans for part in (0, 1) for span in spans]
        self.read["lists"][begin : begin + len(ends)] = ends
        rows = np.append(np.where(numbers > 0, self.outages, at.NONE), at.NONE)  # the last: of steps that cannot fail
        sheet[self.steps, at.OUTAGE] = rows[self.service_of_step]


class _Keys:
    """The keys of all draws in some months, a row for each: as `PlanArrays.book` puts them into the sheet."""

    def __init__(self, arrays: PlanArrays, seeds: Sequence[int]) -> None:
        self.seeds = np.array([seed & MASK for seed in seeds], np.uint64)[:, None]
        retries, choices = self._of("retry", arrays.names), self._of("choice", arrays.names)
        self.durations, self.lucks = self._of("duration", arrays.names), np.where(arrays.spawns, choices, retries)
        self.fates = self._of("fate", np.array([fate.key for fate in arrays.plan.fates], np.uint64))

    def _of(self, stream: str, names: npt.NDArray[np.uint64]) -> IntArray:
        return mix64_many(mix64_many(self.seeds ^ np.uint64(name_key(stream))) ^ names).view(np.int64)


# --- memory that is used again ----------------------------------------------------------------------------


def _empty(state: Block, scalars: IntArray, first_k: IntArray) -> None:
    """Make a state what it was before its run, but for its room and what need not be: free rows keep what they held."""
    arrays, k = state.arrays, state.arrays["k"]
    rooms = [int(k[room]) for room in ROOMS]
    for which in range(len(TIMERS)):
        begin = at.LATENCY + which * BINS
        k[begin : begin + 1 + bin_of(int(k[at.LATENCY_MAX + which]))] = 0
    k[: at.LATENCY], k[at.FIXED :] = scalars, first_k[at.FIXED :]
    for room, size in zip(ROOMS, rooms, strict=True):
        k[room] = size
    k[at.FAR_MOST] = k[at.FAR_ROOM] - k[at.MARGIN] - k[at.NEAR_MOST]
    for name, (pool, _, _) in POOLS.items():
        table = arrays[name]
        table[:, 0] = _all_free(len(table))
        k[pool + at.FREE], k[pool + at.LEFT_FREE] = 0, len(table)
    for name, nothing in EMPTY.items():
        arrays[name].fill(nothing)
    arrays["money"].fill(0)
    arrays["money"][:, at.MONEY_KEY] = at.NONE


@lru_cache(maxsize=FREE_LISTS_KEPT)
def _all_free(rows: int) -> IntArray:
    """Each row's next free one; none behind the last."""
    found = np.arange(1, rows + 1)
    found[-1] = at.NONE
    return found


# --- what came out ------------------------------------------------------------------------------------------


class _Taken:
    """What usage is made of, taken from the states of one month after the other.

    places, shapes: of what is counted in k. rows: of each month; room: for its amounts, numbers: of them, by name.
    """

    def __init__(self, places: IntArray, shapes: Mapping[str, tuple[int, ...]]) -> None:
        self.places, self.shapes = places, shapes
        self.rows: list[IntArray] = []
        self.amounts: list[dict[str, IntArray]] = []
        self.numbers, self.room = np.zeros(len(at.MONEY_NAMES), np.int64), np.empty((0, 0, 0), np.int64)

    def take(self, state: Block) -> dict[str, IntArray]:
        """Those of a month; gives its amounts by name, (3, n): cents in no order, how often by time and by payment."""
        k, money = state.arrays["k"], state.arrays["money"]
        self.rows.append(k[self.places])
        if len(money) > self.room.shape[-1]:
            self.room = np.empty((len(at.MONEY_NAMES), 3, len(money)), np.int64)
        take_money(money, self.room, self.numbers)
        amounts = {
            name: self.room[index, :, : self.numbers[index]].copy()
            for index, name in enumerate(at.MONEY_NAMES)
            if k[at.NAMED] >> index & 1
        }
        self.amounts.append(_with_common(amounts, state) if k[at.COMMON] else amounts)
        return self.amounts[-1]

    def together(self, plan: Plan) -> Counts:
        """As `Counts.of_months` gives it."""
        by_place, begin, arrays = np.array(self.rows).T.copy(), 0, dict[str, Any]()
        for name, shape in self.shapes.items():
            size = math.prod(shape)
            arrays[name] = by_place[begin : begin + size].reshape(*shape, len(self.rows))
            begin += size
        return replace(Counts.empty(plan), **arrays, amounts=amounts_of_months(self.amounts))


def _with_common(amounts: dict[str, IntArray], state: Block) -> dict[str, IntArray]:
    """The amounts with those that have a place each."""
    common, size = state.arrays["common"].reshape(len(at.MONEY_NAMES), -1), int(state.arrays["k"][at.COMMON])
    for index, name in enumerate(at.MONEY_NAMES):
        cents = np.flatnonzero(common[index, :size])
        times = common[index, cents]
        if name in amounts:
            small = np.array([cents, times >> at.TIMES_BITS, times & 2**at.TIMES_BITS - 1])
            amounts[name] = np.concatenate([amounts[name], small], axis=1)
    return amounts
