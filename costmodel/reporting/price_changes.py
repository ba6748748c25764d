"""A price list held against ours, and old sources, as documents."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from costmodel import __version__
from costmodel.analysis.price_import import Comparison, Found, Status
from costmodel.analysis.staleness import OldSource
from costmodel.assumptions.decimals import usd_in_full
from costmodel.assumptions.service import Price
from costmodel.reporting.documents import Documents, terminal_width
from costmodel.reporting.tables import Section, Table, as_csv, as_json, as_markdown, as_text, table_of
from costmodel.result import SCHEMA_VERSION

SIGNS: dict[Status, str] = {"new": "~", "older": "<", "contradicts": "!", "same": "="}
SAID: dict[Status, str] = {
    "new": "to change",
    "same": "as ours",
    "older": "older than an entry of ours, which stays",
    "contradicts": "against our entry of the same day, which is for your hand to correct",
}
STALE_COLUMNS = ("key", "read", "age_days", "basis", "source")
CHANGE_COLUMNS = ("status", "meter", "regions", "from", "ours", "theirs", "service_code", "usage_type", "sku")


def import_documents(found: Comparison, written: Sequence[str]) -> Documents:
    """What `prices import` prints; written: the files that got the new entries."""
    rows = [_change(each) for each in found.found] + [_left(each) for each in _unplaced(found)]
    document = {
        "schema_version": SCHEMA_VERSION,
        "changes": rows,
        "elsewhere": found.elsewhere,
        "written": list(written),
        "provenance": {"package": __version__},
    }
    return {
        "table": lambda: as_text(_sections(found, written), terminal_width()),
        "json": lambda: as_json(document),
        "csv": lambda: as_csv(rows, CHANGE_COLUMNS),
        "markdown": lambda: as_markdown([["Price list"], *_sections(found, written)]),
    }


def _sections(found: Comparison, written: Sequence[str]) -> list[Section]:
    counts = Counter(each.status for each in found.found)
    first = [f"{counts[status]} {said}" for status, said in SAID.items() if counts[status]]
    first += [f"{len(found.unplaced)} left, which match no meter or more than one"] if found.unplaced else []
    first += [f"{found.elsewhere} of other regions"] if found.elsewhere else []
    changed = [each for each in found.found if each.status != "same"]
    return [
        ["Prices: " + "; ".join(first) + "." if first else "Nothing in it is of the services and regions known here."],
        [line for each in changed for line in _diff(each)],
        ["Left", _left_table(found)] if found.unplaced else [],
        [f"written: {path}" for path in written]
        or (["Nothing was written; --write DIR adds them."] if found.new else []),
    ]


def _diff(each: Found) -> Iterator[str]:
    ours = "no price" if each.held is None else _ours(each.held)
    yield (
        f"{SIGNS[each.status]} {each.meter}  {ours}  →  {_theirs(each)}  from {each.from_}, {', '.join(each.regions)}"
    )


def _ours(price: Price) -> str:
    tiers = [(tier.above, tier.usd / price.per) for tier in price.tiers]
    return _tiers(tiers, price.per, price.free_per_month) + f" since {price.from_}"


def _theirs(each: Found) -> str:
    per = each.held.per if each.held is not None else 1
    held = each.held.free_per_month if each.held is not None else Decimal(0)
    return _tiers(each.tiers, per, held if each.free is None else each.free)


def _tiers(tiers: Sequence[tuple[Decimal, Decimal]], per: int, free: Decimal) -> str:
    """`$0.09, above 10,240 $0.085 per 1,000, 100 free`."""
    parts = [(f"above {above:,f} " if above else "") + usd_in_full(usd * per) for above, usd in tiers]
    return ", ".join(parts) + (f" per {per:,}" if per != 1 else "") + (f", {free:,f} free" if free else "")


def _unplaced(found: Comparison) -> list[tuple[str, str, str, str, str, dt.date]]:
    return [
        (each.why, each.region, each.offer.service_code, each.offer.usage_type, each.offer.sku, each.offer.effective)
        for each in found.unplaced
    ]


def _left_table(found: Comparison) -> Table:
    rows = [(code, usage, region, sku, why) for why, region, code, usage, sku, _ in _unplaced(found)]
    return Table(("service", "usage type", "region", "SKU", "why"), tuple(sorted(rows)), frozenset(range(5)))


def _change(each: Found) -> dict[str, Any]:
    return {
        "status": each.status,
        "meter": each.meter,
        "regions": " ".join(each.regions),
        "from": each.from_.isoformat(),
        "ours": None if each.held is None else _ours(each.held),
        "theirs": _theirs(each),
        "service_code": each.offer.service_code,
        "usage_type": each.offer.usage_type,
        "sku": " ".join(each.skus),
    }


def _left(each: tuple[str, str, str, str, str, dt.date]) -> dict[str, Any]:
    why, region, code, usage, sku, effective = each
    return {"status": why, "meter": None, "regions": region, "from": effective.isoformat(), "ours": None,
            "theirs": None, "service_code": code, "usage_type": usage, "sku": sku}  # fmt: skip


# --- age ----------------------------------------------------------------------------------------------------------


def stale_documents(found: Sequence[OldSource], days: int, on: dt.date) -> Documents:
    """What `prices stale` prints."""
    rows = [
        {"key": each.key, "read": each.read.isoformat(), "age_days": each.age_days, "basis": each.basis,
         "source": each.source} for each in found
    ]  # fmt: skip
    said = f"{len(found)} sources were last read more than {days} days before {on}."
    table = Table(("Key", "read", "days", "basis"), tuple(
        (each.key, each.read.isoformat(), f"{each.age_days}", each.basis) for each in found
    ), frozenset({1, 3}))  # fmt: skip
    document = {"schema_version": SCHEMA_VERSION, "older_than_days": days, "on": on.isoformat(), "stale": rows,
                "provenance": {"package": __version__}}  # fmt: skip
    return {
        "table": lambda: as_text([[said], [table] if found else []], terminal_width()),
        "json": lambda: as_json(document),
        "csv": lambda: as_csv(rows, STALE_COLUMNS),
        "markdown": lambda: f"{said}\n\n{table_of(rows, STALE_COLUMNS).markdown()}",
    }
