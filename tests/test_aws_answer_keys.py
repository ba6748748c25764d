"""Every AWS case of the answer key and AWS's further worked examples, priced from a usage file; sources stand in them."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from costmodel.assumptions.catalog import load_services
from costmodel.assumptions.service import Service
from tests.aws_usage import bill_of, part_usd

ANSWERS = Path(__file__).parent / "answers"
CASES, EXAMPLES = (
    json.loads((ANSWERS / name).read_text(), parse_float=Decimal)["cases"] for name in ("aws.json", "aws_examples.json")
)


@pytest.fixture(scope="module")
def catalog() -> dict[str, Service]:
    return load_services()


@pytest.mark.parametrize("case", CASES + EXAMPLES, ids=[case["id"] for case in CASES + EXAMPLES])
def test_case(case: dict[str, Any], catalog: dict[str, Service], tmp_path: Path) -> None:
    found = {"total_usd": bill_of(case, catalog, tmp_path).total_usd}
    for part in case["expected"].keys() - found.keys():
        found[part] = part_usd(case, catalog, tmp_path, part.removesuffix("_usd"))
    tolerance = Decimal(case["tolerance"])
    wrong = {name: usd for name, usd in found.items() if abs(usd - Decimal(case["expected"][name])) > tolerance}
    assert wrong == {}, f"expected {case['expected']} within {tolerance}: {case['source']}"


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_unrounded_total(case: dict[str, Any], catalog: dict[str, Service], tmp_path: Path) -> None:
    """The key's own recomputation without rounding; it prints ten decimals at most."""
    bill = bill_of(case, catalog, tmp_path)
    assert abs(bill.total_usd - case["unrounded_total_usd"]) <= Decimal("1e-9")
