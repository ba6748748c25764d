"""How much a pipeline carries, against loss and waiting formulas; which limit binds; and the real command.

Pipelines are written to a folder that is laid over the shipped data, so that loading, lifting and `--set` are the real
ones.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costmodel.analysis.capacity import CapacityResult, capacity
from costmodel.analysis.searching import highest
from costmodel.cli.main import main
from costmodel.errors import InputError
from costmodel.run import run
from tests.worlds import LINES, PIPELINE_HEAD, SOURCED

LAW = f"[work.second]\nconstant_ms = 1000\n{LINES}\n[work.random]\nexponential_mean_ms = 100\n{LINES}\n"
FLOW = f'[flows.pay_in]\nstarts = "payment"\nmethods = ["card"]\n{LINES}\n'
DONE = '{ name = "done", as = "coded", end = "completed" }'
INVOKED = f"""
account_concurrency = {{ value = ACCOUNT, unit = "environment", {SOURCED} }}
{LAW}
[functions.f]
memory_mb = 512
timeout_s = 60
architecture = "arm64"
runtime = "nodejs20"
{LINES}
RESERVED
[handlers.h]
function = "f"
{LINES}
steps = [{{ name = "compute", as = "coded", work = "second" }}]
{FLOW}
steps = [{{ name = "pay", as = "coded", timer = "payment", invoke = "h" }}, {DONE}]
"""
STATION = f"""
{LAW}
[stations.desk]
servers = SERVERS
{LINES}
CAPACITY
{FLOW}
steps = [
    {{ name = "come", as = "coded", acquire = "desk" }},
    {{ name = "serve", as = "coded", work = "random" }},
    {{ name = "go", as = "coded", release = "desk" }},
    {DONE},
]
"""
SCENARIO = """
title = "a small world"
base = "seed_aws"
pipeline = "small"
pinned = false
[workload.methods]
card = 1
ach = 0
"""


LONG = {"capacity.stretch_payments": 20_000, "capacity.most_payments": 100_000, "capacity.searches": 3}


def written(folder: Path, pipeline: str, **values: str) -> Path:
    """A data folder with the pipeline `small` and the scenario `small`."""
    for word, value in values.items():
        pipeline = pipeline.replace(word, value)
    text = (PIPELINE_HEAD + pipeline).replace('name = "world"', 'name = "small"').replace("SOURCED", SOURCED)
    for kind, content in (("pipelines", text), ("scenarios", SCENARIO)):
        (folder / kind).mkdir()
        (folder / kind / "small.toml").write_text(content)
    return folder


def carried(folder: Path, **more: Any) -> CapacityResult:
    """The capacity of the small world at p99 of 10 s and 1 % failed, with stretches long enough to tell."""
    changes = dict(LONG) | more.pop("set", {})
    terms: dict[str, Any] = {"p99_ms": 10_000, "failed_percent": 1, "rows": 2, "engine": "compiled", **more}
    return capacity("small", data=folder, set=changes, **terms)


def assert_carries(found: CapacityResult, per_second: float) -> None:
    """The expected rate lies in the interval of the searches, but for the grid on which they stand."""
    row, step = found.rows[0], 1 + float(found.level.precision_percent.value) / 100
    assert row.interval is not None
    low, high = row.interval
    assert low / step <= per_second * 3600 <= high * step


# Traffic (erlang) at which 1 % of calls are lost, by lines: the tables of A. K. Erlang's formula B, N = 10: 4.46,
# N = 20: 12.0. It holds for any law of holding times; here each call holds a line for a second.
LOST_1_PERCENT = {10: 4.461, 20: 12.031}


@pytest.mark.parametrize("lines", LOST_1_PERCENT)
def test_account_concurrency_loses_as_erlang_s_formula_says(tmp_path: Path, lines: int) -> None:
    found = carried(written(tmp_path, INVOKED, ACCOUNT=str(lines), RESERVED=""))
    assert_carries(found, LOST_1_PERCENT[lines])
    (limit,) = found.rows[0].binding
    assert (limit.name, limit.scope, limit.path) == ("lambda concurrency", "account", "pipeline.account_concurrency")
    assert limit.used_percent == pytest.approx(100 * LOST_1_PERCENT[lines] / lines, rel=0.05)


def test_reserved_concurrency_binds_its_function_and_set_raises_it(tmp_path: Path) -> None:
    folder = written(tmp_path, INVOKED, ACCOUNT="1000", RESERVED="reserved_concurrency = 10")
    found = carried(folder, rows=1)
    assert_carries(found, LOST_1_PERCENT[10])
    (limit,) = found.rows[0].binding
    assert (limit.name, limit.scope) == ("reserved concurrency of f", "function")
    assert_carries(carried(folder, rows=1, set={limit.path: 20}), LOST_1_PERCENT[20])


def test_a_queue_waits_as_its_formula_says(tmp_path: Path) -> None:
    """M/M/1: the time in system is exponential of rate mu - lambda, so p99 is ln(100) / (mu - lambda)."""
    found = carried(written(tmp_path, STATION, SERVERS="1", CAPACITY=""), p99_ms=1000, engine="compiled")
    assert_carries(found, 10 - math.log(100))
    assert [limit.name for limit in found.rows[0].binding] == ["servers of desk"]
    assert found.rows[1].at_least  # served at once, p99 is 100 ms × ln(100), whatever the rate
    assert not found.rows[1].binding


def test_places_bind_before_servers(tmp_path: Path) -> None:
    """Ten servers of 100 ms and no room to wait lose 1 % at 44.6 a second; with room they carry nearly 100."""
    found = carried(written(tmp_path, STATION, SERVERS="10", CAPACITY="capacity = 10"), p99_ms=1000)
    assert_carries(found, 10 * LOST_1_PERCENT[10])
    assert [limit.name for row in found.rows for limit in row.binding] == ["places at desk", "servers of desk"]
    assert 0.9 < (found.rows[1].payments_per_hour or 0) / 3600 / 100 < 1


EVENTS = f"""
account_concurrency = {{ value = 1000, unit = "environment", {SOURCED} }}
{LAW}
[functions.f]
memory_mb = 512
timeout_s = 60
architecture = "arm64"
runtime = "nodejs20"
reserved_concurrency = 1
{LINES}
[handlers.h]
function = "f"
{LINES}
steps = [
    {{ name = "compute", as = "coded", work = "second" }},
    {{ name = "write", as = "coded", call = "kms.Encrypt" }},
]
{FLOW}
steps = [{{ name = "tell", as = "coded", call = "sns.Publish", size_kb = 1, starts = "told" }}, {DONE}]
[flows.told]
starts = "event"
{LINES}
steps = [{{ name = "handle", as = "coded", invoke = "h" }}]
"""


def test_a_backlog_that_grows_is_not_carried_although_no_payment_fails(tmp_path: Path) -> None:
    """One environment handles at most an event a second; events that find it busy come back for hours."""
    level = {"capacity.stretch_payments": 2_000, "capacity.skipped_percent": 100}
    found = carried(written(tmp_path, EVENTS), rows=2, set=level)
    first, second = found.rows
    assert first.payments_per_hour is not None
    assert second.payments_per_hour is not None
    assert 0.5 * 3600 < first.payments_per_hour < 1.02 * 3600
    assert "backlog" in " ".join(first.breaks)
    assert [limit.name for limit in first.binding] == ["reserved concurrency of f"]
    assert second.payments_per_hour > 100 * first.payments_per_hour


def test_a_month_says_how_busy_it_is(tmp_path: Path) -> None:
    """500 payments of 1 s, always warm, in the 720 h of November: 500 s of 2,592,000 s."""
    folder = written(tmp_path, INVOKED, ACCOUNT="1000", RESERVED="provisioned_concurrency = 5")
    month = run("small", data=folder, set={"replications": 1, "horizon": "cohort", "on": dt.date(2026, 11, 23)})
    assert month.functions["f"]["mean_concurrency"] == pytest.approx(500 / 2_592_000)
    overhead_ms = month.latency_ms["mean"] - 1000 if month.latency_ms["mean"] else 0
    assert 0 < overhead_ms < 100
    assert month.figures["in_flight"]["payment"] == pytest.approx((1 + overhead_ms / 1000) * 500 / 2_592_000)


# --- the search ------------------------------------------------------------------------------------------------------


@given(st.data())
def test_the_search_finds_the_edge_from_wherever_it_starts(data: st.DataObject) -> None:
    least = data.draw(st.integers(-300, 300))
    most = data.draw(st.integers(least, least + 600))
    first, edge = data.draw(st.integers(least, most)), data.draw(st.integers(least - 2, most + 2))
    tried: list[int] = []

    def holds(number: int) -> bool:
        tried.append(number)
        return number <= edge

    assert highest(holds, first, least, most) == (None if edge < least else min(edge, most))
    assert all(least <= number <= most for number in tried)
    assert len(set(tried)) == len(tried) <= 2 * math.log2(2 + abs(edge - first)) + 3


# --- the command -----------------------------------------------------------------------------------------------------

SMALL = ("searches=1", "stretch_payments=3000", "least_stretch_s=30")
QUICK = ["--engine", "compiled", *(word for small in SMALL for word in ("--set", f"capacity.{small}"))]


def asked(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    """The JSON document of `run --capacity` on the shipped scenario."""
    assert main(["run", "seed_aws", "--capacity", *QUICK, "--format", "json", *words]) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def test_raising_the_limit_that_binds_moves_the_answer_to_the_next(capsys: pytest.CaptureFixture[str]) -> None:
    found = asked(capsys)["capacity"]
    (first,), (second,) = found["rows"][0]["binding"], found["rows"][1]["binding"]
    assert first["path"] != second["path"]
    document = asked(capsys, "--set", f"{first['path']}={first['most'] * 1000:.0f}")
    raised = document["capacity"]["rows"][0]
    assert [limit["path"] for limit in raised["binding"]] == [second["path"]]
    assert raised["payments_per_hour"] == pytest.approx(found["rows"][1]["payments_per_hour"], rel=0.0101)
    assert document["capacity"]["payments_per_hour"] > 2 * found["payments_per_hour"]
    assert f"--set {first['path']}" in " ".join(document["provenance"]["overridden"])


def test_a_level_that_the_path_itself_misses_is_held_at_no_rate(capsys: pytest.CaptureFixture[str]) -> None:
    found = asked(capsys, "--p99-ms", "10")["capacity"]
    assert found["payments_per_hour"] is None
    assert found["rows"] == [{"payments_per_hour": None, "interval": None, "at_least": False, "binding": [],
                              "breaks": found["rows"][0]["breaks"]}]  # fmt: skip
    assert found["rows"][0]["breaks"][0].startswith("p99 ")


@pytest.mark.parametrize(
    ("form", "begins"),
    [("table", "seed_aws: how much it carries"), ("csv", "payments_per_hour,low,high,"), ("markdown", "# seed_aws:")],
)
def test_other_formats(capsys: pytest.CaptureFixture[str], form: str, begins: str) -> None:
    assert main(["run", "seed_aws", "--capacity", *QUICK, "--p99-ms", "10", "--format", form]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(begins)
    assert max(map(len, printed.splitlines())) <= 100 or form != "table"


REFUSED = [
    (["--p99-ms", "500"], "add --capacity"),
    (["--capacity", "--payments", "x.csv"], "leave out --payments"),
    (["--capacity", "--p99-ms", "0"], "--set capacity.p99_ms=0.0: capacity.p99_ms: must be above 0"),
    (["--capacity", "--p99-ms", "nan"], "should be a finite number"),
    (["--capacity", "--failed-percent", "101"], "capacity.failed_percent: must be from 0 to 100"),
    (["--capacity", "--set", "capacity.searches=1.5"], "capacity.searches: must be a whole number"),
    (["--capacity", "--set", "capacity.stretch_payments=1e9"], "do not fit into `most_payments`"),
    (["--capacity", "--set", "capacity.p99=1"], "capacity.p99: unknown key; remove it; did you mean `p99_ms`"),
]


@pytest.mark.parametrize(("words", "says"), REFUSED, ids=[" ".join(words) for words, _ in REFUSED])
def test_what_makes_no_sense_is_refused(capsys: pytest.CaptureFixture[str], words: list[str], says: str) -> None:
    assert main(["run", "seed_aws", *words]) == 2
    assert says in capsys.readouterr().err


def test_a_scenario_without_a_service_level_says_what_to_add(tmp_path: Path, root: Path) -> None:
    (tmp_path / "scenarios").mkdir()
    text = (root / "data" / "scenarios" / "seed_aws.toml").read_text(encoding="utf-8")
    own = tmp_path / "scenarios" / "own.toml"
    own.write_text(text.partition("# --- what counts as carrying the load")[0], encoding="utf-8")
    with pytest.raises(InputError, match='capacity: missing; add the section, or `base = "seed_aws"`'):
        capacity("own", data=tmp_path)
