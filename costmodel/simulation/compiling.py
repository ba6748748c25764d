"""Compile a pipeline with its services and workload into a Plan."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import lru_cache

from costmodel.assumptions.by_month import each, is_column
from costmodel.assumptions.catalog import Assumptions
from costmodel.assumptions.fields import Law
from costmodel.assumptions.linking import DELIVERY, steps_below
from costmodel.assumptions.pipeline import Flow, Handler, Step
from costmodel.assumptions.sharing import Same
from costmodel.simulation import platform
from costmodel.simulation.draws import name_key
from costmodel.simulation.metered import Metered
from costmodel.simulation.plan import TIMERS, FatePlan, FlowPlan, Instruction, Op, Outcome, Plan, StationPlan, When
from costmodel.simulation.tables import LawTable, law_table

METHODS = ("card", "ach")
PAYMENT, FORM = TIMERS
PPM = 10**6
NO_LIMIT = 2**62
PLANS_KEPT = 2**3
INVOCATION = "invoke"  # what a warm invocation adds to the handler, as its caller sees it


def compile_plan(assumptions: Assumptions) -> Plan:
    """The Plan of a scenario. Its assumptions have been checked; this step only lays them out.

    The same one for scenarios that differ in what no plan is made of.
    """
    workload = assumptions.scenario.workload
    figures = [workload.commission.value]
    figures += [figure for fate in workload.fates.values() for figure in (fate.share.value, fate.lag.scale)]
    if any(map(is_column, figures)):
        return _Compiler(assumptions).plan()
    said = repr((workload.fates, workload.commission.value, workload.payouts_per_payment, workload.payout_policy))
    services = tuple((name, Same(service)) for name, service in assumptions.services.items())
    return _compiled(_Source(Same(assumptions.pipeline), services, said, assumptions.scenario.on, assumptions))


@dataclass(frozen=True)
class _Source:
    """What a plan is made of: records by their identity, and what the workload says in words."""

    pipeline: Same
    services: tuple[tuple[str, Same], ...]
    workload: str
    on: dt.date
    assumptions: Assumptions = field(compare=False)


@lru_cache(maxsize=PLANS_KEPT)
def _compiled(source: _Source) -> Plan:
    return _Compiler(source.assumptions).plan()


@dataclass
class _Frame:
    """An enclosing request or invocation, to be left properly when a payment ends inside it."""

    leave: Op


@dataclass
class _Compiler:
    assumptions: Assumptions
    code: list[Instruction] = field(default_factory=list)
    laws: list[LawTable] = field(default_factory=list)
    frames: list[_Frame] = field(default_factory=list)
    known_laws: dict[int, int] = field(default_factory=dict)
    form: tuple[Step | None, Step | None] = (None, None)

    def __post_init__(self) -> None:
        pipeline = self.assumptions.pipeline
        self.metered = Metered(self.assumptions)
        self.flow_index = {name: index for index, name in enumerate(pipeline.flows)}
        self.queue_index = {name: i for i, name in enumerate(_unique(f.takes for f in pipeline.flows.values()))}
        self.wait_index = {name: i for i, name in enumerate(pipeline.waits)}
        self.function_index = {name: i for i, name in enumerate(pipeline.functions)}
        self.fate_index = {name: i for i, name in enumerate(self.assumptions.scenario.workload.fates)}
        self.station_index = {name: i for i, name in enumerate(pipeline.stations)}
        self.schedule_index = {name: i for i, name in enumerate(pipeline.schedules)}

    # --- the whole ------------------------------------------------------------------------------------

    def plan(self) -> Plan:
        pipeline, workload = self.assumptions.pipeline, self.assumptions.scenario.workload
        flows = tuple(self._flow(name, flow) for name, flow in pipeline.flows.items())
        risk = pipeline.risk
        outages = platform.outages(self.assumptions)
        return Plan(
            code=tuple(self.code),
            flows=flows,
            steps=tuple(self.metered.step_plans(outages)),
            functions=tuple(platform.functions(self.assumptions, self.law)),
            tables=tuple(self.metered.tables),
            quotas=tuple(self.metered.quotas),
            fates=tuple(self._fates()),
            stations=tuple(StationPlan(n, s.servers, s.capacity or 0) for n, s in pipeline.stations.items()),
            queues=tuple(self.queue_index),
            waits=tuple(pipeline.waits.values()),
            schedules=tuple(pipeline.schedules.values()),
            outages=tuple(outages),
            outage_laws=tuple((rate, self.law(law)) for rate, law in outages.values()),
            compute=platform.compute(self.assumptions, list(outages)),
            retry=platform.retry(self.assumptions),
            api_timeout_ns=platform.api_timeout_ns(pipeline),
            duplicate_share=pipeline.duplicate_share.value if pipeline.duplicate_share else Decimal(0),
            batches_at_once=each(int, pipeline.batches_at_once.value) if pipeline.batches_at_once else NO_LIMIT,
            most_under_way=each(int, pipeline.most_under_way.value) if pipeline.most_under_way else NO_LIMIT,
            risk_law=self.law(risk.score) if risk else -1,
            risk_thresholds=platform.thresholds(risk),
            payouts_per_payment=workload.payouts_per_payment,
            per_provider=workload.payout_policy == "per_provider",
            commission_ppm=each(int, workload.commission.value * PPM),
            laws=tuple(self.laws),
        )

    def law(self, law: Law) -> int:
        """The index of a law's table; each law is tabulated once."""
        if id(law) not in self.known_laws:
            self.known_laws[id(law)] = len(self.laws)
            self.laws.append(law_table(law))
        return self.known_laws[id(law)]

    def _fates(self) -> Iterable[FatePlan]:
        for name, fate in self.assumptions.scenario.workload.fates.items():
            yield FatePlan(name, name_key(f"fate/{name}"), fate.share.value, self.law(fate.lag))

    def _flow(self, name: str, flow: Flow) -> FlowPlan:
        start = len(self.code)
        timed = [step for _, step in steps_below(flow.steps, ()) if step.timer == FORM]
        self.form = (timed[0], timed[-1]) if timed else (None, None)
        whole = flow.starts == "payment" and not timed
        if whole:
            self._timer(FORM, start=True)
        self._steps(flow.steps, name)
        if whole:
            self._timer(FORM, start=False)
        self._put(Op.STOP)
        return FlowPlan(
            name=name,
            start=start,
            trigger=flow.starts,
            methods=tuple(METHODS.index(method) for method in flow.methods),
            schedule=self.schedule_index.get(flow.schedule or "", -1),
            queue=self.queue_index.get(flow.takes or "", -1),
            most_entries=flow.most_entries or 1,
            idempotent=flow.idempotent,
            groups_by_provider=any(step.when == "first_of_provider" for step in _nested(flow.steps, self._handler)),
        )

    def _handler(self, name: str) -> Handler:
        return self.assumptions.pipeline.handlers[name]

    # --- steps ----------------------------------------------------------------------------------------

    def _put(self, op: Op, path: str = "", *, step: int = -1, a: int = 0, b: int = 0, jump: int = -1) -> int:
        self.code.append(Instruction(op, name_key(path) if path else 0, step, a, b, jump))
        return len(self.code) - 1

    def _land(self, at: int) -> None:
        """Let the instruction at `at` jump to the next one to be put."""
        self.code[at] = replace(self.code[at], jump=len(self.code))

    def _steps(self, steps: tuple[Step, ...], path: str) -> None:
        for step in steps:
            self._step(step, f"{path}/{step.name}")

    def _step(self, step: Step, path: str) -> None:
        """One step, timed if it says so: the form's clock runs from its first timed step to its last."""
        if step.timer == PAYMENT or step is self.form[0]:
            self._timer(step.timer or FORM, start=True)
        getattr(self, f"_{step.verb}")(step, path)
        if step.timer == PAYMENT or step is self.form[1]:
            self._timer(step.timer or FORM, start=False)

    def _timer(self, name: str, *, start: bool) -> None:
        self._put(Op.TIMER, a=TIMERS.index(name), b=0 if start else 1)

    def _work(self, step: Step, path: str) -> None:
        self._put(Op.WORK, path, a=self.law(self.assumptions.pipeline.work[str(step.work)]))

    def _call(self, step: Step, path: str) -> None:
        self._service_call(step, path)
        if step.starts is not None:
            service = self.assumptions.services[str(step.call).partition(".")[0]]
            self._put(Op.SPAWN, f"{path}/{DELIVERY}", a=self.flow_index[step.starts], b=self.law(service.law(DELIVERY)))

    def _service_call(self, step: Step, path: str) -> None:
        index, law = self.metered.add(step, path)
        self.metered.laws[index] = self.law(law)
        self._put(Op.CALL, path, step=index, b=int(step.on_error == "continue"))

    def _api(self, step: Step, path: str) -> None:
        """A client's request: the clock starts at its receipt by the API service."""
        begin = self._put(Op.API, path, b=int(step.on_error == "continue"))
        self.frames.append(_Frame(Op.API_END))
        service = str(self.assumptions.pipeline.api_service)
        self._service_call(step.model_copy(update={"call": f"{service}.mutation", "on_error": "raise"}), f"{path}/api")
        self._invocation(str(step.api), path, ignore_error=False)
        self.frames.pop()
        self._put(Op.API_END)
        self._land(begin)

    def _invoke(self, step: Step, path: str) -> None:
        self._invocation(str(step.invoke), path, ignore_error=step.on_error == "continue")

    def _invocation(self, name: str, path: str, *, ignore_error: bool) -> None:
        handler = self._handler(name)
        overhead = self.law(self.assumptions.services["lambda"].law(INVOCATION))
        self._put(Op.WORK, f"{path}/{INVOCATION}", a=overhead)
        begin = self._put(Op.INVOKE, f"{path}/{name}", a=self.function_index[handler.function], b=int(ignore_error))
        self.frames.append(_Frame(Op.RETURN))
        self._steps(handler.steps, f"{path}/{name}")
        self.frames.pop()
        self._put(Op.RETURN)
        self._land(begin)

    def _parallel(self, step: Step, path: str) -> None:
        fork = self._put(Op.FORK, path)
        targets = []
        for number, branch in enumerate(step.parallel or ()):
            targets.append(len(self.code))
            self._steps(branch, f"{path}/{number}")
            self._put(Op.JOIN)
        self.code[fork] = replace(self.code[fork], targets=tuple(targets), jump=len(self.code))

    def _each(self, step: Step, path: str) -> None:
        loop = self._put(Op.EACH)
        self._steps(step.each or (), path)
        self._put(Op.JUMP, jump=loop)
        self._land(loop)

    def _queue(self, step: Step, path: str) -> None:
        self._put(Op.QUEUE, path, a=self.queue_index[str(step.queue)], b=self.wait_index[str(step.due)])

    def _fate(self, step: Step, path: str) -> None:
        self._put(Op.FATE, path, a=self.fate_index[str(step.fate)], b=self.flow_index[str(step.starts)])

    def _when(self, step: Step, path: str) -> None:
        condition = When[str(step.when).upper()]
        test = self._put(Op.IF, a=int(condition))
        if condition is When.FIRST_OF_PROVIDER:
            self._payouts(step, path)
        else:
            self._steps(step.steps or (), path)
        if step.otherwise:
            leave = self._put(Op.JUMP)
            self._land(test)
            self._steps(step.otherwise, f"{path}/otherwise")
            self._land(leave)
        else:
            self._land(test)

    def _payouts(self, step: Step, path: str) -> None:
        """The steps once per payout: as many as a payment has, or one per provider and run."""
        workload = self.assumptions.scenario.workload
        copies = workload.payouts_per_payment if workload.payout_policy == "per_payment" else 1
        for copy in range(copies):
            self._steps(step.steps or (), path if copy == 0 else f"{path}#{copy + 1}")
            self._put(Op.PAYOUT, a=copy)  # made once its steps are done: those that fail are done again

    def _acquire(self, step: Step, path: str) -> None:
        self._put(Op.ACQUIRE, path, a=self.station_index[str(step.acquire)])

    def _release(self, step: Step, path: str) -> None:
        self._put(Op.RELEASE, path, a=self.station_index[str(step.release)])

    def _end(self, step: Step, path: str) -> None:
        outcome = Outcome[str(step.end).upper()]
        self._put(Op.MARK, path, a=int(outcome))
        if outcome in (Outcome.DECLINED, Outcome.FAILED):
            for frame in reversed(self.frames):
                self._put(frame.leave)
            self._put(Op.STOP)


def _unique(names: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(name for name in names if name))


def _nested(steps: tuple[Step, ...], handler: object) -> Iterable[Step]:
    for step in steps:
        yield step
        inner = [step.each, step.steps, step.otherwise, *(step.parallel or ())]
        called = step.api or step.invoke
        if called and callable(handler):
            inner.append(handler(called).steps)
        for below in inner:
            yield from _nested(below or (), handler)
