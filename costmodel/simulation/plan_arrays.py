"""A Plan, its timetable and then its payments and luck as flat integer arrays, laid out as `layout` says."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from costmodel.assumptions.by_month import each
from costmodel.simulation import layout as at
from costmodel.simulation.ahead import plain_steps, roomy_quotas, tables_of_moment
from costmodel.simulation.by_month_numbers import LawsByMonth, parted
from costmodel.simulation.draws import MASK, SHARE_BITS, mix64, mix64_many, name_key, stream_key
from costmodel.simulation.kernel_tables import on_cache_lines
from costmodel.simulation.payments import Demand, Payments
from costmodel.simulation.plan import FlowPlan, FunctionPlan, Instruction, Op, Plan, StepPlan
from costmodel.simulation.tables import LawTable
from costmodel.simulation.timetable import Outages, Timetable

IntArray = npt.NDArray[np.int64]
LONG_AGO = -at.NEVER
PLANS_KEPT = 2**3
NEAR_AT_FIRST = 2**6  # near events before the horizon is drawn
MOST_PER_STEP = 32  # records, cells, events or words that one step may need, beside its branches
MOVES_MONEY = (Op.FATE, Op.QUEUE, Op.MARK, Op.PAYOUT)
MOST_PAGES_PER_STEP = 4  # beside those of its batch


def signed(bits: int) -> int:
    """A 64-bit pattern as a signed integer."""
    return bits - 2**64 if bits >= 2**63 else bits


def threshold(share: Decimal) -> int:
    """A share as `uniform_below` compares it."""
    return each(int, share * 2**SHARE_BITS)


def keys_of(seed: int, stream: str, names: npt.NDArray[np.uint64]) -> IntArray:
    """`stream_key` of many names."""
    return mix64_many(np.uint64(mix64((seed & MASK) ^ name_key(stream))) ^ names).view(np.int64)


def whole(value: Any) -> int:
    """A figure of the plan as a whole number; a column of them where it has one for each month."""
    return each(int, value)


def only_value(law: LawTable) -> int:
    """The value of a law that has only one, or NONE."""
    return law.only_value if law.only_value is not None else at.NONE


@lru_cache(maxsize=PLANS_KEPT)
def laid_out(plan: Plan, timetable: Timetable) -> PlanArrays:
    """The arrays of a plan; the latest are kept, for replications and for the next change of what no plan is made of.

    timetable: without outages.
    """
    return PlanArrays(plan, timetable)


@dataclass
class PlanArrays:
    """Lays a plan out: what all its runs have in common, then `book` for the kernel to read and `k` to work on."""

    plan: Plan
    timetable: Timetable
    rows: list[list[int]] = field(default_factory=list)
    lists: list[int] = field(default_factory=list)
    k: list[int] = field(default_factory=lambda: [0] * at.FIXED)

    def __post_init__(self) -> None:
        plan = self.plan
        self.rows = [[0] * at.SHEET_COLUMNS for _ in plan.code]
        self.only = [only_value(law) for law in plan.laws]
        self.roomy, self.of_moment = roomy_quotas(plan), tables_of_moment(plan)
        self.plain = plain_steps(plan, self.roomy)
        self.ahead_ns = at.MOST_AHEAD_NS if any(self.plain) else 0
        self.outages = [self._row(0, 0, self._counters([0, 0, LONG_AGO])) for _ in plan.outages]
        self.tables = [self._counters([table.opening_rows]) for table in plan.tables]
        self.buckets = [self._counters([LONG_AGO, 0]) for _ in plan.quotas]
        self.steps = [self._row(*self._step(step)) for step in plan.steps]
        self.functions = [self._row(*self._function(function)) for function in plan.functions]
        self.waits = [self._row(*self._wait(index)) for index in range(len(plan.waits))]
        self.lines: dict[tuple[int, int], int] = {}
        self.returned = [self._counters([at.NONE] * 2) for _ in plan.queues]
        self._place_lines()
        self.queues = [self._row(*self._queue(index)) for index in range(len(plan.queues))]
        self.flows = [self._row(*self._flow(flow)) for flow in plan.flows]
        self.fates = [self._row(0, threshold(fate.share), fate.law) for fate in plan.fates]
        self.stations = [
            self._row(s.servers, s.capacity, self._counters([0, 0, at.NONE, at.NONE, *[0] * 6])) for s in plan.stations
        ]
        starts = [flow.start for flow in plan.flows]
        for pc, instruction in enumerate(plan.code):
            flow = plan.flows[bisect_right(starts, pc) - 1]
            self.rows[pc] = self._padded(self._instruction(instruction, flow))
        self._scalars()
        self.sheet, self.sheet_by_month = parted(self.rows, at.SHEET_COLUMNS)
        self.first_k, self.k_by_month = parted(self.k)
        self.all_lists, self.lists_by_month = parted(self.lists)
        self.names = np.array([instruction.key for instruction in plan.code], np.uint64)
        self.spawns = np.array([instruction.op is Op.SPAWN for instruction in plan.code], bool)
        self.laws = np.array([law.edges for law in plan.laws], np.int64).reshape(-1, at.LAW_COLUMNS)
        self.laws_by_month = LawsByMonth(plan.laws, self.laws)
        self.places = self._counts()

    def _counts(self) -> dict[str, IntArray]:
        """Where the counts stand in k, by name and basis."""
        steps = np.array([self.rows[row][at.STEP_K] for row in self.steps], np.int64)
        functions = np.array([self.rows[row][at.FUNCTION_K] for row in self.functions], np.int64)
        kinds = np.arange(2 * at.FUNCTION_KINDS).reshape(2, 1, at.FUNCTION_KINDS)
        both = np.arange(2)[:, None]
        return {
            "calls": steps + at.CALLS + both,
            "chunks": steps + at.CHUNKS + both,
            "stored_s": steps + at.STORED + both,
            "functions": functions[None, :, None] + kinds,
            "peak": functions + at.PEAK,
        }

    def put_month(self, month: int) -> None:
        """What follows is about one of the months in which figures of the plan differ; at first the first."""
        self.sheet_by_month.put(self.sheet, month)
        self.k_by_month.put(self.first_k, month)
        self.lists_by_month.put(self.all_lists, month)
        self.laws_by_month.put(self.laws, month)

    # --- one run --------------------------------------------------------------------------------------

    def book(self, outages: Outages, seed: int) -> dict[str, npt.NDArray[Any]]:
        """What the kernel only reads, the payments apart: the sheet, lists of numbers, and tables of laws."""
        lists = [self.all_lists]
        sheet = on_cache_lines(len(self.sheet), at.SHEET_COLUMNS)
        sheet[:] = self.sheet
        self._put_keys(sheet, seed)
        begin = len(self.lists)
        for row, spans in zip(self.outages, outages, strict=True):
            sheet[row, at.SPANS_AT], sheet[row, at.SPANS] = begin, len(spans)
            lists.append(np.array(spans, np.int64).reshape(-1, 2).T.ravel())
            begin += 2 * len(spans)
        for row, step in zip(self.steps, self.plan.steps, strict=True):
            sheet[row, at.OUTAGE] = self._outage_row(step.outage, outages)
        return {
            "sheet": sheet,
            "lists": np.concatenate([*lists, np.zeros(1, np.int64)]),
            "laws": self.laws,
        }

    def in_order(self, book: dict[str, npt.NDArray[Any]], k: IntArray) -> dict[str, npt.NDArray[Any]]:
        """The same book for a run in which no strand goes ahead of the clock; `k` is written to."""
        sheet, lists = on_cache_lines(len(self.sheet), at.SHEET_COLUMNS), book["lists"].copy()
        sheet[:] = book["sheet"]
        sheet[: len(self.plan.code), at.OP] = [instruction.op for instruction in self.plan.code]
        for row in self.steps:
            begin, number = sheet[row, at.QUOTAS_AT], sheet[row, at.QUOTAS]
            lists[begin + at.SPARE : begin + at.QUOTA_NUMBERS * number : at.QUOTA_NUMBERS] = 0
        k[at.AHEAD_NS] = 0
        return {**book, "sheet": sheet, "lists": lists}

    def _put_keys(self, sheet: IntArray, seed: int) -> None:
        """The keys of all draws; those that retry, and messages that may come twice, need a second one."""
        steps, names = len(self.plan.code), self.names
        luck = np.where(self.spawns, keys_of(seed, "choice", names), keys_of(seed, "retry", names))
        sheet[:steps, at.KEY], sheet[:steps, at.LUCK] = keys_of(seed, "duration", names), luck
        fates = np.array([fate.key for fate in self.plan.fates], np.uint64)
        sheet[self.fates, at.FATE_KEY] = keys_of(seed, "fate", fates)

    def scalars(self, payments: Payments | Demand, outages: Outages, seed: int) -> IntArray:
        """What the kernel works on, as it stands at the start."""
        k = self.first_k.copy()
        k[at.RISK_KEY] = signed(stream_key(seed, "risk", name_key("risk")))
        k[at.LAMBDA_OUTAGE] = self._outage_row(self.plan.compute.outage, outages)
        k[at.START], k[at.END] = payments.window
        k[at.FIRST_MEASURED], k[at.PAYMENTS] = payments.measured[0], payments.number
        return k

    def _outage_row(self, service: int, outages: Outages) -> int:
        """The row of a service's outages; NONE if it has none."""
        return self.outages[service] if service >= 0 and outages[service] else at.NONE

    # --- rows and lists -------------------------------------------------------------------------------

    def _padded(self, values: Sequence[int]) -> list[int]:
        return [v if type(v) is int else whole(v) for v in values] + [0] * (at.SHEET_COLUMNS - len(values))

    def _row(self, *values: int) -> int:
        self.rows.append(self._padded(values))
        return len(self.rows) - 1

    def _list(self, values: Iterable[int]) -> tuple[int, int]:
        """Where the values stand in the lists, and how many they are."""
        begin = len(self.lists)
        self.lists += [value if type(value) is int else whole(value) for value in values]
        return begin, len(self.lists) - begin

    def _counters(self, first: Iterable[int]) -> int:
        """Where in k counters with these first values stand."""
        begin = len(self.k)
        self.k += first
        return begin

    # --- parts of the plan ----------------------------------------------------------------------------

    def _step(self, step: StepPlan) -> list[int]:
        begin, length = self._list(number for quota in step.quotas for number in self._quota(quota, step.units))
        return [
            step.law,
            self.only[step.law],
            at.NONE,
            begin,
            length // at.QUOTA_NUMBERS,
            self._counters([0] * at.STEP_COUNTERS),
            self._rare(step) if step.scan_chunk_bytes or step.stores_bytes or step.moves_money else at.NONE,
        ]

    def _quota(self, index: int, units: int) -> tuple[int, int, int, int]:
        quota, spare = self.plan.quotas[index], at.MOST_AHEAD_NS if self.roomy[index] else 0
        return self.buckets[index], quota.interval_ns * units, quota.interval_ns * quota.burst, spare

    def _rare(self, step: StepPlan) -> int:
        if step.table < 0:
            return self._row(0)
        table = self.plan.tables[step.table]
        places = (self.tables[step.table], table.row_bytes, table.scan_page_bytes)
        of_moment = step.table in self.of_moment and (step.adds_row or step.scan_chunk_bytes > 0)
        return self._row(step.scan_chunk_bytes, *places, step.stores_bytes, step.adds_row, of_moment)

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
            self._counters([0] * at.FLOW_COUNTERS),
            *self._list(fires),
        ]

    def _instruction(self, instruction: Instruction, flow: FlowPlan) -> list[int]:
        step, number = self.steps[instruction.step] if instruction.step >= 0 else at.NONE, 0
        if instruction.op is Op.FORK:
            step, number = self._list(instruction.targets)
        if instruction.op is Op.WORK:
            number = self.only[instruction.a]
        if instruction.op in MOVES_MONEY or (instruction.step >= 0 and self.plan.steps[instruction.step].moves_money):
            number = not flow.idempotent
        return [self._op(instruction), 0, 0, *self._operands(instruction), instruction.jump, step, number]

    def _op(self, instruction: Instruction) -> int:
        """The operation; of what strands may carry out ahead of the clock, if they may at all, another one."""
        if instruction.op is Op.WORK and self.ahead_ns:
            return at.PLAIN_WORK
        if instruction.op is Op.CALL and self.plain[instruction.step]:
            return at.PLAIN_CALL
        return instruction.op

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
            self.k[place] = whole(value)

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
            at.AHEAD_NS: self.ahead_ns,
            at.INIT_BILLED: compute.init_billed,
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
            at.RISK_LAW: plan.risk_law % max(1, len(plan.laws)),
            at.REVIEW_ABOVE: review,
            at.BLOCK_ABOVE: block,
            at.CRITICAL_ABOVE: critical,
            at.BATCHES_AT_ONCE: plan.batches_at_once,
            at.MOST_UNDER_WAY: plan.most_under_way,
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
            at.MIDNIGHTS_AT: midnights_at,
            at.MIDNIGHTS: midnights,
            at.BANK_DAYS_AT: bank_days_at,
            at.FIRST_OF_DAY_K: self._counters([0] * midnights),
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
