"""The reference engine: what the Plan means, said in SimPy. The definition that any faster engine must equal.

A strand is one thread of control through the Plan: a program counter, a stack of frames (requests and invocations
it is inside of) and the payment it carries. Each wait is one SimPy Timeout whose callback goes on with the strand.
`instructions` says what each instruction does, `sources` what starts strands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import numpy as np
import simpy

from costmodel.simulation.counts import TIMEOUTS, Counts
from costmodel.simulation.draws import draw_bits, draw_bits_many, name_key, stream_key, uniform_below
from costmodel.simulation.environments import Account, Bucket
from costmodel.simulation.instructions import DO, bill, enqueue, leave
from costmodel.simulation.payments import Demand, Payments
from costmodel.simulation.plan import NOBODY, Op, Outcome, Plan
from costmodel.simulation.sources import Arrivals, Schedule
from costmodel.simulation.stations import Station, give_up
from costmodel.simulation.strands import Entry, Frame, Join, Strand, between
from costmodel.simulation.timetable import Timetable

PPM = 10**6
BLOCK_BITS = 9
BLOCK = 1 << BLOCK_BITS  # payments drawn for at once
MOST_BLOCKS = 1000
CAN_IGNORE = (Op.CALL, Op.INVOKE, Op.API)


class Reference:
    """One run of a Plan over its payments. `run()` gives the Counts."""

    def __init__(
        self, plan: Plan, payments: Payments | Demand, timetable: Timetable, seed: int,
        trace: dict[int, int] | None = None,
    ) -> None:  # fmt: skip
        if isinstance(payments, Demand):
            payments = payments.payments()
        self.trace = trace
        self.plan, self.payments, self.timetable, self.seed = plan, payments, timetable, seed
        self.env: Any = simpy.Environment(initial_time=0)  # its clock is an int here, as all its delays are
        self.code = plan.code
        self.counts = Counts.empty(plan)
        self.calls, self.chunks, self.stored_s = (self.counts.lists(name) for name in ("calls", "chunks", "stored_s"))
        self.functions = self.counts.lists("functions")
        self.drawn: dict[tuple[int, int, int], list[int]] = {}
        self.account = Account(plan)
        self.buckets = [Bucket(quota.interval_ns, quota.burst) for quota in plan.quotas]
        self.stations = [Station(self.env, station.servers, payments.window) for station in plan.stations]
        self.queues: list[list[tuple[int, int, Entry]]] = [[] for _ in plan.queues]
        self.amounts_moved: dict[str, tuple[Counter[int], Counter[int]]] = {}
        self.rows = [table.opening_rows for table in plan.tables]
        self.pending = self.ordinal = self.under_way = 0
        self.arrived = payments.arrival_ns.tolist()
        self.amounts, self.methods = payments.amount_cents.tolist(), payments.method.tolist()
        self.providers = payments.provider.tolist()
        self.first_measured = payments.measured[0]
        self.start_ns, self.end_ns = payments.window
        self.keys = [stream_key(seed, "duration", instruction.key) for instruction in self.code]
        self.tries = [stream_key(seed, "retry", instruction.key) for instruction in self.code]
        self.choices = [stream_key(seed, "choice", instruction.key) for instruction in self.code]
        self.risk_key = stream_key(seed, "risk", name_key("risk"))
        self.do = [DO[op] for op in Op]

    def run(self, watch: Callable[[int], None] | None = None) -> Counts:
        """Run to the end: the window is over and no measured payment is on its way or waits for money."""
        Arrivals(self).start()
        for flow in self.plan.flows:
            if flow.trigger == "schedule":
                Schedule(self, flow).start()
        env, queue = self.env, self.env._queue
        while queue and (self.pending or env.now < self.end_ns):
            env.step()
            self.counts.events += 1
            if watch is not None:
                watch(env.now)
        self.counts.peak[:] = [pool.peak for pool in self.account.pools]
        self.counts.stations[:] = [station.figures() for station in self.stations] or 0
        for name in ("calls", "chunks", "stored_s", "functions"):
            self.counts.set_lists(name, getattr(self, name))
        self.counts.amounts = {name: _sorted(*pair) for name, pair in self.amounts_moved.items()}
        self.counts.payments = self.payments.measured[1] - self.payments.measured[0]
        return self.counts

    # --- strands --------------------------------------------------------------------------------------

    def after(self, ns: int, callback: Callable[[object], None]) -> None:
        """Call back after so many nanoseconds."""
        timeout = self.env.timeout(ns)
        timeout.callbacks.append(callback)

    def begin(self, strand: Strand) -> None:
        """A strand starts now."""
        strand.born = self.env.now
        self.enter(strand)
        self.go(strand)

    def enter(self, strand: Strand) -> None:
        """A strand exists from now on."""
        strand.go = partial(self.go, strand)
        self.pending += strand.measured

    def go(self, strand: Strand, _: object = None) -> None:
        """Go on with a strand until it waits or ends."""
        if strand.cut is not None:
            self.cut_off(strand)
            return
        if strand.frame is not None and not strand.frame.alive:
            self.finish(strand)
            return
        code, do = self.code, self.do
        while True:
            instruction = code[strand.pc]
            if do[instruction.op](self, strand, instruction):
                return

    def pause(self, strand: Strand, ns: int) -> bool:
        """Wait; if a deadline around the strand comes first, wake then and note when the wait would have ended."""
        frame, now = strand.frame, self.env.now
        if frame is not None and now + ns > frame.least:
            strand.cut = now + ns
            ns = max(0, frame.least - now)
        self.after(ns, strand.go)
        return True

    def cut_off(self, strand: Strand) -> None:
        """A deadline has come: its frame is answered with an error; what it called runs on to its end."""
        assert strand.cut is not None
        rest, strand.cut = strand.cut - self.env.now, None
        if self.outlives(strand):
            self.pause(strand, rest)
        else:
            self.finish(strand)

    def outlives(self, strand: Strand) -> bool:
        """The earliest deadline around the strand has come; whether it is inside of something that goes on."""
        inner = strand.frame
        assert inner is not None
        dead = inner.weakest
        if dead.alive:
            self.time_out(dead)
        for frame in reversed(between(inner, dead)):
            frame.limit()
        return inner is not dead

    def time_out(self, frame: Frame) -> None:
        """The frame is lost with its environment; its caller goes on with an error."""
        frame.alive = False
        if frame.function >= 0:
            self.tally(frame, TIMEOUTS)
            bill(self, frame)
            assert frame.environment is not None
            self.account.lose(frame.function, frame.environment, self.env.now)
        caller = frame.caller.heir(frame)
        self.enter(caller)
        if not self.fail(caller):
            self.go(caller)

    def finish(self, strand: Strand) -> bool:
        """The strand is over; the last branch to end lets the strand that forked go on."""
        self.pending -= strand.measured
        self.vacate(strand, 0)
        if strand.join is not None:
            strand.join.left -= 1
            if strand.join.left == 0:
                self.joined(strand.join)
        if strand.schedule is not None:
            strand.schedule.ended()
        return True

    def vacate(self, strand: Strand, depth: int) -> None:
        """Whatever places the strand took at this depth or further in, it takes no longer."""
        while strand.places and strand.places[-1].depth >= depth:
            give_up(self, strand.places.pop())

    def joined(self, join: Join) -> None:
        """All branches have ended: go on behind them, or fail if one of them failed."""
        parent = join.parent
        if join.failed and self.fail(parent):
            return
        if not join.failed:
            parent.pc = join.pc
        self.go(parent)

    def fail(self, strand: Strand) -> bool:
        """The operation at the program counter failed: its frames throw until one's caller ignores errors.

        True if the strand is over or waits.
        """
        instruction, frame = self.code[strand.pc], strand.frame
        if frame is not None and not frame.alive:
            return self.finish(strand)
        if instruction.b == 1 and instruction.op in CAN_IGNORE:
            strand.pc = instruction.jump if instruction.op is not Op.CALL else strand.pc + 1
            strand.attempt = 0
            return False
        if strand.join is not None and frame is strand.join.parent.frame:
            strand.join.failed = True
            return self.finish(strand)
        if frame is None:
            return self.flow_failed(strand)
        leave(self, frame)
        self.vacate(strand, frame.depth)
        strand.frame, strand.pc, strand.attempt = frame.parent, frame.pc, 0
        return self.fail(strand)

    def flow_failed(self, strand: Strand) -> bool:
        """Nobody above handles the error: a payment has failed; an event is tried again, then given up."""
        if strand.flow.trigger == "payment":
            self.under_way -= 1
            self.outcome(strand, Outcome.FAILED)
            return self.finish(strand)
        delays = self.plan.retry.async_delays_ns
        if strand.flow.queue >= 0 and strand.payment != NOBODY:
            strand.batch.append((strand.payment, strand.first, strand.payout))
            strand.payment = NOBODY
        self.vacate(strand, 0)
        if strand.tries < len(delays):
            self.counts.event_retries += 1
            self.after(delays[strand.tries], strand.go)
            strand.pc, strand.attempt = strand.flow.start, 0
            strand.tries, strand.repeat = strand.tries + 1, strand.repeat + 1
            return True
        self.counts.dead_letters += 1
        for entry in strand.batch:
            enqueue(self, strand.flow.queue, self.env.now, entry)
        return self.finish(strand)

    # --- counting -------------------------------------------------------------------------------------

    def month(self) -> int:
        """1 within the measured time."""
        return int(self.start_ns <= self.env.now < self.end_ns)

    def cohort(self, strand: Strand) -> int:
        """Whether this counts for the measured payments: theirs, or a run of the window that carries none."""
        return int(strand.payment >= 0) if strand.payment != NOBODY else self.month()

    def tally(self, frame: Frame, what: int, times: int = 1) -> None:
        """Count something of an invocation, in the bases that held when it began."""
        month, cohort = self.functions
        month[frame.function][what] += times * frame.month
        cohort[frame.function][what] += times * frame.cohort

    def count_function(self, strand: Strand, function: int, what: int) -> None:
        """Count something of a function without an invocation."""
        month, cohort = self.functions
        month[function][what] += self.month()
        cohort[function][what] += self.cohort(strand)

    def outcome(self, strand: Strand, outcome: Outcome) -> None:
        """Count an outcome of the strand's payment."""
        self.counts.outcomes[0, outcome] += self.month()
        self.counts.outcomes[1, outcome] += self.cohort(strand)

    def add_amount(self, name: str, cents: int, strand: Strand) -> None:
        """Note an amount of money under a name, in the bases it belongs to."""
        month, cohort = self.amounts_moved.setdefault(name, (Counter(), Counter()))
        if self.month():
            month[cents] += 1
        if self.cohort(strand):
            cohort[cents] += 1

    def net(self, payment: int) -> int:
        """What the provider gets of a payment, in cents: the amount less the commission, rounded half up."""
        amount: int = self.amounts[payment + self.first_measured]
        return amount - (2 * amount * self.plan.commission_ppm + PPM) // (2 * PPM)

    def draw(self, law: int, key: int, strand: Strand, attempt: int = 0) -> int:
        """A draw of a law for the strand's payment (or run of a schedule).

        First draws are made in blocks of payments at once: the same numbers, in less time.
        """
        if strand.payment != NOBODY and not (strand.repeat or attempt):
            block = strand.payment >> BLOCK_BITS
            drawn = self.drawn.get((law, key, block))
            if drawn is None:
                drawn = self.drawn[law, key, block] = self.draw_block(law, key, block)
            return drawn[strand.payment & (BLOCK - 1)]
        entity = strand.payment if strand.payment != NOBODY else strand.run
        return self.plan.laws[law].value(draw_bits(key, entity, strand.repeat, attempt))

    def draw_block(self, law: int, key: int, block: int) -> list[int]:
        """The first draws of a law for all payments of a block; older blocks are forgotten when there are many."""
        if len(self.drawn) > MOST_BLOCKS:
            self.drawn.clear()
        payments = np.arange(block << BLOCK_BITS, (block + 1) << BLOCK_BITS, dtype=np.int64)
        values: list[int] = self.plan.laws[law].values(draw_bits_many(key, payments)).tolist()
        return values

    def chance(self, key: int, strand: Strand, share: Decimal) -> bool:
        """Whether something that happens to a share of payments happens to this one."""
        entity = strand.payment if strand.payment != NOBODY else strand.run
        return uniform_below(draw_bits(key, entity, strand.repeat, 0), share)


def _sorted(month: Counter[int], cohort: Counter[int]) -> np.ndarray:
    """Amounts with their numbers in both bases, as `Counts` has them."""
    cents = sorted(month | cohort)
    return np.array([cents, [month[amount] for amount in cents], [cohort[amount] for amount in cents]], np.int64)
