"""`costmodel compare`: one system against another."""

from __future__ import annotations

import argparse
from typing import Any

from costmodel.cli.common import OK, asked, give, new_command, simulation_options


def add(commands: Any) -> None:
    """Put it into the parser."""
    parser = new_command(commands, "compare", compare_command, "from one system to the other, line by line")
    parser.add_argument("before", metavar="A", help="a scenario on Stripe's side")
    parser.add_argument("after", metavar="B", help="the own scenario")
    parser.add_argument("--perimeter", required=True, metavar="P", help="a perimeter, or perimeter.variant")
    simulation_options(parser)


def compare_command(arguments: argparse.Namespace) -> int:
    """Two systems within a perimeter."""
    from costmodel.analysis.compare import compare
    from costmodel.reporting.documents import comparison_documents
    from costmodel.reporting.progress import progress

    with progress(f"compare {arguments.before} {arguments.after}", arguments.quiet) as watch:
        comparison = compare(
            arguments.before, arguments.after, perimeter=arguments.perimeter, watch=watch, **asked(arguments)
        )  # fmt: skip
    give(arguments, comparison_documents(comparison))
    return OK
