"""What numba keeps on disk of the compiled engine, and whether it was compiled from the sources as they are."""

from __future__ import annotations

import hashlib
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
    version = f".py{sys.version_info.major}{sys.version_info.minor}"
    return [path for folder in folders() if folder.is_dir() for path in folder.glob(KEPT) if version in path.name]


def folders() -> list[Path]:
    """Where numba keeps it: beside the sources; or, by their folder, where it is told to or the user's caches are."""
    sources = Path(__file__).absolute().parent
    own = f"{sources.name}_{hashlib.sha1(str(sources).encode(), usedforsecurity=False).hexdigest()}"
    return [sources / "__pycache__", _shared_cache() / own]


def _shared_cache() -> Path:
    """Numba's cache of all packages: as `NUMBA_CACHE_DIR` says, else where the platform's users keep theirs."""
    told, home = os.environ.get("NUMBA_CACHE_DIR"), Path.home()
    if told:
        return Path(told)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local")) / "numba" / "Cache"
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "numba"
    return Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "numba"
