"""A forecast in the layout of FOCUS 1.2: one row per bill line, with columns of its own for scenario and basis."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from costmodel.assumptions.focus import FocusService, FocusTerms, load_focus_terms
from costmodel.billing.bill import Bill, BillLine
from costmodel.billing.rating import rate
from costmodel.billing.tiers import ALL
from costmodel.errors import InputError
from costmodel.reporting.tables import as_csv, no_formula
from costmodel.result import Result
from costmodel.run import rating_terms

MANDATORY = (
    "BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency", "BillingPeriodEnd",
    "BillingPeriodStart", "ChargeCategory", "ChargeClass", "ChargeDescription", "ChargePeriodEnd",
    "ChargePeriodStart", "ContractedCost", "EffectiveCost", "InvoiceIssuerName", "ListCost", "PricingQuantity",
    "PricingUnit", "ProviderName", "PublisherName", "ServiceCategory", "ServiceName",
)  # fmt: skip
FURTHER = (
    "ChargeFrequency", "ConsumedQuantity", "ConsumedUnit", "ContractedUnitPrice", "InvoiceId", "ListUnitPrice",
    "PricingCategory", "RegionId", "RegionName", "ServiceSubcategory", "SkuId", "SkuMeter", "SkuPriceId",
)  # fmt: skip
OWN = (
    "x_Scenario", "x_Basis", "x_PriceBasis", "x_QuantityBasis", "x_Service", "x_Meter", "x_Tier", "x_PriceFrom",
    "x_Source", "x_DataSha256", "x_Seed",
)  # fmt: skip
COLUMNS = (*MANDATORY, *FURTHER, *OWN)
DECIMALS = (
    "BilledCost", "ContractedCost", "EffectiveCost", "ListCost", "PricingQuantity", "ConsumedQuantity",
    "ContractedUnitPrice", "ListUnitPrice",
)  # fmt: skip
TIMES = ("BillingPeriodEnd", "BillingPeriodStart", "ChargePeriodEnd", "ChargePeriodStart")
CURRENCY = "USD"
PARQUET_NAMES = (".parquet", ".pq")
Row = dict[str, Any]


def focus_file(result: Result, path: str, data: Path | None = None) -> tuple[str | bytes, int]:
    """A forecast as FOCUS rows, as a file of that name holds it (CSV, or Parquet), and the number of rows."""
    rows = focus_rows(result, load_focus_terms(data))
    if path.lower().endswith(PARQUET_NAMES):
        return _parquet(rows), len(rows)
    return as_csv((_as_text(row) for row in rows), COLUMNS), len(rows)


def focus_rows(result: Result, terms: FocusTerms) -> list[Row]:
    """One row per line of the bill, of the month that the scenario's date lies in.

    Costs are Decimals in USD, periods instants in UTC. BilledCost is what the plan in force makes of the usage,
    ListCost what the list price would.
    """
    lists = _list_lines(result)
    return [_row(line, lists, result, terms) for line in result.bill.lines]


def _row(line: BillLine, lists: dict[tuple[str, ...], BillLine], result: Result, terms: FocusTerms) -> Row:
    service = result.assumptions.services[line.service]
    known = terms.services.get(line.service) or FocusService(name=service.name)
    listed = lists.get(_key(line), line)
    begin, end = _month(result.assumptions.scenario.on)
    recurring = f"{line.service}.{line.meter}" in terms.recurring
    regional = line.region in terms.regions
    return {
        "BilledCost": line.cost_usd,
        "EffectiveCost": line.cost_usd,
        "ContractedCost": line.cost_usd,
        "ContractedUnitPrice": line.unit_price_usd,
        "ListCost": listed.cost_usd,
        "ListUnitPrice": listed.unit_price_usd,
        "PricingQuantity": line.quantity,
        "PricingUnit": terms.units.get(line.unit, line.unit),
        "ConsumedQuantity": line.quantity,
        "ConsumedUnit": terms.units.get(line.unit, line.unit),
        "BillingAccountId": terms.billing_account_id,
        "BillingAccountName": terms.billing_account_name,
        "BillingCurrency": CURRENCY,
        "BillingPeriodStart": begin,
        "BillingPeriodEnd": end,
        "ChargePeriodStart": begin,
        "ChargePeriodEnd": end,
        "ChargeCategory": "Usage",
        "ChargeClass": None,
        "ChargeFrequency": "Recurring" if recurring else "Usage-Based",
        "ChargeDescription": _description(line),
        "InvoiceId": None,
        "InvoiceIssuerName": service.provider,
        "ProviderName": service.provider,
        "PublisherName": service.provider,
        "PricingCategory": "Standard",
        "RegionId": line.region if regional else None,
        "RegionName": terms.regions[line.region] if regional else None,
        "ServiceName": known.name,
        "ServiceCategory": known.category,
        "ServiceSubcategory": known.subcategory,
    } | _identity(line, result)


def _identity(line: BillLine, result: Result) -> Row:
    sku = f"{line.service}.{line.meter}.{line.region}"
    return {
        "SkuId": sku,
        "SkuMeter": line.meter,
        "SkuPriceId": f"{sku}.{line.price_from}.{line.tier}",
        "x_Scenario": result.scenario,
        "x_Basis": line.basis,
        "x_PriceBasis": line.price_basis,
        "x_QuantityBasis": line.quantity_basis,
        "x_Service": line.service,
        "x_Meter": line.meter,
        "x_Tier": line.tier,
        "x_PriceFrom": line.price_from.isoformat(),
        "x_Source": line.source,
        "x_DataSha256": result.assumptions.data_sha256,
        "x_Seed": str(result.assumptions.scenario.seed),
    }


def _description(line: BillLine) -> str:
    tier = "" if line.tier == ALL else f" ({line.tier})"
    note = f", {line.note}" if line.note else ""
    return f"Forecast: {line.service}.{line.meter}{tier}, ${line.unit_price_usd:f} per {line.unit}{note}"


def _list_lines(result: Result) -> dict[tuple[str, ...], BillLine]:
    """The lines of services under a plan as the list price would have them; those without a list price are left out."""
    plans = result.assumptions.pipeline.plans
    rows = [row for row in result.usage if row.service in plans]
    return {_key(line): line for row in rows for line in _at_list(row, result)}


def _at_list(row: Any, result: Result) -> Iterator[BillLine]:
    try:
        bill: Bill = rate([row], result.assumptions.services, **rating_terms(result.assumptions) | {"plans": {}})
    except InputError:
        return  # sold under plans only
    yield from bill.lines


def _key(line: BillLine) -> tuple[str, ...]:
    return line.service, line.meter, line.region, line.tier


def _month(day: dt.date) -> tuple[dt.datetime, dt.datetime]:
    """The first instant of the month and of the next, UTC."""
    begin = dt.datetime(day.year, day.month, 1, tzinfo=dt.UTC)
    return begin, (begin + dt.timedelta(days=32)).replace(day=1)


# --- files ----------------------------------------------------------------------------------------------


def _as_text(row: Row) -> dict[str, str | None]:
    return {name: _text(name, value) for name, value in row.items()}


def _text(name: str, value: Any) -> str | None:
    """A cell: decimals with a point, or readers take them for whole numbers; no text that a sheet would compute."""
    if value is None:
        return None
    if name in DECIMALS:
        text = f"{value:f}"
        return text if "." in text else f"{text}.0"
    if name in TIMES:
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    return no_formula(str(value))


def _parquet(rows: list[Row]) -> bytes:
    import io

    import pyarrow
    import pyarrow.parquet as parquet

    decimal, time = pyarrow.decimal128(38, 18), pyarrow.timestamp("us", "UTC")
    kinds = {name: decimal if name in DECIMALS else time if name in TIMES else pyarrow.string() for name in COLUMNS}
    exact = [row | {name: _to_18(row[name]) for name in DECIMALS} for row in rows]
    table = pyarrow.table({name: pyarrow.array([row[name] for row in exact], kind) for name, kind in kinds.items()})
    stream = io.BytesIO()
    parquet.write_table(table, stream)
    return stream.getvalue()


def _to_18(value: Decimal | None) -> Decimal | None:
    return None if value is None else round(value, 18)
