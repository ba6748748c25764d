"""Memory that a run may take: asked before it is made, and watched while what is under way piles up."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from costmodel.errors import InputError, Problem

KEY = "workload.payments_per_month"
BYTES_PER_PAYMENT = 144  # that drawing all payments at once takes at its height; tests/test_overload.py measures it
BYTES_WAITING = 8  # of all payments of a run, where each is drawn when it is needed: 16 for each whose money waits
LEFT_ALONE = 2**28  # bytes for everybody else
EVERY_S = 1 / 5
CALLS_BETWEEN = 2**10  # looks at the clock, where an engine calls at every event
GB = 10**9
CGROUP = Path("/sys/fs/cgroup")


def check_room(payments: float, free: int | None, each: int = BYTES_PER_PAYMENT) -> None:
    """Raises InputError if so many payments do not fit into so many bytes. `free` may be unknown."""
    wanted = payments * each
    if free is not None and wanted + LEFT_ALONE > free:
        raise InputError(Problem("this run", None, KEY, f"{payments:,.0f} payments with their lead-in take "
                                 f"{wanted / GB:,.1f} GB, and {free / GB:,.1f} GB are free, of which "
                                 f"{LEFT_ALONE / GB:,.1f} are left to others", REMEDY))  # fmt: skip


REMEDY = "measure a shorter time at the same rate (workload.days, lead_in_days)"


class Watchman:
    """Called with an engine's clock while it runs; raises InputError before memory runs out.

    An engine doubles what it holds at once, so that there must be room for twice of what the run has taken so far.
    """

    def __init__(self, watch: Callable[[int], None] | None, each_event: bool, free: Callable[[], int | None]) -> None:
        self.watch, self.free = watch, free
        self.calls_between = CALLS_BETWEEN if each_event else 1
        self.calls = 0
        self.next_look = time.monotonic() + EVERY_S
        self.first = free()

    def __call__(self, now: int) -> None:
        """The engine has come to `now`, ns since its start."""
        if self.watch is not None:
            self.watch(now)
        self.calls += 1
        if self.calls % self.calls_between == 0 and time.monotonic() >= self.next_look:
            self.next_look = time.monotonic() + EVERY_S
            self._look(now)

    def _look(self, now: int) -> None:
        free = self.free()
        if free is not None and self.first is not None and free < 2 * (self.first - free) + LEFT_ALONE:
            raise overloaded(now, self.first - free)


def overloaded(now: int, taken: int | None) -> InputError:
    """What is said when more piles up than there is memory for."""
    held = "" if taken is None else f" and holds {taken / GB:,.1f} GB"
    wrong = f"overload: after {now / GB / 3600:,.1f} simulated hours what is under way still grows{held}"
    remedy = f"{REMEDY}, or offer less: `costmodel run S --capacity` tells how much it carries"
    return InputError(Problem("this run", None, KEY, wrong, remedy))


def free_bytes() -> int | None:
    """Memory this process may still take: the machine's, its control group's and its own limit; None if unknown."""
    known = [size for size in (_machine(), _group(), _own_limit()) if size is not None]
    return min(known) if known else None


def _machine() -> int | None:
    for line in _lines(Path("/proc/meminfo")):
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


def _group() -> int | None:
    most, used = (_lines(CGROUP / name) for name in ("memory.max", "memory.current"))
    if most and used and most[0].isdigit():
        return max(0, int(most[0]) - int(used[0]))
    return None


def _own_limit() -> int | None:
    if sys.platform == "win32":
        return None
    import resource

    most = resource.getrlimit(resource.RLIMIT_AS)[0]
    used = _lines(Path("/proc/self/statm"))
    if most == resource.RLIM_INFINITY or not used:
        return None
    return max(0, most - int(used[0].split()[0]) * resource.getpagesize())


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
