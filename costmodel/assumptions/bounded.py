"""Read a file that is held in memory: no more of it than such a file can have."""

from __future__ import annotations

from pathlib import Path

from costmodel.errors import InputError, Problem

CHECK = "check the path and its permissions"


def read_bounded(path: Path, most_bytes: int, remedy: str) -> bytes:
    """All bytes of a file. Raises InputError for one that cannot be read or holds more than `most_bytes`.

    It is what comes that counts, not the size a file is said to have: that of a device or a pipe is 0.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(most_bytes + 1)
    except OSError as error:
        raise InputError(Problem(str(path), None, "", f"cannot be read ({error.strerror})", CHECK)) from None
    except ValueError as error:  # a name that no file can have
        raise InputError(Problem(repr(str(path)), None, "", f"cannot be read ({error})", CHECK)) from None
    if len(content) > most_bytes:
        raise InputError(Problem(str(path), None, "", f"larger than {most_bytes} bytes", remedy))
    return content
