"""What the charts draw: bars, labels, order and titles, taken from the result they are given."""

from __future__ import annotations

import dataclasses
import itertools
from decimal import Decimal

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

import costmodel as cm
from costmodel.analysis.check import CheckResult
from costmodel.errors import UsageError
from costmodel.reporting import captions, charts

pytestmark = pytest.mark.usefixtures("closed_charts")

CHARTS = {
    "perimeter": charts.perimeter_chart,
    "bridge": charts.bridge_chart,
    "cost_lines": charts.cost_lines_chart,
    "latency": charts.latency_chart,
}


@pytest.fixture(scope="module")
def result() -> CheckResult:
    return cm.check(set={"replications": 2})


def title(ax: Axes) -> str:
    return ax.get_title(loc="left").replace("\n", " ").replace("\u00a0", " ")


def hatched(ax: Axes) -> list[mpl.patches.Patch]:
    return [patch for patch in ax.patches if patch.get_hatch() == charts.HATCH]


def plain(ax: Axes) -> list[mpl.patches.Patch]:
    return [patch for patch in ax.patches if patch.get_hatch() is None]


def labels(ax: Axes) -> list[str]:
    return [text.get_text().replace("\u00a0", " ") for text in ax.texts]


# --- the reduction by perimeter -----------------------------------------------------------------------------

DOCUMENT = [  # perimeter, Stripe's side, own side: term by term from the document's figures
    ("as claimed", 3450, 275),
    ("both legs", 3450, 525),
    ("pay-in only, ACH on both", 800, 275),
    ("same rail, both legs", 1200, 525),
    ("cards kept", 3450, 2288.5),
    ("fully loaded", 3450, 6182),
]


def test_hatched_bars_are_the_documents_reductions_in_order(result: CheckResult) -> None:
    heights = [bar.get_height() for bar in hatched(charts.perimeter_chart(result))]
    assert heights == pytest.approx([100 * (1 - own / stripe) for _, stripe, own in DOCUMENT])


def test_plain_bars_are_the_simulated_reductions(result: CheckResult) -> None:
    order = ("list_price", "both_legs", "pay_in_only", "same_rail", "cards_kept", "fully_loaded")
    expected = [float(result.modelled[name].row.reduction_percent or 0) for name in order]
    assert [bar.get_height() for bar in plain(charts.perimeter_chart(result))] == pytest.approx(expected)


def test_perimeters_are_labelled_with_the_range_of_their_assumptions(result: CheckResult) -> None:
    """Cards kept 18.7 to 33.7 % (3,450 against 2,803.50 and 2,288.50); loaded 39.4 to -1,023 % (2,090 and 38,750)."""
    ticks = [label.get_text().replace("\n", " ") for label in charts.perimeter_chart(result).get_xticklabels()]
    assert ticks[0] == "as claimed"
    assert ticks[-2:] == ["cards kept [19 to 34]", "fully loaded [−1,023 to 39]"]


def test_values_and_claims_are_labelled(result: CheckResult) -> None:
    ax = charts.perimeter_chart(result)
    assert {"92.0", "84.8", "65.6", "56.3", "33.7", "−79.2", "claimed: 98 %", "claimed: 92 %"} <= set(labels(ax))
    assert ax.get_ylabel() == "reduction of cost, %"
    assert {line.get_ydata()[0] for line in ax.lines} == {98, 92, 0}


def test_perimeter_title_is_the_finding(result: CheckResult) -> None:
    assert title(charts.perimeter_chart(result)).startswith("98 % holds in no perimeter; like for like it is 56 to ")


def test_perimeter_title_names_where_a_claim_holds(result: CheckResult) -> None:
    lower = [one for one in result.claims if one.claim.id != "ECO-S19"]  # without the 98 %, the 92 % is the highest
    said = captions.perimeter_finding(dataclasses.replace(result, claims=tuple(lower))).replace("\u00a0", " ")
    assert said.startswith("92 % holds only for: as claimed")


# --- the bridge -----------------------------------------------------------------------------------------------

BRIDGE = [  # what, from, to: 3,450 - 2,250 = 1,200, less 675 = 525, less 250 = 275
    ("Stripe, as claimed", 0, 3450, "$3,450"),
    ("cards to ACH, which Stripe sells too", 1200, 3450, "−$2,250"),
    ("Stripe ACH, nothing to build", 0, 1200, "$1,200"),
    ("what owning saves, before people", 525, 1200, "−$675"),
    ("own AWS pipeline, ACH", 0, 525, "$525"),
    ("the payout leg left out", 275, 525, "−$250"),
    ("own system, as claimed", 0, 275, "$275"),
]


def test_the_bridge_goes_from_3450_by_way_of_the_options_to_275(result: CheckResult) -> None:
    ax = charts.bridge_chart(result)
    ticks = [label.get_text().replace("\n", " ") for label in ax.get_xticklabels()]
    drawn = [(bar.get_y(), bar.get_y() + bar.get_height()) for bar in ax.patches]
    assert list(zip(ticks, *zip(*drawn, strict=True), labels(ax), strict=True)) == BRIDGE
    assert title(ax) == "Of $3,175 claimed, $675 (21 %) is what owning saves, before people"


def test_without_a_claimed_saving_there_is_no_bridge(result: CheckResult) -> None:
    with pytest.raises(UsageError, match="saving_part"):
        charts.bridge_chart(dataclasses.replace(result, saving_parts=()))


# --- the cost lines ---------------------------------------------------------------------------------------------


def test_cost_lines_stand_beside_what_is_claimed_the_dearest_first(result: CheckResult) -> None:
    ax = charts.cost_lines_chart(result)
    widths = [bar.get_width() for bar in hatched(ax)][::-1]  # drawn from the bottom
    assert widths == [125, 45, 30, 25, 15, 15, 10, 5, 5]  # the document's nine lines
    said = title(ax)
    assert said.startswith("At list price 500 payments take $")
    assert ", claimed are $275: " in said


def test_simulated_lines_add_up_to_the_list_price(result: CheckResult) -> None:
    drawn = sum(bar.get_width() for bar in plain(charts.cost_lines_chart(result)))
    assert drawn == pytest.approx(float(result.modelled["list_price"].row.own_usd))


@pytest.mark.parametrize(
    ("usd", "says"), [("0", "$0.00"), ("0.0003", "< $0.01"), ("0.005", "$0.01"), ("58.975", "$58.98")]
)
def test_what_is_not_nothing_does_not_look_like_nothing(usd: str, says: str) -> None:
    assert captions.small(Decimal(usd)) == says


# --- the latency ------------------------------------------------------------------------------------------------


def test_latency_shows_each_operating_point_against_the_limit(result: CheckResult) -> None:
    ax = charts.latency_chart(result)
    ticks = [label.get_text().replace("\n", " ") for label in ax.get_yticklabels()][::-1]
    assert ticks == ["500 payments a month", "10,000 payments an hour", "500 a month, all functions kept warm"]
    assert "claimed: < 100 ms" in labels(ax)
    first = list(ax.lines[len(ticks) - 1].get_xdata())
    assert first == [result.own.latency_ms[level] for level in ("p50", "p95", "p99")]


def test_latency_title_is_the_finding(result: CheckResult) -> None:
    best = min((point.latency_ms["p95"] or 0) for point in (result.own, result.warm, result.busy) if point)
    assert title(charts.latency_chart(result)).startswith(f"< 100 ms holds nowhere: p95 is {best:,.0f} ms at best")


def test_a_point_without_a_completed_payment_is_left_out(result: CheckResult) -> None:
    nothing = dataclasses.replace(result.warm, latency_ms=dict.fromkeys(result.warm.latency_ms))
    ax = charts.latency_chart(dataclasses.replace(result, warm=nothing, busy=None))
    assert [label.get_text() for label in ax.get_yticklabels()] == ["500 payments a month"]


# --- all of them ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CHARTS)
def test_given_axes_are_drawn_on_and_dollars_are_no_mathematics(result: CheckResult, name: str) -> None:
    ax = plt.subplots()[1]
    assert CHARTS[name](result, ax) is ax
    assert ax._left_title.get_parse_math() is False
    ax.figure.canvas.draw()


@pytest.mark.parametrize("name", CHARTS)
def test_title_and_labels_have_room(result: CheckResult, name: str) -> None:
    ax = CHARTS[name](result)
    ax.figure.canvas.draw()
    whole = ax.figure.bbox
    low, high = ax.get_xlim()
    below = [text for text in ax.get_xticklabels() if low <= text.get_position()[0] <= high]  # others are not drawn
    for text in (ax._left_title, *below, *ax.get_yticklabels()):
        extent = text.get_window_extent()
        assert whole.x0 <= extent.x0, text.get_text()
        assert extent.x1 <= whole.x1, text.get_text()
    shown = [text.get_window_extent() for text in below]
    assert all(left.x1 < right.x0 for left, right in itertools.pairwise(shown))


@pytest.mark.parametrize("name", CHARTS)
def test_axes_carry_units(result: CheckResult, name: str) -> None:
    ax = CHARTS[name](result)
    assert any(unit in ax.get_xlabel() + ax.get_ylabel() for unit in ("USD a month", "%", "ms"))


@pytest.mark.parametrize("name", CHARTS)
def test_a_document_that_claims_nothing_can_be_drawn(result: CheckResult, name: str) -> None:
    ax = CHARTS[name](dataclasses.replace(result, claims=()))
    assert title(ax)
    assert charts.alt_text(name, dataclasses.replace(result, claims=()))


@pytest.mark.parametrize("name", CHARTS)
def test_drawing_leaves_the_readers_style_alone(result: CheckResult, name: str) -> None:
    before = dict(mpl.rcParams)
    CHARTS[name](result)
    assert dict(mpl.rcParams) == before


ALT = [  # chart, what it must say: the document's figures
    ("perimeter", "as claimed: document 92.0 %"),
    ("perimeter", "same rail, both legs: document 56.3 %, simulated "),
    ("perimeter", "Claimed: 98 % and 92 %"),
    ("bridge", "cards to ACH, which Stripe sells too −$2,250; Stripe ACH, nothing to build $1,200"),
    ("cost_lines", "KMS, 5 keys with rotation: claimed $45.00, modelled "),
    ("latency", "500 payments a month: p50 "),
]


@pytest.mark.parametrize(("name", "says"), ALT)
def test_alt_text_says_the_finding_and_every_figure(result: CheckResult, name: str, says: str) -> None:
    text = charts.alt_text(name, result).replace("\u00a0", " ")
    assert says in text
    assert title(CHARTS[name](result)) in text
