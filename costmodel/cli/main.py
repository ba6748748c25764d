"""The command line: read the options, call one function, show what it gives.

Nothing heavy is imported before a command runs, so that `costmodel --help` answers at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from costmodel.cli.common import check_options
from costmodel.cli.parser import parser

OK, INTERNAL, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130


def main(words: Sequence[str] | None = None) -> int:
    """Run a command; the exit code is the contract's."""
    arguments = parser().parse_args(words)
    _print_anything()
    try:
        check_options(arguments)
        code: int = arguments.command(arguments)
    except BrokenPipeError:
        return _closed_pipe()
    except KeyboardInterrupt as interrupt:
        print(str(interrupt) or "interrupted; nothing was written", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        return _failed(error)
    return code


def _failed(error: Exception) -> int:
    """What went wrong, in words; a traceback only for a defect and only on request."""
    from costmodel.errors import AskerError

    if isinstance(error, AskerError):
        print(*error.lines(), sep="\n", file=sys.stderr)
        return BAD_INPUT
    if isinstance(error, MemoryError):
        print("there is not enough memory for this", file=sys.stderr)
        print("Measure a shorter time (workload.days), or give a smaller file.", file=sys.stderr)
        return BAD_INPUT
    if os.environ.get("COSTMODEL_DEBUG"):
        raise error
    print(f"internal error: {type(error).__name__}: {error}", file=sys.stderr)
    print("This is a defect of costmodel; COSTMODEL_DEBUG=1 shows where.", file=sys.stderr)
    return INTERNAL


def _closed_pipe() -> int:
    """Whoever read us has gone: leave quietly."""
    from costmodel.reporting.terminal import silence

    silence()
    return OK


def _print_anything() -> None:
    """A sign that the terminal's encoding lacks is no reason to fail."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")
