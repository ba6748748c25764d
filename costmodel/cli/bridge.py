"""`costmodel bridge`: what the difference between two months' cost comes from."""

from __future__ import annotations

import argparse
from typing import Any

from costmodel.cli.common import OK, assumed, assumption_options, chart_option, draw, give, new_command

TEXT = "from one month's cost to another's, the change attributed to its causes"


def add(commands: Any) -> None:
    """Put it into the parser."""
    parser = new_command(commands, "bridge", bridge_command, TEXT)
    parser.add_argument("before", metavar="A", help="a scenario")
    parser.add_argument("after", metavar="B", help="another, or the same with --set, which changes only this one")
    parser.add_argument("--build", action="store_true", help="with the cost of building, spread over months")
    parser.add_argument(
        "--growth",
        default="seed",
        metavar="FILE",
        help="what building costs, and the months: a file, or a name in data/growth",
    )
    chart_option(parser, "the parts as a waterfall")
    assumption_options(parser)


def bridge_command(arguments: argparse.Namespace) -> int:
    """Two months."""
    from costmodel.analysis.bridging import bridge
    from costmodel.reporting.bridge_screen import bridge_documents
    from costmodel.reporting.progress import progress

    with progress(f"bridge {arguments.before} {arguments.after}", arguments.quiet) as watch:
        found = bridge(
            arguments.before, arguments.after, build=arguments.build, growth=arguments.growth, watch=watch,
            **assumed(arguments),
        )  # fmt: skip
    draw(arguments, ("waterfall",), found)
    give(arguments, bridge_documents(found))
    return OK
