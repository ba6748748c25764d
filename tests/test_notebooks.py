"""The notebooks run from a fresh clone in a real kernel, hold no outputs and define no logic; what they say holds."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parent.parent / "notebooks"
SHOWN = {"image/png", "application/vnd.jupyter.widget-view+json"}  # a chart, or the panel
OURS = (
    "01_start_here",
    "02_what_the_98_percent_is_worth",
    "03_volume_growth_and_payback",
    "04_latency_cold_starts_and_capacity",
    "05_how_sure_are_we",
    "06_your_own_data",
    "07_what_if_panel",
)
NOTEBOOKS = [FOLDER / f"{name}.ipynb" for name in OURS]
MOST_SECONDS = 600  # a fresh environment's first kernel can stall for two minutes
LOGIC = (ast.FunctionDef, ast.ClassDef, ast.For, ast.While, ast.If, ast.Try, ast.Lambda)

# What the paragraphs say of the pictures, as expressions over the notebook's own results.
SAID = {
    "01_start_here": [
        "result.own.figures['functions']['fraud_detector']['cold_starts'] > 0.5 * result.own.payments",
        "result.warm.latency_ms['p95'] > 3 * 100",
    ],
    "02_what_the_98_percent_is_worth": [
        "sum(line['cost_usd'] > '0' for line in comparison.to_dict()['lines']) > 2",
    ],
    "03_volume_growth_and_payback": [
        "threshold.document.values and threshold.modelled.values",  # a diamond, for both columns
        "path.cumulative_usd[0] < -path.build_usd",  # it begins below zero by what building costs, and falls
        "path.months[-1].saving_usd > 0 > path.months[0].saving_usd",  # and turns
        "path.fan.cumulative_usd['p50'][-1] < float(path.cumulative_usd[-1])",  # the fan's middle lies lower
        "faster.cumulative_usd[23] > path.cumulative_usd[23]",
    ],
    "04_latency_cold_starts_and_capacity": [
        "month.latency_ms['p50'] > 2 * busy.latency_ms['p50']",  # the median is a cold payment
        "busy.functions['aws_payment_processor']['cold_starts'] < 0.1 * busy.payments",  # the hill is gone
        "max(over_time.most) < 0.1 * over_time.limit",  # concurrency is not what limits
        "'read_request_units' in carries.rows[0].binding[0].name",  # but reads of one table
        "len({limit.name for row in carries.rows for limit in row.binding}) == 1",
        "carries.rows[1].payments_per_hour > carries.rows[0].payments_per_hour > 10_000",
        "100 < warm.latency_ms['p95'] < month.latency_ms['p50'] and dearer.value > 0",
    ],
    "05_how_sure_are_we": [
        "'services.ach.' in sure.swings[0].path and 'price' in sure.swings[0].path",  # what the bank charges
        "all(one.sd_noise < one.sd_input for one in sure.spreads if one.figure.endswith('.reduction'))",
        "all(one.value > one.median for one in sure.spreads if one.figure.endswith('.reduction'))",
        "comparison.modelled.intervals['reduction'][1] - comparison.modelled.intervals['reduction'][0] < 2",
    ],
    "06_your_own_data": [
        "result.own.volume_usd / result.own.payments < 200 / 5",  # taxi rides are small
        "all(row.document is None for row in charts.captions.reductions(result))",  # only the simulated column is left
        "sum(model > paid for model, paid in bill.by_service().values()) > len(bill.by_service()) / 2",
        "abroad.bill.total_usd > at_home.bill.total_usd",
    ],
    "07_what_if_panel": [],  # its figures are tested without the notebook, and in a browser
}  # fmt: skip


def test_the_notebooks_are_there() -> None:
    assert [path.stem for path in sorted(FOLDER.glob("*.ipynb"))] == list(OURS)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_cells_hold_no_outputs_and_no_logic(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert notebook.cells[0].source.startswith("# ")
    assert "?" in notebook.cells[0].source.splitlines()[0], "the title is a question"
    assert "The model in one sentence" in notebook.cells[0].source
    assert "Where to go next" in notebook.cells[-1].source
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert not cell.outputs
            assert len(cell.source.splitlines()) <= 8
            assert not [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, LOGIC)]


def executed(notebook: Any, **more: Any) -> Any:
    NotebookClient(
        notebook, timeout=MOST_SECONDS, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}}, **more
    ).execute()
    return notebook


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_in_a_kernel_shows_every_chart_and_says_what_holds(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MPLBACKEND", raising=False)  # so that the kernel draws into the notebook
    notebook = nbformat.read(path, as_version=4)
    checks = [f"print({said!r}, bool({said}))" for said in SAID[path.stem]]
    notebook.cells.append(nbformat.v4.new_code_cell("\n".join(checks)))
    *cells, last = executed(notebook).cells
    assert any(SHOWN & output.data.keys() for cell in cells for output in cell.get("outputs", []) if "data" in output)
    for cell in cells:
        drawn = [one for one in cell.get("outputs", []) if "image/png" in one.get("data", {})]
        assert len(drawn) == cell.source.count("_chart("), cell.source
    said = "".join(output.text for output in last.outputs).splitlines()
    assert len(said) == len(checks)
    assert [line for line in said if not line.endswith(" True")] == []


BAD = [  # what a reader may get wrong, what the command line says of it
    ('cm.run("no_such_scenario")', "no_such_scenario"),
    ('cm.run("seed_aws", set={"workload.payments_per_month": -1})', "workload.payments_per_month: Input should be"),
    ('cm.breakeven("seed_aws", "volumes")', "volume"),
]


def test_what_cannot_be_used_is_told_as_on_the_command_line(cli: Any) -> None:
    """The same words, and no traceback; what is a defect keeps its traceback."""
    calls = ["import costmodel as cm", *(call for call, _ in BAD), "cm.run(1 / 0)"]
    cells = [nbformat.v4.new_code_cell(call) for call in calls]
    found = executed(nbformat.v4.new_notebook(cells=cells), allow_errors=True).cells
    for (_, says), cell in zip(BAD, found[1:], strict=False):
        (output,) = cell.outputs
        shown = "\n".join(output.traceback)
        assert says in shown
        assert "Traceback" not in shown
        assert "File " not in shown
    assert "Traceback" in "\n".join(found[-1].outputs[0].traceback)
    code, _, err = cli("run", "seed_aws", "--set", "workload.payments_per_month=-1")
    assert code == 2
    assert "\n".join(found[2].outputs[0].traceback) == err.strip()
