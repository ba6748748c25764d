"""`costmodel validate`: data files checked."""

from __future__ import annotations

import argparse
from typing import Any

from costmodel.cli.common import OK, folder, give, new_command


def add(commands: Any) -> None:
    """Put it into the parser."""
    parser = new_command(commands, "validate", validate_command, "check data files and everything they rest on")
    parser.add_argument("file", metavar="FILE", nargs="+")


def validate_command(arguments: argparse.Namespace) -> int:
    """Whether data files can be used; as SARIF, what is wrong with them is the document."""
    from pathlib import Path

    from costmodel.analysis.validating import validate_all
    from costmodel.errors import InputError
    from costmodel.reporting.documents import validity_documents
    from costmodel.reporting.sarif import sarif

    try:
        kinds = validate_all([Path(file) for file in arguments.file], folder(arguments))
    except InputError as error:
        if arguments.format == "sarif":
            problems = error.problems
            give(arguments, {"sarif": lambda: sarif(problems)})
        raise
    give(arguments, validity_documents(kinds))
    return OK
