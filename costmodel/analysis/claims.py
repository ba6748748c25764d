"""What a document's claims are worth on its own figures: recomputed, judged, and what would make them true."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

from costmodel.analysis.expressions import Where, evaluate, repeated, where_of
from costmodel.assumptions.catalog import load_table
from costmodel.assumptions.checking import check, nearest
from costmodel.assumptions.document import Claim, Claims, Hypothesis, Relation, Verdict
from costmodel.assumptions.reading import Table
from costmodel.errors import InputError, Problem

NOT_REPRODUCIBLE: Verdict = "not_reproducible"
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
Loc = tuple[str | int, ...]


@dataclass(frozen=True)
class Reading:
    """A way in which the stated figure might have come about: what it gives, and whether that is the figure."""

    text: str
    value: Decimal
    reproduces: bool
    source: str


@dataclass(frozen=True)
class ClaimResult:
    """A claim judged on the document's own figures.

    recomputed: in the claim's unit, None where the document gives no way to compute it. holds_when: a sentence,
    None where nothing needs to be said. contradicts: ids of the claims of which not both can be true.
    """

    claim: Claim
    recomputed: Decimal | None
    verdict: Verdict
    holds_when: str | None
    never: bool
    hypotheses: tuple[Reading, ...]
    contradicts: tuple[str, ...]

    @property
    def is_as_pinned(self) -> bool:
        """Whether the verdict is the one that the claims file pins."""
        return self.verdict == self.claim.pinned.document


def read_claims(name: str = "seed", data: Path | None = None) -> tuple[Claims, list[str]]:
    """The claims file of that name (or path) and the keys that `data` overrode.

    Raises InputError with every problem of the file, those of its formulas included.
    """
    table, overridden = load_table("claims", name, data)
    claims = check(Claims, table)
    problems = [fault for index, claim in enumerate(claims.claim) for fault in _formula_problems(claim, index, table)]
    problems += _reference_problems(claims, table)
    if problems:
        raise InputError(problems)
    return claims, overridden


def judge_document(claims: Claims) -> tuple[ClaimResult, ...]:
    """Every claim, judged by arithmetic on the document's own figures."""
    return tuple(_judged(claim, _contradicted(claim, claims)) for claim in claims.claim)


def judge(claim: Claim, figure: Decimal | None) -> Verdict:
    """The verdict on a claim if `figure` is the truth; `not_reproducible` where either is missing.

    "=": within the tolerance of the stated value. "<", "<=", ">", ">=": the figure keeps the stated limit, give or
    take the tolerance. "must not exceed bound": the stated value lies within the figure, which is an upper bound.
    """
    if claim.stated is None or figure is None:
        return NOT_REPRODUCIBLE
    return "holds" if _agrees(claim.relation, claim.stated, figure, claim.tolerance or Decimal(0)) else "fails"


def figures_given(claim: Claim, hypothesis: Hypothesis | None = None) -> dict[str, Decimal]:
    """What the claim's formulas may name: its inputs, those of a hypothesis, and `stated`."""
    given = dict(claim.inputs) | dict(hypothesis.inputs if hypothesis else {})
    return given if claim.stated is None else given | {"stated": claim.stated}


def moved(results: Iterable[ClaimResult]) -> tuple[ClaimResult, ...]:
    """The claims whose verdict on the document's figures is not the pinned one."""
    return tuple(result for result in results if not result.is_as_pinned)


def _agrees(relation: Relation, stated: Decimal, figure: Decimal, tolerance: Decimal) -> bool:
    return {
        "=": abs(figure - stated) <= tolerance,
        "<": figure < stated + tolerance,
        "<=": figure <= stated + tolerance,
        ">": figure > stated - tolerance,
        ">=": figure >= stated - tolerance,
        "must not exceed bound": stated <= figure + tolerance,
    }[relation]


def _judged(claim: Claim, contradicts: tuple[str, ...]) -> ClaimResult:
    where = Where(key=f"claim {claim.id}")
    recomputed = None if claim.formula is None else evaluate(claim.formula, figures_given(claim), where)
    return ClaimResult(
        claim=claim,
        recomputed=recomputed,
        verdict=judge(claim, recomputed),
        holds_when=_condition(claim, where),
        never=claim.holds_when is not None and claim.holds_when.never,
        hypotheses=tuple(_reading(claim, hypothesis, where) for hypothesis in claim.hypotheses),
        contradicts=contradicts,
    )


def _contradicted(claim: Claim, claims: Claims) -> tuple[str, ...]:
    """A contradiction counts both ways, whichever of the two claims names it."""
    return tuple(other.id for other in claims.claim if other.id in claim.contradicts or claim.id in other.contradicts)


def _condition(claim: Claim, where: Where) -> str | None:
    """The sentence of what would make the claim true, its figures filled in."""
    if claim.holds_when is None:
        return None
    given = figures_given(claim)
    shown = {
        name: _shown(evaluate(figure.formula, given, where), figure.places)
        for name, figure in claim.holds_when.figures.items()
    }
    return _filled(claim.holds_when.text, shown)


def _filled(text: str, shown: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda found: shown[found.group(1)], text)


def _shown(value: Decimal, places: int) -> str:
    return f"{value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP):,f}"


def _reading(claim: Claim, hypothesis: Hypothesis, where: Where) -> Reading:
    value = evaluate(hypothesis.formula, figures_given(claim, hypothesis), where)
    tolerance = claim.tolerance or Decimal(0)
    reproduces = claim.stated is not None and _agrees("=", claim.stated, value, tolerance)
    return Reading(hypothesis.text, value, reproduces, hypothesis.source)


# --- problems of the file's formulas ------------------------------------------------------------------------


def _formula_problems(claim: Claim, index: int, table: Table) -> Iterator[Problem]:
    for loc, formula, given in _formulas(claim, ("claim", index)):
        try:
            evaluate(formula, given, where_of(table, loc))
        except InputError as error:
            yield from error.problems
    yield from _placeholder_problems(claim, ("claim", index, "holds_when"), table)


def _reference_problems(claims: Claims, table: Table) -> Iterator[Problem]:
    ids = [claim.id for claim in claims.claim]
    yield from repeated(ids, "claim", table)
    for index, claim in enumerate(claims.claim):
        for number, other in enumerate(claim.contradicts):
            if other not in ids or other == claim.id:
                where = where_of(table, ("claim", index, "contradicts", number))
                yield Problem(where.file, where.line, where.key, f"no other claim `{other}`", nearest(other, ids))


def _formulas(claim: Claim, loc: Loc) -> Iterator[tuple[Loc, str, dict[str, Decimal]]]:
    """Every formula of a claim: where it stands, its text, and what it may name."""
    if claim.formula is not None:
        yield (*loc, "formula"), claim.formula, figures_given(claim)
    for name, figure in (claim.holds_when.figures if claim.holds_when else {}).items():
        yield (*loc, "holds_when", "figures", name, "formula"), figure.formula, figures_given(claim)
    for number, hypothesis in enumerate(claim.hypotheses):
        yield (*loc, "hypotheses", number, "formula"), hypothesis.formula, figures_given(claim, hypothesis)


def _placeholder_problems(claim: Claim, loc: Loc, table: Table) -> Iterator[Problem]:
    if claim.holds_when is None:
        return
    figures, named = claim.holds_when.figures, set(_PLACEHOLDER.findall(claim.holds_when.text))
    for name in sorted(named - figures.keys()):
        wrong, remedy = f"`{{{name}}}` is no figure of this sentence", "add it to `figures`"
        where = where_of(table, (*loc, "text"))
        yield Problem(where.file, where.line, where.key, wrong, nearest(name, figures) if figures else remedy)
    for name in sorted(figures.keys() - named):
        where = where_of(table, (*loc, "figures", name))
        yield Problem(where.file, where.line, where.key, "not used in `text`", f"write {{{name}}} there, or remove it")
