"""From the inputs of an answer key's case to the usage rows a user would write: one rule per service of the key."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from costmodel.assumptions.service import Meter, Price, Service
from costmodel.billing.bill import Bill
from costmodel.billing.rating import rate
from costmodel.billing.usage import read_usage
from costmodel.billing.usage_files import COLUMNS

Inputs = Mapping[str, Any]
NO_DATE_NEEDED = dt.date(2026, 9, 15)  # the key: any date from 2024-07-01 to 2026-09-30 where `as_of` is absent
MONTH_HOURS = 730  # the key's month
MB_PER_GB, S_PER_HOUR, MS_PER_S = 1024, 3600, 1000


@dataclass(frozen=True)
class Use:
    """One usage row of a case, and the part of the expected figures it belongs to (`requests` for requests_usd)."""

    part: str
    service: str
    meter: str
    fields: dict[str, Any]
    free: Any = None  # free units that the case states for this meter
    usd: Any = None  # a price that the case states for this meter, per single unit


def use(part: str, service: str, meter: str, *, free: Any = None, usd: Any = None, **fields: Any) -> Use:
    return Use(part, service, meter, fields, free, usd)


# --- one rule per service of the key ---------------------------------------------------------------------


def lambda_requests(i: Inputs) -> Iterator[Use]:
    yield use("requests", "lambda", "requests", quantity=i["requests_per_month"], free=i.get("free_requests_per_month"))


def lambda_(i: Inputs) -> Iterator[Use]:
    yield from lambda_requests(i)
    arch = suffix(i)
    free = i.get("free_gb_seconds_per_month")
    if "gb_seconds_per_month" in i:
        yield use("compute", "lambda", f"duration_{arch}", quantity=i["gb_seconds_per_month"], free=free)
    else:
        calls = {"calls": i["requests_per_month"], "duration_ms": i["duration_ms"], "memory_mb": i["memory_mb"]}
        yield use("compute", "lambda", f"duration_{arch}", **calls, free=free)
    above_mb = max(i.get("ephemeral_storage_mb", 0) - 512, 0)  # 512 MB are part of the function
    if above_mb:
        seconds = Decimal(i["requests_per_month"]) * i["duration_ms"] / MS_PER_S
        yield use("storage", "lambda", "ephemeral_storage", quantity=seconds * above_mb / MB_PER_GB)


def lambda_provisioned(i: Inputs) -> Iterator[Use]:
    arch = suffix(i)
    if "provisioned_run_gb_seconds" in i:
        yield use("run", "lambda", f"provisioned_duration_{arch}", quantity=i["provisioned_run_gb_seconds"])
    if "provisioned_concurrency" in i:
        gb = Decimal(i["memory_mb"]) * i["provisioned_concurrency"] / MB_PER_GB
        gb_seconds = gb * i["provisioned_hours_per_month"] * S_PER_HOUR
        yield use("provisioned", "lambda", f"provisioned_concurrency_{arch}", quantity=gb_seconds)
    if "requests_on_provisioned_per_month" in i:
        requests = i["requests_on_provisioned_per_month"]
        run = {"calls": requests, "duration_ms": i["duration_on_provisioned_ms"], "memory_mb": i["memory_mb"]}
        yield use("compute_provisioned", "lambda", f"provisioned_duration_{arch}", **run)
        yield use("requests", "lambda", "requests", quantity=requests, free=i.get("free_requests_per_month"))


def lambda_snapstart(i: Inputs) -> Iterator[Use]:
    yield from lambda_(i)
    cache = Decimal(i["snapshot_cache_gb"]) * i["snapshot_cache_seconds"]
    yield use("cache", "lambda", "snapstart_cache", quantity=cache)
    restored = Decimal(i["restores_per_month"]) * i["restored_gb_per_restore"]
    yield use("restore", "lambda", "snapstart_restore", quantity=restored)


def lambda_managed_instances(i: Inputs) -> Iterator[Use]:
    per_request = i["request_price_usd_per_million"] / Decimal(10**6)
    yield use("requests", "managed", "requests", quantity=i["requests_per_month"], usd=per_request)
    hours = i["instance_hours"]
    yield use("instances", "managed", "instances", quantity=hours, usd=i["instance_discounted_usd_per_hour"])
    fee = i["instance_on_demand_usd_per_hour"] * i["management_fee_share_of_on_demand"]
    yield use("fee", "managed", "management", quantity=hours, usd=fee)


def lambda_event_source_mapping(i: Inputs) -> Iterator[Use]:
    yield from lambda_(i)
    hours, usd = i["event_poller_unit_hours"], i["event_poller_unit_price_usd_per_hour"]
    yield use("pollers", "pollers", "hours", quantity=hours, usd=usd)


def lambda_edge(i: Inputs) -> Iterator[Use]:
    per_request = i["request_price_usd_per_million"] / Decimal(10**6)
    yield use("requests", "edge", "requests", quantity=i["requests_per_month"], usd=per_request)
    per_gb_second = i["duration_price_usd_per_second_at_128mb"] * MB_PER_GB / 128
    calls = {"calls": i["requests_per_month"], "duration_ms": i["duration_ms"], "memory_mb": i["memory_mb"]}
    yield use("duration", "edge", "duration", **calls, usd=per_gb_second)


def dynamodb(i: Inputs) -> Iterator[Use]:
    kb = i.get("item_kb", 1)
    sized = {
        "writes_per_month": ("writes", "write_request_units", 1),
        "transactional_writes_per_month": ("writes", "write_request_units", 2),
        "eventually_consistent_reads_per_month": ("reads", "read_request_units", Decimal("0.5")),
        "strongly_consistent_reads_per_month": ("reads", "read_request_units", 1),
        "transactional_reads_per_month": ("reads", "read_request_units", 2),
        "replicated_writes_per_month": ("replicated", "replicated_write_request_units", 1),
    }
    for name, (part, meter, units) in sized.items():
        if name in i:
            yield use(part, "dynamodb", meter, calls=i[name] * units, size_kb=kb)
    yield from counted(i, "dynamodb", {
        "write_request_units": ("writes", "write_request_units"),
        "read_request_units": ("reads", "read_request_units"),
        "replicated_write_request_units": ("replicated", "replicated_write_request_units"),
        "storage_gb": ("storage", "storage"),
        "stream_read_requests": ("streams", "stream_reads"),
    }, free={"storage": i.get("free_storage_gb")})  # fmt: skip


def dynamodb_provisioned(i: Inputs) -> Iterator[Use]:
    hours = i.get("hours_per_month", MONTH_HOURS)
    for part, word in (("writes", "write"), ("reads", "read")):
        meter = f"provisioned_{word}_hours"
        if f"{word}_capacity_units" in i:
            yield use(part, "dynamodb", meter, quantity=i[f"{word}_capacity_units"] * hours)
        if f"{word}_capacity_unit_hours_beyond_free" in i:
            yield use(part, "dynamodb", meter, quantity=i[f"{word}_capacity_unit_hours_beyond_free"])


def dynamodb_copies(i: Inputs) -> Iterator[Use]:
    yield from counted(i, "dynamodb", {
        "on_demand_backup_gb": ("backup", "on_demand_backup"),
        "pitr_gb": ("pitr", "point_in_time_recovery"),
        "restored_gb": ("restore", "restore"),
        "full_export_gb": ("export", "export"),
        "incremental_export_gb": ("export", "export"),
        "import_gb": ("import", "import"),
    })  # fmt: skip


def kms(i: Inputs) -> Iterator[Use]:
    versions = 1 + min(i.get("rotations_completed_per_key", 0), 2)  # the key's rule rotation_cap: two are billed
    held = {"hours": i["key_hours"]} if "key_hours" in i else {}
    yield use("keys", "kms", "keys", quantity=i["customer_keys"] * versions, **held)
    yield from counted(i, "kms", {
        "requests_per_month": ("requests", "requests_symmetric"),
        "symmetric_requests_per_month": ("requests", "requests_symmetric"),
        "asymmetric_requests_per_month": ("requests", "requests_asymmetric"),
    }, free={"requests_symmetric": i.get("free_requests_per_month")})  # fmt: skip


def waf(i: Inputs) -> Iterator[Use]:
    held = {"hours": i["acl_hours"]} if "acl_hours" in i else {}
    yield use("acl", "waf", "web_acls", quantity=i["web_acls"], **held)
    yield from counted(i, "waf", {"rules": ("rules", "rules"), "requests_per_month": ("requests", "requests")})


def cloudwatch(i: Inputs) -> Iterator[Use]:
    logs = "logs_vended_ingested" if i.get("log_class") == "vended" else "logs_ingested"
    if "storage_share_of_ingest" in i:
        yield use("storage", "cloudwatch", "logs_stored", quantity=i["ingest_gb"] * i["storage_share_of_ingest"])
    if "high_resolution_anomaly_alarms" in i:
        alarms = i["high_resolution_anomaly_alarms"] * i["metrics_per_anomaly_alarm"]
        yield use("anomaly", "cloudwatch", "alarms_high_resolution", quantity=alarms)
    yield from counted(i, "cloudwatch", {
        "custom_metric_months": ("metrics", "metrics"),
        "ingest_gb": ("ingest", logs),
        "storage_gb_month": ("storage", "logs_stored"),
        "insights_scanned_gb": ("insights", "logs_scanned"),
        "standard_alarm_metrics": ("standard", "alarms"),
        "standard_alarm_metric_months": ("standard", "alarms"),
        "high_resolution_alarm_metrics": ("high_resolution", "alarms_high_resolution"),
        "dashboards": ("dashboards", "dashboards"),
    }, free={
        logs: i.get("free_ingest_gb"), "logs_stored": i.get("free_storage_gb_month"),
        "alarms": i.get("free_alarm_metric_months"), "metrics": i.get("free_metric_months"),
        "dashboards": i.get("free_dashboards"),
    })  # fmt: skip


def s3(i: Inputs) -> Iterator[Use]:
    yield from counted(i, "s3", {"storage_gb_month": ("storage", "storage"), "put_requests": ("put", "put_requests"),
                                 "get_requests": ("get", "get_requests")})  # fmt: skip


def messages(i: Inputs, service: str, part: str, meter: str, calls: str) -> Iterator[Use]:
    """Requests counted in chunks of their size, and what is sent to other regions beside them."""
    free = i.get("free_requests_per_month")
    yield use(part, service, meter, calls=i[calls], size_kb=i.get("message_kb", i.get("event_kb", 1)), free=free)
    yield from counted(i, "data_transfer", {"transfer_to_other_regions_gb": ("transfer", "inter_region")})


def sns(i: Inputs) -> Iterator[Use]:
    if i.get("topic_type") == "fifo":
        yield use("publish", "sns", "publishes_fifo", quantity=i["publishes_per_month"])
        yield use("payload", "sns", "publishes_fifo_payload", quantity=i["payload_gb"])
    else:
        yield from messages(i, "sns", "publish", "publishes", "publishes_per_month")


def step_functions(i: Inputs) -> Iterator[Use]:
    if i["workflow_type"] == "express":
        calls = {"calls": i["requests_per_month"], "duration_ms": i["duration_ms"], "memory_mb": i["memory_mb"]}
        yield use("requests", "step_functions", "express_requests", quantity=i["requests_per_month"])
        yield use("duration", "step_functions", "express_duration", **calls)
    elif "transitions_per_month" in i:
        yield use("transitions", "step_functions", "transitions", quantity=i["transitions_per_month"])
    else:
        transitions = i["workflows_per_month"] * i["transitions_per_workflow"]
        yield use("transitions", "step_functions", "transitions", quantity=transitions)


def secrets_manager(i: Inputs) -> Iterator[Use]:
    held = {"hours": i["secret_hours"]} if "secret_hours" in i else {}
    yield use("secrets", "secrets_manager", "secrets", quantity=i["secrets"], **held)
    yield from counted(i, "secrets_manager", {"api_calls_per_month": ("calls", "api_calls")})


def data_transfer(i: Inputs) -> Iterator[Use]:
    yield from counted(i, "data_transfer", {
        "internet_out_gb": ("internet", "internet_out"),
        "inter_region_gb": ("inter_region", "inter_region"),
        "intra_region_gb": ("intra_region", "intra_region"),
    }, free={"internet_out": i.get("free_gb")})  # fmt: skip


def cloudhsm(i: Inputs) -> Iterator[Use]:
    yield use("hsm", "cloudhsm", "hsm_hours", quantity=i["hsms"] * i["hours"])


RULES: dict[str, Callable[[Inputs], Iterator[Use]]] = {
    "lambda": lambda_,
    "lambda_provisioned": lambda_provisioned,
    "lambda_snapstart": lambda_snapstart,
    "lambda_managed_instances": lambda_managed_instances,
    "lambda_event_source_mapping": lambda_event_source_mapping,
    "lambda_edge": lambda_edge,
    "dynamodb": dynamodb,
    "dynamodb_provisioned": dynamodb_provisioned,
    "dynamodb_backup": dynamodb_copies,
    "dynamodb_export": dynamodb_copies,
    "dynamodb_import": dynamodb_copies,
    "kms": kms,
    "waf": waf,
    "cloudwatch_metrics": cloudwatch,
    "cloudwatch_logs": cloudwatch,
    "cloudwatch_alarms": cloudwatch,
    "cloudwatch_dashboards": cloudwatch,
    "s3": s3,
    "sqs": lambda i: messages(i, "sqs", "requests", f"requests_{i['queue_type']}", "requests_per_month"),
    "sns": sns,
    "eventbridge": lambda i: messages(i, "eventbridge", "events", "custom_events", "custom_events"),
    "step_functions": step_functions,
    "secrets_manager": secrets_manager,
    "data_transfer": data_transfer,
    "cloudhsm": cloudhsm,
}


def counted(
    i: Inputs, service: str, meters: Mapping[str, tuple[str, str]], free: Mapping[str, Any] | None = None
) -> Iterator[Use]:
    """A quantity row for each input that is there."""
    for name, (part, meter) in meters.items():
        if name in i:
            yield use(part, service, meter, quantity=i[name], free=(free or {}).get(meter))


def suffix(i: Inputs) -> str:
    return "arm" if i["architecture"] == "arm64" else "x86"


def uses_of(case: Mapping[str, Any]) -> list[Use]:
    """The case's rows as they stand in it, or as the rule of its service makes them."""
    if "rows" not in case:
        return list(RULES[case["service"]](case["inputs"]))
    named = ("part", "service", "meter")
    return [
        use(*(row[name] for name in named), **{name: value for name, value in row.items() if name not in named})
        for row in case["rows"]
    ]


# --- through the usage file and the rating ----------------------------------------------------------------


def bill_of(case: Mapping[str, Any], catalog: Mapping[str, Service], folder: Path, part: str | None = None) -> Bill:
    """The case's bill, or that of one part alone: its rows written to a CSV file, read back and rated."""
    inputs = case["inputs"]
    uses = [each for each in uses_of(case) if part in (None, each.part)]
    on = dt.date.fromisoformat(inputs["as_of"]) if "as_of" in inputs else NO_DATE_NEEDED
    states_free = any(name.startswith("free_") and name != "free_tier" for name in inputs)
    return rate(
        read_usage(_written(uses, folder / f"{case['id']}.csv")), _services(uses, catalog, states_free), on=on,
        region=inputs["region"], month_hours=inputs.get("hours_in_month", MONTH_HOURS),
        free_tier=inputs.get("free_tier", states_free),
    )  # fmt: skip


def part_usd(case: Mapping[str, Any], catalog: Mapping[str, Service], folder: Path, part: str) -> Decimal:
    """The cost of a part: the lines of its meters; where another part uses them too, its rows billed alone."""
    uses = uses_of(case)
    meters = {(each.service, each.meter) for each in uses if each.part == part}
    others = {(each.service, each.meter) for each in uses if each.part != part}
    assert meters, f"no usage row belongs to {part}"
    bill = bill_of(case, catalog, folder, part if meters & others else None)
    return sum((line.cost_usd for line in bill.lines if (line.service, line.meter) in meters), Decimal(0))


def _written(uses: list[Use], path: Path) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        for each in uses:
            writer.writerow({"service": each.service, "meter": each.meter, **each.fields})
    return path


def _services(uses: list[Use], catalog: Mapping[str, Service], states_free: bool) -> dict[str, Service]:
    """The catalog, with what the case states itself: services made of its prices, and its free units."""
    services = dict(catalog)
    for each in uses:
        if each.usd is not None:
            made = services.get(each.service, Service(name=each.service, provider="case"))
            services[each.service] = made.model_copy(update={"meter": made.meter | {each.meter: _meter(each)}})
        elif states_free:
            service = services[each.service]
            meter = _with_free(service.meter[each.meter], each.free or 0)
            services[each.service] = service.model_copy(update={"meter": service.meter | {each.meter: meter}})
    return services


def _with_free(meter: Meter, units: Any) -> Meter:
    prices = [price.model_copy(update={"free_per_month": Decimal(units), "free_pool": None}) for price in meter.price]
    return meter.model_copy(update={"price": tuple(prices)})


def _meter(stated: Use) -> Meter:
    """A meter at the price that the case states."""
    price = Price.model_validate({
        "from": dt.date(2020, 1, 1), "tiers": [{"above": 0, "usd": stated.usd}],
        "source": "the case", "basis": "secondary", "read": dt.date(2026, 11, 23),
    })  # fmt: skip
    by_duration = {"kind": "per_duration", "increment_ms": 1} if "duration_ms" in stated.fields else {}
    return Meter.model_validate({"unit": "unit", "price": [price], **by_duration})
