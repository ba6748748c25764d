"""Who computes: this process, worker processes of this machine, a Dask cluster, or any executor one is given."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any

from costmodel.errors import UsageError

RETRIES = 3  # of a task whose Dask worker died
CONNECT_S = 10  # to wait for a scheduler

LostWorkerError = BrokenProcessPool


@contextmanager
def executor_of(workers: int, dask: str | None) -> Iterator[Executor | None]:
    """An executor for so many workers, or for the cluster at that address; None to compute in this process.

    Raises UsageError for a number of workers below 1, both at once, and a cluster that does not answer.
    """
    if workers < 1:
        raise UsageError(f"--workers {workers}: at least 1 is needed")
    if dask is not None and workers > 1:
        raise UsageError("give --workers or --dask, not both: a cluster has its own workers")
    if dask is not None:
        with _dask_executor(dask) as executor:
            yield executor
    elif workers == 1:
        yield None
    else:
        pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=_ignore_interrupts)
        try:
            yield pool
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _ignore_interrupts() -> None:
    """Ctrl-C reaches a whole group of processes; only the first one of them has something to say."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def _dask_executor(address: str) -> Iterator[Executor]:
    try:
        from distributed import Client, KilledWorker
    except ImportError:
        raise UsageError("--dask needs the extra `dask`: python -m pip install 'costmodel[dask]'") from None
    try:
        client: Any = Client(  # type: ignore[no-untyped-call]
            address, timeout=CONNECT_S, set_as_default=False
        )
    except (OSError, ValueError) as error:
        raise UsageError(f"--dask {address}: no scheduler answers there ({error}); start one, or correct the "
                         "address, e.g. tcp://10.0.0.5:8786") from None  # fmt: skip
    try:
        with client.get_executor(pure=False, retries=RETRIES) as executor:
            yield executor
    except KilledWorker as error:
        raise LostWorkerError(str(error)) from None
    finally:
        client.close()
