"""What a recall names and nobody has heard of yet: a typing error maybe, or what is still to come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

from server.ledger import in_chunks
from server.tables import document_rows, stock_levels, unit_states
from sync.identity import lot_key, split_key


def never_heard(connection: sa.Connection, site: str, row: Mapping[str, Any]) -> list[str]:
    """A sentence for the lots, and one for the serial numbers, that nothing here ever bore; `row`: of `row_of`."""
    lots = [lot for lot in row["lots"] if not _bears(connection, site, row["item"], lot)]
    t, known = unit_states.c, set[str]()
    for chunk in in_chunks(row["units"]):
        known.update(connection.execute(sa.select(t.unit).where(t.site == site, t.unit.in_(chunk))).scalars())
    serials = [split_key(unit).value("21") or unit for unit in row["units"] if unit not in known]
    named = [_named(what, texts) for what, texts in (("lot", lots), ("serial number", serials)) if texts]
    return [f"Nobody here has ever heard of {one}: look whether it is right." for one in named]


def _named(what: str, texts: list[str]) -> str:
    more = f" and {len(texts) - 3} more" if len(texts) > 3 else ""
    return f"{what} {', '.join(text[:40] for text in texts[:3])}{more}"


def _bears(connection: sa.Connection, site: str, item: str | None, lot: str) -> bool:
    """Whether a unit or a piece of this lot is known, or was announced."""
    u, s, d = unit_states.c, stock_levels.c, document_rows.c
    units = sa.select(u.unit).where(u.site == site, u.lot == lot)
    asked = [units.where(u.item == item) if item else units]
    if item:
        key = lot_key(item, lot)
        asked += [sa.select(s.subject).where(s.site == site, s.subject == key)]
        asked += [sa.select(d.subject).where(d.site == site, d.subject == key)]
    else:
        tail = quote(lot, safe="")
        asked += [sa.select(s.subject).where(s.site == site, s.subject.endswith(f"/10/{tail}", autoescape=True))]
    return any(connection.execute(query.limit(1)).first() is not None for query in asked)
