"""The outages of many months, or of many replications of one, drawn together: as `draw_outages` draws one month's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from costmodel.assumptions.by_month import by_month
from costmodel.simulation.draws import MASK, Bits, mix64_many, name_key
from costmodel.simulation.plan import Plan
from costmodel.simulation.tables import LawByMonth, LawTable, scaled_values
from costmodel.simulation.timetable import HOURS_PER_YEAR, NS_PER_HOUR, Outages, draw_outages, outage_terms

FEW = 2**5  # months, of which drawing them one by one is quicker
DRAWN_AT_ONCE = 2**3  # outages of a service in a month


def outages_by_month(plan: Plan, end_ns: int, seeds: Sequence[int]) -> list[Outages]:
    """The outages of each failing service in each month, up to `end_ns`; a month's figures may be columns."""
    terms = outage_terms(plan)
    if len(seeds) < FEW:
        months = by_month(terms, len(seeds))
        return [draw_outages(own, end_ns, seed) for own, seed in zip(months, seeds, strict=True)]
    own = np.array([seed & MASK for seed in seeds], np.uint64)
    drawn = [_spans(name, per_year, length, own, end_ns) for name, per_year, length in terms]
    found: list[Any] = [tuple(service) for service in zip(*drawn, strict=True)] if drawn else [() for _ in seeds]
    more = [month for month, spans in enumerate(found) if None in spans]
    if more:
        by_itself = by_month(terms, len(seeds))
        for month in more:
            found[month] = draw_outages(by_itself[month], end_ns, seeds[month])
    return found


def _spans(name: str, per_year: Any, length: LawTable, seeds: Bits, end_ns: int) -> list[Any]:
    """Of a service in each month; None where there are more than are drawn at once."""
    rates = np.array([float(rate and 1 / rate) for (rate,) in by_month((per_year,), len(seeds))])
    keys = mix64_many(mix64_many(seeds ^ np.uint64(name_key("outage"))) ^ np.uint64(name_key(name)))
    bits = mix64_many(keys[:, None] ^ np.arange(DRAWN_AT_ONCE, dtype=np.uint64))
    gaps = scaled_values(LawTable.exponential(HOURS_PER_YEAR * NS_PER_HOUR), rates, bits)
    lasting = mix64_many(bits ^ np.uint64(1))
    if isinstance(length, LawByMonth):
        lengths = scaled_values(length.base, length.factors, lasting)
    else:
        lengths = length.values(lasting.ravel()).reshape(lasting.shape)
    ends = np.cumsum(np.minimum(gaps, end_ns) + lengths, axis=1)
    starts = ends - lengths
    numbers = np.where(rates > 0, (starts < end_ns).sum(axis=1), 0)
    return [
        tuple(zip(start[:number], end[:number], strict=True)) if number < DRAWN_AT_ONCE else None
        for start, end, number in zip(starts.tolist(), ends.tolist(), numbers.tolist(), strict=True)
    ]
