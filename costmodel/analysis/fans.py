"""The fan of a growth path: growth, prices and quantities drawn from their ranges, each path's savings added up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from costmodel.analysis.drawing import drawn_each, figure_at
from costmodel.analysis.growing import CAPITAL, GrowthMonth
from costmodel.analysis.paths import payments_path
from costmodel.analysis.perimeters import Term
from costmodel.assumptions.catalog import Assumptions
from costmodel.assumptions.fields import Quantity, quantile_level
from costmodel.assumptions.growth import GrowthFile
from costmodel.assumptions.perimeter import End, Perimeters, Side
from costmodel.assumptions.pipeline import Each, Standing
from costmodel.assumptions.uncertain import Rule
from costmodel.billing.prices import PriceBook
from costmodel.billing.quantities import RowError

SAMPLES = 2**8  # Sobol' points come in powers of two
BANDS = {name: float(100 * quantile_level(name)) for name in ("p10", "p50", "p90")}  # percent
PERCENT, MONTHS_PER_YEAR = 100, 12
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Factor:
    """What multiplies some lines (`service.meter`) of both sides: low, 1 and high, by the range of one assumption."""

    title: str
    lines: frozenset[str]
    low: float
    high: float


@dataclass(frozen=True)
class Fan:
    """Bands by name (p10, p50, p90): cumulative saving by month and net present value in USD, payback in months.

    pays_share: of the paths that pay back in time; None in payback_month: not in time. factors: what was drawn.
    """

    samples: int
    cumulative_usd: dict[str, tuple[float, ...]]
    npv_usd: dict[str, float]
    payback_month: dict[str, int | None]
    pays_share: float
    factors: tuple[str, ...]


@dataclass(frozen=True)
class Economics:
    """What stands beside the months: cost of building (its quantity, and the whole in USD) and the discount rate."""

    build: Quantity
    build_usd: Decimal
    extra_days: Quantity
    discount_percent_per_year: Decimal


def factors_of(
    perimeters: Perimeters, file: GrowthFile, side: Side, assumed: Assumptions, lines: Iterable[str], end: End
) -> Iterator[Factor]:
    """Everything with a range that moves lines of one side: prices, what it adds, standing quantities, drivers.

    end: where the perimeter's variant has what it adds in its range; at its low or high end that is not drawn again.
    """
    pinned = {f"{perimeters.adds[name].service}.{perimeters.adds[name].meter}" for name in side.adds}
    names = set(lines) - (pinned if end != "value" else set())
    book = PriceBook(assumed.services, assumed.scenario.on, {**assumed.pipeline.plans, **side.plans})
    for name in sorted(names):
        yield from _price_factor(book, name, assumed.pipeline.region)
    for added in (perimeters.adds[name] for name in side.adds):
        line = f"{added.service}.{added.meter}"
        yield from _quantity_factor(f"quantity of {line}", {line} & names, added.low, added.quantity, added.high)
    standing: tuple[Standing | Each, ...] = (*assumed.pipeline.static, *assumed.pipeline.each)
    for row in standing:
        if row.quantity and row.low is not None and row.high is not None:
            line = f"{row.service}.{row.meter}"
            yield from _quantity_factor(row.name, {line} & names, row.low, row.quantity, row.high)
    for driver in file.driver:
        found = quantity_at(assumed, driver.path)
        if found is not None and found.low is not None and found.high is not None:
            yield from _quantity_factor(driver.path, names & {*driver.lines}, found.low, found.value, found.high)


def quantity_at(assumed: Assumptions, path: str) -> Quantity | None:
    """The figure of the scenario at a dotted path; None if there is none."""
    node: Any = assumed.scenario
    for key in path.split("."):
        node = node.get(key) if isinstance(node, dict) else getattr(node, key, None)
    return node if isinstance(node, Quantity) else None


def _price_factor(book: PriceBook, line: str, region: str) -> Iterator[Factor]:
    service, _, meter = line.partition(".")
    try:
        price = book.price(service, meter, region)
    except RowError:
        return
    tier = price.tiers[0] if price.tiers else None
    if tier is not None and tier.usd and tier.low is not None and tier.high is not None:
        yield from _quantity_factor(f"price of {line}", {line}, tier.low, tier.usd, tier.high)
    elif price.scale_low is not None and price.scale_high is not None:
        yield from _quantity_factor(f"price of {line}", {line}, price.scale_low, Decimal(1), price.scale_high)


def _quantity_factor(title: str, lines: set[str], low: Decimal, value: Decimal, high: Decimal) -> Iterator[Factor]:
    if lines and value and low != high:
        yield Factor(title, frozenset(lines), float(low / value), float(high / value))


def fan(
    file: GrowthFile,
    start: int,
    months: Sequence[GrowthMonth],
    factors: Sequence[Factor],
    economics: Economics,
    rule: Rule,
    seed: int,
) -> Fan:
    """Draw all factors, growth and the cost of building at once (scrambled Sobol' points), and add up every path.

    rule: of `uncertainty`. A line grows with the payments of its path as against the simulated ones, but for those that
    volume leaves alone.
    """
    from scipy.stats import qmc

    points = qmc.Sobol(len(factors) + 3, scramble=True, rng=seed).random(SAMPLES)
    growth = points[:, -3]
    build, days = _share(economics.build, points[:, -2], rule), _share(economics.extra_days, points[:, -1], rule)
    scales = {
        factor: np.array(drawn_each(factor.low, 1.0, factor.high, points[:, at], rule))
        for at, factor in enumerate(factors)
    }
    growths = (partial(figure_at, share=share, rule=rule) for share in growth.tolist())
    paths = np.array([payments_path(file.growth, start, len(months), at) for at in growths])
    savings = np.array([_savings(month, paths[:, at], scales, economics, days) for at, month in enumerate(months)]).T
    built = -float(economics.build_usd) * build * _of(scales, {_line(file)})
    cumulative = built[:, None] + np.cumsum(savings, axis=1)
    rate = float(1 + economics.discount_percent_per_year / PERCENT)
    discounts = np.array([rate ** (-(at + 1) / MONTHS_PER_YEAR) for at in range(len(months))])
    npv = built + savings @ discounts
    paid = cumulative >= 0
    first = np.where(paid.any(axis=1), paid.argmax(axis=1) + 1, len(months) + 1)
    later = {name: float(np.percentile(first, level, method="inverted_cdf")) for name, level in BANDS.items()}
    return Fan(
        samples=SAMPLES,
        cumulative_usd={name: tuple(np.percentile(cumulative, p, axis=0).tolist()) for name, p in BANDS.items()},
        npv_usd={name: float(np.percentile(npv, level)) for name, level in BANDS.items()},
        payback_month={name: int(month) if month <= len(months) else None for name, month in later.items()},
        pays_share=float(paid.any(axis=1).mean()),
        factors=("growth", "engineer-months to build", "days money is under way longer", *(f.title for f in factors)),
    )


def _line(file: GrowthFile) -> str:
    return f"{file.build_meter.service}.{file.build_meter.meter}"


def _share(figure: Quantity, shares: Floats, rule: Rule) -> Floats:
    """The figure over its value."""
    if not figure.value:
        return np.zeros_like(shares)
    return np.array([figure_at(figure, share, rule) for share in shares.tolist()]) / float(figure.value)


def _of(scales: dict[Factor, Floats], lines: set[str]) -> Floats | float:
    """What prices of some lines are multiplied by."""
    product: Floats | float = 1.0
    for factor, scale in scales.items():
        if factor.title.startswith("price of ") and factor.lines & lines:
            product = product * scale
    return product


def _savings(
    month: GrowthMonth, payments: Floats, scales: dict[Factor, Floats], economics: Economics, days: Floats
) -> Floats:
    """A month's saving on every path, USD."""
    more = payments / month.payments
    sides = ((month.row.stripe, 1.0), (month.row.own, -1.0))
    total: Floats = np.zeros_like(payments)
    for terms, sign in sides:
        for term in terms:
            total += sign * _line_usd(term, month, more, scales)
    slower = days * _of(scales, {".".join(CAPITAL)})
    return total - float(month.capital_usd) * more * slower


def _line_usd(term: Term, month: GrowthMonth, more: Floats, scales: dict[Factor, Floats]) -> Floats:
    usd = float(term.usd) * (np.ones_like(more) if term.name in month.fixed else more)
    for factor, scale in scales.items():
        if term.name in factor.lines:
            usd = usd * scale
    return usd
