"""What the commands share: their common options, and how what they give is shown.

A command is a module of this room with `add(commands)`, which puts it into the parser, and a function that runs it.
"""

from __future__ import annotations

import argparse
import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

OK = 0
Command = Callable[[argparse.Namespace], int]
FORMATS = ("table", "json", "csv", "markdown")
FORMATS_FOR_CI = {"junit": ("check", "diff"), "sarif": ("validate",)}  # and the commands that have them


def new_command(commands: Any, name: str, run: Command, text: str) -> argparse.ArgumentParser:
    """A command with the options that all have."""
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(command=run, command_name=name)
    parser.add_argument("--format", choices=(*FORMATS, *FORMATS_FOR_CI), default="table", metavar="FORMAT",
                        help=f"how to print: {', '.join(formats(name))} (default: table)")  # fmt: skip
    parser.add_argument("--out", metavar="FILE", help="write to FILE instead, all at once or not at all")
    parser.add_argument("--data", metavar="DIR", help="lay a folder of your data over the shipped one, key by key")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    return parser


def simulation_options(parser: argparse.ArgumentParser) -> None:
    """The options of every command that simulates one month; `asked` reads them."""
    assumption_options(parser)
    parser.add_argument("--payments", metavar="FILE", help="a CSV or Parquet file of payments instead of the workload")
    parser.add_argument("--map", action="append", default=[], metavar="FIELD=COLUMN", help="a column of that file")
    parser.add_argument("--strict", action="store_true", help="a faulty row of that file is an error")


def assumption_options(parser: argparse.ArgumentParser) -> None:
    """The options of what is assumed and how it is simulated; `assumed` reads them."""
    scenario_options(parser)
    parser.add_argument("--on", type=date, metavar="DATE", help="prices and rules of this date (YYYY-MM-DD)")


def scenario_options(parser: argparse.ArgumentParser) -> None:
    """The options of every command that takes a scenario; `changed` reads them."""
    parser.add_argument("--set", action="append", default=[], metavar="PATH=VALUE", help="change one assumption")
    parser.add_argument("--seed", type=int, metavar="N", help="other luck")
    parser.add_argument("--engine", choices=("auto", "reference", "compiled"), default="auto")


def chart_option(parser: argparse.ArgumentParser, what: str) -> None:
    """The option to draw the finding as well; `draw` does it."""
    parser.add_argument("--chart", metavar="FILE", help=f"also draw {what} (.svg, .png or .pdf)")


def draw(arguments: argparse.Namespace, names: tuple[str, ...], result: Any) -> None:
    """The charts of these names, where they were asked for: in one file, written wholly, or not at all."""
    if arguments.chart:
        from costmodel.reporting.charts_svg import chart_kind, charts_bytes
        from costmodel.reporting.files import write_whole

        write_whole(arguments.chart, charts_bytes(names, result, chart_kind(arguments.chart)))


def formats(command: str) -> tuple[str, ...]:
    """The formats a command prints."""
    return (*FORMATS, *(name for name, commands in FORMATS_FOR_CI.items() if command in commands))


def date(word: str) -> dt.date:
    """A date of the command line."""
    try:
        return dt.date.fromisoformat(word)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{word} is no date; write YYYY-MM-DD") from None


def check_options(arguments: argparse.Namespace) -> None:
    """Raises UsageError or InputError for options that make no sense together, before any work is done."""
    from costmodel.errors import UsageError
    from costmodel.reporting.files import check_place

    name = arguments.command_name
    if arguments.format not in formats(name):
        has = " and ".join(FORMATS_FOR_CI[arguments.format])
        raise UsageError(f"{name} has no --format {arguments.format} ({has} ha{'ve' if ' and ' in has else 's'} it); "
                         f"choose {', '.join(formats(name))}")  # fmt: skip
    if "payments" in arguments and arguments.payments is None and (arguments.map or arguments.strict):
        raise UsageError("--map and --strict say how to read a file of payments; name it with --payments FILE")
    for path in (arguments.out, getattr(arguments, "chart", None)):
        if path:
            check_place(path)
    if getattr(arguments, "chart", None):
        from costmodel.reporting.charts_svg import chart_kind

        chart_kind(arguments.chart)


def folder(arguments: argparse.Namespace) -> Path | None:
    """The folder laid over the shipped data."""
    from pathlib import Path

    return Path(arguments.data) if arguments.data else None


def assumed(arguments: argparse.Namespace) -> dict[str, Any]:
    """The options that say what to assume, as keyword arguments."""
    return {
        "set": changed(arguments),
        "data": arguments.data,
        "seed": arguments.seed,
        "engine": arguments.engine,
    }


def asked(arguments: argparse.Namespace) -> dict[str, Any]:
    """The options that every simulation takes, as its keyword arguments."""
    return {
        **assumed(arguments),
        "payments": arguments.payments,
        "columns": pairs(arguments.map, "--map", "amount=total"),
        "strict": arguments.strict,
    }


def changed(arguments: argparse.Namespace) -> dict[str, Any]:
    """What `--set` and `--on` change, by path."""
    from costmodel.assumptions.changes import parse_change

    changes = {change.path: change.value for change in map(parse_change, arguments.set)}
    return changes | ({} if arguments.on is None else {"on": arguments.on})


def pairs(words: list[str], option: str, example: str = "stripe=two_day") -> dict[str, str]:
    """NAME=VALUE words of an option that may be given more than once, or with commas. Raises UsageError."""
    from costmodel.errors import UsageError

    found = {}
    for word in (part for given in words for part in given.split(",")):
        name, equals, value = word.partition("=")
        if not (equals and name and value):
            raise UsageError(f"{option} {word}: not NAME=VALUE; write e.g. {option} {example}")
        found[name.strip()] = value.strip()
    return found


def give(arguments: argparse.Namespace, documents: dict[str, Callable[[], str]]) -> None:
    """Show the document of the format asked for, or write it to a file: wholly, or not at all."""
    from costmodel.reporting.files import write_whole
    from costmodel.reporting.terminal import show

    text = documents[arguments.format]()
    if arguments.out:
        write_whole(arguments.out, text)
    else:
        show(text, styled=arguments.format == "table")
