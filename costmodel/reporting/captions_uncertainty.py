"""What the charts and tables of an uncertainty analysis find, in a sentence, and in words for those who do not see."""

from __future__ import annotations

from costmodel.analysis.uncertain_result import Swing, Uncertainty
from costmodel.reporting.captions import signed
from costmodel.reporting.words import number

REDUCTION = "reduction"
NAMES = {REDUCTION: "reduction of cost", "own_usd": "cost of the own side", "stripe_usd": "cost of Stripe's side"}


def place_name(found: Uncertainty, place: str) -> str:
    """A perimeter by its title; a scenario by its name."""
    return found.titles.get(place, place)


def figure_name(found: Uncertainty, figure: str) -> str:
    """A sampled figure in words: `same_rail.reduction` as "reduction of cost, same rail, both legs"."""
    place, _, metric = figure.partition(".")
    return f"{NAMES.get(metric, metric)}, {place_name(found, place)}"


def figure_unit(figure: str) -> str:
    """The unit of a sampled figure."""
    metric = figure.partition(".")[2]
    return "%" if metric == REDUCTION else "ms" if metric.startswith("latency") else "USD a month"


def claims_finding(found: Uncertainty) -> str:
    """How the figure asked for spreads, and how probable what is claimed of it is."""
    spread = found.spread(found.figure)
    low, high = (signed(number(end)) for end in (spread.low, spread.high))
    name = figure_name(found, found.figure)
    span = f"{name[:1].upper()}{name[1:]}: {low} to {high} {figure_unit(found.figure)} in nine months of ten"
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
    place, _, metric = found.figure.partition(".")
    name, where = NAMES.get(metric, metric), place_name(found, place)
    widest = found.swings[0] if found.swings else None
    if widest is None or not widest.width:
        return f"No assumption moves the {name} ({where})"
    return f"What moves the {name} most ({where}): {widest.path}, {_ends(widest)} {figure_unit(found.figure)}"


def tornado_text(found: Uncertainty) -> str:
    """The tornado in words."""
    rows = "; ".join(f"{one.path}: {_ends(one)}" for one in found.swings[:10] if one.width)
    name, unit = figure_name(found, found.figure), figure_unit(found.figure)
    return f"Bar chart of {name}, {unit}, one assumption at a time. {tornado_finding(found)}. {rows}."


def probability_text(found: Uncertainty) -> str:
    """The probabilities in words."""
    rows = "; ".join(
        f"{one.id} {place_name(found, place)} {100 * share.probability:.0f} %"
        for one in found.claims
        for place, share in one.by_place.items()
    )
    return f"Chart of the probability that each claim holds. {claims_finding(found)}. {rows}."


def _ends(swing: Swing) -> str:
    return f"{signed(number(swing.at_low))} to {signed(number(swing.at_high))}"
