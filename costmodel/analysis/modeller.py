"""The modelled column: each perimeter's two sides simulated, billed as the perimeter says, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import starmap

from costmodel.analysis.modelled import modelled_row, sides, with_added
from costmodel.analysis.perimeters import PerimeterRow, Sums
from costmodel.analysis.ranges import services_at
from costmodel.analysis.sides import OWNERS, Business, Owner
from costmodel.assumptions.by_month import each, of_each
from costmodel.assumptions.perimeter import End, Perimeters, Side
from costmodel.assumptions.service import Service
from costmodel.billing.bill import Bill
from costmodel.billing.biller import Biller
from costmodel.result import Result
from costmodel.run import rating_terms
from costmodel.simulation.statistics import Difference, interval, paired

Services = Mapping[str, Service]


@dataclass(frozen=True)
class ModelledRow:
    """A perimeter's modelled figures: row, and the 95 % intervals of the figures claims may be about.

    difference: Stripe's side less the own one, USD a month, in pairs of replications that met the same luck.
    """

    row: PerimeterRow
    payments: Decimal
    intervals: dict[str, tuple[float, float] | None]
    difference: Difference

    def figures(self) -> dict[str, Decimal]:
        """The pooled figures by name (reduction, own_usd, …)."""
        return self.row.figures(self.payments)


class Modeller:
    """Bills the sides of perimeters; equal bills are made once. repriced: other prices than the scenario's."""

    def __init__(
        self, file: Perimeters, business: Business, repriced: Callable[[Services], Services] = lambda given: given
    ) -> None:
        self.file, self.business, self.repriced = file, business, repriced
        self._bills: dict[tuple[object, ...], Bill] = {}
        self._biller = Biller()

    def row(self, perimeter: str, variant: str | None = None, *, at: End | None = None) -> ModelledRow:
        """The modelled figures of a perimeter. KeyError where it has no modelled column."""
        pooled, single = self.replicated(perimeter, variant, at=at)
        payments = completed(self._result("own", perimeter, variant))
        return ModelledRow(pooled, payments, _intervals(pooled, single, payments), _difference(pooled, single))

    def replicated(
        self, perimeter: str, variant: str | None = None, *, at: End | None = None
    ) -> tuple[PerimeterRow, list[Sums]]:
        """The row of all replications together, and the sums of each. KeyError where there is no modelled column."""
        found = self.file.find(perimeter).find(variant)
        end = at or (found.at if found and found.at else "value")
        results = [self._result(owner, perimeter, variant) for owner in OWNERS]
        number, pooled = min(result.replications for result in results), self._row(perimeter, variant, end)
        each = self._row(perimeter, variant, end, together=True) if number > 1 else pooled
        sums = zip(of_each(each.stripe_usd, number), of_each(each.own_usd, number), strict=True)
        return pooled, list(starmap(Sums, sums))

    def pooled(self, perimeter: str) -> PerimeterRow:
        """The row of a perimeter, without intervals. KeyError where it has no modelled column."""
        return self._row(perimeter, None, "value")

    def payments(self, perimeter: str) -> Decimal:
        """The completed payments a month of its own side."""
        return completed(self._result("own", perimeter, None))

    def variants(self) -> Iterable[tuple[str, str | None]]:
        """Every perimeter and variant that has a modelled column."""
        for perimeter in self.file.perimeter:
            for variant in (None, *perimeter.variant):
                if perimeter.modelled_as(variant) is not None:
                    yield perimeter.id, variant.id if variant else None

    def _result(self, owner: Owner, perimeter: str, variant: str | None) -> Result:
        side: Side = getattr(sides(self.file, perimeter, variant), owner)
        return self.business.result(owner, side.rail)

    def _row(self, perimeter: str, variant: str | None, end: End, together: bool = False) -> PerimeterRow:
        both = sides(self.file, perimeter, variant)
        stripe, own = self.bill("stripe", both.stripe, end, together), self.bill("own", both.own, end, together)
        return modelled_row(self.file, perimeter, stripe, own, variant)

    def bill(self, owner: Owner, side: Side, end: End = "value", together: bool = False) -> Bill:
        """The bill of a side: its usage with what the perimeter adds, under its plans.

        together: of each replication, in lines whose figures are columns (`assumptions.by_month`).
        """
        key = (owner, side.rail, tuple(sorted(side.plans.items())), side.adds, end if side.adds else "value", together)
        if key not in self._bills:
            self._bills[key] = self._rated(owner, side, end, together)
        return self._bills[key]

    def _rated(self, owner: Owner, side: Side, end: End, together: bool) -> Bill:
        result = self.business.result(owner, side.rail)
        usage = result.metered.together if together else result.usage
        month = {"payments": completed(result), "volume_usd": result.volume_usd}
        rows = with_added(self.file, side, usage, at=end, **month)
        terms = rating_terms(result.assumptions)
        terms["plans"] = {**terms["plans"], **side.plans}
        added = {(self.file.adds[name].service, self.file.adds[name].meter) for name in side.adds}
        services = services_at(self.repriced(result.assumptions.services), end, added)
        return self._biller.bill(rows, services, **terms)


def completed(result: Result) -> Decimal:
    """Completed payments a month."""
    return each(lambda number: Decimal(str(number)), result.figures["completed_per_month"])


def _difference(pooled: PerimeterRow, single: list[Sums]) -> Difference:
    stripe, own = ([float(getattr(row, side)) for row in (pooled, *single)] for side in ("stripe_usd", "own_usd"))
    return paired(stripe[0], stripe[1:], own[0], own[1:])


def _intervals(pooled: PerimeterRow, single: list[Sums], payments: Decimal) -> dict[str, tuple[float, float] | None]:
    """Sectioned intervals: the replications are paired, both sides having met the same luck."""
    known = [row.figures(payments) for row in single]
    return {
        name: interval(float(value), [float(figures[name]) for figures in known if name in figures])
        for name, value in pooled.figures(payments).items()
    }
