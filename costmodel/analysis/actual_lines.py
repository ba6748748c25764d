"""One meter in one region, model against bill: the figures, and what each cause makes of the difference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from costmodel.analysis.charged import ChargeCheck
from costmodel.analysis.matching import Matched
from costmodel.analysis.price_notes import price_note
from costmodel.analysis.pricing_bills import Pricing, model_side
from costmodel.assumptions.bill_layouts import Lines
from costmodel.assumptions.decimals import in_full
from costmodel.billing.bill import EXACT
from costmodel.billing.bill_entries import Sums
from costmodel.result import Result

PERCENT = 100
AGREES, NOT_MODELLED, NOT_BILLED = "agrees", "missing in the model", "missing in the bill"
QUANTITY = "quantity"
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
    agrees_within: Decimal = Decimal(0)

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
        """The causes in words, the largest first."""
        if not self.rows:
            return NOT_BILLED
        if self.priced_usd is None:
            return NO_PRICE if self.bill_quantity else NO_QUANTITY
        words = [NOT_MODELLED] if self.is_not_modelled else []
        return ", ".join([*words, *(name for name in self.causes() if not (words and name == QUANTITY))]) or AGREES

    @property
    def is_not_modelled(self) -> bool:
        """Whether the model has nothing of what was billed."""
        return bool(self.bill_quantity) and not self.model_quantity

    def causes(self) -> dict[str, Decimal]:
        """USD of each cause that counts, the largest first; they sum to the difference but for what does not count."""
        parts = {
            QUANTITY: self.quantity_usd, "free tier": self.free_tier_usd, "date": self.date_usd,
            "price": self.price_usd,
        }  # fmt: skip
        least = self.agrees_within / PERCENT * max(abs(self.bill_usd), abs(self.model_usd))
        moved = {name: usd for name, usd in parts.items() if usd is not None and abs(usd) > least}
        return dict(sorted(moved.items(), key=lambda item: -abs(item[1])))

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


def plain(value: Decimal | None) -> str | None:
    """A decimal in full, None as it is."""
    return None if value is None else in_full(value)


def actual_lines(
    matched: Matched, checked: ChargeCheck | None, result: Result, rules: Mapping[str, Lines]
) -> list[ActualLine]:
    """The lines of all meters that the bill or the model has, in the order of the services' files."""
    found = [*_lines(matched, result), *_charge_lines(checked, matched.covered, result)]
    lines = [replace(line, agrees_within=_tolerance(line, result, rules)) for line in found]
    return _in_file_order([*lines, *_unbilled(lines, result)], result)


def _tolerance(line: ActualLine, result: Result, rules: Mapping[str, Lines]) -> Decimal:
    """The percent by which lines of this provider may differ and still agree."""
    provider = rules.get(result.assumptions.services[line.service].provider)
    return provider.agrees_within.value if provider and provider.agrees_within else Decimal(0)


def _lines(matched: Matched, result: Result) -> Iterator[ActualLine]:
    services, priced = result.assumptions.services, Pricing(matched, result)
    for meter, by_month in matched.meters.items():
        total = Sums()
        for sums in by_month.values():
            total.add(sums)
        service, name, place = meter
        months = _months(services[service].provider, matched.covered)
        quantity, usd = model_side(result, service, name, place)
        told = total.quantity or not total.cost
        costs = [_over(part.get(meter), months) if told else None for part in priced.parts()]
        yield ActualLine(
            service, name, place, services[service].meter[name].unit, quantity,
            total.quantity / months, usd, total.cost / months, costs[0], costs[1], costs[2], total.rows,
            price_note(result, service, name, place, matched.prices.get(meter, set())),
        )  # fmt: skip


def _months(provider: str, covered: Mapping[str, set[str]]) -> int:
    """How many months the rows of a provider are of, at least one."""
    return max(1, len(covered.get(provider, ())))


def _over(usd: Decimal | None, months: int) -> Decimal | None:
    return None if usd is None else usd / months


def _charge_lines(checked: ChargeCheck | None, covered: Mapping[str, set[str]], result: Result) -> Iterator[ActualLine]:
    """A line per rail of charges: fees charged beside fees at the model's price on the same payments."""
    home = result.assumptions.pipeline.region
    for group in checked.groups if checked else ():
        sides = [model_side(result, group.service, meter, home) for meter in (group.meter, *group.surcharges)]
        months = _months(result.assumptions.services[group.service].provider, covered)
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
