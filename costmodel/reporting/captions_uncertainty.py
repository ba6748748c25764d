"""What the charts and tables of an uncertainty analysis find, in a sentence, and in words for those who do not see."""

from __future__ import annotations

from costmodel.analysis.uncertain_result import Uncertainty
from costmodel.reporting.words import number


def claims_finding(found: Uncertainty) -> str:
    """How the figure asked for spreads, and how probable what is claimed of it is."""
    spread = found.spread(found.figure)
    place, _, figure = found.figure.partition(".")
    sign = "%" if figure == "reduction" else "ms" if figure.startswith("latency") else "USD"
    span = f"{place}: {figure} from {number(spread.low)} to {number(spread.high)} {sign} in nine months of ten"
    rows = _probabilities(found)
    if not rows:
        return span
    told = ", ".join(f"“{quote}” holds in {100 * probability:.0f} %" for quote, probability in rows[:2])
    return f"{span}; {told}"


def _probabilities(found: Uncertainty) -> list[tuple[str, float]]:
    """The claims about the figure asked for, with their probability there."""
    place = found.figure.partition(".")[0]
    metric = found.figure.partition(".")[2]
    claims = {row.id: row for row in found.claims}
    names = [one for one in claims if place in claims[one].by_place and _is_about(found, one, metric)]
    return [(claims[name].quote, claims[name].by_place[place].probability) for name in names]


def _is_about(found: Uncertainty, claim: str, metric: str) -> bool:
    return metric in found.models.get(claim, "")


def tornado_finding(found: Uncertainty) -> str:
    """The assumption that moves the figure most."""
    widest = found.swings[0] if found.swings else None
    if widest is None or not widest.width:
        return f"No assumption moves {found.figure}"
    ends = f"{number(widest.at_low)} to {number(widest.at_high)}"
    return f"What moves {found.figure} most: {widest.path} ({ends})"


def tornado_text(found: Uncertainty) -> str:
    """The tornado in words."""
    rows = "; ".join(
        f"{one.path}: {number(one.at_low)} to {number(one.at_high)}" for one in found.swings[:10] if one.width
    )
    return f"Bar chart of {found.figure}, one assumption at a time. {tornado_finding(found)}. {rows}."


def probability_text(found: Uncertainty) -> str:
    """The probabilities in words."""
    rows = "; ".join(
        f"{one.id} {place} {100 * share.probability:.0f} %"
        for one in found.claims
        for place, share in one.by_place.items()
    )
    return f"Chart of the probability that each claim holds. {claims_finding(found)}. {rows}."
