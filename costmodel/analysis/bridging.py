"""`bridge`: from one month's cost to another's, the change attributed to its causes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from costmodel.analysis.attribution import CENT, shapley, subsets, to_cents
from costmodel.analysis.growth import economics_of
from costmodel.analysis.growth_files import read_growth
from costmodel.analysis.hybrids import differences, hybrid
from costmodel.assumptions.by_month import of_each
from costmodel.assumptions.catalog import Assumptions
from costmodel.billing.rating import rate
from costmodel.errors import UsageError
from costmodel.result import SCHEMA_VERSION, Result
from costmodel.run import Watch, assume, rating_terms, run_assumptions
from costmodel.simulation.statistics import interval

ONE_OFF, CHANGED = "building, once", ", changed"
Totals = tuple[Decimal, list[Decimal]]


@dataclass(frozen=True)
class Part:
    """What one cause changes, USD a month to the cent; interval: 95 % over the replications, where there are several.

    what: the assumptions that differ.
    """

    cause: str
    usd: Decimal
    interval: tuple[float, float] | None
    what: tuple[str, ...]


@dataclass(frozen=True)
class Bridge:
    """Two months' cost and the parts between them, USD a month to the cent: before + the sum of parts = after."""

    before: str
    after: str
    before_usd: Decimal
    after_usd: Decimal
    parts: tuple[Part, ...]
    provenance: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """For JSON: money as decimal strings."""
        return {
            "schema_version": SCHEMA_VERSION,
            "before": self.before,
            "after": self.after,
            "before_usd": f"{self.before_usd:f}",
            "after_usd": f"{self.after_usd:f}",
            "parts": [
                vars(part) | {"usd": f"{part.usd:f}", "interval": list(part.interval) if part.interval else None}
                for part in self.parts
            ],
            "provenance": self.provenance,
        }

    def to_frame(self) -> Any:
        """One row a part: cause, usd, low, high."""
        import pandas as pd

        rows = [(part.cause, float(part.usd), *(part.interval or (None, None))) for part in self.parts]
        return pd.DataFrame(rows, columns=["cause", "usd", "low", "high"])

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, na_rep="–"))


def bridge(
    before: str | Result,
    after: str | Result,
    *,
    build: bool = False,
    growth: str = "seed",
    set: Mapping[str, Any] | None = None,
    data: Path | str | None = None,
    seed: int | None = None,
    engine: str = "auto",
    watch: Watch | None = None,
) -> Bridge:
    """From one month's bill to another's: what volume, ticket size, payment methods, prices and configuration change.

    before, after: scenarios, or results of `run`. Every cause gets the mean of what it changes over all orders in which
    the causes could come (Shapley), so none depends on an order, and they sum to the difference to the cent. build:
    with the cost of building, spread over the months of the growth file `growth`. set, data, seed: of scenarios given
    by name; `set` changes only `after`. Raises UsageError for results of a file of payments.
    """
    folder, luck = Path(data) if data else None, {} if seed is None else {"seed": seed}
    one, other = _assumed(before, folder, luck), _assumed(after, folder, {**dict(set or {}), **luck})
    what = {str(cause): tuple(said) for cause, said in differences(one, other).items()}
    months = _Months(one, other, engine)
    known = {}
    for number, changed in enumerate(subsets(list(what))):
        known[changed] = months.totals(changed)
        if watch:
            watch((number + 1) / 2 ** len(what))
    shares = shapley(list(what), lambda some: known[some][0])
    once = [_once(growth, folder, assumed) if build else Decimal(0) for assumed in (one, other)]
    ends = [known[frozenset()][0], known[frozenset(what)][0]]
    whole = [to_cent(usd) for usd in ends]
    cents = to_cents(shares, whole[1] - whole[0]) if what else {}
    spread = _intervals(list(what), known, {name: float(share) for name, share in shares.items()})
    parts = [Part(name, cents[name], spread[name], said) for name, said in what.items()]
    if build:
        parts.append(Part(ONE_OFF, to_cent(once[1]) - to_cent(once[0]), None, ("engineer-months over the months",)))
    return Bridge(
        _named(before), _named(after) + (CHANGED if set else ""), whole[0] + to_cent(once[0]),
        whole[1] + to_cent(once[1]), tuple(parts),
        {"data_sha256": [one.data_sha256, other.data_sha256], "overridden": list(other.overridden),
         "prices_on": [one.scenario.on.isoformat(), other.scenario.on.isoformat()]},
    )  # fmt: skip


def to_cent(usd: Decimal) -> Decimal:
    """USD to the nearest cent."""
    return usd.quantize(CENT)


@dataclass
class _Months:
    """Hybrid months between two scenarios, simulated and billed."""

    before: Assumptions
    after: Assumptions
    engine: str

    def totals(self, changed: frozenset[str]) -> Totals:
        """The bill of the month that is `after`'s in those causes: of all replications together, and of each."""
        assumed = hybrid(self.before, self.after, changed)
        result = run_assumptions(assumed, engine=self.engine)
        together = rate(result.metered.together, assumed.services, **rating_terms(assumed))
        return result.bill.total_usd, of_each(together.total_usd, result.replications)


def _intervals(
    causes: list[str], known: dict[frozenset[str], Totals], shares: dict[str, float]
) -> dict[str, tuple[float, float] | None]:
    """Each cause's share in every replication (all months meet the same luck), and their spread."""
    number = min(len(each) for _, each in known.values())
    singles = [shapley(causes, lambda some, at=at: known[some][1][at]) for at in range(number)]  # type: ignore[misc]
    return {name: interval(share, [float(one[name]) for one in singles]) for name, share in shares.items()}


def _assumed(given: str | Result, folder: Path | None, changes: dict[str, Any]) -> Assumptions:
    if isinstance(given, str):
        return assume(given, changes, folder)
    if given.rejected is not None:
        raise UsageError(f"{given.scenario} replays a file of payments; a bridge simulates its months: give scenarios")
    return given.assumptions


def _named(given: str | Result) -> str:
    return given if isinstance(given, str) else given.scenario


def _once(growth: str, folder: Path | None, assumed: Assumptions) -> Decimal:
    """What building that scenario's pipeline costs a month, spread over the months of the growth file."""
    file, _ = read_growth(growth, folder)
    return economics_of(file, assumed).build_usd / file.months.value
