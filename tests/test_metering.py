"""From counts to usage: each quantity worked out by hand for worlds of one function and one table."""

from __future__ import annotations

from decimal import Decimal

import pytest

from costmodel.billing.metering import meter
from costmodel.simulation.replications import Period
from tests.test_engine import world
from tests.worlds import World, flat_scenario, lambda_service, read

MONTH_S = 720 * 3600
MONTH = Period(Decimal(MONTH_S), Decimal(MONTH_S))
DYNAMODB = """
name = "a test table service"
provider = "test"
[operation.Put]
uses = { write_units = 1 }
stores = true
[operation.Scan]
uses = { read_units = 0.5 }
scans = true
[[latency]]
operation = "Put"
constant_ms = 5
SOURCED_LINES
[[latency]]
operation = "Scan"
constant_ms = 5
SOURCED_LINES
[meter.write_units]
kind = "per_size"
chunk_kb = 1
unit = "unit"
price = [{ from = 2020-01-01, tiers = [{ above = 0, usd = 1 }], SOURCED }]
[meter.read_units]
kind = "per_size"
chunk_kb = 4
unit = "unit"
price = [{ from = 2020-01-01, tiers = [{ above = 0, usd = 1 }], SOURCED }]
[meter.storage]
kind = "standing"
unit = "GB-month"
price = [{ from = 2020-01-01, tiers = [{ above = 0, usd = 1 }], SOURCED }]
"""
TABLE = """
[tables.rows]
row_bytes = 1065
indexes = 4
opening_rows = 0
scan_page_bytes = 1048576
SOURCED_LINES
[flows.pay]
starts = "payment"
methods = ["card"]
SOURCED_LINES
steps = [ { name = "scan", call = "db.Scan", table = "rows", as = "coded" },
  { name = "put", call = "db.Put", table = "rows", as = "coded" }, { name = "ok", end = "completed", as = "coded" } ]
"""


def usage(result: World, period: Period = MONTH) -> dict[str, Decimal]:
    rows = meter([result.counts], result.plan, result.assumptions, period)
    return {f"{row.service}.{row.meter}": (row.quantity or 0) * row.scale for row in rows}


def tabled(arrivals_ns: list[int]) -> World:
    from costmodel.assumptions.checking import check
    from costmodel.assumptions.service import Service

    services = {"db": check(Service, read(DYNAMODB)), "lambda": lambda_service()}
    return World(TABLE, flat_scenario(1), services=services, arrivals_ns=arrivals_ns)


def test_a_put_writes_its_row_and_every_index() -> None:
    """1,065 bytes are 2 units of 1 KB; with 4 index copies 10 (the judged system's Transaction table)."""
    assert usage(tabled([0]))["db.write_units"] == 10


def test_a_scan_reads_what_is_there_and_at_most_a_page() -> None:
    """An empty table costs one chunk of 4 KB at half a unit; then 1,065 bytes a row; a page of 1 MB is 128 units."""
    assert usage(tabled([0]))["db.read_units"] == Decimal("0.5")
    rows = 1000
    result = usage(tabled([k * 10**9 for k in range(rows)]))["db.read_units"]
    expected = sum(max(1, -(-min(k * 1065, 2**20) // 4096)) for k in range(rows)) * Decimal("0.5")
    assert result == expected
    assert -(-(2**20) // 4096) * Decimal("0.5") == 128


def test_what_is_stored_costs_for_the_rest_of_the_month() -> None:
    """A row of five copies put at mid-month: 5 x 1,065 bytes for half a month, to the second."""
    stored = usage(tabled([MONTH_S // 2 * 10**9]))["db.storage"]
    half = Decimal(5 * 1065) / 2**30 / 2
    assert stored == pytest.approx(half, rel=Decimal("1e-5"))


def test_gb_seconds_are_billed_time_by_memory_and_architecture() -> None:
    """The front (1,024 MB, arm64): 500 ms of INIT and 10 ms; warm again: 10 ms."""
    result = usage(world([0, 5_000]))
    assert result["lambda.requests"] == 2
    assert result["lambda.duration_arm"] == Decimal("0.520")
    assert "lambda.duration_x86" not in result


def test_provisioned_concurrency_is_billed_for_the_whole_month() -> None:
    """One GB kept for 720 h is 2,592,000 GB-s, and what runs on it is billed apart."""
    result = usage(world([0], function="provisioned_concurrency = 1"))
    assert result["lambda.provisioned_concurrency_arm"] == MONTH_S
    assert result["lambda.provisioned_duration_arm"] == Decimal("0.010")
    assert "lambda.duration_arm" not in result


def test_a_shortened_run_stands_for_the_month() -> None:
    tenth = Period(Decimal(MONTH_S) / 10, Decimal(MONTH_S))
    assert usage(world([0, 5_000]), tenth)["lambda.requests"] == 20


def test_replications_are_averaged() -> None:
    one, three = world([0]), world([0, 5_000, 10_000])
    rows = meter([one.counts, three.counts], one.plan, one.assumptions, MONTH)
    assert {row.meter: (row.quantity or 0) * row.scale for row in rows}["requests"] == 2
