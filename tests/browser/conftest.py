"""A real Chromium and a running JupyterLab for the tests of what people look at; each is started once for a file of tests."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
REQUIRED = "COSTMODEL_BROWSER_REQUIRED"  # set where a missing browser is a fault, not a reason to skip
NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
]  # fmt: skip
START_S = 300
STARTS = 3
QUIET = {  # no question about news at the first start, no question whether the network may be asked
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/extensionmanager-extension/plugin": {"enabled": False},
}


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The browser: `CHROMIUM`, else the one on the path. Without one the tests are skipped, or fail where required."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found and Path(found).is_file():
        return found
    why = f"no browser: install chromium, or name one with CHROMIUM (given: {os.environ.get('CHROMIUM')!r})"
    if os.environ.get(REQUIRED):
        pytest.fail(why)
    pytest.skip(why)


@pytest.fixture(scope="module")  # no longer: while it is open, no other test of this process can run an event loop
def browser(chromium_path: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A headless Chromium with a profile of its own; gives a context, whose pages share it."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=START_S * 1000)
    profile = tmp_path_factory.mktemp("chromium")
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=chromium_path, headless=True, args=FLAGS, chromium_sandbox=False,
            viewport={"width": 1280, "height": 1400}, timeout=START_S * 1000,
        )  # fmt: skip
        context.set_default_timeout(START_S * 1000)
        yield context
        context.close()


@dataclass
class Seen:
    """What a page asked for and complained of."""

    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@pytest.fixture
def watched(browser: Any) -> Iterator[Callable[..., tuple[Any, Seen]]]:
    """Opens a page that notes its requests and its errors; requests to places not `allowed` are refused."""
    pages = []

    def opened(allowed: tuple[str, ...] = ()) -> tuple[Any, Seen]:
        page, seen = browser.new_page(), Seen()
        page.on("request", lambda request: seen.requests.append(request.url))
        page.on("console", lambda message: seen.errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: seen.errors.append(str(error)))

        def decide(route: Any) -> None:
            url = route.request.url
            (route.continue_ if url.startswith((*allowed, "file:", "data:", "blob:")) else route.abort)()

        page.route("**/*", decide)
        pages.append(page)
        return page, seen

    yield opened
    for page in pages:
        page.close()


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots are kept: `COSTMODEL_PICTURES`, else pytest's folder for this run."""
    kept = os.environ.get("COSTMODEL_PICTURES")
    place = Path(kept) if kept else tmp_path_factory.mktemp("pictures")
    place.mkdir(parents=True, exist_ok=True)
    return place


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab: its address, its token, and the folder it shows, with copies of the notebooks."""

    url: str
    token: str
    folder: Path


@pytest.fixture(scope="module")  # its kernel would keep its memory
def jupyterlab(chromium_path: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab on this machine only, with a token, on a free port, over a copy of notebooks/."""
    place = tmp_path_factory.mktemp("jupyter")
    folder = place / "notebooks"
    shutil.copytree(ROOT / "notebooks", folder, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    for attempt in range(STARTS):
        with started(place, folder, attempt) as lab:
            if lab is not None:
                yield lab
                return
    pytest.fail(f"JupyterLab did not start; its log: {(place / 'log').read_text()[-4000:]}")


@contextlib.contextmanager
def started(place: Path, folder: Path, attempt: int) -> Iterator[Lab | None]:
    """One start; None if the server ended (its port was taken meanwhile) or does not answer in time."""
    port, token = free_port(), secrets.token_hex(16)
    url = f"http://127.0.0.1:{port}"
    with (place / "log").open("ab") as log:
        process = subprocess.Popen(server(port, token), cwd=folder, env=environment(place), stdout=log, stderr=log)
        try:
            yield Lab(url, token, folder) if answers(process, f"{url}/api/status?token={token}") else None
        finally:
            process.terminate()
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def server(port: int, token: str) -> list[str]:
    words = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0", f"--IdentityProvider.token={token}", "--ServerApp.allow_remote_access=False",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate", "--LabApp.news_url=None",
    ]  # fmt: skip
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    return [*words, *(["--ServerApp.root_dir=.", "--allow-root"] if is_root else ["--ServerApp.root_dir=."])]


def environment(place: Path) -> dict[str, str]:
    """Nothing of the person who runs the tests: no settings, workspaces or runtime files of theirs."""
    settings = place / "settings"
    for name, values in QUIET.items():
        file = settings / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))
    own = {
        "JUPYTERLAB_SETTINGS_DIR": settings, "JUPYTERLAB_WORKSPACES_DIR": place / "workspaces",
        "JUPYTER_CONFIG_DIR": place / "config", "JUPYTER_DATA_DIR": place / "data",
        "JUPYTER_RUNTIME_DIR": place / "runtime", "IPYTHONDIR": place / "ipython",
    }  # fmt: skip
    without = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    return without | {name: str(path) for name, path in own.items()}


def free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


def answers(process: subprocess.Popen[bytes], url: str) -> bool:
    """Whether it answers before it ends and before the time is up."""
    until = time.monotonic() + START_S
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            urllib.request.urlopen(url, timeout=10).close()
            return True
        time.sleep(0.2)
    return False
