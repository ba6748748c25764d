"""The house rules: who may import whom, what is public, what `--help` loads, where numbers and names may stand.

Each rule is a function from source texts to faults. It is tried twice: on the package, which must have none, and on a
planted fault, which it must find.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

import costmodel

ROOT = Path(__file__).resolve().parent.parent

ROOMS = ("errors", "assumptions", "simulation", "billing", "run", "analysis", "reporting", "cli")
BESIDE_THE_ROOMS = {
    "costmodel": "cli",
    "costmodel.__main__": "cli",
    "costmodel.figures": "run",
    "costmodel.result": "run",
}

ONLY_IN = {
    "matplotlib": "costmodel.reporting.charts*",
    "simpy": ("costmodel.simulation.reference", "costmodel.simulation.stations"),
    "pydantic": "costmodel.assumptions",
    "distributed": "costmodel.analysis.executors",
    "ipywidgets": "costmodel.reporting.panel",
    "xlsxwriter": "costmodel.reporting.workbook_file",
    "pytest": "costmodel.reporting.pytest_plugin",  # which pytest loads, and nothing else
}
EXTRAS = ("aws", "dask", "notebooks")  # may be missing: imported where they are used
ONLY_INSIDE_FUNCTIONS = ("pandas", "pyarrow", "boto3", "botocore", "ipywidgets", "xlsxwriter")
HEAVY = ("numpy", "pandas", "pyarrow", "matplotlib", "simpy", "numba", "scipy", "pydantic", "distributed")

PUBLIC = {
    "InputError",                                       # what can go wrong
    "load", "run", "replay", "check", "compare", "bill", "actuals",  # the verbs
    "sweep", "uncertainty", "breakeven", "growth", "frontier",       # what if
    "is_banking_day", "add_banking_days",               # the calendar
}  # fmt: skip

# Numbers that stand in the code and are neither arithmetic nor units, by file: why they may.
READS = "a limit on what is read, far above any use, so that a typing error is found"
NUMBERS: dict[str, dict[str, str]] = {
    "analysis/expressions.py": {
        "40": READS,
        "80": "characters of a formula that a message repeats",
        "34": "digits of IEEE 754 decimal128",
        "9999": "widest exponent of Decimal that is not an overflow",
    },
    "analysis/uncertain_result.py": {
        "50": "the median's percentile",
        "95": "the upper percentile shown; the lower is 5",
    },
    "assumptions/fields.py": {"1970": READS, "2999": READS, "31": READS},
    "assumptions/pipeline.py": {"128": READS, "10240": READS, "900": READS},
    "assumptions/scenario.py": {"9000": READS},
    "cli/main.py": {"130": "the exit code of a shell for an interrupt"},
    "reporting/documents.py": {"80": "columns of the narrowest terminal served"},
    "billing/balance_reports.py": {"36": "digits of the decimals that are compared, which a decimal of 128 bits holds"},
    "billing/bill_entries.py": {"38": "digits of a decimal of 128 bits"},
    "reporting/focus.py": {"38": "digits of a decimal of 128 bits"},
    "figures.py": {"0.95": "the level that the key p95 names"},
    "reporting/uncertainties.py": {"99": "from here on a percentage is shown as `> 99`, as below 1 as `< 1`"},
    "simulation/counts.py": {"400": READS},
    "simulation/draws.py": {
        "11400714819323198485": "the increment of SplitMix64",
        "13787848793156543929": "the first factor of its finaliser",
        "10723151780598845931": "the second factor",
        "30": "its first shift",
        "27": "its second shift",
        "31": "its third shift",
        "53": "bits of a double's significand",
    },
    "simulation/layout.py": {"84": "scalars of the engine's state", "512": "entries of a page of waiting money"},
    "simulation/tables.py": {"40": "octaves of a table: draws reach a probability of 2^-40"},
    "simulation/statistics.py": {
        "0.95": "the level that the key p95 names, and the usual confidence",
        "0.99": "the level that the key p99 names",
    },
    "simulation/room.py": {"144": "bytes that making a payment takes, as measured"},
    "simulation/timetable.py": {"8766": "hours of a mean Julian year"},
}
# lengths, margins and offsets of what is drawn
PICTURES = {
    "reporting/charts.py",
    "reporting/charts_options.py",
    "reporting/charts_run.py",
    "reporting/charts_uncertainty.py",
    "reporting/charts_what_if.py",
}
UNITS = {24, 28, 60, 365, 366, 3600, 86_400, 1024, 32, 62, 63, 64}  # of time, of bytes, of words of memory

Sources = dict[str, str]  # module name -> its text


def package_sources() -> Sources:
    found = {}
    for path in sorted((ROOT / "costmodel").rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        found[name.removesuffix(".__init__")] = path.read_text(encoding="utf-8")
    return found


# --- the rules -------------------------------------------------------------------------------------------------------


def imports(source: str, *, typing_too: bool = True, functions_too: bool = True) -> Iterator[str]:
    """Every imported dotted name: `import a.b` gives `a.b`, `from a.b import c` gives `a.b.c`."""
    trees: list[ast.AST] = [ast.parse(source)]
    while trees:
        node = trees.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            yield from (f"{base}.{alias.name}" for alias in node.names)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test) and not typing_too:
            trees += node.orelse
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or functions_too:
            trees += ast.iter_child_nodes(node)


def room_of(module: str) -> int:
    name = BESIDE_THE_ROOMS.get(module) or module.split(".")[1]
    return ROOMS.index(name)


def home_of(target: str, sources: Sources) -> str:
    """The module a dotted name stands in: `costmodel.errors.Problem` -> `costmodel.errors`."""
    while target and target not in sources:
        target = target.rpartition(".")[0]
    return target


def wrong_way(sources: Sources) -> list[str]:
    """Imports of a later room, of the package's own top (but for its version), or by a relative path."""
    faults = []
    for module, source in sources.items():
        for target in imports(source):
            home = home_of(target, sources)
            if target.startswith("."):
                faults.append(f"{module} imports {target}: write the whole path")
            elif home and target != "costmodel.__version__" and room_of(module) < room_of(home):
                faults.append(f"{module} imports {target}")
    return faults


def cycles(sources: Sources) -> list[str]:
    """Modules that import each other at run time, however long the way round."""
    ahead = {
        module: {home_of(target, sources) for target in imports(source, typing_too=False)} - {"", "costmodel", module}
        for module, source in sources.items()
    }
    faults, going_round = [], {module: set(targets) for module, targets in ahead.items()}
    for module, reached in going_round.items():
        trail = list(reached)
        while trail:
            new = ahead[trail.pop()] - reached
            reached |= new
            trail += new
        if module in reached:
            faults.append(f"{module} comes back to itself")
    return faults


def is_in(module: str, home: str) -> bool:
    """Whether a module is that one, or inside of it; a home with a star is all that begin so."""
    return module.startswith(home[:-1]) if home.endswith("*") else f"{module}.".startswith(f"{home}.")


def reached_from(module: str, sources: Sources) -> set[str]:
    """A module and all of the package that it comes to import, however late."""
    reached, trail = {module}, [module]
    while trail:
        new = {home_of(target, sources) for target in imports(sources[trail.pop()])} - {"", "costmodel"} - reached
        reached |= new
        trail += new
    return reached


def out_of_place(sources: Sources) -> list[str]:
    """Heavy packages outside the one place that may use them, or imported with the module."""
    faults = []
    for module, source in sources.items():
        tops = {target.partition(".")[0] for target in imports(source)}
        for package, home in ONLY_IN.items():
            homes = (home,) if isinstance(home, str) else home
            if package in tops and not any(is_in(module, each) for each in homes):
                faults.append(f"{module} imports {package}, which belongs in {home}")
        at_once = {t.partition(".")[0] for t in imports(source, typing_too=False, functions_too=False)}
        faults += [f"{module} imports {package} outside a function" for package in ONLY_INSIDE_FUNCTIONS
                   if package in at_once]  # fmt: skip
    return faults


def undeclared(sources: Sources, declared: set[str]) -> list[str]:
    """Imports of packages that pyproject.toml does not ask for."""
    ours = declared | set(sys.stdlib_module_names) | {"costmodel", ""}
    return [
        f"{module} imports {target}"
        for module, source in sources.items()
        for target in imports(source)
        if target.partition(".")[0].replace("_", "-") not in {name.replace("_", "-") for name in ours}
    ]


def numbers(source: str) -> Iterator[tuple[int, Decimal]]:
    """Line and value of every number in a source, also in `Decimal("…")`, but for lengths of text."""
    tree = ast.parse(source)
    lengths = {kw.value for kw in ast.walk(tree) if isinstance(kw, ast.keyword) and kw.arg == "max_length"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]).endswith("_WIDTHS"):
            lengths |= set(ast.walk(node.value))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and type(node.value) in (int, float) and node not in lengths:
            yield node.lineno, Decimal(str(node.value))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Decimal") and node.args:
            given = node.args[0]
            if isinstance(given, ast.Constant) and isinstance(given.value, str):
                yield node.lineno, Decimal(given.value)


def is_arithmetic(value: Decimal, source_line: str) -> bool:
    """Small whole numbers, a half, powers of ten and of two, and units."""
    small = value == int(value) and value <= 20
    power_of_ten = value != 0 and value.normalize().as_tuple().digits == (1,)
    power_of_two = f"2**{value}" in source_line.replace(" ", "")
    return small or power_of_ten or power_of_two or value == Decimal("0.5") or value in UNITS


def meanings(sources: Sources, allowed: dict[str, dict[str, str]]) -> list[str]:
    """Numbers with a meaning that are not on the list, and entries of the list that nothing uses."""
    faults, used = [], set()
    for module, source in sources.items():
        file = "/".join(module.split(".")[1:]) + ".py"
        if file in PICTURES:
            continue
        lines = source.splitlines()
        for at, value in numbers(source):
            if is_arithmetic(value, lines[at - 1]):
                continue
            used.add((file, f"{value:f}"))
            if f"{value:f}" not in allowed.get(file, {}):
                faults.append(f"{file}:{at}: {value:f}: move it to data/ with unit, source and date, "
                              "or add it to NUMBERS with the reason why it may stay")  # fmt: skip
    listed = {(file, number) for file, entries in allowed.items() for number in entries}
    return faults + [f"{file}: {number} is in NUMBERS, but not in the file" for file, number in sorted(listed - used)]


def too_long(sources: Sources, most_lines: int = 40) -> list[str]:
    """Functions of more than so many lines without their docstring."""
    faults = []
    for module, source in sources.items():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                documented = ast.get_docstring(node) is not None
                docstring = node.body[0].end_lineno - node.body[0].lineno + 1 if documented else 0
                lines = node.end_lineno - node.lineno + 1 - docstring
                faults += [f"{module}.{node.name} has {lines} lines"] if lines > most_lines else []
    return faults


def clock_readers(sources: Sources) -> list[str]:
    """Calls that ask what day or time it is, outside of the one module for it; how long something takes may be asked."""
    found = [
        (module, ast.unparse(node.func))
        for module, source in sources.items()
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and module != "costmodel.assumptions.clock"
    ]
    asking = re.compile(r"\b(date|datetime)\.(today|now|utcnow)$|^time\.(time|localtime|gmtime)$")
    return [f"{module} reads the clock: {call}" for module, call in found if asking.search(call)]


def long_modules(sources: Sources, most_lines: int = 400) -> list[str]:
    """Modules of more than so many lines: two ideas, or one that is not understood yet."""
    lengths = {module: len(source.splitlines()) for module, source in sources.items()}
    return [f"{module} has {lines} lines" for module, lines in lengths.items() if lines > most_lines]


# `~` stands between two halves of a word, since this file is one of those searched.
FORBIDDEN = {
    "a registry's host": r"py~pi\.org|python~hosted|registry\.npm~js|deb\.deb~ian\.org|proxy\.go~lang\.org",
    "a folder of the machine it was written on": r"(?<![\w.])/wo~rk/|(?<![\w/.])/opt/(?:py~pi|wh~eels)",
    "papers that are not shipped": r"\b(?:desi~gn|scr~eens|se~ed|sty~le)\.md\b|\bfa~cts/\w|ans~wer-keys",
    "tools that are not shipped": r"\bfarm-(?:stu~dio|ben~ch)\b",
    "a local path in a lock": r"^-~e |^[^#]* @ fi~le:",
}


def names_found(files: dict[str, str]) -> list[str]:
    """Lines of the repository that name what only its makers have."""
    return [
        f"{file}:{at}: names {what}"
        for file, text in files.items()
        for at, line in enumerate(text.splitlines(), 1)
        for what, pattern in FORBIDDEN.items()
        if re.search(pattern.replace("~", ""), line)
    ]


def repository_files() -> dict[str, str]:
    """Text of every file that is or would be committed; of all files where there is no git."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    named = [ROOT / line for line in listing.stdout.splitlines()]
    paths = named if listing.returncode == 0 and named else ROOT.rglob("*")
    return {
        str(path.relative_to(ROOT)): path.read_bytes().decode("utf-8", "ignore") for path in paths if path.is_file()
    }


# --- the package keeps them ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sources() -> Sources:
    return package_sources()


@pytest.fixture(scope="module")
def project() -> dict[str, object]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def distribution(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement, maxsplit=1)[0].lower()


@pytest.mark.parametrize("rule", [wrong_way, cycles, out_of_place, too_long, long_modules, clock_readers])
def test_package_keeps(rule, sources):
    assert rule(sources) == []


def test_imports_are_declared(sources, project):
    extras = [line for name in EXTRAS for line in project["optional-dependencies"][name]]
    declared = {distribution(line) for line in [*project["dependencies"], *extras]}
    assert undeclared(sources, declared | {"pytest"}) == []


def test_numbers_with_a_meaning_live_in_data(sources):
    assert meanings(sources, NUMBERS) == []


def test_a_kept_point_is_forgotten_when_any_code_behind_it_changes(sources):
    """The store's key digests the sources in MATTERS: all that a point's figures can come from, but for words."""
    from costmodel.analysis.points import MATTERS

    digested = {name.removesuffix(".py").replace("/", ".") for name in MATTERS}
    behind = reached_from("costmodel.analysis.points", sources) - {"costmodel.errors"}
    assert [
        module for module in sorted(behind) if not any(is_in(module, f"costmodel.{name}") for name in digested)
    ] == []


def test_no_file_names_what_is_not_shipped():
    assert names_found(repository_files()) == []


# --- each rule can fail ----------------------------------------------------------------------------------------------

PLANTED = [
    (wrong_way, {"costmodel.billing.rating": "from costmodel.run import run", "costmodel.run": ""}),
    (wrong_way, {"costmodel.simulation.plan": "def f():\n import costmodel.cli", "costmodel.cli": ""}),
    (wrong_way, {"costmodel.errors": "from costmodel import run", "costmodel": "", "costmodel.run": ""}),
    (wrong_way, {"costmodel.errors": "from costmodel import check", "costmodel": ""}),
    (wrong_way, {"costmodel.billing.bill": "from . import rating"}),
    (wrong_way, {"costmodel.assumptions.fields": "if TYPE_CHECKING:\n from costmodel.billing.bill import Bill",
                 "costmodel.billing.bill": ""}),
    (cycles, {"costmodel.billing.a": "import costmodel.billing.b", "costmodel.billing.b": "import costmodel.billing.c",
              "costmodel.billing.c": "def f():\n from costmodel.billing.a import x"}),
    (out_of_place, {"costmodel.reporting.tables": "import matplotlib.pyplot as plt"}),
    (out_of_place, {"costmodel.simulation.reference_helpers": "from simpy import Environment"}),
    (out_of_place, {"costmodel.run": "def f():\n import pydantic"}),
    (out_of_place, {"costmodel.billing.bill": "import pandas as pd"}),
    (too_long, {"costmodel.run": "def f():\n" + " pass\n" * 40}),
    (long_modules, {"costmodel.run": "pass\n" * 401}),
    (clock_readers, {"costmodel.run": "import datetime as dt\ndef f():\n return dt.date.today()"}),
    (lambda s: undeclared(s, {"numpy"}), {"costmodel.run": "from scipy.stats import t"}),
    (lambda s: meanings(s, {}), {"costmodel.run": "price_usd = 0.029"}),
    (lambda s: meanings(s, {}), {"costmodel.run": "price_usd = Decimal('0.25')"}),
    (lambda s: meanings(s, {}), {"costmodel.run": "keep_alive_s = 600"}),
    (lambda s: meanings(s, {"run.py": {"7.5": "gone"}}), {"costmodel.run": ""}),
    (names_found, {"README.md": "see py~pi.org".replace("~", "")}),
    (names_found, {"x.py": "open('/wo~rk/main/data')".replace("~", "")}),
    (names_found, {"x.toml": "source = 'fa~cts/aws'".replace("~", "")}),
    (names_found, {"constraints.txt": "-~e .".replace("~", "")}),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "planted"), PLANTED)
def test_planted_fault_is_found(rule, planted):
    assert len(rule(planted)) >= 1


INNOCENT = [
    (wrong_way, {"costmodel.run": "from costmodel.billing import rating", "costmodel.billing.rating": "",
                 "costmodel.billing": ""}),
    (cycles, {"costmodel.run": "from costmodel.errors import InputError", "costmodel.errors": "", "costmodel": ""}),
    (cycles, {"costmodel.billing.a": "import costmodel.billing.b",
              "costmodel.billing.b": "if TYPE_CHECKING:\n import costmodel.billing.a"}),
    (out_of_place, {"costmodel.billing.bill": "if TYPE_CHECKING:\n import pandas as pd\ndef f():\n import pandas"}),
    (out_of_place, {"costmodel.reporting.charts": "import matplotlib"}),
    (too_long, {"costmodel.run": "def f():\n '''One.\n\n\n'''\n" + " pass\n" * 39}),
    (long_modules, {"costmodel.run": "pass\n" * 400}),
    (clock_readers, {"costmodel.assumptions.clock": "import datetime as dt\ndef f():\n return dt.date.today()",
                     "costmodel.run": "from time import perf_counter\nfrom x import today\nperf_counter(); today()"}),
    (lambda s: meanings(s, {}), {"costmodel.run": "gb = 2**30; cents = 100; half = 0.5; day_s = 24 * 3600"}),
    (names_found, {"x.md": "https://example.com/wo~rk/x, artifa~cts/a".replace("~", "")}),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "source"), INNOCENT)
def test_what_is_allowed_is_no_fault(rule, source):
    assert rule(source) == []


# --- what users rely on ----------------------------------------------------------------------------------------------


def test_public_names_are_exactly_these():
    assert set(costmodel.__all__) == PUBLIC
    assert set(dir(costmodel)) == PUBLIC
    assert len(costmodel.__all__) == len(PUBLIC) <= 15


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_public_name_is_there_and_documented(name):
    thing = getattr(costmodel, name)
    assert callable(thing)
    assert thing.__doc__


def test_any_other_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'savings'"):
        costmodel.savings  # noqa: B018


def answer(code: str) -> str:
    """What a fresh Python prints (standard error) when it runs `code` with this package."""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=True)
    return done.stderr.strip().splitlines()[-1]


HELP = """
sys.argv = ["costmodel", "--help"]
try:
    runpy.run_module("costmodel", run_name="__main__")
except SystemExit as end:
    assert not end.code
"""
LOADED = f"\nprint([m for m in {HEAVY} if m in sys.modules], file=sys.stderr)"


@pytest.mark.parametrize(
    ("code", "loaded"),
    [
        ("import costmodel", "[]"),
        (HELP, "[]"),
        ("import costmodel; costmodel.load", "['pydantic']"),
    ],
)  # fmt: skip
def test_what_is_loaded(code, loaded):
    assert answer(f"import runpy, sys\n{code}{LOADED}") == loaded


@pytest.mark.parametrize("first", ["import costmodel.run", "from costmodel.run import run", "cm.replay", "cm.run"])
def test_run_stays_a_function_whatever_was_imported_first(first):
    assert answer(f"import sys, costmodel as cm\n{first}\nprint(type(cm.run).__name__, file=sys.stderr)") == "function"


def test_data_is_found():
    from costmodel.assumptions.catalog import data_dir, names

    assert data_dir().is_dir()
    assert names("services")


# --- installing ------------------------------------------------------------------------------------------------------


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.lower().split("==") for line in lines)


def test_every_lock_line_is_an_exact_version():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.!+]+", line)] == []


def test_every_requirement_is_locked(project):
    extras = project["optional-dependencies"]
    wanted = {distribution(line) for lines in [project["dependencies"], *extras.values()] for line in lines}
    assert wanted - {"costmodel"} - set(pins()) == set()


def readme_blocks() -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize(
    ("block", "says"),
    [
        (0, "pip install -c constraints.txt ."),
        (0, "costmodel check"),
        (1, "pip install -c constraints.txt '.[test]'"),
        (1, "python -m pytest"),
    ],
)
def test_readme_blocks_run_the_main_job_and_then_the_tests(block, says):
    assert says in readme_blocks()[block]
