"""Arithmetic over named figures: what it gives, and everything it refuses, with the place."""

from __future__ import annotations

from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costmodel.analysis.expressions import MOST_CHARACTERS, MOST_DEPTH, Where, evaluate, parse
from costmodel.errors import InputError

HERE = Where("claims.toml", 7, "claim[0].formula")

# formula, inputs, value by the rules of arithmetic
VALUES = [
    ("1 + 2 * 3", {}, "7"),
    ("(1 + 2) * 3", {}, "9"),
    ("8 - 3 - 2", {}, "3"),
    ("16 / 4 / 2", {}, "2"),
    ("-2 * -(3 - 5)", {}, "-4"),
    ("2 - -3", {}, "5"),
    ("0.1 + 0.2", {}, "0.3"),
    ("1_000 * 1e3", {}, "1000000"),
    ("min(3, 2, 5) * max(1, a)", {"a": D(4)}, "8"),
    ("min(7)", {}, "7"),
    ("100 * (a - b) / a", {"a": D(1200), "b": D(525)}, "56.25"),
    ("max(0, n * gb_s - free) * p", {"n": D(500), "gb_s": D("757.5"), "free": D(400_000), "p": D("0.0000166667")}, "0"),
    ("1 / 3 * 3", {}, "0.9999999999999999999999999999999999"),
]

# formula, what the message must say
REFUSED = [
    ("", "ends too early"),
    ("1 +", "ends too early"),
    ("(1", "expected here: `)`"),
    ("1)", "`)` not expected"),
    ("2 3", "`3` not expected"),
    ("+1", "`+` not expected"),
    ("a ** 2", "`*` not expected"),
    ("a // 2", "`/` not expected"),
    ("a.real", "`.` not expected"),
    ("a[0]", "`[` not expected"),
    ("a == a", "`=` not expected"),
    ("'a'", "`'` not expected"),
    ("min()", "`)` not expected"),
    ("sum(a, a)", "`sum` is no function"),
    ("__import__('os')", "`__import__` is no function"),
    ("lambda: a", "`:` not expected"),
    ("\u0663", "not expected"),  # a digit, but not one of ours
    ("a + b", "uses `b`, which is not given"),
    ("A", "uses `A`, which is not given"),
    ("__builtins__", "uses `__builtins__`, which is not given"),
    ("1 / 0", "divides by zero"),
    ("0 / 0", "divides by zero"),
    ("1 / (a - 4)", "divides by zero"),
    ("(" * (MOST_DEPTH + 1) + "1" + ")" * (MOST_DEPTH + 1), f"keep it within {MOST_DEPTH} levels"),
    ("-" * (MOST_DEPTH + 1) + "1", f"keep it within {MOST_DEPTH} levels"),
    ("(" * 100_000, f"keep it within {MOST_CHARACTERS}"),
    ("9e999" + " * 9e999" * 10, "out of range"),
]


@pytest.mark.parametrize(("formula", "inputs", "value"), VALUES)
def test_value(formula: str, inputs: dict[str, D], value: str) -> None:
    assert evaluate(formula, inputs) == D(value)


@pytest.mark.parametrize(("formula", "says"), REFUSED)
def test_refused_with_its_place(formula: str, says: str) -> None:
    with pytest.raises(InputError) as refused:
        evaluate(formula, {"a": D(4)}, HERE)
    (problem,) = refused.value.problems
    assert str(problem).startswith("claims.toml:7: claim[0].formula: ")
    assert says in str(problem)


def test_longest_formula_needs_no_recursion() -> None:
    assert evaluate("1" + "+1" * (MOST_CHARACTERS // 2 - 1), {}) == MOST_CHARACTERS // 2


def test_names() -> None:
    assert parse("a * min(b, 2) - a").names == {"a", "b"}


@given(st.text(alphabet="ab19.+-*/(),_ em\u0663[]'", max_size=40))
def test_any_text_gives_a_number_or_a_clear_refusal(text: str) -> None:
    try:
        value = evaluate(text, {"a": D(1), "b": D(2)})
    except InputError as refusal:
        value = D(len(refusal.problems))
    assert value.is_finite()


@given(*[st.decimals(-1000, 1000, places=3)] * 3)
def test_agrees_with_exact_fractions(a: D, b: D, c: D) -> None:
    """Source of the expectation: the standard library's fractions."""
    from fractions import Fraction as F

    found = evaluate("(a - b) * c - -a + min(a, b, c)", {"a": a, "b": b, "c": c})
    assert F(found) == (F(a) - F(b)) * F(c) + F(a) + min(F(a), F(b), F(c))
