"""Every kind of file that a command reads: whole examples of it, and the commands that read it."""

from __future__ import annotations

import gzip
import io
import json
import sqlite3
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.fuzz.bearing import called
from tests.offers import as_csv, as_json, product
from tests.test_actual_files import CHARGES, CUR_OLD, CUR_ROWS, FOCUS_HEAD, GOOD, STRIPE_HEAD
from tests.test_usage_files import CSV, JSON, TOML

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ("--engine", "reference", "--quiet")

SMALL = """title = "A small month"
base = "seed_aws"
pinned = false
replications = 1
lead_in_days = 0

[workload]
payments_per_month = 60
days = 1
"""
SMALL_STRIPE = SMALL.replace("seed_aws", "seed_stripe")
PAYMENTS = "id,amount,created,currency,method\n" + "".join(
    f"p{n},{n + 1}.{n:02d},2026-11-{n + 1:02d}T10:00:00Z,usd,{'card' if n % 3 else 'ach'}\n" for n in range(12)
)
USAGE = "service,meter,quantity\nkms,keys,5\nstripe,dispute,3\nlambda,requests,7000000\n"
OFFERS = [
    product("A1", "AWSLambda", "Request", [("0", "Inf", "0.0000002000")]),
    product(
        "A2", "AmazonDynamoDB", "USW2-TimedStorage-ByteHrs", [("0", "25", "0"), ("25", "Inf", "0.25")], unit="GB-Mo"
    ),
]
OWN_CLAIMS = """title = "a document"
source = "a test"

[[claim]]
id = "a"
quote = "92 % less"
line = 3
section = "cost"
stated = "92"
unit = "percent"
tolerance = "0.5"
formula = "(before - after) / before * 100"
inputs = { before = { value = "3450", unit = "USD", line = 2 }, after = { value = "275", unit = "USD", line = 2 } }
pinned = { document = "holds" }
"""


@dataclass(frozen=True)
class Kind:
    """A kind of file. file: where it lies; commands: each run in turn; small: whether what it asks for is checked to
    be small before it is run; beside: other files that the commands need."""

    name: str
    file: str
    whole: tuple[bytes, ...]
    commands: tuple[tuple[str, ...], ...]
    beside: tuple[tuple[str, str], ...] = ()
    binary: bool = False
    small: bool = False
    may_write: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """What a refusal must name."""
        return (Path(self.file).name, Path(self.file).stem, *(name for name, _ in self.beside), "--calibrate")


def shipped(*names: str) -> tuple[bytes, ...]:
    """Files of the shipped data."""
    return tuple((ROOT / "data" / name).read_bytes() for name in names)


def _own(kind: str, name: str, *whole: bytes) -> Kind:
    """A data file of a user, checked by itself."""
    return Kind(kind, name, whole, (("validate", name),))


def _over(kind: str, name: str, *commands: tuple[str, ...], small: bool = False) -> Kind:
    """A shipped file, laid damaged over itself, and what is then computed with it."""
    beside = (
        ("small.toml", SMALL),
        ("stripe.toml", SMALL_STRIPE),
        ("usage.csv", USAGE),
        ("offers.json", as_json(OFFERS)),
    )
    words = tuple((*command, "--data", "mine") for command in commands)
    return Kind(kind, f"mine/{name}", shipped(name), (("validate", f"mine/{name}"), *words), beside, small=small)


def _payments(kind: str, name: str, whole: bytes, *, binary: bool = False) -> Kind:
    words = ("run", "small.toml", "--payments", name, *REFERENCE)
    return Kind(kind, name, (whole,), (words, (*words, "--strict")), (("small.toml", SMALL_STRIPE),), binary)


def _bills(kind: str, name: str, *whole: bytes, binary: bool = False) -> Kind:
    words = ("actuals", name, "--scenario", "small.toml", *REFERENCE)
    return Kind(kind, name, whole, (words, (*words, "--calibrate", "measured.toml")), (("small.toml", SMALL_STRIPE),), binary,
                may_write=("measured.toml",))  # fmt: skip


def as_parquet(text: str) -> bytes:
    """A CSV text as Parquet."""
    import pyarrow.csv
    import pyarrow.parquet

    held = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.csv.read_csv(io.BytesIO(text.encode())), held)
    return held.getvalue()


@cache
def baseline() -> bytes:
    """The baseline of the small month."""
    return _made(("baseline", "small.toml", "--out", "kept.json", "--engine", "reference", "--quiet"), "kept.json")


@cache
def store() -> bytes:
    """The store of a small sweep."""
    return _made((*SWEEP, "--store", "store.sqlite"), "store.sqlite")


SWEEP = ("sweep", "small.toml", "--vary", "services.stripe.card.percent=2,3", *REFERENCE)


def _made(words: tuple[str, ...], name: str) -> bytes:
    import os

    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "small.toml").write_text(SMALL_STRIPE, encoding="utf-8")
        os.chdir(folder)
        try:
            did = called(words)
            assert did.code == 0, did
            if name.endswith("sqlite"):
                with sqlite3.connect(name) as connection:
                    connection.execute("PRAGMA journal_mode = DELETE")
                connection.close()
            return Path(name).read_bytes()
        finally:
            os.chdir(here)


@cache
def kinds() -> tuple[Kind, ...]:
    """All of them."""
    run = ("run", "small.toml", *REFERENCE)
    stripe = ("run", "stripe.toml", *REFERENCE)
    focus = f"{FOCUS_HEAD}\n{GOOD}\n{GOOD}\n".encode()
    report = f"{STRIPE_HEAD}\n{CHARGES}".encode()
    return (
        _own("a service", "own.toml", *shipped("services/kms.toml", "services/stripe.toml", "services/lambda.toml")),
        _own("a pipeline", "own.toml", *shipped("pipelines/aws_native.toml", "pipelines/stripe.toml", "pipelines/adyen.toml")),
        _own("a scenario", "own.toml", *shipped("scenarios/seed_aws.toml", "scenarios/adyen.toml", "scenarios/seed_aws_no_fraud_detector.toml")),
        _own("claims", "own.toml", *shipped("claims/seed.toml"), OWN_CLAIMS.encode()),
        _own("perimeters", "own.toml", *shipped("perimeters/seed.toml")),
        _own("levers", "own.toml", *shipped("levers/seed.toml")),
        _own("a growth path", "own.toml", *shipped("growth/seed.toml")),
        _own("a frontier", "own.toml", *shipped("frontier/seed.toml")),
        _own("a policy", "own.toml", *shipped("policies/default.toml", "starter/policies/ours.toml")),
        _own("an offer map", "own.toml", *shipped("offers/aws.toml")),
        _own("a bill's layout", "own.toml", *shipped("actuals/focus.toml", "actuals/lines_stripe.toml")),
        Kind("a scenario that is run", "own.toml", (SMALL.encode(), SMALL_STRIPE.encode()),
             (("validate", "own.toml"), ("run", "own.toml", *REFERENCE, "--format", "json")), small=True),
        _over("a service laid over", "services/stripe.toml", ("bill", "usage.csv"), stripe, small=True),
        _over("another service laid over", "services/lambda.toml", ("bill", "usage.csv"), run, small=True),
        _over("a pipeline laid over", "pipelines/aws_native.toml", run, small=True),
        _over("the offer map laid over", "offers/aws.toml", ("prices", "import", "offers.json")),
        Kind("usage as CSV", "usage.csv", (CSV.encode(), USAGE.encode()), (("bill", "usage.csv"), ("validate", "usage.csv"))),
        Kind("usage as TOML", "usage.toml", (TOML.encode(),), (("bill", "usage.toml"),)),
        Kind("usage as JSON", "usage.json", (JSON.encode(),), (("bill", "usage.json"),)),
        _payments("payments as CSV", "payments.csv", PAYMENTS.encode()),
        _payments("payments, compressed", "payments.csv.gz", gzip.compress(PAYMENTS.encode(), mtime=0), binary=True),
        _payments("payments as Parquet", "payments.parquet", as_parquet(PAYMENTS), binary=True),
        _bills("a Stripe report", "report.csv", report),
        _bills("a FOCUS bill", "focus.csv", focus, "\n".join((ROOT / "tests/samples/focus_sample_1000_v1.0.csv").read_text("utf-8").splitlines()[:6]).encode()),
        _bills("a FOCUS bill as Parquet", "focus.parquet", as_parquet(focus.decode()), binary=True),
        _bills("an AWS report", "cur.csv", f"{CUR_OLD}\n{CUR_ROWS}".encode()),
        Kind("a price list as JSON", "index.json", (as_json(OFFERS).encode(), json.dumps(json.loads(as_json(OFFERS)), indent=1).encode()),
             (("prices", "import", "index.json"), ("prices", "import", "index.json", "--write", "mine")), may_write=("mine",)),
        Kind("a price list as CSV", "index.csv", (as_csv(OFFERS).encode(),), (("prices", "import", "index.csv"),)),
        Kind("a baseline", "kept.json", (baseline(),), (("validate", "kept.json"), ("diff", "kept.json", "small.toml", *REFERENCE)),
             (("small.toml", SMALL_STRIPE),)),
        Kind("a baseline to be replaced", "kept.json", (baseline(),),
             (("baseline", "small.toml", "--out", "kept.json", *REFERENCE),), (("small.toml", SMALL_STRIPE),), may_write=("kept.json",)),
        Kind("a policy at work", "policy.toml", shipped("policies/default.toml"),
             (("diff", "whole.json", "small.toml", "--policy", "policy.toml", *REFERENCE),),
             (("small.toml", SMALL_STRIPE), ("whole.json", baseline().decode()))),
        Kind("a store", "store.sqlite", (store(),), ((*SWEEP, "--store", "store.sqlite"),), (("small.toml", SMALL_STRIPE),),
             binary=True, may_write=("store.sqlite", "store.sqlite-wal", "store.sqlite-shm", "store.sqlite-journal")),
    )  # fmt: skip
