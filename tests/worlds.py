"""Small worlds for tests of the engine: a pipeline as TOML text, a flat workload, and one run of them."""

from __future__ import annotations

import dataclasses
import datetime as dt
import tempfile
from pathlib import Path

import numpy as np

from costmodel.assumptions.catalog import Assumptions
from costmodel.assumptions.checking import check
from costmodel.assumptions.linking import check_links
from costmodel.assumptions.pipeline import Pipeline
from costmodel.assumptions.reading import Table, read_toml
from costmodel.assumptions.scenario import Scenario
from costmodel.assumptions.service import Service
from costmodel.simulation.compiling import compile_plan
from costmodel.simulation.counts import Counts
from costmodel.simulation.payments import Payments, generate
from costmodel.simulation.plan import Plan
from costmodel.simulation.reference import Reference
from costmodel.simulation.replications import drain_ns
from costmodel.simulation.timetable import make_timetable

LINES = 'source = "test"\nread = 2026-01-01\nbasis = "published"'
SOURCED = 'source = "test", read = 2026-01-01, basis = "published"'
PIPELINE_HEAD = 'name = "world"\ntitle = "a test world"\nregion = "us-west-2"\n'
HOURS = 720  # of the test month, November 2026


def flat_scenario(payments: int, **changes: object) -> Scenario:
    """Payments at a constant rate over November 2026 (UTC), all by card, $200 each."""
    sourced = {"source": "test", "read": dt.date(2026, 1, 1), "basis": "published"}
    zero = {"value": 0, "unit": "1", **sourced}
    workload = {
        "payments_per_month": payments,
        "mean_ticket_usd": 200,
        "time_zone": "UTC",
        "accounts": 75,
        "commission": zero,
        "methods": {"card": 1, "ach": 0},
        "tickets": {"law": "constant", **sourced},
        "arrivals": {"weekday_shares": [1] * 7, "hour_shares": [1] * 24, "day_cv": zero, "hour_cv": zero, **sourced},
        **sourced,
    }
    scenario = {"title": "test", "pipeline": "world", "on": dt.date(2026, 11, 1), "lead_in_days": 0,
                "replications": 1, "replicate_up_to_payments": 1, "horizon": "cohort"}  # fmt: skip
    for path, value in changes.items():
        (
            workload
            if path in workload or path in ("fates", "days", "count", "payout_policy", "payouts_per_payment")
            else scenario
        )[path] = value
    return Scenario.model_validate({**scenario, "workload": workload})


def read(text: str) -> Table:
    """TOML text as a located table; SOURCED and SOURCED_LINES stand for where its figures come from."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "world.toml"
        path.write_text(text.replace("SOURCED_LINES", LINES).replace("SOURCED", SOURCED))
        return read_toml(path)


LAMBDA = """
name = "a test platform"
provider = "test"
{latency}
{rules}
{parameters}
"""


def lambda_service(
    *, placement_ms: int = 100, init_billed: int = 1, life_s: int = 7200, scale_per_10s: int = 1000
) -> Service:
    """A compute platform of constants: 1 ms to invoke; cold: placement, 200 ms INIT, 300 ms code; keep-alive 630 s."""
    laws = {
        "invoke": 1,
        "placement": placement_ms,
        "init.nodejs20.arm64": 200,
        "init.nodejs20.x86_64": 200,
        "code_init": 300,
    }
    rules = {"init_billed": init_billed, "billing_increment_ms": 1}
    parameters = {"keep_alive_s": 630, "life_s": life_s, "scale_per_10s": scale_per_10s, "account_concurrency": 1000,
                  "async_requeue_first_s": 1, "async_requeue_most_s": 300, "async_max_age_h": 6}  # fmt: skip
    latency = "".join(f'[[latency]]\noperation = "{k}"\nconstant_ms = {v}\n{LINES}\n' for k, v in laws.items())
    dated = "".join(
        f'[[rule]]\nname = "{k}"\nfrom = 2020-01-01\nvalue = {v}\nunit = "1"\n{LINES}\n' for k, v in rules.items()
    )
    figures = "".join(f'[parameter.{k}]\nvalue = {v}\nunit = "1"\n{LINES}\n' for k, v in parameters.items())
    return check(Service, read(LAMBDA.format(latency=latency, rules=dated, parameters=figures)))


def one_operation() -> Service:
    """A service with one operation of 5 ms, whose messages arrive after 1 ms."""
    laws = "".join(
        f'[[latency]]\noperation = "{name}"\nconstant_ms = {ms}\n{LINES}\n' for name, ms in (("op", 5), ("delivery", 1))
    )
    return check(Service, read(f'name = "svc"\nprovider = "test"\n[operation.op]\n{laws}'))


def assumptions_of(text: str, scenario: Scenario, services: dict[str, Service]) -> Assumptions:
    """A checked world: the pipeline in `text` with those services."""
    table = read(PIPELINE_HEAD + RETRY + text)
    pipeline = check(Pipeline, table)
    check_links(pipeline, services, scenario, table)
    return Assumptions("world", scenario, pipeline, services, (), "")


RETRY = """
[sdk_retry]
attempts = { value = 3, unit = "attempt", SOURCED }
base_ms = { value = 10, unit = "ms", SOURCED }
most_ms = { value = 20000, unit = "ms", SOURCED }
"""


class World:
    """One run: its plan, payments, counts and the instant each payment's flow ended (ns since the start)."""

    def __init__(
        self, text: str, scenario: Scenario, *, seed: int = 1, services: dict[str, Service] | None = None,
        arrivals_ns: list[int] | None = None,
    ) -> None:  # fmt: skip
        self.assumptions = assumptions_of(text, scenario, services or {"lambda": lambda_service()})
        self.plan: Plan = compile_plan(self.assumptions)
        self.payments: Payments = generate(scenario, seed, 0)
        if arrivals_ns is not None:
            self.payments = payments_at(arrivals_ns, self.payments)
        self.times = make_timetable(
            self.plan, self.payments.start, self.payments.window[1] + drain_ns(self.plan, scenario.on.year), seed
        )
        self.finished: dict[int, int] = {}
        self.counts: Counts = Reference(self.plan, self.payments, self.times, seed, self.finished).run()


def payments_at(arrivals_ns: list[int], like: Payments) -> Payments:
    """Card payments of $200 at given times."""
    number = len(arrivals_ns)
    return dataclasses.replace(
        like,
        arrival_ns=np.array(arrivals_ns, np.int64),
        amount_cents=np.full(number, 20_000, np.int64),
        method=np.zeros(number, np.int8),
        provider=np.zeros(number, np.int32),
        measured=(0, number),
    )
