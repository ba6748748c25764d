"""What returns cost who collects by ACH: their fees, the money that goes back, and the network's limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from costmodel.assumptions.catalog import Assumptions
from costmodel.assumptions.fields import Quantity
from costmodel.assumptions.perimeter import End
from costmodel.billing.bill import Bill
from costmodel.billing.rating import rate
from costmodel.billing.usage import UsageRow
from costmodel.run import rating_terms

HUNDRED = Decimal(100)  # percent
RETURN, UNAUTHORIZED = "ach_return", "ach_unauthorized_return"
ENDS: tuple[End, ...] = ("low", "value", "high")


@dataclass(frozen=True)
class ReturnCosts:
    """A month's ACH debits at one end of the assumed shares of returns.

    bill: entries, returns, unauthorized returns and, where the money had been paid out already, the loss.
    money_back_usd: what is returned, whether it can be collected again or not. limits: share reached of each of the
    network's limits, in percent of debits, as (reached, limit).
    """

    end: End
    debits: Decimal
    volume_usd: Decimal
    returns: Decimal
    unauthorized: Decimal
    money_back_usd: Decimal
    bill: Bill
    limits: Mapping[str, tuple[Decimal, Decimal]]

    @property
    def usd_per_debit(self) -> Decimal:
        """The bill over all debits."""
        return self.bill.total_usd / self.debits

    @property
    def usd_per_return(self) -> Decimal | None:
        """What each return adds: the bill without the entries, over the returns; None without any."""
        entries = sum((line.cost_usd for line in self.bill.lines if line.meter == "debit_entries"), Decimal(0))
        returned = self.returns + self.unauthorized
        return (self.bill.total_usd - entries) / returned if returned else None


def return_costs(assumptions: Assumptions) -> tuple[ReturnCosts, ...]:
    """A month of a scenario's payments, all collected by ACH: at the low end, the value and the high end of its shares.

    Returned and unauthorized debits are of the mean size; that an unauthorized one is lost is the worst case. Raises
    KeyError for a scenario without fates of ACH debits.
    """
    return tuple(_at(assumptions, end) for end in ENDS)


def _at(assumptions: Assumptions, end: End) -> ReturnCosts:
    workload = assumptions.scenario.workload
    debits = Decimal(workload.payments_per_month)
    returned, unauthorized = (_share(workload.fates[name].share, end) for name in (RETURN, UNAUTHORIZED))
    volume_usd = debits * workload.mean_ticket_usd
    usage = [
        _row("ach", "debit_entries", debits),
        _row("ach", "returns", debits * (returned + unauthorized)),
        _row("ach", "unauthorized_returns", debits * unauthorized),
        _row("risk", "unauthorized_loss", volume_usd * unauthorized),
    ]
    return ReturnCosts(
        end=end,
        debits=debits,
        volume_usd=volume_usd,
        returns=debits * returned,
        unauthorized=debits * unauthorized,
        money_back_usd=volume_usd * (returned + unauthorized),
        bill=rate(usage, assumptions.services, **rating_terms(assumptions)),
        limits=_limits(assumptions, returned, unauthorized),
    )


def _limits(assumptions: Assumptions, returned: Decimal, unauthorized: Decimal) -> dict[str, tuple[Decimal, Decimal]]:
    """Of the network's three limits the two that the shares speak of."""
    known = assumptions.services["ach"].parameter
    reached = {"most_return_share": returned + unauthorized, "most_unauthorized_return_share": unauthorized}
    return {name: (HUNDRED * share, HUNDRED * known[name].value) for name, share in reached.items()}


def _share(figure: Quantity, end: End) -> Decimal:
    bound = None if end == "value" else getattr(figure, end)
    return figure.value if bound is None else bound


def _row(service: str, meter: str, quantity: Decimal) -> UsageRow:
    return UsageRow(service, meter, quantity, basis="assumption")
