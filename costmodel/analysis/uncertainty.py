"""How sure is a result? Every assumption with a range drawn, each time with a month of its own; what moves it most."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, as_completed
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from costmodel.analysis.claims import read_claims
from costmodel.analysis.drawing import cube, values_at_each
from costmodel.analysis.executors import executor_of
from costmodel.analysis.factors import Factor
from costmodel.analysis.perimeter_files import read_perimeters
from costmodel.analysis.points import code_sha256, settled_engine
from costmodel.analysis.responses import Response, respond
from costmodel.analysis.samples import sampled
from costmodel.analysis.sampling import shortened
from costmodel.analysis.study import SEED_SIDES, SIDES, Draw, Study, ready
from costmodel.analysis.uncertain_result import (
    ClaimProbability,
    Index,
    Spread,
    Swing,
    Uncertainty,
    probabilities,
    spread_of,
)
from costmodel.assumptions.catalog import Assumptions
from costmodel.assumptions.changes import Change, changes_from
from costmodel.assumptions.checking import nearest
from costmodel.assumptions.document import Claims
from costmodel.assumptions.perimeter import Perimeters
from costmodel.assumptions.uncertain import Effort, Rule, load_uncertain
from costmodel.errors import UsageError
from costmodel.simulation.draws import stream_key

LEAST_PER_TASK, MOST_PER_TASK = 2**6, 2**9  # samples worked out together, which share what is laid out once
TASKS = 8  # at least, where there are samples enough, so that workers end at much the same time
FIGURE = "same_rail.reduction"
ALWAYS = ("reduction", "own_usd", "stripe_usd")
SEED_BITS = 62
Watch = Callable[[float], None]
Figures = list[list[float]]


@dataclass(frozen=True)
class _Effort:
    samples: int
    pairs: int
    strongest: int
    sobol_samples: int
    design: tuple[int, int] | None = None

    def months(self, factors: int) -> int:
        """How many months are simulated in all."""
        if self.design:
            return sum(self.design)
        strongest = min(self.strongest, factors)
        return 1 + self.samples + self.pairs + 2 * factors + self.sobol_samples * (strongest + 2)


def uncertainty(
    scenario: str = "seed_aws",
    *,
    claims: str = "seed",
    perimeters: str = "seed",
    figure: str = FIGURE,
    samples: int | None = None,
    indices: bool = True,
    set: Mapping[str, Any] | None = None,
    data: Path | str | None = None,
    seed: int | None = None,
    engine: str = "auto",
    workers: int = 1,
    dask: str | None = None,
    executor: Executor | None = None,
    watch: Watch | None = None,
) -> Uncertainty:
    """Draw every assumption that has a range, simulate a month for each draw, and hold it against every claim.

    figure: the one whose causes are ranked, `perimeter.figure` or `seed_aws.figure`. samples: months, each with inputs
    and luck of its own; the rest of the effort is the data's, without `indices` (Sobol's) about half of it. Simulation
    noise is told apart from the inputs by simulating some inputs twice. Ranges are taken to be independent. The rest as
    in `sweep`. Raises InputError and UsageError.
    """
    folder = Path(data) if data else None
    document, _ = read_claims(claims, folder)
    file, _ = read_perimeters(perimeters, folder)
    names = _figures_of(document, file)
    if figure not in names:
        raise UsageError(f"no figure `{figure}`; {nearest(figure, names)}")
    asked = dict(set or {}) | ({} if seed is None else {"seed": seed})
    changes, shorter = changes_from(asked), _shorter(scenario, asked, folder)
    study = Study(scenario, perimeters, str(data) if data else None, changes_from({**asked, **shorter}), engine, names,
                  code_sha256())  # fmt: skip
    loaded, known = ready(study), load_uncertain(folder)
    effort = _effort(known.effort, samples, large=bool(shorter))
    if not indices:
        effort = dataclasses.replace(effort, strongest=0, sobol_samples=0)
    own = loaded.sides["own", "ach"]
    settled = settled_engine(engine, own, len(SIDES) * effort.months(len(loaded.factors)))
    study = dataclasses.replace(study, engine=settled)
    with nullcontext(executor) if executor is not None else executor_of(workers, dask) as chosen:
        work = _Work(study, loaded.factors, known.rule, effort, own.scenario.seed, chosen, watch)
        if effort.design:
            work.response = respond(study, loaded, known.rule, work.seed, effort.design, chosen, work.tell)
        titles = {one.id: one.title for one in file.perimeter}
        return work.result(document, titles, figure, own, changes)


def _shorter(scenario: str, asked: Mapping[str, Any], data: Path | None) -> dict[str, Any]:
    """What shortens a month of more payments than the scenario replicates; nothing for any other."""
    alone = shortened(scenario, asked, data, 1)
    return shortened(scenario, asked, data) if "workload.days" in alone else {}


def _effort(effort: Effort, samples: int | None, *, large: bool) -> _Effort:
    number = effort.samples if samples is None else samples
    if number < 2:
        raise UsageError(f"{number} samples tell nothing; ask for 2 at least, and for hundreds to see much")
    design = (effort.design_points, min(effort.design_pairs, effort.design_points)) if large else None
    return _Effort(number, min(effort.pairs, number), effort.strongest, effort.sobol_samples, design)


def _figures_of(document: Claims, file: Perimeters) -> tuple[str, ...]:
    """The figures that claims are judged by, and those always shown, as `place.figure`."""
    places = [perimeter.id for perimeter in file.perimeter if perimeter.modelled is not None]
    found = [f"{place}.{name}" for place in places for name in ALWAYS]
    for claim in document.claim:
        if claim.model is not None and claim.scenario is None:
            found += [f"{place}.{claim.model}" for place in places]
        elif claim.model is not None and claim.scenario in SEED_SIDES:
            found.append(f"{claim.scenario}.{claim.model}")
    return tuple(dict.fromkeys([*found, "seed_aws.latency_ms.p95"]))


@dataclass
class _Work:
    """The samples of a study, taken in four rounds: spread, noise, one at a time, Sobol."""

    study: Study
    factors: tuple[Factor, ...]
    rule: Rule
    effort: _Effort
    seed: int
    executor: Executor | None
    watch: Watch | None
    done: int = 0
    response: Response | None = None

    def result(
        self, document: Claims, titles: dict[str, str], figure: str, own: Assumptions, changes: tuple[Change, ...]
    ) -> Uncertainty:
        """Everything that was found out."""
        at = self.study.figures.index(figure)
        middle = self._taken([Draw(self.seed)])[0]
        drawn = self._spread_draws()
        spread = np.array(self._taken(drawn))
        again = self._again(drawn)
        swings = self._swings(at, middle)
        strongest = [self._place(swing.path) for swing in swings[: self.effort.strongest] if swing.width]
        indices, explained = self._indices(at, strongest, spread[:, at], again[:, at])
        return Uncertainty(
            scenario=self.study.scenario,
            assumptions=own,
            rule=self.rule,
            factors=self.factors,
            samples=self.effort.samples,
            figure=figure,
            spreads=tuple(self._spread(k, middle[k], spread[:, k], again[:, k]) for k in range(len(middle))),
            claims=tuple(self._claims(document, spread)),
            swings=tuple(swings),
            indices=indices,
            explained=explained,
            values=spread,
            names=self.study.figures,
            titles=titles,
            overridden=_overridden(own, changes),
            fit=self.response.fit if self.response else None,
            models={claim.id: claim.model for claim in document.claim if claim.model is not None},
        )

    def _luck(self, stream: str, number: int) -> int:
        key: int = stream_key(self.seed, stream, number) % 2**SEED_BITS
        return key

    def _again(self, drawn: Sequence[Draw]) -> Any:
        """The first draws met by other luck; a response has none."""
        if self.response:
            return np.zeros((0, len(self.study.figures)))
        draws = [Draw(self._luck("again", k), drawn[k].values) for k in range(self.effort.pairs)]
        return np.array(self._taken(draws))

    def _spread(self, at: int, value: float, sampled: Any, again: Any) -> Spread:
        name = self.study.figures[at]
        found = spread_of(name, value, sampled, again)
        if self.response is None:
            return found
        known, fit = sampled[np.isfinite(sampled)], self.response.fit
        inputs = float(np.std(known, ddof=1)) if len(known) > 1 else None
        return dataclasses.replace(found, sd_input=inputs, sd_noise=fit.noise[name], sd_fit=fit.error[name])

    def _spread_draws(self) -> list[Draw]:
        points = cube(self.effort.samples, len(self.factors), self.seed)
        values = values_at_each(self.factors, range(len(self.factors)), points, self.rule)
        return [Draw(self._luck("sample", k), drawn) for k, drawn in enumerate(values)]

    def _place(self, path: str) -> int:
        return next(k for k, factor in enumerate(self.factors) if factor.path == path)

    def _swings(self, at: int, middle: Sequence[float]) -> list[Swing]:
        """Each factor alone at either end, under the same luck; the widest swing first."""
        ends = [Draw(self.seed, ((k, end),)) for k, one in enumerate(self.factors) for end in (one.low, one.high)]
        found = [row[at] for row in self._taken(ends)]
        swings = [
            Swing(one.path, one.low, one.value, one.high, found[2 * k], middle[at], found[2 * k + 1], one.basis)
            for k, one in enumerate(self.factors)
        ]
        return sorted(swings, key=lambda swing: -swing.width)

    def _indices(self, at: int, places: list[int], spread: Any, again: Any) -> tuple[tuple[Index, ...], float]:
        """Sobol indices among the strongest, the others at their values; and what share of the variance they make."""
        from scipy.stats import sobol_indices

        if len(places) < 2:  # one alone makes all of it, and scipy has no answer
            return (), 0.0
        number, k = 2 ** ((self.effort.sobol_samples - 1).bit_length()), len(places)
        points = cube(number, 2 * k, self.seed)
        a, b = points[:, :k], points[:, k:]
        mixed = [np.where(np.arange(k) == column, b, a) for column in range(k)]
        values = values_at_each(self.factors, places, np.concatenate([a, b, *mixed]), self.rule)
        draws = [Draw(self.seed, drawn) for drawn in values]
        found = np.array(self._taken(draws))[:, at].reshape(k + 2, 1, number)
        if not np.isfinite(found).all() or np.ptp(found[:2]) == 0:
            return (), 0.0
        given: Any = {"f_A": found[0], "f_B": found[1], "f_AB": found[2:]}
        sobol = sobol_indices(func=given, n=number, rng=np.random.default_rng(self.seed))
        ends = sobol.bootstrap()
        noise = float(np.mean((spread[: len(again)] - again) ** 2)) / 2 if len(again) else 0.0
        inputs = float(np.var(spread, ddof=1)) - noise
        share = float(np.var(found[:2], ddof=1)) / inputs if inputs > 0 else 0.0
        first, total = np.ravel(sobol.first_order), np.ravel(sobol.total_order)
        rows = zip(places, first, _ends(ends.first_order), total, _ends(ends.total_order), strict=True)
        return tuple(Index(self.factors[p].path, float(s), i, float(t), j) for p, s, i, t, j in rows), share

    def _claims(self, document: Claims, spread: Any) -> list[ClaimProbability]:
        columns = {name: spread[:, k] for k, name in enumerate(self.study.figures)}
        return [probabilities(claim, columns) for claim in document.claim]

    def _taken(self, draws: Sequence[Draw]) -> Figures:
        """The figures of some draws, in their order, whoever works them out."""
        if self.response is not None:
            return self.response.rows(draws)
        each = MOST_PER_TASK
        if self.executor is not None:
            each = min(MOST_PER_TASK, max(LEAST_PER_TASK, -(-len(draws) // TASKS)))
        tasks = [draws[k : k + each] for k in range(0, len(draws), each)]
        if self.executor is None:
            return [row for task in tasks for row in self._tell(sampled(self.study, task))]
        futures = {self.executor.submit(sampled, self.study, task): k for k, task in enumerate(tasks)}
        found: list[Figures] = [[] for _ in tasks]
        try:
            for future in as_completed(futures):
                found[futures[future]] = self._tell(future.result())
        finally:
            for future in futures:
                future.cancel()
        return [row for rows in found for row in rows]

    def _tell(self, rows: Figures) -> Figures:
        self.tell(len(rows))
        return rows

    def tell(self, months: int) -> None:
        """So many more months are simulated."""
        self.done += months
        if self.watch is not None:
            self.watch(self.done / self.effort.months(len(self.factors)))


def _overridden(own: Assumptions, changes: tuple[Change, ...]) -> tuple[str, ...]:
    """What the reader changed, without what makes the sides."""
    keys = [key for key in own.overridden if not key.startswith("--set")]
    return (*keys, *(f"--set {change}" for change in changes))


def _ends(bootstrapped: Any) -> list[tuple[float, float]]:
    interval = bootstrapped.confidence_interval
    return [
        (float(low), float(high)) if math.isfinite(low) and math.isfinite(high) else (float("nan"), float("nan"))
        for low, high in zip(np.ravel(interval.low), np.ravel(interval.high), strict=True)
    ]


__all__ = ["Spread", "Uncertainty", "uncertainty"]
