"""Strategies that damage a file: bytes, words and lines of it, or all of it."""

from __future__ import annotations

import re
from collections.abc import Callable

from hypothesis import strategies as st

# What stands where a value should: no number, no such day, too much, a formula, a path out of the folder, …
HOSTILE: tuple[bytes, ...] = (
    b"", b"-1", b"0", b"-0.0", b"nan", b"inf", b"-inf", b"1e400", b"1e-400", b"1e999999999", b"9" * 30, b"9" * 5000,
    b"0." + b"3" * 400, b"1_000", b"1,5", b"1e5", b"0x10", b"0b1", b"'", b'"', b'""', b"''", b'"""', b"true", b"null",
    b"None", b"[]", b"{}", b"[[", b"]]", b"[[[]]]", b"{ value = 1 }", b'["a", 1]', b"2026-02-30", b"2026-13-01",
    b"0001-01-01", b"9999-12-31", b"2026-11-23T25:00:00Z", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80",
    b"\xc2\xa0", b"\xe2\x80\xae", b"\xe2\x88\x925", b"\xd9\xa1\xd9\xa2", b"\xf0\x9f\x92\xb8", b"\x1b[31m", b"\r",
    b"\r\n", b"\n", b"\t", b"=1+1", b"@SUM(A1)", b"../../../etc/passwd", b"/dev/zero", b"%s%n", b"{0.__class__}",
    b"${HOME}", b"<script>alert(1)</script>", b"#", b"= -", b"=", b",", b";;", b"\\u0000", b"\\", b"x" * 70_000,
)  # fmt: skip
NUMBER = re.compile(rb"(?<![\w.])-?\d[\d_]*(?:\.\d+)?")
TEXT = re.compile(rb'"[^"\n]*"')
WORD = re.compile(rb"[A-Za-z_][\w.-]*")

Damage = Callable[[st.DrawFn, bytes], bytes]


def _place(draw: st.DrawFn, text: bytes) -> int:
    return draw(st.integers(0, max(0, len(text) - 1)))


def _flipped(draw: st.DrawFn, text: bytes) -> bytes:
    at = _place(draw, text)
    return text[:at] + bytes([draw(st.integers(0, 255))]) + text[at + 1 :]


def _deleted(draw: st.DrawFn, text: bytes) -> bytes:
    at = _place(draw, text)
    return text[:at] + text[at + draw(st.integers(1, 60)) :]


def _inserted(draw: st.DrawFn, text: bytes) -> bytes:
    at = _place(draw, text)
    return text[:at] + draw(st.sampled_from(HOSTILE)) + text[at:]


def _cut(draw: st.DrawFn, text: bytes) -> bytes:
    return text[: _place(draw, text)]


def _repeated(draw: st.DrawFn, text: bytes) -> bytes:
    at = _place(draw, text)
    part = text[at : at + draw(st.integers(1, 200))]
    return text[:at] + part * draw(st.sampled_from((2, 3, 300))) + text[at:]


def _replaced(pattern: re.Pattern[bytes]) -> Damage:
    def replace(draw: st.DrawFn, text: bytes) -> bytes:
        found = list(pattern.finditer(text))
        if not found:
            return _inserted(draw, text)
        one = draw(st.sampled_from(found))
        new = draw(st.sampled_from(HOSTILE))
        if pattern is TEXT and draw(st.booleans()):
            new = b'"' + new.replace(b'"', b"").replace(b"\n", b"") + b'"'
        return text[: one.start()] + new + text[one.end() :]

    return replace


def _lines(draw: st.DrawFn, text: bytes) -> bytes:
    """A line left out, given twice, moved, or swapped with another."""
    lines = text.splitlines(keepends=True) or [b""]
    a, b = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    how = draw(st.sampled_from(("out", "twice", "move", "swap", "join")))
    if how == "out":
        del lines[a]
    elif how == "twice":
        lines.insert(b, lines[a])
    elif how == "move":
        lines.insert(b, lines.pop(a))
    elif how == "swap":
        lines[a], lines[b] = lines[b], lines[a]
    else:
        lines[a] = lines[a].rstrip(b"\r\n")
    return b"".join(lines)


def _recoded(draw: st.DrawFn, text: bytes) -> bytes:
    """The same in another encoding, with other line ends, or in other letters."""
    read = text.decode("utf-8", "replace")
    how = draw(st.sampled_from(("utf-16", "utf-8-sig", "latin-1", "cp500", "crlf", "cr", "swapcase")))
    if how in ("crlf", "cr"):
        return read.replace("\n", "\r\n" if how == "crlf" else "\r").encode()
    return read.swapcase().encode() if how == "swapcase" else read.encode(how, "replace")


def _nested(draw: st.DrawFn, text: bytes) -> bytes:
    """Something nested far deeper than anybody writes."""
    deep = draw(st.sampled_from((50, 3000, 100_000)))
    kind = draw(st.sampled_from((b"[", b'{"a":', b"{ a = ", b"a.", b"(")))
    at = _place(draw, text)
    return draw(st.sampled_from((text[:at] + kind * deep + text[at:], kind * deep, b"a = " + kind * deep)))


BYTES: tuple[Damage, ...] = (_flipped, _deleted, _inserted, _cut, _repeated)
WORDS: tuple[Damage, ...] = (
    _replaced(NUMBER), _replaced(NUMBER), _replaced(TEXT), _replaced(WORD), _lines, _lines, *BYTES, _recoded, _nested,
)  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn, whole: bytes, *, binary: bool = False) -> bytes:
    """`whole` after one to four damages; now and then something else altogether."""
    if draw(st.integers(0, 60)) == 0:
        return draw(st.one_of(st.sampled_from(HOSTILE), st.binary(max_size=300), st.text(max_size=200).map(_encoded)))
    text = whole
    for _ in range(draw(st.sampled_from((1, 1, 1, 2, 4)))):
        damage = draw(st.sampled_from(BYTES if binary else WORDS))
        text = damage(draw, text)
    return text


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
