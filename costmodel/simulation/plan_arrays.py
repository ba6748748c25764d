"""A Plan, its payments and its timetable as flat integer arrays, laid out as `layout` says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from costmodel.simulation import layout as at
from costmodel.simulation.draws import SHARE_BITS, name_key, stream_key
from costmodel.simulation.kernel_tables import on_cache_lines
from costmodel.simulation.payments import Payments
from costmodel.simulation.plan import FlowPlan, FunctionPlan, Instruction, Op, Plan, StepPlan
from costmodel.simulation.tables import LawTable
from costmodel.simulation.timetable import Timetable

IntArray = npt.NDArray[np.int64]
LONG_AGO = -at.NEVER
NEAR_AT_FIRST = 2**9  # near events before the horizon is drawn
MOST_PER_STEP = 32  # records, cells, events or words that one step may need, beside its branches
MOST_PAGES_PER_STEP = 4  # beside those of its batch


def signed(bits: int) -> int:
    """A 64-bit pattern as a signed integer."""
    return bits - 2**64 if bits >= 2**63 else bits


def threshold(share: Decimal) -> int:
    """A share as `uniform_below` compares it."""
    return int(share * 2**SHARE_BITS)


def law_rows(plan: Plan) -> IntArray:
    """The laws' tables."""
    return np.array([law.edges for law in plan.laws], np.int64).reshape(-1, at.LAW_COLUMNS)


def only_value(law: LawTable) -> int:
    """The value of a law that has only one, or NONE."""
    return int(law.edges[0]) if law.edges.min() == law.edges.max() else at.NONE


@dataclass
class PlanArrays:
    """Lays a plan out: `book` for the kernel to read, `k` to work on."""

    plan: Plan
    payments: Payments
    timetable: Timetable
    seed: int
    rows: list[list[int]] = field(default_factory=list)
    lists: list[int] = field(default_factory=list)
    k: list[int] = field(default_factory=lambda: [0] * at.FIXED)

    def __post_init__(self) -> None:
        plan = self.plan
        self.rows = [[0] * at.SHEET_COLUMNS for _ in plan.code]
        self.only = [only_value(law) for law in plan.laws]
        self.outages = [self._outage(spans) for spans in self.timetable.outages]
        self.tables = [self._counters([table.opening_rows]) for table in plan.tables]
        self.buckets = [self._counters([LONG_AGO]) for _ in plan.quotas]
        self.steps = [self._row(*self._step(step)) for step in plan.steps]
        self.functions = [self._row(*self._function(function)) for function in plan.functions]
        self.waits = [self._row(*self._wait(index)) for index in range(len(plan.waits))]
        self.lines: dict[tuple[int, int], int] = {}
        self.returned = [self._counters([at.NONE] * 2) for _ in plan.queues]
        self._place_lines()
        self.queues = [self._row(*self._queue(index)) for index in range(len(plan.queues))]
        self.flows = [self._row(*self._flow(flow)) for flow in plan.flows]
        self.fates = [
            self._row(signed(stream_key(self.seed, "fate", fate.key)), threshold(fate.share), fate.law)
            for fate in plan.fates
        ]
        self.stations = [
            self._row(s.servers, s.capacity, self._counters([0, 0, at.NONE, at.NONE])) for s in plan.stations
        ]
        for pc, instruction in enumerate(plan.code):
            self.rows[pc] = self._padded(self._instruction(instruction))
        self._scalars()

    def book(self) -> dict[str, npt.NDArray[Any]]:
        """What the kernel only reads: the sheet, lists of numbers, tables of laws, and the payments."""
        payments = self.payments
        return {
            "sheet": _sheet(self.rows),
            "lists": np.array([*self.lists, 0], np.int64),
            "laws": law_rows(self.plan),
            "arrival": np.ascontiguousarray(payments.arrival_ns, np.int64),
            "amount": np.ascontiguousarray(payments.amount_cents, np.int64),
            "method": np.ascontiguousarray(payments.method, np.int8),
            "provider": np.ascontiguousarray(payments.provider, np.int32),
        }

    # --- rows and lists -------------------------------------------------------------------------------

    def _padded(self, values: Sequence[int]) -> list[int]:
        return [int(value) for value in values] + [0] * (at.SHEET_COLUMNS - len(values))

    def _row(self, *values: int) -> int:
        self.rows.append(self._padded(values))
        return len(self.rows) - 1

    def _list(self, values: Iterable[int]) -> tuple[int, int]:
        """Where the values stand in the lists, and how many they are."""
        begin = len(self.lists)
        self.lists += [int(value) for value in values]
        return begin, len(self.lists) - begin

    def _counters(self, first: Iterable[int]) -> int:
        """Where in k counters with these first values stand."""
        begin = len(self.k)
        self.k += first
        return begin

    # --- parts of the plan ----------------------------------------------------------------------------

    def _outage(self, spans: tuple[tuple[int, int], ...]) -> int:
        begin, _ = self._list([start for start, _ in spans] + [end for _, end in spans])
        return self._row(begin, len(spans), self._counters([0, 0, LONG_AGO])) if spans else at.NONE

    def _outage_row(self, index: int) -> int:
        return self.outages[index] if index >= 0 else at.NONE

    def _step(self, step: StepPlan) -> list[int]:
        begin, length = self._list(number for quota in step.quotas for number in self._quota(quota, step.units))
        return [
            step.law,
            self.only[step.law],
            self._outage_row(step.outage),
            begin,
            begin + length,
            self._counters([0] * at.STEP_COUNTERS),
            self._rare(step) if step.scan_chunk_bytes or step.stores_bytes else at.NONE,
        ]

    def _quota(self, index: int, units: int) -> tuple[int, int, int]:
        quota = self.plan.quotas[index]
        return self.buckets[index], quota.interval_ns * units, quota.interval_ns * quota.burst

    def _rare(self, step: StepPlan) -> int:
        table = self.plan.tables[step.table]
        places = (self.tables[step.table], table.row_bytes, table.scan_page_bytes)
        return self._row(step.scan_chunk_bytes, *places, step.stores_bytes, step.adds_row)

    def _function(self, function: FunctionPlan) -> list[int]:
        counts = [0] * (2 * at.FUNCTION_KINDS)
        pool = [0, 0, at.NONE, function.provisioned, LONG_AGO]
        inits = self._list(function.init_laws)
        return [function.timeout_ns, function.reserved, *inits, self._counters(counts + pool)]

    def _wait(self, index: int) -> tuple[int, int]:
        due = self.timetable.due[index]
        return (self._list(due)[0] if due else at.NONE, self.timetable.delays[index])

    def _place_lines(self) -> None:
        """One line of money per queue and wait that occur together: within it, entries stay in order of due time."""
        for instruction in self.plan.code:
            if instruction.op is Op.QUEUE and (instruction.a, instruction.b) not in self.lines:
                self.lines[instruction.a, instruction.b] = self._counters([at.NONE, 0, at.NONE, 0])

    def _queue(self, index: int) -> list[int]:
        lines = [place for (queue, _), place in self.lines.items() if queue == index]
        return [*self._list(lines), self.returned[index]]

    def _flow(self, flow: FlowPlan) -> list[int]:
        fires = self.timetable.fires[flow.schedule] if flow.trigger == "schedule" else ()
        return [
            flow.start,
            flow.trigger == "payment",
            self.queues[flow.queue] if flow.queue >= 0 else at.NONE,
            flow.most_entries,
            flow.groups_by_provider and self.plan.per_provider,
            self._counters([0, 0, 0]),
            *self._list(fires),
        ]

    def _instruction(self, instruction: Instruction) -> list[int]:
        luck = "choice" if instruction.op is Op.SPAWN else "retry"
        keys = [signed(stream_key(self.seed, name, instruction.key)) for name in ("duration", luck)]
        step, number = self.steps[instruction.step] if instruction.step >= 0 else at.NONE, 0
        if instruction.op is Op.FORK:
            step, number = self._list(instruction.targets)
        if instruction.op is Op.WORK:
            number = self.only[instruction.a]
        return [instruction.op, *keys, *self._operands(instruction), instruction.jump, step, number]

    def _operands(self, instruction: Instruction) -> tuple[int, int]:
        """The operands, with rows of the sheet in place of indexes."""
        a, b = instruction.a, instruction.b
        match instruction.op:
            case Op.INVOKE:
                return self.functions[a], b
            case Op.SPAWN:
                return self.flows[a], b
            case Op.FATE:
                return self.fates[a], self.flows[b]
            case Op.QUEUE:
                return self.lines[a, b], self.waits[b]
            case Op.ACQUIRE | Op.RELEASE:
                return self.stations[a], b
        return a, b

    # --- scalars --------------------------------------------------------------------------------------

    def _scalars(self) -> None:
        for place, value in {**self._rules(), **self._money(), **self._run(), **self._free_lists()}.items():
            self.k[place] = int(value)

    def _rules(self) -> dict[int, int]:
        compute, retry = self.plan.compute, self.plan.retry
        carved = sum(max(function.provisioned, function.reserved) for function in self.plan.functions)
        delays_at, delays = self._list(retry.async_delays_ns)
        return {
            at.API_TIMEOUT: self.plan.api_timeout_ns,
            at.KEEP_ALIVE: compute.keep_alive_ns,
            at.LIFE: compute.life_ns,
            at.SHARED: compute.account_concurrency - carved,
            at.SCALE_INTERVAL: compute.scale_interval_ns,
            at.SCALE_DEPTH: compute.scale_interval_ns * compute.scale_burst,
            at.INCREMENT: compute.billing_increment_ns,
            at.INIT_BILLED: compute.init_billed,
            at.LAMBDA_OUTAGE: self._outage_row(compute.outage),
            at.ATTEMPTS: retry.attempts,
            at.BASE: retry.base_ns,
            at.LONGEST: retry.most_ns,
            at.DELAYS_AT: delays_at,
            at.DELAYS: delays,
            at.REQUEUE_BASE: retry.requeue_base_ns,
            at.REQUEUE_MOST: retry.requeue_most_ns,
            at.REQUEUE_AGE: retry.requeue_age_ns,
        }

    def _money(self) -> dict[int, int]:
        plan = self.plan
        review, block, critical = plan.risk_thresholds
        return {
            at.DUPLICATE_SHARE: threshold(plan.duplicate_share),
            at.RISK_KEY: signed(stream_key(self.seed, "risk", name_key("risk"))),
            at.RISK_LAW: plan.risk_law % max(1, len(plan.laws)),
            at.REVIEW_ABOVE: review,
            at.BLOCK_ABOVE: block,
            at.CRITICAL_ABOVE: critical,
            at.PARTS: plan.payouts_per_payment,
            at.PER_PROVIDER: plan.per_provider,
            at.COMMISSION: plan.commission_ppm,
        }

    def _run(self) -> dict[int, int]:
        midnights_at, midnights = self._list(self.timetable.midnights)
        bank_days_at, _ = self._list(self.timetable.bank_days)
        starts = {method: row for row, flow in zip(self.flows, self.plan.flows, strict=True)
                  if flow.trigger == "payment" for method in flow.methods}  # fmt: skip
        return {
            at.START: self.payments.window[0],
            at.END: self.payments.window[1],
            at.FIRST_MEASURED: self.payments.measured[0],
            at.PAYMENTS: len(self.payments.arrival_ns),
            at.MIDNIGHTS_AT: midnights_at,
            at.MIDNIGHTS: midnights,
            at.BANK_DAYS_AT: bank_days_at,
            at.FLOW_OF_METHOD: starts.get(0, at.NONE),
            at.FLOW_OF_METHOD + 1: starts.get(1, at.NONE),
        }

    def _free_lists(self) -> dict[int, int]:
        """Nothing is free before the first memory is given; one step may need as much as `MARGIN`."""
        forks = max((len(instruction.targets) for instruction in self.plan.code), default=0)
        batches = max((flow.most_entries for flow in self.plan.flows), default=0)
        return {
            at.RECORD_POOL: at.NONE,
            at.CELL_POOL: at.NONE,
            at.PAGE_POOL: at.NONE,
            at.HORIZON: at.FOR_EVER,
            at.NEAR_MOST: NEAR_AT_FIRST,
            at.MARGIN: forks + MOST_PER_STEP,
            at.PAGES_MARGIN: batches // at.ENTRIES + MOST_PAGES_PER_STEP,
            at.MOST_SORTED: batches,
        }


def _sheet(rows: list[list[int]]) -> IntArray:
    """The rows, each on a cache line of its own."""
    sheet = on_cache_lines(len(rows), at.SHEET_COLUMNS)
    sheet[:] = rows
    return sheet
