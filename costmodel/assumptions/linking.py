"""Check that everything a pipeline names exists: functions, handlers, operations, tables, flows, queues, meters."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import Any

from costmodel.assumptions.checking import dotted, nearest, place_of
from costmodel.assumptions.pipeline import Each, Pipeline, Standing, Step
from costmodel.assumptions.reading import FILES_KEPT, Table
from costmodel.assumptions.scenario import Scenario
from costmodel.assumptions.service import Service
from costmodel.assumptions.sharing import Same
from costmodel.errors import InputError, Problem

DELIVERY = "delivery"  # the latency a messaging service gives between publishing and the start of its consumer
Loc = tuple[str | int, ...]
Fault = tuple[Loc, str, str]


def check_links(pipeline: Pipeline, services: dict[str, Service], scenario: Scenario | None, table: Table) -> None:
    """Raises InputError with every reference in `pipeline` that leads nowhere, and every synchronous cycle.

    Fates stand in scenarios; without one they are not checked.
    """
    faults = [*_step_faults(pipeline, services, scenario), *_other_faults(pipeline, services), *_cycles(Same(pipeline))]
    if faults:
        raise InputError(Problem(*place_of(table, loc), dotted(loc), wrong, remedy) for loc, wrong, remedy in faults)


def steps_below(steps: tuple[Step, ...], loc: Loc) -> Iterator[tuple[Loc, Step]]:
    """Every step of a program with where it stands, nested ones included."""
    for index, step in enumerate(steps):
        here = (*loc, index)
        yield here, step
        for key in ("each", "steps", "otherwise"):
            yield from steps_below(getattr(step, key) or (), (*here, key))
        for number, branch in enumerate(step.parallel or ()):
            yield from steps_below(branch, (*here, "parallel", number))


def all_steps(pipeline: Pipeline) -> Iterator[tuple[Loc, Step]]:
    """Every step of every handler and flow."""
    for kind, programs in (("handlers", pipeline.handlers), ("flows", pipeline.flows)):
        for name, program in programs.items():
            yield from steps_below(program.steps, (kind, name, "steps"))


def _step_faults(pipeline: Pipeline, services: dict[str, Service], scenario: Scenario | None) -> Iterator[Fault]:
    known: dict[str, Any] = {
        "work": pipeline.work, "api": pipeline.handlers, "invoke": pipeline.handlers, "table": pipeline.tables,
        "starts": {n: f for n, f in pipeline.flows.items() if f.starts == "event"}, "due": pipeline.waits,
        "queue": {f.takes: f for f in pipeline.flows.values() if f.takes}, "acquire": pipeline.stations,
        "release": pipeline.stations, "fate": _fates(pipeline, scenario),
    }  # fmt: skip
    for loc, step, words in _references(Same(pipeline)):
        for key, word in words:
            if word not in known[key]:
                yield (*loc, key), f"no such {_NOUN.get(key, key)}: `{word}`", nearest(word, known[key])
        if step.call is not None:
            yield from _call_faults(step, loc, services)
        if step.api is not None and pipeline.api_service is None:
            yield (*loc, "api"), "the pipeline has no api_service", 'add `api_service = "appsync"`'


@lru_cache(maxsize=FILES_KEPT)
def _references(pipeline: Same) -> tuple[tuple[Loc, Step, tuple[tuple[str, str], ...]], ...]:
    """Every step of a pipeline with where it stands and what it names."""
    return tuple(
        (loc, step, tuple((key, word) for key in _REFERRING if (word := getattr(step, key)) is not None))
        for loc, step in all_steps(pipeline.thing)
    )


_REFERRING = ("work", "api", "invoke", "table", "starts", "due", "queue", "acquire", "release", "fate")


def _fates(pipeline: Pipeline, scenario: Scenario | None) -> Collection[str]:
    """The fates a step may name: those of the scenario; any where there is none."""
    if scenario is None:
        return {step.fate for _, step, _ in _references(Same(pipeline)) if step.fate}
    return scenario.workload.fates


_NOUN = {"api": "handler", "invoke": "handler", "starts": 'flow with starts = "event"', "due": "wait",
         "queue": "queue (no scheduled flow takes it)", "acquire": "station", "release": "station",
         "work": "work law"}  # fmt: skip


def _call_faults(step: Step, loc: Loc, services: dict[str, Service]) -> Iterator[Fault]:
    service, _, operation = str(step.call).partition(".")
    if service not in services:
        yield (*loc, "call"), f"no such service: `{service}`", nearest(service, services)
    elif operation not in services[service].operation:
        known = services[service].operation
        yield (*loc, "call"), f"{service} has no operation `{operation}`", nearest(operation, known)
    else:
        used = services[service].operation[operation]
        sized = [m for m in used.uses if services[service].meter[m].kind == "per_size"]
        if sized and step.size_kb is None and step.table is None:
            yield loc, f"{step.call} counts by size", "give `size_kb` or `table`"
        if step.starts is not None and DELIVERY not in {law.operation for law in services[service].latency}:
            remedy = f'add a [[latency]] with operation = "{DELIVERY}" to services/{service}.toml'
            yield (*loc, "starts"), f"{service} does not say how long a message takes", remedy


def _other_faults(pipeline: Pipeline, services: dict[str, Service]) -> Iterator[Fault]:
    for name, handler in pipeline.handlers.items():
        if handler.function not in pipeline.functions:
            yield (
                ("handlers", name, "function"),
                f"no such function: `{handler.function}`",
                nearest(handler.function, pipeline.functions),
            )
    for name, flow in pipeline.flows.items():
        if flow.schedule is not None and flow.schedule not in pipeline.schedules:
            yield (
                ("flows", name, "schedule"),
                f"no such schedule: `{flow.schedule}`",
                nearest(flow.schedule, pipeline.schedules),
            )
    rows: dict[str, tuple[Standing | Each, ...]] = {"static": pipeline.static, "each": pipeline.each}
    for kind, entries in rows.items():
        for index, row in enumerate(entries):
            loc: Loc = (kind, index)
            if row.service not in services:
                yield (*loc, "service"), f"no such service: `{row.service}`", nearest(row.service, services)
            elif row.meter not in services[row.service].meter:
                yield (
                    (*loc, "meter"),
                    f"{row.service} has no meter `{row.meter}`",
                    nearest(row.meter, services[row.service].meter),
                )


@lru_cache(maxsize=FILES_KEPT)
def _cycles(pipeline: Same) -> tuple[Fault, ...]:
    """Handlers that would wait for themselves."""
    return tuple(_own_callers(pipeline.thing))


def _own_callers(pipeline: Pipeline) -> Iterator[Fault]:
    calls = {
        name: [s.invoke or s.api for _, s in steps_below(h.steps, ()) if s.invoke or s.api]
        for name, h in pipeline.handlers.items()
    }
    for name in calls:
        trail, seen = [name], {name}
        while trail:
            here = trail.pop()
            for callee in calls.get(here, ()):
                if callee == name:
                    wrong = "calls itself, directly or through others"
                    yield ("handlers", name), wrong, "break the cycle with a message"
                    trail = []
                    break
                if callee is not None and callee not in seen:
                    seen.add(callee)
                    trail.append(callee)
