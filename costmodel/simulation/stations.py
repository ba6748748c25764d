"""Stations in the reference engine: queues with servers, and the places that strands take or wait for there."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from costmodel.simulation.plan import Instruction
from costmodel.simulation.strands import NEVER, Place, Strand, depth_of

if TYPE_CHECKING:
    from costmodel.simulation.reference import Reference


def acquire(engine: Reference, strand: Strand, instruction: Instruction) -> bool:
    """Wait for a place at a station; a full one refuses."""
    station, plan = engine.stations[instruction.a], engine.plan.stations[instruction.a]
    if plan.capacity and station.count + len(station.queue) >= plan.capacity:
        engine.counts.refused += engine.cohort(strand)
        return engine.fail(strand)
    place = Place(instruction.a, station.request(), depth_of(strand.frame))
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
    if place.request.triggered:
        engine.stations[place.station].release(place.request)
    else:
        place.request.cancel()
