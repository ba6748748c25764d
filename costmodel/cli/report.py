"""`costmodel report`: what finance passes on."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from costmodel.cli.common import OK, asked, assumed, folder, give, new_command, simulation_options

File = tuple[str | bytes, str]  # what is in it, and that in words

if TYPE_CHECKING:
    from costmodel.analysis.check import CheckResult
    from costmodel.analysis.growth import GrowthResult
    from costmodel.analysis.uncertain_result import Uncertainty
    from costmodel.result import Result


def _focus(result: Result, path: str, arguments: argparse.Namespace) -> File:
    from costmodel.reporting.focus import focus_file

    content, rows = focus_file(result, path, folder(arguments))
    return content, f"{rows:,} rows in the layout of FOCUS 1.2"


def _html(result: Result, path: str, arguments: argparse.Namespace) -> File:
    from costmodel.reporting.html_page import html_page
    from costmodel.reporting.report import make_report

    report = make_report(result, _checked(result, arguments), **_later(result, arguments))
    return html_page(report), f"a report of {len(report.chapters)} chapters, one file that needs no network"


def _markdown(result: Result, path: str, arguments: argparse.Namespace) -> File:
    from costmodel.reporting.report import make_report
    from costmodel.reporting.report_markdown import report_markdown

    report = make_report(result, _checked(result, arguments), **_later(result, arguments), all_=False)
    return report_markdown(report), f"the same report shortened, {len(report.chapters)} chapters in Markdown"


def _checked(result: Result, arguments: argparse.Namespace) -> CheckResult | None:
    """The claims held against this scenario, once for all files; none for a system without functions: it is bought."""
    from costmodel.analysis.check import check
    from costmodel.reporting.progress import progress

    if not result.assumptions.pipeline.functions:
        return None
    if "checked" not in arguments:
        with progress(f"{arguments.scenario}: judging the claims", arguments.quiet) as watch:
            arguments.checked = check(scenario=arguments.scenario, watch=watch, **asked(arguments))
    found: CheckResult = arguments.checked
    return found


def _later(result: Result, arguments: argparse.Namespace) -> dict[str, Any]:
    """Growth and uncertainty, once for all files; or why they are left out."""
    if not result.assumptions.pipeline.functions:
        return {}
    if "later" not in arguments:
        arguments.later = {"growth": _growth(arguments, result), "uncertainty": _uncertainty(arguments)}
    found: dict[str, Any] = arguments.later
    return found


def _growth(arguments: argparse.Namespace, result: Result) -> GrowthResult | str:
    from costmodel.analysis.growth import growth
    from costmodel.errors import AskerError
    from costmodel.reporting.progress import progress

    name, scenario = arguments.scenario, result.assumptions.scenario
    if arguments.payments:
        return "Payments of a file have been made and do not grow: growth and payback need a scenario."
    if not arguments.growth:
        return f"Growth and payback were not asked for; `costmodel growth {name}` shows them."
    if scenario.workload.payments_per_month > scenario.replicate_up_to_payments:
        return f"So many payments take long to simulate month by month; `costmodel growth {name}` does it."
    try:
        with progress(f"{name}: growing", arguments.quiet) as watch:
            return growth(name, watch=watch, **assumed(arguments))
    except AskerError as error:
        return f"Growth cannot be shown of this scenario: {'; '.join(error.lines())}"


def _uncertainty(arguments: argparse.Namespace) -> Uncertainty | str:
    from costmodel.analysis.uncertainty import uncertainty
    from costmodel.reporting.progress import progress

    if arguments.payments:
        return "For payments of a file the assumptions are not drawn from their ranges."
    if arguments.uncertainty is None:
        return (
            "Left out here: how the figures spread, and how probable each claim is, when every assumption is drawn "
            "from its range. `--uncertainty 512` puts it into this report; it takes a minute or two."
        )
    with progress(f"{arguments.scenario}: drawing", arguments.quiet) as watch:
        return uncertainty(arguments.scenario, samples=arguments.uncertainty, indices=False, watch=watch,
                           **assumed(arguments))  # fmt: skip


def _xlsx(result: Result, path: str, arguments: argparse.Namespace) -> File:
    from costmodel.analysis.sides import STRIPE_PIPELINE, Business, Rail
    from costmodel.reporting.workbook import workbook

    terms = asked(arguments)
    terms["set"] = terms["set"] | {"horizon": result.assumptions.scenario.horizon}
    business = Business(arguments.scenario, **terms)
    is_stripe = result.assumptions.pipeline.processor == STRIPE_PIPELINE
    rails: tuple[Rail, ...] = () if is_stripe else ("card", "ach")
    made = workbook(result, {f"stripe_{rail}": business.result("stripe", rail) for rail in rails})
    beside = "" if is_stripe else ", beside the same month through Stripe by card and by ACH"
    return made, f"the month as a workbook that calculates{beside}"


Maker = Callable[["Result", str, argparse.Namespace], File]
# What can be written: the option's name, its help, and the function that makes it and says what it holds.
OUTPUTS: tuple[tuple[str, str, Maker], ...] = (
    ("focus", "the forecast in the layout of FOCUS 1.2: CSV, or Parquet by the name", _focus),
    ("html", "one page for those who decide: the verdict on top, every figure with its source; prints well", _html),
    ("markdown", "the same shortened, for pull requests and wikis", _markdown),
    ("xlsx", "a workbook that calculates: assumptions, usage, bill, comparison with Stripe, checks", _xlsx),
)  # fmt: skip


def add(commands: Any) -> None:
    """Put it into the parser."""
    parser = new_command(commands, "report", report_command, "what finance passes on: a scenario's month as files")
    parser.add_argument("scenario", metavar="S", help="a name in data/scenarios, or a path")
    for name, text, _ in OUTPUTS:
        parser.add_argument(f"--{name}", metavar="FILE", help=text)
    parser.add_argument(
        "--uncertainty",
        type=int,
        metavar="N",
        help="put into the report how sure it is: N months with every assumption drawn from its range",
    )
    parser.add_argument(
        "--no-growth",
        dest="growth",
        action="store_false",
        help="leave growth and payback out of the report, which takes some seconds",
    )
    simulation_options(parser)


def report_command(arguments: argparse.Namespace) -> int:
    """One scenario's month, written to each file that was named, once all of them are made."""
    from costmodel.errors import UsageError
    from costmodel.reporting.documents import written_documents
    from costmodel.reporting.files import check_place, write_whole
    from costmodel.reporting.progress import progress
    from costmodel.run import run_or_replay

    wanted = [(getattr(arguments, name), make) for name, _, make in OUTPUTS if getattr(arguments, name)]
    if not wanted:
        raise UsageError(f"nothing to write: name a file with {', '.join(f'--{name} FILE' for name, _, _ in OUTPUTS)}")
    for path, _ in wanted:
        check_place(path)
    with progress(f"{arguments.scenario}: simulating", arguments.quiet) as watch:
        result = run_or_replay(arguments.scenario, watch=watch, **asked(arguments))
    made = [(path, *make(result, path, arguments)) for path, make in wanted]
    for path, content, _ in made:
        write_whole(path, content)
    written = [{"file": path, "holds": holds} for path, _, holds in made]
    give(arguments, written_documents(written, result.provenance()))
    return OK
