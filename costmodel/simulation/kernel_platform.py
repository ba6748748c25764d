"""The compiled engine's environments, token buckets, and the requests and invocations strands are inside of."""

from __future__ import annotations

from typing import Any

from costmodel.simulation.counts import BILLED, PROVISIONED, TIMEOUTS
from costmodel.simulation.kernel_draws import compiled
from costmodel.simulation.kernel_memory import free_cell, free_record, new_cell, new_record
from costmodel.simulation.kernel_money import leave_batch
from costmodel.simulation.layout import (
    ALIVE,
    BATCH,
    BUSY,
    CALLER,
    COHORT,
    DEADLINE,
    END,
    ENV_BORN,
    ENV_IDLE,
    ENV_NEXT,
    ENVIRONMENT,
    FRAME,
    FRAME_PC,
    FRAMES,
    FUNCTION,
    FUNCTION_K,
    FUNCTION_KINDS,
    IDLE,
    INCREMENT,
    KEEP_ALIVE,
    LEAST,
    LIFE,
    MONTH,
    NONE,
    NOW,
    ON_PROVISIONED,
    OVER,
    PARENT,
    PEAK,
    READY,
    REFERENCES,
    RESERVED,
    SCALE_DEPTH,
    SCALE_EMPTY,
    SCALE_INTERVAL,
    SHARED,
    SHARED_BUSY,
    SINCE,
    START,
    WEAKEST,
)  # fmt: skip
from costmodel.simulation.plan import NOBODY

# --- bases ------------------------------------------------------------------------------------------


@compiled
def in_month(k: Any) -> int:
    """As `Reference.month`."""
    return 1 if k[START] <= k[NOW] < k[END] else 0


@compiled
def in_cohort(k: Any, payment: int) -> int:
    """As `Reference.cohort`."""
    if payment == NOBODY:
        return in_month(k)
    return 1 if payment >= 0 else 0


@compiled
def tally(b: Any, z: Any, frame: int, what: int, times: int) -> None:
    """As `Reference.tally`."""
    place = b.sheet[z.records[frame, FUNCTION], FUNCTION_K] + what
    z.k[place] += times * z.records[frame, MONTH]
    z.k[place + FUNCTION_KINDS] += times * z.records[frame, COHORT]


@compiled
def count_function(b: Any, z: Any, payment: int, function: int, what: int) -> None:
    """As `Reference.count_function`."""
    place = b.sheet[function, FUNCTION_K] + what
    z.k[place] += in_month(z.k)
    z.k[place + FUNCTION_KINDS] += in_cohort(z.k, payment)


# --- buckets and environments -----------------------------------------------------------------------


@compiled
def take_tokens(k: Any, empty: int, interval: int, depth: int, tokens: int) -> bool:
    """As `Bucket.take`; `empty` is the place in k of the bucket's `empty_until`."""
    until = max(k[empty], k[NOW] - depth) + tokens * interval
    if until > k[NOW]:
        return False
    k[empty] = until
    return True


@compiled
def warm(z: Any, pool: int) -> int:
    """As `Pool.warm`; NONE without one."""
    k, cells = z.k, z.cells
    while k[pool + IDLE] != NONE:
        environment = k[pool + IDLE]
        k[pool + IDLE] = cells[environment, ENV_NEXT]
        if k[NOW] - cells[environment, ENV_IDLE] > k[KEEP_ALIVE]:
            forget_idle(z, pool)
        elif k[NOW] - cells[environment, ENV_BORN] <= k[LIFE]:
            return environment
        free_cell(z, environment)
    return NONE


@compiled
def forget_idle(z: Any, pool: int) -> None:
    """All idle environments of a pool have expired."""
    while z.k[pool + IDLE] != NONE:
        environment = z.k[pool + IDLE]
        z.k[pool + IDLE] = z.cells[environment, ENV_NEXT]
        free_cell(z, environment)


@compiled
def take_on_demand(z: Any, pool: int, reserved: int) -> int:
    """As `Account._on_demand`: an environment or NONE."""
    k = z.k
    if (k[pool + BUSY] >= reserved) if reserved else (k[SHARED_BUSY] >= k[SHARED]):
        return NONE
    environment = warm(z, pool)
    if environment == NONE:
        if not take_tokens(k, pool + SCALE_EMPTY, k[SCALE_INTERVAL], k[SCALE_DEPTH], 1):
            return NONE
        environment = new_cell(z)
        z.cells[environment, ENV_BORN] = k[NOW]
        z.cells[environment, ENV_IDLE] = NONE
    if not reserved:
        k[SHARED_BUSY] += 1
    return environment


@compiled
def take_environment(b: Any, z: Any, function: int) -> int:
    """As `Account.take`: an environment, ON_PROVISIONED, or NONE. A new one has been idle since NONE."""
    k, pool = z.k, b.sheet[function, FUNCTION_K]
    if k[pool + READY] > 0:
        k[pool + READY] -= 1
        environment = ON_PROVISIONED
    else:
        environment = take_on_demand(z, pool, b.sheet[function, RESERVED])
    if environment != NONE:
        k[pool + BUSY] += 1
        k[pool + PEAK] = max(k[pool + PEAK], k[pool + BUSY])
    return environment


@compiled
def leave_pool(b: Any, z: Any, frame: int, lost: bool) -> None:
    """As `Account.give_back`, or `Account.lose` if the environment is lost."""
    k, function, environment = z.k, z.records[frame, FUNCTION], z.records[frame, ENVIRONMENT]
    pool = b.sheet[function, FUNCTION_K]
    k[pool + BUSY] -= 1
    if environment == ON_PROVISIONED:
        k[pool + READY] += 1
        return
    if not b.sheet[function, RESERVED]:
        k[SHARED_BUSY] -= 1
    if lost:
        free_cell(z, environment)
        return
    z.cells[environment, ENV_IDLE] = k[NOW]
    z.cells[environment, ENV_NEXT] = k[pool + IDLE]
    k[pool + IDLE] = environment


# --- frames -----------------------------------------------------------------------------------------


@compiled
def new_frame(z: Any, strand: int, function: int, pc: int, deadline: int) -> int:
    """A strand begins a request or an invocation; the strand's hold on the frame around it passes to the new one."""
    frame, records = new_record(z), z.records
    records[frame, FUNCTION] = function
    records[frame, FRAME_PC] = pc
    records[frame, DEADLINE] = deadline
    records[frame, CALLER] = strand
    records[frame, PARENT] = records[strand, FRAME]
    records[frame, ALIVE] = 1
    records[frame, REFERENCES] = 1
    records[strand, FRAME] = frame
    records[strand, FRAMES] += 1
    limit(records, frame)
    return frame


@compiled
def limit(records: Any, frame: int) -> None:
    """As `Frame.limit`."""
    least, weakest, parent = records[frame, DEADLINE], frame, records[frame, PARENT]
    if parent != NONE and records[parent, ALIVE] and records[parent, LEAST] <= least:
        least, weakest = records[parent, LEAST], records[parent, WEAKEST]
    records[frame, LEAST] = least
    records[frame, WEAKEST] = weakest


@compiled
def bill(b: Any, z: Any, frame: int) -> None:
    """As `instructions.bill`."""
    k = z.k
    increments = (max(0, k[NOW] - z.records[frame, SINCE]) + k[INCREMENT] - 1) // k[INCREMENT]
    provisioned = z.records[frame, ENVIRONMENT] == ON_PROVISIONED
    tally(b, z, frame, PROVISIONED if provisioned else BILLED, increments)


@compiled
def end_frame(b: Any, z: Any, frame: int, lost: bool) -> None:
    """The frame is answered: billed, its environment idle, or lost after a time-out. Its caller need not be kept."""
    records = z.records
    records[frame, ALIVE] = 0
    if records[frame, FUNCTION] != NONE:
        if lost:
            tally(b, z, frame, TIMEOUTS, 1)
        bill(b, z, frame)
        leave_pool(b, z, frame, lost)
    caller = records[frame, CALLER]
    records[caller, FRAMES] -= 1
    if records[caller, FRAMES] == 0 and records[caller, OVER]:
        free_strand(z, caller)


@compiled
def step_out(z: Any, strand: int) -> None:
    """The strand goes on in the frame around its own; a frame that nobody is inside of is freed."""
    records, frame = z.records, z.records[strand, FRAME]
    parent = records[frame, PARENT]
    records[strand, FRAME] = parent
    records[frame, REFERENCES] -= 1
    if records[frame, REFERENCES] == 0:
        free_record(z, frame)  # its hold on the parent passes to the strand
    elif parent != NONE:
        records[parent, REFERENCES] += 1


@compiled
def let_go(z: Any, frame: int) -> None:
    """One strand less is inside this frame."""
    records = z.records
    while frame != NONE:
        records[frame, REFERENCES] -= 1
        if records[frame, REFERENCES] > 0:
            return
        parent = records[frame, PARENT]
        free_record(z, frame)
        frame = parent


@compiled
def free_strand(z: Any, strand: int) -> None:
    """Nobody needs the strand any more, nor its share of the batch."""
    batch = z.records[strand, BATCH]
    free_record(z, strand)
    leave_batch(z, batch)
