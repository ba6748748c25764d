"""Assumptions addressed by path: which exist, which are suggested for a wrong one, which are counts."""

from __future__ import annotations

import pytest

from costmodel.assumptions.catalog import load_assumptions
from costmodel.assumptions.changes import parse_change
from costmodel.assumptions.paths import takes_whole_numbers
from costmodel.errors import InputError

WRONG = [
    ("payments_per_month", "did you mean `workload.payments_per_month`"),
    ("pipeline.functions.fraud_detecter.memory_mb", "did you mean `pipeline.functions.fraud_detector.memory_mb`"),
    ("fraud_detector.memory_mb", "did you mean `pipeline.functions.fraud_detector.memory_mb`"),
    ("services.ach.debit_entrys.price", "did you mean `services.ach.debit_entries.price`"),
    ("services.ahc.debit_entries.price", "did you mean `services.ach.debit_entries.price`"),
    ("services.kms.latency.Sig.quantiles_ms.p50", "did you mean `services.kms.latency.Sign.quantiles_ms.p50`"),
    ("services.kms.latency.99.scale_low", "no assumption has this path (at `99`)"),
    ("zzzz", "known here: capacity, horizon,"),
]


@pytest.mark.parametrize(("path", "says"), WRONG)
def test_wrong_path_names_the_nearest(path, says):
    with pytest.raises(InputError) as caught:
        load_assumptions("seed_aws", changes=(parse_change(f"{path}=1"),))
    assert says in str(caught.value)


def test_all_wrong_paths_are_told_at_once():
    with pytest.raises(InputError) as caught:
        load_assumptions("seed_aws", changes=tuple(parse_change(f"{path}=1") for path, _ in WRONG))
    assert len(caught.value.problems) == len(WRONG)


def test_an_entry_of_a_list_is_addressed_by_its_name():
    change = parse_change("services.kms.latency.Sign.quantiles_ms.p50=16")
    law = load_assumptions("seed_aws", changes=(change,)).services["kms"].law("Sign")
    assert law.quantiles is not None
    assert law.quantiles["p50"] == 16


# A count has a type that takes no fraction: 500 payments, but a mean ticket of 199.5 dollars.
COUNTS = ["workload.payments_per_month", "workload.accounts", "pipeline.functions.fraud_detector.memory_mb",
          "month_hours", "replications"]  # fmt: skip
NO_COUNTS = ["workload.mean_ticket_usd", "workload.commission", "services.ach.debit_entries.price", "no.such.path"]


@pytest.mark.parametrize("path", COUNTS + NO_COUNTS)
def test_counts_are_known_by_their_type(path):
    assert takes_whole_numbers(path) == (path in COUNTS)
