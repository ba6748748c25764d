"""The command line: what each command answers, in which format, with which exit code, and what it leaves behind.

Exit codes and JSON keys are the published contract of the command line. Prices expected of `bill` are those of AWS's
own pages. Most cases call `main` in this process; a few start the command, where only a process shows the behaviour.
"""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import random
import re
import signal
import stat
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from costmodel.cli.main import main
from costmodel.reporting.progress import progress
from costmodel.reporting.tables import Table, as_markdown, as_text, escaped
from costmodel.reporting.terminal import show

ROOT = Path(__file__).resolve().parent.parent
TAXI = ROOT / "tests" / "samples" / "nyc_taxi_2019-03.csv"
ONCE = ("--set", "replications=1")
COMMAND = [sys.executable, "-m", "costmodel"]
Answer = tuple[int, str, str]
Cli = Callable[..., Answer]


def started(*words: object, **more: object) -> subprocess.Popen[bytes]:
    pipe = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen([*COMMAND, *map(str, words)], cwd=ROOT, **(pipe | more))  # type: ignore[call-overload,no-any-return]


def shipped_prices() -> Iterator[dict[str, Any]]:
    """Every price entry of every shipped service, as its file has it."""
    for path in (ROOT / "data" / "services").glob("*.toml"):
        for meter in tomllib.loads(path.read_text(encoding="utf-8")).get("meter", {}).values():
            yield from meter["price"]


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["version"]["path"]
    assert (ended.value.code, version) == (0, "costmodel/__init__.py")
    assert re.fullmatch(r"costmodel [0-9]+\.[0-9]+\.[0-9]+\n", capsys.readouterr().out)


@pytest.fixture
def usage(tmp_path: Path) -> Path:
    """Two customer keys and a million Lambda requests beyond the free one."""
    path = tmp_path / "usage.csv"
    path.write_text("service,meter,quantity\nkms,keys,2\nlambda,requests,2000000\n")
    return path


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    """A folder of the user's own data: a contract price for KMS keys, and nothing else."""
    folder = tmp_path / "ours"
    (folder / "services").mkdir(parents=True)
    (folder / "services" / "kms.toml").write_text(
        "[[meter.keys.price]]\n"
        "from = 2026-01-01\n"
        'regions = ["us-west-2", "us-east-1"]\n'
        'tiers = [{ above = 0, usd = "0.80" }]\n'
        'source = "our contract"\n'
        "read = 2026-11-01\n"
        'basis = "measured"\n'
    )
    return folder


# --- what is refused, and how -------------------------------------------------------------------------------

REFUSED = [
    # words, what the message names, what it says to do
    ([], "COMMAND", "required"),
    (["swep"], "swep", "choose from"),
    (["run"], "S", "required"),
    (["compare", "seed_stripe", "seed_aws"], "--perimeter", "required"),
    (["run", "seed_aws", "--seed", "x"], "--seed", "int"),
    (["run", "seed_aws", "--on", "2026-13-01"], "2026-13-01", "write YYYY-MM-DD"),
    (["bill", "u.csv", "--on", "yesterday"], "yesterday", "write YYYY-MM-DD"),
    (["run", "seed_aws", "--format", "xml"], "--format", "choose from"),
    (["run", "seed_aws", "--format", "junit"], "--format junit", "choose table, json, csv, markdown"),
    (["check", "--format", "sarif"], "--format sarif", "validate has it"),
    (["run", "sed_aws"], "sed_aws", "did you mean `seed_aws`"),
    (["run", "no/such.toml"], "no/such.toml", "check the path"),
    (["run", "seed_aws", "--set", "workload.payments"], "not PATH=VALUE", "write e.g."),
    (["run", "seed_aws", "--set", "workload.paymentz_per_month=5"], "paymentz_per_month", "remove it; did you mean"),
    (["run", "seed_aws", "--set", "workload.payments_per_month=0"], "payments_per_month", "correct the value"),
    (["run", "seed_aws", "--set", "workload.payments_per_month=-5"], "payments_per_month", "correct the value"),
    (["run", "seed_aws", "--seed", "-1"], "seed", "correct the value"),
    (["run", "seed_aws", "--on", "1999-01-01", *ONCE], "no price on 1999-01-01", "use a later date"),
    (["run", "seed_aws", "--map", "amount=total"], "--map", "--payments FILE"),
    (["run", "seed_aws", "--strict"], "--strict", "--payments FILE"),
    (["run", "seed_aws", "--payments", "none.csv"], "none.csv", "check the path"),
    (["run", "seed_aws", "--payments", "none.csv", "--map", "amount"], "--map amount", "--map amount=total"),
    (["run", "seed_aws", "--data", "no/such"], "no/such", "name one that holds"),
    (["prices", "--data", "no/such"], "no/such", "name one that holds"),
    (["bill", "none.csv"], "none.csv", "check the path"),
    (["bill", "none.csv", "--out", "no/such/bill.csv"], "no/such", "choose another place"),
    (["compare", "seed_stripe", "seed_aws", "--perimeter", "same_rial"], "same_rial", "did you mean"),
    (["check", "--claims", "sed"], "sed", "did you mean `seed`"),
    (["check", "--scenario", "sed_aws"], "sed_aws", "did you mean"),
    (["validate", "none.toml"], "none.toml", "check the path"),
    (["validate", "."], ".", "name one file"),
]


@pytest.mark.parametrize(("words", "names", "remedy"), REFUSED, ids=[" ".join(case[0])[:60] for case in REFUSED])
def test_bad_input_exits_2_names_it_and_says_what_to_do(cli: Cli, words: list[str], names: str, remedy: str) -> None:
    code, out, err = cli(*words)
    assert (code, out) == (2, "")
    assert names in err
    assert remedy in err


def test_every_problem_has_its_own_line_and_they_are_counted(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "usage.csv"
    file.write_text("service,meter,quantity\nkms,keys,-1\nkms,keys,many\nkms,keys,3\n")
    code, out, err = cli("bill", file, "--format", "json")
    assert (code, out) == (2, "")
    first, second, last = err.splitlines()
    assert first.startswith(f"{file}:2: quantity: ")
    assert second.startswith(f"{file}:3: quantity: ")
    assert last == "2 errors; nothing was run or written."


def test_usage_without_a_price_is_an_error_not_zero(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "usage.csv"
    file.write_text("service,meter,quantity\nkms,keyz,1\n")
    code, out, err = cli("bill", file)
    assert (code, out) == (2, "")
    assert f"{file}:2: kms.keyz: " in err
    assert "`keys`" in err


# --- bill -----------------------------------------------------------------------------------------------------

BILLED = [
    # options, total: keys at $1 a month each; Lambda at $0.20 a million, the first million free (AWS's pages)
    ([], "2.2"),
    (["--no-free-tier"], "2.4"),
    (["--region", "us-east-1"], "2.2"),
    (["--on", "2026-11-23"], "2.2"),
]


@pytest.mark.parametrize(("options", "total"), BILLED)
def test_bill(cli: Cli, usage: Path, options: list[str], total: str) -> None:
    code, out, _ = cli("bill", usage, "--format", "json", *options)
    found = json.loads(out)
    assert code == 0
    assert set(found) == {"schema_version", "bill", "provenance"}
    assert found["bill"]["total_usd"] == total
    line = found["bill"]["lines"][0]
    assert {"service", "meter", "quantity", "unit", "unit_price_usd", "cost_usd", "basis"} <= set(line)
    assert Decimal(line["quantity"]) * Decimal(line["unit_price_usd"]) == Decimal(line["cost_usd"])


def test_bill_says_which_day_s_and_region_s_prices_it_took(cli: Cli, usage: Path) -> None:
    newest = max(price["read"] for price in shipped_prices())
    assert f"prices of {newest}, us-west-2" in cli("bill", usage)[1]


def test_bill_shows_quantity_times_price(cli: Cli, usage: Path) -> None:
    _, out, _ = cli("bill", usage)
    assert re.search(r"^  kms\.keys +2 +key-month +× +1 += +2\.0000$", out, re.MULTILINE)
    assert re.search(r"^  lambda\.requests \(free\) +1,000,000 +request +× +0 += +0\.0000$", out, re.MULTILINE)
    assert re.search(r"^  lambda\.requests +1,000,000 +request +× +0\.0000002 += +0\.2000$", out, re.MULTILINE)
    assert re.search(r"^  total +2\.20$", out, re.MULTILINE)


def test_bill_as_csv_has_the_lines_with_their_sources(cli: Cli, usage: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(cli("bill", usage, "--format", "csv")[1])))
    assert [(row["service"], row["tier"], row["cost_usd"]) for row in rows] == [
        ("kms", "all", "2"),
        ("lambda", "free", "0"),
        ("lambda", "all", "0.2"),
    ]
    assert all(row["source"] and row["price_from"] for row in rows)


def test_data_folder_is_laid_over_and_named(cli: Cli, usage: Path, overlay: Path) -> None:
    _, out, _ = cli("bill", usage, "--data", overlay, "--format", "json")
    found = json.loads(out)
    assert found["bill"]["total_usd"] == "1.8"
    assert [key for key in found["provenance"]["overridden"] if key.startswith("services.kms.meter.keys.price")]
    assert "overridden: services.kms.meter.keys.price" in cli("bill", usage, "--data", overlay)[1]
    assert "overridden: services.kms.meter.keys.price" in cli("prices", "--data", overlay)[1]


DATED = [
    # DynamoDB's on-demand writes cost $1.25 a million until 2024-11-01, and half of that since (AWS's announcement)
    ("2024-10-31", "0.00000125"),
    ("2024-11-01", "0.000000625"),
]


@pytest.mark.parametrize(("on", "price"), DATED)
def test_prices_are_those_of_the_date(cli: Cli, tmp_path: Path, on: str, price: str) -> None:
    file = tmp_path / "usage.csv"
    file.write_text("service,meter,quantity\ndynamodb,write_request_units,1000000\n")
    bill = json.loads(cli("bill", file, "--on", on, "--format", "json")[1])["bill"]
    assert (bill["on"], bill["lines"][-1]["unit_price_usd"]) == (on, price)


# --- prices ---------------------------------------------------------------------------------------------------


def test_price_book_has_every_price_of_every_file(cli: Cli) -> None:
    expected = sum(max(1, len(price.get("tiers", []))) for price in shipped_prices())
    rows = list(csv.DictReader(io.StringIO(cli("prices", "list", "--format", "csv")[1])))
    assert len(rows) == expected
    needed = ("service", "meter", "unit", "from", "plan", "per", "basis", "read", "source")
    assert all(row[key] for row in rows for key in needed)
    assert all(row["usd"] or row["percent"] or row["fixed_usd"] for row in rows)
    found = json.loads(cli("prices", "--format", "json")[1])
    assert set(found) == {"schema_version", "prices", "provenance"}
    assert len(found["prices"]) == expected


def test_price_book_for_people(cli: Cli) -> None:
    _, out, _ = cli("prices")
    assert re.search(
        r"^  requests_symmetric +[0-9-]{10} +\$0\.03 per 10,000 request +20,000 +published", out, re.MULTILINE
    )
    assert "at least $0.01, at most $5.00 per payment" in out  # ACH Direct Debit, never cut
    assert "closed to new customers since 2025-11-07" in out
    assert cli("prices", "--format", "markdown")[1].startswith("| service | meter | unit | from |")


# --- run ------------------------------------------------------------------------------------------------------

RUN_KEYS = {
    "schema_version", "payments", "throughput", "latency_ms", "settlement_days", "availability", "functions", "usage",
    "bill", "intervals", "events_per_payment", "provenance",
}  # fmt: skip
INSIDE = {
    "throughput": {"offered_per_hour", "completed_per_hour"},
    "latency_ms": {"mean", "p50", "p95", "p99", "max"},
    "settlement_days": {"p50", "p95"},
    "availability": {"time", "requests"},
    "provenance": {"package", "data_sha256", "overridden", "seed", "engine"},
}


@pytest.fixture(scope="module")
def month() -> dict[str, Any]:
    """The document's month, once, as JSON."""
    process = started("run", "seed_aws", *ONCE, "--format", "json")
    out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, b"")  # no progress where there is no terminal
    answer: dict[str, Any] = json.loads(out)
    return answer


def test_run_answers_with_the_contract_s_keys(month: dict[str, Any]) -> None:
    assert set(month) >= RUN_KEYS
    for key, keys in INSIDE.items():
        assert set(month[key]) >= keys
    assert month["payments"] == 500
    assert month["provenance"]["overridden"] == ["--set replications=1"]
    assert all(
        {"invocations", "cold_starts", "throttles", "retries", "timeouts", "billed_ms", "peak_concurrency"} <= set(one)
        for one in month["functions"].values()
    )


def test_bill_of_a_run_sums_to_its_total(month: dict[str, Any]) -> None:
    bill = month["bill"]
    assert sum(Decimal(line["cost_usd"]) for line in bill["lines"]) == Decimal(bill["total_usd"])


def test_usage_of_a_run_priced_by_bill_costs_the_same(cli: Cli, month: dict[str, Any], tmp_path: Path) -> None:
    """The metered lines, each taken back from the run's bill as a usage file."""
    bill = month["bill"]
    usage: dict[tuple[str, str, str], Decimal] = {}
    for line in bill["lines"]:
        key = (line["service"], line["meter"], line["region"])
        usage[key] = usage.get(key, Decimal(0)) + Decimal(line["quantity"])
    file = tmp_path / "usage.csv"
    rows = [f"{service},{meter},{quantity:f},{region}\n" for (service, meter, region), quantity in usage.items()]
    file.write_text("service,meter,quantity,region\n" + "".join(rows))
    _, out, _ = cli("bill", file, "--on", bill["on"], "--format", "json")
    assert json.loads(out)["bill"]["total_usd"] == bill["total_usd"]


def test_run_for_people_fits_a_terminal_and_cuts_nothing(cli: Cli) -> None:
    code, out, err = cli("run", "seed_aws", "--set", "replications=2", "--seed", "7")
    assert (code, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 100
    for said in (
        "500 payments measured", "p95", "±", "Settlement", "Availability", "Functions", "cold", "Nearest limits",
        "fraud_detector.hosting_hours", "total", "nobody published or measured", "seed 7, 2 replications",
        "closed to new customers since 2025-11-07", "prices of 2026-11-23", "overridden: --set replications=2",
    ):  # fmt: skip
        assert said in out
    assert re.search(r"\d+ more functions? that no payment of this month touches", out)
    assert not re.search(r"[\x1b\u2500-\u257f…]", out)  # neither colour nor frames nor anything cut


@pytest.mark.parametrize(
    ("form", "begins"), [("csv", "service,meter,quantity,unit,unit_price_usd,cost_usd,basis"), ("markdown", "# seed")]
)
def test_run_in_other_formats(cli: Cli, form: str, begins: str) -> None:
    code, out, _ = cli("run", "seed_aws", *ONCE, "--format", form)
    assert code == 0
    assert out.startswith(begins)


def test_same_words_same_answer(cli: Cli, month: dict[str, Any]) -> None:
    assert json.loads(cli("run", "seed_aws", *ONCE, "--format", "json")[1]) == month


# --- check, compare, a file of payments -----------------------------------------------------------------------

CHECK_KEYS = {"schema_version", "claims", "perimeters", "options", "provenance"}
CLAIM_KEYS = {
    "id", "quote", "stated", "recomputed", "interval", "verdict", "pinned", "contradicts", "verdict_by_perimeter",
    "holds_when", "probability",
}  # fmt: skip


@pytest.fixture
def wrong_pin(tmp_path: Path) -> Path:
    """The shipped claims, the first pin turned round."""
    text = (ROOT / "data" / "claims" / "seed.toml").read_text(encoding="utf-8")
    file = tmp_path / "claims.toml"
    file.write_text(text.replace('pinned = { document = "holds"', 'pinned = { document = "fails"', 1), encoding="utf-8")
    return file


@pytest.mark.parametrize(("options", "code"), [(["--pinned"], 4), ([], 0)])
def test_check_exits_4_only_where_pins_bind(cli: Cli, wrong_pin: Path, options: list[str], code: int) -> None:
    """With --set the scenario is not the pinned one: the verdicts are shown, and bind only with --pinned."""
    found, out, err = cli("check", "--claims", wrong_pin, *ONCE, "--format", "json", *options)
    assert (found, err) == (code, "")
    answer = json.loads(out)
    assert set(answer) >= CHECK_KEYS
    assert len(answer["claims"]) >= 30
    assert all(set(claim) >= CLAIM_KEYS for claim in answer["claims"])


def test_compare(cli: Cli) -> None:
    """The document column of the same rail with both legs: 1,200 against 525, 56.25 % less."""
    words = ("compare", "seed_stripe", "seed_aws", "--perimeter", "same_rail", *ONCE)
    code, out, _ = cli(*words, "--format", "json")
    answer = json.loads(out)
    assert code == 0
    assert Decimal(answer["document_percent"]).quantize(Decimal("0.01")) == Decimal("56.25")
    assert answer["replaced"]
    assert sum(Decimal(line["cost_usd"]) for line in answer["lines"]) == Decimal(answer["before_usd"]) + Decimal(
        answer["after_usd"]
    )


def test_a_file_of_payments_is_counted_with_its_faulty_rows(cli: Cli) -> None:
    """4,577 card rows, 1,812 in cash, 44 without a method, counted in the file."""
    words = ("run", "seed_stripe", "--payments", TAXI, "--map", "amount=amount_usd,method=payment", *ONCE)
    with TAXI.open(encoding="utf-8") as stream:
        paid = [row["payment"] for row in csv.DictReader(stream)]
    code, out, _ = cli(*words)
    assert code == 0
    assert f"{paid.count('credit card'):,} rows used" in out
    assert f"{paid.count('cash'):,} paid in cash (line 2, 6, 13 …)" in out
    code, out, err = cli(*words, "--strict")
    assert (code, out) == (2, "")
    assert "leave out --strict" in err


# --- validate -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "file", sorted((ROOT / "data").glob("*/*.toml")), ids=lambda file: f"{file.parent.name}/{file.stem}"
)
def test_every_shipped_file_is_valid(cli: Cli, file: Path) -> None:
    nouns = {"services": "service", "pipelines": "pipeline", "scenarios": "scenario", "policies": "policy"}
    kind = nouns.get(file.parent.name, f"{file.parent.name} file")
    assert cli("validate", file) == (0, f"{file}: a valid {kind}\n", "")


def test_kind_of_a_file_elsewhere_is_known_by_its_keys(cli: Cli, tmp_path: Path, usage: Path) -> None:
    for name, kind in (
        ("scenarios/seed_aws", "scenario"),
        ("services/kms", "service"),
        ("pipelines/stripe", "pipeline"),
    ):
        copy = tmp_path / "copy.toml"
        copy.write_bytes((ROOT / "data" / f"{name}.toml").read_bytes())
        assert cli("validate", copy)[1] == f"{copy}: a valid {kind}\n"
    assert json.loads(cli("validate", usage, "--format", "json")[1])["kind"] == "usage"


def test_a_file_to_be_laid_over_is_checked_as_it_will_be_used(cli: Cli, overlay: Path) -> None:
    file = overlay / "services" / "kms.toml"
    assert cli("validate", file)[0] == 0
    file.write_text(file.read_text().replace("regions", "regoins"))
    code, _, err = cli("validate", file)
    assert code == 2
    assert f"{file}:3: " in err
    assert "did you mean `regions`" in err


BROKEN = [
    # folder/file, what is replaced by what, what the message names
    ("scenarios/seed_aws", 'pipeline = "aws_native"', 'pipeline = "aws_nativ"', "`aws_nativ`"),
    ("scenarios/seed_aws", "payments_per_month = 500", "payments_per_month = 0", "payments_per_month"),
    ("scenarios/seed_aws", "seed = 1", "sead = 1", "did you mean `seed`"),
    ("scenarios/seed_aws", "p50 = 5, p90 = 20", "p50 = 50, p90 = 20", "must not decrease"),
    ("scenarios/seed_stripe_ach", 'base = "seed_stripe"', 'base = "seed_strip"', "`seed_strip`"),
    ("services/kms", 'unit = "key-month"', "", "unit"),
    ("pipelines/stripe", 'call = "stripe.charge"', 'call = "stripe.charg"', "`charg`"),
]


@pytest.mark.parametrize(("name", "old", "new", "named"), BROKEN, ids=lambda text: text[:30])
def test_a_broken_file_is_refused_with_its_name(
    cli: Cli, tmp_path: Path, name: str, old: str, new: str, named: str
) -> None:
    text = (ROOT / "data" / f"{name}.toml").read_text(encoding="utf-8")
    assert old in text
    file = tmp_path / "broken.toml"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    code, out, err = cli("validate", file)
    assert (code, out) == (2, "")
    assert named in err
    assert all("broken.toml" in line for line in err.splitlines()[:-1])


def test_a_fault_in_a_file_beneath_also_names_the_file_checked(cli: Cli, tmp_path: Path, overlay: Path) -> None:
    (overlay / "services" / "kms.toml").write_text("unknown = 1\n")
    file = tmp_path / "mine.toml"
    file.write_text('base = "seed_aws"\n')
    code, _, err = cli("validate", file, "--data", overlay)
    assert code == 2
    assert "kms.toml:1: unknown: " in err
    assert "(checking mine.toml)" in err


def damaged(source: bytes, rng: random.Random) -> bytes:
    """A file as accidents leave it: bytes changed, lost, repeated, cut off, or slipped in."""
    text = bytearray(source)
    for _ in range(rng.choice((1, 1, 2, 5))):
        at, how = rng.randrange(len(text)), rng.randrange(5)
        if how == 0:
            text[at] = rng.randrange(256)
        elif how == 1:
            del text[at : at + rng.randrange(1, 40)]
        elif how == 2:
            text[at:at] = rng.choice((b"-", b"nan", b"1e400", b"\0", b"[[", b'"', b"\n=x", b"9" * 30))
        elif how == 3:
            text = text[: max(1, at)]
        else:
            text += text[at : at + 80]
        text = text or bytearray(b" ")
    return bytes(text)


@pytest.mark.parametrize("name", ["scenarios/seed_aws", "services/kms", "pipelines/stripe", "claims/seed"])
def test_damaged_files_end_in_an_answer(cli: Cli, tmp_path: Path, name: str) -> None:
    source = (ROOT / "data" / f"{name}.toml").read_bytes()
    rng, file = random.Random(20261123), tmp_path / "damaged.toml"
    for _ in range(60):
        file.write_bytes(damaged(source, rng))
        code, out, err = cli("validate", file)
        assert code in (0, 2), err
        assert all("damaged.toml" in line for line in [*out.splitlines(), *err.splitlines()[:-1]])


# --- writing to a file ----------------------------------------------------------------------------------------


def test_out_writes_what_would_have_been_printed(cli: Cli, usage: Path, tmp_path: Path) -> None:
    printed = cli("bill", usage, "--format", "json")[1]
    target = tmp_path / "bill.json"
    assert cli("bill", usage, "--format", "json", "--out", target) == (0, "", "")
    assert target.read_text() == printed


def test_out_of_a_failing_command_leaves_everything_as_it_was(cli: Cli, tmp_path: Path) -> None:
    target = tmp_path / "kept.json"
    target.write_text("kept")
    assert cli("run", "seed_aws", "--set", "workload.payments_per_month=0", "--out", target)[0] == 2
    assert [path.name for path in tmp_path.iterdir()] == ["kept.json"]
    assert target.read_text() == "kept"


def test_out_to_a_full_disk_leaves_nothing(
    cli: Cli, usage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.replace", full)
    before = sorted(tmp_path.iterdir())
    code, _, err = cli("bill", usage, "--out", tmp_path / "bill.txt")
    assert code == 2
    assert "bill.txt: cannot be written" in err
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.skipif(os.name == "nt", reason="permissions and links of POSIX")
def test_out_keeps_permissions_follows_links_and_leaves_devices_alone(cli: Cli, usage: Path, tmp_path: Path) -> None:
    target, link = tmp_path / "bill.csv", tmp_path / "link.csv"
    target.write_text("old")
    target.chmod(0o640)
    link.symlink_to(target)
    assert cli("bill", usage, "--format", "csv", "--out", link)[0] == 0
    assert link.is_symlink()
    assert target.read_text().startswith("service,")
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert cli("bill", usage, "--out", os.devnull)[0] == 0
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


# --- the process ----------------------------------------------------------------------------------------------


def test_a_reader_that_leaves_early_is_no_error() -> None:
    process = started("prices", "--format", "json")
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(60) == 0
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_standard_output_is_said_once() -> None:
    with open("/dev/full", "wb") as full:
        process = started("prices", stdout=full)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert err.decode().splitlines()[0].startswith("standard output: cannot be written")
    assert b"Exception" not in err


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_interrupt_ends_with_one_line_and_no_file(tmp_path: Path) -> None:
    """Ten thousand payments an hour for a month take far longer than this waits."""
    ready = "import sys; from costmodel.cli.main import main; print(flush=True); sys.exit(main(sys.argv[1:]))"
    words = ["run", "hourly_10k", "--engine", "reference", "--out", str(tmp_path / "month.json")]
    process = subprocess.Popen(
        [sys.executable, "-c", ready, *words], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    try:
        for _ in range(20):  # a signal that meets a finaliser is lost, as it would be for a person, who presses again
            try:
                process.wait(3)
                break
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (process.returncode, err) == (130, b"interrupted; nothing was written\n")
    assert list(tmp_path.iterdir()) == []


def test_a_defect_is_one_line_and_a_traceback_only_on_request(
    cli: Cli, usage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr("costmodel.billing.usage.read_usage", broken)
    monkeypatch.delenv("COSTMODEL_DEBUG", raising=False)
    code, out, err = cli("bill", usage)
    assert (code, out) == (1, "")
    assert err.startswith("internal error: ZeroDivisionError: a defect\n")
    assert "Traceback" not in err
    monkeypatch.setenv("COSTMODEL_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        main(["bill", str(usage)])


@pytest.mark.parametrize(
    "words", [[], ["check"], ["run"], ["bill"], ["compare"], ["prices"], ["validate"]], ids=" ".join
)
def test_help(cli: Cli, words: list[str]) -> None:
    code, out, _ = cli(*words, "--help")
    assert code == 0
    assert f"usage: costmodel {' '.join(words)}".rstrip() in out


# --- what is shown --------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("settings", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)])
def test_colour_only_on_a_terminal_that_wants_it(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], coloured: bool
) -> None:
    for name, value in ({"TERM": "xterm", "NO_COLOR": ""} | settings).items():
        monkeypatch.setenv(name, value)
    text = "98 % is wrong.\n\n  98 %  fails  " + "x" * 200 + "\n"
    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    show(text)
    shown = screen.getvalue()
    assert ("\x1b" in shown) is coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", shown) == text  # whatever the width


def test_progress_is_shown_on_a_terminal_and_only_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr("costmodel.reporting.progress.time.monotonic", lambda: clock[0])
    monkeypatch.setenv("TERM", "xterm")
    for quiet, seconds, shown in ((False, 1.0, False), (False, 3.0, True), (True, 3.0, False)):
        screen = Terminal()
        monkeypatch.setattr(sys, "stderr", screen)
        with progress("a month", quiet) as watch:
            clock[0] += seconds
            if watch is not None:
                watch(0.5)
        assert ("a month" in screen.getvalue()) is shown


def test_no_progress_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with progress("a month", False) as watch:
        assert watch is None


TABLE = Table(("Bill", "cost", "note"), (("a|b", "1,234.50", ""), ("c", "0.5", "")), left=frozenset({2}))


def test_table_is_as_wide_as_its_cells() -> None:
    assert TABLE.without_empty_columns().lines() == [
        "Bill       cost",
        "  a|b  1,234.50",
        "  c         0.5",
    ]


def test_table_in_markdown_is_escaped_and_aligned() -> None:
    assert TABLE.markdown().splitlines() == [
        "| Bill | cost | note |",
        "| --- | --: | --- |",
        "| a\\|b | 1,234.50 |  |",
        "| c | 0.5 |  |",
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("aws_native", "aws_native"), ("_a_", r"\_a\_"), ("a*b", r"a\*b"), ("<b>", r"\<b>"), ("# 1", r"\# 1"),
        ("a\nb", "a b"), ("[x](y)", r"\[x](y)"), ("`x`", r"\`x\`"), ("a\\b", r"a\\b"),
    ],
)  # fmt: skip
def test_markdown_shows_text_as_it_is(text: str, shown: str) -> None:
    assert escaped(text) == shown


def test_page_wraps_lines_but_never_tables() -> None:
    sections: Sequence[list[str | Table]] = [["  " + "word " * 10], [], [TABLE]]
    assert as_text(sections, 20).splitlines()[:3] == ["  word word word", "    word word word", "    word word word"]
    assert "| a\\|b | 1,234.50 |  |" in as_markdown(sections)


def test_progress_in_a_notebook_is_one_line_that_is_written_over(capsys, monkeypatch):
    from costmodel.reporting import progress

    clock = iter([0, 1, 3, 3.1, 5, 6])  # begun; too early; shown; too soon again; shown; the end
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    watch = progress.told_in_text("drawing")
    for share in (0.1, 0.25, 0.26, 0.5, 1.0):
        watch(share)
    out = capsys.readouterr().out
    assert "\n" not in out
    shown = [line.split() for line in out.split("\r")[1:]]
    assert [(line[0], line[2]) for line in shown] == [("drawing", "25"), ("drawing", "50"), ("drawing", "100")]
    assert shown[0][4:] == ["9", "s", "left"]  # a quarter took 3 s
    assert shown[-1][4:] == []
