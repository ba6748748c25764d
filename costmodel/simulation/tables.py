"""A law of durations as a table of quantiles, from which 64 random bits pick a whole number of nanoseconds.

The cells halve towards both ends: octave k holds the tail probabilities from 2^-(k+2) to 2^-(k+1), on either side, in
2^6 equal parts, down to 2^-41. Between the edges of a cell the value is interpolated linearly, and rounded towards the
edge farther from the median.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from costmodel.assumptions.by_month import ByMonth, is_column
from costmodel.assumptions.fields import Law, quantile_level
from costmodel.assumptions.sharing import Same
from costmodel.simulation.draws import Bits

OCTAVES = 40
CELL_BITS = 6
CELLS = OCTAVES << CELL_BITS  # per side
PLACES = 2 * (CELLS + 1)
HALF = 2**63
LARGEST = 2.0**62
FARTHEST = 2.0**-OCTAVES  # where p0 and p100 stand
SCORE_UNITS = 1000  # a score table holds thousandths of a point
UNITS = {"quantiles_ms": 10**6, "quantiles_days": 86_400 * 10**9, "quantiles_score": SCORE_UNITS}
NS_PER_MS = 10**6
NORMAL = NormalDist()
LAWS_KEPT = 2**9  # 40 KB each

Quantile = Callable[[float, float], float]  # of (tail probability, normal score)


@dataclass(frozen=True, eq=False)
class LawTable:
    """Quantiles at the cells' edges, first the lower side (from its end to the median), then the upper (likewise).

    edges: int64, 2 × (CELLS + 1) values, in ns (or thousandths of a score).
    """

    edges: npt.NDArray[np.int64]

    @classmethod
    def of(cls, quantile: Quantile) -> LawTable:
        """The table of a quantile function of (tail probability, normal score); the score is negative below."""
        sides = [[round(quantile(tail, sign * score)) for tail, score in _EDGES] for sign in (1.0, -1.0)]
        return cls(np.array(sides, np.int64).ravel())

    @staticmethod
    @lru_cache(maxsize=LAWS_KEPT)
    def constant(value: float) -> LawTable:
        """Always the same."""
        return LawTable.of(lambda tail, score: value)

    @staticmethod
    @lru_cache(maxsize=LAWS_KEPT)
    def exponential(mean: float) -> LawTable:
        """An exponential law."""
        log, log1p = math.log, math.log1p
        return _Closed(lambda tails, scores: [
            -mean * (log(tail) if score > 0 else log1p(-tail)) for tail, score in zip(tails, scores, strict=True)
        ])  # fmt: skip

    @staticmethod
    @lru_cache(maxsize=LAWS_KEPT)
    def lognormal(mean: float, cv: float) -> LawTable:
        """A lognormal law by its mean and coefficient of variation."""
        (mu, sigma), exp = lognormal_terms(mean, cv), math.exp
        return _Closed(lambda _, scores: [exp(mu + sigma * score) for score in scores])

    def scaled(self, factor: float) -> LawTable:
        """The law with every value multiplied; none beyond what 63 bits hold."""
        return _Scaled(self, factor)

    def edge(self, place: int) -> int:
        """One of the edges."""
        return self._list[place]

    def picked(self, places: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Some of the edges."""
        return self.edges[places]

    @cached_property
    def _list(self) -> list[int]:
        return [int(edge) for edge in self.edges]

    @cached_property
    def largest(self) -> int:
        """The largest value a draw can have."""
        return int(self.edges.max())

    @cached_property
    def only_value(self) -> int | None:
        """The value of a law that has only one."""
        return int(self.edges[0]) if self.edges.min() == self.edges.max() else None

    def value(self, bits: int) -> int:
        """The quantile that 64 random bits pick."""
        tail = bits & (HALF - 1)
        free = tail.bit_length() - 1  # bits below the leading one
        side = CELLS + 1 if bits >= HALF else 0
        if free < 63 - OCTAVES:
            return self.edge(side)
        octave, rest = 62 - free, tail & ((1 << free) - 1)
        at = side + ((OCTAVES - 1 - octave) << CELL_BITS) + (rest >> (free - CELL_BITS))
        part = (rest & ((1 << (free - CELL_BITS)) - 1)) / float(1 << (free - CELL_BITS))
        low = self.edge(at)
        return low + int((self.edge(at + 1) - low) * part)

    def values(self, bits: Bits) -> npt.NDArray[np.int64]:
        """`value` of each element; the same integers."""
        tail = bits & np.uint64(HALF - 1)
        free = _bit_length(tail) - 1
        side = np.where(bits >= np.uint64(HALF), CELLS + 1, 0)
        near = free >= 63 - OCTAVES
        safe = np.where(near, free, 62).astype(np.uint64)
        below = safe - np.uint64(CELL_BITS)
        rest = tail & ((np.uint64(1) << safe) - np.uint64(1))
        octave = 62 - safe.astype(np.int64)
        at = side + ((OCTAVES - 1 - octave) << CELL_BITS) + (rest >> below).astype(np.int64)
        part = (rest & ((np.uint64(1) << below) - np.uint64(1))).astype(np.float64) / (np.uint64(1) << below)
        low = self.picked(at)
        found = low + ((self.picked(at + 1) - low) * part).astype(np.int64)
        return np.where(near, found, self.picked(side))

    def mean(self) -> float:
        """The mean of the law as tabulated: every cell's middle, weighed by its probability."""
        sides = self.edges.astype(np.float64).reshape(2, CELLS + 1)
        tails = np.array([tail for tail, _ in _EDGES])
        middles = (sides[:, 1:] + sides[:, :-1]) / 2
        return float((middles @ np.diff(tails)).sum() + sides[:, 0].sum() * tails[0])


class _Closed(LawTable):
    """The table of a law in closed form: some draws at once work out the edges they need; many make the whole of it.

    quantiles: of tail probabilities and the normal scores of the same places. asked: for how many edges so far.
    """

    quantiles: Callable[[list[float], list[float]], list[float]]
    asked: int

    def __init__(self, quantiles: Callable[[list[float], list[float]], list[float]]) -> None:
        object.__setattr__(self, "quantiles", quantiles)
        object.__setattr__(self, "asked", 0)

    @cached_property
    def edges(self) -> npt.NDArray[np.int64]:
        """All of them."""
        return self._at(slice(None))

    def picked(self, places: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """As the table has them."""
        object.__setattr__(self, "asked", self.asked + places.size)
        if self.asked > PLACES:
            return self.edges[places]
        needed, which = np.unique(places, return_inverse=True)
        found: npt.NDArray[np.int64] = self._at(needed)[which]
        return found

    def _at(self, places: Any) -> npt.NDArray[np.int64]:
        values = self.quantiles(TAILS[places].tolist(), SCORES[places].tolist())
        found: npt.NDArray[np.int64] = np.rint(np.array(values)).astype(np.int64)
        return found


class _Scaled(LawTable):
    """The table of a law whose every value is multiplied, likewise; by a factor of its own in each of some draws."""

    base: LawTable
    factor: Any

    def __init__(self, base: LawTable, factor: Any) -> None:
        object.__setattr__(self, "base", base)
        object.__setattr__(self, "factor", factor)

    @cached_property
    def edges(self) -> npt.NDArray[np.int64]:
        """All of them."""
        found: npt.NDArray[np.int64] = multiplied(self.base.edges, self.factor)
        return found

    def edge(self, place: int) -> int:
        """As the table has it."""
        edge: int = round(min(self.base.edge(place) * self.factor, LARGEST))
        return edge

    def picked(self, places: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """As the table has them."""
        found: npt.NDArray[np.int64] = multiplied(self.base.picked(places), self.factor)
        return found


def lognormal_terms(mean: float, cv: float) -> tuple[float, float]:
    """Mean and standard deviation of the logarithm of a lognormal law, from its mean and coefficient of variation."""
    sigma = math.sqrt(math.log1p(cv * cv))
    return math.log(mean) - sigma * sigma / 2, sigma


def multiplied(edges: Any, factor: Any) -> Any:
    """Edges times a factor, to whole numbers, none beyond what 63 bits hold."""
    return np.rint(np.minimum(np.multiply(edges, factor), LARGEST)).astype(np.int64)


def scaled_values(law: LawTable, factors: npt.NDArray[np.float64], bits: Bits) -> npt.NDArray[np.int64]:
    """Draws of a law that has another scale in each row of bits: as `values` of the law scaled by that row's factor."""
    along = np.repeat(factors, bits.shape[1])
    found = _Scaled(law, along).values(bits.ravel()).reshape(bits.shape)
    plain = np.flatnonzero(factors == 1)
    found[plain] = law.values(bits[plain].ravel()).reshape(len(plain), bits.shape[1])
    return found


class LawByMonth(LawTable, ByMonth):
    """A law with another scale in each month; edges: of the law as it is before it is scaled."""

    base: LawTable
    factors: npt.NDArray[np.float64]

    def __init__(self, base: LawTable, factors: npt.NDArray[np.float64]) -> None:
        super().__init__(base.edges)
        object.__setattr__(self, "base", base)
        object.__setattr__(self, "factors", factors)

    @cached_property
    def largest(self) -> int:
        """The largest value a draw can have in any month."""
        return int(multiplied(self.base.largest, float(self.factors.max())))

    @cached_property
    def only_value(self) -> Any:
        """The value of a law that has only one, by month."""
        only = self.base.only_value
        return None if only is None else multiplied(only, self.factors).astype(object)

    def of_month(self, month: int) -> LawTable:
        """The law of that month."""
        factor = float(self.factors[month])
        return self.base if factor == 1 else self.base.scaled(factor)


def law_table(law: Law) -> LawTable:
    """The table of an assumed law, in ns (scores in thousandths); made once for each law."""
    return _law_table(Same(law))


@lru_cache(maxsize=LAWS_KEPT)
def _law_table(same: Same) -> LawTable:
    law: Law = same.thing
    if is_column(law.scale):
        return LawByMonth(_unscaled(law), np.array(law.scale, np.float64))
    return _unscaled(law) if law.scale == 1 else _unscaled(law).scaled(float(law.scale))


def _unscaled(law: Law) -> LawTable:
    if law.constant_ms is not None:
        return LawTable.constant(float(law.constant_ms) * NS_PER_MS)
    if law.exponential_mean_ms is not None:
        return LawTable.exponential(float(law.exponential_mean_ms) * NS_PER_MS)
    if law.lognormal_mean_ms is not None and law.cv is not None:
        return LawTable.lognormal(float(law.lognormal_mean_ms) * NS_PER_MS, float(law.cv))
    return _from_quantiles(law)


def _from_quantiles(law: Law) -> LawTable:
    """Between the quantiles given, the logarithm is linear in the normal score: exact for a lognormal law."""
    name = next(name for name in UNITS if getattr(law, name) is not None)
    points = sorted((float(quantile_level(key)), float(value)) for key, value in getattr(law, name).items())
    return _through(tuple(points), UNITS[name])


@lru_cache(maxsize=LAWS_KEPT)
def _through(points: tuple[tuple[float, float], ...], unit: float) -> LawTable:
    """The table through (level, value in so many ns) points."""
    if points[-1][1] == 0:
        return LawTable.constant(0)
    scores = [NORMAL.inv_cdf(min(max(level, FARTHEST), 1 - FARTHEST)) for level, _ in points]
    logs = [math.log(value * unit) for _, value in points]
    edges = np.array([score for _, score in _EDGES])
    sides = [np.interp(sign * edges, scores, logs).tolist() for sign in (1.0, -1.0)]
    return LawTable(np.array([[round(math.exp(value)) for value in side] for side in sides], np.int64).ravel())


def _tails() -> list[tuple[float, float]]:
    """Tail probabilities at the edges, from the far end to 1/2, with their normal scores."""
    parts = 1 << CELL_BITS
    edges = [2.0 ** -(octave + 2) * (1 + part / parts) for octave in reversed(range(OCTAVES)) for part in range(parts)]
    return [(tail, NORMAL.inv_cdf(tail)) for tail in (*edges, 0.5)]


def _bit_length(values: Bits) -> npt.NDArray[np.int64]:
    """Bit lengths of integers below 2^63, exactly: floats round up where the top 53 bits are ones."""
    exponent = np.frexp(values.astype(np.float64))[1].astype(np.int64)
    return exponent - (values < (np.uint64(1) << np.maximum(exponent - 1, 0).astype(np.uint64)))


_EDGES = _tails()
TAILS = np.array([tail for tail, _ in _EDGES] * 2)
SCORES = np.array([sign * score for sign in (1.0, -1.0) for _, score in _EDGES])
