"""Claims and formulas at their edges, and their messages word for word: what mutants showed to be held by no test.

Expected verdicts follow from the definitions of the relations (see `judge`); figures are worked out by hand.
"""

from __future__ import annotations

from decimal import Decimal as D
from pathlib import Path

import pytest

from costmodel.analysis.claims import ClaimResult, figures_given, judge, judge_document, read_claims
from costmodel.analysis.expressions import LONGEST_QUOTED, MOST_CHARACTERS, MOST_DEPTH, Where, evaluate, parse
from costmodel.assumptions.document import Claim
from costmodel.errors import InputError

HEAD = 'title = "a document"\nsource = "a test"\nread = 2026-11-23\nbasis = "claimed"\n'
CLAIM = """
[[claim]]
id = "{id}"
quote = "92 % less"
line = 3
subject = "cost"
metric = "reduction"
because = "a test"
unit = "percent"
tolerance = "{tolerance}"
stated = "92"
formula = "a * 2"
pinned = {{ document = "holds" }}
inputs = {{ a = "46" }}
{more}
"""


def file_of(folder: Path, *claims: str) -> Path:
    path = folder / "claims.toml"
    path.write_text(HEAD + "".join(claims), encoding="utf-8")
    return path


def claim(id_: str = "A", tolerance: str = "0.5", more: str = "") -> str:
    return CLAIM.format(id=id_, tolerance=tolerance, more=more)


def judged(folder: Path, *claims: str) -> dict[str, ClaimResult]:
    return {one.claim.id: one for one in judge_document(read_claims(str(file_of(folder, *claims)))[0])}


def refused(folder: Path, *claims: str) -> list[str]:
    with pytest.raises(InputError) as error:
        read_claims(str(file_of(folder, *claims)))
    return [f"{p.key}: {p.wrong}; {p.remedy}" for p in error.value.problems]


# relation, figure, verdict; stated 100, tolerance 5
RELATIONS = [
    ("=", "95", "holds"), ("=", "105", "holds"), ("=", "94.999", "fails"), ("=", "105.001", "fails"),
    ("<", "104.999", "holds"), ("<", "105", "fails"), ("<=", "105", "holds"), ("<=", "105.001", "fails"),
    (">", "95.001", "holds"), (">", "95", "fails"), (">=", "95", "holds"), (">=", "94.999", "fails"),
    ("must not exceed bound", "95", "holds"), ("must not exceed bound", "94.999", "fails"),
    ("must not exceed bound", "1000", "holds"),
]  # fmt: skip


@pytest.mark.parametrize(("relation", "figure", "verdict"), RELATIONS)
def test_a_relation_at_its_edge(tmp_path: Path, relation: str, figure: str, verdict: str) -> None:
    made: Claim = judged(tmp_path, claim())["A"].claim
    terms = {"relation": relation, "stated": D(100), "tolerance": D(5)}
    assert judge(made.model_copy(update=terms), D(figure)) == verdict
    assert judge(made.model_copy(update=terms), None) == "not_reproducible"


def test_a_claim_without_a_stated_figure_cannot_be_reproduced(tmp_path: Path) -> None:
    bare = claim().replace('stated = "92"\nformula = "a * 2"\n', "").replace("tolerance", "# tolerance")
    bare = bare.replace('document = "holds"', 'document = "not_reproducible"').replace("inputs =", "# inputs =")
    found = judged(tmp_path, bare)["A"]
    assert (found.recomputed, found.verdict) == (None, "not_reproducible")
    assert figures_given(found.claim) == {}
    assert figures_given(judged(tmp_path, claim())["A"].claim) == {"a": 46, "stated": 92}


@pytest.mark.parametrize(("named", "by_a", "by_b"), [("A", ("B",), ("A",)), ("B", ("B",), ("A",)), ("", (), ())])
def test_a_contradiction_counts_both_ways(
    tmp_path: Path, named: str, by_a: tuple[str, ...], by_b: tuple[str, ...]
) -> None:
    other = {"A": "B", "B": "A"}
    texts = [claim(id_, more=f'contradicts = ["{other[id_]}"]' if id_ == named else "") for id_ in "AB"]
    found = judged(tmp_path, *texts, claim("C"))
    assert [found[id_].contradicts for id_ in "ABC"] == [by_a, by_b, ()]


WHEN = (
    'holds_when = { text = "at {x} a month", figures = { x = { formula = "FORMULA", unit = "USD", places = PLACES } } }'
)


@pytest.mark.parametrize(
    ("formula", "places", "text"),
    [
        ("stated / 8", "1", "at 11.5 a month"),
        ("a / 16", "2", "at 2.88 a month"),  # 2.875, half up
        ("a / 16 - 0.01", "2", "at 2.87 a month"),  # 2.865, half up and not to the even digit
        ("a * 50", "0", "at 2,300 a month"),
        ("0 - a / 16", "2", "at -2.88 a month"),
    ],
)
def test_a_condition_is_filled_in(tmp_path: Path, formula: str, places: str, text: str) -> None:
    more = WHEN.replace("FORMULA", formula).replace("PLACES", places)
    assert judged(tmp_path, claim(more=more))["A"].holds_when == text
    assert judged(tmp_path, claim(more=more))["A"].never is False


@pytest.mark.parametrize(
    ("formula", "tolerance", "value", "reproduces"),
    [
        ("a + c", "0.5", "92.5", True),
        ("a + c", "0.4", "92.5", False),
        ("a + c", "0", "92.5", False),
        ("2 * a", "0", "92", True),
    ],
)
def test_a_way_in_which_a_figure_may_have_come_about(
    tmp_path: Path, formula: str, tolerance: str, value: str, reproduces: bool
) -> None:
    more = f'hypotheses = [{{ text = "so", formula = "{formula}", inputs = {{ c = "46.5" }}, source = "there" }}]'
    (reading,) = judged(tmp_path, claim(tolerance=tolerance, more=more))["A"].hypotheses
    assert (reading.text, reading.value, reading.reproduces, reading.source) == ("so", D(value), reproduces, "there")


# what a file says, and the refusal: key, what is wrong, what to do
FAULTS = [
    ("an unknown claim contradicted", claim(more='contradicts = ["B"]') + claim("AB"),
     "claim[0].contradicts[0]: no other claim `B`; did you mean `AB`?"),
    ("itself contradicted", claim(more='contradicts = ["A"]'), "claim[0].contradicts[0]: no other claim `A`; did you mean `A`?"),
    ("an id twice", claim() + claim(), "claim[1].id: a second claim called `A`; give it another id"),
    ("a name not given", claim().replace("a * 2", "b * 2"),
     "claim[0].formula: `b * 2` uses `b`, which is not given; give it as an input; known here: a, stated"),
    ("a condition's figure not used", claim(more=WHEN.replace("FORMULA", "a").replace("PLACES", "0").replace("{x}", "all")),
     "claim[0].holds_when.figures.x: not used in `text`; write {x} there, or remove it"),
    ("a condition's figure misspelt", claim(more=WHEN.replace("FORMULA", "a").replace("PLACES", "0").replace("{x}", "{xx} {x}")),
     "claim[0].holds_when.text: `{xx}` is no figure of this sentence; did you mean `x`?"),
    ("a condition without figures", claim(more='holds_when = { text = "at {x}" }'),
     "claim[0].holds_when.text: `{x}` is no figure of this sentence; add it to `figures`"),
    ("a condition's formula", claim(more=WHEN.replace("FORMULA", "a / 0").replace("PLACES", "0")),
     "claim[0].holds_when.figures.x.formula: `a / 0` divides by zero; correct the formula or its inputs"),
    ("a hypothesis's formula", claim(more='hypotheses = [{ text = "so", formula = "q", source = "there" }]'),
     "claim[0].hypotheses[0].formula: `q` uses `q`, which is not given; give it as an input; known here: a, stated"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "text", "says"), FAULTS, ids=[one[0] for one in FAULTS])
def test_a_fault_of_a_claims_file_word_for_word(tmp_path: Path, what: str, text: str, says: str) -> None:
    found = refused(tmp_path, text)
    assert [one for one in found if one == says], (what, found)
    with pytest.raises(InputError) as error:
        read_claims(str(tmp_path / "claims.toml"))
    assert {problem.file for problem in error.value.problems} == {str(tmp_path / "claims.toml")}


LONG = "1" + " + 1" * LONGEST_QUOTED
# formula, refusal
FORMULAS = [
    ("b", {"a": D(1)}, "`b` uses `b`, which is not given; give it as an input; known here: a"),
    ("b", {}, "`b` uses `b`, which is not given; give it as an input"),
    ("1 / 0", {}, "`1 / 0` divides by zero; correct the formula or its inputs"),
    ("a * a", {"a": D("1e9999")}, "`a * a` is out of range; correct the formula or its inputs"),
    ("0 / 0", {}, "`0 / 0` divides by zero; correct the formula or its inputs"),
    ("1 +", {}, "`1 +`, character 4: ends too early; expected here: a number, a name, `-` or `(`"),
    ("(1", {}, "`(1`, character 3: ends too early; expected here: `)`"),
    ("1 2", {}, "`1 2`, character 3: `2` not expected; only + - * / ( ) min max"),
    ("f(1)", {}, "`f(1)`, character 3: `f` is no function; only min and max are"),
    ("1 ** 2", {}, "`1 ** 2`, character 4: `*` not expected; expected here: a number, a name, `-` or `(`"),
    ("-" * (MOST_DEPTH + 1) + "1", {}, f"`{'-' * (MOST_DEPTH + 1)}1`, character {MOST_DEPTH + 1}: nested too deep; keep it within {MOST_DEPTH} levels"),
    (f"{LONG} )", {}, f"`{LONG[:LONGEST_QUOTED]}…`, character {len(LONG) + 2}: `)` not expected; only + - * / ( ) min max"),
    (" " * (MOST_CHARACTERS + 1), {}, f"a formula of {MOST_CHARACTERS + 1} characters; keep it within {MOST_CHARACTERS}"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "inputs", "says"), FORMULAS, ids=range(len(FORMULAS)))
def test_a_formula_that_is_none_word_for_word(text: str, inputs: dict[str, D], says: str) -> None:
    with pytest.raises(InputError) as refused_:
        evaluate(text, inputs, Where("f", 7, "k"))
    (problem,) = refused_.value.problems
    assert (f"{problem.wrong}; {problem.remedy}", problem.file, problem.line, problem.key) == (says, "f", 7, "k")


def test_the_longest_and_the_deepest_formula_that_is_read() -> None:
    longest = "1" + " " * (MOST_CHARACTERS - 1)
    assert evaluate(longest, {}) == 1
    deepest = "-" * (MOST_DEPTH - 1) + "1"
    assert evaluate(deepest, {}) == (-1) ** (MOST_DEPTH - 1)
    assert evaluate(" + ".join([deepest] * 5), {}) == 5 * (-1) ** (MOST_DEPTH - 1)
    nested = "(" * (MOST_DEPTH - 1) + "1" + ")" * (MOST_DEPTH - 1)
    assert evaluate(f"{nested} * {nested}", {}) == 1
    with pytest.raises(InputError, match="nested too deep"):
        evaluate(f"{nested} * ({nested})", {})


@pytest.mark.parametrize(
    ("length", "shown"), [(LONGEST_QUOTED, "x" * LONGEST_QUOTED), (LONGEST_QUOTED + 1, "x" * LONGEST_QUOTED + "…")]
)
def test_how_much_of_a_formula_is_shown(length: int, shown: str) -> None:
    assert parse("x" * length).short == shown


def test_a_program_of_a_formula() -> None:
    """What is kept of a formula, kind by kind."""
    assert parse("-a + min(2, 3)").program == (
        ("name", "a"), ("negative", ""), ("number", D(2)), ("number", D(3)), ("binary", "min"), ("binary", "+"),
    )  # fmt: skip


BROKEN = {
    "formula": {"formula": "a / 0"},
    "hypothesis": {"hypotheses": 'hypotheses = [{ text = "so", formula = "a", source = "there" }]'},
    "condition": {"holds_when": WHEN.replace("FORMULA", "a").replace("PLACES", "0")},
}


@pytest.mark.parametrize("part", list(BROKEN))
def test_a_formula_that_fails_after_all_names_its_claim(tmp_path: Path, part: str) -> None:
    """Files are checked when they are read; a claim that a program made is not."""
    (more,) = BROKEN[part].values()
    made = judged(tmp_path, claim(more="" if part == "formula" else more))["A"].claim
    claims, _ = read_claims(str(tmp_path / "claims.toml"))
    if part == "formula":
        bad = made.model_copy(update={"formula": "a / 0"})
    elif part == "hypothesis":
        bad = made.model_copy(update={"hypotheses": (made.hypotheses[0].model_copy(update={"formula": "a / 0"}),)})
    else:
        assert made.holds_when is not None
        figure = made.holds_when.figures["x"].model_copy(update={"formula": "a / 0"})
        bad = made.model_copy(update={"holds_when": made.holds_when.model_copy(update={"figures": {"x": figure}})})
    with pytest.raises(InputError) as refused_:
        judge_document(claims.model_copy(update={"claim": (bad,)}))
    assert str(refused_.value) == "formula: claim A: `a / 0` divides by zero; correct the formula or its inputs"
