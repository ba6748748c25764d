"""Monthly minimums: what a service's lines fall short of the least that a month of it costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from costmodel.assumptions.by_month import each, is_some
from costmodel.billing.bill import BillLine, to_line_precision, weaker
from costmodel.billing.prices import PriceBook
from costmodel.billing.tiers import ALL

MINIMUM = "minimum"


def minimum_lines(lines: Sequence[BillLine], book: PriceBook, region: str) -> Iterator[BillLine]:
    """A line for each service on the bill that has a minimum and stays below it: so much of a month's minimum."""
    for service in dict.fromkeys(line.service for line in lines):
        own = [line for line in lines if line.service == service]
        for name, meter in book.services[service].meter.items():
            if meter.kind == MINIMUM:
                yield from _missing(own, book, (service, name, region))


def _missing(own: Sequence[BillLine], book: PriceBook, key: tuple[str, str, str]) -> Iterator[BillLine]:
    price, meter = book.price(*key), book.meter(*key[:2])
    least_usd = price.tiers[0].usd / price.per
    short_usd = least_usd - sum((line.cost_usd for line in own), Decimal(0))
    short_usd = each(to_line_precision, each(max, short_usd, Decimal(0)))
    basis = weaker(line.quantity_basis for line in own)
    service, name, region = key
    if is_some(short_usd):
        yield BillLine(
            service=service, meter=name, quantity=short_usd / least_usd, unit=meter.unit, unit_price_usd=least_usd,
            cost_usd=short_usd, basis=weaker((price.basis, basis)), tier=ALL, source=price.source,
            price_from=price.from_, note="what the other lines fall short of it", region=region,
            price_basis=price.basis, quantity_basis=basis,
        )  # fmt: skip
