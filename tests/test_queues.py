"""The engine against queueing theory: every case of the answer key, simulated through a plan of one station."""

from __future__ import annotations

import pytest

from tests.validation import formulas, theory

ERRORS = 4  # standard errors that a mean of twenty runs may be off


@pytest.mark.parametrize("line", theory.KEY, ids=[line["id"] for line in theory.KEY])
def test_simulation_meets_the_answer_key(line: dict[str, str]) -> None:
    row = next(row for row in theory.rows(line["id"].split("_")[0]) if row.metric == line["metric"])
    assert row.tolerance is not None
    assert row.ours == pytest.approx(row.expected, abs=row.tolerance), row.source
    assert abs(row.z) < ERRORS


@pytest.mark.parametrize("case", theory.CASES)
def test_simulation_meets_theory(case: str) -> None:
    assert [row for row in theory.rows(case) if abs(row.z) >= ERRORS] == []


@pytest.mark.parametrize("line", theory.THEORY, ids=[f"{line['case']}-{line['metric']}" for line in theory.THEORY])
def test_expected_figures_follow_from_the_formulas(line: dict[str, str]) -> None:
    """Published digits against the formula: half a unit of the last digit given."""
    digits = len(line["expected"].partition(".")[2])
    assert formulas.EXPECTED[line["case"], line["metric"]] == pytest.approx(
        float(line["expected"]), abs=0.51 * 10**-digits
    )


def test_every_further_case_is_simulated() -> None:
    assert {line["case"] for line in theory.THEORY} == set(theory.CASES)
    assert {(line["case"], line["metric"]) for line in theory.THEORY} == set(formulas.EXPECTED)
