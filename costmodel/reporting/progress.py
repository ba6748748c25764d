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
