"""Uncertainty: which assumptions take part, how they are drawn, and what comes of it on functions with known answers."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import math
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

import costmodel as cm
from costmodel.analysis import uncertainty as module
from costmodel.analysis.drawing import cube, drawn, values_at_each
from costmodel.analysis.factors import Factor, drawn_decimal, find_factors, with_values
from costmodel.analysis.judging import simulated_figure
from costmodel.analysis.modeller import Modeller
from costmodel.analysis.points import code_sha256
from costmodel.analysis.samples import sampled
from costmodel.analysis.sides import Business
from costmodel.analysis.study import SEED_SIDES, Draw, Study, ready
from costmodel.analysis.uncertain_result import probabilities, spread_of
from costmodel.analysis.uncertainty import uncertainty
from costmodel.assumptions.changes import changes_from
from costmodel.assumptions.document import Claim
from costmodel.assumptions.service import Price
from costmodel.assumptions.uncertain import Rule
from costmodel.errors import InputError, UsageError
from costmodel.run import run_assumptions
from costmodel.simulation.tables import law_table

SOURCE = {"source": "test", "read": dt.date(2026, 1, 1), "basis": "assumption"}
FIGURES = (
    "same_rail.reduction",
    "fully_loaded.own_usd",
    "seed_aws.latency_ms.p95",
    "seed_aws.bill.kms",
    "seed_stripe.bill.stripe",
)


def rule(shape="triangular") -> Rule:
    return Rule(shape=shape, log_from_ratio=4, **SOURCE)


def factor(low, value, high) -> Factor:
    return Factor("x", ("x",), "value", low, value, high, "assumption")


# --- how a range is drawn --------------------------------------------------------------------------------------------

# Quantiles of the triangular law by its textbook formula: F(peak) = (peak - low) / (high - low), and half way down each
# side a quarter of that side's probability is left.
QUANTILES = [
    ("triangular", (0, 1, 4), 0.0, 0), ("triangular", (0, 1, 4), 0.25, 1), ("triangular", (0, 1, 4), 1.0, 4),
    ("triangular", (0, 1, 4), 0.0625, 0.5), ("triangular", (0, 1, 4), 1 - 0.75 / 4, 2.5),
    ("triangular", (2, 2, 6), 0.0, 2), ("triangular", (2, 2, 6), 0.75, 4), ("triangular", (2, 6, 6), 0.25, 4),
    ("triangular", (1, 2, 4), 0.5, 2),        # of its logarithm: 4 is at least four times 1
    ("triangular", (1, 10, 100), 0.125, math.sqrt(10)),
    ("uniform", (0, 1, 4), 0.75, 3), ("uniform", (1, 2, 4), 0.5, 2), ("uniform", (1, 2, 3), 0.5, 2),
]  # fmt: skip


@pytest.mark.parametrize(("shape", "ends", "share", "value"), QUANTILES)
def test_quantile_of_a_range(shape, ends, share, value):
    assert drawn(*map(float, ends), share, rule(shape)) == pytest.approx(value, rel=1e-12, abs=1e-12)


def test_points_are_evenly_spread_and_the_same_each_time():
    points = cube(64, 3, 5)
    assert points.shape == (64, 3)
    assert (points == cube(64, 3, 5)).all()
    assert (points != cube(64, 3, 6)).any()
    for column in points.T:  # a Sobol sequence puts one point into each of 64 equal parts
        assert sorted((column * 64).astype(int)) == list(range(64))


# --- which assumptions take part -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def study() -> Study:
    return Study("seed_aws", "seed", None, (), "auto", FIGURES, code_sha256())


def test_ranges_of_every_kind_take_part(study):
    paths = {one.path for one in ready(study).factors}
    assert {
        "workload.commission", "workload.tickets.sigma", "workload.fates.refund.share", "workload.fates.refund.lag.scale",
        "pipeline.work.node_handler.scale", "pipeline.waits.escrow_hold.hours", "pipeline.static.kms_keys.quantity",
        "pipeline.each.log_lines.quantity", "pipeline.duplicate_share", "services.kms.latency.Encrypt.scale",
        "services.lambda.parameter.keep_alive_s", "services.appsync.quota.operations.per_second",
        "services.ach.debit_entries.price", "services.fraud_detector.parameter.outages_per_year", "adds.people.quantity",
    } <= paths  # fmt: skip
    assert len(paths) == len(ready(study).factors)


def test_what_the_figures_cannot_depend_on_does_not(study):
    paths = {one.path for one in ready(study).factors}
    assert not {path for path in paths if path.startswith(("services.cloudhsm", "services.payment_cryptography"))}
    assert "services.kms.latency.Sign.scale" not in paths  # no step signs


def test_values_are_put_in_their_places_and_nowhere_else(study):
    services = ready(study).sides["own", "ach"].services
    found = {one.path: one for one in find_factors(services, (), "services", lambda record, path: True)}
    wanted = {"services.kms.latency.Encrypt.scale": 2.0, "services.lambda.parameter.keep_alive_s": 610.5}
    changed = with_values(services, {found[path].keys: (found[path], value) for path, value in wanted.items()})
    assert changed["lambda"].parameter["keep_alive_s"].value == Decimal("610.5")
    twice, once = (law_table(one["kms"].law("Encrypt")) for one in (changed, services))
    assert (twice.edges == 2 * once.edges).all()
    assert changed["kms"].law("Decrypt") is services["kms"].law("Decrypt")
    assert changed["s3"] is services["s3"]


# A price at its low and high end, as its range says: (range, value drawn, prices of its tiers).
PRICES = [
    ({"tiers": [{"above": 0, "usd": 4, "low": 2, "high": 8}, {"above": 9, "usd": 2, "low": 1, "high": 3}], "tiering": "graduated"},
     8.0, ["8", "3"]),
    ({"tiers": [{"above": 0, "usd": 4, "low": 2, "high": 8}, {"above": 9, "usd": 2, "low": 1, "high": 3}], "tiering": "graduated"},
     3.0, ["3", "1.5"]),
    ({"tiers": [{"above": 0, "usd": 4}], "scale_low": "0.5", "scale_high": 2}, 0.5, ["2"]),
]  # fmt: skip


@pytest.mark.parametrize(("given", "value", "tiers"), PRICES)
def test_a_price_moves_within_its_range(given, value, tiers):
    price = Price(**given, **SOURCE, **{"from": dt.date(2020, 1, 1)})
    (found,) = find_factors(price, (), "x.price.0", lambda record, path: True)
    moved = with_values(price, {(): (found, value)})
    assert [tier.usd for tier in moved.tiers] == [Decimal(usd) for usd in tiers]


# --- a sample is a month as `run` and `check` have it -----------------------------------------------------------------


def test_a_sample_without_changes_is_the_run_itself(study):
    row = dict(zip(FIGURES, sampled(study, [Draw(1)])[0], strict=True))
    month = cm.run("seed_aws", set={"horizon": "cohort", "replications": 1})
    assert row["seed_aws.latency_ms.p95"] == month.latency_ms["p95"]
    assert row["seed_aws.bill.kms"] == float(sum(line.cost_usd for line in month.bill.lines if line.service == "kms"))
    stripe = cm.run("seed_stripe", set={"horizon": "cohort", "replications": 1})
    assert row["seed_stripe.bill.stripe"] == float(stripe.bill.total_usd)


def test_a_changed_price_is_rated_exactly_as_the_bill_does(study):
    places = {one.path: at for at, one in enumerate(ready(study).factors)}
    row = dict(
        zip(FIGURES, sampled(study, [Draw(1, ((places["pipeline.static.kms_keys.quantity"], 12.0),))])[0], strict=True)
    )
    month = cm.run("seed_aws", set={"horizon": "cohort", "replications": 1, "pipeline.static.kms_keys.quantity": 12})
    assert row["seed_aws.bill.kms"] == float(sum(line.cost_usd for line in month.bill.lines if line.service == "kms"))
    assert row["seed_aws.bill.kms"] == pytest.approx(12, abs=0.5)  # twelve keys at $1; requests are free at this volume


# Months worked out together are the months by themselves, to the last bit: each run as `run` does it, with the drawn
# values in its records, and billed as `check` does it. (Scenario, what else is set, engine.)
TOGETHER = [
    ("seed_aws", {"workload.payments_per_month": 60}, "compiled"),
    ("seed_aws", {"workload.payments_per_month": 60, "horizon": "month"}, "compiled"),  # lead-ins differ
    ("seed_aws", {"workload.payments_per_month": 60, "workload.count": "random"}, "compiled"),
    ("seed_aws_two_regions", {"workload.payments_per_month": 60, "workload.days": 11}, "compiled"),
    ("seed_aws_hsm", {"workload.payments_per_month": 60}, "compiled"),
    ("seed_aws", {"workload.payments_per_month": 8}, "reference"),
]


@pytest.mark.parametrize(("scenario", "changes", "engine"), TOGETHER)
def test_months_worked_out_together_are_months_by_themselves(scenario, changes, engine):
    more = ("seed_aws.availability.time", "seed_stripe.latency_ms.max", "cards_kept.reduction", "list_price.stripe_usd",
            "seed_aws.throughput.nearest_limit_per_hour", "fully_loaded.stripe_over_own")  # fmt: skip
    study = Study(scenario, "seed", None, changes_from(changes), engine, (*FIGURES, *more), code_sha256())
    factors = ready(study).factors
    values = values_at_each(factors, range(len(factors)), cube(4, len(factors), 7), rule())
    draws = [Draw(40 + at, point) for at, point in enumerate(values)]
    draws += [Draw(3), Draw(3, ((0, factors[0].high),)), Draw(4, ((1, factors[1].high), (3, factors[3].high)))]
    together = sampled(study, draws)
    for row, draw in zip(together, draws, strict=True):
        assert row == pytest.approx(by_itself(study, draw), abs=0, rel=0, nan_ok=True)


def by_itself(study: Study, draw: Draw) -> list[float]:
    loaded = ready(study)
    placed = {loaded.factors[at].keys: (loaded.factors[at], drawn_decimal(value)) for at, value in draw.values}
    parts: dict = {}
    for keys, one in placed.items():
        parts.setdefault(keys[0], {})[keys[1:]] = one
    business = Business(study.scenario)
    for side, known in loaded.sides.items():
        workload = with_values(loaded.sides["own", "ach"].scenario.workload, parts.get("workload", {}))
        workload = workload.model_copy(update={"methods": known.scenario.workload.methods})
        changed = {"workload": workload, "seed": draw.seed, "replications": 1}
        assumptions = dataclasses.replace(
            known,
            scenario=known.scenario.model_copy(update=changed),
            services=with_values(loaded.sides["own", "ach"].services, parts.get("services", {})),
            pipeline=with_values(known.pipeline, parts.get(side[0], {})),
        )
        business.put({side: run_assumptions(assumptions, engine=study.engine)})
    file = loaded.file.model_copy(update={"adds": with_values(loaded.file.adds, parts.get("adds", {}))})
    modeller, found = Modeller(file, business), []
    for name in study.figures:
        place, _, figure = name.partition(".")
        if place in SEED_SIDES:
            value = simulated_figure(business.result(*SEED_SIDES[place]), figure)[0]
        else:
            value = modeller.pooled(place).figures(modeller.payments(place)).get(figure)
        found.append(math.nan if value is None else float(value))
    return found


def test_a_path_may_be_set_to_a_table():
    tickets = {"law": "constant", "source": "test", "read": dt.date(2026, 1, 1), "basis": "measured"}
    study = Study("seed_aws", "seed", None, changes_from({"workload.tickets": tickets}), "auto", FIGURES, code_sha256())
    assert "workload.tickets.sigma" not in {one.path for one in ready(study).factors}


def test_a_worker_with_other_sources_is_refused(study):
    with pytest.raises(UsageError, match="another version"):
        sampled(Study("seed_aws", "seed", None, (), "auto", FIGURES, "other"), [Draw(1)])


# --- the whole, on figures with known answers -------------------------------------------------------------------------

WEIGHTS = {
    "services.ach.debit_entries.price": 4.0,
    "services.ach.credit_entries.price": 2.0,
    "workload.commission": 1.0,
}
NOISE = 0.1


def linear(study: Study, draws: list[Draw]) -> list[list[float]]:
    """Figures that are a weighted sum of three factors' places in their ranges, and the luck of the month."""
    factors = ready(study).factors
    rows = []
    for draw in draws:
        values = dict(draw.values)
        total = sum(weight * share_of(factors, path, values) for path, weight in WEIGHTS.items())
        luck = NOISE * (np.random.default_rng(draw.seed).normal())
        rows.append([50 + total + luck] * len(study.figures))
    return rows


def share_of(factors, path, values) -> float:
    at = next(k for k, one in enumerate(factors) if one.path == path)
    one = factors[at]
    return (values.get(at, one.value) - one.low) / (one.high - one.low)


def test_variance_is_told_apart_and_shared_out_as_it_was_made(monkeypatch):
    monkeypatch.setattr(module, "sampled", linear)
    found = uncertainty(samples=512, set={"replications": 1})
    names = [one.path for one in found.swings[:3]]
    assert names == list(WEIGHTS)
    assert [swing.width for swing in found.swings[:3]] == pytest.approx(list(WEIGHTS.values()))
    assert all(swing.width == 0 for swing in found.swings[3:])
    spread = found.spread(found.figure)
    # var of a triangular law: (a² + b² + c² - ab - ac - bc) / 18
    variances = []
    for path, weight in WEIGHTS.items():
        one = next(factor for factor in found.factors if factor.path == path)
        peak = (one.value - one.low) / (one.high - one.low)
        variances.append(weight**2 * (1 + peak**2 - peak) / 18)
    assert spread.sd_noise == pytest.approx(NOISE, rel=0.25)  # 64 pairs: the standard error is about 9 %
    assert spread.sd_input == pytest.approx(math.sqrt(sum(variances)), rel=0.05)
    shares = {one.path: one for one in found.indices}
    for path, variance in zip(WEIGHTS, variances, strict=True):
        # additive: alone and in all are the same share. The law of commission has its peak at one end.
        assert shares[path].total == pytest.approx(variance / sum(variances), abs=0.1)
        assert shares[path].first == pytest.approx(variance / sum(variances), abs=0.15)
    assert found.explained == pytest.approx(1, abs=0.15)


def test_a_claims_probability_is_the_share_of_months_in_which_it_holds(monkeypatch):
    monkeypatch.setattr(module, "sampled", linear)
    found = uncertainty(samples=64, set={"replications": 1})
    column = found.values[:, found.names.index("same_rail.reduction")]
    held = [value for value in column if abs(value - 92) <= 0.5]
    assert found.claim("ECO-S18").by_place["same_rail"].probability == len(held) / 64 == 0
    assert found.claim("ECO-S27").by_place["seed_aws"].probability == 1  # 50-odd ms, as the figures above have it


@pytest.mark.parametrize("shape", ["triangular", "uniform"])
def test_many_points_give_what_each_gives(study, shape):
    factors = [*ready(study).factors, factor(0, 0, 1), factor(0.001, 1, 1)]
    points = np.vstack([cube(32, len(factors), 5), np.zeros(len(factors)), np.ones(len(factors))])
    places = range(len(factors))
    found = values_at_each(factors, places, points, rule(shape))
    one_by_one = [
        [drawn(of.low, of.value, of.high, share, rule(shape)) for of, share in zip(factors, point, strict=True)]
        for point in points.tolist()
    ]
    assert found == [tuple(zip(places, values, strict=True)) for values in one_by_one]


def test_the_readme_says_how_many_assumptions_the_command_draws(monkeypatch):
    monkeypatch.setattr(module, "sampled", linear)
    found = uncertainty(samples=2, indices=False)
    readme = Path(__file__).parent.parent.joinpath("README.md").read_text(encoding="utf-8")
    assert f"draws the {len(found.factors)} assumptions that have a range" in readme
    assert found.to_dict()["assumptions"] == len(found.factors)


@pytest.mark.parametrize(("limit", "share"), [(10, 1.0), (2, 0.4), (0, 0.0)])
def test_probability(limit, share):
    claim = Claim(id="c", quote="q", line=1, subject="s", metric="m", stated=Decimal(limit), unit="ms", relation="<",
                  tolerance=Decimal(0), because="b", model="latency_ms.p95", scenario="seed_aws",
                  pinned={"document": "fails"})  # fmt: skip
    columns = {"seed_aws.latency_ms.p95": np.array([0.5, 1, 2, 3, 4]), "seed_stripe.latency_ms.p95": np.array([9.0])}
    found = probabilities(claim, columns)
    assert {place: one.probability for place, one in found.by_place.items()} == {"seed_aws": share}


def test_noise_is_half_the_mean_square_of_pairs():
    # pairs (0, 2), (4, 2): differences of 2, so a variance of 2 from luck; the whole has one of 8/3
    spread = spread_of("f", 1.0, np.array([0.0, 4.0, 2.0, 2.0]), np.array([2.0, 2.0]))
    assert spread.sd_noise == pytest.approx(math.sqrt(2))
    assert spread.sd_input == pytest.approx(math.sqrt(8 / 3 - 2))


def test_same_result_whoever_computes_and_valid_json(monkeypatch):
    small = {"samples": 3, "set": {"workload.payments_per_month": 20}, "seed": 4}
    monkeypatch.setattr(module, "_effort", lambda effort, samples, *, large: module._Effort(samples, 2, 2, 2))
    monkeypatch.setattr(module, "ready", few_factors)
    alone = uncertainty(**small)
    with ThreadPoolExecutor(3) as pool:
        other = uncertainty(**small, executor=pool)
    assert alone.to_dict() == other.to_dict()
    text = json.dumps(alone.to_dict(), allow_nan=False)
    assert json.loads(text)["assumptions"] == 3
    assert alone.overridden == ("--set workload.payments_per_month=20", "--set seed=4")


def few_factors(study):
    loaded = ready(study)
    return dataclasses.replace(loaded, factors=loaded.factors[:3])


BAD = [
    ({"figure": "same_rail.reducton"}, UsageError, "did you mean `same_rail.reduction`"),
    ({"samples": 1}, UsageError, "ask for 2 at least"),
    ({"set": {"workload.payments": 3}}, InputError, "unknown key"),
    ({"claims": "sed"}, InputError, "did you mean `seed`"),
    ({"workers": 0}, UsageError, "at least 1"),
]


@pytest.mark.parametrize(("asked", "error", "says"), BAD)
def test_bad_input(asked, error, says):
    with pytest.raises(error, match=says):
        uncertainty(**asked)


# --- what people see -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shown():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "sampled", linear)
        yield uncertainty(samples=64, set={"replications": 1})


def test_tornado_draws_each_end_from_the_value_and_says_what_moves_most(shown):
    from costmodel.reporting.charts_uncertainty import tornado_chart, tornado_text

    ax = tornado_chart(shown)
    bars = [patch for patch in ax.patches if patch.get_width()]
    widths = {label.get_text(): 0.0 for label in ax.get_yticklabels()}
    assert list(widths)[::-1] == [path.removeprefix("services.") for path in WEIGHTS]
    for at, path in enumerate(reversed(WEIGHTS)):
        drawn = sum(abs(bar.get_width()) for bar in bars if round(bar.get_y() + bar.get_height() / 2) == at)
        assert drawn == pytest.approx(WEIGHTS[path])
    assert (
        ax.get_title(loc="left")
        .replace("\n", " ")
        .startswith(f"What moves the reduction of cost most (same rail, both legs): {next(iter(WEIGHTS))}, ")
    )
    assert next(iter(WEIGHTS)) in tornado_text(shown)


def test_probabilities_are_drawn_for_every_claim_that_can_be_judged(shown):
    from costmodel.reporting.charts_uncertainty import probability_chart, probability_text

    ax = probability_chart(shown)
    judged = [one for one in shown.claims if one.by_place]
    assert len(ax.get_yticklabels()) == len(judged)
    dots = sorted(float(dot.get_offsets()[0][0]) for dot in ax.collections)
    assert dots == pytest.approx(sorted(100 * share.probability for one in judged for share in one.by_place.values()))
    assert "“98% cost reduction” holds in 0 %" in ax.get_title(loc="left").replace("\n", " ")
    assert "ECO-S19 same rail, both legs 0 %" in probability_text(shown)


def test_documents(shown):
    from costmodel.reporting.uncertainties import uncertainty_documents

    made = {kind: make() for kind, make in uncertainty_documents(shown).items()}
    assert f"{len(shown.factors)} assumptions with a range, drawn independently (triangular) in 64 months" in " ".join(
        made["table"].split()
    )
    assert "overridden: --set replications=1" in made["table"]
    assert made["csv"].splitlines()[0] == "claim,quote,place,probability,low,high"
    assert len(made["csv"].splitlines()) == 1 + sum(len(one.by_place) for one in shown.claims)
    assert json.loads(made["json"])["figure"] == "same_rail.reduction"
    assert made["markdown"].startswith("# Reduction of cost, same rail, both legs: ")


def test_the_chart_is_the_same_bytes_each_time_or_refused(shown):
    from costmodel.reporting.charts_svg import chart_kind, charts_bytes

    drawn = charts_bytes(("probability", "tornado"), shown, "svg")
    assert drawn.startswith(b"<?xml")
    assert charts_bytes(("probability", "tornado"), shown, "svg") == drawn
    with pytest.raises(UsageError, match=r"end it in \.svg, \.png, \.pdf"):
        chart_kind("u.bmp")


def test_command(monkeypatch, capsys, tmp_path):
    from costmodel.cli.main import main

    monkeypatch.setattr(module, "sampled", linear)
    words = ["uncertainty", "seed_aws", "--samples", "8", "--chart", str(tmp_path / "u.png"), "--format", "json"]
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)["samples"] == 8
    assert (tmp_path / "u.png").read_bytes().startswith(b"\x89PNG")
    assert main(["uncertainty", "--figure", "x"]) == 2
    assert "no figure `x`" in capsys.readouterr().err
