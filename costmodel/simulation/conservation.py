"""What must hold for the counts of every run, whichever engine made them: nothing is lost, nothing comes from nowhere.

All of it concerns the measured payments followed to their end, and so nothing is in flight and no money held when the
month opens or closes for them; by time alone the counts do not say what was in flight at either edge.
"""

from __future__ import annotations

from costmodel.errors import InternalError
from costmodel.simulation.counts import (
    BASES,
    COLD_STARTS,
    INVOCATIONS,
    MOVED_TWICE,
    PAY_INS,
    PAYOUT,
    TIMEOUTS,
    Counts,
)
from costmodel.simulation.plan import Op, Outcome, Plan

COHORT = BASES.index("cohort")
PPM = 10**6
EXACT_BELOW = 2**62 // (2 * PPM)  # cents whose commission is computed in 64 bits


def conserved(plan: Plan, counts: Counts) -> None:
    """Raises InternalError, naming the identity, where the counts of a run break one."""
    marked = {Outcome(step.a) for step in plan.code if step.op is Op.MARK}
    if Outcome.COMPLETED in marked:
        _payments(plan, counts)
        _amounts(counts)
    _days(counts)
    if _pays_out_each(plan, marked):
        _money(plan, counts)
    _environments(plan, counts)


def _payments(plan: Plan, counts: Counts) -> None:
    """Opening in flight (0) + started = completed + declined + failed + closing in flight (0)."""
    ends = {outcome.name.lower(): int(counts.outcomes[COHORT, outcome])
            for outcome in (Outcome.COMPLETED, Outcome.DECLINED, Outcome.FAILED)}  # fmt: skip
    methods = {method for flow in plan.flows if flow.trigger == "payment" for method in flow.methods}
    all_start = methods >= set(range(len(PAY_INS)))
    if counts.payments != sum(ends.values()) if all_start else counts.payments < sum(ends.values()):
        raise _broken("payments started = completed + declined + failed", {"started": counts.payments, **ends})


def _amounts(counts: Counts) -> None:
    """Each completed payment has one amount, by time and by payment."""
    for basis, name in enumerate(BASES):
        paid_in = sum(int(counts.times(way, basis).sum()) for way in PAY_INS)
        completed = int(counts.outcomes[basis, Outcome.COMPLETED])
        if paid_in != completed:
            raise _broken(f"amounts paid in = payments completed, by {name}",
                          {"amounts": paid_in, "completed": completed})  # fmt: skip


def _days(counts: Counts) -> None:
    """Each settlement and each payout of a measured payment took some number of days."""
    for outcome, histogram in ((Outcome.SETTLED, counts.settled_days), (Outcome.DONE, counts.paid_days)):
        days, reached = int(histogram.sum()), int(counts.outcomes[COHORT, outcome])
        if days != reached:
            raise _broken(f"days counted = payments {outcome.name.lower()}", {"days": days, "reached": reached})


def _pays_out_each(plan: Plan, marked: set[Outcome]) -> bool:
    """Whether every payment is paid out by itself, in as many parts as the plan says."""
    pays = any(step.op is Op.PAYOUT for step in plan.code)
    return pays and not plan.per_provider and Outcome.COMPLETED in marked


def _money(plan: Plan, counts: Counts) -> None:
    """Opening held (0) + paid in = commission + payouts + closing held: nothing is held once all parts are paid out.

    Where an event came twice or was tried again, its payout may have been made twice: more is paid than is owed then.
    """
    if MOVED_TWICE in counts.amounts or counts.event_retries:
        return
    net = sum(_net_cents(plan, counts, way) for way in PAY_INS)
    payouts = int(counts.times(PAYOUT, COHORT).sum())
    paid = _cents(counts, PAYOUT)
    owed = plan.payouts_per_payment * int(counts.outcomes[COHORT, Outcome.COMPLETED])
    held = net - paid
    if payouts > owed or held < 0 or (held != 0 and payouts == owed):
        figures = {"paid in less commission": net, "payouts": paid, "parts paid": payouts, "parts": owed}
        raise _broken("paid in = commission + payouts + held", figures)


def _cents(counts: Counts, name: str) -> int:
    return int(counts.amounts[name][0] @ counts.times(name, COHORT)) if name in counts.amounts else 0


def _net_cents(plan: Plan, counts: Counts, way: str) -> int:
    """What providers get of the payments of a way, in cents: each less its commission, rounded half up."""
    if way not in counts.amounts:
        return 0
    cents, times = counts.amounts[way][0], counts.times(way, COHORT)
    if int(cents.max(initial=0)) >= EXACT_BELOW:
        cents, times = cents.astype(object), times.astype(object)
    return int((cents - (2 * cents * plan.commission_ppm + PPM) // (2 * PPM)) @ times)


def _environments(plan: Plan, counts: Counts) -> None:
    """An environment serves one request at a time: no more are busy than may exist, no more start than are asked."""
    shared = plan.compute.account_concurrency - sum(max(f.reserved, f.provisioned) for f in plan.functions)
    for number, function in enumerate(plan.functions):
        for basis, name in enumerate(BASES):
            asked = counts.functions[basis, number]
            if int(asked.min()) < 0 or max(asked[COLD_STARTS], asked[TIMEOUTS]) > asked[INVOCATIONS]:
                raise _broken(f"{function.name}: cold starts and timeouts are invocations, by {name}",
                              {"invocations": int(asked[INVOCATIONS]), "cold starts": int(asked[COLD_STARTS]),
                               "timeouts": int(asked[TIMEOUTS])})  # fmt: skip
        own = max(function.reserved, function.provisioned)  # provisioned environments are among the reserved ones
        most = own if function.reserved else own + shared
        if not 0 <= int(counts.peak[number]) <= most:
            raise _broken(f"{function.name}: busy environments are at most those that may exist",
                          {"busy": int(counts.peak[number]), "may exist": most})  # fmt: skip


def _broken(identity: str, figures: dict[str, int]) -> InternalError:
    shown = ", ".join(f"{name} {figure:,}" for name, figure in figures.items())
    return InternalError(f"an identity is broken: {identity} ({shown})")
