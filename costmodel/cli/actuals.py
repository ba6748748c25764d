"""`costmodel actuals`: real money beside the model."""

from __future__ import annotations

import argparse
from typing import Any

from costmodel.cli.common import OK, asked, give, new_command, simulation_options


def add(commands: Any) -> None:
    """Put it into the parser."""
    parser = new_command(
        commands, "actuals", actuals_command, "Stripe reports, FOCUS and AWS bills, payments: beside the model, and why"
    )
    parser.add_argument("files", metavar="FILE", nargs="+", help="CSV (plain or compressed) or Parquet, of any kind")
    parser.add_argument(
        "--scenario", metavar="S", help="the model's side (default: seed_aws for bills, else seed_stripe)"
    )
    parser.add_argument("--calibrate", metavar="OUT.toml", help="write what was measured as a scenario over S")
    simulation_options(parser, payments=False)


def actuals_command(arguments: argparse.Namespace) -> int:
    """Files of real money beside a scenario's month."""
    from costmodel.analysis.actuals import actuals
    from costmodel.errors import UsageError
    from costmodel.reporting.documents import actuals_documents
    from costmodel.reporting.files import check_place, write_whole
    from costmodel.reporting.progress import progress
    from costmodel.reporting.scenario_file import scenario_file

    if arguments.calibrate:
        check_place(arguments.calibrate)
    terms = asked(arguments)
    terms.pop("payments")
    with progress(f"{arguments.scenario or 'model'}: simulating", arguments.quiet) as watch:
        found = actuals(arguments.files, scenario=arguments.scenario, watch=watch, **terms)
    if arguments.calibrate:
        if found.calibration is None:
            raise UsageError("--calibrate: the files hold no payments; give a Stripe report or a file of payments too")
        text = scenario_file(found.calibration, found.result.assumptions, arguments.scenario or found.scenario)
        write_whole(arguments.calibrate, text)
    give(arguments, actuals_documents(found))
    return OK
