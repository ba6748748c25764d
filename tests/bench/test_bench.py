"""The benchmarks: shown, and no time asserted; but whoever gets equal draws must come to equal figures."""

from __future__ import annotations

import pytest

from costmodel.simulation.reference import Reference
from tests.bench import functions, measures, queues, report
from tests.bench.racing import Result, as_table

pytestmark = pytest.mark.bench
ROUNDS = 3


@pytest.fixture(scope="module", autouse=True)
def _cimba_first() -> None:
    report.cimba_first()


def shown(unit: str, results: list[Result]) -> list[Result]:
    print(f"\n{as_table(unit, results)}")
    return [result for result in results if result.cpu_s is not None]


@pytest.mark.parametrize(
    ("name", "shape", "sizes"), [("tandem", queues.TANDEM, report.TANDEM), ("single", queues.SINGLE, report.SINGLE)]
)
def test_queues(name: str, shape: queues.Shape, sizes: tuple[int, int]) -> None:
    """SimPy, Ciw and salabim come to our times exactly; Cimba, with draws of its own, to our mean within a tenth."""
    ours, _, *others = shown("visit", getattr(report, name)(ROUNDS))
    times = queues.left_ns(shape, sizes[1])
    assert queues.left_ns(shape, sizes[1], Reference) == times
    for result in others:
        if result.entrant.name == "Cimba":
            assert result.gave == pytest.approx(queues.mean_stay_s(shape, sizes[0], ours.gave), rel=0.1)
        else:
            assert result.gave == times, result.entrant.name


def test_simfaas() -> None:
    """Equal draws, equal cold starts."""
    ours, reference, *others = shown("call", report.simfaas(ROUNDS))
    assert functions.cold_starts(ours.gave) == functions.cold_starts(reference.gave)
    assert {each.gave.total_cold_count for each in others} <= {functions.cold_starts(ours.gave)}


def test_pipeline() -> None:
    ours, reference, _ = shown("event", report.pipeline(ROUNDS))
    assert ours.gave.events == reference.gave.events == ours.entrant.units


@pytest.mark.parametrize("name", ["rates", "threads", "parts"])
def test_measures(name: str) -> None:
    title, of = report.REPORTS[name]
    print(f"\n{title}\n{of(ROUNDS)}")


def test_memory_and_length() -> None:
    """Minutes: a month, and ten million payments."""
    print(f"\n{measures.memory()}\n{measures.by_length(1)}")
