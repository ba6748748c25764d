"""How bills and processors' reports are read: names of columns, kinds of rows, and which lines are whose meter."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Literal

from costmodel.assumptions.catalog import load_table, names
from costmodel.assumptions.checking import check
from costmodel.assumptions.fields import Name, Percent, Positive, Record, Sourced, Text

FOLDER = "actuals"
LINES = "lines_"
ANY = "*"


class Layout(Sourced):
    """A file's columns by what they hold, the first name found counting; names are compared without signs and case.

    recognised_by: columns that a file of this kind has. categories: kind of row -> words of the category column.
    nothing: cells that hold no value. utc_times: columns in UTC although they do not say so. home_country: of cards
    that are not foreign.
    """

    title: Text
    kind: Literal["bill", "balance"]
    provider: Text | None = None
    recognised_by: tuple[Text, ...]
    nothing: tuple[str, ...]
    utc_times: tuple[Text, ...] = ()
    home_country: Text | None = None
    columns: dict[Name, tuple[Text, ...]]
    categories: dict[Name, tuple[Text, ...]]

    def kind_of(self, word: str) -> str:
        """The kind of a row whose category is `word`; an unknown word stands for itself."""
        return next((kind for kind, words in self.categories.items() if word.lower() in words), word.lower())

    def find(self, header: Sequence[str]) -> dict[str, int] | None:
        """The place of each column the file has; None if it is no file of this layout."""
        places = {loose(name): at for at, name in reversed(list(enumerate(header)))}
        if not all(loose(name) in places for name in self.recognised_by):
            return None
        found = {}
        for field, known in self.columns.items():
            here = [places[loose(name)] for name in known if loose(name) in places]
            if here:
                found[field] = here[0]
        return found


class LineRule(Record):
    """A line of a bill that belongs to a meter: all that is named must hold; `factor` makes its unit the meter's."""

    service: Name
    meter: Name
    of: tuple[Text, ...]
    not_of: tuple[Text, ...] = ()
    usage_types: tuple[Text, ...] = ()
    units: tuple[Text, ...] = ()
    says: tuple[Text, ...] = ()
    says_not: tuple[Text, ...] = ()
    factor: Positive = Decimal(1)

    def fits(self, service: str, usage_type: str, unit: str, description: str) -> bool:
        """Whether the line is of this meter. Where it has a usage type, that alone decides."""
        named = {name.lower() for name in self.of}
        if (ANY not in named and service.lower() not in named) or service in self.not_of:
            return False
        if usage_type:
            return bool(self.known_of(usage_type))
        text = description.lower()
        return (
            (not self.units or unit.lower() in {known.lower() for known in self.units})
            and all(words in text for words in self.says)
            and not any(words in text for words in self.says_not)
        )

    def known_of(self, usage_type: str) -> int:
        """How many signs of a usage type one of the known ones explains; 0 if it is none of them."""
        return max((len(known) for known in self.usage_types if _is_type(usage_type, known)), default=0)


class Lines(Sourced):
    """The rules of one provider's lines.

    also: other names of the provider on bills. charges: rail of a charge (card, card_foreign, ach) -> its meter.
    agrees_within: the share of the larger side, in percent, by which a line may differ and still agree; else nothing.
    """

    provider: Text
    also: tuple[Text, ...] = ()
    charges: dict[Name, Name] = {}
    agrees_within: Percent | None = None
    line: tuple[LineRule, ...]

    def meters(self, service: str, usage_type: str, unit: str, description: str) -> dict[tuple[str, str], Decimal]:
        """The meters whose rules fit a line, with the factor to their unit; a line that can be read has exactly one.

        Of usage types the longest that fits counts: IA-TimedStorage-ByteHrs is not TimedStorage-ByteHrs.
        """
        fitting = [rule for rule in self.line if rule.fits(service, usage_type, unit, description)]
        longest = max((rule.known_of(usage_type) for rule in fitting), default=0)
        return {
            (rule.service, rule.meter): Decimal(rule.factor) for rule in fitting if rule.known_of(usage_type) == longest
        }


def load_layouts(data: Path | None = None) -> dict[str, Layout]:
    """Every layout by name. Raises InputError with what is wrong in their files."""
    known = [name for name in names(FOLDER, data) if not name.startswith(LINES)]
    return {name: check(Layout, load_table(FOLDER, name, data)[0]) for name in known}


def load_line_rules(data: Path | None = None) -> dict[str, Lines]:
    """The rules of every provider, by provider."""
    found = [check(Lines, load_table(FOLDER, name, data)[0]) for name in names(FOLDER, data) if name.startswith(LINES)]
    return {lines.provider: lines for lines in found}


def loose(name: str) -> str:
    """A column's name as it is compared: letters and digits only, in lower case."""
    return "".join(sign for sign in name.lower() if sign.isalnum())


def _is_type(usage_type: str, known: str) -> bool:
    """Whether a usage type is the known one, with or without regions before it (USW2-Request)."""
    before, found, after = usage_type.rpartition(known)
    return bool(found) and not after and (not before or (before.endswith("-") and before.isupper()))
