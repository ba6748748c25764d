"""At which value of one assumption the own side costs what Stripe's does, or is a stated share cheaper."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from costmodel.analysis.asking import (
    Figure,
    asked_lever,
    document_column,
    lever_now,
    modelled_column,
    no_perimeter,
    perimeter_title,
    refuse_if_still,
    target_of,
)
from costmodel.analysis.crossing import grid
from costmodel.analysis.lever_files import read_levers
from costmodel.analysis.modelled import ALL
from costmodel.analysis.moving import DocumentColumn, ModelledColumn, Sides
from costmodel.analysis.perimeters import HUNDRED, Term
from costmodel.analysis.reaching import MODELLED_POINTS, Reached, document_reached, modelled_points, modelled_reached
from costmodel.analysis.sampling import shortened
from costmodel.analysis.sides import Business
from costmodel.assumptions.lever import Cause, Lever, Levers
from costmodel.result import SCHEMA_VERSION, origin_of
from costmodel.run import Watch, assume

CURVE_POINTS = 32
LOADED = "fully_loaded"


@dataclass(frozen=True)
class Difference:
    """Why the simulated value is another: one cause, at the document's value of the lever.

    document_usd, modelled_usd: its part of the gap (own side less what the target leaves of Stripe's), USD a month.
    shift: by how much it moves the value; the shifts sum to the whole difference. because: why, if that is known.
    """

    cause: str
    document_usd: Decimal
    modelled_usd: Decimal
    shift: Decimal
    because: str | None = None


@dataclass(frozen=True)
class Breakeven:
    """The answer on the document's figures and simulated; None where that column has none for this key.

    now: where the key stands. curve: the reduction in percent by value of the key: (value, document, modelled).
    """

    key: str
    lever: Lever
    scenario: str
    perimeter: str
    title: str
    target_percent: Decimal
    document: Reached | None
    modelled: Reached | None
    now: Decimal | None
    differences: tuple[Difference, ...]
    curve: tuple[tuple[Decimal, Decimal | None, Decimal | None], ...]
    provenance: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """For JSON: numbers as decimal strings."""
        return {
            "schema_version": SCHEMA_VERSION,
            "key": self.key,
            "path": self.lever.path,
            "unit": self.lever.unit,
            "now": None if self.now is None else f"{self.now:f}",
            "scenario": self.scenario,
            "perimeter": self.perimeter,
            "target_percent": f"{self.target_percent:f}",
            "document": None if self.document is None else self.document.to_dict(),
            "modelled": None if self.modelled is None else self.modelled.to_dict(),
            "differences": [
                {name: f"{value:f}" if isinstance(value, Decimal) else value for name, value in vars(one).items()}
                for one in self.differences
            ],
            "curve": [[None if cell is None else f"{cell:f}" for cell in row] for row in self.curve],
            "provenance": self.provenance,
        }

    def to_frame(self) -> Any:
        """The reduction by value of the lever: value, document_percent, modelled_percent."""
        import pandas as pd

        rows = [[None if cell is None else float(cell) for cell in row] for row in self.curve]
        return pd.DataFrame(rows, columns=["value", "document_percent", "modelled_percent"])

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, na_rep="–"))


def breakeven(
    scenario: str,
    key: str,
    *,
    perimeter: str = LOADED,
    reduction: Figure = 0,
    low: Figure | None = None,
    high: Figure | None = None,
    points: int = MODELLED_POINTS,
    levers: str = "seed",
    set: Mapping[str, Any] | None = None,
    data: Path | str | None = None,
    seed: int | None = None,
    engine: str = "auto",
    watch: Watch | None = None,
) -> Breakeven:
    """At which value of `key` the own side costs as much as Stripe's within a perimeter, or `reduction` percent less.

    scenario: the own pipeline's month. key: a lever's short name (volume, ticket, ach_share, …) or path, or the path of
    any assumption that is a number; then `low` and `high`, the range to search, must be given. perimeter: its name, or
    perimeter.variant. points: how many are simulated before the search narrows down. The rest as in `run`. Raises
    UsageError for a key, perimeter or range that makes no sense.
    """
    folder, asked = Path(data) if data else None, dict(set or {})
    file, perimeters = read_levers(levers, folder)
    assumed = assume(scenario, asked, folder)
    lever = asked_lever(file, key, low, high, assumed, (scenario, folder, asked))
    business = Business(scenario, {**asked, **shortened(scenario, asked, folder)}, folder, seed, engine)
    document = document_column(file, perimeters, perimeter, lever)
    modelled = modelled_column(perimeters, perimeter, business, file, assumed)
    if document is None and modelled is None:
        raise no_perimeter(perimeters, perimeter)
    refuse_if_still(lever, perimeter, document or modelled)
    search = _Search(file, lever, target_of(reduction), document, modelled, points)
    on_paper, simulated = search.on_paper(), search.simulated(watch or (lambda _: None))
    return Breakeven(
        key, lever, scenario, perimeter, perimeter_title(perimeters, perimeter), search.target, on_paper, simulated,
        lever_now(lever, perimeters, assumed), search.differences(on_paper, simulated), search.curve(),
        origin_of(assumed, seed=seed),
    )  # fmt: skip


# --- the search and what comes of it ----------------------------------------------------------------------


@dataclass(frozen=True)
class _Search:
    """Both columns of one question."""

    file: Levers
    lever: Lever
    target: Decimal
    document: DocumentColumn | None
    modelled: ModelledColumn | None
    points: int

    def on_paper(self) -> Reached | None:
        return document_reached(self.document, self.lever, self.target) if self.document else None

    def simulated(self, watch: Watch) -> Reached | None:
        if self.modelled is None:
            return None
        return modelled_reached(self.modelled, self.lever, self.target, watch, self.points)

    def differences(self, on_paper: Reached | None, simulated: Reached | None) -> tuple[Difference, ...]:
        """By cause, where both columns have one value of the same kind."""
        if self.document is None or self.modelled is None or on_paper is None or simulated is None:
            return ()
        if on_paper.kind != simulated.kind or len(on_paper.values) != 1:
            return ()
        value, columns = on_paper.values[0], (self.document, self.modelled)
        both = [_by_cause(self.file.cause, column.at(self.lever, value), self.target) for column in columns]
        names = dict.fromkeys([*both[0], *both[1]])
        pairs = [(name, both[0].get(name, Decimal(0)), both[1].get(name, Decimal(0))) for name in names]
        whole = sum((after - before for _, before, after in pairs), Decimal(0))
        each = (simulated.values[0] - value) / whole if whole else Decimal(0)
        why = {cause.title: cause.because for cause in self.file.cause}
        found = [Difference(name, one, other, (other - one) * each, why.get(name)) for name, one, other in pairs]
        return tuple(sorted(found, key=lambda one: -abs(one.shift)))

    def curve(self) -> tuple[tuple[Decimal, Decimal | None, Decimal | None], ...]:
        """Both columns' reductions over the range; the simulated one only where it is known."""
        lever, document, modelled = self.lever, self.document, self.modelled
        known = frozenset(modelled_points(modelled, lever, self.points)) if modelled else frozenset[Decimal]()
        smooth = frozenset(grid(lever.low, lever.high, CURVE_POINTS)) if document else frozenset[Decimal]()
        return tuple(
            (x, document.at(lever, x).reduction_percent if document else None,
             modelled.at(lever, x).reduction_percent if modelled and x in known else None)
            for x in sorted(smooth | known)
        )  # fmt: skip


def _by_cause(causes: Iterable[Cause], found: Sides, target: Decimal) -> dict[str, Decimal]:
    """The gap by cause; what belongs to none is told apart."""
    share = 1 - target / HUNDRED
    parts = [(term, term.usd) for term in found.own] + [(term, -share * term.usd) for term in found.stripe]
    sums: dict[str, Decimal] = {}
    for term, usd in parts:
        title = next((cause.title for cause in causes if _belongs(term, cause)), term.label)
        sums[title] = sums.get(title, Decimal(0)) + usd
    return sums


def _belongs(term: Term, cause: Cause) -> bool:
    """Whether a term of the document, or a line of a bill (`service.meter`), belongs to a cause."""
    if "." not in term.name:
        return term.name in cause.terms
    return bool({ALL, term.name, term.name.partition(".")[0]} & {*cause.lines})
