"""The command line: read the options, call one function, show what it gives.

Nothing heavy is imported before a command runs, so that `costmodel --help` answers at once.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

Command = Callable[[argparse.Namespace], int]
OK, INTERNAL, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130
FORMATS = ("table", "json", "csv", "markdown")
EXIT_CODES = """exit codes: 0 fine; 1 internal error; 2 bad input or usage; 4 a verdict differs from its pin;
130 interrupted"""


def main(words: Sequence[str] | None = None) -> int:
    """Run a command; the exit code is the contract's."""
    arguments = _parser().parse_args(words)
    try:
        code: int = arguments.command(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        return _closed_pipe()
    except KeyboardInterrupt:
        print("interrupted; nothing was written", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        return _failed(error)
    return code


def _failed(error: Exception) -> int:
    """What went wrong, in words; a traceback only for a defect and only on request."""
    from costmodel.errors import CostmodelError, InputError, InternalError

    if isinstance(error, InputError):
        for problem in error.problems:
            print(problem, file=sys.stderr)
        print(f"{_counted(len(error.problems), 'error')}; nothing was run or written.", file=sys.stderr)
        return BAD_INPUT
    if isinstance(error, CostmodelError) and not isinstance(error, InternalError):
        print(error, file=sys.stderr)
        return BAD_INPUT
    if os.environ.get("COSTMODEL_DEBUG"):
        raise error
    print(f"internal error: {type(error).__name__}: {error}", file=sys.stderr)
    print("This is a defect of costmodel; COSTMODEL_DEBUG=1 shows where.", file=sys.stderr)
    return INTERNAL


def _closed_pipe() -> int:
    """Whoever read us has gone: leave quietly, and keep Python from complaining at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return OK


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


# --- the options ----------------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="costmodel",
        description="What a payment system costs, how fast it is and how much it carries, from one simulated month; "
        "and what the claims about it are worth.",
        epilog=EXIT_CODES,
    )
    parser.add_argument("--version", action="version", version=_Version())
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_check(commands)
    _add_run(commands)
    _add_bill(commands)
    _add_compare(commands)
    _add_prices(commands)
    _add_validate(commands)
    return parser


class _Version(str):
    """The version, looked up only when it is printed."""

    __slots__ = ()

    def __mod__(self, _: Any) -> str:
        from costmodel import __version__

        return f"costmodel {__version__}"


def _command(commands: Any, name: str, run: Command, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(command=run)
    parser.add_argument("--format", choices=FORMATS, default="table", help="how to print (default: table)")
    parser.add_argument("--out", metavar="FILE", help="write to FILE instead, all at once or not at all")
    parser.add_argument("--data", metavar="DIR", help="lay a folder of your data over the shipped one, key by key")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    return parser


def _simulation_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--set", action="append", default=[], metavar="PATH=VALUE", help="change one assumption")
    parser.add_argument("--seed", type=int, metavar="N", help="other luck")
    parser.add_argument("--on", metavar="DATE", help="prices and rules of this date (YYYY-MM-DD)")
    parser.add_argument("--payments", metavar="FILE", help="a CSV file of payments instead of the workload")
    parser.add_argument("--map", action="append", default=[], metavar="FIELD=COLUMN", help="a column of that file")
    parser.add_argument("--strict", action="store_true", help="a faulty row of that file is an error")
    parser.add_argument("--engine", choices=("auto", "reference", "compiled"), default="auto")


def _add_check(commands: Any) -> None:
    parser = _command(commands, "check", _check, "the main job: simulate, bill, compare, judge every claim")
    _simulation_options(parser)
    parser.add_argument("--claims", default="seed", metavar="FILE", help="a claims file, or a name in data/claims")
    parser.add_argument("--scenario", default="seed_aws", metavar="S", help="the own pipeline's month")
    parser.add_argument("--all", action="store_true", help="also the cost lines, all variants and all claims")
    parser.add_argument("--pinned", action="store_true", help="hold the pins even where assumptions were changed")


def _add_run(commands: Any) -> None:
    parser = _command(commands, "run", _run, "one scenario: throughput, latency, settlement, availability, usage, bill")
    parser.add_argument("scenario", metavar="S", help="a name in data/scenarios, or a path")
    _simulation_options(parser)


def _add_bill(commands: Any) -> None:
    parser = _command(commands, "bill", _bill, "price a usage file, without simulating")
    parser.add_argument("usage", metavar="USAGE", help="CSV, TOML or JSON")
    parser.add_argument("--on", metavar="DATE", help="prices of this date (default: the newest day prices were read)")
    parser.add_argument("--region", metavar="REGION", help="region of rows that name none (default: the seed's)")
    parser.add_argument("--no-free-tier", action="store_true", help="list price, without free units")


def _add_compare(commands: Any) -> None:
    parser = _command(commands, "compare", _compare, "from one system to the other, line by line")
    parser.add_argument("before", metavar="A", help="a scenario on Stripe's side")
    parser.add_argument("after", metavar="B", help="the own scenario")
    parser.add_argument("--perimeter", required=True, metavar="P", help="a perimeter, or perimeter.variant")
    _simulation_options(parser)


def _add_prices(commands: Any) -> None:
    parser = _command(commands, "prices", _prices, "the price book as one table")
    parser.add_argument("what", nargs="?", choices=("list",), default="list")


def _add_validate(commands: Any) -> None:
    parser = _command(commands, "validate", _validate, "check a data file and everything it rests on")
    parser.add_argument("file", metavar="FILE")


# --- the commands ---------------------------------------------------------------------------------------


def _check(arguments: argparse.Namespace) -> int:
    from costmodel.analysis.check import check
    from costmodel.reporting.documents import check_documents
    from costmodel.reporting.progress import progress

    with progress(f"check {arguments.scenario}", arguments.quiet) as watch:
        result = check(
            arguments.claims, scenario=arguments.scenario, pinned=arguments.pinned, watch=watch, **_asked(arguments)
        )  # fmt: skip
    _give(arguments, check_documents(result, all_=arguments.all))
    return result.exit_code


def _run(arguments: argparse.Namespace) -> int:
    from costmodel.reporting.documents import run_documents
    from costmodel.reporting.progress import progress
    from costmodel.run import replay, run

    asked = _asked(arguments)
    payments, columns, strict = (asked.pop(name) for name in ("payments", "columns", "strict"))
    with progress(f"{arguments.scenario}: simulating", arguments.quiet) as watch:
        if payments is None:
            result = run(arguments.scenario, watch=watch, **asked)
        else:
            result = replay(arguments.scenario, payments, columns=columns, strict=strict, watch=watch, **asked)
    _give(arguments, run_documents(result))
    return OK


def _bill(arguments: argparse.Namespace) -> int:
    import datetime as dt

    from costmodel.errors import UsageError
    from costmodel.reporting.documents import bill_documents
    from costmodel.run import bill

    try:
        on = dt.date.fromisoformat(arguments.on) if arguments.on else None
    except ValueError:
        raise UsageError(f"--on {arguments.on}: not a date; write YYYY-MM-DD") from None
    priced = bill(
        arguments.usage, on=on, region=arguments.region, data=arguments.data, free_tier=not arguments.no_free_tier
    )  # fmt: skip
    _give(arguments, bill_documents(priced))
    return OK


def _compare(arguments: argparse.Namespace) -> int:
    from costmodel.analysis.compare import compare
    from costmodel.reporting.documents import comparison_documents
    from costmodel.reporting.progress import progress

    with progress(f"compare {arguments.before} {arguments.after}", arguments.quiet) as watch:
        comparison = compare(
            arguments.before, arguments.after, perimeter=arguments.perimeter, watch=watch, **_asked(arguments)
        )  # fmt: skip
    _give(arguments, comparison_documents(comparison))
    return OK


def _prices(arguments: argparse.Namespace) -> int:
    from pathlib import Path

    from costmodel.assumptions.catalog import load_services
    from costmodel.reporting.documents import price_documents

    _give(arguments, price_documents(load_services(Path(arguments.data) if arguments.data else None)))
    return OK


def _validate(arguments: argparse.Namespace) -> int:
    from pathlib import Path

    from costmodel.analysis.validating import validate

    kind = validate(Path(arguments.file), Path(arguments.data) if arguments.data else None)
    print(f"{arguments.file}: a valid {kind}")
    return OK


def _asked(arguments: argparse.Namespace) -> dict[str, Any]:
    """The options that every simulation takes, as its keyword arguments."""
    from costmodel.assumptions.changes import parse_change

    changes = {change.path: change.value for change in map(parse_change, arguments.set)}
    if arguments.on:
        change = parse_change(f"on={arguments.on}")
        changes[change.path] = change.value
    return {
        "set": changes,
        "data": arguments.data,
        "seed": arguments.seed,
        "payments": arguments.payments,
        "columns": _columns(arguments.map),
        "strict": arguments.strict,
        "engine": arguments.engine,
    }


def _columns(words: list[str]) -> dict[str, str]:
    from costmodel.errors import UsageError

    columns = {}
    for word in (part for given in words for part in given.split(",")):
        field, equals, column = word.partition("=")
        if not (equals and field and column):
            raise UsageError(f"--map {word}: not FIELD=COLUMN; write e.g. --map amount=total")
        columns[field.strip()] = column.strip()
    return columns


def _give(arguments: argparse.Namespace, documents: dict[str, Callable[[], str]]) -> None:
    """Print the document of the format asked for, or write it to a file: wholly, or not at all."""
    from costmodel.errors import UsageError
    from costmodel.reporting.files import write_whole

    if arguments.format not in documents:
        raise UsageError(f"--format {arguments.format} does not fit here; choose {', '.join(documents)}")
    text = documents[arguments.format]()
    if arguments.out:
        write_whole(arguments.out, text)
    else:
        sys.stdout.write(text)
