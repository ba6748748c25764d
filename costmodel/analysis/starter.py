"""A starting folder: scenario, a price of one's own, policy, workflow, owners, a test."""

from __future__ import annotations

from pathlib import Path

from costmodel.assumptions.catalog import data_dir
from costmodel.errors import InputError, Problem

PLACES = {  # in data/starter -> in the new folder
    "README.md": "cost/README.md",
    "scenarios/ours.toml": "cost/scenarios/ours.toml",
    "services/kms.toml": "cost/services/kms.toml",
    "policies/ours.toml": "cost/policies/ours.toml",
    "test_cost.py": "tests/test_cost.py",
    "baselines.md": "cost/baselines/README.md",
    "workflow.yml": ".github/workflows/cost.yml",
    "CODEOWNERS": ".github/CODEOWNERS",
}


def starter(folder: Path) -> dict[Path, str]:
    """The files to write, path -> text. Raises InputError for each that is there already: nothing is overwritten."""
    texts = {folder / place: (data_dir() / "starter" / name).read_text("utf-8") for name, place in PLACES.items()}
    there = [path for path in texts if path.exists()]
    if there:
        raise InputError(
            Problem(str(path), None, "", "is there already", "name another folder, or move it away") for path in there
        )
    return texts
