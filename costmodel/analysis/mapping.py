"""The break-even map: the reduction over volume and one more lever, and for each value from which volume it pays."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from costmodel.analysis.asking import lever_now, modelled_column, target_of
from costmodel.analysis.breakeven import CostLine, Threshold, base_volume, cost_line, threshold
from costmodel.analysis.crossing import grid
from costmodel.analysis.lever_files import read_levers
from costmodel.analysis.moving import DocumentColumn, ModelledColumn
from costmodel.analysis.perimeters import HUNDRED
from costmodel.analysis.reaching import modelled_reached
from costmodel.analysis.sampling import shortened
from costmodel.analysis.sides import Business
from costmodel.assumptions.lever import Lever, Levers
from costmodel.assumptions.perimeter import Perimeters
from costmodel.errors import UsageError
from costmodel.result import SCHEMA_VERSION
from costmodel.run import Watch, assume

if TYPE_CHECKING:
    import pandas

VOLUME, TICKET = "volume", "workload.mean_ticket_usd"
ACROSS, UP = 64, 20  # points of the map
CHECKED = 3  # values of the lever at which the volume is also simulated
AROUND = 4  # times the document's volume, up and down, within which the simulated one is looked for
POINTS = 2  # of the grid on which it is looked for


@dataclass(frozen=True)
class BreakevenMap:
    """percent: the document's reduction, a row for each of `values` and a column for each of `volumes` (USD a month).

    contour: for each value, from (or below) which volume the target is reached, in closed form. simulated: value and
    volume, by simulation, at some of them (none for a lever that only moves prices). now: volume and value today.
    """

    lever: Lever
    perimeter: str
    title: str
    target_percent: Decimal
    volumes: tuple[Decimal, ...]
    values: tuple[Decimal, ...]
    percent: tuple[tuple[Decimal | None, ...], ...]
    contour: tuple[Threshold, ...]
    simulated: tuple[tuple[Decimal, Decimal], ...]
    now: tuple[Decimal, Decimal | None]

    def to_frame(self) -> pandas.DataFrame:
        """One row per value of the lever: from (or below) which volume the target is reached, in closed form."""
        import pandas as pd

        found = zip(self.values, self.contour, strict=True)
        rows = [(float(value), one.kind, one.volume_usd and float(one.volume_usd)) for value, one in found]
        return pd.DataFrame(rows, columns=["value", "kind", "volume_usd"])

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, na_rep="–"))

    def to_dict(self) -> dict[str, Any]:
        """For JSON: numbers as decimal strings."""
        return {
            "schema_version": SCHEMA_VERSION,
            "lever": self.lever.id,
            "unit": self.lever.unit,
            "perimeter": self.perimeter,
            "target_percent": f"{self.target_percent:f}",
            "contour": [
                {"value": f"{value:f}", "kind": one.kind,
                 "volume_usd": None if one.volume_usd is None else f"{one.volume_usd:f}"}
                for value, one in zip(self.values, self.contour, strict=True)
            ],
            "simulated": [{"value": f"{value:f}", "volume_usd": f"{usd:f}"} for value, usd in self.simulated],
        }  # fmt: skip


def breakeven_map(
    scenario: str,
    key: str,
    *,
    perimeter: str = "fully_loaded",
    reduction: Decimal | float | int | str = 0,
    levers: str = "seed",
    set: Mapping[str, Any] | None = None,
    data: Path | str | None = None,
    seed: int | None = None,
    engine: str = "auto",
    watch: Watch | None = None,
) -> BreakevenMap:
    """The map over volume and the lever `key`, within a perimeter that has a document column.

    Raises UsageError for a key that is no lever of the document's figures, or is volume itself.
    """
    folder, target, asked = Path(data) if data else None, target_of(reduction), dict(set or {})
    file, perimeters = read_levers(levers, folder)
    lever, volume, column = _asked(file, perimeters, key, perimeter)
    values, volumes = _values(lever), grid(volume.low, volume.high, ACROSS)
    lines = [_lines(column, lever, y) for y in values]
    contour = tuple(threshold(stripe, own, target, base) for stripe, own, base in lines)
    assumed = assume(scenario, asked, folder)
    business = Business(scenario, {**asked, **shortened(scenario, asked, folder)}, folder, seed, engine)
    model = modelled_column(perimeters, perimeter, business, file, assumed)
    pairs, workload = list(zip(values, contour, strict=True)), assumed.scenario.workload
    return BreakevenMap(
        lever=lever,
        perimeter=perimeter,
        title=perimeters.find(column.perimeter).title,
        target_percent=target,
        volumes=tuple(volumes),
        values=tuple(values),
        percent=tuple(tuple(_percent(stripe, own, x / base) for x in volumes) for stripe, own, base in lines),
        contour=contour,
        simulated=tuple(_simulated(model, volume, lever, pairs, target, watch)) if model else (),
        now=(workload.payments_per_month * workload.mean_ticket_usd, lever_now(lever, perimeters, assumed)),
    )


def _asked(file: Levers, perimeters: Perimeters, key: str, perimeter: str) -> tuple[Lever, Lever, DocumentColumn]:
    """The lever, the one of volume, and the document's column. Raises UsageError for what has no map."""
    lever, volume = file.find(key), file.find(VOLUME)
    if lever is None or volume is None or not lever.inputs:
        names = [one.id for one in file.lever if one.inputs]
        raise UsageError(f"no map over {key!r}; choose one of {', '.join(names)}")
    name, _, variant = perimeter.partition(".")
    known = {one.id: one for one in perimeters.perimeter if one.stripe}.get(name)
    if known is None or (variant and variant not in {one.id for one in known.variant}):
        raise UsageError(f"no map within {perimeter!r}: it has no figures of the document")
    return lever, volume, DocumentColumn(file, perimeters, name, variant or None)


def _values(lever: Lever) -> list[Decimal]:
    """The values of the lever, from its low end or, where that is 0, from a hundredth of the high one."""
    if lever.whole:
        return [Decimal(y) for y in range(int(lever.low), int(lever.high) + 1)]
    return grid(lever.low or lever.high / HUNDRED, lever.high, UP)


def _lines(column: DocumentColumn, lever: Lever, y: Decimal) -> tuple[CostLine, CostLine, Decimal]:
    """Both sides with the lever at y, and the volume that their variable parts belong to."""
    found = column.at(lever, y)
    moved = column.moved(lever, y)
    return cost_line(found.stripe), cost_line(found.own), moved.get(column.file.volume, base_volume(column.file))


def _percent(stripe: CostLine, own: CostLine, times: Decimal) -> Decimal | None:
    usd = stripe.usd(times)
    return HUNDRED * (1 - own.usd(times) / usd) if usd else None


def _simulated(
    model: ModelledColumn, volume: Lever, lever: Lever, contour: Sequence[tuple[Decimal, Threshold]],
    target: Decimal, watch: Watch | None,
) -> Iterator[tuple[Decimal, Decimal]]:  # fmt: skip
    """Volumes found by simulation, near those of the document, for a lever that the month must be simulated for."""
    known = [(y, one.volume_usd) for y, one in contour if one.volume_usd is not None and one.kind == "from"]
    inside = [(y, usd) for y, usd in known if volume.low < usd < volume.high] if lever.kind == "assumption" else []
    chosen = inside[:: max(1, -(-len(inside) // CHECKED))]
    for number, (y, usd) in enumerate(chosen):
        near = volume.model_copy(update={"low": max(volume.low, usd / AROUND), "high": min(volume.high, usd * AROUND)})
        value = int(y) if lever.whole else y
        business = dataclasses.replace(model.business, set={**model.business.set, str(lever.path): value}, _known={})
        ticket = y if lever.path == TICKET else model.ticket_usd
        there = dataclasses.replace(model, business=business, ticket_usd=ticket, known={})
        found = modelled_reached(there, near, target, lambda _: None, POINTS)
        if watch:
            watch((number + 1) / len(chosen))
        if found.kind == "from" and found.value is not None:
            yield Decimal(value), found.value
