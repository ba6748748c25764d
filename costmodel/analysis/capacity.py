"""How much a pipeline carries: the highest lasting rate at which a service level holds, and which limit binds there.

A limit binds if lifting it alone raises that rate. Each row of the answer lifts what bound in the rows before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from costmodel.analysis.carrying import Carried, Search
from costmodel.assumptions.catalog import Assumptions
from costmodel.assumptions.scenario import Capacity
from costmodel.errors import InputError, Problem
from costmodel.result import SCHEMA_VERSION, provenance_of
from costmodel.run import Watch, assume
from costmodel.simulation.statistics import half_width

if TYPE_CHECKING:
    import pandas

    from costmodel.analysis.lifting import Lift

S_PER_HOUR = 3600
ROWS = 3
USUAL_STRETCHES = 20  # of a row, for the bar that shows how far it is


@dataclass(frozen=True)
class Binding:
    """A limit that binds: where it is used most, the assumption that holds it (`path`) at `most`, and its mean use."""

    name: str
    scope: str
    path: str
    most: float
    unit: str
    used_percent: float | None


@dataclass(frozen=True)
class CapacityRow:
    """The highest rate that holds, with what bound in the rows before lifted.

    payments_per_hour: the mean of the searches, None if the level holds at no rate; interval: 95 %. at_least: it holds
    at the fastest rate tried. breaks: what fails just above. binding: what must be lifted to go on; none if no limit
    is to blame, but the path itself; several only where no single one is enough.
    """

    payments_per_hour: float | None
    interval: tuple[float, float] | None
    at_least: bool
    breaks: tuple[str, ...]
    binding: tuple[Binding, ...]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "payments_per_hour": self.payments_per_hour,
            "interval": list(self.interval) if self.interval else None,
            "at_least": self.at_least,
            "breaks": list(self.breaks),
            "binding": [vars(limit) for limit in self.binding],
        }


@dataclass(frozen=True)
class CapacityResult:
    """What a scenario's pipeline carries; `rows` in order of the limits met."""

    scenario: str
    assumptions: Assumptions
    level: Capacity
    rows: tuple[CapacityRow, ...]
    engine: str

    @property
    def payments_per_hour(self) -> float | None:
        """The highest lasting rate at which the service level holds as things stand; None if at none."""
        return self.rows[0].payments_per_hour

    def to_frame(self) -> pandas.DataFrame:
        """One row per limit met."""
        import pandas as pd

        return pd.DataFrame(self.table())

    def table(self) -> list[dict[str, Any]]:
        """The rows with one cell per column."""
        return [
            {
                "payments_per_hour": row.payments_per_hour,
                "low": row.interval[0] if row.interval else None,
                "high": row.interval[1] if row.interval else None,
                "at_least": row.at_least,
                "breaks": "; ".join(row.breaks),
                **{
                    key: " and ".join(f"{getattr(limit, key)}" for limit in row.binding)
                    for key in ("name", "scope", "path", "most", "unit", "used_percent")
                },
            }
            for row in self.rows
        ]

    def to_dict(self) -> dict[str, Any]:
        """For JSON: a document of its own, since no month is simulated and none of `run`'s figures exist."""
        first = self.rows[0]
        return {
            "schema_version": SCHEMA_VERSION,
            "scenario": self.scenario,
            "capacity": {
                "payments_per_hour": first.payments_per_hour,
                "interval": list(first.interval) if first.interval else None,
                "at_least": first.at_least,
                "service_level": {name: float(quantity.value) for name, quantity in self.level},
                "rows": [row.to_dict() for row in self.rows],
            },
            "provenance": provenance_of(self.assumptions, self.engine),
        }

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, na_rep="–"))


def capacity(
    scenario: str,
    *,
    set: Mapping[str, Any] | None = None,
    data: Path | str | None = None,
    seed: int | None = None,
    p99_ms: float | None = None,
    failed_percent: float | None = None,
    rows: int = ROWS,
    engine: str = "auto",
    watch: Watch | None = None,
) -> CapacityResult:
    """The highest lasting rate of payments at which the scenario's service level holds, what binds there, what next.

    p99_ms, failed_percent: instead of the scenario's `capacity`. rows: how many limits in turn. Other arguments as in
    `run`. Raises InputError for what cannot be used, and for a scenario without a service level.
    """
    asked = dict(set or {})
    given = {"capacity.p99_ms": p99_ms, "capacity.failed_percent": failed_percent}
    asked |= {path: value for path, value in given.items() if value is not None}

    def load(lifted: Mapping[str, Any]) -> Assumptions:
        return assume(scenario, {**asked, **lifted}, data, seed)

    assumptions = load({})
    level = assumptions.scenario.capacity
    if level is None:
        raise InputError(Problem(scenario, None, "capacity", "missing", 'add the section, or `base = "seed_aws"`'))
    progress = _Progress(watch, rows)
    search = Search(load, level, engine, progress.tick)
    found = _rows(search, rows, progress)
    return CapacityResult(assumptions.name, assumptions, level, found, search.engine_used)


def _rows(search: Search, most: int, progress: _Progress) -> tuple[CapacityRow, ...]:
    found: list[CapacityRow] = []
    lifted: tuple[Lift, ...] = ()
    while len(found) < most:
        carried = search.carried(lifted)
        found.append(_row(carried))
        if not carried.binding:
            break
        lifted += carried.binding
        progress.next_row()
    return tuple(found)


def _row(carried: Carried) -> CapacityRow:
    rates = carried.rates
    mean = sum(rates) / len(rates) if rates else None
    half = half_width(mean, rates) if mean is not None else None
    return CapacityRow(
        payments_per_hour=mean,
        interval=None if mean is None or half is None else (mean - half, mean + half),
        at_least=not carried.complete,
        breaks=carried.breaks,
        binding=tuple(_binding(lift, carried) for lift in carried.binding),
    )


def _binding(lift: Lift, carried: Carried) -> Binding:
    nearest = lift.nearest(carried.used)
    name, share = (nearest.name, nearest.share_percent) if nearest else (lift.name, None)
    return Binding(name, lift.scope, lift.path, float(lift.most), lift.unit, share)


class _Progress:
    """The share done, guessed: nobody knows how many stretches a search takes."""

    def __init__(self, watch: Watch | None, rows: int) -> None:
        self.watch, self.rows, self.row, self.stretches = watch, rows, 0, 0

    def tick(self) -> None:
        """A stretch begins."""
        self.stretches += 1
        if self.watch is not None:
            self.watch((self.row + self.stretches / (self.stretches + USUAL_STRETCHES)) / self.rows)

    def next_row(self) -> None:
        """A row is found."""
        self.row, self.stretches = self.row + 1, 0
