"""Words of the command line: every command with every option it has, as the parser itself lists them."""

from __future__ import annotations

import argparse
from functools import cache
from typing import Any

from hypothesis import strategies as st

from costmodel.cli.parser import parser
from tests.fuzz.damage import HOSTILE

WORDS = tuple(sorted({word.decode("utf-8", "replace").replace("\x00", "")[:300] for word in HOSTILE} - {"/dev/zero"}))
FILES = ("small.toml", "usage.csv", "payments.csv", "report.csv", "kept.json", "index.json", "policy.toml", "nowhere.csv",
         ".", "mine", "no/such/folder/file.txt", "seed_aws", "seed", "default", "../x", "empty")  # fmt: skip
SETS = ("workload.payments_per_month=50", "workload.payments_per_month=-1", "workload.commission=nan", "replications=2",
        "services.kms.meter.keys.price=0.5", "services.stripe.card.percent=2.4", "workload.nonsense=1", "=", "a=", "=b",
        "on=2026-02-30", "on=2024-11-01", "pipeline.functions.fraud_detector.memory_mb=128", "title=x", "horizon=cohort",
        "workload.tickets={}", "workload=[]", "services.kms=1", "replications=1e3", "lead_in_days=-5", "workload.days=0",
        "workload.mean_ticket_usd=1e30", "workload.accounts=0", "base=seed_stripe", "seed=99999999999999999999")  # fmt: skip
NUMBERS = ("1", "0", "-1", "2", "7", "1.5", "1e3", "nan", "inf", "99999999999999999999999", "0x1", "٣", "")
DATES = (
    "2026-11-23",
    "2024-09-24",
    "1970-01-01",
    "9999-12-31",
    "0001-01-01",
    "2026-02-30",
    "today",
    "20261123",
    "2026-W01-1",
)
LIKELY: dict[str, tuple[str, ...]] = {
    "set": SETS, "seed": NUMBERS, "on": DATES, "samples": ("1", "2", "-1", "0", "x"), "workers": ("1", "0", "-3", "x"),
    "older_than": ("365d", "0", "-1d", "99999d", "d", "9999999d"), "month_hours": ("730", "0", "actual", "-1", "1e3"),
    "sent": ("2026-11-25T15:00", "9999-12-31T23:59", "0001-01-01", "2026-11-25T15:00+14:00", "0001-01-01T00:00+14:00", "x"),
    "plan": ("stripe=two_day", "stripe=", "=x", "kms=x", "a=b,c=d"), "map": ("amount=amount", "amount=", "x=y", "amount=nowhere", "order=id"),
    "vary": ("workload.payments_per_month=50,60", "services.stripe.card.percent=1:3:3", "services.stripe.card.percent=1:3:1e9",
             "services.stripe.card.percent=1:3:999999999", "workload.payments_per_month=0:1:3:log", "a=1", "=", "seed=1:2:2"),
    "figure": ("bill.total_usd", "latency_ms.p95", "nonsense", "same_rail.reduction"), "until": ("latency_ms.p95=1000", "x=1", "latency_ms.p95=nan", "latency_ms.p95=0", "="),
    "perimeter": ("same_rail", "nonsense", "same_rail.x", "cards_kept"), "p99_ms": NUMBERS, "failed_percent": NUMBERS,
    "reduction": ("0", "50", "100", "101", "nan", "x"), "low": NUMBERS, "high": NUMBERS, "region": ("us-west-2", "mars"),
    "key": ("volume", "ticket", "nonsense", "workload.payments_per_month"), "scenario": ("small.toml", "stripe.toml"), "before": ("small.toml",),
    "after": ("stripe.toml",), "own": ("small.toml",), "dask": ("tcp://", "", "x"), "base_ref": ("HEAD", "--help", ";ls"), "claims": ("seed", "claims.toml", "x"),
    "out": ("out.txt", "no/such/out.txt", ".", "small.toml/x"), "store": ("store.sqlite", ".", "usage.csv"), "reason": ("x", " "),
    "folder": ("new", "usage.csv", "."), "task": ("list", "stale", "import", "nonsense"), "offers": ("index.json", "index.csv", "nowhere.json"),
    "usage": ("usage.csv", "nowhere.csv", "."), "baseline": ("kept.json", "usage.csv", "nowhere.json", "."), "growth": ("seed", "x"),
}  # fmt: skip
WRITES = ("out", "focus", "html", "markdown", "xlsx", "chart", "calibrate", "write", "store", "folder")
# A cluster, AWS and other processes are no matter of words; the compiled engine gives what the reference gives.
LEFT_OUT = ("help", "dask", "base_ref", "aws", "workers", "engine")


@cache
def commands() -> dict[str, argparse.ArgumentParser]:
    """Every command's parser, by name."""
    groups = [action for action in parser()._actions if isinstance(action, argparse._SubParsersAction)]
    return dict(groups[0].choices)


def _value(draw: st.DrawFn, action: Any) -> str:
    """A word for an option: likely, a choice, a file, or anything."""
    options = list(LIKELY.get(action.dest, FILES))
    if action.choices:
        options = [str(choice) for choice in action.choices] * 3
    if action.dest in WRITES:
        return draw(
            st.sampled_from(
                (f"{action.dest}.out", *LIKELY.get(action.dest, ()), f"{action.dest}.csv", f"{action.dest}.png")
            )
        )
    return draw(st.sampled_from(WORDS)) if draw(st.integers(0, 3)) == 0 else draw(st.sampled_from(options))


@st.composite
def words(draw: st.DrawFn, name: str) -> tuple[list[str], list[str]]:
    """The words of a command, and which files it was asked to write."""
    chosen, written = [name], []
    actions = [action for action in commands()[name]._actions if action.dest not in LEFT_OUT]
    for action in actions:
        if action.option_strings:
            if draw(st.integers(0, len(actions))) > 2:
                continue
            flag = draw(st.sampled_from(action.option_strings))
            if action.nargs == 0:
                chosen.append(flag)
                continue
            value = _value(draw, action)
            chosen += [f"{flag}={value}"] if draw(st.booleans()) else [flag, value]
        else:
            value = _value(draw, action)
            chosen += [value] if draw(st.integers(0, 30)) else []
        if action.dest in WRITES:
            written.append(value)
    if any("--engine" in action.option_strings for action in commands()[name]._actions):
        chosen += ["--engine", draw(st.sampled_from(("reference",) * 30 + ("x",)))]
    return chosen, written
