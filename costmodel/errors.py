"""What can go wrong for a user, said so that it can be mended."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Problem(NamedTuple):
    """One thing wrong in one place: `file:line: key: what is wrong; what to do`."""

    file: str
    line: int | None
    key: str
    wrong: str
    remedy: str

    def __str__(self) -> str:
        file = "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in self.file)
        place = file if self.line is None else f"{file}:{self.line}"
        key = f" {self.key}:" if self.key else ""
        return f"{place}:{key} {self.wrong}; {self.remedy}"


class CostmodelError(Exception):
    """Base of every error this package raises on purpose."""


class AskerError(CostmodelError):
    """An error of what was asked, not of this package: a notebook shows its lines in place of a traceback."""

    def lines(self) -> list[str]:
        """What to tell whoever asked: the command line prints these lines."""
        return str(self).splitlines()

    def _render_traceback_(self) -> list[str]:
        return self.lines()


class InputError(AskerError):
    """What the user gave cannot be used; holds every problem found, not only the first.

    begun: whether something was done before, and is kept.
    """

    begun = False

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        found = [problems] if isinstance(problems, Problem) else list(problems)
        self.problems: tuple[Problem, ...] = tuple(found)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def lines(self) -> list[str]:
        """Every problem, and how many there are."""
        count = len(self.problems)
        told = [line for problem in self.problems for line in str(problem).splitlines()]
        done = "what was finished before is kept" if self.begun else "nothing was run or written"
        return [*told, f"{count} error{'s' if count > 1 else ''}; {done}."]

    def __reduce__(self) -> tuple[type[InputError], tuple[tuple[Problem, ...]]]:
        """What another process needs to raise it again."""
        return type(self), (self.problems,)


class UsageError(AskerError):
    """A call or an option makes no sense; the message says what would."""


class InternalError(CostmodelError):
    """An identity that always holds does not: a defect of this package, named."""
