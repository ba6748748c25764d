"""Run a scenario: assumptions → simulation → billing → one Result."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from costmodel.assumptions.catalog import Assumptions, load_assumptions, load_pipeline_table, load_services
from costmodel.assumptions.changes import changes_from

if TYPE_CHECKING:
    import datetime as dt

    from costmodel.billing.bill import Bill
    from costmodel.result import Month, Result
    from costmodel.simulation.replaying import Replay

Watch = Callable[[float], None]
HOME_PIPELINE = "aws_native"


def run(
    scenario: str,
    *,
    set: Mapping[str, Any] | None = None,
    data: Path | str | None = None,
    seed: int | None = None,
    until: Mapping[str, float] | None = None,
    engine: str = "auto",
    watch: Watch | None = None,
) -> Result:
    """Simulate a scenario's month, bill it, and give throughput, latency, usage and cost together.

    scenario: a name in data/scenarios or a path. set: assumptions to change, by path. data: a folder laid over the
    shipped one. seed: instead of the scenario's. until: figures by path, each with the half-width of its 95 % interval
    for which replications are added (beside the scenario's own). engine: "auto", "reference" or "compiled"; the figures
    are the same. watch: called with the share done, 0 to 1. Raises InputError for what cannot be used.
    """
    assumptions = assume(scenario, set, data, seed)
    return _precise(assumptions, until, lambda asked: run_assumptions(asked, engine=engine, watch=watch))


def replay(
    scenario: str,
    payments: Path | str,
    *,
    columns: Mapping[str, str] | None = None,
    strict: bool = False,
    set: Mapping[str, Any] | None = None,
    data: Path | str | None = None,
    seed: int | None = None,
    until: Mapping[str, float] | None = None,
    engine: str = "auto",
    watch: Watch | None = None,
) -> Result:
    """Like `run`, with the payments of a CSV or Parquet file instead of a generated workload.

    columns maps what is needed to the file's names (amount="total"); what is not mapped is guessed. Faulty rows are
    rejected and counted; with `strict` any of them is an InputError.
    """
    from costmodel.simulation.replaying import read_payments

    assumptions = assume(scenario, set, data, seed)
    read = read_payments(Path(payments), assumptions.scenario, dict(columns or {}), strict=strict,
                         data=Path(data) if data else None)  # fmt: skip
    return _precise(assumptions, until, lambda a: run_assumptions(a, engine=engine, watch=watch, replayed=read))


def run_or_replay(
    scenario: str,
    payments: Path | str | None,
    *,
    columns: Mapping[str, str] | None = None,
    strict: bool = False,
    **asked: Any,
) -> Result:
    """`replay` with that file, or `run` where there is none; `asked`: what both take."""
    if payments is None:
        return run(scenario, **asked)
    return replay(scenario, payments, columns=columns, strict=strict, **asked)


def _precise(
    assumptions: Assumptions, until: Mapping[str, float] | None, once: Callable[[Assumptions], Result]
) -> Result:
    """A result with as many replications as the half-widths asked for take.

    It is run again with more, up to twice as many, while an interval is too wide: those there were come out the same.
    """
    from costmodel.simulation.precision import Precision

    precision = Precision.of(assumptions.scenario, until or {})
    result = once(assumptions)
    while (wanted := precision.replications(result.intervals, result.replications)) > result.replications:
        result = once(assumptions.with_replications(wanted))
    return dataclasses.replace(result, until=precision)


def assume(
    scenario: str, set: Mapping[str, Any] | None, data: Path | str | None = None, seed: int | None = None
) -> Assumptions:
    """What `run` and `replay` rest on: a scenario with all it names, changed by path. Raises InputError."""
    changes = dict(set or {}) | ({} if seed is None else {"seed": seed})
    return load_assumptions(scenario, data=Path(data) if data else None, changes=changes_from(changes))


def run_assumptions(
    assumptions: Assumptions, *, engine: str = "auto", watch: Watch | None = None, replayed: Replay | None = None
) -> Result:
    """The whole way: what happens in the month, then what it costs; `replayed` replaces the generated payments."""
    return billed(simulated_month(assumptions, engine=engine, watch=watch, replayed=replayed), assumptions)


def simulated_month(
    assumptions: Assumptions, *, engine: str = "auto", watch: Watch | None = None, replayed: Replay | None = None
) -> Month:
    """What happens in a scenario's month, and what it uses; a missing price is told before the work."""
    from costmodel.billing.metering import Metered, possible_usage
    from costmodel.billing.rating import rate
    from costmodel.result import make_month
    from costmodel.simulation.compiling import compile_plan
    from costmodel.simulation.replications import simulate

    plan = compile_plan(assumptions)
    rate(possible_usage(plan, assumptions), assumptions.services, **rating_terms(assumptions))
    simulated = simulate(plan, assumptions, replayed, watch, engine)
    return make_month(assumptions, plan, simulated, Metered(simulated.runs, plan, assumptions, simulated.period))


def billed(month: Month, assumptions: Assumptions) -> Result:
    """A month at the prices of these assumptions, which may differ in prices from those it was simulated with."""
    from costmodel.assumptions.by_month import of_each
    from costmodel.result import make_result

    services, terms = assumptions.services, rating_terms(assumptions)
    pooled = month.biller.bill(month.metered.pooled, services, **terms)
    if len(month.metered.runs) == 1:
        return make_result(assumptions, month, pooled, [pooled.total_usd])
    together = month.biller.bill(month.metered.together, services, **terms)
    return make_result(assumptions, month, pooled, of_each(together.total_usd, len(month.metered.runs)))


def bills_of(result: Result) -> list[Bill]:
    """The bill of each replication."""
    from costmodel.billing.biller import Biller

    services, terms = result.assumptions.services, rating_terms(result.assumptions)
    return [Biller().bill(usage, services, **terms) for usage in result.usages]


def rating_terms(assumptions: Assumptions) -> dict[str, Any]:
    """The terms under which a scenario's usage is rated: date, region, plans, hours of the month."""
    scenario, pipeline = assumptions.scenario, assumptions.pipeline
    return {
        "on": scenario.on,
        "region": pipeline.region,
        "plans": dict(pipeline.plans),
        "month_hours": scenario.month_hours,
    }


def bill(
    usage: Path | str,
    *,
    on: dt.date | None = None,
    region: str | None = None,
    data: Path | str | None = None,
    free_tier: bool = True,
    month_hours: int | None = None,
    plans: Mapping[str, str] | None = None,
    round_surcharges_together: bool = True,
) -> Bill:
    """Price a usage file (CSV, TOML or JSON) without simulating.

    on: prices of that day, else of the newest day on which a price was compared with its source. region: of rows that
    name none, else the shipped AWS pipeline's. month_hours: what the hours of standing rows are divided by, 730 as
    calculators do; None means the calendar month's, as bills do. plans: service -> plan, list price where none is
    named. round_surcharges_together: a fee and its surcharges go to the cent once, or each by itself.
    Raises InputError for a file, row, meter or date that cannot be priced.
    """
    from costmodel.billing.rating import rate
    from costmodel.billing.usage import read_usage

    folder = Path(data) if data else None
    services = load_services(folder)
    newest = max(
        price.read for service in services.values() for meter in service.meter.values() for price in meter.price
    )
    home = region or str(load_pipeline_table(HOME_PIPELINE, folder)[0]["region"])
    return rate(
        read_usage(Path(usage)), services, on=on or newest, region=home, free_tier=free_tier, month_hours=month_hours,
        plans=plans, round_surcharges_together=round_surcharges_together,
    )  # fmt: skip
