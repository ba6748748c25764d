"""What no file may do: run code, start a program, reach the network, name other files, fill memory, or act in a reader.

The package is walked as a syntax tree; each rule is tried on a planted fault, too. Injections are looked for in what is
really written.
"""

from __future__ import annotations

import ast
import bz2
import csv
import gzip
import io
import os
import resource
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
import openpyxl
import pyarrow
import pyarrow.parquet
import pytest

from costmodel.assumptions import csv_tables
from costmodel.assumptions.catalog import load_assumptions
from costmodel.errors import InputError
from costmodel.reporting.tables import no_formula
from costmodel.simulation import payment_rows
from costmodel.simulation.reference import Reference
from tests.fuzz.corpus import OFFERS, PAYMENTS, REFERENCE, SMALL, SMALL_STRIPE
from tests.guarded import Cli
from tests.offers import as_json
from tests.test_house import Sources, package_sources

FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__", "breakpoint", "input"}
FORBIDDEN_MODULES = {
    "pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "ctypes", "code", "codeop", "pty", "pdb",
    "socket", "ssl", "http", "urllib", "ftplib", "smtplib", "telnetlib", "xmlrpc", "requests", "httpx", "aiohttp",
    "subprocess", "yaml", "importlib", "runpy", "webbrowser",
}  # fmt: skip
FORBIDDEN_ATTRIBUTES = {
    "system", "popen", "execv", "execve", "execvp", "fork", "spawnl", "spawnv", "posix_spawn", "startfile",
    "read_pickle", "to_pickle", "allow_pickle", "load_module", "exec_module", "literal_eval", "enable_load_extension",
}  # fmt: skip
MAY: dict[str, set[str]] = {  # by module: what it may, and why
    "costmodel": {"importlib"},                         # the public names, from a table in the module itself
    "costmodel.analysis.baselines": {"subprocess"},     # `git show REF:FILE`, a list of words without a shell
}  # fmt: skip


def names_used(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            yield module if module == "importlib.resources" else module.split(".")[0]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield f"{node.func.id}()"
        elif isinstance(node, ast.Attribute):
            yield f".{node.attr}"
        elif isinstance(node, ast.keyword) and node.arg == "shell":
            yield "shell="
        elif isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            yield ".allow_pickle"


def dangers(sources: Sources) -> list[str]:
    """What a module uses that it must not."""
    found = []
    for module, source in sources.items():
        for name in names_used(ast.parse(source)):
            bad = (
                name in FORBIDDEN_MODULES
                or name == "shell="
                or (name.endswith("()") and name[:-2] in FORBIDDEN_CALLS)
                or (name.startswith(".") and name[1:] in FORBIDDEN_ATTRIBUTES)
            )
            if bad and name not in MAY.get(module, set()):
                found.append(f"{module}: {name}")
    return sorted(set(found))


def test_nothing_runs_code_starts_programs_or_reaches_the_network() -> None:
    assert dangers(package_sources()) == []


@pytest.mark.parametrize(
    "planted",
    ["import pickle", "from urllib.request import urlopen", "eval('1')", "def f():\n exec('x')", "import os\nos.system('x')",
     "import numpy as np\nnp.load('x', allow_pickle=True)", "f(shell=True)", "import pandas as pd\npd.read_pickle('x')",
     "import subprocess", "__import__('os')", "import yaml"],
)  # fmt: skip
def test_a_planted_danger_is_found(planted: str) -> None:
    assert len(dangers({"costmodel.x": planted})) >= 1


# --- names of files --------------------------------------------------------------------------------------------------


ELSEWHERE = ["../../etc/passwd", "/etc/passwd", "/dev/zero", "../secret", "a/../../b", "..", "~/.ssh/id_rsa", "C:\\x"]


@pytest.mark.parametrize("name", ELSEWHERE)
@pytest.mark.parametrize(("kind", "key"), [("scenarios", "base"), ("pipelines", "base"), ("scenarios", "pipeline")])
def test_a_file_names_no_file_that_is_no_data(tmp_path: Path, name: str, kind: str, key: str) -> None:
    """A scenario or pipeline of a stranger, with the path of something else where a name stands."""
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "pipelines").mkdir()
    given = name.replace("\\", "\\\\")
    own = (
        'title = "t"\nbase = "seed_aws"\npipeline = "p"\n'
        if kind == "pipelines"
        else f'title = "t"\n{key} = "{given}"\n'
    )
    (tmp_path / "scenarios/own.toml").write_text(own, encoding="utf-8")
    (tmp_path / "pipelines/p.toml").write_text(f'name = "p"\nbase = "{given}"\n', encoding="utf-8")
    with pytest.raises(InputError) as refused:
        load_assumptions("own", data=tmp_path)
    assert key in {problem.key for problem in refused.value.problems}
    assert "root:" not in str(refused.value)


def test_a_price_list_is_written_into_no_other_folder(cli_here: Cli) -> None:
    """The names of the files come from the map of products: a service that the catalog has, or none."""
    Path("mine/offers").mkdir(parents=True)
    Path("mine/offers/aws.toml").write_text(
        '[[product]]\nservice_code = "AWSLambda"\nmeter = "../../evil.requests"\nusage_type = "Request"\n',
        encoding="utf-8",
    )
    Path("index.json").write_text(as_json(OFFERS), encoding="utf-8")
    code, _, err = cli_here("prices", "import", "index.json", "--write", "mine", "--data", "mine")
    assert code == 2, err
    assert not list(Path.cwd().parent.rglob("evil*"))


def test_a_revision_is_a_word_for_git_and_never_an_option(cli_here: Cli) -> None:
    Path("kept.json").write_text("{}", encoding="utf-8")
    for revision in ("--output=stolen", "-h", "; touch stolen", "$(touch stolen)"):
        code, _, err = cli_here("diff", "kept.json", f"--base-ref={revision}", *REFERENCE)
        assert code == 2, err
    assert not Path("stolen").exists()


# --- what a reader would act on --------------------------------------------------------------------------------------

EVIL = '=HYPERLINK(\\"http://x\\")<script>alert(1)</script><img src=x onerror=alert(1)>'
SERVICE = f"""name = "{EVIL}"
[[meter.keys.price]]
from = 2026-01-01
regions = ["us-west-2", "us-east-1"]
per = 1
tiers = [{{ above = 0, usd = "1.20" }}]
source = "=cmd|' /C calc'!A0 <img src=x onerror=alert(1)>"
read = 2026-11-01
basis = "published"
note = "@SUM(1+1)"
"""


@pytest.fixture
def evil(cli_here: Cli) -> Cli:
    """A service and a scenario whose words are formulas and HTML."""
    Path("mine/services").mkdir(parents=True)
    Path("mine/services/kms.toml").write_text(SERVICE, encoding="utf-8")
    Path("small.toml").write_text(SMALL.replace("A small month", EVIL), encoding="utf-8")
    Path("mine/scenarios").mkdir()
    Path("mine/scenarios/hourly_10k_day.toml").write_text('[workload]\ndays = "0.01"\n', encoding="utf-8")
    Path("usage.csv").write_text("service,meter,quantity\nkms,keys,5\n", encoding="utf-8")
    return lambda *words: cli_here(*words, "--data", "mine")


@pytest.mark.parametrize(
    "words", [("prices", "--format", "csv"), ("bill", "usage.csv", "--format", "csv"),
              ("run", "small.toml", "--format", "csv", *REFERENCE)], ids=lambda words: words[0],
)  # fmt: skip
def test_no_cell_of_a_csv_is_a_formula(evil: Cli, words: tuple[str, ...]) -> None:
    code, out, err = evil(*words)
    assert code == 0, err
    cells = [cell for row in csv.reader(io.StringIO(out)) for cell in row]
    assert [cell for cell in cells if no_formula(cell) != cell] == []
    assert words[0] == "run" or any(cell.startswith("'=cmd|") for cell in cells)


@pytest.mark.parametrize(
    ("text", "shown"),
    [("=1+1", "'=1+1"), ("@x", "'@x"), ("+a", "'+a"), ("-a", "'-a"), ("\tx", "'\tx"), ("-5", "-5"), ("+5.5e-3", "+5.5e-3"),
     ("-5-5", "'-5-5"), ("-.5", "-.5"), ("5", "5"), ("", ""), ("a=b", "a=b"), ("-1,000", "'-1,000")],
)  # fmt: skip
def test_what_a_spreadsheet_would_compute(text: str, shown: str) -> None:
    assert no_formula(text) == shown


def test_no_workbook_holds_a_formula_that_a_file_gave(evil: Cli) -> None:
    assert evil("prices", "--xlsx", "prices.xlsx", "--out", "list.txt")[0] == 0
    assert evil("report", "small.toml", "--xlsx", "month.xlsx", *REFERENCE)[0] == 0
    texts = []
    for name in ("prices.xlsx", "month.xlsx"):
        for sheet in openpyxl.load_workbook(name):
            for row in sheet.iter_rows():
                for cell in row:
                    if "calc'!A0" in str(cell.value) or "HYPERLINK" in str(cell.value):
                        texts.append(cell.data_type)
    assert texts
    assert set(texts) == {"s"}


def test_no_page_holds_markup_that_a_file_gave(evil: Cli) -> None:
    assert (
        evil("report", "small.toml", "--html", "r.html", "--markdown", "r.md", "--focus", "f.csv", *REFERENCE)[0] == 0
    )
    page = Path("r.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)" in page
    assert "<script" not in page
    assert "onerror=alert(1)>" not in page
    words = Path("r.md").read_text(encoding="utf-8")
    assert "\\<script>alert(1)" in words
    assert "<script" not in words.replace("\\<script", "")


# --- sizes -----------------------------------------------------------------------------------------------------------

LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (3 * 2**30,) * 2)
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
from costmodel.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


def bounded(folder: Path, *words: str) -> tuple[int, str, int]:
    """Exit code, standard error, and the most memory (MB) of a command of its own, with limits on memory and time."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, *words], cwd=folder, capture_output=True, text=True, check=False, timeout=200,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)},
    )  # fmt: skip
    return done.returncode, done.stderr, max(0, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss - before) // 1024


def bomb(path: Path, head: bytes, part: bytes, parts: int) -> None:
    """Compressed a thousandfold and more."""
    with gzip.open(path, "wb", compresslevel=9) as stream:
        stream.write(head)
        for _ in range(parts):
            stream.write(part)


BOMBS = [
    ("zeros", b"", b"\x00" * 2**20, "zero byte"),
    ("one line", b"amount,created\n", b"1" * 2**20, ""),
    ("empty lines", b"amount,created\n1,2026-11-02\n", b"\n" * 2**20, None),
    ("a quote that is not closed", b'amount,created\n"', b"a\n" * 2**19, ""),
]


@pytest.mark.parametrize(("what", "head", "part", "says"), BOMBS, ids=[each[0] for each in BOMBS])
def test_a_compressed_file_does_not_fill_memory(
    tmp_path: Path, what: str, head: bytes, part: bytes, says: str | None
) -> None:
    """64 MB of it in some ten kilobytes."""
    (tmp_path / "small.toml").write_text(SMALL_STRIPE, encoding="utf-8")
    bomb(tmp_path / "p.csv.gz", head, part, 64)
    code, err, _ = bounded(tmp_path, "run", "small.toml", "--payments", "p.csv.gz", *REFERENCE)
    assert "internal error" not in err
    assert "Traceback" not in err
    if says is None:
        assert code == 0, err
    else:
        assert (code, "p.csv.gz" in err) == (2, True), err
        assert says in err


def opened(path: Path) -> IO[bytes]:
    """A file to write compressed text into, by its name."""
    if path.suffix == ".zst":
        stream: IO[bytes] = pyarrow.CompressedOutputStream(str(path), "zstd")
        return stream
    return bz2.open(path, "wb")


@pytest.mark.parametrize("name", ["p.csv.bz2", "p.csv.zst"])
def test_what_is_compressed_in_another_way_does_not_either(cli_here: Cli, name: str) -> None:
    with opened(Path(name)) as stream:
        for _ in range(16):
            stream.write(b"\x00" * 2**20)
    code, out, err = cli_here("run", "small.toml", "--payments", name, *REFERENCE)
    assert (code, out) == (2, "")
    assert f"{name}:1: holds a zero byte" in err


@pytest.mark.parametrize("as_written", ["dictionary", "text"])
def test_a_value_of_a_parquet_file_that_stands_in_millions_of_rows(tmp_path: Path, as_written: str) -> None:
    """Ten kilobytes that would be two terabytes of text: a million digits once, and two million rows that hold them."""
    (tmp_path / "small.toml").write_text(SMALL_STRIPE, encoding="utf-8")
    rows = pyarrow.array(np.zeros(2 * 10**6, np.int32))
    amount = pyarrow.DictionaryArray.from_arrays(rows, pyarrow.array(["1" * 2**20]))
    created = pyarrow.DictionaryArray.from_arrays(rows, pyarrow.array(["2026-11-02"]))
    table = pyarrow.table({"amount": amount, "created": created})
    if as_written == "text":  # what Spark and others write: the schema does not say that it is coded
        table = table.replace_schema_metadata(None)
    pyarrow.parquet.write_table(table, tmp_path / "p.parquet", compression="zstd", write_statistics=False,
                                store_schema=as_written == "dictionary")  # fmt: skip
    assert (tmp_path / "p.parquet").stat().st_size < 10**4
    code, err, _ = bounded(tmp_path, "run", "small.toml", "--payments", "p.parquet", *REFERENCE)
    assert (code, "Traceback" in err) == (2, False)
    assert "p.parquet: a cell of the column `amount` has 1,048,576 bytes" in err


def test_rows_for_which_there_is_no_room(cli_here: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is refused as it is read, not when memory is full."""
    monkeypatch.setattr(payment_rows, "free_bytes", lambda: 2**28 + 144 * 1000)
    Path("p.csv").write_text("amount,created\n" + "2.00,2026-11-03\n" * 1001, encoding="utf-8")
    code, out, err = cli_here("run", "small.toml", "--payments", "p.csv", *REFERENCE)
    assert (code, out) == (2, "")
    assert "p.csv: 1,001 rows, and more, do not fit into the 0.3 GB of memory that are free" in err
    Path("p.csv").write_text("amount,created\n" + "2.00,2026-11-03\n" * 1000, encoding="utf-8")
    assert cli_here("run", "small.toml", "--payments", "p.csv", *REFERENCE)[0] == 0


def test_rows_of_another_width_without_end(cli_here: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is kept for the account of the file; thousands of megabytes of them are not."""
    monkeypatch.setattr(csv_tables, "MOST_MISFITS", 1000)
    Path("p.csv").write_text("amount,created\n1.00,2026-11-02\n" + "1\n" * 1001, encoding="utf-8")
    code, out, err = cli_here("run", "small.toml", "--payments", "p.csv", *REFERENCE)
    assert (code, out) == (2, "")
    assert "p.csv:3: more than 1,000 rows have another number of columns than the header" in err


def test_no_memory_at_all_is_said_in_words(cli_here: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Reference, "run", full)
    assert cli_here("run", "small.toml", *REFERENCE) == (
        2, "", "there is not enough memory for this\nMeasure a shorter time (workload.days), or give a smaller file.\n"
    )  # fmt: skip


@pytest.mark.parametrize("name", ["p.zip", "p.xlsx", "p.csv"])
def test_an_archive_is_no_table(cli_here: Cli, name: str) -> None:
    """Neither is unpacked: nothing here reads archives or workbooks."""
    with zipfile.ZipFile(name, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("p.csv", PAYMENTS)
        archive.writestr("../evil.csv", "x")
        archive.writestr("zeros", bytes(2**24))
    code, _, err = cli_here("run", "small.toml", "--payments", name, *REFERENCE)
    assert code == 2
    assert f"{name}:1: not UTF-8 text" in err or f"{name}:1: holds a zero byte" in err
    assert not list(Path.cwd().parent.rglob("evil*"))


HUGE = [
    ("digits", "usage.csv", f"service,meter,quantity\nkms,keys,{'9' * 10**6}\n", ("bill", "usage.csv")),
    ("digits in TOML", "usage.toml", f'[[usage]]\nservice = "kms"\nmeter = "keys"\nquantity = {"9" * 10**6}\n', ("bill", "usage.toml")),
    ("digits in JSON", "usage.json", f'[{{"service": "kms", "meter": "keys", "quantity": {"9" * 10**6}}}]', ("bill", "usage.json")),
    ("an exponent", "usage.csv", "service,meter,quantity\nkms,keys,1e999999999\n", ("bill", "usage.csv")),
    ("a small exponent", "usage.csv", "service,meter,quantity\nkms,keys,1e-999999999\n", ("bill", "usage.csv")),
    ("an amount", "p.csv", "amount,created\n1e999999999,2026-11-02\n2,2026-11-03\n", ("run", "small.toml", "--payments", "p.csv", "--strict", *REFERENCE)),
    ("a cell", "usage.csv", f"service,meter,quantity\nkms,keys,{'x' * 10**7}\n", ("bill", "usage.csv")),
    ("a scenario's payments", "own.toml", SMALL.replace("= 60", "= 900_000_000_000"), ("run", "own.toml", *REFERENCE)),
    ("a scenario's days", "own.toml", SMALL.replace("days = 1", "days = 1e300"), ("run", "own.toml", *REFERENCE)),
    ("replications", "own.toml", SMALL.replace("replications = 1", f"replications = {'9' * 400}"), ("run", "own.toml", *REFERENCE)),
    ("lists in JSON", "usage.json", "[" * 10**6, ("bill", "usage.json")),
    ("lists in a baseline", "kept.json", '{"kind": "costmodel baseline", "a": ' + "[" * 10**6, ("validate", "kept.json")),
    ("lists in a price list", "index.json", '{"products": ' + "[" * 10**6, ("prices", "import", "index.json")),
    ("a large file", "own.toml", f'title = "{"x" * 5 * 2**20}"\n', ("validate", "own.toml")),
]  # fmt: skip


@pytest.mark.parametrize(("what", "name", "text", "words"), HUGE, ids=[each[0] for each in HUGE])
def test_what_is_absurdly_large_is_refused_at_once(
    cli_here: Cli, what: str, name: str, text: str, words: tuple[str, ...]
) -> None:
    Path(name).write_text(text, encoding="utf-8")
    code, out, err = cli_here(*words)
    assert (code, out) == (2, ""), (what, err[:300])
    assert name in err
    assert len(err) < 5000


def test_the_same_files_are_read_when_nothing_is_wrong_with_them(cli_here: Cli) -> None:
    """So that none of the above is refused for another reason."""
    Path("p.csv").write_text(PAYMENTS, encoding="utf-8")
    assert cli_here("run", "small.toml", "--payments", "p.csv", *REFERENCE)[0] == 0
