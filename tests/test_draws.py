"""Draws and tables: the same bits everywhere, the right distribution, and luck that nobody else's steps disturb."""

from __future__ import annotations

import datetime as dt
import math
import subprocess
import sys
from decimal import Decimal
from statistics import NormalDist

import numpy as np
import pytest

from costmodel.assumptions.fields import Law
from costmodel.simulation.draws import (
    draw_bits,
    draw_bits_many,
    mix64,
    mix64_many,
    name_key,
    stream_key,
    uniform_below,
    uniform_below_many,
)
from costmodel.simulation.tables import LawTable, law_table

SOURCED = {"source": "test", "read": dt.date(2026, 1, 1), "basis": "published"}
MEAN = 10**11  # large, so that rounding to integers does not show
KEY = stream_key(1, "duration", name_key("pay/step"))
IDS = np.arange(-50_000, 50_000, dtype=np.int64)
EXTREMES = np.array(
    [b ^ flip for k in range(64) for b in (1 << k, (1 << k) - 1) for flip in (0, 2**64 - 1)], dtype=np.uint64
)


def law(**form: object) -> Law:
    return Law.model_validate({**form, **SOURCED})


# The first outputs of SplitMix64 seeded with 0: its authors' reference, java.util.SplittableRandom.
@pytest.mark.parametrize(("calls", "output"), [(0, 0xE220A8397B1DCDAF), (1, 0x6E789E6AA1B965F4)])
def test_mixer_is_splitmix64(calls: int, output: int) -> None:
    assert mix64(calls * 0x9E3779B97F4A7C15) == output


def test_arrays_and_single_draws_agree_bit_for_bit() -> None:
    assert mix64_many(EXTREMES).tolist() == [mix64(int(bits)) for bits in EXTREMES]
    assert draw_bits_many(KEY, IDS).tolist() == [draw_bits(KEY, int(entity)) for entity in IDS]


@pytest.mark.parametrize("table", [
    LawTable.exponential(MEAN), LawTable.lognormal(MEAN, 2), law_table(law(constant_ms=5)),
    law_table(law(quantiles_days={"p0": "0.2", "p50": 1, "p100": 120})),
])  # fmt: skip
def test_tables_agree_bit_for_bit(table: LawTable) -> None:
    bits = np.concatenate([draw_bits_many(KEY, IDS), EXTREMES])
    assert table.values(bits).tolist() == [table.value(int(each)) for each in bits]


@pytest.mark.parametrize("cv", [0.1, 0.25, 0.5, 1, 1.5, 2])
def test_lognormal_tables_keep_their_mean(cv: float) -> None:
    assert LawTable.lognormal(MEAN, cv).mean() == pytest.approx(MEAN, rel=1e-4)


def test_exponential_tables_keep_their_mean() -> None:
    assert LawTable.exponential(MEAN).mean() == pytest.approx(MEAN, rel=1e-4)


@pytest.mark.parametrize("sigma", [0.1, 0.5, 1, 1.25])
def test_a_lognormal_given_by_its_quantiles_has_its_mean(sigma: float) -> None:
    """Closed form exp(sigma² / 2) for a median of 1 day; p0 and p100 at probabilities 2^-40 from the ends."""
    levels = {"p0": 2**-40, "p10": 0.1, "p50": 0.5, "p90": 0.9, "p99": 0.99, "p100": 1 - 2**-40}
    quantiles = {name: str(math.exp(sigma * NormalDist().inv_cdf(level))) for name, level in levels.items()}
    day = 86_400 * 10**9
    assert law_table(law(quantiles_days=quantiles)).mean() / day == pytest.approx(math.exp(sigma**2 / 2), rel=1e-3)


@pytest.mark.parametrize(("level", "ms"), [("0.5", 40), ("0.9", 70), ("0.99", 200), ("0.999", 900)])
def test_given_quantiles_are_met(level: str, ms: int) -> None:
    """Where a share `level` of draws lies below; 1/64 of the tail is a cell's width."""
    given = {"p0": 10, "p50": 40, "p90": 70, "p99": 200, "p99_9": 900, "p100": 5000}
    table = law_table(law(quantiles_ms=given))
    tail = int((1 - Decimal(level)) * 2**64)
    near, far = (table.value(2**63 + max(0, min(2**63 - 1, int(tail * k)))) for k in (65 / 64, 63 / 64))
    assert near <= ms * 10**6 <= far


@pytest.mark.parametrize("form", [
    {"constant_ms": 7},
    {"quantiles_ms": {"p0": 7, "p50": 7, "p100": 7}},
])  # fmt: skip
def test_a_law_of_one_value_always_gives_it(form: dict[str, object]) -> None:
    assert set(law_table(law(**form)).values(EXTREMES).tolist()) == {7 * 10**6}


def test_a_law_of_zeros_gives_zero() -> None:
    assert set(law_table(law(quantiles_ms={"p0": 0, "p100": 0})).values(EXTREMES).tolist()) == {0}


def test_bits_are_uniform_and_neighbours_independent() -> None:
    """Chi-square over 16 × 16 pairs of neighbouring entities: 255 degrees, 99.9 % point 330.5 (tables)."""
    nibbles = (draw_bits_many(KEY, IDS) >> np.uint64(60)).astype(np.int64)
    pairs = np.bincount(nibbles[0::2] * 16 + nibbles[1::2], minlength=256)
    expected = len(IDS) / 2 / 256
    assert ((pairs - expected) ** 2 / expected).sum() < 330.5


def test_streams_names_repeats_and_attempts_have_luck_of_their_own() -> None:
    keys = [stream_key(seed, stream, name_key(name)) for seed in (1, 2) for stream in ("a", "b") for name in ("x", "y")]
    drawn = {draw_bits(key, e, r, a) for key in keys for e in (-1, 0, 1) for r in (0, 1) for a in (0, 1, 2)}
    assert len(drawn) == 8 * 3 * 2 * 3


def test_names_have_the_same_key_in_every_process() -> None:
    """Unlike Python's own hash of a text."""
    code = "from costmodel.simulation.draws import name_key; print(name_key('pay/step'))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(told.stdout) == name_key("pay/step")


@pytest.mark.parametrize("share", ["0", "0.004", "0.5", "1"])
def test_decisions_have_their_share(share: str) -> None:
    """Within four standard errors; 0 never and 1 always."""
    bits = draw_bits_many(KEY, IDS)
    decided = uniform_below_many(bits, Decimal(share))
    assert decided[:2000].tolist() == [uniform_below(int(each), Decimal(share)) for each in bits[:2000]]
    p = float(share)
    assert decided.mean() == pytest.approx(p, abs=4 * math.sqrt(p * (1 - p) / len(IDS)))
