"""From which volume a reduction is reached: closed form, against the table worked out by hand and against search."""

from __future__ import annotations

from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costmodel.analysis.breakeven import CostLine, Threshold, document_threshold, reduction_at, threshold
from costmodel.analysis.perimeter_files import read_perimeters
from costmodel.analysis.perimeters import document_row
from costmodel.assumptions.perimeter import Perimeters
from costmodel.errors import InputError

BASE = D(100_000)  # USD a month, the document's volume

# fixed and variable USD of Stripe and own at the base volume, target in percent, kind, volume in thousands, limit.
# Source: payments facts 6d, with its closed form.
LINES = [
    ((150, 3300), (60, 215), 92, "from", "98.0", "93.5"),
    ((150, 3300), (60, 215), 98, "never", None, "93.5"),
    ((150, 3300), (150, 125), 92, "from", "99.3", "96.2"),
    ((150, 3300), (150, 125), 98, "never", None, "96.2"),
    ((150, 3300), (0, 275), 92, "below", "109", "91.7"),
    ((150, 3300), (0, 275), 98, "below", "1.4", "91.7"),
    ((150, 3300), (275, 0), 92, "from", "99.6", "100"),
    ((150, 3300), (275, 0), 98, "from", "412", "100"),
    ((150, 3300), (150, 25), 92, "from", "57.7", "99.2"),
    ((150, 3300), (60, 115), 92, "from", "32.2", "96.5"),
    ((150, 3300), (60, 115), 98, "never", None, "96.5"),
    ((150, 3300), (60, 465), 92, "never", None, "85.9"),
    ((150, 1050), (60, 465), 98, "never", None, "55.7"),
    ((150, 1050), (150, 375), 98, "never", None, "64.3"),
    ((0, 800), (150, 125), 92, "never", None, "84.4"),
    ((150, 3300), (150, "2138.5"), 92, "never", None, "35.2"),
    ((150, 3300), (5427, 755), 0, "from", "207", "77.1"),
    ((150, 1050), (5427, 755), 0, "from", "1789", None),
    ((100, 100), (0, 50), 50, "always", None, "50"),
    ((100, 100), (50, 50), 50, "always", None, "50"),
    ((100, 0), (60, 0), 50, "never", None, None),
    ((100, 0), (10, 40), 50, "below", "100", None),
]


@pytest.mark.parametrize(("stripe", "own", "target", "kind", "thousands", "limit"), LINES)
def test_threshold(
    stripe: tuple[int, int], own: tuple[int, int], target: int, kind: str, thousands: str | None, limit: str | None
) -> None:
    found = threshold(_line(stripe), _line(own), D(target), BASE)
    assert found.kind == kind
    assert _rounded(found, thousands) == (None if thousands is None else D(thousands))
    assert limit is None or (found.limit_percent is not None and abs(found.limit_percent - D(limit)) <= D("0.05"))


def _line(parts: tuple[int, int]) -> CostLine:
    return CostLine(D(parts[0]), D(parts[1]))


def _rounded(found: Threshold, printed: str | None) -> D | None:
    """Thousands of USD, to the decimals that the source prints."""
    if found.volume_usd is None or printed is None:
        return found.volume_usd
    return round(found.volume_usd / 1000, len(printed.partition(".")[2]))


# perimeter, variant, split, target, kind, thousands. Source: payments facts 6d; here F and V come from the data.
FROM_DATA = [
    ("as_claimed", None, "a", 92, "from", "98.0"),
    ("as_claimed", None, "b", 92, "from", "99.3"),
    ("as_claimed", None, "c", 92, "below", "109"),
    ("as_claimed", None, "z", 92, "from", "99.6"),
    ("as_claimed", None, "a", 98, "never", None),
    ("as_claimed", None, "b", 98, "never", None),
    ("as_claimed", None, "c", 98, "below", "1.4"),
    ("as_claimed", None, "z", 98, "from", "412"),
    ("as_claimed", None, "b_cheap_ach", 92, "from", "57.7"),
    ("as_claimed", None, "a_cheap_ach", 92, "from", "32.2"),
    ("as_claimed", None, "a_cheap_ach", 98, "never", None),
    ("both_legs", None, "a", 98, "never", None),
    ("same_rail", None, "a", 92, "never", None),
    ("same_rail", None, "b", 98, "never", None),
    ("pay_in_only", None, "b", 98, "never", None),
    ("cards_kept", None, "b", 98, "never", None),
    ("fully_loaded", None, None, 0, "from", "207"),
    ("fully_loaded", None, None, 92, "never", None),
    ("fully_loaded", "against_stripe_ach", "a", 0, "from", "1789"),
]


@pytest.fixture(scope="module")
def file() -> Perimeters:
    return read_perimeters()[0]


@pytest.mark.parametrize(("perimeter", "variant", "split", "target", "kind", "thousands"), FROM_DATA)
def test_threshold_from_data(
    file: Perimeters,
    perimeter: str,
    variant: str | None,
    split: str | None,
    target: int,
    kind: str,
    thousands: str | None,
) -> None:
    found = document_threshold(file, perimeter, D(target), variant=variant, split=split)
    assert found.kind == kind
    assert _rounded(found, thousands) == (None if thousands is None else D(thousands))


def test_cheap_ach_reaches_98_percent(file: Perimeters) -> None:
    """Source: payments facts 6d prints 358k, cut rather than rounded: 147/41 × 100k = 358,537."""
    found = document_threshold(file, "as_claimed", D(98), split="b_cheap_ach")
    assert found.volume_usd == D(147) / D(41) * BASE


# volume in thousands, reduction by split a and b. Source: payments facts 6d, the claim by volume. The first two of
# split b are printed there as 17.4 and 66.2, rounded twice: by hand 31.75 / 183 = 17.3497 and 317.5 / 480 = 66.1458 %.
BY_VOLUME = [
    ("1", "66.0", "17.3"),
    ("10", "83.0", "66.1"),
    ("50", "90.7", "88.2"),
    ("100", "92.0", "92.0"),
    ("250", "92.9", "94.5"),
    ("1000", "93.3", "95.8"),
    ("10000", "93.5", "96.2"),
]


@pytest.mark.parametrize(("thousands", "a", "b"), BY_VOLUME)
def test_the_claim_by_volume(file: Perimeters, thousands: str, a: str, b: str) -> None:
    splits = {split.id: split for split in file.split}
    for name, printed in (("a", a), ("b", b)):
        row = document_row(file, "as_claimed", split=splits[name])
        assert round(reduction_at(row, D(thousands) / 100) or 0, 1) == D(printed)


AMOUNTS = st.integers(0, 10_000)


@given(AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS, st.integers(-50, 99), st.integers(1, 10_000_000))
def test_closed_form_agrees_with_trying(fs: int, vs: int, fo: int, vo: int, target: int, volume: int) -> None:
    """At any volume the inequality itself decides; on the threshold both answers are right."""
    stripe, own, times = CostLine(D(fs), D(vs)), CostLine(D(fo), D(vo)), D(volume) / BASE
    found = threshold(stripe, own, D(target), BASE)
    reached = own.usd(times) <= (1 - D(target) / 100) * stripe.usd(times)
    if found.volume_usd is not None and abs(found.volume_usd - volume) < D("0.001"):
        return
    says = {
        "always": True,
        "never": False,
        "from": volume > (found.volume_usd or 0),
        "below": volume < (found.volume_usd or 0),
    }
    assert says[found.kind] == reached


def test_unknown_names_are_refused(file: Perimeters) -> None:
    with pytest.raises((KeyError, InputError)):
        document_threshold(file, "as_claimed", D(98), split="no_such")
