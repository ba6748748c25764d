"""What a break-even is asked for: the lever, the range, the target and the two columns, or why there are none."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from costmodel.analysis.moving import DocumentColumn, ModelledColumn
from costmodel.analysis.perimeters import HUNDRED
from costmodel.analysis.sides import Business
from costmodel.assumptions.catalog import Assumptions, load_assumptions
from costmodel.assumptions.changes import changes_from
from costmodel.assumptions.checking import nearest
from costmodel.assumptions.lever import Lever, Levers
from costmodel.assumptions.perimeter import Perimeters
from costmodel.errors import InputError, UsageError

Figure = Decimal | float | int | str


def target_of(reduction: Figure) -> Decimal:
    """The reduction asked for, in percent. Raises UsageError for what none can be."""
    target = figure_of("--reduction", reduction)
    if target >= HUNDRED:
        raise UsageError(f"--reduction {target}: nothing is cheaper by 100 % or more; give a smaller percentage")
    return target


def figure_of(option: str, given: Figure) -> Decimal:
    """An option's number. Raises UsageError for what is none, naming the option."""
    try:
        figure = Decimal(str(given))
    except InvalidOperation:
        raise UsageError(f"{option} {given}: no number; write e.g. 98") from None
    if not figure.is_finite():
        raise UsageError(f"{option} {given}: not finite; give a number")
    return figure


def asked_lever(
    file: Levers, key: str, low: Figure | None, high: Figure | None, assumed: Assumptions,
    asked: tuple[str, Path | None, dict[str, Any]],
) -> Lever:  # fmt: skip
    """The lever of that name or path, over the range asked for."""
    known = file.find(key)
    if known is None and "." not in key:
        names = [lever.id for lever in file.lever]
        raise UsageError(f"no key {key!r}; {nearest(key, names)}; or a path of an assumption with --from and --to")
    if known is None and (low is None or high is None):
        raise UsageError(f"{key} has no range of its own; say what to search with --from and --to")
    ends = [figure_of(option, given) for option, given in (("--from", low), ("--to", high)) if given is not None]
    if known is not None:
        ends = [known.low if low is None else ends[0], known.high if high is None else ends[-1]]
    if ends[0] >= ends[1]:
        raise UsageError(f"--from {ends[0]} --to {ends[1]}: an empty range; --from must lie below --to")
    if known is None:
        return _any_assumption(key, ends, assumed, asked)
    if ends[0] < known.least or (known.most is not None and ends[1] > known.most):
        span = f"{known.least} or more" if known.most is None else f"from {known.least} to {known.most}"
        raise UsageError(f"--from {ends[0]} --to {ends[1]}: {known.title} can be {span}, {known.unit}")
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
        asks=False, low=ends[0], high=ends[1], source="asked for", read=assumed.scenario.on, basis="assumption",
        note=None,
    )  # fmt: skip


def document_column(file: Levers, perimeters: Perimeters, perimeter: str, lever: Lever) -> DocumentColumn | None:
    """The document's column; None where the perimeter has none, or its figures do not know the assumption."""
    name, _, variant = perimeter.partition(".")
    known = {one.id: one for one in perimeters.perimeter}.get(name)
    in_document = lever.kind in ("volume", "mix") or lever.inputs or lever.own
    if known is None or not known.stripe or not in_document:
        return None
    if variant and variant not in {one.id for one in known.variant}:
        return None
    return DocumentColumn(file, perimeters, name, variant or None)


def modelled_column(
    perimeters: Perimeters, perimeter: str, business: Business, file: Levers, assumed: Assumptions
) -> ModelledColumn | None:
    """The simulated column; None where the perimeter (or perimeter.variant) has none."""
    name, _, variant = perimeter.partition(".")
    known = {one.id: one for one in perimeters.perimeter}.get(name)
    found = {one.id: one for one in known.variant}.get(variant) if known else None
    if known is None or (variant and found is None) or known.modelled_as(found) is None:
        return None
    ticket = assumed.scenario.workload.mean_ticket_usd
    return ModelledColumn(file, perimeters, name, variant or None, business, ticket)


def perimeter_title(perimeters: Perimeters, perimeter: str) -> str:
    """The title of a perimeter, or of perimeter.variant."""
    name, _, variant = perimeter.partition(".")
    found = perimeters.find(name)
    other = found.find(variant or None)
    return f"{found.title}, {other.title}" if other else found.title


def no_perimeter(perimeters: Perimeters, perimeter: str) -> UsageError:
    """The error for a perimeter in which nothing can be moved."""
    known = [one.id for one in perimeters.perimeter]
    known += [f"{one.id}.{variant.id}" for one in perimeters.perimeter for variant in one.variant]
    return UsageError(f"no perimeter {perimeter!r} in which this can be moved; {nearest(perimeter, known)}")


def refuse_if_still(lever: Lever, perimeter: str, column: DocumentColumn | ModelledColumn | None) -> None:
    """Raises UsageError for a lever that moves neither side."""
    if column is None or lever.kind in ("volume", "assumption"):
        return
    low, high = (column.at(lever, x) for x in (lever.low, lever.high))
    if (low.stripe_usd, low.own_usd) == (high.stripe_usd, high.own_usd):
        raise UsageError(f"{lever.title} moves neither side of the perimeter {perimeter}; choose another perimeter")


def lever_now(lever: Lever, perimeters: Perimeters, assumed: Assumptions) -> Decimal | None:
    """Where the lever stands: in the scenario's workload, else among the document's figures; None if in neither."""
    workload, field = assumed.scenario.workload, str(lever.path).removeprefix("workload.")
    if lever.kind == "volume":
        return workload.payments_per_month * workload.mean_ticket_usd
    if field in type(workload).model_fields and isinstance(getattr(workload, field), int | Decimal):
        return Decimal(getattr(workload, field))
    return perimeters.inputs[next(iter(lever.inputs))].value if lever.inputs else None
