"""The same scenario, data and seed give the same bytes but for `provenance`, whoever computes them and wherever.

Engines, worker counts, how much is drawn for, simulated, read or billed at once, vector units of the processor, the hash
seed of Python; and other versions of Python: set COSTMODEL_PYTHONS to interpreters that have the dependencies, separated by colons.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from pyarrow import parquet

import costmodel as cm
from costmodel.analysis import responses, sweep, uncertainty
from costmodel.assumptions import csv_tables, large_tables
from costmodel.assumptions.catalog import load_assumptions
from costmodel.assumptions.changes import parse_change
from costmodel.result import Result
from costmodel.run import run_assumptions
from costmodel.simulation import compiled, reference
from tests.fuzz.corpus import PAYMENTS, SMALL

ROOT = Path(__file__).resolve().parent.parent
SCENARIOS = ("seed_aws", "seed_aws_mixed", "seed_stripe")
WORKERS = ((1, "reference", 16), (2, "reference", 1), (3, "reference", 16), (1, "compiled", 16), (2, "compiled", 1))
CHANGES = ("replications=2", "lead_in_days=2", "workload.payments_per_month=2000", "workload.days=3")

# What each process computes: months of both pipelines, a replayed file, a bill, a sweep and a comparison.
SCRIPT = f"""
import hashlib, json, sys
import costmodel as cm
def without(document):
    return {{name: value for name, value in document.items() if name != "provenance"}}
quick = {{"replications": 2, "lead_in_days": 1, "workload.payments_per_month": 900, "workload.days": 2}}
engine = sys.argv[1]
found = {{}}
for name in {SCENARIOS!r}:
    result = cm.run(name, set=quick, engine=engine)
    found[name] = without(result.to_dict())
replayed = cm.replay("seed_stripe", "payments.csv", set={{"replications": 1}}, engine=engine)
found["replayed"] = without(replayed.to_dict())
found["compared"] = without(cm.compare("seed_stripe", "seed_aws", perimeter="same_rail", set=quick, engine=engine).to_dict())
swept = cm.sweep("seed_aws", {{"workload.mean_ticket_usd": [20, 200]}}, set=quick, engine=engine, store="store.sqlite")
found["swept"] = without(swept.to_dict())
text = json.dumps(found, sort_keys=True, default=str)
print(hashlib.sha256(text.encode()).hexdigest(), len(text))
"""


def told(folder: Path, python: str = sys.executable, engine: str = "reference", **settings: str) -> str:
    """The digest of everything, from a process of its own."""
    folder.mkdir(exist_ok=True)
    (folder / "payments.csv").write_text(PAYMENTS, encoding="utf-8")
    done = subprocess.run([python, "-c", SCRIPT, engine], cwd=folder, capture_output=True, text=True, check=False,
                          env={**os.environ, "PYTHONPATH": str(ROOT), **settings})  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> str:
    return told(tmp_path_factory.mktemp("here"))


NARROW = {  # what numpy may not use, x86 and otherwise; names it does not know are ignored with a warning
    "NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR AVX2 FMA3",
    "PYTHONWARNINGS": "ignore",
    "OPENBLAS_CORETYPE": "Prescott",
    "PYTHONHASHSEED": "12345",
}


def numpy_obeys() -> bool:
    """Whether this numpy was built so that wide units can be switched off one by one."""
    code = "import numpy._core._multiarray_umath as m; print(sorted(k for k, v in m.__cpu_features__.items() if v))"
    shown = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env={**os.environ, **more}).stdout
             for more in ({}, NARROW)]  # fmt: skip
    return shown[0] != shown[1]


def test_without_wide_vector_units(here: str, tmp_path: Path) -> None:
    if not numpy_obeys():
        pytest.skip("this processor or numpy has no wide units to switch off")
    assert told(tmp_path, **NARROW) == here


def test_the_compiled_engine(here: str, tmp_path: Path) -> None:
    assert told(tmp_path, engine="compiled") == here


def test_the_compiled_engine_without_wide_vector_units(here: str, tmp_path: Path) -> None:
    assert told(tmp_path, engine="compiled", **NARROW) == here


@pytest.mark.parametrize("python", [python for python in os.environ.get("COSTMODEL_PYTHONS", "").split(":") if python])
def test_another_python(here: str, tmp_path: Path, python: str) -> None:
    version = subprocess.run([python, "-V"], capture_output=True, text=True, check=True).stdout.strip()
    assert told(tmp_path, python=python) == here, version


def document(result: Result) -> str:
    tree: dict[str, Any] = result.to_dict()
    tree.pop("provenance")
    return hashlib.sha256(json.dumps(tree, default=str).encode()).hexdigest()


@pytest.mark.parametrize("slice_", [1, 7, 2**10, 2**24])
def test_slices_of_the_compiled_engine(monkeypatch: pytest.MonkeyPatch, slice_: int) -> None:
    """How many events it works off before it comes back to Python."""
    assumptions = load_assumptions("seed_aws_mixed", changes=tuple(map(parse_change, CHANGES)))
    whole = document(run_assumptions(assumptions, engine="reference"))
    monkeypatch.setattr(compiled, "FIRST_SLICE", slice_)
    monkeypatch.setattr(compiled, "LONGEST_SLICE", slice_)
    assert document(run_assumptions(assumptions, engine="compiled")) == whole


@pytest.mark.parametrize(("bits", "kept"), [(0, 1000), (3, 1), (13, 1000)])
def test_payments_drawn_for_at_once(monkeypatch: pytest.MonkeyPatch, bits: int, kept: int) -> None:
    """The reference engine draws for 2^bits payments together, and forgets all it drew when so many blocks are kept."""
    assumptions = load_assumptions("seed_aws", changes=tuple(map(parse_change, CHANGES)))
    whole = document(run_assumptions(assumptions, engine="reference"))
    monkeypatch.setattr(reference, "BLOCK_BITS", bits)
    monkeypatch.setattr(reference, "BLOCK", 1 << bits)
    monkeypatch.setattr(reference, "MOST_BLOCKS", kept)
    assert document(run_assumptions(assumptions, engine="reference")) == whole


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_batches_of_a_replayed_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """How many bytes of text, or rows, are read at once."""
    path = tmp_path / f"payments.{kind}"
    if kind == "csv":
        path.write_text(PAYMENTS, encoding="utf-8")
    else:
        rows = [line.split(",") for line in PAYMENTS.splitlines()]
        columns = zip(rows[0], zip(*rows[1:], strict=True), strict=True)
        parquet.write_table(pyarrow.table({name: list(cells) for name, cells in columns}), path)
    documents = []
    for batch_bytes, batch_rows in ((2**22, 2**16), (100, 5), (50, 1)):
        monkeypatch.setattr(csv_tables, "BATCH_BYTES", batch_bytes)
        monkeypatch.setattr(large_tables, "BATCH_ROWS", batch_rows)
        documents.append(document(cm.replay("seed_stripe", path, set={"replications": 1})))
    assert documents[1:] == documents[:1] * 2


def test_any_number_of_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers, engines, and points that a worker takes at a time."""
    monkeypatch.chdir(tmp_path)
    Path("small.toml").write_text(SMALL, encoding="utf-8")
    varied = {"workload.mean_ticket_usd": [20, 200], "workload.payments_per_month": [50, 60]}
    documents = []
    for number, (workers, engine, together) in enumerate(WORKERS):
        monkeypatch.setattr(sweep, "MOST_PER_TASK", together)
        found = cm.sweep("small.toml", varied, workers=workers, engine=engine, store=f"{number}.sqlite")
        tree = found.to_dict()
        tree.pop("provenance", None)
        tree.pop("reused", None)
        documents.append(json.dumps(tree, default=str))
    assert documents == documents[:1] * len(WORKERS)


@pytest.mark.slow
def test_uncertainty_by_any_number_of_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers, and how many months are simulated or billed together."""
    (tmp_path / "small.toml").write_text(SMALL, encoding="utf-8")
    documents = []
    for workers, billed, simulated in ((1, 2**8, 4), (2, 2**8, 4), (1, 2, 1)):
        monkeypatch.setattr(uncertainty, "LEAST_PER_TASK", min(2**6, billed))
        monkeypatch.setattr(uncertainty, "MOST_PER_TASK", billed)
        monkeypatch.setattr(responses, "PER_TASK", simulated)
        found = cm.uncertainty(str(tmp_path / "small.toml"), samples=8, indices=False, workers=workers).to_dict()
        found.pop("provenance", None)
        documents.append(json.dumps(found, default=str))
    assert documents == documents[:1] * 3
