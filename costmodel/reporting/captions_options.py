"""What the charts of the options and of real money find, in a sentence, and in words for those who do not see them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from costmodel.analysis.actuals import Actuals
from costmodel.analysis.check import CheckResult
from costmodel.errors import UsageError
from costmodel.reporting.captions import small
from costmodel.reporting.words import dollars

HALF_A_CENT = Decimal(1).scaleb(-2) / 2


@dataclass(frozen=True)
class OptionCost:
    """What an option costs, USD a month: its fees, and with everything counted at low, mid and high."""

    title: str
    fees: Decimal
    low: Decimal
    mid: Decimal
    high: Decimal


def is_documents_month(result: CheckResult) -> bool:
    """Whether the payments are those the document speaks of, so that its figures say something about them."""
    own = result.own
    changed = any("workload." in key for key in result.overridden)
    return own.rejected is None and own.assumptions.scenario.pinned and not changed


def option_costs(result: CheckResult) -> tuple[OptionCost, ...]:
    """The options on the document's figures; for other payments, of which it says nothing, as simulated."""
    if not result.options:
        raise UsageError("these perimeters name no options (`[[option]]`), so there is nothing to choose from")
    if is_documents_month(result):
        return tuple(
            OptionCost(one.title, one.fees_usd, one.loaded_low_usd, one.loaded_mid_usd, one.loaded_high_usd)
            for one in result.options
        )
    return tuple(OptionCost(one.title, one.fees_usd, *one.loaded_usd) for one in result.modelled_options)


def options_finding(result: CheckResult) -> str:
    """Which option costs least with everything counted, and what the others cost."""
    first, *others = sorted(option_costs(result), key=lambda one: one.mid)
    rest = ", ".join(f"{one.title} {dollars(one.mid)}" for one in others)
    cheapest = f"At {dollars(result.own.volume_usd)} a month the cheapest is “{first.title}”, {dollars(first.mid)}"
    return f"{cheapest}; {rest}" if rest else cheapest


def options_text(result: CheckResult) -> str:
    """The options in words."""
    rows = "; ".join(
        f"{one.title}: fees {dollars(one.fees)}, with everything counted {dollars(one.low)} to {dollars(one.high)}, "
        f"mid {dollars(one.mid)}"
        for one in option_costs(result)
    )
    return f"What each option costs, USD a month. {options_finding(result)}. {rows}."


def compared(result: Actuals) -> dict[str, tuple[Decimal, Decimal]]:
    """Services of which either side has half a cent or more, USD a month: model, bill; the widest apart first."""
    found = {name: pair for name, pair in result.by_service().items() if max(map(abs, pair)) >= HALF_A_CENT}
    return dict(sorted(found.items(), key=lambda item: -abs(item[1][1] - item[1][0])))


def actuals_finding(result: Actuals) -> str:
    """Both totals, and where they differ most."""
    rows = compared(result)
    model, bill = (sum((pair[side] for pair in result.by_service().values()), Decimal(0)) for side in (0, 1))
    said = f"The model has {dollars(model, 2)} a month, the bill {dollars(bill, 2)} for the same meters"
    return f"{said}; they differ most in {next(iter(rows))}" if rows else said


def actuals_text(result: Actuals) -> str:
    """Real money beside the model in words."""
    rows = "; ".join(
        f"{name}: model {small(model)}, bill {small(bill)}" for name, (model, bill) in compared(result).items()
    )
    return f"Bar chart by service, USD a month. {actuals_finding(result)}. {rows}."
