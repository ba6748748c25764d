"""The workbook recalculated by an independent library (`formulas`), held against the package's own bill.

Where an input is changed, it is changed in the sheet, and in the package by rating the same usage again: neither side knows
of the other. Cached values and texts are read with openpyxl, which shares no code with the writer.
"""

from __future__ import annotations

import copy
import dataclasses
import datetime as dt
import io
import warnings
import zipfile
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest

import costmodel as cm
from costmodel.assumptions.service import Price
from costmodel.billing.bill import Bill
from costmodel.billing.rating import rate
from costmodel.reporting.workbook import workbook
from costmodel.reporting.workbook_cells import Table
from costmodel.reporting.workbook_file import workbook_file
from costmodel.result import Result
from costmodel.run import rating_terms

Cli = Callable[..., tuple[int, str, str]]
CENT = Decimal("0.01")
FEW = {"replications": 1, "workload.days": 5}  # `formulas` compiles every cell: some eighty payments, scaled to a month


@pytest.fixture(scope="module")
def aws() -> Result:
    return cm.run("seed_aws", engine="reference", set=FEW)


@pytest.fixture(scope="module")
def card() -> Result:
    return cm.run("seed_stripe", engine="reference", set=FEW)


@pytest.fixture(scope="module")
def ach() -> Result:
    return cm.run("seed_stripe_ach", engine="reference", set=FEW)


@pytest.fixture(scope="module")
def both(aws: Result, card: Result) -> bytes:
    return workbook(aws, {"stripe_card": card})


def changed(content: bytes, changes: Mapping[str, float]) -> bytes:
    """The workbook with other numbers in cells that have a name."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    for name, value in changes.items():
        sheet, _, cell = book.defined_names[name].attr_text.partition("!")
        book[sheet][cell.replace("$", "")] = value
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def recalculated(content: bytes, tmp_path: Path) -> dict[str, Any]:
    """Every cell by SHEET!CELL and every name, as `formulas` calculates them."""
    import formulas

    path = tmp_path / "book.xlsx"
    path.write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        solution = formulas.ExcelModel().loads(str(path)).finish().calculate()
    cells = {}
    for key, found in solution.items():
        values = np.asarray(getattr(found, "value", found), dtype=object)
        if values.size == 1:
            cells[str(key).replace("'", "").replace("[book.xlsx]", "").upper()] = values.ravel()[0]
    return cells


def named(cells: dict[str, Any], content: bytes, name: str) -> Any:
    place = openpyxl.load_workbook(io.BytesIO(content)).defined_names[name].attr_text
    return cells[place.replace("$", "").upper()]


def cents(value: Any) -> Decimal:
    return Decimal(str(round(float(value), 6))).quantize(CENT, rounding="ROUND_HALF_UP")


def to_cents(usd: Decimal) -> Decimal:
    return usd.quantize(CENT, rounding="ROUND_HALF_UP")


def rated(result: Result, services: Mapping[str, Any], factor: Decimal) -> Bill:
    """The package's bill for so many times the simulated usage, at other prices."""
    usage = [
        dataclasses.replace(row, scale=row.scale * factor) if row.basis == "simulated" else row for row in result.usage
    ]
    return rate(usage, services, **rating_terms(result.assumptions))


def with_price(
    services: Mapping[str, Any], service: str, meter: str, other: Callable[[Price], Price]
) -> dict[str, Any]:
    """The services with other prices of one meter."""
    terms = services[service].meter[meter]
    meters = services[service].meter | {meter: terms.model_copy(update={"price": tuple(map(other, terms.price))})}
    return {**services, service: services[service].model_copy(update={"meter": meters})}


# --- the same totals ---------------------------------------------------------------------------------------------------


def test_two_systems_recalculate_to_the_cent(aws: Result, card: Result, both: bytes, tmp_path: Path) -> None:
    cells = recalculated(both, tmp_path)
    assert cents(named(cells, both, "total_scenario_usd")) == to_cents(aws.bill.total_usd)
    assert cents(named(cells, both, "total_stripe_card_usd")) == to_cents(card.bill.total_usd)
    saved = 100 * (1 - aws.bill.total_usd / card.bill.total_usd)
    assert float(named(cells, both, "reduction_percent_stripe_card")) == pytest.approx(float(saved), abs=1e-9)
    assert named(cells, both, "all_checks") == "OK"
    sheet = openpyxl.load_workbook(io.BytesIO(both))["Bill"]
    lines = {(line.service, line.meter, line.region, line.tier): line for line in aws.bill.lines}
    seen = set()
    for number, (system, *key) in enumerate(sheet.iter_rows(min_row=2, max_col=5, values_only=True), 2):
        if system == "scenario" and key[0] != "total":
            line = lines.get(tuple(key))  # a tier that was not reached is no line
            seen.add(tuple(key))
            assert float(cells[f"BILL!I{number}"]) == pytest.approx(float(line.cost_usd) if line else 0, abs=1e-9)
            assert float(cells[f"BILL!F{number}"]) == pytest.approx(float(line.quantity) if line else 0, rel=1e-12)
    assert seen >= set(lines)


def test_changed_in_the_sheet_and_in_the_package(aws: Result, card: Result, both: bytes, tmp_path: Path) -> None:
    """A dearer ACH entry, another card fee, fewer free metrics and 350,000 payments."""
    factor = 350_000 / Decimal(str(aws.figures["offered_per_month"]))  # through free tiers and into second ones
    content = changed(both, {
        "payments_per_month": 350_000, "price_ach_debit_entries": 0.31, "percent_stripe_card": 2.35,
        "fixed_stripe_card": 0.05, "free_cloudwatch_metrics": 3,
    })  # fmt: skip
    cells = recalculated(content, tmp_path)
    services: Mapping[str, Any] = aws.assumptions.services
    services = with_price(services, "ach", "debit_entries", lambda price: price.model_copy(
        update={"tiers": (price.tiers[0].model_copy(update={"usd": Decimal("0.31")}),)}))  # fmt: skip
    services = with_price(services, "stripe", "card", lambda price: price.model_copy(
        update={"percent": Decimal("2.35"), "fixed_usd": Decimal("0.05")}))  # fmt: skip
    services = with_price(services, "cloudwatch", "metrics", lambda price: price.model_copy(
        update={"free_per_month": Decimal(3)}))  # fmt: skip
    own, stripe = (rated(result, services, factor) for result in (aws, card))
    assert own.total_usd > 100 * aws.bill.total_usd
    assert any(line.tier.startswith("above") for line in own.lines)
    assert cents(named(cells, both, "total_scenario_usd")) == to_cents(own.total_usd)
    assert cents(named(cells, both, "total_stripe_card_usd")) == to_cents(stripe.total_usd)
    assert named(cells, both, "all_checks") == "differs"


def test_fee_with_a_minimum_and_a_maximum(ach: Result, tmp_path: Path) -> None:
    content = workbook(ach, {})
    cells = recalculated(content, tmp_path)
    assert cents(named(cells, content, "total_scenario_usd")) == to_cents(ach.bill.total_usd)
    assert openpyxl.load_workbook(io.BytesIO(content)).sheetnames[-1] == "Payments"


def test_a_service_with_a_monthly_minimum(tmp_path: Path) -> None:
    result = cm.run("moov", engine="reference", set={"replications": 1, "workload.payments_per_month": 40})
    assert any(line.note == "what the other lines fall short of it" for line in result.bill.lines)
    content = workbook(result, {})
    cells = recalculated(content, tmp_path)
    assert cents(named(cells, content, "total_scenario_usd")) == to_cents(result.bill.total_usd)


VOLUME = ((1, "1"), (3, "3"), (4, "3.2"), (10, "8"), (11, "7.7"))


@pytest.mark.parametrize(("keys", "usd"), VOLUME)
def test_volume_tiers(keys: int, usd: str, aws: Result, tmp_path: Path) -> None:
    """All of it at the tier reached: $1.00 to 3 keys, $0.80 to 10, $0.70 above; the edge belongs to the tier below."""
    tier = aws.assumptions.services["kms"].meter["keys"].price[0].tiers[0]
    tiers = tuple(
        tier.model_copy(update={"above": Decimal(above), "usd": Decimal(price)})
        for above, price in ((0, "1.00"), (3, "0.80"), (10, "0.70"))
    )
    services = with_price(aws.assumptions.services, "kms", "keys", lambda price: price.model_copy(
        update={"tiers": tiers, "tiering": "volume"}))  # fmt: skip
    usage = [row for row in aws.usage if (row.service, row.meter, row.region) == ("kms", "keys", None)]
    assumptions = dataclasses.replace(aws.assumptions, services=services)
    bill = rate(usage, services, **rating_terms(assumptions))
    metered = copy.copy(aws.metered)
    metered.pooled = usage
    content = workbook(dataclasses.replace(aws, assumptions=assumptions, metered=metered, bill=bill), {})
    book = openpyxl.load_workbook(io.BytesIO(content))
    book["Usage"]["E2"] = keys
    stream = io.BytesIO()
    book.save(stream)
    assert cents(named(recalculated(stream.getvalue(), tmp_path), content, "total_scenario_usd")) == Decimal(usd)


def test_surcharges_rest_on_the_packages_mean_fee(tmp_path: Path) -> None:
    result = cm.run("seed_stripe", engine="reference", set=FEW | {"workload.international_share": "0.2"})
    assert any("on card" in line.note for line in result.bill.lines)
    content = workbook(result, {})
    how = [
        row[11] for row in openpyxl.load_workbook(io.BytesIO(content))["Bill"].iter_rows(min_row=2, values_only=True)
    ]
    assert "fee by the package" in how
    cells = recalculated(content, tmp_path)
    assert cents(named(cells, content, "total_scenario_usd")) == to_cents(result.bill.total_usd)


# --- half cents --------------------------------------------------------------------------------------------------------


HALF_CENTS = {2500: 103, 500: 45, 1500: 74, 20000: 610, 100: 33, 0: 30}


def test_half_a_cent_goes_up(card: Result, tmp_path: Path) -> None:
    """2.9 % + $0.30 by hand: $25.00 is 72.5 + 30 = 102.5 cents, so 103; $5.00 is 44.5, so 45; $15.00 is 73.5, so 74."""
    content = workbook(card, {})
    book = openpyxl.load_workbook(io.BytesIO(content))
    for name in list(book.sheetnames):
        if name not in ("Payments", "Assumptions"):
            del book[name]
    for name in list(book.defined_names):
        del book.defined_names[name]
    for row, amount in enumerate(HALF_CENTS, 2):
        book["Payments"][f"D{row}"] = amount
    book["Payments"].delete_rows(len(HALF_CENTS) + 2, book["Payments"].max_row)
    stream = io.BytesIO()
    book.save(stream)
    cells = recalculated(stream.getvalue(), tmp_path)
    assert [cells[f"PAYMENTS!F{row}"] for row in range(2, len(HALF_CENTS) + 2)] == list(HALF_CENTS.values())


# --- the file ----------------------------------------------------------------------------------------------------------


def test_values_are_there_for_viewers_that_do_not_calculate(aws: Result, both: bytes) -> None:
    formulas, values = (openpyxl.load_workbook(io.BytesIO(both), data_only=only) for only in (False, True))
    count = 0
    for sheet in formulas:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    count += 1
                    assert values[sheet.title][cell.coordinate].value is not None, (sheet.title, cell.coordinate)
    assert count > len(aws.bill.lines) * 3
    cached = {row[0]: row[1] for row in values["Comparison"].iter_rows(values_only=True)}
    assert cents(cached["bill, USD a month"]) == to_cents(aws.bill.total_usd)


def test_sheets_are_ready_to_read_and_to_print(both: bytes) -> None:
    book = openpyxl.load_workbook(io.BytesIO(both))
    assert book.sheetnames == ["Comparison", "Bill", "Usage", "Assumptions", "Checks", "Payments"]
    for sheet in book:
        assert sheet.freeze_panes == "B2"
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.print_title_rows in ("1:1", "$1:$1")
    inputs = book["Assumptions"]
    head = [cell.value for cell in inputs[1]]
    for row in inputs.iter_rows(min_row=2, values_only=True):
        told = dict(zip(head, row, strict=True))
        assert told["unit"] is not None or told["note"]
        assert told["source"], told
        assert told["basis"], told
        assert told["basis"] == "simulated" or isinstance(told["read"], dt.datetime), told
    assert {"payments_per_month", "mean_ticket_usd", "price_ach_debit_entries", "total_scenario_usd"} <= set(
        book.defined_names
    )


def test_same_bytes_whenever_it_is_written(cli: Cli, tmp_path: Path) -> None:
    for name in ("a", "b"):
        code, _, err = cli("report", "seed_stripe", "--engine", "reference", "--set", "replications=1",
                           "--xlsx", tmp_path / f"{name}.xlsx")  # fmt: skip
        assert code == 0, err
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    assert book.properties.created == book.properties.modified == dt.datetime(2026, 11, 23)


@pytest.mark.parametrize("text", ['=HYPERLINK("http://x","y")', "+1", "-1+2", "@SUM(A1)", "{=1+1}", "http://x.test"])
def test_text_of_a_data_file_stays_text(text: str, card: Result) -> None:
    services = with_price(card.assumptions.services, "stripe", "card", lambda price: price.model_copy(
        update={"source": text, "note": text}))  # fmt: skip
    assumptions = dataclasses.replace(card.assumptions, services=services)
    bill = rate(card.usage, services, **rating_terms(assumptions))
    result = dataclasses.replace(card, assumptions=assumptions, bill=bill)
    book = openpyxl.load_workbook(io.BytesIO(workbook(result, {})))
    found = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value == text]
    assert len(found) >= 3
    assert {cell.data_type for cell in found} == {"s"}
    assert all(cell.hyperlink is None for cell in found)


def test_no_place_for_the_file(cli: Cli, tmp_path: Path) -> None:
    code, _, err = cli("report", "seed_aws", "--xlsx", tmp_path / "none" / "a.xlsx")
    assert code == 2
    assert "there is no folder" in err


def test_long_text_is_wrapped_and_thousands_of_rows_are_not_printed() -> None:
    """Else a note makes the page so wide that it prints tiny, and a list of amounts fills hundreds of pages."""
    long, short = Table("Long", ("n", "note")), Table("Short", ("n", "note"))
    for at in range(1001):
        long.add(n=at, note="x")
    short.add(n=1, note="word " * 30)
    book = openpyxl.load_workbook(io.BytesIO(workbook_file([long, short], "t", dt.date(2026, 1, 1))))
    assert book["Long"].print_area == "'Long'!$A$1:$B$1"
    assert not book["Short"].print_area
    note = book["Short"]["B2"]
    assert note.alignment.wrap_text
    assert book["Short"].row_dimensions[2].height == 15 * 3  # 150 characters in lines of 54
    assert book["Short"].column_dimensions["B"].width < 62
