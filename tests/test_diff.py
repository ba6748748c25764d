"""`baseline` and `diff`: what moved, why, and what the build comes to.

Exit codes and causes are the published contract; expected money is quantity × price by hand, at prices of AWS's pages.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import costmodel
from costmodel.analysis.alarms import alarms
from costmodel.analysis.baseline import canonical
from costmodel.analysis.diff import Terms, compared
from costmodel.analysis.movement import Movement
from costmodel.analysis.paired import half_width_of, near_end
from costmodel.assumptions.baseline_file import read_baseline
from costmodel.assumptions.catalog import load_content
from costmodel.assumptions.content import differences, plain, restored
from costmodel.assumptions.policy import read_policy
from tests.guarded import (
    ENGINE,
    ROOT,
    SMALL,
    Cli,
    called,
    copy_of_the_repository,
    edited,
    moved,
    parsed,
    started,
)

CAUSES = ("code", "price_book", "scenario", "noise")


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    return lambda *words: called(capsys, *words)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The baseline of the small month, made once by the real command; tests that write copy it."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "small.toml").write_text(SMALL, encoding="utf-8")
    code, _, err = started("baseline", folder / "small.toml", "--out", folder / "base.json", *ENGINE)
    assert code == 0, err
    return folder / "base.json"


@pytest.fixture
def base(made: Path, tmp_path: Path) -> Path:
    """A copy beside its scenario, to be changed at will."""
    for name in ("small.toml", "base.json"):
        (tmp_path / name).write_text((made.parent / name).read_text(encoding="utf-8"), encoding="utf-8")
    return tmp_path / "base.json"


@pytest.fixture
def keys_at(tmp_path: Path) -> Callable[[str], Path]:
    """A folder laid over the shipped data in which a KMS key costs so much a month (shipped: $1, six of them)."""

    def folder(usd: str) -> Path:
        place = tmp_path / "ours" / "services"
        place.mkdir(parents=True)
        (place / "kms.toml").write_text(
            "[[meter.keys.price]]\nfrom = 2026-06-01\n"
            'regions = ["us-west-2", "us-east-1"]\n'
            f'tiers = [{{ above = 0, usd = "{usd}" }}]\n'
            'source = "our contract"\nread = 2026-11-01\nbasis = "measured"\n',
            encoding="utf-8",
        )
        return place.parent

    return folder


def rewritten(base: Path, change: Callable[[dict[str, Any]], None]) -> None:
    tree = json.loads(base.read_text(encoding="utf-8"))
    change(tree)
    base.write_text(json.dumps(tree), encoding="utf-8")


# --- the baseline ---------------------------------------------------------------------------------------------------


def test_a_baseline_is_the_same_to_the_last_byte(made: Path, tmp_path: Path) -> None:
    """Made in another process, another folder, on another day."""
    (tmp_path / "small.toml").write_text(SMALL, encoding="utf-8")
    again = tmp_path / "base.json"
    code, _, _ = started("baseline", tmp_path / "small.toml", "--out", again, *ENGINE, COSTMODEL_TODAY="2031-05-05")
    assert code == 0
    assert again.read_bytes() == made.read_bytes()


def test_a_baseline_is_canonical(made: Path) -> None:
    text = made.read_text(encoding="utf-8")
    tree = json.loads(text)
    assert json.loads(text, parse_float=lambda word: pytest.fail(f"a binary number: {word}")) == tree
    assert list(tree) == sorted(tree)
    assert sum(Decimal(line["cost_usd"]) for line in tree["lines"].values()) == Decimal(
        tree["figures"]["total"]["value"]
    )
    assert all(len(line["runs"]) == 2 for line in tree["lines"].values())
    assert {"scenario", "pipeline", "services", "order"} == set(tree["content"])
    assert str(ROOT) not in text


def test_another_baseline_is_replaced_only_with_a_reason(cli: Cli, base: Path) -> None:
    small, before = base.with_name("small.toml"), base.read_bytes()
    same = cli("baseline", small, "--out", base, *ENGINE)
    assert (same[0], "says this already" in same[1], base.read_bytes()) == (0, True, before)
    edited(small, "= 300", "= 400")
    code, _, err = cli("baseline", small, "--out", base, *ENGINE)
    assert (code, "--reason" in err, base.read_bytes()) == (2, True, before)
    assert cli("baseline", small, "--out", base, "--reason", "more payments since May", *ENGINE)[0] == 0
    assert json.loads(base.read_text())["reasons"] == ["more payments since May"]


def test_a_new_version_alone_renews_no_baseline(cli: Cli, base: Path) -> None:
    edited(base, f'"package": "{costmodel.__version__}"', '"package": "0.9.9"')
    before, small = base.read_bytes(), base.with_name("small.toml")
    same = cli("baseline", small, "--out", base, *ENGINE)
    assert (same[0], "says this already" in same[1], base.read_bytes()) == (0, True, before)
    edited(small, "= 300", "= 400")
    assert cli("baseline", small, "--out", base, "--reason", "more payments", *ENGINE)[0] == 0
    assert json.loads(base.read_text())["package"] == costmodel.__version__  # who wrote what stands there now


def test_a_file_that_is_no_baseline_is_left_alone(cli: Cli, base: Path, tmp_path: Path) -> None:
    other = tmp_path / "package.json"
    other.write_text('{"name": "ours"}', encoding="utf-8")
    code, _, err = cli("baseline", base.with_name("small.toml"), "--out", other, "--reason", "why not", *ENGINE)
    assert (code, "no baseline" in err, other.read_text()) == (2, True, '{"name": "ours"}')


@pytest.mark.parametrize("name", ["seed_aws", "seed_stripe"])
def test_content_comes_back_as_it_was(name: str) -> None:
    """Also the order of meters, by which they share free units, though JSON's keys are sorted."""
    content = load_content(name)
    back = restored(json.loads(canonical(plain(content))), name, "base.json")
    assert differences(plain(content), plain(back)) == ()
    for service, table in content.services.items():
        assert list(back.services[service].get("meter", {})) == list(table.get("meter", {}))
    assert list(back.pipeline["flows"]) == list(content.pipeline["flows"])
    turned = plain(content)
    turned["order"]["services.stripe.meter"].reverse()
    found = differences(plain(content), turned)
    assert [(one.path, one.part) for one in found] == [("services.stripe.meter (order)", "price book")]


# --- nothing moved --------------------------------------------------------------------------------------------------


def test_unchanged_is_0(cli: Cli, base: Path) -> None:
    code, out, _ = cli("diff", base, *ENGINE)
    assert (code, "nothing moved" in out) == (0, True)


def test_another_seed_is_noise_and_0(cli: Cli, base: Path) -> None:
    answer = cli("diff", base, "--seed", 7, "--format", "json", *ENGINE)
    document = parsed(answer)
    total = document["scenarios"][0]["movements"][0]
    assert (answer[0], moved(document, "meter"), total["name"]) == (0, {}, "total")
    assert Decimal(total["causes"]["noise"]) == Decimal(total["change"]) != 0


def test_the_date_is_the_baselines_unless_asked(cli: Cli, base: Path, keys_at: Callable[[str], Path]) -> None:
    """A price that holds from a later day cannot turn an untouched commit red; asked for today, it counts."""
    later = keys_at("2")
    edited(later / "services" / "kms.toml", "2026-06-01", "2027-01-01")
    assert cli("diff", base, "--data", later, *ENGINE)[0] == 0
    code, out, _ = cli("diff", base, "--data", later, "--on", "2027-02-01", "--format", "json", *ENGINE)
    found = moved(json.loads(out), "meter")["kms.keys"]
    assert (code, Decimal(found["causes"]["price_book"])) == (3, Decimal(5))


def test_on_today_reads_the_clock(
    cli: Cli, base: Path, keys_at: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    later = keys_at("2")
    edited(later / "services" / "kms.toml", "2026-06-01", "2027-01-01")
    for day, counts in (("2026-12-31", False), ("2027-01-01", True)):
        monkeypatch.setenv("COSTMODEL_TODAY", day)
        answer = cli("diff", base, "--data", later, "--on", "today", "--format", "json", *ENGINE)
        assert ("kms.keys" in moved(parsed(answer), "meter")) == counts
    monkeypatch.setenv("COSTMODEL_TODAY", "next week")
    code, _, err = cli("diff", base, "--on", "today", *ENGINE)
    assert (code, "COSTMODEL_TODAY=next week is no date" in err) == (2, True)


# --- the causes, separated and adding up ------------------------------------------------------------------------------


def test_a_price_is_the_price_book(cli: Cli, base: Path, keys_at: Callable[[str], Path]) -> None:
    """Five keys at $2 instead of $1: five dollars more."""
    answer = cli("diff", base, "--data", keys_at("2"), "--format", "json", *ENGINE)
    document = parsed(answer)
    assert answer[0] == 3
    assert set(moved(document, "meter")) == {"kms.keys"}
    assert Decimal(moved(document, "meter")["kms.keys"]["causes"]["price_book"]) == Decimal(5)
    assert [found["part"] for found in document["scenarios"][0]["assumptions"]] == ["price book"]


def test_several_causes_add_up_to_the_last_digit(cli: Cli, base: Path, keys_at: Callable[[str], Path]) -> None:
    """Price, scenario, seed and a figure that today's code would not give, all at once, on every line."""

    def cheaper(tree: dict[str, Any]) -> None:
        line = tree["lines"]["waf.rules"]  # as if an earlier version had billed $1 less
        line["cost_usd"], line["runs"] = "4", ["4"] * 2
        total = tree["figures"]["total"]
        total["value"] = str(Decimal(total["value"]) - 1)
        total["runs"] = [str(Decimal(run) - 1) for run in total["runs"]]

    rewritten(base, cheaper)
    words = ("--set", "pipeline.functions.fraud_detector.memory_mb=4096", "--set", "workload.payments_per_month=400")
    answer = cli("diff", base, "--data", keys_at("2"), *words, "--seed", 5, "--format", "json", *ENGINE)
    rows = parsed(answer)["scenarios"][0]["movements"]
    for row in rows:
        assert sum(Decimal(row["causes"][cause]) for cause in CAUSES) == Decimal(row["change"]), row["name"]
    total = rows[0]
    assert Decimal(total["causes"]["code"]) == 1
    assert Decimal(total["causes"]["price_book"]) == 5
    assert Decimal(total["causes"]["scenario"]) > 0
    assert Decimal(total["causes"]["noise"]) != 0
    for kind in ("service", "meter"):
        assert sum(Decimal(r["change"]) for r in rows if r["kind"] == kind) == Decimal(total["change"])


def test_a_line_the_model_no_longer_has_is_shown_with_a_minus(cli: Cli, base: Path) -> None:
    def with_line(tree: dict[str, Any]) -> None:
        tree["lines"]["pager.alerts"] = {"service": "pager", "meter": "alerts", "unit": "alert", "quantity": "10",
                                         "unit_price_usd": "2", "cost_usd": "20", "runs": ["20"] * 2}  # fmt: skip
        total = tree["figures"]["total"]
        total["value"] = str(Decimal(total["value"]) + 20)
        total["runs"] = [str(Decimal(run) + 20) for run in total["runs"]]

    rewritten(base, with_line)
    code, out, _ = cli("diff", base, *ENGINE)
    row = next(line for line in out.splitlines() if "pager.alerts" in line and "→" in line)
    assert code == 3
    assert [word in row for word in ("- pager.alerts", "10 × $2", "-$20.00", "code")] == [True] * 4


def test_a_new_line_is_shown_with_a_plus(cli: Cli, base: Path) -> None:
    """Against Stripe's pipeline every line is gone, and Stripe's are new: a scenario's doing."""
    code, out, _ = cli("diff", base, "seed_stripe", "--set", "replications=2", *ENGINE)
    plus = next(line for line in out.splitlines() if "+ stripe.platform_fee" in line)
    assert (code, "scenario" in plus, "1 × $150" in plus) == (3, True, True)


# --- on a copy of the repository ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = copy_of_the_repository(tmp_path_factory.mktemp("copy"))
    assert started("baseline", "small.toml", "--out", "base.json", *ENGINE, at=place)[0] == 0
    return place


CHANGES = [
    # what, file, old text, new text, exit code, cause, what the report names
    ("a price", "data/services/waf.toml", 'usd = "5', 'usd = "6', 3, "price_book", "waf.web_acls"),
    ("a memory size", "data/pipelines/aws_native.toml", "memory_mb = 1024", "memory_mb = 8192", 0, "scenario",
     "lambda.duration_x86"),
    ("rounding in the code", "costmodel/billing/bill.py", 'LINE_DECIMALS = Decimal("1e-10")',
     'LINE_DECIMALS = Decimal("1")', 3, "code", "amplify.build_minutes"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "file", "old", "new", "code", "cause", "named"), CHANGES, ids=[c[0] for c in CHANGES])
def test_change_names_its_cause(
    repository: Path, what: str, file: str, old: str, new: str, code: int, cause: str, named: str
) -> None:
    """A memory size costs nothing here (the month stays within Lambda's free GB-seconds): it is shown, and allowed."""
    before = (repository / file).read_text(encoding="utf-8")
    try:
        edited(repository / file, old, new)
        answer = started("diff", "base.json", "--format", "json", *ENGINE, at=repository)
    finally:
        (repository / file).write_text(before, encoding="utf-8")
    assert answer[0] == code, answer
    found = moved(parsed(answer), "meter")
    assert named in found
    others = [
        row["name"] for row in found.values() for name in CAUSES if name != cause and Decimal(row["causes"][name])
    ]
    assert others == []


def test_dropped_price_is_2_and_named(repository: Path) -> None:
    file = repository / "data" / "services" / "secrets_manager.toml"
    before = file.read_text(encoding="utf-8")
    start = before.index("[[meter.secrets.price]]")
    ends = [at for at in (before.find("\n[", start + 2),) if at > 0]
    file.write_text(before[:start] + (before[ends[0] :] if ends else ""), encoding="utf-8")
    try:
        code, out, err = started("diff", "base.json", *ENGINE, at=repository)
    finally:
        file.write_text(before, encoding="utf-8")
    assert (code, out) == (2, "")
    assert "secrets_manager.toml:" in err
    assert "meter.secrets" in err


def test_old_sources_warn_and_block_where_the_policy_says(
    cli: Cli, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock two years on."""
    strict = tmp_path / "strict.toml"
    text = (ROOT / "data" / "policies" / "default.toml").read_text(encoding="utf-8")
    head, age = text.split("[sources]")
    strict.write_text(f"{head}[sources]{age.replace('warn', 'block', 1)}", encoding="utf-8")
    monkeypatch.setenv("COSTMODEL_TODAY", "2028-11-24")
    code, out, _ = cli("diff", base, *ENGINE)
    assert (code, "warning: " in out, "sources were read more than 365 days ago" in out) == (0, True, True)
    code, out, _ = cli("diff", base, "--policy", strict, *ENGINE)
    assert (code, "blocked by policy" in out) == (5, True)


def test_flipped_verdict_is_4_and_with_set_it_is_shown(cli: Cli, repository: Path) -> None:
    """The pinned scenario's own claims file with one pin turned round."""
    (repository / "pinned.toml").write_text(SMALL.replace("pinned = false", "pinned = true"), encoding="utf-8")
    claims = repository / "claims.toml"
    text = (repository / "data" / "claims" / "seed.toml").read_text(encoding="utf-8")
    first = text.index("[[claim]]")
    one = text[first : text.index("[[claim]]", first + 1)]
    head = "\n".join(
        line for line in text[:first].splitlines() if line.startswith(("title", "source", "read", "basis"))
    )
    flipped = one.replace('document = "holds"', 'document = "fails"')
    assert flipped != one
    claims.write_text(f"{head}\n\n{flipped}", encoding="utf-8")
    day = repository / "data" / "scenarios" / "hourly_10k_day.toml"
    day.write_text(day.read_text(encoding="utf-8").replace("days = 1", 'days = "0.01"'), encoding="utf-8")
    words = ("check", "--claims", "claims.toml", "--scenario", "pinned.toml", *ENGINE)
    code, out, _ = started(*words, "--format", "junit", at=repository)
    assert (code, ElementTree.fromstring(out).get("failures")) == (4, "1")
    words = ("check", "--claims", claims, "--scenario", repository / "pinned.toml", "--engine", "compiled", "--quiet")
    code, out, _ = cli(*words, "--set", "workload.payments_per_month=40", "--format", "json")
    assert (code, len(json.loads(out)["moved"])) == (0, 1)


def test_a_verdict_that_a_baseline_keeps(cli: Cli, base: Path, tmp_path: Path) -> None:
    """80 % of what keys cost is 4 of 5; once the document's figures say 3 of 5, the claim fails, and the build too."""
    claims = tmp_path / "paper.toml"
    claims.write_text((ROOT / "tests/example_repository/cost/claims/ours.toml").read_text("utf-8"), encoding="utf-8")
    small, kept = base.with_name("small.toml"), tmp_path / "kept.json"
    assert cli("baseline", small, "--claims", claims, "--out", kept, *ENGINE)[0] == 0
    assert json.loads(kept.read_text("utf-8"))["verdicts"] == {"claims": "paper.toml", "verdicts": {"PAPER-1": "holds"}}
    edited(claims, "keys = 4", "keys = 3")
    code, out, _ = cli("diff", kept, *ENGINE)
    assert (code, "PAPER-1: holds → fails" in out, "blocked by policy" in out) == (4, True, True)
    code, out, _ = cli("diff", kept, "--set", "workload.accounts=80", *ENGINE)
    assert (code, "PAPER-1: holds → fails" in out, "do not bind" in out) == (0, True, True)


# --- luck: no false alarm, no change overlooked ---------------------------------------------------------------------------


def test_half_width_by_hand() -> None:
    """Differences 1, 2, 3 about 2: spread 1, t(2) at 97.5 % = 4.3027 (any table of Student's t), over √3: 2.4841."""
    pairs = [Decimal(1), Decimal(2), Decimal(3)]
    assert half_width_of(Decimal(2), pairs, Decimal("0.05"), 1) == pytest.approx(Decimal("2.4841"), abs=Decimal("1e-4"))
    # two looked at: each at half the error, t(2) at 98.75 % = 6.2053
    assert half_width_of(Decimal(2), pairs, Decimal("0.05"), 2) == pytest.approx(Decimal("3.5827"), abs=Decimal("1e-4"))
    assert half_width_of(Decimal(2), [Decimal(2)] * 9, Decimal("0.05"), 1) == 0


@pytest.mark.parametrize(("difference", "half", "near"), [("3", "1", "2"), ("-3", "1", "-2"), ("1", "3", "0")])
def test_near_end(difference: str, half: str, near: str) -> None:
    assert near_end(Decimal(difference), Decimal(half)) == Decimal(near)


FEW, HUNDRED = range(100, 102), range(100, 200)
TWO_PERCENT = ("--set", "workload.payments_per_month=510")  # of the shipped month's 500


@pytest.mark.parametrize("seed", FEW)
def test_no_false_alarm(cli: Cli, base: Path, seed: int) -> None:
    assert cli("diff", base, "--seed", seed, *ENGINE)[0] == 0


@pytest.mark.slow
def test_a_hundred_seeds_without_a_false_alarm_and_two_percent_found_each_time(cli: Cli, tmp_path: Path) -> None:
    """The shipped month at the shipped limits: 2 % more payments are 2 % more of what is billed for each."""
    base = tmp_path / "seed_aws.json"
    assert cli("baseline", "seed_aws", "--out", base, "--quiet")[0] == 0
    unchanged = [cli("diff", base, "--seed", seed, "--quiet")[0] for seed in HUNDRED]
    changed = [cli("diff", base, "--seed", seed, *TWO_PERCENT, "--quiet")[0] for seed in HUNDRED]
    assert (set(unchanged), set(changed)) == ({0}, {3})


# --- the policy -----------------------------------------------------------------------------------------------------------


def policy(place: Path, limits: str, **instead: str) -> Path:
    """A policy file with these limits."""
    text = f"""title = "ours"
source = "our finance department"
read = 2026-11-24
basis = "assumption"
family_wise_error = "0.0001"
{limits}
[verdicts]
severity = "block"
[sources]
most_days = 3650
severity = "warn"
[renewed]
severity = "{instead.get("renewed", "block")}"
"""
    file = place / "policy.toml"
    file.write_text(text, encoding="utf-8")
    return file


LIMITS = [
    # limit, price of a key (shipped: $1; five of them), exit code
    ('of = "meter:kms.keys"\nabsolute = "4.99"', "2", 3),
    ('of = "meter:kms.keys"\nabsolute = 5', "2", 0),
    ('of = "service:kms"\npercent = 99', "2", 3),
    ('of = "service:kms"\npercent = 101', "2", 0),
    ('of = "service:kms"\npercent = 99\nabsolute = 6', "2", 0),  # both must be passed
    ('of = "service:kms"\nbudget = 7', "2", 3),  # from 5 to 10
    ('of = "service:kms"\nbudget = 4', "2", 0),  # beyond it before: no news
    ('of = "service:kms"\nbudget = 11', "2", 0),
    ('of = "service:kms"\npercent = 1\ndirection = "up"', "0.5", 0),
    ('of = "service:kms"\npercent = 1\ndirection = "down"', "0.5", 3),
    ('of = "each_meter"\npercent = 1\nseverity = "warn"', "2", 0),
    ('of = "total"\nabsolute = "4.99"', "2", 3),
    ('of = "cost_per_payment"\npercent = "0.5"\nscenarios = ["another"]\n[[limit]]\nid = "b"\nof = "total"\npercent = 50',
     "2", 0),
    ('of = "latency_ms.p95"\npercent = 1', "2", 0),
]  # fmt: skip


@pytest.fixture(scope="module")
def movements_at(made: Path) -> Callable[[str], tuple[Movement, ...]]:
    """What moved when a key costs so much, each compared once."""
    known: dict[str, tuple[Movement, ...]] = {}

    def found(usd: str) -> tuple[Movement, ...]:
        if usd not in known:
            changes = {"services.kms.keys.price": Decimal(usd)}
            terms = Terms(read_policy(), changes, engine="reference")
            known[usd] = compared(read_baseline(made), made, None, terms).movements
        return known[usd]

    return found


@pytest.mark.parametrize(("limit", "usd", "code"), LIMITS)
def test_limits(
    movements_at: Callable[[str], tuple[Movement, ...]], tmp_path: Path, limit: str, usd: str, code: int
) -> None:
    ours = read_policy(str(policy(tmp_path, f'[[limit]]\nid = "a"\n{limit}')))
    sounded, _ = alarms(ours, "small", movements_at(usd))
    assert (3 if any(alarm.severity == "block" for alarm in sounded) else 0) == code


def test_slower_steps_pass_a_limit_of_latency(cli: Cli, tmp_path: Path) -> None:
    """All quantiles of a charge twice as long, over twenty replications."""
    law = "services.stripe.latency.0.quantiles_ms"
    slower = [f"{law}.{level}={ms}" for level, ms in (("p50", 1800), ("p90", 3200), ("p99", 7000))]
    words = [word for change in slower for word in ("--set", change)]
    short = ("--set", "workload.days=6", "--set", "lead_in_days=2", *ENGINE)
    assert cli("baseline", "seed_stripe", "--out", tmp_path / "stripe.json", *short)[0] == 0
    ours = policy(tmp_path, '[[limit]]\nid = "a"\nof = "latency_ms.p50"\nabsolute = 100')
    code, out, _ = cli("diff", tmp_path / "stripe.json", "--policy", ours, *words, *short)
    assert (code, "latency p50 rose" in out) == (3, True)


# --- bad input ------------------------------------------------------------------------------------------------------------

SPOILT = [
    # how the baseline is spoilt, what the message says
    (lambda text: text[: len(text) // 2], "not whole JSON"),
    (lambda text: "", "not whole JSON"),
    (lambda text: text.replace('"schema_version": 1', '"schema_version": 99'), "schema version 99"),
    (lambda text: text.replace('"unit": "alarm-month"', '"unit": 5'), "cloudwatch.alarms.unit"),
    (lambda text: text.replace('"memory_mb": 1024', '"memory_mb": 2048', 1), "it was edited"),
    (lambda text: text.replace('"cost_usd": "5"', '"cost_usd": "6"', 1), "do not sum to the total"),
    (lambda text: text.replace('"kind": "costmodel baseline"', '"kind": "other"'), "no baseline"),
    (lambda text: "[]", "no baseline"),
]


@pytest.mark.parametrize(("spoil", "said"), SPOILT)
def test_spoilt_baseline_is_2_and_left_alone(cli: Cli, base: Path, spoil: Callable[[str], str], said: str) -> None:
    text = base.read_text(encoding="utf-8")
    spoilt = spoil(text)
    assert spoilt != text
    base.write_text(spoilt, encoding="utf-8")
    code, out, err = cli("diff", base, *ENGINE)
    assert (code, out, said in err, "Traceback" in err) == (2, "", True, False), err
    assert cli("baseline", base.with_name("small.toml"), "--out", base, "--reason", "again", *ENGINE)[0] == 2
    assert base.read_text(encoding="utf-8") == spoilt


REFUSED = [
    # words, what the message says
    (["no/such.json"], "no/such.json"),
    (["."], "holds no baseline"),
    (["base.json", "sed_aws"], "did you mean `seed_aws`"),
    (["base.json", "--policy", "no_such"], "no such policy"),
    (["base.json", "--policy", "typo.toml"], "percnt: unknown key"),
    (["base.json", "--policy", "useless.toml"], "nothing would be held"),
    (["base.json", "--set", "workload.payments_per_month=1,000"], "payments_per_month"),
    (["base.json", "--on", "24.11.2026"], "write YYYY-MM-DD, or `today`"),
    (["base.json", "--base-ref", "no-such-ref"], "--base-ref"),
    (["base.json", "--format", "sarif"], "diff has no --format sarif"),
]


@pytest.mark.parametrize(("words", "said"), REFUSED)
def test_refused_with_2(
    cli: Cli, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    monkeypatch.chdir(base.parent)
    if words == ["."]:
        base.unlink()
    policy(tmp_path, '[[limit]]\nid = "a"\nof = "total"\npercnt = 1').rename("typo.toml")
    policy(tmp_path, '[[limit]]\nid = "a"\nof = "meter:kms.keyz"\npercent = 1').rename("useless.toml")
    code, out, err = cli("diff", *words, *ENGINE)
    assert (code, out, said in err, "Traceback" in err) == (2, "", True, False), err


def test_a_locale_with_commas_changes_no_byte(cli: Cli, made: Path) -> None:
    german = started("diff", made, "--format", "json", *ENGINE, LC_ALL="de_DE.UTF-8", LC_NUMERIC="de_DE.UTF-8")
    assert german == cli("diff", made, "--format", "json", *ENGINE)


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of a POSIX shell")
def test_a_closed_pipe_is_no_error(made: Path) -> None:
    command = f"{sys.executable} -m costmodel diff {made} --format json {' '.join(ENGINE)} | head -n 1"
    done = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("{\n", "")


def test_no_permission_to_write_is_2_before_any_work(cli: Cli, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)  # the superuser, as whom CI may run, may write anywhere
    code, _, err = cli("baseline", "seed_aws", "--out", base.with_name("new.json"))
    assert (code, "permission denied" in err, base.with_name("new.json").exists()) == (2, True, False)
    monkeypatch.undo()
    assert cli("baseline", "seed_aws", "--out", base.parent / "none" / "new.json")[0] == 2


# --- git, and folders -----------------------------------------------------------------------------------------------------


def git(place: Path, *words: str) -> None:
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", str(place), *who, *words], check=True, capture_output=True)


@pytest.fixture
def in_git(base: Path) -> Path:
    git(base.parent, "init", "-q", "-b", "main")
    git(base.parent, "add", "-A")
    git(base.parent, "commit", "-q", "-m", "first")
    return base


@pytest.mark.parametrize(("accepted", "code"), [("block", 3), ("warn", 0)])
def test_a_change_that_renews_its_own_baseline_still_shows(
    cli: Cli, in_git: Path, tmp_path: Path, keys_at: Callable[[str], Path], accepted: str, code: int
) -> None:
    small, data = in_git.with_name("small.toml"), ("--data", keys_at("2"))
    words = ("--reason", "a dearer contract", *data, *ENGINE)
    assert cli("baseline", small, "--out", in_git, *words)[0] == 0
    assert cli("diff", in_git, *data, *ENGINE)[0] == 0
    ours = policy(tmp_path, '[[limit]]\nid = "a"\nof = "service:kms"\npercent = 1', renewed=accepted)
    found = cli("diff", in_git, "--base-ref", "main", "--policy", ours, *data, *ENGINE)
    assert (found[0], "the baseline itself: a dearer contract" in found[1]) == (code, True)


def test_a_baseline_that_the_revision_lacks_is_2(cli: Cli, in_git: Path) -> None:
    new = in_git.with_name("new.json")
    new.write_text(in_git.read_text(encoding="utf-8"), encoding="utf-8")
    code, _, err = cli("diff", new, "--base-ref", "HEAD", *ENGINE)
    assert (code, "no such file in that revision" in err) == (2, True)


def test_a_folder_is_one_report_with_a_row_each(cli: Cli, base: Path, tmp_path: Path) -> None:
    """One scenario unchanged, one with more payments, one that cannot be run: 2 comes first, all are shown."""
    folder = tmp_path / "baselines"
    folder.mkdir()
    small = base.with_name("small.toml")
    for name in ("same", "more"):
        copy = tmp_path / f"{name}.toml"
        copy.write_text(small.read_text(encoding="utf-8"), encoding="utf-8")
        assert cli("baseline", copy, "--out", folder / f"{name}.json", *ENGINE)[0] == 0
    edited(tmp_path / "more.toml", "= 300", "= 600")
    code, out, err = cli("diff", folder, "--format", "json", *ENGINE)
    document = json.loads(out)
    assert (code, err) == (3, "")
    assert {s["scenario"]: s["exit_codes"] for s in document["scenarios"]} == {"more": [3], "same": []}
    (folder / "broken.json").write_text("{", encoding="utf-8")
    code, out, err = cli("diff", folder, *ENGINE)
    assert (code, "broken.json" in err) == (2, True)
    rows = [line.split()[0] for line in out.splitlines() if line.startswith(("  more ", "  same "))]
    assert rows == ["more", "same"]


# --- formats --------------------------------------------------------------------------------------------------------------


def test_markdown_fits_a_comment_and_names_nobody(
    cli: Cli, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The verdict is the first line; details are folded; `|` and `<` of a reason do not break the page."""
    summary = tmp_path / "summary.md"
    summary.write_text("# before\n", encoding="utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    code, out, _ = cli("diff", base, "--set", "workload.payments_per_month=900", "--format", "markdown", *ENGINE)
    assert code == 3
    assert out.splitlines()[0].startswith("### Cost: blocked by policy: ")
    assert out.count("<details>") == out.count("</details>") == 1
    assert summary.read_text(encoding="utf-8") == f"# before\n{out}"
    assert len(out) < 65_536


def test_markdown_is_cut_to_the_limit_of_a_comment() -> None:
    """GitHub: a comment holds at most 65,536 characters."""
    from costmodel.reporting.diff_markdown import fitting, fitting_rows, words

    text = fitting(["### verdict\n", fitting_rows(["| row |\n"] * 50_000), "x" * 70_000])
    assert len(text) <= 65_536
    assert text.startswith("### verdict")
    assert "does not fit" in text
    assert words("<b>@team|`x`") == "\\<b>&#64;team\\|\\`x\\`"


def test_junit_has_a_case_for_every_limit(cli: Cli, base: Path, tmp_path: Path, keys_at: Callable[[str], Path]) -> None:
    ours = policy(
        tmp_path,
        """[[limit]]
id = "keys"
of = "meter:kms.keys"
budget = 7
message = "keys cost more than agreed & <more>"
[[limit]]
id = "all"
of = "total"
percent = 50""",
    )
    code, out, _ = cli("diff", base, "--policy", ours, "--data", keys_at("2"), "--format", "junit", *ENGINE)
    top = ElementTree.fromstring(out)
    cases = {case.get("name"): [f.get("message") for f in case.findall("failure")] for case in top.iter("testcase")}
    assert (code, top.get("failures"), top.get("tests")) == (3, "1", "3")
    assert cases["limit all (total)"] == []
    assert cases["budget keys (meter:kms.keys)"][0].startswith("keys cost more than agreed & <more>; kms.keys rose 100")


def test_csv_has_a_row_for_every_figure_and_cause(cli: Cli, base: Path) -> None:
    _, out, _ = cli("diff", base, "--format", "csv", *ENGINE)
    head, first, *_ = out.splitlines()
    assert head.endswith("by_code,by_price_book,by_scenario,by_noise")
    assert first.startswith("small,figure,total,,")
