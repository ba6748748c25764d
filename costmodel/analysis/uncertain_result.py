"""What an uncertainty analysis found: how far figures spread and why, and how probable each claim is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from costmodel.analysis.claims import judge
from costmodel.analysis.factors import Factor
from costmodel.analysis.responses import Fit
from costmodel.assumptions.catalog import Assumptions
from costmodel.assumptions.document import Claim
from costmodel.assumptions.uncertain import Rule
from costmodel.result import SCHEMA_VERSION, origin_of

if TYPE_CHECKING:
    import pandas

Values = npt.NDArray[np.float64]
LEVELS = (5, 50, 95)  # percentiles shown


@dataclass(frozen=True)
class Spread:
    """How far a figure spreads: its value with every assumption at its own, percentiles, and standard deviations.

    sd_input: from the assumptions; sd_noise: from the luck of one month. None where the samples do not tell.
    sd_fit: of the fitted response's leave-one-out errors, luck included; None where every draw has its own month.
    """

    figure: str
    value: float
    low: float
    median: float
    high: float
    sd_input: float | None
    sd_noise: float | None
    sd_fit: float | None = None


@dataclass(frozen=True)
class Share:
    """How many of the samples a claim holds in, with the 95 % interval of that share (Clopper and Pearson)."""

    probability: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class ClaimProbability:
    """A claim's probability by place: perimeter, or the scenario it is about; empty where no sampled figure decides."""

    id: str
    quote: str
    by_place: dict[str, Share]


@dataclass(frozen=True)
class Swing:
    """A figure with one assumption at its low and at its high end, all others at their values, under the same luck."""

    path: str
    low: float
    value: float
    high: float
    at_low: float
    at_value: float
    at_high: float
    basis: str

    @property
    def width(self) -> float:
        """How far the figure moves; 0 where it has no value."""
        ends = (self.at_low, self.at_value, self.at_high)
        return max(ends) - min(ends) if all(map(math.isfinite, ends)) else 0.0


@dataclass(frozen=True)
class Index:
    """Sobol indices of an assumption with 95 % bootstrap intervals: alone (first), with all it acts with (total)."""

    path: str
    first: float
    first_interval: tuple[float, float]
    total: float
    total_interval: tuple[float, float]


@dataclass(frozen=True)
class Uncertainty:
    """All of it. swings: the widest first; explained: the variance that the assumptions with indices make, as a share
    of all that the inputs make; values: (samples, figures), the columns called `names`;
    models: the figure each claim is judged by; titles: of the perimeters; overridden: what the reader changed; fit: of
    the response, where months are too large for every draw to have its own.
    """

    scenario: str
    assumptions: Assumptions
    rule: Rule
    factors: tuple[Factor, ...]
    samples: int
    figure: str
    spreads: tuple[Spread, ...]
    claims: tuple[ClaimProbability, ...]
    swings: tuple[Swing, ...]
    indices: tuple[Index, ...]
    explained: float
    values: Values
    names: tuple[str, ...]
    models: dict[str, str]
    titles: dict[str, str]
    overridden: tuple[str, ...]
    fit: Fit | None = None

    def spread(self, figure: str) -> Spread:
        """How far a figure spreads. KeyError where it was not sampled."""
        return {one.figure: one for one in self.spreads}[figure]

    def claim(self, identifier: str) -> ClaimProbability:
        """The probabilities of a claim. KeyError if there is none of that id."""
        return {one.id: one for one in self.claims}[identifier]

    def to_frame(self) -> pandas.DataFrame:
        """The probability of every claim: claim, place, probability, low, high."""
        import pandas as pd

        return pd.DataFrame(self.claim_rows())

    def claim_rows(self) -> list[dict[str, Any]]:
        """The same as rows."""
        return [
            {"claim": one.id, "quote": one.quote, "place": place, "probability": share.probability,
             "low": share.interval[0], "high": share.interval[1]}
            for one in self.claims for place, share in one.by_place.items()
        ]  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """The JSON document; what is not a number is null."""
        document = {
            "schema_version": SCHEMA_VERSION,
            "scenario": self.scenario,
            "samples": self.samples,
            "assumptions": len(self.factors),
            "rule": {"shape": self.rule.shape, "log_from_ratio": f"{self.rule.log_from_ratio}"},
            "claims": [
                {"id": one.id, "quote": one.quote, "probability": {p: vars(s) for p, s in one.by_place.items()}}
                for one in self.claims
            ],
            "figures": {one.figure: vars(one) for one in self.spreads},
            "design": None if self.fit is None else {"points": self.fit.points, "payments": self.fit.payments},
            "figure": self.figure,
            "tornado": [vars(swing) for swing in self.swings],
            "sobol": {"explained": self.explained, "indices": [vars(index) for index in self.indices]},
            "provenance": origin_of(self.assumptions, overridden=self.overridden),
        }
        cleaned: dict[str, Any] = _without_nan(document)
        return cleaned

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False))


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def spread_of(figure: str, value: float, sampled: Values, again: Values) -> Spread:
    """The spread of a figure; `again` holds the first samples' inputs met by other luck.

    Half the mean square of the differences is the variance that luck makes; what is left of the whole is the inputs'.
    """
    known = sampled[np.isfinite(sampled)]
    pairs = sampled[: len(again)] - again
    pairs = pairs[np.isfinite(pairs)]
    low, median, high = (float(end) for end in np.percentile(known, LEVELS)) if len(known) else (math.nan,) * 3
    if len(pairs) == 0 or len(known) < 2:
        return Spread(figure, value, low, median, high, None, None)
    noise = float(np.mean(pairs**2)) / 2
    inputs = max(0.0, float(np.var(known, ddof=1)) - noise)
    return Spread(figure, value, low, median, high, math.sqrt(inputs), math.sqrt(noise))


def probabilities(claim: Claim, columns: Mapping[str, Values]) -> ClaimProbability:
    """In what share of the samples a claim holds, wherever it can be judged."""
    by_place: dict[str, Share] = {}
    for name, values in columns.items():
        place, _, figure = name.partition(".")
        here = claim.scenario is None or claim.scenario == place
        if claim.model is not None and figure == claim.model and here:
            known = [value for value in values.tolist() if math.isfinite(value)]
            if known and claim.stated is not None:
                holding = sum(judge(claim, Decimal(repr(value))) == "holds" for value in known)
                by_place[place] = _share(holding, len(known))
    return ClaimProbability(claim.id, claim.quote, by_place)


def _share(holding: int, number: int) -> Share:
    from scipy.stats import binomtest

    ends = binomtest(holding, number).proportion_ci()
    return Share(holding / number, (float(ends.low), float(ends.high)))
