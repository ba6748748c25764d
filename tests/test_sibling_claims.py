"""The claims of 25 other documents of the judged system, as claims files: 226 claims with what each comes to.

`answers/sibling_claims.csv` holds figure and verdict of each, worked out without this package from the documents at
commit dcc482d of projectecosystemapp/ECOSYSTEMAWS.
"""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from pathlib import Path

import pytest

from costmodel.analysis.claims import ClaimResult, judge_document, read_claims
from tests.guarded import ENGINE, SMALL, Cli, called

TESTS = Path(__file__).parent
FILES = sorted((TESTS / "sibling_claims").glob("*.toml"))
HALF_A_DIGIT = Decimal("0.00005")  # the register gives four decimals

with (TESTS / "answers" / "sibling_claims.csv").open(encoding="utf-8", newline="") as stream:
    REGISTER = {row["id"]: row for row in csv.DictReader(stream)}


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    return lambda *words: called(capsys, *words)


def judged(file: Path) -> tuple[ClaimResult, ...]:
    return judge_document(read_claims(str(file))[0])


def agrees(found: ClaimResult, expected: dict[str, str]) -> bool:
    figure = expected["recomputed"]
    if figure and (found.recomputed is None or abs(found.recomputed - Decimal(figure)) > HALF_A_DIGIT):
        return False
    return found.verdict == expected["verdict"] and found.is_as_pinned


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_claim_comes_to_what_the_register_says(file: Path) -> None:
    wrong = [
        (found.claim.id, found.recomputed, found.verdict)
        for found in judged(file)
        if not agrees(found, REGISTER[found.claim.id])
    ]
    assert wrong == []


def test_no_claim_is_left_out() -> None:
    assert len(REGISTER) == 226
    assert sorted(found.claim.id for file in FILES for found in judged(file)) == sorted(REGISTER)


def test_the_longest_document_runs_through_check(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """86 claims with their pins held; and with one pin turned round, 4."""
    monkeypatch.setattr("costmodel.analysis.check._busy", lambda *_: None)  # no claim of it needs the busy hour
    longest = TESTS / "sibling_claims" / "comprehensive_cost_savings_analysis_2024_md.toml"
    small = tmp_path / "small.toml"
    small.write_text(SMALL, encoding="utf-8")
    words = ("--scenario", small, "--pinned", *ENGINE)
    code, out, _ = cli("check", "--claims", longest, "--format", "json", *words)
    claims = json.loads(out)["claims"]
    assert (code, len(claims)) == (0, 86)
    assert {claim["id"]: claim["verdict"] for claim in claims} == {
        name: row["verdict"] for name, row in REGISTER.items() if row["document"].startswith("COMPREHENSIVE")
    }
    turned = tmp_path / "turned.toml"
    text = longest.read_text(encoding="utf-8")
    turned.write_text(
        text.replace('pinned = { document = "holds"', 'pinned = { document = "fails"', 1), encoding="utf-8"
    )
    assert cli("check", "--claims", turned, "--format", "junit", *words)[0] == 4
