"""Simulate the sides of a comparison: the own pipeline and Stripe, each with buyers on one rail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from costmodel.result import Result
from costmodel.run import Watch, run_or_replay

Owner = Literal["own", "stripe"]
Rail = Literal["card", "ach"]
OWNERS: tuple[Owner, ...] = ("stripe", "own")
STRIPE_PIPELINE = "stripe"
OWN_RAIL = "ach"  # the rail on which the own pipeline is looked at most closely
FEWER_REPLICATIONS = 5  # for the other one, whose bill hardly varies


@dataclass
class Business:
    """One business whose month can be put through either pipeline, on either rail; each is simulated once.

    scenario: the own pipeline's; other: Stripe's side, if not the same month through Stripe's pipeline. set, data,
    seed, engine: as in `run`. payments: a file that replaces the workload. Both sides and rails share the seed, so
    that they meet the same payments and the same luck.
    """

    scenario: str
    set: Mapping[str, Any] = field(default_factory=dict)
    data: Path | str | None = None
    seed: int | None = None
    engine: str = "auto"
    payments: Path | str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    strict: bool = False
    watch: Watch | None = None
    other: str | None = None
    _known: dict[tuple[Owner, Rail], Result] = field(default_factory=dict)

    @property
    def is_untouched(self) -> bool:
        """Whether nothing was asked for but the scenario as it is shipped."""
        return not (self.set or self.data or self.payments or self.seed is not None)

    def result(self, owner: Owner, rail: Rail) -> Result:
        """The month of that side, followed to its payments' end (cohort)."""
        if (owner, rail) not in self._known:
            scenario = self.other or self.scenario if owner == "stripe" else self.scenario
            self._known[owner, rail] = self._simulated(scenario, self.changes(owner, rail))
        return self._known[owner, rail]

    def put(self, results: Mapping[tuple[Owner, Rail], Result]) -> None:
        """Take these for the months of those sides, instead of simulating them."""
        self._known.update(results)

    def changes(self, owner: Owner, rail: Rail) -> dict[str, Any]:
        """What makes the scenario that side; changes to the own pipeline stay on its side."""
        kept = {p: v for p, v in self.set.items() if owner == "own" or not p.startswith("pipeline")}
        sides: dict[str, Any] = {"workload.methods": {"card": int(rail == "card"), "ach": int(rail == "ach")}}
        if owner == "stripe" and self.other is None:
            sides["pipeline"] = STRIPE_PIPELINE
        if owner == "own" and rail != OWN_RAIL and "replications" not in kept:
            sides["replications"] = FEWER_REPLICATIONS
        return {"horizon": "cohort"} | kept | sides

    def _simulated(self, scenario: str, changes: dict[str, Any]) -> Result:
        return run_or_replay(scenario, self.payments or None, columns=self.columns, strict=self.strict, set=changes,
                             data=self.data, seed=self.seed, engine=self.engine, watch=self.watch)  # fmt: skip
