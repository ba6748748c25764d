"""Work, calls of services, requests and invocations, in the compiled engine: as the functions of those names do.

Each gives what it comes to: NEXT, WAITS, FAILS, ENDS, or the nanoseconds to wait.
"""

from __future__ import annotations

from typing import Any

from costmodel.simulation import layout as at
from costmodel.simulation.counts import COLD_STARTS, INVOCATIONS, RETRIES, THROTTLES
from costmodel.simulation.kernel_draws import below_share, compiled, draw_bits, drawn, inlined, is_out, scaled
from costmodel.simulation.kernel_memory import add_amount
from costmodel.simulation.kernel_payments import amount_of
from costmodel.simulation.kernel_platform import (
    cohort_of,
    count_function,
    end_frame,
    in_cohort,
    in_month,
    limit,
    new_frame,
    step_out,
    take_all_tokens,
    take_environment,
    tally,
    within,
)
from costmodel.simulation.plan import NOBODY
from costmodel.simulation.strands import DUPLICATE

NS_PER_S = 10**9
MOST_DOUBLINGS = 32


@inlined
def entity_of(records: Any, strand: int) -> int:
    """Whose luck it is: the payment's, or that of the run of a schedule."""
    payment = records[strand, at.PAYMENT]
    return payment if payment != NOBODY else records[strand, at.RUN]


@inlined
def draw(b: Any, z: Any, strand: int, law: int, key: int, attempt: int) -> int:
    """As `Reference.draw`."""
    records = z.records
    return drawn(b.laws, law, key, entity_of(records, strand), records[strand, at.REPEAT], attempt)


@compiled
def rare_draw(b: Any, z: Any, strand: int, law: int, key: int, attempt: int) -> int:
    """The same, for where few draws are made."""
    return draw(b, z, strand, law, key, attempt)


@compiled
def chance(z: Any, strand: int, key: int, share: int) -> bool:
    """As `Reference.chance`."""
    records = z.records
    return below_share(draw_bits(key, entity_of(records, strand), records[strand, at.REPEAT], 0), share)


@inlined
def work(b: Any, z: Any, strand: int, pc: int) -> int:
    """Compute, or travel, for a while."""
    z.records[strand, at.PC] = pc + 1
    fixed = b.sheet[pc, at.NUMBER]
    return fixed if fixed >= 0 else draw(b, z, strand, b.sheet[pc, at.A], b.sheet[pc, at.KEY], 0)


# --- calls of services --------------------------------------------------------------------------------


@inlined
def call(b: Any, z: Any, strand: int, pc: int) -> int:
    """Call a service."""
    k, sheet, step = z.k, b.sheet, b.sheet[pc, at.STEP]
    rare = sheet[step, at.RARE]
    chunks = 1 if rare == at.NONE else scanned(b, k, rare)
    if not take_all_tokens(b, k, sheet[step, at.QUOTAS_AT], sheet[step, at.QUOTAS], chunks):
        k[at.THROTTLED] += 1
        return again(b, z, strand, pc, 0, at.NONE)
    ns = takes(b, z, strand, pc, entity_of(z.records, strand), z.records[strand, at.ATTEMPT])
    if is_out(b, k, sheet[step, at.OUTAGE]):
        return again(b, z, strand, pc, ns, at.NONE)
    note_call(b, z, strand, pc, chunks, k[at.NOW])
    z.records[strand, at.PC] = pc + 1
    z.records[strand, at.ATTEMPT] = 0
    return ns


@inlined
def takes(b: Any, z: Any, strand: int, pc: int, entity: int, attempt: int) -> int:
    """The nanoseconds that a call takes."""
    step = b.sheet[pc, at.STEP]
    ns: int = b.sheet[step, at.CERTAIN]
    if ns < 0:
        ns = drawn(b.laws, b.sheet[step, at.LAW], b.sheet[pc, at.KEY], entity, z.records[strand, at.REPEAT], attempt)
    return ns


@inlined
def note_call(b: Any, z: Any, strand: int, pc: int, chunks: int, now: int) -> None:
    """Count a call that begins then, and what it scans, stores and moves."""
    k, payment, step = z.k, z.records[strand, at.PAYMENT], b.sheet[pc, at.STEP]
    place, rare, month = b.sheet[step, at.STEP_K], b.sheet[step, at.RARE], within(k, now)
    cohort = cohort_of(payment, month)
    k[place + at.CALLS] += month
    k[place + at.CALLS + 1] += cohort
    if rare != at.NONE:
        scan_or_store(b, k, rare, place, month, cohort, chunks, now)
        if b.sheet[pc, at.NUMBER]:
            move_money(b, z, strand, month, cohort)


@compiled
def scanned(b: Any, k: Any, rare: int) -> int:
    """Chunks that one page of a table scan reads now; 1 for what is no scan."""
    page, chunk = b.sheet[rare, at.PAGE_BYTES], b.sheet[rare, at.CHUNK]
    if chunk == 0:
        return 1
    size = k[b.sheet[rare, at.TABLE_K]] * b.sheet[rare, at.ROW_BYTES]
    if page:
        size = min(size, page)
    return max(1, (size + chunk - 1) // chunk)


@compiled
def scan_or_store(b: Any, k: Any, rare: int, place: int, month: int, cohort: int, chunks: int, now: int) -> None:
    """Count the chunks scanned, or the seconds that what is stored now will stay."""
    if b.sheet[rare, at.CHUNK]:
        k[place + at.CHUNKS] += month * chunks
        k[place + at.CHUNKS + 1] += cohort * chunks
    if b.sheet[rare, at.STORES]:
        k[b.sheet[rare, at.TABLE_K]] += b.sheet[rare, at.ADDS]
        stays = max(0, k[at.END] - now) // NS_PER_S
        k[place + at.STORED] += month * stays
        k[place + at.STORED + 1] += cohort * stays


@compiled
def move_money(b: Any, z: Any, strand: int, month: int, cohort: int) -> None:
    """A call that moves money, where nothing looks whether that has been done: count what moves twice."""
    payment = z.records[strand, at.PAYMENT]
    if z.records[strand, at.REPEAT] >= DUPLICATE and payment != NOBODY:
        add_amount(z, at.MOVED_TWICE, amount_of(b, z.k, payment), month, cohort)


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
    attempt = records[strand, at.ATTEMPT]
    if attempt + 1 >= k[at.ATTEMPTS]:
        return at.FAILS
    if function != at.NONE:
        count_function(b, z, records[strand, at.PAYMENT], function, RETRIES)
    longest = doubled(k[at.BASE], attempt, k[at.LONGEST])
    bits = draw_bits(b.sheet[pc, at.LUCK], entity_of(records, strand), records[strand, at.REPEAT], attempt)
    records[strand, at.ATTEMPT] = attempt + 1
    return ns + scaled(bits, longest)


# --- requests and invocations -------------------------------------------------------------------------


@inlined
def invoke(b: Any, z: Any, strand: int, pc: int) -> int:
    """Take an environment; if none may be had, the invocation is throttled."""
    k, records, function = z.k, z.records, b.sheet[pc, at.A]
    if is_out(b, k, k[at.LAMBDA_OUTAGE]):
        return refused(b, z, strand, pc, function)
    environment = take_environment(b, z, function)
    if environment == at.NONE:
        count_function(b, z, records[strand, at.PAYMENT], function, THROTTLES)
        return refused(b, z, strand, pc, function)
    frame = new_frame(z, strand, function, pc, at.NEVER)
    records[frame, at.MONTH], records[frame, at.COHORT] = in_month(k), in_cohort(k, records[strand, at.PAYMENT])
    records[frame, at.ENVIRONMENT] = environment
    records[strand, at.ATTEMPT] = 0
    records[strand, at.PC] = pc + 1
    tally(b, z, frame, INVOCATIONS, 1)
    cold = environment != at.ON_PROVISIONED and z.cells[environment, at.ENV_IDLE] == at.NONE
    placement, init = cold_start(b, z, strand, frame, b.sheet[pc, at.KEY]) if cold else (0, 0)
    records[frame, at.SINCE] = k[at.NOW] + placement + (0 if k[at.INIT_BILLED] else init)
    records[frame, at.DEADLINE] = k[at.NOW] + placement + init + b.sheet[function, at.TIMEOUT]
    limit(records, frame)
    return placement + init if cold else at.NEXT


@compiled
def cold_start(b: Any, z: Any, strand: int, frame: int, key: int) -> tuple[int, int]:
    """Placement, and INIT with the loading of the function's code, in ns."""
    function = z.records[frame, at.FUNCTION]
    z.cells[z.records[frame, at.ENVIRONMENT], at.ENV_IDLE] = z.k[at.NOW]
    tally(b, z, frame, COLD_STARTS, 1)
    placement, init = 0, 0
    for number in range(b.sheet[function, at.INITS]):
        ns = rare_draw(b, z, strand, b.lists[b.sheet[function, at.INITS_AT] + number], key, number)
        if number == 0:
            placement = ns
        else:
            init += ns
    return placement, init


@compiled
def refused(b: Any, z: Any, strand: int, pc: int, function: int) -> int:
    """Synchronous callers back off and try again; an asynchronous event is queued again for hours."""
    k, records = z.k, z.records
    if (
        records[strand, at.FRAME] != at.NONE
        or b.sheet[records[strand, at.FLOW], at.OF_PAYMENT]
        or not k[at.REQUEUE_AGE]
    ):
        return again(b, z, strand, pc, 0, function)
    if k[at.NOW] - records[strand, at.BORN] >= k[at.REQUEUE_AGE]:
        return at.FAILS
    count_function(b, z, records[strand, at.PAYMENT], function, RETRIES)
    attempt = records[strand, at.ATTEMPT]
    records[strand, at.ATTEMPT] = attempt + 1
    return doubled(k[at.REQUEUE_BASE], min(attempt, MOST_DOUBLINGS), k[at.REQUEUE_MOST])


@inlined
def return_(b: Any, z: Any, strand: int, pc: int) -> int:
    """The handler or request is answered."""
    records, frame = z.records, z.records[strand, at.FRAME]
    if not records[frame, at.ALIVE]:
        return at.ENDS
    end_frame(b, z, frame, False)
    step_out(z, strand)
    records[strand, at.PC] = pc + 1
    parent = records[strand, at.FRAME]
    return at.ENDS if parent != at.NONE and not records[parent, at.ALIVE] else at.NEXT


@compiled
def api(b: Any, z: Any, strand: int, pc: int) -> int:
    """A client's request begins."""
    new_frame(z, strand, at.NONE, pc, z.k[at.NOW] + z.k[at.API_TIMEOUT])
    z.records[strand, at.PC] = pc + 1
    return at.NEXT
