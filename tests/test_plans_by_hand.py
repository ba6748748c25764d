"""A pipeline with every verb, laid out by hand: each instruction, service call, rule and limit of its Plan.

What is expected follows from the pipeline's text as `Step` and `Op` describe verbs and instructions.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from costmodel.assumptions.catalog import Assumptions
from costmodel.assumptions.checking import check
from costmodel.assumptions.linking import check_links
from costmodel.assumptions.pipeline import Pipeline
from costmodel.assumptions.service import Service
from costmodel.errors import InputError
from costmodel.simulation import platform
from costmodel.simulation.compiling import compile_plan
from costmodel.simulation.draws import name_key
from costmodel.simulation.plan import (
    FatePlan,
    FlowPlan,
    FunctionPlan,
    LambdaPlan,
    Op,
    Outcome,
    Plan,
    QuotaPlan,
    RetryPlan,
    StationPlan,
    TablePlan,
    When,
)
from tests.test_money import fate
from tests.worlds import PIPELINE_HEAD, RETRY, flat_scenario, lambda_service, read

MS, SECOND = 10**6, 10**9
NO_LIMIT = 2**62
LIMITS = """
api_service = "gate"
api_timeout_ms = { value = 30000, unit = "ms", SOURCED }
account_concurrency = { value = 50, unit = "environment", SOURCED }
duplicate_share = { value = 0.01, unit = "share", SOURCED }
batches_at_once = { value = 3, unit = "batch", SOURCED }
most_under_way = { value = 40, unit = "payment", SOURCED }
async_retry_minutes = [ { value = 1, unit = "minute", SOURCED }, { value = 2.5, unit = "minute", SOURCED } ]
"""
FULL = """
[functions.front]
memory_mb = 1024
timeout_s = 60
architecture = "arm64"
runtime = "nodejs20"
reserved_concurrency = 9
SOURCED_LINES
[functions.back]
memory_mb = 512
timeout_s = 900
architecture = "x86_64"
runtime = "nodejs20"
provisioned_concurrency = 2
SOURCED_LINES
[work.ten]
constant_ms = 10
SOURCED_LINES
[work.twenty]
constant_ms = 20
SOURCED_LINES
[tables.first]
row_bytes = 700
SOURCED_LINES
[tables.rows]
row_bytes = 2049
indexes = 2
opening_rows = 5
scan_page_bytes = 8192
SOURCED_LINES
[stations.line]
servers = 1
SOURCED_LINES
[stations.desk]
servers = 2
capacity = 5
SOURCED_LINES
[waits.soon]
hours = 1
SOURCED_LINES
[waits.later]
banking_days = 1
at = "08:30"
SOURCED_LINES
[schedules.hourly]
every_minutes = 60
SOURCED_LINES
[schedules.daily]
at = ["08:35"]
SOURCED_LINES
[risk]
review_above = 500
block_above = 700.5
critical_above = 900
SOURCED_LINES
[risk.score]
quantiles_score = { p0 = 100, p100 = 100 }
SOURCED_LINES
[handlers.front]
function = "front"
SOURCED_LINES
steps = [
  { name = "w", work = "ten", as = "coded" },
  { name = "deny", when = "block", as = "coded", steps = [ { name = "never", end = "failed", as = "coded" } ] },
  { name = "tell", call = "gate.tell", starts = "told", as = "intended" },
  { name = "b", invoke = "back", as = "coded", on_error = "continue" } ]
[handlers.back]
function = "back"
SOURCED_LINES
steps = [ { name = "deep", work = "twenty", as = "coded" } ]
[flows.pay]
starts = "payment"
methods = ["card"]
SOURCED_LINES
steps = [
  { name = "ask", api = "front", timer = "payment", as = "coded" },
  { name = "risk", when = "review", as = "coded", steps = [ { name = "no", end = "declined", as = "coded" } ], otherwise = [ { name = "go", work = "twenty", as = "coded" } ] },
  { name = "both", as = "coded", parallel = [ [ { name = "x", work = "ten", as = "coded" } ], [ { name = "y", call = "db.Put", table = "rows", on_error = "continue", as = "coded" } ] ] },
  { name = "take", acquire = "desk", as = "coded" },
  { name = "leave", release = "desk", as = "coded" },
  { name = "ok", end = "completed", as = "coded" },
  { name = "wait", queue = "held", due = "later", as = "coded" } ]
[flows.form]
starts = "payment"
methods = ["ach"]
SOURCED_LINES
steps = [
  { name = "a", work = "ten", timer = "form", as = "coded" },
  { name = "b", work = "ten", as = "coded" },
  { name = "c", work = "twenty", timer = "form", as = "coded" } ]
[flows.told]
starts = "event"
idempotent = false
SOURCED_LINES
steps = [ { name = "scan", call = "db.Scan", table = "rows", as = "coded" } ]
[flows.sweep]
starts = "schedule"
schedule = "hourly"
takes = "other"
most_entries = 1
SOURCED_LINES
steps = [ { name = "s", work = "ten", as = "coded" } ]
[flows.settle]
starts = "schedule"
schedule = "daily"
takes = "held"
most_entries = 7
SOURCED_LINES
steps = [ { name = "each", as = "coded", each = [ { name = "final", end = "settled", as = "coded" }, { name = "back", fate = "comes_back", starts = "told", as = "coded" }, { name = "pay", when = "first_of_provider", as = "coded", steps = [ { name = "out", end = "done", as = "coded" } ] } ] } ]
"""
GATE = """
name = "a gate"
provider = "test"
[operation.mutation]
uses = { requests = 1 }
[operation.tell]
uses = { requests = 2.5 }
moves_money = true
[[latency]]
operation = "mutation"
constant_ms = 3
SOURCED_LINES
[[latency]]
operation = "tell"
constant_ms = 4
SOURCED_LINES
[[latency]]
operation = "delivery"
constant_ms = 6
SOURCED_LINES
[[latency]]
operation = "outage"
constant_ms = 60000
SOURCED_LINES
[parameter.outages_per_year]
value = 2
unit = "1"
SOURCED_LINES
[[quota]]
operation = "*"
scope = "account"
per_second = 8
burst = 100
SOURCED_LINES
[[quota]]
operation = "tell"
scope = "account"
per_second = 0.5
SOURCED_LINES
[meter.requests]
kind = "per_call"
unit = "unit"
price = [{ from = 2020-01-01, tiers = [{ above = 0, usd = 1 }], SOURCED }]
"""
DB = """
name = "a table service"
provider = "test"
[operation.Put]
uses = { write_units = 2 }
stores = true
[operation.Mark]
latency = "Put"
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
constant_ms = 7
SOURCED_LINES
[[quota]]
operation = "write_units"
scope = "table"
per_second = 1000
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
"""


def assumed(text: str = LIMITS + RETRY + FULL, **workload: Any) -> Assumptions:
    terms = {"fates": fate(0.25, 2), "payouts_per_payment": 2, "methods": {"card": "0.5", "ach": "0.5"}}
    commission = {"value": "0.015", "unit": "1", "source": "test", "read": dt.date(2026, 1, 1), "basis": "published"}
    scenario = flat_scenario(1, **terms | {"commission": commission} | workload)
    services = {"lambda": lambda_service(), "gate": check(Service, read(GATE)), "db": check(Service, read(DB))}
    table = read(PIPELINE_HEAD + text)
    pipeline = check(Pipeline, table)
    check_links(pipeline, services, scenario, table)
    return Assumptions("full", scenario, pipeline, services, (), "")


@pytest.fixture
def full() -> Plan:
    return compile_plan(assumed())


def only_ms(plan: Plan, law: int) -> float:
    """The one value of a law, ms."""
    return float(plan.laws[law].only_value or 0) / MS


def laid_out(plan: Plan) -> list[tuple[Any, ...]]:
    """(op, key, step, a, b, jump, targets), laws by their one value in ms."""
    rows = []
    for one in plan.code:
        a = only_ms(plan, one.a) if one.op is Op.WORK else one.a
        b = only_ms(plan, one.b) if one.op is Op.SPAWN else one.b
        rows.append((one.op.name, one.key, one.step, a, b, one.jump, one.targets))
    return rows


def put(op: str, path: str = "", step: int = -1, a: float = 0, b: float = 0, jump: int = -1, targets: Any = ()) -> Any:
    return op, name_key(path) if path else 0, step, a, b, jump, targets


FORM, PAYMENT, START, STOP = 1, 0, 0, 1
CODE = [
    put("TIMER", a=FORM, b=START),  # 0: the whole flow, as none of its steps begins the form
    put("TIMER", a=PAYMENT, b=START),
    put("API", "pay/ask", jump=20),
    put("CALL", "pay/ask/api", step=0),
    put("WORK", "pay/ask/invoke", a=1),
    put("INVOKE", "pay/ask/front", a=0, jump=19),
    put("WORK", "pay/ask/front/w", a=10),
    put("IF", a=When.BLOCK, jump=12),
    put("MARK", "pay/ask/front/deny/never", a=Outcome.FAILED),  # 8: leaves the function, then the request
    put("RETURN"),
    put("API_END"),
    put("STOP"),
    put("CALL", "pay/ask/front/tell", step=1),  # 12
    put("SPAWN", "pay/ask/front/tell/delivery", a=2, b=6),
    put("WORK", "pay/ask/front/b/invoke", a=1),
    put("INVOKE", "pay/ask/front/b/back", a=1, b=1, jump=18),
    put("WORK", "pay/ask/front/b/back/deep", a=20),
    put("RETURN"),
    put("RETURN"),  # 18
    put("API_END"),
    put("TIMER", a=PAYMENT, b=STOP),
    put("IF", a=When.REVIEW, jump=25),
    put("MARK", "pay/risk/no", a=Outcome.DECLINED),
    put("STOP"),
    put("JUMP", jump=26),
    put("WORK", "pay/risk/otherwise/go", a=20),  # 25
    put("FORK", "pay/both", jump=31, targets=(27, 29)),
    put("WORK", "pay/both/0/x", a=10),
    put("JOIN"),
    put("CALL", "pay/both/1/y", step=2, b=1),
    put("JOIN"),
    put("ACQUIRE", "pay/take", a=1),  # 31
    put("RELEASE", "pay/leave", a=1),
    put("MARK", "pay/ok", a=Outcome.COMPLETED),
    put("QUEUE", "pay/wait", a=1, b=1),
    put("TIMER", a=FORM, b=STOP),
    put("STOP"),
    put("TIMER", a=FORM, b=START),  # 37: from the form's first timed step to the end of its last
    put("WORK", "form/a", a=10),
    put("WORK", "form/b", a=10),
    put("WORK", "form/c", a=20),
    put("TIMER", a=FORM, b=STOP),
    put("STOP"),
    put("CALL", "told/scan", step=3),  # 43
    put("STOP"),
    put("WORK", "sweep/s", a=10),  # 45
    put("STOP"),
    put("EACH", jump=56),  # 47
    put("MARK", "settle/each/final", a=Outcome.SETTLED),
    put("FATE", "settle/each/back", a=0, b=2),
    put("IF", a=When.FIRST_OF_PROVIDER, jump=55),
    put("MARK", "settle/each/pay/out", a=Outcome.DONE),
    put("PAYOUT", a=0),
    put("MARK", "settle/each/pay#2/out", a=Outcome.DONE),
    put("PAYOUT", a=1),
    put("JUMP", jump=47),  # 55
    put("STOP"),
]


def test_each_instruction(full: Plan) -> None:
    assert laid_out(full) == CODE


def test_a_provider_is_paid_once_for_all_its_payments() -> None:
    plan = compile_plan(assumed(payout_policy="per_provider"))
    assert plan.per_provider
    assert [one.a for one in plan.code if one.op is Op.PAYOUT] == [0]


def test_each_flow_and_how_it_starts(full: Plan) -> None:
    assert full.flows == (
        FlowPlan("pay", 0, "payment", (0,), -1, -1, 1, True, False),
        FlowPlan("form", 37, "payment", (1,), -1, -1, 1, True, False),
        FlowPlan("told", 43, "event", (), -1, -1, 1, False, False),
        FlowPlan("sweep", 45, "schedule", (), 0, 0, 1, True, False),
        FlowPlan("settle", 47, "schedule", (), 1, 1, 7, True, True),
    )
    assert full.queues == ("other", "held")
    assert [wait.hours for wait in full.waits] == [1, None]
    assert [schedule.every_minutes for schedule in full.schedules] == [60, None]


def test_each_limit_and_rule(full: Plan) -> None:
    """10 s over 1,000 new environments are 10 ms each; SDK: 3 attempts, 10 ms doubled up to 20 s."""
    assert full.functions == (
        FunctionPlan("front", 1024, "arm64", 60 * SECOND, full.functions[0].init_laws, 0, 9),
        FunctionPlan("back", 512, "x86_64", 900 * SECOND, full.functions[1].init_laws, 2, 0),
    )
    assert [[only_ms(full, law) for law in one.init_laws] for one in full.functions] == [[100, 200, 300]] * 2
    assert full.compute == LambdaPlan(50, 630 * SECOND, 7200 * SECOND, 10 * MS, 1000, MS, True, -1)
    assert full.retry == RetryPlan(
        3, 10 * MS, 20 * SECOND, (60 * SECOND, 150 * SECOND), SECOND, 300 * SECOND, 6 * 3600 * SECOND
    )
    assert full.stations == (StationPlan("line", 1, 0), StationPlan("desk", 2, 5))
    assert full.tables == (TablePlan("first", 700, 0, 0), TablePlan("rows", 2049, 5, 8192))
    assert full.fates == (FatePlan("comes_back", name_key("fate/comes_back"), Decimal("0.25"), full.fates[0].law),)
    assert only_ms(full, full.fates[0].law) == 2 * 86_400_000
    assert full.risk_thresholds == (500_000, 700_500, 900_000)  # thousandths of a point
    assert full.laws[full.risk_law].only_value == 100_000
    assert (full.api_timeout_ns, full.duplicate_share) == (30 * SECOND, Decimal("0.01"))
    assert (full.batches_at_once, full.most_under_way) == (3, 40)
    assert (full.payouts_per_payment, full.per_provider, full.commission_ppm) == (2, False, 15_000)
    assert full.outages == ("gate",)
    assert [(rate, only_ms(full, law)) for rate, law in full.outage_laws] == [(2, 60_000)]


def test_what_is_not_said_limits_nothing() -> None:
    text = FULL[FULL.index("[work.ten]") : FULL.index("[work.twenty]")] + (
        '[flows.pay]\nstarts = "payment"\nmethods = ["card"]\nSOURCED_LINES\n'
        'steps = [ { name = "w", work = "ten", as = "coded" } ]'
    )
    plan = compile_plan(assumed(text, fates={}, methods={"card": 1}, payouts_per_payment=1))
    assert plan.retry == RetryPlan(1, 0, 0, (), 0, 0, 0)  # nobody tries again
    assert plan.compute == LambdaPlan(0, 0, 0, 0, 0, MS, False, -1)
    assert (plan.api_timeout_ns, plan.batches_at_once, plan.most_under_way) == (NO_LIMIT,) * 3
    assert (plan.risk_law, plan.risk_thresholds, plan.duplicate_share) == (-1, (NO_LIMIT,) * 3, 0)
    assert (plan.functions, plan.tables, plan.stations, plan.fates, plan.queues) == ((),) * 5
    assert len(plan.laws) == 2  # the work and the outage


def test_each_service_call(full: Plan) -> None:
    """A put of 2,049 bytes is 3 KB begun, 2 units each, in the table and two indexes: 18; 3 × 2,049 bytes stay."""
    assert [(one.path, one.coded, one.service, one.operation, only_ms(full, one.law)) for one in full.steps] == [
        ("pay/ask/api", True, "gate", "mutation", 3),
        ("pay/ask/front/tell", False, "gate", "tell", 4),
        ("pay/both/1/y", True, "db", "Put", 5),
        ("told/scan", True, "db", "Scan", 7),
    ]
    assert [one.uses for one in full.steps] == [
        (("requests", 1),),
        (("requests", Decimal("2.5")),),
        (("write_units", 18),),
        (("read_units", Decimal("0.5")),),
    ]
    assert [one.units for one in full.steps] == [1, 3, 18, 1]  # whole tokens, rounded up
    assert [one.quotas for one in full.steps] == [(0,), (0, 1), (2,), ()]
    assert full.quotas == (
        QuotaPlan("gate.*", "account", SECOND // 8, 100),
        QuotaPlan("gate.tell", "account", 2 * SECOND, 1),  # a burst is at least 1
        QuotaPlan("db.write_units of rows", "table", SECOND // 1000, 1000),  # and a second's worth if nobody said
    )
    assert [(one.table, one.adds_row, one.stores_bytes) for one in full.steps] == [
        (-1, False, 0),
        (-1, False, 0),
        (1, True, 3 * 2049),
        (1, False, 0),
    ]
    assert [one.scan_chunk_bytes for one in full.steps] == [0, 0, 0, 4096]
    assert [one.moves_money for one in full.steps] == [False, True, False, False]
    assert [one.outage for one in full.steps] == [0, 0, -1, -1]


SIZES = [  # what the step says, units of 1 KB at 2 each, bytes that stay
    ("size_kb = 1", 2, 1024),
    ("size_kb = 1.001", 4, 1025),
    ("size_kb = 0.2", 2, 204),
    ("size_kb = 3.5, copies = 4", 32, 4 * 3584),
    ('table = "first"', 2, 700),
    ('table = "rows", copies = 1', 6, 2049),
    ('table = "rows", size_kb = 1', 6, 3 * 2049),
]


@pytest.mark.parametrize(("said", "units", "stays"), SIZES)
def test_sizes_of_a_put(said: str, units: int, stays: int) -> None:
    plan = compile_plan(assumed((LIMITS + RETRY + FULL).replace('db.Put", table = "rows"', f'db.Put", {said}')))
    assert plan.steps[2].uses == (("write_units", units),)
    assert plan.steps[2].stores_bytes == stays
    assert plan.steps[2].adds_row is ("table" in said)


@pytest.mark.parametrize(
    ("first_kb", "chunk_kb", "row_bytes", "units"),
    [(4, 1, 4096, 6), (4, 1, 4097, 12), (4, 1, 5120, 12), (4, 1, 5121, 18),
     (None, 4, 4096, 6), (None, 4, 4097, 12), (None, 4, 8192, 12), (None, 4, 8193, 18), (1, 4, 1024, 6), (1, 4, 5120, 12)],
)  # fmt: skip
def test_chunks_and_a_first_one_of_its_own(first_kb: int | None, chunk_kb: int, row_bytes: int, units: int) -> None:
    """What is over the first chunk is counted in chunks begun; each in three copies of two units."""
    assumptions = assumed((LIMITS + RETRY + FULL).replace("row_bytes = 2049", f"row_bytes = {row_bytes}"))
    db = assumptions.services["db"]
    meter = db.meter["write_units"].model_copy(
        update={"first_kb": first_kb and Decimal(first_kb), "chunk_kb": Decimal(chunk_kb)}
    )
    changed = db.model_copy(update={"meter": db.meter | {"write_units": meter}})
    services = assumptions.services | {"db": changed}
    plan = compile_plan(Assumptions("full", assumptions.scenario, assumptions.pipeline, services, (), ""))
    assert plan.steps[2].uses == (("write_units", units),)


def test_what_has_no_size_stores_nothing() -> None:
    plan = compile_plan(assumed((LIMITS + RETRY + FULL).replace('db.Put", table = "rows"', 'db.Mark"')))
    assert (plan.steps[2].stores_bytes, plan.steps[2].adds_row, plan.steps[2].uses) == (0, False, ())
    assert plan.steps[2].units == 1  # a call takes a token of each of its quotas at least


def test_a_quota_of_a_table_is_each_tables_own() -> None:
    more = '[ { name = "z", call = "db.Put", table = "first", as = "coded" }, { name = "x"'
    plan = compile_plan(assumed((LIMITS + RETRY + FULL).replace('[ { name = "x"', more)))
    assert [plan.quotas[number].name for one in plan.steps[2:4] for number in one.quotas] == [
        "db.write_units of first",
        "db.write_units of rows",
    ]


def test_what_the_platform_lacks_is_named() -> None:
    assumptions = assumed((LIMITS + RETRY + FULL).replace('runtime = "nodejs20"', 'runtime = "cobol"', 1))
    with pytest.raises(InputError) as refused:
        compile_plan(assumptions)
    (problem,) = refused.value.problems
    assert (problem.file, problem.line, problem.key) == ("services/lambda.toml", None, "latency")
    assert problem.wrong == "no [[latency]] `init.cobol.arm64` (for front)"
    assert problem.remedy == (
        "add it, or give the function one of the runtimes known: init.nodejs20.arm64, init.nodejs20.x86_64"
    )
    with pytest.raises(InputError) as refused:
        platform.parameter(assumptions.services["gate"], "patience")
    (problem,) = refused.value.problems
    assert (problem.file, problem.line, problem.key) == ("services of a gate", None, "parameter.patience")
    assert (problem.wrong, problem.remedy) == ("missing", "add it with its source")


def test_the_platform_by_its_own_account_and_rules() -> None:
    """Without a limit of the pipeline's own the platform's 1,000 counts; the platform may fail, too."""
    text = "\n".join(line for line in LIMITS.splitlines() if not line.startswith("account_concurrency"))
    assumptions = assumed(text + RETRY + FULL)
    own = assumptions.services["lambda"]
    law = own.latency[0].model_copy(update={"operation": "outage"})
    share = own.parameter["life_s"].model_copy(update={"value": Decimal("0.5")})
    failing = own.model_copy(
        update={"latency": (*own.latency, law), "parameter": own.parameter | {"outages_per_year": share}, "rule": ()}
    )
    services = {"gate": assumptions.services["gate"], "lambda": failing, "db": assumptions.services["db"]}
    plan = compile_plan(Assumptions("full", assumptions.scenario, assumptions.pipeline, services, (), ""))
    assert plan.outages == ("gate", "lambda")
    assert [rate for rate, _ in plan.outage_laws] == [2, Decimal("0.5")]
    # without rules: billed to the ms, INIT not billed
    assert plan.compute == LambdaPlan(1000, 630 * SECOND, 7200 * SECOND, 10 * MS, 1000, MS, False, 1)
