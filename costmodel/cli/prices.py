"""`costmodel prices`: the price book, how old it is, and price lists read in."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from costmodel.cli.common import OK, date, folder, give, new_command

if TYPE_CHECKING:
    from costmodel.analysis.price_import import Comparison

NOTHING_COMPARED, STALE = 2, 5
TASKS = ("list", "stale", "import")


def add(commands: Any) -> None:
    """Put it into the parser."""
    parser = new_command(
        commands, "prices", prices_command, "the price book as one table; what of it is old; a price list read in"
    )
    parser.add_argument("task", nargs="?", choices=TASKS, default="list", metavar="list|stale|import")
    parser.add_argument("offers", nargs="*", metavar="OFFER", help="import: AWS Price List files, index.json or .csv")
    parser.add_argument("--xlsx", metavar="FILE", help="list: also write it as an Excel file")
    parser.add_argument(
        "--older-than", type=days, metavar="DAYS", help="stale: sources read longer ago, e.g. 365d; exits 5 if any"
    )
    parser.add_argument("--on", type=date, metavar="DATE", help="stale: counted to this day (default: today)")
    parser.add_argument("--aws", action="store_true", help="import: ask AWS (needs costmodel[aws]) instead of a file")
    parser.add_argument(
        "--write", metavar="DIR", help="import: add the new entries to the service files of this folder"
    )


def days(word: str) -> int:
    """A number of days on the command line: 365 or 365d."""
    number = word.removesuffix("d")
    if not (number.isascii() and number.isdigit() and len(number) <= 6):
        raise argparse.ArgumentTypeError(f"{word} is no number of days; write e.g. 365d")
    return int(number)


def prices_command(arguments: argparse.Namespace) -> int:
    """List, age, or import."""
    _check(arguments)
    return {"list": _list, "stale": _stale, "import": _import}[arguments.task](arguments)


def _check(arguments: argparse.Namespace) -> None:
    """Raises UsageError for what belongs to another task."""
    from costmodel.errors import UsageError

    homes = dict.fromkeys(("offers", "aws", "write"), "import") | dict.fromkeys(("older_than", "on"), "stale")
    for name, task in (homes | {"xlsx": "list"}).items():
        if getattr(arguments, name) and arguments.task != task:
            raise UsageError(f"{name.replace('_', '-')} belongs to `prices {task}`, not to `prices {arguments.task}`")
    if arguments.task == "stale" and arguments.older_than is None:
        raise UsageError("say how old is too old: prices stale --older-than 365d")
    if arguments.task == "import" and bool(arguments.offers) == arguments.aws:
        raise UsageError("name one or more offer files, or --aws")


def _list(arguments: argparse.Namespace) -> int:
    from costmodel.assumptions.catalog import load_services, overridden_prices
    from costmodel.reporting.documents import price_documents
    from costmodel.reporting.files import check_place, write_whole

    data = folder(arguments)
    services = load_services(data)
    if arguments.xlsx:
        from costmodel.reporting.price_workbook import price_workbook

        check_place(arguments.xlsx)
        write_whole(arguments.xlsx, price_workbook(services))
    give(arguments, price_documents(services, overridden_prices(data)))
    return OK


def _stale(arguments: argparse.Namespace) -> int:
    from costmodel.analysis.staleness import old_sources
    from costmodel.assumptions.catalog import load_services
    from costmodel.assumptions.clock import today
    from costmodel.reporting.price_changes import stale_documents

    on = arguments.on or today()
    found = old_sources(load_services(folder(arguments)), on=on, older_than_days=arguments.older_than)
    give(arguments, stale_documents(found, arguments.older_than, on))
    return STALE if found else OK


def _import(arguments: argparse.Namespace) -> int:
    from pathlib import Path

    from costmodel.reporting.price_changes import import_documents
    from costmodel.reporting.price_entries import write_entries

    found = _compared(arguments)
    target = Path(arguments.write) if arguments.write else None
    written = write_entries(found.new, target) if target is not None and found.new else []
    give(arguments, import_documents(found, [str(path) for path in written]))
    return OK if found.found else NOTHING_COMPARED


def _compared(arguments: argparse.Namespace) -> Comparison:
    """The list against our prices: with the folder they are to be written to laid over, so that none is added twice."""
    from pathlib import Path

    from costmodel.analysis.price_import import compare_offers, load_offer_map
    from costmodel.assumptions.catalog import data_dir, load_services
    from costmodel.billing.offer_api import fetch_offers, pricing_client
    from costmodel.billing.offers import read_offers

    data = folder(arguments)
    target = Path(arguments.write) if arguments.write else None
    if target is not None and data is None and target.is_dir() and not target.samefile(data_dir()):
        data = target
    where = load_offer_map(data=data)
    if arguments.aws:
        offers = fetch_offers(pricing_client(), where.service_codes(), where.prefixes)
    else:
        offers = [offer for file in arguments.offers for offer in read_offers(Path(file))]
    return compare_offers(offers, load_services(data), where)
