"""A progress bar on the terminal for whatever takes long; nothing anywhere else."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SHOW_AFTER_S = 1
STEP_S = 0.1


@contextmanager
def progress(title: str, quiet: bool) -> Iterator[Callable[[float], None] | None]:
    """A function to call with the share done; None where nobody would see it."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:.0f} %"),
        TimeRemainingColumn(),
    )
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    with bar:
        task = bar.add_task(title, total=1.0)
        begun = last = time.monotonic()

        def watch(share: float) -> None:
            nonlocal last
            now = time.monotonic()
            if now - begun > SHOW_AFTER_S and now - last > STEP_S:
                bar.update(task, completed=share)
                last = now

        yield watch
