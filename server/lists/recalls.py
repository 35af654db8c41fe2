"""Recalls, everything that one reaches, and its customers."""

from __future__ import annotations

import sqlalchemy as sa

from server.context import now_ms
from server.exports import Column, Filters, Listing, Rows
from server.lists.naming_rows import with_names
from server.recalls import book, listing
from server.recalls.account import ACCOUNT_TEXTS, Progress, progress
from server.recalls.customers import customers
from server.recalls.reach import WHERE_TEXTS
from server.roles import Task


def _progress(connection: sa.Connection, site: str, filters: Filters) -> Progress:
    return progress(connection, book.read(connection, site, filters["number"]), site=site, now_ms=now_ms())


def _recalls(connection: sa.Connection, site: str, _filters: Filters) -> Rows:
    for one in listing.every(connection, site):
        found = progress(connection, one, site=site, now_ms=now_ms())
        yield {
            "number": one.number,
            "reason": one.reason,
            "kind": "drill" if one.drill else "recall",
            "since_ms": one.since_ms,
            "until_ms": one.until_ms,
            "pieces": found.pieces,
            "open": found.open,
            "minutes": None if found.took_ms is None else round(found.took_ms / 60_000, 1),
            "handed_over": sum(entry.thing.quantity for entry in found.handed_over),
        }


def _things(connection: sa.Connection, site: str, filters: Filters) -> Rows:
    rows = (
        {
            "subject": entry.thing.subject,
            "sure": "yes" if entry.thing.sure else "possible",
            "where": WHERE_TEXTS[entry.thing.where],
            "quantity": entry.thing.quantity,
            "place": entry.thing.place,
            "container": entry.thing.container,
            "order": entry.thing.order,
            "lot": entry.thing.lot,
            "account": ACCOUNT_TEXTS[entry.account],
            "open": "open" if entry.is_open else None,
            "since_ms": entry.since_ms,
            "handed_over_ms": entry.handed_over_ms,
        }
        for entry in _progress(connection, site, filters).entries
    )
    return with_names(connection, site, rows, {"subject": "name", "place": "bin", "container": "carton"})


def _customers(connection: sa.Connection, site: str, filters: Filters) -> Rows:
    for one in customers(connection, site, _progress(connection, site, filters)):
        yield {
            "order": one.order,
            "name": one.name,
            "address": one.address,
            "pieces": one.pieces,
            "answer": one.answer.word if one.answer else None,
            "answered_ms": one.answer.at_ms if one.answer else None,
            "note": one.answer.note if one.answer else None,
        }


_NUMBER = {"number": "of the recall"}
LISTS = (
    Listing(
        name="recalls",
        title="Recalls",
        rows=_recalls,
        columns=(
            Column("number", "Number"),
            Column("kind", "Kind"),
            Column("reason", "Reason"),
            Column("since_ms", "Since", moment=True),
            Column("until_ms", "Released", moment=True),
            Column("pieces", "Units and pieces"),
            Column("open", "Open"),
            Column("minutes", "Minutes to account for all"),
            Column("handed_over", "Handed over since it began"),
        ),
    ),
    Listing(
        name="recall_things",
        title="What a recall reaches",
        rows=_things,
        filters=_NUMBER,
        needs="number",
        columns=(
            Column("name", "Unit, product or lot"),
            Column("sure", "Reached"),
            Column("quantity", "Pieces"),
            Column("lot", "Lot"),
            Column("where", "Where"),
            Column("bin", "Bin"),
            Column("carton", "In carton"),
            Column("order", "Order"),
            Column("account", "Account"),
            Column("open", "Open"),
            Column("since_ms", "Accounted for", moment=True),
            Column("handed_over_ms", "Handed over since it began", moment=True),
            Column("subject", "Canonical name"),
            Column("place", "Canonical name of the bin"),
            Column("container", "Canonical name of the carton"),
        ),
    ),
    Listing(
        name="recall_customers",
        title="Customers of a recall",
        rows=_customers,
        filters=_NUMBER,
        needs="number",
        task=Task.RECALL,
        columns=(
            Column("order", "Order"),
            Column("name", "Name"),
            Column("address", "Address"),
            Column("pieces", "Pieces"),
            Column("answer", "Answer"),
            Column("answered_ms", "Answered", moment=True),
            Column("note", "Note"),
        ),
    ),
)
