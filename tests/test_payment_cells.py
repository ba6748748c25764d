"""Cells of a payments file against Python's own Decimal and datetime, row by row."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costmodel.simulation.payment_cells import Zones, by_word, cents, instants

NEW_YORK = ZoneInfo("America/New_York")
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
NUMBER = re.compile(r"[+-]?\$?([0-9]{1,20}|[0-9]{1,3}(,[0-9]{3}){1,6})(\.[0-9]{1,10})?")
AMOUNTS = st.one_of(
    st.decimals(-(10**12), 10**12, places=2).map(str),
    st.integers(0, 10**14).map(lambda n: f"{n / 1000:,.3f}"),
    st.text(alphabet="0123456789.,$+-=@ eE", max_size=8),
    st.sampled_from(
        ["", "nan", "inf", "١٢", "1e3", "0.00", "-0.001", '=HYPERLINK("x")', "99999999999", "10000000000.00"]
    ),
)


def expected_amount(text: str) -> int | str:
    """Whole cents, or the fault, by Decimal."""
    text = text.strip()
    if not text:
        return "no amount"
    if text[0] in "=@":
        return "a formula"
    usd = Decimal(text.replace(",", "").replace("$", "")) if NUMBER.fullmatch(text) else None
    if usd is None or abs(usd) > 10**10 or len(text.partition(".")[0].strip("+-$").replace(",", "")) > 11:
        return "amount is no number"
    if usd * 100 != int(usd * 100):
        return "amount has fractions of a cent"
    return int(usd * 100) or "amount of zero"


@given(st.lists(AMOUNTS, min_size=1, max_size=12))
def test_amounts_are_those_of_decimal(texts: list[str]) -> None:
    texts = [text.strip() for text in texts]
    found, faults = cents(pa.array(texts))
    for at, text in enumerate(texts):
        named = [name for name, mask in faults.items() if mask[at]]
        assert (named or [int(found[at])])[0] == expected_amount(text)
        assert len(named) <= 1


LOCAL = st.datetimes(dt.datetime(2018, 1, 1), dt.datetime(2027, 1, 1))


@given(st.lists(LOCAL, min_size=1, max_size=20), st.sampled_from([" ", "T"]), st.booleans())
def test_local_times_are_those_of_python(times: list[dt.datetime], between: str, typed: bool) -> None:
    column = pa.array(times, pa.timestamp("us")) if typed else pa.array([time.isoformat(between) for time in times])
    found, faults = instants(column, NEW_YORK, Zones())
    assert not any(mask.any() for mask in faults.values())
    assert found.tolist() == [(t.replace(tzinfo=NEW_YORK) - EPOCH) // dt.timedelta(microseconds=1) for t in times]


@pytest.mark.parametrize(("text", "utc"), [
    # a time without a zone is New York's: the clock skipped 02:00 to 03:00 on 8 March 2026 and repeated 01:00 to 02:00
    # on 1 November (the law's second Sunday of March and first of November)
    ("2026-03-08 02:30:00", "2026-03-08T07:30:00"),
    ("2026-11-01 01:30:00", "2026-11-01T05:30:00"),
    ("2026-07-01", "2026-07-01T04:00:00"),
    ("2026-07-01 10:00", "2026-07-01T14:00:00"),
    ("2026-07-01T10:00:00.5", "2026-07-01T14:00:00.500000"),
    ("2026-07-01T10:00:00Z", "2026-07-01T10:00:00"),
    ("2026-07-01 10:00:00+05:30", "2026-07-01T04:30:00"),
    ("20260701T100000", "2026-07-01T14:00:00"),
    ("1782900000", "2026-07-01T10:00:00"),
    ("2026-13-01", "unreadable time"),
    ("2026-02-30 10:00:00", "unreadable time"),
    ("07/01/2026", "unreadable time"),
    ("999999999999999999", "unreadable time"),
    ("0001-01-01", "unreadable time"),
    ("9999-12-31T23:59:59Z", "unreadable time"),
    ("", "no time"),
])  # fmt: skip
@pytest.mark.parametrize("beside", [[], ["2026-03-02 12:00:00", "2026-99-99", "x"]], ids=["alone", "beside others"])
def test_times(text: str, utc: str, beside: list[str]) -> None:
    found, faults = instants(pa.array([text, *beside]), NEW_YORK, Zones())
    named = [name for name, mask in faults.items() if mask[0]]
    time = EPOCH + dt.timedelta(microseconds=int(found[0]))
    assert (named or [time.replace(tzinfo=None).isoformat()])[0] == utc


def test_hours_that_come_twice_or_never_are_counted() -> None:
    zones = Zones()
    instants(pa.array(["2026-03-08 02:30:00", "2026-11-01 01:30:00", "2026-11-01T01:30:00Z"]), NEW_YORK, zones)
    assert zones.counts == {
        "with a zone": 1, "without a zone": 2, "at an hour that was skipped": 1, "at an hour that came twice": 1,
    }  # fmt: skip


@pytest.mark.parametrize("array", [
    pa.array(["usd", "eur", "usd"]), pa.array(["usd", "eur", "usd"]).dictionary_encode(), pa.array([], pa.string()),
])  # fmt: skip
def test_words_are_asked_once_each(array: pa.Array) -> None:
    asked: list[str] = []
    found = by_word(array, lambda word: asked.append(word) or len(asked))  # type: ignore[func-returns-value]
    assert len(asked) == len(set(asked))
    assert found.tolist() == [1, 2, 1][: len(array)]
