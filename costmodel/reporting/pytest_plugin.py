"""A pytest plugin: a fixture that holds a scenario's cost, latency and claims against what is kept beside the tests.

pytest finds it by its entry point wherever costmodel is installed. Nothing of costmodel is loaded before a test asks
for the fixture, so that other repositories' tests start as fast as without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from decimal import Decimal

    from costmodel.assumptions.policy import Policy
    from costmodel.result import Result

FIXTURE = MARKER = PROPERTY = "cost"
FOLDER = "baselines"
RENEWED = "pytest --cost-update"
WIDTH = 100


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--cost-update`, `--cost-reason`, and where data and policy lie."""
    group = parser.getgroup("costmodel", "cost assumptions")
    group.addoption("--cost-update", action="store_true", help="write the baselines of the tests that are run")
    group.addoption("--cost-reason", metavar="TEXT", default=RENEWED, help="why they change; kept in them")
    parser.addini("costmodel_data", "a folder laid over costmodel's own data, from the root folder")
    parser.addini("costmodel_policy", "a policy file, from the root folder, or the name of one", default="default")
    parser.addini("costmodel_engine", "auto, reference or compiled", default="auto")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", f"{MARKER}(data, policy, seed, set): a test of cost assumptions; terms of its "
                                       f"`{FIXTURE}` fixture")  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that uses the fixture, so that `-m cost` selects them."""
    for item in items:
        if FIXTURE in getattr(item, "fixturenames", ()):
            item.add_marker(MARKER)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """A line for each month that was compared."""
    lines = [
        f"{report.nodeid}: {said}"
        for outcome in ("passed", "failed")
        for report in terminalreporter.getreports(outcome)
        if report.when == "call"
        for name, said in report.user_properties
        if name == PROPERTY
    ]
    if lines:
        terminalreporter.section("cost")
        for line in lines:
            terminalreporter.line(line)


@pytest.fixture(scope="session")
def _cost_runs() -> dict[Any, Any]:
    """Months already simulated in this session (of a worker), by what was asked for."""
    return {}


@pytest.fixture
def cost(request: pytest.FixtureRequest, _cost_runs: dict[Any, Any]) -> Iterator[Callable[..., Month]]:
    """Simulate a scenario's month: `cost("scenarios/ours.toml")`, or a name; `set` changes assumptions.

    The path is seen from the root folder. Terms that the call does not give come from `@pytest.mark.cost(…)`.
    """
    marked: dict[str, Any] = {}
    for marker in request.node.iter_markers(MARKER):
        marked = dict(marker.kwargs) | marked

    def month(scenario: str, **terms: Any) -> Month:
        return Month(scenario, request, _cost_runs, **(marked | terms))

    yield month


@dataclass
class Month:
    """One scenario's simulated month, and what it can be held against. Money in USD, latency in ms.

    name: of its baseline, `baselines/NAME.json` beside the test file; the scenario's own unless given.
    """

    scenario: str
    request: pytest.FixtureRequest
    runs: dict[Any, Any]
    set: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
    data: str | None = None
    policy: str | None = None
    name: str | None = None

    def __post_init__(self) -> None:
        root = self.request.config.rootpath
        data = self.data or self._ini("costmodel_data")
        self._data = root / data if data else None
        self._scenario = str(root / self.scenario) if "/" in self.scenario else self.scenario

    @property
    def result(self) -> Result:
        """Everything the run found, as `costmodel.run` gives it."""
        from costmodel.run import run

        key = (self._scenario, repr(sorted(self.set.items())), self.seed, self._data)
        if key not in self.runs:
            self.runs[key] = run(self._scenario, **self._terms())
        found: Result = self.runs[key]
        return found

    @property
    def total_usd(self) -> Decimal:
        """The month's bill."""
        return self.result.bill.total_usd

    @property
    def cost_per_payment_usd(self) -> Decimal:
        """The month's bill over its completed payments."""
        return self.result.cost_per_payment_usd

    @property
    def latency_ms(self) -> dict[str, float | None]:
        """mean, p50, p95, p99, max."""
        return self.result.latency_ms

    def service_usd(self, service: str) -> Decimal:
        """What one service costs a month. KeyError if it is not on the bill."""
        return self.result.bill.by_service()[service]

    @property
    def baseline(self) -> Path:
        """The file it is compared with."""
        stem = self.name or Path(self.scenario).stem
        return Path(self.request.path).parent / FOLDER / f"{stem}.json"

    def assert_as_baseline(self) -> None:
        """Fail with the lines that moved, and why, if the policy does not allow it; with --cost-update, write it."""
        __tracebackhide__ = True
        if self.request.config.getoption("--cost-update"):
            self._say(self._update())
            return
        if not self.baseline.is_file():
            pytest.fail(f"no baseline at {self._shown(self.baseline)}: nothing was compared. Make it with `pytest "
                        "--cost-update`, look at it, and commit it.", pytrace=False)  # fmt: skip
        from costmodel.reporting.diff_screen import diff_sections, verdict
        from costmodel.reporting.tables import as_text

        report = self._report()
        self._say(verdict(report))
        if report.exit_code:
            text = as_text(diff_sections(report), WIDTH)
            remedy = "If the change is meant: pytest --cost-update --cost-reason 'why', and commit the baseline."
            pytest.fail(f"{text}\n{remedy}", pytrace=False)

    def assert_claims(self, claims: str) -> None:
        """Fail with the claims of that file (or name) whose verdicts are not the pinned ones."""
        __tracebackhide__ = True
        found = self._judged(claims)
        moved = [_moved(judged) for judged in found if not judged.is_as_pinned]
        self._say(f"{len(found)} claims, {len(moved)} not as pinned")
        if moved:
            pytest.fail("\n".join(moved), pytrace=False)

    def _judged(self, claims: str) -> Sequence[Any]:
        """Every claim, judged by arithmetic, and by simulation if any of them needs it."""
        from costmodel.analysis.check import check
        from costmodel.analysis.claims import judge_document, read_claims
        from costmodel.analysis.verdicts import needs_simulation

        name = str(self.request.config.rootpath / claims) if "/" in claims else claims
        document, _ = read_claims(name, self._data)
        if needs_simulation(document):
            return check(name, scenario=self._scenario, **self._terms()).claims
        return judge_document(document)

    def _report(self) -> Any:
        from costmodel.analysis.baselines import diff_report
        from costmodel.analysis.diff import Terms

        terms = Terms(self._policy(), self.set, self._data, self.seed, self._ini("costmodel_engine"))
        return diff_report(self.baseline, self._scenario, terms)

    def _update(self) -> str:
        from costmodel.analysis.baseline import canonical, make_baseline, renewed
        from costmodel.reporting.files import write_whole

        self.baseline.parent.mkdir(exist_ok=True)
        tree = make_baseline(self._scenario, beside=self.baseline.parent, **self._terms())
        new = renewed(tree, self.baseline, self.request.config.getoption("--cost-reason"))
        if new is None:
            return f"{self._shown(self.baseline)} says this already"
        write_whole(self.baseline, canonical(new) + "\n")
        return f"{self._shown(self.baseline)} written"

    def _terms(self) -> dict[str, Any]:
        engine = self._ini("costmodel_engine")
        return {"set": dict(self.set), "data": self._data, "seed": self.seed, "engine": engine}

    def _policy(self) -> Policy:
        from costmodel.assumptions.policy import read_policy

        name = self.policy or self._ini("costmodel_policy")
        return read_policy(str(self.request.config.rootpath / name) if "/" in name else name, self._data)

    def _ini(self, name: str) -> str:
        return str(self.request.config.getini(name) or "")

    def _say(self, text: str) -> None:
        self.request.node.user_properties.append((PROPERTY, text))

    def _shown(self, path: Path) -> str:
        root = self.request.config.rootpath
        return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)


def _moved(judged: Any) -> str:
    """A claim, its pins and what was found instead."""
    claim, pinned = judged.claim, judged.claim.pinned
    simulated = getattr(judged, "by_perimeter", None) or getattr(judged, "model", None)
    by_arithmetic = judged.document.verdict if hasattr(judged, "document") else judged.verdict
    was = " and ".join(str(pin) for pin in (pinned.document, pinned.model) if pin)
    now = " and ".join(str(verdict) for verdict in (by_arithmetic, simulated) if verdict)
    return f"{claim.id}: {claim.quote}\n    pinned {was}; found {now} ({judged.recomputed} {claim.unit or ''})"
