"""What the compiled engine draws payments from, as flat arrays; or the payments themselves where they are given."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from costmodel.simulation import layout as at
from costmodel.simulation.draws import SHARE_BITS
from costmodel.simulation.kernel_payments import rests_in_bin, sort_rests, sum_of_spacings, sum_of_tickets
from costmodel.simulation.payments import Demand, Payments, payment_key, spacing_law, ticket_law, total_cents
from costmodel.simulation.tables import LawTable

BINS = 2**16  # of parts of a cent
LEAST_ROOM = 2**10  # payments that may share the bin in which the last spare cent falls
NO_MORE = 2.0  # no part of a cent is that large

Tables = dict[str, npt.NDArray[Any]]


def given(payments: Payments) -> Tables:
    """The tables of payments that are there."""
    tables = _arrays(payments.number)
    tables["arrival"][:], tables["amount"][:] = payments.arrival_ns, payments.amount_cents
    tables["method"][:], tables["provider"][:] = payments.method, payments.provider
    return tables


def _arrays(number: int) -> Tables:
    """Empty tables for so many payments."""
    return {
        "arrival": np.zeros(number, np.int64),
        "amount": np.zeros(number, np.int64),
        "method": np.zeros(number, np.int8),
        "provider": np.zeros(number, np.int32),
        "demand": np.zeros(at.DEMAND_PLACES, np.int64),
        "drawn": np.zeros((2, at.LAW_COLUMNS), np.int64),
        "reals": np.zeros(at.CURVES, np.float64),
    }


def drawn_from(demand: Demand) -> Tables:
    """The tables from which the kernel draws each payment; nothing grows with their number.

    A list of amounts, or tickets so small that the least cent of each changes the sum, needs them all at once.
    """
    law = _one_law(demand)
    tables = None if law is None else _Drawn(demand, law).tables()
    return given(demand.payments()) if tables is None else tables


def _one_law(demand: Demand) -> LawTable | None:
    """The law of tickets as a table."""
    law = ticket_law(demand.workload)
    if isinstance(law, LawTable):
        return law
    return LawTable.constant(int(law[0])) if len(law) == 1 else None


class _Drawn:
    """Lays a demand out."""

    def __init__(self, demand: Demand, law: LawTable) -> None:
        self.asked, self.law = demand, law
        self.drawn = np.array([spacing_law().edges, law.edges], np.int64)
        self.places = np.zeros(at.DEMAND_PLACES, np.int64)
        self.reals = np.zeros(at.CURVES, np.float64)
        for place, stream in (
            (at.ARRIVAL_KEY, "arrival"), (at.AMOUNT_KEY, "amount"), (at.METHOD_KEY, "method"),
            (at.PROVIDER_KEY, "provider"),
        ):  # fmt: skip
            self.places[place] = np.array(payment_key(demand.seed, stream), np.uint64).view(np.int64)

    def tables(self) -> Tables | None:
        """All of them; None where amounts cannot be drawn one by one."""
        workload = self.asked.workload
        share = workload.methods.get("ach")
        self.places[at.DRAWN] = 1
        self.places[at.ACH_BELOW] = 0 if share is None else int(share * 2**SHARE_BITS)
        self.places[at.ACCOUNTS] = workload.accounts
        self._put_arrivals()
        if not self._put_amounts():
            return None
        return _arrays(0) | {"demand": self.places, "drawn": self.drawn, "reals": self.reals}

    def _put_arrivals(self) -> None:
        """Where operational time begins, how fast it runs, and the curves that turn it into the clock's."""
        asked, key = self.asked, int(self.places[at.ARRIVAL_KEY])
        before = sum_of_spacings(self.drawn, key, -1, -1, asked.before + 1)
        after = asked.spacing_length or sum_of_spacings(self.drawn, key, 0, 1, asked.after + 1)
        self.places[at.POSITION] = before
        self.reals[at.PACE_BEFORE] = self._put_curve(at.BEFORE_AT, at.BEFORE_EDGES, asked.lead_in_ns, True) / before
        self.reals[at.PACE_AFTER] = self._put_curve(at.AFTER_AT, at.AFTER_EDGES, asked.measured_ns, False) / after
        self.places[at.CELL] = self.places[at.BEFORE_EDGES] - 1

    def _put_curve(self, begin: int, number: int, span: int, before: bool) -> float:
        """What the rate accumulates over a span, at the edges of its cells; gives the whole of it."""
        edges, reached = self.asked.intensity.accumulated(span, before)
        self.places[begin], self.places[number] = len(self.reals), len(edges)
        self.reals = np.concatenate([self.reals, edges, reached])
        return float(reached[-1])

    def _put_amounts(self) -> bool:
        """How amounts are scaled, and who gets a cent more; whether that can be said."""
        number = self.asked.after
        if self.asked.workload.count != "fixed" or not number:
            return True
        key, total = int(self.places[at.AMOUNT_KEY]), total_cents(self.asked.workload, number)
        scale = total / sum_of_tickets(self.drawn, key, number)
        bins = np.zeros(BINS, np.int64)
        left = total - sort_rests(self.drawn, key, number, scale, bins)
        self.places[at.EXACT], self.reals[at.SCALE], self.reals[at.THRESHOLD] = 1, scale, NO_MORE
        if left <= 0:
            return left == 0
        return self._put_threshold(key, scale, bins, left)

    def _put_threshold(self, key: int, scale: float, bins: npt.NDArray[np.int64], left: int) -> bool:
        """The largest rests get the cents that are left, of equal ones the first payments."""
        above = np.cumsum(bins[::-1])
        last = int(np.searchsorted(above, left))
        wanted, need = BINS - 1 - last, left - int(above[last - 1] if last else 0)
        number = self.asked.after
        if self.law.edges.min() == self.law.edges.max():
            exact = float(self.law.edges[0]) * scale
            self.reals[at.THRESHOLD], self.places[at.TIE] = exact - np.floor(exact), left - 1
            return True
        found = np.zeros((16 * number // BINS + LEAST_ROOM, 2), np.float64)
        count = rests_in_bin(self.drawn, key, number, scale, bins, wanted, found)
        if count > len(found):
            return False
        found = found[:count]
        last_one = found[np.lexsort((found[:, 1], -found[:, 0]))[need - 1]]
        self.reals[at.THRESHOLD], self.places[at.TIE] = last_one[0], int(last_one[1])
        return True
