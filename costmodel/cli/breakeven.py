"""`costmodel breakeven`: where owning costs what Stripe does."""

from __future__ import annotations

import argparse
from typing import Any

from costmodel.cli.common import OK, assumed, assumption_options, chart_option, draw, give, new_command

TEXT = "at which value of one assumption owning costs what Stripe does, or a stated share less"
KEYS = """a short name (volume, ticket, ach_share, engineering, payouts, stripe_rate, stripe_ach_rate, lost_volume,
take_rate) or the path of an assumption, then with --from and --to"""


def add(commands: Any) -> None:
    """Put it into the parser."""
    parser = new_command(commands, "breakeven", breakeven_command, TEXT)
    parser.add_argument("scenario", metavar="S", help="the own scenario")
    parser.add_argument("key", metavar="KEY", help=KEYS)
    parser.add_argument("--perimeter", default="fully_loaded", metavar="P",
                        help="a perimeter, or perimeter.variant (default: fully_loaded)")  # fmt: skip
    parser.add_argument("--reduction", default="0", metavar="PERCENT", help="the reduction to reach (default: 0)")
    parser.add_argument("--from", dest="low", metavar="X", help="where the search begins")
    parser.add_argument("--to", dest="high", metavar="X", help="where it ends")
    parser.add_argument("--map", action="store_true", help="from which volume, for each value of KEY")
    chart_option(parser, "the reduction by value of KEY, or the map with its contour")
    assumption_options(parser)


def breakeven_command(arguments: argparse.Namespace) -> int:
    """One key, or the map over volume and a key."""
    from costmodel.analysis.mapping import breakeven_map
    from costmodel.analysis.seeking import breakeven
    from costmodel.errors import UsageError
    from costmodel.reporting.breakeven_screen import breakeven_documents, map_documents
    from costmodel.reporting.progress import progress

    if arguments.map and (arguments.low or arguments.high):
        raise UsageError("--from and --to are the range of a search; a map has the whole range of its key")
    terms = assumed(arguments) | {"perimeter": arguments.perimeter, "reduction": arguments.reduction}
    with progress(f"breakeven {arguments.scenario} {arguments.key}", arguments.quiet) as watch:
        if arguments.map:
            over = breakeven_map(arguments.scenario, arguments.key, watch=watch, **terms)
            documents = map_documents(over)
            draw(arguments, ("breakeven_map",), over)
        else:
            found = breakeven(
                arguments.scenario, arguments.key, low=arguments.low, high=arguments.high, watch=watch, **terms
            )
            documents = breakeven_documents(found)
            draw(arguments, ("breakeven",), found)
    give(arguments, documents)
    return OK
