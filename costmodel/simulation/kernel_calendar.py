"""The compiled engine's calendar: events by (time, order of scheduling), the near ones apart from the far ones.

All near events come before the horizon, all others after it: the heap that is worked on stays small however many
disputes and refunds lie months ahead. Its places beyond the last event hold a time that never comes. The first event
taken leaves a gap that the next one filed fills, so that most events move once.
"""

from __future__ import annotations

from typing import Any

from costmodel.simulation import layout as at
from costmodel.simulation.kernel_draws import compiled, inlined

SAMPLE = 2**6 - 1  # the place in a heap whose time divides near from far


@compiled
def put(heap: Any, place: int, when: int, eid: int, what: int) -> None:
    """Write an event at a place of a heap."""
    heap[place, at.AT] = when
    heap[place, at.EID] = eid
    heap[place, at.WHAT] = what


@compiled
def move(heap: Any, place: int, source: int) -> None:
    """Copy an event to another place of its heap."""
    put(heap, place, heap[source, at.AT], heap[source, at.EID], heap[source, at.WHAT])


@compiled
def rise(heap: Any, place: int, when: int, eid: int, what: int) -> None:
    """Put an event into the gap at a place, or above, where it belongs."""
    while place > 0:
        above = (place - 1) >> 1
        if heap[above, at.AT] < when or (heap[above, at.AT] == when and heap[above, at.EID] < eid):
            break
        move(heap, place, above)
        place = above
    put(heap, place, when, eid, what)


@inlined
def sink(heap: Any, number: int, when: int, eid: int, what: int) -> None:
    """Put an event into the gap at the top, or below, where it belongs. Which child is first is no branch."""
    place, below = 0, 1
    while below < number:
        left, right = heap[below, at.AT], heap[below + 1, at.AT]
        if left == right:
            below += heap[below + 1, at.EID] < heap[below, at.EID]
        else:
            below += right < left
        first = heap[below, at.AT]
        if when < first or (when == first and eid < heap[below, at.EID]):
            break
        move(heap, place, below)
        place, below = below, 2 * below + 1
    put(heap, place, when, eid, what)


@compiled
def drop_first(heap: Any, number: int) -> None:
    """Close the gap at the top of a heap of so many, the gap included."""
    last = number - 1
    when, eid, what = heap[last, at.AT], heap[last, at.EID], heap[last, at.WHAT]
    put(heap, last, at.FOR_EVER, at.FOR_EVER, 0)
    if last > 0:
        sink(heap, last, when, eid, what)


@inlined
def file(z: Any, when: int, eid: int, what: int) -> None:
    """Put an event among the near or the far ones."""
    k = z.k
    if when >= k[at.HORIZON]:
        rise(z.far, k[at.FAR_N], when, eid, what)
        k[at.FAR_N] += 1
    elif k[at.GAP]:
        k[at.GAP] = 0
        sink(z.near, k[at.NEAR_N], when, eid, what)
        return
    else:
        rise(z.near, k[at.NEAR_N], when, eid, what)
        k[at.NEAR_N] += 1
        if k[at.NEAR_N] > k[at.NEAR_MOST]:
            divide(z)
    if k[at.NEAR_N] + k[at.MARGIN] > k[at.NEAR_ROOM] or k[at.NEAR_N] + k[at.FAR_N] + k[at.MARGIN] > k[at.FAR_ROOM]:
        k[at.LOW] = 1


@compiled
def schedule(z: Any, when: int, what: int) -> None:
    """Something will happen; at one instant, in the order it was scheduled."""
    z.k[at.EIDS] += 1
    file(z, when, z.k[at.EIDS], what)


@compiled
def divide(z: Any) -> None:
    """Too many events are near: draw the horizon nearer."""
    k, near = z.k, z.near
    horizon = near[SAMPLE, at.AT]
    if horizon == near[0, at.AT]:
        k[at.NEAR_MOST] *= 2
        return
    number, kept = k[at.NEAR_N], 0
    k[at.HORIZON] = horizon
    for place in range(number):
        when, eid, what = near[place, at.AT], near[place, at.EID], near[place, at.WHAT]
        put(near, place, at.FOR_EVER, at.FOR_EVER, 0)
        if when < horizon:
            rise(near, kept, when, eid, what)
            kept += 1
        else:
            rise(z.far, k[at.FAR_N], when, eid, what)
            k[at.FAR_N] += 1
    k[at.NEAR_N] = kept


@compiled
def draw_nearer(z: Any) -> None:
    """No event is near: set the horizon farther out, past some of the far ones, and bring those in."""
    k, far = z.k, z.far
    k[at.HORIZON] = at.FOR_EVER if k[at.FAR_N] <= SAMPLE else far[SAMPLE, at.AT] + 1
    while k[at.FAR_N] > 0 and far[0, at.AT] < k[at.HORIZON]:
        if 2 * k[at.NEAR_N] >= k[at.NEAR_MOST]:
            k[at.HORIZON] = far[0, at.AT]
            break
        rise(z.near, k[at.NEAR_N], far[0, at.AT], far[0, at.EID], far[0, at.WHAT])
        k[at.NEAR_N] += 1
        drop_first(far, k[at.FAR_N])
        k[at.FAR_N] -= 1


@inlined
def next_time(z: Any) -> int:
    """No event comes before this time."""
    near = z.near
    first = min(near[1, at.AT], near[2, at.AT]) if z.k[at.GAP] else near[0, at.AT]
    return min(first, z.k[at.HORIZON])


@inlined
def close_gap(z: Any) -> None:
    """The first event is at the top again."""
    k = z.k
    if k[at.GAP]:
        k[at.GAP] = 0
        drop_first(z.near, k[at.NEAR_N])
        k[at.NEAR_N] -= 1


@inlined
def take_first(z: Any) -> int:
    """What happens first; the clock goes on to it."""
    z.k[at.NOW] = z.near[0, at.AT]
    z.k[at.GAP] = 1
    return z.near[0, at.WHAT]
