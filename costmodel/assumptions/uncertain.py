"""How assumptions with a range are drawn: the rule, and how many samples are taken."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from costmodel.assumptions.catalog import load_single
from costmodel.assumptions.checking import check
from costmodel.assumptions.fields import Number, PositiveCount, Record, Sourced

FILE = "uncertainty.toml"


class Rule(Sourced):
    """The distribution between low and high; from that ratio of the two on, of the logarithm."""

    shape: Literal["triangular", "uniform"]
    log_from_ratio: Annotated[Number, Field(gt=1)]


class Effort(Sourced):
    """How many months are simulated, and for what."""

    samples: PositiveCount
    pairs: PositiveCount
    strongest: PositiveCount
    sobol_samples: PositiveCount
    design_points: PositiveCount
    design_pairs: PositiveCount


class Uncertain(Record):
    """The rule and the effort."""

    rule: Rule
    effort: Effort


def load_uncertain(data: Path | None = None) -> Uncertain:
    """The shipped file with the user's laid over it. Raises InputError."""
    return check(Uncertain, load_single(FILE, data))
