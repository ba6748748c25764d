"""The compiled engine gives exactly what the reference gives: every count, every event, every time. No tolerance."""

from __future__ import annotations

import dataclasses
import datetime as dt
import importlib
import os
import random
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costmodel.assumptions.catalog import Assumptions, load_assumptions
from costmodel.assumptions.changes import changes_from
from costmodel.assumptions.pipeline import Pipeline
from costmodel.assumptions.service import Service
from costmodel.simulation import kernel_draws, kernel_files
from costmodel.simulation.compiled import Compiled
from costmodel.simulation.compiling import compile_plan
from costmodel.simulation.counts import Counts
from costmodel.simulation.draws import draw_bits, mix64
from costmodel.simulation.payments import Demand, Payments
from costmodel.simulation.plan import Plan
from costmodel.simulation.reference import Reference
from costmodel.simulation.replications import drain_ns, lead_in_ns
from costmodel.simulation.tables import LawTable
from costmodel.simulation.timetable import Timetable, make_timetable
from tests import worlds
from tests.test_money import BANK, fate
from tests.worlds import flat_scenario, lambda_service

MS, SECOND = 10**6, 10**9
START = dt.datetime(2026, 11, 2, 14, tzinfo=dt.UTC)  # a Monday, 09:00 in New York


def outcome(engine: Callable[..., Any], *run: Any) -> tuple[dict[str, Any], dict[int, int]] | type[LookupError]:
    """All counts of an engine as plain Python, and when each payment's flow ended; or the error it ends in."""
    ended: dict[int, int] = {}
    try:
        counts: Counts = engine(*run, ended).run()
    except LookupError as error:
        return type(error)
    plain = {field.name: getattr(counts, field.name) for field in dataclasses.fields(counts)}
    plain["amounts"] = {name: found.tolist() for name, found in counts.amounts.items()}
    return {key: value.tolist() if isinstance(value, np.ndarray) else value for key, value in plain.items()}, ended


def assert_equal(*run: Any) -> Any:
    """Both engines come to the same; gives what."""
    expected, actual = outcome(Reference, *run), outcome(Compiled, *run)
    if isinstance(expected, type) or isinstance(actual, type):
        assert actual is expected
        return expected
    differ = [key for key in expected[0] if expected[0][key] != actual[0][key]]
    assert not differ, {key: (expected[0][key], actual[0][key]) for key in differ if key != "latency"} or differ
    assert actual[1] == expected[1]
    return expected


# --- shipped scenarios ------------------------------------------------------------------------------------------------

SHORT = {"workload.days": "0.01", "lead_in_days": "0.01"}
SCENARIOS = [
    ("seed_aws", {}), ("seed_aws", {"seed": 7}), ("seed_aws", {"horizon": "cohort"}), ("seed_aws_card", {}),
    ("seed_stripe", {}), ("seed_stripe_ach", {}), ("hourly_10k", SHORT),
    ("hourly_10k", {**SHORT, "pipeline.account_concurrency.value": 3}),
    ("hourly_10k_quarter_hour", SHORT),
    ("seed_aws", {"workload.payout_policy": "per_provider"}), ("seed_aws", {"pipeline.duplicate_share.value": "0.0099"}),
    ("seed_aws", {"workload.count": "random", "lead_in_days": "9.5"}),
    ("seed_aws", {"workload.methods.ach": "0.4", "workload.methods.card": "0.6"}),
]  # fmt: skip


@cache
def shipped(name: str, changes: tuple[tuple[str, Any], ...]) -> tuple[Plan, Demand, Timetable, int]:
    assumptions = load_assumptions(name, data=None, changes=changes_from(dict(changes)))
    plan, scenario = compile_plan(assumptions), assumptions.scenario
    payments = Demand(scenario, scenario.seed, lead_in_ns(plan, scenario))
    end_ns = payments.window[1] + drain_ns(plan, scenario.on.year)
    return plan, payments, make_timetable(plan, payments.start, end_ns, scenario.seed), scenario.seed


@pytest.mark.parametrize(("name", "changes"), SCENARIOS, ids=lambda value: str(value))
def test_shipped_scenarios_are_equal(name: str, changes: dict[str, Any]) -> None:
    counts, _ = assert_equal(*shipped(name, tuple(changes.items())))
    assert counts["events"] > 1000


def tickets(law: str, **values: Any) -> dict[str, Any]:
    return {"law": law, **values, **SOURCED}


SOURCED = {"source": "test", "read": dt.date(2026, 1, 1), "basis": "published"}
DEMANDS = [
    {"mean_ticket_usd": Decimal("33.33")},  # all alike: the first ones get the cents that are left
    {"tickets": tickets("lognormal", sigma=Decimal("1.4")), "mean_ticket_usd": Decimal("0.02")},  # many of a cent
    {"tickets": tickets("empirical", usd=[Decimal("1.25"), Decimal("19.99"), Decimal(700)])},
    {"tickets": tickets("lognormal", sigma=Decimal("1.4")), "payments_per_month": 30_000},
    {"tickets": tickets("lognormal", sigma=Decimal("0.7")), "count": "random", "time_zone": "Asia/Kolkata"},
]


@pytest.mark.parametrize("workload", DEMANDS, ids=str)
def test_payments_are_the_same_however_they_are_drawn(workload: dict[str, Any]) -> None:
    scenario = flat_scenario(700, **workload, fates=fate(0.1, 2))
    world = worlds.assumptions_of(BANK, scenario, {"lambda": lambda_service(), "svc": worlds.one_operation()})
    plan, demand = compile_plan(world), Demand(scenario, 3, 5 * 86_400 * SECOND)
    times = make_timetable(plan, demand.start, demand.window[1] + drain_ns(plan, scenario.on.year), 3)
    counts, _ = assert_equal(plan, demand, times, 3)
    paid = counts["amounts"]["card"]
    assert sum(cents * number for cents, number in zip(paid[0], paid[2], strict=True)) == demand.offered_cents


# --- the worlds of the other tests -------------------------------------------------------------------------------------


class Both(worlds.World):
    """A world that is also run compiled."""

    def __init__(self, *text: Any, seed: int = 1, **settings: Any) -> None:
        super().__init__(*text, seed=seed, **settings)
        assert_equal(self.plan, self.payments, self.times, seed)


def cases(module: str) -> Iterator[Any]:
    """Every test of a module with every set of its parameters."""
    for name, test in vars(importlib.import_module(f"tests.{module}")).items():
        marks = [mark for mark in getattr(test, "pytestmark", []) if mark.name == "parametrize"]
        if not name.startswith("test_") or len(marks) > 1:
            continue
        names, values = marks[0].args[:2] if marks else ((), [()])
        names = (names,) if isinstance(names, str) else tuple(names)
        for number, value in enumerate(values):
            arguments = dict(zip(names, value if len(names) != 1 else (value,), strict=True))
            yield pytest.param(module, name, arguments, id=f"{module}.{name}[{number}]")


@pytest.mark.parametrize(("module", "name", "arguments"), [*cases("test_engine"), *cases("test_money")])
def test_worlds_of_other_tests_are_equal(
    module: str, name: str, arguments: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = importlib.import_module(f"tests.{module}")
    monkeypatch.setattr(found, "World", Both)
    getattr(found, name)(**arguments)


# --- random pipelines --------------------------------------------------------------------------------------------------

PRICE = [{"from": dt.date(2020, 1, 1), "tiers": [{"above": 0, "usd": 1}], **SOURCED}]


def constant(operation: str, ms: int) -> dict[str, Any]:
    return {"operation": operation, "constant_ms": ms, **SOURCED}


def exponential(operation: str, ms: int) -> dict[str, Any]:
    return {"operation": operation, "exponential_mean_ms": ms, **SOURCED}


def quantity(value: object) -> dict[str, Any]:
    return {"value": Decimal(str(value)), "unit": "1", **SOURCED}


@cache
def services(fine: bool = False) -> dict[str, Service]:
    """A service with quick, slow, random, scarce and often failing operations, a table, and messages.

    fine: nearly all takes as long as chance will have it, and the table's quota is seldom short.
    """
    latency = [(exponential if fine and name != "scarce" else constant)(name, ms) for name, ms in
               {"quick": 5, "slow": 1500, "scarce": 10, "Put": 5, "Scan": 10, "delivery": 10}.items()]  # fmt: skip
    svc = {
        "name": "svc", "provider": "test",
        "operation": {"quick": {"moves_money": True}, "slow": {}, "scarce": {}, "any": {},
                      "Put": {"uses": {"units": 1}, "stores": True}, "Scan": {"uses": {"units": 1}, "scans": True}},
        "latency": [*latency, exponential("any", 40)],
        "quota": [{"operation": "scarce", "scope": "account", "per_second": 1, "burst": 2, **SOURCED},
                  {"operation": "units", "scope": "table", "per_second": 40 * (20 if fine else 1), "burst": 60 * (20 if fine else 1), **SOURCED}],
        "meter": {"units": {"unit": "unit", "kind": "per_size", "chunk_kb": 1, "price": PRICE}},
    }  # fmt: skip
    flaky = {"name": "flaky", "provider": "test", "operation": {"try": {}}, "parameter":
             {"outages_per_year": quantity(5_000_000)}, "latency": [constant("try", 20), constant("outage", 3000)]}  # fmt: skip
    platform = lambda_service(placement_ms=10, life_s=40, scale_per_10s=20)
    return {"svc": Service.model_validate(svc), "flaky": Service.model_validate(flaky), "lambda": platform}


# What a program may start: any queue; the second one; that, but no message; nothing; and it carries no payment
LEVELS = ("pay", "batch", "told", "last", "plain")


class Programs:
    """Random programs of at most so many steps in a row, all from one number.

    Their level bounds what they start, so that every run ends; `plain` carries no payment.
    """

    def __init__(self, number: int, most: int) -> None:
        self.random, self.most, self.count = random.Random(number), most, 0
        self.handlers = self.random.randint(1, 3)

    def pick(self, *options: Any) -> Any:
        return self.random.choice(options)

    def steps(self, depth: int, *, level: str, above: int) -> list[dict[str, Any]]:
        """A program; `above`: only handlers of a higher number may be invoked."""
        number = self.random.randint(1, self.most)
        return [step for _ in range(number) for step in self.step(depth, level=level, above=above)]

    def named(self, **step: Any) -> list[dict[str, Any]]:
        self.count += 1
        return [{"name": f"s{self.count}", "as": "coded", **step}]

    def step(self, depth: int, *, level: str, above: int) -> list[dict[str, Any]]:
        kinds = ["work", "call", "call", "store"]
        kinds += ["invoke"] * 2 if above + 1 < self.handlers else []
        kinds += ["parallel"] if depth else []
        kinds += ["queue"] if level in ("pay", "batch", "told") else []
        kinds += ["tell", "fate"] if level in ("pay", "batch") else []
        kinds += ["station", "end"] if level != "plain" else []
        kinds += ["when"] * 2 if level != "plain" and depth else []
        return getattr(self, self.pick(*kinds))(depth, level, above)

    def work(self, depth: int, level: str, above: int) -> list[dict[str, Any]]:
        return self.named(work=self.pick("zero", "ten", "ten", "random", "second"))

    def call(self, depth: int, level: str, above: int) -> list[dict[str, Any]]:
        operation = self.pick("svc.quick", "svc.quick", "svc.any", "svc.slow", "svc.scarce", "flaky.try")
        return self.named(call=operation, on_error=self.pick("raise", "continue"))

    def store(self, depth: int, level: str, above: int) -> list[dict[str, Any]]:
        return self.named(call=self.pick("svc.Put", "svc.Scan"), table="rows", on_error=self.pick("raise", "continue"))

    def invoke(self, depth: int, level: str, above: int) -> list[dict[str, Any]]:
        handler = self.random.randint(above + 1, self.handlers - 1)
        return self.named(invoke=f"{level}{handler}", on_error=self.pick("raise", "continue"))

    def parallel(self, depth: int, level: str, above: int) -> list[dict[str, Any]]:
        branches = self.random.randint(1, 3)
        return self.named(parallel=[self.steps(depth - 1, level=level, above=above) for _ in range(branches)])

    def queue(self, depth: int, level: str, above: int) -> list[dict[str, Any]]:
        return self.named(
            queue=self.pick("one", "two") if level == "pay" else "two",
            due=self.pick("at_once", "soon", "today", "next_day"),
        )

    def tell(self, depth: int, level: str, above: int) -> list[dict[str, Any]]:
        return self.named(call="svc.quick", starts="told")

    def fate(self, depth: int, level: str, above: int) -> list[dict[str, Any]]:
        return self.named(fate="chance", starts="befallen")

    def station(self, depth: int, level: str, above: int) -> list[dict[str, Any]]:
        place = self.pick("desk", "room")
        inside = self.steps(max(0, depth - 1), level=level, above=above)
        return [*self.named(acquire=place), *inside, *self.named(release=place)]

    def end(self, depth: int, level: str, above: int) -> list[dict[str, Any]]:
        return self.named(end=self.pick("completed", "settled", "done", "refunded"))

    def when(self, depth: int, level: str, above: int) -> list[dict[str, Any]]:
        test = self.pick("card", "ach", "review", "block", "critical", "first_of_provider")
        inside = self.steps(depth - 1, level=level, above=above)
        inside += self.named(end=self.pick("declined", "failed")) if test in ("block", "ach") else []
        other = self.steps(depth - 1, level=level, above=above) if self.pick(True, False) else None
        return self.named(when=test, steps=inside, **({"otherwise": other} if other else {}))


def functions(programs: Programs) -> dict[str, Any]:
    """One function per handler, some with reserved or provisioned concurrency, some soon timed out."""
    return {
        f"f{number}": {
            "memory_mb": 128, "timeout_s": programs.pick(1, 2, 900), "architecture": "arm64", "runtime": "nodejs20",
            "provisioned_concurrency": programs.pick(0, 0, 1), "reserved_concurrency": programs.pick(None, None, 2),
            **SOURCED,
        }
        for number in range(programs.handlers)
    }  # fmt: skip


def handlers(programs: Programs) -> dict[str, Any]:
    return {
        f"{level}{number}": {
            "function": f"f{number}",
            "steps": programs.steps(2, level=level, above=number),
            **SOURCED,
        }
        for number in range(programs.handlers)
        for level in LEVELS
    }


def flows(programs: Programs) -> dict[str, Any]:
    """Payments by card and by ACH, two events, and two schedules that take batches."""
    first, *others = programs.steps(2, level="pay", above=-1)
    found = {
        "pay": {"starts": "payment", "methods": ["card"], "steps": [{**first, "timer": "payment"}, *others]},
        "transfer": {"starts": "payment", "methods": ["ach"], "steps": programs.steps(2, level="pay", above=-1)},
        "told": {
            "starts": "event",
            "idempotent": programs.pick(True, False),
            "steps": programs.steps(1, level="told", above=-1),
        },
        "befallen": {"starts": "event", "steps": programs.steps(1, level="last", above=-1)},
    }
    for queue, level, most in (("one", "batch", 2), ("two", "last", 1000)):
        batch = programs.steps(1, level="plain", above=-1)
        batch += programs.named(each=programs.steps(2, level=level, above=-1))
        found[f"take_{queue}"] = {"starts": "schedule", "schedule": "often", "takes": queue, "most_entries": most,
                                  "steps": batch}  # fmt: skip
    found["tick"] = {"starts": "schedule", "schedule": "often", "steps": programs.steps(1, level="plain", above=-1)}
    return {name: {**flow, **SOURCED} for name, flow in found.items()}


WORK = {
    "zero": {"constant_ms": 0}, "ten": {"constant_ms": 10}, "second": {"constant_ms": 1000},
    "random": {"exponential_mean_ms": 10},
}  # fmt: skip
WAITS = {"at_once": {"hours": 0}, "soon": {"hours": Decimal("0.01")}, "today": {"banking_days": 0, "at": "08:00"},
         "next_day": {"banking_days": 1, "at": "08:30"}}  # fmt: skip
SCORE = {"quantiles_score": {"p0": 1, "p50": 400, "p100": 1000}, **SOURCED}


def pipeline(programs: Programs, fine: bool) -> Pipeline:
    sourced = {name: {**law, **SOURCED} for name, law in WORK.items()}
    if fine:
        sourced["ten"] = sourced["random"]
    whole = {
        "name": "world", "title": "random", "region": "us-west-2", "functions": functions(programs),
        "handlers": handlers(programs), "work": sourced, "flows": flows(programs),
        "waits": {name: {**wait, **SOURCED} for name, wait in WAITS.items()},
        "schedules": {"often": {"every_minutes": programs.pick(1, 240), **SOURCED}},
        "stations": {"desk": {"servers": 1, "capacity": programs.pick(None, 2), **SOURCED},
                     "room": {"servers": 2, **SOURCED}},
        "tables": {"rows": {"row_bytes": 700, "indexes": 1, "opening_rows": 3, "scan_page_bytes": 4000, **SOURCED}},
        "risk": {"review_above": 300, "block_above": 600, "critical_above": 900, "score": SCORE, **SOURCED},
        "account_concurrency": quantity(programs.pick(1, 3, 1000) + 5),
        "async_retry_minutes": [quantity(minutes) for minutes in programs.pick((), (1, 2))],
        "duplicate_share": quantity(programs.pick(0, "0.3")),
        "batches_at_once": programs.pick(None, quantity(1), quantity(2)),
        "most_under_way": programs.pick(None, quantity(1), quantity(3)),
        "sdk_retry": {"attempts": quantity(3), "base_ms": quantity(programs.pick(0, 10)), "most_ms": quantity(15)},
    }  # fmt: skip
    return Pipeline.model_validate(whole)


def random_run(number: int, most: int, fine: bool = False) -> tuple[Plan, Payments, Timetable, int]:
    """A random pipeline and some payments on a grid of half seconds, so that much happens at one instant.

    fine: at any nanosecond instead, with laws of chance, so that little does.
    """
    programs = Programs(number, most)
    lag = {"quantiles_days": {"p0": Decimal("0.0001"), "p100": Decimal("0.001")}, **SOURCED}
    scenario = flat_scenario(1, payout_policy=programs.pick("per_payment", "per_provider"),
                             payouts_per_payment=programs.pick(1, 2),
                             fates={"chance": {"share": quantity("0.5"), "lag": lag}})  # fmt: skip
    plan = compile_plan(Assumptions("world", scenario, pipeline(programs, fine), services(fine), (), ""))
    days = 3 if plan.schedules[0].every_minutes == 240 else Decimal("0.05")
    times = make_timetable(plan, START, int(days * 86_400 * SECOND), number)
    return plan, some_payments(programs.random, 1 if fine else SECOND // 2), times, number


def some_payments(chance: random.Random, grid_ns: int) -> Payments:
    number = chance.randint(1, 40)
    arrival = np.array(sorted(chance.randint(0, 30 * SECOND // grid_ns) for _ in range(number)), np.int64) * grid_ns
    first = chance.randint(0, number - 1)
    begin = int(arrival[first])

    def each(low: int, high: int, kind: Any) -> np.ndarray:
        return np.array([chance.randint(low, high) for _ in range(number)], kind)

    return Payments(arrival, each(1, 9999, np.int64), each(0, 1, np.int8), each(0, 2, np.int32), (first, number), START,
                    (begin, begin + chance.randint(1, 30) * SECOND))  # fmt: skip


@settings(max_examples=60, derandomize=True)
@given(st.integers(0, 2**32), st.integers(1, 4))
def test_random_pipelines_are_equal(number: int, most: int) -> None:
    assert_equal(*random_run(number, most))


ONCE_DIFFERED = [(1937022466, 4), (1362189856, 2), (2702143765, 3), (4168115971, 4)]  # found by longer searches


@pytest.mark.parametrize(("number", "most"), ONCE_DIFFERED)
def test_random_pipelines_that_once_differed(number: int, most: int) -> None:
    assert_equal(*random_run(number, most))


# --- draws, at random bits and at the edges ------------------------------------------------------------------------------

BITS = st.one_of(st.integers(0, 2**64 - 1), st.sampled_from([0, 1, 2**62, 2**63 - 1, 2**63, 2**64 - 1]),
                 st.integers(0, 63).map(lambda bit: 1 << bit))  # fmt: skip


@settings(max_examples=300, derandomize=True)
@given(BITS, st.integers(0, 2**63 - 1), st.integers(0, 2**31 - 1), st.integers(0, 5))
def test_draws_are_the_same_bits(key: int, entity: int, repeat: int, attempt: int) -> None:
    assert int(kernel_draws.mix64(np.uint64(key))) == mix64(key)
    drawn = kernel_draws.draw_bits(np.uint64(key), entity, repeat, attempt)
    assert int(drawn) == draw_bits(key, entity, repeat, attempt)


@settings(max_examples=300, derandomize=True)
@given(BITS, st.sampled_from([1.0, 7.5, 3e9]))
def test_tables_give_the_same_values(bits: int, mean: float) -> None:
    law = LawTable.exponential(mean)
    assert kernel_draws.table_value(law.edges.astype(np.int64).reshape(1, -1), 0, np.uint64(bits)) == law.value(bits)


@settings(max_examples=300, derandomize=True)
@given(BITS, st.integers(0, 2**62))
def test_scaling_is_exact(bits: int, length: int) -> None:
    assert kernel_draws.scaled(np.uint64(bits), length) == bits * length // 2**64


# --- what is kept on disk ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("compiled_s", "kept"), [(10, True), (-10, False)])
def test_what_is_older_than_its_sources_is_not_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compiled_s: int, kept: bool
) -> None:
    source = tmp_path / "kernel_steps.py"
    source.touch()
    entry = tmp_path / "__pycache__" / f"kernel.advance-1.py{sys.version_info.major}{sys.version_info.minor}.nbi"
    entry.parent.mkdir()
    entry.touch()
    changed = source.stat().st_mtime
    os.utime(entry, (changed + compiled_s, changed + compiled_s))
    monkeypatch.setattr(kernel_files, "__file__", str(tmp_path / "kernel_files.py"))
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    assert kernel_files.is_compiled() is kept
    kernel_files.forget_stale.__wrapped__()
    assert entry.exists() is kept


@pytest.mark.parametrize(
    ("told", "locator"), [("NUMBA_CACHE_DIR", "UserProvidedCacheLocator"), ("XDG_CACHE_HOME", "UserWideCacheLocator")]
)
@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="where users keep caches is another folder there")
def test_numba_keeps_it_where_it_is_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: str, locator: str
) -> None:
    """An installation that may not be written to is compiled into a folder of the user's, of which numba tells."""
    from numba.core import caching, config

    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv(told, str(tmp_path))
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path))
    source = Path(kernel_files.__file__).with_name("kernel.py")
    of_numba = getattr(caching, locator)(test_numba_keeps_it_where_it_is_looked_for, str(source)).get_cache_path()
    assert Path(of_numba) == kernel_files.folders()[-1]
