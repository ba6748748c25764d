"""The account of a file of payments: rows used and rejected, the columns taken, how its times were read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from costmodel.reporting.words import dollars


def account(report: Mapping[str, Any]) -> Iterator[str]:
    """A line for the rows used, one for each reason of rejection, one for what was taken how."""
    payments = "" if report["payments"] == report["used"] else f" as {report['payments']:,} payments"
    yield f"from {report['file']}: {report['used']:,} rows used{payments}, {report['rejected']:,} rejected"
    for reason, found in report["reasons"].items():
        yield f"  {found['count']:,} {reason}{_more(reason, report)} (line {lines_shown(found)})"
    yield columns_line(report)
    yield from _times(report)


def lines_shown(found: Mapping[str, Any]) -> str:
    """The first lines of rejected rows."""
    return ", ".join(map(str, found["lines"])) + (" …" if found["count"] > len(found["lines"]) else "")


def columns_line(report: Mapping[str, Any]) -> str:
    """Which column was taken for what, and which of them were guessed."""
    taken = ", ".join(f"{name}={column}" for name, column in report["columns"].items())
    guessed = report["guessed"]
    every = len(guessed) == len(report["columns"])
    which = "all guessed; --map changes them" if every else f"guessed: {', '.join(guessed)}" if guessed else ""
    return f"  columns: {taken}" + (f" ({which})" if which else "")


def _more(reason: str, report: Mapping[str, Any]) -> str:
    if reason == "refund":
        return f" of {dollars(float(report['refunded_usd']), 2)} in all"
    if reason == "another currency":
        return f": {', '.join(f'{count:,} {name}' for name, count in report['other_currencies'].items())}"
    return ""


def _times(report: Mapping[str, Any]) -> Iterator[str]:
    if "time" not in report["columns"]:
        yield "  no time column: payments are spread evenly over the month"
        return
    times = report["times"]
    parts = (
        [f"{times['without a zone']:,} without a zone read as {report['zone']}"] if times.get("without a zone") else []
    )
    parts += [f"{times[name]:,} {name}" for name in sorted(times) if times[name] and name != "without a zone"]
    yield f"  times: {', '.join(parts)}"
    if report["spread_over"]:
        yield f"  given to the {report['spread_over']}: those of one {report['spread_over']} are spread evenly over it"
