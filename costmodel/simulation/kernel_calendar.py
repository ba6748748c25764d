"""The compiled engine's calendar: events by (time, order of scheduling), the near ones apart from the far ones.

All near events come before the horizon, all others after it: the heap that is worked on stays small however many
disputes and refunds lie months ahead. Its places beyond the last event hold a time that never comes. The first event
taken leaves a gap that the next one filed fills, so that most events move once.
"""

from __future__ import annotations

from typing import Any

from costmodel.simulation.kernel_draws import compiled
from costmodel.simulation.layout import (
    AT,
    EID,
    EIDS,
    FAR_N,
    GAP,
    HORIZON,
    LOW,
    MARGIN,
    NEAR_MOST,
    NEAR_N,
    NEAR_ROOM,
    NEVER,
    NOW,
    WHAT,
)  # fmt: skip

FOR_EVER = 2 * NEVER - 1
SAMPLE = 2**6 - 1  # the place in a heap whose time divides near from far


@compiled
def put(heap: Any, place: int, at: int, eid: int, what: int) -> None:
    """Write an event at a place of a heap."""
    heap[place, AT] = at
    heap[place, EID] = eid
    heap[place, WHAT] = what


@compiled
def move(heap: Any, place: int, source: int) -> None:
    """Copy an event to another place of its heap."""
    put(heap, place, heap[source, AT], heap[source, EID], heap[source, WHAT])


@compiled
def rise(heap: Any, place: int, at: int, eid: int, what: int) -> None:
    """Put an event into the gap at a place, or above, where it belongs."""
    while place > 0:
        above = (place - 1) >> 1
        if heap[above, AT] < at or (heap[above, AT] == at and heap[above, EID] < eid):
            break
        move(heap, place, above)
        place = above
    put(heap, place, at, eid, what)


@compiled
def sink(heap: Any, number: int, at: int, eid: int, what: int) -> None:
    """Put an event into the gap at the top, or below, where it belongs. Which child is first is no branch."""
    place, below = 0, 1
    while below < number:
        left, right = heap[below, AT], heap[below + 1, AT]
        below += (right < left) | ((right == left) & (heap[below + 1, EID] < heap[below, EID]))
        first = heap[below, AT]
        if at < first or (at == first and eid < heap[below, EID]):
            break
        move(heap, place, below)
        place, below = below, 2 * below + 1
    put(heap, place, at, eid, what)


@compiled
def drop_first(heap: Any, number: int) -> None:
    """Close the gap at the top of a heap of so many, the gap included."""
    last = number - 1
    at, eid, what = heap[last, AT], heap[last, EID], heap[last, WHAT]
    put(heap, last, FOR_EVER, FOR_EVER, 0)
    if last > 0:
        sink(heap, last, at, eid, what)


@compiled
def file(z: Any, at: int, eid: int, what: int) -> None:
    """Put an event among the near or the far ones."""
    k = z.k
    if at >= k[HORIZON]:
        rise(z.far, k[FAR_N], at, eid, what)
        k[FAR_N] += 1
    elif k[GAP]:
        k[GAP] = 0
        sink(z.near, k[NEAR_N], at, eid, what)
        return
    else:
        rise(z.near, k[NEAR_N], at, eid, what)
        k[NEAR_N] += 1
        if k[NEAR_N] > k[NEAR_MOST]:
            divide(z)
    if k[NEAR_N] + k[FAR_N] + k[MARGIN] > k[NEAR_ROOM]:
        k[LOW] = 1


@compiled
def schedule(z: Any, at: int, what: int) -> None:
    """Something will happen; at one instant, in the order it was scheduled."""
    z.k[EIDS] += 1
    file(z, at, z.k[EIDS], what)


@compiled
def divide(z: Any) -> None:
    """Too many events are near: draw the horizon nearer."""
    k, near = z.k, z.near
    horizon = near[SAMPLE, AT]
    if horizon == near[0, AT]:
        k[NEAR_MOST] *= 2
        return
    number, kept = k[NEAR_N], 0
    k[HORIZON] = horizon
    for place in range(number):
        at, eid, what = near[place, AT], near[place, EID], near[place, WHAT]
        put(near, place, FOR_EVER, FOR_EVER, 0)
        if at < horizon:
            rise(near, kept, at, eid, what)
            kept += 1
        else:
            rise(z.far, k[FAR_N], at, eid, what)
            k[FAR_N] += 1
    k[NEAR_N] = kept


@compiled
def draw_nearer(z: Any) -> None:
    """No event is near: set the horizon farther out, past some of the far ones, and bring those in."""
    k, far = z.k, z.far
    k[HORIZON] = FOR_EVER if k[FAR_N] <= SAMPLE else far[SAMPLE, AT] + 1
    while k[FAR_N] > 0 and far[0, AT] < k[HORIZON]:
        rise(z.near, k[NEAR_N], far[0, AT], far[0, EID], far[0, WHAT])
        k[NEAR_N] += 1
        drop_first(far, k[FAR_N])
        k[FAR_N] -= 1
    k[NEAR_MOST] = max(k[NEAR_MOST], 2 * k[NEAR_N])


@compiled
def next_time(z: Any) -> int:
    """No event comes before this time."""
    near = z.near
    first = min(near[1, AT], near[2, AT]) if z.k[GAP] else near[0, AT]
    return min(first, z.k[HORIZON])


@compiled
def close_gap(z: Any) -> None:
    """The first event is at the top again."""
    k = z.k
    if k[GAP]:
        k[GAP] = 0
        drop_first(z.near, k[NEAR_N])
        k[NEAR_N] -= 1


@compiled
def take_first(z: Any) -> int:
    """What happens first; the clock goes on to it."""
    z.k[NOW] = z.near[0, AT]
    z.k[GAP] = 1
    return z.near[0, WHAT]
