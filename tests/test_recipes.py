"""The recipes of CONTRIBUTING, followed in a folder laid over the shipped data: how many files each touches, what moves.

`RECIPES` names the test of every recipe there; a recipe without one, and one that says another number of files, fails.
"""

from __future__ import annotations

import re
import shutil
import sys
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest
from matplotlib.axes import Axes

import costmodel as cm
from costmodel.analysis.claims import judge_document, read_claims
from costmodel.analysis.factors import find_factors
from costmodel.analysis.growth_files import read_growth
from costmodel.analysis.lever_files import read_levers
from costmodel.analysis.modelled import bill_usd
from costmodel.analysis.moving import DocumentColumn
from costmodel.analysis.panel_files import read_panel
from costmodel.analysis.paths import payments_path
from costmodel.analysis.perimeter_files import read_perimeters
from costmodel.analysis.perimeters import document_row
from costmodel.analysis.processors import compare_processors
from costmodel.assumptions.bill_layouts import load_layouts, load_line_rules
from costmodel.assumptions.catalog import data_dir, load_assumptions
from costmodel.assumptions.policy import read_policy
from costmodel.cli import parser as command_line
from costmodel.cli import report
from costmodel.reporting.charts import styled
from costmodel.result import Result
from tests.guarded import Cli
from tests.offers import as_json, product

ROOT = Path(__file__).resolve().parent.parent
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
QUICK = {"replications": 1, "horizon": "cohort"}
LINES = 'source = "our contract"\nread = 2026-12-01\nbasis = "published"\n'


@pytest.fixture(scope="module")
def shipped() -> Result:
    return cm.run("seed_aws", set=QUICK)


def laid_over(folder: Path, **files: str) -> Result:
    """The seed's month with files of ours over the shipped ones; `kind__name` is kind/name.toml."""
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return cm.run("seed_aws", set=QUICK, data=folder)


def test_a_price_is_one_file(tmp_path: Path, shipped: Result) -> None:
    """Five keys at $2.00 instead of $1.00."""
    text = (
        '[[meter.keys.price]]\nfrom = 2026-11-01\nregions = ["us-west-2", "us-east-1"]\ntiers = [{ above = 0, usd = 2 }]\n'
        + LINES
    )
    changed = laid_over(tmp_path, services__kms=text)
    assert bill_usd(changed.bill, "bill.kms") - bill_usd(shipped.bill, "bill.kms") == 5
    assert changed.latency_ms == shipped.latency_ms  # a price moves nobody's luck
    assert "services.kms.meter.keys.price[2026-11-01 us-west-2,us-east-1]" in changed.assumptions.overridden


def test_an_old_bill_keeps_its_old_price(tmp_path: Path) -> None:
    text = (
        '[[meter.keys.price]]\nfrom = 2027-01-01\nregions = ["us-west-2", "us-east-1"]\ntiers = [{ above = 0, usd = 2 }]\n'
        + LINES
    )
    assert bill_usd(laid_over(tmp_path, services__kms=text).bill, "bill.kms") == 5


def test_a_memory_size_is_one_file(tmp_path: Path, shipped: Result) -> None:
    changed = laid_over(tmp_path, pipelines__aws_native="[functions.fraud_detector]\nmemory_mb = 2048\n")

    def gb_seconds(result: Result) -> Decimal:
        return sum((line.quantity for line in result.bill.lines if line.meter == "duration_x86"), Decimal(0))

    billed_s = Decimal(str(shipped.functions["fraud_detector"]["billed_ms"])) / 1000
    assert gb_seconds(changed) - gb_seconds(shipped) == billed_s  # one GB more, for as long


def test_a_claim_is_one_file(tmp_path: Path) -> None:
    claims = (data_dir() / "claims" / "seed.toml").read_text()
    (tmp_path / "mine.toml").write_text(
        claims
        + """
[[claim]]
id = "OURS-1"
quote = "half of it is people"
line = 1
subject = "own"
metric = "share of people"
stated = "50"
unit = "percent"
tolerance = 0.5
inputs = { people = 3750, total = 6182 }
formula = "100 * people / total"
pinned = { document = "fails" }
because = "3,750 of 6,182 is more."
"""
    )
    found = judge_document(read_claims(str(tmp_path / "mine.toml"))[0])[-1]
    assert (found.verdict, found.is_as_pinned) == ("fails", True)
    assert round(found.recomputed or 0, 2) == Decimal("60.66")


def test_a_service_step_is_its_file_the_pipeline_and_this_case(tmp_path: Path, shipped: Result) -> None:
    """A sanctions check of $0.01 that every refund makes before it is paid."""
    service = f"""
name = "Sanctions list"
provider = "somebody"
[operation.check]
uses = {{ checks = 1 }}
[[latency]]
operation = "check"
constant_ms = 80
{LINES}
[meter.checks]
unit = "check"
[[meter.checks.price]]
from = 2020-01-01
tiers = [{{ above = 0, usd = "0.01" }}]
{LINES}"""
    pipeline = """
[handlers.pay_refund]
steps = [
  { name = "pay_refund_sanctions", as = "intended", call = "sanctions.check" },
  { name = "pay_refund_originate", as = "intended", call = "ach.originate_credit" },
]
"""
    changed = laid_over(tmp_path, services__sanctions=service, pipelines__aws_native=pipeline)
    paid = changed.functions["direct_payout_handler"]["invocations"]
    assert paid == shipped.functions["direct_payout_handler"]["invocations"] > 0
    assert bill_usd(changed.bill, "bill.sanctions") == Decimal("0.01") * Decimal(str(paid))


def test_a_processor_is_three_files_and_a_case(tmp_path: Path) -> None:
    """A fee of 2.00 % + 0.10 and payouts at 0.05: 500 × 4.10, in the table of processors and as a scenario."""
    operations = "".join(f'[operation.{name}]\nlatency = "call"\n' for name in ("charge", "payout", "refund"))
    operations += "".join(
        f'[operation.{name}]\nlatency = "call"\nuses = {{ {name} = 1 }}\n' for name in ("dispute", "ach_failure")
    )
    meters = f"""
[meter.card]
kind = "per_payment"
unit = "payment"
[[meter.card.price]]
from = 2020-01-01
percent = "2.00"
fixed_usd = "0.10"
{LINES}"""
    for name, usd in (("payout", "0.05"), ("dispute", "10"), ("ach_failure", "0")):
        meters += f'[meter.{name}]\nunit = "{name}"\n[[meter.{name}.price]]\nfrom = 2020-01-01\n'
        meters += f'tiers = [{{ above = 0, usd = "{usd}" }}]\n{LINES}'
    service = f'name = "Ours"\nprovider = "us"\n{operations}[[latency]]\noperation = "call"\nconstant_ms = 500\n{LINES}{meters}'
    each = '[[each]]\nname = "{name}"\nof = "{of}"\nservice = "ours"\nmeter = "{meter}"\n{more}\n' + LINES
    pipeline = (
        'name = "ours"\ntitle = "our processor"\nbase = "stripe"\ninstead = { stripe = "ours" }\nprocessor = "ours"\n'
        'without = ["static", "each", "plans", "flows.pay_in_ach"]\n'
        + each.format(name="card_fee", of="payment", meter="card", more='methods = ["card"]\nfee_on = "amount"')
        + each.format(name="payout_fee", of="payout", meter="payout", more="quantity = 1")
    )
    scenario = 'title = "ours"\nbase = "seed_stripe"\npipeline = "ours"\npinned = false\n'
    for path, text in (("services/ours", service), ("pipelines/ours", pipeline), ("scenarios/ours", scenario)):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / f"{path}.toml").write_text(text)
    month = cm.run("ours", set=QUICK, data=tmp_path)
    assert abs(bill_usd(month.bill, "bill.ours.card") - 2050) < Decimal("0.10")  # cents of 500 roundings
    rows = compare_processors(set=QUICK, data=tmp_path)
    assert "ours" in [row.pipeline for row in rows if row.bill is not None]


def test_a_price_list_is_one_file_a_service(cli: Cli, tmp_path: Path) -> None:
    """Lambda's requests at $0.25 a million from a day on, as AWS's list has it: one dated entry behind the old ones."""
    (tmp_path / "index.json").write_text(
        as_json([product("A1", "AWSLambda", "USW2-Request", [("0", "Inf", "0.00000025")], group="AWS-Lambda-Requests")])
    )
    ours = tmp_path / "ours"
    ours.mkdir()
    code, said, _ = cli("prices", "import", tmp_path / "index.json")
    assert (code, "Nothing was written" in said, written(ours)) == (0, True, [])
    assert cli("prices", "import", tmp_path / "index.json", "--write", ours)[0] == 0
    assert written(ours) == ["services/lambda.toml"]
    price = load_assumptions("seed_aws", data=ours).services["lambda"].meter["requests"].price[-1]
    assert price.tiers[0].usd / price.per == Decimal("0.00000025")


def written(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_service_level_is_one_file(tmp_path: Path) -> None:
    """In a scenario of one's own above the shipped one, by its path."""
    file = tmp_path / "ours.toml"
    file.write_text('title = "ours"\nbase = "seed_aws"\npinned = false\n[set]\n"capacity.p99_ms" = 800\n')
    level, shipped = load_assumptions(str(file)).scenario.capacity, load_assumptions("seed_aws").scenario.capacity
    assert level is not None
    assert shipped is not None
    assert (level.p99_ms.value, level.failed_percent) == (800, shipped.failed_percent)


def changed_copy(folder: Path, name: str, more: str) -> Path:
    """The shipped file of that name with more behind it; its perimeters are still the shipped ones."""
    file = folder / Path(name).name
    shutil.copy(data_dir() / name, file)
    with file.open("a") as stream:
        stream.write(more)
    return file


def test_a_perimeter_is_one_file(cli: Cli, tmp_path: Path) -> None:
    """Stripe's ACH, $800.00, against the entries alone, 500 × $0.25 = $125.00: 84.375 % less."""
    more = """
[[perimeter]]
id = "entries_only"
title = "what a bank asks for its entries, against Stripe's ACH"
description = "Nothing but moving the money in."
stripe = ["stripe_ach"]
own = ["ach_debits"]
[perimeter.modelled.stripe]
rail = "ach"
lines = ["stripe.ach_debit"]
[perimeter.modelled.own]
rail = "ach"
lines = ["ach.debit_entries"]
"""
    file = changed_copy(tmp_path, "perimeters/seed.toml", more)
    assert cli("validate", file)[0] == 0
    found = document_row(read_perimeters(str(file))[0], "entries_only")
    assert (found.stripe_usd, found.own_usd, found.reduction_percent) == (800, 125, Decimal("84.375"))


def test_a_scenario_is_one_file(cli: Cli, tmp_path: Path) -> None:
    """A thousand payments, KMS keys at $3.00, and one more thing that stands all month, as a whole table."""
    place = tmp_path / "scenarios" / "ours.toml"
    place.parent.mkdir()
    place.write_text("""
title = "ours"
base = "seed_aws"
pinned = false
replications = 1
horizon = "cohort"
[workload]
payments_per_month = 1000
[set]
"services.kms.keys.price" = "3.00"
[set."pipeline.static.our_secret"]
service = "secrets_manager"
meter = "secrets"
quantity = 1
source = "ours"
read = 2026-11-24
basis = "measured"
""")
    assert cli("validate", place)[0] == 0
    found = cm.run("ours", data=tmp_path)
    assert (found.payments, bill_usd(found.bill, "bill.kms.keys")) == (1000, 15)
    assert "our_secret" in [row.name for row in found.assumptions.pipeline.static]


def test_a_range_is_one_file(tmp_path: Path) -> None:
    """What nobody drew before is drawn once it has `low` and `high`."""
    rows = {"source": "ours", "read": "2026-11-24", "basis": '"measured"'}

    def drawn(**ends: str) -> list[str]:
        lines = "".join(f"{key} = {value}\n" for key, value in {**ends, **rows}.items() if key != "source")
        text = f'[[static]]\nname = "kms_keys"\nservice = "kms"\nmeter = "keys"\nquantity = 5\nsource = "ours"\n{lines}'
        (tmp_path / "pipelines").mkdir(exist_ok=True)
        (tmp_path / "pipelines" / "aws_native.toml").write_text(text)
        pipeline = load_assumptions("seed_aws", data=tmp_path).pipeline
        found = find_factors(pipeline, (), "pipeline", lambda record, path: True)
        return [factor.path for factor in found if factor.path == "pipeline.static.kms_keys.quantity"]

    assert drawn(low="5", high="5") == []
    assert drawn(low="4", high="8") == ["pipeline.static.kms_keys.quantity"]


def test_a_lever_is_one_file(cli: Cli, tmp_path: Path) -> None:
    """The entry's price on the document's figures: 500 of them, $0.25 each now; at $1.00 the own side is $375 dearer."""
    more = """
[[lever]]
id = "entry"
title = "what the bank asks for an entry"
unit = "USD an entry"
kind = "price"
path = "services.ach.debit_entries.price"
meters = [{ service = "ach", meter = "debit_entries", part = "usd" }]
inputs = { ach_entry_usd = "x" }
low = 0
high = 2
source = "ours"
read = 2026-11-24
basis = "assumption"
"""
    file = changed_copy(tmp_path, "levers/seed.toml", more)
    assert cli("validate", file)[0] == 0
    levers, perimeters = read_levers(str(file))
    lever = levers.find("entry")
    assert lever is not None
    column = DocumentColumn(levers, perimeters, "pay_in_only", None)
    assert column.at(lever, Decimal(1)).own_usd - column.at(lever, Decimal("0.25")).own_usd == 375


def test_a_growth_path_is_one_file(cli: Cli, tmp_path: Path) -> None:
    shipped = (data_dir() / "growth" / "seed.toml").read_text()
    begin, end = shipped.index("[growth.monthly_percent]"), shipped.index("[months]")
    table = "[growth.table]\npayments = [500, 700, 900, 1200]\n" + LINES
    table += f'[growth.table.spread_percent]\nvalue = 0\nunit = "percent"\n{LINES}'
    file = tmp_path / "ours.toml"
    file.write_text(shipped[:begin] + table + shipped[end:])
    assert cli("validate", file)[0] == 0
    assert payments_path(read_growth(str(file))[0].growth, 500, 4) == [500, 700, 900, 1200]


def test_a_slider_is_one_file(cli: Cli, tmp_path: Path) -> None:
    shipped = (data_dir() / "panel" / "seed.toml").read_text()
    file = tmp_path / "ours.toml"
    file.write_text(shipped.replace("high = 10_000_000\n", "high = 2_000\n", 1))
    assert cli("validate", file)[0] == 0
    assert read_panel(str(file))[0].payments.values(Decimal(500))[-1] == 2_000


def test_a_limit_is_one_file(cli: Cli, tmp_path: Path) -> None:
    more = '\n[[limit]]\nid = "budget"\nof = "service:kms"\nbudget = 6\nmessage = "keys are dear"\n'
    file = changed_copy(tmp_path, "policies/default.toml", more)
    assert cli("validate", file)[0] == 0
    limit = read_policy(str(file)).limit[-1]
    assert (limit.id, limit.budget, limit.matches("service", "kms"), limit.matches("service", "sns")) == (
        "budget", 6, True, False,
    )  # fmt: skip


def test_a_bill_of_another_provider_is_two_files(tmp_path: Path, cli: Cli) -> None:
    """A bank's list of entries: 40 at $0.30 each, which is our meter of ACH debits."""
    layout = f"""
title = "our bank's list"
kind = "bill"
provider = "Our Bank"
recognised_by = ["bank_line", "total_usd"]
nothing = [""]
{LINES}
[columns]
service = ["bank_line"]
cost = ["total_usd"]
quantity = ["items"]
currency = ["currency"]
category = ["kind"]
start = ["month"]
[categories]
charge = ["fee"]
"""
    lines = f"""
provider = "Our Bank"
{LINES}
[[line]]
service = "ach"
meter = "debit_entries"
of = ["debits"]
"""
    (tmp_path / "actuals").mkdir()
    (tmp_path / "actuals" / "our_bank.toml").write_text(layout)
    (tmp_path / "actuals" / "lines_our_bank.toml").write_text(lines)
    assert (load_layouts(tmp_path)["our_bank"].title, "Our Bank" in load_line_rules(tmp_path)) == (
        "our bank's list",
        True,
    )
    for name in ("our_bank", "lines_our_bank"):
        assert cli("validate", tmp_path / "actuals" / f"{name}.toml")[0] == 0
    (tmp_path / "bill.csv").write_text(
        "bank_line,items,total_usd,currency,kind,month\ndebits,40,12.00,USD,fee,2026-10-01\n"
    )
    found = cm.actuals([tmp_path / "bill.csv"], scenario="seed_aws", set=QUICK, data=tmp_path)
    line = next(line for line in found.lines if (line.service, line.meter) == ("ach", "debit_entries"))
    assert (line.bill_quantity, line.bill_usd) == (40, 12)


def test_a_command_is_its_module_and_its_name(monkeypatch: pytest.MonkeyPatch, cli: Cli) -> None:
    from costmodel.cli.common import OK, new_command

    def run(arguments: object) -> int:
        print("hello")
        return OK

    module = SimpleNamespace(add=lambda commands: new_command(commands, "hello", run, "says hello"))
    monkeypatch.setattr(command_line, "COMMANDS", (*command_line.COMMANDS, module))
    assert cli("hello") == (0, "hello\n", "")
    assert "hello" in cli("--help")[1]


@pytest.mark.usefixtures("closed_charts")
def test_a_chart_is_a_function_of_a_result_and_its_test(shipped: Result) -> None:
    @styled
    def settlement_chart(result: Result, ax: Axes) -> Axes:
        days = result.figures["payout_days"]
        ax.barh(0, days["p95"])
        ax.set_title(f"19 in 20 providers are paid within {days['p95']} banking days")
        return ax

    ax = settlement_chart(shipped)
    (bar,) = ax.patches
    assert f"within {bar.get_width():.0f} banking days" in ax.get_title(loc="left")


def test_an_output_of_report_is_a_function_and_a_line(
    monkeypatch: pytest.MonkeyPatch, cli: Cli, tmp_path: Path
) -> None:
    def total(result: Result, path: str, arguments: object) -> tuple[str, str]:
        return f"{result.bill.total_usd:f}", "the total"

    monkeypatch.setattr(report, "OUTPUTS", (*report.OUTPUTS, ("total", "the bill's total", total)))
    code, said, _ = cli(
        "report", "seed_stripe", "--total", tmp_path / "total.txt", "--set", "replications=1", "--quiet"
    )
    assert (code, "the total" in said) == (0, True)
    assert (
        Decimal((tmp_path / "total.txt").read_text()) == cm.run("seed_stripe", set={"replications": 1}).bill.total_usd
    )


def test_a_replayed_file_is_one_file(tmp_path: Path, cli: Cli) -> None:
    """Three card payments of $10, $20 and $30 by Stripe: 2.9 % + 0.30 each, 0.59 + 0.88 + 1.17."""
    file = tmp_path / "export.csv"
    file.write_text("date,total,paid_by\n" + "".join(f"2026-10-0{n} 12:00:0{n},{n}0.00,card\n" for n in (1, 2, 3)))
    assert cli("run", "seed_stripe", "--payments", file, "--quiet")[0] == 0
    found = cm.replay("seed_stripe", file, set={"replications": 1})
    assert (found.payments, bill_usd(found.bill, "bill.stripe.card")) == (3, Decimal("2.64"))


# --- every recipe has its test, and says how many files it takes -------------------------------------------------------

RECIPES = {  # recipe -> files it takes, and the test that follows it
    "Change a price": ("1 file", test_a_price_is_one_file),
    "Take prices from an AWS price list": ("1 file a service", test_a_price_list_is_one_file_a_service),
    "Add a payment processor": ("4 files", test_a_processor_is_three_files_and_a_case),
    "Change a memory size": ("1 file", test_a_memory_size_is_one_file),
    "Add or change a claim": ("1 file", test_a_claim_is_one_file),
    "Add a step that calls a service": ("3 files", test_a_service_step_is_its_file_the_pipeline_and_this_case),
    "Change the service level": ("1 file", test_a_service_level_is_one_file),
    "Add a perimeter": ("1 file", test_a_perimeter_is_one_file),
    "Add a scenario": ("1 file", test_a_scenario_is_one_file),
    "Replay a file of payments": ("1 file", test_a_replayed_file_is_one_file),
    "Give an assumption a range": ("1 file", test_a_range_is_one_file),
    "Let `breakeven` move something else": ("1 file", test_a_lever_is_one_file),
    "Add a growth path": ("1 file", test_a_growth_path_is_one_file),
    "Change what the panel's sliders reach": ("1 file", test_a_slider_is_one_file),
    "Add a limit": ("1 file", test_a_limit_is_one_file),
    "Add a command": ("2 files", test_a_command_is_its_module_and_its_name),
    "Add a chart": ("2 files", test_a_chart_is_a_function_of_a_result_and_its_test),
    "Read another provider's bill or report": ("2 files", test_a_bill_of_another_provider_is_two_files),
    "Write another file with `report`": ("2 files", test_an_output_of_report_is_a_function_and_a_line),
}
ELSEWHERE = {  # files that a command makes, or a program of others checks: where their tests stand
    "Renew the baselines": "test_diff.py",
    "Renew the pictures of the README": "test_pictures.py",
    "Add a notebook": "test_notebooks.py",
    "Check the FOCUS export": "test_focus.py",
}


def test_every_recipe_has_its_test_and_says_how_many_files_it_takes() -> None:
    recipes = CONTRIBUTING.split("\n## Recipes\n")[1].split("\n## ")[0]
    said = dict(re.findall(r"^### (.*?)(?: \((.*)\))?$", recipes, re.MULTILINE))
    assert set(said) == {*RECIPES, *ELSEWHERE}
    assert {name: said[name] for name in RECIPES} == {name: files for name, (files, _) in RECIPES.items()}
    here = sys.modules[__name__]
    assert all(getattr(here, test.__name__) is test for _, test in RECIPES.values())
    assert all((ROOT / "tests" / file).is_file() for file in ELSEWHERE.values())
