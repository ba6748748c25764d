"""`costmodel processors`: every payment processor for one mix of payments."""

from __future__ import annotations

import argparse
from typing import Any

from costmodel.cli.common import OK, asked, give, new_command, simulation_options


def add(commands: Any) -> None:
    """Put it into the parser."""
    parser = new_command(
        commands, "processors", processors_command, "every payment processor for one mix of payments, in one table"
    )
    parser.add_argument(
        "scenario", metavar="S", nargs="?", default="seed_stripe", help="whose payments (default: seed_stripe)"
    )
    simulation_options(parser)


def processors_command(arguments: argparse.Namespace) -> int:
    """The same month through each of them."""
    from costmodel.analysis.processors import compare_processors
    from costmodel.reporting.processor_table import processor_documents
    from costmodel.reporting.progress import progress

    terms = asked(arguments)
    with progress(f"processors {arguments.scenario}", arguments.quiet) as watch:
        rows = compare_processors(arguments.scenario, watch=watch, **terms)
    give(arguments, processor_documents(rows, arguments.scenario))
    return OK
