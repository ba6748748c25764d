"""A month's figures as a baseline keeps them and `diff` compares them: a line per meter, and the figures of the whole.

Each is kept in every replication too, so that two sides that met the same luck can be compared pair by pair.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from costmodel.assumptions.baseline_file import TOTAL, Baseline
from costmodel.assumptions.service import Service
from costmodel.billing.bill import Bill, BillLine, to_line_precision
from costmodel.billing.quantities import hours_of_month
from costmodel.billing.rating import rate
from costmodel.result import Result
from costmodel.run import bills_of, rating_terms

COST_PER_PAYMENT = "cost_per_payment"
LATENCIES = ("latency_ms.p50", "latency_ms.p95", "latency_ms.p99")
NOTHING = Decimal(0)


@dataclass(frozen=True)
class Line:
    """One meter in one region: quantity × unit_price_usd (the mean, where several tiers are met) = cost_usd a month."""

    service: str
    meter: str
    unit: str
    quantity: Decimal
    unit_price_usd: Decimal
    cost_usd: Decimal
    runs: tuple[Decimal, ...]


@dataclass(frozen=True)
class Figure:
    """A figure of the month, pooled and by replication; None where there is nothing to measure."""

    value: Decimal | None
    runs: tuple[Decimal | None, ...]


@dataclass(frozen=True)
class Measured:
    """lines: `service.meter` (`@region` where it is not the bill's own) -> line; figures: name -> figure."""

    lines: Mapping[str, Line]
    figures: Mapping[str, Figure]

    @property
    def total_usd(self) -> Decimal:
        """USD a month."""
        return self.figures[TOTAL].value or NOTHING


def measured(result: Result) -> Measured:
    """The figures of a run."""
    return _measured(result, result.bill, bills_of(result))


def rerated(result: Result, services: Mapping[str, Service], on: dt.date) -> Measured:
    """The figures of a run at other prices or another day's: the same usage, billed again.

    Raises InputError where a price is missing.
    """
    terms = rating_terms(result.assumptions)
    if terms["month_hours"] is None:
        terms["month_hours"] = hours_of_month(terms["on"])
    terms["on"] = on
    bills = [rate(usage, services, **terms) for usage in result.usages]
    return _measured(result, rate(result.usage, services, **terms), bills)


def kept(baseline: Baseline) -> Measured:
    """The figures that a baseline keeps."""
    lines = {key: Line(**dict(line)) for key, line in baseline.lines.items()}
    return Measured(lines, {name: Figure(figure.value, figure.runs) for name, figure in baseline.figures.items()})


def _measured(result: Result, bill: Bill, bills: Sequence[Bill]) -> Measured:
    pooled, single = _by_meter(bill), [_by_meter(one) for one in bills]
    keys = list(dict.fromkeys(key for found in (pooled, *single) for key in found))
    lines = {key: _line(pooled.get(key, []), [one.get(key, []) for one in single]) for key in keys}
    figures = {
        TOTAL: Figure(_cost(bill.lines), tuple(_cost(one.lines) for one in bills)),
        COST_PER_PAYMENT: Figure(
            _per_payment(bill, result.figures["completed_per_month"]),
            tuple(_per_payment(b, f["completed_per_month"]) for b, f in zip(bills, result.singles, strict=True)),
        ),
    }
    for name in LATENCIES:
        value = result.latency_ms[name.partition(".")[2]]
        figures[name] = Figure(_exact(value), tuple(_exact(one.get(name)) for one in result.singles))
    return Measured(lines, figures)


def _by_meter(bill: Bill) -> dict[str, list[BillLine]]:
    found: dict[str, list[BillLine]] = {}
    for line in bill.lines:
        away = f"@{line.region}" if line.region != bill.region else ""
        found.setdefault(f"{line.service}.{line.meter}{away}", []).append(line)
    return found


def _line(tiers: Sequence[BillLine], runs: Sequence[Sequence[BillLine]]) -> Line:
    shown = tiers or next(run for run in runs if run)
    quantity, cost_usd = sum((tier.quantity for tier in tiers), NOTHING), _cost(tiers)
    one_price = len(tiers) == 1 or not quantity
    price = shown[0].unit_price_usd if one_price else to_line_precision(cost_usd / quantity)
    costs = tuple(_cost(run) for run in runs)
    return Line(shown[0].service, shown[0].meter, shown[0].unit, to_line_precision(quantity), price, cost_usd, costs)


def _cost(lines: Sequence[BillLine]) -> Decimal:
    return sum((line.cost_usd for line in lines), NOTHING)


def _per_payment(bill: Bill, completed: Any) -> Decimal | None:
    return to_line_precision(_cost(bill.lines) / Decimal(str(completed))) if completed else None


def _exact(value: float | None) -> Decimal | None:
    """A float as its shortest decimal, so that what is written is what is compared."""
    return None if value is None else Decimal(repr(float(value)))
