"""From what a run counted to usage: the quantities of every meter, ready to be rated."""

from __future__ import annotations

import operator
from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from costmodel.assumptions.by_month import each as every
from costmodel.assumptions.by_month import is_column, is_some, most
from costmodel.assumptions.catalog import Assumptions
from costmodel.assumptions.pipeline import Each, Standing
from costmodel.billing.bill import weaker
from costmodel.billing.usage import UsageRow
from costmodel.simulation.counts import BASES, BILLED, INVOCATIONS, PAY_INS, PAYOUT, PROVISIONED, Counts
from costmodel.simulation.plan import Plan
from costmodel.simulation.replications import Period

MS_PER_S = 1000
MB_PER_GB = 1024
BYTES_PER_GB = 2**30
NS_PER_S = 10**9
S_PER_HOUR = 3600
ARCHITECTURES = {"x86_64": "x86", "arm64": "arm"}
SIMULATED = "simulated"
IntArray = npt.NDArray[np.int64]
Beneath = dict[str, Any]  # surcharges by meter, and in which months
Totals = defaultdict[tuple[str, str], Decimal]


def meter(runs: Sequence[Counts], plan: Plan, assumptions: Assumptions, period: Period) -> list[UsageRow]:
    """A month's usage: the mean of the replications, scaled from the measured time to the month.

    Which counts are taken (by time or by payment) is the scenario's `horizon`.
    """
    basis = BASES.index(assumptions.scenario.horizon)
    share = 1 / (period.months * len(runs))
    totals: Totals = defaultdict(Decimal)
    for counts in runs:
        for part in (
            _steps(counts, plan, basis, period),
            _functions(counts, plan, basis),
            _each_quantity(counts, plan, assumptions, basis),
        ):
            for key, quantity in part.items():
                totals[key] = totals[key] + quantity
    rows = [
        UsageRow(service, name, quantity, SIMULATED, scale=share)
        for (service, name), quantity in sorted(totals.items(), key=lambda total: total[0])
        if is_some(quantity)
    ]
    rows += _fees(runs, assumptions, basis, share)
    rows += _opening_storage(assumptions)
    rows += _provisioned(assumptions, period)
    return rows + [_standing(row, period) for row in assumptions.pipeline.static]


class Metered:
    """A month's usage as the replications of a run tell it: all of them pooled, each by itself, and side by side."""

    def __init__(self, runs: Sequence[Counts], plan: Plan, assumptions: Assumptions, period: Period) -> None:
        self.runs = [counts.without_histograms() for counts in runs]
        self._rest = plan, assumptions, period

    @cached_property
    def pooled(self) -> list[UsageRow]:
        """The mean of all replications."""
        return meter(self.runs, *self._rest)

    @cached_property
    def singles(self) -> list[list[UsageRow]]:
        """Of each replication."""
        return [self.pooled] if len(self.runs) == 1 else [meter([counts], *self._rest) for counts in self.runs]

    @cached_property
    def together(self) -> list[UsageRow]:
        """Of each replication, in rows whose figures are columns (`assumptions.by_month`)."""
        return meter([Counts.of_months(self.runs)], *self._rest)


def possible_usage(plan: Plan, assumptions: Assumptions) -> list[UsageRow]:
    """A row of nothing for every meter that a run can use, to find a missing price before anything is simulated."""
    metered = {(step.service, name) for step in plan.steps for name, _ in step.uses}
    metered |= {(each.service, each.meter) for each in assumptions.pipeline.each if each.fee_on is None}
    if plan.functions:
        kinds = {ARCHITECTURES[function.architecture] for function in plan.functions}
        metered |= {("lambda", "requests"), *(("lambda", f"duration_{kind}") for kind in kinds)}
    rows = [UsageRow(service, name, Decimal(0), SIMULATED) for service, name in sorted(metered)]
    nobody = np.array([1], np.int64), np.array([0], np.int64)
    fees = [each for each, _, _ in _fee_terms(assumptions)]
    rows += [UsageRow(each.service, each.meter, None, SIMULATED, nobody) for each in fees]
    return rows + [UsageRow(row.service, row.meter, Decimal(0), row.basis) for row in assumptions.pipeline.static]


def _steps(counts: Counts, plan: Plan, basis: int, period: Period) -> Totals:
    """What service calls used, and the storage their puts left for the rest of the month."""
    totals: Totals = defaultdict(Decimal)
    for index, step in enumerate(plan.steps):
        times = every(int, counts.chunks[basis, index] if step.scan_chunk_bytes else counts.calls[basis, index])
        for name, units in step.uses:
            totals[step.service, name] = totals[step.service, name] + units * times
        if step.stores_bytes:
            byte_seconds = every(_exact, counts.stored_s[basis, index]) * step.stores_bytes
            gb_months = byte_seconds / BYTES_PER_GB / period.month_s
            totals[step.service, "storage"] = totals[step.service, "storage"] + gb_months
    return totals


def _functions(counts: Counts, plan: Plan, basis: int) -> Totals:
    """Requests and GB-seconds by architecture."""
    totals: Totals = defaultdict(Decimal)
    increment_s = Decimal(plan.compute.billing_increment_ns) / NS_PER_S
    for index, function in enumerate(plan.functions):
        counted = counts.functions[basis, index]
        arch = ARCHITECTURES[function.architecture]
        gb_seconds = increment_s * function.memory_mb / MB_PER_GB
        for name, each, kind in (
            ("requests", 1, INVOCATIONS), (f"duration_{arch}", gb_seconds, BILLED),
            (f"provisioned_duration_{arch}", gb_seconds, PROVISIONED),
        ):  # fmt: skip
            totals["lambda", name] = totals["lambda", name] + each * every(int, counted[kind])
    return totals


def _exact(count: int) -> Decimal:
    return Decimal(int(count))


def _each_quantity(counts: Counts, plan: Plan, assumptions: Assumptions, basis: int) -> Totals:
    """Usage that comes with every invocation, API request, payment or payout."""
    totals: Totals = defaultdict(Decimal)
    for each in assumptions.pipeline.each:
        if each.quantity is not None:
            times = _times(each, counts, plan, assumptions, basis)
            totals[each.service, each.meter] = totals[each.service, each.meter] + each.quantity * times
    return totals


def _times(each: Each, counts: Counts, plan: Plan, assumptions: Assumptions, basis: int) -> int:
    if each.of == "invocation":
        return every(int, counts.functions[basis, :, INVOCATIONS].sum(axis=0))
    if each.of == "api_request":
        api = assumptions.pipeline.api_service
        return sum(every(int, counts.calls[basis, i]) for i, step in enumerate(plan.steps) if step.service == api)
    names = (PAYOUT,) if each.of == "payout" else each.methods or PAY_INS
    return sum(every(int, counts.times(name, basis).sum(axis=-1)) for name in names)


def _fees(runs: Sequence[Counts], assumptions: Assumptions, basis: int, share: Decimal) -> Iterator[UsageRow]:
    """Usage of meters that charge per payment: the amounts of all replications, each weighing its share."""
    for each, part, beneath in _fee_terms(assumptions):
        names = (PAYOUT,) if each.fee_on == "payout" else each.methods or PAY_INS
        amounts = _amounts([counts.amounts[name] for counts in runs for name in names if name in counts.amounts], basis)
        if amounts[0].size:
            trust = _share_basis(each, assumptions)
            borne = tuple(beneath.values()) if any(map(is_column, beneath.values())) else ()
            terms: dict[str, Any] = {"scale": share * part, "on_top_of": tuple(beneath), "borne": borne}
            yield UsageRow(each.service, each.meter, None, trust, amounts, **terms)


def _amounts(found: list[IntArray], basis: int) -> tuple[IntArray, IntArray]:
    """Different amounts in cents, rising, and how often each occurred in all of them; of many months, as they are."""
    if not found:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    if found[0].ndim > 2:
        together = np.concatenate(found, axis=-1)
        return together[0], together[1 + basis]
    cents, which = np.unique(np.concatenate([amounts[0] for amounts in found]), return_inverse=True)
    times = np.zeros(len(cents), np.int64)
    np.add.at(times, which, np.concatenate([amounts[1 + basis] for amounts in found]))
    return cents[times > 0], times[times > 0]


def _fee_terms(assumptions: Assumptions) -> Iterator[tuple[Each, Decimal, Beneath]]:
    """Each fee with the share of payments that bear it, and the surcharges that these payments bear beneath it.

    Of two groups the smaller lies in the larger: whoever bears a surcharge bears those of larger groups too, and all
    of them are rounded once. Of two of a size the first lies in the second.
    """
    workload = assumptions.scenario.workload
    fees = [each for each in assumptions.pipeline.each if each.fee_on is not None]
    parts = [Decimal(1) if each.share is None else workload.share_of(each.share) for each in fees]
    groups = sorted(zip(range(len(fees)), fees, parts, strict=True), key=lambda group: -most(group[2]))
    for at, fee, part in groups:
        others = [group for group in groups if group[1].share is not None and group[1].service == fee.service]
        beneath = {
            other.meter: every(operator.ge if other_at < at else operator.gt, other_part, part)
            for other_at, other, other_part in others
            if other_at != at
        }
        if is_some(part):
            yield fee, part, {meter: lies_in for meter, lies_in in beneath.items() if is_some(lies_in)}


def _share_basis(each: Each, assumptions: Assumptions) -> str:
    """A simulated quantity, or the weaker basis of the share it rests on."""
    if each.share is None:
        return SIMULATED
    figure = getattr(assumptions.scenario.workload, f"{each.share}_share")
    return SIMULATED if figure is None else weaker((SIMULATED, figure.basis))


def _opening_storage(assumptions: Assumptions) -> Iterator[UsageRow]:
    """The rows held when the month begins, index copies included."""
    tables = assumptions.pipeline.tables.values()
    held = sum(table.opening_rows * table.row_bytes * (1 + table.indexes) for table in tables)
    if held:
        yield UsageRow("dynamodb", "storage", Decimal(held) / BYTES_PER_GB, "assumption", note="opening stock")


def _provisioned(assumptions: Assumptions, period: Period) -> Iterator[UsageRow]:
    """Provisioned concurrency is billed while it is enabled: the whole month."""
    for name, function in assumptions.pipeline.functions.items():
        if function.provisioned_concurrency:
            memory = Decimal(function.provisioned_concurrency * function.memory_mb) / MB_PER_GB
            meter_name = f"provisioned_concurrency_{ARCHITECTURES[function.architecture]}"
            yield UsageRow("lambda", meter_name, memory * period.month_s, function.basis, note=name)


def _standing(row: Standing, period: Period) -> UsageRow:
    """What stands all month; a quantity that is always on counts the hours of the month."""
    hours = period.month_s / S_PER_HOUR if row.always_on else Decimal(1)
    return UsageRow(row.service, row.meter, row.quantity * hours, row.basis, region=row.region, note=row.name)
