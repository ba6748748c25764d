"""Arithmetic over named figures, read by a parser of its own: nothing else that a formula says is ever carried out.

    sum     = product (("+" | "-") product)*
    product = signed (("*" | "/") signed)*
    signed  = "-" signed | NUMBER | NAME | ("min" | "max") "(" sum ("," sum)* ")" | "(" sum ")"

A formula becomes a short program for a stack of decimals, so that a value needs no recursion.
"""

from __future__ import annotations

import decimal
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from costmodel.assumptions.checking import dotted, nearest, place_of
from costmodel.assumptions.reading import Table
from costmodel.errors import InputError, Problem

MOST_CHARACTERS = 1_000
MOST_DEPTH = 40
LONGEST_QUOTED = 80  # characters of a formula shown in a message
DIGITS = 34  # as many as IEEE's decimal128: far beyond cents, and a third stays a third

_TOKEN = re.compile(r"\s*(?:([0-9][0-9_]*(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?)|([A-Za-z_][A-Za-z0-9_]*)|(\S))")
_CONTEXT = decimal.Context(
    prec=DIGITS,
    rounding=decimal.ROUND_HALF_EVEN,
    Emin=-9_999,
    Emax=9_999,
    traps=[decimal.DivisionByZero, decimal.InvalidOperation, decimal.Overflow],
)


def _divide(left: Decimal, right: Decimal) -> Decimal:
    if not right:
        raise decimal.DivisionByZero
    return _CONTEXT.divide(left, right)


_BINARY: dict[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": _CONTEXT.add,
    "-": _CONTEXT.subtract,
    "*": _CONTEXT.multiply,
    "/": _divide,
    "min": min,
    "max": max,
}

Instruction = tuple[str, Decimal | str]


@dataclass(frozen=True)
class Where:
    """The file, line and key that a formula stands in, for the error that names it."""

    file: str = "formula"
    line: int | None = None
    key: str = ""

    def refuse(self, wrong: str, remedy: str) -> InputError:
        """The error to raise about this place."""
        return InputError(Problem(self.file, self.line, self.key, wrong, remedy))


@dataclass(frozen=True)
class Expression:
    """A formula that has been read: its text, the names it uses, and the program that computes it."""

    text: str
    names: frozenset[str]
    program: tuple[Instruction, ...]
    where: Where

    @property
    def short(self) -> str:
        """The formula, cut for a message."""
        return _short(self.text)

    def value(self, inputs: Mapping[str, Decimal]) -> Decimal:
        """The value at `inputs`. Raises InputError: a name not given, a division by zero, a value out of range."""
        for name in sorted(self.names - inputs.keys()):
            raise self.where.refuse(f"`{self.short}` uses `{name}`, which is not given", _given(name, inputs))
        try:
            return _run(self.program, inputs)
        except decimal.DivisionByZero:
            raise self.where.refuse(f"`{self.short}` divides by zero", "correct the formula or its inputs") from None
        except decimal.DecimalException:
            raise self.where.refuse(f"`{self.short}` is out of range", "correct the formula or its inputs") from None


def where_of(table: Table, loc: tuple[str | int, ...]) -> Where:
    """The place of the value at `loc` of a located table."""
    return Where(*place_of(table, loc), dotted(loc))


def repeated(ids: list[str], kind: str, table: Table) -> Iterator[Problem]:
    """Entries of [[kind]] whose id an earlier one has."""
    for index, name in enumerate(ids):
        if name in ids[:index]:
            where = where_of(table, (kind, index, "id"))
            yield Problem(where.file, where.line, where.key, f"a second {kind} called `{name}`", "give it another id")


def evaluate(text: str, inputs: Mapping[str, Decimal], where: Where = Where()) -> Decimal:
    """The value of a formula at `inputs`.

    >>> evaluate("100 * (a - b) / a", {"a": Decimal(200), "b": Decimal(50)})
    Decimal('75')
    """
    return parse(text, where).value(inputs)


def parse(text: str, where: Where = Where()) -> Expression:
    """The formula in `text`. Raises InputError if it is anything but arithmetic, or too long or too deep."""
    if len(text) > MOST_CHARACTERS:
        raise where.refuse(f"a formula of {len(text)} characters", f"keep it within {MOST_CHARACTERS}")
    reader = _Reader(text, where)
    reader.sum()
    reader.expect("")
    names = frozenset(str(given) for kind, given in reader.program if kind == "name")
    return Expression(text, names, tuple(reader.program), where)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_QUOTED else f"{text[:LONGEST_QUOTED]}…"


def _given(name: str, inputs: Mapping[str, Decimal]) -> str:
    return f"give it as an input; {nearest(name, inputs)}" if inputs else "give it as an input"


def _run(program: tuple[Instruction, ...], inputs: Mapping[str, Decimal]) -> Decimal:
    stack: list[Decimal] = []
    for kind, given in program:
        if isinstance(given, Decimal):
            stack.append(given)
        elif kind == "name":
            stack.append(inputs[given])
        elif kind == "negative":
            stack.append(_CONTEXT.minus(stack.pop()))
        else:
            right, left = stack.pop(), stack.pop()
            stack.append(_BINARY[given](left, right))
    return _CONTEXT.plus(stack.pop())


class _Reader:
    """Reads one formula from left to right and writes its program."""

    def __init__(self, text: str, where: Where) -> None:
        self.text, self.where = text, where
        self.program: list[Instruction] = []
        self.tokens = list(_tokens(text))
        self.at = self.depth = 0

    @property
    def kind(self) -> str:
        return self.tokens[self.at][0]

    @property
    def word(self) -> str:
        return self.tokens[self.at][1]

    def sum(self) -> None:
        self._chain(("+", "-"), self._product)

    def _product(self) -> None:
        self._chain(("*", "/"), self._signed)

    def _chain(self, signs: tuple[str, str], part: Callable[[], None]) -> None:
        part()
        while self.kind == "sign" and self.word in signs:
            sign = self._take()
            part()
            self.program.append(("binary", sign))

    def _signed(self) -> None:
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise self._refuse("nested too deep", f"keep it within {MOST_DEPTH} levels")
        self._one()
        self.depth -= 1

    def _one(self) -> None:
        if self.kind == "number":
            self.program.append(("number", _CONTEXT.create_decimal(self._take().replace("_", ""))))
        elif self.kind == "name":
            self._named(self._take())
        elif self._skip("-"):
            self._signed()
            self.program.append(("negative", ""))
        elif self._skip("("):
            self.sum()
            self.expect(")")
        else:
            raise self._refuse(self._unexpected(), "expected here: a number, a name, `-` or `(`")

    def _named(self, name: str) -> None:
        if not self._skip("("):
            self.program.append(("name", name))
            return
        if name not in ("min", "max"):
            raise self._refuse(f"`{name}` is no function", "only min and max are")
        self.sum()
        while self._skip(","):
            self.sum()
            self.program.append(("binary", name))
        self.expect(")")

    def expect(self, word: str) -> None:
        """Step over `word` ("" is the end), or refuse what stands there instead."""
        if self.word != word:
            raise self._refuse(self._unexpected(), f"expected here: `{word}`" if word else "only + - * / ( ) min max")
        self._skip(word)

    def _skip(self, word: str) -> bool:
        if self.kind != "sign" or self.word != word:
            return False
        self.at += 1
        return True

    def _take(self) -> str:
        self.at += 1
        return self.tokens[self.at - 1][1]

    def _unexpected(self) -> str:
        return f"`{self.word}` not expected" if self.word else "ends too early"

    def _refuse(self, wrong: str, remedy: str) -> InputError:
        return self.where.refuse(f"`{_short(self.text)}`, character {self.tokens[self.at][2] + 1}: {wrong}", remedy)


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    """(kind, word, position) of every number, name and sign; last an end."""
    for found in _TOKEN.finditer(text):
        group = found.lastindex or 0
        yield ("number", "name", "sign")[group - 1], found.group(group), found.start(group)
    yield "end", "", len(text)
