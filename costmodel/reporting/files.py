"""Write a file wholly or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from costmodel.errors import InputError, Problem


def write_whole(path: str | Path, text: str) -> None:
    """Write beside the target, then put it in its place. Raises InputError where that cannot be done."""
    target = Path(path)
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    except OSError as error:
        raise _cannot(target, error) from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
            stream.write(text)
        os.replace(name, target)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        raise _cannot(target, error) from None


def _cannot(target: Path, error: OSError) -> InputError:
    return InputError(
        Problem(str(target), None, "", f"cannot be written ({error.strerror})", "choose another place, or make room")
    )
