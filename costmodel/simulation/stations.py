"""Stations in the reference engine: queues with servers, and the places that strands take or wait for there."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import simpy

from costmodel.simulation.plan import Instruction
from costmodel.simulation.strands import NEVER, Place, Strand, depth_of

if TYPE_CHECKING:
    from costmodel.simulation.reference import Reference


NS_PER_US = 1000


class Station(simpy.Resource):
    """Servers with a queue that knows how long its places were taken and waited for within a window."""

    def __init__(self, env: Any, servers: int, window: tuple[int, int]) -> None:
        super().__init__(env, servers)
        self.window, self.since = window, 0
        self.taken_ns = self.waited_ns = self.most_waiting = 0

    def accrue(self, now: int) -> None:
        """Count the time since the last change; called before the next one."""
        start, end = self.window
        span = max(0, min(now, end) - max(self.since, start))
        self.taken_ns += span * len(self.users)
        self.waited_ns += span * len(self.queue)
        self.since = now

    def _do_put(self, event: Any) -> None:
        self.accrue(int(self._env.now))
        super()._do_put(event)

    def figures(self) -> list[int]:
        """Of the whole window, as `Counts.stations` has them: nothing changes any more."""
        self.accrue(self.window[1])
        return [self.taken_ns // NS_PER_US, self.waited_ns // NS_PER_US, self.most_waiting]


def acquire(engine: Reference, strand: Strand, instruction: Instruction) -> bool:
    """Wait for a place at a station; a full one refuses."""
    station, plan = engine.stations[instruction.a], engine.plan.stations[instruction.a]
    if plan.capacity and station.count + len(station.queue) >= plan.capacity:
        engine.counts.refused += engine.cohort(strand)
        return engine.fail(strand)
    station.accrue(engine.env.now)
    place = Place(instruction.a, station.request(), depth_of(strand.frame))
    station.most_waiting = max(station.most_waiting, len(station.queue))
    strand.places.append(place)
    strand.pc += 1
    place.request.callbacks.append(strand.go)
    if not place.request.triggered:
        _watch(engine, strand, place)
    return True


def _watch(engine: Reference, strand: Strand, place: Place) -> None:
    """Wait in the queue no longer than the deadlines around the strand allow."""
    if strand.frame is not None and strand.frame.least < NEVER:
        engine.after(max(0, strand.frame.least - engine.env.now), partial(_too_late, engine, strand, place))


def _too_late(engine: Reference, strand: Strand, place: Place, _: object) -> None:
    """A deadline has come: who waits on behalf of what is lost leaves the queue."""
    if place.request.triggered or place not in strand.places:
        return
    if engine.outlives(strand):
        _watch(engine, strand, place)
    else:
        engine.finish(strand)


def release(engine: Reference, strand: Strand, instruction: Instruction) -> bool:
    """Leave the station."""
    at = max(at for at, place in enumerate(strand.places) if place.station == instruction.a)
    give_up(engine, strand.places.pop(at))
    strand.pc += 1
    return False


def give_up(engine: Reference, place: Place) -> None:
    """The place is free; who only waited for it waits no longer."""
    engine.stations[place.station].accrue(engine.env.now)
    if place.request.triggered:
        engine.stations[place.station].release(place.request)
    else:
        place.request.cancel()
