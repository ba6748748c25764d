"""What is assumed of a FOCUS export: names, categories and units of our services as a bill would have them."""

from __future__ import annotations

from pathlib import Path

from costmodel.assumptions.catalog import load_single
from costmodel.assumptions.checking import check
from costmodel.assumptions.fields import Name, Record, Sourced, Text

FILE = "focus.toml"


class FocusService(Record):
    """A service's name on a bill, and its category and subcategory in the specification."""

    name: Text
    category: Text = "Other"
    subcategory: Text = "Other (Other)"


class FocusTerms(Sourced):
    """Fixed values of an export, and the names of units, regions and services in it.

    recurring: `service.meter` of charges that come every month whatever is used.
    """

    version: Text
    billing_account_id: Text
    billing_account_name: Text
    recurring: tuple[Text, ...]
    units: dict[Text, Text]
    regions: dict[Text, Text]
    services: dict[Name, FocusService]


def load_focus_terms(data: Path | None = None) -> FocusTerms:
    """The shipped terms, with the user's laid over them."""
    return check(FocusTerms, load_single(FILE, data))
