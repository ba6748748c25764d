"""The compiled engine's strands: how they begin, branch, fail, are cut off at a deadline, and end."""

from __future__ import annotations

from typing import Any

from costmodel.simulation.kernel_draws import compiled
from costmodel.simulation.kernel_memory import free_cell, later, new_cell, new_record
from costmodel.simulation.kernel_money import give_back_batch, put_back
from costmodel.simulation.kernel_platform import end_frame, free_strand, in_cohort, in_month, let_go, limit, step_out
from costmodel.simulation.layout import (
    ALIVE,
    ATTEMPT,
    BATCH,
    BATCH_USERS,
    BORN,
    CALLER,
    CUT,
    DEAD,
    DEAD_LETTERS,
    DELAYS,
    DELAYS_AT,
    ENDS,
    FAILED,
    FIRST,
    FLOW,
    FLOW_QUEUE,
    FRAME,
    FRAME_PC,
    FRAMES,
    GO,
    JOIN,
    JOIN_PARENT,
    JOIN_PC,
    JUMP,
    KIND_BITS,
    LEFT,
    MEASURED,
    NEXT,
    NONE,
    NOW,
    NUMBER,
    OF_PAYMENT,
    OP,
    OUTCOMES,
    OVER,
    PARENT,
    PAYMENT,
    PAYOUT,
    PC,
    PENDING,
    REFERENCES,
    REPEAT,
    RESUME,
    RUN,
    START_PC,
    STEP,
    THROW,
    TIMER,
    TRIES,
    WAITS,
    WEAKEST,
    B,
)  # fmt: skip
from costmodel.simulation.plan import NOBODY, TIMERS, Op, Outcome

CALL, INVOKE, API = int(Op.CALL), int(Op.INVOKE), int(Op.API)
FAILED_OUTCOME, NUMBER_OF_OUTCOMES = int(Outcome.FAILED), len(Outcome)
CLOCKS = len(TIMERS)


@compiled
def new_strand(b: Any, z: Any, flow: int, payment: int, run: int) -> int:
    """As `Strand(...)`, born now."""
    strand, records = new_record(z), z.records
    records[strand, PC] = b.sheet[flow, START_PC]
    records[strand, FRAME] = NONE
    records[strand, FLOW] = flow
    records[strand, PAYMENT] = payment
    records[strand, RUN] = run
    records[strand, REPEAT] = 0
    records[strand, ATTEMPT] = 0
    records[strand, TRIES] = 0
    records[strand, BORN] = z.k[NOW]
    records[strand, PAYOUT] = 0
    records[strand, FIRST] = 1
    records[strand, MEASURED] = payment >= 0
    records[strand, BATCH] = NONE
    records[strand, JOIN] = NONE
    records[strand, CUT] = NONE
    for clock in range(CLOCKS):
        records[strand, TIMER + clock] = 0
    records[strand, FRAMES] = 0
    records[strand, OVER] = 0
    return strand


@compiled
def clone(b: Any, z: Any, strand: int, frame: int, pc: int) -> int:
    """As `Strand.clone` and `Reference.enter`, in a frame and at a place of its own; without batch and join."""
    records = z.records
    other = new_strand(b, z, records[strand, FLOW], records[strand, PAYMENT], records[strand, RUN])
    records[other, PC] = pc
    records[other, FRAME] = frame
    if frame != NONE:
        records[frame, REFERENCES] += 1
    records[other, REPEAT] = records[strand, REPEAT]
    records[other, TRIES] = records[strand, TRIES]
    records[other, BORN] = records[strand, BORN]
    records[other, PAYOUT] = records[strand, PAYOUT]
    records[other, FIRST] = records[strand, FIRST]
    records[other, MEASURED] = records[strand, MEASURED]
    for clock in range(CLOCKS):
        records[other, TIMER + clock] = records[strand, TIMER + clock]
    z.k[PENDING] += records[other, MEASURED]
    return other


@compiled
def fork(b: Any, z: Any, strand: int, pc: int) -> int:
    """As `instructions.fork`: the first branch is done first."""
    number, join = b.sheet[pc, NUMBER], new_cell(z)
    z.cells[join, LEFT] = number
    z.cells[join, JOIN_PARENT] = strand
    z.cells[join, JOIN_PC] = b.sheet[pc, JUMP]
    z.cells[join, FAILED] = 0
    frame = z.records[strand, FRAME]
    for branch in range(number - 1, -1, -1):
        other = clone(b, z, strand, frame, b.lists[b.sheet[pc, STEP] + branch])
        z.records[other, JOIN] = join
        later(z, (other << KIND_BITS) | GO)
    return WAITS


@compiled
def finish(z: Any, strand: int) -> None:
    """As `Reference.finish` and `Reference.joined`."""
    records = z.records
    z.k[PENDING] -= records[strand, MEASURED]
    join, frame = records[strand, JOIN], records[strand, FRAME]
    records[strand, JOIN] = NONE
    records[strand, FRAME] = NONE
    records[strand, OVER] = 1
    let_go(z, frame)
    if records[strand, FRAMES] == 0:
        free_strand(z, strand)
    if join != NONE:
        z.cells[join, LEFT] -= 1
        if z.cells[join, LEFT] == 0:
            go_on_behind(z, join)


@compiled
def go_on_behind(z: Any, join: int) -> None:
    """All branches have ended: the strand that forked is next."""
    parent, failed = z.cells[join, JOIN_PARENT], z.cells[join, FAILED]
    if not failed:
        z.records[parent, PC] = z.cells[join, JOIN_PC]
    free_cell(z, join)
    later(z, (parent << KIND_BITS) | (THROW if failed else GO))


@compiled
def fail(b: Any, z: Any, strand: int) -> int:
    """As `Reference.fail`."""
    records = z.records
    while True:
        pc, frame, join = records[strand, PC], records[strand, FRAME], records[strand, JOIN]
        op = b.sheet[pc, OP]
        if b.sheet[pc, B] == 1 and (op == CALL or op == INVOKE or op == API):  # noqa: SIM109
            records[strand, PC] = b.sheet[pc, JUMP] if op != CALL else pc + 1
            records[strand, ATTEMPT] = 0
            return NEXT
        if join != NONE and frame == records[z.cells[join, JOIN_PARENT], FRAME]:
            z.cells[join, FAILED] = 1
            return ENDS
        if frame == NONE:
            return flow_failed(b, z, strand)
        if not records[frame, ALIVE]:
            return ENDS
        records[strand, PC] = records[frame, FRAME_PC]
        records[strand, ATTEMPT] = 0
        end_frame(b, z, frame, False)
        step_out(z, strand)


@compiled
def flow_failed(b: Any, z: Any, strand: int) -> int:
    """As `Reference.flow_failed`; the pause before the next try, or ENDS."""
    k, records = z.k, z.records
    flow = records[strand, FLOW]
    if b.sheet[flow, OF_PAYMENT]:
        count_outcome(z, records[strand, PAYMENT], FAILED_OUTCOME)
        return ENDS
    queue = b.sheet[flow, FLOW_QUEUE]
    if queue != NONE and records[strand, PAYMENT] != NOBODY:
        put_back(z, strand)
        records[strand, PAYMENT] = NOBODY
    tries = records[strand, TRIES]
    if tries < k[DELAYS]:
        records[strand, PC] = b.sheet[flow, START_PC]
        records[strand, ATTEMPT] = 0
        records[strand, TRIES] += 1
        records[strand, REPEAT] += 1
        return b.lists[k[DELAYS_AT] + tries]
    k[DEAD_LETTERS] += 1
    if records[strand, BATCH] != NONE:
        give_back_batch(b, z, queue, records[strand, BATCH])
    return ENDS


@compiled
def count_outcome(z: Any, payment: int, outcome: int) -> None:
    """As `Reference.outcome`."""
    z.k[OUTCOMES + outcome] += in_month(z.k)
    z.k[OUTCOMES + NUMBER_OF_OUTCOMES + outcome] += in_cohort(z.k, payment)


@compiled
def cut_off(b: Any, z: Any, strand: int) -> None:
    """As `Reference.cut_off`: first the caller goes on with an error, then what it called."""
    dead = z.records[z.records[strand, FRAME], WEAKEST]
    z.records[strand, DEAD] = dead
    later(z, (strand << KIND_BITS) | RESUME)
    if z.records[dead, ALIVE]:
        time_out(b, z, dead)


@compiled
def time_out(b: Any, z: Any, frame: int) -> None:
    """As `Reference.time_out`."""
    records = z.records
    strand = records[frame, CALLER]
    caller = clone(b, z, strand, records[frame, PARENT], records[frame, FRAME_PC])
    batch = records[strand, BATCH]
    records[caller, BATCH] = batch
    if batch != NONE:
        z.cells[batch, BATCH_USERS] += 1
    records[caller, JOIN] = records[strand, JOIN]
    records[strand, JOIN] = NONE
    end_frame(b, z, frame, True)
    later(z, (caller << KIND_BITS) | THROW)


@compiled
def resume(z: Any, strand: int) -> int:
    """The rest of `Reference.cut_off`: the wait that is left, within the deadlines that are; or ENDS."""
    records = z.records
    inner, dead = records[strand, FRAME], records[strand, DEAD]
    rest = records[strand, CUT] - z.k[NOW]
    records[strand, CUT] = NONE
    if inner == dead:
        return ENDS
    depth, frame = 0, inner
    while frame not in (NONE, dead):
        depth, frame = depth + 1, records[frame, PARENT]
    for steps in range(depth - 1, -1, -1):
        frame = inner
        for _ in range(steps):
            frame = records[frame, PARENT]
        limit(records, frame)
    return rest
