"""What owning saves month by month as the business grows, when it has paid for itself, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from costmodel.analysis.asking import Figure, figure_of, perimeter_title
from costmodel.analysis.drawing import figure_at
from costmodel.analysis.fans import Economics, Factor, Fan, factors_of, fan
from costmodel.analysis.growing import CAPITAL, Grower, GrowthMonth
from costmodel.analysis.growth_files import read_growth
from costmodel.analysis.modelled import sides
from costmodel.analysis.paths import payments_path, whole
from costmodel.analysis.sides import OWNERS, Business
from costmodel.assumptions.catalog import Assumptions
from costmodel.assumptions.checking import nearest
from costmodel.assumptions.fields import quantile_level
from costmodel.assumptions.growth import Growth, GrowthFile
from costmodel.assumptions.perimeter import Perimeters
from costmodel.assumptions.uncertain import Rule, load_uncertain
from costmodel.billing.rating import rate
from costmodel.billing.usage import UsageRow
from costmodel.errors import UsageError
from costmodel.result import SCHEMA_VERSION, origin_of
from costmodel.run import Watch, assume, rating_terms

PERCENT, MONTHS_PER_YEAR = 100, 12
HIGH = float(
    quantile_level("p90")
)  # the quantile of growth at which the fan's straight scaling is held against a simulation


@dataclass(frozen=True)
class GrowthResult:
    """The path on its middle figures, month by month, and the fan around it; money in USD.

    build_usd: spent before the first month. payback_month: the first with a cumulative saving of 0 or more, None if
    there is none. scaling_error_percent: how far the fan's scaling of lines is off a simulation of the last month at
    high growth, in percent of Stripe's side.
    """

    scenario: str
    perimeter: str
    title: str
    growth: str
    months: tuple[GrowthMonth, ...]
    build_usd: Decimal
    discount_percent_per_year: Decimal
    fan: Fan
    scaling_error_percent: float
    provenance: dict[str, Any]

    @property
    def cumulative_usd(self) -> tuple[Decimal, ...]:
        """What has been saved by the end of each month, building paid for."""
        found, so_far = [], -self.build_usd
        for month in self.months:
            so_far += month.saving_usd
            found.append(so_far)
        return tuple(found)

    @property
    def payback_month(self) -> int | None:
        """The first month at whose end building is paid for."""
        return next((at + 1 for at, usd in enumerate(self.cumulative_usd) if usd >= 0), None)

    @property
    def npv_usd(self) -> Decimal:
        """Net present value: building now, each month's saving at its end discounted to now."""
        rate_ = float(1 + self.discount_percent_per_year / PERCENT)
        later = [float(m.saving_usd) * rate_ ** (-m.number / MONTHS_PER_YEAR) for m in self.months]
        return Decimal(str(round(sum(later) - float(self.build_usd), 2)))

    def rows(self) -> list[dict[str, Any]]:
        """One row a month."""
        bands = self.fan.cumulative_usd
        return [
            {
                "month": month.number,
                "on": month.on.isoformat(),
                "payments": month.payments,
                "volume_usd": month.volume_usd,
                "stripe_usd": month.row.stripe_usd,
                "own_usd": month.row.own_usd,
                "working_capital_usd": month.capital_usd,
                "saving_usd": month.saving_usd,
                "cumulative_usd": self.cumulative_usd[at],
                **{f"cumulative_{name}_usd": round(values[at], 2) for name, values in bands.items()},
                "opening_rows": sum(month.stocks.rows.values()),
                "opening_gb": month.stored_gb,
                "opening_held_usd": month.stocks.held_usd,
                "key_versions": month.stocks.key_versions,
            }
            for at, month in enumerate(self.months)
        ]

    def to_dict(self) -> dict[str, Any]:
        """For JSON: money as decimal strings."""
        return {
            "schema_version": SCHEMA_VERSION,
            "scenario": self.scenario,
            "perimeter": self.perimeter,
            "growth": self.growth,
            "build_usd": f"{self.build_usd:f}",
            "discount_percent_per_year": f"{self.discount_percent_per_year:f}",
            "payback_month": self.payback_month,
            "npv_usd": f"{self.npv_usd:f}",
            "fan": vars(self.fan),
            "scaling_error_percent": self.scaling_error_percent,
            "months": [{k: f"{v:f}" if isinstance(v, Decimal) else v for k, v in row.items()} for row in self.rows()],
            "provenance": self.provenance,
        }

    def to_frame(self) -> Any:
        """One row a month."""
        import pandas as pd

        rows = [{k: float(v) if isinstance(v, Decimal) else v for k, v in row.items()} for row in self.rows()]
        return pd.DataFrame(rows)

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False))


def growth(
    scenario: str,
    *,
    growth: str = "seed",
    perimeter: str = "fully_loaded",
    months: Figure | None = None,
    monthly_growth: Figure | None = None,
    rate: Figure | None = None,
    set: Mapping[str, Any] | None = None,
    data: Path | str | None = None,
    seed: int | None = None,
    engine: str = "auto",
    watch: Watch | None = None,
) -> GrowthResult:
    """What owning saves as the business grows, within a perimeter that has a modelled column.

    growth: a name in data/growth, or a path. months, monthly_growth (percent) and rate (percent a year) replace the
    file's. The rest as in `run`. Raises UsageError and InputError for what makes no sense.
    """
    folder, asked = Path(data) if data else None, dict(set or {})
    file, perimeters = read_growth(growth, folder)
    file = _changed(file, monthly_growth, rate)
    name, variant = _within(perimeters, perimeter)
    number = _months(file, months)
    assumed = assume(scenario, asked, folder)
    workload = assumed.scenario.workload
    business = Business(scenario, asked, folder, seed, engine)
    path = payments_path(file.growth, workload.payments_per_month, number)
    start = (workload.payments_per_month, workload.accounts)
    grower = Grower(file, perimeters, name, variant, business, assumed.scenario.on, start)
    found = []
    for month in grower.months([whole(payments) for payments in path]):
        found.append(month)
        if watch:
            watch(len(found) / (number + 1))
    economics, factors = economics_of(file, assumed), _factors(file, perimeters, grower, found)
    rule = load_uncertain(folder).rule
    drawn = fan(file, start[0], found, factors, economics, rule, assumed.scenario.seed if seed is None else seed)
    return GrowthResult(
        scenario, perimeter, perimeter_title(perimeters, perimeter), file.title, tuple(found), economics.build_usd,
        economics.discount_percent_per_year, drawn, _scaling_error(file, grower, found, start[0], rule),
        origin_of(assumed, seed=seed),
    )  # fmt: skip


# --- what is asked ------------------------------------------------------------------------------------------


def _changed(file: GrowthFile, monthly_growth: Figure | None, rate: Figure | None) -> GrowthFile:
    """The file with what was asked for in its place; its range keeps its width."""
    changes: dict[str, Any] = {}
    if monthly_growth is not None:
        percent = figure_of("--monthly-growth", monthly_growth)
        if percent <= -PERCENT:
            raise UsageError(f"--monthly-growth {percent}: nothing can shrink by 100 % or more a month")
        changes["growth"] = Growth(monthly_percent=_moved(file, percent))
    if rate is not None:
        percent = figure_of("--rate", rate)
        if percent <= -PERCENT:
            raise UsageError(f"--rate {percent}: give a yearly percentage above -100")
        changes["discount_percent_per_year"] = file.discount_percent_per_year.model_copy(update={"value": percent})
    return file.model_copy(update=changes)


def _moved(file: GrowthFile, percent: Decimal) -> Any:
    """The monthly percentage asked for, with the file's range about it."""
    old = file.growth.monthly_percent
    if old is None:
        start = file.growth.curve.start_percent if file.growth.curve else file.build_engineer_months
        return start.model_copy(update={"value": percent, "low": percent, "high": percent, "unit": "percent a month"})
    low, high = (percent + (end if end is not None else old.value) - old.value for end in (old.low, old.high))
    floor = Decimal(1 - PERCENT)
    return old.model_copy(update={"value": percent, "low": max(low, min(floor, percent)), "high": high})


def _months(file: GrowthFile, months: Figure | None) -> int:
    """How many months, within what the file allows."""
    asked = file.months.value if months is None else figure_of("--months", months)
    low, high = file.months.low or Decimal(1), file.months.high or file.months.value
    if asked != int(asked) or not low <= asked <= high:
        raise UsageError(f"--months {asked}: give a whole number from {low} to {high}")
    return int(asked)


def _within(perimeters: Perimeters, perimeter: str) -> tuple[str, str | None]:
    """Perimeter and variant. Raises UsageError where they have no modelled column."""
    known = [
        known.id if variant is None else f"{known.id}.{variant.id}"
        for known in perimeters.perimeter
        for variant in (None, *known.variant)
        if known.modelled_as(variant) is not None
    ]
    if perimeter not in known:
        raise UsageError(f"no modelled perimeter {perimeter!r}; {nearest(perimeter, known)}")
    name, _, variant_name = perimeter.partition(".")
    return name, variant_name or None


# --- the economics ------------------------------------------------------------------------------------------


def economics_of(file: GrowthFile, assumed: Assumptions) -> Economics:
    """What building costs at today's price of an engineer-month; nothing for a pipeline that nobody has to build."""
    row = UsageRow(file.build_meter.service, file.build_meter.meter, file.build_engineer_months.value, "assumption")
    built = rate([row], assumed.services, **rating_terms(assumed)).total_usd
    usd = built if assumed.scenario.pipeline in file.built else Decimal(0)
    return Economics(file.build_engineer_months, usd, file.extra_settlement_days, file.discount_percent_per_year.value)


def _factors(file: GrowthFile, perimeters: Perimeters, grower: Grower, months: Sequence[GrowthMonth]) -> list[Factor]:
    """Whatever has a range and moves a line of either side, building and slow money included; each once."""
    both = sides(perimeters, grower.perimeter, grower.variant)
    lines = _lines(months) | {".".join(CAPITAL), f"{file.build_meter.service}.{file.build_meter.meter}"}
    each = [
        factors_of(perimeters, file, getattr(both, owner), grower.assumed(owner), lines, grower.end())
        for owner in OWNERS
    ]
    return [*dict.fromkeys(factor for found in each for factor in found)]


def _lines(months: Sequence[GrowthMonth]) -> set[str]:
    return {term.name for month in months for term in (*month.row.stripe, *month.row.own)}


def _scaling_error(file: GrowthFile, grower: Grower, months: Sequence[GrowthMonth], start: int, rule: Rule) -> float:
    """The last month simulated at high growth, against the middle one scaled as the fan does."""
    last = months[-1]
    payments = whole(payments_path(file.growth, start, len(months), partial(figure_at, share=HIGH, rule=rule))[-1])
    more = Decimal(payments) / last.payments
    scaled = -last.capital_usd * more
    for terms, sign in ((last.row.stripe, 1), (last.row.own, -1)):
        for term in terms:
            scaled += sign * term.usd * (1 if term.name in last.fixed else more)
    simulated = grower.month(last.number - 1, payments, last.stocks)
    return float(PERCENT * abs(scaled - simulated.saving_usd) / simulated.row.stripe_usd)
