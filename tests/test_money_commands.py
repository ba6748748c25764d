"""The commands about prices and money as their user types them: bill's options; prices, processors, ach."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Cli = Callable[..., tuple[int, str, str]]


def answer(found: tuple[int, str, str]) -> Any:
    assert found[0] == 0, found[2]
    return json.loads(found[1])


# --- bill ----------------------------------------------------------------------------------------------------------

USAGE = """service,meter,quantity,calls,amount_cents,surcharges,hours
kms,keys,1,,,,365
dynamodb,provisioned_write_hours,20000,,,,
stripe,ach_debit,,1,100000,,
"""


# options, what each line costs. Source: 365 of 730, or of September's 720 hours at 1.00; 1,400 unit-hours beyond the
# free 18,600 at 0.00065; ACH at most 5.00, or 1.2 % without a cap for settlement in two days.
@pytest.mark.parametrize(("options", "costs"), [
    (["--month-hours", "730"], ["0", "0.91", "0.5", "5"]),
    (["--month-hours", "actual", "--no-free-tier"], ["13", "0.5069444444", "5"]),
    (["--month-hours", "730", "--plan", "stripe=two_day"], ["0", "0.91", "0.5", "12"]),
])  # fmt: skip
def test_bill_options(options: list[str], costs: list[str], cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "usage.csv").write_text(USAGE)
    found = answer(cli("bill", tmp_path / "usage.csv", "--on", "2026-09-15", "--format", "json", *options))
    assert [line["cost_usd"] for line in found["bill"]["lines"]] == costs


@pytest.mark.parametrize(("options", "said"), [
    (["--month-hours", "0"], "0 is no number of hours; write 730, or actual"),
    (["--month-hours", "-1"], "is no number of hours"),
    (["--month-hours", "monthly"], "write 730, or actual"),
    (["--plan", "stripe"], "not NAME=VALUE; write e.g. --plan stripe=two_day"),
    (["--plan", "stripe=free"], "stripe has no plan `free`"),
    (["--plan", "strip=list"], "a plan is named for the unknown service `strip`; did you mean `stripe`?"),
])  # fmt: skip
def test_bill_options_that_make_no_sense(options: list[str], said: str, cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "usage.csv").write_text(USAGE)
    code, out, err = cli("bill", tmp_path / "usage.csv", *options)
    assert (code, out) == (2, "")
    assert said in err
