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
from tests.fuzz.corpus import OFFERS, PAYMENTS, REFERENCE, SMALL, SWEEP
from tests.guarded import Answer, Cli
from tests.offers import as_json
from tests.test_actual_files import STRIPE_HEAD


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
def test_a_date_at_the_end_of_the_calendar(cli_here: Cli, words: tuple[str, ...]) -> None:
    """Banking days after it do not exist: an OverflowError."""
    refused(cli_here(*words), "on", "less than or equal to 2999-12-31")


@pytest.mark.parametrize("sent", ["9999-12-31T23:59", "0001-01-01T00:00+14:00", "0001-01-01"])
def test_an_entry_sent_at_the_end_of_the_calendar(cli_here: Cli, sent: str) -> None:
    refused(cli_here("ach", "--sent", sent), f"--sent {sent}", "1970 to 2999")


@pytest.mark.parametrize("text", ['{"figures": ', "[1]", "\x00", '{"a": "\x01"}', "[" * 100_000])
def test_a_point_of_a_store_that_was_damaged(cli_here: Cli, text: str) -> None:
    """SQLite is whole, what it holds is not: a JSONDecodeError."""
    assert cli_here(*SWEEP, "--store", "kept.sqlite")[0] == 0
    with sqlite3.connect("kept.sqlite") as connection:
        connection.execute("UPDATE point SET outcome = ?", (text,))
    connection.close()
    refused(cli_here(*SWEEP, "--store", "kept.sqlite"), "kept.sqlite: holds a damaged point", "move it away")


def test_a_frontier_of_a_system_without_functions(cli_here: Cli) -> None:
    """No function to keep warm: max() of nothing."""
    code, out, err = cli_here("frontier", "small.toml", *REFERENCE, "--from", "50", "--to", "60")
    assert (code, err) == (0, ""), err
    assert out


def test_a_whole_service_set_to_a_value(cli_here: Cli) -> None:
    """The path of a service without a key below it: an IndexError."""
    refused(
        cli_here("run", "small.toml", *REFERENCE, "--set", "services.kms=1"), "--set services.kms=1", "no assumption"
    )


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
def test_a_name_that_no_file_can_have(cli_here: Cli, words: tuple[str, ...], says: str) -> None:
    """Longer than a file system takes, or with a zero byte: an OSError, a ValueError."""
    refused(cli_here(*words), says)


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
def test_a_price_list_with_another_thing_where_an_object_stands(cli_here: Cli, place: str, instead: str) -> None:
    """An AttributeError: 'str' object has no attribute 'get'."""
    text = as_json(OFFERS)
    assert place in text
    key = place.rstrip("{")
    Path("index.json").write_text(text.replace(place, f'{key}{instead}, "was": {{', 1), encoding="utf-8")
    refused(cli_here("prices", "import", "index.json"), "index.json: ", "fetch it again")


def test_payments_of_centuries_name_their_file(cli_here: Cli) -> None:
    rows = "".join(
        f"{n},{year}-03-02 10:00:00,usd,25.00,1.03,23.97,charge,card,US,,\n" for n, year in enumerate((2026, 2056))
    )
    Path("report.csv").write_text(f"{STRIPE_HEAD}\n{rows}", encoding="utf-8")
    refused(
        cli_here("actuals", "report.csv", "--scenario", "small.toml", *REFERENCE),
        "report.csv: time: payments from 2026",
    )


@pytest.mark.parametrize("name", ["endless.toml", "endless.json"])
@pytest.mark.parametrize("command", ["validate", "bill", "prices import", "diff"])
def test_a_file_without_an_end(cli_here: Cli, command: str, name: str) -> None:
    """A device says that it holds 0 bytes, and never ends: only what comes can be counted."""
    if command == "prices import" and name.endswith("toml"):
        pytest.skip("is refused by its name")
    os.symlink("/dev/zero", name)
    code, _, err = cli_here(*command.split(), name)
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
def test_keys_within_keys_without_end(cli_here: Cli, text: str) -> None:
    """Python's own reader of TOML crashed on the first, in C; it and ours gave a RecursionError on others."""
    Path("deep.toml").write_text(f'title = "t"\n{text}', encoding="utf-8")
    refused(cli_here("validate", "deep.toml"), "deep.toml")


@pytest.mark.parametrize("text", ["x" * 3_000_000, "a b " * 700_000, "a-" * 1_000_000, '"a" ' * 700_000])
def test_a_long_line_takes_no_time_that_grows_with_its_square(cli_here: Cli, text: str) -> None:
    Path("long.toml").write_text(f'title = "{text[:9]}"\n{text}\n', encoding="utf-8")
    refused(cli_here("validate", "long.toml"), "long.toml")


@pytest.mark.parametrize(
    ("old", "new"), [(b"2026-11-01", b"2026-\xb4\xb41"), (b"currency", b"curr\xb4ncy"), (b"card", b"c\xffrd")],
    ids=["a cell", "the name of a column", "a word"],
)  # fmt: skip
@pytest.mark.parametrize("words", [("run", "small.toml", "--payments"), ("actuals", "--scenario", "small.toml")])
def test_a_parquet_file_whose_text_is_no_text(cli_here: Cli, old: bytes, new: bytes, words: tuple[str, ...]) -> None:
    """Not UTF-8, in pages that are not compressed: an ArrowInvalid where the text was used, a UnicodeDecodeError."""
    held = io.BytesIO()
    table = pyarrow.csv.read_csv(io.BytesIO(PAYMENTS.encode()), convert_options=pyarrow.csv.ConvertOptions(
        column_types={"created": pyarrow.string()}))  # fmt: skip
    pyarrow.parquet.write_table(table, held, compression="none", use_dictionary=False, write_statistics=False)
    assert old in held.getvalue()
    Path("p.parquet").write_bytes(held.getvalue().replace(old, new))
    refused(cli_here(*words, "p.parquet", *REFERENCE), "p.parquet")


def test_a_map_of_products_names_the_place_of_a_meter_that_is_not_there(cli_here: Cli) -> None:
    Path("mine/offers").mkdir(parents=True)
    own = '[[product]]\nservice_code = "AWSLambda"\nmeter = "lambda.requests"\n\n[[product]]\nservice_code = "w"\nmeter = "waf.r0ules"\n'
    Path("mine/offers/aws.toml").write_text(own, encoding="utf-8")
    Path("index.json").write_text(as_json(OFFERS), encoding="utf-8")
    says = "offers/aws.toml:7: product[1].meter: no such meter: `waf.r0ules`"
    refused(cli_here("prices", "import", "index.json", "--data", "mine"), says, "did you mean `waf.rules`")
    refused(cli_here("validate", "mine/offers/aws.toml"), says)


def test_a_frontier_from_a_month_without_a_payment(cli_here: Cli) -> None:
    """One payment a month in a month of one day is none; the digits may be of any script."""
    Path("own.toml").write_text(SMALL, encoding="utf-8")
    code, out, err = cli_here("frontier", "own.toml", *REFERENCE, "--from", "1", "--to", "\u0663")
    assert (code, err) == (0, "")
    assert "Payments a month" in out


def test_a_report_that_is_interrupted_has_written_none_of_its_files(
    cli_here: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the second of two is made."""
    from costmodel.reporting import report

    def late(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(report, "make_report", late)
    code, _, err = cli_here("report", "small.toml", *REFERENCE, "--focus", "f.csv", "--html", "r.html")
    assert (code, err) == (130, "interrupted; nothing was written\n")
    assert sorted(path.name for path in Path().iterdir()) == ["small.toml"]


def test_a_file_called_a_new_line_is_named(cli_here: Cli) -> None:
    code, _, err = cli_here("validate", "\n")
    assert code == 2
    assert err.startswith("\\n: cannot be read")
