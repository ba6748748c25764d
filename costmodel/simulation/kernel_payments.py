"""Payments in the compiled engine: each drawn from its number when it is needed, or looked up where a file gave them.

The same payments as `Demand.payments` draws, to the last bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from costmodel.simulation import layout as at
from costmodel.simulation.kernel_draws import below_share, compiled, draw_bits, entry, inlined, table_value
from costmodel.simulation.payments import FINE, LOW_HALF

LEAST_CENTS = 1


@compiled
def place_of(k: Any, payment: int) -> int:
    """Where the payment stands among all payments; a fault if nowhere."""
    place = payment + k[at.FIRST_MEASURED]
    if 0 <= place < k[at.PAYMENTS]:
        return place
    k[at.FAULT], k[at.LOW] = at.INDEX_FAULT, 1
    return 0


@inlined
def bits_of(b: Any, key: int, payment: int) -> np.uint64:
    """What is drawn for a payment under a key of the demand."""
    return draw_bits(b.demand[key], payment, 0, 0)


# --- arrivals -----------------------------------------------------------------------------------------


@compiled
def spacing(drawn: Any, key: int, payment: int) -> int:
    """As `payments._exponentials`."""
    return table_value(drawn, at.SPACING_LAW, draw_bits(key, payment, 0, 0)) + 1


@compiled
def arrival_of(b: Any, k: Any, place: int) -> int:
    """When the payment at a place arrives; to be asked for one after the other. As `Intensity.times`."""
    demand = b.demand
    if not demand[at.DRAWN]:
        return b.arrival[place]
    payment = place - k[at.FIRST_MEASURED]
    if payment < 0:
        demand[at.POSITION] -= spacing(b.drawn, demand[at.ARRIVAL_KEY], payment - 1)
        wanted = np.float64(demand[at.POSITION]) * b.reals[at.PACE_BEFORE]
        offset = reached(b, demand[at.BEFORE_AT], demand[at.BEFORE_EDGES], wanted)
        return k[at.START] - 1 - min(offset, k[at.START] - 1)
    if payment == 0:
        demand[at.POSITION] = demand[at.CELL] = 0
    demand[at.POSITION] += spacing(b.drawn, demand[at.ARRIVAL_KEY], payment)
    wanted = np.float64(demand[at.POSITION]) * b.reals[at.PACE_AFTER]
    offset = reached(b, demand[at.AFTER_AT], demand[at.AFTER_EDGES], wanted)
    return k[at.START] + min(offset, k[at.END] - k[at.START] - 1)


@compiled
def reached(b: Any, begin: int, number: int, wanted: float) -> int:
    """As `numpy.interp` of the edges of cells over what the rate has accumulated there; the cell is found anew from the
    last one."""
    reals, demand = b.reals, b.demand
    heights = begin + number
    while demand[at.CELL] > 0 and reals[heights + demand[at.CELL]] > wanted:
        demand[at.CELL] -= 1
    while demand[at.CELL] < number - 1 and reals[heights + demand[at.CELL] + 1] <= wanted:
        demand[at.CELL] += 1
    cell = demand[at.CELL]
    edge, height = reals[begin + cell], reals[heights + cell]
    if cell == number - 1 or height == wanted:
        return np.int64(np.floor(edge))
    slope = (reals[begin + cell + 1] - edge) / (reals[heights + cell + 1] - height)
    return np.int64(np.floor(slope * (wanted - height) + edge))


# --- amounts, methods, providers ------------------------------------------------------------------------


@compiled
def amount_of(b: Any, k: Any, payment: int) -> int:
    """As `payments._amounts`: the measured ones in proportion, so that they sum to the total."""
    place, demand = place_of(k, payment), b.demand
    if not demand[at.DRAWN]:
        return b.amount[place]
    if demand[at.EXACT] and payment >= 0:
        whole, rest = parts(b.drawn, demand[at.AMOUNT_KEY], payment, b.reals[at.SCALE])
        threshold = b.reals[at.THRESHOLD]
        more = rest > threshold or (rest == threshold and payment <= demand[at.TIE])
        return max(LEAST_CENTS, whole) + more
    drawn = np.float64(table_value(b.drawn, at.TICKET_LAW, bits_of(b, at.AMOUNT_KEY, payment)))
    return max(LEAST_CENTS, np.int64(np.rint(drawn * b.reals[at.SCALE] if demand[at.EXACT] else drawn / FINE)))


@compiled
def method_of(b: Any, k: Any, payment: int) -> int:
    """As `payments._methods`."""
    place = place_of(k, payment)
    if not b.demand[at.DRAWN]:
        return b.method[place]
    return np.int64(below_share(bits_of(b, at.METHOD_KEY, payment), b.demand[at.ACH_BELOW]))


@compiled
def provider_of(b: Any, k: Any, payment: int) -> int:
    """As `payments._providers`."""
    place = place_of(k, payment)
    if not b.demand[at.DRAWN]:
        return b.provider[place]
    high = bits_of(b, at.PROVIDER_KEY, payment) >> LOW_HALF
    return np.int64((high * np.uint64(b.demand[at.ACCOUNTS])) >> LOW_HALF)


# --- what must be known of all of them before the first ---------------------------------------------------


@entry
def sum_of_spacings(drawn: Any, key: int, first: int, step: int, number: int) -> int:
    """The spacings of so many payments, from the first on."""
    total = 0
    for count in range(number):
        total += spacing(drawn, key, first + step * count)
    return total


@entry
def sum_of_tickets(drawn: Any, key: int, number: int) -> int:
    """The amounts of the measured payments before scaling."""
    total = 0
    for payment in range(number):
        total += table_value(drawn, at.TICKET_LAW, draw_bits(key, payment, 0, 0))
    return total


@compiled
def parts(drawn: Any, key: int, payment: int, scale: float) -> tuple[int, float]:
    """The whole cents of a payment's exact amount, and what is left over."""
    exact = np.float64(table_value(drawn, at.TICKET_LAW, draw_bits(key, payment, 0, 0))) * scale
    whole = np.floor(exact)
    return np.int64(whole), exact - whole


@entry
def sort_rests(drawn: Any, key: int, number: int, scale: float, bins: Any) -> int:
    """Amounts rounded down, summed; how often each part of a cent is left over, by bins."""
    total = 0
    for payment in range(number):
        whole, rest = parts(drawn, key, payment, scale)
        bins[np.int64(rest * len(bins))] += 1
        total += max(LEAST_CENTS, whole)
    return total


@entry
def rests_in_bin(drawn: Any, key: int, number: int, scale: float, bins: Any, wanted: int, found: Any) -> int:
    """What is left over of the payments in one bin: written to `found` as (rest, payment) while there is room."""
    count = 0
    for payment in range(number):
        _, rest = parts(drawn, key, payment, scale)
        if np.int64(rest * len(bins)) == wanted:
            if count < len(found):
                found[count, 0], found[count, 1] = rest, payment
            count += 1
    return count
