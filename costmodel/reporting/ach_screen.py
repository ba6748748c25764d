"""When ACH entries settle and come back, and what returns cost, as documents."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from costmodel import __version__
from costmodel.analysis.ach_returns import ReturnCosts
from costmodel.assumptions.service import Service
from costmodel.reporting.documents import Documents, terminal_width
from costmodel.reporting.tables import Section, Table, as_csv, as_json, as_markdown, as_text
from costmodel.reporting.words import dollars, number, percent
from costmodel.result import SCHEMA_VERSION
from costmodel.simulation.ach_dates import last_return_day, settlement

ENDS = {"low": "low", "value": "assumed", "high": "high"}
LIMITS = {"most_return_share": "returns in all", "most_unauthorized_return_share": "unauthorized"}


def ach_documents(ach: Service, handed_in: dt.datetime, costs: Sequence[ReturnCosts], scenario: str) -> Documents:
    """What `ach` prints."""
    dates = [_dates(ach, handed_in, index) for index in range(len(ach.window))]
    document = {
        "schema_version": SCHEMA_VERSION,
        "handed_in": handed_in.isoformat(),
        "windows": dates,
        "returns": [_economics(each) for each in costs],
        "provenance": {"package": __version__, "scenario": scenario},
    }
    flat = [{**row, **row["last_return"]} for row in dates]
    for row in flat:
        row.pop("last_return")
    sections = _sections(ach, handed_in, costs, scenario)
    return {
        "table": lambda: as_text(sections, terminal_width()),
        "json": lambda: as_json(document),
        "csv": lambda: as_csv(flat, tuple(flat[0])),
        "markdown": lambda: as_markdown([["ACH"], *sections]),
    }


def _dates(ach: Service, handed_in: dt.datetime, index: int) -> dict[str, Any]:
    window = ach.window[index]
    settles = settlement(handed_in, window)
    days = {",".join(codes.codes): last_return_day(settles.date(), codes) for codes in ach.return_codes}
    last = {codes: None if day is None else day.isoformat() for codes, day in days.items()}
    return {"window": window.name, "cut_off": window.cut_off, "settles": settles.isoformat(), "last_return": last}


def _economics(costs: ReturnCosts) -> dict[str, Any]:
    return {
        "end": costs.end,
        "debits": f"{costs.debits:f}",
        "returns": f"{costs.returns:f}",
        "unauthorized": f"{costs.unauthorized:f}",
        "money_back_usd": f"{costs.money_back_usd:f}",
        "total_usd": f"{costs.bill.total_usd:f}",
        "usd_per_debit": f"{costs.usd_per_debit:f}",
        "lines": [line.to_dict() for line in costs.bill.lines],
        "limits": {name: {"percent": f"{at:f}", "limit": f"{most:f}"} for name, (at, most) in costs.limits.items()},
    }


def _sections(ach: Service, handed_in: dt.datetime, costs: Sequence[ReturnCosts], scenario: str) -> list[Section]:
    return [
        [f"Handed in {handed_in:%a %Y-%m-%d %H:%M %Z}", _settlements(ach, handed_in)],
        [_returns(ach, handed_in), "  counted from the settlement of each window"],
        [_costs(costs), *_notes(costs, scenario)],
    ]


def _settlements(ach: Service, handed_in: dt.datetime) -> Table:
    rows = tuple(
        (window.name, window.cut_off, f"{settlement(handed_in, window):%a %Y-%m-%d %H:%M}") for window in ach.window
    )
    return Table(("Window", "cut-off", "settles, New York"), rows, frozenset({2}))


def _returns(ach: Service, handed_in: dt.datetime) -> Table:
    """The last day by code and window; windows that settle on the same day give the same days."""
    settled = {window.name: settlement(handed_in, window).date() for window in ach.window}
    rows = []
    for codes in ach.return_codes:
        within = f"{codes.within} {codes.unit}s" if codes.within else "as banks agree"
        days = [last_return_day(day, codes) for day in settled.values()]
        rows.append((" ".join(codes.codes), within, *("–" if day is None else day.isoformat() for day in days)))
    return Table(("May come back until", "within", *settled), tuple(rows), frozenset(range(2 + len(settled))))


def _costs(costs: Sequence[ReturnCosts]) -> Table:
    rows: list[tuple[str, ...]] = [
        ("returns", *(number(each.returns, 1) for each in costs)),
        ("unauthorized returns", *(number(each.unauthorized, 2) for each in costs)),
        ("money that goes back", *(dollars(each.money_back_usd, 2) for each in costs)),
    ]
    for index, line in enumerate(costs[0].bill.lines):
        rows.append((f"{line.service}.{line.meter}", *(dollars(each.bill.lines[index].cost_usd, 2) for each in costs)))
    rows += [
        ("total", *(dollars(each.bill.total_usd, 2) for each in costs)),
        ("for each debit", *(dollars(each.usd_per_debit, 3) for each in costs)),
        ("for each return", *(dollars(each.usd_per_return, 2) for each in costs)),
    ]
    rows += [(f"{words}, limit {percent(costs[0].limits[name][1])}", *(_reached(each.limits[name]) for each in costs))
             for name, words in LIMITS.items()]  # fmt: skip
    return Table(("A month of debits", *(ENDS[each.end] for each in costs)), tuple(rows))


def _reached(limit: tuple[Decimal, Decimal]) -> str:
    at, most = limit
    return percent(at, 2) + (" above it" if at > most else "")


def _notes(costs: Sequence[ReturnCosts], scenario: str) -> list[str]:
    first = costs[0]
    size = dollars(first.volume_usd / first.debits, 2)
    said = f"  {scenario}: {number(first.debits, 0)} debits of {size} a month, all by ACH; shares of returns and their "
    return [said + "range are the scenario's; every unauthorized debit is counted as lost."]
