"""The panel's inputs as assumptions by path, as a command, and what the sliders of a scenario start from."""

from __future__ import annotations

import datetime as dt
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from costmodel.analysis.warmth import functions_on_path
from costmodel.assumptions.catalog import Assumptions

HUNDRED = Decimal(100)  # percent
ON = "on"


@dataclass(frozen=True)
class Inputs:
    """What the panel's sliders say. ach_percent: of the payments; provisioned: environments of each function."""

    payments: int
    ticket_usd: Decimal
    ach_percent: Decimal
    provisioned: int
    on: dt.date
    perimeter: str

    def changes(self, start: Assumptions) -> dict[str, Any]:
        """The assumptions that differ from those of `start`, by path. Accounts grow with the payments."""
        was, here, workload = inputs_of(start, self.perimeter), self, start.scenario.workload
        found: dict[str, Any] = {}
        if here.payments != was.payments:
            accounts = max(1, round(workload.accounts * here.payments / was.payments))
            found |= {"workload.payments_per_month": here.payments, "workload.accounts": accounts}
        if here.ticket_usd != was.ticket_usd:
            found["workload.mean_ticket_usd"] = here.ticket_usd
        if here.ach_percent != was.ach_percent:
            share = here.ach_percent / HUNDRED
            found |= {"workload.methods.ach": share, "workload.methods.card": 1 - share}
        if here.provisioned != was.provisioned:
            paths = (f"pipeline.functions.{name}.provisioned_concurrency" for name in functions_on_path(start.pipeline))
            found |= dict.fromkeys(paths, here.provisioned)
        if here.on != was.on:
            found[ON] = here.on
        return found


def inputs_of(start: Assumptions, perimeter: str) -> Inputs:
    """What a scenario says of them itself; of functions kept warm unequally, the fewest."""
    workload, functions = start.scenario.workload, start.pipeline.functions
    kept = [functions[name].provisioned_concurrency or 0 for name in functions_on_path(start.pipeline)]
    return Inputs(
        payments=workload.payments_per_month,
        ticket_usd=workload.mean_ticket_usd,
        ach_percent=HUNDRED * workload.methods.get("ach", Decimal(0)),
        provisioned=min(kept, default=0),
        on=start.scenario.on,
        perimeter=perimeter,
    )


def command_line(
    scenario: str, perimeter: str, changes: Mapping[str, Any], data: Path | str | None = None, seed: int | None = None
) -> str:
    """The command that gives the same figures, quoted for a shell."""
    words = ["costmodel", "panel", scenario, "--perimeter", perimeter]
    for path, value in changes.items():
        words += ["--on", str(value)] if path == ON else ["--set", f"{path}={_plain(value)}"]
    words += ["--data", str(data)] if data else []
    words += ["--seed", str(seed)] if seed is not None else []
    return shlex.join(words)


def _plain(value: Any) -> str:
    """A number without an exponent, as `--set` reads it."""
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
