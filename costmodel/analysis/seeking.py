"""At which value of one assumption the own side costs what Stripe's does, or is a stated share cheaper."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from costmodel.analysis.crossing import grid
from costmodel.analysis.lever_files import read_levers
from costmodel.analysis.modelled import ALL
from costmodel.analysis.moving import DocumentColumn, ModelledColumn, Sides
from costmodel.analysis.perimeters import HUNDRED, Term
from costmodel.analysis.reaching import Reached, document_reached, modelled_points, modelled_reached
from costmodel.analysis.sampling import shortened
from costmodel.analysis.sides import Business
from costmodel.assumptions.catalog import Assumptions, load_assumptions
from costmodel.assumptions.changes import changes_from
from costmodel.assumptions.checking import nearest
from costmodel.assumptions.lever import Cause, Lever, Levers
from costmodel.assumptions.perimeter import Perimeters
from costmodel.errors import InputError, UsageError
from costmodel.result import SCHEMA_VERSION
from costmodel.run import Watch

CURVE_POINTS = 41
LOADED = "fully_loaded"
OTHER = "everything else"
Figure = Decimal | float | int | str


@dataclass(frozen=True)
class Difference:
    """Why the simulated value is another: one cause, at the document's value of the lever.

    document_usd, modelled_usd: its part of the gap (own side less what the target leaves of Stripe's), USD a month.
    shift: by how much it moves the value; the shifts sum to the whole difference.
    """

    cause: str
    document_usd: Decimal
    modelled_usd: Decimal
    shift: Decimal


@dataclass(frozen=True)
class Breakeven:
    """The answer on the document's figures and simulated; None where that column has none for this key.

    curve: the reduction in percent by value of the lever: (value, document, modelled).
    """

    key: str
    lever: Lever
    scenario: str
    perimeter: str
    title: str
    target_percent: Decimal
    document: Reached | None
    modelled: Reached | None
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
            "scenario": self.scenario,
            "perimeter": self.perimeter,
            "target_percent": f"{self.target_percent:f}",
            "document": None if self.document is None else self.document.to_dict(),
            "modelled": None if self.modelled is None else self.modelled.to_dict(),
            "differences": [
                {name: value if isinstance(value, str) else f"{value:f}" for name, value in vars(one).items()}
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
    perimeter.variant. The rest as in `run`. Raises UsageError for a key, perimeter or range that makes no sense.
    """
    folder, asked, target = Path(data) if data else None, dict(set or {}), _target(reduction)
    file, perimeters = read_levers(levers, folder)
    assumed = load_assumptions(scenario, data=folder, changes=changes_from(asked))
    lever = _lever(file, key, low, high, assumed, (scenario, folder, asked))
    business = Business(scenario, {**asked, **shortened(scenario, asked, folder)}, folder, seed, engine)
    document = _document(file, perimeters, perimeter, lever)
    modelled = _modelled(file, perimeters, perimeter, business, assumed)
    if document is None and modelled is None:
        raise _no_perimeter(perimeters, perimeter)
    _refuse_if_still(lever, perimeter, document or modelled)
    on_paper = document_reached(document, lever, target) if document else None
    simulated = modelled_reached(modelled, lever, target, watch or (lambda _: None)) if modelled else None
    return Breakeven(
        key=key,
        lever=lever,
        scenario=scenario,
        perimeter=perimeter,
        title=perimeters.find(perimeter.partition(".")[0]).title,
        target_percent=target,
        document=on_paper,
        modelled=simulated,
        differences=_differences(file, lever, target, (document, on_paper), (modelled, simulated)),
        curve=_curve(lever, document, modelled),
        provenance={"data_sha256": assumed.data_sha256, "overridden": list(assumed.overridden),
                    "seed": assumed.scenario.seed if seed is None else seed, "prices_on": assumed.scenario.on.isoformat()},
    )  # fmt: skip


# --- what is asked ------------------------------------------------------------------------------------------


def _target(reduction: Figure) -> Decimal:
    target = _figure("--reduction", reduction)
    if target >= HUNDRED:
        raise UsageError(f"--reduction {target}: nothing is cheaper by 100 % or more; give a smaller percentage")
    return target


def _figure(option: str, given: Figure) -> Decimal:
    try:
        figure = Decimal(str(given))
    except InvalidOperation:
        raise UsageError(f"{option} {given}: no number; write e.g. 98") from None
    if not figure.is_finite():
        raise UsageError(f"{option} {given}: not finite; give a number")
    return figure


def _lever(
    file: Levers, key: str, low: Figure | None, high: Figure | None, assumed: Assumptions,
    asked: tuple[str, Path | None, dict[str, Any]],
) -> Lever:  # fmt: skip
    """The lever of that name or path, over the range asked for."""
    known = file.find(key)
    if known is None and "." not in key:
        names = [lever.id for lever in file.lever]
        raise UsageError(f"no key {key!r}; {nearest(key, names)} Or give the path of an assumption, with --from and --to.")
    if known is None and (low is None or high is None):
        raise UsageError(f"{key} has no range of its own; say what to search with --from and --to")
    ends = [_figure(option, given) for option, given in (("--from", low), ("--to", high)) if given is not None]
    if known is not None:
        ends = [known.low if low is None else ends[0], known.high if high is None else ends[-1]]
    if ends[0] >= ends[1]:
        raise UsageError(f"--from {ends[0]} --to {ends[1]}: an empty range; --from must lie below --to")
    if known is None:
        return _any_assumption(key, ends, assumed, asked)
    return known.model_copy(update={"low": ends[0], "high": ends[1]})


def _any_assumption(
    path: str, ends: Sequence[Decimal], assumed: Assumptions, asked: tuple[str, Path | None, dict[str, Any]]
) -> Lever:
    """A lever made for an assumption that has none. InputError where an end of the range is impossible for it."""
    scenario, folder, changes = asked
    whole = False
    for end in ends:
        try:
            load_assumptions(scenario, data=folder, changes=changes_from({**changes, path: end}))
        except InputError:
            load_assumptions(scenario, data=folder, changes=changes_from({**changes, path: int(end)}))
            whole = True
    return Lever.model_construct(
        id="asked", title=path, unit="", kind="assumption", path=path, inputs={}, own=None, meters=(), whole=whole,
        asks=False, low=ends[0], high=ends[1], source="asked for", read=assumed.scenario.on, basis="assumption", note=None,
    )  # fmt: skip


def _document(file: Levers, perimeters: Perimeters, perimeter: str, lever: Lever) -> DocumentColumn | None:
    """The document's column; None where the perimeter has none, or its figures do not know the assumption."""
    name, _, variant = perimeter.partition(".")
    known = {one.id: one for one in perimeters.perimeter}.get(name)
    in_document = lever.kind in ("volume", "mix") or lever.inputs or lever.own
    if known is None or not known.stripe or not in_document:
        return None
    if variant and variant not in {one.id for one in known.variant}:
        return None
    return DocumentColumn(file, perimeters, name, variant or None)


def _modelled(
    file: Levers, perimeters: Perimeters, perimeter: str, business: Business, assumed: Assumptions
) -> ModelledColumn | None:
    name, _, variant = perimeter.partition(".")
    known = {one.id: one for one in perimeters.perimeter}.get(name)
    found = {one.id: one for one in known.variant}.get(variant) if known else None
    if known is None or (variant and found is None) or known.modelled_as(found) is None:
        return None
    ticket = assumed.scenario.workload.mean_ticket_usd
    return ModelledColumn(file, perimeters, name, variant or None, business, ticket)


def _no_perimeter(perimeters: Perimeters, perimeter: str) -> UsageError:
    known = [one.id for one in perimeters.perimeter]
    known += [f"{one.id}.{variant.id}" for one in perimeters.perimeter for variant in one.variant]
    return UsageError(f"no perimeter {perimeter!r} in which this can be moved; {nearest(perimeter, known)}")


def _refuse_if_still(lever: Lever, perimeter: str, column: DocumentColumn | ModelledColumn | None) -> None:
    """Raises UsageError for a lever that moves neither side."""
    if column is None or lever.kind in ("volume", "assumption"):
        return
    low, high = (column.at(lever, x) for x in (lever.low, lever.high))
    if (low.stripe_usd, low.own_usd) == (high.stripe_usd, high.own_usd):
        raise UsageError(f"{lever.title} moves neither side of the perimeter {perimeter}; choose another perimeter")


# --- why the columns differ ---------------------------------------------------------------------------------


def _differences(
    file: Levers, lever: Lever, target: Decimal, document: tuple[DocumentColumn | None, Reached | None],
    modelled: tuple[ModelledColumn | None, Reached | None],
) -> tuple[Difference, ...]:  # fmt: skip
    """By cause, where both columns have one value of the same kind."""
    (paper, on_paper), (model, simulated) = document, modelled
    if paper is None or model is None or on_paper is None or simulated is None:
        return ()
    if on_paper.kind != simulated.kind or len(on_paper.values) != 1:
        return ()
    value = on_paper.values[0]
    both = [_by_cause(file.cause, column.at(lever, value), target) for column in (paper, model)]
    names = [name for name in dict.fromkeys([*both[0], *both[1]]) if both[0].get(name) or both[1].get(name)]
    pairs = [(name, both[0].get(name, Decimal(0)), both[1].get(name, Decimal(0))) for name in names]
    whole = sum((after - before for _, before, after in pairs), Decimal(0))
    each = (simulated.values[0] - value) / whole if whole else Decimal(0)
    found = [Difference(name, before, after, (after - before) * each) for name, before, after in pairs]
    return tuple(sorted(found, key=lambda one: -abs(one.shift)))


def _by_cause(causes: Iterable[Cause], found: Sides, target: Decimal) -> dict[str, Decimal]:
    """The gap by cause; what belongs to none is told apart."""
    share = 1 - target / HUNDRED
    parts = [(term, term.usd) for term in found.own] + [(term, -share * term.usd) for term in found.stripe]
    sums: dict[str, Decimal] = {}
    for term, usd in parts:
        title = next((cause.title for cause in causes if _belongs(term, cause)), OTHER)
        sums[title] = sums.get(title, Decimal(0)) + usd
    return sums


def _belongs(term: Term, cause: Cause) -> bool:
    """Whether a term of the document, or a line of a bill (`service.meter`), belongs to a cause."""
    if "." not in term.name:
        return term.name in cause.terms
    return bool({ALL, term.name, term.name.partition(".")[0]} & {*cause.lines})


# --- the curve ----------------------------------------------------------------------------------------------


def _curve(
    lever: Lever, document: DocumentColumn | None, modelled: ModelledColumn | None
) -> tuple[tuple[Decimal, Decimal | None, Decimal | None], ...]:
    """Both columns' reductions over the range; the simulated one only where it is known."""
    points = {*grid(lever.low, lever.high, CURVE_POINTS)} if document else frozenset[Decimal]()
    simulated = {*modelled_points(modelled, lever)} if modelled else frozenset[Decimal]()
    return tuple(
        (x, document.at(lever, x).reduction_percent if document else None,
         modelled.at(lever, x).reduction_percent if modelled and x in simulated else None)
        for x in sorted(points | simulated)
    )  # fmt: skip
