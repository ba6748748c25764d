"""From one system to another within a perimeter, line by line, saying what the perimeter replaced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from costmodel.analysis.modelled import sides
from costmodel.analysis.modeller import ModelledRow, Modeller
from costmodel.analysis.perimeter_files import read_perimeters
from costmodel.analysis.perimeters import Term, document_row
from costmodel.analysis.sides import Business, Owner
from costmodel.assumptions.checking import nearest
from costmodel.errors import UsageError
from costmodel.result import SCHEMA_VERSION
from costmodel.run import Watch

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True)
class Comparison:
    """Two systems' months within a perimeter. replaced: what the perimeter changed on either side, in words."""

    before: str
    after: str
    perimeter: str
    modelled: ModelledRow
    document_percent: Decimal | None
    replaced: tuple[str, ...]
    provenance: dict[str, Any]

    @property
    def lines(self) -> tuple[tuple[str, Term], ...]:
        """Every line that counts, with its side: ("stripe", term) or ("own", term)."""
        row = self.modelled.row
        return (*(("stripe", term) for term in row.stripe), *(("own", term) for term in row.own))

    def to_frame(self) -> pandas.DataFrame:
        """One row per line that counts: side, line, cost_usd, basis."""
        import pandas as pd

        rows = [(side, term.name, float(term.usd), term.basis) for side, term in self.lines]
        return pd.DataFrame(rows, columns=["side", "line", "cost_usd", "basis"])

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False))

    def to_dict(self) -> dict[str, Any]:
        """For JSON: totals and lines as decimal strings."""
        row = self.modelled.row
        reduction = row.reduction_percent
        return {
            "schema_version": SCHEMA_VERSION,
            "before": self.before,
            "after": self.after,
            "perimeter": self.perimeter,
            "before_usd": f"{row.stripe_usd:f}",
            "after_usd": f"{row.own_usd:f}",
            "reduction_percent": None if reduction is None else f"{reduction:f}",
            "document_percent": None if self.document_percent is None else f"{self.document_percent:f}",
            "difference_usd": self.modelled.difference.to_dict(),
            "intervals": {name: list(pair) if pair else None for name, pair in self.modelled.intervals.items()},
            "lines": [
                {"side": side, "line": term.name, "cost_usd": f"{term.usd:f}", "basis": term.basis}
                for side, term in self.lines
            ],
            "left_out": [{"line": term.name, "cost_usd": f"{term.usd:f}"} for term in row.left_out],
            "replaced": list(self.replaced),
            "provenance": self.provenance,
        }


def compare(
    before: str,
    after: str,
    *,
    perimeter: str,
    variant: str | None = None,
    perimeters: str = "seed",
    set: Mapping[str, Any] | None = None,
    data: Path | str | None = None,
    seed: int | None = None,
    payments: Path | str | None = None,
    columns: Mapping[str, str] | None = None,
    strict: bool = False,
    engine: str = "auto",
    watch: Watch | None = None,
) -> Comparison:
    """Put both scenarios' months into a perimeter and compare what they cost.

    before: the scenario on Stripe's (or another processor's) side; after: the own one. The perimeter replaces the rail
    on both sides, their plans, and the cost lines that count. Raises UsageError for a perimeter that is not known or
    has no modelled column.
    """
    folder = Path(data) if data else None
    file, _ = read_perimeters(perimeters, folder)
    business = Business(after, set or {}, folder, seed, engine, payments, columns or {}, strict, watch, before)
    modeller = Modeller(file, business)
    known = [name if other is None else f"{name}.{other}" for name, other in modeller.variants()]
    wanted = perimeter if variant is None else f"{perimeter}.{variant}"
    if wanted not in known:
        raise UsageError(f"no modelled perimeter {wanted!r}; {nearest(wanted, known)}")
    name, _, part = wanted.partition(".")
    here = file.find(name)
    result = business.result("own", sides(file, name, part or None).own.rail)
    documented = here.stripe and result.assumptions.pipeline.processor is None  # the document knows the own system only
    return Comparison(
        before=before,
        after=after,
        perimeter=wanted,
        modelled=modeller.row(name, part or None),
        document_percent=document_row(file, name, part or None).reduction_percent if documented else None,
        replaced=tuple(_replaced(modeller, name, part or None)),
        provenance=result.provenance(),
    )


def _replaced(modeller: Modeller, perimeter: str, variant: str | None) -> list[str]:
    """What was put in place of each scenario's own rail, plans and lines."""
    said = []
    owners: tuple[Owner, Owner] = ("stripe", "own")
    for owner in owners:
        side = getattr(sides(modeller.file, perimeter, variant), owner)
        said.append(f"{owner}: every buyer pays by {side.rail}")
        said += [f"{owner}: {service} under its plan {plan}" for service, plan in side.plans.items()]
        said += [
            f"{owner}: added {modeller.file.adds[name].service}.{modeller.file.adds[name].meter}" for name in side.adds
        ]
        said.append(
            f"{owner}: counting {', '.join(side.lines)}"
            + (f" without {', '.join(side.without)}" if side.without else "")
        )
    return said
