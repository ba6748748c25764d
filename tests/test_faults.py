"""What goes wrong around the package, done for real: a full disk, a killed process, no place to write, a clock that jumps.

Nothing that was there is lost, nothing half-written stays, and one clear word is said. Interrupts, closed pipes and a
full standard output are tried in `test_cli.py`; sweeps that are killed, full or shared in `test_sweep.py`; workers of a
cluster that die in `test_cluster.py`.
"""

from __future__ import annotations

import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.fuzz.corpus import REFERENCE, SMALL_STRIPE, SWEEP

ROOT = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX")
OLD = "what was there before\n"
LARGE = ("prices", "--format", "json", "--out", "kept.txt")  # some 200 kB


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


def run(
    folder: Path, *words: str, before: str = "", under: Sequence[str] = (), **more: Any
) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, after some lines of Python; `under` another program that starts it."""
    code = f"import sys\n{before}\nfrom costmodel.cli.main import main\nsys.exit(main(sys.argv[1:]))"
    more.setdefault("env", environment())
    return subprocess.run([*under, sys.executable, "-c", code, *words], cwd=folder, capture_output=True, text=True,
                          check=False, timeout=300, **more)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "kept.txt").write_text(OLD, encoding="utf-8")
    (tmp_path / "small.toml").write_text(SMALL_STRIPE, encoding="utf-8")
    return tmp_path


def nothing_changed(folder: Path) -> None:
    assert (folder / "kept.txt").read_text(encoding="utf-8") == OLD
    assert sorted(path.name for path in folder.iterdir()) == ["kept.txt", "small.toml"]


def says(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


# --- no room ---------------------------------------------------------------------------------------------------------

LIMIT = "import resource, signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\nresource.setrlimit(resource.RLIMIT_FSIZE, (BYTES,) * 2)"


@pytest.mark.parametrize("room", [0, 100_000])
def test_a_file_that_may_grow_no_further(folder: Path, room: int) -> None:
    says(
        run(folder, *LARGE, before=LIMIT.replace("BYTES", str(room))),
        "kept.txt: cannot be written (File too large)",
        "make room",
    )
    nothing_changed(folder)


def can_mount() -> bool:
    """Whether a file system of our own can be mounted where nobody else sees it."""
    if not shutil.which("unshare"):
        return False
    return (
        subprocess.run(
            ["unshare", "-m", "sh", "-c", "mount -t tmpfs tmpfs /mnt"], capture_output=True, check=False
        ).returncode
        == 0
    )


mounts = pytest.mark.skipif(not can_mount(), reason="may not mount a file system")


def mounted(folder: Path, mount: str, *words: str) -> subprocess.CompletedProcess[str]:
    """A command in `folder`/there, which is mounted first and seen by nobody else; then what is in it."""
    (folder / "there").mkdir()
    main = f"{sys.executable} -m costmodel {' '.join(words)}"
    script = f'{mount} && cd there && {main}; code=$?; echo "code $code:" $(ls -A | sort); cat kept.txt 2>/dev/null | head -c 40'
    return subprocess.run(["unshare", "-m", "sh", "-c", script], cwd=folder, capture_output=True, text=True, check=False,
                          timeout=300, env=environment())  # fmt: skip


@mounts
def test_a_full_disk(folder: Path) -> None:
    """A file system of 64 kB."""
    mount = f"mount -t tmpfs -o size=64k tmpfs there && echo '{OLD.strip()}' > there/kept.txt"
    done = mounted(folder, mount, *LARGE)
    assert "kept.txt: cannot be written (No space left on device); choose another place, or make room" in done.stderr
    assert done.stdout == f"code 2: kept.txt\n{OLD}"


@mounts
def test_a_full_disk_beneath_a_sweep(folder: Path) -> None:
    """Its store has no room: it says so, and what it writes is gone on with elsewhere."""
    mount = "mount -t tmpfs -o size=4k tmpfs there && cp small.toml there/"
    done = mounted(folder, mount, *SWEEP, "--store", "store.sqlite")
    assert done.stdout.startswith("code 2:"), done
    assert "store.sqlite: cannot be used" in done.stderr
    assert "Traceback" not in done.stderr


@mounts
@pytest.mark.parametrize(
    "words", [LARGE, ("sweep", "seed_stripe", *SWEEP[2:]), ("init", "new"), ("prices", "--xlsx", "p.xlsx")]
)
def test_a_read_only_folder(folder: Path, words: tuple[str, ...]) -> None:
    """Mounted so that not even an administrator may write."""
    mount = f"mount -t tmpfs tmpfs there && echo '{OLD.strip()}' > there/kept.txt && mount -o remount,ro there"
    done = mounted(folder, mount, *words)
    assert done.stdout == f"code 2: kept.txt\n{OLD}"
    assert "cannot be" in done.stderr
    assert "Traceback" not in done.stderr


CAPABILITIES = "-dac_override,-dac_read_search,-fowner"
SUBJECT = [] if os.geteuid() else ["setpriv", "--bounding-set", CAPABILITIES]  # to permissions, as others are


def obeys() -> bool:
    """Whether a process can be had to which permissions apply; they do not to an administrator's."""
    if os.geteuid():
        return True
    return bool(shutil.which("setpriv")) and not subprocess.run([*SUBJECT, "true"], check=False, capture_output=True).returncode  # fmt: skip


permissions = pytest.mark.skipif(not obeys(), reason="an administrator who may write anywhere, without setpriv")


@permissions
def test_a_folder_without_permission(folder: Path) -> None:
    folder.chmod(0o500)
    try:
        says(run(folder, *LARGE, under=SUBJECT), "kept.txt")
    finally:
        folder.chmod(0o700)
    nothing_changed(folder)


@permissions
def test_a_store_in_a_folder_of_somebody_else(folder: Path) -> None:
    """It may be read and not be written, it or a new one: said in words, and what was kept is as it was."""
    theirs = folder / "theirs"
    theirs.mkdir()
    sweep = (*SWEEP, "--format", "csv", "--store")
    assert run(folder, *sweep, "theirs/kept.sqlite").returncode == 0
    before = (theirs / "kept.sqlite").read_bytes()
    owners = (65534, 65534) if os.geteuid() == 0 else (-1, -1)  # nobody's
    for path, mode in ((theirs / "kept.sqlite", 0o444), (theirs, 0o555)):
        path.chmod(mode)
        os.chown(path, *owners)
    try:
        for name in ("kept.sqlite", "new.sqlite"):
            done = run(folder, *sweep, f"theirs/{name}", under=SUBJECT)
            says(done, f"theirs/{name}: cannot be used", "name another place with --store FILE")
            assert done.stdout == ""
        says(run(folder, *sweep, "own.sqlite", "--out", "theirs/out.csv", under=SUBJECT), "theirs/out.csv: cannot be")
    finally:
        theirs.chmod(0o700)
    assert [path.name for path in theirs.iterdir()] == ["kept.sqlite"]
    assert (theirs / "kept.sqlite").read_bytes() == before


# --- killed ----------------------------------------------------------------------------------------------------------

KILLED_WHILE_WRITING = """
import os, signal
true_replace = os.replace
os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
"""


def test_kill_9_while_a_file_is_written(folder: Path) -> None:
    """At the worst moment, when all is written but not yet in its place: the old file is whole."""
    done = run(folder, *LARGE, before=KILLED_WHILE_WRITING)
    assert done.returncode == -signal.SIGKILL
    assert (folder / "kept.txt").read_text(encoding="utf-8") == OLD
    assert run(folder, *LARGE).returncode == 0
    assert json.loads((folder / "kept.txt").read_text(encoding="utf-8"))


def test_kill_9_while_a_baseline_is_renewed(folder: Path) -> None:
    """A second one in place of the first, killed on the way: the first can still be read."""
    made = ("baseline", "small.toml", "--out", "b.json", *REFERENCE)
    assert run(folder, *made).returncode == 0
    first = (folder / "b.json").read_bytes()
    moved = (*made, "--set", "workload.payments_per_month=70", "--reason", "more payments")
    assert run(folder, *moved, before=KILLED_WHILE_WRITING).returncode == -signal.SIGKILL
    assert (folder / "b.json").read_bytes() == first
    assert run(folder, *moved).returncode == 0
    assert (folder / "b.json").read_bytes() != first


@pytest.mark.parametrize("signal_", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "terminated"])
def test_a_signal_before_a_file_is_in_its_place(folder: Path, signal_: signal.Signals) -> None:
    sent = f"import os\ntrue_replace = os.replace\nos.replace = lambda *_: os.kill(os.getpid(), {int(signal_)})"
    done = run(folder, *LARGE, before=sent)
    if signal_ == signal.SIGINT:
        assert (done.returncode, done.stderr) == (130, "interrupted; nothing was written\n")
        nothing_changed(folder)
    else:
        assert done.returncode == -signal_
        assert (folder / "kept.txt").read_text(encoding="utf-8") == OLD


POINTS = ("sweep", "small.toml", "--vary", "workload.payments_per_month=40:400:24", "--store", "s.sqlite", "--quiet",
          "--engine", "reference", "--format", "csv")  # fmt: skip


def children(parent: int) -> list[int]:
    listed = subprocess.run(
        ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(parent)], capture_output=True, text=True, check=False
    ).stdout
    return [int(line.split()[0]) for line in listed.splitlines() if "spawn_main" in line]


@pytest.mark.skipif(not shutil.which("ps"), reason="needs ps")
def test_a_worker_that_dies(folder: Path) -> None:
    """Killed by its number while the sweep waits for it: said in words, and gone on with where it was."""
    main = "from costmodel.cli.main import main; import sys; sys.exit(main(sys.argv[1:]))"
    code = f"if __name__ == '__main__':\n    {main}"
    (folder / "go.py").write_text(code, encoding="utf-8")
    process = subprocess.Popen([sys.executable, "go.py", *POINTS, "--workers", "2"], cwd=folder, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, env=environment())  # fmt: skip
    try:
        for _ in range(600):
            if found := children(process.pid):
                break
            time.sleep(0.02)
        os.kill(found[0], signal.SIGKILL)
        _, err = process.communicate(timeout=200)
    finally:
        process.kill()
    assert process.returncode != 0
    assert "Traceback" not in err
    assert "internal error" not in err
    assert "worker" in err
    again = run(folder, *POINTS)
    assert again.returncode == 0, again.stderr
    assert len(again.stdout.splitlines()) == 1 + 24


# --- the compiled engine's cache -------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["cut", "noise", "empty", "index"])
def test_a_spoilt_compile_cache(folder: Path, damage: str) -> None:
    """What numba keeps on disk, damaged after it was made: the figures are the same, or a clear word."""
    (folder / "cache").mkdir()
    env = environment(NUMBA_CACHE_DIR=str(folder / "cache"))
    words = ("run", "small.toml", "--engine", "compiled", "--quiet", "--format", "json")
    first = run(folder, *words, env=env)
    assert first.returncode == 0, first.stderr
    for path in (folder / "cache").rglob("*.nb[ci]"):
        if path.suffix == (".nbi" if damage == "index" else ".nbc"):
            held = path.read_bytes()
            path.write_bytes(
                {"cut": held[: len(held) // 2], "noise": bytes(held[::-1]), "empty": b"", "index": held[:40]}[damage]
            )
    again = run(folder, *words, env=env)
    assert again.returncode in (0, 2), again.stderr
    assert "Traceback" not in again.stderr
    if again.returncode == 0:
        assert json.loads(again.stdout)["bill"] == json.loads(first.stdout)["bill"]


@pytest.mark.slow
@mounts
def test_a_compile_cache_that_cannot_be_written(folder: Path) -> None:
    """The package and the cache on a file system that is read-only: the compiled engine works, only slower to start."""
    copy = folder / "there"
    script = (
        f"mkdir there && mount -t tmpfs tmpfs there && cp -r {ROOT}/costmodel {ROOT}/data there/ && "
        "find there -name '*.nb[ci]' -delete && mount -o remount,ro there && cp small.toml /tmp/small-$$.toml && "
        f"PYTHONPATH=there HOME=/nonexistent {sys.executable} -m costmodel run /tmp/small-$$.toml --engine compiled --quiet "
        "--format json; code=$?; rm /tmp/small-$$.toml; exit $code"
    )
    done = subprocess.run(["unshare", "-m", "sh", "-c", script], cwd=folder, capture_output=True, text=True, check=False,
                          timeout=600, env=environment(NUMBA_CACHE_DIR=""))  # fmt: skip
    assert "Traceback" not in done.stderr
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["provenance"]["engine"] == "compiled"
    assert copy.is_dir()


def test_what_is_kept_and_cannot_be_loaded_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same without half a minute of compiling: a file that cannot be unpickled, then one that can."""
    from costmodel.simulation import compiled

    done: list[str] = []

    class Kept:
        spoilt = True

        def compile(self, _: str) -> None:
            if self.spoilt:
                raise pickle.UnpicklingError("unpickling stack underflow")
            done.append("compiled")

    def forgotten() -> None:
        done.append("forgotten")
        Kept.spoilt = False

    monkeypatch.setattr(compiled, "advance", Kept())
    monkeypatch.setattr(compiled, "first_arrival", Kept())
    monkeypatch.setattr(compiled, "forget_all", forgotten)
    monkeypatch.setattr(compiled, "forget_stale", lambda: None)
    compiled.make_ready.__wrapped__()
    assert done == ["forgotten", "compiled", "compiled"]


# --- clock, locale, time zone ----------------------------------------------------------------------------------------

JUMPS = """
import time
begun, asked = time.time(), [0]
def jumping():
    asked[0] += 1
    return begun + (-10**8 if asked[0] % 2 else 10**8)
time.time = jumping
time.perf_counter = jumping
time.monotonic = jumping
"""


def figures(folder: Path, *words: str, **more: Any) -> dict[str, Any]:
    done = run(folder, *words, "--format", "json", **more)
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


MONTH = ("run", "small.toml", *REFERENCE)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The figures of the small month, as they are here."""
    place = tmp_path_factory.mktemp("plain")
    (place / "small.toml").write_text(SMALL_STRIPE, encoding="utf-8")
    return figures(place, *MONTH)


def test_a_clock_that_jumps_by_years(folder: Path, plain: dict[str, Any]) -> None:
    assert figures(folder, *MONTH, before=JUMPS) == plain


PLACES = [
    {"TZ": "Asia/Kathmandu", "LC_ALL": "de_DE.UTF-8", "PYTHONHASHSEED": "1"},
    {"TZ": "nowhere/at_all", "LC_ALL": "xx_YY", "PYTHONHASHSEED": "2"},
    {"TZ": "", "LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8", "PYTHONOPTIMIZE": "2"},
    {"TZ": "America/St_Johns", "PYTHONUTF8": "0", "LC_ALL": "POSIX", "PYTHONIOENCODING": "ascii"},
]


@pytest.mark.parametrize("settings", PLACES, ids=lambda settings: settings["TZ"] or "none")
def test_the_same_in_another_place(folder: Path, plain: dict[str, Any], settings: dict[str, str]) -> None:
    assert figures(folder, *MONTH, env=environment(**settings)) == plain


def test_a_table_in_an_encoding_that_lacks_its_signs(folder: Path) -> None:
    done = run(folder, *MONTH, env=environment(PYTHONIOENCODING="ascii"))
    assert (done.returncode, done.stderr) == (0, "")
