"""What a document claims: its words and figures, how each can be checked, and the verdicts that are pinned."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from costmodel.assumptions.fields import (
    Name,
    NotNegative,
    Number,
    PositiveCount,
    Record,
    Sourced,
    Text,
)

Verdict = Literal["holds", "fails", "not_reproducible"]
Relation = Literal["=", "<", "<=", ">", ">=", "must not exceed bound"]
ClaimId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$", max_length=40)]
Formula = Annotated[str, StringConstraints(min_length=1)]
Figures = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*(\+[a-z][a-z0-9_.]*)*$", max_length=240)
]


class Pinned(Record):
    """The verdicts that must not change unnoticed: `document` on the document's own figures, `model` simulated.

    `model` is one verdict, or one by perimeter or scenario; left out until it has been simulated.
    """

    document: Verdict
    model: Verdict | dict[Name, Verdict] | None = None


class Figure(Record):
    """A figure computed for a sentence: a formula over the claim's inputs and `stated`, its unit and decimals."""

    formula: Formula
    unit: Text
    places: Annotated[int, Field(strict=True, ge=0, le=6)] = 2


class HoldsWhen(Record):
    """What would have to be true for the claim to hold: a sentence with {figures}; `never` where nothing would."""

    text: Text
    figures: dict[Name, Figure] = {}
    never: bool = False


class Hypothesis(Record):
    """A way in which the stated figure might have come about; nowhere stated, and shown as such."""

    text: Text
    formula: Formula
    inputs: dict[Name, Number] = {}
    source: Text


class Need(Record):
    """A meter whose list price says what usage would cost the stated sum.

    Of a fee per payment, `part` names the part that is meant: `fixed` (gives a count) or `percent` (a volume).
    `per` names the input of the claim that the usage is divided by.
    """

    service: Name
    meter: Name
    unit: Text
    plan: Name = "list"
    part: Literal["fixed", "percent"] | None = None
    per: Name | None = None


class Claim(Record):
    """One claim of a document: the words, the figure, and how it can be checked.

    formula: the figure as the document's own words give it, over `inputs`; absent where they give none.
    inputs_source: where the inputs stand, needed for those that the document does not state.
    model, scenario: the simulated figure (or several, joined by +) that judges it, and where it is taken from.
    """

    id: ClaimId
    quote: Text
    line: PositiveCount
    also_at: tuple[PositiveCount, ...] = ()
    subject: Text
    metric: Text
    stated: Number | None = None
    unit: Text | None = None
    relation: Relation = "="
    tolerance: NotNegative | None = None
    operating_point: Text | None = None
    inputs: dict[Name, Number] = {}
    inputs_source: Text | None = None
    formula: Formula | None = None
    pinned: Pinned
    contradicts: tuple[ClaimId, ...] = ()
    because: Text
    holds_when: HoldsWhen | None = None
    hypotheses: tuple[Hypothesis, ...] = ()
    model: Figures | None = None
    scenario: Name | None = None
    needs: tuple[Need, ...] = ()

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.stated is not None and (self.unit is None or self.tolerance is None):
            raise ValueError("a stated figure needs `unit` and `tolerance`")
        if self.stated is None and (self.formula is not None or self.needs):
            raise ValueError("`formula` and `needs` go with `stated`, the figure they are compared with")
        if "stated" in self.inputs:
            raise ValueError("`stated` is the claim's own figure; give the input another name")
        for need in self.needs:
            if need.per is not None and need.per not in self.inputs:
                raise ValueError(f"needs: per = `{need.per}` is no input of this claim")
        return self


class Finding(Record):
    """The sentence a report on the document opens with, as long as these claims have these verdicts.

    lead: the claims spelled out under it, each by its `because`, and by `holds_when` if it fails.
    """

    text: Text
    verdicts: dict[ClaimId, Verdict]
    lead: tuple[ClaimId, ...]


class Claims(Sourced):
    """The claims of one document; `source` names it, and figures without a source of their own are its."""

    title: Text
    finding: Finding | None = None
    claim: tuple[Claim, ...]

    @model_validator(mode="after")
    def _finding_names(self) -> Self:
        named = (*self.finding.verdicts, *self.finding.lead) if self.finding else ()
        unknown = sorted(set(named) - {claim.id for claim in self.claim})
        if unknown:
            raise ValueError(f"finding: `{unknown[0]}` is no claim of this file")
        return self
