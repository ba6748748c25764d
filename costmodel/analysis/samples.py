"""Samples of an uncertainty analysis: months with other inputs and their own luck, billed and held against claims.

Many are worked out together: what was drawn stands in the records as columns (`assumptions.by_month`), so that a plan is
compiled, usage metered and bills rated once for all of them, by the rules that one month goes by. As with the points of
a sweep, what a worker is sent and gives back is plain data.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from costmodel.analysis.factors import Factor, Key, drawn_decimal, with_values
from costmodel.analysis.judging import BILL, happened_figure
from costmodel.analysis.modelled import bill_usd
from costmodel.analysis.modeller import Modeller
from costmodel.analysis.points import code_sha256
from costmodel.analysis.sides import Business, Owner
from costmodel.analysis.study import SEED_SIDES, SIDES, Draw, Ready, Side, Study, ready
from costmodel.assumptions.by_month import column, is_column, most, of_month
from costmodel.assumptions.catalog import Assumptions
from costmodel.assumptions.linking import SHARES
from costmodel.assumptions.scenario import Scenario, Workload
from costmodel.billing.metering import meter
from costmodel.billing.rating import rate
from costmodel.billing.usage import UsageRow
from costmodel.errors import UsageError
from costmodel.result import CENTS, Told
from costmodel.run import rating_terms
from costmodel.simulation.compiling import compile_plan
from costmodel.simulation.counts import Counts
from costmodel.simulation.limits import Limit, limits
from costmodel.simulation.months import Months
from costmodel.simulation.payments import Demand, Payments
from costmodel.simulation.plan import Plan
from costmodel.simulation.replications import Period, lead_in_of, period_of

NOT_A_NUMBER = float("nan")


def sampled(study: Study, draws: Sequence[Draw]) -> list[list[float]]:
    """The study's figures in each draw, not-a-number where there is none. Raises UsageError for other sources."""
    if study.code != code_sha256():
        raise UsageError("a worker has another version of costmodel; install the same one everywhere")
    loaded = ready(study)
    found: dict[int, list[float]] = {}
    for places in _alike(draws, [_lead_ins(loaded, draws)]):
        together = _Together(study, loaded, [draws[at] for at in places])
        found.update(zip(places, together.rows(), strict=True))
    return [found[at] for at in range(len(draws))]


def _alike(draws: Sequence[Draw], traits: Sequence[Sequence[Any]]) -> Iterator[list[int]]:
    """The places of draws that agree in some traits, of which each is a value for every draw."""
    groups: dict[Any, list[int]] = {}
    for at in range(len(draws)):
        groups.setdefault(tuple(trait[at] for trait in traits), []).append(at)
    yield from groups.values()


def _lead_ins(loaded: Ready, draws: Sequence[Draw]) -> list[tuple[int, ...]]:
    """How long the lead-in of either pipeline is in each draw: money waits for as long as was drawn."""
    sides = Drawn(loaded, draws).sides
    found = [lead_in_of(tuple(side.pipeline.waits.values()), side.scenario) for side in sides.values()]
    return [tuple(of_month(one, at) for one in found) for at in range(len(draws))]


def _orders(workload: Workload, number: int) -> list[Any]:
    """Which groups of card payments there are in each month, the largest first; the smaller lie in the larger."""
    shares = {name: workload.share_of(name) for name in SHARES}
    months = ({name: of_month(share, at) for name, share in shares.items()} for at in range(number))
    return [tuple(sorted((name for name in month if month[name]), key=lambda n: -month[n])) for month in months]


class Drawn:
    """The sides of the comparison, and what the perimeters add, with the values of some draws as columns."""

    def __init__(self, loaded: Ready, draws: Sequence[Draw]) -> None:
        parts: dict[Key, dict[tuple[Key, ...], tuple[Factor, Any]]] = {}
        for at in dict.fromkeys(at for draw in draws for at, _ in draw.values):
            factor = loaded.factors[at]
            parts.setdefault(factor.keys[0], {})[factor.keys[1:]] = factor, _column(at, draws)
        first = loaded.sides["own", "ach"]
        self.workload = with_values(first.scenario.workload, parts.get("workload", {}))
        self.adds = with_values(loaded.file.adds, parts.get("adds", {}))
        self.services = with_values(first.services, parts.get("services", {}))
        self.pipelines = {
            owner: with_values(loaded.sides[owner, "ach"].pipeline, parts.get(owner, {})) for owner in ("own", "stripe")
        }
        self.sides = {side: self._side(side, known) for side, known in loaded.sides.items()}

    def _side(self, side: Side, known: Assumptions) -> Assumptions:
        workload = self.workload.model_copy(update={"methods": known.scenario.workload.methods})
        scenario = known.scenario.model_copy(update={"workload": workload, "replications": 1})
        return dataclasses.replace(known, scenario=scenario, services=self.services, pipeline=self.pipelines[side[0]])


def _column(at: int, draws: Sequence[Draw]) -> Any:
    """The values of a factor in some draws; None where it was not drawn."""
    return column(drawn_decimal(dict(draw.values).get(at)) for draw in draws)


@dataclass(frozen=True)
class _Month:
    """One simulated month of a side, as far as a figure of it may be asked for."""

    told: Told
    month: int

    @property
    def assumptions(self) -> Assumptions:
        """What it rests on."""
        return self.told.assumptions

    @property
    def throughput(self) -> dict[str, float]:
        """Payments per hour."""
        return dict(self.told.figure("throughput"))

    @property
    def limits(self) -> list[Limit]:
        """The nearest first."""
        return limits(of_month(self.told.plan, self.month), self.told.runs, float(self.told.period.measured_s))

    @property
    def intervals(self) -> dict[str, None]:
        """None: it is one month."""
        return {}

    def figure(self, path: str) -> Any:
        """A figure by its dotted path."""
        return self.told.figure(path)


@dataclass(frozen=True)
class _Sides:
    """A side of the comparison in many months, as far as perimeters look at it."""

    assumptions: Assumptions
    usage: list[UsageRow]
    figures: dict[str, Any]
    volume_usd: Decimal


class _Together:
    """Months worked out together."""

    def __init__(self, study: Study, loaded: Ready, draws: Sequence[Draw]) -> None:
        self.study, self.loaded, self.draws = study, loaded, draws
        self.drawn = Drawn(loaded, draws)
        self.plans = {owner: compile_plan(self.drawn.sides[owner, "ach"]) for owner in ("own", "stripe")}
        self.counts: dict[Side, list[Counts]] = {side: [] for side in SIDES}
        self.told: list[dict[str, Any]] = [{} for _ in draws]
        self.offered_cents: dict[Owner, list[int]] = {"own": [], "stripe": []}
        self.periods: dict[Owner, Period] = {}
        self._payments: dict[tuple[int, int], Payments] = {}

    def rows(self) -> list[list[float]]:
        """The study's figures in each month."""
        for owner in self.plans:
            self._happen(owner)
        found: dict[int, list[float]] = {}
        for places in _alike(self.draws, [_orders(self.drawn.workload, len(self.draws))]):
            found.update(zip(places, self._billed(places), strict=True))
        return [found[at] for at in range(len(self.draws))]

    # --- what happens -------------------------------------------------------------------------------------

    def _happen(self, owner: Owner) -> None:
        """Simulate the months of either rail through a pipeline, with the same payments."""
        plan, sides = self.plans[owner], [side for side in SIDES if side[0] == owner]
        assumptions = self.drawn.sides[sides[0]]
        lead_in: int = most(lead_in_of(plan.waits, assumptions.scenario))
        first = self._paid(0, lead_in)
        months = Months(plan, assumptions, first.start, first.window, self.study.engine)
        period = self.periods[owner] = period_of(assumptions.scenario, first)
        for at, draw in enumerate(self.draws):
            payments = self._paid(at, lead_in)
            self.offered_cents[owner].append(payments.offered_cents)
            by_rail = [payments.by_methods_of(self.drawn.sides[side].scenario.workload, draw.seed) for side in sides]
            for side, counts in zip(sides, months.run(at, draw.seed, by_rail), strict=True):
                told = Told([counts], plan, period, self.drawn.sides[side])
                self._tell(at, side, _Month(told, at))
                self.counts[side].append(counts.without_histograms())

    def _paid(self, at: int, lead_in: int) -> Payments:
        """The payments of a month; both pipelines get the same."""
        if (at, lead_in) not in self._payments:
            scenario = _of_payments(self.drawn.sides["own", "ach"].scenario, at)
            self._payments[at, lead_in] = Demand(scenario, self.draws[at].seed, lead_in).payments()
        return self._payments[at, lead_in]

    def _tell(self, at: int, side: Side, month: _Month) -> None:
        """Note the figures of a month that no bill decides."""
        for name in self.study.figures:
            place, _, figure = name.partition(".")
            if SEED_SIDES.get(place) == side and not figure.startswith(BILL):
                self.told[at][name] = happened_figure(month, figure)[0]

    # --- what it costs ------------------------------------------------------------------------------------

    def _billed(self, places: list[int]) -> list[list[float]]:
        """The figures of some of the months, in which card payments bear surcharges in the same order."""
        drawn = self.drawn if len(places) == len(self.draws) else Drawn(self.loaded, [self.draws[at] for at in places])
        business = Business(self.study.scenario)
        months: Any = {side: self._side(drawn.sides[side], side, places) for side in SIDES}
        business.put(months)
        modeller = Modeller(self.loaded.file.model_copy(update={"adds": drawn.adds}), business)
        known: dict[str, Any] = {}
        for name in self.study.figures:
            place, _, figure = name.partition(".")
            if place in SEED_SIDES:
                known[name] = self._of_run(name, months[SEED_SIDES[place]], figure, places)
            elif name not in known:
                row = modeller.pooled(place).figures(modeller.payments(place))
                known |= {f"{place}.{key}": value for key, value in row.items()}
        columns = [_floats(known.get(name), len(places)) for name in self.study.figures]
        return [list(row) for row in zip(*columns, strict=True)]

    def _side(self, assumptions: Assumptions, side: Side, places: list[int]) -> _Sides:
        owner, counts = side[0], [self.counts[side][at] for at in places]
        plan, period = self.plans[owner], self.periods[owner]
        together = Counts.of_months(counts)
        return _Sides(
            assumptions=assumptions,
            usage=meter([together], plan, assumptions, period),
            figures={"completed_per_month": Told([together], plan, period, assumptions).figure("completed_per_month")},
            volume_usd=column(Decimal(self.offered_cents[owner][at]) / CENTS / period.months for at in places),
        )

    def _of_run(self, name: str, side: _Sides, figure: str, places: list[int]) -> Any:
        if not figure.startswith(BILL):
            return column(self.told[at][name] for at in places)
        bill = rate(side.usage, side.assumptions.services, **rating_terms(side.assumptions))
        return bill_usd(bill, figure)


def _of_payments(scenario: Scenario, month: int) -> Scenario:
    """The scenario as far as it decides the payments, as it is in one month."""
    workload = scenario.workload
    decides = {name: of_month(getattr(workload, name), month) for name in ("tickets", "arrivals")}
    return scenario.model_copy(update={"workload": workload.model_copy(update=decides)})


def _floats(figures: Any, number: int) -> list[float]:
    """A figure of so many months as floats; not-a-number where it has no value."""
    values = figures.tolist() if is_column(figures) else [figures] * number
    return [NOT_A_NUMBER if value is None else float(value) for value in values]
