"""Twenty thousand damaged inputs: `pytest -m fuzz -s` tries them, the usual run a few of each kind.

FUZZ_CASES sets how many in all; `--hypothesis-seed=N` gives others. What failed is listed once per fault, with the
case that shows it.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from costmodel.assumptions.catalog import load_assumptions
from costmodel.errors import CostmodelError
from tests.fuzz.bearing import Found, a_folder, complaints
from tests.fuzz.corpus import PAYMENTS, SMALL, SMALL_STRIPE, USAGE, Kind, baseline, kinds, shipped
from tests.fuzz.damage import damaged
from tests.fuzz.options import commands, words

MOST_PAYMENTS = 3000  # what a damaged scenario may ask for before it is only checked, not run
CASES = int(os.environ.get("FUZZ_CASES", "20000"))
FEW = 8
KINDS = kinds()
COMMANDS = tuple(commands())
EACH = -(-CASES // (len(KINDS) + len(COMMANDS)))
PATIENCE_S = 1.0


def tried(strategy: st.SearchStrategy[object], number: int, case: Callable[[object], None]) -> None:
    """Each of so many cases."""

    @settings(
        max_examples=number, deadline=None, database=None, phases=[Phase.generate], derandomize=number <= FEW,
        suppress_health_check=list(HealthCheck), print_blob=False,
    )  # fmt: skip
    @given(strategy)
    def run(drawn: object) -> None:
        case(drawn)

    run()


def is_small(name: str, data: Path | None) -> bool:
    """Whether a scenario can be used and asks for no more than a test should wait for."""
    try:
        scenario = load_assumptions(name, data=data).scenario
    except CostmodelError:
        return True
    workload = scenario.workload
    measured = workload.payments_per_month * float(workload.days or 31) / 28
    lead_in = 14 if scenario.lead_in_days is None else float(scenario.lead_in_days)
    asked = measured * (1 + lead_in / max(0.01, float(workload.days or 31)))
    return asked <= MOST_PAYMENTS and float(workload.days or 31) + lead_in < 100 and scenario.replications <= 3


def file_case(kind: Kind, found: Found, content: bytes, place: Path) -> None:
    """One damaged file, through each of the commands that read it."""
    for number, command in enumerate(kind.commands):
        with a_folder(place) as folder:
            for name, text in kind.beside:
                (folder / name).write_text(text, encoding="utf-8")
            (folder / kind.file).parent.mkdir(parents=True, exist_ok=True)
            (folder / kind.file).write_bytes(content)
            scenario = next((word for word in command if word.endswith("small.toml") or word == "own.toml"), None)
            data = Path("mine") if "--data" in command else None
            if kind.small and number and scenario and not is_small(scenario, data):
                continue
            found.cases += 1
            for complaint in complaints(command, kind.names, kind.may_write):
                kept = place / f"{kind.name} {len(found.faults)} {Path(kind.file).name}"
                kept.write_bytes(content)
                found.add(complaint, f"{shlex.join(command)}   ({kept})")


def word_case(name: str, found: Found, drawn: tuple[list[str], list[str]], place: Path) -> None:
    """One command line."""
    given_words, written = drawn
    with a_folder(place) as folder:
        for file, text in (
            ("small.toml", SMALL),
            ("stripe.toml", SMALL_STRIPE),
            ("usage.csv", USAGE),
            ("payments.csv", PAYMENTS),
        ):
            (folder / file).write_text(text, encoding="utf-8")
        (folder / "mine").mkdir()
        (folder / "empty").write_bytes(b"")
        (folder / "kept.json").write_bytes(baseline())
        (folder / "policy.toml").write_bytes(shipped("policies/default.toml")[0])
        found.cases += 1
        names = [word.rpartition("=")[2][:12] or word for word in given_words[1:]]
        names += [word.partition("=")[0].lstrip("-")[:12] for word in given_words[1:]]
        names += [word.partition("=")[2][:12] for word in given_words[1:] if "=" in word]
        names += ["usage:", name, "--", "standard"]
        written += [".github", "tests", "cost"] if name == "init" else []
        written += ["out.txt"] if "sarif" in given_words else []
        for complaint in complaints(given_words, names, [*written, ".costmodel"], wall_s=PATIENCE_S, patient=False):
            found.add(complaint, shlex.join(given_words))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("number", [pytest.param(FEW, id="few"), pytest.param(EACH, id="many", marks=pytest.mark.fuzz)])
def test_a_damaged_file_is_refused_in_words_or_used(kind: Kind, number: int, tmp_path: Path) -> None:
    found = Found()
    drawn = st.sampled_from(kind.whole).flatmap(lambda whole: damaged(whole, binary=kind.binary))
    tried(drawn, number, lambda content: file_case(kind, found, content, tmp_path))  # type: ignore[arg-type]
    print(f"{kind.name}: {found.cases} cases")
    if found.faults:
        pytest.fail(found.report(), pytrace=False)


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("number", [pytest.param(FEW, id="few"), pytest.param(EACH, id="many", marks=pytest.mark.fuzz)])
def test_any_words_are_refused_or_used(name: str, number: int, tmp_path: Path) -> None:
    found = Found()
    tried(words(name), number, lambda drawn: word_case(name, found, drawn, tmp_path))  # type: ignore[arg-type]
    print(f"{name}: {found.cases} cases")
    if found.faults:
        pytest.fail(found.report(), pytrace=False)
