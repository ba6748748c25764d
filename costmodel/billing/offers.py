"""AWS Price List offers as records: from a bulk file (JSON or CSV) or from the answers of the `pricing` client."""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from costmodel.assumptions.bounded import read_bounded
from costmodel.errors import InputError, Problem

CURRENCY = "USD"
TERM = "OnDemand"
MOST_BYTES = 2**30  # of a list, which is held in memory; those of the services of the catalog have some megabytes
SHOWN = 20  # characters of a cell in a message
HEADER = ("sku", "offertermcode", "termtype", "effectivedate", "startingrange", "unit", "priceperunit", "currency")


@dataclass(frozen=True)
class OfferPrice:
    """One on-demand price of one product: tiers as (above, USD for a single unit), rising from 0.

    tiers: none where there is no price in USD. attributes: by their letters only, lower case (`usagetype`,
    `regioncode`, `eventtype`). published: the list's day.
    """

    sku: str
    service_code: str
    family: str
    attributes: Mapping[str, str]
    effective: dt.date
    unit: str
    tiers: tuple[tuple[Decimal, Decimal], ...]
    published: dt.date
    version: str

    @property
    def usage_type(self) -> str:
        """The provider's name of what is counted, with what it begins with in its region."""
        return self.attributes.get("usagetype", "")


def read_offers(path: Path) -> list[OfferPrice]:
    """The on-demand prices of a bulk offer file, .json or .csv.

    Raises InputError for a file that cannot be read, is no offer file, or holds a price that is no number, naming it.
    """
    try:
        if path.suffix.lower() == ".json":
            return [*_from_bulk(json.loads(read_bounded(path, MOST_BYTES, "give the list of one service")), str(path))]
        if path.suffix.lower() == ".csv":
            return [*_from_csv(path)]
    except OSError as error:
        raise _refuse(path, None, f"cannot be read ({error.strerror})", "check the path and its permissions") from None
    except json.JSONDecodeError as error:
        raise _refuse(path, error.lineno, f"not valid JSON ({error.msg})", "fetch it again; it may be cut") from None
    except (UnicodeDecodeError, csv.Error, RecursionError) as error:
        raise _refuse(path, None, f"not readable ({error})", "fetch it again; it may be cut") from None
    raise _refuse(path, None, f"`{path.suffix}` is no offer file", "give the list's index.json or index.csv")


def offers_of_products(answers: Iterable[str], place: str) -> list[OfferPrice]:
    """The on-demand prices of what `GetProducts` answers: one JSON text per product."""
    found: list[OfferPrice] = []
    for text in answers:
        try:
            product = json.loads(text)
        except json.JSONDecodeError as error:
            raise _refuse(place, None, f"an answer is not valid JSON ({error.msg})", "try again") from None
        found += _offers(
            _table(product, "product", place), _terms(product, place), _origin(product, product, place), place
        )
    return found


def letters(name: str) -> str:
    """A name by its letters and digits only, lower case: `Region Code` and `regionCode` are one."""
    return "".join(sign for sign in name.lower() if sign.isalnum())


# --- JSON ---------------------------------------------------------------------------------------------------------


def _from_bulk(document: Any, place: str) -> Iterator[OfferPrice]:
    if not isinstance(document, dict) or not isinstance(document.get("products"), dict):
        raise _refuse(place, None, "is no offer file: it has no `products`", "give the index.json of one service")
    terms = _terms(document, place)
    for sku in document["products"]:
        origin = _origin(document, {"serviceCode": document.get("offerCode", "")}, place)
        yield from _offers(_table(document["products"], sku, place), _table(terms, sku, place), origin, place)


def _terms(product: Mapping[str, Any], place: str) -> Mapping[str, Any]:
    return _table(_table(product, "terms", place), TERM, place)


def _table(holder: Any, key: str, place: str) -> Mapping[str, Any]:
    """What stands under a key, which must be an object; none is an empty one."""
    found = holder.get(key, {}) if isinstance(holder, dict) else None
    if not isinstance(found, dict):
        raise _refuse(place, None, f"`{key[:SHOWN]}` is no object", "fetch it again; it may be cut")
    return found


def _origin(document: Mapping[str, Any], product: Mapping[str, Any], place: str) -> tuple[str, dt.date, str]:
    """Service code, day of publication, version."""
    published = _day(str(document.get("publicationDate", "")), place)
    return str(product.get("serviceCode", "")), published, str(document.get("version", ""))


def _offers(
    product: Mapping[str, Any], terms: Mapping[str, Any], origin: tuple[str, dt.date, str], place: str
) -> Iterator[OfferPrice]:
    attributes = {letters(key): str(value) for key, value in _table(product, "attributes", place).items()}
    sku = str(product.get("sku", ""))
    for code in terms:
        term = _table(terms, code, place)
        dimensions = _table(term, "priceDimensions", place)
        rows = [
            (each.get("beginRange", "0"), prices[CURRENCY], each.get("unit", ""))
            for each, prices in ((_table(dimensions, rate, place), _table(dimensions[rate], "pricePerUnit", place))
                                 for rate in dimensions)
            if CURRENCY in prices
        ]  # fmt: skip
        yield OfferPrice(
            sku=sku,
            service_code=origin[0] or attributes.get("servicecode", ""),
            family=str(product.get("productFamily", "")),
            attributes=attributes,
            effective=_day(str(term.get("effectiveDate", "")), f"{place}: {sku}"),
            unit=str(rows[0][2]) if rows else "",
            tiers=_tiers([(begin, usd) for begin, usd, _ in rows], f"{place}: {sku}"),
            published=origin[1],
            version=origin[2],
        )


# --- CSV ----------------------------------------------------------------------------------------------------------


def _from_csv(path: Path) -> Iterator[OfferPrice]:
    """A row per tier; the rows of one product and term stand together or apart. Facts of the list come first."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream, strict=True)
        facts: dict[str, str] = {}
        columns: list[str] = []
        for cells in reader:
            columns = [letters(cell) for cell in cells]
            if "sku" in columns:
                break
            facts |= {letters(cells[0]): cells[1]} if len(cells) > 1 else {}
        missing = [name for name in HEADER if name not in columns]
        if missing:
            wrong = f"is no offer file: no column {missing[0]}" if reader.line_num else "is empty"
            raise _refuse(path, reader.line_num or None, wrong, "give the list's index.csv")
        groups: dict[tuple[str, str], list[dict[str, str]]] = {}
        for cells in reader:
            if len(cells) != len(columns):
                wrong = f"{len(cells)} fields where the header has {len(columns)}"
                raise _refuse(path, reader.line_num, wrong, "fetch the file again; it may be cut")
            row = dict(zip(columns, cells, strict=True)) | {"line": str(reader.line_num)}
            if letters(row["termtype"]) == letters(TERM):
                groups.setdefault((row["sku"], row["offertermcode"]), []).append(row)
    published = _day(facts.get("publicationdate", ""), str(path))
    for rows in groups.values():
        yield _csv_offer(rows, path, published, facts.get("version", ""))


def _csv_offer(rows: list[dict[str, str]], path: Path, published: dt.date, version: str) -> OfferPrice:
    first = rows[0]
    place = f"{path}:{first['line']}"
    dollars = [(row["startingrange"], row["priceperunit"]) for row in rows if row["currency"] == CURRENCY]
    return OfferPrice(
        sku=first["sku"],
        service_code=first.get("servicecode", ""),
        family=first.get("productfamily", ""),
        attributes={key: value for key, value in first.items() if value and key not in HEADER},
        effective=_day(first["effectivedate"], place),
        unit=first["unit"],
        tiers=_tiers(dollars, place),
        published=published,
        version=version,
    )


# --- figures --------------------------------------------------------------------------------------------------------


def _tiers(rows: list[tuple[Any, Any]], place: str) -> tuple[tuple[Decimal, Decimal], ...]:
    """(above, USD of a unit), rising; none without a price in USD from 0 on. Raises InputError for no number."""
    found = sorted((_number(begin, place), _number(usd, place)) for begin, usd in rows)
    return tuple(found) if found and found[0][0] == 0 else ()


def _number(given: Any, place: str) -> Decimal:
    try:
        value = Decimal(str(given))
    except InvalidOperation:
        value = Decimal(-1)
    if not value.is_finite() or value < 0:
        raise _refuse(
            place, None, f"a price or range is no number of 0 or more ({str(given)[:SHOWN]})", "fetch it again"
        )
    return value


def _day(text: str, place: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text[:10])
    except ValueError:
        raise _refuse(place, None, f"has no date ({text[:SHOWN] or 'missing'})", "fetch the file again") from None


def _refuse(place: object, line: int | None, wrong: str, remedy: str) -> InputError:
    return InputError(Problem(str(place), line, "", wrong, remedy))
