"""Figures of many months at once: a figure may be a column, with one value for each month.

A column is an array of Decimals or whole numbers, so that + - * / are what they are for one figure, value by value, and
exact. Whatever else is done to figures on the way from an assumption to a sum of money goes through `each`, which takes
one figure or a column; so a rule is written once. To the type checker a column is what its values are.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import numpy as np
from pydantic import BaseModel

Figure = TypeVar("Figure")


def is_column(value: Any) -> bool:
    """Whether it has a value for each month."""
    return isinstance(value, np.ndarray)


def column(values: Iterable[Any]) -> Any:
    """These values, one for each month."""
    given = list(values)
    made = np.empty(len(given), object)
    made[:] = given
    return made


def each(function: Callable[..., Figure], *figures: Any) -> Figure:
    """The function of the figures; of the values of each month where any of them is a column.

    >>> each(min, column([1, 5]), 3).tolist()
    [1, 3]
    """
    for figure in figures:
        if isinstance(figure, np.ndarray):
            if function is int and figure.dtype.kind == "i":
                return figure.astype(object)  # type: ignore[return-value]
            found: Any = np.frompyfunc(function, len(figures), 1)(*figures)
            return found  # type: ignore[no-any-return]
    return function(*figures)


def of_each(figure: Figure, months: int) -> list[Figure]:
    """The figure in each of so many months."""
    return list(figure[:months]) if isinstance(figure, np.ndarray) else [figure] * months


def most(figure: Any) -> Any:
    """The figure, or the largest of a column."""
    return figure.max() if is_column(figure) else figure


def least(figure: Any) -> Any:
    """The figure, or the smallest of a column."""
    return figure.min() if is_column(figure) else figure


def is_some(figure: Any) -> bool:
    """Whether it is there, and anything but 0 in any month."""
    return figure is not None and any(map(bool, figure)) if is_column(figure) else bool(figure)


class ByMonth:
    """What is no figure, but another one for each month."""

    def of_month(self, month: int) -> Any:
        """That of one month."""
        raise NotImplementedError


def by_month(thing: Any, months: int) -> list[Any]:
    """A record or figure as it is in each of so many months; where it has no column in it, the same thing each time."""
    return _by_month(thing, months) or [thing] * months


def of_month(thing: Any, month: int) -> Any:
    """The same for one of the months."""
    found = _by_month(thing, month + 1)
    return thing if found is None else found[month]


def _by_month(thing: Any, months: int) -> list[Any] | None:
    """None where it has no column in it."""
    if isinstance(thing, np.ndarray) and thing.dtype == object:
        return list(thing[:months])
    if isinstance(thing, ByMonth):
        return [thing.of_month(month) for month in range(months)]
    if isinstance(thing, tuple):
        parts = [_by_month(one, months) or [one] * months for one in thing] if any(map(_has_columns, thing)) else None
        return None if parts is None else list(zip(*parts, strict=True))
    if isinstance(thing, BaseModel):
        changed = _changed(thing, type(thing).model_fields, months)
        return [thing.model_copy(update=one) for one in changed] if changed else None
    if dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        changed = _changed(thing, [field.name for field in dataclasses.fields(thing)], months)
        return [dataclasses.replace(thing, **one) for one in changed] if changed else None
    return None


def _has_columns(thing: Any) -> bool:
    return _by_month(thing, 1) is not None


def _changed(record: Any, names: Iterable[str], months: int) -> list[dict[str, Any]]:
    """The fields of a record that have columns in them, as they are in each month; nothing where there are none."""
    pairs = ((name, _by_month(getattr(record, name), months)) for name in names)
    found = {name: values for name, values in pairs if values is not None}
    return [{name: values[month] for name, values in found.items()} for month in range(months)] if found else []
