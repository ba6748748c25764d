"""The Plan: a pipeline, a workload and their laws as one immutable program that every engine reads.

A flow is a short program of instructions. Functions' handlers are laid out in line, so that a program counter and
a stack of frames are the whole state of a payment on its way. Times are int64 nanoseconds throughout.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from costmodel.assumptions.pipeline import Schedule, Wait
    from costmodel.simulation.tables import LawTable

NOBODY = -(2**62)  # the payment of a strand that carries none


class Op(IntEnum):
    """What an instruction does; `a`, `b` and `jump` are its operands."""

    STOP = 0  # the flow ends here
    WORK = 1  # compute (or travel) for a draw of law a
    CALL = 2  # call the service of `step`, wait for its answer
    INVOKE = 3  # take an environment of function a; cold if none is idle; b: 1 if an error is to be ignored, at jump
    RETURN = 4  # the handler ends: bill it, give its environment back
    API = 5  # a client's request begins: it fails after the API's time limit
    API_END = 6  # its answer is there
    SPAWN = 7  # flow a starts for this payment after a draw of law b (a message delivered)
    FATE = 8  # with the share of fate a, flow b starts after the fate's lag
    FORK = 9  # branches start at each of `targets`; goes on at jump when all have joined
    JOIN = 10  # a branch ends
    IF = 11  # go on if condition a holds, else at jump
    JUMP = 12
    QUEUE = 13  # the payment waits in queue a until wait b has passed
    EACH = 14  # take the batch's next entry; none left: go on at jump
    ACQUIRE = 15  # a place at station a; refused if it is full
    RELEASE = 16
    MARK = 17  # the payment has reached outcome a
    TIMER = 18  # a: which; b: 0 starts it, 1 stops it
    PAYOUT = 19  # a payout is made


class When(IntEnum):
    """Conditions an IF can test."""

    CARD = 0
    ACH = 1
    REVIEW = 2
    BLOCK = 3
    CRITICAL = 4
    FIRST_OF_PROVIDER = 5


class Outcome(IntEnum):
    """What can become of a payment. A later mark replaces an earlier one only in `settled` and after."""

    OPEN = 0
    COMPLETED = 1
    DECLINED = 2
    FAILED = 3
    SETTLED = 4
    RETURNED = 5
    REFUNDED = 6
    DONE = 7


TIMERS = ("payment", "form")


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction; `key` names its draws, `step` is the index of the service call it makes."""

    op: Op
    key: int = 0
    step: int = -1
    a: int = 0
    b: int = 0
    jump: int = -1
    targets: tuple[int, ...] = ()


@dataclass(frozen=True)
class StepPlan:
    """A service call as it stands in a flow, with what one execution uses.

    `uses`: (meter, units) per execution, or per started chunk of a table scan. `stores_bytes`: bytes a put leaves in
    the table (index copies included). `moves_money`: the payment's amount. `quotas`: indexes of the token buckets it
    draws `units` from.
    """

    path: str
    coded: bool
    service: str
    operation: str
    law: int
    uses: tuple[tuple[str, Decimal], ...]
    quotas: tuple[int, ...]
    units: int
    table: int
    adds_row: bool
    stores_bytes: int
    scan_chunk_bytes: int
    moves_money: bool
    outage: int


@dataclass(frozen=True)
class FunctionPlan:
    """A function's pool of environments and how its time is billed."""

    name: str
    memory_mb: int
    architecture: str
    timeout_ns: int
    init_laws: tuple[int, ...]
    provisioned: int
    reserved: int


@dataclass(frozen=True)
class FlowPlan:
    """Where a flow's program starts, and how it is triggered (`queue`: -1 if it takes no entries)."""

    name: str
    start: int
    trigger: str
    methods: tuple[int, ...]
    schedule: int
    queue: int
    most_entries: int
    idempotent: bool
    groups_by_provider: bool


@dataclass(frozen=True)
class TablePlan:
    """A table whose size matters: bytes a row takes, rows at the start, the most one scan reads."""

    name: str
    row_bytes: int
    opening_rows: int
    scan_page_bytes: int


@dataclass(frozen=True)
class QuotaPlan:
    """A token bucket: one token each `interval_ns`, at most `burst` of them."""

    name: str
    scope: str
    interval_ns: int
    burst: int


@dataclass(frozen=True)
class FatePlan:
    """Something that happens to a share of payments after a lag."""

    name: str
    key: int
    share: Decimal
    law: int


@dataclass(frozen=True)
class LambdaPlan:
    """The compute platform's rules. Times in ns; `scale_*`: the bucket from which new environments are taken."""

    account_concurrency: int
    keep_alive_ns: int
    life_ns: int
    scale_interval_ns: int
    scale_burst: int
    billing_increment_ns: int
    init_billed: bool
    outage: int


@dataclass(frozen=True)
class RetryPlan:
    """How callers try again: synchronous (SDK) and asynchronous (events)."""

    attempts: int
    base_ns: int
    most_ns: int
    async_delays_ns: tuple[int, ...]
    requeue_base_ns: int
    requeue_most_ns: int
    requeue_age_ns: int


@dataclass(frozen=True)
class StationPlan:
    """A queue with servers; `capacity` bounds waiting and served together (0: unbounded)."""

    name: str
    servers: int
    capacity: int


@dataclass(frozen=True, eq=False)
class Plan:
    """Everything an engine needs besides the payments and the seed."""

    code: tuple[Instruction, ...]
    flows: tuple[FlowPlan, ...]
    steps: tuple[StepPlan, ...]
    laws: tuple[LawTable, ...]
    functions: tuple[FunctionPlan, ...]
    tables: tuple[TablePlan, ...]
    quotas: tuple[QuotaPlan, ...]
    fates: tuple[FatePlan, ...]
    stations: tuple[StationPlan, ...]
    queues: tuple[str, ...]
    waits: tuple[Wait, ...]
    schedules: tuple[Schedule, ...]
    outages: tuple[str, ...]
    outage_laws: tuple[tuple[Decimal, int], ...]
    compute: LambdaPlan
    retry: RetryPlan
    api_timeout_ns: int
    duplicate_share: Decimal
    risk_law: int
    risk_thresholds: tuple[int, int, int]
    batches_at_once: int
    most_under_way: int
    payouts_per_payment: int
    per_provider: bool
    commission_ppm: int
