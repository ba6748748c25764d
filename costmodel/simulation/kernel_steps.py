"""What each instruction of a Plan does, in the compiled engine: as the functions of those names in `instructions`.

Each gives what it comes to: NEXT, WAITS, FAILS, ENDS, or the nanoseconds to wait.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from costmodel.simulation.counts import BINS, COLD_STARTS, INVOCATIONS, MANTISSA_BITS, MOST_DAYS, RETRIES, THROTTLES
from costmodel.simulation.kernel_calendar import schedule
from costmodel.simulation.kernel_draws import (
    below_share,
    bit_length,
    compiled,
    draw_bits,
    drawn,
    is_out,
    not_above,
    scaled,
    table_value,
)
from costmodel.simulation.kernel_memory import add_amount, free_cell, hold, new_cell, release_held
from costmodel.simulation.kernel_money import net, place_of, today
from costmodel.simulation.kernel_platform import (
    count_function,
    end_frame,
    in_cohort,
    in_month,
    limit,
    new_frame,
    step_out,
    take_environment,
    take_tokens,
    tally,
)
from costmodel.simulation.kernel_strands import count_outcome
from costmodel.simulation.layout import (
    ADDS,
    ALIVE,
    API_TIMEOUT,
    ATTEMPT,
    ATTEMPTS,
    BANK_DAYS_AT,
    BASE,
    BORN,
    CALLS,
    CAPACITY,
    CHOICE,
    CHUNK,
    CHUNKS,
    COHORT,
    DEADLINE,
    DEPTH,
    DUPLICATE_SHARE,
    DUPLICATES,
    END,
    ENDS,
    ENV_IDLE,
    ENVIRONMENT,
    FAILS,
    FATE_KEY,
    FATE_LAW,
    FAULT,
    FIRST,
    FLOW,
    FRAME,
    FUNCTION,
    GO,
    GRANTED,
    INIT_BILLED,
    INITS,
    INITS_AT,
    INTERVAL,
    JUMP,
    KEY,
    KEY_FAULT,
    KIND_BITS,
    LAMBDA_OUTAGE,
    LATENCY,
    LATENCY_MAX,
    LATENCY_SUM,
    LAW,
    LETTER,
    LONGEST,
    LOW,
    MIDNIGHTS,
    MIDNIGHTS_AT,
    MONTH,
    NEVER,
    NEXT,
    NONE,
    NOW,
    OF_PAYMENT,
    ON_PROVISIONED,
    OUTAGE,
    PAGE_BYTES,
    PAID,
    PARTS,
    PAYMENT,
    PAYOUT,
    PC,
    PENDING,
    PER_PROVIDER,
    QUEUE_HEAD,
    QUEUE_TAIL,
    QUOTA_K,
    QUOTAS,
    QUOTAS_AT,
    REFUSED,
    RELEASED,
    REPEAT,
    REQUEST_NEXT,
    REQUEST_STRAND,
    REQUEUE_AGE,
    REQUEUE_BASE,
    REQUEUE_MOST,
    REVIEW_ABOVE,
    RISK_KEY,
    RISK_LAW,
    ROW_BYTES,
    RUN,
    SERVERS,
    SETTLED,
    SHARE,
    SINCE,
    STATION_K,
    STEP,
    STEP_K,
    STORED,
    STORES,
    TABLE_K,
    THROTTLED,
    TIMEOUT,
    TIMER,
    TO_FLOW,
    TO_PAYMENT,
    TO_REPEAT,
    TO_RUN,
    TRY,
    UNITS,
    USERS,
    WAITING,
    WAITS,
    A,
    B,
)  # fmt: skip
from costmodel.simulation.plan import NOBODY, Outcome, When

NS_PER_S = 10**9
MOST_DOUBLINGS = 32
DUPLICATE = 1 << 16
ACH, FIRST_OF_PROVIDER, REVIEW = int(When.ACH), int(When.FIRST_OF_PROVIDER), int(When.REVIEW)
COMPLETED, SETTLED_OUTCOME, DONE_OUTCOME = int(Outcome.COMPLETED), int(Outcome.SETTLED), int(Outcome.DONE)
PAYOUT_NAME = 2  # of MONEY_NAMES


@compiled
def entity_of(records: Any, strand: int) -> int:
    """Whose luck it is: the payment's, or that of the run of a schedule."""
    payment = records[strand, PAYMENT]
    return payment if payment != NOBODY else records[strand, RUN]


@compiled
def draw(b: Any, z: Any, strand: int, law: int, key: int, attempt: int) -> int:
    """As `Reference.draw`."""
    records = z.records
    return drawn(b.laws, law, key, entity_of(records, strand), records[strand, REPEAT], attempt)


@compiled
def chance(z: Any, strand: int, key: int, share: int) -> bool:
    """As `Reference.chance`."""
    records = z.records
    return below_share(draw_bits(key, entity_of(records, strand), records[strand, REPEAT], 0), share)


@compiled
def work(b: Any, z: Any, strand: int, pc: int) -> int:
    """Compute, or travel, for a while."""
    z.records[strand, PC] = pc + 1
    return draw(b, z, strand, b.sheet[pc, A], b.sheet[pc, KEY], 0)


# --- calls of services --------------------------------------------------------------------------------


@compiled
def call(b: Any, z: Any, strand: int, pc: int) -> int:
    """Call a service."""
    k, step = z.k, b.sheet[pc, STEP]
    chunks = scanned(b, k, step) if b.sheet[step, CHUNK] else 1
    for place in range(b.sheet[step, QUOTAS_AT], b.sheet[step, QUOTAS_AT] + b.sheet[step, QUOTAS]):
        quota = b.lists[place]
        tokens = chunks * b.sheet[step, UNITS]
        if not take_tokens(k, b.sheet[quota, QUOTA_K], b.sheet[quota, INTERVAL], b.sheet[quota, DEPTH], tokens):
            k[THROTTLED] += 1
            return again(b, z, strand, pc, 0, NONE)
    ns = draw(b, z, strand, b.sheet[step, LAW], b.sheet[pc, KEY], z.records[strand, ATTEMPT])
    if b.sheet[step, OUTAGE] != NONE and is_out(b.sheet, b.lists, b.sheet[step, OUTAGE], k[NOW]):
        return again(b, z, strand, pc, ns, NONE)
    use(b, z, strand, step, chunks)
    z.records[strand, PC] = pc + 1
    z.records[strand, ATTEMPT] = 0
    return ns


@compiled
def scanned(b: Any, k: Any, step: int) -> int:
    """Chunks that one page of a table scan reads now."""
    size, page, chunk = (
        k[b.sheet[step, TABLE_K]] * b.sheet[step, ROW_BYTES],
        b.sheet[step, PAGE_BYTES],
        b.sheet[step, CHUNK],
    )
    if page:
        size = min(size, page)
    return max(1, (size + chunk - 1) // chunk)


@compiled
def use(b: Any, z: Any, strand: int, step: int, chunks: int) -> None:
    """Count a call."""
    k, place = z.k, b.sheet[step, STEP_K]
    month, cohort = in_month(k), in_cohort(k, z.records[strand, PAYMENT])
    k[place + CALLS] += month
    k[place + CALLS + 1] += cohort
    if b.sheet[step, CHUNK]:
        k[place + CHUNKS] += month * chunks
        k[place + CHUNKS + 1] += cohort * chunks
    if b.sheet[step, STORES]:
        if b.sheet[step, ADDS]:
            k[b.sheet[step, TABLE_K]] += 1
        stays = max(0, k[END] - k[NOW]) // NS_PER_S
        k[place + STORED] += month * stays
        k[place + STORED + 1] += cohort * stays


@compiled
def doubled(base: int, times: int, most: int) -> int:
    """base × 2^times, at most `most`."""
    if times >= 62 or base > (most >> times):
        return most
    return base << times


@compiled
def again(b: Any, z: Any, strand: int, pc: int, ns: int, function: int) -> int:
    """Try again after `ns` and a back-off, or fail if it was the last attempt."""
    k, records = z.k, z.records
    attempt = records[strand, ATTEMPT]
    if attempt + 1 >= k[ATTEMPTS]:
        return FAILS
    if function != NONE:
        count_function(b, z, records[strand, PAYMENT], function, RETRIES)
    longest = doubled(k[BASE], attempt, k[LONGEST])
    bits = draw_bits(b.sheet[pc, TRY], entity_of(records, strand), records[strand, REPEAT], attempt)
    records[strand, ATTEMPT] = attempt + 1
    return ns + scaled(bits, longest)


# --- requests and invocations -------------------------------------------------------------------------


@compiled
def invoke(b: Any, z: Any, strand: int, pc: int) -> int:
    """Take an environment; if none may be had, the invocation is throttled."""
    k, records, function = z.k, z.records, b.sheet[pc, A]
    if k[LAMBDA_OUTAGE] != NONE and is_out(b.sheet, b.lists, k[LAMBDA_OUTAGE], k[NOW]):
        return refused(b, z, strand, pc, function)
    environment = take_environment(b, z, function)
    if environment == NONE:
        count_function(b, z, records[strand, PAYMENT], function, THROTTLES)
        return refused(b, z, strand, pc, function)
    frame = new_frame(z, strand, function, pc, NEVER)
    records[frame, MONTH], records[frame, COHORT] = in_month(k), in_cohort(k, records[strand, PAYMENT])
    records[frame, ENVIRONMENT] = environment
    records[strand, ATTEMPT] = 0
    records[strand, PC] = pc + 1
    tally(b, z, frame, INVOCATIONS, 1)
    cold = environment != ON_PROVISIONED and z.cells[environment, ENV_IDLE] == NONE
    placement, init = cold_start(b, z, strand, frame, b.sheet[pc, KEY]) if cold else (0, 0)
    records[frame, SINCE] = k[NOW] + placement + (0 if k[INIT_BILLED] else init)
    records[frame, DEADLINE] = k[NOW] + placement + init + b.sheet[function, TIMEOUT]
    limit(records, frame)
    return placement + init if cold else NEXT


@compiled
def cold_start(b: Any, z: Any, strand: int, frame: int, key: int) -> tuple[int, int]:
    """Placement, and INIT with the loading of the function's code, in ns."""
    function = z.records[frame, FUNCTION]
    z.cells[z.records[frame, ENVIRONMENT], ENV_IDLE] = z.k[NOW]
    tally(b, z, frame, COLD_STARTS, 1)
    placement, init = 0, 0
    for number in range(b.sheet[function, INITS]):
        ns = draw(b, z, strand, b.lists[b.sheet[function, INITS_AT] + number], key, number)
        if number == 0:
            placement = ns
        else:
            init += ns
    return placement, init


@compiled
def refused(b: Any, z: Any, strand: int, pc: int, function: int) -> int:
    """Synchronous callers back off and try again; an asynchronous event is queued again for hours."""
    k, records = z.k, z.records
    if records[strand, FRAME] != NONE or b.sheet[records[strand, FLOW], OF_PAYMENT] or not k[REQUEUE_AGE]:
        return again(b, z, strand, pc, 0, function)
    if k[NOW] - records[strand, BORN] >= k[REQUEUE_AGE]:
        return FAILS
    count_function(b, z, records[strand, PAYMENT], function, RETRIES)
    attempt = records[strand, ATTEMPT]
    records[strand, ATTEMPT] = attempt + 1
    return doubled(k[REQUEUE_BASE], min(attempt, MOST_DOUBLINGS), k[REQUEUE_MOST])


@compiled
def return_(b: Any, z: Any, strand: int, pc: int) -> int:
    """The handler or request is answered."""
    records, frame = z.records, z.records[strand, FRAME]
    if not records[frame, ALIVE]:
        return ENDS
    end_frame(b, z, frame, False)
    step_out(z, strand)
    records[strand, PC] = pc + 1
    parent = records[strand, FRAME]
    return ENDS if parent != NONE and not records[parent, ALIVE] else NEXT


@compiled
def api(b: Any, z: Any, strand: int, pc: int) -> int:
    """A client's request begins."""
    new_frame(z, strand, NONE, pc, z.k[NOW] + z.k[API_TIMEOUT])
    z.records[strand, PC] = pc + 1
    return NEXT


# --- messages and fates -------------------------------------------------------------------------------


@compiled
def deliver(z: Any, strand: int, flow: int, ns: int, copy: int) -> None:
    """A strand of that flow begins after a while; until then it is a letter."""
    k, records, letter = z.k, z.records, new_cell(z)
    z.cells[letter, TO_FLOW] = flow
    z.cells[letter, TO_PAYMENT] = records[strand, PAYMENT]
    z.cells[letter, TO_REPEAT] = records[strand, REPEAT] + copy * DUPLICATE
    z.cells[letter, TO_RUN] = records[strand, RUN]
    k[PENDING] += records[strand, PAYMENT] >= 0
    schedule(z, k[NOW] + ns, (letter << KIND_BITS) | LETTER)


@compiled
def spawn(b: Any, z: Any, strand: int, pc: int) -> int:
    """A message: delivered after a while, and now and then twice."""
    k, flow, law, key = z.k, b.sheet[pc, A], b.sheet[pc, B], b.sheet[pc, KEY]
    deliver(z, strand, flow, draw(b, z, strand, law, key, 0), 0)
    if k[DUPLICATE_SHARE] and chance(z, strand, b.sheet[pc, CHOICE], k[DUPLICATE_SHARE]):
        k[DUPLICATES] += in_cohort(k, z.records[strand, PAYMENT])
        deliver(z, strand, flow, draw(b, z, strand, law, key, 1), 1)
    z.records[strand, PC] = pc + 1
    return NEXT


@compiled
def fate(b: Any, z: Any, strand: int, pc: int) -> int:
    """Some payments meet it: a flow starts for them after the lag."""
    row = b.sheet[pc, A]
    key = b.sheet[row, FATE_KEY]
    z.records[strand, PC] = pc + 1
    if chance(z, strand, key, b.sheet[row, SHARE]):
        deliver(z, strand, b.sheet[pc, B], draw(b, z, strand, b.sheet[row, FATE_LAW], key, 1), 0)
    return NEXT


# --- ways through the program -------------------------------------------------------------------------


@compiled
def if_(b: Any, z: Any, strand: int, pc: int) -> int:
    """Go on if the condition holds, else jump."""
    z.records[strand, PC] = pc + 1 if holds(b, z, strand, b.sheet[pc, A]) else b.sheet[pc, JUMP]
    return NEXT


@compiled
def holds(b: Any, z: Any, strand: int, condition: int) -> bool:
    """Whether a condition holds for the strand."""
    k, payment = z.k, z.records[strand, PAYMENT]
    if condition <= ACH:
        return b.method[place_of(k, payment)] == condition
    if condition == FIRST_OF_PROVIDER:
        return z.records[strand, FIRST] != 0
    score = table_value(b.laws, k[RISK_LAW], draw_bits(k[RISK_KEY], payment, 0, 0))
    return score > k[REVIEW_ABOVE + condition - REVIEW]


# --- stations -----------------------------------------------------------------------------------------


@compiled
def acquire(b: Any, z: Any, strand: int, pc: int) -> int:
    """Wait for a place at a station; a full one refuses."""
    k, row = z.k, b.sheet[pc, A]
    station, capacity = b.sheet[row, STATION_K], b.sheet[row, CAPACITY]
    if capacity and k[station + USERS] + k[station + WAITING] >= capacity:
        k[REFUSED] += in_cohort(k, z.records[strand, PAYMENT])
        return FAILS
    request = new_cell(z)
    z.cells[request, REQUEST_STRAND] = strand
    z.cells[request, GRANTED] = 0
    z.cells[request, REQUEST_NEXT] = NONE
    if k[station + WAITING] == 0:
        k[station + QUEUE_HEAD] = request
    else:
        z.cells[k[station + QUEUE_TAIL], REQUEST_NEXT] = request
    k[station + QUEUE_TAIL] = request
    k[station + WAITING] += 1
    grant(b, z, row)
    hold(z, z.records[strand, PAYMENT], row, request)
    z.records[strand, PC] = pc + 1
    return WAITS


@compiled
def grant(b: Any, z: Any, row: int) -> None:
    """At most one request that waits gets a place, as SimPy has it."""
    k, station = z.k, b.sheet[row, STATION_K]
    if k[station + WAITING] == 0 or k[station + USERS] >= b.sheet[row, SERVERS]:
        return
    request = k[station + QUEUE_HEAD]
    k[station + QUEUE_HEAD] = z.cells[request, REQUEST_NEXT]
    k[station + WAITING] -= 1
    k[station + USERS] += 1
    z.cells[request, GRANTED] = 1
    schedule(z, k[NOW], (z.cells[request, REQUEST_STRAND] << KIND_BITS) | GO)


@compiled
def release(b: Any, z: Any, strand: int, pc: int) -> int:
    """Leave the station; who waits gets the place in an event of its own."""
    k, row = z.k, b.sheet[pc, A]
    request = release_held(z, z.records[strand, PAYMENT], row)
    if request == NONE:
        k[FAULT], k[LOW] = KEY_FAULT, 1
        return NEXT
    if z.cells[request, GRANTED]:
        k[b.sheet[row, STATION_K] + USERS] -= 1
        free_cell(z, request)
    schedule(z, k[NOW], (row << KIND_BITS) | RELEASED)
    z.records[strand, PC] = pc + 1
    return NEXT


# --- what payments come to ----------------------------------------------------------------------------


@compiled
def mark(b: Any, z: Any, strand: int, pc: int) -> int:
    """The payment has reached an outcome."""
    k, outcome, payment = z.k, b.sheet[pc, A], z.records[strand, PAYMENT]
    count_outcome(z, payment, outcome)
    if outcome == COMPLETED:
        place = place_of(k, payment)
        add_amount(z, np.int64(b.method[place]), b.amount[place], in_month(k), in_cohort(k, payment))
    if payment >= 0 and outcome in (SETTLED_OUTCOME, DONE_OUTCOME):
        days = min(MOST_DAYS - 1, banking_days(b, k, b.arrival[place_of(k, payment)]))
        k[(SETTLED if outcome == SETTLED_OUTCOME else PAID) + days] += 1
    z.records[strand, PC] = pc + 1
    return NEXT


@compiled
def banking_days(b: Any, k: Any, since: int) -> int:
    """As `Timetable.banking_days`, up to now."""
    first = not_above(b.lists, k[MIDNIGHTS_AT], k[MIDNIGHTS], since) - 1
    return b.lists[k[BANK_DAYS_AT] + today(b, k)] - b.lists[k[BANK_DAYS_AT] + first]


@compiled
def timer(b: Any, z: Any, strand: int, pc: int) -> int:
    """Start or stop a clock; stopped, it counts for measured payments."""
    k, which = z.k, b.sheet[pc, A]
    if b.sheet[pc, B] == 0:
        z.records[strand, TIMER + which] = k[NOW]
    elif z.records[strand, PAYMENT] >= 0:
        took = k[NOW] - z.records[strand, TIMER + which]
        excess = max(0, bit_length(took) - MANTISSA_BITS - 1)
        k[LATENCY + which * BINS + (excess << MANTISSA_BITS) + (took >> excess)] += 1
        k[LATENCY_SUM + which] += took
        k[LATENCY_MAX + which] = max(k[LATENCY_MAX + which], took)
    z.records[strand, PC] = pc + 1
    return NEXT


@compiled
def payout(b: Any, z: Any, strand: int, pc: int) -> int:
    """A payout is made."""
    k, payment = z.k, z.records[strand, PAYMENT]
    cents = z.records[strand, PAYOUT]
    if not k[PER_PROVIDER]:
        whole = net(b, k, payment)
        cents = whole // k[PARTS] + (b.sheet[pc, A] < whole % k[PARTS])
    add_amount(z, PAYOUT_NAME, cents, in_month(k), in_cohort(k, payment))
    z.records[strand, PC] = pc + 1
    return NEXT
