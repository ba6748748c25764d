"""The options of every command."""

from __future__ import annotations

import argparse
import datetime as dt
from collections.abc import Callable
from typing import Any

from costmodel.cli.commands import (
    bill_command,
    check_command,
    compare_command,
    prices_command,
    run_command,
    validate_command,
)

Command = Callable[[argparse.Namespace], int]
FORMATS = ("table", "json", "csv", "markdown")
FORMATS_TO_COME = ("junit", "sarif")
EXIT_CODES = """exit codes: 0 fine; 1 internal error; 2 bad input or usage; 4 a verdict differs from its pin;
130 interrupted"""


def parser() -> argparse.ArgumentParser:
    """The parser of every command; each sets `command`, the function that runs it."""
    top = argparse.ArgumentParser(
        prog="costmodel",
        description="What a payment system costs, how fast it is and how much it carries, from one simulated month; "
        "and what the claims about it are worth.",
        epilog=EXIT_CODES,
    )
    top.add_argument("--version", action="version", version=_Version())
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    _add_check(commands)
    _add_run(commands)
    _add_bill(commands)
    _add_compare(commands)
    _add_prices(commands)
    _add_validate(commands)
    return top


class _Version(str):
    """The version, looked up only when it is printed."""

    __slots__ = ()

    def __mod__(self, _: Any) -> str:
        from costmodel import __version__

        return f"costmodel {__version__}"


def _command(commands: Any, name: str, run: Command, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(command=run)
    parser.add_argument("--format", choices=FORMATS + FORMATS_TO_COME, default="table", metavar="FORMAT",
                        help=f"how to print: {', '.join(FORMATS)} (default: table)")  # fmt: skip
    parser.add_argument("--out", metavar="FILE", help="write to FILE instead, all at once or not at all")
    parser.add_argument("--data", metavar="DIR", help="lay a folder of your data over the shipped one, key by key")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    return parser


def _simulation_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--set", action="append", default=[], metavar="PATH=VALUE", help="change one assumption")
    parser.add_argument("--seed", type=int, metavar="N", help="other luck")
    parser.add_argument("--on", type=_date, metavar="DATE", help="prices and rules of this date (YYYY-MM-DD)")
    parser.add_argument("--payments", metavar="FILE", help="a CSV file of payments instead of the workload")
    parser.add_argument("--map", action="append", default=[], metavar="FIELD=COLUMN", help="a column of that file")
    parser.add_argument("--strict", action="store_true", help="a faulty row of that file is an error")
    parser.add_argument("--engine", choices=("auto", "reference", "compiled"), default="auto")


def _date(word: str) -> dt.date:
    try:
        return dt.date.fromisoformat(word)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{word} is no date; write YYYY-MM-DD") from None


def _add_check(commands: Any) -> None:
    parser = _command(commands, "check", check_command, "the main job: simulate, bill, compare, judge every claim")
    _simulation_options(parser)
    parser.add_argument("--claims", default="seed", metavar="FILE", help="a claims file, or a name in data/claims")
    parser.add_argument("--scenario", default="seed_aws", metavar="S", help="the own pipeline's month")
    parser.add_argument("--all", action="store_true", help="also the cost lines, all variants and all claims")
    parser.add_argument("--pinned", action="store_true", help="hold the pins even where assumptions were changed")


def _add_run(commands: Any) -> None:
    parser = _command(
        commands, "run", run_command, "one scenario: throughput, latency, settlement, availability, usage, bill"
    )
    parser.add_argument("scenario", metavar="S", help="a name in data/scenarios, or a path")
    parser.add_argument("--capacity", action="store_true", help=argparse.SUPPRESS)
    _simulation_options(parser)


def _add_bill(commands: Any) -> None:
    parser = _command(commands, "bill", bill_command, "price a usage file, without simulating")
    parser.add_argument("usage", metavar="USAGE", help="CSV, TOML or JSON")
    parser.add_argument(
        "--on", type=_date, metavar="DATE", help="prices of this date (default: the newest day prices were read)"
    )
    parser.add_argument("--region", metavar="REGION", help="of rows that name none (default: the AWS pipeline's)")
    parser.add_argument("--no-free-tier", action="store_true", help="list price, without free units")


def _add_compare(commands: Any) -> None:
    parser = _command(commands, "compare", compare_command, "from one system to the other, line by line")
    parser.add_argument("before", metavar="A", help="a scenario on Stripe's side")
    parser.add_argument("after", metavar="B", help="the own scenario")
    parser.add_argument("--perimeter", required=True, metavar="P", help="a perimeter, or perimeter.variant")
    _simulation_options(parser)


def _add_prices(commands: Any) -> None:
    parser = _command(commands, "prices", prices_command, "the price book as one table")
    parser.add_argument("what", nargs="?", choices=("list",), default="list")


def _add_validate(commands: Any) -> None:
    parser = _command(commands, "validate", validate_command, "check a data file and everything it rests on")
    parser.add_argument("file", metavar="FILE")


def check_options(arguments: argparse.Namespace) -> None:
    """Raises UsageError or InputError for options that make no sense together, before any work is done."""
    from costmodel.errors import UsageError
    from costmodel.reporting.files import check_place

    if arguments.format in FORMATS_TO_COME:
        raise UsageError(f"--format {arguments.format} is not built yet; choose {', '.join(FORMATS)}")
    if getattr(arguments, "capacity", False):
        raise UsageError("--capacity is not built yet; `run` names the limits nearest to binding")
    if "payments" in arguments and arguments.payments is None and (arguments.map or arguments.strict):
        raise UsageError("--map and --strict say how to read a file of payments; name it with --payments FILE")
    if arguments.out:
        check_place(arguments.out)
