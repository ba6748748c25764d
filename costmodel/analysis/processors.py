"""Every payment processor for the same month of payments: what each would cost, and what is not known of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from costmodel.analysis.sides import FEWER_REPLICATIONS
from costmodel.assumptions.catalog import load_pipeline_table, names
from costmodel.assumptions.linking import UnservedError
from costmodel.assumptions.pipeline import Pipeline
from costmodel.billing.bill import Bill
from costmodel.billing.minimums import MINIMUM
from costmodel.errors import UsageError
from costmodel.result import Result
from costmodel.run import Watch, run_or_replay

HUNDRED = Decimal(100)  # percent
PARTS = ("pay_in", "payouts", "monthly", "afterwards")


@dataclass(frozen=True)
class ProcessorRow:
    """A month of payments through one processor's pipeline, USD.

    parts: pay_in (fees on payments), payouts, monthly (what stands, and minimums), afterwards (disputes and returns);
    they sum to the bill. refused: why it cannot take this mix of payments; then there is no bill.
    """

    pipeline: str
    title: str
    not_known: tuple[str, ...]
    bill: Bill | None = None
    parts: Mapping[str, Decimal] | None = None
    payments: Decimal = Decimal(0)
    volume_usd: Decimal = Decimal(0)
    refused: str | None = None

    @property
    def total_usd(self) -> Decimal | None:
        """The month's bill; None for a processor that cannot take this mix."""
        return None if self.bill is None else self.bill.total_usd

    @property
    def percent_of_volume(self) -> Decimal | None:
        """The bill as a share of the payments' money, in percent."""
        return None if self.bill is None or not self.volume_usd else HUNDRED * self.bill.total_usd / self.volume_usd

    @property
    def usd_per_payment(self) -> Decimal | None:
        """The bill over the completed payments."""
        return None if self.bill is None or not self.payments else self.bill.total_usd / self.payments

    def to_dict(self) -> dict[str, Any]:
        """For JSON and CSV: money as decimal strings, None where there is none."""
        figures = {"total_usd": self.total_usd, "percent_of_volume": self.percent_of_volume,
                   "usd_per_payment": self.usd_per_payment}  # fmt: skip
        parts = {f"{part}_usd": None if self.parts is None else self.parts[part] for part in PARTS}
        unsure = None if self.bill is None else self.bill.share_not_published_or_measured()
        figures |= {**parts, "not_published_or_measured": unsure}
        return {
            "pipeline": self.pipeline,
            "title": self.title,
            **{name: None if value is None else f"{value:f}" for name, value in figures.items()},
            "not_known": list(self.not_known),
            "refused": self.refused,
        }


def compare_processors(
    scenario: str = "seed_stripe",
    *,
    set: Mapping[str, Any] | None = None,
    data: Path | str | None = None,
    seed: int | None = None,
    payments: Path | str | None = None,
    columns: Mapping[str, str] | None = None,
    strict: bool = False,
    engine: str = "auto",
    watch: Watch | None = None,
) -> tuple[ProcessorRow, ...]:
    """The month of a scenario (or of a file of payments) through the pipeline of every processor, cheapest first.

    All meet the same payments and the same luck, each followed to its payments' end. Those that cannot take the mix
    of methods stand last, with the reason. Raises UsageError for a change of the pipeline, InputError for what cannot
    be used.
    """
    changes = {"horizon": "cohort", "replications": FEWER_REPLICATIONS} | dict(set or {})
    if any(path.split(".")[0] == "pipeline" for path in changes):
        raise UsageError("processors compares pipelines; change the workload, or a service's prices")
    folder = Path(data) if data else None
    found = _processors(folder)

    def simulated(pipeline: str, seen: Watch | None) -> Result:
        return run_or_replay(scenario, payments, columns=columns, strict=strict, set=changes | {"pipeline": pipeline},
                             data=folder, seed=seed, engine=engine, watch=seen)  # fmt: skip

    rows = [
        _row(name, table, simulated, _part_of(watch, index, len(found))) for index, (name, table) in enumerate(found)
    ]
    return tuple(sorted(rows, key=lambda row: (row.total_usd is None, row.total_usd or 0, row.pipeline)))


def _processors(data: Path | None) -> list[tuple[str, Mapping[str, Any]]]:
    tables = [(name, load_pipeline_table(name, data)[0]) for name in names("pipelines", data)]
    return [(name, table) for name, table in tables if "processor" in table]


def _part_of(watch: Watch | None, index: int, number: int) -> Watch | None:
    """Progress of one run as progress of all."""
    return None if watch is None else lambda share: watch((index + share) / number)


def _row(
    name: str, table: Mapping[str, Any], simulated: Callable[[str, Watch | None], Result], watch: Watch | None
) -> ProcessorRow:
    title, not_known = str(table["title"]), tuple(map(str, table.get("not_known", ())))
    try:
        result = simulated(name, watch)
    except UnservedError as error:
        return ProcessorRow(name, title, not_known, refused="; ".join(each.wrong for each in error.problems))
    return ProcessorRow(
        pipeline=name,
        title=title,
        not_known=not_known,
        bill=result.bill,
        parts=bill_parts(result.bill, result.assumptions.pipeline, result),
        payments=Decimal(str(result.figures["completed_per_month"])),
        volume_usd=result.volume_usd,
    )


def bill_parts(bill: Bill, pipeline: Pipeline, result: Result) -> dict[str, Decimal]:
    """The bill by what brings the cost about; the parts sum to its total."""
    kinds = {(each.service, each.meter): "payouts" if each.of == "payout" else "pay_in" for each in pipeline.each}
    kinds |= {(row.service, row.meter): "monthly" for row in pipeline.static}
    services = result.assumptions.services
    parts = dict.fromkeys(PARTS, Decimal(0))
    for line in bill.lines:
        minimum = services[line.service].meter[line.meter].kind == MINIMUM
        parts["monthly" if minimum else kinds.get((line.service, line.meter), "afterwards")] += line.cost_usd
    return parts
