"""Plain queues by our engines and by others: a tandem of eight stations, and M/M/1.

All but Cimba get the arrivals and services that our engine draws, so that all must come to the same times.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import Any

from costmodel.simulation.compiled import Compiled
from costmodel.simulation.counts import Counts
from costmodel.simulation.payments import generate
from costmodel.simulation.reference import Reference
from tests.bench.racing import Entrant, Run
from tests.validation.networks import (
    World,
    drawn_services,
    flow,
    law,
    ms_per_unit,
    scenario_of,
    station,
    visit,
    world,
)

SEED = 1
NS_PER_S = 10**9
TANDEM = (8, 16, 224.0, 0.05, "lognormal", 0.75)  # stations, servers of each, arrivals/s, mean service s, its law, CV
SINGLE = (1, 1, 0.9, 1.0, "exponential", 1.0)
Shape = tuple[int, int, float, float, str, float]


@cache
def queue_world(shape: Shape, payments: int) -> World:
    """Stations in a row, with a scenario of so many payments."""
    number, servers, rate, mean, kind, cv = shape
    unit = ms_per_unit(rate, payments)
    names = [f"s{at}" for at in range(number)]
    pipeline = {
        "stations": {name: station(servers) for name in names},
        "work": {name: law(kind, mean * unit, cv) for name in names},
        "flows": {"pay": flow([step for name in names for step in visit(name, name)])},
    }
    return world(pipeline, scenario_of(payments, lead_in_days=0, count="fixed"))


@cache
def given(shape: Shape, payments: int) -> tuple[list[int], list[list[int]]]:
    """Arrivals, and the services at each station, in ns."""
    of = queue_world(shape, payments)
    arrived = generate(of.scenario, SEED, 0)
    return arrived.arrival_ns.tolist(), [
        drawn_services(of.plan, arrived, SEED, f"pay/serve_s{at}") for at in range(shape[0])
    ]


def ours(shape: Shape, payments: int, engine: Any) -> Run:
    """One of our engines; gives its counts."""
    of = queue_world(shape, payments)
    run: Run = engine(of.plan, generate(of.scenario, SEED, 0), of.times, SEED).run
    return run


def left_ns(shape: Shape, payments: int, engine: Any = Compiled) -> list[int]:
    """When each payment leaves, by one of our engines."""
    of = queue_world(shape, payments)
    left: list[int] = of.run(SEED, generate(of.scenario, SEED, 0), engine=engine).left_ns.tolist()
    return left


def by_simpy(shape: Shape, payments: int) -> Run:
    """A bare SimPy program."""
    import simpy

    env: Any = simpy.Environment(initial_time=0)
    resources = [simpy.Resource(env, shape[1]) for _ in range(shape[0])]
    arrivals, services = given(shape, payments)
    left = [0] * payments

    def customer(number: int) -> Iterator[Any]:
        for resource, service in zip(resources, services, strict=True):
            with resource.request() as request:
                yield request
                yield env.timeout(service[number])
        left[number] = env.now

    def source() -> Iterator[Any]:
        for number, arrival in enumerate(arrivals):
            yield env.timeout(arrival - env.now)
            env.process(customer(number))

    def run() -> list[int]:
        env.process(source())
        env.run()
        return left

    return run


def by_ciw(shape: Shape, payments: int) -> Run:
    """Ciw, without the time it takes to hand its records over."""
    import ciw

    arrivals, services = given(shape, payments)
    gaps = iter([arrivals[0], *(b - a for a, b in pairwise(arrivals)), math.inf])

    class Next(ciw.dists.Distribution):
        def sample(self, t: Any = None, ind: Any = None) -> float:
            return next(gaps)

    class OfCustomer(ciw.dists.Distribution):
        def __init__(self, at: int) -> None:
            self.values = services[at]

        def sample(self, t: Any = None, ind: Any = None) -> float:
            return self.values[ind.id_number - 1]

    stations = range(shape[0])
    simulation = ciw.Simulation(
        ciw.create_network(
            arrival_distributions=[Next(), *[None] * (len(stations) - 1)],
            service_distributions=[OfCustomer(at) for at in stations],
            number_of_servers=[shape[1]] * len(stations),
            routing=[[float(to == at + 1) for to in stations] for at in stations],
        )
    )

    def run() -> list[int]:
        simulation.simulate_until_max_time(2**53)
        left = [0] * payments
        for individual in simulation.nodes[-1].all_individuals:
            left[individual.id_number - 1] = int(individual.data_records[-1].exit_date)
        return left

    return run


def by_salabim(shape: Shape, payments: int) -> Run:
    """Salabim, its monitors off."""
    import salabim

    arrivals, services = given(shape, payments)
    env = salabim.Environment(trace=False, yieldless=False)
    resources = [salabim.Resource(capacity=shape[1], monitor=False) for _ in range(shape[0])]
    left = [0] * payments

    class Customer(salabim.Component):  # type: ignore[misc]
        def setup(self, number: int) -> None:
            self.number = number

        def process(self) -> Iterator[Any]:
            for resource, service in zip(resources, services, strict=True):
                yield self.request(resource)
                yield self.hold(service[self.number])
                self.release(resource)
            left[self.number] = int(env.now())

    class Source(salabim.Component):  # type: ignore[misc]
        def process(self) -> Iterator[Any]:
            for number, arrival in enumerate(arrivals):
                yield self.hold(till=arrival)
                Customer(number=number)

    def run() -> list[int]:
        Source()
        env.run()
        return left

    return run


@cache
def cimba_models() -> dict[int, Any]:
    """Cimba's models by their number of stations, compiled.

    To be called before our own engine runs: numba finds Cimba's extensions only if it has not compiled before.
    """
    import cimba

    from tests.bench import cimba_models as of

    single, tandem = of.Single(), of.Tandem()
    single.gap, single.mean = 1 / SINGLE[2], SINGLE[3]
    assert TANDEM == (8, of.SERVERS, 1 / of.GAP, of.MEAN, "lognormal", of.CV)
    for model in (single, tandem):
        model.customers = 1
        cimba.Experiment(model, replications=1, seed=SEED).run(workers=1)
    return {SINGLE[0]: single, TANDEM[0]: tandem}


def by_cimba(shape: Shape, payments: int) -> Run:
    """Cimba's own model until it is idle, with draws of its own; gives the mean stay in seconds."""
    import cimba

    model = cimba_models()[shape[0]]
    model.customers = payments
    experiment = cimba.Experiment(model, replications=1, seed=SEED)

    def run() -> float:
        stay: Any = experiment.run(workers=1)[model].stay
        return float(stay.values[0, 0]) / payments

    return run


def entrants(shape: Shape, ours_at: int, slow_at: int) -> list[Entrant]:
    """Our engines and the others, by visits; the slow ones get fewer payments."""
    visits = shape[0]
    return [
        Entrant("ours, compiled", visits * ours_at, lambda: ours(shape, ours_at, Compiled), warm=True),
        Entrant("ours, reference", visits * slow_at, lambda: ours(shape, slow_at, Reference)),
        Entrant("SimPy, bare", visits * slow_at, lambda: by_simpy(shape, slow_at)),
        Entrant("Ciw", visits * slow_at, lambda: by_ciw(shape, slow_at), "ciw"),
        Entrant("salabim", visits * slow_at, lambda: by_salabim(shape, slow_at), "salabim"),
        Entrant("Cimba", visits * ours_at, lambda: by_cimba(shape, ours_at), "cimba", warm=True),
    ]


def mean_stay_s(shape: Shape, payments: int, counts: Counts) -> float:
    """The mean stay of our payments, in the seconds of the shape."""
    return counts.latency_sum[1] / payments / (ms_per_unit(shape[2], payments) * 1e6)
