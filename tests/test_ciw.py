"""An independent witness: on feed-forward networks Ciw comes to the same times, to the last nanosecond.

Ciw is given the arrivals and service times that our engines draw. Its clock takes whole numbers too, and those here are
far below 2^53, so nothing is rounded.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from costmodel.simulation.compiled import Compiled
from costmodel.simulation.draws import name_key
from costmodel.simulation.payments import Payments
from costmodel.simulation.plan import Plan
from costmodel.simulation.reference import Reference
from tests.validation.networks import MS_PER_DAY, drawn_services, flow, law, scenario_of, station, visit, world

ciw = pytest.importorskip("ciw", reason="Ciw is not installed (extra `test`)")

PAYMENTS = 200
GAP_MS = 3 * MS_PER_DAY / PAYMENTS
METHODS = ("card", "ach")
EXACT = 2**53


@dataclass(frozen=True)
class Network:
    """Stations, and which of them payments of each method pass, in order. `room`: places at the first station."""

    servers: tuple[int, ...]
    laws: tuple[dict[str, Any], ...]
    routes: tuple[tuple[int, ...], tuple[int, ...]]
    room: int | None

    @classmethod
    def drawn(cls, number: int) -> Network:
        """One of the networks, from its number."""
        chance = random.Random(number)
        stations = range(chance.randint(1, 8))
        kinds = [chance.choice(["exponential", "lognormal", "deterministic"]) for _ in stations]
        servers = tuple(chance.choice([1, 1, 2, 3, 4, 8, 16]) for _ in stations)
        loads = [chance.choice([0.05, 0.5, 0.7, 0.9, 1.5]) * chance.uniform(0.9, 1.1) for _ in stations]
        laws = [law(kind, load * many * GAP_MS, 1.3) for kind, load, many in zip(kinds, loads, servers, strict=True)]
        first, second = (sorted(chance.sample(stations, chance.randint(1, len(stations)))) for _ in METHODS)
        room = servers[0] + chance.randint(0, 3) if chance.random() < 0.5 else None
        return cls(servers, tuple(laws), (tuple({0, *first}), tuple({0, *second})), room)

    def pipeline(self) -> dict[str, Any]:
        """As a pipeline of ours."""
        names = [f"s{number}" for number in range(len(self.servers))]
        rooms = [self.room, *[None] * len(names)]
        return {
            "stations": {name: station(self.servers[at], rooms[at]) for at, name in enumerate(names)},
            "work": dict(zip(names, self.laws, strict=True)),
            "flows": {
                method: flow([step for at in sorted(route) for step in visit(names[at], names[at])])
                | {"methods": [method]}
                for method, route in zip(METHODS, self.routes, strict=True)
            },
        }


def services_ns(plan: Plan, payments: Payments, seed: int) -> dict[tuple[str, int], list[int]]:
    """What our engines draw: the service of each payment at each station, by its method's flow."""
    keys = {instruction.key for instruction in plan.code}
    paths = {(method, at): f"{method}/serve_s{at}" for method in METHODS for at in range(len(plan.stations))}
    return {
        place: drawn_services(plan, payments, seed, path) for place, path in paths.items() if name_key(path) in keys
    }


class FromList(ciw.dists.Distribution):  # type: ignore[misc]
    """Ciw's way to be given values."""

    def __init__(self, value: Callable[[Any], float]) -> None:
        self.value = value

    def sample(self, t: float | None = None, ind: Any = None) -> float:
        """The value for a customer."""
        return self.value(ind)


def by_ciw(network: Network, plan: Plan, payments: Payments, seed: int) -> dict[int, int]:
    """When each payment leaves, by Ciw (ns)."""
    services = services_ns(plan, payments, seed)
    methods = [METHODS[method] for method in payments.method]
    gaps = iter([*np.diff(payments.arrival_ns, prepend=0).tolist(), math.inf])
    stations = range(len(network.servers))

    def service(at: int) -> FromList:
        return FromList(lambda ind: services[methods[ind.id_number - 1], at][ind.id_number - 1])

    def route(ind: Any, _: Any) -> list[int]:
        _, *others = sorted(network.routes[METHODS.index(methods[ind.id_number - 1])])  # all arrive at the first
        return [at + 1 for at in others]

    waiting = math.inf if network.room is None else network.room - network.servers[0]
    simulation = ciw.Simulation(
        ciw.create_network(
            arrival_distributions=[FromList(lambda _: next(gaps)), *[None] * (len(stations) - 1)],
            service_distributions=[service(at) for at in stations],
            number_of_servers=list(network.servers),
            queue_capacities=[waiting, *[math.inf] * (len(stations) - 1)],
            routing=ciw.routing.ProcessBased(route),
        )
    )
    simulation.simulate_until_max_time(EXACT)
    left: dict[int, int] = {}
    for record in simulation.get_all_records():
        if record.record_type == "service":
            left[record.id_number - 1] = max(left.get(record.id_number - 1, 0), int(record.exit_date))
    return left


@settings(max_examples=40)
@given(st.integers(0, 2**32))
@example(0)
def test_both_engines_agree_with_ciw(number: int) -> None:
    network, seed = Network.drawn(number), number % 1000
    ours = world(
        network.pipeline(),
        scenario_of(PAYMENTS, methods={"card": Decimal("0.5"), "ach": Decimal("0.5")}, lead_in_days=0),
    )
    runs = [ours.run(seed, engine=engine) for engine in (Reference, Compiled)]
    expected = np.full(len(runs[0].left_ns), -1, np.int64)
    for payment, left_ns in by_ciw(network, ours.plan, runs[0].payments, seed).items():
        expected[payment] = left_ns
    assert expected.max() < EXACT
    for run in runs:
        assert run.left_ns.tolist() == expected.tolist()
    assert runs[0].counts.refused == int((expected < 0).sum())
