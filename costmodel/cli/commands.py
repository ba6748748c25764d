"""The commands: each calls one function of the package and shows what it gives. The value is the exit code."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

OK = 0


def check_command(arguments: argparse.Namespace) -> int:
    """Judge the claims; 4 where a verdict differs from its pin."""
    from costmodel.analysis.check import check
    from costmodel.reporting.documents import check_documents
    from costmodel.reporting.progress import progress

    with progress(f"check {arguments.scenario}", arguments.quiet) as watch:
        result = check(
            arguments.claims, scenario=arguments.scenario, pinned=arguments.pinned, watch=watch, **_asked(arguments)
        )  # fmt: skip
    _give(arguments, check_documents(result, all_=arguments.all))
    return result.exit_code


def run_command(arguments: argparse.Namespace) -> int:
    """One scenario's month."""
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


def bill_command(arguments: argparse.Namespace) -> int:
    """A usage file at list price."""
    from costmodel.assumptions.catalog import overridden_prices
    from costmodel.reporting.documents import bill_documents
    from costmodel.run import bill

    priced = bill(
        arguments.usage, on=arguments.on, region=arguments.region, data=arguments.data,
        free_tier=not arguments.no_free_tier,
    )  # fmt: skip
    _give(arguments, bill_documents(priced, overridden_prices(_folder(arguments))))
    return OK


def compare_command(arguments: argparse.Namespace) -> int:
    """Two systems within a perimeter."""
    from costmodel.analysis.compare import compare
    from costmodel.reporting.documents import comparison_documents
    from costmodel.reporting.progress import progress

    with progress(f"compare {arguments.before} {arguments.after}", arguments.quiet) as watch:
        comparison = compare(
            arguments.before, arguments.after, perimeter=arguments.perimeter, watch=watch, **_asked(arguments)
        )  # fmt: skip
    _give(arguments, comparison_documents(comparison))
    return OK


def prices_command(arguments: argparse.Namespace) -> int:
    """The price book."""
    from costmodel.assumptions.catalog import load_services, overridden_prices
    from costmodel.reporting.documents import price_documents

    folder = _folder(arguments)
    _give(arguments, price_documents(load_services(folder), overridden_prices(folder)))
    return OK


def validate_command(arguments: argparse.Namespace) -> int:
    """Whether a data file can be used."""
    from pathlib import Path

    from costmodel.analysis.validating import validate
    from costmodel.reporting.documents import validity_documents

    kind = validate(Path(arguments.file), _folder(arguments))
    _give(arguments, validity_documents(arguments.file, kind))
    return OK


def _folder(arguments: argparse.Namespace) -> Path | None:
    from pathlib import Path

    return Path(arguments.data) if arguments.data else None


def _asked(arguments: argparse.Namespace) -> dict[str, Any]:
    """The options that every simulation takes, as its keyword arguments."""
    from costmodel.assumptions.changes import parse_change

    changes = {change.path: change.value for change in map(parse_change, arguments.set)}
    if arguments.on is not None:
        changes["on"] = arguments.on
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
    """Show the document of the format asked for, or write it to a file: wholly, or not at all."""
    from costmodel.reporting.files import write_whole
    from costmodel.reporting.terminal import show

    text = documents[arguments.format]()
    if arguments.out:
        write_whole(arguments.out, text)
    else:
        show(text, styled=arguments.format == "table")
