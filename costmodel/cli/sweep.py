"""`costmodel sweep`: a scenario at every combination of some values."""

from __future__ import annotations

import argparse
from typing import Any

from costmodel.cli.common import OK, assumed, assumption_options, give, new_command

VARY = "KEY=a,b,c or KEY=low:high:number[:log]; several make a grid"


def add(commands: Any) -> None:
    """Put it into the parser."""
    text = "a scenario at every combination of some values; what is finished is kept, and taken up again"
    parser = new_command(commands, "sweep", sweep_command, text)
    parser.add_argument("scenario", metavar="S", help="a name in data/scenarios, or a path")
    parser.add_argument("--vary", action="append", default=[], metavar="KEY=VALUES", help=VARY)
    parser.add_argument("--figure", action="append", default=[], metavar="PATH", help="show this figure (several)")
    against = "each point less the first, in pairs of replications under the same luck, with the variance ratio"
    parser.add_argument("--differences", action="store_true", help=against)
    shorter = "simulate months of more payments than are replicated for a shorter time at the full rate, several times"
    parser.add_argument("--shorten", action="store_true", help=shorter)
    assumption_options(parser)
    worker_options(parser)
    parser.add_argument("--store", metavar="FILE", help="keep finished points there (default: .costmodel/ here)")


def worker_options(parser: argparse.ArgumentParser) -> None:
    """The options of who computes."""
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes of this machine (default: 1)")
    parser.add_argument("--dask", metavar="ADDRESS", help="the scheduler of a Dask cluster, e.g. tcp://10.0.0.5:8786")


def sweep_command(arguments: argparse.Namespace) -> int:
    """Every point of the grid."""
    from costmodel.analysis.sweep import sweep
    from costmodel.reporting.progress import progress
    from costmodel.reporting.sweeps import sweep_documents

    who = {name: getattr(arguments, name) for name in ("workers", "dask", "store", "shorten")}
    with progress(f"sweep {arguments.scenario}", arguments.quiet) as watch:
        found = sweep(arguments.scenario, arguments.vary, watch=watch, **who, **assumed(arguments))
    give(arguments, sweep_documents(found, arguments.figure, differences=arguments.differences))
    return OK
