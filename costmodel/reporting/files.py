"""Write a file wholly or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path

from costmodel.errors import InputError, Problem


def check_place(path: str | Path) -> None:
    """Raises InputError if no file can be put there; to be asked before the work whose result it is to hold."""
    target = Path(path)
    try:
        if target.is_dir():
            raise _cannot(target, "is a folder")
        if not target.parent.is_dir():
            raise _cannot(target, f"there is no folder {target.parent}")
        if not os.access(target if target.exists() else target.parent, os.W_OK):
            raise _cannot(target, "permission denied")
    except (OSError, ValueError) as error:  # a name that no file can have
        raise _cannot(target, getattr(error, "strerror", None) or str(error)) from None


def write_whole(path: str | Path, content: str | bytes) -> None:
    """Write beside the target (text as UTF-8), then put it in its place. Raises InputError where that cannot be done.

    A link is followed, an existing file keeps its permissions, a device or a pipe is written to as it is.
    """
    target = Path(path)
    data = content.encode() if isinstance(content, str) else content
    try:
        if target.exists() and not target.is_file():
            target.write_bytes(data)
        else:
            _replace(target.resolve(), data)
    except (OSError, ValueError) as error:  # a name with a zero byte is a ValueError
        raise _cannot(target, getattr(error, "strerror", None) or str(error)) from None


def make_folder(path: Path) -> None:
    """Make a folder and those above it. Raises InputError where that cannot be done."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _cannot(path, error.strerror or str(error)) from None


def append(path: str | Path, text: str) -> None:
    """Add to the end of a file that others write to as well. Raises InputError where that cannot be done."""
    try:
        with Path(path).open("a", encoding="utf-8", newline="") as stream:
            stream.write(text)
    except OSError as error:
        raise _cannot(Path(path), error.strerror or str(error)) from None


def _replace(target: Path, content: bytes) -> None:
    beside = target.with_name(f".costmodel-{secrets.token_hex(8)}")
    try:
        with beside.open("xb") as stream:
            stream.write(content)
        if target.exists():
            shutil.copymode(target, beside)
        os.replace(beside, target)
    except BaseException:  # an interrupt, too, must leave nothing behind
        beside.unlink(missing_ok=True)
        raise


def _cannot(target: Path, why: str) -> InputError:
    return InputError(
        Problem(str(target), None, "", f"cannot be written ({why})", "choose another place, or make room")
    )
