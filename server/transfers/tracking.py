"""The tracking numbers of a transfer's cartons, by which the other site knows them too."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from server.database import lock, stamp
from server.identifiers import names_of
from server.ledger import SERVER_DEVICE, in_chunks, record
from server.rebuild import advance
from server.tables import events
from sync.order import TRANSFER


def tell_names(
    connection: sa.Connection,
    *,
    site: str,
    to: str,
    notice: str,
    cartons: Iterable[str],
    operator: str | None,
    now_ms: int,
) -> None:
    """Make the further names of these cartons, at the site that they go to, those that they have here.

    What somebody there named one stays: only what was told from here is taken off again.
    """
    wanted = sorted(cartons)
    lock(connection, to, wanted)
    here, there = names_of(connection, site, wanted), names_of(connection, to, wanted)
    told = _told(connection, to, wanted)
    facts = []
    for carton in wanted:
        known, named = there.get(carton, set()), here.get(carton, set())
        said: dict[str, Any] = {"operator": operator, "now_ms": now_ms, "subject": carton, "document": notice}
        if gone := (known & told[carton]) - named:
            why = "taken off where it was sent from"
            facts.append(
                record(connection, site=to, action="unlink", identifiers=tuple(sorted(gone)), reason=why, **said)
            )
        if new := named - known:
            facts.append(record(connection, site=to, action="label_parcel", identifiers=tuple(sorted(new)), **said))
    if facts:
        advance(connection, to, facts, stamp(connection))


def _told(connection: sa.Connection, to: str, cartons: Sequence[str]) -> dict[str, set[str]]:
    """The names that each carton was ever given at this site from where it came."""
    e = events.c
    found: dict[str, set[str]] = defaultdict(set)
    for chunk in in_chunks(cartons):
        query = sa.select(e.subject, e.identifiers).where(
            e.site == to, e.subject.in_(chunk), e.action == "label_parcel",
            e.device_no == SERVER_DEVICE, e.document.startswith(TRANSFER),
        )  # fmt: skip
        for carton, names in connection.execute(query):
            found[carton].update(names or ())
    return found
