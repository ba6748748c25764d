"""What numba keeps on disk of the compiled engine, and whether it was compiled from the sources as they are."""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path

KEPT = "kernel*.nbi"  # numba's indexes, one for each entry point of any module of the kernel


def is_compiled() -> bool:
    """Whether the compiled engine lies ready on disk for this Python, compiled from the sources as they are."""
    changed = max(source.stat().st_mtime for source in Path(__file__).parent.glob("*.py"))
    return any(entry.name.startswith("kernel.advance-") and entry.stat().st_mtime >= changed for entry in entries())


@cache
def forget_stale() -> None:
    """Remove what was compiled from other sources. Numba would load it: it only looks at an entry's own module."""
    if not is_compiled():
        forget_all()


def forget_all() -> None:
    """Remove all that was compiled."""
    for entry in entries():
        entry.unlink(missing_ok=True)


def entries() -> list[Path]:
    """What numba keeps of the compiled engine, for this Python."""
    folders = [Path(__file__).parent / "__pycache__"]
    folders += [Path(folder) for folder in (os.environ.get("NUMBA_CACHE_DIR"),) if folder]
    version = f".py{sys.version_info.major}{sys.version_info.minor}"
    return [path for folder in folders if folder.is_dir() for path in folder.rglob(KEPT) if version in path.name]
