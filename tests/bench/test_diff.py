"""How long `diff` takes from a warm install: run by `pytest -m bench -s`."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.guarded import started

CASES = [
    ("nothing changed", ()),
    ("a price", ("--set", "services.kms.keys.price=2")),
    ("a memory size", ("--set", "pipeline.functions.fraud_detector.memory_mb=2048")),
    ("another seed", ("--seed", "2")),
]


@pytest.mark.bench
@pytest.mark.parametrize(("what", "words"), CASES, ids=[case[0] for case in CASES])
def test_diff_of_the_seed_scenario(tmp_path: Path, what: str, words: tuple[str, ...]) -> None:
    """The whole process, start and imports included; wanted: under 3 s."""
    base = tmp_path / "seed_aws.json"
    assert started("baseline", "seed_aws", "--out", base, "--engine", "compiled")[0] == 0
    began = time.perf_counter()
    code, _, err = started("diff", base, *words, "--engine", "compiled")
    took = time.perf_counter() - began
    assert code in (0, 3), err
    print(f"\ndiff seed_aws, {what}: {took:.2f} s")
