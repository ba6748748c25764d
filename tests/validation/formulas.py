"""The closed forms behind `tests/answers/theory.csv`, each as its textbook gives it. Nothing of costmodel in here."""

from __future__ import annotations

import math

import numpy as np


def erlang_b(load: float, servers: int) -> float:
    """Share of calls lost (Erlang 1917), by the usual recursion; the service law does not matter."""
    lost = 1.0
    for number in range(1, servers + 1):
        lost = load * lost / (number + load * lost)
    return lost


def erlang_c(load: float, servers: int) -> float:
    """Share of customers who wait (Erlang 1917)."""
    lost = erlang_b(load, servers)
    return servers * lost / (servers - load * (1 - lost))


def mmc_wait(rate: float, service_rate: float, servers: int) -> float:
    """Mean wait in M/M/c."""
    return erlang_c(rate / service_rate, servers) / (servers * service_rate - rate)


def mmc_wait_quantile(rate: float, service_rate: float, servers: int, level: float) -> float:
    """A quantile of the wait in M/M/c: those who wait, wait exponentially."""
    waits = erlang_c(rate / service_rate, servers)
    return math.log(waits / (1 - level)) / (servers * service_rate - rate)


def mmc_stay_above(rate: float, service_rate: float, servers: int, time: float) -> float:
    """Share of customers who stay longer than `time` in M/M/c."""
    waits, drain = erlang_c(rate / service_rate, servers), servers * service_rate - rate
    served, both = math.exp(-service_rate * time), math.exp(-drain * time)
    return (1 - waits) * served + waits * (drain * served - service_rate * both) / (drain - service_rate)


def mmc_stay_quantile(rate: float, service_rate: float, servers: int, level: float) -> float:
    """A quantile of the stay in M/M/c."""
    low, high = 0.0, 1000 / service_rate
    for _ in range(200):
        middle = (low + high) / 2
        above = mmc_stay_above(rate, service_rate, servers, middle) > 1 - level
        low, high = (middle, high) if above else (low, middle)
    return low


def mg1_wait(rate: float, mean: float, cv: float) -> float:
    """Mean wait in M/G/1 (Pollaczek 1930, Khinchine 1932)."""
    return rate * mean**2 * (1 + cv**2) / (2 * (1 - rate * mean))


def md1_wait_at_most(rate: float, time: float) -> float:
    """Share of customers who wait no longer than `time` services in M/D/1 (Erlang 1909)."""
    terms = range(int(time) + 1)
    return (1 - rate) * sum((rate * (k - time)) ** k / math.factorial(k) * math.exp(-rate * (k - time)) for k in terms)


def mdc_wait(rate: float, service: float, servers: int) -> float:
    """Mean wait in M/D/c: numbers in the system one service time apart form a Markov chain (Crommelin 1932)."""
    load, states = rate * service, 400
    arrivals = np.array([math.exp(-load + k * math.log(load) - math.lgamma(k + 1)) for k in range(states)])
    present = np.eye(1, states)[0]
    for _ in range(20_000):
        left = np.zeros(states)
        left[0], left[1 : states - servers] = present[: servers + 1].sum(), present[servers + 1 :]
        after = np.convolve(left, arrivals)[:states]
        done = float(np.abs(after - present).max()) < 1e-15
        present = after / after.sum()
        if done:
            break
    return float(np.arange(states) @ present) / rate - service


def mmck(rate: float, service_rate: float, servers: int, places: int) -> tuple[float, float, float]:
    """Share refused, mean number, and mean stay of those let in, in M/M/c/K."""
    weights = [1.0]
    for number in range(1, places + 1):
        weights.append(weights[-1] * rate / (service_rate * min(number, servers)))
    shares = [weight / sum(weights) for weight in weights]
    number = sum(k * share for k, share in enumerate(shares))
    return shares[-1], number, number / (rate * (1 - shares[-1]))


def setup_wait(rate: float, mean: float, setup: float, setup_cv: float) -> float:
    """Mean wait in M/M/1 whose server must be set up after every idle time (Welch 1964)."""
    square = setup**2 * (1 + setup_cv**2)
    return mg1_wait(rate, mean, 1) + (2 * setup + rate * square) / (2 * (1 + rate * setup))


def dm1_wait(rate: float, service_rate: float) -> float:
    """Mean wait in D/M/1: sigma solves sigma = exp(-(1 - sigma) service_rate / rate) (Kendall 1953)."""
    sigma = 0.5
    for _ in range(1000):
        sigma = math.exp(-(1 - sigma) * service_rate / rate)
    return sigma / (1 - sigma) / service_rate


def poisson_at_least(mean: float, number: int) -> float:
    """Share of time with at least so many present in M/G/infinity."""
    return 1 - sum(math.exp(-mean) * mean**k / math.factorial(k) for k in range(number))


EXPECTED = {
    ("mm8", "P_wait"): erlang_c(6.4, 8),
    ("mm8", "Wq"): mmc_wait(6.4, 1, 8),
    ("mm8", "W"): mmc_wait(6.4, 1, 8) + 1,
    ("mm8", "Lq"): 6.4 * mmc_wait(6.4, 1, 8),
    ("mm8", "Wq_p95"): mmc_wait_quantile(6.4, 1, 8, 0.95),
    ("mm8", "Wq_p99"): mmc_wait_quantile(6.4, 1, 8, 0.99),
    ("mm8", "W_p99"): mmc_stay_quantile(6.4, 1, 8, 0.99),
    ("mm16", "P_wait"): erlang_c(11.2, 16),
    ("mm16", "Wq"): mmc_wait(224, 20, 16),
    ("tandem8", "W"): 8 * (mmc_wait(224, 20, 16) + 0.05),
    ("jackson", "W"): mmc_wait(1.5, 1, 2) + 1 + mmc_wait(1.5, 2, 1) + 1 / 2 + mmc_wait(1.5, 0.5, 4) + 1 / 0.5,
    ("erlang_b_10", "P_block"): erlang_b(5, 10),
    ("erlang_b_110", "P_block"): erlang_b(100, 110),
    ("mm4_12", "P_block"): mmck(5, 1, 4, 12)[0],
    ("mm4_12", "L"): mmck(5, 1, 4, 12)[1],
    ("mm4_12", "W"): mmck(5, 1, 4, 12)[2],
    ("mg1", "Wq"): mg1_wait(14, 0.05, 0.8),
    ("mg1", "W"): mg1_wait(14, 0.05, 0.8) + 0.05,
    ("mg1", "L"): 14 * (mg1_wait(14, 0.05, 0.8) + 0.05),
    ("md1", "Wq"): mg1_wait(0.8, 1, 0),
    ("md1", "Wq_above_1"): 1 - md1_wait_at_most(0.8, 1),
    ("md1", "Wq_above_5"): 1 - md1_wait_at_most(0.8, 5),
    ("md1", "Wq_above_10"): 1 - md1_wait_at_most(0.8, 10),
    ("md2", "Wq"): mdc_wait(1.6, 1, 2),
    ("md16", "Wq"): mdc_wait(224, 0.05, 16),
    ("dm1", "Wq"): dm1_wait(0.8, 1),
    ("feedback", "W"): 1 / (1 - 0.5 / 0.8) / 0.8,
    ("mginf", "L"): 0.9 * 1.991,
    ("mginf", "p0"): math.exp(-0.9 * 1.991),
    ("mginf", "P_at_least_6"): poisson_at_least(0.9 * 1.991, 6),
    ("setup_exponential", "W"): setup_wait(1, 0.5, 2, 1) + 0.5,
    ("setup_constant", "W"): setup_wait(1, 0.5, 2, 0) + 0.5,
    ("keep_alive", "P_cold"): math.exp(-2),
}
