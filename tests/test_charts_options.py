"""The options and real money as drawn: places, labels, order and titles."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from matplotlib.axes import Axes

import costmodel as cm
from costmodel.analysis.actuals import Actuals
from costmodel.analysis.check import CheckResult
from costmodel.errors import UsageError
from costmodel.reporting import charts_options
from costmodel.reporting.captions_options import compared

pytestmark = pytest.mark.usefixtures("closed_charts")

SAMPLES = Path(__file__).resolve().parent / "samples"


@pytest.fixture(scope="module")
def result() -> CheckResult:
    return cm.check(set={"replications": 2})


@pytest.fixture(scope="module")
def real() -> Actuals:
    return cm.actuals([SAMPLES / "focus_sample_1000_v1.0.csv"], set={"replications": 2})


def title(ax: Axes) -> str:
    return ax.get_title(loc="left").replace("\n", " ")


OPTIONS = [  # the document's figures: title, fees, low, mid, high
    ("stay with Stripe cards", 3450, 3882.5, 4655, 7442.5),
    ("Stripe ACH, nothing to build", 1200, 1552.25, 2248, 5587.5),
    ("own AWS pipeline, ACH", 525, 2090, 6182, 38750),
]


def test_options_are_drawn_from_low_to_high_with_fees_and_mid(result: CheckResult) -> None:
    ax = charts_options.options_chart(result)
    ticks = [label.get_text().replace("\n", " ") for label in ax.get_yticklabels()]
    assert ticks == [name for name, *_ in OPTIONS][::-1]
    ends = [tuple(float(x) for x in line.get_xdata()) for line in ax.lines]
    assert ends == [(low, high) for *_, low, _, high in OPTIONS][::-1]
    dots = [round(float(dot.get_offsets()[0][0])) for dot in ax.collections]
    assert dots == [usd for _, fees, _, mid, _ in OPTIONS[::-1] for usd in (mid, fees)]
    assert title(ax) == (
        "At $100,000 a month the cheapest is “Stripe ACH, nothing to build”, $2,248; stay with Stripe cards $4,655, "
        "own AWS pipeline, ACH $6,182"
    )
    assert "USD a month" in ax.get_xlabel()


def test_of_a_file_of_payments_the_document_says_nothing(result: CheckResult) -> None:
    replayed = dataclasses.replace(result, own=dataclasses.replace(result.own, rejected={}))
    ax = charts_options.options_chart(replayed)
    simulated = [option.loaded_usd for option in result.modelled_options][::-1]
    assert [tuple(line.get_xdata()) for line in ax.lines] == [(float(low), float(high)) for low, _, high in simulated]


def test_labels_do_not_cover_each_other(result: CheckResult) -> None:
    ax = charts_options.options_chart(result)
    ax.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in ax.texts]
    assert not [1 for at, one in enumerate(boxes) for other in boxes[:at] if one.overlaps(other)]


def test_without_options_there_is_nothing_to_draw(result: CheckResult) -> None:
    with pytest.raises(UsageError, match="nothing to choose from"):
        charts_options.options_chart(dataclasses.replace(result, options=()))


def test_real_money_stands_beside_the_model(real: Actuals) -> None:
    ax = charts_options.actuals_chart(real)
    rows = [*compared(real).items()][::-1]
    assert [label.get_text() for label in ax.get_yticklabels()] == [name for name, _ in rows]
    assert [bar.get_width() for bar in ax.patches] == [float(usd) for _, pair in rows for usd in pair]
    assert [bool(bar.get_hatch()) for bar in ax.patches] == [False, True] * len(rows), "never colour alone"
    gaps = [abs(bill - model) for _, (model, bill) in rows]
    assert gaps == sorted(gaps)
    assert title(ax).endswith("they differ most in fraud_detector")
    assert ax.get_xlabel() == "USD a month"


def test_alt_texts(result: CheckResult, real: Actuals) -> None:
    said = charts_options.alt_text(result)
    assert title(charts_options.options_chart(result)) in said
    assert "own AWS pipeline, ACH: fees $525, with everything counted $2,090 to $38,750, mid $6,182" in said
    other = charts_options.alt_text(real)
    assert title(charts_options.actuals_chart(real)) in other
    assert "fraud_detector: model $58.98, bill $0.00" in other
