"""How an assumption with a range is drawn: half of the time below its value, half above, evenly on either side."""

from __future__ import annotations

from typing import Any

import numpy as np

from costmodel.assumptions.fields import Quantity


def at_quantile(figure: Quantity, quantile: float) -> float:
    """The figure at a quantile: 0 its low end, a half its value, 1 its high end; its value where it has no range."""
    low = figure.value if figure.low is None else figure.low
    high = figure.value if figure.high is None else figure.high
    return float(between(float(low), float(figure.value), float(high), np.array([quantile]))[0])


def between(low: float, value: float, high: float, quantiles: Any) -> Any:
    """The same for an array of quantiles: the median is `value`, each half is uniform.

    >>> between(0.0, 1.0, 9.0, np.array([0, 0.25, 0.5, 0.75, 1])).tolist()
    [0.0, 0.5, 1.0, 5.0, 9.0]
    """
    return np.interp(quantiles, [0, 0.5, 1], [low, value, high])
