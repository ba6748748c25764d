"""The main job: simulate, bill, compare, and judge every claim of a document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from costmodel.analysis.claims import judge_document, read_claims
from costmodel.analysis.judging import Judged, judged
from costmodel.analysis.meanwhile import meanwhile
from costmodel.analysis.modeller import ModelledRow, Modeller
from costmodel.analysis.options import OptionRow, SavingPart, claimed_saving, option_rows, saving_parts
from costmodel.analysis.perimeter_files import read_perimeters
from costmodel.analysis.perimeters import PerimeterRow, document_rows
from costmodel.analysis.sides import Business
from costmodel.analysis.warmth import WarmPath, warm_path
from costmodel.assumptions.document import Claims, Finding
from costmodel.assumptions.perimeter import Perimeters
from costmodel.result import SCHEMA_VERSION, Result
from costmodel.run import Watch, run

if TYPE_CHECKING:
    import pandas

OWN_SCENARIO = "seed_aws"
BUSY_SCENARIO = "hourly_10k_day"
STRIPE_SCENARIO = "seed_stripe"
PINS_DIFFER = 4
CHANGED = "--set"


@dataclass(frozen=True)
class ModelledOption:
    """One option for the simulated month, USD: fees alone, and loaded at low, mid and high."""

    id: str
    title: str
    fees_usd: Decimal
    loaded_usd: tuple[Decimal, Decimal, Decimal]


@dataclass(frozen=True)
class CheckResult:
    """Everything `check` found out. rows: perimeter (or perimeter.variant) -> its figures in that column."""

    claims: tuple[Judged, ...]
    title: str
    finding: Finding | None
    overridden: tuple[str, ...]
    document: dict[str, PerimeterRow]
    modelled: dict[str, ModelledRow]
    options: tuple[OptionRow, ...]
    modelled_options: tuple[ModelledOption, ...]
    saving: SavingPart | None
    saving_parts: tuple[SavingPart, ...]
    own: Result
    stripe: Result
    busy: Result | None
    warm: WarmPath
    binding: bool

    @property
    def moved(self) -> tuple[Judged, ...]:
        """Claims with a verdict that is not the pinned one."""
        return tuple(claim for claim in self.claims if not claim.is_as_pinned)

    @property
    def exit_code(self) -> int:
        """0, or 4 if a pinned verdict moved in the scenario it is pinned for."""
        return PINS_DIFFER if self.binding and self.moved else 0

    def claim(self, identifier: str) -> Judged:
        """The claim of that id. KeyError if there is none."""
        return {judged.claim.id: judged for judged in self.claims}[identifier]

    def to_dict(self) -> dict[str, Any]:
        """The contract's JSON document."""
        return {
            "schema_version": SCHEMA_VERSION,
            "document": self.title,
            "claims": [claim.to_dict() for claim in self.claims],
            "perimeters": [self._perimeter(name) for name in dict.fromkeys([*self.document, *self.modelled])],
            "options": [_option(option, self.modelled_options) for option in self.options],
            "saving": [{"id": part.id, "title": part.title, "usd": f"{part.usd:f}"} for part in self.saving_parts],
            "operating_points": {result.scenario: result.to_dict() for result in (self.own, self.busy) if result},
            "warm_path": self.warm.to_dict(),
            "moved": [claim.claim.id for claim in self.moved],
            "provenance": self.own.provenance() | {"overridden": list(self.overridden)},
        }

    def _perimeter(self, name: str) -> dict[str, Any]:
        modelled = self.modelled.get(name)
        return {
            "id": name,
            "title": (self.document.get(name) or self.modelled[name].row).title,
            "document": _row(self.document.get(name)),
            "modelled": _row(modelled.row if modelled else None),
            "intervals": {k: list(v) if v else None for k, v in modelled.intervals.items()} if modelled else {},
        }

    def to_frame(self) -> pandas.DataFrame:
        """One row per claim: its words, what it states, what is recomputed, the verdict, and when it would hold."""
        import pandas as pd

        columns = ["id", "quote", "stated", "recomputed", "verdict", "holds_when"]
        frame = pd.DataFrame([claim.to_dict() for claim in self.claims], columns=columns)
        return frame.astype({"stated": float, "recomputed": float})

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, na_rep="–"))


def check(
    claims: str = "seed",
    *,
    scenario: str = OWN_SCENARIO,
    perimeters: str = "seed",
    set: Mapping[str, Any] | None = None,
    data: Path | str | None = None,
    seed: int | None = None,
    payments: Path | str | None = None,
    columns: Mapping[str, str] | None = None,
    strict: bool = False,
    engine: str = "auto",
    pinned: bool = False,
    watch: Watch | None = None,
) -> CheckResult:
    """Judge every claim of a document, on its own figures and by simulation, perimeter by perimeter.

    claims, perimeters: names in data/ or paths. scenario: the own pipeline's month. payments: a file that replaces its
    workload (then, and with `set` or another scenario, pins do not bind unless `pinned`). The rest as in `run`.
    """
    folder = Path(data) if data else None
    document, _ = read_claims(claims, folder)
    file, _ = read_perimeters(perimeters, folder)
    business = Business(scenario, set or {}, folder, seed, engine, payments, columns or {}, strict, watch)
    return _checked(document, file, business, pinned)


def _checked(document: Claims, file: Perimeters, business: Business, pinned: bool) -> CheckResult:
    modeller = Modeller(file, business)
    with meanwhile(partial(_busy, business)) as other_point:
        rows = {_name(p, v): modeller.row(p, v) for p, v in modeller.variants()}
        own, stripe = business.result("own", "ach"), business.result("stripe", "card")
        busy = other_point.result()
    warm, options = warm_path(business), option_rows(file)
    return CheckResult(
        claims=_judge_all(document, own, stripe, busy, rows, warm),
        title=document.title,
        finding=document.finding,
        overridden=_overridden(own, business.set),
        document={_name(row.id, row.variant): row for row in document_rows(file)},
        modelled=rows,
        options=options,
        modelled_options=tuple(_modelled_option(option.id, option.title, file, modeller) for option in options),
        saving=claimed_saving(file),
        saving_parts=saving_parts(file),
        own=own,
        stripe=stripe,
        busy=busy,
        warm=warm,
        binding=pinned or (business.is_untouched and own.assumptions.scenario.pinned),
    )


def _busy(business: Business, watch: Watch) -> Result | None:
    """The other operating point, with the reader's changes but those of the workload; none for a file of payments."""
    if business.payments:
        return None
    changes = {path: value for path, value in business.set.items() if not path.startswith("workload")}
    more: dict[str, Any] = {"data": business.data, "seed": business.seed, "engine": business.engine}
    return run(BUSY_SCENARIO, set=changes, watch=watch, **more)


def _overridden(own: Result, changes: Mapping[str, Any]) -> tuple[str, ...]:
    """What the reader overrode: keys of the data folder, and the changes asked for (not those that make the sides)."""
    keys = [key for key in own.assumptions.overridden if not key.startswith(CHANGED)]
    return (*keys, *(f"{CHANGED} {path}={value}" for path, value in changes.items()))


def _name(perimeter: str, variant: str | None) -> str:
    return perimeter if variant is None else f"{perimeter}.{variant}"


def _judge_all(
    document: Claims, own: Result, stripe: Result, busy: Result | None, rows: dict[str, ModelledRow], warm: WarmPath
) -> tuple[Judged, ...]:
    """Every claim; those on latency say what the warm path would take."""
    results = {OWN_SCENARIO: own, STRIPE_SCENARIO: stripe} | ({"hourly_10k": busy} if busy else {})
    plain = {name: row for name, row in rows.items() if "." not in name}
    found = []
    for result in judge_document(document):
        latency = (result.claim.model or "").startswith("latency_ms")
        condition = warm.condition(result.claim) if latency else None
        found.append(judged(result, results, plain, condition))
    return tuple(found)


def _modelled_option(identifier: str, title: str, file: Any, modeller: Modeller) -> ModelledOption:
    option = next(known for known in file.option if known.id == identifier)
    loaded = [_side_usd(modeller, option.loaded, end) for end in ("low", "value", "high")]
    return ModelledOption(identifier, title, _side_usd(modeller, option.fees), (loaded[0], loaded[1], loaded[2]))


def _side_usd(modeller: Modeller, side: str, at: Any = None) -> Decimal:
    perimeter, *variant, owner = side.split(".")
    row = modeller.row(perimeter, variant[0] if variant else None, at=at).row
    return row.stripe_usd if owner == "stripe" else row.own_usd


def _row(row: PerimeterRow | None) -> dict[str, Any] | None:
    if row is None:
        return None
    reduction = row.reduction_percent
    return {
        "stripe_usd": f"{row.stripe_usd:f}",
        "own_usd": f"{row.own_usd:f}",
        "reduction_percent": None if reduction is None else f"{reduction:f}",
        "not_published_or_measured": f"{row.share_not_published_or_measured:f}",
        "shares_by_basis": {basis: f"{share:f}" for basis, share in row.shares_by_basis().items()},
        "terms": {
            side: [{"label": t.label, "usd": f"{t.usd:f}", "basis": t.basis} for t in getattr(row, side)]
            for side in ("stripe", "own")
        },
    }


def _option(option: OptionRow, modelled: tuple[ModelledOption, ...]) -> dict[str, Any]:
    simulated = next(known for known in modelled if known.id == option.id)
    return {
        "id": option.id,
        "title": option.title,
        "document": {
            "fees_usd": f"{option.fees_usd:f}",
            "loaded_usd": [
                f"{usd:f}" for usd in (option.loaded_low_usd, option.loaded_mid_usd, option.loaded_high_usd)
            ],
            "pays": {payoff.against: _threshold(payoff.against_fees) for payoff in option.pays},
        },
        "modelled": {
            "fees_usd": f"{simulated.fees_usd:f}",
            "loaded_usd": [f"{usd:f}" for usd in simulated.loaded_usd],
        },
    }


def _threshold(found: Any) -> dict[str, str | None]:
    return {
        "kind": found.kind,
        "volume_usd": None if found.volume_usd is None else f"{found.volume_usd:f}",
        "limit_percent": None if found.limit_percent is None else f"{found.limit_percent:f}",
    }
