"""`costmodel validate`: a data file checked."""

from __future__ import annotations

import argparse
from typing import Any

from costmodel.cli.common import OK, folder, give, new_command


def add(commands: Any) -> None:
    """Put it into the parser."""
    parser = new_command(commands, "validate", validate_command, "check a data file and everything it rests on")
    parser.add_argument("file", metavar="FILE")


def validate_command(arguments: argparse.Namespace) -> int:
    """Whether a data file can be used."""
    from pathlib import Path

    from costmodel.analysis.validating import validate
    from costmodel.reporting.documents import validity_documents

    kind = validate(Path(arguments.file), folder(arguments))
    give(arguments, validity_documents(arguments.file, kind))
    return OK
