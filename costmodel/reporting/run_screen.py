"""One scenario's month, and a bill, in plain text."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from costmodel.billing.bill import Bill, BillLine
from costmodel.reporting.words import dollars, interval, ms, number, percent, row_text
from costmodel.result import Result

WIDTH = 100
CENTS = 100
LATENCY_WIDTHS = (26, 12, 12, 12, 12, 12)
FUNCTION_WIDTHS = (28, 13, 9, 11, 9, 14, 8)
BILL_WIDTHS = (38, 18, 3, 16, 3, 14)


def render_run(result: Result, *, width: int = WIDTH) -> str:
    """Throughput, latency, settlement, availability, functions, limits, bill; and what it all rests on."""
    parts = [
        [f"{result.scenario}: {result.assumptions.scenario.title}"],
        list(_figures(result)),
        list(_functions(result)),
        list(_limits(result)),
        [*render_bill(result.bill), *_effective(result)],
        list(_rests_on(result)),
    ]
    return "\n\n".join("\n".join(lines) for lines in parts if lines) + "\n"


def _figures(result: Result) -> Iterator[str]:
    figures, intervals = result.figures, result.intervals
    rates = result.throughput
    yield (
        f"{result.payments:,} payments measured; {rates['offered_per_hour']:,.2f} an hour offered, "
        f"{rates['completed_per_hour']:,.2f} completed {interval(intervals.get('throughput.completed_per_hour'), 2)}"
    )
    yield row_text("Latency", "mean", "p50", "p95", "p99", "max", widths=LATENCY_WIDTHS)
    for title, name in (("  payment request", "latency_ms"), ("  the customer's form", "form_latency_ms")):
        yield row_text(title, *(ms(value) for value in figures[name].values()), widths=LATENCY_WIDTHS)
    yield f"  95 % intervals: p50 {_within(result, 'p50')}, p95 {_within(result, 'p95')}, p99 {_within(result, 'p99')}"
    settled, paid = figures["settlement_days"], figures["payout_days"]
    yield (
        f"Settlement: pay-in final after {settled['p50']} banking days (p95 {settled['p95']}), "
        f"provider paid after {paid['p50']} (p95 {paid['p95']})"
    )
    time, requests = (percent(result.availability[name], 3) for name in ("time", "requests"))
    yield f"Availability: {time} of the time, {requests} of requests (under assumed outages of each service)"


def _within(result: Result, level: str) -> str:
    return interval(result.intervals.get(f"latency_ms.{level}"), 0) or "– (one replication)"


def _functions(result: Result) -> Iterator[str]:
    used = {name: counted for name, counted in result.functions.items() if counted["invocations"]}
    if not result.functions:
        return
    yield row_text(
        "Functions", "invocations", "cold", "throttles", "retries", "billed ms", "peak", widths=FUNCTION_WIDTHS
    )
    for name, counted in used.items():
        cold = Decimal(str(100 * counted["cold_starts"] / counted["invocations"]))
        rest = [number(counted[key], 0) for key in ("billed_ms", "peak_concurrency")]
        tries = [number(counted[key]) for key in ("throttles", "retries")]
        cells = [number(counted["invocations"], 1), percent(cold), *tries, *rest]
        yield row_text(f"  {name}", *cells, widths=FUNCTION_WIDTHS)
    idle = len(result.functions) - len(used)
    if idle:
        yield f"  {idle} more functions that nothing in this month calls"


def _limits(result: Result) -> Iterator[str]:
    offered = result.throughput["offered_per_hour"]
    for position, limit in enumerate(result.limits[:3]):
        head = "Nearest limits" if position == 0 else ""
        yield (
            f"{head:<16}{limit.name} (per {limit.scope}): {limit.used:,.4g} of {limit.most:,.0f} {limit.unit}, "
            f"reached at {limit.payments_per_hour(offered):,.0f} payments/h"
        )


def render_bill(bill: Bill) -> Iterator[str]:
    """quantity × unit price = cost for every line and tier, then the total and what it rests on."""
    yield row_text("Bill, USD a month", "quantity", "", "unit price", "", "cost", widths=BILL_WIDTHS)
    for line in bill.lines:
        yield _line(line)
    yield row_text("  total", "", "", "", "", dollars(bill.total_usd, 2, sign=False), widths=BILL_WIDTHS)
    unsure = percent(100 * bill.share_not_published_or_measured(), 0)
    yield f"  {unsure} of it rests on prices or quantities that nobody published or measured; prices of {bill.on}"
    yield from (f"  {warning}" for warning in bill.warnings)


def _effective(result: Result) -> Iterator[str]:
    """What each fee per payment comes to, as a share of the money it is taken on."""
    costs = {(line.service, line.meter): line.cost_usd for line in result.bill.lines}
    for row in result.usage:
        if row.amounts is not None and costs.get((row.service, row.meter)):
            cents, times = row.amounts
            volume = int((cents * times).sum()) * row.scale / CENTS
            share = percent(100 * costs[row.service, row.meter] / volume, 3)
            yield f"  {row.service}.{row.meter} is {share} of {dollars(volume, 2)}"


def _line(line: BillLine) -> str:
    tier = f" ({line.tier})" if line.tier else ""
    cells = (number(line.quantity, 4), "×", _price(line), "=", dollars(line.cost_usd, 4, sign=False))
    return row_text(f"  {line.service}.{line.meter}{tier}", *cells, widths=BILL_WIDTHS)


def _price(line: BillLine) -> str:
    text = f"{line.unit_price_usd:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _rests_on(result: Result) -> Iterator[str]:
    scenario = result.assumptions.scenario
    yield (
        f"seed {scenario.seed}, {result.replications} replication(s), by {scenario.horizon}, "
        f"{result.figures['events_per_payment']:,.0f} events a payment, prices of {scenario.on}"
    )
    if result.assumptions.overridden:
        yield f"overridden: {', '.join(result.assumptions.overridden)}"
    report = result.rejected
    if report is not None:
        yield f"from {report['file']}: {report['used']:,} rows used, {report['rejected']:,} rejected"
        for reason, found in report["reasons"].items():
            yield f"  {found['count']:,} {reason} (line {', '.join(map(str, found['lines']))} …)"
