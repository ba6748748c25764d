"""How long places at stations are taken and waited for, and payments turned away: by hand, and from who is inside."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import costmodel as cm
from costmodel.simulation.compiled import Compiled
from costmodel.simulation.payments import Payments, month_start
from costmodel.simulation.plan import Outcome
from costmodel.simulation.reference import Reference
from tests.test_capacity import STATION, written
from tests.test_overload import FLAT
from tests.validation import theory
from tests.validation.networks import World, flow, law, quantity, scenario_of, station, visit, world

SECOND = 10**9
ENGINES = pytest.mark.parametrize("engine", [Reference, Compiled])


def desk(**more: Any) -> World:
    """One place at which each payment takes two seconds."""
    serve = {"work": {"serve": law("deterministic", 2000)}, "stations": {"desk": station(1)}}
    return world({**serve, "flows": {"pay": flow(visit("desk", "serve"))}, **more}, scenario_of(1000))


def coming(like: World, seconds: tuple[float, ...], window: tuple[float, float]) -> Payments:
    """Payments of a dollar at these times; those before the window are of the lead-in."""
    at, start = np.array(seconds), month_start(like.scenario)
    edges = (int(window[0] * SECOND), int(window[1] * SECOND))
    return Payments((at * SECOND).astype(np.int64), np.full(at.size, 100), np.zeros(at.size, np.int8),
                    np.zeros(at.size, np.int32), (int((at < window[0]).sum()), at.size), start, edges)  # fmt: skip


# arrivals at 1, 2 and 2.5 s are served from 1, 3 and 5 s on, two seconds each: one waits from 2 to 3 s, the other from
# 2.5 to 5 s. Of a window: seconds of its places taken and waited for; the most that waited are those of the whole run.
BY_HAND = [((0.5, 9), 6, 3.5), ((2.25, 4.5), 2.25, 0.75 + 2), ((6.5, 8), 0.5, 0), ((7.5, 8), 0, 0)]


@ENGINES
@pytest.mark.parametrize(("window", "taken_s", "waited_s"), BY_HAND)
def test_time_taken_and_waited_within_the_window(
    engine: Any, window: tuple[float, float], taken_s: float, waited_s: float
) -> None:
    counts = desk().run(1, coming(desk(), (1, 2, 2.5), window), engine=engine).counts
    assert counts.stations.tolist() == [[taken_s * 10**6, waited_s * 10**6, 2]]


@pytest.mark.parametrize("case", ["mm8", "mm4_12", "md2"])
def test_mean_numbers_follow_from_who_is_inside_when(case: str) -> None:
    """The same mean numbers from arrivals and departures alone."""
    made = theory.CASES[case]()
    run = made.world.run(1)
    start, end = run.payments.window
    taken, waited, most = run.counts.stations[0] * 1000 / np.array([end - start, end - start, 1000])
    shares = run.shares_of_time()
    assert taken / made.servers == pytest.approx(theory.of_time("utilization", shares, made.servers), rel=1e-9)
    assert waited == pytest.approx(theory.of_time("Lq", shares, made.servers), rel=1e-9)
    assert most == np.flatnonzero(shares).max() - made.servers


@ENGINES
def test_payments_beyond_the_most_under_way_are_turned_away(engine: Any) -> None:
    """With two under way at most, of four at 1, 2, 2.5 and 3.5 s the third is turned away: the first leaves at 3 s."""
    bounded = desk(most_under_way=quantity(2))
    counts = bounded.run(1, coming(bounded, (1, 2, 2.5, 3.5), (0.5, 9)), engine=engine).counts
    assert counts.turned_away == 1
    assert counts.outcomes[:, Outcome.FAILED].tolist() == [1, 1]
    assert counts.stations[0].tolist() == [6 * 10**6, 1 * 10**6 + 1.5 * 10**6, 1]


@pytest.mark.parametrize("engine", ["reference", "compiled"])
def test_a_rate_that_nothing_can_bear_runs_with_a_bounded_queue(tmp_path: Path, engine: str) -> None:
    """M/M/1/50 at ten times its rate: 1 - 1/10 is lost but for 10^-50, and the fifty that fit are always there."""
    bound = 'most_under_way = { value = 50, unit = "payment", SOURCED }\n'
    folder = written(tmp_path, bound + STATION, SERVERS="1", CAPACITY="")
    rate = {"workload.payments_per_month": 100 * 720 * 3600, "workload.days": "0.002", "horizon": "cohort", **FLAT}
    found = cm.run("small", data=folder, set=rate, engine=engine)
    share = float(found.overload[0].split()[0])
    assert found.overload[0].endswith("% of the payments are turned away")
    assert share == pytest.approx(90, abs=4 * 100 / 17_280**0.5)
    assert found.stations["desk"]["peak_waiting"] == 49
    assert found.stations["desk"]["utilisation"] == pytest.approx(100, abs=0.1)
    assert found.to_dict()["stations"] == found.stations
    assert found.to_dict()["turned_away"] > 0
