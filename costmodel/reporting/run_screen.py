"""One scenario's month, and a bill, as sections of lines and tables."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from costmodel.assumptions.decimals import in_full
from costmodel.billing.bill import Bill, BillLine
from costmodel.billing.tiers import ALL
from costmodel.reporting.replayed import account
from costmodel.reporting.tables import Section, Table
from costmodel.reporting.words import NOTHING, dollars, interval, number, percent
from costmodel.result import Result

WIDTH = 100
CENTS = 100
LIMITS_SHOWN = 3
DIGITS = 4  # decimals of a quantity, and significant digits of a smaller one
LATENCIES = ("mean", "p50", "p95", "p99", "max")
STATION_HEAD = ("Stations", "used", "waiting, mean", "waiting, peak")
FUNCTION_HEAD = ("Functions", "invocations", "cold", "throttles", "retries", "billed ms", "peak")


def run_sections(result: Result, *, width: int = WIDTH) -> list[Section]:
    """Throughput, latency, settlement, availability, functions, limits, bill; and what it all rests on."""
    return [
        [f"{result.scenario}: {result.assumptions.scenario.title}"],
        [*_throughput(result), *_overload(result), _latency(result), *_settlement(result)],
        [*_functions(result)],
        [*_stations(result)],
        [*_limits(result)],
        [*bill_section(result.bill, width=width), *_effective(result)],
        [*_rests_on(result)],
    ]


# --- the month ------------------------------------------------------------------------------------------


def _throughput(result: Result) -> Iterator[str]:
    rates, within = result.throughput, result.intervals.get("throughput.completed_per_hour")
    yield (
        f"{result.payments:,} payments measured; {rates['offered_per_hour']:,.2f} an hour offered, "
        f"{rates['completed_per_hour']:,.2f} completed {interval(within, 2)}"
    ).rstrip()


def _overload(result: Result) -> Iterator[str]:
    if result.overload:
        yield (
            f"Overload: {'; '.join(result.overload)}. More is offered than this carries: "
            f"costmodel run {result.scenario} --capacity"
        )


def _latency(result: Result) -> Table:
    names = (("payment request", "latency_ms"), ("the customer's form", "form_latency_ms"))
    rows = tuple(
        (title, *(_with_half_width(result, f"{name}.{level}") for level in LATENCIES)) for title, name in names
    )
    return Table(("Latency, ms (± 95 %)", *LATENCIES), rows)


def _with_half_width(result: Result, path: str) -> str:
    """A figure with half of its interval; alone where a single run gives none."""
    name, _, level = path.partition(".")
    value, within = result.figures[name][level], result.intervals.get(path)
    if value is None or within is None:
        return number(value, 0)
    return f"{number(value, 0)} ± {number((within[1] - within[0]) / 2, 0)}"


def _settlement(result: Result) -> Iterator[str]:
    settled, paid = (_days(result.figures[name]) for name in ("settlement_days", "payout_days"))
    yield f"Settlement: pay-in final after {settled}, provider paid after {paid}, in banking days"
    time, requests = (percent(result.availability[name], 3) for name in ("time", "requests"))
    yield f"Availability: {time} of the time, {requests} of requests (under assumed outages of each service)"
    if result.figures["moved_twice_usd"]:
        twice = dollars(result.figures["moved_twice_usd"], 2)
        yield f"Paid twice for messages delivered twice, where a flow does not look for that: {twice}"


def _days(days: dict[str, int | None]) -> str:
    p50, p95 = (NOTHING if days[level] is None else str(days[level]) for level in ("p50", "p95"))
    return f"{p50} (p95 {p95})"


def _functions(result: Result) -> Iterator[str | Table]:
    used = {name: counted for name, counted in result.functions.items() if counted["invocations"]}
    idle = len(result.functions) - len(used)
    if used:
        yield Table(FUNCTION_HEAD, tuple(_function(name, counted) for name, counted in used.items()))
    if idle:
        more, plural = ("more " if used else ""), ("s" if idle > 1 else "")
        yield f"  {idle} {more}function{plural} that no payment of this month touches"


def _stations(result: Result) -> Iterator[Table]:
    rows = tuple(
        (name, percent(seen["utilisation"]), number(seen["mean_waiting"], 2), number(seen["peak_waiting"], 0))
        for name, seen in result.stations.items()
    )
    if rows:
        yield Table(STATION_HEAD, rows)


def _function(name: str, counted: dict[str, float]) -> tuple[str, ...]:
    cold = percent(100 * counted["cold_starts"] / counted["invocations"])
    counts = (number(counted[key]) for key in ("throttles", "retries"))
    return (
        name, number(counted["invocations"]), cold, *counts, number(counted["billed_ms"], 0),
        number(counted["peak_concurrency"], 0),
    )  # fmt: skip


def _limits(result: Result) -> Iterator[str | Table]:
    offered = result.throughput["offered_per_hour"]
    rows = tuple(
        (
            limit.name, limit.scope, f"{limit.used:,.4g}", f"{limit.most:,.0f}", limit.unit,
            f"{limit.payments_per_hour(offered):,.0f}",
        )
        for limit in result.limits[:LIMITS_SHOWN]
    )  # fmt: skip
    if rows:
        yield Table(("Nearest limits", "of each", "used", "of", "", "payments/h"), rows, left=frozenset({1, 4}))


def _rests_on(result: Result) -> Iterator[str]:
    scenario, times = result.assumptions.scenario, result.replications
    yield (
        f"seed {scenario.seed}, {times} replication{'s' if times > 1 else ' (no intervals)'}, by {scenario.horizon}, "
        f"{result.figures['events_per_payment']:,.0f} events a payment, prices of {scenario.on}"
    )
    if result.until:
        for path, found in result.until.to_dict(result.intervals).items():
            reached = NOTHING if found["reached"] is None else number(found["reached"], 2)
            yield f"half the interval of {path}: {reached} ({number(found['half_width'], 2)} asked for)"
    if result.assumptions.overridden:
        yield overridden_line(result.assumptions.overridden)
    report = result.rejected
    if report is not None:
        yield from account(report)


def overridden_line(keys: tuple[str, ...] | list[str]) -> str:
    """Every assumption that is not the shipped one."""
    return f"overridden: {', '.join(keys)}"


# --- the bill -------------------------------------------------------------------------------------------


def bill_section(bill: Bill, *, width: int = WIDTH) -> Section:
    """quantity × unit price = cost for every line and tier, then the total and what it rests on."""
    table = _bill_table(bill, units=True)
    if table.width > width:
        table = _bill_table(bill, units=False)
    unsure = percent(100 * bill.share_not_published_or_measured(), 0)
    rests = f"  {unsure} of it rests on prices or quantities that nobody published or measured"
    prices = f"  prices of {bill.on}, {bill.region}"
    return [table, rests, prices, *(f"  {warning}" for warning in bill.warnings)]


def _effective(result: Result) -> Iterator[str]:
    """What each fee per payment comes to, as a share of the money it is taken on."""
    costs = {(line.service, line.meter): line.cost_usd for line in result.bill.lines}
    for row in result.usage:
        if row.amounts is not None and costs.get((row.service, row.meter)):
            cents, times = row.amounts
            volume = int((cents * times).sum()) * row.scale / CENTS
            share = percent(100 * costs[row.service, row.meter] / volume, 3)
            yield f"  {row.service}.{row.meter} is {share} of {dollars(volume, 2)}"


def _bill_table(bill: Bill, *, units: bool) -> Table:
    unit = ("unit",) if units else ()
    rows = [_bill_row(line, bill.region, units) for line in bill.lines]
    total = ("total", "", *("" for _ in unit), "", "", "", dollars(bill.total_usd, 2, sign=False))
    head = ("Bill, USD a month", "quantity", *unit, "", "unit price", "", "cost")
    return Table(head, (*rows, total), left=frozenset({2}) if units else frozenset())


def _bill_row(line: BillLine, home: str, units: bool) -> tuple[str, ...]:
    said = [line.region] * (line.region != home) + [line.tier] * (line.tier != ALL)
    name = f"{line.service}.{line.meter}" + (f" ({', '.join(said)})" if said else "")
    price, cost = in_full(line.unit_price_usd), dollars(line.cost_usd, DIGITS, sign=False)
    return (name, _quantity(line.quantity), *([line.unit] if units else []), "×", price, "=", cost)


def _quantity(value: Decimal) -> str:
    """At most four decimals, or more where that would leave nothing of it."""
    places = DIGITS if not value else max(DIGITS, DIGITS - 1 - value.adjusted())
    return number(value, places)
