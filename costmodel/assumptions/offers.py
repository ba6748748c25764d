"""Which product of a cloud provider's price list is which meter of ours."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from costmodel.assumptions.fields import Record, Sourced, Text

Word = Annotated[str, StringConstraints(max_length=120)]
MeterName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$", max_length=160)]


class Product(Record):
    """Products of one service code that are this meter: everything given here must agree with the product's own.

    usage_type is compared without what it begins with in its region; attributes by name, whatever their spelling.
    """

    service_code: Text
    meter: MeterName
    usage_type: Text | None = None
    family: Text | None = None
    attributes: dict[str, Text] = {}


class OfferMap(Sourced):
    """The products of one provider's price lists.

    prefixes: region -> what its usage types begin with; locations: a region's long name -> the region.
    """

    title: Text
    prefixes: dict[str, tuple[Word, ...]]
    locations: dict[str, Text] = {}
    product: tuple[Product, ...]

    def service_codes(self) -> tuple[str, ...]:
        """The provider's names of the services that have a product here."""
        return tuple(dict.fromkeys(product.service_code for product in self.product))
