"""`costmodel prices`: the price book."""

from __future__ import annotations

import argparse
from typing import Any

from costmodel.cli.common import OK, folder, give, new_command


def add(commands: Any) -> None:
    """Put it into the parser."""
    parser = new_command(commands, "prices", prices_command, "the price book as one table")
    parser.add_argument("what", nargs="?", choices=("list",), default="list")


def prices_command(arguments: argparse.Namespace) -> int:
    """The price book."""
    from costmodel.assumptions.catalog import load_services, overridden_prices
    from costmodel.reporting.documents import price_documents

    data = folder(arguments)
    give(arguments, price_documents(load_services(data), overridden_prices(data)))
    return OK
