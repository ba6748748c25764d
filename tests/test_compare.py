"""What `compare` says it replaced and shows, on a small month: each part of the document by itself.

Sides, plans and lines are those that `data/perimeters/seed.toml` gives the perimeter; the totals are sums of the lines
shown.
"""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import costmodel as cm
from costmodel.analysis.compare import Comparison
from costmodel.analysis.modeller import ModelledRow
from costmodel.analysis.perimeters import PerimeterRow, Term
from costmodel.errors import UsageError
from costmodel.simulation.statistics import Difference

QUICK = {"replications": 1, "lead_in_days": 0, "workload.payments_per_month": 300, "workload.days": 3}


def compared(**more: Any) -> Comparison:
    terms = {"perimeter": "same_rail", "set": QUICK, "engine": "reference"} | more
    return cm.compare("seed_stripe", "seed_aws", **terms)


@pytest.fixture
def found() -> Comparison:
    return compared()


def test_the_document_of_a_comparison(found: Comparison) -> None:
    tree = found.to_dict()
    assert list(tree) == [
        "schema_version", "before", "after", "perimeter", "before_usd", "after_usd", "reduction_percent",
        "document_percent", "difference_usd", "intervals", "lines", "left_out", "replaced", "provenance",
    ]  # fmt: skip
    assert (tree["schema_version"], tree["before"], tree["after"], tree["perimeter"]) == (
        1,
        "seed_stripe",
        "seed_aws",
        "same_rail",
    )
    sums = {
        side: sum(Decimal(row["cost_usd"]) for row in tree["lines"] if row["side"] == side)
        for side in ("stripe", "own")
    }
    assert sums == {"stripe": Decimal(tree["before_usd"]), "own": Decimal(tree["after_usd"])}
    reduction = 100 * (sums["stripe"] - sums["own"]) / sums["stripe"]
    assert Decimal(tree["reduction_percent"]) == pytest.approx(reduction, rel=Decimal("1e-20"))
    assert Decimal(tree["document_percent"]) == pytest.approx(Decimal("56.25"))  # (1,200 − 525) / 1,200
    assert tree["provenance"]["seed"]
    assert tree["provenance"]["engine"] == "reference"
    assert all(set(row) == {"side", "line", "cost_usd", "basis"} for row in tree["lines"])
    assert tree["left_out"]
    assert all(set(row) == {"line", "cost_usd"} for row in tree["left_out"])
    assert tree["intervals"]
    assert tree["difference_usd"]
    assert tree["lines"][0]["basis"]


def test_what_was_replaced_is_said_for_either_side(found: Comparison) -> None:
    assert list(found.replaced) == [
        "stripe: every buyer pays by ach",
        "stripe: stripe under its plan as_claimed",
        "stripe: counting ach_of_seed",
        "own: every buyer pays by ach",
        "own: counting * without beyond_fees",
    ]
    loaded = compared(perimeter="fully_loaded").replaced
    assert [line for line in loaded if line.startswith("own: added ")]
    assert found.to_dict()["replaced"] == list(found.replaced)


def test_a_variant_is_named_apart_or_with_its_perimeter() -> None:
    apart, together = compared(variant="stripe_sets_prices"), compared(perimeter="same_rail.stripe_sets_prices")
    assert apart.perimeter == together.perimeter == "same_rail.stripe_sets_prices"
    assert apart.to_dict() == together.to_dict()
    assert apart.to_dict()["before_usd"] != compared().to_dict()["before_usd"]
    assert "stripe: counting ach_of_connect" in apart.replaced
    assert apart.document_percent == Decimal("34.375")  # (800 − 525) / 800: Stripe's 0.8 % alone


def test_a_folder_of_ones_own_gives_scenario_and_perimeter(tmp_path: Path, root: Path) -> None:
    """Both are only there; its perimeter counts two lines on one side, and leaves two out on the other."""
    for folder in ("perimeters", "scenarios"):
        (tmp_path / folder).mkdir()
    text = (root / "data" / "perimeters" / "seed.toml").read_text(encoding="utf-8")
    text = text.replace('lines = ["ach_of_seed"]', 'lines = ["stripe.ach_debit", "stripe.payout"]')
    text = text.replace('without = ["beyond_fees"]', 'without = ["beyond_fees", "payouts_by_ach"]')
    variant = text.index('id = "stripe_sets_prices"')  # whose own side is paid by card here
    own = text.index("[perimeter.variant.modelled.own]", variant)
    text = text[:own] + text[own:].replace('rail = "ach"', 'rail = "card"', 1)
    (tmp_path / "perimeters" / "own.toml").write_text(text, encoding="utf-8")
    scenario = 'title = "Mine"\nbase = "seed_aws"\npinned = false\n'
    (tmp_path / "scenarios" / "mine.toml").write_text(scenario, encoding="utf-8")
    terms = {"perimeter": "same_rail", "perimeters": "own", "set": QUICK, "data": tmp_path}
    found = cm.compare("seed_stripe", "mine", **terms)  # with the engine that is chosen where none is named
    assert found.provenance["engine"] in ("reference", "compiled")
    assert [line for line in found.replaced if "counting" in line] == [
        "stripe: counting stripe.ach_debit, stripe.payout",
        "own: counting * without beyond_fees, payouts_by_ach",
    ]
    assert [term.name for side, term in found.lines if side == "stripe"] == ["stripe.ach_debit", "stripe.payout"]
    by_card = cm.compare("seed_stripe", "mine", engine="reference", variant="stripe_sets_prices", **terms)
    assert "own: every buyer pays by card" in by_card.replaced
    assert "--set workload.methods={'card': 1, 'ach': 0}" in by_card.provenance["overridden"]
    # the other side's scenario has payments of its own: a quarter of the amounts, at 0.8 % with a cap
    theirs = 'title = "Theirs"\nbase = "seed_stripe"\npinned = false\n[workload]\nmean_ticket_usd = 50\n'
    (tmp_path / "scenarios" / "theirs.toml").write_text(theirs, encoding="utf-8")
    other = cm.compare("theirs", "mine", engine="reference", **terms)
    fees = [comparison.modelled.row.stripe[0].usd for comparison in (other, found)]
    assert fees[0] < fees[1] / 2
    assert other.modelled.row.own == found.modelled.row.own


def test_the_document_knows_the_own_system_only() -> None:
    """No figure of the document where the other system is a processor, or for a perimeter it has no terms for."""
    bought = cm.compare("seed_stripe", "moov", perimeter="same_rail", set=QUICK, engine="reference")
    assert (bought.after, bought.document_percent) == ("moov", None)
    assert compared(perimeter="list_price").document_percent is None


def test_what_was_changed_stands_in_the_provenance() -> None:
    """Changes of the own pipeline, and the rail of the own side."""
    found = compared(set=QUICK | {"pipeline.account_concurrency.value": 900})
    assert "--set pipeline.account_concurrency.value=900" in found.provenance["overridden"]
    assert "--set workload.methods={'card': 0, 'ach': 1}" in found.provenance["overridden"]


def test_a_perimeter_that_is_not_there_is_refused() -> None:
    with pytest.raises(UsageError, match=r"^no modelled perimeter 'same_rial'; did you mean `same_rail"):
        compared(perimeter="same_rial")


def test_what_it_is_told_reaches_the_simulation(tmp_path: Path) -> None:
    """Seed, payments with their columns, a folder of data, and how far it is."""
    seen: list[float] = []
    plain = compared(watch=seen.append)
    assert plain.to_dict()["provenance"]["seed"] != 7
    assert seen
    assert compared(seed=7).to_dict()["provenance"]["seed"] == 7
    (tmp_path / "p.csv").write_text("paid,when\n10.00,2026-11-02\n,2026-11-03\n30.00,2026-11-05\n", encoding="utf-8")
    asked = {"payments": tmp_path / "p.csv", "columns": {"amount": "paid", "time": "when"}}
    assert compared(**asked).to_dict()["before_usd"] != plain.to_dict()["before_usd"]
    with pytest.raises(cm.InputError, match=r"p\.csv"):
        compared(**asked, strict=True)
    with pytest.raises(cm.InputError, match="nowhere"):
        compared(data=tmp_path / "nowhere")
    with pytest.raises(cm.InputError, match="nowhere"):
        compared(perimeters="nowhere")
    with pytest.raises(UsageError, match="no engine named"):
        compared(engine="quick")


def term(name: str, usd: str, basis: str) -> Term:
    return Term(name, name.title(), Decimal(usd), basis, "by hand", is_known=True)


def by_hand(stripe: tuple[Term, ...], document: str | None) -> Comparison:
    """Fees of 80.00 and 20.00, or none, against 25.00; 7.50 is left out."""
    row = PerimeterRow(
        "p", "P", None, "modelled", stripe, (term("a.b", "25.00", "assumption"),), (term("x.y", "7.50", "claimed"),)
    )
    intervals = {"own_usd": (24.5, 25.5), "reduction": None}
    modelled = ModelledRow(row, Decimal(10), intervals, Difference(75.0, (74.0, 76.0), 0.25, 4))
    percent = None if document is None else Decimal(document)
    return Comparison("one", "other", "p", modelled, percent, ("own: counting *",), {"seed": 1})


FEES = (term("s.card", "80.00", "published"), term("s.payout", "20.00", "secondary"))


def test_a_comparison_by_hand_as_a_table_and_a_page() -> None:
    frame = by_hand(FEES, "56.25").to_frame()
    assert list(frame.columns) == ["side", "line", "cost_usd", "basis"]
    assert frame.to_numpy().tolist() == [
        ["stripe", "s.card", 80.0, "published"],
        ["stripe", "s.payout", 20.0, "secondary"],
        ["own", "a.b", 25.0, "assumption"],
    ]
    assert frame["cost_usd"].dtype == "float64"
    page = by_hand(FEES, "56.25")._repr_html_()
    assert re.findall(r"<t([hd])>(.*?)</t[hd]>", page) == [
        *(("h", name) for name in ("side", "line", "cost_usd", "basis")),  # no numbers of rows
        *(("d", cell) for cell in ("stripe", "s.card", "80.0", "published")),
        *(("d", cell) for cell in ("stripe", "s.payout", "20.0", "secondary")),
        *(("d", cell) for cell in ("own", "a.b", "25.0", "assumption")),
    ]


def test_a_comparison_by_hand_as_a_document() -> None:
    """(100 − 25) / 100; against nothing there is no reduction."""
    assert by_hand(FEES, "56.25").to_dict() == {
        "schema_version": 1,
        "before": "one",
        "after": "other",
        "perimeter": "p",
        "before_usd": "100.00",
        "after_usd": "25.00",
        "reduction_percent": "75",
        "document_percent": "56.25",
        "difference_usd": {"value": 75.0, "interval": [74.0, 76.0], "variance_ratio": 0.25, "replications": 4},
        "intervals": {"own_usd": [24.5, 25.5], "reduction": None},
        "lines": [
            {"side": "stripe", "line": "s.card", "cost_usd": "80.00", "basis": "published"},
            {"side": "stripe", "line": "s.payout", "cost_usd": "20.00", "basis": "secondary"},
            {"side": "own", "line": "a.b", "cost_usd": "25.00", "basis": "assumption"},
        ],
        "left_out": [{"line": "x.y", "cost_usd": "7.50"}],
        "replaced": ["own: counting *"],
        "provenance": {"seed": 1},
    }
    nothing = by_hand((), None).to_dict()
    assert (nothing["before_usd"], nothing["reduction_percent"], nothing["document_percent"]) == ("0", None, None)
    assert [row["side"] for row in nothing["lines"]] == ["own"]
