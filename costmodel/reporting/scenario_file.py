"""A scenario file with measured assumptions, laid over the scenario they were compared with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import Decimal

from costmodel.analysis.calibrating import Calibration, Estimate
from costmodel.analysis.measured_usage import MeasuredUsage
from costmodel.assumptions.catalog import Assumptions
from costmodel.assumptions.decimals import in_full
from costmodel.assumptions.pipeline import Each, Standing
from costmodel.billing.bill import EXACT

LINE_WIDTH = 100


def scenario_file(
    calibration: Calibration, assumptions: Assumptions, base: str, usage: Sequence[MeasuredUsage] = ()
) -> str:
    """TOML text: what was measured, with its source; all else is taken from the base.

    A figure is written with its basis, "measured", and its range, two standard errors either side; usage that bills
    show, as the pipeline's rows by their paths.
    """
    parts = [
        _head(calibration, assumptions, base),
        _workload(calibration, assumptions),
        _usage(usage, calibration, assumptions.scenario.on),
    ]
    return "\n".join(line for part in parts for line in part) + "\n"


def _head(calibration: Calibration, assumptions: Assumptions, base: str) -> Iterator[str]:
    yield "# Measured: what stands here. All else is the base's."
    for what, why in calibration.missing.items():
        yield f"# Not measured: {what} ({why})."
    title = f"The workload measured from {_names(calibration)}, on the pipeline {assumptions.scenario.pipeline}"
    yield f"title = {toml_text(title)}"
    yield f"base = {toml_text(base)}"
    yield "pinned = false"


def _workload(calibration: Calibration, assumptions: Assumptions) -> Iterator[str]:
    yield "\n[workload]"
    yield f"payments_per_month = {max(1, int(calibration.payments_per_month.to_integral_value()))}"
    yield f"mean_ticket_usd = {in_full(calibration.mean_ticket_usd)}"
    if calibration.accounts is not None:
        yield f"accounts = {calibration.accounts}"
    if calibration.payouts_per_payment is not None:
        whole = max(1, int(calibration.payouts_per_payment.to_integral_value()))
        yield f"payouts_per_payment = {whole}  # {in_full(calibration.payouts_per_payment)} were counted"
    yield from _source(calibration, assumptions)
    if calibration.ach_share is not None:
        yield "\n[workload.methods]"
        yield f"ach = {in_full(calibration.ach_share)}"
        yield f"card = {in_full(EXACT.subtract(Decimal(1), calibration.ach_share))}"
    yield from _tickets(calibration, assumptions)
    yield from _arrivals(calibration, assumptions)
    for name, share in calibration.fates.items():
        if name in assumptions.scenario.workload.fates:
            yield f"\n[workload.fates.{name}.share]"
            yield from _range(share, "value")
            yield from _source(calibration, assumptions)


def _tickets(calibration: Calibration, assumptions: Assumptions) -> Iterator[str]:
    yield "\n[workload.tickets]"
    yield 'law = "empirical"'
    yield from _list("usd", calibration.tickets_usd)
    yield from _range(calibration.sigma, "sigma")
    yield from _source(calibration, assumptions)


def _arrivals(calibration: Calibration, assumptions: Assumptions) -> Iterator[str]:
    profile = {"weekday_shares": calibration.weekday_shares, "hour_shares": calibration.hour_shares}
    if not any(profile.values()):
        return
    yield "\n[workload.arrivals]"
    for name, shares in profile.items():
        if shares is not None:
            yield from _list(name, shares)
    yield from _source(calibration, assumptions)
    for name, estimate in (("day_cv", calibration.day_cv), ("hour_cv", calibration.hour_cv)):
        if estimate is not None:
            yield f"\n[workload.arrivals.{name}]"
            yield from _range(estimate, "value")
            yield from _source(calibration, assumptions)


def _usage(usage: Sequence[MeasuredUsage], calibration: Calibration, on: dt.date) -> Iterator[str]:
    """The pipeline's rows with the quantities billed, and what no row stands for."""
    left = [found for found in usage if found.entry is None]
    if left:
        yield "\n# Billed, but no one figure of the pipeline stands for it:"
        for found in left:
            yield f"# {_meter(found)}: {_billed(found)}; {found.why}"
    for found in usage:
        if found.entry is not None and found.quantity is not None:
            yield f"\n[set.{toml_text(found.path)}]"
            yield from _row(found.entry, found.quantity)
            yield f"source = {toml_text(f'{_names(calibration)}: billed {_billed(found)}')}"
            yield f"read = {calibration.last or on}"
            yield 'basis = "measured"'


def _row(entry: Standing | Each, quantity: Decimal) -> Iterator[str]:
    """The row as it stands in the pipeline, with another quantity."""
    if isinstance(entry, Each):
        yield f"of = {toml_text(entry.of)}"
        if entry.methods:
            yield f"methods = [{', '.join(map(toml_text, entry.methods))}]"
        if entry.share is not None:
            yield f"share = {toml_text(entry.share)}"
    else:
        if entry.always_on:
            yield "always_on = true"
        if entry.region is not None:
            yield f"region = {toml_text(entry.region)}"
    yield f"service = {toml_text(entry.service)}"
    yield f"meter = {toml_text(entry.meter)}"
    yield f"quantity = {toml_text(in_full(quantity))}"


def _meter(found: MeasuredUsage) -> str:
    return f"{found.line.service}.{found.line.meter} in {found.line.region}"


def _billed(found: MeasuredUsage) -> str:
    return f"{in_full(found.line.bill_quantity)} a month (unit: {found.line.unit})"


def _range(estimate: Estimate, name: str) -> Iterator[str]:
    yield f"{name} = {in_full(estimate.value)}"
    yield f"low = {in_full(min(estimate.low, estimate.value))}"
    yield f"high = {in_full(max(estimate.high, estimate.value))}"


def _source(calibration: Calibration, assumptions: Assumptions) -> Iterator[str]:
    span = f", {calibration.first} to {calibration.last}" if calibration.first else ""
    yield f"source = {toml_text(f'{_names(calibration)}: {calibration.payments:,} payments{span}')}"
    yield f"read = {calibration.last or assumptions.scenario.on}"
    yield 'basis = "measured"'


def _names(calibration: Calibration) -> str:
    return ", ".join(calibration.files)


def _list(name: str, values: Sequence[Decimal]) -> Iterator[str]:
    yield f"{name} = ["
    line = "   "
    for value in values:
        word = f" {in_full(value)},"
        if len(line) + len(word) > LINE_WIDTH:
            yield line
            line = "   "
        line += word
    yield line
    yield "]"


def toml_text(text: str) -> str:
    """A TOML string; whatever it would not hold as it is, escaped."""
    plain = "".join(sign if sign.isprintable() else f"\\u{ord(sign):04x}" if ord(sign) < 2**16 else "?"
                    for sign in text.replace("\\", "\\\\").replace('"', '\\"'))  # fmt: skip
    return f'"{plain}"'
