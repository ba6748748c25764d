"""`costmodel panel`: what the what-if panel of the notebooks shows."""

from __future__ import annotations

import argparse
from typing import Any

from costmodel.cli.common import OK, assumed, assumption_options, give, new_command

TEXT = (
    "what if, in one quick call: reduction by perimeter, cost lines, latency and verdicts, as in the notebooks' panel"
)


def add(commands: Any) -> None:
    """Put it into the parser."""
    parser = new_command(commands, "panel", panel_command, TEXT)
    parser.add_argument("scenario", metavar="S", help="a name in data/scenarios, or a path; of a system of one's own")
    parser.add_argument("--perimeter", metavar="P", help="whose cost lines and verdicts to show (default: the file's)")
    parser.add_argument("--panel", default="seed", metavar="FILE", help="perimeters, claims and effort")
    assumption_options(parser)


def panel_command(arguments: argparse.Namespace) -> int:
    """One quick month, in every perimeter."""
    from costmodel.analysis.panel import panel
    from costmodel.reporting.panel_screen import panel_documents
    from costmodel.reporting.progress import progress

    with progress(f"panel {arguments.scenario}", arguments.quiet) as watch:
        found = panel(arguments.scenario, perimeter=arguments.perimeter, panel=arguments.panel, watch=watch,
                      **assumed(arguments))  # fmt: skip
    give(arguments, panel_documents(found))
    return OK
