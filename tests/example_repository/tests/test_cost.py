"""What our payments may cost, how long they may take, and what our own paper claims."""

from decimal import Decimal

import pytest


def test_the_month_is_as_agreed(cost):
    cost("ours").assert_as_baseline()


def test_a_payment_stays_affordable(cost):
    month = cost("ours")
    assert month.cost_per_payment_usd < 2
    assert month.latency_ms["p95"] < 10_000
    assert month.service_usd("kms") == 5 * Decimal("0.80")


@pytest.mark.cost(set={"workload.payments_per_month": 600})
def test_twice_the_volume_is_not_twice_the_bill(cost):
    assert cost("ours").total_usd < 2 * cost("ours", set={}).total_usd


def test_our_paper_is_right(cost):
    cost("ours").assert_claims("ours")
