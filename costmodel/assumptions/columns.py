"""What is assumed of a payments file: names of its columns and what the words in them mean."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from costmodel.assumptions.catalog import load_single
from costmodel.assumptions.checking import check
from costmodel.assumptions.fields import Sourced, Text

Field = Literal["amount", "time", "method", "currency", "id", "kind", "order"]
FILE = "payment_columns.toml"


class PaymentColumns(Sourced):
    """Names by which columns are known, and the words for methods and kinds of row; all in lower case.

    utc_times: names of columns whose times are in UTC although they do not say so.
    """

    currency: Text
    utc_times: tuple[Text, ...] = ()
    columns: dict[Field, tuple[Text, ...]]
    methods: dict[Literal["card", "ach", "none"], tuple[Text, ...]]
    kinds: dict[Literal["payment", "refund"], tuple[Text, ...]]


def load_payment_columns(data: Path | None = None) -> PaymentColumns:
    """The shipped names and words, with the user's laid over them."""
    return check(PaymentColumns, load_single(FILE, data))


def plain(word: str) -> str:
    """A name or word as it is compared: lower case, blanks and hyphens as underscores."""
    return word.strip().lower().replace(" ", "_").replace("-", "_")
