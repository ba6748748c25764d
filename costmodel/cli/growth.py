"""`costmodel growth`: what owning saves as the business grows."""

from __future__ import annotations

import argparse
from typing import Any

from costmodel.cli.common import OK, assumed, assumption_options, chart_option, draw, give, new_command

TEXT = "month by month as the business grows: both sides, cumulative saving, payback, present value, with their spread"


def add(commands: Any) -> None:
    """Put it into the parser."""
    parser = new_command(commands, "growth", growth_command, TEXT)
    parser.add_argument("scenario", metavar="S", help="the own scenario, the first month")
    parser.add_argument("--growth", default="seed", metavar="FILE", help="a growth file, or a name in data/growth")
    parser.add_argument("--perimeter", default="fully_loaded", metavar="P",
                        help="a perimeter, or perimeter.variant (default: fully_loaded)")  # fmt: skip
    parser.add_argument("--months", metavar="N", help="how many (default: the growth file's)")
    parser.add_argument(
        "--monthly-growth", metavar="PERCENT", help="the same every month, instead of the file's growth"
    )
    parser.add_argument("--rate", metavar="PERCENT", help="to discount with, a year (default: the growth file's)")
    chart_option(parser, "the cumulative saving with its spread")
    assumption_options(parser)


def growth_command(arguments: argparse.Namespace) -> int:
    """The whole path."""
    from costmodel.analysis.growth import growth
    from costmodel.reporting.growth_screen import growth_documents
    from costmodel.reporting.progress import progress

    with progress(f"growth {arguments.scenario}", arguments.quiet) as watch:
        found = growth(
            arguments.scenario, growth=arguments.growth, perimeter=arguments.perimeter, months=arguments.months,
            monthly_growth=arguments.monthly_growth, rate=arguments.rate, watch=watch, **assumed(arguments),
        )  # fmt: skip
    draw(arguments, ("growth",), found)
    give(arguments, growth_documents(found))
    return OK
