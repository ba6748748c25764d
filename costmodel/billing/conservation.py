"""What must hold for every bill: each unit of usage is priced once, and the lines sum to the totals.

Figures may be columns, of many months at once (`assumptions.by_month`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal, localcontext
from typing import Any

from costmodel.assumptions.by_month import each, is_column
from costmodel.billing.bill import EXACT, Bill, BillLine, to_line_precision
from costmodel.billing.charges import Charge
from costmodel.billing.usage import UsageRow
from costmodel.errors import InternalError

Key = tuple[str, str, str]


def conserved(rows: Sequence[UsageRow], charges: Sequence[Charge], bill: Bill) -> None:
    """Raises InternalError, naming the identity, where a bill breaks one; what a minimum adds is no usage."""
    charged = sum(len(charge.rows) for charge in charges)
    if charged != len(rows):
        raise _broken("each usage row is charged once", f"{len(rows)} rows, {charged} charged")
    lines: dict[Key, list[BillLine]] = {}
    for line in bill.lines:
        lines.setdefault((line.service, line.meter, line.region), []).append(line)
    with localcontext(EXACT):
        for charge in charges:
            _priced_once(charge, lines.get((charge.service, charge.meter, charge.region), []))
        for by in (bill.by_service(), bill.by_basis()):
            if _differ(_sum(by.values()), bill.total_usd):
                raise _broken("lines sum to totals", f"total {bill.total_usd}, parts {_sum(by.values())}")


def _priced_once(charge: Charge, lines: Sequence[BillLine]) -> None:
    """The quantities of a charge's lines sum to its quantity, and quantities × unit prices (or fees) to their cost."""
    name = f"{charge.service}.{charge.meter} in {charge.region}"
    quantity, cost = _sum(line.quantity for line in lines), _sum(line.cost_usd for line in lines)
    if _differ(quantity, charge.quantity):
        raise _broken(f"each unit of {name} is priced once", f"used {charge.quantity}, priced {quantity}")
    if charge.terms.kind == "per_payment":
        due = each(to_line_precision, charge.fees_usd)
    else:
        due = _sum(each(to_line_precision, line.quantity * line.unit_price_usd) for line in lines)
    if _differ(due, cost):
        raise _broken(f"quantity × unit price = cost of {name}", f"due {due}, on the bill {cost}")


def _sum(values: Iterable[Decimal]) -> Decimal:
    return sum(values, Decimal(0))


def _differ(one: Any, other: Any) -> bool:
    """Whether two figures differ, in any month."""
    differ = one != other
    return bool(differ.any()) if is_column(differ) else bool(differ)


def _broken(identity: str, figures: str) -> InternalError:
    return InternalError(f"an identity is broken: {identity} ({figures})")
