"""The verdicts on a document's claims, flat, so that a baseline can keep and `diff` compare them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from costmodel.analysis.check import CheckResult, check
from costmodel.analysis.claims import judge_document, read_claims
from costmodel.assumptions.document import Claims

GONE = "no such claim"


@dataclass(frozen=True)
class Flip:
    """A verdict that is not what it was."""

    claim: str
    before: str
    after: str


def verdicts_of(
    claims: str,
    scenario: str,
    *,
    set: Mapping[str, Any] | None = None,
    data: Path | None = None,
    seed: int | None = None,
    engine: str = "auto",
) -> dict[str, str]:
    """`check`'s verdicts: claim id -> on the document's figures, id@model or id@perimeter -> simulated.

    Nothing is simulated for a document none of whose claims is about a simulated figure.
    """
    document, _ = read_claims(claims, data)
    if not needs_simulation(document):
        return {result.claim.id: result.verdict for result in judge_document(document)}
    return flat_verdicts(check(claims, scenario=scenario, set=set, data=data, seed=seed, engine=engine))


def needs_simulation(document: Claims) -> bool:
    """Whether any claim is about a simulated figure."""
    return any(claim.model is not None for claim in document.claim)


def flat_verdicts(result: CheckResult) -> dict[str, str]:
    """The verdicts of a check by claim, and by perimeter where perimeters decide."""
    found: dict[str, str] = {}
    for judged in result.claims:
        found[judged.claim.id] = judged.document.verdict
        if judged.model is not None:
            found[f"{judged.claim.id}@model"] = judged.model
        for perimeter, (verdict, _) in judged.by_perimeter.items():
            found[f"{judged.claim.id}@{perimeter}"] = verdict
    return found


def flips(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Flip, ...]:
    """Verdicts that changed, and those that are no longer there."""
    return tuple(
        Flip(claim, verdict, after.get(claim, GONE)) for claim, verdict in before.items() if after.get(claim) != verdict
    )
