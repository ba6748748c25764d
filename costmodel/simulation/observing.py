"""What an engine's totals do not tell: how many environments are busy from moment to moment."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from costmodel.simulation.payments import Payments
from costmodel.simulation.plan import Plan
from costmodel.simulation.timetable import Timetable

IntArray = npt.NDArray[np.int64]


def busy_environments(
    plan: Plan, payments: Payments, timetable: Timetable, seed: int, watch: Callable[[int], None] | None = None
) -> tuple[IntArray, IntArray]:
    """Run a plan once with the reference engine and note every change of how many environments are busy.

    at_ns: (changes,), rising, the first 0; busy: (changes, functions), each row from its time until the next.
    """
    from costmodel.simulation.reference import Reference

    engine = Reference(plan, payments, timetable, seed)
    pools = engine.account.pools
    at_ns, busy = [0], [[0] * len(pools)]

    def note(now: int) -> None:
        found = [pool.busy for pool in pools]
        if found != busy[-1]:
            at_ns.append(now)
            busy.append(found)
        if watch is not None:
            watch(now)

    engine.run(note)
    return np.array(at_ns, np.int64), np.array(busy, np.int64)


def mean_by_step(at_ns: IntArray, busy: IntArray, edges_ns: IntArray) -> npt.NDArray[np.float64]:
    """The mean of each column over time between the edges: (edges - 1, functions).

    >>> mean_by_step(np.array([0, 4, 6]), np.array([[0], [3], [1]]), np.array([0, 5, 10]))
    array([[0.6],
           [1.4]])
    """
    last = max(int(at_ns[-1]), int(edges_ns[-1]))
    times = np.append(at_ns, last)
    integral = np.vstack([np.zeros(busy.shape[1]), np.cumsum(busy * np.diff(times)[:, None], axis=0)])
    at_edges = np.column_stack([np.interp(edges_ns, times, column) for column in integral.T])
    means: npt.NDArray[np.float64] = np.diff(at_edges, axis=0) / np.diff(edges_ns)[:, None]
    return means


def most_by_step(at_ns: IntArray, busy: IntArray, edges_ns: IntArray) -> IntArray:
    """The largest value of each column between the edges: (edges - 1, functions).

    >>> most_by_step(np.array([0, 4, 6]), np.array([[0], [3], [1]]), np.array([0, 5, 10])).ravel()
    array([3, 3])
    """
    found = []
    for low, high in pairwise(edges_ns):
        first = int(np.searchsorted(at_ns, low, side="right")) - 1
        end = int(np.searchsorted(at_ns, high, side="left"))
        found.append(busy[first : max(end, first + 1)].max(axis=0))
    return np.array(found, np.int64)
