"""Sweeps: grids, points that are kept, the same table however it was computed, pairs under the same luck."""

from __future__ import annotations

import datetime as dt
import os
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import pytest

import costmodel as cm
from costmodel.analysis.grid import make_grid
from costmodel.analysis.points import code_sha256, point_sha256
from costmodel.analysis.store import Store
from costmodel.analysis.sweep import sweep
from costmodel.assumptions.changes import Change, parse_change
from costmodel.errors import InputError, UsageError

ONCE = {"replications": 1}
PRICE = "services.ach.debit_entries.price"
PAYMENTS = "workload.payments_per_month"

# --- grids -----------------------------------------------------------------------------------------------------------

AXES = [
    ("workload.mean_ticket_usd=100,199.5", [100, Decimal("199.5")]),
    ("on=2026-01-01, 2027-01-01", [dt.date(2026, 1, 1), dt.date(2027, 1, 1)]),
    ("workload.payout_policy=per_payment,per_provider", ["per_payment", "per_provider"]),
    ('workload.methods={ach = 1, card = 0},{ach = "0.5", card = "0.5"}', [{"ach": 1, "card": 0}, {"ach": "0.5", "card": "0.5"}]),
    (f"{PRICE}=0.1:0.4:4", [Decimal("0.1"), Decimal("0.2"), Decimal("0.3"), Decimal("0.4")]),
    (f"{PRICE}=0.01:1:3:log", [Decimal("0.01"), Decimal("0.1"), Decimal(1)]),
    (f"{PRICE}=0.5:0.1:1", [Decimal("0.5")]),
    (f"{PAYMENTS}=500:50000:3:log", [500, 5000, 50_000]),
    (f"{PAYMENTS}=1:4:3", [1, 3, 4]),        # 2.5 is rounded half up
    (f"{PAYMENTS}=1:3:9", [1, 2, 3]),        # 1, 1.25, 1.5, …: what occurs twice is taken once
    (f"{PAYMENTS}=1000:100:2", [1000, 100]),
]  # fmt: skip


@pytest.mark.parametrize(("word", "values"), AXES)
def test_axis(word, values):
    axis = make_grid([word]).axes[0]
    assert list(axis.values) == values
    assert [type(value) for value in axis.values] == [type(value) for value in values]


def test_the_last_axis_runs_fastest():
    grid = make_grid(["a=1,2", "b=3,4,5"])
    assert grid.number == 6
    assert list(grid.points())[:3] == [(Change("a", 1), Change("b", value)) for value in (3, 4, 5)]


BAD_GRIDS = [
    ([], "the grid is empty"),
    (["a="], "the grid is empty"),
    (["a=1:2:0"], "has 0 values: the grid is empty"),
    (["a"], "not KEY=VALUES"),
    (["=1"], "not KEY=VALUES"),
    (["a=1:2"], "is no range"),
    (["a=1:x:3"], "is no range"),
    (["a=1:2:2.5"], "is no range"),
    (["a=1:2:3:lin"], "ends in `lin`"),
    (["a=0:2:3:log"], "both ends must be above 0"),
    (["a=1:inf:3"], "no finite number"),
    (["a=1", "a=2"], "is varied twice"),
]


@pytest.mark.parametrize(("words", "says"), BAD_GRIDS)
def test_bad_grid(words, says):
    with pytest.raises(InputError) as caught:
        make_grid(words)
    assert says in str(caught.value)


def test_a_billion_points_are_refused_with_their_count_and_an_estimate(tmp_path):
    with pytest.raises(InputError, match=r"1,000,000,000 points \(1,000,000,000\), about [\d,]+ days on one core"):
        sweep("seed_stripe", [f"{PRICE}=0:1:1000000000"], set=ONCE, store=tmp_path / "s")
    with pytest.raises(InputError, match=r"1,000,000 points \(1,000 × 1,000\)"):
        sweep("seed_stripe", [f"{PRICE}=0:1:1000", "workload.mean_ticket_usd=1:2:1000"], set=ONCE, store=tmp_path / "s")
    assert not (tmp_path / "s").exists()


def test_impossible_values_are_reported_with_their_points_before_any_work(tmp_path):
    with pytest.raises(InputError) as caught:
        sweep("seed_stripe", [f"{PAYMENTS}=-1,0,1", "workload.mean_ticket_usd=0,1"], store=tmp_path / "s")
    told = str(caught.value).splitlines()
    assert len(told) == 3
    assert told[0].startswith(f"point 1 of 6 ({PAYMENTS}=-1, workload.mean_ticket_usd=0): {PAYMENTS}")
    assert "mean_ticket_usd" in told[1]
    assert told[2].startswith(f"point 3 of 6 ({PAYMENTS}=0, workload.mean_ticket_usd=0): {PAYMENTS}")
    with Store(tmp_path / "s") as store:
        assert not store.find(["a"])


# --- the same table, however it was computed -------------------------------------------------------------------------

VARIED = {PAYMENTS: [20, 30], PRICE: ["0.2", "0.4", "0.6"]}


class Backwards(Executor):
    """Runs what it is given in reverse order, when the last of it is asked for."""

    def __init__(self):
        self.waiting = []

    def submit(self, fn, /, *args, **kwargs):
        self.waiting.append((Future(), fn, args, kwargs))
        if len(self.waiting) == 2:  # one task for each number of payments: points with the same events go together
            for future, call, given, named in reversed(self.waiting):
                future.set_result(call(*given, **named))
        return self.waiting[-1][0]


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    return sweep("seed_stripe", VARIED, set={"replications": 2}, store=tmp_path_factory.mktemp("alone") / "s")


@pytest.mark.parametrize("how", ["threads", "backwards", "processes"])
def test_same_bytes_whoever_computes(how, alone, tmp_path):
    who = {
        "threads": {"executor": ThreadPoolExecutor(3)},
        "backwards": {"executor": Backwards()},
        "processes": {"workers": 2},
    }
    found = sweep("seed_stripe", VARIED, set={"replications": 2}, store=tmp_path / "s", **who[how])
    assert found.to_frame().to_csv() == alone.to_frame().to_csv()
    assert found.to_dict() == alone.to_dict()


def test_every_point_is_what_run_gives(alone):
    for point in alone.points:
        month = cm.run("seed_stripe", set={"replications": 2, **point.values})
        assert Decimal(point.outcome["bill"]["total_usd"]) == month.bill.total_usd
        assert point.interval("latency_ms.p95") == pytest.approx(month.intervals["latency_ms.p95"], rel=1e-12)


def test_points_with_the_same_events_share_one_simulation(monkeypatch, tmp_path):
    from costmodel.analysis import points

    simulated = []
    monkeypatch.setattr(
        points, "simulated_month", lambda *a, **k: simulated.append(1) or cm.run.__globals__["simulated_month"](*a, **k)
    )
    points._month.cache_clear()
    sweep("seed_stripe", {PRICE: ["0.21", "0.41"], PAYMENTS: [21, 31], "services.stripe.card.price": ["0.1", "0.2"]},
          set=ONCE, store=tmp_path / "s")  # fmt: skip
    assert len(simulated) == 2  # one for each number of payments, none for a price


def test_a_repeated_sweep_computes_only_what_is_missing(tmp_path, monkeypatch):
    first = sweep("seed_stripe", {PAYMENTS: [20, 30]}, set=ONCE, store=tmp_path / "s")
    more = sweep("seed_stripe", {PAYMENTS: [20, 30, 40]}, set=ONCE, store=tmp_path / "s")
    assert (first.reused, more.reused) == (0, 2)
    other_seed = sweep("seed_stripe", {PAYMENTS: [20]}, set=ONCE, seed=9, store=tmp_path / "s")
    assert other_seed.reused == 0


def test_the_key_is_the_content_of_scenario_data_and_code():
    point = (Change("a", 1),)
    keys = {point_sha256("base", "code", point), point_sha256("other", "code", point), point_sha256("base", "other", point),
            point_sha256("base", "code", (Change("a", 2),)), point_sha256("base", "code", (Change("a", "1"),)),
            point_sha256("base", "code", (Change("b", 1),))}  # fmt: skip
    assert len(keys) == 6
    assert code_sha256() == code_sha256()


def test_default_store_hides_from_git(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sweep("seed_stripe", {PAYMENTS: [20]}, set=ONCE)
    assert (tmp_path / ".costmodel/sweeps.sqlite").is_file()
    assert (tmp_path / ".costmodel/.gitignore").read_text() == "*\n"


# --- killed, shared, full --------------------------------------------------------------------------------------------

SWEPT = {"services.stripe.card.price": [f"0.{number:03d}" for number in range(200)]}
KILLED = f"""
from costmodel.analysis.sweep import sweep
sweep("seed_stripe", {{"services.stripe.card.price": [f"0.{{n:03d}}" for n in range(200)]}}, set={ONCE}, store="s")
"""


def rows(path: Path) -> int:
    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as store:
            return store.execute("SELECT count(*) FROM point").fetchone()[0]
    except sqlite3.OperationalError:  # not there yet
        return 0


def test_kill_9_in_a_sweep_of_200_points_loses_nothing_and_computes_nothing_twice(tmp_path):
    whole = sweep("seed_stripe", SWEPT, set=ONCE, store=tmp_path / "whole")
    env = {**os.environ, "PYTHONPATH": str(Path(cm.__file__).parent.parent)}
    process = subprocess.Popen([sys.executable, "-c", KILLED], cwd=tmp_path, env=env)
    try:
        while rows(tmp_path / "s") < 20 and process.poll() is None:
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    kept = rows(tmp_path / "s")
    assert 20 <= kept < 200
    again = sweep("seed_stripe", SWEPT, set=ONCE, store=tmp_path / "s")
    assert again.reused == kept
    assert again.to_frame().to_csv() == whole.to_frame().to_csv()
    assert rows(tmp_path / "s") == 200


def test_two_sweeps_on_one_store_at_once(tmp_path, alone):
    with ThreadPoolExecutor(2) as pool:
        both = [
            pool.submit(sweep, "seed_stripe", VARIED, set={"replications": 2}, store=tmp_path / "s") for _ in range(2)
        ]
        for one in both:
            assert one.result().to_dict() == alone.to_dict()
    assert rows(tmp_path / "s") == 6


def altered(path: Path, statement: str) -> None:
    with Store(path) as store:
        store.keep([("key", "kept")])
        store.connection.execute(statement)


def test_store_of_another_version_is_left_alone(tmp_path):
    altered(tmp_path / "s", "PRAGMA user_version = 7")
    with pytest.raises(InputError, match="written by another version of costmodel \\(layout 7; this one has 1\\)"):
        Store(tmp_path / "s")
    assert rows(tmp_path / "s") == 1


BAD_STORES = [
    ("other", lambda path: sqlite3.connect(path).execute("CREATE TABLE x (y)"), "is a database of something else"),
    ("text", lambda path: path.write_text("no database" * 100), "damaged or no store"),
    ("folder", lambda path: path.mkdir(), "cannot be written there"),
    ("below a file", lambda path: path.parent.joinpath("file").write_text(""), "cannot be used"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "make", "says"), BAD_STORES, ids=[kind for kind, *_ in BAD_STORES])
def test_bad_store(kind, make, says, tmp_path):
    path = tmp_path / ("file/s" if kind == "below a file" else "s")
    make(path if kind != "below a file" else tmp_path / "s")
    with pytest.raises(InputError, match=says) as caught:
        Store(path)
    assert "--store" in str(caught.value)


def test_read_only_store_says_so(tmp_path):
    Store(tmp_path / "s").__exit__()
    store = Store(tmp_path / "s")
    store.connection.execute("PRAGMA query_only = ON")
    with store, pytest.raises(InputError, match="it cannot be written there; name another place with --store"):
        store.keep([("a", "b")])


def test_full_disk_keeps_what_was_finished(tmp_path, monkeypatch):
    opened = Store._open

    def small_disk(self):
        opened(self)
        self.connection.execute("PRAGMA max_page_count = 24")

    monkeypatch.setattr(Store, "_open", small_disk)
    with pytest.raises(InputError, match=r"full.*make room and give the same command again") as caught:
        sweep("seed_stripe", SWEPT, set=ONCE, store=tmp_path / "s")
    assert caught.value.begun  # the command then does not say that nothing was run
    monkeypatch.undo()
    assert 0 < rows(tmp_path / "s") < 200
    with sqlite3.connect(tmp_path / "s") as store:
        assert store.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_an_interrupt_says_what_is_kept(tmp_path):
    seen = []

    def interrupt(share):
        seen.append(share)
        if share >= 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match=r"1 of 4 points are in .*, and the same command goes on from there"):
        sweep("seed_stripe", {PAYMENTS: [20, 21, 22, 23]}, set=ONCE, store=tmp_path / "s", watch=interrupt)
    assert rows(tmp_path / "s") == 1  # the second was simulated, but not yet finished
    assert seen == sorted(seen)


BAD_WORKERS = [
    ({"workers": 0}, "at least 1"),
    ({"workers": 2, "dask": "tcp://127.0.0.1:1"}, "not both"),
    ({"dask": "nowhere"}, "no scheduler answers there"),
]


@pytest.mark.parametrize(("who", "says"), BAD_WORKERS)
def test_bad_workers(who, says, tmp_path):
    with pytest.raises(UsageError, match=says):
        sweep("seed_stripe", {PAYMENTS: [20]}, set=ONCE, store=tmp_path / "s", **who)


# --- neighbours differ by cause --------------------------------------------------------------------------------------


def test_one_percent_of_a_price_or_a_latency_shows_under_the_same_luck(tmp_path):
    law = cm.load("seed_aws").services["fraud_detector"].latency[0]
    path = f"services.fraud_detector.latency.{law.operation}.quantiles_ms"
    slower = [{name: ms * factor for name, ms in law.quantiles_ms.items()} for factor in (Decimal(1), Decimal("1.01"))]
    varied = [(PRICE, ["0.25", "0.2525"], "bill.total_usd"), (path, slower, "latency_ms.mean")]
    for name, values, figure in varied:
        found = sweep("seed_aws", {name: values}, store=tmp_path / "s").difference(figure, 1)
        assert found.interval is not None
        assert 0 < found.interval[0] < found.value < found.interval[1]
        assert found.variance_ratio > 10


def test_differences_from_the_first_point_stand_in_every_document(capsys, tmp_path):
    import csv
    import io
    import json

    from costmodel.cli.main import main

    words = ["sweep", "seed_aws", "--vary", f"{PRICE}=0.25,0.2525", "--store", str(tmp_path / "s"), "--differences"]
    found = sweep("seed_aws", {PRICE: ["0.25", "0.2525"]}, store=tmp_path / "s")
    expected = found.difference("bill.total_usd", 1)
    assert main([*words, "--format", "json"]) == 0
    shown = json.loads(capsys.readouterr().out)["points"][1]["differences"]["bill.total_usd"]
    assert (shown["value"], tuple(shown["interval"])) == (expected.value, expected.interval)
    assert main([*words, "--format", "csv", "--figure", "bill.total_usd"]) == 0
    first, second = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert float(first["bill.total_usd_difference"]) == 0
    # 1 % of $0.25 on each of some 510 entries
    assert (
        float(second["bill.total_usd_difference_low"])
        < 0.0025 * 515
        < float(second["bill.total_usd_difference"]) * 1.01
    )
    assert float(second["bill.total_usd_variance_ratio"]) > 1000
    assert main([*words]) == 0
    assert "± USD a month" in capsys.readouterr().out
    assert main([*words, "--figure", "dead_letters"]) == 2
    assert "not kept by replication" in capsys.readouterr().err


def test_shortened_points_have_intervals_and_keys_of_their_own(tmp_path):
    busy, lasting = {PAYMENTS: [20, 100_000]}, {"replicate_up_to_payments": 400}
    whole = sweep("seed_stripe", {PAYMENTS: [20]}, set=lasting, store=tmp_path / "s")
    found = sweep("seed_stripe", busy, set=lasting, store=tmp_path / "s", shorten=True)
    assert whole.reused == found.reused == 0
    few, many = found.points
    assert (few.outcome["payments"], few.outcome["replications"]) == (20, 5)
    assert (many.outcome["payments"], many.outcome["replications"]) == (80, 5)  # 400 in five replications
    assert many.figure("throughput.offered_per_hour") == pytest.approx(100_000 / 720, rel=0.01)  # the full rate
    low, high = many.interval("bill.total_usd")
    assert 0 < low < many.figure("bill.total_usd") < high
    assert found.base.overridden == whole.base.overridden  # what shortens is not said to be asked for
    assert sweep("seed_stripe", busy, set=lasting, store=tmp_path / "s", shorten=True).reused == 2


def test_rows_name_the_nearest_figure(alone):
    assert list(alone.rows(["bill.total_usd"])[0]) == [
        PAYMENTS,
        PRICE,
        "bill.total_usd",
        "bill.total_usd_low",
        "bill.total_usd_high",
    ]
    with pytest.raises(UsageError, match=r"did you mean .*`latency_ms\.p95`"):
        alone.rows(["latency_ms.p59"])
    with pytest.raises(UsageError, match="not kept by replication"):
        alone.difference("dead_letters", 1)


def test_change_words_and_python_values_make_the_same_point():
    assert parse_change(f"{PAYMENTS}=20") == make_grid({PAYMENTS: [20]}).points().__next__()[0]


# --- the command -----------------------------------------------------------------------------------------------------


def test_command(capsys, tmp_path):
    import json

    from costmodel.cli.main import main

    words = ["sweep", "seed_stripe", "--vary", f"{PAYMENTS}=20,30", "--vary", "workload.mean_ticket_usd=100,200",
             "--set", "replications=2", "--store", str(tmp_path / "s")]  # fmt: skip
    assert main(words) == 0
    table = capsys.readouterr().out
    assert table.startswith("seed_stripe: from $")
    assert "payments_per_month  mean_ticket_usd  USD a month" in table
    assert "overridden: --set replications=2" in table
    assert main([*words, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [point["values"] for point in found["points"]][:2] == [
        {PAYMENTS: "20", "workload.mean_ticket_usd": "100"}, {PAYMENTS: "20", "workload.mean_ticket_usd": "200"}]  # fmt: skip
    assert main([*words, "--format", "csv", "--figure", "latency_ms.max"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{PAYMENTS},workload.mean_ticket_usd,latency_ms.max,latency_ms.max_low,latency_ms.max_high"
    assert len(lines) == 5
    assert main([*words, "--format", "markdown"]) == 0
    assert capsys.readouterr().out.startswith("# seed")


REFUSED = [
    (["--vary", f"{PAYMENTS}=0,20"], f"point 1 of 2 ({PAYMENTS}=0): {PAYMENTS}"),
    ([], "the grid is empty"),
    (["--vary", "payments_per_month=20"], "did you mean `workload.payments_per_month`"),
    (["--vary", f"{PAYMENTS}=20", "--figure", "bill.totl_usd"], "did you mean `bill.total_usd`"),
    (["--vary", f"{PAYMENTS}=20", "--dask", "tcp://127.0.0.1:9"], "no scheduler answers there"),
    (["--vary", f"{PAYMENTS}=20", "--workers", "0"], "at least 1 is needed"),
]


@pytest.mark.parametrize(("words", "says"), REFUSED)
def test_command_refuses(words, says, capsys, tmp_path, monkeypatch):
    from costmodel.analysis import executors
    from costmodel.cli.main import main

    monkeypatch.setattr(executors, "CONNECT_S", 1)
    assert main(["sweep", "seed_stripe", "--set", "replications=1", "--store", str(tmp_path / "s"), *words]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert says in captured.err
    assert "Traceback" not in captured.err
