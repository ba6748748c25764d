"""More than anything can bear: refused before it is made, stopped before memory runs out, or reported as overload."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import costmodel as cm
from costmodel.assumptions.catalog import load_assumptions
from costmodel.assumptions.changes import changes_from
from costmodel.cli.main import main
from costmodel.errors import InputError
from costmodel.simulation import replications
from costmodel.simulation.payments import Demand, generate
from costmodel.simulation.room import BYTES_PER_PAYMENT, LEFT_ALONE, Watchman, check_room, free_bytes
from tests.test_capacity import INVOKED, STATION, written

FLAT = {"workload.arrivals.weekday_shares": [1] * 7, "workload.arrivals.hour_shares": [1] * 24,
        "workload.arrivals.day_cv": 0, "workload.arrivals.hour_cv": 0, "lead_in_days": 0, "replications": 1}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "payments"),
    [
        ("workload.payments_per_month=10000000000", "14,666,666,667"),  # a month and 14 days of lead-in
        ("lead_in_days=1e9", None),
        ("workload.days=1e9", None),
    ],
)
def test_too_much_to_hold_is_refused_with_count_and_estimate(
    capsys: pytest.CaptureFixture[str], change: str, payments: str | None
) -> None:
    assert main(["run", "seed_aws", "--set", change]) == 2
    said = capsys.readouterr().err
    if payments is None:
        assert "less than or equal to 1000" in said
    else:
        assert f"workload.payments_per_month: {payments} payments with their lead-in take " in said
        assert "GB are free, of which 0.3 are left to others; measure a shorter time at the same rate" in said


@pytest.mark.parametrize("name", ["hourly_10k", "seed_aws"])
def test_the_estimate_is_what_making_payments_takes(name: str) -> None:
    """The peak of what Python and numpy allocate, for each payment made, those of the lead-in too."""
    scenario = load_assumptions(name, changes=changes_from({"workload.payments_per_month": 200_000})).scenario
    lead_in = 7 * 24 * 3600 * 10**9
    generate(scenario, 1, lead_in)  # tables of laws are made once
    tracemalloc.start()
    made = generate(scenario, 1, lead_in)
    taken = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 0.9 * BYTES_PER_PAYMENT <= taken / len(made.arrival_ns) <= BYTES_PER_PAYMENT


def test_expected_payments_are_those_made() -> None:
    scenario = load_assumptions("hourly_10k_quarter_hour", changes=changes_from({"workload.count": "fixed"})).scenario
    lead_in = 300 * 10**9
    made = generate(scenario, 1, lead_in)
    assert Demand(scenario, 1, lead_in).expected_in_all == pytest.approx(len(made.arrival_ns), abs=1)


def test_room_is_asked_for_only_where_it_is_known() -> None:
    check_room(10**12, None)
    check_room(1000, LEFT_ALONE + 1000 * BYTES_PER_PAYMENT)
    with pytest.raises(InputError, match="1,000 payments"):
        check_room(1000, LEFT_ALONE + 1000 * BYTES_PER_PAYMENT - 1)
    assert (free_bytes() or 1) > 0


def shrinking(by: int) -> Callable[[], int]:
    """Free memory that has become less at each look."""
    left = [10 * LEFT_ALONE + by]

    def free() -> int:
        left[0] -= by
        return left[0]

    return free


def test_a_run_stops_before_it_takes_the_last_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 10 parts free at first, one left alone: it stops once twice what was taken no longer fits, after the third."""
    now = [0.0]
    monkeypatch.setattr("costmodel.simulation.room.time.monotonic", lambda: now[0])
    told: list[int] = []
    watchman = Watchman(told.append, False, shrinking(LEFT_ALONE))

    def ten_looks() -> None:
        for at in range(10):
            now[0] += 1
            watchman(at * 3600 * 10**9 // 3)

    with pytest.raises(
        InputError, match=r"overload: after 1\.0 simulated hours what is under way still grows.*--capac"
    ):
        ten_looks()
    assert len(told) == 4  # 9, 8, 7 parts are free; at 6, twice the 4 taken and the one left alone do not fit


@pytest.mark.parametrize("engine", ["reference", "compiled"])
def test_both_engines_are_watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str) -> None:
    monkeypatch.setattr("costmodel.simulation.room.EVERY_S", 0)
    monkeypatch.setattr(replications, "free_bytes", shrinking(3 * LEFT_ALONE))
    folder = written(tmp_path, STATION, SERVERS="1", CAPACITY="")
    with pytest.raises(InputError, match="overload: after"):
        cm.run("small", data=folder, set={"workload.payments_per_month": 5000, **FLAT}, engine=engine)


OFFERED: list[tuple[str, dict[str, str], int, str]] = [
    (STATION, {"SERVERS": "1", "CAPACITY": ""}, 100, "wait for an answer when the measured time ends"),
    (INVOKED, {"ACCOUNT": "10", "RESERVED": ""}, 100, "of the payments fail"),
    (STATION, {"SERVERS": "10", "CAPACITY": "capacity = 10"}, 1000, "of the payments fail"),
]


@pytest.mark.parametrize(("pipeline", "values", "per_second", "says"), OFFERED)
def test_a_rate_that_nothing_can_bear_is_reported_as_overload(
    tmp_path: Path, pipeline: str, values: dict[str, str], per_second: int, says: str
) -> None:
    rate: dict[str, Any] = {"workload.payments_per_month": per_second * 720 * 3600, "workload.days": 0.001,
                            "horizon": "cohort", **FLAT}  # fmt: skip
    found = cm.run("small", data=written(tmp_path, pipeline, **values), set=rate, engine="reference")
    assert says in " ".join(found.overload)
    assert found.to_dict()["overload"] == list(found.overload)
    # ten servers of 1 s carry a tenth of 100 a second; one of 100 ms does, and ten of them a tenth of 1,000
    share = float(found.overload[0].split()[0])
    assert share == pytest.approx(90, abs=3)


def test_a_month_that_is_carried_is_no_overload() -> None:
    assert cm.run("seed_aws", set={"replications": 2}).overload == ()
