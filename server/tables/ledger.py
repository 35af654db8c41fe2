"""The ledger, which is only ever added to: events, and the documents that some of them name."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from server.database import db
from server.tables.column_types import SQL_TYPE
from sync.event import FIELDS

_NAME = ("device_no", "epoch", "seq")

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
    sa.Column("read_ms", sa.BigInteger, comment="when it was read, if it could not be when it arrived"),
    sa.Column("event_ms", sa.BigInteger, nullable=False, comment="estimated once, on first arrival; never moved"),
    sa.Column("uncertainty_ms", sa.BigInteger, nullable=False),
    comment="The ledger: every fact, as it was read, for ever.",
)
sa.Index("ix_events_subject", events.c.site, events.c.subject, events.c.event_ms)
# SQLite looks at no index that does not begin with what is asked for, and every question names the site
sa.Index("ix_events_time", events.c.site, events.c.event_ms, postgresql_using="brin")
sa.Index(
    "ix_events_location",
    events.c.site,
    events.c.location,
    events.c.event_ms,
    sqlite_where=events.c.location.isnot(None),
    postgresql_where=events.c.location.isnot(None),
)
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
CANCELS: Final = sa.text("action IN ('cancel_order', 'resume_order')")
"""Of thousands of scans under one number these are few; in words, for SQLite matches an index by the very words."""
sa.Index(
    "ix_events_cancels",
    events.c.site,
    events.c.document,
    sqlite_where=CANCELS,
    postgresql_where=CANCELS,
)
sa.Index(
    "ix_events_bare",
    events.c.site,
    events.c.location,
    sqlite_where=events.c.subject.is_(None),
    postgresql_where=events.c.subject.is_(None),
)
SOON_MS: Final = 3_600_000
"""What arrives later than this after it happened is looked up by when it came, the rest by when it happened."""
AFTERWARDS: Final = sa.text(f"(received_ms - event_ms > {SOON_MS} OR voids IS NOT NULL)")
"""What reached the server so much later, or undoes something: few, and told of what was."""
sa.Index(
    "ix_events_afterwards",
    events.c.site,
    events.c.received_ms,
    sqlite_where=AFTERWARDS,
    postgresql_where=AFTERWARDS,
)
sa.Index(
    "ix_events_read",
    events.c.site,
    events.c.read_ms,
    sqlite_where=events.c.read_ms.isnot(None),
    postgresql_where=events.c.read_ms.isnot(None),
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
    events.c.device_no,
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
    "ix_events_evidence",
    events.c.evidence,
    sqlite_where=events.c.evidence.isnot(None),
    postgresql_where=events.c.evidence.isnot(None),
)
sa.Index(
    "ix_events_outcome",
    events.c.outcome,
    events.c.site,
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
        comment="stock, asn, purchase_order, order, rma, products, locations, count, count_result, recall",
    ),
    sa.Column("number", sa.Text, nullable=False, comment="what people call it: ASN-1001"),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("event", sa.Text, comment="the import; null while its rows are still being loaded"),
    sa.Column("event_ms", sa.BigInteger),
    sa.Column("folded_rows", sa.BigInteger, nullable=False, comment="how far the units that it names were rebuilt"),
    comment="Immutable documents that an import took in.",
)
sa.Index("ix_documents_number", documents.c.site, documents.c.number)
sa.Index("ix_documents_kind", documents.c.site, documents.c.kind, documents.c.event_ms)
sa.Index("ix_documents_named", documents.c.kind, documents.c.number)

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
