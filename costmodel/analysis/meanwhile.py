"""Something done in a thread of its own while the caller goes on; the compiled engine needs no lock of Python's."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from costmodel.run import Watch

Found = TypeVar("Found")


class Stopped(Exception):  # noqa: N818 - nothing is wrong: nobody waits for it any more
    """What is done has been given up."""


@contextmanager
def meanwhile(do: Callable[[Watch], Found]) -> Iterator[Future[Found]]:
    """`do(watch)` runs until the block has ended; it is given up where it next calls `watch`, if it has not ended then.

    The block gets a Future, whose result raises what `do` raised.
    """
    over = threading.Event()

    def watch(_: float) -> None:
        if over.is_set():
            raise Stopped

    with ThreadPoolExecutor(1) as pool:
        try:
            yield pool.submit(do, watch)
        finally:
            over.set()
