"""Which warranty terms hold for a unit, of those that were imported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from server.tables import document_rows, documents
from sync.identity import item_of, lot_key
from sync.warranty import Starts, Term


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

    What is said of a lot or product is the word that was last given when the unit was sold (before the first word, that
    one): a product list of next year neither lengthens nor shortens what was promised. What is said of the unit itself
    was meant for it, so that the last word of all counts.
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
        before = [row for row in rows if place == unit or sold_ms is None or row["event_ms"] <= sold_ms]
        if rows:
            return _terms(before[-1] if before else rows[0])
    return None


def _terms(row: Mapping[Any, Any]) -> Terms:
    said = row["attributes"]
    term = Term(
        months=said.get("months"), starts=Starts(said["starts"]), since=said.get("since"), until=said.get("until")
    )
    return Terms(term=term, of=row["subject"], document=row["number"], covers=said.get("covers"), made=said.get("made"))
