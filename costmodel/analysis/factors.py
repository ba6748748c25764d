"""The assumptions that have a range: find them, and put other values in their places."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from costmodel.assumptions.by_month import each
from costmodel.assumptions.fields import Law, Quantity, Record
from costmodel.assumptions.paths import called
from costmodel.assumptions.perimeter import Added
from costmodel.assumptions.pipeline import Each, Standing, Wait
from costmodel.assumptions.scenario import Tickets
from costmodel.assumptions.service import Price, Quota, Tier
from costmodel.billing.prices import LIST

Key = str | int
DIGITS = 12  # of a drawn value: more than any range means
ONE = Decimal(1)
FIELDS: tuple[tuple[type[Record], str], ...] = (
    (Quantity, "value"), (Tickets, "sigma"), (Standing, "quantity"), (Each, "quantity"), (Quota, "per_second"),
    (Wait, "hours"), (Added, "quantity"),
)  # fmt: skip
PRICE, SCALE = "price", "scale"


@dataclass(frozen=True)
class Factor:
    """An assumption with a range. keys: where it stands; field: what is changed there; path: how people call it."""

    path: str
    keys: tuple[Key, ...]
    field: str
    low: float
    value: float
    high: float
    basis: str


def find_factors(root: Any, keys: tuple[Key, ...], path: str, wanted: Callable[[Any, str], bool]) -> Iterator[Factor]:
    """Every factor below a record, a mapping or a list, but for records that are not wanted (record, path)."""
    if isinstance(root, Record):
        if not wanted(root, path):
            return
        here = _factor(root, keys, path)
        if here is not None:
            yield here
        children: Iterable[tuple[Key, Any]] = ((name, getattr(root, name)) for name in type(root).model_fields)
    elif isinstance(root, Mapping):
        children = root.items()
    elif isinstance(root, tuple):
        children = enumerate(root)
    else:
        return
    for key, child in children:
        yield from find_factors(child, (*keys, key), f"{path}.{called(key, child)}", wanted)


def _factor(record: Record, keys: tuple[Key, ...], path: str) -> Factor | None:
    field, low, value, high = _range(record)
    if value is None or low is None or high is None or not low < high or not low <= value <= high:
        return None
    shown = _shown(record, path, field)
    basis = str(getattr(record, "basis", "assumption"))
    return Factor(shown, keys, field, float(low), float(value), float(high), basis)


def _shown(record: Record, path: str, field: str) -> str:
    """The path as `--set` has it: without the list a price stands in, its plan named if it is not the list price."""
    if isinstance(record, Price):
        price = path.rpartition(".")[0].replace(".meter.", ".")
        return price if record.plan == LIST else f"{price} ({record.plan})"
    return path if field == "value" else f"{path}.{field}"


def _range(record: Record) -> tuple[str, Decimal | None, Decimal | None, Decimal | None]:
    """What may change in a record, and its low, value and high; an end that is not given is the value."""
    if isinstance(record, Law):
        return SCALE, record.scale_low or record.scale, record.scale, record.scale_high or record.scale
    if isinstance(record, Price):
        dearest = _dearest(record)
        if dearest is not None and dearest.low is not None and dearest.high is not None:
            return PRICE, dearest.low, dearest.usd, dearest.high
        return PRICE, record.scale_low or ONE, ONE, record.scale_high or ONE
    for kind, field in FIELDS:
        if isinstance(record, kind):
            value = getattr(record, field)
            low, high = (getattr(record, end) for end in ("low", "high"))
            return field, value if low is None else low, value, value if high is None else high
    return "", None, None, None


def _dearest(price: Price) -> Tier | None:
    return max(price.tiers, key=lambda tier: tier.usd, default=None)


def holds_on(price: Price, on: dt.date, region: str) -> bool:
    """Whether a price is in force there and then, under its plan."""
    return price.holds(on, region, price.plan)


# --- other values ----------------------------------------------------------------------------------------------------


def drawn_decimal(value: float | None) -> Decimal | None:
    """A drawn value as it is put in its place."""
    return None if value is None else Decimal(f"{value:.{DIGITS}g}")


def with_values(root: Any, values: Mapping[tuple[Key, ...], tuple[Factor, Any]]) -> Any:
    """A copy of what stands at `root` with the values in their places; what does not change is shared.

    A value may be a column, with None in months in which the assumption stays as it is.
    """
    if not values:
        return root
    below: dict[Key, dict[tuple[Key, ...], tuple[Factor, Any]]] = {}
    for keys, one in values.items():
        if keys:
            below.setdefault(keys[0], {})[keys[1:]] = one
    if isinstance(root, Record):
        update = {str(key): with_values(getattr(root, str(key)), inner) for key, inner in below.items()}
        changed = root.model_copy(update=update)
        return _with_value(changed, *values[()]) if () in values else changed
    if isinstance(root, Mapping):
        return {**root, **{key: with_values(root[key], inner) for key, inner in below.items()}}
    return tuple(with_values(entry, below[at]) if at in below else entry for at, entry in enumerate(root))


def _with_value(record: Record, factor: Factor, value: Any) -> Record:
    if isinstance(value, float):
        value = drawn_decimal(value)
    if isinstance(record, Price):
        return _priced(record, value)
    old = getattr(record, factor.field)
    return record.model_copy(update={factor.field: each(lambda new: old if new is None else new, value)})


def _priced(price: Price, value: Any) -> Price:
    """A price at that value of its dearest tier, the others moved as far within their ranges; or at that scale."""
    dearest = _dearest(price)
    if dearest is None or dearest.low is None or dearest.high is None:
        terms = {name: amount for name in ("percent", "fixed_usd") if (amount := getattr(price, name)) is not None}
        scaled = {name: each(partial(_times, amount), value) for name, amount in terms.items()}
        tiers = tuple(tier.model_copy(update={"usd": each(partial(_times, tier.usd), value)}) for tier in price.tiers)
        return price.model_copy(update={**scaled, "tiers": tiers})
    moved = tuple(tier.model_copy(update={"usd": each(partial(_moved, tier, dearest), value)}) for tier in price.tiers)
    return price.model_copy(update={"tiers": moved})


def _times(amount: Decimal, scale: Decimal | None) -> Decimal:
    return amount if scale is None else amount * scale


def _moved(tier: Tier, dearest: Tier, value: Decimal | None) -> Decimal:
    """A tier's price when the dearest one stands at a value: as far towards the same end of its range."""
    if value is None:
        return tier.usd
    up = value >= dearest.usd
    limit, end = (dearest.high, tier.high) if up else (dearest.low, tier.low)
    room = (dearest.usd if limit is None else limit) - dearest.usd
    share = (value - dearest.usd) / room if room else Decimal(0)
    return tier.usd if end is None else tier.usd + share * (end - tier.usd)
