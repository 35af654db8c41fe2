"""Which warranty terms hold for a unit, of those that were imported."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from server.changes import publish
from server.ledger import in_chunks
from server.tables import document_rows, documents
from sync.identity import item_of, lot_key
from sync.warranty import Starts, Term, holding

_TOLD: Final = ("months", "starts", "since", "until", "made")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What one row of an imported document says."""

    term: Term
    of: str
    """Canonical name of the unit, lot or product that it says it of."""
    document: str
    covers: str | None = None
    made: str | None = None
    """The day of manufacture, where the document says it."""


def read_terms(
    connection: sa.Connection, site: str, unit: str, *, lot: str | None, sold_ms: int | None
) -> Terms | None:
    """The terms of this unit: its own, else its lot's, else its product's; None where there are none.

    Of several words about one of these `sync.warranty.holding` says which.
    """
    item = item_of(unit)
    places = [unit, *([lot_key(item, lot)] if item and lot else []), *([item] if item else [])]
    t = document_rows.c
    query = (
        sa.select(t.subject, t.attributes, documents.c.number, documents.c.event_ms)
        .join(documents, documents.c.digest == t.document)
        .where(t.site == site, t.subject.in_(places))
        .where(documents.c.kind == "warranty", documents.c.event.isnot(None))
        .order_by(documents.c.event_ms, documents.c.digest, t.row)
    )
    said = connection.execute(query).mappings().all()
    for place in places:
        rows = [row for row in said if row["subject"] == place]
        if rows:
            moments = [row["event_ms"] for row in rows]
            return _terms(rows[holding(moments, own=place == unit, sold_ms=sold_ms)])
    return None


def publish_terms(connection: sa.Connection, site: str, rows: Iterable[Any], at: int) -> None:
    """Offer what was ever said of the subjects of these rows of `document_rows`."""
    tell(connection, site, {row.subject for row in rows}, at)


def told_of(connection: sa.Connection, site: str) -> set[str]:
    """Units, lots and products of whose warranty handhelds are told: what of the documents was taken in by now."""
    query = (
        sa.select(document_rows.c.subject)
        .join(documents, documents.c.digest == document_rows.c.document)
        .where(documents.c.site == site, documents.c.kind == "warranty", documents.c.event.isnot(None))
        .where(document_rows.c.row <= documents.c.folded_rows)
    )
    return set(connection.execute(query.distinct()).scalars())


def tell(connection: sa.Connection, site: str, subjects: Iterable[str], at: int) -> None:
    """Offer what was ever said of these subjects to handhelds."""
    t = document_rows.c
    for chunk in in_chunks(subjects):
        query = (
            sa.select(t.subject, t.attributes, documents.c.event_ms)
            .join(documents, documents.c.digest == t.document)
            .where(t.site == site, t.subject.in_(chunk))
            .where(documents.c.kind == "warranty", documents.c.event.isnot(None))
            .order_by(documents.c.event_ms, documents.c.digest, t.row)
        )
        said: dict[str, list[dict[str, Any]]] = {}
        for subject, attributes, at_ms in connection.execute(query):
            told = {name: attributes[name] for name in _TOLD if attributes.get(name) is not None}
            said.setdefault(subject, []).append(told | {"at_ms": at_ms})
        for subject, words in said.items():
            publish(connection, site, "warranty", subject, {"said": words}, at)


def _terms(row: Mapping[Any, Any]) -> Terms:
    said = row["attributes"]
    term = Term(
        months=said.get("months"), starts=Starts(said["starts"]), since=said.get("since"), until=said.get("until")
    )
    return Terms(term=term, of=row["subject"], document=row["number"], covers=said.get("covers"), made=said.get("made"))
