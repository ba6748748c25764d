"""Every result shows itself in a notebook: one table, with nothing of a data file taken for markup."""

from __future__ import annotations

import dataclasses

import pytest

import costmodel as cm
from costmodel.analysis.actuals import Actuals
from costmodel.analysis.bridging import Bridge
from costmodel.analysis.capacity import CapacityResult
from costmodel.analysis.check import CheckResult
from costmodel.analysis.compare import Comparison
from costmodel.analysis.concurrency import Concurrency
from costmodel.analysis.frontier import Frontier
from costmodel.analysis.growth import GrowthResult
from costmodel.analysis.mapping import BreakevenMap, breakeven_map
from costmodel.analysis.seeking import Breakeven
from costmodel.analysis.swept import Sweep
from costmodel.analysis.uncertain_result import Uncertainty
from costmodel.billing.bill import Bill
from costmodel.result import Result

RESULTS = (
    Actuals, Bill, Breakeven, BreakevenMap, Bridge, CapacityResult, CheckResult, Comparison, Concurrency, Frontier,
    GrowthResult, Result, Sweep, Uncertainty,
)  # fmt: skip


@pytest.mark.parametrize("kind", RESULTS, ids=lambda kind: kind.__name__)
def test_every_result_is_one_table(kind: type) -> None:
    assert callable(kind._repr_html_)
    assert callable(kind.to_frame)
    assert kind.to_frame.__doc__


def test_claims_with_their_verdicts() -> None:
    """Three of the document's own lines: 3,450 adds up, 250 does not (125), 98 % does not (92.03)."""
    result = cm.check(set={"replications": 1})
    rows = result.to_frame().set_index("id")
    assert len(rows) == len(result.claims)
    assert rows.loc[["ECO-S05", "ECO-S03", "ECO-S19"], "verdict"].tolist() == ["holds", "fails", "fails"]
    assert rows.loc["ECO-S03", "recomputed"] == 125
    assert rows.loc["ECO-S19", "recomputed"] == pytest.approx(92.03, abs=0.005)
    evil = result.claims[0].claim.model_copy(update={"quote": "<script>"})
    shown = dataclasses.replace(result, claims=(dataclasses.replace(result.claims[0], document=dataclasses.replace(
        result.claims[0].document, claim=evil)),))  # fmt: skip
    assert "<script>" not in shown._repr_html_()
    assert "&lt;script&gt;" in shown._repr_html_()


def test_a_comparison_line_by_line() -> None:
    found = cm.compare("seed_stripe", "seed_aws", perimeter="same_rail", set={"replications": 1})
    frame = found.to_frame()
    for side, usd in (("stripe", found.modelled.row.stripe_usd), ("own", found.modelled.row.own_usd)):
        assert frame.loc[frame["side"] == side, "cost_usd"].sum() == pytest.approx(float(usd))
    assert "<table" in found._repr_html_()


def test_a_map_says_from_which_volume() -> None:
    found = breakeven_map("seed_aws", "ticket", set={"replications": 1})
    frame = found.to_frame()
    assert frame["value"].tolist() == [float(value) for value in found.values]
    assert frame["volume_usd"].count() == sum(one.volume_usd is not None for one in found.contour)
    assert "–" in found._repr_html_(), "never is an answer"
