"""What the charts draw: bars, labels and titles, taken from the result they are given."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt

import costmodel as cm
from costmodel.analysis.check import CheckResult
from costmodel.reporting import charts


@pytest.fixture(scope="module")
def result() -> CheckResult:
    return cm.check(set={"replications": 2})


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    mpl.use("Agg")
    yield
    plt.close("all")


def test_perimeters_show_both_columns_and_the_claims(result: CheckResult) -> None:
    ax = charts.perimeter_chart(result)
    heights = [round(patch.get_height(), 2) for patch in ax.patches]
    assert heights[0] == 92.03  # as claimed: 3,175 / 3,450
    assert 56.25 in heights  # same rail: 675 / 1,200
    labels = [text.get_text() for text in ax.texts]
    assert "claimed: 98 %" in labels
    assert "claimed: 92 %" in labels
    assert ax.get_ylabel() == "reduction of cost, %"


def test_claimed_figures_are_hatched_and_modelled_ones_are_not(result: CheckResult) -> None:
    hatches = [patch.get_hatch() for patch in charts.perimeter_chart(result).patches]
    assert hatches.count(charts.HATCH) == 6  # perimeters with a document column
    assert hatches.count(None) == 6  # perimeters with a modelled one


def test_the_bridge_goes_from_3450_to_275(result: CheckResult) -> None:
    """2,250 + 250 + 675 = 3,175: the claimed saving, part by part."""
    ax = charts.bridge_chart(result)
    assert [patch.get_height() for patch in ax.patches] == [3450, 2250, 250, 675, 275]
    assert ax.get_title(loc="left") == "Of $3,175 claimed, $675 comes from owning the system"


def test_cost_lines_stand_beside_what_is_claimed(result: CheckResult) -> None:
    ax = charts.cost_lines_chart(result)
    widths = sorted(patch.get_width() for patch in ax.patches if patch.get_hatch() == charts.HATCH)
    assert widths == [5, 5, 10, 15, 15, 25, 30, 45, 125]  # the document's nine lines
    assert "claimed at $275" in ax.get_title(loc="left")


def test_latency_title_is_the_finding(result: CheckResult) -> None:
    ax = charts.latency_chart(result)
    assert ax.get_title(loc="left").startswith("Kept warm, p95 is still")
    assert ax.get_xlabel().endswith("ms")


@pytest.mark.parametrize(
    "chart", [charts.perimeter_chart, charts.bridge_chart, charts.cost_lines_chart, charts.latency_chart]
)
def test_alt_text_tells_what_is_seen_and_axes_can_be_given(result: CheckResult, chart: charts.Chart) -> None:
    ax = plt.subplots()[1]
    assert chart(result, ax) is ax
    text = charts.alt_text(ax)
    assert ax.get_title(loc="left").split("\n")[0] in text
    assert "Values:" in text
