"""`costmodel actuals`: real money beside the model."""

from __future__ import annotations

import argparse
from typing import Any

from costmodel.cli.common import OK, asked, date, give, new_command


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
    parser.add_argument("--map", action="append", default=[], metavar="FIELD=COLUMN", help="a column of plain payments")
    parser.add_argument("--strict", action="store_true", help="a faulty row of any file is an error")
    parser.add_argument("--set", action="append", default=[], metavar="PATH=VALUE", help="change one assumption of S")
    parser.add_argument("--seed", type=int, metavar="N", help="other luck")
    parser.add_argument("--on", type=date, metavar="DATE", help="the model at prices of this date (YYYY-MM-DD)")
    parser.add_argument("--engine", choices=("auto", "reference", "compiled"), default="auto")


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
    arguments.payments = None  # the files say what was paid; the model's side is its scenario
    terms = {name: value for name, value in asked(arguments).items() if name != "payments"}
    with progress(f"{arguments.scenario or 'model'}: simulating", arguments.quiet) as watch:
        found = actuals(arguments.files, scenario=arguments.scenario, watch=watch, **terms)
    if arguments.calibrate:
        if found.calibration is None:
            raise UsageError("--calibrate: the files hold no payments; give a Stripe report or a file of payments too")
        base = arguments.scenario or found.scenario
        text = scenario_file(found.calibration, found.result.assumptions, base, found.measured_usage())
        write_whole(arguments.calibrate, text)
    give(arguments, actuals_documents(found))
    return OK
