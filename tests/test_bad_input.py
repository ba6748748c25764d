"""What no engine could run is refused at its file and line, before anything runs; by the loader that every run uses."""

from __future__ import annotations

from pathlib import Path

import pytest

from costmodel.assumptions.catalog import load_assumptions
from costmodel.assumptions.changes import parse_change
from costmodel.cli.main import main
from costmodel.errors import InputError

SOURCED = 'source = "a test"\nread = 2026-11-23\nbasis = "measured"\n'
OWN = 'title = "t"\nbase = "seed_aws"\n'
BROKEN = OWN + 'pipeline = "broken"\n'
HEAD = 'name = "broken"\ntitle = "t"\nregion = "us-west-2"\n'
FUNCTION = f'[functions.f]\nmemory_mb = 512\ntimeout_s = 30\narchitecture = "arm64"\nruntime = "nodejs20"\n{SOURCED}'
AWS = "pipelines/aws_native.toml"


def handler(name: str, *steps: str) -> str:
    return f'[handlers.{name}]\nfunction = "f"\n{SOURCED}steps = [\n' + "".join(f"  {s},\n" for s in steps) + "]\n"


def invoke(name: str, step: str = "s") -> str:
    return f'{{ name = "{step}", as = "coded", invoke = "{name}" }}'


def cycle(*handlers: str) -> dict[str, str]:
    return {"scenarios/own.toml": BROKEN, "pipelines/broken.toml": HEAD + FUNCTION + "".join(handlers)}


IN_BRANCHES = f'{{ name = "p", as = "coded", parallel = [[], [{invoke("a")}]] }}'
IN_A_CONDITION = (
    f'{{ name = "i", as = "coded", when = "ach", steps = [], otherwise = [{invoke("a")}] }}'  # reached or not
)

# what is wrong, the user's files, where it is reported (file, key, the text of the line), a word of the message
BAD = [
    ("a handler that waits for itself", cycle(handler("a", invoke("a"))),
     "broken.toml", "handlers.a", "[handlers.a]", "calls itself, directly or through others"),
    ("two that wait for each other", cycle(handler("a", invoke("b")), handler("b", invoke("a"))),
     "broken.toml", "handlers.b", "[handlers.b]", "calls itself, directly or through others"),
    ("a cycle through branches", cycle(handler("a", invoke("b")), handler("b", IN_BRANCHES)),
     "broken.toml", "handlers.a", "[handlers.a]", "break the cycle with a message"),
    ("a cycle through a condition", cycle(handler("a", invoke("b")), handler("b", IN_A_CONDITION)),
     "broken.toml", "handlers.a", "[handlers.a]", "break the cycle with a message"),
    ("a negative quantile", {"scenarios/own.toml": OWN, "services/kms.toml": '[[latency]]\noperation = "symmetric"\n'
     f"quantiles_ms = {{ p0 = -1, p50 = 9, p100 = 50 }}\n{SOURCED}"},
     "kms.toml", "latency[5].quantiles_ms.p0", "quantiles_ms", "greater than or equal to 0"),
    ("a decreasing quantile", {"scenarios/own.toml": OWN, "services/kms.toml": '[[latency]]\noperation = "symmetric"\n'
     f"quantiles_ms = {{ p0 = 1, p50 = 9, p90 = 8, p100 = 50 }}\n{SOURCED}"},
     "kms.toml", "latency[5]", "[[latency]]", "quantiles must not decrease"),
    ("a function without memory", {"scenarios/own.toml": OWN, AWS: "[functions.fraud_detector]\nmemory_mb = 0\n"},
     "aws_native.toml", "functions.fraud_detector.memory_mb", "memory_mb = 0", "greater than or equal to 128"),
    ("a function without time", {"scenarios/own.toml": OWN, AWS: "[functions.fraud_detector]\ntimeout_s = 0\n"},
     "aws_native.toml", "functions.fraud_detector.timeout_s", "timeout_s = 0", "greater than or equal to 1"),
    ("a quota of zero", {"scenarios/own.toml": OWN, "services/kms.toml": '[[quota]]\noperation = "requests_symmetric"\n'
     'scope = "account"\nper_second = 0\n'},
     "kms.toml", "quota[0].per_second", "per_second = 0", "greater than 0"),
    ("a quota finer than the clock", {"scenarios/own.toml": OWN, "services/kms.toml": "[[quota]]\n"
     'operation = "requests_symmetric"\nscope = "account"\nper_second = 10_000_000_000\n'},
     "kms.toml", "quota[0].per_second", "per_second = 1", "less than or equal to 1000000000"),
    ("an account without environments", {"scenarios/own.toml": OWN, AWS: "[account_concurrency]\n\nvalue = 0\n"},
     "aws_native.toml", "account_concurrency", "value = 0", "must be at least 1"),
    ("no new environments", {"scenarios/own.toml": OWN, "services/lambda.toml": "[parameter.scale_per_10s]\nvalue = 0\n"
     "low = 0\n"}, "lambda.toml", "parameter.scale_per_10s", "value = 0", "must be above 0"),
    ("a negative number of outages", {"scenarios/own.toml": OWN, "services/kms.toml": "[parameter.outages_per_year]\n"
     "value = -1\nlow = -1\n"}, "kms.toml", "parameter.outages_per_year", "value = -1", "must be at least 0"),
    ("more set aside than there is", {"scenarios/own.toml": OWN, AWS: "[functions.fraud_detector]\n"
     "reserved_concurrency = 600\n[functions.escrow_manager]\nprovisioned_concurrency = 401\n"},
     "aws_native.toml", "functions.fraud_detector.reserved_concurrency", "reserved", "1,001 environments of the account"),
    ("none left for the others", {"scenarios/own.toml": OWN, AWS: "[functions.fraud_detector]\n"
     "reserved_concurrency = 1000\n"},
     "aws_native.toml", "functions.fraud_detector.reserved_concurrency", "reserved", "leave some for the others"),
    ("a share above one", {"scenarios/own.toml": OWN + "[workload.commission]\nvalue = 8\nhigh = 8\n"},
     "own.toml", "workload.commission", "value = 8", "must be from 0 to 1"),
    ("no attempt", {"scenarios/own.toml": OWN, AWS: "[sdk_retry.attempts]\nvalue = 0\n"},
     "aws_native.toml", "sdk_retry.attempts", "value = 0", "must be at least 1"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "files", "file", "key", "text", "word"), BAD, ids=[row[0] for row in BAD])
def test_what_cannot_run_is_refused_at_its_line(
    tmp_path: Path, what: str, files: dict[str, str], file: str, key: str, text: str, word: str
) -> None:
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_assumptions("own", data=tmp_path)
    found = {p.key: p for p in caught.value.problems}
    assert key in found, f"{what}: {found}"
    problem = found[key]
    assert Path(problem.file).name == file
    assert problem.line is not None
    assert text in Path(problem.file).read_text(encoding="utf-8").splitlines()[problem.line - 1]
    assert word in f"{problem.wrong}; {problem.remedy}"


CHANGED = [
    ("services.kms.quota.0.per_second=0", "quota[0].per_second: Input should be greater than 0"),
    ("services.kms.latency.0.quantiles_ms.p50=-4", "latency[0].quantiles_ms.p50: Input should be greater"),
    ("pipeline.functions.fraud_detector.memory_mb=0", "memory_mb: Input should be greater than or equal to 128"),
    ("pipeline.account_concurrency=0", "account_concurrency: must be at least 1 (given: 0)"),
    ("pipeline.sdk_retry.attempts=1.5", "sdk_retry.attempts: must be a whole number (given: 1.5)"),
    ("services.lambda.parameter.scale_per_10s=0", "parameter.scale_per_10s: must be above 0"),
    ("workload.commission=nan", "workload.commission.value: Input should be a finite number"),
]


@pytest.mark.parametrize(("change", "says"), CHANGED)
def test_the_same_by_set_names_the_change(capsys: pytest.CaptureFixture[str], change: str, says: str) -> None:
    assert main(["run", "seed_aws", "--set", change]) == 2
    printed = capsys.readouterr().err
    assert printed.startswith(f"--set {change.partition('=')[0]}=")
    assert says in printed
    assert "nothing was run" in printed


def test_set_widens_a_range_however_its_ends_are_written() -> None:
    """The commission's range is written as text (0.08 to 0.10)."""
    found = load_assumptions("seed_aws", changes=(parse_change("workload.commission=0.05"),))
    commission = found.scenario.workload.commission
    assert (float(commission.low or 0), float(commission.value), float(commission.high or 0)) == (0.05, 0.05, 0.1)
