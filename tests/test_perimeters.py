"""Reduction by perimeter: the document column term by term, the options, the modelled column on small bills."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal as D
from pathlib import Path

import pytest

from costmodel.analysis.modelled import bill_usd, modelled_row, sides, with_added
from costmodel.analysis.options import claimed_saving, option_rows, saving_parts, side_terms
from costmodel.analysis.perimeter_files import read_perimeters
from costmodel.analysis.perimeters import PerimeterRow, document_row, document_rows, reduction_percent, total
from costmodel.assumptions.catalog import load_services
from costmodel.assumptions.perimeter import Perimeters
from costmodel.billing.bill import Bill, BillLine
from costmodel.billing.usage import UsageRow
from costmodel.errors import InputError

# perimeter, variant, Stripe, own, reduction in percent.
# Source: payments facts 6c and the design's table of perimeters, both computed by hand from the document's lines.
DOCUMENT = [
    ("as_claimed", None, "3450", "275", "92.03"),
    ("as_claimed", "thousand_payments", "3600", "400", "88.9"),
    ("both_legs", None, "3450", "525", "84.8"),
    ("both_legs", "one_payout_per_payment", "3325", "400", "88.0"),
    ("both_legs", "full_connect", "3700", "525", "85.8"),
    ("pay_in_only", None, "800", "275", "65.6"),
    ("same_rail", None, "1200", "525", "56.3"),
    ("same_rail", "stripe_sets_prices", "800", "525", "34.4"),
    ("same_rail", "full_connect", "1450", "525", "63.8"),
    ("cards_kept", None, "3450", "2288.50", "33.7"),
    ("cards_kept", "list_markup", "3450", "2803.50", "18.7"),
    ("cards_kept", "all_credit", "3450", "2900", "15.9"),
    ("cards_kept", "all_credit_list_markup", "3450", "3415", "1.0"),
    ("cards_kept", "all_credit_assessments", "3450", "3049.75", "11.6"),
    ("cards_kept", "all_credit_assessments_list_markup", "3450", "3564.75", "-3.3"),
    ("cards_kept", "all_regulated_debit", "3450", "859.75", "75.1"),
    ("cards_kept", "all_regulated_debit_list_markup", "3450", "1374.75", "60.2"),
    ("fully_loaded", "low", "3450", "2090", "39.4"),
    ("fully_loaded", None, "3450", "6182", "-79"),
    ("fully_loaded", "high", "3450", "38750", "-1023"),
    ("fully_loaded", "against_stripe_ach", "1200", "6182", "-415"),
    ("fully_loaded", "without_payouts_low", "3450", "1840", "46.7"),
    ("fully_loaded", "without_payouts", "3450", "5932", "-71.9"),
]

# side, its terms. Source: payments facts 6c, the sums as printed there.
TERMS = [
    ("as_claimed.stripe", "2900 150 250 150"),
    ("as_claimed.own", "15 25 45 30 10 5 5 15 125"),
    ("as_claimed.thousand_payments.stripe", "2900 300 250 150"),
    ("both_legs.full_connect.stripe", "2900 150 250 250 150"),
    ("same_rail.stripe", "800 250 150"),
    ("cards_kept.own", "1290 40 258.75 149.75 150 15 25 45 30 10 5 5 15 250"),
    ("fully_loaded.own", "15 25 45 30 10 5 5 15 125 250 3750 100 417 1000 100 40 100 150"),
    ("fully_loaded.low.own", "15 25 45 30 10 5 5 15 125 250 1500 25 0 0 0 10 30 0"),
    ("fully_loaded.high.own", "15 25 45 30 10 5 5 15 125 250 15000 500 417 20833 100 125 500 750"),
    ("fully_loaded.symmetric.stripe", "2900 150 250 150 750 30 25 400"),
]


@pytest.fixture(scope="module")
def file() -> Perimeters:
    return read_perimeters()[0]


@pytest.mark.parametrize(("perimeter", "variant", "stripe", "own", "reduction"), DOCUMENT)
def test_document_column(
    file: Perimeters, perimeter: str, variant: str | None, stripe: str, own: str, reduction: str
) -> None:
    row = document_row(file, perimeter, variant)
    assert (row.stripe_usd, row.own_usd) == (D(stripe), D(own))
    assert _near(row.reduction_percent, reduction)


def _near(value: D | None, printed: str) -> bool:
    """Within half a unit of the last printed decimal (ties were rounded either way)."""
    step = D(1).scaleb(-len(printed.partition(".")[2]))
    return value is not None and abs(value - D(printed)) <= step / 2


@pytest.mark.parametrize(("side", "terms"), TERMS)
def test_document_term_by_term(file: Perimeters, side: str, terms: str) -> None:
    assert [term.usd for term in side_terms(file, side)] == [D(word) for word in terms.split()]


def test_every_perimeter_and_variant_has_its_row(file: Perimeters) -> None:
    rows = [(row.id, row.variant) for row in document_rows(file)]
    assert {row[:2] for row in DOCUMENT} <= set(rows)
    assert len(rows) == len(set(rows))
    assert [perimeter.id for perimeter in file.perimeter] == [
        "as_claimed", "list_price", "both_legs", "pay_in_only", "same_rail", "cards_kept", "fully_loaded",
    ]  # fmt: skip


def test_the_claimed_totals_rest_on_nothing_but_claims(file: Perimeters) -> None:
    row = document_row(file, "as_claimed")
    assert row.shares_by_basis() == {"claimed": 1}
    assert row.share_not_published_or_measured == 1


# figure, value at 500 payments. Source: payments facts 6 and 6a.
FIGURES = [
    ("saving_usd", "3175"),
    ("saving_usd_per_year", "38100"),
    ("reduction", "92.03"),
    ("own_usd_per_payment", "0.55"),
    ("stripe_usd_per_payment", "6.90"),
    ("stripe_over_own", "12.55"),
]


@pytest.mark.parametrize(("name", "value"), FIGURES)
def test_figures_that_claims_name(file: Perimeters, name: str, value: str) -> None:
    assert round(document_row(file, "as_claimed").figures(D(500))[name], 2) == D(value)


def test_reduction_of_nothing() -> None:
    assert reduction_percent(D(0), D(5)) is None


# --- the decision ---------------------------------------------------------------------------------------

# option, fees, loaded low, mid, high (None: no outside figure). Source: the design's options a month.
OPTIONS = [
    ("stay", "3450", None),
    ("stripe_ach", "1200", None),
    ("own", "525", ("2090", "6182", "38750")),
]


@pytest.mark.parametrize(("name", "fees", "loaded"), OPTIONS)
def test_options(file: Perimeters, name: str, fees: str, loaded: tuple[str, ...] | None) -> None:
    row = {option.id: option for option in option_rows(file)}[name]
    assert row.fees_usd == D(fees)
    found = (row.loaded_low_usd, row.loaded_mid_usd, row.loaded_high_usd)
    assert loaded is None or found == tuple(D(usd) for usd in loaded)
    assert row.fees_usd < found[0] < found[1] < found[2]


def test_building_pays_from(file: Perimeters) -> None:
    """Source: payments facts 6d, the middle case: 207k a month against cards, 1.79M against Stripe's ACH."""
    pays = {payoff.against: payoff.against_fees for payoff in option_rows(file)[-1].pays}
    assert round(pays["stay"].volume_usd or 0, -3) == 207_000
    assert round(pays["stripe_ach"].volume_usd or 0, -4) == 1_790_000
    assert {found.kind for found in pays.values()} == {"from"}


def test_parts_of_the_claimed_saving(file: Perimeters) -> None:
    """Source: payments facts 6c: 2,250 + 250 + 675 = 3,175."""
    claimed = claimed_saving(file)
    assert [part.usd for part in saving_parts(file)] == [2250, 250, 675]
    assert claimed is not None
    assert sum(part.usd for part in saving_parts(file)) == claimed.usd == 3175


# --- the modelled column --------------------------------------------------------------------------------


def _bill(**costs: str) -> Bill:
    """A bill of lines `service__meter = USD`."""
    lines = []
    for name, usd in costs.items():
        service, meter = name.split("__")
        line = BillLine(service, meter, D(1), "unit", D(usd), D(usd), "published", "all", "test", dt.date(2026, 1, 1),
                        "", "us-west-2", "published", "simulated")  # fmt: skip
        lines.append(line)
    return Bill(tuple(lines), dt.date(2026, 11, 1), "us-west-2")


STRIPE = _bill(stripe__card="3050", stripe__ach_debit="800", stripe__payout="250", stripe__platform_fee="150",
               stripe__dispute="30", operations__engineering="750")  # fmt: skip
OWN = _bill(kms__keys="5", a_new_service__calls="7", ach__debit_entries="125", ach__credit_entries="250",
            ach__returns="40", operations__engineering="3750", risk__unauthorized_loss="100")  # fmt: skip

# perimeter, variant, Stripe, own: the lines above that the design's table of perimeters names, added by hand
MODELLED = [
    ("list_price", None, "3450", "137"),
    ("both_legs", None, "3450", "387"),
    ("pay_in_only", None, "800", "137"),
    ("same_rail", None, "1200", "387"),
    ("fully_loaded", None, "3450", "4277"),
    ("fully_loaded", "high", "3450", "4277"),
    ("fully_loaded", "symmetric", "4230", "4277"),
]


@pytest.mark.parametrize(("perimeter", "variant", "stripe", "own"), MODELLED)
def test_modelled_column_counts_lines(
    file: Perimeters, perimeter: str, variant: str | None, stripe: str, own: str
) -> None:
    row = modelled_row(file, perimeter, STRIPE, OWN, variant)
    assert (row.stripe_usd, row.own_usd) == (D(stripe), D(own))
    assert row.stripe_usd + row.own_usd + total(row.left_out) == STRIPE.total_usd + OWN.total_usd


def test_a_service_nobody_thought_of_counts_until_it_is_left_out(file: Perimeters) -> None:
    row = modelled_row(file, "pay_in_only", STRIPE, OWN)
    assert "a_new_service.calls" in [term.name for term in row.own]
    assert row.share_not_published_or_measured == 0


# perimeter, variant, rail on Stripe's side, on the own side. Source: the design's table of perimeters.
RAILS = [
    ("list_price", None, "card", "ach"),
    ("both_legs", None, "card", "ach"),
    ("pay_in_only", None, "ach", "ach"),
    ("same_rail", None, "ach", "ach"),
    ("cards_kept", None, "card", "card"),
    ("fully_loaded", None, "card", "ach"),
    ("fully_loaded", "against_stripe_ach", "ach", "ach"),
]


@pytest.mark.parametrize(("perimeter", "variant", "stripe", "own"), RAILS)
def test_rails(file: Perimeters, perimeter: str, variant: str | None, stripe: str, own: str) -> None:
    both = sides(file, perimeter, variant)
    assert (both.stripe.rail, both.own.rail) == (stripe, own)


@pytest.mark.parametrize(("perimeter", "variant"), [("as_claimed", None), ("both_legs", "one_payout_per_payment")])
def test_perimeters_with_a_document_column_only(file: Perimeters, perimeter: str, variant: str | None) -> None:
    with pytest.raises(KeyError):
        sides(file, perimeter, variant)


# end of the ranges, engineer-months, USD lost, account checks, of 500 payments and 100,000. Source: payments facts 6c
ADDED = [("low", "0.1", "30", "0"), ("value", "0.25", "100", "100"), ("high", "1", "500", "500")]


@pytest.mark.parametrize(("at", "engineers", "losses", "checks"), ADDED)
def test_added_usage_replaces_what_the_run_counted(
    file: Perimeters, at: str, engineers: str, losses: str, checks: str
) -> None:
    run = [UsageRow("operations", "engineering", D(9)), UsageRow("kms", "keys", D(5))]
    side = sides(file, "fully_loaded").own
    rows = with_added(file, side, run, payments=D(500), volume_usd=D(100_000), at=at)  # type: ignore[arg-type]
    found = {f"{row.service}.{row.meter}": row.quantity for row in rows}
    assert found["operations.engineering"] == D(engineers)
    assert found["risk.unauthorized_loss"] == D(losses)
    assert found["verification.account_checks"] == D(checks)
    assert found["kms.keys"] == 5
    assert len(rows) == len(found)


def test_everything_the_modelled_column_names_is_in_the_catalog(file: Perimeters) -> None:
    services = load_services()
    named = [f"{added.service}.{added.meter}" for added in file.adds.values()]
    named += [word for words in file.selectors.values() for word in words]
    for word in named:
        service, _, meter = word.partition(".")
        if service == "*":
            assert any(meter in known.meter for known in services.values())
            continue
        assert service in services
        assert not meter or meter in services[service].meter


@pytest.mark.parametrize(
    ("figure", "usd"), [("bill.kms", "5"), ("bill.ach.returns", "40"), ("bill.kms+bill.ach", "420"), ("bill.none", "0")]
)
def test_part_of_a_bill_that_a_claim_names(figure: str, usd: str) -> None:
    assert bill_usd(OWN, figure) == D(usd)


# --- files that are refused -----------------------------------------------------------------------------

SMALL = """title = "t"
document = "d"
volume = "volume"
[inputs]
volume = { value = 100, unit = "USD", source = "s", read = 2026-11-23, basis = "claimed" }
nothing = { value = 0, unit = "1", source = "s", read = 2026-11-23, basis = "claimed" }
[term]
all = { label = "all", formula = "FORMULA" }
some = { label = "some", formula = "volume / 2" }
[[perimeter]]
id = "p"
title = "p"
description = "p"
stripe = ["all"]
own = ["some"]
"""

# what replaces what, the line of the error, what it must say
FAULTS = [
    ('FORMULA"', 'volume * rate"', 8, "term.all.formula: `volume * rate` uses `rate`, which is not given"),
    ('FORMULA"', 'volume / nothing"', 8, "divides by zero"),
    ('FORMULA"', "__import__('os')\"", 8, "`__import__` is no function"),
    ('FORMULA"', "(" * 60 + 'volume"', 8, "nested too deep"),
    ('FORMULA"', 'volume", colour = "red"', 8, "term.all.colour: unknown key"),
    ('volume = "volume"', 'volume = "turnover"', 3, "no such input: `turnover`"),
    ('["all"]', '["al"]', 14, "no such term or group: `al`; did you mean `all`?"),
    ('own = ["some"]', "", 10, "give terms for both sides"),
    ('unit = "1", ', "", 6, "inputs.nothing.unit: missing"),
    ('basis = "claimed" }\nnothing', 'basis = "assumption" }\nnothing', 5, "an assumption needs `low` and `high`"),
    ('own = ["some"]', 'own = ["some"]\n[[perimeter]]\nid="p"\ntitle="p"\ndescription="p"', 17, "a second perimeter"),
    (
        'own = ["some"]',
        'own = ["some"]\n[[perimeter.variant]]\nid = "v"\ntitle = "v"\ninputs = { volumes = 1 }',
        19,
        "no such input: `volumes`",
    ),
    (
        'own = ["some"]',
        'own = ["some"]\n[[option]]\nid = "o"\ntitle = "o"\nfees = "p.own"\nloaded = "q.own"',
        20,
        "no such side of a perimeter: `q.own`",
    ),
]


@pytest.mark.parametrize(("old", "new", "line", "says"), FAULTS)
def test_refused_with_file_and_line(old: str, new: str, line: int, says: str, tmp_path: Path) -> None:
    path = tmp_path / "perimeters.toml"
    assert old in SMALL
    path.write_text(SMALL.replace(old, new).replace("FORMULA", "volume"), encoding="utf-8")
    with pytest.raises(InputError) as refused:
        read_perimeters(str(path))
    assert str(refused.value.problems[0]).startswith(f"{path}:{line}: ")
    assert says in str(refused.value)


def test_a_variant_that_divides_by_zero_is_named(tmp_path: Path) -> None:
    path = tmp_path / "perimeters.toml"
    variant = '[[perimeter.variant]]\nid = "v"\ntitle = "v"\ninputs = { volume = 0 }\n'
    path.write_text(SMALL.replace("FORMULA", "nothing / volume") + variant, encoding="utf-8")
    with pytest.raises(InputError, match=rf"{path}:19: perimeter\[0\].variant\[0\].inputs: .* divides by zero"):
        read_perimeters(str(path))


def test_an_overlay_changes_one_input_and_is_named(tmp_path: Path) -> None:
    (tmp_path / "perimeters").mkdir()
    text = "[inputs.engineers]\nvalue = 0.5\n"
    (tmp_path / "perimeters" / "seed.toml").write_text(text, encoding="utf-8")
    file, overridden = read_perimeters("seed", tmp_path)
    assert document_row(file, "fully_loaded").own_usd == 6182 + 3750
    assert overridden == ["perimeters.seed.inputs.engineers.value"]


def test_rows_are_frozen(file: Perimeters) -> None:
    row: PerimeterRow = document_row(file, "as_claimed")
    with pytest.raises(AttributeError):
        row.id = "other"  # type: ignore[misc]
