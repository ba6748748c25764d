"""`costmodel uncertainty`: how sure the results are, and what moves them most."""

from __future__ import annotations

import argparse
from typing import Any

from costmodel.cli.common import OK, assumed, assumption_options, chart_option, draw, give, new_command
from costmodel.cli.sweep import worker_options


def add(commands: Any) -> None:
    """Put it into the parser."""
    text = "draw every assumption that has a range: how probable each claim is, and what moves the result most"
    parser = new_command(commands, "uncertainty", uncertainty_command, text)
    parser.add_argument(
        "scenario", nargs="?", default="seed_aws", metavar="S", help="the own month (default: seed_aws)"
    )
    parser.add_argument("--claims", default="seed", metavar="FILE", help="a claims file, or a name in data/claims")
    parser.add_argument("--samples", type=int, metavar="N", help="months, each with inputs and luck of its own")
    ranked = "whose causes are ranked: PERIMETER.FIGURE or seed_aws.FIGURE (default: %(default)s)"
    parser.add_argument("--figure", default="same_rail.reduction", metavar="F", help=ranked)
    chart_option(parser, "probabilities and causes")
    assumption_options(parser)
    worker_options(parser)


def uncertainty_command(arguments: argparse.Namespace) -> int:
    """Draw, simulate, judge."""
    from costmodel.analysis.uncertainty import uncertainty
    from costmodel.reporting.progress import progress
    from costmodel.reporting.uncertainties import uncertainty_documents

    how = {name: getattr(arguments, name) for name in ("claims", "figure", "samples", "workers", "dask")}
    with progress(f"uncertainty {arguments.scenario}", arguments.quiet) as watch:
        found = uncertainty(arguments.scenario, watch=watch, **how, **assumed(arguments))
    draw(arguments, ("probability", "tornado"), found)
    give(arguments, uncertainty_documents(found))
    return OK
