"""The service calls of a plan: what each uses, which table it touches, which token buckets it draws from."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_CEILING, Decimal

from costmodel.assumptions.by_month import each
from costmodel.assumptions.catalog import Assumptions
from costmodel.assumptions.fields import Law
from costmodel.assumptions.pipeline import Step
from costmodel.assumptions.service import Operation, Quota, Service
from costmodel.simulation.plan import QuotaPlan, StepPlan, TablePlan

BYTES_PER_KB = 1024
NS_PER_S = 10**9


class Metered:
    """Collects service calls while a plan is compiled."""

    def __init__(self, assumptions: Assumptions) -> None:
        self.assumptions = assumptions
        self.calls: list[tuple[Step, str, Service, Operation]] = []
        self.laws: dict[int, int] = {}
        self.quotas: list[QuotaPlan] = []
        self._quota_index: dict[tuple[str, ...], int] = {}
        tables = assumptions.pipeline.tables
        self.table_index = {name: index for index, name in enumerate(tables)}
        self.tables = [
            TablePlan(name, table.row_bytes, table.opening_rows, table.scan_page_bytes or 0)
            for name, table in tables.items()
        ]

    def add(self, step: Step, path: str) -> tuple[int, Law]:
        """Note a call; its index and the law of its duration."""
        service_name, _, operation = str(step.call).partition(".")
        service = self.assumptions.services[service_name]
        self.calls.append((step, path, service, service.operation[operation]))
        return len(self.calls) - 1, service.law(operation)

    def step_plans(self, outages: Iterable[str]) -> list[StepPlan]:
        """One StepPlan per call noted, in order."""
        names = list(outages)
        return [self._step_plan(index, names) for index in range(len(self.calls))]

    def _step_plan(self, index: int, outages: list[str]) -> StepPlan:
        step, path, service, operation = self.calls[index]
        name, _, operation_name = str(step.call).partition(".")
        uses = tuple((meter, units * self._times(step, service, operation, meter)) for meter, units in
                     operation.uses.items())  # fmt: skip
        units = int(sum((used for _, used in uses), Decimal(0)).to_integral_value(ROUND_CEILING)) or 1
        return StepPlan(
            path=path,
            coded=step.as_ == "coded",
            service=name,
            operation=operation_name,
            law=self.laws[index],
            uses=uses,
            quotas=tuple(self._quota(name, quota, step) for quota in _quotas(service, operation_name, operation)),
            units=units,
            table=self.table_index[step.table] if step.table else -1,
            adds_row=operation.stores and step.table is not None,
            stores_bytes=self._copies(step, operation) * self._row_bytes(step) if operation.stores else 0,
            scan_chunk_bytes=self._scan_chunk(service, operation),
            moves_money=operation.moves_money,
            outage=outages.index(name) if name in outages else -1,
        )

    def _times(self, step: Step, service: Service, operation: Operation, meter: str) -> Decimal:
        """Chunks of one execution times the copies written; a scan counts its chunks as it runs."""
        chunk_kb, first_kb = service.meter[meter].chunk_kb, service.meter[meter].first_kb
        copies = self._copies(step, operation)
        if chunk_kb is None or operation.scans:
            return Decimal(copies)
        size_kb = step.size_kb if step.size_kb is not None else Decimal(self._row_bytes(step)) / BYTES_PER_KB
        beyond_kb = max(size_kb - (first_kb or chunk_kb), Decimal(0))
        return (1 + (beyond_kb / chunk_kb).to_integral_value(ROUND_CEILING)) * copies

    def _copies(self, step: Step, operation: Operation) -> int:
        """A put also writes every index of its table."""
        if step.copies is not None:
            return step.copies
        indexed = operation.stores and step.table is not None
        return 1 + self.assumptions.pipeline.tables[str(step.table)].indexes if indexed else 1

    def _row_bytes(self, step: Step) -> int:
        """What one execution writes: a row of its table, or the size the step gives."""
        if step.table is not None:
            return self.assumptions.pipeline.tables[step.table].row_bytes
        return int((step.size_kb or Decimal(0)) * BYTES_PER_KB)

    def _scan_chunk(self, service: Service, operation: Operation) -> int:
        """Bytes a scan reads per unit counted; 0 for what is no scan."""
        sizes = [size for meter in operation.uses if (size := service.meter[meter].chunk_kb)]
        return int(sizes[0] * BYTES_PER_KB) if operation.scans and sizes else 0

    def _quota(self, service: str, quota: Quota, step: Step) -> int:
        """The index of the token bucket for this quota in its scope."""
        place = step.table or "" if quota.scope in ("table", "partition") else ""
        key = (service, quota.operation, quota.scope, place)
        if key not in self._quota_index:
            self._quota_index[key] = len(self.quotas)
            burst = each(int, quota.per_second if quota.burst is None else quota.burst)
            name = f"{service}.{quota.operation}" + (f" of {place}" if place else "")
            self.quotas.append(
                QuotaPlan(name, quota.scope, each(int, NS_PER_S / quota.per_second), each(max, 1, burst))
            )
        return self._quota_index[key]


def _quotas(service: Service, name: str, operation: Operation) -> list[Quota]:
    """The quotas an operation counts against: by its own name, by a meter it uses, or by `*`."""
    named = {name, "*", *operation.uses}
    return [quota for quota in service.quota if quota.operation in named]
