"""Strands that go ahead of the clock: through steps whose order among those of other strands changes nothing.

Computing touches nothing that others see. Nor do plain calls of services, but for counters, which only add up, and for
tokens, of which there are enough in whatever order they are taken: as long as more are left than `AHEAD_NS` brings, and
no step begins more than `AHEAD_NS` after the event from which its strand went on, all of them would have been admitted
in order, too. When less is left, or two events would fall on the same nanosecond and have been scheduled on the same
one, the kernel says that it is in doubt, and all is done again in order.
"""

from __future__ import annotations

from typing import Any

from costmodel.simulation import layout as at
from costmodel.simulation.kernel_calendar import be_unsure, file, next_time
from costmodel.simulation.kernel_calls import entity_of, note_call, scanned, takes
from costmodel.simulation.kernel_draws import compiled, drawn, inlined
from costmodel.simulation.kernel_platform import tokens_after
from costmodel.simulation.kernel_steps import OWN_AFFAIRS, own_affair


@inlined
def is_calm(b: Any, k: Any, row: int, now: int) -> bool:
    """Whether it is known that a service is not out at a time; the clock has come to where that is known from."""
    if row == at.NONE:
        return True
    place = b.sheet[row, at.OUTAGE_K]
    calm: bool = k[place + at.IS_OUT] == 0 and now < k[place + at.OUT_UNTIL]
    return calm


@inlined
def is_large(b: Any, k: Any, rare: int) -> bool:
    """Whether the order of scans of a table and of what adds to it has no effect, now and later."""
    if not b.sheet[rare, at.OF_MOMENT]:
        return True
    page = b.sheet[rare, at.PAGE_BYTES]
    large: bool = 0 < page <= k[b.sheet[rare, at.TABLE_K]] * b.sheet[rare, at.ROW_BYTES]
    return large


@inlined
def take_tokens_ahead(b: Any, k: Any, step: int, chunks: int) -> None:
    """The tokens of every quota of a plain call."""
    place = b.sheet[step, at.QUOTAS_AT]
    for _ in range(b.sheet[step, at.QUOTAS]):
        bucket = b.lists[place + at.BUCKET]
        until = tokens_after(k, bucket, chunks * b.lists[place + at.COST], b.lists[place + at.DEPTH])
        k[bucket] = until
        if until + b.lists[place + at.SPARE] > k[at.NOW]:
            be_unsure(k)
        place += at.QUOTA_NUMBERS


@compiled
def do_at(b: Any, z: Any, strand: int, pc: int, op: int, filed: int, now: int) -> None:
    """Carry out what takes no time and is the strand's own affair, at a time at or ahead of the clock."""
    k, clock, before = z.k, z.k[at.NOW], z.k[at.BEFORE_NOW]
    k[at.NOW], k[at.BEFORE_NOW], k[at.IS_AHEAD] = now, filed, now > clock
    own_affair(b, z, strand, pc, op)
    k[at.NOW], k[at.BEFORE_NOW], k[at.IS_AHEAD] = clock, before, 0


@inlined
def may_begin(b: Any, k: Any, step: int, now: int) -> bool:
    """Whether a plain call may begin at a time at or ahead of the clock."""
    rare = b.sheet[step, at.RARE]
    return is_calm(b, k, b.sheet[step, at.OUTAGE], now) and (rare == at.NONE or is_large(b, k, rare))


@inlined
def call_ahead(b: Any, z: Any, strand: int, pc: int, now: int, entity: int, attempt: int) -> int:
    """As `kernel_calls.call`, of a plain call that begins then; gives the nanoseconds it takes."""
    step = b.sheet[pc, at.STEP]
    chunks = 1 if b.sheet[step, at.RARE] == at.NONE else scanned(b, z.k, b.sheet[step, at.RARE])
    take_tokens_ahead(b, z.k, step, chunks)
    note_call(b, z, strand, pc, chunks, now)
    return takes(b, z, strand, pc, entity, attempt)


@inlined
def go_ahead(b: Any, z: Any, strand: int, pc: int) -> int:
    """Work, plain calls and a strand's own affairs from here on, as far as the strand may go.

    IN_ORDER if it may not even begin; else what `wait_until` gives.
    """
    k, records, sheet = z.k, z.records, b.sheet
    frame, entity, attempt = records[strand, at.FRAME], entity_of(records, strand), records[strand, at.ATTEMPT]
    least = records[frame, at.LEAST] if frame != at.NONE else at.FOR_EVER
    latest = min(least, k[at.NOW] + k[at.AHEAD_NS])
    if not records[strand, at.HOLDS] & at.MEASURED:
        latest = min(latest, k[at.END])  # the run may be over then
    before, filed, now, steps = k[at.NOW], k[at.BEFORE_NOW], k[at.NOW], 0
    while steps == 0 or now < latest:
        op = sheet[pc, at.OP]
        if op == at.PLAIN_CALL and may_begin(b, k, sheet[pc, at.STEP], now):
            ns, attempt = call_ahead(b, z, strand, pc, now, entity, attempt), 0
        elif op == at.PLAIN_WORK:
            ns = sheet[pc, at.NUMBER]
            if ns < 0:
                ns = drawn(b.laws, sheet[pc, at.A], sheet[pc, at.KEY], entity, records[strand, at.REPEAT], 0)
        elif op in OWN_AFFAIRS and not k[at.LOW]:
            do_at(b, z, strand, pc, op, filed, now)
            pc, entity = records[strand, at.PC], entity_of(records, strand)
            continue
        else:
            break
        before, filed, now, pc, steps = filed, now, now + ns, pc + 1, steps + 1
    if steps == 0:
        return at.IN_ORDER
    records[strand, at.PC], records[strand, at.ATTEMPT] = pc, attempt
    k[at.EVENTS] += steps - 1
    return wait_until(z, strand, before, filed, now, least)


@inlined
def wait_until(z: Any, strand: int, before: int, began: int, when: int, least: int) -> int:
    """The strand waits, since it began to, until some time, or until the earliest deadline around it.

    before: when what happened as it began to wait had been scheduled.

    GO or CUT_OFF if nothing else happens before the wait is over, else WAITS: what would be the calendar's first event
    anyway need not be filed there, and the clock goes on at once.
    """
    k, kind = z.k, at.GO
    if when > least:
        z.records[strand, at.CUT] = when
        when, kind = max(began, least), at.CUT_OFF
    k[at.EIDS] += at.EIDS_APART
    if when < next_time(z) and k[at.STACK_N] == 0 and (k[at.PENDING] != 0 or began < k[at.END]):
        k[at.EVENTS] += 1
        k[at.NOW], k[at.BEFORE_NOW] = when, began
        return kind
    eid = k[at.EIDS] | (at.AHEAD if began > k[at.NOW] else 0)
    file(z, when, began, before, eid, (strand << at.KIND_BITS) | kind)
    return at.WAITS
