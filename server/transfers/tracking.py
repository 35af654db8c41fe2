"""The tracking numbers of a transfer's cartons, by which the other site knows them too."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from server.database import stamp
from server.identifiers import names_of
from server.ledger import record
from server.rebuild import advance, lock


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
    """Join, at the site that these cartons go to, each with the further names that it has here and not yet there."""
    wanted = sorted(cartons)
    lock(connection, to, wanted)
    here, there = names_of(connection, site, wanted), names_of(connection, to, wanted)
    facts = [
        record(
            connection,
            site=to,
            action="label_parcel",
            operator=operator,
            now_ms=now_ms,
            subject=carton,
            document=notice,
            identifiers=tuple(sorted(new)),
        )
        for carton in wanted
        if (new := here.get(carton, set()) - there.get(carton, set()))
    ]
    if facts:
        advance(connection, to, facts, stamp(connection))
