"""`costmodel baseline`: keep a scenario's figures, for `diff` to compare with."""

from __future__ import annotations

import argparse
from typing import Any

from costmodel.cli.common import OK, changed, date, folder, new_command, scenario_options


def add(commands: Any) -> None:
    """Put it into the parser."""
    parser = new_command(commands, "baseline", baseline_command, "keep a scenario's figures, for `diff`")
    parser.add_argument("scenario", metavar="S", help="a name in data/scenarios, or a path")
    scenario_options(parser)
    parser.add_argument("--on", type=date, metavar="DATE", help="prices and rules of this date (YYYY-MM-DD)")
    parser.add_argument("--claims", metavar="FILE", help="keep the verdicts on these claims too (a path, or a name)")
    parser.add_argument("--reason", metavar="TEXT", help="why another baseline is replaced; it is kept in the new one")


def baseline_command(arguments: argparse.Namespace) -> int:
    """Write the baseline; one that says something else is replaced only with a reason."""
    from pathlib import Path

    from costmodel.analysis.baseline import canonical, make_baseline, renewed
    from costmodel.assumptions.baseline_file import read_baseline
    from costmodel.reporting.files import write_whole
    from costmodel.reporting.progress import progress
    from costmodel.reporting.terminal import show

    _check(arguments)
    target = Path(arguments.out or "-")
    if arguments.out and target.exists():
        read_baseline(target)  # what is no baseline, or a spoilt one, is not written over
    with progress(f"{arguments.scenario}: simulating", arguments.quiet) as watch:
        tree = make_baseline(
            arguments.scenario, beside=target.parent, set=changed(arguments), data=folder(arguments),
            seed=arguments.seed, claims=arguments.claims, engine=arguments.engine, watch=watch,
        )  # fmt: skip
    if not arguments.out:
        show(canonical(tree) + "\n", styled=False)
        return OK
    new = renewed(tree, target, arguments.reason)
    if new is None:
        print(f"{target} says this already; nothing was written")
        return OK
    write_whole(target, canonical(new) + "\n")
    print(f"{target}: {len(new['lines'])} lines, total {new['figures']['total']['value']} USD a month")
    return OK


def _check(arguments: argparse.Namespace) -> None:
    from costmodel.errors import UsageError

    if arguments.format not in ("table", "json"):
        raise UsageError(f"--format {arguments.format}: a baseline is JSON; leave --format out")
    if arguments.reason is not None and not arguments.reason.strip():
        raise UsageError("--reason is empty; say why the baseline changes")
