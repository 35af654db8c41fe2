"""first release."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:  # noqa: PLR0915  # a statement for each table and index
    op.create_table(
        "cases",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False, comment="the subject: a unit, container, item or lot"),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("episode", sa.Text(), nullable=False, comment="name of the event that opened it, and its count"),
        sa.Column("status", sa.Text(), nullable=False, comment="open, settled, explained"),
        sa.Column("opened_ms", sa.BigInteger(), nullable=False),
        sa.Column("expected", sa.Text(), nullable=True, comment="where it belongs"),
        sa.Column("seen", sa.Text(), nullable=True, comment="where it was seen"),
        sa.Column("against", sa.Text(), nullable=True, comment="the other scan, or the other unit"),
        sa.Column("document", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False, comment="what was found, one sentence"),
        sa.Column("evidence", sa.Text(), nullable=False, comment="digest of what it rests on"),
        sa.Column("closed_by", sa.Text(), nullable=True, comment="event that settled or explained it"),
        sa.Column("closed_ms", sa.BigInteger(), nullable=True),
        sa.Column("resolution", sa.Text(), nullable=True),
        sa.Column("item", sa.Text(), nullable=True, comment="canonical name of its product"),
        sa.Column("operator", sa.Text(), nullable=True, comment="who made the scan that opened it"),
        sa.Column("device_no", sa.BigInteger(), nullable=False, comment="with which handheld"),
        sa.Column("assigned", sa.Text(), nullable=True, comment="who is to settle it, by name"),
        sa.Column("stamp", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("site", "unit", "rule", "episode"),
        comment="Folded: what does not match, and what people decided about it.",
    )
    op.create_index("ix_cases_rule", "cases", ["site", "rule", "document"], unique=False)
    op.create_index("ix_cases_stamp", "cases", ["site", "stamp"], unique=False)
    op.create_index("ix_cases_status", "cases", ["site", "status", "opened_ms"], unique=False)
    op.create_table(
        "chains",
        sa.Column("device_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("predecessor", sa.BigInteger(), nullable=True),
        sa.Column(
            "left_at",
            sa.BigInteger(),
            nullable=True,
            comment="its last number, by the word of who went on under another epoch",
        ),
        sa.Column(
            "lost_through",
            sa.BigInteger(),
            nullable=True,
            comment="a number given there, by the word of whose queue lacks it now",
        ),
        sa.Column(
            "lost_ms",
            sa.BigInteger(),
            nullable=True,
            comment="when that was said",
        ),
        sa.Column("acked_through", sa.BigInteger(), nullable=False, comment="end of the contiguous durable prefix"),
        sa.Column("head", sa.LargeBinary(), nullable=False, comment="digest at that point"),
        sa.Column("last_seq", sa.BigInteger(), nullable=False, comment="the highest that is here"),
        sa.Column(
            "missing",
            sa.JSON(none_as_null=True),
            nullable=True,
            comment="the first ranges beyond the prefix that are not here",
        ),
        sa.Column("safe_through", sa.BigInteger(), nullable=False, comment="the highest that is in a backup"),
        sa.Column("boot", sa.Text(), nullable=True, comment="of the last clock sample"),
        sa.Column("boot_ms", sa.BigInteger(), nullable=True, comment="the boot clock at that sending"),
        sa.Column(
            "offset_ms",
            sa.BigInteger(),
            nullable=True,
            comment="server time less boot clock, the smallest of that boot, drift apart",
        ),
        sa.Column(
            "offset_doubt_ms",
            sa.BigInteger(),
            nullable=True,
            comment="by how much that may be too much: the quickest sending of that boot seemed so late",
        ),
        sa.Column(
            "doubt_ms",
            sa.BigInteger(),
            nullable=True,
            comment="that, and by how much the last sending came later than that lets expect",
        ),
        sa.Column("wall_skew_ms", sa.BigInteger(), nullable=True, comment="server time less wall clock, likewise"),
        sa.Column(
            "wall_doubt_ms", sa.BigInteger(), nullable=True, comment="by how much that was set while scans waited"
        ),
        sa.Column("earlier_boot", sa.Text(), nullable=True, comment="of the last clock sample before that boot"),
        sa.Column("earlier_offset_ms", sa.BigInteger(), nullable=True, comment="server time less its boot clock"),
        sa.Column("earlier_doubt_ms", sa.BigInteger(), nullable=True, comment="by how much that may be too much"),
        sa.PrimaryKeyConstraint("device_no", "epoch"),
        comment="One row per device and epoch: how far the ledger has it.",
    )
    op.create_table(
        "devices",
        sa.Column("device_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False, comment="Ed25519, 32 bytes"),
        sa.Column("enrolled_ms", sa.BigInteger(), nullable=False),
        sa.Column("revoked_ms", sa.BigInteger(), nullable=True),
        sa.Column("last_seen_ms", sa.BigInteger(), nullable=True),
        sa.Column(
            "waiting",
            sa.BigInteger(),
            server_default="0",
            nullable=False,
            comment="events not yet sent, by its own word",
        ),
        sa.Column("client", sa.Text(), nullable=True),
        sa.Column("pulled", sa.Text(), nullable=True, comment="the cursor that it last asked from"),
        sa.Column(
            "heard_ms",
            sa.BigInteger(),
            nullable=True,
            comment="what it had last heard when it sent that; of which boot, and when:",
        ),
        sa.Column("sent_boot", sa.Text(), nullable=True),
        sa.Column("sent_boot_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("device_no"),
    )
    op.create_table(
        "documents",
        sa.Column("digest", sa.Text(), nullable=False, comment="SHA-256 of its rows in canonical form, hex"),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column(
            "kind",
            sa.Text(),
            nullable=False,
            comment="stock, asn, purchase_order, order, rma, products, locations, count, count_result, recall",
        ),
        sa.Column("number", sa.Text(), nullable=False, comment="what people call it: ASN-1001"),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.Text(), nullable=True, comment="the import; null while its rows are still being loaded"),
        sa.Column("event_ms", sa.BigInteger(), nullable=True),
        sa.Column(
            "folded_rows", sa.BigInteger(), nullable=False, comment="how far the units that it names were rebuilt"
        ),
        sa.PrimaryKeyConstraint("digest"),
        comment="Immutable documents that an import took in.",
    )
    op.create_index("ix_documents_number", "documents", ["site", "number"], unique=False)
    op.create_index("ix_documents_kind", "documents", ["site", "kind", "event_ms"], unique=False)
    op.create_index("ix_documents_named", "documents", ["kind", "number"], unique=False)
    op.create_table(
        "enrolment_codes",
        sa.Column("digest", sa.Text(), nullable=False, comment="SHA-256 of the public key made from the code, hex"),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("used_by", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_table(
        "events",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("schema", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("device_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("action", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("subject", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("barcode", sa.LargeBinary(), autoincrement=False, nullable=True),
        sa.Column("symbology", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("beside", sa.JSON(none_as_null=True), autoincrement=False, nullable=True),
        sa.Column("entry", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("identifiers", sa.JSON(none_as_null=True), autoincrement=False, nullable=True),
        sa.Column("numbers", sa.JSON(none_as_null=True), autoincrement=False, nullable=True),
        sa.Column("lot", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("expiry", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("location", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("origin", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("container", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("document", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("opening", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("quantity", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("condition", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("seal", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("operator", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("reason", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("evidence", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("voids", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("about", sa.Text(), nullable=True),
        sa.Column("wall_ms", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("boot", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("boot_ms", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("cursor", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False, comment="SHA-256 over the digest before and `line`"),
        sa.Column("line", sa.LargeBinary(), nullable=False, comment="canonical bytes, as they came"),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True, comment="why it was quarantined or held"),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.Column(
            "read_ms",
            sa.BigInteger(),
            nullable=True,
            comment="when it was read, if it could not be when it arrived",
        ),
        sa.Column("event_ms", sa.BigInteger(), nullable=False, comment="estimated once, on first arrival; never moved"),
        sa.Column("uncertainty_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("device_no", "epoch", "seq", "digest"),
        comment="The ledger: every fact, as it was read, for ever.",
    )
    op.create_index(
        "ix_events_container",
        "events",
        ["site", "container"],
        unique=False,
        sqlite_where=sa.text("container IS NOT NULL"),
        postgresql_where=sa.text("container IS NOT NULL"),
    )
    op.create_index(
        "ix_events_document",
        "events",
        ["site", "document", "event_ms"],
        unique=False,
        sqlite_where=sa.text("document IS NOT NULL"),
        postgresql_where=sa.text("document IS NOT NULL"),
    )
    op.create_index(
        "ix_events_location",
        "events",
        ["site", "location", "event_ms"],
        unique=False,
        sqlite_where=sa.text("location IS NOT NULL"),
        postgresql_where=sa.text("location IS NOT NULL"),
    )
    op.create_index(
        "ix_events_outcome",
        "events",
        ["outcome", "site"],
        unique=False,
        sqlite_where=sa.text("outcome <> 'accepted'"),
        postgresql_where=sa.text("outcome <> 'accepted'"),
    )
    op.create_index(
        "ix_events_server",
        "events",
        ["site", "device_no", "event_ms"],
        unique=False,
        sqlite_where=sa.text("device_no = 0"),
        postgresql_where=sa.text("device_no = 0"),
    )
    op.create_index("ix_events_subject", "events", ["site", "subject", "event_ms"], unique=False)
    op.create_index("ix_events_time", "events", ["site", "event_ms"], unique=False, postgresql_using="brin")
    op.create_index(
        "ix_events_about",
        "events",
        ["about"],
        unique=False,
        sqlite_where=sa.text("about IS NOT NULL"),
        postgresql_where=sa.text("about IS NOT NULL"),
    )
    op.create_index(
        "ix_events_afterwards",
        "events",
        ["site", "received_ms"],
        unique=False,
        sqlite_where=sa.text("(received_ms - event_ms > 3600000 OR voids IS NOT NULL)"),
        postgresql_where=sa.text("(received_ms - event_ms > 3600000 OR voids IS NOT NULL)"),
    )
    op.create_index(
        "ix_events_bare",
        "events",
        ["site", "location"],
        unique=False,
        sqlite_where=sa.text("subject IS NULL"),
        postgresql_where=sa.text("subject IS NULL"),
    )
    op.create_index(
        "ix_events_cancels",
        "events",
        ["site", "document"],
        unique=False,
        sqlite_where=sa.text("action IN ('cancel_order', 'resume_order')"),
        postgresql_where=sa.text("action IN ('cancel_order', 'resume_order')"),
    )
    op.create_index(
        "ix_events_evidence",
        "events",
        ["evidence"],
        unique=False,
        sqlite_where=sa.text("evidence IS NOT NULL"),
        postgresql_where=sa.text("evidence IS NOT NULL"),
    )
    op.create_index(
        "ix_events_read",
        "events",
        ["site", "read_ms"],
        unique=False,
        sqlite_where=sa.text("read_ms IS NOT NULL"),
        postgresql_where=sa.text("read_ms IS NOT NULL"),
    )
    op.create_index(
        "ix_events_voids",
        "events",
        ["voids"],
        unique=False,
        sqlite_where=sa.text("voids IS NOT NULL"),
        postgresql_where=sa.text("voids IS NOT NULL"),
    )
    op.create_table(
        "identifier_claims",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="IMEI, maker's number, plate"),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("stamp", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("site", "name", "unit"),
        comment="Folded: which units carry a further name. Two claims of one name are a case, never a merger.",
    )
    op.create_index("ix_identifier_claims_unit", "identifier_claims", ["site", "unit", "name"], unique=False)
    op.create_table(
        "blind_bins",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False, comment="the open count that it is in"),
        sa.Column("device_no", sa.BigInteger(), nullable=False, comment="the handheld that is told nothing; 0 for all"),
        sa.PrimaryKeyConstraint("site", "place", "number"),
        comment="Bins whose units' places are not sent, from the opening of a blind count to its close.",
    )
    op.create_table(
        "parties",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False, comment="number of the order"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("site", "document"),
        comment="Whom an order is for; erased when they ask, and never in the ledger.",
    )
    op.create_table(
        "ended_sessions",
        sa.Column("digest", sa.Text(), nullable=False, comment="SHA-256 of the session's number, hex"),
        sa.Column("ended_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
        comment="Sessions that somebody ended by signing out, until they would be too old anyway.",
    )
    op.create_table(
        "untold",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column(
            "of",
            sa.Text(),
            nullable=False,
            comment="the table of the row, @ and the number of who cannot read it; empty where all failed",
        ),
        sa.Column("key", sa.Text(), nullable=False, comment="what names the row, a line for each part"),
        sa.Column(
            "reason", sa.Text(), nullable=False, comment="on what the server or the handheld failed, one sentence"
        ),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("last_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("site", "of", "key"),
        comment="Changed rows that this server failed to tell anybody, and those that a handheld cannot read.",
    )
    op.create_table(
        "failed_tries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False, comment="SHA-256 of what was tried, or from where, hex"),
        sa.Column("tried_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        comment="Failed sign-ins, keys and codes of the last minutes: whoever fails too often has to wait.",
    )
    op.create_index("ix_failed_tries_digest", "failed_tries", ["digest", "tried_ms"])
    op.create_index("ix_failed_tries_time", "failed_tries", ["tried_ms"])
    op.create_table(
        "integrations",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("tasks", sa.JSON(), nullable=False, comment="what its key opens"),
        sa.Column("digest", sa.Text(), nullable=False, comment="SHA-256 of its key, hex"),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=True),
        sa.Column("revoked_ms", sa.BigInteger(), nullable=True),
        sa.Column("used_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
        sa.UniqueConstraint("site", "name", name="uq_integrations_name"),
        comment="Other systems, and the digests of their keys.",
    )
    op.create_table(
        "people",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False, comment="site -> [[since_ms, role or null], ...]"),
        sa.Column("badge", sa.Text(), nullable=True),
        sa.Column("pin_hash", sa.Text(), nullable=True),
        sa.Column("also", sa.JSON(), nullable=False, comment="further sites that they are let into"),
        sa.Column("session_mark", sa.Text(), nullable=True, comment="a new one ends all their sessions"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
        sa.UniqueConstraint("site", "badge", name="uq_people_badge"),
        comment="Who may sign in, at the console by password and at handhelds by badge and PIN.",
    )
    op.create_table(
        "reference",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="item, location, document, recall, site"),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column(
            "row", sa.JSON(none_as_null=True), nullable=True, comment="what handhelds get; null once it has gone"
        ),
        sa.Column("stamp", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("site", "kind", "key"),
        comment="Folded from imports and decisions: what handhelds need beside the units.",
    )
    op.create_index("ix_reference_stamp", "reference", ["site", "stamp", "kind", "key"], unique=False)
    op.create_table(
        "server_state",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("incarnation", sa.Text(), nullable=False, comment="changes when a backup is restored"),
        sa.Column("private_key", sa.LargeBinary(), nullable=False, comment="Ed25519, 32 bytes: signs replies"),
        sa.Column("site", sa.Text(), nullable=False, comment="the site that was first"),
        sa.Column("stamp", sa.BigInteger(), nullable=False, comment="SQLite's transaction counter"),
        sa.Column("fold_version", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        comment="One row.",
    )
    op.create_table(
        "sites",
        sa.Column("site", sa.Text(), nullable=False, comment="its code"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("company_prefix", sa.Text(), nullable=True, comment="GS1 company prefix, for SSCCs"),
        sa.Column("codes", sa.JSON(), nullable=False, comment="what its own labels look like"),
        sa.PrimaryKeyConstraint("site"),
        comment="Warehouses of this database.",
    )
    op.create_table(
        "stock_levels",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False, comment="canonical name of an item or lot"),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("announced", sa.BigInteger(), nullable=False),
        sa.Column("announced_by", sa.Text(), nullable=True),
        sa.Column("announced_ms", sa.BigInteger(), nullable=False),
        sa.Column("stayed", sa.BigInteger(), nullable=False),
        sa.Column("read", sa.Boolean(), nullable=False),
        sa.Column("shelved", sa.Boolean(), nullable=False),
        sa.Column("expiry", sa.Text(), nullable=True),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("counted_in", sa.Text(), nullable=True),
        sa.Column("counted_ms", sa.BigInteger(), nullable=True),
        sa.Column("last_ms", sa.BigInteger(), nullable=False),
        sa.Column("stamp", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("site", "subject", "place"),
        comment="Folded: stock without units.",
    )
    op.create_index("ix_stock_levels_stamp", "stock_levels", ["site", "stamp"], unique=False)
    op.create_index("ix_stock_levels_place", "stock_levels", ["site", "place"], unique=False)
    op.create_table(
        "unit_states",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False, comment="canonical name of a unit or container"),
        sa.Column("item", sa.Text(), nullable=True, comment="canonical name of its product"),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("status_ms", sa.BigInteger(), nullable=False),
        sa.Column("lot", sa.Text(), nullable=True),
        sa.Column("expiry", sa.Text(), nullable=True),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("place_ms", sa.BigInteger(), nullable=False),
        sa.Column("observed", sa.Boolean(), nullable=False),
        sa.Column("expected", sa.Text(), nullable=True),
        sa.Column("announced_in", sa.Text(), nullable=True),
        sa.Column("announced_by", sa.Text(), nullable=True),
        sa.Column("came_under", sa.Text(), nullable=True),
        sa.Column("document", sa.Text(), nullable=True),
        sa.Column("condition", sa.Text(), nullable=True),
        sa.Column("held", sa.Text(), nullable=True),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.Column("left_ms", sa.BigInteger(), nullable=False),
        sa.Column("turns", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("stocked_ms", sa.BigInteger(), nullable=False),
        sa.Column("counted_in", sa.Text(), nullable=True),
        sa.Column("identifiers", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("receipts", sa.BigInteger(), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.Column("sold_on", sa.Text(), nullable=True),
        sa.Column("sold_ms", sa.BigInteger(), nullable=False),
        sa.Column("returns", sa.BigInteger(), nullable=False),
        sa.Column("returned_for", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("returned_ms", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("matched", sa.Text(), nullable=True),
        sa.Column("seal", sa.Text(), nullable=True),
        sa.Column("pictured", sa.Boolean(), nullable=False),
        sa.Column("doubts", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("disposal", sa.Text(), nullable=True),
        sa.Column("from_loan", sa.Boolean(), nullable=False),
        sa.Column("serviced", sa.Boolean(), nullable=False),
        sa.Column("seen_by", sa.Text(), nullable=True),
        sa.Column("seen_ms", sa.BigInteger(), nullable=False),
        sa.Column("seen_uncertainty_ms", sa.BigInteger(), nullable=False),
        sa.Column("last_event", sa.Text(), nullable=True),
        sa.Column("last_ms", sa.BigInteger(), nullable=False),
        sa.Column("last_uncertainty_ms", sa.BigInteger(), nullable=False),
        sa.Column("stamp", sa.BigInteger(), nullable=False, comment="the transaction that last changed it"),
        sa.PrimaryKeyConstraint("site", "unit"),
        comment="Folded: one state per unit.",
    )
    op.create_index("ix_unit_states_expected", "unit_states", ["site", "expected"], unique=False)
    op.create_index("ix_unit_states_place", "unit_states", ["site", "place"], unique=False)
    op.create_index(
        "ix_unit_states_returns",
        "unit_states",
        ["site", "item"],
        unique=False,
        sqlite_where=sa.text("returns > 0"),
        postgresql_where=sa.text("returns > 0"),
    )
    op.create_index("ix_unit_states_stamp", "unit_states", ["site", "stamp", "unit"], unique=False)
    op.create_index(
        "ix_unit_states_waiting",
        "unit_states",
        ["site", "status_ms"],
        unique=False,
        sqlite_where=sa.text("status = 'returned'"),
        postgresql_where=sa.text("status = 'returned'"),
    )
    op.create_table(
        "document_rows",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False, comment="unit, lot, item, container or location"),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("row", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("container", sa.Text(), nullable=True),
        sa.Column("quantity", sa.BigInteger(), nullable=True),
        sa.Column("lot", sa.Text(), nullable=True),
        sa.Column("expiry", sa.Text(), nullable=True),
        sa.Column(
            "attributes",
            sa.JSON(none_as_null=True),
            nullable=True,
            comment="what only some kinds have: name, price, mode",
        ),
        sa.Column("stated", sa.Boolean(), nullable=False, comment="whether it is a fact of its subject's history"),
        sa.ForeignKeyConstraint(
            ["document"],
            ["documents.digest"],
        ),
        sa.PrimaryKeyConstraint("document", "row"),
    )
    op.create_index(
        "ix_document_rows_container",
        "document_rows",
        ["site", "container"],
        unique=False,
        sqlite_where=sa.text("container IS NOT NULL"),
        postgresql_where=sa.text("container IS NOT NULL"),
    )
    op.create_index("ix_document_rows_subject", "document_rows", ["site", "subject"], unique=False)
    op.create_table(
        "removals",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="unit, stock, case"),
        sa.Column("key", sa.Text(), nullable=False, comment="what named the row, a line for each part"),
        sa.Column("stamp", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("site", "kind", "key"),
        comment="Folded rows that a later fact took away, for the feed; the row may be there again since.",
    )
    op.create_index("ix_removals_stamp", "removals", ["site", "stamp"], unique=False)
    op.create_table(
        "webhooks",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False, comment="key of the HMAC; shown once"),
        sa.Column("kinds", sa.JSON(), nullable=False, comment="of changes that it is sent"),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=False, comment="how far the feed has been delivered"),
        sa.Column("failures", sa.Integer(), nullable=False, comment="in a row"),
        sa.Column("next_ms", sa.BigInteger(), nullable=True, comment="when it is tried again; null once it is dead"),
        sa.Column("tried_ms", sa.BigInteger(), nullable=True),
        sa.Column("delivered_ms", sa.BigInteger(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True, comment="what came of the latest try, a sentence"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "pictures",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False, comment="name of the scan that it shows"),
        sa.Column("digest", sa.Text(), nullable=False, comment="SHA-256 of the file, hex, which is its name too"),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("site", "event", "digest"),
        comment="Which files in the folder `pictures` show what.",
    )
