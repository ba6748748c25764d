"""The model beside real money: per meter how a bill differs from a simulated month, in quantity and in price."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from costmodel.analysis.calibrating import Calibration, calibrate
from costmodel.analysis.charged import ChargeCheck, check_charges
from costmodel.analysis.matching import Matched, match
from costmodel.analysis.price_notes import price_note
from costmodel.analysis.pricing_bills import Pricing, model_side
from costmodel.assumptions.bill_layouts import Lines, load_line_rules
from costmodel.billing.actual_files import FileAccount, Read, read_files
from costmodel.billing.balance_reports import CHARGE
from costmodel.billing.bill import EXACT
from costmodel.billing.bill_entries import Key, Sums
from costmodel.result import SCHEMA_VERSION, Result
from costmodel.run import Watch, run

if TYPE_CHECKING:
    import pandas

CURRENCY = "USD"
AGREES_WITHIN = Decimal("0.001")  # of the larger side
AGREES, NOT_MODELLED, NOT_BILLED = "agrees", "missing in the model", "missing in the bill"
NO_PRICE, NO_QUANTITY = "no price for it in the book", "no quantity in the file"


@dataclass(frozen=True)
class ActualLine:
    """A meter in a region, model against bill, a month. Money in USD, quantities in the meter's unit.

    priced_usd: the billed quantity at the model's prices, free units included; paid_usd: what the bill charged for, at
    those prices and with no unit free; then_usd: the same at the book's prices of the bill's own months. None where the
    book has no price. Bill less model is the sum of quantity_usd, free_tier_usd, date_usd and price_usd.
    """

    service: str
    meter: str
    region: str
    unit: str
    model_quantity: Decimal
    bill_quantity: Decimal
    model_usd: Decimal
    bill_usd: Decimal
    priced_usd: Decimal | None
    paid_usd: Decimal | None
    then_usd: Decimal | None
    rows: int
    note: str = ""

    @property
    def difference_usd(self) -> Decimal:
        """Bill less model."""
        return EXACT.subtract(self.bill_usd, self.model_usd)

    @property
    def quantity_usd(self) -> Decimal | None:
        """What other quantities make of it, at the model's prices."""
        return None if self.priced_usd is None else EXACT.subtract(self.priced_usd, self.model_usd)

    @property
    def free_tier_usd(self) -> Decimal | None:
        """What it makes that other units were free than the model expects: the account used them up elsewhere."""
        if self.priced_usd is None or self.paid_usd is None:
            return None
        return EXACT.subtract(self.paid_usd, self.priced_usd)

    @property
    def date_usd(self) -> Decimal | None:
        """What it makes that the bill is of another date than the model's prices; 0 where the book has none of then."""
        if self.paid_usd is None or self.then_usd is None:
            return None if self.paid_usd is None else Decimal(0)
        return EXACT.subtract(self.then_usd, self.paid_usd)

    @property
    def price_usd(self) -> Decimal | None:
        """What other prices than the book's make of it, for what was charged."""
        known = self.paid_usd if self.then_usd is None else self.then_usd
        return None if self.paid_usd is None or known is None else EXACT.subtract(self.bill_usd, known)

    @property
    def why(self) -> str:
        """The causes in words, the largest first; what is less than a thousandth of the larger side is none."""
        if not self.rows:
            return NOT_BILLED
        if self.priced_usd is None:
            return NO_PRICE if self.bill_quantity else NO_QUANTITY
        causes = {
            "quantity": self.quantity_usd, "free tier": self.free_tier_usd, "date": self.date_usd,
            "price": self.price_usd,
        }  # fmt: skip
        least = AGREES_WITHIN * max(abs(self.bill_usd), abs(self.model_usd))
        moved = {name: abs(usd) for name, usd in causes.items() if usd is not None and abs(usd) > least}
        words = [NOT_MODELLED] if not self.model_quantity and self.bill_quantity else []
        words += [name for name in sorted(moved, key=lambda name: -moved[name]) if not (words and name == "quantity")]
        return ", ".join(words) or AGREES

    def to_dict(self) -> dict[str, Any]:
        """For JSON and CSV; decimals in plain notation."""
        return {
            "service": self.service, "meter": self.meter, "region": self.region, "unit": self.unit,
            **{name: plain(getattr(self, name)) for name in FIGURES},
            "why": self.why, "rows": self.rows, "note": self.note,
        }  # fmt: skip


FIGURES = (
    "model_quantity", "bill_quantity", "model_usd", "bill_usd", "difference_usd", "quantity_usd", "free_tier_usd",
    "date_usd", "price_usd",
)  # fmt: skip
COLUMNS = ("service", "meter", "region", "unit", *FIGURES, "why", "rows", "note")


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
    from costmodel.run import assumed

    folder = Path(data) if data else None
    paths = [Path(file) for file in files]
    zone = assumed(scenario or "seed_aws", set, folder, seed).scenario.workload.time_zone
    read = read_files(paths, zone=zone, columns=columns or {}, strict=strict, data=folder)
    name = scenario or ("seed_aws" if read.bills else "seed_stripe")
    result = run(name, set=set, data=folder, seed=seed, engine=engine, watch=watch)
    return compare_with(read, result, load_line_rules(folder), files=[path.name for path in paths])


def compare_with(read: Read, result: Result, rules: Mapping[str, Lines], *, files: Sequence[str]) -> Actuals:
    """What was read beside a scenario's month."""
    services = result.assumptions.services
    entries = {key: sums for key, sums in read.entries.items() if not _is_charge(key, read)}
    matched = match(entries, rules, services, CURRENCY)
    checked = check_charges(read.balance, result.assumptions, rules)
    months = tuple(sorted({*matched.months(), *(key.month for key in read.balance.entries if key.month)}))
    calibration = calibrate(read, result.assumptions, files)
    lines = [*_lines(matched, result, len(months) or 1), *_charge_lines(checked, result, len(months) or 1)]
    return Actuals(
        scenario=result.scenario,
        result=result,
        files=tuple(read.files),
        months=months,
        lines=tuple(_in_file_order([*lines, *_unbilled(lines, result)], result)),
        others={reason: _by_service(found) for reason, found in sorted(matched.others.items())},
        currencies=_currencies(read.entries),
        unreal={who: sums for who, sums in _by_service(read.entries).items() if sums.unreal_rows},
        moved=dict(sorted(read.balance.moved.items())),
        charges=checked,
        calibration=calibration,
        payments_per_month=calibration.payments_per_month if calibration else None,
    )


def _is_charge(key: Key, read: Read) -> bool:
    """Whether the row is a charge of a balance report, whose fee is compared payment by payment."""
    return key.category == CHARGE and key in read.balance.entries


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


# --- lines ----------------------------------------------------------------------------------------------


def _lines(matched: Matched, result: Result, months: int) -> Iterator[ActualLine]:
    home, priced = result.assumptions.pipeline.region, Pricing(matched, result)
    for meter, by_month in matched.meters.items():
        total = Sums()
        for sums in by_month.values():
            total.add(sums)
        service, name, place = meter[0], meter[1], meter[2] or home
        quantity, usd = model_side(result, service, name, place)
        told = total.quantity or not total.cost
        costs = [_over(part.get((service, name, place)), months) if told else None for part in priced.parts()]
        yield ActualLine(
            service, name, place, result.assumptions.services[service].meter[name].unit, quantity,
            total.quantity / months, usd, total.cost / months, costs[0], costs[1], costs[2], total.rows,
            price_note(result, service, name, place, matched.prices.get(meter, set())),
        )  # fmt: skip


def _over(usd: Decimal | None, months: int) -> Decimal | None:
    return None if usd is None else usd / months


def _charge_lines(checked: ChargeCheck | None, result: Result, months: int) -> Iterator[ActualLine]:
    """A line per rail of charges: fees charged beside fees at the model's price on the same payments."""
    home = result.assumptions.pipeline.region
    for group in checked.groups if checked else ():
        sides = [model_side(result, group.service, meter, home) for meter in (group.meter, *group.surcharges)]
        now, then = _over(group.now_usd, months), _over(group.list_usd, months)
        yield ActualLine(
            group.service, group.meter, home, result.assumptions.services[group.service].meter[group.meter].unit,
            sides[0][0], Decimal(group.number) / months, sum((usd for _, usd in sides), Decimal(0)),
            group.charged_usd / months, now, now, then, group.number,
            f"with {', '.join(group.surcharges)}" if group.surcharges else "",
        )  # fmt: skip


def _unbilled(lines: Iterable[ActualLine], result: Result) -> Iterator[ActualLine]:
    """The model's meters of the providers that the files are from and that no row of them stands for."""
    services, known = result.assumptions.services, list(lines)
    providers = {services[line.service].provider for line in known}
    billed = {(line.service, line.meter, line.region) for line in known}
    absent = {(line.service, line.meter, line.region): line for line in result.bill.lines}
    for key, line in absent.items():
        if key not in billed and services[line.service].provider in providers:
            quantity, usd = model_side(result, *key)
            if quantity or usd:
                service, meter, region = key
                yield ActualLine(
                    service, meter, region, line.unit, quantity, Decimal(0), usd, Decimal(0), None, None, None, 0
                )


def _in_file_order(lines: list[ActualLine], result: Result) -> list[ActualLine]:
    services, home = result.assumptions.services, result.assumptions.pipeline.region
    order = {(name, meter): at for at, (name, meter) in enumerate((n, m) for n, s in services.items() for m in s.meter)}
    return sorted(lines, key=lambda line: (order[line.service, line.meter], line.region != home, line.region))


def plain(value: Decimal | None) -> str | None:
    """A decimal in plain notation, without trailing zeros."""
    if value is None:
        return None
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _per(quantity: Decimal, payments: Decimal | None) -> str | None:
    return plain(quantity / payments) if payments else None
