"""Hold a provider's price list against ours: what agrees, what would change, and what is no meter, or more than one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Literal

from costmodel.assumptions.catalog import load_services, load_table
from costmodel.assumptions.checking import check, dotted, nearest, place_of
from costmodel.assumptions.decimals import in_full
from costmodel.assumptions.offers import OfferMap, Product
from costmodel.assumptions.service import Price, Service
from costmodel.billing.offers import OfferPrice, letters
from costmodel.errors import InputError, Problem

LIST = "list"
Status = Literal["same", "new", "older", "contradicts"]
Tiers = tuple[tuple[Decimal, Decimal], ...]


@dataclass(frozen=True)
class Found:
    """A price of the list that is one meter of ours, in some regions.

    tiers: (above, USD of a unit) beyond the free units; free: the list's own free units, None where it has none.
    status: same as ours; new, to be added; older than an entry of ours; contradicts our entry of the same date.
    held: our price of that day, None where we have none. offer: the list's price, the first of those that `skus` names.
    """

    meter: str
    regions: tuple[str, ...]
    from_: dt.date
    tiers: Tiers
    free: Decimal | None
    status: Status
    held: Price | None
    offer: OfferPrice
    skus: tuple[str, ...]


@dataclass(frozen=True)
class Unplaced:
    """A price of the list that is not taken: no meter, or several prices or meters where there must be one."""

    offer: OfferPrice
    region: str
    why: str


@dataclass(frozen=True)
class Comparison:
    """A price list against ours. elsewhere: how many of its prices are of regions the map does not know."""

    found: tuple[Found, ...]
    unplaced: tuple[Unplaced, ...]
    elsewhere: int = 0
    services: Mapping[str, Service] = field(default_factory=dict)

    @property
    def new(self) -> tuple[Found, ...]:
        """What would be added."""
        return tuple(each for each in self.found if each.status == "new")


def load_offer_map(name: str = "aws", data: Path | None = None) -> OfferMap:
    """The map of that name. Raises InputError for one that is not there or not valid, or that names other meters."""
    table = load_table("offers", name, data)[0]
    where = check(OfferMap, table)
    meters = {f"{service}.{meter}" for service, found in load_services(data).items() for meter in found.meter}
    problems = [
        Problem(*place_of(table, loc), dotted(loc), f"no such meter: `{product.meter}`", nearest(product.meter, meters))
        for loc, product in ((("product", number, "meter"), product) for number, product in enumerate(where.product))
        if product.meter not in meters
    ]
    if problems:
        raise InputError(problems)
    return where


def compare_offers(offers: Iterable[OfferPrice], services: Mapping[str, Service], where: OfferMap) -> Comparison:
    """Each price of the list placed, and held against ours of its date."""
    placed: dict[tuple[str, str], list[OfferPrice]] = {}
    unplaced: list[Unplaced] = []
    elsewhere = 0
    for offer in offers:
        region = _region(offer, where)
        if region not in where.prefixes:
            elsewhere += 1
            continue
        meters = [product.meter for product in where.product if _agrees(product, offer, region, where)]
        if not offer.tiers:
            unplaced.append(Unplaced(offer, region, "has no price in USD from 0 on"))
        elif len(meters) == 1:
            placed.setdefault((meters[0], region), []).append(offer)
        else:
            unplaced.append(Unplaced(offer, region, f"may be {', '.join(meters)}" if meters else "matches no meter"))
    found: list[Found] = []
    for (meter, region), several in placed.items():
        if len(several) == 1:
            found.append(_held_against(several[0], meter, region, services))
        else:
            unplaced += [Unplaced(offer, region, f"{len(several)} prices would be {meter}") for offer in several]
    return Comparison(tuple(_joined(found)), tuple(unplaced), elsewhere, services)


def _region(offer: OfferPrice, where: OfferMap) -> str:
    names = offer.attributes
    code = names.get("regioncode") or names.get("fromregioncode")
    place = names.get("location") or names.get("fromlocation") or ""
    return code or where.locations.get(place, "")


def _agrees(product: Product, offer: OfferPrice, region: str, where: OfferMap) -> bool:
    usages = [f"{prefix}{product.usage_type}" for prefix in where.prefixes[region]]
    return (
        offer.service_code == product.service_code
        and (product.usage_type is None or offer.usage_type in usages)
        and (product.family is None or offer.family == product.family)
        and all(offer.attributes.get(letters(name)) == value for name, value in product.attributes.items())
    )


def _held_against(offer: OfferPrice, meter: str, region: str, services: Mapping[str, Service]) -> Found:
    tiers, free = _without_free(offer.tiers)
    service, _, name = meter.partition(".")
    ours = [
        price for price in services[service].meter[name].price
        if price.plan == LIST and (not price.regions or region in price.regions)
    ]  # fmt: skip
    held = max((price for price in ours if price.from_ <= offer.effective), key=_start, default=None)
    latest = max(ours, key=_start, default=None)
    status: Status = "new"
    if held is not None and _is_same(held, tiers, free):
        status = "same"
    elif latest is not None and latest.from_ > offer.effective:
        status = "older"
    elif held is not None and held.from_ == offer.effective:
        status = "contradicts"
    return Found(meter, (region,), offer.effective, tiers, free, status, held, offer, (offer.sku,))


def _start(price: Price) -> dt.date:
    return price.from_


def _without_free(tiers: Tiers) -> tuple[Tiers, Decimal | None]:
    """A first part at 0 with a price after it is free units, which our tiers do not count."""
    if len(tiers) < 2 or tiers[0][1] != 0:
        return tiers, None
    free = tiers[1][0]
    return tuple((above - free, usd) for above, usd in tiers[1:]), free


def _is_same(price: Price, tiers: Tiers, free: Decimal | None) -> bool:
    """Whether tiers agree, and free units where the list has them: some it keeps in a list of their own."""
    ours = tuple((tier.above, tier.usd / price.per) for tier in price.tiers)
    return ours == tiers and (free is None or free == price.free_per_month)


def _joined(found: Iterable[Found]) -> Iterator[Found]:
    """The same price from the same day in several regions, as one."""
    groups: dict[tuple[object, ...], list[Found]] = {}
    for each in found:
        held = None if each.held is None else (each.held.from_, each.held.tiers, each.held.free_per_month)
        key = (each.meter, each.from_, each.tiers, each.free, each.status, held)
        groups.setdefault(key, []).append(each)
    for several in groups.values():
        several.sort(key=lambda each: each.regions)
        regions = tuple(region for each in several for region in each.regions)
        yield replace(several[0], regions=regions, skus=tuple(sku for each in several for sku in each.skus))


# --- entries for the service files ------------------------------------------------------------------------------------


def new_entry(found: Found) -> dict[str, object]:
    """The dated entry that a found price would be in its service's file: beside the others, which stay.

    Units per price and free units that the list does not have are those of the price it follows.
    """
    held = found.held
    per = held.per if held is not None else 1
    entry: dict[str, object] = {"from": found.from_, "regions": list(found.regions)}
    entry |= {"per": per} if per != 1 else {}
    entry |= {"tiering": "graduated"} if len(found.tiers) > 1 else {}
    entry["tiers"] = [{"above": in_full(above), "usd": in_full(usd * per)} for above, usd in found.tiers]
    free = found.free if found.free is not None else (held.free_per_month if held is not None else Decimal(0))
    entry |= {"free_per_month": in_full(free)} if free else {}
    entry |= {"free_pool": held.free_pool} if held is not None and held.free_pool and free else {}
    offer = found.offer
    version = f", version {offer.version}" if offer.version else ""
    skus = ", ".join(found.skus)
    entry["source"] = f"AWS Price List, {offer.service_code}{version}, published {offer.published}, SKU {skus}"
    entry |= {"read": offer.published, "basis": "published"}
    return entry
