"""What `costmodel --help` costs beside a bare interpreter, for whoever presses Tab; `-s` shows it."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys

import pytest

pytestmark = pytest.mark.bench

HELP = "import sys; sys.argv = ['costmodel', '--help']; from costmodel.cli.main import main; main()"
ROUNDS = 20
MOST_MS = 60


def cpu_ms(code: str) -> float:
    """User and system time of the interpreter with this code, in ms: the median of some rounds."""
    return statistics.median(_once(code) for _ in range(ROUNDS))


def _once(code: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)


def test_help_beside_a_bare_interpreter() -> None:
    bare, shown = cpu_ms("pass"), cpu_ms(HELP)
    print(f"\ncostmodel --help: {shown:.1f} ms, {shown - bare:.1f} ms above a bare interpreter's {bare:.1f} ms")
    assert shown - bare < MOST_MS
