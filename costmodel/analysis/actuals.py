"""The model beside real money: per meter how a bill differs from a simulated month, in quantity and in price."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from costmodel.analysis.actual_lines import COLUMNS, FIGURES, ActualLine, actual_lines, plain
from costmodel.analysis.calibrating import Calibration, calibrate
from costmodel.analysis.charged import ChargeCheck, check_charges
from costmodel.analysis.matching import match
from costmodel.analysis.measured_usage import MeasuredUsage, measured_usage
from costmodel.assumptions.bill_layouts import Lines, load_line_rules
from costmodel.billing.actual_files import FileAccount, Read, read_files
from costmodel.billing.bill import EXACT
from costmodel.billing.bill_entries import Key, Sums
from costmodel.result import SCHEMA_VERSION, Result
from costmodel.run import Watch, assume, run

if TYPE_CHECKING:
    import pandas

CURRENCY = "USD"


@dataclass(frozen=True)
class Actuals:
    """Real money beside a scenario's month.

    months: those the charges are of; all figures of lines are a month's. others: reason -> what no meter of ours
    stands for. currencies: of other currencies, never added to the rest. unreal: rows billed but effectively free.
    """

    scenario: str
    result: Result
    files: tuple[FileAccount, ...]
    months: tuple[str, ...]
    lines: tuple[ActualLine, ...]
    others: dict[str, dict[tuple[str, str], Sums]]
    currencies: dict[str, Sums]
    unreal: dict[tuple[str, str], Sums]
    moved: dict[tuple[str, str], Sums]
    charges: ChargeCheck | None
    calibration: Calibration | None
    payments_per_month: Decimal | None

    def by_service(self) -> dict[str, tuple[Decimal, Decimal]]:
        """USD a month per service: model, bill."""
        found: dict[str, tuple[Decimal, Decimal]] = {}
        for line in self.lines:
            model, bill = found.get(line.service, (Decimal(0), Decimal(0)))
            found[line.service] = EXACT.add(model, line.model_usd), EXACT.add(bill, line.bill_usd)
        return found

    def to_dict(self) -> dict[str, Any]:
        """The JSON document."""
        return {
            "schema_version": SCHEMA_VERSION,
            "scenario": self.scenario,
            "currency": CURRENCY,
            "months": list(self.months),
            "files": [file.to_dict() for file in self.files],
            "services": [
                {"service": name, "model_usd": plain(model), "bill_usd": plain(bill),
                 "difference_usd": plain(EXACT.subtract(bill, model))}
                for name, (model, bill) in self.by_service().items()
            ],
            "lines": [line.to_dict() for line in self.lines],
            "not_compared": [
                {"reason": reason, "provider": who[0], "service": who[1], "rows": sums.rows, "usd": plain(sums.cost)}
                for reason, found in self.others.items() for who, sums in found.items()
            ],
            "other_currencies": [
                {"currency": name, "rows": sums.rows, "cost": plain(sums.cost)}
                for name, sums in self.currencies.items()
            ],
            "effective_cost_zero": [
                {"provider": who[0], "service": who[1], "rows": sums.unreal_rows, "billed_usd": plain(sums.unreal_cost)}
                for who, sums in self.unreal.items()
            ],
            "moved": [
                {"currency": who[0], "kind": who[1], "rows": sums.rows, "gross": plain(sums.cost)}
                for who, sums in self.moved.items()
            ],
            "charges": self.charges.to_dict() if self.charges else None,
            "usage_per_payment": self.usage_per_payment(),
            "calibration": self.calibration.to_dict() if self.calibration else None,
            "provenance": self.result.provenance(),
        }  # fmt: skip

    def to_frame(self) -> pandas.DataFrame:
        """The lines as one table; quantities and money as floats."""
        import pandas as pd

        rows = [line.to_dict() for line in self.lines]
        return pd.DataFrame(rows, columns=list(COLUMNS)).astype(dict.fromkeys(FIGURES, float))

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, na_rep="–"))

    def usage_per_payment(self) -> list[dict[str, str | None]]:
        """Quantity of each meter per payment: the model's over its payments, the bill's over those in the files."""
        offered = Decimal(str(self.result.figures["offered_per_month"]))
        return [
            {"service": line.service, "meter": line.meter, "region": line.region, "unit": line.unit,
             "model": _per(line.model_quantity, offered), "bill": _per(line.bill_quantity, self.payments_per_month)}
            for line in self.lines
        ]  # fmt: skip

    def measured_usage(self) -> tuple[MeasuredUsage, ...]:
        """What the bill says of the pipeline's own figures of usage, and which meters have none."""
        return measured_usage(self.lines, self.result, self.payments_per_month)


def actuals(
    files: Sequence[Path | str],
    *,
    scenario: str | None = None,
    set: Mapping[str, Any] | None = None,
    data: Path | str | None = None,
    seed: int | None = None,
    engine: str = "auto",
    columns: Mapping[str, str] | None = None,
    strict: bool = False,
    watch: Watch | None = None,
) -> Actuals:
    """Files of real money (FOCUS or AWS bills, Stripe reports, payments) beside a scenario's month.

    scenario: the model's side; by default `seed_stripe` for Stripe's reports and payments alone, else `seed_aws`.
    columns: field -> column of a file of plain payments. Raises InputError for files or rows that cannot be used.
    """
    folder = Path(data) if data else None
    paths = [Path(file) for file in files]
    zone = assume(scenario or "seed_aws", set, folder).scenario.workload.time_zone
    read = read_files(paths, zone=zone, columns=columns or {}, strict=strict, data=folder)
    name = scenario or ("seed_aws" if read.bills else "seed_stripe")
    result = run(name, set=set, data=folder, seed=seed, engine=engine, watch=watch)
    return compare_with(read, result, load_line_rules(folder), files=[path.name for path in paths])


def compare_with(read: Read, result: Result, rules: Mapping[str, Lines], *, files: Sequence[str]) -> Actuals:
    """What was read beside a scenario's month."""
    services = result.assumptions.services
    matched = match(read.entries, rules, services, CURRENCY, result.assumptions.pipeline.region)
    checked = check_charges(read.balance, result.assumptions, rules)
    calibration = calibrate(read, result.assumptions, files)
    return Actuals(
        scenario=result.scenario,
        result=result,
        files=tuple(read.files),
        months=tuple(matched.months()),
        lines=tuple(actual_lines(matched, checked, result, rules)),
        others={reason: _by_service(found) for reason, found in sorted(matched.others.items())},
        currencies=_currencies(read.entries),
        unreal={who: sums for who, sums in _by_service(read.entries).items() if sums.unreal_rows},
        moved=dict(sorted(read.balance.moved.items())),
        charges=checked,
        calibration=calibration,
        payments_per_month=calibration.payments_per_month if calibration else None,
    )


def _by_service(entries: Mapping[Key, Sums]) -> dict[tuple[str, str], Sums]:
    found: dict[tuple[str, str], Sums] = {}
    for key, sums in entries.items():
        if key.currency == CURRENCY:
            found.setdefault((key.provider, key.service), Sums()).add(sums)
    return dict(sorted(found.items(), key=lambda item: (-abs(item[1].cost), item[0])))


def _currencies(entries: Mapping[Key, Sums]) -> dict[str, Sums]:
    found: dict[str, Sums] = {}
    for key, sums in entries.items():
        if key.currency != CURRENCY:
            found.setdefault(key.currency, Sums()).add(sums)
    return dict(sorted(found.items()))


def _per(quantity: Decimal, payments: Decimal | None) -> str | None:
    return plain(quantity / payments) if payments else None
