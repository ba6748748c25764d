"""The other instructions of a Plan, in the compiled engine: as the functions of those names in `instructions`.

Each gives what it comes to: NEXT, WAITS, FAILS, ENDS, or the nanoseconds to wait.
"""

from __future__ import annotations

from typing import Any

from costmodel.simulation import layout as at
from costmodel.simulation.counts import BINS, MANTISSA_BITS, MOST_DAYS
from costmodel.simulation.kernel_batches import next_entry
from costmodel.simulation.kernel_calendar import schedule
from costmodel.simulation.kernel_calls import chance, rare_draw
from costmodel.simulation.kernel_draws import bit_length, compiled, draw_bits, inlined, not_above, table_value
from costmodel.simulation.kernel_memory import add_amount, new_cell
from costmodel.simulation.kernel_money import due_at, enqueue, net, today
from costmodel.simulation.kernel_payments import amount_of, method_of, place_of
from costmodel.simulation.kernel_platform import in_cohort, in_month
from costmodel.simulation.kernel_strands import count_outcome
from costmodel.simulation.plan import NOBODY, Op, Outcome, When
from costmodel.simulation.strands import DUPLICATE

ACH, FIRST_OF_PROVIDER, REVIEW = int(When.ACH), int(When.FIRST_OF_PROVIDER), int(When.REVIEW)
OP_IF, OP_TIMER, OP_SPAWN, OP_MARK = int(Op.IF), int(Op.TIMER), int(Op.SPAWN), int(Op.MARK)
OP_FATE, OP_PAYOUT, OP_EACH, OP_JUMP = int(Op.FATE), int(Op.PAYOUT), int(Op.EACH), int(Op.JUMP)
OWN_AFFAIRS = (OP_IF, OP_TIMER, OP_SPAWN, OP_MARK, OP_FATE, OP_PAYOUT, OP_EACH, OP_JUMP)
COMPLETED, SETTLED_OUTCOME, DONE_OUTCOME = int(Outcome.COMPLETED), int(Outcome.SETTLED), int(Outcome.DONE)


# --- what takes no time and is a strand's own affair -----------------------------------------------------


@compiled
def own_affair(b: Any, z: Any, strand: int, pc: int, op: int) -> int:
    """Ways through the program, clocks, outcomes, payouts, and messages and fates that will begin later."""
    if op == OP_IF:
        return if_(b, z, strand, pc)
    if op == OP_TIMER:
        return timer(b, z, strand, pc)
    if op == OP_SPAWN:
        return spawn(b, z, strand, pc)
    if op == OP_MARK:
        return mark(b, z, strand, pc)
    if op == OP_FATE:
        return fate(b, z, strand, pc)
    if op == OP_PAYOUT:
        return payout(b, z, strand, pc)
    goes_on = op == OP_EACH and next_entry(z, strand)
    z.records[strand, at.PC] = pc + 1 if goes_on else b.sheet[pc, at.JUMP]
    return at.NEXT


# --- messages and fates -------------------------------------------------------------------------------


@compiled
def deliver(z: Any, strand: int, flow: int, ns: int, copy: int) -> None:
    """A strand of that flow begins after a while; until then it is a letter."""
    k, records, letter = z.k, z.records, new_cell(z)
    z.cells[letter, at.TO_FLOW] = flow
    z.cells[letter, at.TO_PAYMENT] = records[strand, at.PAYMENT]
    z.cells[letter, at.TO_REPEAT] = records[strand, at.REPEAT] + copy * DUPLICATE
    z.cells[letter, at.TO_RUN] = records[strand, at.RUN]
    k[at.PENDING] += records[strand, at.PAYMENT] >= 0
    schedule(z, k[at.NOW] + ns, (letter << at.KIND_BITS) | at.LETTER)


@compiled
def spawn(b: Any, z: Any, strand: int, pc: int) -> int:
    """A message: delivered after a while, and now and then twice."""
    k, flow, law, key = z.k, b.sheet[pc, at.A], b.sheet[pc, at.B], b.sheet[pc, at.KEY]
    deliver(z, strand, flow, rare_draw(b, z, strand, law, key, 0), 0)
    if k[at.DUPLICATE_SHARE] and chance(z, strand, b.sheet[pc, at.LUCK], k[at.DUPLICATE_SHARE]):
        k[at.DUPLICATES] += in_cohort(k, z.records[strand, at.PAYMENT])
        deliver(z, strand, flow, rare_draw(b, z, strand, law, key, 1), 1)
    z.records[strand, at.PC] = pc + 1
    return at.NEXT


@compiled
def fate(b: Any, z: Any, strand: int, pc: int) -> int:
    """Some payments meet it: a flow starts for them after the lag."""
    row = b.sheet[pc, at.A]
    key = b.sheet[row, at.FATE_KEY]
    z.records[strand, at.PC] = pc + 1
    if moves_money(b, z, strand, pc) and chance(z, strand, key, b.sheet[row, at.SHARE]):
        deliver(z, strand, b.sheet[pc, at.B], rare_draw(b, z, strand, b.sheet[row, at.FATE_LAW], key, 1), 0)
    return at.NEXT


# --- money --------------------------------------------------------------------------------------------


@inlined
def is_copy(z: Any, strand: int) -> bool:
    """As `Strand.is_copy`."""
    return z.records[strand, at.REPEAT] >= DUPLICATE


@inlined
def moves_money(b: Any, z: Any, strand: int, pc: int) -> bool:
    """As `instructions._moves_money`."""
    return not is_copy(z, strand) or b.sheet[pc, at.NUMBER] != 0


@compiled
def queue(b: Any, z: Any, strand: int, pc: int) -> int:
    """The payment's money waits."""
    k, payment = z.k, z.records[strand, at.PAYMENT]
    z.records[strand, at.PC] = pc + 1
    if not moves_money(b, z, strand, pc):
        return at.NEXT
    if is_copy(z, strand) and payment != NOBODY:
        add_amount(z, at.MOVED_TWICE, amount_of(b, k, payment), in_month(k), in_cohort(k, payment))
    enqueue(z, b.sheet[pc, at.A], due_at(b, k, b.sheet[pc, at.B]), payment)
    return at.NEXT


# --- ways through the program -------------------------------------------------------------------------


@compiled
def if_(b: Any, z: Any, strand: int, pc: int) -> int:
    """Go on if the condition holds, else jump."""
    z.records[strand, at.PC] = pc + 1 if holds(b, z, strand, b.sheet[pc, at.A]) else b.sheet[pc, at.JUMP]
    return at.NEXT


@compiled
def holds(b: Any, z: Any, strand: int, condition: int) -> bool:
    """Whether a condition holds for the strand."""
    k, payment = z.k, z.records[strand, at.PAYMENT]
    if condition <= ACH:
        return method_of(b, k, payment) == condition
    if condition == FIRST_OF_PROVIDER:
        return z.records[strand, at.PAYOUT] & 1 != 0
    score = table_value(b.laws, k[at.RISK_LAW], draw_bits(k[at.RISK_KEY], payment, 0, 0))
    return score > k[at.REVIEW_ABOVE + condition - REVIEW]


# --- what payments come to ----------------------------------------------------------------------------


@compiled
def mark(b: Any, z: Any, strand: int, pc: int) -> int:
    """The payment has reached an outcome."""
    k, outcome, payment = z.k, b.sheet[pc, at.A], z.records[strand, at.PAYMENT]
    z.records[strand, at.PC] = pc + 1
    if not moves_money(b, z, strand, pc):
        return at.NEXT
    count_outcome(z, payment, outcome)
    if outcome == COMPLETED:
        add_amount(z, method_of(b, k, payment), amount_of(b, k, payment), in_month(k), in_cohort(k, payment))
    if payment >= 0 and outcome in (SETTLED_OUTCOME, DONE_OUTCOME):
        days = min(MOST_DAYS - 1, banking_days(b, k, payment))
        k[(at.SETTLED if outcome == SETTLED_OUTCOME else at.PAID) + days] += 1
    return at.NEXT


@compiled
def banking_days(b: Any, k: Any, payment: int) -> int:
    """As `Timetable.banking_days`, from the day on which the payment arrived up to now."""
    first = not_above(k, k[at.FIRST_OF_DAY_K], k[at.DAYS_BEGUN], place_of(k, payment)) - 1
    return b.lists[k[at.BANK_DAYS_AT] + today(b, k)] - b.lists[k[at.BANK_DAYS_AT] + first]


@compiled
def timer(b: Any, z: Any, strand: int, pc: int) -> int:
    """Start or stop a clock; stopped, it counts for measured payments."""
    k, which = z.k, b.sheet[pc, at.A]
    if b.sheet[pc, at.B] == 0:
        z.records[strand, at.TIMER + which] = k[at.NOW]
    elif z.records[strand, at.PAYMENT] >= 0:
        took = k[at.NOW] - z.records[strand, at.TIMER + which]
        excess = max(0, bit_length(took) - MANTISSA_BITS - 1)
        k[at.LATENCY + which * BINS + (excess << MANTISSA_BITS) + (took >> excess)] += 1
        k[at.LATENCY_SUM + which] += took
        k[at.LATENCY_MAX + which] = max(k[at.LATENCY_MAX + which], took)
    z.records[strand, at.PC] = pc + 1
    return at.NEXT


@compiled
def payout(b: Any, z: Any, strand: int, pc: int) -> int:
    """A payout is made."""
    k, payment = z.k, z.records[strand, at.PAYMENT]
    z.records[strand, at.PC] = pc + 1
    if not moves_money(b, z, strand, pc):
        return at.NEXT
    cents = z.records[strand, at.PAYOUT] >> 1
    if not k[at.PER_PROVIDER]:
        whole = net(b, k, payment)
        cents = whole // k[at.PARTS] + (b.sheet[pc, at.A] < whole % k[at.PARTS])
    add_amount(z, at.PAYOUT_NAME, cents, in_month(k), in_cohort(k, payment))
    if is_copy(z, strand):
        add_amount(z, at.MOVED_TWICE, cents, in_month(k), in_cohort(k, payment))
    return at.NEXT
