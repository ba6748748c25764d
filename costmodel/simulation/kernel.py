"""The compiled engine's heart: takes events in order and goes on with strands until they wait or end.

Work that an event leaves to do next lies on a stack, the first on top, so that the kernel can come back to Python
between any two instructions: for memory, to show how far it is, or to be interrupted.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from costmodel.simulation.kernel_calendar import close_gap, draw_nearer, file, next_time, schedule, take_first
from costmodel.simulation.kernel_draws import compiled, entry
from costmodel.simulation.kernel_memory import free_cell, later, money_slot, put_held
from costmodel.simulation.kernel_money import (
    due_at,
    enqueue,
    group_by_provider,
    measured_entries,
    next_entry,
    take_batch,
)
from costmodel.simulation.kernel_steps import (
    acquire,
    api,
    call,
    fate,
    grant,
    if_,
    invoke,
    mark,
    payout,
    release,
    return_,
    spawn,
    timer,
    work,
)
from costmodel.simulation.kernel_strands import cut_off, fail, finish, fork, new_strand, resume
from costmodel.simulation.kernel_tables import book_at, state_at
from costmodel.simulation.layout import (
    ARRIVE,
    BATCH,
    BATCHES,
    CUT,
    DONE,
    EIDS,
    END,
    ENDS,
    EVENTS,
    FAILS,
    FAULT,
    FAULTY,
    FIRE,
    FIRES,
    FIRES_AT,
    FIRING,
    FIRST_MEASURED,
    FLOW,
    FLOW_K,
    FLOW_OF_METHOD,
    FLOW_QUEUE,
    FRAME,
    GO,
    GROUPED,
    GROW,
    HELD_PAYMENT,
    HELD_REQUEST,
    HELD_STATION,
    JUMP,
    KIND_BITS,
    KINDS,
    LEAST,
    LETTER,
    LOW,
    MEASURED,
    MONEY_COHORT,
    MONEY_KEY,
    MONEY_MONTH,
    MOST,
    NEAR_N,
    NEXT,
    NONE,
    NOW,
    OF_PAYMENT,
    OP,
    ORDINAL,
    PART,
    PAUSED,
    PAYMENT,
    PAYMENTS,
    PC,
    PENDING,
    RELEASED,
    REPEAT,
    RESUME,
    STACK_N,
    THROW,
    TO_FLOW,
    TO_PAYMENT,
    TO_REPEAT,
    TO_RUN,
    TRACED,
    UNTIL,
    UP_TO,
    A,
    B,
)  # fmt: skip
from costmodel.simulation.plan import NOBODY, Op
from costmodel.simulation.sources import MOST_BATCHES_BITS

OP_STOP, OP_WORK, OP_CALL, OP_INVOKE = int(Op.STOP), int(Op.WORK), int(Op.CALL), int(Op.INVOKE)
OP_RETURN, OP_API, OP_API_END, OP_SPAWN = int(Op.RETURN), int(Op.API), int(Op.API_END), int(Op.SPAWN)
OP_FATE, OP_FORK, OP_JOIN, OP_IF, OP_JUMP = int(Op.FATE), int(Op.FORK), int(Op.JOIN), int(Op.IF), int(Op.JUMP)
OP_QUEUE, OP_EACH, OP_ACQUIRE, OP_RELEASE = int(Op.QUEUE), int(Op.EACH), int(Op.ACQUIRE), int(Op.RELEASE)
OP_MARK, OP_TIMER, OP_PAYOUT = int(Op.MARK), int(Op.TIMER), int(Op.PAYOUT)


@entry
def advance(book: int, state: int) -> int:
    """Go on until the run is done, `UNTIL` events have happened, or memory is low; gives which."""
    b, z = book_at(book), state_at(state)
    k = z.k
    while k[FAULT] == 0:
        while k[STACK_N] > 0:
            if k[LOW]:
                return FAULTY if k[FAULT] else GROW
            k[STACK_N] -= 1
            do(b, z, z.stack[k[STACK_N]])
        if k[PENDING] == 0 and k[NOW] >= k[END]:
            return DONE
        if k[LOW] or k[EVENTS] >= k[UNTIL]:
            return GROW if k[LOW] and not k[FAULT] else PAUSED
        close_gap(z)
        if k[NEAR_N] == 0:
            draw_nearer(z)
            if k[NEAR_N] == 0:
                return DONE
        k[EVENTS] += 1
        do(b, z, take_first(z))
    return FAULTY


@compiled
def do(b: Any, z: Any, work_to_do: int) -> None:
    """An event happens, or work from the stack is done."""
    kind, subject = work_to_do & (KINDS - 1), work_to_do >> KIND_BITS
    if kind == GO:
        if z.records[subject, CUT] == NONE:
            go_on(b, z, subject, NEXT)
        else:
            cut_off(b, z, subject)
    elif kind == LETTER:
        go_on(b, z, begin_letter(b, z, subject), NEXT)
    elif kind == THROW:
        go_on(b, z, subject, FAILS)
    elif kind == RESUME:
        go_on(b, z, subject, resume(z, subject))
    elif kind == RELEASED:
        grant(b, z, subject)
    elif kind == ARRIVE:
        arrive(b, z, subject)
    elif kind == FIRE:
        fire(b, z, subject)
    else:
        begin_batch(b, z, subject)


@compiled
def go_on(b: Any, z: Any, strand: int, outcome: int) -> None:
    """Go on with a strand after what its last instruction came to, until it waits or ends."""
    k = z.k
    while True:
        if outcome == NEXT:
            if k[LOW]:
                later(z, (strand << KIND_BITS) | GO)
                return
            outcome = execute(b, z, strand)
        elif outcome >= 0:
            if not passes(z, strand, outcome):
                return
            if z.records[strand, CUT] != NONE:
                cut_off(b, z, strand)
                return
            outcome = NEXT
        elif outcome == FAILS:
            outcome = fail(b, z, strand)
        elif outcome == ENDS:
            finish(z, strand)
            return
        else:
            return


@compiled
def passes(z: Any, strand: int, ns: int) -> bool:
    """As `Reference.pause`; true if nothing else happens before the wait is over: then the clock has gone on.

    What would be the calendar's first event anyway need not be filed there.
    """
    k, records = z.k, z.records
    at, frame = k[NOW] + ns, records[strand, FRAME]
    if frame != NONE and at > records[frame, LEAST]:
        records[strand, CUT] = at
        at = max(k[NOW], records[frame, LEAST])
    k[EIDS] += 1
    alone = k[STACK_N] == 0 and at < next_time(z) and (k[PENDING] != 0 or k[NOW] < k[END])
    if alone and k[LOW] == 0 and k[EVENTS] < k[UNTIL]:
        k[EVENTS] += 1
        k[NOW] = at
        return True
    file(z, at, k[EIDS], (strand << KIND_BITS) | GO)
    return False


@compiled
def execute(b: Any, z: Any, strand: int) -> int:
    """Carry out the strand's next instruction; gives what it comes to."""
    pc = z.records[strand, PC]
    op = b.sheet[pc, OP]
    if op == OP_WORK:
        return work(b, z, strand, pc)
    if op == OP_CALL:
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
        return ENDS
    if op == OP_ACQUIRE:
        return acquire(b, z, strand, pc)
    if op == OP_RELEASE:
        return release(b, z, strand, pc)
    return execute_rare(b, z, strand, pc, op)


@compiled
def execute_rare(b: Any, z: Any, strand: int, pc: int, op: int) -> int:
    """The other instructions."""
    if op == OP_TIMER:
        return timer(b, z, strand, pc)
    if op == OP_API:
        return api(b, z, strand, pc)
    if op == OP_STOP:
        return stop(b, z, strand)
    if op == OP_MARK:
        return mark(b, z, strand, pc)
    if op == OP_FATE:
        return fate(b, z, strand, pc)
    if op == OP_PAYOUT:
        return payout(b, z, strand, pc)
    z.records[strand, PC] = pc + 1
    if op == OP_QUEUE:
        enqueue(z, b.sheet[pc, A], due_at(b, z.k, b.sheet[pc, B]), z.records[strand, PAYMENT])
    elif op == OP_JUMP or not next_entry(z, strand):
        z.records[strand, PC] = b.sheet[pc, JUMP]
    return NEXT


@compiled
def stop(b: Any, z: Any, strand: int) -> int:
    """The flow is over."""
    if z.k[TRACED] and b.sheet[z.records[strand, FLOW], OF_PAYMENT]:
        z.trace[z.records[strand, PAYMENT] + z.k[FIRST_MEASURED]] = z.k[NOW]
    return ENDS


# --- sources ------------------------------------------------------------------------------------------


@compiled
def arrive(b: Any, z: Any, index: int) -> None:
    """As `Arrivals._arrive`."""
    k = z.k
    if index + 1 < k[PAYMENTS]:
        schedule(z, b.arrival[index + 1], ((index + 1) << KIND_BITS) | ARRIVE)
    flow = k[FLOW_OF_METHOD + np.int64(b.method[index])]
    if flow != NONE:
        strand = new_strand(b, z, flow, index - k[FIRST_MEASURED], 0)
        k[PENDING] += z.records[strand, MEASURED]
        go_on(b, z, strand, NEXT)


@compiled
def begin_letter(b: Any, z: Any, letter: int) -> int:
    """The strand that a letter stands for."""
    cells = z.cells
    strand = new_strand(b, z, cells[letter, TO_FLOW], cells[letter, TO_PAYMENT], cells[letter, TO_RUN])
    z.records[strand, REPEAT] = cells[letter, TO_REPEAT]
    free_cell(z, letter)
    return strand


@compiled
def fire(b: Any, z: Any, flow: int) -> None:
    """As `Schedule._fire`: the next firing is scheduled, then batches begin one by one."""
    k, place = z.k, b.sheet[flow, FLOW_K]
    k[place + FIRING] += 1
    k[place + PART] = 0
    k[place + UP_TO] = k[ORDINAL]
    goes_on = b.sheet[flow, FLOW_QUEUE] != NONE or k[NOW] < k[END]
    if goes_on and k[place + FIRING] < b.sheet[flow, FIRES]:
        schedule(z, b.lists[b.sheet[flow, FIRES_AT] + k[place + FIRING]], (flow << KIND_BITS) | FIRE)
    later(z, (flow << KIND_BITS) | BATCHES)


@compiled
def begin_batch(b: Any, z: Any, flow: int) -> None:
    """The next batch of a firing begins, the others after it; a firing without any is one run with nothing to do."""
    k, place, queue, batch = z.k, b.sheet[flow, FLOW_K], b.sheet[flow, FLOW_QUEUE], NONE
    if queue != NONE:
        batch = take_batch(b, z, queue, b.sheet[flow, MOST], k[place + UP_TO])
    part = k[place + PART]
    if batch == NONE and (part > 0 or k[NOW] >= k[END]):
        return
    if batch != NONE:
        later(z, (flow << KIND_BITS) | BATCHES)
        if b.sheet[flow, GROUPED]:
            group_by_provider(b, z, batch)
    number = (k[place + FIRING] - 1) << MOST_BATCHES_BITS
    strand, measured = new_strand(b, z, flow, NOBODY, number + part), measured_entries(z, batch)
    k[place + PART] = part + 1
    z.records[strand, BATCH] = batch
    z.records[strand, MEASURED] = measured > 0
    k[PENDING] += (measured > 0) - measured
    go_on(b, z, strand, NEXT)


# --- memory -------------------------------------------------------------------------------------------


@entry
def move_held(old_state: int, new_state: int, slots: int) -> None:
    """Move what is held to a larger, empty table."""
    old, new = state_at(old_state).held, state_at(new_state)
    for slot in range(slots):
        if old[slot, HELD_STATION] != NONE:
            put_held(new, old[slot, HELD_PAYMENT], old[slot, HELD_STATION], old[slot, HELD_REQUEST])


@entry
def move_money(old_state: int, new_state: int, slots: int) -> None:
    """Move amounts to a larger, empty table."""
    old, new = state_at(old_state).money, state_at(new_state)
    for slot in range(slots):
        if old[slot, MONEY_KEY] != NONE:
            place = money_slot(new, old[slot, MONEY_KEY])
            new.money[place, MONEY_KEY] = old[slot, MONEY_KEY]
            new.money[place, MONEY_MONTH] = old[slot, MONEY_MONTH]
            new.money[place, MONEY_COHORT] = old[slot, MONEY_COHORT]
