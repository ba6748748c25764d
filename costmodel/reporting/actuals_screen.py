"""Model against bill as sections of lines and tables: the files, services, lines, charges, what was not compared."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from costmodel.analysis.actual_lines import NOT_MODELLED, ActualLine
from costmodel.analysis.actuals import Actuals
from costmodel.analysis.calibrating import Calibration, Estimate
from costmodel.reporting.replayed import lines_shown
from costmodel.reporting.tables import Section, Table
from costmodel.reporting.words import NOTHING, dollars, number, percent

LINES_AT_MOST = 16
SERVICES_AT_MOST = 6
CENTS = Decimal("0.01")
DIGITS = 4
SERVICE_HEAD = ("Service, USD a month", "model", "bill", "bill less model", "most of it")
LINE_HEAD = ("Largest differences", "quantity, model", "bill", "USD, model", "bill", "why, and how much it makes")
CHARGE_HEAD = ("Charges", "number", "volume", "fees", "of volume", "as listed", "more", "less")


def actuals_sections(found: Actuals) -> list[Section]:
    """What `actuals` shows."""
    return [
        [*_head(found)],
        [*_files(found)],
        [_services(found)] if found.lines else [],
        [*_lines(found)],
        [*_charges(found)],
        [*_usage(found)],
        [*_others(found)],
        [*_notices(found)],
        [*_calibration(found.calibration)] if found.calibration else [],
    ]


def _head(found: Actuals) -> Iterator[str]:
    on = found.result.assumptions.scenario.on
    if not found.months:
        yield f"Payments, to measure the workload of {found.scenario}: {found.result.assumptions.scenario.title}"
        return
    months = f"{found.months[0]} to {found.months[-1]}" if len(found.months) > 1 else "".join(found.months)
    yield f"Real money of {months} beside {found.scenario}: {found.result.assumptions.scenario.title}"
    yield f"A month's mean on either side, USD; the model at prices of {on}."


def _files(found: Actuals) -> Iterator[str]:
    for file in found.files:
        rejected = sum(reason["count"] for reason in file.rejected.values())
        yield f"{file.file}: {file.layout}, {file.used:,} rows used, {rejected:,} rejected"
        for reason, rows in file.rejected.items():
            yield f"  {rows['count']:,} {reason} (line {lines_shown(rows)})"


def _services(found: Actuals) -> Table:
    sides = found.by_service()
    rows = [
        (name, *map(_usd, (model, bill, bill - model)), _most(name, found)) for name, (model, bill) in sides.items()
    ]
    model, bill = (sum((pair[at] for pair in sides.values()), Decimal(0)) for at in (0, 1))
    total = ("all that was compared", *map(_usd, (model, bill, bill - model)), "")
    return Table(SERVICE_HEAD, (*rows, total), left=frozenset({4}))


def _most(service: str, found: Actuals) -> str:
    """The line that makes most of a service's difference, and its causes."""
    line = max((line for line in found.lines if line.service == service), key=lambda line: abs(line.difference_usd))
    return f"{line.meter}: {line.why}" if line.difference_usd else "agrees"


def _lines(found: Actuals) -> Iterator[str | Table]:
    ordered = sorted(found.lines, key=lambda line: -abs(line.difference_usd))
    shown = [line for line in ordered[:LINES_AT_MOST] if line.difference_usd]
    if shown:
        home = found.result.assumptions.pipeline.region
        yield Table(LINE_HEAD, tuple(_line(line, home) for line in shown), left=frozenset({5}))
        yield "  bill less model = quantity + free tier (used up elsewhere) + date (prices changed since) + price"
        yield from dict.fromkeys(f"  {line.service}.{line.meter}: {line.note}" for line in shown if line.note)
    if len(ordered) > len(shown):
        yield f"  {len(ordered) - len(shown)} more lines; --format csv gives all"


def _line(line: ActualLine, home: str) -> tuple[str, ...]:
    name = f"{line.service}.{line.meter}" + (f" ({line.region})" if line.region != home else "")
    quantities = (_short(line.model_quantity), _short(line.bill_quantity))
    return (name, *quantities, _usd(line.model_usd), _usd(line.bill_usd), _why(line))


def _why(line: ActualLine) -> str:
    """The causes with their amounts; a line that is missing on one side only with what else there is to it."""
    causes = line.causes() if line.rows and line.priced_usd is not None else {}
    if not causes:
        return line.why
    words = [NOT_MODELLED] if line.is_not_modelled else []
    return ", ".join([*words, *(f"{name} {_usd(usd)}" for name, usd in causes.items())])


def _short(quantity: Decimal) -> str:
    return f"{quantity:,.4g}" if abs(quantity) < 10**4 else f"{quantity:,.0f}"


def _charges(found: Actuals) -> Iterator[str | Table]:
    if found.charges is None:
        return
    rows = tuple(
        (f"{group.service}.{group.meter}", f"{group.number:,}", _usd(group.volume_usd), _usd(group.charged_usd),
         percent(group.effective_percent, 3), *(f"{count:,}" for count in (group.exact, group.above, group.below)))
        for group in found.charges.groups
    )  # fmt: skip
    yield Table(CHARGE_HEAD, rows)
    yield "  as listed: to the cent what the price book charges on that payment; more, less: what was charged beside it"


def _usage(found: Actuals) -> Iterator[Table]:
    """What a payment uses, where the files hold both payments and what was used."""
    billed = {(line.service, line.meter) for line in found.lines if line.rows and line.bill_quantity}
    rows = tuple(
        (f"{use['service']}.{use['meter']}", _quantity(use["model"]), _quantity(use["bill"]), use["unit"] or "")
        for use in found.usage_per_payment()
        if use["bill"] and (use["service"], use["meter"]) in billed
    )
    if found.payments_per_month and len(rows) > len(found.charges.groups if found.charges else ()):
        yield Table(("Usage a payment", "model", "bill", "unit"), rows[:LINES_AT_MOST], left=frozenset({3}))


def _quantity(text: str | None) -> str:
    return NOTHING if text is None else _short(Decimal(text))


def _others(found: Actuals) -> Iterator[str]:
    for reason, services in found.others.items():
        rows, usd = sum(s.rows for s in services.values()), sum((s.cost for s in services.values()), Decimal(0))
        named = ", ".join(f"{_clean(who[1])} {_usd(s.cost)}" for who, s in list(services.items())[:SERVICES_AT_MOST])
        more = ", …" if len(services) > SERVICES_AT_MOST else ""
        yield f"Not compared, {_clean(reason)}: {_rows(rows)}, {_usd(usd)} in all ({named}{more})"


def _notices(found: Actuals) -> Iterator[str]:
    if found.unreal:
        rows = sum(sums.unreal_rows for sums in found.unreal.values())
        usd = sum((sums.unreal_cost for sums in found.unreal.values()), Decimal(0))
        yield (
            f"EffectiveCost is 0 in {rows:,} rows that are billed, {_usd(usd)} in all: whoever sums EffectiveCost "
            "misses them. BilledCost is compared here."
        )
    for currency, sums in found.currencies.items():
        yield f"{_clean(currency)}: {_rows(sums.rows)}, {number(sums.cost, 2)}; listed, as currencies are not added up"


# --- what was measured ----------------------------------------------------------------------------------


def _calibration(measured: Calibration) -> Iterator[str]:
    span = f", {measured.first} to {measured.last}" if measured.first else ""
    yield f"Measured from {measured.payments:,} payments{span}"
    yield (
        f"  {number(measured.payments_per_month, 1)} payments a month, mean {dollars(measured.mean_ticket_usd, 2)}, "
        f"sigma of their logarithms {_estimate(measured.sigma)}"
    )
    if measured.ach_share is not None:
        yield f"  by ACH {percent(100 * measured.ach_share, 2)}, by card {percent(100 - 100 * measured.ach_share, 2)}"
    for name, value in (("day_cv", measured.day_cv), ("hour_cv", measured.hour_cv)):
        if value is not None:
            yield f"  {name} {_estimate(value)}"
    for name, share in measured.fates.items():
        yield f"  {name}: share {_estimate(share)}"
    if measured.items_per_payment is not None and measured.items_per_payment != 1:
        yield f"  {number(measured.items_per_payment, 2)} rows a payment"
    for what, why in measured.missing.items():
        yield f"  not measured: {what} ({why})"


def _estimate(estimate: Estimate) -> str:
    return f"{number(estimate.value, DIGITS)} [{number(estimate.low, DIGITS)}, {number(estimate.high, DIGITS)}]"


def _usd(value: Decimal) -> str:
    """USD to the cent, or to more places where that would leave nothing of it."""
    if not value:
        return "0"
    places = 2 if abs(value) >= CENTS else min(10, 1 - value.adjusted())
    return dollars(value, places, sign=False)


def _rows(count: int) -> str:
    return f"{count:,} row{'s' if count != 1 else ''}"


def _clean(text: str) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[: 2**6]
