"""What our payments may cost. `pytest --cost-update` writes the baseline beside this file."""


def test_the_month_is_as_agreed(cost):
    cost("cost/scenarios/ours.toml", data="cost", policy="ours").assert_as_baseline()


def test_a_payment_stays_affordable(cost):
    assert cost("cost/scenarios/ours.toml", data="cost", policy="ours").cost_per_payment_usd < 2
