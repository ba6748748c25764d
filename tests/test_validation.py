"""The validation page is what the engine gives now, and what it predicts of real logs is near enough."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.validation import logs, simfaas
from tests.validation.page import page, total

MOST_OFF = {"cold_starts": 0.15, "environments": 0.05}


def test_page_is_as_made(root: Path) -> None:
    """If a change of the engine was meant to move it: `python -m tests.validation`, and look at what moved."""
    kept, made = (root / "VALIDATION.md").read_text(encoding="utf-8").splitlines(), page().splitlines()
    differ = [pair for pair in zip(kept, made, strict=False) if pair[0] != pair[1]]
    assert (differ, len(kept)) == ([], len(made)), "make it again with `python -m tests.validation`"


@pytest.mark.parametrize("figure", MOST_OFF)
@pytest.mark.parametrize("fitted", [False, True], ids=["shipped", "fitted on the other logs"])
def test_real_logs_are_predicted(figure: str, fitted: bool) -> None:
    """In total; the logs were measured by pacslab/serverless-performance-modeling."""
    keep_alives = [logs.fitted_on_the_others(day) if fitted else None for day in logs.DAYS]
    ours = total([logs.predicted(day, keep) for day, keep in zip(logs.DAYS, keep_alives, strict=True)])
    real = total([logs.measured(logs.read_log(day)) for day in logs.DAYS])
    assert getattr(ours, figure) == pytest.approx(getattr(real, figure), rel=MOST_OFF[figure])


@pytest.mark.parametrize("day", logs.DAYS)
def test_mean_number_of_environments_is_predicted_in_each_log(day: str) -> None:
    real = logs.measured(logs.read_log(day)).environments
    assert logs.predicted(day).environments == pytest.approx(real, rel=MOST_OFF["environments"])


@pytest.mark.parametrize(
    ("day", "calls", "cold"), [("2020-05-26", 1648, 29), ("2020-06-10", 428, 32), ("2020-06-18", 791, 28)]
)
def test_logs_are_read_whole(day: str, calls: int, cold: int) -> None:
    """Rows and cold calls as counted in the source's own files."""
    log = logs.read_log(day)
    assert (len(log.came_s), int(log.cold.sum()), len(log.spans)) == (calls, cold, cold + 1)


@pytest.mark.parametrize("row", simfaas.recorded(), ids=lambda row: f"seed {row['seed']}")
def test_cold_starts_equal_those_of_simfaas(row: dict[str, str]) -> None:
    ours = simfaas.ours(float(row["until_s"]), int(row["seed"]))
    assert ours.cold_starts == int(row["cold_starts_most_recent"])
    assert ours.environments == pytest.approx(
        float(row["mean_servers_most_recent"]), rel=1e-4
    )  # theirs ends with the last call


@pytest.mark.parametrize("row", simfaas.recorded(), ids=lambda row: f"seed {row['seed']}")
def test_simfaas_gives_what_is_recorded_of_it(row: dict[str, str]) -> None:
    pytest.importorskip("simfaas", reason="SimFaaS is not installed (extra `bench`)")
    for ending, most_recent in (("", False), ("_most_recent", True)):
        theirs = simfaas.theirs(float(row["until_s"]), int(row["seed"]), most_recent=most_recent)
        assert theirs.total_req_count == int(row["calls"])
        assert theirs.total_cold_count == int(row[f"cold_starts{ending}"])
        assert f"{theirs.get_average_server_count():.4f}" == row[f"mean_servers{ending}"]
