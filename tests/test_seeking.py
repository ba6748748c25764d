"""Break-even over any key: the document's closed form, the search that agrees with it, and the simulated column."""

from __future__ import annotations

import itertools
import json
from decimal import Decimal as D
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import pyplot as plt

import costmodel as cm
from costmodel.analysis.crossing import Bracket, brackets, described, grid, narrowed
from costmodel.analysis.lever_files import read_levers
from costmodel.analysis.mapping import breakeven_map
from costmodel.analysis.moving import DocumentColumn
from costmodel.analysis.reaching import document_reached
from costmodel.analysis.seeking import Breakeven
from costmodel.cli.main import main
from costmodel.errors import InputError, UsageError
from costmodel.reporting import charts_what_if
from costmodel.reporting.breakeven_words import breakeven_finding, in_unit, to_ask
from costmodel.reporting.captions_what_if import alt_text

# key, perimeter, target, kind, value: worked out by hand from the document's lines, 500 payments of 200.
DOCUMENT = [
    # Source: payments facts 6d: 207k and 1.79M; (5427 - 150) / (3300 - 755) and (5427 - 150) / (1050 - 755) × 100k.
    ("volume", "fully_loaded", 0, "from", D(5277) / 2545 * 100_000),
    ("volume", "fully_loaded.against_stripe_ach", 0, "from", D(5277) / 295 * 100_000),
    ("volume", "as_claimed", 98, "never", None),
    ("volume", "same_rail", 98, "never", None),
    # 2.9 % × 500 T + 150 + 400 = 525 / 8 % of it: T = (525 / 0.08 - 550) / 14.5
    ("ticket", "both_legs", 92, "from", (D(525) / D("0.08") - 550) / D("14.5")),
    # Stripe 500 × 0.8 % T + 400 = 525
    ("ticket", "same_rail", 0, "from", D("31.25")),
    # 6,182 less 0.25 engineers = 2,432; (3,450 - 2,432) / 0.25
    ("engineering", "fully_loaded", 0, "below", D(4072)),
    # 150 + 400 + 1,000 x = 6,182
    ("stripe_rate", "fully_loaded", 0, "from", D("5.632")),
    # 400 + 1,000 x = 525
    ("stripe_ach_rate", "same_rail", 0, "from", D("0.125")),
    # Source: payments facts 6c: losing 8.4 % of the volume at 8 % costs 675, 39.7 % costs 3,175.
    ("lost_volume", "same_rail", 0, "below", D(675) / 80),
    ("lost_volume", "as_claimed", 0, "below", D(3175) / 80),
    # 16 % of 100,000 lost: 160 a percent of take
    ("take_rate", "same_rail", 0, "below", D(675) / 160),
    # cards kept costs 2,288.50, ACH 525; half of 3,450 is 1,725
    ("ach_share", "both_legs", 50, "from", (D("2288.5") - 1725) / (D("2288.5") - 525) * 100),
    # 270 + 125 x within 800 + 125 x + 150: always (its own payouts cost Stripe the same 0.25)
    ("payouts", "same_rail", 0, "always", None),
]


@pytest.mark.parametrize(("key", "perimeter", "target", "kind", "value"), DOCUMENT)
def test_document(key: str, perimeter: str, target: int, kind: str, value: D | None) -> None:
    levers, file = read_levers()
    name, _, variant = perimeter.partition(".")
    lever = levers.find(key)
    assert lever is not None
    found = document_reached(DocumentColumn(levers, file, name, variant or None), lever, D(target))
    assert found.kind == kind
    if value is None:
        assert found.values == ()
        return
    assert float(found.values[0]) == pytest.approx(float(value), rel=1e-8)  # by search
    assert found.closed is not None
    assert float(found.closed[0]) == pytest.approx(float(value), rel=1e-12)  # in closed form


def test_never_says_what_it_tends_to() -> None:
    """Source: payments facts 6d: P1b, split a: 1 - 465 / 1050 = 55.7 %."""
    levers, file = read_levers()
    lever = levers.find("volume")
    assert lever is not None
    found = document_reached(DocumentColumn(levers, file, "same_rail", None), lever, D(98))
    assert round(found.limit_percent or 0, 1) == D("55.7")


def test_a_path_finds_its_lever() -> None:
    levers, _ = read_levers()
    assert levers.find("workload.payments_per_month") is levers.find("volume")
    assert levers.find("workload.nothing") is None


@pytest.fixture(scope="module")
def asked() -> Breakeven:
    return cm.breakeven("seed_aws", "stripe_ach_rate", perimeter="same_rail", points=3)


def test_simulated_rate_is_where_the_bills_meet(asked: Breakeven) -> None:
    """Set Stripe's percentage to the value found: the two simulated bills then come to the same."""
    assert asked.modelled is not None
    value = asked.modelled.value
    assert asked.modelled.kind == "from"
    assert value is not None
    low, high = asked.modelled.interval or (0, 0)
    assert low < value < high
    here = next(p for p in cm.load("seed_aws").services["stripe"].meter["ach_debit"].price if p.plan == "list")
    assert here.percent == D("0.8")  # what `value` stands against
    row = cm.compare("seed_stripe", "seed_aws", perimeter="same_rail", set={"replications": 5}).modelled.row
    fee = {term.name: term.usd for term in row.stripe}["stripe.ach_debit"]
    rest = row.stripe_usd - fee
    assert float(row.own_usd) == pytest.approx(float(rest + fee * value / D("0.8")), rel=0.02)  # caps, cents


def test_differences_sum_to_the_difference(asked: Breakeven) -> None:
    assert asked.document and asked.modelled  # noqa: PT018
    shift = sum((one.shift for one in asked.differences), D(0))
    assert shift == pytest.approx((asked.modelled.value or 0) - (asked.document.value or 0), abs=D("1e-12"))
    kms = next(one for one in asked.differences if one.cause == "KMS")
    assert (kms.document_usd, round(kms.modelled_usd, 2)) == (45, 5)  # claimed; five keys at $1 each


def test_the_rate_to_ask_for(asked: Breakeven) -> None:
    said = (to_ask(asked) or "").replace("\u00a0", " ")
    assert said.startswith("The rate to ask for instead of building: 0.06")
    assert said.endswith("in place of 0.8 %.")


def test_any_assumption_with_a_range() -> None:
    found = cm.breakeven("seed_aws", "services.ach.debit_entries.price", perimeter="same_rail", low=0, high=2, points=2,
                         set={"replications": 1})  # fmt: skip
    assert found.document is None
    assert found.modelled is not None
    assert found.modelled.kind == "below"
    assert 1 < (found.modelled.value or 0) < 2  # (1,119 - 525 + 125 + 37) / 497 debits is about 1.5


def test_volume_by_simulation_explains_207k() -> None:
    found = cm.breakeven("seed_aws", "volume", low=100_000, high=400_000, points=2)
    assert found.modelled is not None
    low, high = found.modelled.interval or (0, 0)
    assert 195_000 < low < high < 210_000  # 5,367 of people and obligations, (3,300 - 690) for each 100k
    assert round(found.document.value or 0) == 207_348 if found.document else False


# --- the search ---------------------------------------------------------------------------------------------


@given(st.integers(-1000, 1000), st.integers(1, 50), st.integers(-9, 9))
def test_search_finds_the_root_of_a_cubic(root: int, bend: int, tilt: int) -> None:
    """(x - root) × (bend × (x - root)² + 1 + |tilt|) has one root and is no straight line."""

    def gap(x: D) -> D:
        return (x - root) * (bend * (x - root) ** 2 + 1 + abs(tilt))

    found = brackets(grid(D(-2000), D(3000), 7), gap)
    assert len(found) == 1
    narrow = narrowed(found[0], gap, D("1e-10"), 200)
    assert abs(narrow.root - root) <= D("1e-6")
    assert narrow.low <= narrow.root <= narrow.high


def test_search_stays_on_whole_numbers() -> None:
    tried: list[D] = []

    def gap(x: D) -> D:
        tried.append(x)
        return x * x - 50

    narrow = narrowed(Bracket(D(1), D(20), gap(D(1)), gap(D(20))), gap, D("1e-9"), 50, D(1))
    assert all(x == int(x) for x in tried)
    assert (narrow.low, narrow.high) == (7, 8)  # 49 and 64


@pytest.mark.parametrize(
    ("roots", "holds_first", "kind"),
    [([], True, "always"), ([], False, "never"), ([1], False, "from"), ([1], True, "below"),
     ([1, 2], False, "between"), ([2, 1], True, "outside")],
)  # fmt: skip
def test_described(roots: list[int], holds_first: bool, kind: str) -> None:
    found = described([D(root) for root in roots], holds_first)
    assert found == (kind, tuple(map(D, sorted(roots))))


# --- bad input ----------------------------------------------------------------------------------------------

REFUSED = [
    ({"key": "volum"}, "did you mean `volume`"),
    ({"key": "ticket", "low": 5, "high": 3}, "an empty range"),
    ({"key": "ticket", "low": 5, "high": 5}, "an empty range"),
    ({"key": "volume", "low": -5, "high": 7}, "can be 1 or more"),
    ({"key": "ach_share", "high": 101}, "can be from 0 to 100"),
    ({"key": "ticket", "low": "many"}, "no number"),
    ({"key": "ticket", "high": "nan"}, "not finite"),
    ({"key": "workload.accounts"}, "no range of its own"),
    ({"key": "workload.acounts", "low": 1, "high": 2}, "accounts"),
    ({"key": "workload.accounts", "low": -3, "high": 7}, "greater than or equal to 1"),
    ({"key": "volume", "reduction": 100}, "100 % or more"),
    ({"key": "volume", "reduction": "lots"}, "no number"),
    ({"key": "volume", "perimeter": "same_rial"}, "did you mean `same_rail`"),
    ({"key": "stripe_rate", "perimeter": "same_rail"}, "moves neither side"),
]


@pytest.mark.parametrize(("asked_for", "says"), REFUSED)
def test_refused(asked_for: dict[str, object], says: str) -> None:
    with pytest.raises((UsageError, InputError)) as caught:
        cm.breakeven("seed_aws", **asked_for)  # type: ignore[arg-type]
    assert says in str(caught.value).replace("\u00a0", " ")


def test_a_levers_file_with_faults(tmp_path: Path) -> None:
    """All problems of the file at once, each with its line."""
    lines = 'source = "s"\nread = 2026-11-24\nbasis = "assumption"\nlow = 0\nhigh = 1\nkind = "price"\n'
    meters = 'meters = [{ service = "ach", meter = "returns", part = "usd" }]\n'
    (tmp_path / "mine.toml").write_text(
        'title = "t"\nperimeters = "seed"\n'
        + "".join(f'[[lever]]\nid = "a"\ntitle = "t"\nunit = "u"\n{lines}{meters}inputs = {{ {given} }}\n'
                  for given in ('volme = "x"', 'volume = "1 / nothing"'))
        + '[[cause]]\nid = "c"\ntitle = "t"\nterms = ["kmz"]\nlines = []\nbecause = "b"\n'
    )  # fmt: skip
    with pytest.raises(InputError) as caught:
        read_levers(str(tmp_path / "mine.toml"))
    text = str(caught.value)
    for part in ("a second lever called `a`", "`volme`; did you mean `volume`", "nothing", "no such term: `kmz`"):
        assert part in text
    assert all(problem.line for problem in caught.value.problems)


# --- what people see ----------------------------------------------------------------------------------------


def test_command(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["breakeven", "seed_aws", "stripe_rate", "--set", "replications=1", "--format", "json"]
    assert main(words) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["document"]["values"][0].startswith("5.63")
    assert document["modelled"]["kind"] == "from"
    assert main([*words[:3], "--perimeter", "nope"]) == 2
    assert main([*words[:3], "--map", "--from", "1"]) == 2
    assert "a map has the whole range" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("value", "unit", "says"),
    [
        (-3_850_000, "USD a month", "−$3.85M"),
        (31.25, "USD a payment", "$31.25"),
        (0.0616, "percent", "0.062 %"),
        (2.4, "payouts", "2.4"),
    ],
)
def test_in_unit(value: float, unit: str, says: str) -> None:
    assert in_unit(value, unit).replace("\u00a0", " ") == says


def test_sentence(asked: Breakeven) -> None:
    said = breakeven_finding(asked).replace("\u00a0", " ")
    assert said.startswith("Owning costs no more than Stripe, by Stripe's rate on ACH, negotiated: from 0.125 % on")


def test_chart_crosses_at_the_values_found(asked: Breakeven) -> None:
    assert asked.document and asked.modelled  # noqa: PT018
    ax = charts_what_if.breakeven_chart(asked)
    diamonds = [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "D"]
    assert diamonds == [float(asked.document.values[0]), float(asked.modelled.values[0])]
    assert ax.get_title(loc="left").replace("\n", " ") == breakeven_finding(asked)
    plt.close("all")


def test_map_has_the_closed_form_as_its_contour() -> None:
    """At an engineer of 15,000 the break-even of 207k; a cheaper one lets building pay from less."""
    found = breakeven_map("seed_aws", "engineering")
    volumes = [one.volume_usd for one in found.contour]
    assert all(a < b for a, b in itertools.pairwise(v for v in volumes if v is not None))
    assert found.now == (100_000, 15_000)
    for value, one in zip(found.values, found.contour, strict=True):
        expected = (D(1677) + value / 4 - 150) / 2545 * 100_000  # 5,427 - 3,750 = 1,677 fixed beside the engineers
        assert one.volume_usd == pytest.approx(expected, rel=D("1e-12"))
    ax = charts_what_if.breakeven_map_chart(found)
    path = ax.collections[-1].get_paths()[0].vertices
    at = min(path, key=lambda point: abs(point[1] - 50_000))
    assert at[0] == pytest.approx((1527 + 12_500) / 2545 * 100_000, rel=0.1)  # drawn between points of the grid
    plt.close("all")


def test_no_map_over_what_the_document_does_not_know() -> None:
    with pytest.raises(UsageError, match="choose one of ticket"):
        breakeven_map("seed_aws", "volume")


def test_alt_text_says_the_finding_and_figures(asked: Breakeven) -> None:
    text = alt_text(asked)
    assert breakeven_finding(asked) in text
    assert "document from" in text
