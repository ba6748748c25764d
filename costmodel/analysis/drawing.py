"""Values for the assumptions with a range: quasi-random points of the unit cube, and the law of each range."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from costmodel.analysis.factors import Factor
from costmodel.assumptions.fields import Quantity
from costmodel.assumptions.uncertain import Rule

Cube = npt.NDArray[np.float64]


def cube(number: int, dimensions: int, seed: int) -> Cube:
    """Points of a scrambled Sobol sequence, (number, dimensions); evenly spread where the number is a power of two."""
    from scipy.stats import qmc

    points = qmc.Sobol(dimensions, rng=np.random.default_rng(seed)).random_base2((number - 1).bit_length())
    chosen: Cube = points[:number]
    return chosen


def figure_at(figure: Quantity, share: float, rule: Rule) -> float:
    """The quantile of a figure's law at a share in [0, 1]; its value where it has no range."""
    low, high = (float(figure.value if end is None else end) for end in (figure.low, figure.high))
    return drawn(low, float(figure.value), high, share, rule) if low < high else float(figure.value)


def drawn(low: float, peak: float, high: float, share: float, rule: Rule) -> float:
    """The quantile of a range's law at a share in [0, 1]; as `drawn_each`."""
    return drawn_each(low, peak, high, np.array([share]), rule)[0]


def drawn_each(low: float, peak: float, high: float, shares: Cube, rule: Rule) -> list[float]:
    """The quantiles of a range's law at some shares in [0, 1].

    triangular: between low and high with the peak at the value; uniform: every value as likely. Both of the logarithm
    where the range is one of magnitude (low above 0, high at least `log_from_ratio` times it).
    """
    if is_of_magnitude(low, high, rule):
        return list(map(math.exp, _quantiles(math.log(low), math.log(peak), math.log(high), shares, rule.shape)))
    return _quantiles(low, peak, high, shares, rule.shape)


def is_of_magnitude(low: float, high: float, rule: Rule) -> bool:
    """Whether a range is drawn by its logarithm."""
    return low > 0 and high / low >= float(rule.log_from_ratio)


def values_at_each(
    factors: Sequence[Factor], places: Sequence[int], points: Cube, rule: Rule
) -> list[tuple[tuple[int, float], ...]]:
    """The values of the factors at these places, for each of some points of the cube, (points, places)."""
    ranges = [factors[at] for at in places]
    columns = [drawn_each(of.low, of.value, of.high, points[:, column], rule) for column, of in enumerate(ranges)]
    return [tuple(zip(places, row, strict=True)) for row in zip(*columns, strict=True)] or [() for _ in points]


def _quantiles(low: float, peak: float, high: float, shares: Cube, shape: str) -> list[float]:
    width = high - low
    if shape == "uniform":
        return list((low + shares * width).tolist())
    below, above = low + np.sqrt(shares * width * (peak - low)), high - np.sqrt((1 - shares) * width * (high - peak))
    return list(np.where(shares * width < peak - low, below, above).tolist())
