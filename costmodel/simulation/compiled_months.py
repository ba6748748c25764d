"""The compiled engine for many short months of one plan: laid out once, in memory that is used again.

What changes from month to month is put in its place: figures of the plan that are columns (`assumptions.by_month`),
keys of draws, outages, payments.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from costmodel.simulation import layout as at
from costmodel.simulation.compiled import Compiled, make_ready
from costmodel.simulation.counts import BINS, Counts, bin_of
from costmodel.simulation.demand_arrays import Tables, given
from costmodel.simulation.kernel_months import scale_laws
from costmodel.simulation.kernel_tables import Block
from costmodel.simulation.memory import POOLS, first_state
from costmodel.simulation.payments import Payments
from costmodel.simulation.plan import TIMERS, Plan
from costmodel.simulation.plan_arrays import PlanArrays
from costmodel.simulation.tables import LawByMonth, LawTable
from costmodel.simulation.timetable import Timetable

Outages = tuple[tuple[tuple[int, int], ...], ...]
IntArray = npt.NDArray[np.int64]
Tell = Callable[[int, Counts], None]
ROOMS = (at.NEAR_ROOM, at.FAR_ROOM, at.STACK_ROOM, at.MONEY_SLOTS, at.COMMON)
EMPTY = {"near": at.FOR_EVER, "far": at.FOR_EVER, "sorting": at.FOR_EVER, "common": 0}  # and what stands there
COUNTED = ("calls", "chunks", "stored_s", "functions")
COHORT_BITS = 2**at.TIMES_BITS - 1


class CompiledMonths:
    """Months of a plan whose figures may be columns; seeds: of the months."""

    def __init__(self, plan: Plan, table: Timetable, seeds: Sequence[int]) -> None:
        make_ready()
        self.plan, self.seeds = plan, seeds
        self.arrays = PlanArrays(plan, table)
        self.arrays.laws_by_month = _LawsByMonth(plan.laws, self.arrays.laws)
        self.short = copy.copy(self.arrays)  # gives scalars without the histograms behind them
        self.short.first_k = self.arrays.first_k[: at.LATENCY]
        self.tables: Tables = {}
        self.state: Block | None = None
        outcomes = at.OUTCOMES + np.arange(at.LATENCY_SUM - at.OUTCOMES)
        places = self.arrays.places
        self.shapes = {name: places[name].shape for name in COUNTED} | {"outcomes": (2, len(outcomes) // 2)}
        self.places = np.concatenate([*(places[name].ravel() for name in COUNTED), outcomes])

    def run(
        self, outages: Sequence[Outages], rails: Sequence[Sequence[Payments]], tell: Sequence[Tell | None]
    ) -> list[Counts]:
        """What usage is made of, of all months together, for each of some rails that they are paid on.

        tell: for each rail, gets a month's number and all its counts, which last until the next one's.
        """
        found = [_Taken(self.places, self.shapes) for _ in rails]
        for month, (spans, seed) in enumerate(zip(outages, self.seeds, strict=True)):
            self.arrays.put_month(month)
            book = self.arrays.book(spans, seed)
            for payments, taken, told in zip(rails, found, tell, strict=True):
                run = self._happen(payments[month], book, spans, seed)
                taken.take(run.state)
                if told is not None:
                    told(month, run.counts())
        return [taken.together(self.plan) for taken in found]

    def _happen(self, payments: Payments, book: Tables, outages: Outages, seed: int) -> _Run:
        state = self._empty_state(payments, outages, seed)
        run = _Run(self.plan, payments, self.arrays, Block(at.BOOK, {**book, **self._paid(payments)}), state)
        run.happen()
        self.state = run.state  # which may have grown
        return run

    def _paid(self, payments: Payments) -> Tables:
        """The payments as the kernel reads them."""
        if not self.tables or len(self.tables["arrival"]) != payments.number:
            self.tables = given(payments)
        else:
            self.tables["arrival"][:], self.tables["amount"][:] = payments.arrival_ns, payments.amount_cents
            self.tables["method"][:], self.tables["provider"][:] = payments.method, payments.provider
        return self.tables

    def _empty_state(self, payments: Payments, outages: Outages, seed: int) -> Block:
        """As `first_state` makes it, with as much room as a month has ever needed."""
        if self.state is None:
            self.arrays.first_k[at.PAYMENTS] = payments.number
            self.state = first_state(self.arrays.first_k.copy(), 0)
        _empty(self.state, self.short.scalars(payments, outages, seed), self.arrays.first_k)
        return self.state


class _Run(Compiled):
    """A run in a state that is there, on a book that is there."""

    def __init__(self, plan: Plan, payments: Payments, arrays: PlanArrays, book: Block, state: Block) -> None:
        self.plan, self.payments, self.arrays, self.book, self.state = plan, payments, arrays, book, state
        self.k, self.trace = state.arrays["k"], None


class _LawsByMonth:
    """As `plan_arrays.LawsByMonth`, in compiled code."""

    def __init__(self, laws: Sequence[LawTable], arrays: IntArray) -> None:
        found = [(row, law) for row, law in enumerate(laws) if isinstance(law, LawByMonth)]
        self.rows = np.array([row for row, _ in found], np.int64)
        self.unscaled = arrays[self.rows]
        self.factors = np.array([law.factors for _, law in found], np.float64).T.copy()

    def put(self, arrays: IntArray, month: int) -> None:
        """Those of one month, among all laws."""
        if len(self.rows):
            scale_laws(arrays, self.rows, self.unscaled, self.factors[month])


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
    for name, (pool, _, _) in POOLS.items():
        table = arrays[name]
        table[:, 0] = np.arange(1, len(table) + 1)
        table[-1, 0] = at.NONE
        k[pool + at.FREE], k[pool + at.LEFT_FREE] = 0, len(table)
    for name, nothing in EMPTY.items():
        arrays[name].fill(nothing)
    arrays["money"].fill(0)
    arrays["money"][:, at.MONEY_KEY] = at.NONE


# --- what came out ------------------------------------------------------------------------------------------


class _Taken:
    """What usage is made of, taken from the states of one month after the other.

    places, shapes: of what is counted in k. rows: of each month; money: its amounts under their names, and their times.
    """

    def __init__(self, places: IntArray, shapes: Mapping[str, tuple[int, ...]]) -> None:
        self.places, self.shapes, self.named = places, shapes, 0
        self.rows: list[IntArray] = []
        self.money: list[IntArray] = []

    def take(self, state: Block) -> None:
        """Those of a month."""
        k, money = state.arrays["k"], state.arrays["money"]
        self.rows.append(k[self.places])
        self.named |= int(k[at.NAMED])
        own = money[money[:, at.MONEY_KEY] != at.NONE]
        self.money.append(np.concatenate([own, _common(state)]) if k[at.COMMON] else own)

    def together(self, plan: Plan) -> Counts:
        """As `Counts.of_months` gives it."""
        by_place, begin, arrays = np.array(self.rows).T.copy(), 0, {}
        for name, shape in self.shapes.items():
            size = math.prod(shape)
            arrays[name] = by_place[begin : begin + size].reshape(*shape, len(self.rows))
            begin += size
        return replace(Counts.empty(plan), **arrays, amounts=self._amounts())

    def _amounts(self) -> dict[str, IntArray]:
        """By name (3, months, n): cents in no order, then how often each occurred by time, and by payment."""
        keys, times = np.concatenate(self.money).T
        months = np.repeat(np.arange(len(self.money)), [len(one) for one in self.money])
        names, found = keys & (2**at.MONEY_BITS - 1), {}
        for index, name in enumerate(at.MONEY_NAMES):
            if self.named >> index & 1:
                own = np.flatnonzero(names == index)
                month, cents, both = months[own], keys[own] >> at.MONEY_BITS, times[own]
                number = np.bincount(month, minlength=len(self.money))
                column = np.arange(len(own)) - np.repeat(np.cumsum(number) - number, number)
                found[name] = np.zeros((3, len(self.money), int(number.max(initial=0))), np.int64)
                found[name][:, month, column] = cents, both >> at.TIMES_BITS, both & COHORT_BITS
        return found


def _common(state: Block) -> IntArray:
    """Amounts that have a place each, as those that stand in a table."""
    common, size = state.arrays["common"], int(state.arrays["k"][at.COMMON])
    place = np.flatnonzero(common)
    return np.stack([place % size << at.MONEY_BITS | place // size, common[place]], axis=1)
