"""The office: handhelds, people without their secrets, documents, what was set aside, the audit, one unit's trail."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

import sqlalchemy as sa

from server import audit, queries, unread, untold
from server.exports import ROWS_AT_ONCE, Column, Filters, Listing, Rows
from server.imported import OVERTAKEN
from server.lists.naming_rows import with_names
from server.members import list_members
from server.printing import jobs
from server.roles import Task
from server.tables import documents, events


def _handhelds(connection: sa.Connection, site: str, _filters: Filters) -> Rows:
    yield from queries.list_devices(connection, site)


def _people(connection: sa.Connection, site: str, _filters: Filters) -> Rows:
    for member in list_members(connection, site):
        yield {name: getattr(member, name) for name in ("name", "role", "badge", "console", "active")}


def _print_jobs(connection: sa.Connection, site: str, _filters: Filters) -> Rows:
    for job in jobs.jobs(connection, site):
        yield asdict(job) | {"keys": None, "labels": len(job.keys), "first": job.keys[0]}


def _documents(connection: sa.Connection, site: str, filters: Filters) -> Rows:
    d, e = documents.c, events.c
    named = sa.cast(e.device_no, sa.String) + "." + sa.cast(e.epoch, sa.String) + "." + sa.cast(e.seq, sa.String)
    query = (
        sa.select(d.kind, d.number, d.rows, d.folded_rows, d.digest, d.event_ms, e.operator)
        .join(events, (e.site == d.site) & (e.evidence == d.digest) & (named == d.event), isouter=True)
        .where(d.site == site, ~OVERTAKEN)
        .order_by(d.event_ms, d.digest)
    )
    if filters.get("kind"):
        query = query.where(d.kind == filters["kind"])
    yield from (dict(row) for row in connection.execute(query, execution_options=_IN_PIECES).mappings())


def _set_aside(connection: sa.Connection, site: str, _filters: Filters) -> Rows:
    devices = queries.device_names(connection, site)
    for row in queries.set_aside(connection, site, limit=queries.SET_ASIDE_MAX):
        yield dict(row) | {
            "handheld": devices.get(row["device_no"]),
            "line": row["line"].decode("latin-1"),
            "digest": row["digest"].hex(),
        }


def _untold(connection: sa.Connection, site: str, _filters: Filters) -> Rows:
    yield from untold.listed(connection, site, queries.SET_ASIDE_MAX)


def _unread(connection: sa.Connection, site: str, _filters: Filters) -> Rows:
    devices = queries.device_names(connection, site)
    for row in untold.listed(connection, site, queries.SET_ASIDE_MAX, by_handhelds=True):
        yield dict(row) | {"handheld": devices.get(unread.device_of(row["of"]))}


def _audit(connection: sa.Connection, site: str, filters: Filters) -> Rows:
    def pages() -> Rows:
        after = None
        while page := audit.entries(
            connection,
            site,
            person=filters.get("person"),
            action=filters.get("kind"),
            after=after,
            limit=ROWS_AT_ONCE,
        ):
            yield from map(asdict, page)
            after = audit.read_after(page[-1].after)

    return with_names(connection, site, pages(), {"subject": "about"})


def _trail(connection: sa.Connection, site: str, filters: Filters) -> Rows:
    devices = queries.device_names(connection, site)
    lines = queries.whole_trail(connection, site, filters["unit"])
    if not lines:
        raise LookupError(f"Nothing is known of {filters['unit']!r:.200}.")

    def rows() -> Rows:
        for line in lines:
            event = line.fact.event
            yield asdict(event) | {
                "event": f"{event.device_no}.{event.epoch}.{event.seq}",
                "event_ms": line.fact.event_ms,
                "uncertainty_ms": line.fact.uncertainty_ms,
                "undone": line.undone,
                "carried_in": line.carried_in,
                "forked": line.fact.forked,
                "handheld": devices.get(event.device_no),
                "read": event.barcode.decode("latin-1") if event.barcode else None,
            }

    return with_names(connection, site, rows(), {"location": "at", "container": "carton"})


_IN_PIECES: Final = {"yield_per": 1_000}
LISTS: Final = (
    Listing(
        name="print_jobs",
        title="Print jobs",
        rows=_print_jobs,
        columns=(
            Column("number", "Number"),
            Column("at_ms", "When", moment=True),
            Column("operator", "By"),
            Column("labels", "Labels"),
            Column("again", "Of them again"),
            Column("first", "First of them"),
            Column("carrier", "Symbol"),
            Column("medium", "Printed on"),
        ),
        task=Task.PRINT,
    ),
    Listing(
        name="handhelds",
        title="Handhelds",
        rows=_handhelds,
        columns=(
            Column("name", "Handheld"),
            Column("device_no", "Number"),
            Column("role", "Role"),
            Column("enrolled_ms", "Enrolled", moment=True),
            Column("last_seen_ms", "Last heard", moment=True),
            Column("waiting", "Waiting"),
            Column("client", "Software"),
            Column("copied_ms", "Copied", moment=True),
            Column("lacks", "Scans lost"),
            Column("revoked_ms", "Revoked", moment=True),
        ),
    ),
    Listing(
        name="people",
        title="People",
        rows=_people,
        task=Task.PEOPLE,
        columns=(
            Column("name", "Name"),
            Column("role", "Role"),
            Column("badge", "Badge"),
            Column("console", "Has a password"),
            Column("active", "May sign in"),
        ),
    ),
    Listing(
        name="documents",
        title="Documents",
        rows=_documents,
        filters={"kind": "stock, asn, order, count, ..."},
        columns=(
            Column("kind", "Kind"),
            Column("number", "Number"),
            Column("rows", "Rows"),
            Column("folded_rows", "Rows worked in"),
            Column("event_ms", "Taken in", moment=True),
            Column("operator", "By"),
            Column("digest", "Digest"),
        ),
    ),
    Listing(
        name="set_aside",
        title="Set aside",
        rows=_set_aside,
        columns=(
            Column("outcome", "What"),
            Column("note", "Why"),
            Column("handheld", "Handheld"),
            Column("seq", "Number"),
            Column("received_ms", "Arrived", moment=True),
            Column("line", "As it came"),
            Column("digest", "Digest"),
        ),
    ),
    Listing(
        name="untold",
        title="Not told",
        rows=_untold,
        columns=(
            Column("of", "Kind"),
            Column("key", "What"),
            Column("reason", "Why"),
            Column("since_ms", "Since", moment=True),
            Column("last_ms", "Last", moment=True),
        ),
    ),
    Listing(
        name="unread",
        title="Not read",
        rows=_unread,
        columns=(
            Column("handheld", "Handheld"),
            Column("key", "What"),
            Column("reason", "Why"),
            Column("since_ms", "Since", moment=True),
            Column("last_ms", "Last", moment=True),
        ),
    ),
    Listing(
        name="audit",
        title="Audit",
        rows=_audit,
        task=Task.ADMINISTER,
        filters={"kind": "settle, import, administer, ...", "person": "who, by the whole name"},
        columns=(
            Column("at_ms", "When", moment=True),
            Column("operator", "Who"),
            Column("action", "What"),
            Column("about", "About"),
            Column("document", "Document"),
            Column("reason", "Said"),
            Column("voids", "Undoes"),
            Column("name", "Event"),
            Column("subject", "Canonical name"),
        ),
    ),
    Listing(
        name="trail",
        title="Trail",
        rows=_trail,
        filters={"unit": "canonical name of a unit, container, product or lot"},
        needs="unit",
        columns=(
            Column("event_ms", "When", moment=True),
            Column("uncertainty_ms", "Give or take (ms)"),
            Column("action", "What"),
            Column("at", "Place"),
            Column("carton", "Carton"),
            Column("document", "Document"),
            Column("quantity", "Pieces"),
            Column("condition", "Condition"),
            Column("reason", "Reason"),
            Column("operator", "By"),
            Column("handheld", "At"),
            Column("carried_in", "Carried in"),
            Column("undone", "Undone"),
            Column("forked", "Forked"),
            Column("read", "Read"),
            Column("event", "Event"),
        ),
    ),
)
