"""The search for the highest rate that a pipeline carries, and for the limit that binds just above it.

Rates stand on a geometric grid, `precision_percent` apart; number 0 offers a stretch's payments in an hour. All
stretches of one search share a seed, so that they meet the same payments and the same luck.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from costmodel.analysis.lifting import Lift, changes, lifts
from costmodel.analysis.searching import highest
from costmodel.assumptions.catalog import Assumptions
from costmodel.assumptions.scenario import Capacity
from costmodel.simulation.compiling import compile_plan
from costmodel.simulation.draws import stream_key
from costmodel.simulation.limits import Limit, limits
from costmodel.simulation.plan import Plan
from costmodel.simulation.stretch import Stretch, lasting, run_stretch

S_PER_HOUR = 3600
PERCENT = 100
ABOVE = (4, 2, 1)  # so many numbers above the highest that holds, limits are lifted one at a time

Lifted = tuple[Lift, ...]
Load = Callable[[Mapping[str, Any]], Assumptions]


@dataclass(frozen=True)
class Carried:
    """What is carried with some limits lifted.

    rates: payments an hour, by each search; empty if the level holds at no rate tried. complete: False if it holds at
    the fastest rate tried. breaks: what fails just above. binding: the limits to be lifted (`together`: only all at
    once raise the rate), with their use at the highest rate that holds.
    """

    rates: tuple[float, ...]
    complete: bool
    breaks: tuple[str, ...]
    binding: Lifted
    together: bool
    used: tuple[Limit, ...]


class Search:
    """Searches with one set of assumptions; `load` gives them with changes made. `tick` is called at each stretch."""

    def __init__(self, load: Load, level: Capacity, engine: str, tick: Callable[[], None]) -> None:
        self.load, self.level, self.engine, self.tick = load, level, engine, tick
        self.engine_used = engine
        self._plans: dict[Lifted, tuple[Assumptions, Plan]] = {}
        self._breaks: dict[tuple[Lifted, int, int], tuple[str, ...]] = {}
        self._slow: dict[int, Stretch] = {}
        payments = float(level.stretch_payments.value)
        self.least = math.ceil(self._number(payments / float(level.most_stretch_h.value)))
        most = float(level.most_payments.value) / 2 / float(level.least_stretch_s.value) * S_PER_HOUR
        self.most = max(self.least, math.floor(self._number(most)))

        self._slow_number = max(self.least, min(0, self.most))

    # --- rates ----------------------------------------------------------------------------------------

    def rate(self, number: int) -> float:
        """Payments an hour at a number of the grid."""
        return float(self.level.stretch_payments.value) * self._step() ** number

    def _number(self, per_hour: float) -> float:
        return math.log(per_hour / float(self.level.stretch_payments.value)) / math.log(self._step())

    def _step(self) -> float:
        return 1 + float(self.level.precision_percent.value) / PERCENT

    def _guess(self, used: list[Limit], per_hour: float, lifted: Lifted) -> int:
        """Where use in proportion to the rate reaches the nearest limit that is not lifted."""
        names = {(place, lift.scope) for lift in lifted for place in lift.places}
        left = [limit.payments_per_hour(per_hour) for limit in used if (limit.name, limit.scope) not in names]
        return max(self.least, min(self.most, round(self._number(min(left))))) if left else self.least

    # --- stretches ------------------------------------------------------------------------------------

    def stretch(self, lifted: Lifted, number: int, search: int = 0) -> Stretch:
        """A stretch at a number of the grid, with some limits lifted; `search` chooses the luck."""
        assumptions, plan = self._plan(lifted)
        seed = assumptions.scenario.seed
        seed = stream_key(seed, "replication", search) if search else seed
        self.tick()
        seen = run_stretch(plan, assumptions, self.level, self.rate(number), seed=seed, engine=self.engine)
        self.engine_used = seen.engine
        return seen

    def breaks(self, lifted: Lifted, number: int, search: int = 0) -> tuple[str, ...]:
        """What of the service level fails there."""
        key = (lifted, number, search)
        if key not in self._breaks:
            seen = self.stretch(lifted, number, search)
            self._breaks[key] = seen.breaks(self.level, self._unhurried(search))
        return self._breaks[key]

    def holds(self, lifted: Lifted, number: int, search: int = 0) -> bool:
        """Whether the service level holds there."""
        return not self.breaks(lifted, number, search)

    def _unhurried(self, search: int) -> Stretch:
        """A slow stretch, whose calls tell what a payment does when nothing is refused."""
        if search not in self._slow:
            self._slow[search] = self.stretch((), self._slow_number, search)
        return self._slow[search]

    def _plan(self, lifted: Lifted) -> tuple[Assumptions, Plan]:
        if lifted not in self._plans:
            base = self._plan(())[0] if lifted else None
            assumptions = self.load(changes(base, lifted) if base else {})
            self._plans[lifted] = (assumptions, lasting(compile_plan(assumptions)))
        return self._plans[lifted]

    # --- searches -------------------------------------------------------------------------------------

    def carried(self, lifted: Lifted) -> Carried:
        """The highest rate at which the level holds with these limits lifted, and what binds there.

        As things stand it is searched for with several seeds, which give its interval; further on with the first.
        """
        first = self._highest(lifted, self._first(lifted))
        if first is None:
            return self._never(lifted)
        others = [self._highest(lifted, first, number) for number in range(1, self._searches(lifted))]
        rates = tuple(self.rate(number) for number in (first, *others) if number is not None)
        seen = self.stretch(lifted, first)
        used = tuple(limits(self._plan(lifted)[1], [seen.counts], seen.seconds))
        if first == self.most:
            return Carried(rates, False, (), (), False, used)
        binding, together = self._binding(lifted, first, self._candidates(lifted, seen, used))
        return Carried(rates, True, self.breaks(lifted, first + 1), binding, together, used)

    def _never(self, lifted: Lifted) -> Carried:
        """What is found where the level holds at no rate: a limit may be to blame even so."""
        slow = self._slow_number
        seen = self.stretch(lifted, slow)
        used = tuple(limits(self._plan(lifted)[1], [seen.counts], seen.seconds))
        binding, together = self._binding(lifted, slow - 1, self._candidates(lifted, seen, used))
        return Carried((), True, self.breaks(lifted, slow), binding, together, used)

    def _searches(self, lifted: Lifted) -> int:
        return 1 if lifted else int(self.level.searches.value)

    def _candidates(self, lifted: Lifted, seen: Stretch, used: tuple[Limit, ...]) -> list[Lift]:
        """What may still be lifted, the most used first."""
        paths = {lift.path for lift in lifted}
        shares = {lift: lift.nearest(used) for lift in lifts(*self._plan(lifted), seen) if lift.path not in paths}
        return sorted(shares, key=lambda lift: -(found.share_percent if (found := shares[lift]) else 0))

    def _first(self, lifted: Lifted) -> int:
        """Where to begin: by the use that a slow stretch makes of the limits."""
        seen = self._unhurried(0)
        used = limits(self._plan(())[1], [seen.counts], seen.seconds)
        return self._guess(used, self.rate(self._slow_number), lifted)

    def _highest(self, lifted: Lifted, first: int, search: int = 0) -> int | None:
        return highest(lambda number: self.holds(lifted, number, search), first, self.least, self.most)

    def _binding(self, lifted: Lifted, first: int, candidates: list[Lift]) -> tuple[Lifted, bool]:
        """The limit that, lifted alone, raises the rate; else the fewest that raise it together."""
        if not self.holds((*lifted, *candidates), first + 1):
            return (), False
        for above in ABOVE:
            number = min(self.most, first + above)
            alone = None if self.holds(lifted, number) else self._alone(lifted, number, candidates)
            if alone is not None:
                return (alone,), False
        needed = candidates
        for lift in candidates:
            without = [other for other in needed if other is not lift]
            if self.holds((*lifted, *without), first + 1):
                needed = without
        return tuple(needed), True

    def _alone(self, lifted: Lifted, number: int, candidates: list[Lift]) -> Lift | None:
        """The limit whose lifting alone lets the level hold there; of several, the one that raises the rate most."""
        for at, lift in enumerate(candidates):
            if self.holds((*lifted, lift), number):
                others = [other for other in candidates if other is not lift]
                if not self.holds((*lifted, *others), number):  # so none of them would do
                    return lift
                later = [other for other in candidates[at + 1 :] if self.holds((*lifted, other), number)]
                return self._strongest(lifted, [lift, *later], number)
        return None

    def _strongest(self, lifted: Lifted, raising: list[Lift], number: int) -> Lift:
        """Of limits that each raise the rate alone, the one that raises it most."""
        if len(raising) == 1:
            return raising[0]
        reached = {lift: self._highest((*lifted, lift), number) or self.least for lift in raising}
        return max(raising, key=lambda lift: reached[lift])
