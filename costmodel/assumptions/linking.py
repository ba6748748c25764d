"""Check that everything a pipeline names exists: functions, handlers, operations, tables, flows, queues, meters."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import Any

from costmodel.assumptions.checking import dotted, nearest, place_of
from costmodel.assumptions.pipeline import Each, Pipeline, Standing, Step
from costmodel.assumptions.reading import FILES_KEPT, Table
from costmodel.assumptions.scenario import Scenario, Workload
from costmodel.assumptions.service import Service
from costmodel.assumptions.sharing import Same
from costmodel.errors import InputError, Problem

DELIVERY = "delivery"  # the latency a messaging service gives between publishing and the start of its consumer
SHARES = ("international", "conversion", "manual_entry")  # of the card payments
Loc = tuple[str | int, ...]
Fault = tuple[Loc, str, str]


class UnservedError(InputError):
    """A pipeline does not take payments of the workload, or has no price for them."""


def check_links(pipeline: Pipeline, services: dict[str, Service], scenario: Scenario | None, table: Table) -> None:
    """Raises InputError with every reference in `pipeline` that leads nowhere, and every synchronous cycle.

    Fates, methods of payment and shares of card payments stand in scenarios; without one they are not checked. Where
    the pipeline is sound and only does not take the scenario's payments, the error is an UnservedError.
    """
    faults = [*_step_faults(pipeline, services, scenario), *_other_faults(pipeline, services), *_cycles(Same(pipeline)),
              *_places(Same(pipeline))]  # fmt: skip
    unserved = [*_unserved(pipeline, scenario.workload)] if scenario is not None else []
    if faults or unserved:
        error = InputError if faults else UnservedError
        raise error(
            Problem(*place_of(table, loc), dotted(loc), wrong, remedy) for loc, wrong, remedy in faults + unserved
        )


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
    yield from _carved_out(pipeline, services)
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


def programs_of(pipeline: Pipeline) -> Iterator[tuple[Loc, tuple[Step, ...]]]:
    """Every list of steps, nested ones too."""
    for kind, programs in (("handlers", pipeline.handlers), ("flows", pipeline.flows)):
        for name, program in programs.items():
            yield (kind, name, "steps"), program.steps
    for loc, step in all_steps(pipeline):
        for key in ("each", "steps", "otherwise"):
            yield (*loc, key), getattr(step, key) or ()
        for number, branch in enumerate(step.parallel or ()):
            yield (*loc, "parallel", number), branch


@lru_cache(maxsize=FILES_KEPT)
def _places(pipeline: Same) -> tuple[Fault, ...]:
    """Places at stations that are not taken and left in the same list of steps."""
    return tuple(_left_open(pipeline.thing))


def _left_open(pipeline: Pipeline) -> Iterator[Fault]:
    for loc, steps in programs_of(pipeline):
        taken: list[tuple[int, str]] = []
        for index, step in enumerate(steps):
            if step.acquire is not None:
                taken.append((index, step.acquire))
            if step.release is not None:
                found = next((place for place in reversed(taken) if place[1] == step.release), None)
                if found is None:
                    remedy = f'put `acquire = "{step.release}"` before it, in the same list of steps'
                    yield (*loc, index, "release"), f"no place at `{step.release}` was taken here", remedy
                else:
                    taken.remove(found)
        for index, station in taken:
            remedy = f'put `release = "{station}"` after it, in the same list of steps'
            yield (*loc, index, "acquire"), f"the place at `{station}` is never left", remedy


def _unserved(pipeline: Pipeline, workload: Workload) -> Iterator[Fault]:
    """Payments of the workload that the pipeline does not take, or takes without a price."""
    taken = {method for flow in pipeline.flows.values() if flow.starts == "payment" for method in flow.methods}
    for method, share in workload.methods.items():
        if share and method not in taken:
            wrong = f"the workload has payments by {method}, which the pipeline {pipeline.name} does not take"
            yield ("flows",), wrong, f'add a flow with methods = ["{method}"], or set workload.methods'
    priced = {each.share for each in pipeline.each}
    for name in SHARES:
        if workload.methods.get("card") and workload.share_of(name) and name not in priced:
            wrong = f"no price is known for the workload's {name}_share of card payments"
            yield ("each",), wrong, f'add an [[each]] with share = "{name}", or set workload.{name}_share=0'


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


def _carved_out(pipeline: Pipeline, services: dict[str, Service]) -> Iterator[Fault]:
    """Functions that set aside more of the account's concurrency than there is, or leave the others none."""
    carved = {name: max(f.reserved_concurrency or 0, f.provisioned_concurrency)
              for name, f in pipeline.functions.items()}  # fmt: skip
    own = pipeline.account_concurrency
    if own is None:
        own = services["lambda"].parameter.get("account_concurrency") if "lambda" in services else None
    together, others = sum(carved.values()), not all(carved.values())
    if own is not None and carved and (together > own.value or (others and together == own.value)):
        name = max(carved, key=lambda function: carved[function])
        key = "reserved" if (pipeline.functions[name].reserved_concurrency or 0) == carved[name] else "provisioned"
        wrong = f"functions set aside {together:,} environments of the account's {own.value:,}"
        yield ("functions", name, f"{key}_concurrency"), wrong, "leave some for the others, or raise the account's"
