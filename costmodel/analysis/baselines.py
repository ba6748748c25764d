"""Find baselines: one file, or all of a folder; as they lie there, or as a git revision has them."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from costmodel.analysis.diff import Diff, DiffReport, Terms, compared
from costmodel.assumptions.baseline_file import Baseline, parsed_baseline, read_baseline
from costmodel.errors import InputError, Problem, UsageError

SUFFIX = ".json"


@dataclass(frozen=True)
class Found:
    """A baseline to compare with, and the newer one that the working tree has in its place."""

    file: Path
    baseline: Baseline
    newer: Baseline | None = None


def diff_report(place: Path, scenario: str | None, terms: Terms, base_ref: str | None = None) -> DiffReport:
    """Every baseline at `place` (a file or a folder) against today. Raises UsageError if nothing can be compared."""
    files = _files(place, base_ref)
    if not files:
        raise UsageError(f"{place} holds no baseline, so nothing would be compared; "
                         "make one with `costmodel baseline S --out FILE`")  # fmt: skip
    if scenario is not None and len(files) > 1:
        raise UsageError(f"{place} holds {len(files)} baselines; name one file to compare it with {scenario}")
    diffs: list[Diff] = []
    problems: list[Problem] = []
    for file in files:
        try:
            found = _found(file, base_ref)
            diffs.append(compared(found.baseline, file, scenario, terms, found.newer))
        except InputError as error:
            problems += error.problems
    if not diffs:
        raise InputError(problems)
    _check_something_held(diffs, terms)
    return DiffReport(tuple(diffs), tuple(dict.fromkeys(problems)), terms.policy)


def _check_something_held(diffs: list[Diff], terms: Terms) -> None:
    """Raises UsageError for a policy none of whose limits is about any figure: it would be green whatever happens."""
    held = [limit for diff in diffs for limit in terms.policy.limit
            if limit.is_for(diff.scenario) and limit.id not in diff.unmatched]  # fmt: skip
    if not held:
        raise UsageError(f"no limit of the policy ({terms.policy.title}) is about a figure of these scenarios, so "
                         "nothing would be held; correct its `of` and `scenarios`")  # fmt: skip


def _files(place: Path, base_ref: str | None) -> list[Path]:
    if base_ref is not None:
        return _files_in_git(place, base_ref)
    return sorted(place.glob(f"*{SUFFIX}")) if place.is_dir() else [place]


def _found(file: Path, base_ref: str | None) -> Found:
    if base_ref is None:
        return Found(file, read_baseline(file))
    text = _git(file.parent, "show", f"{base_ref}:./{file.name}")
    baseline = parsed_baseline(text, f"{base_ref}:{file}")
    return Found(file, baseline, read_baseline(file) if file.is_file() else None)


def _files_in_git(place: Path, base_ref: str) -> list[Path]:
    folder = place if place.is_dir() else place.parent
    listed = _git(folder, "ls-tree", "--name-only", "-z", base_ref, "./").decode().split("\0")
    names = sorted(Path(name).name for name in listed if name)
    if not place.is_dir():
        if place.name not in names:
            remedy = "name a revision that has the baseline, or compare without --base-ref"
            raise InputError(Problem(f"{base_ref}:{place}", None, "", "no such file in that revision", remedy))
        return [place]
    return [place / name for name in names if name.endswith(SUFFIX)]


def _git(folder: Path, *words: str) -> bytes:
    """What git answers. Raises InputError where there is no git, no repository or no such revision."""
    try:
        done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, check=False)
    except OSError as error:
        raise _no_git(f"git cannot be run ({error.strerror})") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise _no_git(said[-1].removeprefix("fatal: ") if said else "git failed")
    return done.stdout


def _no_git(wrong: str) -> InputError:
    return InputError(Problem("--base-ref", None, "", wrong,
                              "name a revision this clone has (fetch it first: `git fetch origin main`)"))  # fmt: skip
