"""The compiled engine's strands: how they begin, branch, fail, are cut off at a deadline, and end."""

from __future__ import annotations

from typing import Any

from costmodel.simulation import layout as at
from costmodel.simulation.kernel_batches import give_back_batch, put_back
from costmodel.simulation.kernel_draws import compiled
from costmodel.simulation.kernel_memory import free_cell, from_stack, later, new_cell, new_record
from costmodel.simulation.kernel_platform import end_frame, free_strand, in_cohort, in_month, let_go, limit, step_out
from costmodel.simulation.kernel_stations import let_place_go, vacate, watch
from costmodel.simulation.plan import NOBODY, TIMERS, Op, Outcome

CALL, INVOKE, API = int(Op.CALL), int(Op.INVOKE), int(Op.API)
FAILED_OUTCOME, NUMBER_OF_OUTCOMES = int(Outcome.FAILED), len(Outcome)
CLOCKS = len(TIMERS)


@compiled
def new_strand(b: Any, z: Any, flow: int, payment: int, run: int) -> int:
    """As `Strand(...)`, born now."""
    strand, records = new_record(z), z.records
    records[strand, at.PC] = b.sheet[flow, at.START_PC]
    records[strand, at.FRAME] = at.NONE
    records[strand, at.FLOW] = flow
    records[strand, at.PAYMENT] = payment
    records[strand, at.RUN] = run
    records[strand, at.REPEAT] = 0
    records[strand, at.ATTEMPT] = 0
    records[strand, at.BORN] = z.k[at.NOW]
    records[strand, at.PAYOUT] = 1
    records[strand, at.HOLDS] = at.MEASURED if payment >= 0 else 0
    records[strand, at.BATCH] = at.NONE
    records[strand, at.JOIN] = at.NONE
    records[strand, at.CUT] = at.NONE
    records[strand, at.PLACES] = at.NONE
    for clock in range(CLOCKS):
        records[strand, at.TIMER + clock] = 0
    return strand


@compiled
def clone(b: Any, z: Any, strand: int, frame: int, pc: int) -> int:
    """As `Strand.clone` and `Reference.enter`, in a frame and at a step of its own."""
    records = z.records
    other = new_strand(b, z, records[strand, at.FLOW], records[strand, at.PAYMENT], records[strand, at.RUN])
    records[other, at.PC] = pc
    records[other, at.FRAME] = frame
    if frame != at.NONE:
        records[frame, at.REFERENCES] += 1
    records[other, at.REPEAT] = records[strand, at.REPEAT]
    records[other, at.BORN] = records[strand, at.BORN]
    records[other, at.PAYOUT] = records[strand, at.PAYOUT]
    records[other, at.HOLDS] = records[strand, at.HOLDS] & (at.MEASURED | at.MOST_TRIES * at.TRY)
    for clock in range(CLOCKS):
        records[other, at.TIMER + clock] = records[strand, at.TIMER + clock]
    z.k[at.PENDING] += records[other, at.HOLDS] & at.MEASURED
    return other


@compiled
def fork(b: Any, z: Any, strand: int, pc: int) -> int:
    """As `instructions.fork`: the first branch is done first."""
    number, join = b.sheet[pc, at.NUMBER], new_cell(z)
    z.cells[join, at.LEFT] = number
    z.cells[join, at.JOIN_PARENT] = strand
    z.cells[join, at.JOIN_PC] = b.sheet[pc, at.JUMP]
    z.cells[join, at.FAILED] = 0
    frame = z.records[strand, at.FRAME]
    for branch in range(number - 1, -1, -1):
        other = clone(b, z, strand, frame, b.lists[b.sheet[pc, at.STEP] + branch])
        z.records[other, at.JOIN] = join
        later(z, (other << at.KIND_BITS) | at.GO)
    return at.WAITS


@compiled
def finish(b: Any, z: Any, strand: int) -> None:
    """As `Reference.finish` and `Reference.joined`."""
    records = z.records
    z.k[at.PENDING] -= records[strand, at.HOLDS] & at.MEASURED
    if records[strand, at.PLACES] != at.NONE:
        vacate(b, z, strand, 0)
    join, frame, flow = records[strand, at.JOIN], records[strand, at.FRAME], records[strand, at.FLOW]
    scheduled = records[strand, at.HOLDS] & at.SCHEDULED
    records[strand, at.JOIN] = at.NONE
    records[strand, at.FRAME] = at.NONE
    records[strand, at.HOLDS] += at.OVER - scheduled
    let_go(z, frame)
    if records[strand, at.HOLDS] < at.HOLD:
        free_strand(z, strand)
    if join != at.NONE:
        z.cells[join, at.LEFT] -= 1
        if z.cells[join, at.LEFT] == 0:
            go_on_behind(z, join)
    if scheduled:
        z.k[b.sheet[flow, at.FLOW_K] + at.RUNNING] -= 1
        later(z, (flow << at.KIND_BITS) | at.MORE_BATCHES)


@compiled
def go_on_behind(z: Any, join: int) -> None:
    """All branches have ended: the strand that forked is next."""
    parent, failed = z.cells[join, at.JOIN_PARENT], z.cells[join, at.FAILED]
    if not failed:
        z.records[parent, at.PC] = z.cells[join, at.JOIN_PC]
    free_cell(z, join)
    later(z, (parent << at.KIND_BITS) | (at.THROW if failed else at.GO))


@compiled
def fail(b: Any, z: Any, strand: int) -> int:
    """As `Reference.fail`."""
    records = z.records
    while True:
        pc, frame, join = records[strand, at.PC], records[strand, at.FRAME], records[strand, at.JOIN]
        if frame != at.NONE and not records[frame, at.ALIVE]:
            return at.ENDS
        op = b.sheet[pc, at.OP]
        if b.sheet[pc, at.B] == 1 and (op == CALL or op == at.PLAIN_CALL or op == INVOKE or op == API):  # noqa: SIM109
            records[strand, at.PC] = b.sheet[pc, at.JUMP] if op != CALL and op != at.PLAIN_CALL else pc + 1
            records[strand, at.ATTEMPT] = 0
            return at.NEXT
        if join != at.NONE and frame == records[z.cells[join, at.JOIN_PARENT], at.FRAME]:
            z.cells[join, at.FAILED] = 1
            return at.ENDS
        if frame == at.NONE:
            return flow_failed(b, z, strand)
        records[strand, at.PC] = records[frame, at.FRAME_PC]
        records[strand, at.ATTEMPT] = 0
        depth = records[frame, at.FRAME_DEPTH]
        end_frame(b, z, frame, False)
        vacate(b, z, strand, depth)
        step_out(z, strand)


@compiled
def flow_failed(b: Any, z: Any, strand: int) -> int:
    """As `Reference.flow_failed`; the pause before the next try, or ENDS."""
    k, records = z.k, z.records
    flow = records[strand, at.FLOW]
    if b.sheet[flow, at.OF_PAYMENT]:
        k[at.UNDER_WAY] -= 1
        count_outcome(z, records[strand, at.PAYMENT], FAILED_OUTCOME)
        return at.ENDS
    queue = b.sheet[flow, at.FLOW_QUEUE]
    if queue != at.NONE and records[strand, at.PAYMENT] != NOBODY:
        put_back(z, strand)
        records[strand, at.PAYMENT] = NOBODY
    vacate(b, z, strand, 0)
    tries = (records[strand, at.HOLDS] // at.TRY) & at.MOST_TRIES
    if tries < k[at.DELAYS]:
        k[at.EVENT_RETRIES] += 1
        records[strand, at.PC] = b.sheet[flow, at.START_PC]
        records[strand, at.ATTEMPT] = 0
        records[strand, at.HOLDS] += at.TRY
        records[strand, at.REPEAT] += 1
        return b.lists[k[at.DELAYS_AT] + tries]
    k[at.DEAD_LETTERS] += 1
    if records[strand, at.BATCH] != at.NONE:
        give_back_batch(b, z, queue, records[strand, at.BATCH])
    return at.ENDS


@compiled
def count_outcome(z: Any, payment: int, outcome: int) -> None:
    """As `Reference.outcome`."""
    z.k[at.OUTCOMES + outcome] += in_month(z.k)
    z.k[at.OUTCOMES + NUMBER_OF_OUTCOMES + outcome] += in_cohort(z.k, payment)


@compiled
def cut_off(b: Any, z: Any, strand: int) -> None:
    """As `Reference.cut_off`: first the caller goes on with an error, then what it called."""
    lose(b, z, strand, (strand << at.KIND_BITS) | at.RESUME)


@compiled
def too_late(b: Any, z: Any, place: int) -> None:
    """As `stations._too_late`."""
    waits = z.records[place, at.PLACE_STATE] == at.WAITED_FOR
    let_place_go(z, place)
    if waits:
        lose(b, z, z.records[place, at.OF_STRAND], (place << at.KIND_BITS) | at.WATCH)


@compiled
def lose(b: Any, z: Any, strand: int, then: int) -> None:
    """As `Reference.outlives`; `then` asks `outlived` once the caller of what is lost waits or has ended."""
    dead = z.records[z.records[strand, at.FRAME], at.WEAKEST]
    later(z, dead)
    later(z, then)
    if z.records[dead, at.ALIVE]:
        time_out(b, z, dead)


@compiled
def time_out(b: Any, z: Any, frame: int) -> None:
    """As `Reference.time_out`."""
    caller = heir(b, z, frame)
    end_frame(b, z, frame, True)
    later(z, (caller << at.KIND_BITS) | at.THROW)


@compiled
def heir(b: Any, z: Any, frame: int) -> int:
    """As `Strand.heir`, of the caller of a lost frame."""
    records, strand = z.records, z.records[frame, at.CALLER]
    other = clone(b, z, strand, records[frame, at.PARENT], records[frame, at.FRAME_PC])
    records[other, at.BATCH], records[strand, at.BATCH] = records[strand, at.BATCH], at.NONE
    records[other, at.JOIN], records[strand, at.JOIN] = records[strand, at.JOIN], at.NONE
    scheduled = records[strand, at.HOLDS] & at.SCHEDULED
    records[other, at.HOLDS] += scheduled
    records[strand, at.HOLDS] -= scheduled
    divide_places(records, strand, other, records[frame, at.FRAME_DEPTH])
    outer = records[frame, at.PARENT]
    while outer != at.NONE and records[outer, at.CALLER] == strand:
        records[outer, at.CALLER] = other
        records[other, at.HOLDS] += at.HOLD
        records[strand, at.HOLDS] -= at.HOLD
        outer = records[outer, at.PARENT]
    return other


@compiled
def divide_places(records: Any, strand: int, other: int, depth: int) -> None:
    """The strand keeps the places it took at this depth or further in; the other one gets the rest."""
    above, place = at.NONE, records[strand, at.PLACES]
    while place != at.NONE and records[place, at.PLACE_DEPTH] >= depth:
        above, place = place, records[place, at.PLACE_BELOW]
    records[other, at.PLACES] = place
    if above == at.NONE:
        records[strand, at.PLACES] = at.NONE
    else:
        records[above, at.PLACE_BELOW] = at.NONE


@compiled
def resume(z: Any, strand: int) -> int:
    """The rest of `Reference.cut_off`: the wait that is left, within the deadlines that are; or ENDS."""
    rest = z.records[strand, at.CUT] - z.k[at.NOW]
    z.records[strand, at.CUT] = at.NONE
    return rest if outlived(z, strand) else at.ENDS


@compiled
def watch_on(b: Any, z: Any, place: int) -> None:
    """The rest of `stations._too_late`."""
    strand = z.records[place, at.OF_STRAND]
    if outlived(z, strand):
        watch(z, strand, place)
    else:
        finish(b, z, strand)


@compiled
def outlived(z: Any, strand: int) -> bool:
    """Whether the strand is inside of something that outlives the frame on the stack; its deadlines are new then."""
    records = z.records
    inner, dead = records[strand, at.FRAME], from_stack(z)
    depth, frame = 0, inner
    while frame not in (at.NONE, dead):
        depth, frame = depth + 1, records[frame, at.PARENT]
    for steps in range(depth - 1, -1, -1):
        frame = inner
        for _ in range(steps):
            frame = records[frame, at.PARENT]
        limit(records, frame)
    return inner != dead
