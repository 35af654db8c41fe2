"""Administration: who and what takes part, how far each has come, and the server itself."""

from __future__ import annotations

import sqlalchemy as sa

from server.database import db

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # SQLite's rowid alias has to be INTEGER

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
    sa.Column("heard_ms", sa.BigInteger, comment="what it had last heard when it sent that; of which boot, and when:"),
    sa.Column("sent_boot", sa.Text),
    sa.Column("sent_boot_ms", sa.BigInteger),
)

chains = sa.Table(
    "chains",
    db.metadata,
    sa.Column("device_no", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("epoch", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("site", sa.Text, nullable=False),
    sa.Column("predecessor", sa.BigInteger),
    sa.Column("left_at", sa.BigInteger, comment="its last number, by the word of who went on under another epoch"),
    sa.Column("lost_through", sa.BigInteger, comment="a number given there, by the word of whose queue lacks it now"),
    sa.Column("lost_ms", sa.BigInteger, comment="when that was said"),
    sa.Column("acked_through", sa.BigInteger, nullable=False, comment="end of the contiguous durable prefix"),
    sa.Column("head", sa.LargeBinary, nullable=False, comment="digest at that point"),
    sa.Column("last_seq", sa.BigInteger, nullable=False, comment="the highest that is here"),
    sa.Column("missing", sa.JSON(none_as_null=True), comment="the first ranges beyond the prefix that are not here"),
    sa.Column("safe_through", sa.BigInteger, nullable=False, comment="the highest that is in a backup"),
    sa.Column("boot", sa.Text, comment="of the last clock sample"),
    sa.Column("boot_ms", sa.BigInteger, comment="the boot clock at that sending"),
    sa.Column(
        "offset_ms", sa.BigInteger, comment="server time less boot clock, the smallest of that boot, drift apart"
    ),
    sa.Column(
        "offset_doubt_ms",
        sa.BigInteger,
        comment="by how much that may be too much: the quickest sending of that boot seemed so late",
    ),
    sa.Column(
        "doubt_ms", sa.BigInteger, comment="that, and by how much the last sending came later than that lets expect"
    ),
    sa.Column("wall_skew_ms", sa.BigInteger, comment="server time less wall clock, likewise"),
    sa.Column("wall_doubt_ms", sa.BigInteger, comment="by how much that was set while scans waited"),
    sa.Column("earlier_boot", sa.Text, comment="of the last clock sample before that boot"),
    sa.Column("earlier_offset_ms", sa.BigInteger, comment="server time less its boot clock"),
    sa.Column("earlier_doubt_ms", sa.BigInteger, comment="by how much that may be too much"),
    comment="One row per device and epoch: how far the ledger has it.",
)

enrolment_codes = sa.Table(
    "enrolment_codes",
    db.metadata,
    sa.Column("digest", sa.Text, primary_key=True, comment="SHA-256 of the public key made from the code, hex"),
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
    sa.Column("roles", sa.JSON, nullable=False, default=dict, comment="site -> [[since_ms, role or null], ...]"),
    sa.Column("badge", sa.Text),
    sa.Column("pin_hash", sa.Text),
    sa.Column("also", sa.JSON, nullable=False, default=list, comment="further sites that they are let into"),
    sa.Column("session_mark", sa.Text, comment="a new one ends all their sessions"),
    sa.UniqueConstraint("site", "badge", name="uq_people_badge"),
    comment="Who may sign in, at the console by password and at handhelds by badge and PIN.",
)

ended_sessions = sa.Table(
    "ended_sessions",
    db.metadata,
    sa.Column("digest", sa.Text, primary_key=True, comment="SHA-256 of the session's number, hex"),
    sa.Column("ended_ms", sa.BigInteger, nullable=False),
    comment="Sessions that somebody ended by signing out, until they would be too old anyway.",
)

untold = sa.Table(
    "untold",
    db.metadata,
    sa.Column("site", sa.Text, primary_key=True),
    sa.Column(
        "of",
        sa.Text,
        primary_key=True,
        comment="the table of the row, @ and the number of who cannot read it; empty where all failed",
    ),
    sa.Column("key", sa.Text, primary_key=True, comment="what names the row, a line for each part"),
    sa.Column("reason", sa.Text, nullable=False, comment="on what the server or the handheld failed, one sentence"),
    sa.Column("since_ms", sa.BigInteger, nullable=False),
    sa.Column("last_ms", sa.BigInteger, nullable=False),
    comment="Changed rows that this server failed to tell anybody, and those that a handheld cannot read.",
)

failed_tries = sa.Table(
    "failed_tries",
    db.metadata,
    sa.Column("id", Number, primary_key=True),
    sa.Column("digest", sa.Text, nullable=False, comment="SHA-256 of what was tried, or from where, hex"),
    sa.Column("tried_ms", sa.BigInteger, nullable=False),
    comment="Failed sign-ins, keys and codes of the last minutes: whoever fails too often has to wait.",
)
sa.Index("ix_failed_tries_digest", failed_tries.c.digest, failed_tries.c.tried_ms)
sa.Index("ix_failed_tries_time", failed_tries.c.tried_ms)

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

sites = sa.Table(
    "sites",
    db.metadata,
    sa.Column("site", sa.Text, primary_key=True, comment="its code"),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("company_prefix", sa.Text, comment="GS1 company prefix, for SSCCs"),
    sa.Column("codes", sa.JSON, nullable=False, comment="what its own labels look like"),
    comment="Warehouses of this database.",
)

server_state = sa.Table(
    "server_state",
    db.metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("incarnation", sa.Text, nullable=False, comment="changes when a backup is restored"),
    sa.Column("private_key", sa.LargeBinary, nullable=False, comment="Ed25519, 32 bytes: signs replies"),
    sa.Column("site", sa.Text, nullable=False, comment="the site that was first"),
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
