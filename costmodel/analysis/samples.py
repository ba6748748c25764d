"""Samples of an uncertainty analysis: months with other inputs and their own luck, billed and held against claims.

Many are worked out together: what was drawn stands in the records as columns (`assumptions.by_month`), so that a plan
is compiled, usage metered and bills rated once for all of them, by the rules that one month goes by. As with the points
of a sweep, what a worker is sent and gives back is plain data.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from costmodel.analysis.factors import Factor, Key, drawn_decimal, with_values
from costmodel.analysis.judging import BILL, SLA_SERIES, happened_figure
from costmodel.analysis.modelled import bill_usd
from costmodel.analysis.modeller import Modeller
from costmodel.analysis.points import OTHER_SOURCES, code_sha256
from costmodel.analysis.sides import OWNERS, Business, Owner
from costmodel.analysis.study import SEED_SIDES, SIDES, Draw, Ready, Side, Study, ready
from costmodel.assumptions.by_month import by_month, column, each, is_column, most, of_month
from costmodel.assumptions.catalog import Assumptions
from costmodel.assumptions.perimeter import Perimeters
from costmodel.assumptions.scenario import Scenario
from costmodel.billing.bill import Bill
from costmodel.billing.metering import meter
from costmodel.billing.rating import rate
from costmodel.billing.usage import UsageRow
from costmodel.errors import UsageError
from costmodel.figures import CENTS, Told
from costmodel.run import rating_terms
from costmodel.simulation.compiling import compile_plan
from costmodel.simulation.counts import Counts
from costmodel.simulation.limits import Limit, limits
from costmodel.simulation.months import Months, Tell
from costmodel.simulation.outages import outages_by_month
from costmodel.simulation.payments import Payments
from costmodel.simulation.payments_by_month import methods_by_month, payments_by_month
from costmodel.simulation.replications import Period, lead_in_of, period_of
from costmodel.simulation.timetable import Outages

NOT_A_NUMBER = float("nan")


def sampled(study: Study, draws: Sequence[Draw]) -> list[list[float]]:
    """The study's figures in each draw, not-a-number where there is none. Raises UsageError for other sources."""
    if study.code != code_sha256():
        raise UsageError(OTHER_SOURCES)
    drawn = Drawn.of(ready(study), draws)
    found: dict[int, list[float]] = {}
    for places in _alike(_lead_ins(drawn)):
        found.update(zip(places, Together(study, drawn.only(places)).rows(), strict=True))
    return [found[at] for at in range(len(draws))]


def _alike(traits: Sequence[Any]) -> Iterator[list[int]]:
    """The places of months that agree in a trait, group by group."""
    groups: dict[Any, list[int]] = {}
    for at, trait in enumerate(traits):
        groups.setdefault(trait, []).append(at)
    yield from groups.values()


def _lead_ins(drawn: Drawn) -> list[tuple[int, ...]]:
    """How long the lead-in of either pipeline is in each month: money waits for as long as was drawn."""
    found = tuple(lead_in_of(tuple(side.pipeline.waits.values()), side.scenario) for side in drawn.sides.values())
    return by_month(found, len(drawn.seeds))


@dataclass(frozen=True)
class Drawn:
    """The sides of the comparison, and what the perimeters add, with the values of some draws as columns.

    seeds: of the draws. columns: by factor, its values; None where it stays.
    """

    loaded: Ready
    seeds: tuple[int, ...]
    columns: dict[int, Any]

    @classmethod
    def of(cls, loaded: Ready, draws: Sequence[Draw]) -> Drawn:
        """Of these draws."""
        columns: dict[int, Any] = {}
        for month, draw in enumerate(draws):
            for at, value in draw.values:
                if at not in columns:
                    columns[at] = column([None] * len(draws))
                columns[at][month] = value
        columns = {at: each(drawn_decimal, values) for at, values in columns.items()}
        return cls(loaded, tuple(draw.seed for draw in draws), columns)

    def only(self, places: Sequence[int]) -> Drawn:
        """Of some of them."""
        if len(places) == len(self.seeds):
            return self
        values = {at: values[list(places)] for at, values in self.columns.items()}
        return Drawn(self.loaded, tuple(self.seeds[at] for at in places), values)

    @cached_property
    def _parts(self) -> dict[Key, dict[tuple[Key, ...], tuple[Factor, Any]]]:
        parts: dict[Key, dict[tuple[Key, ...], tuple[Factor, Any]]] = {}
        for at, values in self.columns.items():
            factor = self.loaded.factors[at]
            parts.setdefault(factor.keys[0], {})[factor.keys[1:]] = factor, values
        return parts

    @cached_property
    def file(self) -> Perimeters:
        """The perimeters."""
        return self.loaded.file.model_copy(
            update={"adds": with_values(self.loaded.file.adds, self._parts.get("adds", {}))}
        )

    @cached_property
    def sides(self) -> dict[Side, Assumptions]:
        """What each side rests on."""
        first, parts = self.loaded.sides["own", "ach"], self._parts
        workload = with_values(first.scenario.workload, parts.get("workload", {}))
        services = with_values(first.services, parts.get("services", {}))
        pipelines = {o: with_values(self.loaded.sides[o, "ach"].pipeline, parts.get(o, {})) for o in OWNERS}
        sides = {}
        for side, known in self.loaded.sides.items():
            month = workload.model_copy(update={"methods": known.scenario.workload.methods})
            scenario = known.scenario.model_copy(update={"workload": month, "replications": 1})
            sides[side] = dataclasses.replace(known, scenario=scenario, services=services, pipeline=pipelines[side[0]])
        return sides


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

    @cached_property
    def bill(self) -> Bill:
        """As the scenario is billed, without what a perimeter changes."""
        return rate(self.usage, self.assumptions.services, **rating_terms(self.assumptions))


@dataclass(frozen=True)
class Happened:
    """What happened in one month: counts (of one month, as `Counts.of_months` gives them) by side, cents and payments
    offered, figures told without a bill."""

    counts: dict[Side, Counts]
    offered_cents: dict[Owner, int]
    offered: int
    periods: dict[Owner, Period]
    told: dict[str, Any]


def happened(study: Study, draws: Sequence[Draw]) -> list[Happened]:
    """What happens in each draw, unbilled. Raises UsageError for other sources."""
    if study.code != code_sha256():
        raise UsageError(OTHER_SOURCES)
    drawn = Drawn.of(ready(study), draws)
    found: dict[int, Happened] = {}
    for places in _alike(_lead_ins(drawn)):
        found.update(zip(places, Together(study, drawn.only(places)).happened(), strict=True))
    return [found[at] for at in range(len(draws))]


class Together:
    """Months worked out together."""

    def __init__(self, study: Study, drawn: Drawn) -> None:
        self.study, self.drawn, self.number = study, drawn, len(drawn.seeds)
        self.plans = {owner: compile_plan(drawn.sides[owner, "ach"]) for owner in OWNERS}
        self.counts: dict[Side, Counts] = {}
        self.told: list[dict[str, Any]] = [{} for _ in drawn.seeds]
        self.offered: list[int] = []
        self.offered_cents: dict[Owner, list[int]] = {}
        self.periods: dict[Owner, Period] = {}

    def rows(self) -> list[list[float]]:
        """The study's figures in each month."""
        self._happen()
        return self._billed()

    def happened(self) -> list[Happened]:
        """What happens in each month."""
        self._happen()
        return [
            Happened(
                counts={side: found.only([at]) for side, found in self.counts.items()},
                offered_cents={owner: found[at] for owner, found in self.offered_cents.items()},
                offered=self.offered[at],
                periods=self.periods,
                told=self.told[at],
            )
            for at in range(self.number)
        ]

    def billed_after(self, one: Happened) -> list[list[float]]:
        """The study's figures if the same happens in every month; its columns then have one value, for all of them."""
        self.counts = one.counts
        self.offered_cents = {owner: [cents] for owner, cents in one.offered_cents.items()}
        self.periods, self.told = one.periods, [one.told]
        return self._billed()

    # --- what happens -------------------------------------------------------------------------------------

    def _happen(self) -> None:
        """Simulate every month on every side: through either pipeline, and on either rail with the same payments."""
        lead_ins = {o: most(lead_in_of(plan.waits, self._scenario(o))) for o, plan in self.plans.items()}
        paid = {lead_in: payments_by_month(self._scenario("own"), self.drawn.seeds, lead_in)
                for lead_in in set(lead_ins.values())}  # fmt: skip
        self.offered = [one.measured[1] - one.measured[0] for one in paid[lead_ins["own"]]]
        months = {owner: self._months(owner, paid[lead_in][0]) for owner, lead_in in lead_ins.items()}
        latest = max(one.table.end_ns for one in months.values())
        outages = outages_by_month(self.plans["own"], latest, self.drawn.seeds)
        for owner, lead_in in lead_ins.items():
            self._happen_to(owner, months[owner], paid[lead_in], outages)

    def _months(self, owner: Owner, first: Payments) -> Months:
        self.periods[owner] = period_of(self._scenario(owner), first)
        side = self.drawn.sides[owner, "ach"]
        return Months(self.plans[owner], side, first.start, first.window, self.drawn.seeds, self.study.engine)

    def _happen_to(self, owner: Owner, months: Months, paid: list[Payments], outages: list[Outages]) -> None:
        """Every month through a pipeline."""
        self.offered_cents[owner] = [one.offered_cents for one in paid]
        sides = [side for side in SIDES if side[0] == owner]
        workloads = [self.drawn.sides[side].scenario.workload for side in sides]
        by_rail = [methods_by_month(workload, paid, self.drawn.seeds) for workload in workloads]
        found = months.run(outages, by_rail, [self._teller(side) for side in sides])
        self.counts |= zip(sides, found, strict=True)

    def _scenario(self, owner: Owner) -> Scenario:
        return self.drawn.sides[owner, "ach"].scenario

    def _teller(self, side: Side) -> Tell | None:
        """Notes the figures of a side's month that no bill decides; None if none is asked for."""
        figures = {}
        for name in self.study.figures:
            place, _, figure = name.partition(".")
            if SEED_SIDES.get(place) == side and not figure.startswith(BILL):
                figures[name] = figure

        def tell(at: int, counts: Counts) -> None:
            plan, period, assumptions = self.plans[side[0]], self.periods[side[0]], self.drawn.sides[side]
            month = _Month(Told([counts], plan, period, assumptions), at)
            for name, figure in figures.items():
                same = at > 0 and figure == SLA_SERIES  # published, and so the same in every month
                self.told[at][name] = self.told[0][name] if same else happened_figure(month, figure)[0]

        return tell if figures else None

    # --- what it costs ------------------------------------------------------------------------------------

    def _billed(self) -> list[list[float]]:
        """The study's figures in each month."""
        business = Business(self.study.scenario)
        months: Any = {side: self._side(side) for side in SIDES}
        business.put(months)
        modeller = Modeller(self.drawn.file, business)
        known: dict[str, Any] = {}
        for name in self.study.figures:
            place, _, figure = name.partition(".")
            if place in SEED_SIDES and figure.startswith(BILL):
                known[name] = bill_usd(months[SEED_SIDES[place]].bill, figure)
            elif place in SEED_SIDES:
                known[name] = column(told[name] for told in self.told)
            elif name not in known:
                row = modeller.pooled(place).figures(modeller.payments(place))
                known |= {f"{place}.{key}": value for key, value in row.items()}
        columns = [_floats(known.get(name), self.number) for name in self.study.figures]
        return [list(row) for row in zip(*columns, strict=True)]

    def _side(self, side: Side) -> _Sides:
        owner, counts, assumptions = side[0], self.counts[side], self.drawn.sides[side]
        plan, period = self.plans[owner], self.periods[owner]
        return _Sides(
            assumptions=assumptions,
            usage=meter([counts], plan, assumptions, period),
            figures={"completed_per_month": Told([counts], plan, period, assumptions).figure("completed_per_month")},
            volume_usd=column(Decimal(cents) / CENTS / period.months for cents in self.offered_cents[owner]),
        )


def _floats(figures: Any, number: int) -> list[float]:
    """A figure of so many months as floats; not-a-number where it has no value."""
    values = figures.tolist() if is_column(figures) else [figures]
    values = values * number if len(values) == 1 else values
    return [NOT_A_NUMBER if value is None else float(value) for value in values]
