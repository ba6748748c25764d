"""What `growth` prints, and its finding in words."""

from __future__ import annotations

from costmodel.analysis.growth import GrowthResult
from costmodel.reporting.captions import signed
from costmodel.reporting.documents import Documents, page
from costmodel.reporting.tables import Section, Table, as_csv, as_json, as_markdown
from costmodel.reporting.words import NARROW, NOTHING, dollars, number, percent

SHOWN = 12  # months on the screen, evenly spread; CSV and JSON have all
HEAD = ("month", "payments", "Stripe", "own", "slow money", "saving", "cumulative", "p10", "p50", "p90")
STOCK_HEAD = ("the month opens with", "rows", "GB", "money under way", "versions of a key")


def growth_finding(result: GrowthResult) -> str:
    """When building has paid for itself, and how sure that is."""
    number, last = len(result.months), result.months[-1]
    built = f"building ({dollars(result.build_usd)})" if result.build_usd else "owning"
    when = f"pays back in month {result.payback_month}" if result.payback_month else "does not pay back"
    return (
        f"From {result.months[0].payments:,} to {last.payments:,} payments a month in {number} months {built} {when} "
        f"on the middle figures; it does in {percent(100 * result.fan.pays_share, 0)} of {result.fan.samples} draws"
    )


def growth_documents(result: GrowthResult) -> Documents:
    """The path in every format."""
    rows = result.rows()
    return {
        "table": lambda: page(lambda _: growth_sections(result)),
        "json": lambda: as_json(result.to_dict()),
        "csv": lambda: as_csv(rows, tuple(rows[0])),
        "markdown": lambda: as_markdown(growth_sections(result)),
    }


def growth_sections(result: GrowthResult) -> list[Section]:
    """The finding, the months, what is carried over, and what the spread rests on."""
    shown = _shown(result)
    stocks = Table(STOCK_HEAD, tuple(_stocks(result, at) for at in shown[:: max(1, len(shown) // 4)]))
    return [
        [f"{growth_finding(result)}."],
        [f"{result.title}, USD a month:", months_table(result)],
        [value_line(result)],
        [stocks],
        [*notes(result)],
    ]


def _shown(result: GrowthResult) -> list[int]:
    every = max(1, round(len(result.months) / SHOWN))
    return [at for at in range(len(result.months)) if at % every == 0 or at + 1 == len(result.months)]


def months_table(result: GrowthResult) -> Table:
    """Some dozen of the months, evenly spread: both sides, what is saved, and how far that spreads."""
    return Table(HEAD, tuple(_month(result, at) for at in _shown(result)))


def _usd(value: object) -> str:
    return signed(f"{round(float(str(value))):,}")


def _month(result: GrowthResult, at: int) -> tuple[str, ...]:
    month, bands = result.months[at], result.fan.cumulative_usd
    money = (month.row.stripe_usd, month.row.own_usd, month.capital_usd, month.saving_usd, result.cumulative_usd[at])
    return (
        f"{month.number} ({month.on:%Y-%m})",
        f"{month.payments:,}",
        *(_usd(usd) for usd in money),
        *(_usd(bands[name][at]) for name in bands),
    )


def value_line(result: GrowthResult) -> str:
    """Present value and payback with their spread."""
    spread = ", ".join(f"{name} {signed(dollars(usd))}" for name, usd in result.fan.npv_usd.items())
    later = ", ".join(f"{name} {month or 'not in time'}" for name, month in result.fan.payback_month.items())
    return (
        f"Net present value at {number(result.discount_percent_per_year, 2)}{NARROW}% a year: "
        f"{signed(dollars(result.npv_usd))} ({spread}). Payback, month: {result.payback_month or NOTHING} ({later})."
    )


def _stocks(result: GrowthResult, at: int) -> tuple[str, ...]:
    month = result.months[at]
    rows = sum(month.stocks.rows.values())
    held = dollars(month.stocks.held_usd)
    return f"month {month.number}", f"{rows:,}", f"{month.stored_gb:,.2f}", held, str(month.stocks.key_versions)


def notes(result: GrowthResult) -> list[str]:
    """What the spread rests on, and what was overridden."""
    others, off = len(result.fan.factors) - 2, percent(result.scaling_error_percent, 2)
    spread = (
        f"p10 to p90: growth, cost of building and {others} other assumptions drawn from their ranges, as "
        "`uncertainty` draws them; where ranges are lopsided, p50 is not the middle path. Lines grow with the payments "
        f"of each draw; in the last month at high growth that is {off} of Stripe's side off a simulation."
    )
    keys = result.provenance["overridden"]
    return [spread, *([f"Overridden: {', '.join(keys)}."] if keys else [])]
