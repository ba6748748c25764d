"""`costmodel frontier`: which claims hold at the same time, over volume."""

from __future__ import annotations

import argparse
from typing import Any

from costmodel.cli.common import OK, assumed, assumption_options, chart_option, draw, give, new_command

TEXT = "over volume, which claims on reduction, latency, throughput and availability hold at the same time"


def add(commands: Any) -> None:
    """Put it into the parser."""
    parser = new_command(commands, "frontier", frontier_command, TEXT)
    parser.add_argument("scenario", metavar="S", help="the own scenario, whose volume is changed")
    parser.add_argument("--frontier", default="seed", metavar="FILE", help="claims, perimeters and volumes to show")
    parser.add_argument("--from", dest="low", metavar="N", help="payments a month to begin with (default: 100)")
    parser.add_argument("--to", dest="high", metavar="N", help="payments a month to end with (default: 100 million)")
    parser.add_argument("--per-decade", metavar="N", help="points for each power of ten (default: 1)")
    chart_option(parser, "the claims by volume")
    assumption_options(parser)


def frontier_command(arguments: argparse.Namespace) -> int:
    """All volumes."""
    from costmodel.analysis.frontier import frontier
    from costmodel.reporting.frontier_screen import frontier_documents
    from costmodel.reporting.progress import progress

    with progress(f"frontier {arguments.scenario}", arguments.quiet) as watch:
        found = frontier(
            arguments.scenario, frontier=arguments.frontier, low=arguments.low, high=arguments.high,
            per_decade=arguments.per_decade, watch=watch, **assumed(arguments),
        )  # fmt: skip
    draw(arguments, ("frontier",), found)
    give(arguments, frontier_documents(found))
    return OK
