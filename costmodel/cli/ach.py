"""`costmodel ach`: when bank entries settle and come back, and what returns cost."""

from __future__ import annotations

import argparse
from typing import Any

from costmodel.cli.common import OK, give, new_command


def add(commands: Any) -> None:
    """Put it into the parser."""
    parser = new_command(
        commands, "ach", ach_command, "when ACH entries settle and until when they come back, and what returns cost"
    )
    parser.add_argument(
        "scenario", metavar="S", nargs="?", default="seed_aws", help="whose payments (default: seed_aws)"
    )
    parser.add_argument("--sent", metavar="WHEN", help="handed to the bank then, e.g. 2026-11-25T15:00 (default: now)")
    parser.add_argument("--set", action="append", default=[], metavar="PATH=VALUE", help="change one assumption")


def ach_command(arguments: argparse.Namespace) -> int:
    """Dates and costs."""
    import datetime as dt
    from pathlib import Path

    from costmodel.analysis.ach_returns import return_costs
    from costmodel.assumptions.catalog import load_assumptions
    from costmodel.assumptions.changes import parse_change
    from costmodel.assumptions.clock import now
    from costmodel.assumptions.fields import FIRST_DAY, LAST_DAY
    from costmodel.errors import UsageError
    from costmodel.reporting.ach_screen import ach_documents
    from costmodel.simulation.ach_dates import NEW_YORK

    try:
        sent = dt.datetime.fromisoformat(arguments.sent) if arguments.sent else now(NEW_YORK)
    except ValueError:
        raise UsageError(f"--sent {arguments.sent} is no time; write e.g. 2026-11-25T15:00") from None
    if not FIRST_DAY < sent.date() < LAST_DAY:
        raise UsageError(
            f"--sent {arguments.sent} lies outside of {FIRST_DAY.year} to {LAST_DAY.year}; correct the year"
        )
    handed_in = sent.replace(tzinfo=NEW_YORK) if sent.tzinfo is None else sent.astimezone(NEW_YORK)
    data = Path(arguments.data) if arguments.data else None
    changes = tuple(map(parse_change, arguments.set))
    assumptions = load_assumptions(arguments.scenario, data=data, changes=changes)
    give(
        arguments, ach_documents(assumptions.services["ach"], handed_in, return_costs(assumptions), arguments.scenario)
    )
    return OK
