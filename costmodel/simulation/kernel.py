"""The compiled engine's heart: takes events in order and goes on with strands until they wait or end.

Work that an event leaves to do next lies on a stack, the first on top, so that the kernel can come back to Python
between any two instructions: for memory, to show how far it is, or to be interrupted.
"""

from __future__ import annotations

from typing import Any

from costmodel.simulation import layout as at
from costmodel.simulation.kernel_ahead import go_ahead, wait_until
from costmodel.simulation.kernel_calendar import draw_nearer, take_first
from costmodel.simulation.kernel_calls import api, call, invoke, return_, work
from costmodel.simulation.kernel_draws import compiled, entry, inlined
from costmodel.simulation.kernel_memory import from_stack, later, money_slot
from costmodel.simulation.kernel_payments import arrival_of
from costmodel.simulation.kernel_sources import arrive, begin_batch, begin_letter, fire
from costmodel.simulation.kernel_stations import acquire, grant, release
from costmodel.simulation.kernel_steps import if_, own_affair, queue, spawn
from costmodel.simulation.kernel_strands import cut_off, fail, finish, fork, resume, too_late, watch_on
from costmodel.simulation.kernel_tables import book_at, state_at
from costmodel.simulation.plan import Op

OP_STOP, OP_WORK, OP_CALL, OP_INVOKE = int(Op.STOP), int(Op.WORK), int(Op.CALL), int(Op.INVOKE)
OP_RETURN, OP_API, OP_API_END, OP_SPAWN = int(Op.RETURN), int(Op.API), int(Op.API_END), int(Op.SPAWN)
OP_FORK, OP_JOIN, OP_IF, OP_QUEUE = int(Op.FORK), int(Op.JOIN), int(Op.IF), int(Op.QUEUE)
OP_ACQUIRE, OP_RELEASE = int(Op.ACQUIRE), int(Op.RELEASE)


@entry
def advance(book: int, state: int) -> int:
    """Go on until the run is done, `UNTIL` events have happened, or memory is low; gives which."""
    b, z = book_at(book), state_at(state)
    k = z.k
    while True:
        if k[at.LOW]:
            return at.IN_DOUBT if k[at.UNSURE] else at.FAULTY if k[at.FAULT] else at.GROW
        if k[at.STACK_N] > 0:
            work_to_do = from_stack(z)
        else:
            why = why_not_on(z)
            if why != at.NONE:
                return why
            k[at.EVENTS] += 1
            work_to_do = take_first(z)
        kind, subject = work_to_do & (at.KINDS - 1), work_to_do >> at.KIND_BITS
        go_on(b, z, subject, still_on(z, subject) if kind == at.GO else do_rare(b, z, kind, subject))


@inlined
def still_on(z: Any, strand: int) -> int:
    """NEXT, or ENDS if what the strand is inside of has been lost meanwhile."""
    frame = z.records[strand, at.FRAME]
    return at.ENDS if frame != at.NONE and z.records[frame, at.ALIVE] == 0 else at.NEXT


@inlined
def why_not_on(z: Any) -> int:
    """Why no further event may happen now, or NONE; if it may, it is at the top of the calendar."""
    k = z.k
    if k[at.PENDING] == 0 and k[at.NOW] >= k[at.END]:
        return at.DONE
    if k[at.EVENTS] >= k[at.UNTIL]:
        return at.PAUSED
    if k[at.NEAR_N] == 0:
        draw_nearer(z)
    return at.NONE if k[at.NEAR_N] > 0 else at.DONE


@compiled
def do_rare(b: Any, z: Any, kind: int, subject: int) -> int:
    """Anything but going on; gives what it comes to for the strand that is the subject, if it is one."""
    if kind == at.CUT_OFF:
        cut_off(b, z, subject)
    elif kind == at.LETTER:
        later(z, (begin_letter(b, z, subject) << at.KIND_BITS) | at.GO)
    elif kind == at.THROW:
        return at.FAILS
    elif kind == at.RESUME:
        return resume(z, subject)
    elif kind == at.RELEASED:
        grant(b, z, subject)
    elif kind == at.TOO_LATE:
        too_late(b, z, subject)
    elif kind == at.WATCH:
        watch_on(b, z, subject)
    elif kind == at.ARRIVE:
        arrive(b, z, subject)
    elif kind == at.FIRE:
        fire(b, z, subject)
    else:
        begin_batch(b, z, subject, kind)
    return at.WAITS


@inlined
def go_on(b: Any, z: Any, strand: int, outcome: int) -> None:
    """Go on with a strand after what its last instruction came to, until it waits or ends."""
    k = z.k
    while True:
        if outcome == at.NEXT:
            if k[at.LOW]:
                later(z, (strand << at.KIND_BITS) | at.GO)
                return
            pc, kind = z.records[strand, at.PC], at.IN_ORDER
            if b.sheet[pc, at.OP] >= at.PLAIN_WORK:
                kind = go_ahead(b, z, strand, pc)
            if kind == at.IN_ORDER:
                outcome = execute(b, z, strand, pc)
                continue
        elif outcome >= 0:
            kind = passes(z, strand, outcome)
        elif outcome == at.FAILS:
            outcome = fail(b, z, strand)
            continue
        else:
            if outcome == at.ENDS:
                finish(b, z, strand)
            return
        if kind == at.CUT_OFF:
            cut_off(b, z, strand)
        if kind != at.GO:
            return
        outcome = at.NEXT


@inlined
def passes(z: Any, strand: int, ns: int) -> int:
    """As `Reference.pause`; gives what `wait_until` gives."""
    k, frame = z.k, z.records[strand, at.FRAME]
    least = z.records[frame, at.LEAST] if frame != at.NONE else at.FOR_EVER
    return wait_until(z, strand, k[at.BEFORE_NOW], k[at.NOW], k[at.NOW] + ns, least)


@inlined
def execute(b: Any, z: Any, strand: int, pc: int) -> int:
    """Carry out the strand's next instruction; gives what it comes to."""
    op = b.sheet[pc, at.OP]
    if op == OP_WORK:
        return work(b, z, strand, pc)
    if op == OP_CALL or op == at.PLAIN_CALL:
        return call(b, z, strand, pc)
    if op == OP_INVOKE:
        return invoke(b, z, strand, pc)
    if op == OP_RETURN or op == OP_API_END:  # noqa: SIM109
        return return_(b, z, strand, pc)
    if op == OP_SPAWN:
        return spawn(b, z, strand, pc)
    if op == OP_IF:
        return if_(b, z, strand, pc)
    if op == OP_FORK:
        return fork(b, z, strand, pc)
    if op == OP_JOIN:
        return at.ENDS
    if op == OP_ACQUIRE:
        return acquire(b, z, strand, pc)
    if op == OP_RELEASE:
        return release(b, z, strand, pc)
    return execute_rare(b, z, strand, pc, op)


@compiled
def execute_rare(b: Any, z: Any, strand: int, pc: int, op: int) -> int:
    """The other instructions."""
    if op == OP_API:
        return api(b, z, strand, pc)
    if op == OP_STOP:
        return stop(b, z, strand)
    if op == OP_QUEUE:
        return queue(b, z, strand, pc)
    return own_affair(b, z, strand, pc, op)


@compiled
def stop(b: Any, z: Any, strand: int) -> int:
    """The flow is over."""
    if b.sheet[z.records[strand, at.FLOW], at.OF_PAYMENT]:
        z.k[at.UNDER_WAY] -= 1
        if z.k[at.TRACED]:
            z.trace[z.records[strand, at.PAYMENT] + z.k[at.FIRST_MEASURED]] = z.k[at.NOW]
    return at.ENDS


@entry
def first_arrival(book: int, state: int) -> int:
    """When the first payment arrives."""
    return arrival_of(book_at(book), state_at(state).k, 0)


# --- memory -------------------------------------------------------------------------------------------


@entry
def move_money(old_state: int, new_state: int, slots: int) -> None:
    """Move amounts to a larger, empty table."""
    old, new = state_at(old_state).money, state_at(new_state)
    for slot in range(slots):
        if old[slot, at.MONEY_KEY] != at.NONE:
            place = money_slot(new, old[slot, at.MONEY_KEY])
            new.money[place, at.MONEY_KEY] = old[slot, at.MONEY_KEY]
            new.money[place, at.MONEY_TIMES] = old[slot, at.MONEY_TIMES]
