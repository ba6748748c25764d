"""Many months worked out together: what is drawn for all of them at once is what each of them draws by itself."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import numpy as np
import pytest

import costmodel as cm
from costmodel.assumptions.by_month import by_month, column
from costmodel.assumptions.scenario import Scenario
from costmodel.run import assume, bills_of
from costmodel.simulation.compiling import compile_plan
from costmodel.simulation.outages import DRAWN_AT_ONCE, FEW, outages_by_month
from costmodel.simulation.payments import Demand
from costmodel.simulation.payments_by_month import methods_by_month, payments_by_month
from costmodel.simulation.timetable import draw_outages, outage_terms

DAY_NS = 86_400 * 10**9
SEEDS = [3, 2**63, 17, 2**64 - 1, 0]


def varied(scenario: Scenario) -> Scenario:
    """Another spread of tickets, days and hours in each month; none at all in the third."""
    workload = scenario.workload
    sigma, day, hour = (column(map(Decimal, values)) for values in (
        ("0.3", "1.7", "0", "0.9", "1.1"), ("0.4", "0.1", "0", "0.6", "0.2"), ("0", "0.7", "0", "0.2", "1.3"),
    ))  # fmt: skip
    arrivals = {"day_cv": workload.arrivals.day_cv.model_copy(update={"value": day}),
                "hour_cv": workload.arrivals.hour_cv.model_copy(update={"value": hour})}  # fmt: skip
    changed = {"tickets": workload.tickets.model_copy(update={"sigma": sigma}),
               "arrivals": workload.arrivals.model_copy(update=arrivals)}  # fmt: skip
    return scenario.model_copy(update={"workload": workload.model_copy(update=changed)})


@pytest.mark.parametrize(
    ("changes", "lead_in_days"),
    [
        ({}, 0),
        ({"workload.payments_per_month": 70}, 9),
        ({"workload.payments_per_month": 40, "workload.mean_ticket_usd": "0.02"}, 1),  # many of a cent
        ({"workload.payments_per_month": 1, "workload.days": "0.1"}, 1),  # nobody pays
        ({"workload.payments_per_month": 80, "workload.count": "random"}, 2),
        ({"workload.payments_per_month": 80, "workload.time_zone": "Asia/Kolkata"}, 2),
    ],
)
def test_payments_drawn_together_are_those_drawn_alone(changes, lead_in_days):
    scenario = varied(assume("seed_aws", {"workload.methods": {"ach": "0.4", "card": "0.6"}, **changes}).scenario)
    together = payments_by_month(scenario, SEEDS, lead_in_days * DAY_NS)
    for month, (seed, found) in enumerate(zip(SEEDS, together, strict=True)):
        workload = scenario.workload
        records = {name: by_month(getattr(workload, name), len(SEEDS))[month] for name in ("tickets", "arrivals")}
        own = scenario.model_copy(update={"workload": workload.model_copy(update=records)})
        alone = Demand(own, seed, lead_in_days * DAY_NS).payments()
        for field in dataclasses.fields(alone):
            one, other = getattr(found, field.name), getattr(alone, field.name)
            assert np.array_equal(one, other), field.name
            assert getattr(one, "dtype", None) == getattr(other, "dtype", None)


@pytest.mark.parametrize("share", ["0", "0.3", "1"])
def test_methods_of_another_workload(share):
    scenario = assume("seed_aws", {"workload.payments_per_month": 50}).scenario
    workload = scenario.workload.model_copy(update={"methods": {"ach": Decimal(share), "card": 1 - Decimal(share)}})
    payments = payments_by_month(scenario, SEEDS, 0)
    for seed, found, before in zip(SEEDS, methods_by_month(workload, payments, SEEDS), payments, strict=True):
        assert np.array_equal(found.method, before.by_methods_of(workload, seed).method)


@pytest.mark.parametrize("per_year", ["0", "3", "200"])  # of AppSync; at 200 a year more than are drawn at once
def test_outages_drawn_together_are_those_drawn_alone(per_year):
    plan = compile_plan(assume("seed_aws", {"services.appsync.parameter.outages_per_year.value": per_year}))
    seeds, end_ns = list(range(FEW + 5)), 200 * DAY_NS
    together = outages_by_month(plan, end_ns, seeds)
    assert together == [draw_outages(outage_terms(plan), end_ns, seed) for seed in seeds]
    most = max(len(spans) for month in together for spans in month)
    assert (most > DRAWN_AT_ONCE) == (per_year == "200")


@pytest.mark.parametrize(
    ("scenario", "changes"),
    [
        ("seed_aws", {}),
        ("seed_stripe", {"workload.international_share.value": "0.3", "workload.conversion_share.value": "0.3"}),
        ("seed_aws_mixed", {"workload.payments_per_month": 3}),  # a meter is used in some replications only
    ],
)
def test_the_bills_of_replications_side_by_side_are_their_own_bills(scenario, changes):
    month = cm.run(scenario, set={"replications": 4, **changes})
    alone = [float(bill.total_usd) for bill in bills_of(month)]
    assert [single["bill.total_usd"] for single in month.singles] == alone
    assert len(set(alone)) > 1
