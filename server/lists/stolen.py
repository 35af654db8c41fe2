"""What was reported stolen, and every scan of it since."""

from __future__ import annotations

import sqlalchemy as sa

from server import sites
from server.exports import Column, Filters, Listing, Rows
from server.lists.naming_rows import with_names
from server.stolen import read as stolen


def _things(connection: sa.Connection, site: str, _filters: Filters) -> Rows:
    rows = (
        {
            "number": one.number,
            "subject": thing.subject,
            "reason": one.reason,
            "reference": one.reference,
            "site": one.site,
            "operator": one.operator,
            "reported_ms": one.reported_ms,
            "since_ms": one.since_ms,
            "state": "missing" if thing.found_ms is None else "found",
            "found_ms": thing.found_ms,
            "found_reason": thing.found_reason,
        }
        for one in stolen.listed(connection)
        for thing in one.things
    )
    return with_names(connection, site, rows, {"subject": "name"})


def _sightings(connection: sa.Connection, site: str, _filters: Filters) -> Rows:
    everywhere = [each.code for each in sites.list_sites(connection)]
    rows = (
        {
            "number": seen.report,
            "subject": seen.unit,
            "at_ms": seen.event_ms,
            "site": seen.site,
            "action": seen.event and seen.event.action,
            "operator": seen.event and seen.event.operator,
            "device": seen.event and seen.event.device_no,
            "place": seen.event and (seen.event.location or seen.event.container),
        }
        for seen in stolen.sightings(connection, everywhere, let_into=(site,))
    )
    return with_names(connection, site, rows, {"subject": "name", "place": "bin"})


LISTS = (
    Listing(
        name="stolen",
        title="Stolen",
        rows=_things,
        sheets=("stolen_sightings",),
        columns=(
            Column("number", "Report"),
            Column("name", "What"),
            Column("state", "State"),
            Column("reason", "What happened"),
            Column("reference", "Police's number"),
            Column("reported_ms", "Reported", moment=True),
            Column("operator", "Reported by"),
            Column("site", "Site"),
            Column("since_ms", "Scans count from", moment=True),
            Column("found_ms", "Found", moment=True),
            Column("found_reason", "Where it turned up"),
            Column("subject", "Canonical name"),
        ),
    ),
    Listing(
        name="stolen_sightings",
        title="Scanned since it was stolen",
        rows=_sightings,
        columns=(
            Column("number", "Report"),
            Column("name", "What"),
            Column("at_ms", "When", moment=True),
            Column("site", "Site"),
            Column("bin", "Place"),
            Column("action", "Action"),
            Column("operator", "By"),
            Column("device", "Handheld"),
            Column("subject", "Canonical name"),
            Column("place", "Canonical name of the place"),
        ),
    ),
)
