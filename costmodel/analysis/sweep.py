"""A scenario at every combination of some assumptions' values: resumable, the same on any number of workers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, as_completed
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from costmodel.analysis.executors import LostWorkerError, executor_of
from costmodel.analysis.grid import Grid, make_grid
from costmodel.analysis.points import (
    Job,
    code_sha256,
    events_sha256,
    outcomes,
    point_sha256,
    settled_engine,
    watched_outcome,
)
from costmodel.analysis.store import Store
from costmodel.analysis.swept import Point, Sweep
from costmodel.assumptions.catalog import Assumptions
from costmodel.assumptions.changes import Change, changes_from
from costmodel.errors import InputError, Problem, UsageError

MOST_POINTS = 10**5
POINTS_LOADED = 2**10
MOST_PER_TASK = 16  # points that a worker takes at a time, so that little is lost with it
S_PER_DAY = 24 * 3600
Changes = tuple[Change, ...]
Watch = Callable[[float], None]


@dataclass(frozen=True)
class Plan:
    """The points of a grid in order, their keys in the store, and the digests of the events that each leads to.

    loaded: what the first of them rest on, so that it need not be loaded again.
    """

    job: Job
    points: list[Changes]
    keys: list[str]
    events: list[str]
    loaded: list[Assumptions]

    def at(self, place: int) -> Assumptions:
        """What a point rests on."""
        return self.loaded[place] if place < len(self.loaded) else self.job.load(self.points[place])


def sweep(
    scenario: str,
    vary: Sequence[str] | Mapping[str, Any],
    *,
    set: Mapping[str, Any] | None = None,
    data: Path | str | None = None,
    seed: int | None = None,
    engine: str = "auto",
    workers: int = 1,
    dask: str | None = None,
    executor: Executor | None = None,
    store: Path | str | None = None,
    shorten: bool = False,
    watch: Watch | None = None,
) -> Sweep:
    """Run a scenario at every combination of the values that some assumptions take.

    vary: paths with lists of values or with ranges ("500:50000:60:log"), or such words as the command takes. A range of
    a count is rounded to whole numbers, half up; what then occurs twice is taken once. workers: processes of this
    machine; dask: the address of a cluster's scheduler; executor: any other, left open. store: the file that keeps
    finished points; None for `.costmodel/` in the working directory. All points share the seed, and so their luck.
    shorten: simulate a month of more payments than the scenario replicates for a shorter time at the full rate, several
    times, so that its figures have intervals.
    The rest as in `run`. Raises InputError for an empty or too large grid, and for every point that cannot be.
    """
    grid = make_grid(vary)
    changes = changes_from(dict(set or {}) | ({} if seed is None else {"seed": seed}))
    job = Job(scenario, str(data) if data else None, changes, engine, code_sha256(), shorten)
    base = job.whole()
    _check_number(grid, job)
    with Store(store) as kept:
        plan = _checked(grid, job, base)
        found = kept.find(plan.keys)
        missing = [place for place, key in enumerate(plan.keys) if key not in found]
        if missing:
            events = len({plan.events[place] for place in missing})
            plan = replace(plan, job=replace(job, engine=settled_engine(engine, base, events)))
        tell = _Teller(watch, len(plan.keys), len(plan.keys) - len(missing))
        with _taken_up_again(tell, kept), _executor(executor, workers, dask) as chosen:
            for places, texts in _computed(plan, missing, chosen, tell):
                made = [(plan.keys[place], text) for place, text in zip(places, texts, strict=True)]
                kept.keep(made)
                found.update(made)
    points = [
        Point({change.path: change.value for change in point}, kept.outcome(key, found[key]))
        for point, key in zip(plan.points, plan.keys, strict=True)
    ]
    return Sweep(base, grid.axes, tuple(points), len(points) - len(missing))


def _check_number(grid: Grid, job: Job) -> None:
    """Raises InputError for a grid of too many points, with how long it would take as the scenario itself does."""
    if grid.number <= MOST_POINTS:
        return
    outcomes(job, [()])  # loads what is loaded once
    begun = time.perf_counter()
    watched_outcome(job.load(), job.engine, lambda share: None)
    days = (time.perf_counter() - begun) * grid.number / S_PER_DAY
    axes = " × ".join(f"{axis.number:,}" for axis in grid.axes)
    wrong = f"{grid.number:,} points ({axes}), about {days:,.0f} days on one core"
    raise InputError(Problem("--vary", None, "", wrong, f"at most {MOST_POINTS:,}: vary less, or in wider steps"))


def _checked(grid: Grid, job: Job, base: Assumptions) -> Plan:
    """Every point, all of them possible. Raises InputError with what is not, at the first point that has it."""
    plan = Plan(job, list(grid.points()), [], [], [])
    problems: dict[tuple[str, str], Problem] = {}
    for number, point in enumerate(plan.points, 1):
        try:
            assumptions = job.load(point)
            plan.events.append(events_sha256(assumptions))
            plan.loaded.extend([assumptions] if number <= POINTS_LOADED else [])
        except InputError as error:
            here = f"point {number:,} of {grid.number:,} ({', '.join(map(str, point))})"
            for fault in error.problems:
                problems.setdefault((fault.key, fault.wrong), Problem(here, None, fault.key, fault.wrong, fault.remedy))
        plan.keys.append(point_sha256(base.data_sha256, job.key, point))
    if problems:
        raise InputError(problems.values())
    return plan


class _Teller:
    """Tells the share of all points that is done; those of the store count from the start."""

    def __init__(self, watch: Watch | None, number: int, done: int) -> None:
        self.watch, self.number, self.done = watch, number, done

    def add(self, points: int) -> None:
        """So many more points are done."""
        self.done += points
        self.within(0.0)

    def within(self, share: float) -> None:
        """A share of the next point is done."""
        if self.watch is not None:
            self.watch((self.done + share) / self.number)


def _executor(given: Executor | None, workers: int, dask: str | None) -> AbstractContextManager[Executor | None]:
    """The caller's executor, which stays open, or one of our own."""
    return executor_of(workers, dask) if given is None else nullcontext(given)


@contextmanager
def _taken_up_again(tell: _Teller, store: Store) -> Iterator[None]:
    """Say, when the work breaks off, that what is finished is kept."""
    try:
        yield
    except (KeyboardInterrupt, LostWorkerError) as error:
        kept = f"{tell.done:,} of {tell.number:,} points are in {store.path}, and the same command goes on from there"
        if isinstance(error, KeyboardInterrupt):
            raise KeyboardInterrupt(f"interrupted; {kept}") from None
        raise UsageError(f"a worker died, perhaps for want of memory, which fewer need less of; {kept}") from None


def _computed(
    plan: Plan, missing: list[int], executor: Executor | None, tell: _Teller
) -> Iterator[tuple[Sequence[int], list[str]]]:
    """The missing points' places and outcomes, in whatever order they are finished."""
    if executor is not None:
        yield from _by_others(plan, missing, executor, tell)
        return
    for place in _by_events(plan, missing):
        yield [place], [watched_outcome(plan.at(place), plan.job.engine, tell.within)]
        tell.add(1)


def _by_others(
    plan: Plan, missing: list[int], executor: Executor, tell: _Teller
) -> Iterator[tuple[Sequence[int], list[str]]]:
    """What an executor's workers compute; tasks that have not begun are dropped when something goes wrong."""
    tasks = _tasks(plan, missing)
    futures = {executor.submit(outcomes, plan.job, [plan.points[place] for place in task]): task for task in tasks}
    try:
        for future in as_completed(futures):
            yield futures[future], future.result()
            tell.add(len(futures[future]))
    except LostWorkerError:
        done = f"{tell.done:,} of {tell.number:,} points are kept"
        raise UsageError(
            f"a worker process died ({done}); if memory ran out, give fewer --workers, and again"
        ) from None
    finally:
        for future in futures:
            future.cancel()


def _tasks(plan: Plan, missing: list[int]) -> list[list[int]]:
    """The places of points that one worker computes together: those that share their events, some at a time."""
    tasks: list[list[int]] = []
    for place in _by_events(plan, missing):
        if tasks and len(tasks[-1]) < MOST_PER_TASK and plan.events[tasks[-1][0]] == plan.events[place]:
            tasks[-1].append(place)
        else:
            tasks.append([place])
    return tasks


def _by_events(plan: Plan, places: list[int]) -> list[int]:
    """The places with those that share their events next to each other, else in order."""
    first: dict[str, int] = {}
    for place in places:
        first.setdefault(plan.events[place], place)
    return sorted(places, key=lambda place: (first[plan.events[place]], place))
