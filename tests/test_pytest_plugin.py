"""The pytest plugin, used as a repository that installed the package uses it: its own process, its own folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.guarded import ROOT, edited

EXAMPLE = ROOT / "tests" / "example_repository"
REFERENCE = ("-o", "costmodel_engine=reference", "-p", "no:cacheprovider")


def pytest_run(place: Path, *words: str) -> tuple[int, str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *REFERENCE, *words],
        cwd=place, capture_output=True, text=True, check=False, env=environment,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def renewed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example repository with its baseline made as its README says."""
    place = tmp_path_factory.mktemp("repository") / "ours"
    shutil.copytree(EXAMPLE, place)
    code, said = pytest_run(place, "--cost-update", "-k", "agreed")
    assert (code, "tests/baselines/ours.json written" in said) == (0, True), said
    return place


@pytest.fixture
def repository(renewed: Path, tmp_path: Path) -> Path:
    shutil.copytree(renewed, tmp_path / "ours")
    return tmp_path / "ours"


def test_the_example_passes_also_on_two_workers(repository: Path) -> None:
    code, said = pytest_run(repository, "-m", "cost", "-n", "2")
    assert (code, "4 passed" in said, "nothing moved" in said) == (0, True, True), said


def test_it_fails_usefully_when_a_price_changes(repository: Path) -> None:
    """Five keys at $1.20 instead of $0.80: two dollars more, $1 beyond their budget."""
    edited(repository / "cost" / "services" / "kms.toml", '"0.80"', '"1.20"')
    code, said = pytest_run(repository, "-k", "agreed")
    assert code == 1
    for words in ("blocked by policy: kms rose 50.00", "budget $5.00", "5 × $0.8", "5 × $1.2", "+$2.00", "price book",
                  "0.80 → 1.20", "pytest --cost-update --cost-reason"):  # fmt: skip
        assert words in said, said
    assert "Traceback" not in said


def test_renewing_keeps_the_reason(repository: Path) -> None:
    edited(repository / "cost" / "services" / "kms.toml", '"0.80"', '"1.20"')
    assert pytest_run(repository, "-k", "agreed", "--cost-update", "--cost-reason", "new contract")[0] == 0
    kept = json.loads((repository / "tests" / "baselines" / "ours.json").read_text(encoding="utf-8"))
    assert kept["reasons"] == ["pytest --cost-update", "new contract"]


def test_a_missing_baseline_and_a_flipped_claim_fail(repository: Path) -> None:
    (repository / "tests" / "baselines" / "ours.json").unlink()
    edited(repository / "cost" / "claims" / "ours.toml", "keys = 4", "keys = 3")
    code, said = pytest_run(repository, "-k", "agreed or paper")
    assert (code, "2 failed" in said) == (1, True), said
    assert "no baseline at tests/baselines/ours.json: nothing was compared" in said
    assert "PAPER-1: keys are 80 % of what KMS costs" in said
    assert "pinned holds; found fails" in said


def test_the_plugin_loads_nothing_heavy_where_it_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "test_other.py").write_text(
        textwrap.dedent(
            """
            import sys

            def test_nothing_is_loaded():
                heavy = {"numpy", "pandas", "scipy", "numba", "simpy", "pydantic", "matplotlib"} & set(sys.modules)
                ours = {name for name in sys.modules if name.startswith("costmodel.")}
                assert (heavy, ours) == (set(), {"costmodel.errors", "costmodel.reporting",
                                                 "costmodel.reporting.pytest_plugin"})
            """
        ),
        encoding="utf-8",
    )
    code, said = pytest_run(tmp_path, "-W", "error", "--strict-markers", "-p", "no:hypothesispytest")
    assert (code, "1 passed" in said) == (0, True), said
