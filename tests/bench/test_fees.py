"""How fast fees and bills are: CPU time in one process, medians of rounds. Shows, asserts no time."""

from __future__ import annotations

import datetime as dt
import statistics
import time
from collections.abc import Callable

import numpy as np
import pytest

from costmodel.assumptions.catalog import load_services
from costmodel.billing.fees import fee_cents
from costmodel.billing.rating import rate
from costmodel.billing.usage import UsageRow

ROUNDS = 9
PAYMENTS = 1_000_000
ON = dt.date(2026, 9, 15)
FEES = [("stripe", "card"), ("stripe", "ach_debit"), ("card_network", "interchange"), ("dwolla", "ach_debit")]


def cpu_ms(work: Callable[[], object]) -> float:
    rounds = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        work()
        rounds.append((time.process_time() - begun) * 1e3)
    return statistics.median(rounds)


@pytest.mark.bench
@pytest.mark.parametrize(("service", "meter"), FEES)
def test_a_million_fees(service: str, meter: str) -> None:
    services = load_services()
    amounts = np.random.default_rng(1).lognormal(9.2, 1, PAYMENTS).astype(np.int64)
    (price,) = (each for each in services[service].meter[meter].price if each.plan == "list")
    row = UsageRow(service, meter, amounts=(amounts, np.ones(PAYMENTS, np.int64)))
    fees = cpu_ms(lambda: fee_cents(amounts, price))
    bill = cpu_ms(lambda: rate([row], services, on=ON, region="us"))
    print(f"\n{service}.{meter}: {PAYMENTS:,} fees in {fees:.1f} ms, as a bill {bill:.1f} ms")
