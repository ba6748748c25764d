"""`costmodel bill`: a usage file priced."""

from __future__ import annotations

import argparse
from typing import Any

from costmodel.cli.common import OK, date, folder, give, new_command, pairs


def add(commands: Any) -> None:
    """Put it into the parser."""
    parser = new_command(commands, "bill", bill_command, "price a usage file, without simulating")
    parser.add_argument("usage", metavar="USAGE", help="CSV, TOML or JSON")
    parser.add_argument(
        "--on", type=date, metavar="DATE", help="prices of this date (default: the newest day prices were read)"
    )
    parser.add_argument("--region", metavar="REGION", help="of rows that name none (default: the AWS pipeline's)")
    parser.add_argument(
        "--month-hours",
        type=hours,
        metavar="HOURS",
        help="730, as calculators do (default: actual, the month's)",
    )
    parser.add_argument(
        "--plan", action="append", default=[], metavar="SERVICE=PLAN", help="a price plan instead of list prices"
    )
    parser.add_argument("--surcharges-apart", action="store_true", help="round each surcharge on a fee by itself")
    parser.add_argument("--no-free-tier", action="store_true", help="list price, without free units")


def hours(word: str) -> int | None:
    """The hours of a month on the command line; None for the calendar month's."""
    if word == "actual":
        return None
    if not (word.isascii() and word.isdigit() and len(word) <= 4 and int(word) >= 1):
        raise argparse.ArgumentTypeError(f"{word} is no number of hours; write 730, or actual")
    return int(word)


def bill_command(arguments: argparse.Namespace) -> int:
    """A usage file at list price."""
    from costmodel.assumptions.catalog import overridden_prices
    from costmodel.reporting.documents import bill_documents
    from costmodel.run import bill

    priced = bill(
        arguments.usage, on=arguments.on, region=arguments.region, data=arguments.data,
        free_tier=not arguments.no_free_tier, month_hours=arguments.month_hours, plans=pairs(arguments.plan, "--plan"),
        round_surcharges_together=not arguments.surcharges_apart,
    )  # fmt: skip
    give(arguments, bill_documents(priced, overridden_prices(folder(arguments))))
    return OK
