"""The tables. `events` derives from the fields of `ScanEvent`, `unit_states` from those of `UnitState`.

Three kinds, a file for each: the ledger (`events`, `documents`, `document_rows`), which is only ever added to; what is
folded from it (`unit_states`, `stock_levels`, `cases`, `identifier_claims`, `reference`, `removals`), which `rebuild`
can make again; and administration (`devices`, `chains`, `people`, ...). Every table about a unit has the site and the
unit's name first, so that it can be partitioned by them.
"""

from __future__ import annotations

from server.tables.administration import (
    chains,
    devices,
    ended_sessions,
    enrolment_codes,
    failed_tries,
    integrations,
    people,
    pictures,
    server_state,
    sites,
    untold,
    webhooks,
)
from server.tables.folded import cases, identifier_claims, reference, removals, stock_levels, unit_states
from server.tables.ledger import document_rows, documents, events

__all__ = [
    "cases",
    "chains",
    "devices",
    "document_rows",
    "documents",
    "ended_sessions",
    "enrolment_codes",
    "events",
    "failed_tries",
    "identifier_claims",
    "integrations",
    "people",
    "pictures",
    "reference",
    "removals",
    "server_state",
    "sites",
    "stock_levels",
    "unit_states",
    "untold",
    "webhooks",
]
