"""Could it be fast enough? The latency with every function on the path kept warm, and what that costs."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from costmodel.analysis.sides import FEWER_REPLICATIONS, Business
from costmodel.assumptions.document import Claim
from costmodel.assumptions.linking import steps_below
from costmodel.assumptions.pipeline import Pipeline, Step
from costmodel.result import Result


@dataclass(frozen=True)
class WarmPath:
    """The month with provisioned concurrency on the payment's path: its latency, and what it adds to the bill."""

    functions: tuple[str, ...]
    latency_ms: dict[str, float | None]
    intervals: dict[str, tuple[float, float] | None]
    extra_usd: Decimal

    def condition(self, claim: Claim) -> str:
        """What would make a claim on latency true, in words."""
        level = str(claim.model).partition(".")[2]
        value = self.latency_ms.get(level)
        if value is None or claim.stated is None:
            return "Nothing was simulated that could tell."
        cost = f"${self.extra_usd:,.2f} a month for {len(self.functions)} functions"
        if Decimal(str(value)) < claim.stated:
            return f"With provisioned concurrency ({cost}) {level} is {value:,.0f} ms."
        return f"Never: the warm path alone takes {value:,.0f} ms ({level}); keeping it warm costs {cost}."

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "functions": list(self.functions),
            "latency_ms": self.latency_ms,
            "extra_usd": f"{self.extra_usd:f}",
        }


def warm_path(business: Business) -> WarmPath:
    """Simulate the own side with one provisioned environment for each function a payment waits for."""
    cold = business.result("own", "ach")
    functions = functions_on_path(cold.assumptions.pipeline)
    provisioned: dict[str, Any] = {f"pipeline.functions.{name}.provisioned_concurrency": 1 for name in functions}
    provisioned["replications"] = FEWER_REPLICATIONS
    warm_business = dataclasses.replace(business, set={**business.set, **provisioned}, _known={})
    warm: Result = warm_business.result("own", "ach")
    kept = {name: warm.intervals.get(f"latency_ms.{name}") for name in warm.latency_ms}
    return WarmPath(functions, warm.latency_ms, kept, warm.bill.total_usd - cold.bill.total_usd)


def functions_on_path(pipeline: Pipeline) -> tuple[str, ...]:
    """The functions that answer a payment's requests, and those they wait for."""
    found: list[str] = []
    waiting = [step for flow in pipeline.flows.values() if flow.starts == "payment" for step in _all(flow.steps)]
    while waiting:
        step = waiting.pop(0)
        name = step.api or step.invoke
        if name is not None and name not in found:
            found.append(name)
            waiting += _all(pipeline.handlers[name].steps)
    return tuple(dict.fromkeys(pipeline.handlers[name].function for name in found))


def _all(steps: tuple[Step, ...]) -> list[Step]:
    return [step for _, step in steps_below(steps, ())]
