"""Replications until an interval is narrow enough, and differences in pairs, against figures worked out by hand."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import Any

import pytest

import costmodel as cm
from costmodel.assumptions.scenario import Scenario
from costmodel.cli.main import main
from costmodel.errors import UsageError
from costmodel.simulation.precision import Precision
from costmodel.simulation.statistics import Difference, paired
from tests.worlds import flat_scenario

# --- differences -----------------------------------------------------------------------------------------------------

# Student's t at 97.5 %, from any printed table: 1 degree of freedom 12.706, 2: 4.303, 3: 3.182.
# one [10, 12, 14], other [1, 2, 6]: differences [9, 10, 8], mean 9, squares 1 + 1 = 2, variance 2 / 2 = 1, half-width
# 4.303 × sqrt(1 / 3) = 2.484; squares of one 8, of the other 4 + 1 + 9 = 14; ratio (8 + 14) / 2 = 11.
PAIRS: list[tuple[list[float], list[float], float, float | None, float | None]] = [
    ([10, 12, 14], [1, 2, 6], 9, 2.484, 11),
    # the same moves on both sides: the difference is exact, and no ratio can be given
    ([1, 2, 3, 4], [0, 1, 2, 3], 1, 0.0, None),
    # opposite moves: [0, 2] - [2, 0] = [-2, 2], squares 8; apart 2 + 2: pairing makes it worse, ratio 1/2
    ([0, 2], [2, 0], 0, 12.706 * 2, 0.5),
    ([5], [3], 2, None, None),
]


@pytest.mark.parametrize(("ones", "others", "value", "half", "ratio"), PAIRS)
def test_paired_difference(
    ones: list[float], others: list[float], value: float, half: float | None, ratio: float | None
) -> None:
    found = paired(sum(ones) / len(ones), ones, sum(others) / len(others), others)
    assert found.value == value
    assert found.replications == len(ones)
    assert found.variance_ratio == (None if ratio is None else pytest.approx(ratio))
    if half is None:
        assert found.interval is None
    else:
        assert found.interval == pytest.approx((value - half, value + half), abs=2e-3)


@pytest.fixture(scope="module")
def months() -> list[Any]:
    """Five replications of the month, as it is, with debit entries at 50 cents, and with other luck."""
    five: dict[str, Any] = {"replications": 5}
    dearer = {"services.ach.debit_entries.price": 0.5}
    return [cm.run("seed_aws", set=five), cm.run("seed_aws", set=five | dearer), cm.run("seed_aws", set=five, seed=2)]


def test_the_same_luck_leaves_a_difference_nearly_without_noise(months: list[Any]) -> None:
    """A price moves no latency; the bill moves by the entries times what is added to the price."""
    plain, dearer, _ = months
    assert dearer.difference(plain, "latency_ms.p95") == Difference(0.0, (0.0, 0.0), None, 5)
    (line,) = [line for line in dearer.bill.lines if line.meter == "debit_entries"]
    (before,) = [line for line in plain.bill.lines if line.meter == "debit_entries"]
    assert line.unit_price_usd == Decimal("0.5")
    cost = dearer.difference(plain, "bill.total_usd")
    assert cost.value == pytest.approx(float(line.quantity * (line.unit_price_usd - before.unit_price_usd)), abs=0.01)
    assert cost.interval is not None
    assert 0 < cost.interval[0] < cost.value < cost.interval[1]
    assert cost.variance_ratio is not None
    assert cost.variance_ratio > 4


def test_pairs_need_the_same_luck_and_number_and_a_figure(months: list[Any]) -> None:
    plain, dearer, other = months
    with pytest.raises(UsageError, match="seeds 1 and 2 give different luck"):
        plain.difference(other, "latency_ms.p95")
    with pytest.raises(UsageError, match=r"no figure 'latency_ms.p59'; did you mean `latency_ms.p9"):
        plain.difference(dearer, "latency_ms.p59")
    with pytest.raises(UsageError, match="5 replications and 2 make no pairs"):
        plain.difference(cm.run("seed_aws", set={"replications": 2}), "latency_ms.p95")


def test_compare_shows_the_difference_with_its_interval_and_what_pairing_is_worth(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["compare", "seed_stripe", "seed_aws", "--perimeter", "same_rail", "--set", "replications=4"]
    assert main([*words, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    difference = found["difference_usd"]
    assert difference["value"] == pytest.approx(float(found["before_usd"]) - float(found["after_usd"]))
    assert difference["interval"] == pytest.approx(found["intervals"]["saving_usd"])
    assert difference["replications"] == 4
    assert main(words) == 0
    assert "Difference, USD a month: " in (printed := capsys.readouterr().out)
    assert "independent runs would have" in printed.replace("\n  ", " ")


# --- replications until ----------------------------------------------------------------------------------------------

HALF = {"x": (9.0, 11.0), "y": (0.0, 4.0), "alone": None}  # half-widths 1 and 2
WANTED = [
    ({}, 7, 7),
    ({"x": 1.0}, 7, 7),  # reached
    ({"x": 0.8}, 8, 13),  # 8 × (1 / 0.8)² = 12.5
    ({"x": 0.1}, 8, 16),  # 800, but at most twice as many at once
    ({"x": 0.1}, 60, 100),  # at most 100 in all
    ({"x": 0.1}, 100, 100),
    ({"x": 0.99, "y": 1.8}, 10, 13),  # 10.2 and 12.3: the wider one counts
    ({"x": 0.9999}, 3, 4),  # at least one more
    ({"alone": 1.0}, 1, 2),  # a single run has no interval yet
]


@pytest.mark.parametrize(("half_widths", "number", "wanted"), WANTED)
def test_how_many_replications_a_half_width_takes(half_widths: dict[str, float], number: int, wanted: int) -> None:
    assert Precision(half_widths, 100).replications(HALF, number) == wanted


@pytest.mark.parametrize("half", [0.0, -1.0, math.nan, math.inf])
def test_a_half_width_is_a_positive_number(half: float) -> None:
    with pytest.raises(UsageError, match="half an interval is above 0"):
        Precision.of(flat_scenario(10), {"latency_ms.p95": half})


def test_a_scenario_may_ask_too_and_the_caller_s_word_counts() -> None:
    scenario = Scenario.model_validate({**flat_scenario(10).model_dump(by_alias=True), "until": {"a": 5, "b": 7}})
    assert Precision.of(scenario, {"b": 3}).half_widths == {"a": 5.0, "b": 3.0}


def test_replications_are_added_until_the_interval_is_narrow_enough() -> None:
    result = cm.run("seed_aws", set={"replications": 3}, until={"latency_ms.mean": 20})
    pair = result.intervals["latency_ms.mean"]
    assert pair is not None
    assert (pair[1] - pair[0]) / 2 <= 20
    assert result.replications > 3
    whole = cm.run("seed_aws", set={"replications": result.replications})
    assert whole.to_dict() | {"until": 0, "provenance": 0} == result.to_dict() | {"until": 0, "provenance": 0}
    assert result.to_dict()["until"] == {
        "latency_ms.mean": {"half_width": 20, "reached": pytest.approx((pair[1] - pair[0]) / 2)}
    }


REFUSED = [
    ("latency_ms.p95", "not PATH=HALF"),
    ("latency_ms.p95=soon", "not PATH=HALF"),
    ("latency_ms.p95=0", "half an interval is above 0"),
    ("latency_ms.p59=5", "no figure of that name has a value; did you mean `latency_ms.p9"),
]


@pytest.mark.parametrize(("word", "says"), REFUSED)
def test_until_that_makes_no_sense_is_refused(capsys: pytest.CaptureFixture[str], word: str, says: str) -> None:
    assert main(["run", "seed_aws", "--until", word, "--set", "replications=2"]) == 2
    assert says in capsys.readouterr().err
