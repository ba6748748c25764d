"""Rating: the one place where usage becomes money."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, localcontext

from costmodel.assumptions.by_month import each, is_some
from costmodel.assumptions.service import Service
from costmodel.billing.bill import EXACT, Bill, BillLine, to_line_precision, weaker
from costmodel.billing.charges import Charge, Charging
from costmodel.billing.conservation import conserved
from costmodel.billing.fees import describe_fee
from costmodel.billing.minimums import minimum_lines
from costmodel.billing.prices import PriceBook
from costmodel.billing.quantities import hours_of_month
from costmodel.billing.tiers import ALL, Part, spread
from costmodel.billing.usage import UsageRow


def rate(
    rows: Iterable[UsageRow],
    services: Mapping[str, Service],
    *,
    on: dt.date,
    region: str,
    month_hours: Decimal | int | None = None,
    free_tier: bool = True,
    plans: Mapping[str, str] | None = None,
    round_surcharges_together: bool = True,
) -> Bill:
    """The bill for a month's usage at the prices in force on a day.

    Rows of one service, meter and region are summed, then freed and tiered; free units are shared by all regions
    (the bill's own first) and by the meters of a free pool, in the order of the service's file. region: of rows
    that name none. month_hours: what the `hours` of standing rows are divided by; None means the calendar month's.
    plans: service → plan. Surcharges on a fee are rounded together with it, or by themselves. A service with a
    monthly minimum gets a line for what its others fall short of.
    Raises InputError with every row that cannot be priced: nothing is ever silently free.
    """
    with localcontext(EXACT):
        hours = hours_of_month(on) if month_hours is None else Decimal(month_hours)
        book = PriceBook(services, on, dict(plans or {}))
        rows = list(rows)
        charges = Charging(book, region, hours, round_surcharges_together).charges(rows)
        lines = list(_lines(_in_file_order(charges, services, region), free_tier))
        lines = [*lines, *minimum_lines(lines, book, region)]
    bill = Bill(tuple(lines), on, region, tuple(_warnings(charges, services, on)))
    conserved(rows, charges, bill)
    return bill


def _in_file_order(charges: list[Charge], services: Mapping[str, Service], home: str) -> list[Charge]:
    """By service, then meter as their files have them, then region, the bill's own first."""
    names = list(services)
    meters = {name: list(service.meter) for name, service in services.items()}
    return sorted(
        charges,
        key=lambda c: (names.index(c.service), meters[c.service].index(c.meter), c.region != home, c.region),
    )


def _lines(charges: list[Charge], free_tier: bool) -> Iterator[BillLine]:
    free_used: dict[tuple[str, str], Decimal] = {}
    for charge in charges:
        if charge.terms.kind == "per_payment":
            yield _fee_line(charge)
        else:
            free = _free_units(charge, free_used) if free_tier else Decimal(0)
            for part in spread(charge.quantity, charge.price, free):
                yield _metered_line(charge, part)


def _free_units(charge: Charge, used: dict[tuple[str, str], Decimal]) -> Decimal:
    """The free units this charge takes from its pool; `used` keeps what each pool has given."""
    pool = (charge.service, charge.price.free_pool or charge.meter)
    left: Decimal = each(max, charge.price.free_per_month - used.get(pool, Decimal(0)), Decimal(0))
    taken: Decimal = each(min, left, charge.quantity)
    used[pool] = used.get(pool, Decimal(0)) + taken
    return taken


def _metered_line(charge: Charge, part: Part) -> BillLine:
    unit_price_usd = part.usd / charge.price.per
    cost_usd = each(to_line_precision, part.quantity * unit_price_usd)
    return _line(charge, part.quantity, unit_price_usd, cost_usd, part.tier, _notes(charge))


def _fee_line(charge: Charge) -> BillLine:
    mean_usd = each(_mean, charge.fees_usd, charge.quantity)
    fee = describe_fee(charge.price)
    fee = f"+ {fee} on {charge.terms.adds_to}" if charge.terms.adds_to else fee
    note = "; ".join(text for text in (fee, _notes(charge)) if text)
    return _line(charge, charge.quantity, mean_usd, each(to_line_precision, charge.fees_usd), ALL, note)


def _mean(fees_usd: Decimal, payments: Decimal) -> Decimal:
    return to_line_precision(fees_usd / payments) if payments else Decimal(0)


def _line(
    charge: Charge, quantity: Decimal, unit_price_usd: Decimal, cost_usd: Decimal, tier: str, note: str
) -> BillLine:
    price = charge.price
    quantity_basis = weaker(row.basis for row in charge.rows)
    return BillLine(
        service=charge.service, meter=charge.meter, quantity=quantity, unit=charge.terms.unit,
        unit_price_usd=unit_price_usd, cost_usd=cost_usd, basis=weaker((price.basis, quantity_basis)), tier=tier,
        source=price.source, price_from=price.from_, note=note, region=charge.region, price_basis=price.basis,
        quantity_basis=quantity_basis,
    )  # fmt: skip


def _notes(charge: Charge) -> str:
    return "; ".join(dict.fromkeys(row.note for row in charge.rows if row.note))


def _warnings(charges: list[Charge], services: Mapping[str, Service], on: dt.date) -> list[str]:
    used = [services[name] for name in dict.fromkeys(charge.service for charge in charges if is_some(charge.quantity))]
    return [
        f"{service.name} is closed to new customers since {service.closed_to_new_customers}: "
        "an account that does not have it yet cannot buy it"
        for service in used
        if service.closed_to_new_customers is not None and service.closed_to_new_customers <= on
    ]
