"""The owner's month, a list for each part; as a workbook they are sheets of one file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import sqlalchemy as sa

from server import context, naming
from server.cells import MINOR_DIGITS
from server.exports import Column, ExportError, Filters, Listing, Rows
from server.month import report
from server.month.report import Month, MonthError
from server.month.value import Worth
from server.prices import Price
from server.roles import Task

_FILTERS: Final = {"day": "up to the end of this day, 2026-05-31; without one the month that ended last"}


def plain_amount(amount: Price | None) -> float | None:
    """An amount in whole units of its currency."""
    return None if amount is None else amount.minor / 10 ** MINOR_DIGITS.get(amount.currency, 2)


def _month(connection: sa.Connection, site: str, filters: Filters) -> Month:
    try:
        return report.read(connection, site, *report.span(filters.get("day"), context.now_ms()))
    except MonthError as error:
        raise ExportError(str(error)) from None


def _worths(of: Iterable[tuple[dict[str, Any], Worth]]) -> Rows:
    for row, worth in of:
        for currency, minor in worth.value.items() or [("", 0)]:
            amount = plain_amount(Price(minor, currency)) if currency else None
            yield row | {
                "pieces": worth.pieces,
                "value": amount,
                "currency": currency or None,
                "uncosted": worth.uncosted,
            }


def _stock(connection: sa.Connection, site: str, filters: Filters) -> Rows:
    found = _month(connection, site, filters).stock
    names = naming.read(connection, site, {key for line in found.lines for key in line})
    ordered = sorted(found.lines.items(), key=lambda each: (each[0][0], each[0][1] or ""))
    yield from _worths(
        (
            {
                "day": report.day_of(found.at_ms),
                "product": names(item).text,
                "place": names(place).text if place else None,
                "key": item,
            },
            worth,
        )
        for (item, place), worth in ordered
    )


def _zones(connection: sa.Connection, site: str, filters: Filters) -> Rows:
    yield from _words(_month(connection, site, filters).zones)


def _kinds(connection: sa.Connection, site: str, filters: Filters) -> Rows:
    yield from _words(_month(connection, site, filters).kinds)


def _ages(connection: sa.Connection, site: str, filters: Filters) -> Rows:
    yield from _words(_month(connection, site, filters).stock.ages)


def _words(of: Mapping[str, Worth]) -> Rows:
    return _worths(({"what": text}, worth) for text, worth in of.items())


def _claims(connection: sa.Connection, site: str, filters: Filters) -> Rows:
    for claim in _month(connection, site, filters).claims:
        (currency, minor) = next(iter(claim.claimed.items()), (None, None))
        yield {
            "number": claim.number,
            "supplier": claim.supplier,
            "receipt": claim.receipt,
            "status": claim.status,
            "since_ms": claim.since_ms,
            "claimed": plain_amount(Price(minor, currency)) if currency and minor is not None else None,
            "credited": plain_amount(Price(claim.credited, currency)) if currency and claim.credited else None,
            "currency": currency,
            "credited_ms": claim.credited_ms,
        }


def _returns(connection: sa.Connection, site: str, filters: Filters) -> Rows:
    found = _month(connection, site, filters).returns
    names = naming.read(connection, site, found)
    for item, one in found.items():
        yield {
            "product": names(item).text,
            "sold": one.sold,
            "back": one.back,
            "rate": None if one.rate is None else round(one.rate, 4),
            "again": one.again,
            "reasons": ", ".join(f"{why} {number}" for why, number in one.reasons.most_common()) or None,
            "key": item,
        }


_WORTH: Final = (
    Column("pieces", "Pieces"),
    Column("value", "Value at cost"),
    Column("currency", "Currency"),
    Column("uncosted", "Pieces without a cost"),
)


def _words_listing(name: str, title: str, heading: str, rows: Any) -> Listing:
    columns = (Column("what", heading), *_WORTH)
    return Listing(name=name, title=title, rows=rows, columns=columns, filters=_FILTERS, task=Task.OWN)


LISTS = (
    Listing(
        name="month",
        title="Stock value",
        rows=_stock,
        filters=_FILTERS,
        task=Task.OWN,
        sheets=("month_zones", "month_kinds", "month_ages", "month_losses", "month_claims", "month_returns"),
        columns=(
            Column("day", "At the end of"),
            Column("product", "Product"),
            Column("place", "Place"),
            *_WORTH,
            Column("key", "Canonical name"),
        ),
    ),
    _words_listing("month_zones", "By zone", "Zone", _zones),
    _words_listing("month_kinds", "By kind of goods", "Kind of goods", _kinds),
    _words_listing("month_ages", "Ageing", "In stock for", _ages),
    Listing(
        name="month_claims",
        title="Claims",
        rows=_claims,
        filters=_FILTERS,
        task=Task.OWN,
        columns=(
            Column("number", "Number"),
            Column("supplier", "Supplier"),
            Column("receipt", "Receipt"),
            Column("status", "State"),
            Column("since_ms", "Since", moment=True),
            Column("claimed", "Claimed"),
            Column("credited", "Credited"),
            Column("currency", "Currency"),
            Column("credited_ms", "Credited on", moment=True),
        ),
    ),
    Listing(
        name="month_returns",
        title="Returns",
        rows=_returns,
        filters=_FILTERS,
        task=Task.OWN,
        columns=(
            Column("product", "Product"),
            Column("sold", "Sold in the month"),
            Column("back", "Came back"),
            Column("rate", "Came back / sold"),
            Column("again", "Not for the first time"),
            Column("reasons", "Why"),
            Column("key", "Canonical name"),
        ),
    ),
)
