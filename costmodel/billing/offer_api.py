"""AWS Price List offers through boto3's `pricing` client."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from costmodel.billing.offers import OfferPrice, offers_of_products
from costmodel.errors import InputError, Problem, UsageError

HOME = "us-east-1"  # where the Price List answers
MOST_RESULTS = 100  # of one answer; the service's own limit


def pricing_client() -> Any:
    """A client of the Price List service. Raises UsageError where boto3 is not installed."""
    try:
        import boto3
    except ImportError:
        raise UsageError("reading prices from AWS needs boto3; install costmodel[aws], or give an offer file") from None
    return boto3.client("pricing", region_name=HOME)


def fetch_offers(client: Any, service_codes: Iterable[str], regions: Iterable[str]) -> list[OfferPrice]:
    """The on-demand prices of some services in some regions. Raises InputError where AWS does not answer."""
    from botocore.exceptions import BotoCoreError, ClientError

    found: list[OfferPrice] = []
    try:
        for code in service_codes:
            for region in regions:
                found += offers_of_products(_answers(client, code, region), f"AWS Price List, {code}, {region}")
    except (BotoCoreError, ClientError) as error:
        raise InputError(Problem("AWS Price List", None, "", f"did not answer ({error})",
                                 "check credentials and network, or give an offer file")) from None  # fmt: skip
    return found


def _answers(client: Any, code: str, region: str) -> Iterable[str]:
    asked: dict[str, Any] = {
        "ServiceCode": code,
        "Filters": [{"Type": "TERM_MATCH", "Field": "regionCode", "Value": region}],
        "FormatVersion": "aws_v1",
        "MaxResults": MOST_RESULTS,
    }
    while True:
        answer = client.get_products(**asked)
        yield from answer.get("PriceList", [])
        if not answer.get("NextToken"):
            return
        asked["NextToken"] = answer["NextToken"]
