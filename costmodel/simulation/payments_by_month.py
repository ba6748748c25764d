"""The payments of many months that differ in luck and in how much their tickets and rates vary, drawn together.

A row for each month, by the same rules and to the same bits as `Demand.payments` draws one month's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from costmodel.assumptions.by_month import by_month
from costmodel.assumptions.scenario import Scenario, Workload
from costmodel.simulation.arrivals import UNIT
from costmodel.simulation.draws import MASK, Bits, mix64_many, name_key
from costmodel.simulation.payments import (
    CENTS,
    FINE,
    Demand,
    Payments,
    accounts_of,
    method_of,
    spacing_law,
    to_total,
    total_cents,
)
from costmodel.simulation.tables import SCORES, lognormal_terms

AT_ONCE = 2**6  # months whose payments are drawn together: about a megabyte for each figure of the document's month

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


def payments_by_month(scenario: Scenario, seeds: Sequence[int], lead_in_ns: int) -> list[Payments]:
    """The payments of each month of a scenario whose spread of tickets and rates may be columns.

    Raises InputError for more than fit into memory.
    """
    if not _is_regular(scenario.workload):
        months = _each_scenario(scenario, len(seeds))
        return [Demand(one, seed, lead_in_ns).payments() for one, seed in zip(months, seeds, strict=True)]
    found: list[Payments] = []
    for begin in range(0, len(seeds), AT_ONCE):
        end = min(begin + AT_ONCE, len(seeds))
        found += _Drawn(scenario, seeds, range(begin, end), lead_in_ns).payments()
    return found


def methods_by_month(workload: Workload, payments: Sequence[Payments], seeds: Sequence[int]) -> list[Payments]:
    """The same payments made by the methods of a workload."""
    share = workload.methods.get("ach")
    if share in (None, 0, 1):
        kinds = np.full(max((one.number for one in payments), default=0), share == 1, np.int8)
        return [one.made_by(kinds[: one.number]) for one in payments]
    return [one.by_methods_of(workload, seed) for one, seed in zip(payments, seeds, strict=True)]


def _is_regular(workload: Workload) -> bool:
    """Whether every month has as many payments, of amounts that follow a lognormal law."""
    return workload.count == "fixed" and workload.tickets.law == "lognormal"


def _each_scenario(scenario: Scenario, months: int) -> list[Scenario]:
    """The scenario as it is in each month, as far as it decides the payments."""
    decides = {"tickets": scenario.workload.tickets, "arrivals": scenario.workload.arrivals}
    columns = [by_month(record, months) for record in decides.values()]
    workloads = (
        scenario.workload.model_copy(update=dict(zip(decides, records, strict=True)))
        for records in zip(*columns, strict=True)
    )
    return [scenario.model_copy(update={"workload": workload}) for workload in workloads]


class _Drawn:
    """Some of the months."""

    def __init__(self, scenario: Scenario, seeds: Sequence[int], months: range, lead_in_ns: int) -> None:
        self.workload = scenario.workload
        self.demand = Demand(scenario, seeds[months.start], lead_in_ns)
        self.seeds = np.array([seeds[month] & MASK for month in months], np.uint64)
        self.sigmas = self._of(self.workload.tickets.sigma, months)
        arrivals = self.workload.arrivals
        self.varies = {
            "day": self._of(arrivals.day_cv.value, months),
            "hour": self._of(arrivals.hour_cv.value, months),
        }
        self.ids = np.arange(-self.demand.before, self.demand.after, dtype=np.int64)

    def _of(self, figure: Any, months: range) -> list[float]:
        return [float(value or 0) for value in by_month((figure,), months.stop)[months.start :] for value in value]

    def payments(self) -> list[Payments]:
        """Of each month."""
        demand = self.demand
        demand.check_room()
        arrivals = np.concatenate([self._times(True), self._times(False)], axis=1)
        amounts, providers = self._amounts(), accounts_of(self.workload, self._bits("provider", self.ids))
        methods = method_of(self.workload, self._bits("method", self.ids))
        measured, start, window = demand.measured, demand.start, demand.window
        return [
            Payments(*rows, measured, start, window) for rows in zip(arrivals, amounts, methods, providers, strict=True)
        ]

    def _keys(self, stream: str, name: str) -> Bits:
        """As `draws.stream_key` of each month's seed."""
        return mix64_many(mix64_many(self.seeds ^ np.uint64(name_key(stream))) ^ np.uint64(name_key(name)))

    def _bits(self, name: str, ids: IntArray, stream: str = "payment") -> Bits:
        """As `draws.draw_bits_many`."""
        return mix64_many(self._keys(stream, name)[:, None] ^ ids.view(np.uint64))

    # --- arrivals -----------------------------------------------------------------------------------------

    def _times(self, before: bool) -> IntArray:
        """As `Intensity.times`, of payments of the lead-in or of the measured time."""
        demand, intensity = self.demand, self.demand.intensity
        number = demand.before if before else demand.after
        if not number:
            return np.zeros((len(self.seeds), 0), np.int64)
        span = demand.lead_in_ns if before else demand.measured_ns
        edges, cells = intensity.cells(span, before)
        ids = np.arange(number + 1, dtype=np.int64)
        cumulated = np.cumsum(spacing_law().values(self._bits("arrival", -1 - ids if before else ids)) + 1, axis=1)
        rates = intensity.steady_rates(cells)
        days, hours = intensity.days_and_hours(cells)
        factors = self._factors("day", days) * self._factors("hour", hours)
        reached = np.cumsum(rates[0] * factors * rates[1] * np.diff(edges), axis=1)
        wanted = cumulated[:, :-1].astype(np.float64) * (reached[:, -1] / cumulated[:, -1])[:, None]
        clock, begin = edges.astype(np.float64), [0.0]
        offsets = np.array(
            [
                np.interp(row, np.concatenate([begin, height]), clock)
                for row, height in zip(wanted, reached, strict=True)
            ]
        )
        return intensity.on_the_clock(np.floor(offsets).astype(np.int64), span, before)

    def _factors(self, name: str, keys: IntArray) -> FloatArray:
        """As `Intensity._factors`."""
        terms = [lognormal_terms(UNIT, cv) for cv in self.varies[name]]
        drawn: FloatArray = self._lognormals(terms, self._bits(name, keys, "arrivals")) / UNIT
        drawn[[cv == 0 for cv in self.varies[name]]] = 1
        return drawn

    def _lognormals(self, terms: Sequence[tuple[float, float]], bits: Bits) -> IntArray:
        from costmodel.simulation.compiled import make_ready
        from costmodel.simulation.kernel_months import lognormals

        make_ready()
        middles, sigmas = np.array(terms, np.float64).T.copy()
        found = np.empty(bits.shape, np.int64)
        lognormals(middles, sigmas, bits, SCORES, found)
        return found

    # --- amounts ------------------------------------------------------------------------------------------

    def _amounts(self) -> IntArray:
        """As `payments._amounts`."""
        mean, number = float(self.workload.mean_ticket_usd * CENTS) * FINE, self.demand.after
        terms = [lognormal_terms(mean, math.sqrt(math.expm1(sigma**2))) for sigma in self.sigmas]
        drawn = self._lognormals(terms, self._bits("amount", self.ids))
        drawn[[sigma == 0 for sigma in self.sigmas]] = round(mean)
        total, measured = total_cents(self.workload, number), drawn[:, self.demand.before :]
        if not number:
            return np.maximum(1, np.rint(drawn / FINE).astype(np.int64))
        scales = np.array([[total / whole] for whole in measured.sum(axis=1).tolist()])
        amounts: IntArray = np.maximum(1, np.rint(drawn * scales)).astype(np.int64)
        amounts[:, self.demand.before :] = _to_total(measured, scales, total)
        return amounts


def _to_total(drawn: IntArray, scales: FloatArray, total: int) -> IntArray:
    """As `payments.to_total` of each row."""
    exact = drawn.astype(np.float64) * scales
    whole = np.floor(exact)
    amounts: IntArray = np.maximum(1, whole).astype(np.int64)
    left = total - amounts.sum(axis=1)
    order = np.argsort(whole - exact, axis=1, kind="stable")
    for row, places, cents in zip(amounts, order, left.tolist(), strict=True):
        row[places[: max(0, cents)]] += 1
    for at in np.flatnonzero(left < 0).tolist():
        amounts[at] = to_total(drawn[at], total)
    return amounts
