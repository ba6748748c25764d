"""What every test needs: the place of the repository, and property tests that find the same cases each time in CI."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.guarded import Cli, called

os.environ["MPLBACKEND"] = "Agg"  # no test opens a window
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # started by a shell in the background, as are its children then
    signal.signal(signal.SIGINT, signal.default_int_handler)

# No deadline: a slow machine is no fault of the code.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
collect_ignore = ["example_repository"]  # a repository of its own, run by test_pytest_plugin.py

settings.load_profile("ci" if os.environ.get("CI") else "here")


@pytest.fixture(scope="session")
def root() -> Path:
    """The top of the repository."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    """Exit code, standard output and standard error of a command."""
    return lambda *words: called(capsys, *words)


@pytest.fixture
def cli_here(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The same in a folder of its own with a small month; errors show where they come from."""
    from tests.fuzz.corpus import SMALL_STRIPE

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COSTMODEL_DEBUG", "1")
    Path("small.toml").write_text(SMALL_STRIPE, encoding="utf-8")
    return lambda *words: called(capsys, *words)


@pytest.fixture
def closed_charts() -> Iterator[None]:
    """Charts without a window, all closed in the end."""
    import matplotlib as mpl
    from matplotlib import pyplot as plt

    mpl.use("Agg")
    yield
    plt.close("all")
