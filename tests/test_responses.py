"""Responses: ridge regression on design points against refits by hand, and the whole at a volume that needs them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from costmodel.analysis import uncertainty as module
from costmodel.analysis.drawing import cube
from costmodel.analysis.factors import Factor
from costmodel.analysis.points import code_sha256
from costmodel.analysis.responses import PENALTIES, Response, drives_events, position
from costmodel.analysis.study import Study, ready
from costmodel.analysis.uncertainty import uncertainty
from costmodel.assumptions.uncertain import load_uncertain

RULE = load_uncertain().rule
FIGURES = ("same_rail.reduction", "seed_aws.latency_ms.p95")


@pytest.fixture(scope="module")
def study() -> Study:
    return Study("seed_aws", "seed", None, (), "auto", FIGURES, code_sha256())


# What an assumption drives follows from what it is: (path, whether the month must be simulated anew).
DRIVERS = [
    ("services.kms.latency.Encrypt.scale", True), ("services.lambda.parameter.keep_alive_s", True),
    ("services.appsync.quota.operations.per_second", True), ("workload.tickets.sigma", True),
    ("workload.fates.refund.share", True), ("pipeline.waits.escrow_hold.hours", True),
    ("pipeline.duplicate_share", True), ("services.ach.debit_entries.price", False),
    ("workload.international_share", False), ("pipeline.static.kms_keys.quantity", False),
    ("pipeline.each.log_lines.quantity", False), ("adds.people.quantity", False),
]  # fmt: skip


@pytest.mark.parametrize(("path", "drives"), DRIVERS)
def test_what_drives_events(study, path, drives):
    found = next(factor for factor in ready(study).factors if factor.path == path)
    assert drives_events(found) == drives


POSITIONS = [((0, 1, 4), 1, 0.25), ((0, 1, 4), None, 0.25), ((1, 10, 100), 10, 0.5), ((2, 3, 6), 6, 1)]


@pytest.mark.parametrize(("ends", "value", "place"), POSITIONS)
def test_position_in_a_range(ends, value, place):
    assert position(Factor("x", ("x",), "value", *ends, "assumption"), value, RULE) == pytest.approx(place)


class Known(Response):
    """A response whose figures at the design points are given."""

    @property
    def _at_values(self):
        return self.points


def known(study, values, design) -> Known:
    return Known(study, ready(study), RULE, list(range(design.shape[1])), design, values, [])


def test_leave_one_out_errors_are_those_of_refits(study):
    design, luck = cube(12, 3, 1), np.random.default_rng(2)
    values = np.column_stack([design @ [1, -2, 3], luck.normal(size=12)])
    response = known(study, values, design)
    for number, penalty in enumerate(PENALTIES):
        missed = []
        for out in range(12):
            kept = [at for at in range(12) if at != out]
            x = np.hstack([2 * design - 1, (2 * design - 1) ** 2])
            # the intercept is not shrunk: both sides centred on the points that are kept
            middle, mean = x[kept].mean(axis=0), values[kept].mean(axis=0)
            centred = x[kept] - middle
            slopes = np.linalg.solve(centred.T @ centred + penalty * np.eye(6), centred.T @ (values[kept] - mean))
            missed.append(values[out] - mean - (x[out] - middle) @ slopes)
        assert response._errors[number] == pytest.approx(np.sqrt(np.mean(np.square(missed), axis=0)))


def test_a_quadratic_response_is_found_and_noise_is_told_as_error(study):
    design, luck = cube(64, 3, 1), np.random.default_rng(2)
    curved = 5 + design @ [1, -2, 3] + (design**2) @ [4, 0, -1]
    response = known(study, np.column_stack([curved, luck.normal(size=64)]), design)
    errors = response._errors[response.best, [0, 1]]
    assert errors[0] < 1e-3
    assert errors[1] == pytest.approx(1, abs=0.25)  # nothing to be found: left out, a point is missed by its luck


def test_a_large_month_is_drawn_through_design_points(monkeypatch):
    effort = module._Effort(6, 2, 2, 2, (5, 2))
    monkeypatch.setattr(module, "_effort", lambda given, samples, *, large: effort if large else pytest.fail("small"))
    shares: list[float] = []
    found = uncertainty("seed_aws_x100", seed=3, watch=shares.append)
    assert shares[-1] == 1
    assert (found.fit.points, found.fit.payments) == (5, 2000)
    spread = found.spread("same_rail.reduction")
    assert spread.low <= spread.median <= spread.high
    assert spread.sd_fit > 0
    assert spread.sd_noise > 0
    assert found.overridden == ("--set seed=3",)  # that the month was shortened is no change of the reader's
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["design"] == {"points": 5, "payments": 2000}
    prices = {swing.path: swing.width for swing in found.swings}
    assert prices["services.ach.credit_entries.price"] > 10  # exact at each point, whatever the fit
