"""`costmodel diff`: what moved since a baseline, and why; 3 past the policy's limits."""

from __future__ import annotations

import argparse
import datetime as dt
from typing import Any

from costmodel.cli.common import changed, folder, give, new_command, scenario_options

TODAY = "today"


def add(commands: Any) -> None:
    """Put it into the parser."""
    parser = new_command(commands, "diff", diff_command, "what moved since a baseline, and why")
    parser.add_argument("baseline", metavar="BASELINE", help="a file that `baseline` wrote, or a folder of them")
    parser.add_argument("scenario", metavar="S", nargs="?", help="compare with this one (default: the baseline's own)")
    scenario_options(parser)
    parser.add_argument("--on", type=_day, metavar="DATE", help="prices of this date, or `today` "
                        "(default: the baseline's date)")  # fmt: skip
    parser.add_argument("--policy", default="default", metavar="FILE", help="a policy file, or a name in data/policies")
    parser.add_argument("--base-ref", metavar="REF", help="the baseline as this git revision has it")


def diff_command(arguments: argparse.Namespace) -> int:
    """Compare, show, and answer 2, 4, 3 or 5 where something is not as allowed."""
    import sys
    from pathlib import Path

    from costmodel.analysis.baselines import diff_report
    from costmodel.analysis.diff import Terms
    from costmodel.assumptions.policy import read_policy
    from costmodel.reporting.diff_documents import diff_documents
    from costmodel.reporting.progress import progress

    data = folder(arguments)
    policy = read_policy(arguments.policy, data)
    if arguments.on == TODAY:
        arguments.on = _today()
    with progress(f"diff {arguments.baseline}", arguments.quiet) as watch:
        terms = Terms(policy, changed(arguments), data, arguments.seed, arguments.engine, watch)
        report = diff_report(Path(arguments.baseline), arguments.scenario, terms, arguments.base_ref)
    for problem in report.problems:
        print(problem, file=sys.stderr)
    give(arguments, diff_documents(report))
    _summarise(report)
    return report.exit_code


def _day(word: str) -> dt.date | str:
    try:
        return TODAY if word == TODAY else dt.date.fromisoformat(word)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{word} is no date; write YYYY-MM-DD, or `{TODAY}`") from None


def _today() -> dt.date:
    from costmodel.assumptions.clock import today

    return today()


def _summarise(report: Any) -> None:
    """Append the Markdown report to the job's summary, where GitHub names a file for it."""
    import os

    place = os.environ.get("GITHUB_STEP_SUMMARY")
    if place:
        from costmodel.reporting.diff_markdown import diff_markdown
        from costmodel.reporting.files import append

        append(place, diff_markdown(report))
