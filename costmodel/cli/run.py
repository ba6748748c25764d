"""`costmodel run`: one scenario."""

from __future__ import annotations

import argparse
from typing import Any

from costmodel.cli.common import OK, asked, give, new_command, simulation_options


def add(commands: Any) -> None:
    """Put it into the parser."""
    parser = new_command(
        commands, "run", run_command, "one scenario: throughput, latency, settlement, availability, usage, bill"
    )
    parser.add_argument("scenario", metavar="S", help="a name in data/scenarios, or a path")
    parser.add_argument(
        "--capacity",
        action="store_true",
        help="instead: the highest rate at which the service level holds, and what binds",
    )
    parser.add_argument("--p99-ms", type=float, metavar="MS", help="with --capacity: the most that p99 may be")
    parser.add_argument("--failed-percent", type=float, metavar="P", help="with --capacity: the most that may fail")
    parser.add_argument("--until", action="append", default=[], metavar="PATH=HALF",
                        help="add replications until half the 95%% interval of a figure is at most HALF")  # fmt: skip
    simulation_options(parser)


def run_command(arguments: argparse.Namespace) -> int:
    """One scenario's month, or what its pipeline carries."""
    return _capacity(arguments) if arguments.capacity else _month(arguments)


def _capacity(arguments: argparse.Namespace) -> int:
    from costmodel.analysis.capacity import capacity
    from costmodel.errors import UsageError
    from costmodel.reporting.capacity_screen import capacity_documents
    from costmodel.reporting.progress import progress

    terms = asked(arguments)
    payments, _, _ = (terms.pop(name) for name in ("payments", "columns", "strict"))
    if payments is not None:
        raise UsageError("--capacity offers an even stream of payments at each rate it tries; leave out --payments")
    with progress(f"{arguments.scenario}: looking for its capacity", arguments.quiet) as watch:
        found = capacity(arguments.scenario, p99_ms=arguments.p99_ms, failed_percent=arguments.failed_percent,
                         watch=watch, **terms)  # fmt: skip
    give(arguments, capacity_documents(found))
    return OK


def _month(arguments: argparse.Namespace) -> int:
    from costmodel.errors import UsageError
    from costmodel.reporting.documents import run_documents
    from costmodel.reporting.progress import progress
    from costmodel.run import run_or_replay

    if arguments.p99_ms is not None or arguments.failed_percent is not None:
        raise UsageError("--p99-ms and --failed-percent say what `run --capacity` looks for; add --capacity")
    terms = asked(arguments)
    until = _until(arguments.until)
    with progress(f"{arguments.scenario}: simulating", arguments.quiet) as watch:
        result = run_or_replay(arguments.scenario, until=until, watch=watch, **terms)
    give(arguments, run_documents(result))
    return OK


def _until(words: list[str]) -> dict[str, float]:
    """PATH=HALF of each --until."""
    from costmodel.errors import UsageError

    asked = {}
    for word in words:
        path, _, half = word.partition("=")
        try:
            asked[path.strip()] = float(half)
        except ValueError:
            raise UsageError(f"--until {word}: not PATH=HALF; write e.g. --until latency_ms.p95=10") from None
    return asked
