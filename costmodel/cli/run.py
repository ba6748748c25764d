"""`costmodel run`: one scenario."""

from __future__ import annotations

import argparse
from typing import Any

from costmodel.cli.common import OK, asked, give, new_command, simulation_options


def add(commands: Any) -> None:
    """Put it into the parser."""
    parser = new_command(
        commands, "run", run_command, "one scenario: throughput, latency, settlement, availability, usage, bill"
    )
    parser.add_argument("scenario", metavar="S", help="a name in data/scenarios, or a path")
    parser.add_argument("--capacity", action="store_true", help=argparse.SUPPRESS)
    simulation_options(parser)


def run_command(arguments: argparse.Namespace) -> int:
    """One scenario's month."""
    from costmodel.reporting.documents import run_documents
    from costmodel.reporting.progress import progress
    from costmodel.run import replay, run

    terms = asked(arguments)
    payments, columns, strict = (terms.pop(name) for name in ("payments", "columns", "strict"))
    with progress(f"{arguments.scenario}: simulating", arguments.quiet) as watch:
        if payments is None:
            result = run(arguments.scenario, watch=watch, **terms)
        else:
            result = replay(arguments.scenario, payments, columns=columns, strict=strict, watch=watch, **terms)
    give(arguments, run_documents(result))
    return OK
