"""How many execution environments are busy at a time, over a scenario's measured time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from costmodel.assumptions.catalog import Assumptions
from costmodel.errors import UsageError
from costmodel.result import SCHEMA_VERSION, provenance_of
from costmodel.run import Watch, assume
from costmodel.simulation.compiling import compile_plan
from costmodel.simulation.observing import busy_environments, mean_by_step, most_by_step
from costmodel.simulation.payments import Demand
from costmodel.simulation.replications import drain_ns, lead_in_ns
from costmodel.simulation.timetable import make_timetable

if TYPE_CHECKING:
    import pandas

NS_PER_S = 10**9
STEPS = 60
MOST_PAYMENTS = 10**5  # every change of every environment is kept
ENGINE = "reference"


@dataclass(frozen=True)
class Concurrency:
    """Busy environments over the measured time, in steps of equal length.

    starts_s: where each step begins, s since the measured time began. means: by function, the mean of each step.
    peaks: by function, the most at once. most: of all functions together, the most at once within each step.
    limit: of the account.
    """

    scenario: str
    assumptions: Assumptions
    payments: int
    step_s: float
    starts_s: tuple[float, ...]
    means: dict[str, tuple[float, ...]]
    peaks: dict[str, int]
    most: tuple[int, ...]
    limit: int

    @property
    def total(self) -> tuple[float, ...]:
        """The mean of all functions together in each step."""
        return tuple(float(sum(values)) for values in zip(*self.means.values(), strict=True))

    def mean(self, function: str) -> float:
        """The mean of one function over the whole time. KeyError for an unknown one."""
        return float(np.mean(self.means[function]))

    def to_frame(self) -> pandas.DataFrame:
        """One row per step: start_s, the most at once, the mean of all, and the mean of each function."""
        import pandas as pd

        columns = {"start_s": self.starts_s, "most": self.most, "mean": self.total, **self.means}
        return pd.DataFrame(columns)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "schema_version": SCHEMA_VERSION,
            "scenario": self.scenario,
            "payments": self.payments,
            "step_s": self.step_s,
            "starts_s": list(self.starts_s),
            "means": {name: list(values) for name, values in self.means.items()},
            "peaks": self.peaks,
            "most": list(self.most),
            "limit": self.limit,
            "provenance": provenance_of(self.assumptions, ENGINE),
        }

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False))


def concurrency(
    scenario: str,
    *,
    steps: int = STEPS,
    set: Mapping[str, Any] | None = None,
    data: Path | str | None = None,
    seed: int | None = None,
    watch: Watch | None = None,
) -> Concurrency:
    """Busy environments over the measured time of a scenario, simulated once with the luck of its first month.

    Every change is looked at, by the reference engine, so the time should be short: `workload.days` shortens it at the
    same rate. Raises UsageError for more than a hundred thousand payments and for a pipeline without functions,
    InputError for what cannot be used.
    """
    if steps < 1:
        raise UsageError(f"steps={steps}: give a whole number from 1 on")
    assumptions = assume(scenario, set, data, seed)
    asked, plan = assumptions.scenario, compile_plan(assumptions)
    if not plan.functions:
        raise UsageError(f"{scenario}: this pipeline has no functions, so nothing is busy")
    demand = Demand(asked, asked.seed, lead_in_ns(plan, asked))
    if demand.expected_in_all > MOST_PAYMENTS:
        raise UsageError(f"{scenario}: {demand.expected_in_all:,.0f} payments are too many to look at each change of "
                         'their environments; shorten the time, e.g. with set={"workload.days": "0.01"}')  # fmt: skip
    payments = demand.payments()
    begin, end = payments.window
    until = end + drain_ns(plan, asked.on.year)
    table = make_timetable(plan, payments.start, until, asked.seed)
    at_ns, busy = busy_environments(plan, payments, table, asked.seed,
                                    None if watch is None else lambda now: watch(min(1.0, now / end)))  # fmt: skip
    edges = np.linspace(begin, end, steps + 1).round().astype(np.int64)
    means, most = mean_by_step(at_ns, busy, edges), most_by_step(at_ns, busy, edges)
    together = most_by_step(at_ns, busy.sum(axis=1, keepdims=True), edges)
    names = [function.name for function in plan.functions]
    return Concurrency(
        scenario=assumptions.name,
        assumptions=assumptions,
        payments=payments.measured[1] - payments.measured[0],
        step_s=(end - begin) / steps / NS_PER_S,
        starts_s=tuple(((edges[:-1] - begin) / NS_PER_S).tolist()),
        means={name: tuple(means[:, k].tolist()) for k, name in enumerate(names)},
        peaks={name: int(most[:, k].max()) for k, name in enumerate(names)},
        most=tuple(together[:, 0].tolist()),
        limit=plan.compute.account_concurrency,
    )
