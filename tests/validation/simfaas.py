"""SimFaaS's own example by our engine, and by SimFaaS itself (where it is installed) on equal draws.

The example of its README: 0.9 calls a second, 1.991 s a warm call and 2.244 s a cold one, both exponential, environments
kept for 600 s. Here a cold call takes the draw of a warm one and one more of the difference.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from costmodel.simulation.counts import COLD_STARTS
from costmodel.simulation.draws import draw_bits_many, stream_key
from costmodel.simulation.payments import Payments, generate
from costmodel.simulation.plan import Op
from tests.validation.logs import NS_PER_S, Figures, replayed
from tests.validation.networks import DAYS, World, law, one_function, platform, scenario_of, world
from tests.worlds import payments_at

RATE, WARM_S, COLD_S, KEPT_S = 0.9, 1.991, 2.244, 600
LONG_LIFE_S = 10**9
S_PER_DAY = 86_400
RECORDED = Path(__file__).parent.parent / "answers" / "simfaas.csv"


@cache
def example() -> World:
    """The example over `DAYS` days."""
    services = {
        "lambda": platform(keep_alive_s=KEPT_S, life_s=LONG_LIFE_S, cold=law("exponential", 1000 * (COLD_S - WARM_S)))
    }
    pipeline = one_function(law("exponential", 1000 * WARM_S))
    return world(pipeline, scenario_of(round(RATE * DAYS * S_PER_DAY)), services)


def cold_share(replications: int) -> tuple[float, float]:
    """The share of cold calls over replications of `DAYS` days, after a lead-in, with its standard error."""
    runs = list(example().runs(replications))
    shares = [int(run.counts.functions[1, 0, COLD_STARTS]) / run.measured for run in runs]
    return float(np.mean(shares)), float(np.std(shares, ddof=1) / math.sqrt(replications))


def calls_until(until_s: float, seed: int) -> Payments:
    """The calls of the first seconds of a run that begins with no environment."""
    whole = generate(example().scenario, seed, 0)
    return payments_at(whole.arrival_ns[whole.arrival_ns < until_s * NS_PER_S].tolist(), whole)


def ours(until_s: float, seed: int) -> Figures:
    """Cold starts and environments of a run that begins with none."""
    cold, spans = replayed(example(), calls_until(until_s, seed), seed)
    return Figures.of(cold + 1, spans, until_s)


@dataclass(frozen=True)
class Draws:
    """What both simulators are given, in seconds: when calls come, how long they take warm and cold."""

    came: npt.NDArray[np.float64]
    warm: npt.NDArray[np.float64]
    cold: npt.NDArray[np.float64]

    @classmethod
    def of(cls, until_s: float, seed: int) -> Draws:
        """The draws that the engine makes."""
        plan, calls = example().plan, calls_until(until_s, seed)
        numbers = np.arange(len(calls.arrival_ns), dtype=np.int64)
        invoke = next(each for each in plan.code if each.op is Op.INVOKE)
        work = plan.code[plan.code.index(invoke) + 1]

        def drawn(key: int, of: int) -> npt.NDArray[np.int64]:
            return plan.laws[of].values(draw_bits_many(stream_key(seed, "duration", key), numbers))

        warm, more = drawn(work.key, work.a), drawn(invoke.key, plan.functions[0].init_laws[0])
        return cls(calls.arrival_ns / NS_PER_S, warm / NS_PER_S, (warm + more) / NS_PER_S)


def theirs(until_s: float, seed: int, *, most_recent: bool) -> Any:
    """SimFaaS after a run on the same draws."""
    simulator = ready(until_s, seed, most_recent=most_recent)
    simulator.generate_trace()
    return simulator


def ready(until_s: float, seed: int, *, most_recent: bool) -> Any:
    """SimFaaS before a run on the same draws; its own choice of an environment, or the most recently used one."""
    from simfaas.ServerlessSimulator import ServerlessSimulator

    class MostRecent(ServerlessSimulator):  # type: ignore[misc]
        def schedule_warm_instance(self, t: float) -> Any:
            return max((each for each in self.servers if each.is_ready()), key=lambda each: each.next_departure)

    draws = Draws.of(until_s, seed)
    gaps = [*np.diff(draws.came, prepend=0).tolist(), math.inf]
    simulator = (MostRecent if most_recent else ServerlessSimulator)(
        arrival_process=Given(iter(gaps)), expiration_threshold=KEPT_S, max_time=float(draws.came[-1]) + 1e-6,
        warm_service_process=Given(iter(())), cold_service_process=Given(iter(())),
    )  # fmt: skip
    simulator.warm_service_process = OfCall(simulator, draws.warm.tolist())
    simulator.cold_service_process = OfCall(simulator, draws.cold.tolist())
    return simulator


class Given:
    """A SimFaaS process that gives what it was given, one after the other."""

    def __init__(self, values: Iterator[float]) -> None:
        self.values = values

    def generate_trace(self) -> float:
        """The next value."""
        return next(self.values)


class OfCall:
    """A SimFaaS process that gives each call its own value."""

    def __init__(self, simulator: Any, values: list[float]) -> None:
        self.simulator: Any = simulator
        self.values = values

    def generate_trace(self) -> float:
        """The value of the call that is being served, which SimFaaS has counted."""
        number: int = self.simulator.total_req_count - 1
        return self.values[number]


def recorded() -> list[dict[str, str]]:
    """What SimFaaS made of the draws, as the tests find it again."""
    return list(csv.DictReader(RECORDED.open()))
