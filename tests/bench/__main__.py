"""How fast the engines are: `python -m tests.bench [NAME …] [--rounds N]` prints tables in Markdown."""

from __future__ import annotations

import argparse

from tests.bench.report import REPORTS, cimba_first, machine


def main() -> None:
    """Run what is named, or all that the README's table is made of."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="measure the engines and others in turn")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(REPORTS)} (default: all)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of which the median counts (default 5)")
    given = parser.parse_args()
    unknown = [name for name in given.names if name not in REPORTS]
    if unknown:
        parser.error(f"no benchmark named {', '.join(unknown)}; known: {', '.join(REPORTS)}")
    if given.rounds < 1:
        parser.error("--rounds must be at least 1")
    cimba_first()
    print(machine())
    for name in given.names or REPORTS:
        title, report = REPORTS[name]
        print(f"\n### {title}\n\n{report(given.rounds)}", flush=True)


if __name__ == "__main__":
    main()
