"""`costmodel init`: a folder to start from."""

from __future__ import annotations

import argparse
from typing import Any

from costmodel.cli.common import OK, new_command


def add(commands: Any) -> None:
    """Put it into the parser."""
    parser = new_command(commands, "init", init_command, "a folder to start from: scenario, price, policy, CI workflow")
    parser.add_argument("folder", metavar="DIR", help="made if it is not there; no file in it is overwritten")


def init_command(arguments: argparse.Namespace) -> int:
    """Write the starting files, all or none."""
    from pathlib import Path

    from costmodel.analysis.starter import starter
    from costmodel.errors import UsageError
    from costmodel.reporting.files import make_folder, write_whole

    if arguments.out:
        raise UsageError("--out does not go with init; name the folder: costmodel init DIR")
    texts = starter(Path(arguments.folder))
    for path in texts:
        make_folder(path.parent)
    for path, text in texts.items():
        write_whole(path, text)
        print(path)
    print(f"\nNext: cd {arguments.folder}; then, once the figures of cost/scenarios/ours.toml are yours:\n"
          "  costmodel baseline cost/scenarios/ours.toml --data cost --out cost/baselines/ours.json")  # fmt: skip
    return OK
