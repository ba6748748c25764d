"""What the damaged inputs have found, each by name: what was wrong, and what must be said now."""

from __future__ import annotations

import io
import os
import sqlite3
from pathlib import Path

import pyarrow
import pyarrow.csv
import pyarrow.parquet
import pytest

from costmodel.assumptions.bounded import read_bounded
from costmodel.errors import InputError
from tests.fuzz.corpus import OFFERS, PAYMENTS, REFERENCE, SMALL_STRIPE, SWEEP
from tests.guarded import Answer, Cli, called
from tests.offers import as_json
from tests.test_actual_files import STRIPE_HEAD


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Commands in a folder with a small month, which show where an error comes from."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COSTMODEL_DEBUG", "1")
    Path("small.toml").write_text(SMALL_STRIPE, encoding="utf-8")
    return lambda *words: called(capsys, *words)


def refused(answer: Answer, *says: str) -> None:
    code, out, err = answer
    assert (code, out) == (2, "")
    for words in says:
        assert words in err


@pytest.mark.parametrize(
    "words",
    [
        ("run", "small.toml", *REFERENCE, "--on", "9999-12-31"),
        ("uncertainty", "small.toml", *REFERENCE, "--samples", "2", "--on", "9999-12-31"),
        ("run", "small.toml", *REFERENCE, "--set", "on=9999-12-31"),
    ],
)
def test_a_date_at_the_end_of_the_calendar(cli: Cli, words: tuple[str, ...]) -> None:
    """Banking days after it do not exist: an OverflowError."""
    refused(cli(*words), "on", "less than or equal to 2999-12-31")


@pytest.mark.parametrize("sent", ["9999-12-31T23:59", "0001-01-01T00:00+14:00", "0001-01-01"])
def test_an_entry_sent_at_the_end_of_the_calendar(cli: Cli, sent: str) -> None:
    refused(cli("ach", "--sent", sent), f"--sent {sent}", "1970 to 2999")


@pytest.mark.parametrize("text", ['{"figures": ', "[1]", "\x00", '{"a": "\x01"}', "[" * 100_000])
def test_a_point_of_a_store_that_was_damaged(cli: Cli, text: str) -> None:
    """SQLite is whole, what it holds is not: a JSONDecodeError."""
    assert cli(*SWEEP, "--store", "kept.sqlite")[0] == 0
    with sqlite3.connect("kept.sqlite") as connection:
        connection.execute("UPDATE point SET outcome = ?", (text,))
    connection.close()
    refused(cli(*SWEEP, "--store", "kept.sqlite"), "kept.sqlite: holds a damaged point", "move it away")


def test_a_frontier_of_a_system_without_functions(cli: Cli) -> None:
    """No function to keep warm: max() of nothing."""
    code, out, err = cli("frontier", "small.toml", *REFERENCE, "--from", "50", "--to", "60")
    assert (code, err) == (0, ""), err
    assert out


def test_a_whole_service_set_to_a_value(cli: Cli) -> None:
    """The path of a service without a key below it: an IndexError."""
    refused(cli("run", "small.toml", *REFERENCE, "--set", "services.kms=1"), "--set services.kms=1", "no assumption")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("run", "9" * 300, *REFERENCE), "no such scenario"),
        (("bill", "9" * 300 + ".toml"), "cannot be read"),
        (("run", "small.toml", *REFERENCE, "--payments", "9" * 300), "cannot be read"),
        (("actuals", "9" * 300), "cannot be read"),
        (("validate", "9" * 300 + ".toml"), "cannot be read"),
        (("prices", "--out", "9" * 300), "cannot be written"),
        (("prices", "--out", "a\0b"), "cannot be written"),
    ],
)
def test_a_name_that_no_file_can_have(cli: Cli, words: tuple[str, ...], says: str) -> None:
    """Longer than a file system takes, or with a zero byte: an OSError, a ValueError."""
    refused(cli(*words), says)


@pytest.mark.parametrize(
    "place",
    [
        '"products": {"A1": {',
        '"terms": {',
        '"OnDemand": {',
        '"attributes": {',
        '"priceDimensions": {',
        '"pricePerUnit": {',
    ],
)
@pytest.mark.parametrize("instead", ['"a"', "5", "null", "[{}]"])
def test_a_price_list_with_another_thing_where_an_object_stands(cli: Cli, place: str, instead: str) -> None:
    """An AttributeError: 'str' object has no attribute 'get'."""
    text = as_json(OFFERS)
    assert place in text
    key = place.rstrip("{")
    Path("index.json").write_text(text.replace(place, f'{key}{instead}, "was": {{', 1), encoding="utf-8")
    refused(cli("prices", "import", "index.json"), "index.json: ", "fetch it again")


def test_payments_of_centuries_name_their_file(cli: Cli) -> None:
    rows = "".join(
        f"{n},{year}-03-02 10:00:00,usd,25.00,1.03,23.97,charge,card,US,,\n" for n, year in enumerate((2026, 2056))
    )
    Path("report.csv").write_text(f"{STRIPE_HEAD}\n{rows}", encoding="utf-8")
    refused(
        cli("actuals", "report.csv", "--scenario", "small.toml", *REFERENCE), "report.csv: time: payments from 2026"
    )


@pytest.mark.parametrize("name", ["endless.toml", "endless.json"])
@pytest.mark.parametrize("command", ["validate", "bill", "prices import", "diff"])
def test_a_file_without_an_end(cli: Cli, command: str, name: str) -> None:
    """A device says that it holds 0 bytes, and never ends: only what comes can be counted."""
    if command == "prices import" and name.endswith("toml"):
        pytest.skip("is refused by its name")
    os.symlink("/dev/zero", name)
    code, _, err = cli(*command.split(), name)
    assert code == 2
    assert name in err


def test_no_more_is_read_than_may_be(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"12345")
    assert read_bounded(tmp_path / "x", 5, "") == b"12345"
    with pytest.raises(InputError, match="larger than 4 bytes; split it"):
        read_bounded(tmp_path / "x", 4, "split it")


DEEP = 100_000


@pytest.mark.parametrize(
    "text",
    [
        "a." * DEEP + "a = 1\n",
        "[" + "a." * DEEP + "a]\nb = 1\n",
        "'a' . " * DEEP + "a = 1\n",
        "x = " + "{ a = " * DEEP + "1" + " }" * DEEP,
        "x = " + "[" * DEEP + "]" * DEEP,
        "x = " + "[" * 200 + "]" * 200,
        "a." * 900 + "a = 1\n",
    ],
    ids=["keys", "a table", "quoted keys", "tables in a line", "lists", "some lists", "some keys"],
)
def test_keys_within_keys_without_end(cli: Cli, text: str) -> None:
    """Python's own reader of TOML crashed on the first, in C; it and ours gave a RecursionError on others."""
    Path("deep.toml").write_text(f'title = "t"\n{text}', encoding="utf-8")
    refused(cli("validate", "deep.toml"), "deep.toml")


@pytest.mark.parametrize("text", ["x" * 3_000_000, "a b " * 700_000, "a-" * 1_000_000, '"a" ' * 700_000])
def test_a_long_line_takes_no_time_that_grows_with_its_square(cli: Cli, text: str) -> None:
    Path("long.toml").write_text(f'title = "{text[:9]}"\n{text}\n', encoding="utf-8")
    refused(cli("validate", "long.toml"), "long.toml")


@pytest.mark.parametrize(
    ("old", "new"), [(b"2026-11-01", b"2026-\xb4\xb41"), (b"currency", b"curr\xb4ncy"), (b"card", b"c\xffrd")],
    ids=["a cell", "the name of a column", "a word"],
)  # fmt: skip
@pytest.mark.parametrize("words", [("run", "small.toml", "--payments"), ("actuals", "--scenario", "small.toml")])
def test_a_parquet_file_whose_text_is_no_text(cli: Cli, old: bytes, new: bytes, words: tuple[str, ...]) -> None:
    """Not UTF-8, in pages that are not compressed: an ArrowInvalid where the text was used, a UnicodeDecodeError."""
    held = io.BytesIO()
    table = pyarrow.csv.read_csv(io.BytesIO(PAYMENTS.encode()), convert_options=pyarrow.csv.ConvertOptions(
        column_types={"created": pyarrow.string()}))  # fmt: skip
    pyarrow.parquet.write_table(table, held, compression="none", use_dictionary=False, write_statistics=False)
    assert old in held.getvalue()
    Path("p.parquet").write_bytes(held.getvalue().replace(old, new))
    refused(cli(*words, "p.parquet", *REFERENCE), "p.parquet")


def test_a_file_called_a_new_line_is_named(cli: Cli) -> None:
    code, _, err = cli("validate", "\n")
    assert code == 2
    assert err.startswith("\\n: cannot be read")
