"""From raw measures to the quantity a meter bills: one small function per kind of meter."""

from __future__ import annotations

import calendar
import datetime as dt
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from costmodel.assumptions.service import Meter, Service
from costmodel.billing.usage import Measures, UsageRow

KB_OR_MB_PER_NEXT = 1024  # 1 GB = 1024 MB
KB_PER_GB = 1024**2
MS_PER_S = 1000
HOURS_PER_DAY = 24


@dataclass
class RowError(Exception):
    """Why a row gives no quantity, and what to do."""

    wrong: str
    remedy: str


def hours_of_month(on: dt.date) -> Decimal:
    """The hours of the calendar month that `on` lies in: 672 to 744."""
    return Decimal(calendar.monthrange(on.year, on.month)[1] * HOURS_PER_DAY)


def per_size(calls: Decimal, size_kb: Decimal, chunk_kb: Decimal, first_kb: Decimal | None = None) -> Decimal:
    """Chunks: each call counts once per started `chunk_kb`, and at least once; the first chunk holds `first_kb`.

    >>> per_size(Decimal(1_000_000), Decimal(256), Decimal(64))
    Decimal('4000000')
    >>> per_size(Decimal(1_000_000), Decimal(300), Decimal(64), first_kb=Decimal(256))
    Decimal('2000000')
    """
    beyond_kb = max(size_kb - (first_kb or chunk_kb), Decimal(0))
    return calls * (1 + _started(beyond_kb, chunk_kb))


def per_volume(calls: Decimal, size_kb: Decimal, included_kb: Decimal | None = None) -> Decimal:
    """GB: of each call what lies beyond its first `included_kb`.

    >>> per_volume(Decimal(1_048_576), Decimal(7), Decimal(6))
    Decimal('1')
    """
    return calls * max(size_kb - (included_kb or 0), Decimal(0)) / KB_PER_GB


def per_duration(
    calls: Decimal,
    duration_ms: Decimal,
    memory_mb: Decimal,
    *,
    increment_ms: Decimal,
    minimum_ms: Decimal | None = None,
    memory_increment_mb: Decimal | None = None,
) -> Decimal:
    """GB-seconds: each call's duration, at least `minimum_ms`, rounded up to `increment_ms`; times memory in GB.

    Memory is rounded up to `memory_increment_mb` (at least one increment) where the meter has one.

    >>> per_duration(Decimal(7_440_000), Decimal(2000), Decimal(1024), increment_ms=Decimal(1))
    Decimal('14880000')
    """
    billed_ms = _started(max(duration_ms, minimum_ms or Decimal(0)), increment_ms) * increment_ms
    if memory_increment_mb is not None:
        memory_mb = max(_started(memory_mb, memory_increment_mb), Decimal(1)) * memory_increment_mb
    return calls * billed_ms * memory_mb / (MS_PER_S * KB_OR_MB_PER_NEXT)


def standing(quantity: Decimal, hours: Decimal, month_hours: Decimal) -> Decimal:
    """Months: something that stood for `hours` of a month of `month_hours`."""
    return quantity * hours / month_hours


def quantity_of(row: UsageRow, service: Service, meter: Meter, on: dt.date, month_hours: Decimal) -> Decimal:
    """What the row comes to in the meter's unit, before `scale`. Raises RowError where it does not say."""
    if row.hours is not None and meter.kind != "standing":
        raise RowError(f"`hours` does not apply to a meter of kind {meter.kind}", "leave it empty")
    if meter.kind == "minimum":
        raise RowError("a monthly minimum is no usage", "leave the row out: what falls short of it is worked out")
    if row.quantity is not None:
        return row.quantity if row.hours is None else standing(row.quantity, row.hours, month_hours)
    if row.measures is None:
        raise RowError("gives no quantity", f"give `quantity` in {meter.unit}s")
    return _measured(row.measures, service, meter, on)


def _measured(given: Measures, service: Service, meter: Meter, on: dt.date) -> Decimal:
    if meter.kind == "standing":
        raise RowError(f"`calls` does not apply to a meter by the month ({meter.unit})", "give `quantity`")
    if meter.kind in ("per_size", "per_volume"):
        return _by_size(given, meter)
    if meter.kind == "per_duration":
        return _by_duration(given, service, meter, on)
    _refuse(given, meter, "size_kb", "duration_ms", "memory_mb")
    return given.calls


def _by_size(given: Measures, meter: Meter) -> Decimal:
    _refuse(given, meter, "duration_ms", "memory_mb")
    if given.size_kb is None:
        raise RowError("`size_kb` is missing: this meter counts by size", "give `calls` and `size_kb`, or `quantity`")
    if meter.chunk_kb is None:
        return per_volume(given.calls, given.size_kb, meter.included_kb)
    return per_size(given.calls, given.size_kb, meter.chunk_kb, meter.first_kb)


def _by_duration(given: Measures, service: Service, meter: Meter, on: dt.date) -> Decimal:
    _refuse(given, meter, "size_kb")
    if given.duration_ms is None or given.memory_mb is None:
        raise RowError("`duration_ms` or `memory_mb` is missing: this meter counts GB-seconds",
                       "give `calls`, `duration_ms` and `memory_mb`, or `quantity`")  # fmt: skip
    increment_ms = meter.increment_ms or service.rule_on("billing_increment_ms", on)
    if not increment_ms:
        raise RowError(f"no billing increment is known on {on}", "add `increment_ms` to the meter, or give `quantity`")
    return per_duration(
        given.calls, given.duration_ms, given.memory_mb, increment_ms=increment_ms, minimum_ms=meter.minimum_ms,
        memory_increment_mb=meter.memory_increment_mb,
    )  # fmt: skip


def _refuse(given: Measures, meter: Meter, *measures: str) -> None:
    for measure in measures:
        if getattr(given, measure) is not None:
            raise RowError(f"`{measure}` does not apply to a meter of kind {meter.kind}", "leave it empty")


def _started(value: Decimal, step: Decimal) -> Decimal:
    """How many steps `value` has started: ⌈value / step⌉."""
    return (value / step).to_integral_value(rounding=ROUND_CEILING)
