"""The owner's month, a list for each part; as a workbook they are sheets of one file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import sqlalchemy as sa

from server import context, naming
from server.exports import Column, ExportError, Filters, Listing, Rows
from server.lists import shrinkage
from server.month import report
from server.month.report import ClaimThen, Month, MonthError
from server.month.value import Worth
from server.prices import Price
from server.roles import Task

_FILTERS: Final = {"day": "up to the end of this day, 2026-05-31; without one the month that ended last"}


def _month(connection: sa.Connection, site: str, filters: Filters) -> Month:
    try:
        return report.read(connection, site, *report.span(filters.get("day"), context.now_ms()))
    except MonthError as error:
        raise ExportError(str(error)) from None


def _worths(of: Iterable[tuple[dict[str, Any], Worth]]) -> Rows:
    for row, worth in of:
        for currency, minor in worth.value.items() or [("", 0)]:
            amount = Price(minor, currency).whole if currency else None
            yield row | {
                "pieces": worth.pieces,
                "value": amount,
                "currency": currency or None,
                "uncosted": worth.uncosted,
            }


def _stock(connection: sa.Connection, site: str, month: Month) -> Rows:
    found = month.stock
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


def _words(of: Mapping[str, Worth]) -> Rows:
    return _worths(({"what": text}, worth) for text, worth in of.items())


def _currencies(claim: ClaimThen) -> list[str]:
    return list(dict.fromkeys([*claim.claimed, *(claim.credited or ())])) or [""]


def _whole(amounts: Mapping[str, int], currency: str) -> float | None:
    return Price(amounts[currency], currency).whole if currency in amounts else None


def _claims(month: Month) -> Rows:
    """A row for each currency of a claim, so that a column of one currency can be summed."""
    pairs = ((claim, currency) for claim in month.claims for currency in _currencies(claim))
    for claim, currency in pairs:
        yield {
            "number": claim.number,
            "supplier": claim.supplier,
            "receipt": claim.receipt,
            "status": claim.status,
            "since_ms": claim.since_ms,
            "claimed": _whole(claim.claimed, currency),
            "credited": _whole(claim.credited or {}, currency),
            "currency": currency or None,
            "credited_ms": claim.credited_ms,
        }


def _returns(connection: sa.Connection, site: str, month: Month) -> Rows:
    names = naming.read(connection, site, month.returns)
    for item, one in month.returns.items():
        yield {
            "product": names(item).text,
            "sold": one.sold,
            "back": one.back,
            "rate": None if one.rate is None else round(one.rate, 4),
            "again": one.again,
            "reasons": ", ".join(f"{why} {number}" for why, number in one.reasons.most_common()) or None,
            "key": item,
        }


_PARTS: Final[Mapping[str, Callable[[sa.Connection, str, Month], Rows]]] = {
    "month": _stock,
    "month_zones": lambda _c, _site, month: _words(month.zones),
    "month_kinds": lambda _c, _site, month: _words(month.kinds),
    "month_ages": lambda _c, _site, month: _words(month.stock.ages),
    "month_losses": lambda c, site, month: shrinkage.rows_of(c, site, month.losses, month.until_ms),
    "month_claims": lambda _c, _site, month: _claims(month),
    "month_returns": _returns,
}


def _alone(name: str) -> Callable[[sa.Connection, str, Filters], Rows]:
    return lambda connection, site, filters: _PARTS[name](connection, site, _month(connection, site, filters))


def _together(connection: sa.Connection, site: str, filters: Filters) -> dict[str, Rows]:
    month = _month(connection, site, filters)
    return {name: part(connection, site, month) for name, part in _PARTS.items()}


_WORTH: Final = (
    Column("pieces", "Pieces"),
    Column("value", "Value at cost"),
    Column("currency", "Currency"),
    Column("uncosted", "Pieces without a cost"),
)


def _part(name: str, title: str, *columns: Column) -> Listing:
    return Listing(name=name, title=title, rows=_alone(name), columns=columns, filters=_FILTERS, task=Task.OWN)


LISTS = (
    Listing(
        name="month",
        title="Stock value",
        rows=_alone("month"),
        filters=_FILTERS,
        task=Task.OWN,
        sheets=tuple(name for name in _PARTS if name != "month"),
        together=_together,
        columns=(
            Column("day", "At the end of"),
            Column("product", "Product"),
            Column("place", "Place"),
            *_WORTH,
            Column("key", "Canonical name"),
        ),
    ),
    _part("month_zones", "By zone", Column("what", "Zone"), *_WORTH),
    _part("month_kinds", "By kind of goods", Column("what", "Kind of goods"), *_WORTH),
    _part("month_ages", "Ageing", Column("what", "In stock for"), *_WORTH),
    _part("month_losses", "Shrinkage of the month", *shrinkage.COLUMNS),
    _part(
        "month_claims",
        "Claims",
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
    _part(
        "month_returns",
        "Returns",
        Column("product", "Product"),
        Column("sold", "Sold in the month"),
        Column("back", "Came back"),
        Column("rate", "Came back / sold"),
        Column("again", "Not for the first time"),
        Column("reasons", "Why"),
        Column("key", "Canonical name"),
    ),
)
