"""Columns of payments as text or typed, turned into whole cents and instants; what cannot be is named per row."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

CENTS = 100
MOST_USD = 10**10
CELL_MINUTES = 15  # offsets from UTC change at quarters of an hour
US_PER_S = 10**6
US_PER_CELL = CELL_MINUTES * 60 * US_PER_S
EPOCH = dt.datetime.fromtimestamp(0, dt.UTC)
A_YEAR = dt.timedelta(days=366)  # at either end of the calendar, so that no zone leads out of it
EARLIEST_US = (dt.datetime.min.replace(tzinfo=dt.UTC) + A_YEAR - EPOCH) // dt.timedelta(microseconds=1)
LATEST_US = (dt.datetime.max.replace(tzinfo=dt.UTC) - A_YEAR - EPOCH) // dt.timedelta(microseconds=1)
WHOLE = r"(?P<whole>[0-9]{1,20}|[0-9]{1,3}(?:,[0-9]{3}){1,6})"  # commas only by thousands
AMOUNT = rf"^(?P<sign>[+-]?)\$?{WHOLE}(?:\.(?P<part>[0-9]{{1,2}})(?P<fine>[0-9]{{0,8}}))?$"
FORMULA = r"^[=@]"
SECONDS = r"^[0-9]{1,18}$"
LOCAL = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?)?$"
ZONED = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:?[0-9]{2})$"

TWICE, SKIPPED = "at an hour that came twice", "at an hour that was skipped"

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


def texts(array: Any) -> Any:
    """A column as text without blanks at its ends; nothing as an empty text. Raises TypeError for lists and tables."""
    import pyarrow
    import pyarrow.compute as compute

    if pyarrow.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pyarrow.types.is_nested(array.type) or pyarrow.types.is_binary(array.type):
        raise TypeError(str(array.type))
    return compute.utf8_trim_whitespace(compute.fill_null(array.cast(pyarrow.string()), ""))


def by_word(array: Any, meaning: Callable[[str], int]) -> IntArray:
    """What each cell means, asked once for each word."""
    coded = array.dictionary_encode()
    found = np.array([meaning(str(word)) for word in coded.dictionary.to_pylist()], np.int64)
    indices: IntArray = coded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return found[indices] if len(found) else np.zeros(len(array), np.int64)


def cents(array: Any) -> tuple[IntArray, dict[str, BoolArray]]:
    """Amounts in major units (text) as whole cents, 0 where they are not; and which cells have which fault."""
    import pyarrow.compute as compute

    empty = mask_of(compute.equal(array, ""))
    formula = mask_of(compute.match_substring_regex(array, FORMULA))
    parts = compute.extract_regex(array, AMOUNT)
    matched = mask_of(parts.is_valid())
    whole, part, fine, sign = (parts.field(at) for at in (1, 2, 3, 0))
    digits = compute.if_else(parts.is_valid(), compute.replace_substring(whole, ",", ""), "0")
    fits = matched & mask_of(compute.less_equal(compute.utf8_length(digits), len(str(MOST_USD))))
    dollars = compute.if_else(fits, digits, "0").cast("int64").to_numpy(zero_copy_only=False)
    tail = compute.if_else(parts.is_valid(), compute.utf8_rpad(compute.fill_null(part, ""), 2, "0"), "0")
    fraction = tail.cast("int64").to_numpy(zero_copy_only=False)
    amounts = np.where(fits, dollars * CENTS + fraction, 0)
    fits &= amounts <= MOST_USD * CENTS
    minus = fits & mask_of(compute.fill_null(compute.equal(sign, "-"), False))
    finer = fits & mask_of(compute.fill_null(compute.match_substring_regex(fine, "[1-9]"), False))
    amounts = np.where(minus, -amounts, amounts)
    return amounts, {
        "no amount": empty,
        "a formula": formula,
        "amount is no number": ~fits & ~empty & ~formula,
        "amount has fractions of a cent": finer,
        "amount of zero": fits & ~finer & (amounts == 0),
    }


@dataclass
class Zones:
    """How the times of a file name their zone: rows with it, rows without, and what daylight saving makes of those."""

    counts: Counter[str] = field(default_factory=Counter)


def instants(array: Any, zone: ZoneInfo, zones: Zones) -> tuple[IntArray, dict[str, BoolArray]]:
    """Microseconds since 1970 (UTC), 0 where there is no time; and which cells have which fault.

    A time without a zone is of `zone`: the first of two where the clock goes back, an hour later where it skips.
    Text is read as ISO 8601, or as whole seconds since 1970. `zones` counts what was met.
    """
    import pyarrow

    if pyarrow.types.is_timestamp(array.type) or pyarrow.types.is_date(array.type):
        return _typed(array, zone, zones)
    text = texts(array)
    found, state = np.zeros(len(text), np.int64), np.zeros(len(text), np.int8)
    for pattern, kind, state_of in ((SECONDS, "seconds", 1), (ZONED, "zoned", 1), (LOCAL, "local", 2)):
        _read_matching(text, pattern, kind, found, state, state_of)
    empty = _is_empty(text)
    for at in np.flatnonzero((state == 0) & ~empty).tolist():
        found[at], state[at] = _one(str(text[at]))
    state[(found < EARLIEST_US) | (found > LATEST_US)] = 0
    local = state == 2
    found[local] = _to_utc(found[local], zone, zones)
    zones.counts["with a zone"] += int((state == 1).sum())
    return np.where(state == 0, 0, found), {"no time": empty, "unreadable time": (state == 0) & ~empty}


def _read_matching(
    text: Any, pattern: str, kind: str, found: IntArray, state: npt.NDArray[np.int8], state_of: int
) -> None:
    """Read the cells of one pattern at once; where one of them is no time (month 13), leave them to be read singly."""
    import pyarrow
    import pyarrow.compute as compute

    rows = np.flatnonzero(mask_of(compute.match_substring_regex(text, pattern)))
    if not len(rows):
        return
    cells = text.take(pyarrow.array(rows))
    try:
        if kind == "seconds":
            values = cells.cast("int64").to_numpy(zero_copy_only=False)
            values = np.minimum(values, LATEST_US // US_PER_S + 1) * US_PER_S
        else:
            wanted = pyarrow.timestamp("us", "UTC" if kind == "zoned" else None)
            values = cells.cast(wanted).cast("int64").to_numpy(zero_copy_only=False)
    except pyarrow.ArrowInvalid:
        return
    found[rows], state[rows] = values, state_of


def _one(text: str) -> tuple[int, int]:
    """(microseconds since 1970, 1 with a zone, 2 local, 0 no time) of one cell."""
    try:
        time = dt.datetime.fromisoformat(text)
        aware = time if time.tzinfo else time.replace(tzinfo=dt.UTC)
        return (aware - EPOCH) // dt.timedelta(microseconds=1), 1 if time.tzinfo else 2
    except (ValueError, OverflowError):
        return 0, 0


def _typed(array: Any, zone: ZoneInfo, zones: Zones) -> tuple[IntArray, dict[str, BoolArray]]:
    """A column of timestamps or dates; in Arrow a timestamp with a zone is held in UTC."""
    import pyarrow

    aware = pyarrow.types.is_timestamp(array.type) and array.type.tz is not None
    empty = mask_of(array.is_null())
    stamps = array.cast(pyarrow.timestamp("us", array.type.tz if aware else None), safe=False)
    found = stamps.cast("int64").fill_null(0).to_numpy(zero_copy_only=False).copy()
    beyond = ((found < EARLIEST_US) | (found > LATEST_US)) & ~empty
    usable = ~empty & ~beyond
    if aware:
        zones.counts["with a zone"] += int(usable.sum())
    else:
        found[usable] = _to_utc(found[usable], zone, zones)
    return np.where(usable, found, 0), {"no time": empty, "unreadable time": beyond}


def _to_utc(local: IntArray, zone: ZoneInfo, zones: Zones) -> IntArray:
    """Local times (µs as if UTC) in UTC; the offset is looked up once for each quarter of an hour that occurs."""
    cells, places = np.unique(local // US_PER_CELL, return_inverse=True)
    times = np.bincount(places, minlength=len(cells))
    shifts = np.zeros(len(cells), np.int64)
    for at, cell in enumerate(cells.tolist()):
        shifts[at], odd = _offset_us(cell, zone)
        if odd:
            zones.counts[odd] += int(times[at])
    zones.counts["without a zone"] += len(local)
    utc: IntArray = local - shifts[places]
    return utc


def _offset_us(cell: int, zone: ZoneInfo) -> tuple[int, str]:
    """The zone's offset at a local quarter of an hour, µs; and whether the clock shows it twice, or never."""
    naive = (EPOCH + cell * dt.timedelta(minutes=CELL_MINUTES)).replace(tzinfo=zone)
    first, second = (time.utcoffset() or dt.timedelta() for time in (naive, naive.replace(fold=1)))
    odd = "" if first == second else TWICE if first > second else SKIPPED
    return first // dt.timedelta(microseconds=1), odd


def _is_empty(text: Any) -> BoolArray:
    import pyarrow.compute as compute

    return mask_of(compute.equal(text, ""))


def mask_of(array: Any) -> BoolArray:
    """An arrow column of truth values as a numpy array."""
    found: BoolArray = array.to_numpy(zero_copy_only=False).astype(np.bool_)
    return found
