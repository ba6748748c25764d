"""`costmodel check`: the main job."""

from __future__ import annotations

import argparse
from typing import Any

from costmodel.cli.common import asked, chart_option, draw, give, new_command, simulation_options


def add(commands: Any) -> None:
    """Put it into the parser."""
    parser = new_command(commands, "check", check_command, "the main job: simulate, bill, compare, judge every claim")
    simulation_options(parser)
    parser.add_argument("--claims", default="seed", metavar="FILE", help="a claims file, or a name in data/claims")
    parser.add_argument("--scenario", default="seed_aws", metavar="S", help="the own pipeline's month")
    parser.add_argument("--all", action="store_true", help="also the cost lines, all variants and all claims")
    chart_option(parser, "the reduction by perimeter")
    parser.add_argument("--pinned", action="store_true", help="hold the pins even where assumptions were changed")


def check_command(arguments: argparse.Namespace) -> int:
    """Judge the claims; 4 where a verdict differs from its pin."""
    from costmodel.analysis.check import check
    from costmodel.reporting.documents import check_documents
    from costmodel.reporting.progress import progress

    with progress(f"check {arguments.scenario}", arguments.quiet) as watch:
        result = check(
            arguments.claims, scenario=arguments.scenario, pinned=arguments.pinned, watch=watch, **asked(arguments)
        )  # fmt: skip
    draw(arguments, ("perimeter",), result)
    give(arguments, check_documents(result, all_=arguments.all))
    return result.exit_code
