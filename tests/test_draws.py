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


# What other programs give: `b2sum -l 64` for the names, splitmix64.c (S. Vigna, prng.di.unimi.it) for the rest.
NAMES = [("duration", 0x858B97110AADEC9E), ("pay/step", 0x5957B7C3C4A0DBDD)]
KEYS = [
    (1, 15798189462965557440),
    (0, 17883962684609343140),
    (-1, 6452751453198702475),
]  # seed, key of "pay/step" in the stream "duration"
DRAWN = [  # seed, entity, repeat, attempt, bits
    (1, 0, 0, 0, 11718363993225082354),
    (1, -1, 0, 0, 7927176868427147043),
    (1, 7, 0, 1, 3178303520508599659),
    (1, 7, 1, 0, 9040720742080745287),
    (1, 7, 1, 1, 3286297755739720294),
    (1, 7, 2, 3, 1886073541103966230),
    (0, 0, 0, 0, 12839537457866198629),
    (0, -1, 0, 0, 15377073235019745404),
    (0, 7, 0, 1, 17150668839797260462),
    (0, 7, 1, 0, 14925240812816613088),
    (0, 7, 1, 1, 10836574144322130624),
    (0, 7, 2, 3, 8893275657778834648),
]


@pytest.mark.parametrize(("name", "key"), NAMES)
def test_keys_of_names_as_another_program_gives_them(name: str, key: int) -> None:
    assert name_key(name) == key


@pytest.mark.parametrize(("seed", "key"), KEYS)
def test_keys_of_streams_as_another_program_gives_them(seed: int, key: int) -> None:
    assert stream_key(seed, "duration", name_key("pay/step")) == key
    assert stream_key(seed + 2**64, "duration", name_key("pay/step")) == key


@pytest.mark.parametrize(("seed", "entity", "repeat", "attempt", "bits"), DRAWN)
def test_draws_as_another_program_gives_them(seed: int, entity: int, repeat: int, attempt: int, bits: int) -> None:
    key = stream_key(seed, "duration", name_key("pay/step"))
    assert draw_bits(key, entity, repeat, attempt) == bits
    if not (repeat or attempt):
        assert draw_bits(key, entity) == draw_bits(key, entity, 0, 0) == bits


@pytest.mark.parametrize(
    ("leading", "share", "below"),
    [(0, "0", False), (0, "1e-15", True), (9, "1e-15", False), (8, "1e-15", True), (2**53 - 1, "1", True),
     (2**52, "0.5", False), (2**52 - 1, "0.5", True)],
)  # fmt: skip
def test_a_decision_at_its_edge(leading: int, share: str, below: bool) -> None:
    """53 leading bits against the share: 1e-15 of 2^53 is 9.007."""
    for rest in (0, 2**11 - 1):
        bits = (leading << 11) | rest
        assert uniform_below(bits, Decimal(share)) is below
        assert uniform_below_many(np.array([bits], np.uint64), Decimal(share)).tolist() == [below]
