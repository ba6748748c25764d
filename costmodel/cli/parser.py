"""The parser of every command."""

from __future__ import annotations

import argparse

from costmodel import __version__
from costmodel.cli import (
    ach,
    actuals,
    baseline,
    bill,
    breakeven,
    bridge,
    check,
    compare,
    diff,
    frontier,
    growth,
    init,
    panel,
    prices,
    processors,
    report,
    run,
    sweep,
    uncertainty,
    validate,
)

COMMANDS = (
    check, run, compare, panel, bridge, breakeven, growth, frontier, sweep, uncertainty, processors, bill, ach, prices,
    actuals, report, baseline, diff, validate, init,
)  # fmt: skip
EXIT_CODES = """exit codes: 0 fine; 1 internal error; 2 bad input or usage; 3 a cost moved past a threshold;
4 a verdict differs from its pin; 5 a source is older than `prices stale` or a blocking policy allows;
130 interrupted"""


def parser() -> argparse.ArgumentParser:
    """The parser of every command; each sets `command`, the function that runs it."""
    top = argparse.ArgumentParser(
        prog="costmodel",
        description="What a payment system costs, how fast it is and how much it carries, from one simulated month; "
        "and what the claims about it are worth.",
        epilog=EXIT_CODES,
    )
    top.add_argument("--version", action="version", version=f"costmodel {__version__}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands)
    return top
