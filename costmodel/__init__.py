"""Cost, latency and throughput of a payment system from one simulated month, held against what is claimed of it.

The names below are the whole public interface. Each is imported when first asked for, so that `import costmodel` and
`costmodel --help` load none of the heavy packages.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING

from costmodel.errors import InputError

__version__ = "1.0.0"

__all__ = [
    "InputError",
    "actuals",
    "add_banking_days",
    "bill",
    "breakeven",
    "check",
    "compare",
    "frontier",
    "growth",
    "is_banking_day",
    "load",
    "replay",
    "run",
    "sweep",
    "uncertainty",
]

_HOMES = {
    "actuals": ("costmodel.analysis.actuals", "actuals"),
    "add_banking_days": ("costmodel.simulation.calendar", "add_banking_days"),
    "bill": ("costmodel.run", "bill"),
    "breakeven": ("costmodel.analysis.seeking", "breakeven"),
    "check": ("costmodel.analysis.check", "check"),
    "compare": ("costmodel.analysis.compare", "compare"),
    "frontier": ("costmodel.analysis.frontier", "frontier"),
    "growth": ("costmodel.analysis.growth", "growth"),
    "is_banking_day": ("costmodel.simulation.calendar", "is_banking_day"),
    "load": ("costmodel.assumptions.catalog", "load_assumptions"),
    "replay": ("costmodel.run", "replay"),
    "run": ("costmodel.run", "run"),
    "sweep": ("costmodel.analysis.sweep", "sweep"),
    "uncertainty": ("costmodel.analysis.uncertainty", "uncertainty"),
}

if TYPE_CHECKING:
    from costmodel.analysis.actuals import actuals
    from costmodel.analysis.check import check
    from costmodel.analysis.compare import compare
    from costmodel.analysis.frontier import frontier
    from costmodel.analysis.growth import growth
    from costmodel.analysis.seeking import breakeven
    from costmodel.analysis.sweep import sweep
    from costmodel.analysis.uncertainty import uncertainty
    from costmodel.assumptions.catalog import load_assumptions as load
    from costmodel.run import bill, replay, run
    from costmodel.simulation.calendar import add_banking_days, is_banking_day
else:

    def __getattr__(name: str) -> object:
        """The public name, from where it lives. Raises AttributeError for any other name."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module, attribute = _HOMES[name]
        globals()[name] = getattr(importlib.import_module(module), attribute)
        return globals()[name]


def __dir__() -> list[str]:
    return sorted(__all__)


class _Package(ModuleType):
    # Importing the module costmodel.run would put it in the place of the function costmodel.run.
    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
