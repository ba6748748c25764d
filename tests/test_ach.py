"""Bank files: settlement by window and day, the last day of a return by code, and what returns cost."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from costmodel.analysis.ach_returns import return_costs
from costmodel.assumptions.catalog import load_assumptions, load_services
from costmodel.assumptions.changes import Change
from costmodel.assumptions.service import ReturnCodes
from costmodel.errors import InputError, UsageError
from costmodel.simulation.ach_dates import NEW_YORK, find_codes, last_return_day, settlement
from tests.test_money_commands import Cli, answer

ACH = load_services()["ach"]
WINDOWS = {window.name: window for window in ACH.window}


def local(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=NEW_YORK)


# handed in (New York), settlement in the morning, afternoon and evening window, and next day. Source: the operator's
# windows 10:30, 14:45, 16:45 settle at 13:00, 17:00, 18:00 and next day at 08:30; days by the Federal Reserve's rule.
SETTLED = [
    ("2018-01-11T09:00", "2018-01-11T13:00", "2018-01-11T17:00", "2018-01-11T18:00", "2018-01-12T08:30"),  # a Thursday
    ("2018-01-11T10:30", "2018-01-11T13:00", "2018-01-11T17:00", "2018-01-11T18:00", "2018-01-12T08:30"),  # in time
    ("2018-01-11T10:31", "2018-01-12T13:00", "2018-01-11T17:00", "2018-01-11T18:00", "2018-01-12T08:30"),  # too late
    ("2018-01-12T17:00", "2018-01-16T13:00", "2018-01-16T17:00", "2018-01-16T18:00", "2018-01-16T08:30"),  # before King
    ("2018-01-13T09:00", "2018-01-16T13:00", "2018-01-16T17:00", "2018-01-16T18:00", "2018-01-16T08:30"),  # a Saturday
    ("2021-07-02T17:00", "2021-07-06T13:00", "2021-07-06T17:00", "2021-07-06T18:00", "2021-07-06T08:30"),  # 4th: Sunday
    ("2023-11-10T09:00", "2023-11-10T13:00", "2023-11-10T17:00", "2023-11-10T18:00", "2023-11-13T08:30"),  # open Friday
    ("2026-11-25T15:00", "2026-11-27T13:00", "2026-11-27T17:00", "2026-11-25T18:00", "2026-11-27T08:30"),  # Thanksgiving
    ("2024-02-29T16:45", "2024-03-01T13:00", "2024-03-01T17:00", "2024-02-29T18:00", "2024-03-01T08:30"),
]  # fmt: skip


@pytest.mark.parametrize(("handed_in", "morning", "afternoon", "evening", "next_day"), SETTLED)
def test_settlement_by_window(handed_in: str, morning: str, afternoon: str, evening: str, next_day: str) -> None:
    names = ("same_day_morning", "same_day_afternoon", "same_day_evening", "next_day")
    found = [settlement(local(handed_in), WINDOWS[name]) for name in names]
    assert found == [local(text) for text in (morning, afternoon, evening, next_day)]


@pytest.mark.parametrize(("instant", "settles"), [
    ("2026-11-25T15:30+00:00", "2026-11-25T13:00-05:00"),  # 10:30 in New York, in winter
    ("2026-07-01T14:30+00:00", "2026-07-01T13:00-04:00"),  # and in summer
    ("2026-07-01T14:31+00:00", "2026-07-02T13:00-04:00"),
    ("2026-11-26T02:00+00:00", "2026-11-27T13:00-05:00"),  # still Wednesday evening there
])  # fmt: skip
def test_the_clock_is_new_yorks(instant: str, settles: str) -> None:
    found = settlement(dt.datetime.fromisoformat(instant), WINDOWS["same_day_morning"])
    assert found == dt.datetime.fromisoformat(settles)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(UsageError, match="has no time zone"):
        settlement(dt.datetime(2026, 11, 25, 9, 0), WINDOWS["next_day"])


# code, settled, last day. Source: 2 banking days, 60 calendar days, the next file; banking days of the answer key.
RETURNS = [
    ("R01", "2018-01-11", "2018-01-16"), ("R02", "2021-07-02", "2021-07-07"), ("R29", "2018-01-11", "2018-01-16"),
    ("R10", "2026-09-26", "2026-11-25"),  # 60 days on
    ("R05", "2026-09-27", "2026-11-27"),  # would be Thanksgiving
    ("R07", "2023-11-10", "2024-01-09"), ("R11", "2026-07-06", "2026-09-04"),
    ("R13", "2018-01-12", "2018-01-16"), ("R06", "2018-01-12", None),
]  # fmt: skip


@pytest.mark.parametrize(("code", "settled", "last"), RETURNS)
def test_the_last_day_of_a_return(code: str, settled: str, last: str | None) -> None:
    found = last_return_day(dt.date.fromisoformat(settled), find_codes(code, ACH.return_codes))
    assert found == (None if last is None else dt.date.fromisoformat(last))


def test_every_code_has_one_window_and_a_limit() -> None:
    codes = [code for each in ACH.return_codes for code in each.codes]
    assert len(codes) == len(set(codes))
    categories = {code: each.category for each in ACH.return_codes for code in each.codes}
    assert {code for code, category in categories.items() if category == "administrative"} == {"R02", "R03", "R04"}
    assert {code for code, category in categories.items() if category == "unauthorized"} == {
        "R05", "R07", "R10", "R11", "R29",
    }  # fmt: skip


def test_a_code_that_is_not_known() -> None:
    with pytest.raises(UsageError, match="no return code R99; known are R02"):
        find_codes("R99", ACH.return_codes)


@pytest.mark.parametrize("wrong", [{"unit": "agreement", "within": 2}, {"unit": "banking day"}, {"codes": ["01"]}])
def test_codes_that_contradict_themselves(wrong: dict[str, object]) -> None:
    sourced = {"source": "test", "read": dt.date(2026, 1, 1), "basis": "published", "category": "other"}
    with pytest.raises(ValueError, match=r"within|pattern"):
        ReturnCodes.model_validate({"codes": ["R01"], "unit": "banking day", **sourced, **wrong})


# What returns cost 500 debits of 200.00 a month: low, assumed, high. Source: 0.25 a debit, 4.00 a return, 4.50 more for
# an unauthorized one, and the loss of its 200.00; returns 1, 2 and 5 % of debits, of them 0.03, 0.1 and 0.5 points
# unauthorized (payments by ACH: returns 10, 40 and 125 per 100,000 within their prices, losses 30, 100 and 500).
ECONOMICS = [
    ("low", "4.85", "0.15", "1000", "125", "20", "0.675", "30", "1.00", "0.03"),
    ("value", "9.5", "0.5", "2000", "125", "40", "2.25", "100", "2.00", "0.10"),
    ("high", "22.5", "2.5", "5000", "125", "100", "11.25", "500", "5.00", "0.50"),
]  # fmt: skip


def test_what_returns_cost() -> None:
    found = return_costs(load_assumptions("seed_aws"))
    for costs, expected in zip(found, ECONOMICS, strict=True):
        end, *figures = expected
        lines = [line.cost_usd for line in costs.bill.lines]
        limits = [costs.limits[name][0] for name in ("most_return_share", "most_unauthorized_return_share")]
        assert costs.end == end
        assert [costs.returns, costs.unauthorized, costs.money_back_usd, *lines, *limits] == [
            Decimal(f) for f in figures
        ]
        assert costs.usd_per_debit * 500 == costs.bill.total_usd
    assert found[1].limits == {"most_return_share": (Decimal(2), Decimal(15)),
                               "most_unauthorized_return_share": (Decimal("0.1"), Decimal("0.5"))}  # fmt: skip


def test_a_month_without_returns() -> None:
    changes = [Change(f"workload.fates.{name}.share.{key}", 0) for name in ("ach_return", "ach_unauthorized_return")
               for key in ("value", "low", "high")]  # fmt: skip
    (_, costs, _) = return_costs(load_assumptions("seed_aws", changes=tuple(changes)))
    assert (costs.bill.total_usd, costs.usd_per_return) == (125, None)


def test_ach_command(cli: Cli) -> None:
    found = answer(cli("ach", "--sent", "2026-11-25T15:00", "--format", "json"))
    assert [window["settles"] for window in found["windows"]] == [
        "2026-11-27T13:00:00-05:00", "2026-11-27T17:00:00-05:00", "2026-11-25T18:00:00-05:00", "2026-11-27T08:30:00-05:00",
    ]  # fmt: skip
    assert found["windows"][3]["last_return"]["R05,R07,R10,R11"] == "2027-01-26"
    assert [each["total_usd"] for each in found["returns"]] == ["175.6750000000", "267.2500000000", "736.2500000000"]
    assert "unauthorized, limit 0.5" in cli("ach", "--sent", "2026-11-25T15:00")[1]
    assert (
        "0.60\xa0% above it"
        in cli("ach", "--set", "workload.fates.ach_unauthorized_return.share=0.006", "--set", "pipeline.description=x")[
            1
        ]
    )
    code, _, err = cli("ach", "--sent", "tomorrow")
    assert (code, "is no time; write e.g. 2026-11-25T15:00" in err) == (2, True)


def test_handed_in_now_is_the_day_that_the_environment_names(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wednesday the 25th at noon: the next day is Thanksgiving, so that next-day entries settle on Friday."""
    monkeypatch.setenv("COSTMODEL_TODAY", "2026-11-25")
    found = answer(cli("ach", "--format", "json"))
    assert found["handed_in"] == "2026-11-25T12:00:00-05:00"
    assert found["windows"][-1]["settles"][:10] == "2026-11-27"


def test_a_window_can_be_laid_over(tmp_path: object) -> None:
    """A bank that takes files until 08:30: one key of one entry."""
    from pathlib import Path

    folder = Path(str(tmp_path))
    (folder / "services").mkdir()
    (folder / "services" / "ach.toml").write_text('[[window]]\nname = "same_day_morning"\ncut_off = "08:30"\n')
    ours = load_services(folder)["ach"]
    assert len(ours.window) == len(ACH.window)
    assert settlement(local("2018-01-11T09:00"), ours.window[0]) == local("2018-01-12T13:00")
    (folder / "services" / "ach.toml").write_text('[[window]]\nname = "same_day_morning"\ncut_off = "8.30"\n')
    with pytest.raises(InputError, match=r"ach\.toml:3: window\[0\]\.cut_off"):
        load_services(folder)
