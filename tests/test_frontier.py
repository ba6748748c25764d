"""The joint frontier: claims held together over volume, and the cheapest configuration that latency would take."""

from __future__ import annotations

import json
from decimal import Decimal as D
from pathlib import Path

import pytest
from matplotlib import pyplot as plt

import costmodel as cm
from costmodel.analysis.claims import read_claims
from costmodel.analysis.frontier import Frontier, volumes
from costmodel.analysis.frontier_files import read_frontier
from costmodel.analysis.frontier_points import Judge
from costmodel.analysis.sides import Business
from costmodel.analysis.warmest import warmest
from costmodel.cli.main import main
from costmodel.errors import InputError, UsageError
from costmodel.reporting import charts_what_if
from costmodel.reporting.captions_what_if import alt_text
from costmodel.reporting.frontier_screen import frontier_finding, frontier_rows

LATENCY, THROUGHPUT, SLA, HIGHEST, LOWER = "ECO-S27", "ECO-S28", "ECO-S29", "ECO-S19", "ECO-S18"


@pytest.fixture(scope="module")
def few(root: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The shipped file with two of its perimeters."""
    text = (root / "data" / "frontier" / "seed.toml").read_text()
    old = 'shown = ["list_price", "both_legs", "same_rail", "cards_kept", "fully_loaded"]'
    assert old in text
    path = tmp_path_factory.mktemp("frontier") / "few.toml"
    path.write_text(text.replace(old, 'shown = ["list_price", "same_rail"]'))
    return str(path)


@pytest.fixture(scope="module")
def result(few: str) -> Frontier:
    """A thousand payments a month, and ten thousand an hour."""
    file, claims, perimeters = read_frontier(few)
    judge = Judge(file, claims, perimeters, Business("seed_aws"), cm.load("seed_aws"))
    points = tuple(judge.point(payments) for payments in (1000, 7_300_000))
    titles = tuple((name, perimeters.find(name).title) for name in file.shown)
    return Frontier("seed_aws", file.title, points, judge.reductions, judge.latency, judge.others, titles, "same_rail",
                    {"overridden": []})  # fmt: skip


def test_volumes_rise_by_equal_factors() -> None:
    file, _, _ = read_frontier()
    assert volumes(file, None, None, None) == [100, 1000, 10_000, 100_000, 10**6, 10**7, 10**8]
    assert volumes(file, 100, 10_000, 2) == [100, 316, 1000, 3162, 10_000]
    assert volumes(file, 100, 150, 1) == [100, 150]


def test_reductions_are_those_of_the_document_in_the_limit(result: Frontier) -> None:
    """Source: payments facts 6d: with all but ACH free at the margin the claim comes to 96.2 % (1 - 125 / 3,300).

    The same rail: Stripe's 0.8 % of 200, capped (717 for 500 payments, facts 5), and two payouts at 0.25; on the own
    side three items at 0.25, a refund for 8 % of payments, and a prediction at $0.0075; returns stand outside.
    """
    last = result.points[-1]
    assert float(last.of(HIGHEST, "list_price").figure or 0) == pytest.approx(96.2, abs=0.3)
    own = 3 * 0.25 + 0.08 * 0.25 + 0.0075
    assert float(last.of(HIGHEST, "same_rail").figure or 0) == pytest.approx(100 * (1 - own / (717 / 500 + 0.5)), abs=1)


def test_a_larger_reduction_keeps_a_smaller_claim(result: Frontier) -> None:
    last = result.points[-1]
    assert last.of(LOWER, "list_price").verdict == "holds"  # 96 % where 92 % is claimed
    assert last.of(HIGHEST, "list_price").verdict == "fails"
    assert last.of(LOWER, "same_rail").verdict == "fails"


def test_latency_falls_as_environments_stay_warm(result: Frontier) -> None:
    figures = [float(point.of(LATENCY).figure or 0) for point in result.points]
    assert figures[0] > 2 * figures[-1]
    for point in result.points:
        held, warm = point.of(LATENCY), point.warmest
        assert held.verdict == "fails"
        assert held.interval is not None
        assert warm is not None
        assert warm.floor_ms <= warm.chosen.figure_ms <= float(held.figure or 0)
        assert not warm.chosen.holds


def test_same_figures_as_the_shipped_operating_point(result: Frontier) -> None:
    """10,000 an hour for a quarter of an hour is its own scenario: the tail is the same within the intervals."""
    shipped = cm.run("hourly_10k_quarter_hour").latency_ms["p95"] or 0
    low, high = result.points[-1].of(LATENCY).interval or (0, 0)
    assert low * 0.97 < shipped < high * 1.03  # flat arrivals there, one replication


def test_availability_and_throughput(result: Frontier) -> None:
    for point in result.points:
        assert round(point.of(SLA).figure or 0, 2) == D("99.79")  # the published SLAs in series
        assert point.of(SLA).verdict == "fails"
        assert point.of(THROUGHPUT).verdict == "holds"
        assert point.lost_percent < 0.1


def test_never_all_at_once(result: Frontier) -> None:
    for claim in result.reductions:
        assert result.jointly("list_price", claim) == ()
    said = frontier_finding(result).replace("\u00a0", " ")
    assert said.startswith("< 100 ms (p95) holds nowhere from 1,000 to 7,300,000 payments a month")
    assert "98 % holds in no perimeter" in said
    assert "92 % holds only for list price (from 1,000)" in said


# --- the cheapest configuration -----------------------------------------------------------------------------


def business(limit_free: bool) -> Business:
    """The seed's month; made fast: services that answer in 1 ms, so that cold starts alone break the limit."""
    changes: dict[str, object] = {"replications": 1}
    if limit_free:
        loaded = cm.load("seed_aws")
        for name in (
            "dynamodb",
            "kms",
            "fraud_detector",
            "sns",
            "eventbridge",
            "appsync",
            "step_functions",
            "cloudwatch",
            "s3",
        ):
            for at, law in enumerate(loaded.services[name].latency):
                if law.quantiles_ms and law.operation not in ("outage", "delivery"):
                    small = {key: D("0.5") + D(index) / 10 for index, key in enumerate(law.quantiles_ms)}
                    changes[f"services.{name}.latency.{at}.quantiles_ms"] = small
    return Business("seed_aws", changes)


def test_warm_environments_make_a_fast_path_hold() -> None:
    """With services at a millisecond the claim fails for cold starts only; a few warm environments mend it."""
    claim = next(claim for claim in read_claims()[0].claim if claim.id == LATENCY)
    fast = business(limit_free=True)
    cold = fast.result("own", "ach").latency_ms["p95"] or 0
    found = warmest(fast, claim, 1769)
    assert cold > 1000
    assert found is not None
    assert found.chosen.holds
    assert found.chosen.figure_ms < 100
    assert found.chosen.provisioned >= 1
    assert found.chosen.extra_usd > 0
    fewer = fast.set | {f"pipeline.functions.{name}.provisioned_concurrency": 0 for name in ("fraud_detector",)}
    assert Business("seed_aws", fewer).result("own", "ach").latency_ms["p95"] == cold


# --- bad input ----------------------------------------------------------------------------------------------

REFUSED = [
    ({"low": 0}, "at least 1"),
    ({"low": 1000, "high": 1000}, "from at least 1 to more"),
    ({"high": 10**11}, "at most 10,000,000,000"),
    ({"low": "few"}, "no number"),
    ({"per_decade": 0}, "from 1 to 20"),
    ({"per_decade": 1.5}, "whole number"),
    ({"frontier": "nothing"}, "no such frontier"),
]


@pytest.mark.parametrize(("asked", "says"), REFUSED)
def test_refused(asked: dict[str, object], says: str) -> None:
    with pytest.raises((UsageError, InputError)) as caught:
        cm.frontier("seed_aws", **asked)  # type: ignore[arg-type]
    assert says in str(caught.value)


FAULTS = [
    ('"same_rail", "cards_kept"', '"same_rial", "cards_kept"', "must be one of `shown`"),
    ('"both_legs", "same_rail"', '"both_lags", "same_rail"', "did you mean `both_legs`"),
    ("low = 100\n", "low = 100_000_000\n", "`low` must lie below `high`"),
    ('service = "stripe"', 'service = "strip"', "did you mean `stripe`"),
    ("one_vcpu_mb", "vcpu_mb", "unknown key"),
]


@pytest.mark.parametrize(("old", "new", "says"), FAULTS)
def test_faulty_file(root: Path, tmp_path: Path, old: str, new: str, says: str) -> None:
    text = (root / "data" / "frontier" / "seed.toml").read_text()
    assert old in text
    (tmp_path / "mine.toml").write_text(text.replace(old, new))
    with pytest.raises(InputError) as caught:
        read_frontier(str(tmp_path / "mine.toml"))
    assert says in str(caught.value)
    assert caught.value.problems[0].line


# --- what people see ----------------------------------------------------------------------------------------


def test_chart_has_a_cell_for_every_claim_and_volume(result: Frontier) -> None:
    ax = charts_what_if.frontier_chart(result)
    rows = frontier_rows(result)
    assert len(ax.patches) == len(rows) * len(result.points) == (2 * 2 + 3) * len(result.points)
    hatched = [patch for patch in ax.patches if patch.get_hatch()]
    broken = sum(not holds for _, cells in rows for _, holds in cells)
    assert len(hatched) == broken > 0
    assert ax.get_title(loc="left").replace("\n", " ") == frontier_finding(result)
    plt.close("all")


def test_json_has_every_claim(result: Frontier) -> None:
    document = json.loads(json.dumps(result.to_dict()))
    assert {claim["claim"] for claim in document["points"][0]["claims"]} == {LATENCY, THROUGHPUT, SLA, HIGHEST, LOWER}
    assert document["points"][0]["configuration"]["holds"] is False
    assert len(result.to_frame()) == len(result.points) * 7


def test_command(capsys: pytest.CaptureFixture[str], few: str) -> None:
    words = ["frontier", "seed_aws", "--from", "100", "--to", "200", "--frontier", few, "--set", "replications=1"]
    assert main(words) == 0
    out = capsys.readouterr().out
    assert out.startswith("< 100")
    assert "At no volume do the claims hold together" in out
    assert main([*words[:2], "--from", "x"]) == 2


def test_alt_text_says_the_finding_and_figures(result: Frontier) -> None:
    text = alt_text(result)
    assert frontier_finding(result) in text
    assert "99.79" in text


def test_title_and_labels_have_room(result: Frontier) -> None:
    ax = charts_what_if.frontier_chart(result)
    ax.figure.canvas.draw()
    whole = ax.figure.bbox
    for text in (ax._left_title, *ax.get_yticklabels(), *ax.get_xticklabels()):
        extent = text.get_window_extent()
        assert whole.x0 <= extent.x0, text.get_text()
        assert extent.x1 <= whole.x1, text.get_text()
    plt.close("all")
