"""Usage measured from bills, as the pipeline's own figures: what stands all month, what comes with every payment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from costmodel.analysis.actual_lines import ActualLine
from costmodel.assumptions.linking import all_steps
from costmodel.assumptions.pipeline import Each, Standing
from costmodel.result import Result

FUNCTIONS = "lambda"  # metered from what the functions did
STORAGE = "storage"  # metered from what the steps put
PLACES = 12


@dataclass(frozen=True)
class MeasuredUsage:
    """A billed meter and the figure of the pipeline that stands for it.

    entry: the pipeline's row, None where no one figure makes this meter, for the reason `why`. quantity: what the
    row's own would have to be, so that the model's month uses what was billed.
    """

    line: ActualLine
    entry: Standing | Each | None = None
    quantity: Decimal | None = None
    why: str = ""

    @property
    def path(self) -> str:
        """Where the row is addressed: `pipeline.static.kms_keys`."""
        kind = "static" if isinstance(self.entry, Standing) else "each"
        return f"pipeline.{kind}.{self.entry.name}" if self.entry else ""


def measured_usage(
    lines: Sequence[ActualLine], result: Result, payments_per_month: Decimal | None
) -> tuple[MeasuredUsage, ...]:
    """Every meter that was billed by quantity, with the pipeline's figure for it."""
    steps = set(_metered_by_steps(result))
    services = result.assumptions.services
    return tuple(
        _measured(line, steps, result, payments_per_month)
        for line in lines
        if line.rows and line.bill_quantity > 0 and services[line.service].meter[line.meter].kind != "per_payment"
    )


def _metered_by_steps(result: Result) -> Iterator[tuple[str, str]]:
    """The meters that calls of the pipeline's steps use, by service."""
    services = result.assumptions.services
    for call in {step.call for _, step in all_steps(result.assumptions.pipeline) if step.call is not None}:
        service, _, name = call.partition(".")
        operation = services[service].operation[name]
        yield from ((service, meter) for meter in operation.uses)
        if operation.stores:
            yield service, STORAGE


def _measured(
    line: ActualLine, steps: set[tuple[str, str]], result: Result, payments_per_month: Decimal | None
) -> MeasuredUsage:
    if (line.service, line.meter) in steps or line.service == FUNCTIONS:
        return MeasuredUsage(line, why="the pipeline's steps make it")
    rows = _rows(line, result)
    if not rows:
        return MeasuredUsage(line, why="the pipeline has no figure for it")
    if len(rows) > 1:
        return MeasuredUsage(line, why=f"{' and '.join(row.name for row in rows)} make it together")
    if isinstance(rows[0], Standing) and (line.model_quantity or not rows[0].always_on):
        return MeasuredUsage(line, rows[0], _standing(rows[0], line))
    if not payments_per_month or not line.model_quantity or rows[0].quantity is None:
        return MeasuredUsage(line, why=f"nothing to measure {rows[0].name} by")
    offered = Decimal(str(result.figures["offered_per_month"]))
    more = (line.bill_quantity / payments_per_month) / (line.model_quantity / offered)
    return MeasuredUsage(line, rows[0], round(rows[0].quantity * more, PLACES).normalize())


def _rows(line: ActualLine, result: Result) -> list[Standing | Each]:
    """The pipeline's rows that make a meter in a region."""
    pipeline = result.assumptions.pipeline
    home = pipeline.region
    rows: list[Standing | Each] = [row for row in pipeline.static if (row.region or home) == line.region]
    rows += [row for row in pipeline.each if row.quantity is not None and line.region == home]
    return [row for row in rows if (row.service, row.meter) == (line.service, line.meter)]


def _standing(row: Standing, line: ActualLine) -> Decimal:
    """A month's quantity; of what is always on, how many."""
    if not row.always_on:
        return round(line.bill_quantity, PLACES).normalize()
    return round(row.quantity * line.bill_quantity / line.model_quantity, PLACES).normalize()
