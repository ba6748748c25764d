"""The compiled engine's environments, token buckets, and the requests and invocations strands are inside of."""

from __future__ import annotations

from typing import Any

from costmodel.simulation import layout as at
from costmodel.simulation.counts import BILLED, PROVISIONED, TIMEOUTS
from costmodel.simulation.kernel_batches import drop_batch
from costmodel.simulation.kernel_calendar import be_unsure
from costmodel.simulation.kernel_draws import compiled, inlined
from costmodel.simulation.kernel_memory import free_cell, free_record, new_cell, new_record
from costmodel.simulation.plan import NOBODY

# --- bases ------------------------------------------------------------------------------------------


@inlined
def in_month(k: Any) -> int:
    """As `Reference.month`."""
    return within(k, k[at.NOW])


@inlined
def within(k: Any, now: int) -> int:
    """1 within the measured time."""
    return 1 if k[at.START] <= now < k[at.END] else 0


@inlined
def in_cohort(k: Any, payment: int) -> int:
    """As `Reference.cohort`."""
    return cohort_of(payment, in_month(k))


@inlined
def cohort_of(payment: int, month: int) -> int:
    """The same, of what happens within the measured time or not."""
    if payment == NOBODY:
        return month
    return 1 if payment >= 0 else 0


@compiled
def tally(b: Any, z: Any, frame: int, what: int, times: int) -> None:
    """As `Reference.tally`."""
    place = b.sheet[z.records[frame, at.FUNCTION], at.FUNCTION_K] + what
    z.k[place] += times * z.records[frame, at.MONTH]
    z.k[place + at.FUNCTION_KINDS] += times * z.records[frame, at.COHORT]


@compiled
def count_function(b: Any, z: Any, payment: int, function: int, what: int) -> None:
    """As `Reference.count_function`."""
    place = b.sheet[function, at.FUNCTION_K] + what
    z.k[place] += in_month(z.k)
    z.k[place + at.FUNCTION_KINDS] += in_cohort(z.k, payment)


# --- buckets and environments -----------------------------------------------------------------------


@inlined
def tokens_after(k: Any, empty: int, cost: int, depth: int) -> int:
    """As `Bucket._after`, of so many ns' worth of tokens; `empty` is the place in k of the bucket's `empty_until`."""
    return max(k[empty], k[at.NOW] - depth) + cost


@inlined
def take_all_tokens(b: Any, k: Any, begin: int, number: int, chunks: int) -> bool:
    """The tokens of every quota of a call, or of none: whether they are there."""
    place = begin
    for taken in range(number):
        bucket, cost, depth = b.lists[place + at.BUCKET], b.lists[place + at.COST], b.lists[place + at.DEPTH]
        until = tokens_after(k, bucket, chunks * cost, depth)
        if until > k[at.NOW] - b.lists[place + at.SPARE]:
            if b.lists[place + at.SPARE]:
                be_unsure(k)
            give_back_tokens(b, k, begin, taken)
            return False
        k[bucket + at.BEFORE] = k[bucket]
        k[bucket] = until
        place += at.QUOTA_NUMBERS
    return True


@compiled
def give_back_tokens(b: Any, k: Any, begin: int, number: int) -> None:
    """The first quotas of a call, from which tokens have been taken in vain, are as they were."""
    for quota in range(number):
        bucket = b.lists[begin + at.QUOTA_NUMBERS * quota + at.BUCKET]
        k[bucket] = k[bucket + at.BEFORE]


@compiled
def warm(z: Any, pool: int) -> int:
    """As `Pool.warm`; NONE without one."""
    k, cells = z.k, z.cells
    while k[pool + at.IDLE] != at.NONE:
        environment = k[pool + at.IDLE]
        k[pool + at.IDLE] = cells[environment, at.ENV_NEXT]
        if k[at.NOW] - cells[environment, at.ENV_IDLE] > k[at.KEEP_ALIVE]:
            forget_idle(z, pool)
        elif k[at.NOW] - cells[environment, at.ENV_BORN] <= k[at.LIFE]:
            return environment
        free_cell(z, environment)
    return at.NONE


@compiled
def forget_idle(z: Any, pool: int) -> None:
    """All idle environments of a pool have expired."""
    while z.k[pool + at.IDLE] != at.NONE:
        environment = z.k[pool + at.IDLE]
        z.k[pool + at.IDLE] = z.cells[environment, at.ENV_NEXT]
        free_cell(z, environment)


@compiled
def take_on_demand(z: Any, pool: int, reserved: int) -> int:
    """As `Account._on_demand`: an environment or NONE."""
    k = z.k
    if (k[pool + at.BUSY] >= reserved) if reserved else (k[at.SHARED_BUSY] >= k[at.SHARED]):
        return at.NONE
    environment = warm(z, pool)
    if environment == at.NONE:
        until = tokens_after(k, pool + at.SCALE_EMPTY, k[at.SCALE_INTERVAL], k[at.SCALE_DEPTH])
        if until > k[at.NOW]:
            return at.NONE
        k[pool + at.SCALE_EMPTY] = until
        environment = new_cell(z)
        z.cells[environment, at.ENV_BORN] = k[at.NOW]
        z.cells[environment, at.ENV_IDLE] = at.NONE
    if not reserved:
        k[at.SHARED_BUSY] += 1
    return environment


@compiled
def take_environment(b: Any, z: Any, function: int) -> int:
    """As `Account.take`: an environment, ON_PROVISIONED, or NONE. A new one has been idle since NONE."""
    k, pool = z.k, b.sheet[function, at.FUNCTION_K]
    if k[pool + at.READY] > 0:
        k[pool + at.READY] -= 1
        environment = at.ON_PROVISIONED
    else:
        environment = take_on_demand(z, pool, b.sheet[function, at.RESERVED])
    if environment != at.NONE:
        k[pool + at.BUSY] += 1
        k[pool + at.PEAK] = max(k[pool + at.PEAK], k[pool + at.BUSY])
    return environment


@compiled
def leave_pool(b: Any, z: Any, frame: int, lost: bool) -> None:
    """As `Account.give_back`, or `Account.lose` if the environment is lost."""
    k, function, environment = z.k, z.records[frame, at.FUNCTION], z.records[frame, at.ENVIRONMENT]
    pool = b.sheet[function, at.FUNCTION_K]
    k[pool + at.BUSY] -= 1
    if environment == at.ON_PROVISIONED:
        k[pool + at.READY] += 1
        return
    if not b.sheet[function, at.RESERVED]:
        k[at.SHARED_BUSY] -= 1
    if lost:
        free_cell(z, environment)
        return
    z.cells[environment, at.ENV_IDLE] = k[at.NOW]
    z.cells[environment, at.ENV_NEXT] = k[pool + at.IDLE]
    k[pool + at.IDLE] = environment


# --- frames -----------------------------------------------------------------------------------------


@compiled
def new_frame(z: Any, strand: int, function: int, pc: int, deadline: int) -> int:
    """A strand begins a request or an invocation; the strand's hold on the frame around it passes to the new one."""
    frame, records = new_record(z), z.records
    records[frame, at.FUNCTION] = function
    records[frame, at.FRAME_PC] = pc
    records[frame, at.DEADLINE] = deadline
    records[frame, at.CALLER] = strand
    records[frame, at.PARENT] = records[strand, at.FRAME]
    records[frame, at.ALIVE] = 1
    records[frame, at.REFERENCES] = 1
    records[frame, at.FRAME_DEPTH] = depth_of(records, records[strand, at.FRAME]) + 1
    records[strand, at.FRAME] = frame
    records[strand, at.HOLDS] += at.HOLD
    limit(records, frame)
    return frame


@inlined
def depth_of(records: Any, frame: int) -> int:
    """As `strands.depth_of`."""
    return 0 if frame == at.NONE else records[frame, at.FRAME_DEPTH]


@compiled
def limit(records: Any, frame: int) -> None:
    """As `Frame.limit`."""
    least, weakest, parent = records[frame, at.DEADLINE], frame, records[frame, at.PARENT]
    if parent != at.NONE and records[parent, at.ALIVE] and records[parent, at.LEAST] <= least:
        least, weakest = records[parent, at.LEAST], records[parent, at.WEAKEST]
    records[frame, at.LEAST] = least
    records[frame, at.WEAKEST] = weakest


@compiled
def bill(b: Any, z: Any, frame: int) -> None:
    """As `instructions.bill`."""
    k = z.k
    increments = (max(0, k[at.NOW] - z.records[frame, at.SINCE]) + k[at.INCREMENT] - 1) // k[at.INCREMENT]
    provisioned = z.records[frame, at.ENVIRONMENT] == at.ON_PROVISIONED
    tally(b, z, frame, PROVISIONED if provisioned else BILLED, increments)


@compiled
def end_frame(b: Any, z: Any, frame: int, lost: bool) -> None:
    """The frame is answered: billed, its environment idle, or lost after a time-out. Its caller need not be kept."""
    records = z.records
    records[frame, at.ALIVE] = 0
    if records[frame, at.FUNCTION] != at.NONE:
        if lost:
            tally(b, z, frame, TIMEOUTS, 1)
        bill(b, z, frame)
        leave_pool(b, z, frame, lost)
    caller = records[frame, at.CALLER]
    records[caller, at.HOLDS] -= at.HOLD
    if records[caller, at.HOLDS] < at.HOLD and records[caller, at.HOLDS] & at.OVER:
        free_strand(z, caller)


@compiled
def step_out(z: Any, strand: int) -> None:
    """The strand goes on in the frame around its own; a frame that nobody is inside of is freed."""
    records, frame = z.records, z.records[strand, at.FRAME]
    parent = records[frame, at.PARENT]
    records[strand, at.FRAME] = parent
    records[frame, at.REFERENCES] -= 1
    if records[frame, at.REFERENCES] == 0:
        free_record(z, frame)  # its hold on the parent passes to the strand
    elif parent != at.NONE:
        records[parent, at.REFERENCES] += 1


@compiled
def let_go(z: Any, frame: int) -> None:
    """One strand less is inside this frame."""
    records = z.records
    while frame != at.NONE:
        records[frame, at.REFERENCES] -= 1
        if records[frame, at.REFERENCES] > 0:
            return
        parent = records[frame, at.PARENT]
        free_record(z, frame)
        frame = parent


@compiled
def free_strand(z: Any, strand: int) -> None:
    """Nobody needs the strand any more, nor its batch."""
    batch = z.records[strand, at.BATCH]
    free_record(z, strand)
    drop_batch(z, batch)
