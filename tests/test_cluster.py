"""A sweep on a Dask cluster of this machine: a scheduler, worker processes over TCP, one of them killed on the way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import costmodel as cm
from costmodel.analysis.sweep import sweep

VARIED = {"workload.payments_per_month": list(range(20, 60))}  # forty simulations
ONCE = {"replications": 1}
ENV = {**os.environ, "PYTHONPATH": str(Path(cm.__file__).parent.parent), "DASK_DISTRIBUTED__ADMIN__LOG_LENGTH": "0"}


def started(*words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", *words], env=ENV, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


@pytest.fixture
def cluster(tmp_path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """The scheduler's address, and two worker processes."""
    where = tmp_path / "scheduler.json"
    scheduler = started("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
                        "--scheduler-file", str(where))  # fmt: skip
    processes = [scheduler]
    try:
        while not where.exists():
            assert scheduler.poll() is None
            time.sleep(0.05)
        address = json.loads(where.read_text())["address"]
        workers = [
            started("distributed.cli.dask_worker", address, "--no-nanny", "--nthreads", "1", "--no-dashboard",
                    "--local-directory", str(tmp_path))
            for _ in range(2)
        ]  # fmt: skip
        processes += workers
        yield address, workers
    finally:
        for process in reversed(processes):
            process.kill()
            process.wait()


def test_a_cluster_gives_the_same_table_though_a_worker_is_killed(cluster, tmp_path):
    address, workers = cluster
    assert address.startswith("tcp://")
    reached = threading.Event()

    def kill_one_in_the_middle():
        reached.wait(60)
        workers[0].send_signal(signal.SIGKILL)

    killer = threading.Thread(target=kill_one_in_the_middle)
    killer.start()

    def watch(share: float) -> None:
        if share > 0.2:
            reached.set()

    found = sweep("seed_stripe", VARIED, set=ONCE, store=tmp_path / "cluster", dask=address, watch=watch)
    killer.join()
    assert workers[0].wait() == -signal.SIGKILL
    assert workers[1].poll() is None
    alone = sweep("seed_stripe", VARIED, set=ONCE, store=tmp_path / "alone")
    assert found.to_frame().to_csv() == alone.to_frame().to_csv()
    assert len(found.points) == 40
