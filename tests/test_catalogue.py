"""The shipped scenarios, and scenarios of one's own: a base plus overrides, some of them by path."""

from __future__ import annotations

from decimal import Decimal

import pytest

import costmodel as cm
from costmodel.analysis.warmth import functions_on_path
from costmodel.assumptions.catalog import names
from costmodel.errors import InputError

ONCE = {"replications": 1}
SEED = cm.load("seed_aws")
CATALOGUE = ["seed_aws", "seed_aws_card", "seed_aws_hsm", "seed_aws_large_tickets", "seed_aws_mixed",
             "seed_aws_no_fraud_detector", "seed_aws_provisioned", "seed_aws_small_tickets", "seed_aws_two_regions",
             "seed_aws_x10", "seed_aws_x100", "hourly_10k", "hourly_10k_day", "hourly_10k_quarter_hour", "seed_stripe",
             "seed_stripe_ach"]  # fmt: skip


def test_the_catalogue_is_complete():
    assert set(CATALOGUE) <= set(names("scenarios"))


@pytest.mark.parametrize("name", [name for name in CATALOGUE if name not in ("hourly_10k", "seed_aws_x100")])
def test_every_scenario_runs(name):
    month = cm.run(name, set=ONCE)
    assert month.payments > 0
    assert month.bill.total_usd > 0


# What is different must show: (scenario, how its month differs from the seed's).
def test_times_ten_and_a_hundred_keep_the_ticket_and_the_payments_of_an_account():
    seed = SEED.scenario.workload
    for name, times in (("seed_aws_x10", 10), ("seed_aws_x100", 100)):
        workload = cm.load(name).scenario.workload
        assert (workload.payments_per_month, workload.accounts) == (
            times * seed.payments_per_month,
            times * seed.accounts,
        )
        assert workload.mean_ticket_usd == seed.mean_ticket_usd


@pytest.mark.parametrize("name", ["seed_aws_small_tickets", "seed_aws_large_tickets"])
def test_tickets_change_and_the_volume_stays(name):
    workload, seed = cm.load(name).scenario.workload, SEED.scenario.workload
    assert workload.mean_ticket_usd != seed.mean_ticket_usd
    assert workload.mean_ticket_usd * workload.payments_per_month == 100_000


def extra_usd(name: str) -> dict[str, Decimal]:
    """What each meter costs more than in the seed's month, by the same luck."""
    costs = []
    for scenario in (name, "seed_aws"):
        lines = cm.run(scenario, set=ONCE).bill.lines
        keys = dict.fromkeys(f"{line.service}.{line.meter}" for line in lines)
        costs.append({key: sum(ln.cost_usd for ln in lines if f"{ln.service}.{ln.meter}" == key) for key in keys})
    more = {key: costs[0].get(key, Decimal(0)) - costs[1].get(key, Decimal(0)) for key in costs[0] | costs[1]}
    return {key: usd for key, usd in more.items() if usd}


def test_two_modules_stand_all_month_and_nothing_else_changes():
    # 2 × 1.45 × 720 h of November, the price of us-west-2
    assert extra_usd("seed_aws_hsm") == {"cloudhsm.hsm_hours": Decimal("2088.00")}


def test_without_fraud_detector_nothing_of_it_is_billed_or_waited_for():
    less = extra_usd("seed_aws_no_fraud_detector")
    assert {key for key in less if key.startswith("fraud_detector")} >= {
        "fraud_detector.hosting_hours",
        "fraud_detector.predictions",
    }
    month = cm.run("seed_aws_no_fraud_detector", set=ONCE)
    assert not [line for line in month.bill.lines if line.service == "fraud_detector" and line.cost_usd]
    assert not month.bill.warnings
    assert month.latency_ms["p50"] < cm.run("seed_aws", set=ONCE).latency_ms["p50"]


def test_a_second_region_costs_its_standing_parts():
    extra = extra_usd("seed_aws_two_regions")
    # 5 keys at 1.00, and an ACL at 5.00 with five rules at 1.00
    assert (extra["kms.keys"], extra["waf.web_acls"], extra["waf.rules"]) == (5, 5, 5)
    assert extra["dynamodb.replicated_write_request_units"] > 0


def test_provisioned_is_every_function_on_the_path():
    functions = cm.load("seed_aws_provisioned").pipeline.functions
    warm = {name for name, function in functions.items() if function.provisioned_concurrency}
    assert warm == set(functions_on_path(SEED.pipeline))


MINE = """
base = "seed_aws"
pinned = false
[set]
"services.ach.debit_entries.price" = "0.05"
"pipeline.functions.fraud_detector.memory_mb" = 2048
"""


def test_a_scenario_of_ones_own_sets_by_path(tmp_path):
    (tmp_path / "mine.toml").write_text(MINE)
    mine = cm.load(str(tmp_path / "mine.toml"))
    assert mine.pipeline.functions["fraud_detector"].memory_mb == 2048
    assert mine.services["ach"].meter["debit_entries"].price[-1].tiers[0].usd == Decimal("0.05")
    assert mine.overridden == ()
    assert mine.data_sha256 != SEED.data_sha256


def test_what_it_sets_of_its_pipeline_stays_with_that_pipeline(tmp_path):
    (tmp_path / "mine.toml").write_text(MINE)
    through_stripe = cm.run(str(tmp_path / "mine.toml"), set={**ONCE, "pipeline": "stripe"})
    assert through_stripe.assumptions.pipeline.name == "stripe"


BAD = [
    ('"workload.payments" = 5', "mine.toml:5: workload.payments: unknown key"),
    ('"pipeline.functions.fraud.memory_mb" = 5', "mine.toml:5: pipeline.functions.fraud.memory_mb: no assumption has this path"),
    ('"pipeline.functions.fraud_detector.memory_mb" = 5', "mine.toml:5: functions.fraud_detector.memory_mb: Input should be"),
    ('"pipeline.static.extra" = 5', "mine.toml:5: pipeline.static.extra: no assumption has this path"),
    ('"pipeline.static.extra" = { service = "kms" }', "mine.toml:5: static[18].meter: missing"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "says"), BAD)
def test_what_cannot_be_set_is_told_with_its_line(line, says, tmp_path):
    (tmp_path / "mine.toml").write_text(f'base = "seed_aws"\npinned = false\n\n[set]\n{line}\n')
    with pytest.raises(InputError) as caught:
        cm.load(str(tmp_path / "mine.toml"))
    assert says in str(caught.value)


def test_set_must_be_a_table(tmp_path):
    (tmp_path / "mine.toml").write_text('base = "seed_aws"\nset = 3\n')
    with pytest.raises(InputError, match=r"mine.toml:2: set: is no table; write \[set\]"):
        cm.load(str(tmp_path / "mine.toml"))
