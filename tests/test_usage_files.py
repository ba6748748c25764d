"""Usage files: the three formats say the same, and every fault is named with its file and line."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costmodel.billing.rating import rate
from costmodel.billing.usage import Measures, UsageRow, read_usage
from costmodel.errors import InputError
from tests.small_services import ON, meter, price, service

HEADER = "service,meter,quantity,calls,size_kb,duration_ms,memory_mb,amount_cents,region"

CSV = f"""{HEADER}
kms,keys,5,,,,,,
dynamodb,write_request_units,,1000,3.5,,,,us-east-2

lambda,duration_arm,,1e6,,120,512,,
stripe,card,,500,,,,20000,
"""
TOML = """
[[usage]]
service = "kms"
meter = "keys"
quantity = 5
[[usage]]
service = "dynamodb"
meter = "write_request_units"
calls = 1000
size_kb = 3.5
region = "us-east-2"
[[usage]]
service = "lambda"
meter = "duration_arm"
calls = 1e6
duration_ms = 120
memory_mb = 512
[[usage]]
service = "stripe"
meter = "card"
calls = 500
amount_cents = 20_000
"""
JSON = """[
  {"service": "kms", "meter": "keys", "quantity": 5},
  {"service": "dynamodb", "meter": "write_request_units", "calls": 1000, "size_kb": 3.5,
   "region": "us-east-2"},
  {"service": "lambda", "meter": "duration_arm", "calls": "1e6", "duration_ms": 120, "memory_mb": 512},
  {"service": "stripe", "meter": "card", "calls": 500, "amount_cents": 20000}
]
"""


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def said(row: UsageRow) -> tuple[Any, ...]:
    amounts = [part.tolist() for part in row.amounts] if row.amounts else None
    return row.service, row.meter, row.quantity, row.measures, amounts, row.region


@pytest.mark.parametrize(
    ("name", "content", "lines"),
    [
        ("usage.csv", CSV, [2, 3, 5, 6]),
        ("usage.CSV", "\ufeff" + CSV.replace("\n", "\r\n"), [2, 3, 5, 6]),
        ("usage.toml", TOML, [2, 6, 12, 18]),
        ("usage.json", JSON, [2, 3, 5, 6]),
        ("usage.json", '{"usage": ' + JSON + "}", [2, 3, 5, 6]),
    ],
)
def test_the_formats_say_the_same(name: str, content: str, lines: list[int], tmp_path: Path) -> None:
    path = written(tmp_path, name, content)
    rows = read_usage(path)
    assert [said(row) for row in rows] == [
        ("kms", "keys", 5, None, None, None),
        ("dynamodb", "write_request_units", None, Measures(Decimal(1000), size_kb=Decimal("3.5")), None, "us-east-2"),
        ("lambda", "duration_arm", None, Measures(Decimal(10**6), None, Decimal(120), Decimal(512)), None, None),
        ("stripe", "card", None, None, [[20_000], [500]], None),
    ]
    assert [row.place for row in rows] == [(str(path), line) for line in lines]
    assert {row.basis for row in rows} == {"measured"}


def test_the_basis_of_a_file_can_be_said(tmp_path: Path) -> None:
    assert read_usage(written(tmp_path, "u.csv", CSV), basis="assumption")[0].basis == "assumption"


def test_one_payment_where_calls_is_empty(tmp_path: Path) -> None:
    (row,) = read_usage(written(tmp_path, "u.csv", "service,meter,amount_cents\nstripe,card,157\n"))
    assert said(row)[4] == [[157], [1]]


def test_surcharges_are_rows_of_the_same_payments(tmp_path: Path) -> None:
    text = "service,meter,calls,amount_cents,currency,surcharges\nstripe,card,3,150,usd,card_international currency_conversion\n"
    rows = read_usage(written(tmp_path, "u.csv", text))
    assert [(row.meter, row.on_top_of) for row in rows] == [
        ("card", ()), ("card_international", ()), ("currency_conversion", ("card_international",)),
    ]  # fmt: skip
    assert {tuple(said(row)[4][1]) for row in rows} == {(3,)}


@pytest.mark.parametrize(
    ("cells", "key", "wrong"),
    [
        ("5,,EUR,", "currency", "is EUR, and all prices are in USD"),
        ("5,,=1+1,", "currency", "is no currency's name"),
        ("5,=HYPERLINK(1),,", "unit", "is no unit's name"),
        ("5,,,a;b", "surcharges", "is no surcharge's name"),
    ],
)
def test_other_currencies_and_what_is_no_word(cells: str, key: str, wrong: str, tmp_path: Path) -> None:
    path = written(tmp_path, "u.csv", f"service,meter,quantity,unit,currency,surcharges\nkms,keys,{cells}\n")
    with pytest.raises(InputError) as error:
        read_usage(path)
    (problem,) = error.value.problems
    assert (problem.line, problem.key) == (2, key)
    assert wrong in problem.wrong


@pytest.mark.parametrize(("unit", "right"), [("unit", True), ("Units", True), ("GB", False)])
def test_a_unit_is_held_against_the_meters(unit: str, right: bool, tmp_path: Path) -> None:
    shop = service({"calls": meter(price((0, "1")))})
    path = written(tmp_path, "u.csv", f"service,meter,quantity,unit\nshop,calls,2,{unit}\n")
    if right:
        assert rate(read_usage(path), {"shop": shop}, on=ON, region="us-west-2").total_usd == 2
        return
    with pytest.raises(InputError, match=f"{path}:2: shop.calls: is given in GB, and counted in unit"):
        rate(read_usage(path), {"shop": shop}, on=ON, region="us-west-2")


@pytest.mark.parametrize(
    ("line", "key", "wrong"),
    [
        ("kms,keys,-1,,,,,,", "quantity", "is negative (given: -1)"),
        ("kms,keys,nan,,,,,,", "quantity", "is not a number (given: nan)"),
        ("kms,keys,inf,,,,,,", "quantity", "is not a number"),
        ('kms,keys,"1,000",,,,,,', "quantity", "is not a number (given: 1,000)"),
        ("kms,keys,٣,,,,,,", "quantity", "is not a number"),
        ("kms,keys,1e19,,,,,,", "quantity", "is too large"),
        ('kms,keys,"=HYPERLINK(""http://x"",1)",,,,,,', "quantity", "is not a number (given: =HYPERLINK("),
        ("kms,keys,,,,,,,", "quantity", "missing"),
        ("kms,,1,,,,,,", "meter", "missing"),
        ("=1+1,keys,1,,,,,,", "service", "is no service's name (given: =1+1)"),
        ("kms,keys,1,,,,,,@us", "region", "is no region's name"),
        ("kms,keys,1,5,,,,,", "quantity", "given beside calls"),
        ("stripe,card,1,,,,,100,", "quantity", "given beside amount_cents"),
        ("stripe,card,,1.5,,,,100,", "calls", "is no number of payments"),
        ("stripe,card,,,,,,10.5,", "amount_cents", "is not a whole number of cents"),
        ("stripe,card,,,,,,-100,", "amount_cents", "is negative"),
        ("stripe,card,,,,,,1e13,", "amount_cents", "is too large"),
        ("sqs,requests,,,64,,,,", "calls", "missing beside size_kb"),
        ("kms,keys,1,,,,,", "", "8 fields where the header has 9"),
        ("kms,keys" + ",1" * 27, "", "29 fields where the header has 9"),
    ],
)
def test_a_faulty_row_is_named_with_its_line(line: str, key: str, wrong: str, tmp_path: Path) -> None:
    path = written(tmp_path, "usage.csv", f"{HEADER}\nkms,keys,5,,,,,,\n{line}\n")
    with pytest.raises(InputError) as error:
        read_usage(path)
    (problem,) = error.value.problems
    assert (problem.file, problem.line, problem.key) == (str(path), 3, key)
    assert wrong in problem.wrong
    assert problem.remedy


@pytest.mark.parametrize(
    ("name", "content", "line", "wrong"),
    [
        ("u.csv", b"", None, "is empty"),
        ("u.csv", b" \n\n", None, "is empty"),
        ("u.json", b"", None, "is empty"),
        ("u.csv", HEADER.encode(), None, "holds no usage row"),
        ("u.toml", b"", None, "holds no usage row"),
        ("u.json", b"[]", None, "holds no usage row"),
        ("u.csv", HEADER.encode() + b"\nkms,ke\xffys,1\n", 2, "not UTF-8 text"),
        ("u.csv", b'service,meter,quantity\nkms,keys,"1\n', 2, "not valid CSV"),
        ("u.csv", b"service,metre,quantity\nkms,keys,1\n", 1, "unknown column"),
        ("u.csv", b"service;meter;quantity\nkms;keys;1\n", 1, "unknown column"),
        ("u.csv", b"service,quantity\nkms,1\n", 1, "column is missing"),
        ("u.csv", b"service,meter,quantity,quantity\nkms,keys,1,2\n", 1, "column given twice"),
        ("u.csv", b"kms,keys,5\n", 1, "unknown column"),
        ("u.toml", b"[[usage]]\nservice =\n", 2, "not valid TOML"),
        ("u.toml", b"[usages]\nservice = 'kms'\n", 1, "unknown key"),
        ("u.toml", b"usage = 3\n", 1, "a row must be a table"),
        ("u.toml", b"[[usage]]\nservice = 'kms'\nmeter = 'keys'\nquantity = true\n", 1, "is not a number"),
        ("u.json", b'[{"service": "kms",\n "meter" "keys"}]', 2, "not valid JSON"),
        ("u.json", b'{"rows": []}', None, "give a list of rows"),
        ("u.json", b'[\n {"service": "kms", "meter": "keys", "quantities": 1}]', 2, "unknown column"),
        ("u.json", b'[\n {"service": "kms", "meter": "keys", "quantity": [1]}]', 2, "is not a number"),
        ("u.json", b"[\n\n 3]", 3, "a row must be a table"),
        ("u.json", b'[{"service": "kms", "meter": "keys", "quantity": NaN}]', None, "NaN is no number"),
        ("u.json", b'[{"service": "kms", "service": "s3"}]', None, "`service` is given twice"),
        ("u.json", b"[" * 100_000, None, "not readable as JSON"),
        ("u.json", b'[{"quantity": ' + b"9" * 5_000 + b"}]", None, "not readable as JSON"),
        ("u.json", b'[{"quantity": 1e99999999999999999999}]', None, "not readable as JSON"),
        ("u.xlsx", b"PK", None, "`.xlsx` is no usage file"),
    ],
)
def test_a_faulty_file_is_refused(name: str, content: bytes, line: int | None, wrong: str, tmp_path: Path) -> None:
    path = written(tmp_path, name, content)
    with pytest.raises(InputError) as error:
        read_usage(path)
    problem = error.value.problems[0]
    assert (problem.file, problem.line) == (str(path), line)
    assert wrong in problem.wrong
    assert problem.remedy


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.csv.*cannot be read"):
        read_usage(tmp_path / "nowhere.csv")


def test_all_faults_of_a_file_at_once(tmp_path: Path) -> None:
    path = written(tmp_path, "u.csv", "service,meter,quantity\nkms,keys,-1\nkms,keys\nkms,keys,x\n")
    with pytest.raises(InputError) as error:
        read_usage(path)
    assert [problem.line for problem in error.value.problems] == [2, 3, 4]


def test_a_meter_without_a_price_is_named_with_its_line(tmp_path: Path) -> None:
    shop = service({"calls": meter(price((0, "1")))})
    path = written(tmp_path, "u.csv", "service,meter,quantity\nshop,calls,1\nshop,cals,1\nshop,cals,2\n")
    with pytest.raises(InputError) as error:
        rate(read_usage(path), {"shop": shop}, on=ON, region="us-west-2")
    (problem,) = error.value.problems
    assert str(problem) == f"{path}:3: shop.cals: shop has no meter `cals` (2 rows); did you mean `calls`?"


@given(
    st.sampled_from([("u.csv", CSV), ("u.toml", TOML), ("u.json", JSON)]), st.integers(0, 500), st.integers(0, 40),
    st.binary(max_size=8) | st.sampled_from([b"-", b"nan", b"1e400", b"\x00", b"[[", b'"', b"\n", b"9" * 30]),
)  # fmt: skip
def test_a_damaged_file_gives_rows_or_an_error_that_names_it(
    tmp_path_factory: pytest.TempPathFactory, file: tuple[str, str], at: int, cut: int, junk: bytes
) -> None:
    name, content = file
    damaged = content.encode()[:at] + junk + content.encode()[at + cut :]
    path = written(tmp_path_factory.getbasetemp(), name, damaged)
    problems = []
    try:
        read_usage(path)
    except InputError as error:
        problems = [problem.file for problem in error.problems]
    assert set(problems) <= {str(path)}
