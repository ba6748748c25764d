"""Where a sweep keeps its finished points: one SQLite file that survives a kill, and that two sweeps may share.

A point is written as soon as it is there, in a transaction of its own (write-ahead log). Killing the program loses none
of them; a power cut may lose the last ones. The key says what it is the
figure of, so that nothing in the file can be out of date: it can only be missing.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from costmodel.errors import InputError, Problem

FOLDER, FILE = ".costmodel", "sweeps.sqlite"
LAYOUT = 1  # of the tables below; a file of another layout is left alone
APPLICATION = int.from_bytes(b"cstm", "big")  # marks the file as ours
BUSY_S = 60  # how long to wait for another sweep's transaction, which takes milliseconds
ASKED_AT_ONCE = 2**8  # keys in one query
SHOWN = 2**3  # characters of a key in a message
ELSEWHERE = "name another place with --store FILE"


class Store:
    """The points of a file, by key. Use as a context manager; every failure is an InputError that says what to do."""

    def __init__(self, path: Path | str | None = None) -> None:
        self.path = Path(path) if path is not None else default_store()
        self.kept = 0
        with self._explained():
            _make_room(self.path, hidden=path is None)
            self.connection = sqlite3.connect(self.path, timeout=BUSY_S, isolation_level=None)
        try:
            with self._explained():
                self._open()
                self.connection.execute("PRAGMA synchronous = NORMAL")  # the log goes to the disk when the system likes
        except BaseException:
            self.connection.close()
            raise

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def _open(self) -> None:
        self.connection.execute("BEGIN")  # another sweep may be laying the tables out: see all of that or nothing
        tables = self.connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        application, layout = self._pragma("application_id"), self._pragma("user_version")
        self.connection.execute("COMMIT")
        if (application, layout) == (0, 0) and not tables:
            self._create()
        elif application != APPLICATION:
            raise self._refusal("is a database of something else", ELSEWHERE)
        elif layout != LAYOUT:
            wrong = f"was written by another version of costmodel (layout {layout}; this one has {LAYOUT})"
            raise self._refusal(wrong, f"{ELSEWHERE}, or use that version")

    def _create(self) -> None:
        """Lay the tables out; where another sweep does so at the same time, the later one finds them there."""
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("BEGIN IMMEDIATE")
        self.connection.execute("CREATE TABLE IF NOT EXISTS point (key TEXT PRIMARY KEY, outcome TEXT NOT NULL)")
        self.connection.execute(f"PRAGMA application_id = {APPLICATION}")
        self.connection.execute(f"PRAGMA user_version = {LAYOUT}")
        self.connection.execute("COMMIT")

    def _pragma(self, name: str) -> int:
        return int(self.connection.execute(f"PRAGMA {name}").fetchone()[0])

    def find(self, keys: Iterable[str]) -> dict[str, str]:
        """The outcomes of those of the keys that are there."""
        wanted, found = list(keys), dict[str, str]()
        with self._explained():
            for begin in range(0, len(wanted), ASKED_AT_ONCE):
                some = wanted[begin : begin + ASKED_AT_ONCE]
                marks = ", ".join("?" * len(some))
                found.update(self.connection.execute(f"SELECT key, outcome FROM point WHERE key IN ({marks})", some))
        return found

    def outcome(self, key: str, text: str) -> dict[str, Any]:
        """The figures of a point from what was kept of it. Raises InputError where that is damaged."""
        try:
            found = json.loads(text)
        except (ValueError, TypeError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise self._refusal(f"holds a damaged point ({key[:SHOWN]}…)", self._remedy("damaged"))
        return found

    def keep(self, points: Iterable[tuple[str, str]]) -> None:
        """Write some finished points, (key, outcome) each, now and for good; what is there already stays."""
        try:
            self._keep(points)
        except InputError as error:
            error.begun = True
            raise

    def _keep(self, points: Iterable[tuple[str, str]]) -> None:
        with self._explained():
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                for point in points:
                    self.connection.execute("INSERT OR IGNORE INTO point VALUES (?, ?)", point)
                    self.kept += 1
                self.connection.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._refusal(f"cannot be used ({error.strerror})", ELSEWHERE) from None
        except sqlite3.Error as error:
            raise self._refusal(f"cannot be used ({error})", self._remedy(str(error))) from None

    def _remedy(self, wrong: str) -> str:
        if "full" in wrong or "I/O" in wrong:
            return "make room and give the same command again: the points finished before are in it"
        if "locked" in wrong:
            return "another program holds it; wait for it, or " + ELSEWHERE
        if "readonly" in wrong or "unable to open" in wrong:
            return "it cannot be written there; " + ELSEWHERE
        return "it is damaged or no store; move it away, or " + ELSEWHERE

    def _refusal(self, wrong: str, remedy: str) -> InputError:
        return InputError(Problem(str(self.path), None, "", wrong, remedy))


def default_store() -> Path:
    """The store of the working directory."""
    return Path(FOLDER) / FILE


def _make_room(path: Path, *, hidden: bool) -> None:
    """The folder of the store; the default one is no part of whatever repository it stands in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ignore = path.parent / ".gitignore"
    if hidden and not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")
