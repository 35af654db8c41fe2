"""The tables. `events` derives from the fields of `ScanEvent`, `unit_states` from those of `UnitState`.

Three kinds: the ledger (`events`, `documents`, `document_rows`), which is only ever added to; what is folded from it
(`unit_states`, `stock_levels`, `cases`, `identifier_claims`, `items`, `locations`), which `rebuild` can make again;
and administration (`devices`, `chains`, `people`, ...). Every table about a unit has the site and the unit's name
first, so that it can be partitioned by them.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Final, get_type_hints

import sqlalchemy as sa

from server.database import db
from sync.event import FIELDS
from sync.unit import UnitState

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # SQLite's rowid alias has to be INTEGER
SQL_TYPE: Final[dict[type, Any]] = {
    int: sa.BigInteger,
    str: sa.Text,
    bytes: sa.LargeBinary,
    tuple: sa.JSON(none_as_null=True),
    bool: sa.Boolean,
}
_NAME = ("device_no", "epoch", "seq")


def _unit_columns() -> list[sa.Column[Any]]:
    """A column for each field of `UnitState`, absent ones null."""
    hints = get_type_hints(UnitState)
    kinds = {"str": str, "int": int, "bool": bool, "Status": str, "tuple": tuple}
    columns = []
    for f in dataclasses.fields(UnitState):
        hint = hints[f.name]
        optional = type(None) in getattr(hint, "__args__", ())
        kind = hint.__args__[0] if optional else getattr(hint, "__origin__", hint)
        columns.append(sa.Column(f.name, SQL_TYPE[kinds[kind.__name__]], nullable=optional))
    return columns


events = sa.Table(
    "events",
    db.metadata,
    sa.Column("site", sa.Text, nullable=False),
    *(
        sa.Column(
            f.name, SQL_TYPE[f.type], primary_key=f.name in _NAME, autoincrement=False, nullable=f.name not in _NAME
        )
        for f in FIELDS
    ),
    sa.Column("digest", sa.LargeBinary, primary_key=True, comment="SHA-256 over the digest before and `line`"),
    sa.Column("line", sa.LargeBinary, nullable=False, comment="canonical bytes, as they came"),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("note", sa.Text, comment="why it was quarantined or held"),
    sa.Column("received_ms", sa.BigInteger, nullable=False),
    sa.Column("event_ms", sa.BigInteger, nullable=False, comment="estimated once, on first arrival; never moved"),
    sa.Column("uncertainty_ms", sa.BigInteger, nullable=False),
    comment="The ledger: every fact, as it was read, for ever.",
)
sa.Index("ix_events_subject", events.c.site, events.c.subject, events.c.event_ms)
sa.Index("ix_events_time", events.c.event_ms, postgresql_using="brin")
sa.Index(
    "ix_events_container",
    events.c.site,
    events.c.container,
    sqlite_where=events.c.container.isnot(None),
    postgresql_where=events.c.container.isnot(None),
)
sa.Index(
    "ix_events_document",
    events.c.site,
    events.c.document,
    events.c.event_ms,
    sqlite_where=events.c.document.isnot(None),
    postgresql_where=events.c.document.isnot(None),
)
sa.Index(
    "ix_events_voids",
    events.c.voids,
    sqlite_where=events.c.voids.isnot(None),
    postgresql_where=events.c.voids.isnot(None),
)
sa.Index(
    "ix_events_server",
    events.c.site,
    events.c.event_ms,
    sqlite_where=events.c.device_no == 0,
    postgresql_where=events.c.device_no == 0,
)
sa.Index(
    "ix_events_about",
    events.c.about,
    sqlite_where=events.c.about.isnot(None),
    postgresql_where=events.c.about.isnot(None),
)
sa.Index(
    "ix_events_outcome",
    events.c.outcome,
    sqlite_where=sa.text("outcome <> 'accepted'"),
    postgresql_where=sa.text("outcome <> 'accepted'"),
)

documents = sa.Table(
    "documents",
    db.metadata,
    sa.Column("digest", sa.Text, primary_key=True, comment="SHA-256 of its rows in canonical form, hex"),
    sa.Column("site", sa.Text, nullable=False),
    sa.Column(
        "kind",
        sa.Text,
        nullable=False,
        comment="stock, asn, purchase_order, order, products, locations, count, count_result, recall",
    ),
    sa.Column("number", sa.Text, nullable=False, comment="what people call it: ASN-1001"),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("event", sa.Text, comment="the import; null while its rows are still being loaded"),
    sa.Column("event_ms", sa.BigInteger),
    sa.Column("folded_rows", sa.BigInteger, nullable=False, comment="how far the units that it names were rebuilt"),
    comment="Immutable documents that an import took in.",
)
sa.Index("ix_documents_number", documents.c.site, documents.c.number)

document_rows = sa.Table(
    "document_rows",
    db.metadata,
    sa.Column("site", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False, comment="unit, lot, item, container or location"),
    sa.Column("document", sa.Text, sa.ForeignKey("documents.digest"), primary_key=True),
    sa.Column("row", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("location", sa.Text),
    sa.Column("container", sa.Text),
    sa.Column("quantity", sa.BigInteger),
    sa.Column("lot", sa.Text),
    sa.Column("expiry", sa.Text),
    sa.Column("attributes", sa.JSON(none_as_null=True), comment="what only some kinds have: name, price, mode"),
    sa.Column("stated", sa.Boolean, nullable=False, comment="whether it is a fact of its subject's history"),
)
sa.Index("ix_document_rows_subject", document_rows.c.site, document_rows.c.subject)
sa.Index(
    "ix_document_rows_container",
    document_rows.c.site,
    document_rows.c.container,
    sqlite_where=document_rows.c.container.isnot(None),
    postgresql_where=document_rows.c.container.isnot(None),
)

unit_states = sa.Table(
    "unit_states",
    db.metadata,
    sa.Column("site", sa.Text, primary_key=True),
    sa.Column("unit", sa.Text, primary_key=True, comment="canonical name of a unit or container"),
    sa.Column("item", sa.Text, comment="canonical name of its product"),
    *_unit_columns(),
    sa.Column("stamp", sa.BigInteger, nullable=False, comment="the transaction that last changed it"),
    comment="Folded: one state per unit.",
)
sa.Index("ix_unit_states_place", unit_states.c.site, unit_states.c.place)
sa.Index("ix_unit_states_expected", unit_states.c.site, unit_states.c.expected)
sa.Index("ix_unit_states_announced_by", unit_states.c.site, unit_states.c.announced_by)
sa.Index("ix_unit_states_stamp", unit_states.c.stamp, unit_states.c.unit)

stock_levels = sa.Table(
    "stock_levels",
    db.metadata,
    sa.Column("site", sa.Text, primary_key=True),
    sa.Column("subject", sa.Text, primary_key=True, comment="canonical name of an item or lot"),
    sa.Column("place", sa.Text, primary_key=True),
    sa.Column("quantity", sa.BigInteger, nullable=False),
    sa.Column("counted_in", sa.Text),
    sa.Column("tally", sa.JSON, nullable=False, comment="what each handheld counted: number, opening scan, sum"),
    sa.Column("counted_ms", sa.BigInteger),
    sa.Column("last_ms", sa.BigInteger, nullable=False),
    sa.Column("stamp", sa.BigInteger, nullable=False),
    comment="Folded: stock without units.",
)
sa.Index("ix_stock_levels_stamp", stock_levels.c.stamp)
sa.Index("ix_stock_levels_place", stock_levels.c.site, stock_levels.c.place)

cases = sa.Table(
    "cases",
    db.metadata,
    sa.Column("site", sa.Text, primary_key=True),
    sa.Column("unit", sa.Text, primary_key=True, comment="the subject: a unit, container, item or lot"),
    sa.Column("rule", sa.Text, primary_key=True),
    sa.Column("episode", sa.Text, primary_key=True, comment="name of the event that opened it"),
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
    sa.Column("stamp", sa.BigInteger, nullable=False),
    comment="Folded: what does not match, and what people decided about it.",
)
sa.Index("ix_cases_stamp", cases.c.stamp)
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
sa.Index("ix_removals_stamp", removals.c.stamp)

identifier_claims = sa.Table(
    "identifier_claims",
    db.metadata,
    sa.Column("site", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True, comment="IMEI, maker's number, plate"),
    sa.Column("unit", sa.Text, primary_key=True),
    sa.Column("stamp", sa.BigInteger, nullable=False),
    comment="Folded: which units carry a further name. Two claims of one name are a case, never a merger.",
)
sa.Index("ix_identifier_claims_unit", identifier_claims.c.site, identifier_claims.c.unit)

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
sa.Index("ix_reference_stamp", reference.c.stamp, reference.c.kind, reference.c.key)

devices = sa.Table(
    "devices",
    db.metadata,
    sa.Column("device_no", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("site", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("public_key", sa.LargeBinary, nullable=False, comment="Ed25519, 32 bytes"),
    sa.Column("enrolled_ms", sa.BigInteger, nullable=False),
    sa.Column("revoked_ms", sa.BigInteger),
    sa.Column("last_seen_ms", sa.BigInteger),
    sa.Column(
        "waiting", sa.BigInteger, nullable=False, server_default="0", comment="events not yet sent, by its own word"
    ),
    sa.Column("client", sa.Text),
    sa.Column("pulled", sa.Text, comment="the cursor that it last asked from"),
)

chains = sa.Table(
    "chains",
    db.metadata,
    sa.Column("device_no", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("epoch", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("site", sa.Text, nullable=False),
    sa.Column("predecessor", sa.BigInteger),
    sa.Column("acked_through", sa.BigInteger, nullable=False, comment="end of the contiguous durable prefix"),
    sa.Column("head", sa.LargeBinary, nullable=False, comment="digest at that point"),
    sa.Column("last_seq", sa.BigInteger, nullable=False, comment="the highest that is here"),
    sa.Column("safe_through", sa.BigInteger, nullable=False, comment="the highest that is in a backup"),
    sa.Column("boot", sa.Text, comment="of the last clock sample"),
    sa.Column("offset_ms", sa.BigInteger, comment="server time less boot clock, sampled at sending"),
    sa.Column("wall_skew_ms", sa.BigInteger, comment="server time less wall clock, likewise"),
    sa.Column("earlier_boot", sa.Text, comment="of the last clock sample before that boot"),
    sa.Column("earlier_offset_ms", sa.BigInteger, comment="server time less its boot clock"),
    comment="One row per device and epoch: how far the ledger has it.",
)

enrolment_codes = sa.Table(
    "enrolment_codes",
    db.metadata,
    sa.Column("digest", sa.Text, primary_key=True, comment="SHA-256 of the code, hex"),
    sa.Column("site", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("expires_ms", sa.BigInteger, nullable=False),
    sa.Column("used_by", sa.BigInteger),
)

people = sa.Table(
    "people",
    db.metadata,
    sa.Column("id", Number, primary_key=True),
    sa.Column("site", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("roles", sa.JSON, nullable=False, default=list, comment="[[since_ms, role or null], ...]"),
    sa.Column("badge", sa.Text),
    sa.Column("pin_hash", sa.Text),
    sa.UniqueConstraint("site", "badge", name="uq_people_badge"),
    comment="Who may sign in, at the console by password and at handhelds by badge and PIN.",
)

integrations = sa.Table(
    "integrations",
    db.metadata,
    sa.Column("id", Number, primary_key=True),
    sa.Column("site", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("tasks", sa.JSON, nullable=False, comment="what its key opens"),
    sa.Column("digest", sa.Text, nullable=False, unique=True, comment="SHA-256 of its key, hex"),
    sa.Column("made_ms", sa.BigInteger, nullable=False),
    sa.Column("made_by", sa.Text),
    sa.Column("revoked_ms", sa.BigInteger),
    sa.Column("used_ms", sa.BigInteger),
    sa.UniqueConstraint("site", "name", name="uq_integrations_name"),
    comment="Other systems, and the digests of their keys.",
)

pictures = sa.Table(
    "pictures",
    db.metadata,
    sa.Column("site", sa.Text, primary_key=True),
    sa.Column("event", sa.Text, primary_key=True, comment="name of the scan that it shows"),
    sa.Column("digest", sa.Text, primary_key=True, comment="SHA-256 of the file, hex, which is its name too"),
    sa.Column("media_type", sa.Text, nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("received_ms", sa.BigInteger, nullable=False),
    comment="Which files in the folder `pictures` show what.",
)

server_state = sa.Table(
    "server_state",
    db.metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("incarnation", sa.Text, nullable=False, comment="changes when a backup is restored"),
    sa.Column("private_key", sa.LargeBinary, nullable=False, comment="Ed25519, 32 bytes: signs replies"),
    sa.Column("site", sa.Text, nullable=False),
    sa.Column("codes", sa.JSON, nullable=False, comment="the site's own codes"),
    sa.Column("stamp", sa.BigInteger, nullable=False, comment="SQLite's transaction counter"),
    sa.Column("fold_version", sa.Text, nullable=False),
    comment="One row.",
)

webhooks = sa.Table(
    "webhooks",
    db.metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("site", sa.Text, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("secret", sa.LargeBinary, nullable=False, comment="key of the HMAC; shown once"),
    sa.Column("kinds", sa.JSON, nullable=False, comment="of changes that it is sent"),
    sa.Column("made_by", sa.Text, nullable=False),
    sa.Column("made_ms", sa.BigInteger, nullable=False),
    sa.Column("cursor", sa.Text, nullable=False, comment="how far the feed has been delivered"),
    sa.Column("failures", sa.Integer, nullable=False, comment="in a row"),
    sa.Column("next_ms", sa.BigInteger, comment="when it is tried again; null once it is dead"),
    sa.Column("tried_ms", sa.BigInteger),
    sa.Column("delivered_ms", sa.BigInteger),
    sa.Column("answer", sa.Text, comment="what came of the latest try, a sentence"),
)
