"""Which engine runs: the readable reference, or the compiled one that gives the same counts much faster."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Protocol

from costmodel.errors import UsageError
from costmodel.simulation.kernel_files import is_compiled

if TYPE_CHECKING:
    from collections.abc import Callable

    from costmodel.simulation.counts import Counts
    from costmodel.simulation.payments import Demand, Payments
    from costmodel.simulation.plan import Plan
    from costmodel.simulation.timetable import Timetable

ENGINES = ("auto", "reference", "compiled")
LARGE = 10**6  # payments × instructions from which compiling once is worth the wait


class Engine(Protocol):
    """Runs a plan once."""

    def __init__(self, plan: Plan, payments: Payments | Demand, timetable: Timetable, seed: int) -> None: ...

    def run(self, watch: Callable[[int], None] | None = None) -> Counts:
        """The counts of the run."""
        ...


def chosen(engine: str, plan: Plan, payments: int) -> str:
    """The engine for `payments` in all replications: as asked, else the compiled one if it is ready or worth the wait.

    Raises UsageError for a name that is not known.
    """
    if engine not in ENGINES:
        raise UsageError(f"no engine named {engine!r}; choose one of {', '.join(ENGINES)}")
    if engine != "auto":
        return engine
    return "compiled" if is_compiled() or payments * len(plan.code) >= LARGE else "reference"


def engine_named(name: str) -> type[Engine]:
    """The engine itself; the compiled one says so if it must be compiled first."""
    if name == "reference":
        from costmodel.simulation.reference import Reference

        return Reference
    if sys.stderr.isatty() and not is_compiled():
        print("compiling the fast engine, once; later runs load it at once", file=sys.stderr)
    from costmodel.simulation.compiled import Compiled

    return Compiled
