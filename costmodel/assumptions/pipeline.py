"""What is assumed of a payment pipeline: functions, what their handlers do, the flows, tables and schedules."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from costmodel.assumptions.fields import (
    AboveZero,
    Count,
    Law,
    Name,
    NotNegative,
    NotNegativeQuantity,
    Positive,
    PositiveCount,
    Ranged,
    Record,
    ShareQuantity,
    Sourced,
    Text,
    Whole,
)

VERBS = (
    "work", "call", "api", "invoke", "parallel", "each", "queue", "starts", "when", "fate", "acquire", "release",
    "end",
)  # fmt: skip


class Step(Record):
    """One step of a handler or flow: exactly one verb, and what modifies it.

    work = LAW            the function computes for so long
    call = "SERVICE.OP"   call a service and wait for its answer; `size_kb` or `table` gives the size, `copies`
                          multiplies what it uses, `starts` starts a flow when the message is delivered
    api = HANDLER         a client's request through the API service: overhead, then the handler, then the answer
    invoke = HANDLER      invoke another function and wait for it (its caller's environment stays busy)
    parallel = [[...]]    several branches at once; goes on when all have ended
    each = [...]          once per entry of the batch that this scheduled flow took
    queue = QUEUE         the payment waits in QUEUE until `due` (a wait), when a scheduled flow takes it
    fate = FATE           with the share the workload gives it, this happens: flow `starts` begins after its lag
    when = CONDITION      `steps` if it holds, else `otherwise`
    acquire / release     a place at a station (a queue with servers)
    end = OUTCOME         the payment ends so
    """

    name: Name
    as_: Literal["coded", "intended"] = Field(alias="as")
    work: Name | None = None
    call: Text | None = None
    api: Name | None = None
    invoke: Name | None = None
    parallel: tuple[tuple[Step, ...], ...] | None = None
    each: tuple[Step, ...] | None = None
    queue: Name | None = None
    fate: Name | None = None
    when: Literal["card", "ach", "review", "block", "critical", "first_of_provider"] | None = None
    acquire: Name | None = None
    release: Name | None = None
    end: Literal["completed", "declined", "failed", "settled", "returned", "refunded", "done"] | None = None
    # modifiers
    size_kb: NotNegative | None = None
    table: Name | None = None
    copies: PositiveCount | None = None
    starts: Name | None = None
    due: Name | None = None
    steps: tuple[Step, ...] | None = None
    otherwise: tuple[Step, ...] | None = None
    on_error: Literal["raise", "continue"] = "raise"
    timer: Literal["payment", "form"] | None = None
    note: Text | None = None

    @property
    def verb(self) -> str:
        """The one verb of this step."""
        given = [verb for verb in VERBS if getattr(self, verb, None) is not None]
        return next((verb for verb in given if verb != "starts"), "starts")

    @model_validator(mode="after")
    def _one_verb(self) -> Self:
        given = [verb for verb in VERBS if verb != "starts" and getattr(self, verb) is not None]
        if len(given) != 1:
            raise ValueError(f"a step has exactly one of {', '.join(v for v in VERBS if v != 'starts')}")
        if (self.queue is None) != (self.due is None):
            raise ValueError("`due` goes with `queue`, and only with it")
        if (self.when is None) != (self.steps is None) or (self.otherwise is not None and self.when is None):
            raise ValueError("`steps` (and `otherwise`) go with `when`, and only with it")
        if self.fate is not None and self.starts is None:
            raise ValueError("`fate` needs `starts`, the flow that begins")
        if self.starts is not None and self.fate is None and self.call is None:
            raise ValueError("`starts` goes with `call` or `fate`")
        return self


class Function(Sourced):
    """One Lambda function as it is deployed."""

    memory_mb: Annotated[int, Field(strict=True, ge=128, le=10_240)]
    timeout_s: Annotated[int, Field(strict=True, ge=1, le=900)]
    architecture: Literal["x86_64", "arm64"]
    runtime: Text
    provisioned_concurrency: Count = 0
    reserved_concurrency: PositiveCount | None = None
    group: Text | None = None


class Handler(Sourced):
    """What one action of a function does, step by step."""

    function: Name
    steps: tuple[Step, ...]


class Table(Sourced):
    """A DynamoDB table: the size of a row and the index copies a put writes; rows held when the run begins."""

    row_bytes: PositiveCount
    indexes: Count = 0
    opening_rows: Count = 0
    scan_page_bytes: PositiveCount | None = None


class Wait(Ranged):
    """How long money waits: fixed hours, or banking days until a time of day at the Federal Reserve."""

    hours: NotNegative | None = None
    banking_days: Count | None = None
    at: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if (self.hours is None) == (self.banking_days is None):
            raise ValueError("give either `hours` or `banking_days`")
        if (self.banking_days is None) != (self.at is None):
            raise ValueError("`at` goes with `banking_days`, and only with it")
        return self


class Schedule(Sourced):
    """When a scheduled flow runs: every so many minutes, or at times of day in a zone, on all or banking days."""

    every_minutes: PositiveCount | None = None
    at: tuple[Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")], ...] = ()
    time_zone: Text = "UTC"
    days: Literal["all", "banking", "mon", "tue", "wed", "thu", "fri", "sat", "sun"] = "all"

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if (self.every_minutes is None) == (not self.at):
            raise ValueError("give either `every_minutes` or `at`")
        return self


class Flow(Sourced):
    """A program that starts by itself.

    starts = "payment" (an arrival paying by one of `methods`), "schedule" (at each time of `schedule`; with
    `takes`, one invocation per `most_entries` entries due in that queue), or "event" (from a step's `starts`;
    an asynchronous invocation, delivered at least once).
    """

    starts: Literal["payment", "schedule", "event"]
    methods: tuple[Literal["card", "ach"], ...] = ()
    schedule: Name | None = None
    takes: Name | None = None
    most_entries: PositiveCount | None = None
    idempotent: bool = True
    steps: tuple[Step, ...]

    @model_validator(mode="after")
    def _trigger(self) -> Self:
        if (self.starts == "payment") != bool(self.methods):
            raise ValueError('`methods` goes with starts = "payment", and only with it')
        if (self.starts == "schedule") != (self.schedule is not None):
            raise ValueError('`schedule` goes with starts = "schedule", and only with it')
        if self.takes is not None and self.starts != "schedule":
            raise ValueError('`takes` goes with starts = "schedule"')
        if (self.takes is None) != (self.most_entries is None):
            raise ValueError("`most_entries` (of one invocation) goes with `takes`, and only with it")
        return self


class Station(Sourced):
    """A queue with servers, first come first served; more than `capacity` in it (waiting and served) are refused."""

    servers: PositiveCount
    capacity: PositiveCount | None = None


class Risk(Sourced):
    """The fraud score (0 to 1000) of a payment and the thresholds above which something happens."""

    score: Law
    review_above: NotNegative
    block_above: NotNegative
    critical_above: NotNegative


class Standing(Ranged):
    """Something billed by the month whatever the volume.

    quantity: a month's, in the meter's unit; with `always_on`, how many run all the time, in an hourly meter.
    """

    name: Name
    service: Name
    meter: Name
    quantity: NotNegative
    always_on: bool = False
    region: Text | None = None


class Each(Ranged):
    """Usage that comes with every invocation, API request, payment or payout, beside what the steps count.

    share: it comes only with that share of the payments, which the workload gives (`international_share` …).
    """

    of: Literal["invocation", "api_request", "payment", "payout"]
    name: Name
    service: Name
    meter: Name
    methods: tuple[Literal["card", "ach"], ...] = ()
    quantity: Positive | None = None
    fee_on: Literal["amount", "payout"] | None = None
    share: Literal["international", "conversion", "manual_entry"] | None = None


class Retry(Record):
    """How often and how patiently a caller tries again."""

    attempts: Whole
    base_ms: NotNegativeQuantity
    most_ms: NotNegativeQuantity


class Pipeline(Record):
    """A payment system: its parts and everything that happens to a payment in it.

    processor: the service that takes the payments, where somebody else's is bought; not_known: what no price was found
    for.
    """

    name: Name
    title: Text
    region: Text
    description: Text | None = None
    processor: Name | None = None
    not_known: tuple[Text, ...] = ()
    account_concurrency: Whole | None = None
    api_service: Name | None = None
    api_timeout_ms: AboveZero | None = None
    sdk_retry: Retry | None = None
    async_retry_minutes: tuple[NotNegativeQuantity, ...] = ()
    duplicate_share: ShareQuantity | None = None
    batches_at_once: Whole | None = None  # of one scheduled flow; the others wait
    most_under_way: Whole | None = None  # payments; more are turned away
    closed_form: Text | None = None
    functions: dict[Name, Function] = {}
    work: dict[Name, Law] = {}
    tables: dict[Name, Table] = {}
    handlers: dict[Name, Handler] = {}
    flows: dict[Name, Flow] = {}
    schedules: dict[Name, Schedule] = {}
    waits: dict[Name, Wait] = {}
    stations: dict[Name, Station] = {}
    risk: Risk | None = None
    plans: dict[Name, Name] = {}
    serial_path: tuple[Name, ...] = ()
    static: tuple[Standing, ...] = ()
    each: tuple[Each, ...] = ()
