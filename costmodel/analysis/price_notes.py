"""Where in the price book a unit price of a bill stands: in force, in a higher tier, of another date, nowhere."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from decimal import Decimal

from costmodel.assumptions.service import Price
from costmodel.billing.prices import PriceBook
from costmodel.billing.quantities import RowError
from costmodel.result import Result

NAMED = 3


def price_note(result: Result, service: str, meter: str, region: str, prices: Collection[Decimal]) -> str:
    """What is to be said of the unit prices on a bill; nothing where each is the first tier's price in force."""
    assumptions = result.assumptions
    book = PriceBook(assumptions.services, assumptions.scenario.on, dict(assumptions.pipeline.plans))
    try:
        now = book.price(service, meter, region)
    except RowError:
        return ""
    if now.is_fee:
        return ""
    entries = [entry for entry in assumptions.services[service].meter[meter].price if entry.tiers]
    notes = [note for usd in sorted(prices) for note in _note(usd, now, entries)]
    return "; ".join(notes[:NAMED]) + (" …" if len(notes) > NAMED else "")


def _note(usd: Decimal, now: Price, entries: list[Price]) -> Iterator[str]:
    for tier in now.tiers:
        if tier.usd / now.per == usd:
            if tier.above:
                yield f"billed at ${usd:f}, the price above {tier.above:,f}"
            return
    for entry in entries:
        if any(tier.usd / entry.per == usd for tier in entry.tiers):
            plan = "" if entry.plan == now.plan else f" of the plan {entry.plan}"
            yield f"billed at ${usd:f}, the book's price{plan} from {entry.from_}; now ${now.tiers[0].usd / now.per:f}"
            return
    yield f"billed at ${usd:f}, which the book does not have"
