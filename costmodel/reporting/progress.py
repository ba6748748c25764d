"""A progress bar on the terminal for whatever takes long; nothing anywhere else."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress

SHOW_AFTER_S = 2
BETWEEN_S = 0.5
BAR_WIDTH, LINE_WIDTH = 2**5, 10 * 8


@contextmanager
def progress(title: str, quiet: bool) -> Iterator[Callable[[float], None] | None]:
    """A function to call with the share done, 0 to 1; None where nobody would see it.

    The bar appears once the work has taken two seconds, and is gone when it ends.
    """
    if quiet or not sys.stderr.isatty():
        yield None
        return
    bar = _bar()
    task = bar.add_task(title, total=1.0)
    begun = time.monotonic()

    def watch(share: float) -> None:
        if not bar.live.is_started and time.monotonic() - begun > SHOW_AFTER_S:
            bar.start()
        bar.update(task, completed=share)

    try:
        yield watch
    finally:
        bar.stop()


def _bar() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:.0f} %"),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    return Progress(*columns, console=Console(stderr=True), transient=True)


def told_in_text(title: str) -> Callable[[float], None]:
    """A function to call with the share done, for a notebook: one line of text that is written over.

    `watch=told_in_text("drawing")` of any call. The line appears once the work has taken two seconds.
    """
    begun = time.monotonic()
    last = begun

    def watch(share: float) -> None:
        nonlocal last
        now = time.monotonic()
        if share < 1 and (now - begun < SHOW_AFTER_S or now - last < BETWEEN_S):
            return
        last = now
        full = round(BAR_WIDTH * share)
        left = f"{(now - begun) * (1 - share) / share:,.0f} s left" if 0 < share < 1 else ""
        print(f"\r{title} {'━' * full}{'─' * (BAR_WIDTH - full)} {100 * share:.0f} % {left}".ljust(LINE_WIDTH),
              end="", flush=True)  # fmt: skip

    return watch
