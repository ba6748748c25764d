"""The what-if panel without a browser: its figures, its sliders, its command line, its scenario file, its widgets."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import shlex
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from costmodel.analysis.check import check
from costmodel.analysis.panel import Panel, panel
from costmodel.analysis.panel_files import read_panel
from costmodel.analysis.panel_inputs import Inputs, command_line, inputs_of
from costmodel.assumptions.catalog import data_dir
from costmodel.errors import CostmodelError, InputError, UsageError
from costmodel.reporting import panel_page
from costmodel.reporting.panel import WhatIf
from costmodel.reporting.panel_file import panel_scenario, save
from costmodel.run import assume, run

SCENARIO = "seed_aws"
FILE, _, PERIMETERS = read_panel()
START = assume(SCENARIO, None)
AS_IT_IS = inputs_of(START, FILE.perimeter)
MOVED = dataclasses.replace(
    AS_IT_IS, payments=4000, ticket_usd=Decimal("63"), ach_percent=Decimal(60), provisioned=1, on=dt.date(2026, 3, 1),
    perimeter="both_legs",
)  # fmt: skip


@pytest.fixture(scope="module")
def as_it_is() -> Panel:
    return panel()


@pytest.fixture(scope="module")
def moved() -> Panel:
    return panel(SCENARIO, perimeter=MOVED.perimeter, set=MOVED.changes(START))


def figures(found: dict[str, Any]) -> dict[str, Any]:
    """All that the panel gives but what was asked for and where it came from."""
    return {key: found[key] for key in ("perimeters", "costs", "left_out", "latency_ms", "intervals", "claims")}


# --- the figures -----------------------------------------------------------------------------------------------------


def test_all_by_bank_transfer_it_is_what_check_finds(as_it_is: Panel) -> None:
    """`check` goes another way to the same months: its own sides, every perimeter, every claim."""
    found = check(set={"replications": FILE.effort.replications})
    for name in FILE.shown:
        assert as_it_is.rows[name].row == found.modelled[name].row
        assert as_it_is.rows[name].intervals == found.modelled[name].intervals
    assert as_it_is.own.latency_ms == found.own.latency_ms
    assert as_it_is.own.bill.total_usd == found.own.bill.total_usd


def test_a_mix_is_simulated_as_run_does(moved: Panel) -> None:
    asked = {**moved.changes, **moved.simulated}
    month = run(SCENARIO, set=asked)
    assert month.bill.total_usd == moved.own.bill.total_usd
    assert month.latency_ms == moved.own.latency_ms
    stripe = {term.name for term in panel(set={**MOVED.changes(START)}, perimeter="same_rail").row.row.stripe}
    assert {"stripe.ach_debit", "stripe.card"} <= stripe


def test_without_bank_transfers_both_legs_are_cards_kept() -> None:
    """`cards_kept` is defined as `both_legs` with buyers who go on paying by card."""
    rows = panel(set={"workload.methods.ach": 0, "workload.methods.card": 1}).rows
    assert rows["both_legs"].row.own_usd == rows["cards_kept"].row.own_usd
    assert rows["both_legs"].row.stripe_usd == rows["cards_kept"].row.stripe_usd
    assert rows["same_rail"].row.reduction_percent == rows["cards_kept"].row.reduction_percent


def test_costs_add_up_to_both_sides(moved: Panel) -> None:
    row = moved.row.row
    assert sum(cost.own_usd or 0 for cost in moved.costs) == row.own_usd
    assert sum(cost.stripe_usd or 0 for cost in moved.costs) == row.stripe_usd


@pytest.mark.parametrize("slider", ["payments", "ticket", "ach_share", "provisioned"])
@pytest.mark.parametrize("end", ["low", "high"])
def test_the_end_of_a_slider_gives_figures(slider: str, end: str) -> None:
    value = getattr(getattr(FILE, slider), end)
    name = {"ticket": "ticket_usd", "ach_share": "ach_percent"}.get(slider, slider)
    whole = slider in ("payments", "provisioned")
    inputs = dataclasses.replace(AS_IT_IS, **{name: int(value) if whole else value})
    found = panel(set=inputs.changes(START))
    assert found.row.row.reduction_percent is not None
    assert found.own.payments * found.own.replications <= FILE.effort.payments
    assert found.row.intervals["reduction"] is not None


@pytest.mark.parametrize("day", [FILE.on.first, FILE.on.last])
def test_the_first_and_the_last_day_have_prices(day: dt.date) -> None:
    assert panel(set={"on": day}).row.row.reduction_percent is not None


def test_a_shortened_scenario_is_fitted_anew() -> None:
    found = panel("hourly_10k_quarter_hour", set={"workload.payments_per_month": 300})
    assert found.own.payments == 300  # not a quarter of an hour of them


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"perimeter": "same_rails"}, "did you mean `same_rail`"),
        ({"scenario": "seed_stripe"}, "no system of one's own"),
        ({"scenario": "no_such"}, "no such scenario"),
        ({"set": {"workload.payments_a_month": 5}}, "did you mean `payments_per_month`"),
        ({"set": {"on": dt.date(1999, 1, 1)}}, "no price on 1999-01-01"),
        ({"set": {"workload.methods.ach": Decimal("0.6")}}, "must sum to 1"),
    ],
)
def test_what_cannot_be_done_is_said(asked: dict[str, Any], says: str) -> None:
    with pytest.raises(CostmodelError, match=says):
        panel(**asked)


# --- the sliders -----------------------------------------------------------------------------------------------------


def test_sliders_start_from_the_document() -> None:
    """500 payments of 200 USD, all by ACH, nothing kept warm: the judged document's lines 9, 13 and 23."""
    day = dt.date(2026, 11, 23)
    assert Inputs(500, Decimal(200), Decimal(100), 0, day, "same_rail") == AS_IT_IS
    assert AS_IT_IS.changes(START) == {}


@pytest.mark.parametrize(
    ("slider", "own", "first", "number", "last"),
    [
        ("payments", 500, [50, 56, 63, 71], 107, 10_000_000),  # 5.3 decades of 20, and the lower end
        ("payments", 501, [50, 56, 63, 71], 108, 10_000_000),  # what the scenario itself has can be come back to
        ("ticket", 200, [1, Decimal("1.1"), Decimal("1.3"), Decimal("1.4")], 81, 10_000),
        ("ach_share", 100, [0, 5, 10, 15], 21, 100),
        ("provisioned", 12, [0, 1, 2, 3], 12, 12),
    ],
)
def test_values_of_a_slider(slider: str, own: int, first: list[Any], number: int, last: int) -> None:
    values = getattr(FILE, slider).values(Decimal(own))
    assert values[:4] == first
    assert (len(values), values[-1]) == (number, last)
    assert own in values


def test_what_sliders_set() -> None:
    warm = ["booking_processor", "aws_payment_processor", "escrow_manager", "fraud_detector", "ach_transfer_manager"]
    assert MOVED.changes(START) == {
        "workload.payments_per_month": 4000,
        "workload.accounts": 600,  # 75 for 500
        "workload.mean_ticket_usd": Decimal(63),
        "workload.methods.ach": Decimal("0.6"),
        "workload.methods.card": Decimal("0.4"),
        **{f"pipeline.functions.{name}.provisioned_concurrency": 1 for name in warm},
        "on": dt.date(2026, 3, 1),
    }


BAD_FILES = [
    ("[payments]\nlow = 0\n", "needs a `low` above 0"),
    ("[ticket]\nlow = 20_000\n", "`low` must lie below `high`"),
    ("[ach_share]\nhigh = 150\n", "at most 100"),
    ("[ach_share]\nper_decade = 3\n", "either `step` or `per_decade`"),
    ("[ach_share]\nstep = 0.001\n", "more than 1000 steps"),
    ("[on]\nlast = 2020-01-01\n", "`first` must lie before `last`"),
    ("[effort]\npayments = 3\n", "at least one for each"),
    ('shown = ["list_price"]\n', "`perimeter` must be one of `shown`"),
    ('shown = ["same_rail", "list_prize"]\n', "did you mean `list_price`"),
    ("[sliders]\n", "unknown key"),
]


@pytest.mark.parametrize(("text", "says"), BAD_FILES)
def test_a_faulty_file_is_refused_at_its_line(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "panel").mkdir()
    (tmp_path / "panel" / "seed.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=says) as caught:
        panel(data=tmp_path)
    assert "seed.toml" in str(caught.value)


# --- the same from the command line and from the file ----------------------------------------------------------------


def test_the_command_gives_the_same_figures(cli: Callable[..., tuple[int, str, str]], moved: Panel) -> None:
    line = command_line(SCENARIO, moved.perimeter, moved.changes)
    words = shlex.split(line)
    assert words[0] == "costmodel"
    code, out, err = cli(*words[1:], "--format", "json")
    assert (code, err) == (0, "")
    assert figures(json.loads(out)) == figures(json.loads(json.dumps(moved.to_dict())))


def test_the_file_gives_the_same_figures(
    cli: Callable[..., tuple[int, str, str]], moved: Panel, tmp_path: Path
) -> None:
    file = save(panel_scenario(moved), str(tmp_path / "kept.toml"))
    assert figures(panel(str(file), perimeter=moved.perimeter).to_dict()) == figures(moved.to_dict())
    code, out, _ = cli("run", file, "--format", "json")
    month = json.loads(out)
    assert code == 0
    assert month["bill"]["total_usd"] == moved.to_dict()["bill"]["total_usd"]
    assert {level: month["latency_ms"][level] for level in ("p50", "p95", "p99")} == moved.to_dict()["latency_ms"]
    assert cli("validate", file)[0] == 0


def test_check_takes_the_file_and_agrees_where_all_pay_by_bank_transfer(tmp_path: Path) -> None:
    inputs = dataclasses.replace(AS_IT_IS, payments=5000)
    found = panel(set=inputs.changes(START))
    file = save(panel_scenario(found), str(tmp_path / "kept.toml"))
    checked = check(scenario=str(file))
    assert {name: checked.modelled[name].row for name in FILE.shown} == {n: row.row for n, row in found.rows.items()}


def test_a_file_over_a_file(tmp_path: Path, moved: Panel) -> None:
    below = save(panel_scenario(moved), str(tmp_path / "below.toml"))
    above = panel(str(below), perimeter="same_rail", set={"workload.payments_per_month": 200}, seed=7)
    file = save(panel_scenario(above, seed=7), str(tmp_path / "above.toml"))
    assert figures(panel(str(file), perimeter="same_rail").to_dict()) == figures(above.to_dict())


@pytest.mark.parametrize("form", ["table", "csv", "markdown"])
def test_every_format_names_the_answer(form: str, cli: Callable[..., tuple[int, str, str]]) -> None:
    code, out, _ = cli("panel", SCENARIO, "--format", form)
    assert code == 0
    assert "same rail, both legs" in out


def test_a_command_is_quoted_for_the_shell() -> None:
    line = command_line("a b.toml", "same_rail", {"on": dt.date(2026, 1, 1), "x.y": Decimal("1E+2")}, "my data", 3)
    words = ["costmodel", "panel", "a b.toml", "--perimeter", "same_rail", "--on", "2026-01-01", "--set", "x.y=100",
             "--data", "my data", "--seed", "3"]  # fmt: skip
    assert shlex.split(line) == words


# --- saving ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "ends in .toml"),
        ("kept", "ends in .toml"),
        ("kept.json", "ends in .toml"),
        ("missing/kept.toml", "there is no folder"),
        (str(data_dir() / "scenarios" / "seed_aws.toml"), "lies in the shipped data"),
        (str(data_dir() / "scenarios" / "new.toml"), "lies in the shipped data"),
    ],
)
def test_where_it_is_not_saved(name: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    before = (data_dir() / "scenarios" / "seed_aws.toml").read_bytes()
    with pytest.raises(InputError, match=says):
        save("title = 'x'\n", name, replace=True)
    assert (data_dir() / "scenarios" / "seed_aws.toml").read_bytes() == before
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_replaced_only_when_that_is_asked_for(tmp_path: Path) -> None:
    target = tmp_path / "scenarios" / "ours.toml"
    target.parent.mkdir()
    target.write_text("old")
    with pytest.raises(InputError, match="is there already and belongs to your data folder"):
        save("new", str(target), data=tmp_path)
    assert target.read_text() == "old"
    save("new", str(target), data=tmp_path, replace=True)
    assert target.read_text() == "new"


# --- what a file contains is shown, not run --------------------------------------------------------------------------

EVIL = "<script>alert(1)</script><b>&\"'"


def test_names_from_files_are_escaped(tmp_path: Path) -> None:
    for folder, text in {
        "perimeters": f"[[perimeter]]\nid = 'same_rail'\ntitle = '''{EVIL}'''\n",
        "services": f"name = '''{EVIL}'''\n",
        "claims": f"[[claim]]\nid = 'ECO-S18'\nquote = '''{EVIL}'''\n",
        "panel": f"[payments]\nlabel = '''{EVIL}'''\n",
    }.items():
        (tmp_path / folder).mkdir()
        name = "kms" if folder == "services" else "seed"
        (tmp_path / folder / f"{name}.toml").write_text(text, encoding="utf-8")
    shown = WhatIf(SCENARIO, {}, tmp_path, None, "seed", "auto")
    shown.update()
    assert shown.panel is not None
    pieces = (shown.headline, shown.reductions, shown.costs, shown.latency, shown.verdicts, shown.notes, shown.command)
    text = "".join(piece.value for piece in pieces)
    assert text.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 4  # finding, perimeter, service, claim
    assert "<script" not in text
    assert "<b>" not in text
    assert not shown.payments.description_allow_html


# --- the widgets -----------------------------------------------------------------------------------------------------


def test_widgets_show_what_the_function_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moved: Panel) -> None:
    monkeypatch.chdir(tmp_path)
    shown = WhatIf(SCENARIO, {}, None, None, "seed", "auto")
    box = shown.shown()
    heights = [piece.layout.height for piece in box.children]
    assert shown.headline.value == panel_page.headline(panel())
    shown.payments.value, shown.ticket.value, shown.ach_share.value = Decimal(4000), Decimal(63), Decimal(60)
    shown.provisioned.value, shown.on.value, shown.perimeter.value = Decimal(1), MOVED.on, MOVED.perimeter
    assert shown.inputs == MOVED
    assert shown.headline.value == panel_page.headline(moved)
    assert shown.costs.value == panel_page.costs(moved)
    assert shown.verdicts.value == panel_page.verdicts(moved)
    assert [piece.layout.height for piece in box.children] == heights
    shown.save()
    assert (tmp_path / "my_scenario.toml").read_text(encoding="utf-8") == panel_scenario(moved)
    shown.save()
    assert "is there already" in shown.saved.value


def test_no_figures_come_with_a_reason() -> None:
    shown = WhatIf(SCENARIO, {"services.lambda.quota.0.per_second": 5}, None, None, "seed", "auto")
    shown.shown()
    shown.given["on"] = dt.date(1999, 1, 1)
    shown.payments.value = Decimal(1000)
    assert "no price on 1999-01-01" in shown.headline.value
    assert 'role="alert"' in shown.headline.value
    assert shown.costs.value == shown.command.value == ""  # nothing of the last figures stays
    shown.save()
    assert "Nothing to save" in shown.saved.value


def test_without_ipywidgets_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    with pytest.raises(UsageError, match=r"costmodel\[notebooks\]"):
        WhatIf(SCENARIO, {}, None, None, "seed", "auto")
