"""What is folded from the ledger, and what `rebuild` can make again."""

from __future__ import annotations

from typing import Any, get_type_hints

import sqlalchemy as sa

from server.database import db
from server.tables.column_types import SQL_TYPE
from sync.stock import Balance
from sync.unit import UnitState


def _columns(of: type[UnitState | Balance]) -> list[sa.Column[Any]]:
    """A column for each field of what is folded, absent ones null."""
    hints = get_type_hints(of)
    kinds = {"str": str, "int": int, "bool": bool, "Status": str, "tuple": tuple}
    columns = []
    for name, hint in hints.items():
        optional = type(None) in getattr(hint, "__args__", ())
        kind = hint.__args__[0] if optional else getattr(hint, "__origin__", hint)
        columns.append(sa.Column(name, SQL_TYPE[kinds[kind.__name__]], nullable=optional))
    return columns


unit_states = sa.Table(
    "unit_states",
    db.metadata,
    sa.Column("site", sa.Text, primary_key=True),
    sa.Column("unit", sa.Text, primary_key=True, comment="canonical name of a unit or container"),
    sa.Column("item", sa.Text, comment="canonical name of its product"),
    *_columns(UnitState),
    sa.Column("stamp", sa.BigInteger, nullable=False, comment="the transaction that last changed it"),
    comment="Folded: one state per unit.",
)
# each index begins with the site: every question names it, and SQLite would rather read all of a site by another index
sa.Index("ix_unit_states_place", unit_states.c.site, unit_states.c.place)
sa.Index("ix_unit_states_expected", unit_states.c.site, unit_states.c.expected)
_CAME_BACK = sa.text("returns > 0")
sa.Index(
    "ix_unit_states_returns",
    unit_states.c.site,
    unit_states.c.item,
    sqlite_where=_CAME_BACK,
    postgresql_where=_CAME_BACK,
)
_WAITING = sa.text("status = 'returned'")
sa.Index(
    "ix_unit_states_waiting",
    unit_states.c.site,
    unit_states.c.status_ms,
    sqlite_where=_WAITING,
    postgresql_where=_WAITING,
)
sa.Index("ix_unit_states_stamp", unit_states.c.site, unit_states.c.stamp, unit_states.c.unit)

stock_levels = sa.Table(
    "stock_levels",
    db.metadata,
    sa.Column("site", sa.Text, primary_key=True),
    sa.Column("subject", sa.Text, primary_key=True, comment="canonical name of an item or lot"),
    sa.Column("place", sa.Text, primary_key=True),
    *_columns(Balance),
    sa.Column("stamp", sa.BigInteger, nullable=False),
    comment="Folded: stock without units.",
)
sa.Index("ix_stock_levels_stamp", stock_levels.c.site, stock_levels.c.stamp)
sa.Index("ix_stock_levels_place", stock_levels.c.site, stock_levels.c.place)

cases = sa.Table(
    "cases",
    db.metadata,
    sa.Column("site", sa.Text, primary_key=True),
    sa.Column("unit", sa.Text, primary_key=True, comment="the subject: a unit, container, item or lot"),
    sa.Column("rule", sa.Text, primary_key=True),
    sa.Column("episode", sa.Text, primary_key=True, comment="name of the event that opened it, and its count"),
    sa.Column("status", sa.Text, nullable=False, comment="open, settled, explained"),
    sa.Column("opened_ms", sa.BigInteger, nullable=False),
    sa.Column("expected", sa.Text, comment="where it belongs"),
    sa.Column("seen", sa.Text, comment="where it was seen"),
    sa.Column("against", sa.Text, comment="the other scan, or the other unit"),
    sa.Column("document", sa.Text),
    sa.Column("detail", sa.Text, nullable=False, comment="what was found, one sentence"),
    sa.Column("evidence", sa.Text, nullable=False, comment="digest of what it rests on"),
    sa.Column("closed_by", sa.Text, comment="event that settled or explained it"),
    sa.Column("closed_ms", sa.BigInteger),
    sa.Column("resolution", sa.Text),
    sa.Column("item", sa.Text, comment="canonical name of its product"),
    sa.Column("operator", sa.Text, comment="who made the scan that opened it"),
    sa.Column("device_no", sa.BigInteger, nullable=False, comment="with which handheld"),
    sa.Column("assigned", sa.Text, comment="who is to settle it, by name"),
    sa.Column("stamp", sa.BigInteger, nullable=False),
    comment="Folded: what does not match, and what people decided about it.",
)
sa.Index("ix_cases_stamp", cases.c.site, cases.c.stamp)
sa.Index("ix_cases_rule", cases.c.site, cases.c.rule, cases.c.document)
sa.Index("ix_cases_status", cases.c.site, cases.c.status, cases.c.opened_ms)

removals = sa.Table(
    "removals",
    db.metadata,
    sa.Column("site", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True, comment="unit, stock, case"),
    sa.Column("key", sa.Text, primary_key=True, comment="what named the row, a line for each part"),
    sa.Column("stamp", sa.BigInteger, nullable=False),
    comment="Folded rows that a later fact took away, for the feed; the row may be there again since.",
)
sa.Index("ix_removals_stamp", removals.c.site, removals.c.stamp)

identifier_claims = sa.Table(
    "identifier_claims",
    db.metadata,
    sa.Column("site", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True, comment="IMEI, maker's number, plate"),
    sa.Column("unit", sa.Text, primary_key=True),
    sa.Column("stamp", sa.BigInteger, nullable=False),
    comment="Folded: which units carry a further name. Two claims of one name are a case, never a merger.",
)
sa.Index("ix_identifier_claims_unit", identifier_claims.c.site, identifier_claims.c.unit, identifier_claims.c.name)

reference = sa.Table(
    "reference",
    db.metadata,
    sa.Column("site", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True, comment="item, location, document, recall, site"),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("row", sa.JSON(none_as_null=True), comment="what handhelds get; null once it has gone"),
    sa.Column("stamp", sa.BigInteger, nullable=False),
    comment="Folded from imports and decisions: what handhelds need beside the units.",
)
sa.Index("ix_reference_stamp", reference.c.site, reference.c.stamp, reference.c.kind, reference.c.key)
