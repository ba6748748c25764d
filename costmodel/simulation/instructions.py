"""What each instruction of a Plan does, in the reference engine.

Each function carries out one instruction for a strand and moves its program counter on; it gives True if the strand
now waits or has ended.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappush
from typing import TYPE_CHECKING

from costmodel.simulation.counts import (
    BILLED,
    COLD_STARTS,
    INVOCATIONS,
    MOVED_TWICE,
    PAY_INS,
    PAYOUT,
    PROVISIONED,
    RETRIES,
    THROTTLES,
    bin_of,
)
from costmodel.simulation.draws import draw_bits, stream_key
from costmodel.simulation.plan import NOBODY, Instruction, Op, Outcome, StepPlan, When
from costmodel.simulation.stations import acquire, release
from costmodel.simulation.strands import DUPLICATE, NEVER, Entry, Frame, Join, Strand

if TYPE_CHECKING:
    from costmodel.simulation.reference import Reference

NS_PER_S = 10**9


def stop(engine: Reference, strand: Strand, _: Instruction) -> bool:
    """The flow is over."""
    if strand.flow.trigger == "payment":
        engine.under_way -= 1
        if engine.trace is not None:
            engine.trace[strand.payment] = engine.env.now
    return engine.finish(strand)


def work(engine: Reference, strand: Strand, instruction: Instruction) -> bool:
    """Compute, or travel, for a while."""
    ns = engine.draw(instruction.a, engine.keys[strand.pc], strand)
    strand.pc += 1
    return engine.pause(strand, ns)


def call(engine: Reference, strand: Strand, instruction: Instruction) -> bool:
    """Call a service. Throttled or out: tried again with growing, jittered pauses; then it has failed."""
    step = engine.plan.steps[instruction.step]
    now = engine.env.now
    units = _scanned(engine, step) * step.units if step.scan_chunk_bytes else step.units
    buckets = [engine.buckets[quota] for quota in step.quotas]
    if not all(bucket.has(now, units) for bucket in buckets):
        engine.counts.service_throttles += 1
        return _again(engine, strand, 0)
    for bucket in buckets:
        bucket.take(now, units)
    ns = engine.draw(step.law, engine.keys[strand.pc], strand, strand.attempt)
    if step.outage >= 0 and engine.timetable.is_out(step.outage, now):
        return _again(engine, strand, ns)
    _use(engine, strand, instruction.step)
    strand.pc += 1
    strand.attempt = 0
    return engine.pause(strand, ns)


def _again(engine: Reference, strand: Strand, ns: int, function: int = -1) -> bool:
    """Try the instruction again after `ns` and a back-off, or fail if it was the last attempt."""
    retry = engine.plan.retry
    if strand.attempt + 1 >= retry.attempts:
        return engine.fail(strand)
    if function >= 0:
        engine.count_function(strand, function, RETRIES)
    longest = min(retry.base_ns << strand.attempt, retry.most_ns)
    entity = strand.payment if strand.payment != NOBODY else strand.run
    bits = draw_bits(engine.tries[strand.pc], entity, strand.repeat, strand.attempt)
    strand.attempt += 1
    return engine.pause(strand, ns + ((bits * longest) >> 64))


def _use(engine: Reference, strand: Strand, index: int) -> None:
    """Count a call: its executions, the chunks it scanned, the seconds that what it stored will stay."""
    step, month, cohort = engine.plan.steps[index], engine.month(), engine.cohort(strand)
    _count(engine.calls, index, month, cohort, 1)
    if step.scan_chunk_bytes:
        _count(engine.chunks, index, month, cohort, _scanned(engine, step))
    if step.stores_bytes:
        engine.rows[step.table] += step.adds_row
        _count(engine.stored_s, index, month, cohort, max(0, engine.end_ns - engine.env.now) // NS_PER_S)
    if step.moves_money and strand.is_copy and _moves_money(strand) and strand.payment != NOBODY:
        _count_twice(engine, strand, engine.amounts[strand.payment + engine.first_measured])


def _count(counter: list[list[int]], index: int, month: int, cohort: int, times: int) -> None:
    if month:
        counter[0][index] += times
    if cohort:
        counter[1][index] += times


def _scanned(engine: Reference, step: StepPlan) -> int:
    """Chunks that one page of a table scan reads now; an empty table costs one."""
    table = engine.plan.tables[step.table]
    size = engine.rows[step.table] * table.row_bytes
    size = min(size, table.scan_page_bytes) if table.scan_page_bytes else size
    return max(1, -(-size // step.scan_chunk_bytes))


def invoke(engine: Reference, strand: Strand, instruction: Instruction) -> bool:
    """Take an environment; if none may be had, the invocation is throttled."""
    function, now = instruction.a, engine.env.now
    outage = engine.plan.compute.outage
    if outage >= 0 and engine.timetable.is_out(outage, now):
        return _refused(engine, strand, function)
    taken = engine.account.take(function, now)
    if taken is None:
        engine.count_function(strand, function, THROTTLES)
        return _refused(engine, strand, function)
    frame = Frame(function, strand.pc, NEVER, strand)
    frame.month, frame.cohort = engine.month(), engine.cohort(strand)
    frame.environment, key = taken, engine.keys[strand.pc]
    strand.frame, strand.attempt = frame, 0
    engine.tally(frame, INVOCATIONS)
    strand.pc += 1
    cold = taken.new
    placement, init = _cold_start(engine, frame, key, strand) if cold else (0, 0)
    frame.since = now + placement + (0 if engine.plan.compute.init_billed else init)
    frame.deadline = now + placement + init + engine.plan.functions[function].timeout_ns
    frame.limit()
    return engine.pause(strand, placement + init) if cold else False


def _cold_start(engine: Reference, frame: Frame, key: int, strand: Strand) -> tuple[int, int]:
    """Placement, and INIT with the loading of the function's code, in ns."""
    assert frame.environment is not None
    frame.environment.new = False
    engine.tally(frame, COLD_STARTS)
    laws = engine.plan.functions[frame.function].init_laws
    placement, *init = [engine.draw(law, key, strand, number) for number, law in enumerate(laws)]
    return placement, sum(init)


def _refused(engine: Reference, strand: Strand, function: int) -> bool:
    """Synchronous callers back off and try again; an asynchronous event is queued again for hours."""
    retry = engine.plan.retry
    if strand.frame is not None or strand.flow.trigger == "payment" or not retry.requeue_age_ns:
        return _again(engine, strand, 0, function)
    if engine.env.now - strand.born >= retry.requeue_age_ns:
        return engine.fail(strand)
    engine.count_function(strand, function, RETRIES)
    ns = min(retry.requeue_base_ns << min(strand.attempt, 32), retry.requeue_most_ns)
    strand.attempt += 1
    return engine.pause(strand, ns)


def return_(engine: Reference, strand: Strand, _: Instruction) -> bool:
    """The handler or request is answered."""
    frame = strand.frame
    assert frame is not None
    if not frame.alive:
        return engine.finish(strand)
    leave(engine, frame)
    strand.frame = frame.parent
    strand.pc += 1
    return engine.finish(strand) if frame.parent is not None and not frame.parent.alive else False


def leave(engine: Reference, frame: Frame) -> None:
    """The handler ends by itself: billed, and its environment is idle."""
    frame.alive = False
    if frame.function >= 0:
        bill(engine, frame)
        assert frame.environment is not None
        engine.account.give_back(frame.function, frame.environment, engine.env.now)


def bill(engine: Reference, frame: Frame) -> None:
    """Billed time, rounded up to the increment per invocation."""
    assert frame.environment is not None
    increments = -(-max(0, engine.env.now - frame.since) // engine.plan.compute.billing_increment_ns)
    engine.tally(frame, PROVISIONED if frame.environment.provisioned else BILLED, increments)


def api(engine: Reference, strand: Strand, _: Instruction) -> bool:
    """A client's request begins."""
    frame = Frame(-1, strand.pc, engine.env.now + engine.plan.api_timeout_ns, strand)
    strand.frame = frame
    strand.pc += 1
    return False


def spawn(engine: Reference, strand: Strand, instruction: Instruction) -> bool:
    """A message: delivered after a while, and now and then twice."""
    key = engine.keys[strand.pc]
    _deliver(engine, strand, instruction, engine.draw(instruction.b, key, strand), 0)
    if engine.chance(engine.choices[strand.pc], strand, engine.plan.duplicate_share):
        engine.counts.duplicates += engine.cohort(strand)
        _deliver(engine, strand, instruction, engine.draw(instruction.b, key, strand, 1), 1)
    strand.pc += 1
    return False


def _deliver(engine: Reference, strand: Strand, instruction: Instruction, ns: int, copy: int) -> None:
    flow = engine.plan.flows[instruction.a]
    child = Strand(flow, strand.payment, strand.run)
    child.repeat = strand.repeat + copy * DUPLICATE
    child.born = engine.env.now + ns
    engine.enter(child)
    engine.after(ns, child.go)


def fate(engine: Reference, strand: Strand, instruction: Instruction) -> bool:
    """Some payments meet it: a flow starts for them after the lag."""
    fate = engine.plan.fates[instruction.a]
    key = stream_key(engine.seed, "fate", fate.key)
    strand.pc += 1
    if _moves_money(strand) and engine.chance(key, strand, fate.share):
        lag = engine.draw(fate.law, key, strand, 1)
        _deliver(engine, strand, Instruction(Op.FATE, a=instruction.b), lag, 0)
    return False


def fork(engine: Reference, strand: Strand, instruction: Instruction) -> bool:
    """Branches start in order; the strand itself goes on when the last has joined."""
    join = Join(len(instruction.targets), strand, instruction.jump)
    for target in instruction.targets:
        branch = strand.clone()
        branch.pc, branch.join = target, join
        engine.enter(branch)
        engine.go(branch)
    return True


def join(engine: Reference, strand: Strand, _: Instruction) -> bool:
    """A branch has ended."""
    return engine.finish(strand)


def if_(engine: Reference, strand: Strand, instruction: Instruction) -> bool:
    """Go on if the condition holds, else jump."""
    strand.pc = strand.pc + 1 if _holds(engine, When(instruction.a), strand) else instruction.jump
    return False


def _holds(engine: Reference, condition: When, strand: Strand) -> bool:
    if condition <= When.ACH:
        return bool(engine.methods[strand.payment + engine.first_measured] == int(condition))
    if condition is When.FIRST_OF_PROVIDER:
        return strand.first
    score = engine.plan.laws[engine.plan.risk_law].value(draw_bits(engine.risk_key, strand.payment, 0, 0))
    return score > engine.plan.risk_thresholds[condition - When.REVIEW]


def jump(engine: Reference, strand: Strand, instruction: Instruction) -> bool:
    """Go on elsewhere."""
    strand.pc = instruction.jump
    return False


def queue(engine: Reference, strand: Strand, instruction: Instruction) -> bool:
    """The payment's money waits."""
    strand.pc += 1
    if not _moves_money(strand):
        return False
    if strand.is_copy and strand.payment != NOBODY:
        _count_twice(engine, strand, engine.amounts[strand.payment + engine.first_measured])
    enqueue(engine, instruction.a, engine.timetable.due_at(instruction.b, engine.env.now), (strand.payment, True, 0))
    return False


def _moves_money(strand: Strand) -> bool:
    """A message that comes twice does its work twice, but moves money twice only where nothing looks for that."""
    return not (strand.is_copy and strand.flow.idempotent)


def _count_twice(engine: Reference, strand: Strand, cents: int) -> None:
    """Money has moved that had moved before."""
    engine.add_amount(MOVED_TWICE, cents, strand)


def enqueue(engine: Reference, queue: int, due: int, entry: Entry) -> None:
    """Put an entry into a queue until it is due."""
    engine.ordinal += 1
    engine.pending += entry[0] >= 0
    heappush(engine.queues[queue], (due, engine.ordinal, entry))


def each(engine: Reference, strand: Strand, instruction: Instruction) -> bool:
    """Take the next entry of the batch, or leave the loop."""
    if strand.batch:
        strand.payment, strand.first, strand.payout = strand.batch.pop()
        strand.pc += 1
    else:
        strand.payment, strand.pc = NOBODY, instruction.jump
    return False


def mark(engine: Reference, strand: Strand, instruction: Instruction) -> bool:
    """The payment has reached an outcome."""
    outcome, index = Outcome(instruction.a), strand.payment + engine.first_measured
    strand.pc += 1
    if not _moves_money(strand):
        return False
    engine.outcome(strand, outcome)
    if outcome is Outcome.COMPLETED:
        engine.add_amount(PAY_INS[engine.methods[index]], engine.amounts[index], strand)
    days = {Outcome.SETTLED: engine.counts.settled_days, Outcome.DONE: engine.counts.paid_days}.get(outcome)
    if days is not None and strand.payment >= 0:
        days[min(len(days) - 1, engine.timetable.banking_days(engine.arrived[index], engine.env.now))] += 1
    return False


def timer(engine: Reference, strand: Strand, instruction: Instruction) -> bool:
    """Start or stop a clock; stopped, it counts for measured payments."""
    which = instruction.a
    if instruction.b == 0:
        strand.timers[which] = engine.env.now
    elif strand.payment >= 0:
        took = engine.env.now - strand.timers[which]
        engine.counts.latency[which, bin_of(took)] += 1
        engine.counts.latency_sum[which] += took
        engine.counts.latency_max[which] = max(engine.counts.latency_max[which], took)
    strand.pc += 1
    return False


def payout(engine: Reference, strand: Strand, instruction: Instruction) -> bool:
    """A payout is made."""
    strand.pc += 1
    if not _moves_money(strand):
        return False
    cents = strand.payout if engine.plan.per_provider else _share(engine, strand.payment, instruction.a)
    engine.add_amount(PAYOUT, cents, strand)
    if strand.is_copy:
        _count_twice(engine, strand, cents)
    return False


def _share(engine: Reference, payment: int, copy: int) -> int:
    """One of a payment's payouts, in cents; odd cents go to the first ones."""
    net, parts = engine.net(payment), engine.plan.payouts_per_payment
    return net // parts + (copy < net % parts)


DO: dict[Op, Callable[[Reference, Strand, Instruction], bool]] = {
    Op.STOP: stop,
    Op.WORK: work,
    Op.CALL: call,
    Op.INVOKE: invoke,
    Op.RETURN: return_,
    Op.API: api,
    Op.API_END: return_,
    Op.SPAWN: spawn,
    Op.FATE: fate,
    Op.FORK: fork,
    Op.JOIN: join,
    Op.IF: if_,
    Op.JUMP: jump,
    Op.QUEUE: queue,
    Op.EACH: each,
    Op.ACQUIRE: acquire,
    Op.RELEASE: release,
    Op.MARK: mark,
    Op.TIMER: timer,
    Op.PAYOUT: payout,
}
