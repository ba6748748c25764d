"""What `init` writes, the GitHub action and workflow, and the pre-commit hooks: each run as the service would run it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from costmodel.cli.main import main
from tests.guarded import ROOT, Cli, called, edited
from tests.test_diff import git

SMALLER = "pinned = false\nreplications = 2\nlead_in_days = 1\n"


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    return lambda *words: called(capsys, *words)


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository begun by `init`, its month made small, its baseline committed to main."""
    place = tmp_path_factory.mktemp("begun") / "ours"
    assert main(["init", str(place)]) == 0
    cost = place / "cost"
    scenario, out = cost / "scenarios" / "ours.toml", cost / "baselines" / "ours.json"
    edited(scenario, "pinned = false\n", SMALLER)
    edited(scenario, "accounts = 75", "accounts = 75\ndays = 3")
    words = ("baseline", scenario, "--data", cost, "--out", out, "--quiet", "--engine", "reference")
    assert main([str(word) for word in words]) == 0
    git(place, "init", "-q", "-b", "main")
    git(place, "add", "-A")
    git(place, "commit", "-q", "-m", "begun")
    git(place, "update-ref", "refs/remotes/origin/main", "HEAD")
    return place


@pytest.fixture
def ours(begun: Path, tmp_path: Path) -> Path:
    """A copy, to be changed at will."""
    shutil.copytree(begun, tmp_path / "ours")
    return tmp_path / "ours"


def step(document: dict[str, Any], name: str) -> dict[str, Any]:
    """A step of an action or of a workflow's only job."""
    steps = document["runs"]["steps"] if "runs" in document else next(iter(document["jobs"].values()))["steps"]
    found: dict[str, Any] = next(step for step in steps if step.get("name") == name)
    return found


def run_step(document: dict[str, Any], name: str, at: Path, inputs: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Its script under bash, as the service does it: expressions put in, `costmodel` on the path."""
    found = step(document, name)
    jobs = document.get("jobs", {"": {}})
    given = {**next(iter(jobs.values())).get("env", {}), **found.get("env", {})}
    environment = {
        key: re.sub(r"\$\{\{(.*?)\}\}", lambda m: inputs[m[1].strip()], value) for key, value in given.items()
    }
    files = {name: str(at.parent / name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    here = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "RUNNER_TEMP": str(at.parent)}
    return subprocess.run(
        ["bash", "-eo", "pipefail", "-c", found["run"]],
        cwd=at, env={**os.environ, **here, **files, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip


ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
WORKFLOW = yaml.safe_load((ROOT / "data" / "starter" / "workflow.yml").read_text(encoding="utf-8"))
BASE = "github.base_ref && format('origin/{0}', github.base_ref)"
ACTION_INPUTS = {f"inputs.{name}": str(given["default"]) for name, given in ACTION["inputs"].items()}
CASES = [
    (ACTION, ACTION_INPUTS | {"inputs.policy": "ours", "inputs.base-ref": "origin/main"}),
    (WORKFLOW, {BASE: "origin/main"}),
]


@pytest.mark.parametrize(("document", "inputs"), CASES, ids=["action", "workflow"])
def test_steps_are_green_then_red_with_the_reason(ours: Path, document: dict[str, Any], inputs: dict[str, str]) -> None:
    """Five keys at $5 instead of $1 a month: twenty dollars of about 450, 2 % of which is allowed."""
    assert run_step(document, "Validate", ours, inputs).returncode == 0
    first = run_step(document, "Diff", ours, inputs)
    assert first.returncode == 0, first.stderr
    edited(ours / "cost" / "services" / "kms.toml", '"1.00"', '"5.00"')
    second = run_step(document, "Diff", ours, inputs)
    assert second.returncode == 3, second.stderr
    summary = (ours.parent / "GITHUB_STEP_SUMMARY").read_text(encoding="utf-8")
    assert next(line for line in summary.splitlines() if line.startswith("### Cost: ")).endswith("nothing moved")
    assert "blocked by policy" in summary
    if document is ACTION:
        report = (ours.parent / "GITHUB_OUTPUT").read_text(encoding="utf-8").splitlines()[-1].removeprefix("report=")
        assert "kms.keys" in Path(report).read_text(encoding="utf-8")


def test_action_takes_the_baselines_as_they_lie_where_there_is_no_base(ours: Path) -> None:
    inputs = ACTION_INPUTS | {"inputs.policy": "ours", "inputs.base-ref": ""}
    assert run_step(ACTION, "Diff", ours, inputs).returncode == 0


def test_action_validates_before_it_compares(ours: Path) -> None:
    edited(ours / "cost" / "services" / "kms.toml", "basis", "bases")
    done = run_step(ACTION, "Validate", ours, CASES[0][1])
    assert done.returncode != 0
    assert "kms.toml:9: meter.keys.price[" in done.stderr


def test_hooks_run_as_pre_commit_runs_them(ours: Path) -> None:
    """pre-commit calls the entry with its arguments, and with the files that match unless told not to."""
    hooks = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))}
    listed = subprocess.run(["git", "ls-files"], cwd=ours, capture_output=True, text=True, check=True).stdout.split()
    for hook in hooks.values():
        wanted = [file for file in listed if re.search(hook["files"], file)]
        assert wanted
        words = [
            *hook["entry"].split()[1:],
            *hook.get("args", []),
            *(wanted if hook.get("pass_filenames", True) else []),
        ]
        done = subprocess.run(
            [sys.executable, "-m", "costmodel", *words], cwd=ours, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


def test_init_overwrites_nothing(cli: Cli, tmp_path: Path) -> None:
    owners = tmp_path / ".github" / "CODEOWNERS"
    owners.parent.mkdir()
    owners.write_text("* @us\n", encoding="utf-8")
    code, out, err = cli("init", tmp_path)
    assert (code, out, "CODEOWNERS: is there already" in err) == (2, "", True)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [owners]


def test_init_cannot_write_into_a_file(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("", encoding="utf-8")
    code, _, err = cli("init", tmp_path / "taken")
    assert (code, "cannot be written" in err, "Traceback" in err) == (2, True, False)


def test_sarif_names_file_and_line(cli: Cli, ours: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SARIF 2.1.0, 3.27 and 3.30: each result with its location, lines counted from 1; none for files without a fault."""
    import json

    monkeypatch.chdir(ours)
    file = "cost/services/kms.toml"
    code, out, _ = cli("validate", file, "--format", "sarif")
    assert (code, json.loads(out)["runs"][0]["results"]) == (0, [])
    edited(ours / file, 'basis = "published"', 'bases = "published"')
    code, out, err = cli("validate", file, "--format", "sarif")
    found = json.loads(out)
    lines = (ours / file).read_text(encoding="utf-8").splitlines()
    places = [result["locations"][0]["physicalLocation"] for result in found["runs"][0]["results"]]
    assert (code, found["version"], "unknown key" in err) == (2, "2.1.0", True)
    assert {place["artifactLocation"]["uri"] for place in places} == {file}
    assert 1 + lines.index('bases = "published"') in {place["region"]["startLine"] for place in places}
