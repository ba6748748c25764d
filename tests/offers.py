"""AWS Price List offers in their own shape (format version v1.0), small: as JSON, as CSV, as answers of GetProducts."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

PUBLISHED, VERSION = "2026-09-18T00:00:00Z", "20260918000000"
Tiers = list[tuple[str, str, str]]  # beginRange, endRange, USD of a unit


def product(
    sku: str, code: str, usage: str, tiers: Tiers, *, region: str = "us-west-2", since: str = "2026-09-01T00:00:00Z",
    family: str = "Serverless", unit: str = "Requests", currency: str = "USD", **attributes: str,
) -> dict[str, Any]:  # fmt: skip
    """A product with its terms, as `GetProducts` answers it."""
    rate = f"{sku}.JRTCKXETXF"
    dimensions = {
        f"{rate}.{number}": {
            "rateCode": f"{rate}.{number}", "description": f"${usd} per unit", "beginRange": begin, "endRange": end,
            "unit": unit, "appliesTo": [], "pricePerUnit": {currency: usd},
        } for number, (begin, end, usd) in enumerate(tiers)
    }  # fmt: skip
    term = {"offerTermCode": "JRTCKXETXF", "sku": sku, "effectiveDate": since, "termAttributes": {},
            "priceDimensions": dimensions}  # fmt: skip
    return {
        "product": {
            "productFamily": family, "sku": sku,
            "attributes": {"servicecode": code, "regionCode": region, "usagetype": usage, "operation": "", **attributes},
        },
        "serviceCode": code,
        "terms": {"OnDemand": {rate: term}},
        "version": VERSION,
        "publicationDate": PUBLISHED,
    }  # fmt: skip


def as_answers(products: list[dict[str, Any]]) -> list[str]:
    return [json.dumps(each) for each in products]


def as_json(products: list[dict[str, Any]]) -> str:
    return json.dumps({
        "formatVersion": "v1.0", "disclaimer": "-", "offerCode": products[0]["serviceCode"], "version": VERSION,
        "publicationDate": PUBLISHED,
        "products": {each["product"]["sku"]: each["product"] for each in products},
        "terms": {"OnDemand": {each["product"]["sku"]: each["terms"]["OnDemand"] for each in products}},
    })  # fmt: skip


HEADER = ["SKU", "OfferTermCode", "RateCode", "TermType", "PriceDescription", "EffectiveDate", "StartingRange",
          "EndingRange", "Unit", "PricePerUnit", "Currency", "Product Family", "serviceCode", "Location", "usageType",
          "operation", "Group", "Event Type", "Region Code", "serviceName"]  # fmt: skip


def as_csv(products: list[dict[str, Any]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, quoting=csv.QUOTE_ALL)
    writer.writerows([
        ["FormatVersion", "v1.0"], ["Disclaimer", "-"], ["Publication Date", PUBLISHED], ["Version", VERSION],
        ["OfferCode", products[0]["serviceCode"]], HEADER,
    ])  # fmt: skip
    for each in products:
        attributes = each["product"]["attributes"]
        for term in each["terms"]["OnDemand"].values():
            for row in term["priceDimensions"].values():
                ((currency, usd),) = row["pricePerUnit"].items()
                writer.writerow([
                    each["product"]["sku"], "JRTCKXETXF", row["rateCode"], "OnDemand", row["description"],
                    term["effectiveDate"][:10], row["beginRange"], row["endRange"], row["unit"], usd, currency,
                    each["product"]["productFamily"], each["serviceCode"], "", attributes["usagetype"], "",
                    attributes.get("group", ""), attributes.get("eventType", ""), attributes["regionCode"], "",
                ])  # fmt: skip
    return stream.getvalue()
