"""Growth: the path, what each month opens with, prices by date, the economics, and the fan."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from decimal import Decimal as D
from functools import partial
from pathlib import Path

import pytest
from matplotlib import pyplot as plt

import costmodel as cm
from costmodel.analysis.drawing import figure_at
from costmodel.analysis.fans import Economics, Factor, factors_of, fan
from costmodel.analysis.growth import GrowthResult, economics_of
from costmodel.analysis.growth_files import read_growth
from costmodel.analysis.modelled import sides
from costmodel.analysis.paths import month_of, payments_path
from costmodel.analysis.perimeters import PerimeterRow, Term
from costmodel.assumptions.fields import Quantity
from costmodel.assumptions.growth import Growth
from costmodel.assumptions.uncertain import Rule
from costmodel.cli.main import main
from costmodel.errors import InputError, UsageError
from costmodel.reporting import charts_what_if
from costmodel.reporting.captions_what_if import alt_text
from costmodel.reporting.growth_screen import growth_finding


def figure(value: float, low: float | None = None, high: float | None = None) -> Quantity:
    ends = {name: D(str(end)) for name, end in (("low", low), ("high", high)) if end is not None}
    return Quantity(
        value=D(str(value)), unit="percent", source="-", read=dt.date(2026, 11, 24), basis="measured", **ends
    )


# --- the path -----------------------------------------------------------------------------------------------

RULE = Rule(shape="triangular", log_from_ratio=4, source="-", read=dt.date(2026, 11, 24), basis="assumption")
CONSTANT = Growth(monthly_percent=figure(10, 0, 20))
CURVE = Growth(curve={"start_percent": figure(20), "end_percent": figure(4), "half_life_months": figure(1)})
TABLE = Growth(table={"payments": (500, 700, 600), "spread_percent": figure(0, -10, 10), "source": "-",
                      "read": dt.date(2026, 11, 24), "basis": "measured"})  # fmt: skip

# Quantiles of a symmetric triangular law: 0.125 is half way from the low end to the middle (F = 2 × 0.25² = 1/8).
PATHS = [  # worked out by hand
    (CONSTANT, 0.5, [1000, 1100, 1210]),
    (CONSTANT, 0, [1000, 1000, 1000]),
    (CONSTANT, 1, [1000, 1200, 1440]),
    (CONSTANT, 0.125, [1000, 1050, 1102.5]),
    (CURVE, 0.5, [1000, 1200, 1344]),  # 20 %, then 4 + 16 / 2 = 12 %
    (TABLE, 0.5, [500, 700, 600]),
    (TABLE, 1, [500, 735, 660]),  # 0, 5 and 10 % more
]


@pytest.mark.parametrize(("growth", "quantile", "expected"), PATHS)
def test_path(growth: Growth, quantile: float, expected: list[float]) -> None:
    drawn_at = partial(figure_at, share=quantile, rule=RULE)
    assert payments_path(growth, 1000, 3, drawn_at) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("first", "later", "expected"),
    [
        (dt.date(2026, 11, 23), 2, dt.date(2027, 1, 23)),
        (dt.date(2027, 12, 31), 2, dt.date(2028, 2, 29)),
        (dt.date(2026, 11, 23), 60, dt.date(2031, 11, 23)),
    ],
)
def test_month_of(first: dt.date, later: int, expected: dt.date) -> None:
    assert month_of(first, later) == expected


# --- months simulated ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def dearer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key costs $2.00 from 2027-01-01 on."""
    folder = tmp_path_factory.mktemp("mine")
    (folder / "services").mkdir()
    (folder / "services" / "kms.toml").write_text(
        '[[meter.keys.price]]\nfrom = 2027-01-01\nregions = ["us-west-2", "us-east-1"]\n'
        'tiers = [{ above = 0, usd = 2 }]\nsource = "our contract"\nread = 2026-12-01\nbasis = "published"\n'
    )
    return folder


@pytest.fixture(scope="module")
def result(dearer: Path) -> GrowthResult:
    return cm.growth("seed_aws", months=13, data=dearer)


def line(result: GrowthResult, month: int, name: str) -> D:
    return next(term.usd for term in result.months[month - 1].row.own if term.name == name)


def test_first_month_is_the_scenarios_own(result: GrowthResult) -> None:
    row = cm.compare("seed_stripe", "seed_aws", perimeter="fully_loaded", set={"replications": 1}).modelled.row
    assert result.months[0].row.stripe_usd == row.stripe_usd
    assert result.months[0].payments == 500
    assert result.months[12].payments == 898  # 500 × 1.05^12 = 897.9


@pytest.mark.parametrize(("month", "usd"), [(1, 5), (2, 5), (3, 10), (12, 10), (13, 20)])
def test_prices_by_date_and_versions_of_keys(result: GrowthResult, month: int, usd: int) -> None:
    """Five keys at $1, from January at $2; after a year each counts twice."""
    assert line(result, month, "kms.keys") == usd


def test_every_month_opens_with_what_the_others_left(result: GrowthResult) -> None:
    opened = [month.stocks.rows for month in result.months]
    assert set(opened[0].values()) == {0}
    payments = [month.payments for month in result.months]
    for number in (1, 5, 12):
        # a transaction row for each payment and for each refund (8 %); fraud events are kept three months
        assert opened[number]["transaction"] == pytest.approx(1.08 * sum(payments[:number]), rel=0.02)
        kept = sum(payments[max(0, number - 3) : number])
        assert opened[number]["fraud_event"] == pytest.approx(kept, rel=0.02)
    stored = [month.stored_gb for month in result.months]
    assert stored == sorted(stored)
    assert result.months[0].stocks.held_usd == 0 < result.months[1].stocks.held_usd


def test_slow_money(result: GrowthResult) -> None:
    """Source: payments facts 6c: 100,000 a month, 2 days at 6 % a year: about 33 a month."""
    assert result.months[0].capital_usd == pytest.approx(D(100_000) * 12 * 2 / 365 * D("0.005"), abs=D("1e-6"))


def test_building_is_six_engineer_months(result: GrowthResult) -> None:
    assert result.build_usd == 90_000
    assert result.cumulative_usd[0] == -90_000 + result.months[0].saving_usd


@pytest.mark.parametrize(("scenario", "usd"), [("seed_aws", 90_000), ("seed_stripe", 0)])
def test_nobody_builds_stripe(scenario: str, usd: int) -> None:
    assert economics_of(read_growth()[0], cm.load(scenario)).build_usd == usd


# --- economics ----------------------------------------------------------------------------------------------


def made(result: GrowthResult, savings: list[int], build: int, rate: int) -> GrowthResult:
    """The same with other money: Stripe's side is the saving, the own one nothing."""
    term = Term("stripe.card", "card", D(0), "published", "-", is_known=True)
    months = []
    for number, usd in enumerate(savings, 1):
        row = PerimeterRow("p", "p", None, "modelled", (dataclasses.replace(term, usd=D(usd)),), ())
        month = dataclasses.replace(result.months[0], number=number, row=row, capital_usd=D(0), payments=500)
        months.append(month)
    return dataclasses.replace(result, months=tuple(months), build_usd=D(build), discount_percent_per_year=D(rate))


def test_payback_and_present_value(result: GrowthResult) -> None:
    path = made(result, [100, 200, 300], 300, 0)
    assert path.cumulative_usd == (-200, 0, 300)
    assert (path.payback_month, path.npv_usd) == (2, 300)
    assert made(result, [100, 100], 300, 0).payback_month is None
    # 12 months of 100 at 10 % a year: monthly rate 1.1^(1/12) - 1, annuity (1 - 1/1.1) / that
    monthly = 1.1 ** (1 / 12) - 1
    assert float(made(result, [100] * 12, 0, 10).npv_usd) == pytest.approx(100 * (1 - 1 / 1.1) / monthly, abs=0.01)


def drawn(result: GrowthResult, growth: Growth, factors: list[Factor], build: Quantity) -> object:
    file = read_growth()[0].model_copy(update={"growth": growth})
    economics = Economics(build, D(300), figure(2), D(0))
    return fan(file, 500, result.months, factors, economics, RULE, 1)


def test_without_ranges_the_fan_is_the_path(result: GrowthResult) -> None:
    path = made(result, [100, 200, 300], 300, 0)
    found = drawn(path, Growth(monthly_percent=figure(0)), [], figure(6))
    for name in ("p10", "p50", "p90"):
        assert found.cumulative_usd[name] == pytest.approx((-200, 0, 300))
        assert found.payback_month[name] == 2


def test_one_range_gives_its_quantiles(result: GrowthResult) -> None:
    """A line of 300 times a triangular law from 0 over 1 to 3: at 1 stands a third, so that p10 is √0.3, p50 is
    3 - √3 and p90 is 3 - √0.6; it pays from 1 on."""
    path = made(result, [300], 300, 0)
    factors = [Factor("price of stripe.card", frozenset({"stripe.card"}), 0.0, 3.0)]
    found = drawn(path, Growth(monthly_percent=figure(0)), factors, figure(6))
    assert [found.cumulative_usd[name][0] for name in ("p10", "p50", "p90")] == pytest.approx(
        [300 * (end - 1) for end in (0.3**0.5, 3 - 3**0.5, 3 - 0.6**0.5)], abs=10
    )
    assert found.pays_share == pytest.approx(2 / 3, abs=0.01)


def test_growth_moves_lines_but_for_those_that_stand(result: GrowthResult) -> None:
    """Twice as many payments in month 2 at most: 100 becomes up to 200, what stands stays. The range begins at its
    value: 1 - √0.1 of it is p90 of a triangular law."""
    path = made(result, [100, 100], 0, 0)
    free = dataclasses.replace(path, months=tuple(dataclasses.replace(m, fixed=frozenset()) for m in path.months))
    wide = Growth(monthly_percent=figure(0, 0, 100))
    assert drawn(free, wide, [], figure(0)).cumulative_usd["p90"][1] == pytest.approx(200 + 100 * (1 - 0.1**0.5), abs=3)
    kept = dataclasses.replace(
        path, months=tuple(dataclasses.replace(m, fixed=frozenset({"stripe.card"})) for m in path.months)
    )
    assert drawn(kept, wide, [], figure(0)).cumulative_usd["p90"][1] == pytest.approx(200, abs=1e-9)


def test_fan_holds_the_middle_and_says_how_it_scales(result: GrowthResult) -> None:
    bands = result.fan.cumulative_usd
    assert all(a < b < c for a, b, c in zip(bands["p10"], bands["p50"], bands["p90"], strict=True))
    assert bands["p10"][-1] < float(result.cumulative_usd[-1]) < bands["p90"][-1]
    assert 0 <= result.scaling_error_percent < 2  # measured, and told on the screen


@pytest.mark.parametrize(("end", "drawn_again"), [("value", True), ("high", False)])
def test_what_stands_at_an_end_is_not_drawn_again(end: str, drawn_again: bool) -> None:
    file, perimeters = read_growth()
    side, assumed = sides(perimeters, "fully_loaded").own, cm.load("seed_aws")
    lines = {"operations.engineering", "operations.legal", "ach.debit_entries"}
    found = {factor.title for factor in factors_of(perimeters, file, side, assumed, lines, end)}
    assert ("quantity of operations.engineering" in found) is drawn_again
    assert ("price of operations.legal" in found) is drawn_again
    assert "price of ach.debit_entries" in found


# --- bad input ----------------------------------------------------------------------------------------------

REFUSED = [
    ({"months": 11}, "from 12 to 60"),
    ({"months": 61}, "from 12 to 60"),
    ({"months": "1.5"}, "whole number"),
    ({"months": "some"}, "no number"),
    ({"monthly_growth": -100}, "shrink by 100 %"),
    ({"monthly_growth": 400, "months": 60}, "payments a month"),
    ({"rate": "inf"}, "not finite"),
    ({"rate": -100}, "above -100"),
    ({"perimeter": "as_claimed"}, "no modelled perimeter"),
    ({"growth": "fast"}, "no such growth"),
]


@pytest.mark.parametrize(("asked", "says"), REFUSED)
def test_refused(asked: dict[str, object], says: str) -> None:
    with pytest.raises((UsageError, InputError)) as caught:
        cm.growth("seed_aws", **asked)  # type: ignore[arg-type]
    assert says in str(caught.value)


def test_a_table_that_ends_too_early() -> None:
    with pytest.raises(UsageError, match="ends after 3 months"):
        payments_path(TABLE, 500, 12)


FAULTS = [
    ("[growth.monthly_percent]", "[growth.weekly_percent]", "unknown key"),
    ('built = ["aws_native"]', 'built = ["aws_natve"]', "did you mean `aws_native`"),
    ('meter = "engineering"', 'meter = "engineers"', "did you mean `engineering`"),
    ("value = 5\nlow = 0\nhigh = 10", "value = 5\nlow = 6\nhigh = 10", "does not hold"),
]


@pytest.mark.parametrize(("old", "new", "says"), FAULTS)
def test_faulty_file(tmp_path: Path, root: Path, old: str, new: str, says: str) -> None:
    text = (root / "data" / "growth" / "seed.toml").read_text()
    assert old in text
    (tmp_path / "mine.toml").write_text(text.replace(old, new))
    with pytest.raises(InputError) as caught:
        read_growth(str(tmp_path / "mine.toml"))
    assert says in str(caught.value)
    assert caught.value.problems[0].line


# --- what people see ----------------------------------------------------------------------------------------


def test_rows_and_json_agree(result: GrowthResult) -> None:
    document = json.loads(json.dumps(result.to_dict()))
    assert [row["month"] for row in document["months"]] == list(range(1, 14))
    assert D(document["months"][-1]["cumulative_usd"]) == result.cumulative_usd[-1]
    assert document["provenance"]["overridden"]
    assert len(result.to_frame()) == 13


def test_chart_draws_the_path_and_its_fan(result: GrowthResult) -> None:
    ax = charts_what_if.growth_chart(result)
    drawn_path = max(ax.lines, key=lambda one: (one.get_linewidth(), len(one.get_xdata())))
    assert list(drawn_path.get_ydata()) == [float(usd) for usd in result.cumulative_usd]
    labels = [text.get_text() for text in ax.texts]
    assert sorted(labels) == ["middle path", "p10", "p50", "p90"]
    assert ax.get_title(loc="left").replace("\n", " ") == growth_finding(result)
    assert "USD" in ax.get_ylabel()
    plt.close("all")


def test_command_refuses_what_it_cannot_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["growth", "seed_aws", "--months", "7"]) == 2
    assert "from 12 to 60" in capsys.readouterr().err


def test_alt_text_says_the_finding_and_figures(result: GrowthResult) -> None:
    text = alt_text(result)
    assert growth_finding(result) in text
    assert "middle path" in text
