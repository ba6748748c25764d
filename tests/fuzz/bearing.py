"""What must hold whatever a command is given, and how a case is tried: in this process, in a folder of its own.

The exit code is one of the contract. A refusal says so on standard error, names the place, and has written nothing.
There is no traceback, nothing is written but what was asked for, no other program is started, nothing is asked of the
network, and neither time nor memory runs away.
"""

from __future__ import annotations

import contextlib
import io
import os
import resource
import signal
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from costmodel.cli.main import main

CODES = (0, 2, 3, 4, 5)
REFUSED, INTERRUPTED = 2, 130
CPU_S = 10  # far above any case here, all of which are small
WALL_S, AGAIN_S = 60, 1
MORE_KB = 600 * 1024
ADDRESSES = 4 * 2**30  # beyond what this process has taken for earlier cases
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
FORBIDDEN = (
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.fork",
    "socket.connect",
    "pickle.find_class",
)
CHANGES = (
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.mkdir",
    "os.chmod",
    "os.truncate",
    "os.link",
    "os.symlink",
    "shutil.rmtree",
)


class RanTooLong(BaseException):
    """A case did not come back."""


@dataclass
class Watched:
    """What the audit hook has seen while a case runs."""

    on: bool = False
    written: list[str] = field(default_factory=list)
    forbidden: list[str] = field(default_factory=list)

    def hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Note a file opened to be written or changed, a program started, a connection made."""
        if not self.on:
            return
        if event == "open":
            path, _, flags = arguments
            if isinstance(path, str | bytes | os.PathLike) and (flags or 0) & WRITES:
                self.written.append(os.fsdecode(path))
        elif event in CHANGES:
            self.written += [os.fsdecode(path) for path in arguments if isinstance(path, str | bytes | os.PathLike)]
        elif event in FORBIDDEN:
            self.forbidden.append(f"{event} {arguments!r}"[:200])


WATCHED = Watched()
sys.addaudithook(WATCHED.hook)


@dataclass(frozen=True)
class Outcome:
    """What a command did."""

    code: int | None
    out: str
    err: str
    failure: str  # the last lines of a traceback
    cpu_s: float
    more_kb: int


def called(words: Sequence[str], wall_s: float = WALL_S, *, patient: bool = True) -> Outcome:
    """A command in this process. Not patient: after `wall_s` it is interrupted, as a person would."""

    def late(*_: object) -> None:
        raise RanTooLong if patient else KeyboardInterrupt

    out, err, failure, code = io.StringIO(), io.StringIO(), "", None
    before, begun = resource.getrusage(resource.RUSAGE_SELF), signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, wall_s, AGAIN_S)  # one that meets a finaliser is lost
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(list(words))
    except SystemExit as ended:  # argparse
        code = ended.code if isinstance(ended.code, int) else 0
    except RanTooLong:
        failure = f"did not come back in {wall_s} s"
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BaseException as error:
        where = traceback.extract_tb(error.__traceback__)
        inside = [f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in where][-4:]
        failure = f"{type(error).__name__}: {str(error)[:200]} at {' < '.join(reversed(inside))}"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, begun)
    after = resource.getrusage(resource.RUSAGE_SELF)
    return Outcome(code, out.getvalue(), err.getvalue(), failure, after.ru_utime - before.ru_utime,
                   after.ru_maxrss - before.ru_maxrss)  # fmt: skip


def complaints(words: Sequence[str], names: Sequence[str], may_write: Sequence[str] = (), **how: Any) -> list[str]:
    """What is wrong about a command's answer in the current folder; nothing, as a rule.

    names: one of these must stand in the message of a refusal. may_write: files and folders it was asked to write.
    """
    here = Path.cwd()
    before = _state(here)
    WATCHED.written, WATCHED.forbidden, WATCHED.on = [], [], True
    try:
        did = called(words, **how)
    finally:
        WATCHED.on = False
    found = []
    if did.failure:
        found.append(did.failure)
    elif did.code not in CODES and not (did.code == INTERRUPTED and how.get("patient") is False):
        found.append(f"exit {did.code}: {did.err[-300:]}")
    if "Traceback" in did.out + did.err or "internal error" in did.err:
        found.append(f"a traceback or internal error: {did.err[-300:]}")
    if did.code == REFUSED and not did.failure:
        found += _about_a_refusal(did, names)
    found += _about_files(here, before, may_write, did)
    found += [f"forbidden: {what}" for what in WATCHED.forbidden]
    if did.cpu_s > CPU_S and did.code != INTERRUPTED:
        found.append(f"took {did.cpu_s:.1f} s of CPU")
    if did.more_kb > MORE_KB:
        found.append(f"took {did.more_kb // 1024} MB more")
    return found


def _about_a_refusal(did: Outcome, names: Sequence[str]) -> list[str]:
    if not did.err.strip():
        return [] if did.out.strip() else ["refused without a word"]  # `prices import` that compared nothing
    if not any(name in did.err or repr(name)[1:-1] in did.err for name in names):
        return [f"names no place: {did.err[:300]}"]
    return [] if len(did.err) < 200_000 else [f"a message of {len(did.err):,} characters"]


def _state(here: Path) -> dict[str, tuple[int, bytes | None]]:
    """Every file and folder, with what is in it."""
    return {
        str(path.relative_to(here)): (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else None)
        for path in here.rglob("*")
        if not path.is_symlink() and (path.is_file() or path.is_dir())
    }


def _about_files(
    here: Path, before: dict[str, tuple[int, bytes | None]], may_write: Sequence[str], did: Outcome
) -> list[str]:
    after, found = _state(here), []
    changed = [name for name, (_, held) in after.items() if name not in before or before[name][1] != held]
    gone = [name for name in before if name not in after]
    allowed = lambda name: any(name == asked or name.startswith(f"{asked}/") for asked in may_write)  # noqa: E731
    found += [f"changed {name}" for name in [*changed, *gone] if not allowed(name)]
    if did.code in (REFUSED, INTERRUPTED, None) or did.failure:
        found += [f"left {name} though nothing was to be written" for name in changed
                  if name not in before and not name.startswith(".costmodel") and "store" not in name
                  and b'"runs"' not in (after[name][1] or b"")]  # SARIF holds the problems  # fmt: skip
    places = (str(here), tempfile.gettempdir(), "/dev/null", "__pycache__", "/proc/",
              ".config/matplotlib", ".cache/matplotlib")  # where it keeps its list of fonts  # fmt: skip
    outside = [path for path in WATCHED.written if os.path.isabs(path) and not any(place in path for place in places)]
    return found + [f"wrote {path}" for path in outside]


@contextlib.contextmanager
def a_folder(place: Path) -> Iterator[Path]:
    """A new folder as the working directory, with limits on memory and errors that show where they come from."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    kept, debug = Path.cwd(), os.environ.get("COSTMODEL_DEBUG")
    with tempfile.TemporaryDirectory(dir=place) as folder:
        taken = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (taken + ADDRESSES, hard))
        os.environ["COSTMODEL_DEBUG"] = "1"
        os.chdir(folder)
        try:
            yield Path(folder)
        finally:
            os.chdir(kept)
            resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
            os.environ.pop("COSTMODEL_DEBUG") if debug is None else os.environ.__setitem__("COSTMODEL_DEBUG", debug)


@dataclass
class Found:
    """What went wrong over many cases: each fault once, with the first case that shows it."""

    cases: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    faults: dict[str, str] = field(default_factory=dict)

    def add(self, complaint: str, case: str) -> None:
        """Keep the first case of each fault; figures in its words do not make it another."""
        key = "".join("#" if letter.isdigit() else letter for letter in complaint)[-160:]
        self.faults.setdefault(key, f"{complaint}\n    {case}")

    def report(self) -> str:
        """All faults, a paragraph each."""
        return "\n".join([f"{len(self.faults)} faults in {self.cases} cases", *self.faults.values()])
