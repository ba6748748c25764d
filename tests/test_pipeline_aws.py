"""The AWS pipeline as data: its functions, and what one payment uses, counted by following the steps.

Expected values come from the repository the pipeline describes (projectecosystemapp/ECOSYSTEMAWS@dcc482d): its
resource.ts files, and its handlers executed with stubbed clients to count calls and item sizes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import pytest

from costmodel.assumptions.catalog import load_services, load_table
from costmodel.assumptions.checking import check
from costmodel.assumptions.linking import all_steps
from costmodel.assumptions.pipeline import Pipeline, Step

KB = 1024


@cache
def pipeline() -> Pipeline:
    return check(Pipeline, load_table("pipelines", "aws_native")[0])


# --- following a payment through the steps --------------------------------------------------------------------


@dataclass(frozen=True)
class Use:
    """One step that a payment reaches, and the function it runs in (None in a flow)."""

    function: str | None
    step: Step


def follow(steps: tuple[Step, ...], function: str | None, holds: frozenset[str]) -> Iterator[Use]:
    """Every step reached when the conditions in `holds` are true; fates are not followed."""
    for step in steps:
        yield Use(function, step)
        handler = step.api or step.invoke
        if handler:
            yield from follow(pipeline().handlers[handler].steps, pipeline().handlers[handler].function, holds)
        for inner in [*(step.parallel or ()), step.each or (), _branch(step, holds)]:
            yield from follow(inner, function, holds)
        for flow in _flows_after(step):
            yield from follow(pipeline().flows[flow].steps, None, holds)


def _branch(step: Step, holds: frozenset[str]) -> tuple[Step, ...]:
    if step.when is None:
        return ()
    return (step.steps if step.when in holds else step.otherwise) or ()


def _flows_after(step: Step) -> list[str]:
    """Flows that this step's message or queue leads to."""
    taken = [name for name, flow in pipeline().flows.items() if step.queue and flow.takes == step.queue]
    return taken + ([step.starts] if step.call and step.starts else [])


def uses(flow: str, *holds: str) -> list[Use]:
    return list(follow(pipeline().flows[flow].steps, None, frozenset((*holds, "first_of_provider"))))


def write_units(step: Step) -> int:
    """DynamoDB write units of a put (with its index copies) or an update: 1 KB each, rounded up."""
    if step.table is None or step.call not in ("dynamodb.PutItem", "dynamodb.UpdateItem"):
        return 0
    table = pipeline().tables[step.table]
    bytes_ = table.row_bytes if step.size_kb is None else step.size_kb * KB
    copies = 1 + (table.indexes if step.call == "dynamodb.PutItem" else 0)
    return int(-(-bytes_ // KB)) * copies * (step.copies or 1)


# The functions of the per-payment list: processor, fraud check, escrow, payout, booking, cost monitor.
COUNTED = {"aws_payment_processor", "fraud_detector", "escrow_manager", "payout_manager", "booking_processor",
           "cost_monitor"}  # fmt: skip


def coded(flow: str, *holds: str) -> list[Use]:
    """Coded steps of the flow itself and of the functions in the per-payment list."""
    return [use for use in uses(flow, *holds) if use.step.as_ == "coded" and use.function in COUNTED | {None}]


def calls(found: list[Use]) -> Counter[str]:
    counts = Counter(use.step.call for use in found if use.step.call)
    counts["appsync.request"] = sum(use.step.api is not None for use in found)
    return counts


# --- what one card payment uses ---------------------------------------------------------------------------------

WRITE_UNITS = [  # function, table, units; the parts add up to 40
    ("aws_payment_processor", "transaction", 10),  # 1,065 bytes: 2 units, and 2 in each of 4 indexes
    ("aws_payment_processor", "escrow_account", 1),
    ("fraud_detector", "fraud_event", 16),  # 3,095 bytes: 4 units, and 4 in each of 3 indexes
    ("escrow_manager", "escrow_account", 1 + 2),  # create, release
    ("payout_manager", "ach_transfer", 3),  # with the 2 indexes of the schema's table
    ("payout_manager", "booking", 1),
    ("booking_processor", "booking", 1 + 1),  # create, confirm
    ("booking_processor", "escrow_transaction", 1),
    ("cost_monitor", "cost_metric", 2),
    ("cost_monitor", "savings_report", 1),
]


def test_write_units_of_a_card_payment_by_part() -> None:
    found: Counter[tuple[str | None, str | None]] = Counter()
    for use in coded("pay_in_card", "card"):
        found[use.function, use.step.table] += write_units(use.step)
    assert {key: units for key, units in found.items() if units} == {(f, t): units for f, t, units in WRITE_UNITS}
    assert sum(found.values()) == 40


CALLS = [  # conditions, call, times; the facts' list for one payment, and what review and block change
    ((), "kms.GenerateDataKey", 1),
    ((), "kms.Encrypt", 1),
    ((), "sns.Publish", 2),  # accepted, released
    ((), "eventbridge.PutEvents", 2),  # booking confirmed, transfer scheduled
    ((), "appsync.request", 2),  # form A: processPayment, manageEscrow
    ((), "fraud_detector.GetEventPrediction", 1),
    ((), "cloudwatch.PutMetricData", 2),  # fraud check, cost monitor
    (("review",), "sns.Publish", 2 + 1),
    (("review",), "dynamodb.PutItem", 8),  # a reviewed payment goes on: as without review
    (("block",), "kms.GenerateDataKey", 1),
    (("block",), "kms.Encrypt", 0),
    (("block",), "sns.Publish", 2 + 1),  # processor 2, HIGH alert 1
    (("block", "critical"), "sns.Publish", 2 + 2),  # CRITICAL alerts 2
    (("block",), "eventbridge.PutEvents", 0),
    (("block",), "appsync.request", 1),
]


INTENDED = [  # flow, conditions, call, times: of steps that the pipeline needs and the code lacks (`as = "intended"`)
    ("pay_in_ach", ("ach",), "ach.debit_in_file", 1),  # an entry in the debit file
    ("pay_in_ach", ("ach",), "ach.credit_in_file", 1),  # and one in the credit file, for each payout
    ("pay_in_card", ("card",), "ach.credit_in_file", 1),
    ("refund_paid", (), "ach.originate_credit", 1),
]


@pytest.mark.parametrize(("flow", "holds", "call", "times"), INTENDED)
def test_intended_calls(flow: str, holds: tuple[str, ...], call: str, times: int) -> None:
    assert calls([use for use in uses(flow, *holds) if use.step.as_ == "intended"])[call] == times


@pytest.mark.parametrize(("holds", "call", "times"), CALLS)
def test_calls_of_a_card_payment(holds: tuple[str, ...], call: str, times: int) -> None:
    assert calls(coded("pay_in_card", "card", *holds))[call] == times


def test_a_blocked_payment_stores_nothing_but_its_fraud_event() -> None:
    written = [use for use in coded("pay_in_card", "card", "block") if write_units(use.step)]
    assert {use.step.table for use in written if use.function != "booking_processor"} == {"fraud_event"}


FRAUD_CHECK = [  # one after another: amplify/functions/fraud-detector/handler.ts:213-476
    ("dynamodb.Query", "transaction"),  # velocity, last 24 h
    ("dynamodb.Query", "transaction"),  # this customer's device
    ("dynamodb.Scan", "transaction"),  # everybody's device
    ("dynamodb.Query", "transaction"),  # sessions, last hour
    ("dynamodb.Query", "transaction"),  # locations
    ("dynamodb.Query", "transaction"),  # customer's age
    ("dynamodb.Query", "transaction"),  # last transaction
    ("dynamodb.Query", "transaction"),  # count
    ("dynamodb.Query", "fraud_event"),  # chargebacks
    ("dynamodb.Query", "transaction"),  # average
    ("fraud_detector.GetEventPrediction", None),
    ("dynamodb.PutItem", "fraud_event"),
    ("cloudwatch.PutMetricData", None),
]


def test_the_fraud_check_makes_13_calls_in_the_order_of_the_code() -> None:
    found = [use.step for use in coded("pay_in_card", "card") if use.function == "fraud_detector" and use.step.call]
    assert [(step.call, step.table) for step in found] == FRAUD_CHECK
    assert len(found) == 13


def test_a_full_scan_page_is_128_read_units() -> None:
    # One page of 1 MB, eventually consistent at half a unit for each 4 KB; full from about 980 payments on.
    table = pipeline().tables["transaction"]
    assert table.scan_page_bytes is not None
    assert table.scan_page_bytes / (4 * KB) / 2 == 128
    assert round(table.scan_page_bytes / table.row_bytes, -1) == 980


# --- every payment's way, to its end ------------------------------------------------------------------------------

PAYOUT = ["escrow_due", "payouts_due", "ach_credits", "credits_settling"]
WAYS = [  # flow, conditions, the outcomes in order, the queues in order
    ("pay_in_card", (), ["completed", "settled", "done"], ["cards_settling", *PAYOUT]),
    ("pay_in_ach", (), ["completed", "settled", "done"], ["ach_debits", "debits_settling", *PAYOUT]),
    ("pay_in_card", ("block",), ["declined"], []),
    ("pay_in_ach", ("block",), ["declined"], []),
]


@pytest.mark.parametrize(("flow", "holds", "ends", "queues"), WAYS)
def test_way_of_the_money(flow: str, holds: tuple[str, ...], ends: list[str], queues: list[str]) -> None:
    found = uses(flow, flow.removeprefix("pay_in_"), *holds)
    assert [use.step.end for use in found if use.step.end] == ends
    assert [use.step.queue for use in found if use.step.queue] == queues


def test_an_ach_payment_has_one_debit_entry_and_a_credit_entry_per_payout() -> None:
    counts = calls(uses("pay_in_ach", "ach"))
    assert counts["ach.debit_in_file"] == 1
    assert counts["ach.credit_in_file"] == 1  # of each payout: the steps under `first_of_provider` run once for each
    assert not [row for row in pipeline().each if row.meter == "credit_entries"]


# --- the 27 functions ------------------------------------------------------------------------------------------------

FUNCTIONS = [  # name, MB, seconds, architecture: amplify/functions/*/resource.ts
    ("aws_payment_processor", 512, 60, "arm64"),
    ("payment_cryptography", 256, 300, "x86_64"),
    ("card_tokenizer", 512, 15, "x86_64"),
    ("booking_processor", 512, 60, "x86_64"),
    ("fraud_detector", 1024, 30, "x86_64"),
    ("escrow_manager", 2048, 120, "x86_64"),
    ("ach_transfer_manager", 1536, 60, "x86_64"),
    ("ach_transfer_handler", 256, 15, "arm64"),
    ("ach_batch_optimizer", 512, 60, "arm64"),
    ("direct_payout_handler", 1024, 60, "x86_64"),
    ("payout_manager", 1024, 300, "x86_64"),
    ("refund_processor", 512, 60, "x86_64"),
    ("dispute_workflow", 512, 30, "x86_64"),
    ("cost_monitor", 256, 30, "arm64"),
    ("roi_dashboard", 512, 30, "arm64"),
    ("metrics_publisher", 256, 30, "arm64"),
    ("alert_orchestrator", 512, 60, "arm64"),
    ("log_analyzer", 1024, 300, "arm64"),
    ("notification_handler", 512, 30, "x86_64"),
    ("workflow_orchestrator", 512, 300, "x86_64"),
    ("messaging_handler", 512, 30, "x86_64"),
    ("realtime_messaging", 512, 10, "x86_64"),
    ("post_confirmation_trigger", 512, 3, "x86_64"),
    ("profile_events_handler", 512, 30, "x86_64"),
    ("bio_generator", 512, 30, "x86_64"),
    ("bedrock_ai_generator", 512, 30, "x86_64"),
    ("iso_matcher", 512, 30, "x86_64"),
]


def test_the_27_functions() -> None:
    found = [(name, f.memory_mb, f.timeout_s, f.architecture) for name, f in pipeline().functions.items()]
    assert sorted(found) == sorted(FUNCTIONS)
    assert len(found) == 27
    assert sum(f.group == "platform" for f in pipeline().functions.values()) == 7


def test_all_payment_functions_on_the_path_cannot_cost_what_the_document_says() -> None:
    # Hard bound of the facts: 8 functions running to their timeout on 500 payments use 378,750 GB-s, all free.
    path = ["aws_payment_processor", "fraud_detector", "escrow_manager", "ach_transfer_manager", "payout_manager",
            "booking_processor", "ach_batch_optimizer", "cost_monitor"]  # fmt: skip
    by_name = pipeline().functions
    gb_s = sum(by_name[name].memory_mb / KB * by_name[name].timeout_s for name in path) * 500
    assert gb_s == 378_750


# --- the file holds together ------------------------------------------------------------------------------------


def test_step_names_are_unique() -> None:
    # Draws are keyed by a step's name, so two steps of one name would share their luck.
    seen = Counter(step.name for _, step in all_steps(pipeline()))
    assert [name for name, times in seen.items() if times > 1] == []


def test_everything_defined_is_used() -> None:
    steps = [step for _, step in all_steps(pipeline())]
    unused = {
        "work": set(pipeline().work) - {s.work for s in steps},
        "tables": set(pipeline().tables) - {s.table for s in steps},
        "handlers": set(pipeline().handlers) - {s.api for s in steps} - {s.invoke for s in steps},
        "waits": set(pipeline().waits) - {s.due for s in steps},
        "schedules": set(pipeline().schedules) - {f.schedule for f in pipeline().flows.values()},
        "events": {n for n, f in pipeline().flows.items() if f.starts == "event"} - {s.starts for s in steps},
        "queues": {f.takes for f in pipeline().flows.values() if f.takes} - {s.queue for s in steps},
    }
    assert {kind: names_ for kind, names_ in unused.items() if names_} == {}


IDLE = {"payment_cryptography", "card_tokenizer"}  # wired to nothing; the 7 platform functions beside them


def test_functions_that_no_flow_runs_are_the_idle_and_the_platform_ones() -> None:
    run = {handler.function for handler in pipeline().handlers.values()}
    platform = {name for name, f in pipeline().functions.items() if f.group == "platform"}
    assert set(pipeline().functions) - run == IDLE | platform


def test_thresholds_of_the_fraud_score() -> None:
    # > 500 review, > 800 block, > 950 critical: amplify/functions/fraud-detector/handler.ts:1187-1214
    risk = pipeline().risk
    assert risk is not None
    assert [int(t) for t in (risk.review_above, risk.block_above, risk.critical_above)] == [500, 800, 950]


def test_every_operation_and_meter_named_is_in_the_catalog() -> None:
    services = load_services()
    operations = {f"{service}.{name}" for service in services for name in services[service].operation}
    meters = {f"{service}.{name}" for service in services for name in services[service].meter}
    called = {step.call for _, step in all_steps(pipeline()) if step.call}
    billed = {f"{row.service}.{row.meter}" for row in pipeline().static}
    billed |= {f"{row.service}.{row.meter}" for row in pipeline().each}
    assert (sorted(called - operations), sorted(billed - meters)) == ([], [])
