"""Show text: with a little colour on a terminal, as it is everywhere else."""

from __future__ import annotations

import os
import sys

from costmodel.errors import InputError, Problem

# Colour is only a second signal: each of these says in words what it means.
STYLES = (
    (r"\A\S.*|(?m:^\S.*$)(?=\n  )", "bold"),  # the first line, and the head of every table
    (r"\bfails\b", "red"),
    (r"\badds up\b", "green"),
    (r"\bclosed to new customers\b", "yellow"),
)


def show(text: str, *, styled: bool = True) -> None:
    """Write to standard output. Raises InputError if it cannot be written, BrokenPipeError if nobody reads it."""
    try:
        if styled and sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
            _show_styled(text)
        else:
            sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        silence()
        raise InputError(Problem("standard output", None, "", f"cannot be written ({error.strerror})",
                                 "make room, or send it elsewhere")) from None  # fmt: skip


def silence() -> None:
    """Let what is still waiting to be written go nowhere, so that Python does not complain when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _show_styled(text: str) -> None:
    from rich.console import Console
    from rich.text import Text

    styled = Text(text, end="")
    for pattern, style in STYLES:
        styled.highlight_regex(pattern, style)
    Console().print(styled, soft_wrap=True, end="")
