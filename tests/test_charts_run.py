"""How latency is distributed and how many environments are busy: in worlds worked out by hand, and as drawn."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.axes import Axes

import costmodel as cm
from costmodel.analysis.concurrency import Concurrency, concurrency
from costmodel.errors import UsageError
from costmodel.reporting import charts_run
from costmodel.result import Result
from costmodel.simulation.observing import busy_environments, mean_by_step, most_by_step
from tests.test_capacity import INVOKED, written
from tests.test_engine import MS, world

pytestmark = pytest.mark.usefixtures("closed_charts")


@pytest.fixture(scope="module")
def month() -> Result:
    return cm.run("seed_aws", set={"replications": 3})


@pytest.fixture(scope="module")
def busy() -> Concurrency:
    return concurrency("hourly_10k_quarter_hour", set={"workload.days": "0.002"}, steps=20)


def title(ax: Axes) -> str:
    return ax.get_title(loc="left").replace("\n", " ").replace("\u00a0", " ")


# --- by hand --------------------------------------------------------------------------------------------------


def test_an_environment_is_busy_from_its_taking_to_its_answer() -> None:
    """Calls at 0, 300 and 5,000 ms: 1 ms to invoke; the first two are cold, 600 ms, then 10 ms; the third is warm."""
    made = world([0, 300, 5_000])
    at_ns, found = busy_environments(made.plan, made.payments, made.times, 1)
    front = [function.name for function in made.plan.functions].index("front")
    changes = [(round(at / MS), int(row[front])) for at, row in zip(at_ns, found, strict=True)]
    assert changes == [(0, 0), (1, 1), (301, 2), (611, 1), (911, 0), (5001, 1), (5011, 0)]


STEPS = [  # changes (time, busy), edges, means, most
    ([(0, 0), (4, 3), (6, 1)], [0, 5, 10], [0.6, 1.4], [3, 3]),
    ([(0, 2)], [0, 1, 4], [2, 2], [2, 2]),
    ([(0, 0), (10, 5)], [0, 10, 20], [0, 5], [0, 5]),  # a change at an edge belongs to the step that begins there
    ([(0, 4), (3, 0)], [5, 6, 7], [0, 0], [0, 0]),
    ([(0, 1), (30, 0)], [0, 10, 20], [1, 1], [1, 1]),  # what changes after the last edge
]


@pytest.mark.parametrize(("changes", "edges", "means", "most"), STEPS)
def test_steps(changes: list[tuple[int, int]], edges: list[int], means: list[float], most: list[int]) -> None:
    times, values = np.array([at for at, _ in changes]), np.array([[busy] for _, busy in changes])
    assert mean_by_step(times, values, np.array(edges)).ravel().tolist() == pytest.approx(means)
    assert most_by_step(times, values, np.array(edges)).ravel().tolist() == most


def test_mean_is_what_littles_law_gives(tmp_path: Path) -> None:
    """500 payments of 1 s, always warm, in the 720 h of November: 500 s of 2,592,000 s."""
    folder = written(tmp_path, INVOKED, ACCOUNT="1000", RESERVED="provisioned_concurrency = 5")
    found = concurrency("small", data=folder, set={"horizon": "cohort", "on": dt.date(2026, 11, 23)})
    assert found.payments == 500
    assert found.mean("f") == pytest.approx(500 / 2_592_000, rel=1e-6)
    assert sum(found.total) == pytest.approx(sum(found.means["f"]))
    assert found.limit == 1000


def test_both_engines_see_as_many_at_most_and_as_much_billed(busy: Concurrency) -> None:
    """The compiled engine keeps peak and billed time by itself; what is billed is rounded up to whole ms."""
    other = cm.run("hourly_10k_quarter_hour", set={"workload.days": "0.002"}, engine="compiled").functions
    for name, peak in busy.peaks.items():
        assert peak <= other[name]["peak_concurrency"]
    assert busy.mean("aws_payment_processor") == pytest.approx(
        other["aws_payment_processor"]["mean_concurrency"], rel=0.05
    )


BAD = [
    ({"scenario": "hourly_10k"}, "too many to look at"),
    ({"scenario": "seed_stripe"}, "has no functions"),
    ({"scenario": "seed_aws", "steps": 0}, "whole number from 1 on"),
]


@pytest.mark.parametrize(("asked", "says"), BAD)
def test_what_cannot_be_shown_is_refused(asked: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        concurrency(**asked)


# --- as drawn -------------------------------------------------------------------------------------------------


def test_the_distribution_holds_every_payment_that_was_answered(month: Result) -> None:
    failed = month.figures["outcomes"]["failed"]
    assert sum(times for _, times in month.latencies) == round((month.payments - failed) * month.replications)
    values = [ms for ms, times in month.latencies for _ in range(times)]
    assert values == sorted(values)
    for level, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
        assert month.latency_ms[level] == np.quantile(values, share, method="inverted_cdf")


def test_bars_add_up_to_all_payments_within_the_picture(month: Result) -> None:
    ax = charts_run.latency_distribution_chart(month)
    end = ax.get_xlim()[1]
    within = sum(times for ms, times in month.latencies if ms <= end)
    bars = [bar for bar in ax.patches if bar.get_facecolor() == mpl.colors.to_rgba("#0072B2")]
    assert sum(bar.get_height() for bar in bars) == pytest.approx(
        100 * within / sum(times for _, times in month.latencies)
    )


def test_percentiles_are_lines_with_their_values(month: Result) -> None:
    ax = charts_run.latency_distribution_chart(month)
    levels = ("p50", "p95", "p99")
    assert [line.get_xdata()[0] for line in ax.lines] == [month.latency_ms[level] for level in levels]
    assert [text.get_text() for text in ax.texts] == [f"{level}: {month.latency_ms[level]:,.0f} ms" for level in levels]
    assert len({line.get_linestyle() for line in ax.lines}) == 3, "never colour alone"
    assert title(ax).startswith(f"Half of the payments take more than {month.latency_ms['p50']:,.0f} ms, one in twenty")
    assert "95 % interval" in ax.get_xlabel()
    assert ax.get_ylabel().startswith("payments, % in each ")


def test_without_replications_nothing_is_said_of_intervals(month: Result) -> None:
    once = dataclasses.replace(month, intervals={})
    assert "interval" not in charts_run.latency_distribution_chart(once).get_xlabel()
    assert "interval" not in charts_run.alt_text(once)


def test_a_month_without_a_completed_payment_has_no_distribution(month: Result) -> None:
    none = {**month.figures, "latency_ms": dict.fromkeys(month.latency_ms)}
    with pytest.raises(UsageError, match="no payment was completed"):
        charts_run.latency_distribution_chart(dataclasses.replace(month, figures=none, latencies=()))


def test_concurrency_is_drawn_step_by_step(busy: Concurrency) -> None:
    ax = charts_run.concurrency_chart(busy)
    most, total, *functions = (step.get_data().values.tolist() for step in ax.patches)
    assert most == list(busy.most)
    assert total == list(busy.total)
    names = sorted(busy.means, key=lambda name: -busy.mean(name))[:3]
    assert functions == [list(busy.means[name]) for name in names]
    assert [text.get_text() for text in ax.texts][2:] == names
    assert len({step.get_linestyle() for step in ax.patches[2:]}) == 3, "never colour alone"
    assert title(ax) == (
        f"At most {max(busy.most)} of 1,000 environments are busy at once; {names[0]} takes most "
        f"(mean {busy.mean(names[0]):.2f})"
    )
    assert "a step is 9 s" in ax.get_xlabel()


def test_labels_do_not_cover_each_other_and_have_room(busy: Concurrency) -> None:
    ax = charts_run.concurrency_chart(busy)
    ax.figure.canvas.draw()
    boxes = sorted((text.get_window_extent() for text in ax.texts), key=lambda box: box.y0)
    assert all(low.y1 <= high.y0 + 1 for low, high in itertools.pairwise(boxes))
    assert all(box.x1 <= ax.figure.bbox.x1 for box in boxes)


def test_alt_text_says_the_finding_and_the_figures(month: Result, busy: Concurrency) -> None:
    said = charts_run.alt_text(month)
    assert title(charts_run.latency_distribution_chart(month)) in said
    assert f"p99 {month.latency_ms['p99']:,.0f} ms (95 % interval" in said
    other = charts_run.alt_text(busy)
    assert title(charts_run.concurrency_chart(busy)) in other
    assert f"at most {busy.peaks['aws_payment_processor']}" in other


def test_results_show_themselves(busy: Concurrency) -> None:
    frame = busy.to_frame()
    assert list(frame.columns[:3]) == ["start_s", "most", "mean"]
    assert len(frame) == 20
    assert "<table" in busy._repr_html_()
    assert busy.to_dict()["provenance"]["engine"] == "reference"
