"""Timetables, rates, amounts, tables and histograms on figures small enough to work out by hand."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from costmodel.assumptions.fields import Law
from costmodel.assumptions.pipeline import Schedule, Wait
from costmodel.assumptions.scenario import Workload
from costmodel.simulation.arrivals import Intensity
from costmodel.simulation.calendar import schedule_times
from costmodel.simulation.counts import Counts, bin_of, bin_values, quantile, quantiles
from costmodel.simulation.draws import draw_bits, name_key, stream_key
from costmodel.simulation.payments import Demand, _below, generate, ticket_law, to_total
from costmodel.simulation.plan import Plan
from costmodel.simulation.tables import CELLS, LawByMonth, LawTable, law_table, multiplied
from costmodel.simulation.timetable import (
    Timetable,
    draw_outages,
    lasting_timetable,
    make_timetable,
    outage_terms,
)
from tests.test_identities_by_hand import plan
from tests.worlds import flat_scenario

HOUR, DAY = 3600 * 10**9, 86_400 * 10**9
SOURCED: dict[str, Any] = {"source": "test", "read": dt.date(2026, 1, 1), "basis": "published"}

# --- timetables --------------------------------------------------------------------------------------------------------

TIMES = Timetable(
    fires=(),
    midnights=(0, 100, 200, 300),
    bank_days=(0, 1, 2, 2),
    due=((), (150, 250, 350, 350), (5, 120, 130, 310)),
    delays=(40, 0, 0),
    outages=(((10, 20), (30, 60)), ((15, 35),), ()),
    end_ns=400,
)


@pytest.mark.parametrize(
    ("wait", "now", "due"),
    [(0, 7, 47), (1, 0, 150), (1, 99, 150), (1, 100, 250), (1, 260, 350), (1, 399, 399), (2, 4, 5), (2, 50, 50),
     (2, 119, 120), (2, 121, 121)],
)  # fmt: skip
def test_when_a_wait_ends(wait: int, now: int, due: int) -> None:
    """After its delay; or when the day's money is there, at once if that has passed."""
    assert TIMES.due_at(wait, now) == due


@pytest.mark.parametrize(
    ("start", "end", "days"), [(0, 99, 0), (99, 100, 1), (100, 199, 0), (0, 300, 2), (100, 200, 1), (200, 399, 0)]
)
def test_banking_days_begun_after_the_start(start: int, end: int, days: int) -> None:
    assert TIMES.banking_days(start, end) == days


def test_an_outage_holds_from_its_first_moment_up_to_its_last() -> None:
    assert [now for now in range(70) if TIMES.is_out(0, now)] == [*range(10, 20), *range(30, 60)]
    assert not any(TIMES.is_out(2, now) for now in range(70))


@pytest.mark.parametrize(
    ("services", "start", "end", "out"),
    [([0], 0, 100, 40), ([1], 0, 100, 20), ([2], 0, 100, 0), ([0, 1], 0, 100, 50), ([1, 0], 0, 100, 50),
     ([0], 18, 32, 4), ([0, 1], 18, 32, 14), ([0, 1], 0, 10, 0), ([0, 1], 60, 100, 0), ([0], 12, 14, 2)],
)  # fmt: skip
def test_time_in_which_any_is_out(services: list[int], start: int, end: int, out: int) -> None:
    """10 to 20 and 30 to 60; 15 to 35; together 10 to 60."""
    assert TIMES.path_outage_ns(services, start, end) == out


MONDAY = dt.datetime(2026, 11, 2, tzinfo=dt.UTC)
WAITS = Wait(hours=Decimal("1.5"), **SOURCED), Wait(banking_days=1, at="08:30", **SOURCED)
SCHEDULES = (
    Schedule(every_minutes=360, **SOURCED),
    Schedule(at=("08:35", "06:00"), **SOURCED),
    Schedule(at=("08:35",), time_zone="America/New_York", days="tue", **SOURCED),
)


def timed(end_ns: int, **more: Any) -> Timetable:
    return lasting_timetable(plan(**{"waits": WAITS, "schedules": SCHEDULES} | more), MONDAY, end_ns)


def test_a_timetable_of_three_days() -> None:
    """New York is at UTC-4 on Sunday 1 November 2026 until 02:00 and at UTC-5 from then on."""
    found = timed(3 * DAY)
    assert [time / HOUR for time in found.midnights] == [-20, 5, 29, 53, 77, 101]
    assert found.bank_days == (0, 1, 2, 3, 4, 5)
    assert found.due[0] == ()
    assert [time / HOUR for time in found.due[1]] == [13.5, 37.5, 61.5, 85.5, 109.5, 181.5]  # Friday's on Monday
    assert found.delays == (3 * HOUR // 2, 0)
    assert [[time / HOUR for time in fires] for fires in found.fires] == [
        [0, 6, 12, 18, 24, 30, 36, 42, 48, 54, 60, 66],
        [6, 8 + 35 / 60, 30, 32 + 35 / 60, 54, 56 + 35 / 60],
        [37 + 35 / 60],
    ]
    assert (found.outages, found.end_ns) == ((), 3 * DAY)


@pytest.mark.parametrize(("more", "firings"), [(0, 12), (999, 12), (1000, 13)])
def test_what_fires_at_the_end_fires_no_more(more: int, firings: int) -> None:
    """The clock of schedules has microseconds: an end within one is an end at its beginning."""
    assert len(timed(3 * DAY + more).fires[0]) == firings


@pytest.mark.parametrize("days", [1, 57, 58, 70, 130])
def test_a_timetable_reaches_beyond_its_end(days: int) -> None:
    found = timed(days * DAY + HOUR)
    assert len(found.midnights) == len(found.bank_days) == len(found.due[1]) == days + 3
    assert found.midnights[-1] > found.end_ns
    assert len(found.fires[0]) == 4 * days + 1


def test_a_schedule_fires_from_its_start_up_to_its_end() -> None:
    """Counted from midnight, though the time begins at half past; the end itself is no part."""
    start, every = MONDAY + dt.timedelta(minutes=30), Schedule(every_minutes=90, **SOURCED)
    found = schedule_times(every, start, MONDAY + dt.timedelta(hours=6))
    assert [time / HOUR for time in found] == [1, 2.5, 4]
    assert schedule_times(every, MONDAY, MONDAY + dt.timedelta(hours=3)) == [0, 3 * HOUR // 2]
    daily = Schedule(at=("00:30", "03:00"), **SOURCED)
    assert schedule_times(daily, start, MONDAY + dt.timedelta(hours=3)) == [0]
    assert schedule_times(daily, start, MONDAY + dt.timedelta(hours=25)) == [0, 5 * HOUR // 2, 24 * HOUR]


def failing(per_year: str, seconds: int) -> Plan:
    return plan(
        outages=("gate", "db"),
        outage_laws=((Decimal(per_year), 1), (Decimal(0), 0)),
        laws=(LawTable.constant(5), LawTable.constant(seconds * 10**9)),
    )


def test_outages_are_a_poisson_stream() -> None:
    """Once an hour of 8,766 a year, a minute each; over 2,000 days the mean gap within four standard errors (1 / √n)."""
    of = failing("8766", 60)
    assert outage_terms(of) == (("gate", 8766, of.laws[1]), ("db", 0, of.laws[0]))
    spans, none = make_timetable(of, MONDAY, 2000 * DAY, 3).outages
    assert none == ()
    begun, over = (np.array(side) for side in zip(*spans, strict=True))
    assert set((over - begun).tolist()) == {60 * 10**9}
    gaps = begun - np.concatenate([[0], over[:-1]])
    assert gaps.min() > 0
    assert gaps.mean() / HOUR == pytest.approx(1, abs=4 / len(gaps) ** 0.5)
    assert gaps.std() / HOUR == pytest.approx(1, abs=4 * 2 / len(gaps) ** 0.5)
    assert begun[-1] < 2000 * DAY
    # those up to a time are the first of them
    assert draw_outages(outage_terms(of), 1000 * DAY, 3)[0] == spans[: int((begun < 1000 * DAY).sum())]
    assert draw_outages(outage_terms(of), int(begun[7]), 3)[0] == spans[:7]


def test_outages_have_luck_of_their_own_by_service_and_seed() -> None:
    table = LawTable.constant(10**9)
    first = [draw_outages(((name, Decimal(100), table),), 900 * DAY, seed)[0][0]
             for name in ("gate", "db") for seed in (1, 2)]  # fmt: skip
    assert len(set(first)) == 4
    lengths = draw_outages((("gate", Decimal(8766), LawTable.exponential(10**9)),), 10 * DAY, 1)[0]
    assert len({end - start for start, end in lengths}) == len(lengths)


def exponential(bits: int, mean: float) -> float:
    """The quantile that 64 bits pick: the upper half by its tail, the lower by its own."""
    tail = (bits & (2**63 - 1)) / 2**64
    return -mean * (math.log(tail) if bits >= 2**63 else math.log1p(-tail))


def test_each_outage_meets_the_luck_of_its_number() -> None:
    """Its gap by the draw of its name and number, its length by the second try of it; the table is exact to 1/64 of a
    tail, linear between."""
    spans = draw_outages((("gate", Decimal(8766), LawTable.exponential(60 * 10**9)),), 10 * DAY, 5)[0]
    key, now = stream_key(5, "outage", name_key("gate")), 0.0
    for number, (begun, over) in enumerate(spans[:20]):
        now += exponential(draw_bits(key, number), HOUR)
        assert begun == pytest.approx(now, rel=1e-3), number
        assert over - begun == pytest.approx(exponential(draw_bits(key, number, 0, 1), 60 * 10**9), rel=1e-3)
        now = over


# --- rates and amounts -------------------------------------------------------------------------------------------------


def workload(**more: Any) -> Workload:
    """Weekdays 1 to 7 from Monday, hours 1 to 24 from midnight; no good or bad days."""
    zero = {"value": 0, "unit": "1", **SOURCED}
    arrivals = {"weekday_shares": [*range(1, 8)], "hour_shares": [*range(1, 25)], "day_cv": zero, "hour_cv": zero}
    growth = {"growth_percent_per_month": more.pop("growth", Decimal(0))}
    return flat_scenario(1, arrivals=arrivals | SOURCED, **more).workload.model_copy(update=growth)


def rates(before: bool, span: int, **more: Any) -> tuple[list[float], list[float]]:
    """Edges and what has accumulated, in hours, from Monday 2 November 2026 00:00 UTC."""
    made = Intensity(workload(**more), 1, MONDAY, span, span, 30 * DAY)
    edges, reached = made.accumulated(span, before)
    return (edges / HOUR).tolist(), (reached / HOUR).tolist()


def test_what_a_rate_accumulates() -> None:
    """Monday's first hours count 1, 2, 3; Sunday's last ones 7 × 24, 7 × 23, 7 × 22; the last cell is cut."""
    assert rates(False, 5 * HOUR // 2) == ([0, 1, 2, 2.5], [0, 1, 3, 4.5])
    assert rates(True, 5 * HOUR // 2) == ([0, 1, 2, 2.5], [0, 168, 329, 406])
    assert rates(False, 25 * HOUR)[1][-2:] == [300, 302]  # 1 + … + 24; Tuesday counts twice
    # New York's hours: Sunday 19:00, 20:00; India's begin at half past: Monday 05:30 and the quarters after it
    assert rates(False, 2 * HOUR, time_zone="America/New_York")[1] == [0, 140, 287]
    assert rates(False, HOUR, time_zone="Asia/Kolkata") == ([0, 0.25, 0.5, 0.75, 1], [0, 1.5, 3, 4.75, 6.5])


def test_growth_is_by_the_month_and_compounds() -> None:
    """A rate that doubles each month of 30 days: flat within an hour, twice as high a month on, half a month before."""
    _, plain = rates(False, 31 * DAY)
    _, grown = rates(False, 31 * DAY, growth=Decimal(100))
    steps, steps_grown = np.diff(plain), np.diff(grown)
    ratio = steps_grown / steps
    assert ratio[0] == pytest.approx(1)
    assert ratio[720] == pytest.approx(2)
    assert ratio[360] == pytest.approx(2**0.5)
    back = np.diff(rates(True, 31 * DAY, growth=Decimal(100))[1]) / np.diff(rates(True, 31 * DAY)[1])
    assert back[719] == pytest.approx(0.5)


def test_operational_time_is_spread_over_the_clock() -> None:
    """Of 6 parts (hours of 1, 2 and 3), the first ends after an hour; 2 after one and a half; 4.5 after two and a half."""
    made = Intensity(workload(), 1, MONDAY, 4 * HOUR, 3 * HOUR, 30 * DAY)
    positions = np.array([0, 10, 20, 45, 60], np.int64)
    assert (made.times(positions, 60, before=False) / HOUR).tolist() == pytest.approx([4, 5, 5.5, 6.5, 7])
    assert made.times(positions, 60, before=False)[-1] == 7 * HOUR - 1  # the end itself is no part
    # backwards from the origin, Sunday's hours of 24, 23, 22 and 21 parts in 90; rising
    back = made.times(np.array([24, 47, 58], np.int64), 90, before=True)
    assert back.tolist() == pytest.approx([4 * HOUR - 5 * HOUR // 2 - 1, 2 * HOUR - 1, 3 * HOUR - 1], abs=1)
    assert made.times(np.zeros(0, np.int64), 60, before=True).tolist() == []


def test_good_and_bad_days_last_a_day_and_hours_an_hour() -> None:
    cv = {"value": "0.5", "unit": "1", **SOURCED}
    zero = {"value": 0, "unit": "1", **SOURCED}
    flat = {"weekday_shares": [1] * 7, "hour_shares": [1] * 24}
    by_day = np.diff(rates_of(flat | {"day_cv": cv, "hour_cv": zero}))
    assert len({round(rate, 9) for rate in by_day[:24]}) == 1
    assert len({round(rate, 9) for rate in by_day}) == 400
    by_hour = np.diff(rates_of(flat | {"day_cv": zero, "hour_cv": cv}))
    assert len({round(rate, 9) for rate in by_hour}) == 9600
    # mean 1 and cv 0.5 within four standard errors
    assert by_hour.mean() == pytest.approx(1, abs=4 * 0.5 / 9600**0.5)
    assert by_hour.std() == pytest.approx(0.5, abs=0.05)
    # a day is what it is, however long the measured time before and after it
    assert np.diff(rates_of(flat | {"day_cv": cv, "hour_cv": cv}))[:48] == pytest.approx(
        np.diff(rates_of(flat | {"day_cv": cv, "hour_cv": cv}, 48 * HOUR))
    )


def rates_of(arrivals: dict[str, Any], span: int = 400 * DAY) -> Any:
    of = flat_scenario(1, arrivals=arrivals | SOURCED).workload
    return Intensity(of, 1, MONDAY, span, span, 30 * DAY).accumulated(span, False)[1] / HOUR


SHARED = [  # drawn, cents in all, cents each
    ([1, 1, 1], 10, [4, 3, 3]),
    ([1, 2, 3], 7, [1, 2, 4]),  # 1.17, 2.33, 3.5: the cent that is left goes to the half
    ([5, 5, 2], 11, [5, 4, 2]),  # 4.58, 4.58, 1.83: to the 0.83 first, then to the first of the others
    ([1, 1000], 3, [1, 2]),
    ([1, 1, 100], 3, [1, 1, 1]),  # none is under a cent
    ([1, 1, 1, 100, 50], 6, [1, 1, 1, 2, 1]),  # 0.04 thrice, 3.9, 2.0: what the small ones take more is the largest's
    ([99, 1, 1, 1, 1, 100], 6, [1, 1, 1, 1, 1, 1]),
    ([7], 3, [3]),
]


@pytest.mark.parametrize(("drawn", "total", "each"), SHARED)
def test_amounts_to_a_total(drawn: list[int], total: int, each: list[int]) -> None:
    amounts = to_total(np.array(drawn, np.int64), total)
    assert (amounts.tolist(), amounts.dtype) == (each, np.int64)


def test_equally_likely_numbers_by_their_bits() -> None:
    bits = np.array([0, 2**63 - 1, 2**63, 2**64 - 1, 2**64 // 10 * 3], np.uint64)
    assert _below(bits, 10).tolist() == [0, 4, 5, 9, 2]
    assert _below(bits, 1).tolist() == [0] * 5


def test_tickets_before_they_are_scaled() -> None:
    """Thousandths of a cent."""
    assert list(ticket_law(workload(mean_ticket_usd=Decimal("12.345678")))) == [1_234_568]
    tickets = {"law": "empirical", "usd": [Decimal("1.25"), 700], **SOURCED}
    assert list(ticket_law(workload(tickets=tickets))) == [125_000, 70_000_000]
    tickets = {"law": "lognormal", "sigma": 0, **SOURCED}
    assert list(ticket_law(workload(tickets=tickets))) == [20_000_000]


DEMANDS = [  # a scenario, its lead-in in days: month, measured time, payments before and after, expected in all
    ({}, 0, 30, 30, (0, 100), 100),
    ({"days": Decimal(15)}, 3, 30, 15, (10, 50), 60),
    ({"month_hours": 730}, 0, Decimal(730) / 24, Decimal(730) / 24, (0, 100), 100),
    ({"on": dt.date(2026, 2, 14)}, 14, 28, 28, (50, 100), 150),
    ({"days": Decimal("0.15")}, Decimal("0.15"), 30, Decimal("0.15"), (1, 1), 1),  # half a payment counts
]


@pytest.mark.parametrize(("terms", "lead_in", "month", "measured", "numbers", "in_all"), DEMANDS)
def test_what_is_demanded(
    terms: dict[str, Any], lead_in: Any, month: Any, measured: Any, numbers: tuple[int, int], in_all: float
) -> None:
    lead = int(lead_in * DAY)
    demand = Demand(flat_scenario(100, **terms), 1, lead)
    assert (demand.month_ns, demand.measured_ns) == (month * DAY, measured * DAY)
    assert (demand.before, demand.after) == numbers
    assert demand.measured == (numbers[0], sum(numbers))
    assert demand.expected_in_all == pytest.approx(in_all)
    assert demand.window == (lead, lead + measured * DAY)
    first = dt.datetime(2026, demand.scenario.on.month, 1, tzinfo=dt.UTC)
    assert demand.start == first - dt.timedelta(days=float(lead_in))
    assert demand.spacing_length is None
    made = demand.payments()
    assert made.measured == demand.measured
    assert made.offered_cents == demand.offered_cents == numbers[1] * 200_00


def test_a_random_number_is_drawn_over_a_fixed_length() -> None:
    """A spacing has the mean 2^30 before it is scaled to time; the amounts are as drawn."""
    demand = Demand(flat_scenario(100, count="random", days=Decimal(3)), 1, 0)
    assert demand.spacing_length == 10 * 2**30
    made = demand.payments()
    assert demand.after == made.number == len(made.arrival_ns)
    assert demand.offered_cents == made.offered_cents == made.number * 200_00


def test_the_same_payments_by_other_methods() -> None:
    scenario = flat_scenario(1000)
    made = generate(scenario, 1, 3 * DAY)
    other = flat_scenario(1000, methods={"card": Decimal("0.5"), "ach": Decimal("0.5")})
    changed = made.by_methods_of(other.workload, 1)
    assert changed.method.tolist() == generate(other, 1, 3 * DAY).method.tolist()
    assert changed.arrival_ns is made.arrival_ns


def drawn(stream: str, ids: list[int]) -> list[int]:
    """The bits of what is drawn for payments of these numbers, with the seed 3."""
    return [draw_bits(stream_key(3, "payment", name_key(stream)), payment) for payment in ids]


def quantile_of(bits: int) -> float:
    """The probability that 64 bits pick: the upper half by its tail, the lower by its own."""
    tail = (bits & (2**63 - 1)) / 2**64
    return 1 - tail if bits >= 2**63 else tail


def test_everything_of_a_payment_follows_from_its_number() -> None:
    """Fifty payments in 30 days and five in the three days before, numbered from -5 to 49; half of them by ACH, amounts
    lognormal. Arrivals are exponential spacings, scaled to the time with the spacing after the last one."""
    half = {"card": Decimal("0.5"), "ach": Decimal("0.5")}
    tickets = {"law": "lognormal", "sigma": 1, **SOURCED}
    made = generate(flat_scenario(50, methods=half, tickets=tickets), 3, 3 * DAY)
    ids = [*range(-5, 50)]
    assert made.measured == (5, 55)
    assert made.provider.tolist() == [(bits >> 32) * 75 >> 32 for bits in drawn("provider", ids)]
    assert made.method.tolist() == [int(bits < 2**63) for bits in drawn("method", ids)]
    assert np.argsort(made.amount_cents).tolist() == np.argsort([quantile_of(b) for b in drawn("amount", ids)]).tolist()
    after = np.cumsum([exponential(bits, 1) for bits in drawn("arrival", [*range(51)])])
    before = np.cumsum([exponential(bits, 1) for bits in drawn("arrival", [-1, -2, -3, -4, -5, -6])])
    expected = [*(3 * DAY * (1 - before[4::-1] / before[5])), *(3 * DAY + 30 * DAY * after[:50] / after[50])]
    assert made.arrival_ns.tolist() == pytest.approx(expected, rel=1e-3)


def test_payments_of_the_lead_in_have_amounts_of_the_same_size() -> None:
    """Every one of $200.00, which is drawn as thousandths of a cent and scaled."""
    made = generate(flat_scenario(50), 3, 30 * DAY)
    assert made.amount_cents.tolist() == [200_00] * 100
    loose = generate(flat_scenario(50, count="random"), 3, 30 * DAY)
    assert set(loose.amount_cents.tolist()) == {200_00}


# --- tables ------------------------------------------------------------------------------------------------------------


def numbered(step: int = 1) -> LawTable:
    """A table whose values are the places of its edges, times a step."""
    return LawTable(np.arange(2 * (CELLS + 1), dtype=np.int64) * step)


# Octave k holds tail probabilities from 2^-(k+2) to 2^-(k+1) in 64 parts, from the far end (k = 39) to the median.
PLACES = [(octave, part) for octave in (0, 1, 2, 20, 38, 39) for part in (0, 1, 31, 62, 63)]


@pytest.mark.parametrize(("octave", "part"), PLACES)
@pytest.mark.parametrize("upper", [False, True])
def test_which_edge_some_bits_pick(octave: int, part: int, upper: bool) -> None:
    """A tail of 2^-(k+2) × (1 + j / 64), of 2^64, is at the edge of cell j of octave k; half a cell on, half way."""
    tail, cell = (2**62 >> octave) * (64 + part) // 64, 2**56 >> octave
    bits = tail + 2**63 * upper
    place = (39 - octave) * 64 + part + (CELLS + 1) * upper
    table, fine = numbered(), numbered(1000)
    assert table.value(bits) == place
    assert fine.value(bits + cell // 2) == 1000 * place + 500
    if octave > 0:
        assert fine.value(bits + cell // 4) == 1000 * place + 250
    many = np.array([bits, bits + cell // 2], np.uint64)
    assert fine.values(many).tolist() == [1000 * place, 1000 * place + 500]


@pytest.mark.parametrize("tail", [0, 1, 2**22, 2**23 - 1])
def test_beyond_the_farthest_octave_is_the_end(tail: int) -> None:
    """Below 2^-41 of the probability."""
    for upper in (False, True):
        bits = tail + 2**63 * upper
        assert numbered().value(bits) == (CELLS + 1) * upper
        assert numbered().values(np.array([bits], np.uint64)).tolist() == [(CELLS + 1) * upper]


def test_a_table_of_a_quantile_function_has_both_its_sides() -> None:
    """Of the normal law: symmetric; 1.2816 is its 90 % point, and the median ends either side."""
    table = LawTable.of(lambda tail, score: score * 10**9)
    assert table.edges[: CELLS + 1].tolist() == (-table.edges[CELLS + 1 :]).tolist()
    assert table.edges[CELLS] == 0
    assert table.value(2**64 - 1 - 2**63 + 2**64 // 10) / 10**9 == pytest.approx(1.2816, abs=1e-3)
    tails = LawTable.of(lambda tail, score: tail * 2**42)
    assert tails.edges[:3].tolist() == tails.edges[CELLS + 1 : CELLS + 4].tolist() == [2, 2, 2]
    assert tails.edges[-1] == tails.edges[CELLS] == 2**41


def test_a_scaled_law_is_rounded_and_bounded() -> None:
    table = LawTable(np.array([3, 5, 7, 11], np.int64))
    assert [table.scaled(0.5).edge(place) for place in range(4)] == [2, 2, 4, 6]  # halves to even
    assert table.scaled(0.5).edges.tolist() == [2, 2, 4, 6]
    assert table.scaled(1e30).edges.tolist() == [2**62] * 4
    assert table.scaled(1e30).edge(0) == 2**62
    assert (table.largest, table.only_value, table.scaled(2).largest) == (11, None, 22)
    assert LawTable.constant(9).only_value == 9


@pytest.mark.parametrize(
    ("form", "value"),
    [
        ({"constant_ms": "1.5"}, 1_500_000),
        ({"constant_ms": 2, "scale": "2.5"}, 5_000_000),
        ({"quantiles_score": {"p0": 7, "p100": 7}}, 7000),
        ({"quantiles_days": {"p0": 1, "p50": 1, "p100": 1}}, DAY),
    ],
)
def test_units_of_laws(form: dict[str, Any], value: int) -> None:
    """Nanoseconds; thousandths of a score."""
    assert law_table(Law.model_validate(form | SOURCED)).only_value == value


@pytest.mark.parametrize(
    ("form", "mean_ms"),
    [({"exponential_mean_ms": 250}, 250), ({"lognormal_mean_ms": 250, "cv": "0.5"}, 250),
     ({"lognormal_mean_ms": 250, "cv": "0.5", "scale": 2}, 500)],
)  # fmt: skip
def test_means_of_laws(form: dict[str, Any], mean_ms: float) -> None:
    assert law_table(Law.model_validate(form | SOURCED)).mean() / 10**6 == pytest.approx(mean_ms, rel=1e-3)


def test_the_mean_counts_the_far_end() -> None:
    """All nothing but the largest value at the very end of the upper side: 2^62 beyond 2^-41 of the probability, and on
    average half of it in the last cell, which holds a 64th of that: 2^21 + 2^14."""
    edges = np.zeros(2 * (CELLS + 1), np.int64)
    edges[CELLS + 1] = 2**62
    assert LawTable(edges).mean() == 2**21 + 2**14
    edges = np.zeros(2 * (CELLS + 1), np.int64)
    edges[0] = 2**62
    assert LawTable(edges).mean() == 2**21 + 2**14
    assert LawTable(np.full(2 * (CELLS + 1), 3, np.int64)).mean() == pytest.approx(3, rel=1e-12)


def test_edges_are_multiplied_to_whole_numbers() -> None:
    assert multiplied(np.array([1.0, 3.0, 2.0**61]), 2.5).tolist() == [
        2,
        8,
        2**62,
    ]  # 2.5 to even, 7.5, none beyond 2^62


def test_a_law_by_month_in_each_of_its_months() -> None:
    base = LawTable(np.array([3, 5], np.int64))
    law = LawByMonth(base, np.array([1.0, 3.0, 0.5]))
    assert law.of_month(0) is base
    assert [law.of_month(month).edges.tolist() for month in range(3)] == [[3, 5], [9, 15], [2, 2]]
    assert (law.largest, law.only_value) == (15, None)
    assert LawByMonth(LawTable.constant(4), np.array([1.0, 2.5])).only_value.tolist() == [4, 10]


# --- counts ------------------------------------------------------------------------------------------------------------

# A value's bin, and the middle of that bin: exact below 2^11, then 1,024 bins for each doubling.
BINS = [(0, 0, 0), (1, 1, 1), (1023, 1023, 1023), (1024, 1024, 1024), (2047, 2047, 2047), (2048, 2048, 2049),
        (2049, 2048, 2049), (2050, 2049, 2051), (4095, 3071, 4095), (4096, 3072, 4098), (4099, 3072, 4098),
        (4100, 3073, 4102), (8192, 4096, 8196)]  # fmt: skip


@pytest.mark.parametrize(("value", "at", "middle"), BINS)
def test_bins_of_a_histogram(value: int, at: int, middle: float) -> None:
    assert bin_of(value) == at
    assert bin_values(np.array([at])).tolist() == [middle]


@pytest.mark.parametrize(("level", "value"), [(0.0001, 1), (0.5, 1), (0.75, 1), (0.76, 5), (0.8, 5), (0.99, 9), (1, 9)])
def test_quantiles_of_a_histogram(level: float, value: float) -> None:
    """Twelve values: nine of 1, two of 5, one of 9. The level's share of them is at most the value."""
    histogram = np.zeros(20, np.int64)
    histogram[[1, 5, 9]] = (9, 2, 1)
    assert quantile(histogram, level) == value
    assert quantiles(histogram, [level, 1]) == [value, 9]
    assert quantile(np.zeros(20, np.int64), level) is None


def test_counts_of_many_months_side_by_side() -> None:
    """One more axis behind; where a month has fewer amounts, the rest occurs no time."""
    of = plan()
    one, other = Counts.empty(of), Counts.empty(of)
    one.outcomes[1, 1], other.outcomes[1, 1] = 4, 6
    one.functions[0, 1, 2] = 3
    one.amounts = {"card": np.array([[5, 9], [1, 2], [3, 4]])}
    other.amounts = {"card": np.array([[7], [8], [9]]), "ach": np.array([[1], [1], [1]])}
    both = Counts.of_months([one, other])
    assert both.outcomes.shape == (2, 8, 2)
    assert both.outcomes[1, 1].tolist() == [4, 6]
    assert both.functions.shape == (2, 2, 7, 2)
    assert both.functions[0, 1, 2].tolist() == [3, 0]
    assert (both.calls.shape, both.chunks.shape, both.stored_s.shape) == ((2, 0, 2),) * 3
    assert both.amounts["card"].tolist() == [[[5, 9], [7, 0]], [[1, 2], [8, 0]], [[3, 4], [9, 0]]]
    assert both.amounts["ach"].tolist() == [[[0], [1]]] * 3


def test_the_shapes_of_counts() -> None:
    counts = Counts.empty(plan())
    shapes = {
        name: list(getattr(counts, name).shape) for name in ("calls", "functions", "peak", "stations", "outcomes")
    }
    assert shapes == {"calls": [2, 0], "functions": [2, 2, 7], "peak": [2], "stations": [0, 3], "outcomes": [2, 8]}
    assert (counts.latency.shape, counts.latency_sum, counts.latency_max) == ((2, 54 * 1024), [0, 0], [0, 0])
    assert (counts.settled_days.shape, counts.paid_days.shape) == ((400,), (400,))
    assert all(
        array.dtype == np.int64 and not array.any() for array in vars(counts).values() if isinstance(array, np.ndarray)
    )
    assert counts.without_histograms().latency.shape == (2, 0)
    assert counts.without_histograms().latency.dtype == np.int64
    counts.set_lists("calls", [[], []])  # a plan without service calls counts in whole numbers, too
    assert (counts.calls.dtype, counts.calls.shape) == (np.int64, (2, 0))
    counts.set_lists("outcomes", [[1] * 8, [2] * 8])
    assert counts.lists("outcomes") == [[1] * 8, [2] * 8]
    counts.amounts = {"card": np.array([[5], [6], [7]])}
    assert [counts.times("card", basis).tolist() for basis in (0, 1)] == [[6], [7]]
    assert counts.times("ach", 0).tolist() == []
    assert counts.times("ach", 0).dtype == np.int64
