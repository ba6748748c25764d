"""What the parts of data files refuse: a shipped entry that is good, one thing in it changed, and the words it is met with.

Which things go together is the contract of the files; the words are what a reader needs to mend them.
"""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from costmodel.analysis.claims import read_claims
from costmodel.assumptions.catalog import load_assumptions, load_services, load_table
from costmodel.assumptions.checking import check
from costmodel.assumptions.fields import Law
from costmodel.assumptions.growth import Curve, Growth
from costmodel.assumptions.lever import Levers
from costmodel.assumptions.perimeter import Perimeters
from costmodel.assumptions.policy import Policy

SOURCED = {"source": "s", "read": dt.date(2026, 11, 23), "basis": "measured"}


def quantity(value: int) -> dict[str, Any]:
    return {"value": value, "unit": "percent", **SOURCED}


@cache
def shipped() -> dict[str, BaseModel]:
    """Good entries of the data files."""
    month, services = load_assumptions("seed_aws"), load_services()
    pipeline, work = month.pipeline, month.scenario.workload
    steps = [step for part in (pipeline.flows, pipeline.handlers) for one in part.values() for step in one.steps]
    levers = check(Levers, load_table("levers", "seed", None)[0])
    perimeters = check(Perimeters, load_table("perimeters", "seed", None)[0])
    policy = check(Policy, load_table("policies", "default", None)[0])
    claims = read_claims()[0]
    return {
        "step": next(step for step in steps if step.call is not None and step.starts is None),
        "wait": next(wait for wait in pipeline.waits.values() if wait.banking_days is not None),
        "schedule": next(iter(pipeline.schedules.values())),
        "flow": next(flow for flow in pipeline.flows.values() if flow.starts == "payment"),
        "meter": services["kms"].meter["requests_symmetric"],
        "price": services["kms"].meter["requests_symmetric"].price[-1],
        "service": services["kms"],
        "volume lever": next(lever for lever in levers.lever if lever.kind == "volume"),
        "added": next(iter(perimeters.adds.values())),
        "perimeter": next(one for one in perimeters.perimeter if one.stripe),
        "perimeters": perimeters,
        "limit": policy.limit[0],
        "policy": policy,
        "claim": next(claim for claim in claims.claim if claim.formula is not None),
        "claims": claims,
        "tickets": work.tickets,
        "arrivals": work.arrivals,
        "law": Law.model_validate({"constant_ms": 3, **SOURCED}),
        "curve": Curve.model_validate({
            name: quantity(5) for name in ("start_percent", "end_percent", "half_life_months")}),
        "growth": Growth.model_validate({"monthly_percent": quantity(5)}),
    }  # fmt: skip


TIERS = [{"above": 0, "usd": 1}, {"above": 10, "usd": 2}]
REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("step", {"end": "done"}, "a step has exactly one of"),
    ("step", {"due": "x"}, "`due` goes with `queue`"),
    ("step", {"otherwise": []}, "go with `when`"),
    ("step", {"call": None, "fate": "refund"}, "`fate` needs `starts`"),
    ("step", {"call": None, "end": "done", "starts": "x"}, "`starts` goes with `call` or `fate`"),
    ("wait", {"hours": 3}, "either `hours` or `banking_days`"),
    ("wait", {"at": None}, "`at` goes with `banking_days`"),
    ("wait", {"basis": "assumption", "low": None}, "an assumption needs `low` and `high`"),
    ("schedule", {"every_minutes": None, "at": []}, "either `every_minutes` or `at`"),
    ("flow", {"methods": []}, "`methods` goes with"),
    ("flow", {"schedule": "x"}, "`schedule` goes with"),
    ("flow", {"takes": "x"}, "`takes` goes with"),
    ("flow", {"most_entries": 3}, "`most_entries` (of one invocation) goes with `takes`"),
    ("price", {"tiers": []}, "either `tiers` or a fee"),
    ("price", {"percent": 2}, "either `tiers` or a fee"),
    ("price", {"tiers": TIERS, "tiering": None}, "more than one tier needs tiering"),
    ("meter", {"included_kb": 4}, "`included_kb` goes with"),
    ("meter", {"kind": "per_payment"}, "goes with kind per_payment"),
    ("meter", {"kind": "minimum", "price": [{"from": dt.date(2020, 1, 1), "per": 1, "tiers": TIERS[:1] + TIERS[1:],
                                             "tiering": "volume", **SOURCED}]}, "a minimum has one tier"),
    ("service", {"latency": "twice"}, "two [[latency]] entries"),
    ("service", {"latency": []}, "has no [[latency]] entry"),
    ("service", {"meter": {}}, "which is not defined here"),
    ("law", {"exponential_mean_ms": 2}, "exactly one of quantiles_ms"),
    ("law", {"cv": 1}, "`cv` goes with"),
    ("law", {"basis": "assumption"}, "`scale_low` and `scale_high`"),
    ("law", {"constant_ms": None, "quantiles_ms": {"q1": 1}}, "`q1` is no quantile"),
    ("law", {"constant_ms": None, "quantiles_ms": {"p50": 1}}, "quantiles need p0 and p100"),
    ("law", {"constant_ms": None, "quantiles_ms": {"p0": 0, "p100": 5}}, "p0 must be above 0"),
    ("law", {"constant_ms": True}, "must be a number"),
    ("volume lever", {"low": 9, "high": 8}, "`low` < `high`"),
    ("volume lever", {"own": "x"}, "`own` goes with kind = lost"),
    ("volume lever", {"kind": "price"}, "`meters` goes with kind = price"),
    ("volume lever", {"path": None}, "needs the `path`"),
    ("added", {"low": 10**6, "high": 10**7}, "`low` <= `quantity` <= `high`"),
    ("perimeter", {"stripe": []}, "terms for both sides, or for neither"),
    ("perimeter", {"variant": "twice"}, "two variants have the same id"),
    ("perimeters", {"group": "a term's"}, "both a term and a group"),
    ("limit", {"absolute": None, "percent": None, "budget": None}, "`absolute`, `percent` or `budget`"),
    ("limit", {"budget": 5, "direction": "down"}, "crossed from below"),
    ("policy", {"limit": "twice"}, "two limits are called"),
    ("claim", {"tolerance": None}, "needs `unit` and `tolerance`"),
    ("claim", {"stated": None}, "go with `stated`"),
    ("claim", {"inputs": {"stated": 1}}, "give the input another name"),
    ("claims", {"finding": {"text": "x", "verdicts": {}, "lead": ["NONE-1"]}}, "is no claim of this file"),
    ("tickets", {"law": "constant", "sigma": 1, "usd": []}, "`sigma` goes with"),
    ("tickets", {"law": "lognormal", "sigma": None, "usd": []}, "`sigma` goes with"),
    ("tickets", {"law": "empirical", "sigma": None, "usd": []}, "`usd` (a list of amounts)"),
    ("arrivals", {"weekday_shares": [1]}, "7 weekday_shares and 24 hour_shares"),
    ("arrivals", {"weekday_shares": [0] * 7}, "must not all be 0"),
    ("curve", {"half_life_months": quantity(0)}, "`half_life_months` must be above 0"),
    ("growth", {"monthly_percent": None}, "exactly one of"),
    ("growth", {"monthly_percent": quantity(-100)}, "must lie above -100"),
]  # fmt: skip


def twice(what: str, tree: dict[str, Any], field: str) -> list[Any]:
    """The first entry of a list two times; a variant that is good, where there is none."""
    entries = tree[field] or [{"id": "a", "title": "A"}]
    return [entries[0], entries[0]]


@pytest.mark.parametrize(("what", "change", "words"), REFUSED, ids=[f"{case[0]}: {case[2]}" for case in REFUSED])
def test_what_does_not_go_together_is_refused_in_words(what: str, change: dict[str, Any], words: str) -> None:
    good = shipped()[what]
    tree = good.model_dump(by_alias=True, mode="python")
    type(good).model_validate(tree)  # it was good
    for field, value in change.items():
        if value == "twice":
            value = twice(what, tree, field)
        elif value == "a term's":
            value = {next(iter(tree["term"])): next(iter(tree[field].values()))}
        tree[field] = value
    with pytest.raises(ValidationError) as refused:
        type(good).model_validate(tree)
    assert words in str(refused.value)
