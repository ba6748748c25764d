"""What `uncertainty` prints."""

from __future__ import annotations

from collections.abc import Callable

from costmodel.analysis.uncertain_result import ClaimProbability, Share, Spread, Swing, Uncertainty
from costmodel.reporting.captions import signed
from costmodel.reporting.captions_uncertainty import (
    claims_finding,
    figure_name,
    figure_unit,
    place_name,
    tornado_finding,
)
from costmodel.reporting.documents import terminal_width
from costmodel.reporting.run_screen import overridden_line
from costmodel.reporting.tables import Section, Table, as_csv, as_json, as_markdown, as_text
from costmodel.reporting.words import NOTHING, number

SWINGS_SHOWN = 10
FEW = 2  # places named one by one
CLAIM_COLUMNS = ("claim", "quote", "place", "probability", "low", "high")
QUOTE_WIDTH = 2**5


def uncertainty_documents(found: Uncertainty) -> dict[str, Callable[[], str]]:
    """The documents of an uncertainty analysis."""
    return {
        "table": lambda: as_text(_sections(found), terminal_width()),
        "json": lambda: as_json(found.to_dict()),
        "csv": lambda: as_csv(found.claim_rows(), CLAIM_COLUMNS),
        "markdown": lambda: as_markdown(_sections(found)),
    }


def _sections(found: Uncertainty) -> list[Section]:
    return [
        [claims_finding(found)],
        [spread_table(found)],
        [_claims(found)],
        [tornado_finding(found), tornado_table(found)],
        _indices(found),
        [*about_lines(found)],
    ]


def spread_table(found: Uncertainty) -> Table:
    """The reductions, and the latency, with what of their spread is noise."""
    shown = [one for one in found.spreads if one.figure.endswith((".reduction", "latency_ms.p95"))]
    head = ("Figure", "at the values", "p5", "median", "p95", "sd, inputs", "sd, luck")
    fitted = ("sd, fit",) if found.fit else ()
    return Table((*head, *fitted), tuple(_spread_cells(found, one)[: len(head) + len(fitted)] for one in shown))


def _spread_cells(found: Uncertainty, one: Spread) -> tuple[str, ...]:
    figures = (one.value, one.low, one.median, one.high, one.sd_input, one.sd_noise, one.sd_fit)
    return (f"{figure_name(found, one.figure)}, {figure_unit(one.figure)}", *(_number(value) for value in figures))


def _number(value: float | None) -> str:
    return NOTHING if value is None or value != value else signed(number(value, 1))


def _claims(found: Uncertainty) -> Table:
    """Each claim that a sampled figure decides, and its probability by place."""
    judged = [one for one in found.claims if one.by_place]
    rows = [(one.id, _short(one.quote), _shares(found, one)) for one in judged]
    return Table(("Claim", "", "holds in so many months, by perimeter or scenario"), tuple(rows), frozenset({1, 2}))


def _shares(found: Uncertainty, claim: ClaimProbability) -> str:
    return "; ".join(f"{shown} {_places(found, places)}" for shown, places in _grouped(claim.by_place))


def _grouped(by_place: dict[str, Share]) -> list[tuple[str, list[str]]]:
    """The shares with the places that have them, the greatest first."""
    groups: dict[str, list[str]] = {}
    for place, share in sorted(by_place.items(), key=lambda item: -item[1].probability):
        groups.setdefault(_percent(share), []).append(place)
    return list(groups.items())


def _places(found: Uncertainty, places: list[str]) -> str:
    """Some places, or how many they are where the line would grow long."""
    if len(places) > FEW:
        return f"in {len(places)} perimeters"
    return ", ".join(place_name(found, place) for place in places)


def _short(quote: str) -> str:
    return quote if len(quote) <= QUOTE_WIDTH else quote[: QUOTE_WIDTH - 1].rstrip() + "…"


def _percent(share: Share) -> str:
    """Whole percent; what is not certain is never shown as 0 or 100."""
    value = 100 * share.probability
    if 0 < value < 1:
        return "< 1 %"
    return "> 99 %" if 99 < value < 100 else f"{value:.0f} %"


def tornado_table(found: Uncertainty) -> Table:
    """What moves the figure asked for most, one assumption at a time."""
    head = ("Assumption", "from", "to", "at low", "at high")
    return Table(head, tuple(_swing_cells(one) for one in found.swings[:SWINGS_SHOWN] if one.width))


def _swing_cells(one: Swing) -> tuple[str, ...]:
    return one.path, f"{one.low:g}", f"{one.high:g}", _number(one.at_low), _number(one.at_high)


def _indices(found: Uncertainty) -> Section:
    if not found.indices:
        return []
    head = ("Share of the variance (Sobol)", "alone", "[95 %]", "in all", "[95 %]")
    rows = tuple(
        (one.path, f"{one.first:.2f}", _pair(one.first_interval), f"{one.total:.2f}", _pair(one.total_interval))
        for one in found.indices
    )
    share = f"{100 * found.explained:.0f} %"
    return [
        Table(head, rows),
        f"Among these, the others at their values; they make {share} of the variance of all inputs.",
    ]


def _pair(ends: tuple[float, float]) -> str:
    return f"[{ends[0]:.2f}, {ends[1]:.2f}]"


def about_lines(found: Uncertainty) -> list[str]:
    """What was drawn, how often, and what was overridden."""
    scenario = found.assumptions.scenario
    luck = ", each with its own luck"
    if found.fit:
        luck = (
            f"; what drives the events through {found.fit.points} simulated design points of "
            f"{found.fit.payments:,.0f} payments at the full rate and a response fitted to them (sd, fit: of its "
            "errors at points left out)"
        )
    about = (
        f"{len(found.factors)} assumptions with a range, drawn independently ({found.rule.shape}) in {found.samples:,} "
        f"months{luck}; seed {scenario.seed}, prices of {scenario.on.isoformat()}"
    )
    return [about, *([overridden_line(list(found.overridden))] if found.overridden else [])]
