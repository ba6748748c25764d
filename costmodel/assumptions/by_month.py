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
    if any(isinstance(figure, np.ndarray) for figure in figures):
        found: Any = np.frompyfunc(function, len(figures), 1)(*figures)
        return found  # type: ignore[no-any-return]
    return function(*figures)


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


def of_month(thing: Any, month: int) -> Any:
    """A record or figure as it is in one month; what has no column in it is the same thing."""
    if isinstance(thing, np.ndarray) and thing.dtype == object:
        return thing[month]
    if isinstance(thing, ByMonth):
        return thing.of_month(month)
    if isinstance(thing, tuple):
        found = tuple(of_month(one, month) for one in thing)
        return found if any(new is not old for new, old in zip(found, thing, strict=True)) else thing
    if isinstance(thing, BaseModel):
        changed = _changed(thing, type(thing).model_fields, month)
        return thing.model_copy(update=changed) if changed else thing
    if dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        changed = _changed(thing, [field.name for field in dataclasses.fields(thing)], month)
        return dataclasses.replace(thing, **changed) if changed else thing
    return thing


def _changed(record: Any, names: Iterable[str], month: int) -> dict[str, Any]:
    pairs = ((name, getattr(record, name)) for name in names)
    found = ((name, old, of_month(old, month)) for name, old in pairs)
    return {name: new for name, old, new in found if new is not old}
