"""Figures of months too large to be simulated for every draw: a response fitted to some simulated design points.

What drives the events (latency, quotas, keep-alive …) stands at the design points of a quasi-random sequence; the month
of each is simulated once, for a shorter time at the full rate. A draw's figures are those of all design points, each
billed exactly at the draw's prices and quantities, weighed by ridge regression on where in their ranges the drivers
stand. The weights do not depend on the figures, so one hat matrix gives every leave-one-out error in closed form
(Hastie, Tibshirani & Friedman, The Elements of Statistical Learning, 2009, 7.10).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from costmodel.analysis.drawing import cube, is_of_magnitude, values_at_each
from costmodel.analysis.factors import PRICE, Factor
from costmodel.analysis.samples import Drawn, Happened, Together, happened
from costmodel.analysis.study import Draw, Ready, Study
from costmodel.assumptions.linking import SHARES
from costmodel.assumptions.uncertain import Rule
from costmodel.simulation.draws import stream_key

Floats = npt.NDArray[np.float64]
PENALTIES = tuple(10.0**power for power in range(-3, 5))  # of the ridge, of which each figure takes its best
PER_TASK = 4  # design points that a worker simulates at a time
SEED_BITS = 62
Tell = Callable[[int], None]


def drives_events(factor: Factor) -> bool:
    """Whether an assumption can change what happens, and not only what it uses or costs."""
    if factor.field == PRICE or factor.keys[0] == "adds":
        return False
    if factor.keys[0] == "workload":
        return factor.keys[1] not in [f"{name}_share" for name in SHARES]
    return factor.keys[1] not in ("static", "each")


@dataclass(frozen=True)
class Fit:
    """How well the response does: figure by figure, the root mean square of its leave-one-out errors at the design
    points, luck included, and the standard deviation that luck alone makes (None where no point was simulated twice).
    """

    points: int
    payments: float
    error: dict[str, float]
    noise: dict[str, float]


@dataclass(frozen=True)
class Response:
    """The design points simulated; places: of the factors that drive events; design: (points, places) their positions.

    again: what happened at the first of them with other luck.
    """

    study: Study
    loaded: Ready
    rule: Rule
    places: list[int]
    design: Floats
    points: list[Happened]
    again: list[Happened]

    def rows(self, draws: Sequence[Draw]) -> list[list[float]]:
        """The study's figures in each draw."""
        weights = self._weights(self._features(np.array([self._position(draw) for draw in draws])))
        drawn = Drawn.of(self.loaded, draws)
        found = np.zeros((len(draws), len(self.study.figures)))
        for at, point in enumerate(self.points):
            figures = np.array(Together(self.study, drawn).billed_after(point))
            found += weights[self.best, :, at].T * figures
        return [list(row) for row in found.tolist()]

    @cached_property
    def fit(self) -> Fit:
        """How well it does."""
        names = self.study.figures
        error = self._errors[self.best, np.arange(len(names))]
        first = self._at_values[: len(self.again)]
        pairs = (first - self._billed(self.again)) ** 2 if self.again else np.zeros((1, len(names)))
        noise = np.sqrt(pairs.mean(axis=0) / 2)
        payments = float(self.points[0].offered) if self.points else 0.0
        return Fit(
            points=len(self.points),
            payments=payments,
            error=dict(zip(names, error.tolist(), strict=True)),
            noise=dict(zip(names, noise.tolist(), strict=True)),
        )

    # --- the fit ------------------------------------------------------------------------------------------

    @cached_property
    def best(self) -> npt.NDArray[np.int64]:
        """The penalty, by its number, with the least leave-one-out error for each figure."""
        found: npt.NDArray[np.int64] = np.nan_to_num(self._errors, nan=np.inf).argmin(axis=0)
        return found

    @cached_property
    def _errors(self) -> Floats:
        """(penalties, figures): root mean square of the errors at each point when it is left out of the fit."""
        hats, values = self._weights(self._x), self._at_values
        found = []
        for hat in hats:
            missed = (values - hat @ values) / (1 - np.diag(hat))[:, None]
            found.append(np.sqrt((missed**2).mean(axis=0)))
        return np.array(found)

    @cached_property
    def _at_values(self) -> Floats:
        """(points, figures), with every price and quantity at its value."""
        return self._billed(self.points)

    def _billed(self, points: Sequence[Happened]) -> Floats:
        together = Together(self.study, Drawn.of(self.loaded, [Draw(0)]))
        return np.array([together.billed_after(point)[0] for point in points])

    def _weights(self, features: Floats) -> Floats:
        """(penalties, rows, points): what each point counts for at some rows of features."""
        middle = self._x.mean(axis=0)
        x, new = self._x - middle, features - middle
        left, singular, right = np.linalg.svd(x, full_matrices=False)
        spread = new @ right.T
        shrunk = [singular / (singular**2 + penalty) for penalty in PENALTIES]
        return np.array([1 / len(x) + (spread * one) @ left.T for one in shrunk])

    @cached_property
    def _x(self) -> Floats:
        return self._features(self.design)

    def _features(self, positions: Floats) -> Floats:
        """Where the drivers stand and the squares of that, from -1 to 1."""
        centred = 2 * positions - 1
        return np.hstack([centred, centred**2])

    def _position(self, draw: Draw) -> list[float]:
        """Where the drivers stand in their ranges, from 0 to 1; of their logarithms in ranges of magnitude."""
        values = dict(draw.values)
        return [position(self.loaded.factors[at], values.get(at), self.rule) for at in self.places]


def position(factor: Factor, value: float | None, rule: Rule) -> float:
    """Where a value stands in the range, from 0 to 1; of its logarithm in a range of magnitude."""
    ends = (factor.low, factor.value if value is None else value, factor.high)
    low, here, high = map(math.log, ends) if is_of_magnitude(factor.low, factor.high, rule) else ends
    return (here - low) / (high - low)


def respond(
    study: Study, loaded: Ready, rule: Rule, seed: int, number: tuple[int, int], executor: Executor | None, tell: Tell
) -> Response:
    """Simulate design points, (so many, and so many of them twice with other luck); `tell` gets how many are done."""
    places = [at for at, factor in enumerate(loaded.factors) if drives_events(factor)]
    points = cube(number[0], len(places), seed)
    keys = [stream_key(seed, "design", at) % 2**SEED_BITS for at in range(sum(number))]
    values = values_at_each(loaded.factors, places, points, rule)
    draws = [Draw(key, drawn) for key, drawn in zip(keys, values, strict=False)]
    draws += [Draw(key, draws[at].values) for at, key in enumerate(keys[number[0] :])]
    found = _simulated(study, draws, executor, tell)
    response = Response(study, loaded, rule, places, np.zeros(0), found[: number[0]], found[number[0] :])
    design = np.array([response._position(draw) for draw in draws[: number[0]]])
    return Response(study, loaded, rule, places, design, response.points, response.again)


def _simulated(study: Study, draws: Sequence[Draw], executor: Executor | None, tell: Tell) -> list[Happened]:
    """What happens in each draw, in their order, whoever simulates it; what has not begun is dropped on an error."""
    tasks = [draws[at : at + PER_TASK] for at in range(0, len(draws), PER_TASK)]
    futures = [executor.submit(happened, study, task) for task in tasks] if executor is not None else []
    made = (future.result() for future in futures) if futures else (happened(study, task) for task in tasks)
    found: list[Happened] = []
    try:
        for some in made:
            found += some
            tell(len(some))
    finally:
        for future in futures:
            future.cancel()
    return found
