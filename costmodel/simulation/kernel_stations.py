"""Stations in the compiled engine: queues with servers, and the places that strands take or wait for there."""

from __future__ import annotations

from typing import Any

from costmodel.simulation import layout as at
from costmodel.simulation.kernel_calendar import schedule
from costmodel.simulation.kernel_draws import compiled, inlined
from costmodel.simulation.kernel_memory import free_record, new_record
from costmodel.simulation.kernel_platform import depth_of, in_cohort

NS_PER_S = 10**9
FEW, SHORT_NS, MUCH_NS = 2**20, 2**41, 2**61  # few × short is at most much, and twice that still is an int64


@inlined
def accrue(k: Any, station: int) -> None:
    """As `Station.accrue`."""
    if k[at.NOW] == k[station + at.CHANGED]:
        return
    span = max(0, min(k[at.NOW], k[at.END]) - max(k[station + at.CHANGED], k[at.START]))
    k[station + at.CHANGED] = k[at.NOW]
    add_time(k, station + at.TAKEN_S, k[station + at.USERS], span)
    add_time(k, station + at.WAITED_S, k[station + at.WAITING], span)


@inlined
def add_time(k: Any, place: int, number: int, span: int) -> None:
    """So many spans more, at a place of seconds and, behind it, of nanoseconds beyond them."""
    if number < FEW and span < SHORT_NS:
        rest = k[place + 1] + number * span
    else:
        k[place] += number * (span // NS_PER_S)
        rest = k[place + 1] + number * (span % NS_PER_S)
    if rest >= MUCH_NS:
        k[place] += rest // NS_PER_S
        rest %= NS_PER_S
    k[place + 1] = rest


@compiled
def acquire(b: Any, z: Any, strand: int, pc: int) -> int:
    """Wait for a place at a station; a full one refuses."""
    k, records, row = z.k, z.records, b.sheet[pc, at.A]
    station, capacity = b.sheet[row, at.STATION_K], b.sheet[row, at.CAPACITY]
    if capacity and k[station + at.USERS] + k[station + at.WAITING] >= capacity:
        k[at.REFUSED] += in_cohort(k, records[strand, at.PAYMENT])
        return at.FAILS
    accrue(k, station)
    place = new_record(z)
    records[place, at.OF_STRAND] = strand
    records[place, at.PLACE_STATE] = at.WAITED_FOR
    records[place, at.PLACE_NEXT] = at.NONE
    records[place, at.PLACE_STATION] = row
    records[place, at.PLACE_DEPTH] = depth_of(records, records[strand, at.FRAME])
    records[place, at.PLACE_BELOW] = records[strand, at.PLACES]
    records[place, at.PLACE_USERS] = 1
    records[strand, at.PLACES] = place
    if k[station + at.QUEUE_HEAD] == at.NONE:
        k[station + at.QUEUE_HEAD] = place
    else:
        records[k[station + at.QUEUE_TAIL], at.PLACE_NEXT] = place
    k[station + at.QUEUE_TAIL] = place
    k[station + at.WAITING] += 1
    grant(b, z, row)
    k[station + at.MOST_WAITING] = max(k[station + at.MOST_WAITING], k[station + at.WAITING])
    records[strand, at.PC] = pc + 1
    if records[place, at.PLACE_STATE] == at.WAITED_FOR:
        watch(z, strand, place)
    return at.WAITS


@compiled
def watch(z: Any, strand: int, place: int) -> None:
    """As `stations._watch`."""
    frame = z.records[strand, at.FRAME]
    if frame != at.NONE and z.records[frame, at.LEAST] < at.NEVER:
        z.records[place, at.PLACE_USERS] += 1
        schedule(z, max(z.k[at.NOW], z.records[frame, at.LEAST]), (place << at.KIND_BITS) | at.TOO_LATE)


@compiled
def let_place_go(z: Any, place: int) -> None:
    """One user less of a place's record: the strand, the queue or a watch."""
    z.records[place, at.PLACE_USERS] -= 1
    if z.records[place, at.PLACE_USERS] == 0:
        free_record(z, place)


@compiled
def grant(b: Any, z: Any, row: int) -> None:
    """At most one request that waits gets a place, as SimPy has it."""
    k, records, station = z.k, z.records, b.sheet[row, at.STATION_K]
    if k[station + at.WAITING] == 0 or k[station + at.USERS] >= b.sheet[row, at.SERVERS]:
        return
    accrue(k, station)
    place = from_queue(z, station)
    while records[place, at.PLACE_STATE] == at.GIVEN_UP:
        let_place_go(z, place)
        place = from_queue(z, station)
    k[station + at.WAITING] -= 1
    k[station + at.USERS] += 1
    records[place, at.PLACE_STATE] = at.TAKEN
    schedule(z, k[at.NOW], (records[place, at.OF_STRAND] << at.KIND_BITS) | at.GO)


@compiled
def from_queue(z: Any, station: int) -> int:
    """Take the first of a station's queue."""
    place = z.k[station + at.QUEUE_HEAD]
    z.k[station + at.QUEUE_HEAD] = z.records[place, at.PLACE_NEXT]
    return place


@compiled
def release(b: Any, z: Any, strand: int, pc: int) -> int:
    """Leave the station: the place there that was taken last."""
    records, row, above = z.records, b.sheet[pc, at.A], at.NONE
    place = records[strand, at.PLACES]
    while place != at.NONE and records[place, at.PLACE_STATION] != row:
        above, place = place, records[place, at.PLACE_BELOW]
    records[strand, at.PC] = pc + 1
    if place == at.NONE:  # the loader refuses such a pipeline
        return at.NEXT
    if above == at.NONE:
        records[strand, at.PLACES] = records[place, at.PLACE_BELOW]
    else:
        records[above, at.PLACE_BELOW] = records[place, at.PLACE_BELOW]
    give_up(b, z, place)
    return at.NEXT


@compiled
def give_up(b: Any, z: Any, place: int) -> None:
    """As `stations.give_up`: who waits gets the place in an event of its own. What only waited stays in the queue
    until its turn, as nobody's."""
    records, row = z.records, z.records[place, at.PLACE_STATION]
    station = b.sheet[row, at.STATION_K]
    accrue(z.k, station)
    if records[place, at.PLACE_STATE] == at.TAKEN:
        z.k[station + at.USERS] -= 1
        schedule(z, z.k[at.NOW], (row << at.KIND_BITS) | at.RELEASED)
        records[place, at.PLACE_STATE] = at.GIVEN_UP
        let_place_go(z, place)
    else:
        z.k[station + at.WAITING] -= 1
        records[place, at.PLACE_STATE] = at.GIVEN_UP


@compiled
def vacate(b: Any, z: Any, strand: int, depth: int) -> None:
    """As `Reference.vacate`."""
    records, place = z.records, z.records[strand, at.PLACES]
    while place != at.NONE and records[place, at.PLACE_DEPTH] >= depth:
        below = records[place, at.PLACE_BELOW]
        give_up(b, z, place)
        place = below
    records[strand, at.PLACES] = place
