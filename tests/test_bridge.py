"""The bridge: shares that add up to the cent, depend on no order, and are what the months themselves say."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from decimal import Decimal as D
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import pyplot as plt

import costmodel as cm
from costmodel.analysis.attribution import shapley, subsets, to_cents
from costmodel.analysis.bridging import Bridge, bridge
from costmodel.analysis.hybrids import CAUSES, PIPELINE, SCENARIO, SERVICE, WORKLOAD, differences, hybrid
from costmodel.assumptions.changes import changes_from
from costmodel.assumptions.pipeline import Pipeline
from costmodel.assumptions.scenario import Scenario, Workload
from costmodel.assumptions.service import Service
from costmodel.cli.main import main
from costmodel.errors import UsageError
from costmodel.reporting import charts_what_if
from costmodel.reporting.bridge_screen import bridge_finding
from costmodel.reporting.captions_what_if import alt_text

TAXI = Path(__file__).resolve().parent / "samples" / "nyc_taxi_2019-03.csv"

# --- the arithmetic -----------------------------------------------------------------------------------------

GLOVES = [  # a left and two right gloves; a pair is worth 1. Source: the textbook example; left 2/3, right 1/6 each.
    ("left", Fraction(2, 3)),
    ("right_1", Fraction(1, 6)),
    ("right_2", Fraction(1, 6)),
]


def pairs(some: frozenset[str]) -> D:
    return D(int("left" in some and bool(some - {"left"})))


def test_glove_game() -> None:
    assert shapley([name for name, _ in GLOVES], pairs) == dict(GLOVES)


AMOUNTS = st.integers(-(10**9), 10**9)


@settings(max_examples=20)
@given(st.lists(AMOUNTS, min_size=8, max_size=8))
def test_shares_sum_exactly_in_any_order(amounts: list[int]) -> None:
    names = ["a", "b", "c"]
    known = dict(zip(subsets(names), (D(amount).scaleb(-4) for amount in amounts), strict=True))
    whole = known[frozenset(names)] - known[frozenset()]
    shares = [shapley(list(order), known.__getitem__) for order in itertools.permutations(names)]
    assert all(share == shares[0] for share in shares)
    assert sum(shares[0].values()) == Fraction(whole)


@given(st.lists(st.fractions(-(10**6), 10**6), min_size=1, max_size=6))
def test_cents_sum_to_the_whole(shares: list[Fraction]) -> None:
    exact = sum(shares)
    whole = D(exact.numerator) / D(exact.denominator)
    named = {str(at): share for at, share in enumerate(shares)}
    cents = to_cents(named, whole.quantize(D("0.01")))
    assert sum(cents.values()) == whole.quantize(D("0.01"))
    assert all(abs(Fraction(cents[name]) - share) <= Fraction(2, 100) for name, share in named.items())


# --- hybrids ------------------------------------------------------------------------------------------------


def test_a_cause_names_fields_that_there_are() -> None:
    for table, model in ((WORKLOAD, Workload), (SCENARIO, Scenario), (PIPELINE, Pipeline), (SERVICE, Service)):
        assert set(table) <= set(model.model_fields)
        assert set(table.values()) <= set(CAUSES)


def test_hybrid_of_nothing_and_of_everything() -> None:
    before, after = cm.load("seed_stripe"), cm.load("hourly_10k_quarter_hour")
    none, every = hybrid(before, after, frozenset()), hybrid(before, after, frozenset(CAUSES))
    assert (none.scenario, none.pipeline, none.services) == (before.scenario, before.pipeline, before.services)
    assert every.pipeline == after.pipeline
    assert every.scenario.model_copy(update={"title": "", "base": None, "pipeline": "x", "pinned": False}) == (
        after.scenario.model_copy(update={"title": "", "base": None, "pipeline": "x", "pinned": False})
    )


def test_differences_are_named_by_cause() -> None:
    before = cm.load("seed_aws")
    after = cm.load("seed_aws", changes=changes_from({"services.ach.debit_entries.price": 1, "workload.mean_ticket_usd": 50,
                                                 "pipeline.functions.fraud_detector.memory_mb": 2048}))  # fmt: skip
    found = differences(before, after)
    assert found == {
        "ticket size": ["workload.mean_ticket_usd 200 → 50"],
        "prices": ["services.ach.meter.debit_entries"],
        "configuration": ["pipeline.functions.fraud_detector"],
    }


# --- months -------------------------------------------------------------------------------------------------

TWO = {"workload.payments_per_month": 1000, "services.stripe.dispute.price": 30}
SETS = ({}, {"workload.payments_per_month": 1000}, {"services.stripe.dispute.price": 30}, TWO)


@pytest.fixture(scope="module")
def result() -> Bridge:
    return bridge("seed_stripe", "seed_stripe", set={**TWO, "replications": 3})


def test_two_causes_are_the_mean_of_both_orders(result: Bridge) -> None:
    """Each month run by itself: 500 or 1,000 payments, a dispute at $15 or $30."""
    neither, more, dearer, both = (
        cm.run("seed_stripe", set={**asked, "replications": 3 if "workload.payments_per_month" in asked else 20})
        .bill.total_usd for asked in SETS
    )  # fmt: skip
    parts = {part.cause: part.usd for part in result.parts}
    assert parts["volume"] == pytest.approx(((more - neither) + (both - dearer)) / 2, abs=D("0.02"))
    assert parts["prices"] == pytest.approx(((dearer - neither) + (both - more)) / 2, abs=D("0.02"))
    assert result.before_usd == neither.quantize(D("0.01"))
    assert result.after_usd == both.quantize(D("0.01"))


def test_parts_sum_to_the_cent(result: Bridge) -> None:
    assert result.before_usd + sum((part.usd for part in result.parts), D(0)) == result.after_usd


def test_intervals_hold_their_part(result: Bridge) -> None:
    for part in result.parts:
        low, high = part.interval or (0, 0)
        assert low <= float(part.usd) <= high


def test_nothing_differs() -> None:
    found = bridge("seed_stripe", "seed_stripe")
    assert found.parts == ()
    assert found.before_usd == found.after_usd
    assert bridge_finding(found).endswith("nothing differs")


def test_results_of_runs_and_building_spread_over_months() -> None:
    """6 engineer-months at 15,000 over 36 months are 2,500 a month."""
    once = {"replications": 1}
    before, after = cm.run("seed_stripe", set=once), cm.run("seed_aws", set=once)
    found = bridge(before, after, build=True)
    parts = {part.cause: part.usd for part in found.parts}
    assert [*parts] == ["payment methods", "configuration", "building, once"]
    assert parts["building, once"] == 2500
    assert parts["payment methods"] < 0 > parts["configuration"]
    assert found.before_usd == before.bill.total_usd.quantize(D("0.01"))
    assert found.after_usd == after.bill.total_usd.quantize(D("0.01")) + 2500
    assert found.before_usd + sum(parts.values()) == found.after_usd
    assert (found.before, found.after) == ("seed_stripe", "seed_aws")


def test_a_replayed_file_is_refused() -> None:
    replayed = cm.replay("seed_stripe", TAXI)
    with pytest.raises(UsageError, match="give scenarios"):
        bridge(replayed, "seed_stripe")


# --- what people see ----------------------------------------------------------------------------------------


def test_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bridge", "seed_stripe", "seed_stripe_ach", "--set", "replications=1"]) == 0
    out = capsys.readouterr().out
    assert "payment methods" in out
    assert "workload.methods.card 1 → 0" in out
    assert main(["bridge", "seed_stripe", "nothing"]) == 2


@pytest.fixture
def ax(result: Bridge) -> Callable[[], object]:
    drawn = charts_what_if.waterfall_chart(result)
    yield drawn
    plt.close("all")


def test_waterfall_goes_from_one_total_to_the_other(result: Bridge, ax: plt.Axes) -> None:
    bars = [(bar.get_y(), bar.get_y() + bar.get_height()) for bar in ax.patches]
    assert bars[0] == (0, float(result.before_usd))
    assert bars[-1] == (0, pytest.approx(float(result.after_usd)))
    assert bars[1][0] == bars[0][1]
    assert bars[2][0] == pytest.approx(bars[1][1])
    assert bars[2][1] == pytest.approx(bars[-1][1])
    assert ax.get_title(loc="left").replace("\n", " ") == bridge_finding(result)
    assert ax.get_ylabel() == "USD a month"


def test_alt_text_says_the_finding_and_figures(result: Bridge) -> None:
    text = alt_text(result)
    assert bridge_finding(result) in text
    assert "USD a month" in text
