"""The compiled engine's calendar: events by (time, order of scheduling), the near ones apart from the far ones.

All near events come before the horizon, all others after it. The near ones are few and lie in order, the first on top,
above a time that never comes: a new event moves only what comes before it. However many disputes and refunds lie months
ahead, they are in the heap of the far ones, whose places beyond the last hold that time, too.
"""

from __future__ import annotations

from typing import Any

from costmodel.simulation import layout as at
from costmodel.simulation.kernel_draws import compiled, inlined

SAMPLE = 2**5 - 1  # the place in the far heap whose time says how far the next horizon lies


@inlined
def put(heap: Any, place: int, when: int, filed: int, before: int, eid: int, what: int) -> None:
    """Write an event at a place of a heap."""
    heap[place, at.AT] = when
    heap[place, at.FILED] = filed
    heap[place, at.BEFORE_THAT] = before
    heap[place, at.EID] = eid
    heap[place, at.WHAT] = what


@inlined
def event(heap: Any, place: int) -> tuple[int, int, int, int, int]:
    """The event at a place, as `put` takes it."""
    when, filed, before = heap[place, at.AT], heap[place, at.FILED], heap[place, at.BEFORE_THAT]
    return when, filed, before, heap[place, at.EID], heap[place, at.WHAT]


@inlined
def move(heap: Any, place: int, source: int) -> None:
    """Copy an event to another place of its heap."""
    put(heap, place, *event(heap, source))


@inlined
def comes_first(heap: Any, place: int, filed: int, before: int, eid: int) -> bool:
    """Whether the event at a place comes before another one of the same time."""
    if heap[place, at.FILED] != filed:
        return heap[place, at.FILED] < filed
    if heap[place, at.BEFORE_THAT] != before:
        return heap[place, at.BEFORE_THAT] < before
    return heap[place, at.EID] < eid


@compiled
def rise(heap: Any, place: int, when: int, filed: int, before: int, eid: int, what: int) -> None:
    """Put an event into the gap at a place, or above, where it belongs."""
    while place > 0:
        above = (place - 1) >> 1
        if heap[above, at.AT] < when or (heap[above, at.AT] == when and comes_first(heap, above, filed, before, eid)):
            break
        move(heap, place, above)
        place = above
    put(heap, place, when, filed, before, eid, what)


@compiled
def sink(heap: Any, number: int, when: int, filed: int, before: int, eid: int, what: int) -> None:
    """Put an event into the gap at the top, or below, where it belongs. Which child is first is no branch."""
    place, below = 0, 1
    while below < number:
        left, right = heap[below, at.AT], heap[below + 1, at.AT]
        if left == right:
            below += comes_first(
                heap, below + 1, heap[below, at.FILED], heap[below, at.BEFORE_THAT], heap[below, at.EID]
            )
        else:
            below += right < left
        first = heap[below, at.AT]
        if when < first or (when == first and not comes_first(heap, below, filed, before, eid)):
            break
        move(heap, place, below)
        place, below = below, 2 * below + 1
    put(heap, place, when, filed, before, eid, what)


@compiled
def drop_first(heap: Any, number: int) -> None:
    """Close the gap at the top of a heap of so many, the gap included."""
    last = number - 1
    lowest = event(heap, last)
    put(heap, last, at.FOR_EVER, at.FOR_EVER, at.FOR_EVER, at.FOR_EVER, 0)
    if last > 0:
        sink(heap, last, *lowest)


@inlined
def insert(z: Any, number: int, when: int, filed: int, before: int, eid: int, what: int) -> None:
    """Put an event among so many near ones."""
    near, place = z.near, number
    while near[place, at.AT] <= when:
        if near[place, at.AT] == when and not comes_first(near, place, filed, before, eid):
            break
        move(near, place + 1, place)
        place -= 1
    put(near, place + 1, when, filed, before, eid, what)
    if z.k[at.AHEAD_NS] and (near[place, at.AT] == when or (place < number and near[place + 2, at.AT] == when)):
        compare(z, place + 1, place)
        if place < number:
            compare(z, place + 1, place + 2)


@compiled
def compare(z: Any, first: int, second: int) -> None:
    """Two near events, scheduled at one time by events that had been, too: no order can be told if one was ahead."""
    near = z.near
    if near[first, at.AT] == near[second, at.AT] and near[first, at.FILED] == near[second, at.FILED]:
        ahead = (near[first, at.EID] | near[second, at.EID]) & at.AHEAD
        if ahead and near[first, at.BEFORE_THAT] == near[second, at.BEFORE_THAT]:
            be_unsure(z.k)


@compiled
def be_unsure(k: Any) -> None:
    """Strands that are ahead of the clock may have changed what comes: all must be done again in order."""
    k[at.UNSURE], k[at.LOW] = 1, 1


@inlined
def file(z: Any, when: int, filed: int, before: int, eid: int, what: int) -> None:
    """Put an event, scheduled at some time, among the near or the far ones."""
    k = z.k
    if when < k[at.HORIZON]:
        insert(z, k[at.NEAR_N], when, filed, before, eid, what)
        k[at.NEAR_N] += 1
        if k[at.NEAR_N] > k[at.NEAR_MOST]:
            divide(z)
    else:
        rise(z.far, k[at.FAR_N], when, filed, before, eid, what)
        k[at.FAR_N] += 1
        if k[at.FAR_N] > k[at.FAR_MOST]:
            k[at.LOW] = 1


@compiled
def schedule(z: Any, when: int, what: int) -> None:
    """Something will happen; at one instant, in the order it was scheduled."""
    z.k[at.EIDS] += at.EIDS_APART
    file(z, when, z.k[at.NOW], z.k[at.BEFORE_NOW], z.k[at.EIDS] | z.k[at.IS_AHEAD], what)


@compiled
def divide(z: Any) -> None:
    """Too many events are near: the later half is far from now on."""
    k, near, number = z.k, z.near, z.k[at.NEAR_N]
    horizon = near[number >> 1, at.AT]
    if horizon == near[number, at.AT]:
        k[at.NEAR_MOST] *= 2
        look_for_room(k)
        return
    k[at.HORIZON] = horizon
    place = 1
    while near[place, at.AT] >= horizon:
        rise(z.far, k[at.FAR_N], *event(near, place))
        k[at.FAR_N] += 1
        place += 1
    k[at.NEAR_N] = 0
    for source in range(place, number + 1):
        k[at.NEAR_N] += 1
        move(near, k[at.NEAR_N], source)
    look_for_room(k)


@compiled
def look_for_room(k: Any) -> None:
    """Whether as many events may be near as are allowed, and all of them far."""
    k[at.FAR_MOST] = k[at.FAR_ROOM] - k[at.MARGIN] - k[at.NEAR_MOST]
    if k[at.FAR_N] > k[at.FAR_MOST] or k[at.NEAR_MOST] + k[at.MARGIN] > k[at.NEAR_ROOM]:
        k[at.LOW] = 1


@compiled
def draw_nearer(z: Any) -> None:
    """No event is near: set the horizon farther out, past some of the far ones, and bring those in."""
    k, far, number = z.k, z.far, 0
    k[at.HORIZON] = at.FOR_EVER if k[at.FAR_N] <= SAMPLE else far[SAMPLE, at.AT] + 1
    while k[at.FAR_N] > 0 and far[0, at.AT] < k[at.HORIZON]:
        if 2 * number >= k[at.NEAR_MOST] and not belongs_to_last(z, number):
            k[at.HORIZON] = far[0, at.AT]
            break
        number += 1
        put(z.near, number, *event(far, 0))
        if k[at.AHEAD_NS] and number > 1:
            compare(z, number - 1, number)
        drop_first(far, k[at.FAR_N])
        k[at.FAR_N] -= 1
    k[at.NEAR_N] = number
    turn_round(z.near, number)


@compiled
def belongs_to_last(z: Any, number: int) -> bool:
    """Whether the first far event is at the time of the last near one, so that their order may yet be told."""
    k = z.k
    if not k[at.AHEAD_NS] or z.near[number, at.AT] != z.far[0, at.AT]:
        return False
    if number < k[at.NEAR_MOST]:
        return True
    be_unsure(k)
    return False


@compiled
def turn_round(near: Any, number: int) -> None:
    """The last of so many near events is the first."""
    low, high = 1, number
    while low < high:
        lower = event(near, low)
        move(near, low, high)
        put(near, high, *lower)
        low, high = low + 1, high - 1


@inlined
def next_time(z: Any) -> int:
    """No event comes before this time."""
    return min(z.near[z.k[at.NEAR_N], at.AT], z.k[at.HORIZON])


@inlined
def take_first(z: Any) -> int:
    """What happens first; the clock goes on to it."""
    number = z.k[at.NEAR_N]
    z.k[at.NOW] = z.near[number, at.AT]
    z.k[at.BEFORE_NOW] = z.near[number, at.FILED]
    z.k[at.NEAR_N] = number - 1
    return z.near[number, at.WHAT]
