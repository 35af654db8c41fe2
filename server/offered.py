"""What handhelds are told beside the units, held against the ledger: what is not simply told anew (`told_anew.py`).

Recalls, thefts, which names are one unit's, products and bins, whose badges let somebody in, what blind counts hide.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa

from server import identifiers
from server.catalogue import ITEM_FIELDS, LOCATION_FIELDS
from server.counts import blind, plan, standing
from server.counts.blind import blind_bins
from server.database import SITE
from server.ledger import in_chunks
from server.permissions import HANDHELD
from server.recalls.account import RESULT
from server.stolen import known as thefts
from server.stolen.read import told
from server.tables import devices, document_rows, documents, identifier_claims, people, reference

_LATER: Final = frozenset({"since_ms", "until_ms", "stamp", "notices", "items"})
"""What is written into a recall's row after its document: its interval, and what came under its supplier since."""

_LISTS: Final = (
    sa.select(document_rows.c.subject, document_rows.c.attributes, documents.c.event_ms)
    .join(documents, documents.c.digest == document_rows.c.document)
    .where(documents.c.site == SITE, documents.c.kind == sa.bindparam("kind"), documents.c.event.isnot(None))
    .where(document_rows.c.row <= documents.c.folded_rows)
    .order_by(documents.c.event_ms)
)
_MODE_CHANGES: Final = (
    sa.select(document_rows.c.subject)
    .join(documents, documents.c.digest == document_rows.c.document)
    .where(documents.c.site == SITE, documents.c.kind == "mode_change")
)


def differences(connection: sa.Connection, site: str) -> Iterator[str]:
    """Everything that is offered otherwise than the ledger says, a sentence each."""
    yield from _recalls(connection, site)
    yield from _aliases(connection, site)
    yield from _thefts(connection, site)
    yield from _listed(connection, site, "products", "item", ITEM_FIELDS)
    yield from _listed(connection, site, "locations", "location", LOCATION_FIELDS)
    yield from _badges(connection, site)
    yield from _handhelds(connection, site)
    yield from _hidden(connection, site)


def _recalls(connection: sa.Connection, site: str) -> Iterator[str]:
    """A recall stands from its document on until the one that releases it."""
    offered = _offered(connection, site, "recall")
    released = set(_numbers(connection, site, RESULT))
    query = (
        sa.select(documents.c.number, document_rows.c.attributes)
        .join(document_rows, document_rows.c.document == documents.c.digest)
        .where(documents.c.site == site, documents.c.kind == "recall", documents.c.event.isnot(None))
    )
    said = {str(number): dict(row) for number, row in connection.execute(query)}
    for number in sorted(said.keys() | offered.keys()):
        row = offered.get(number)
        if number not in said:
            yield f"Recall {number} is offered to handhelds, and the ledger knows none."
        elif row is None:
            yield f"Recall {number} is offered to no handheld, and the ledger says that it should be."
        elif (row["until_ms"] is not None) != (number in released):
            state = "in force" if row["until_ms"] is None else "released"
            yield f"Recall {number} is offered as {state}; it is not."
        elif _decided(row) != _decided(said[number]):
            yield f"Recall {number} is offered otherwise than it was decided."


def _decided(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in _LATER}


def _numbers(connection: sa.Connection, site: str, kind: str) -> Iterator[str]:
    query = sa.select(documents.c.number).where(
        documents.c.site == site, documents.c.kind == kind, documents.c.event.isnot(None)
    )
    yield from connection.execute(query).scalars()


def _aliases(connection: sa.Connection, site: str) -> Iterator[str]:
    """A further name is offered with the unit that it folds into, and only then."""
    offered = _offered(connection, site, "alias")
    claimed = connection.execute(
        sa.select(identifier_claims.c.name).distinct().where(identifier_claims.c.site == site)
    ).scalars()
    for names in in_chunks(sorted({*offered, *claimed})):
        owners = identifiers.owners(connection, site, names)
        for name in names:
            if offered.get(name) != owners.get(name):
                yield f"{name} is offered as {offered.get(name)}, and the ledger says {owners.get(name)}."


def _thefts(connection: sa.Connection, site: str) -> Iterator[str]:
    """A name is told of as stolen by its reports alone, and until it was found."""
    offered, said = thefts.stored(connection, site), told(connection, site)
    for name in sorted(offered.keys() | said.keys()):
        if name not in said:
            yield f"{name} is told of as stolen, and nobody reported it."
        elif name not in offered:
            yield f"{name} was reported stolen, and no handheld is told of it."
        elif offered[name] != said[name]:
            yield f"{name} is told of as stolen otherwise than it was reported."


def _listed(connection: sa.Connection, site: str, kind: str, offered_as: str, fields: Sequence[str]) -> Iterator[str]:
    """A product or a bin is offered as the last list says that names it; of lists of one moment, as any says.

    A product that came with another site's transfer stands in no list here, and a change of its mode in none either.
    """
    said: dict[str, list[dict[str, Any]]] = {}
    last: dict[str, int] = {}
    for subject, attributes, event_ms in connection.execute(_LISTS, {"site": site, "kind": kind}):
        if event_ms >= last.get(subject, 0):
            found = {name: attributes.get(name) for name in fields}
            said[subject] = [*(said[subject] if event_ms == last.get(subject) else ()), found]
            last[subject] = event_ms
    offered = _offered(connection, site, offered_as)
    changed = set(connection.execute(_MODE_CHANGES, {"site": site}).scalars()) if "mode" in fields else set()
    for subject in sorted(said):
        row = offered.get(subject)
        told = [name for name in fields if name != "mode" or subject not in changed]
        if row is None:
            yield f"{subject} is offered to no handheld, and a list names it."
        elif not any(all(row.get(name) == one[name] for name in told) for one in said[subject]):
            yield f"{subject} is offered otherwise than the last list that names it says."


def _badges(connection: sa.Connection, site: str) -> Iterator[str]:
    """A badge opens handhelds for whoever has it now, with their PIN, and for nobody else."""
    staff = [p for p in connection.execute(sa.select(people)) if p.active and site in (p.site, *p.also)]
    said = ((p, p.roles.get(site)) for p in staff if p.badge is not None)
    theirs = {p.badge: {"name": p.name, "pin": p.pin_hash, "roles": roles} for p, roles in said}
    told = {badge: row for badge, row in _offered(connection, site, "person").items() if row["active"]}
    for badge in sorted(theirs.keys() | told.keys()):
        if badge not in told:
            yield f"Badge {badge} of {theirs[badge]['name']} opens no handheld, and it should."
        elif badge not in theirs:
            yield f"Badge {badge} opens handhelds for {told[badge]['name']}, who has it no longer."
        elif any(told[badge][name] != value for name, value in theirs[badge].items()):
            yield f"Badge {badge} is told to handhelds with another name, PIN or role than {theirs[badge]['name']} has."


def _handhelds(connection: sa.Connection, site: str) -> Iterator[str]:
    """A handheld is told what it is for: the role of the code that it enrolled with last."""
    told = _offered(connection, site, HANDHELD)
    for one in connection.execute(sa.select(devices).where(devices.c.site == site).order_by(devices.c.device_no)):
        row = told.get(str(one.device_no))
        if row is not None and row["roles"][-1][1] != one.role:
            yield f"Handheld {one.name} is told that it is for another role than {one.role}."


def _hidden(connection: sa.Connection, site: str) -> Iterator[str]:
    """The bins of a blind count are hidden from those who count them, until it is over."""
    b = blind_bins.c
    rows = sa.select(b.number, b.place, b.device_no).where(b.site == site)
    hidden = {(n, p): whose for n, p, whose in connection.execute(rows)}
    meant: dict[tuple[str, str], int] = {}
    for number in _numbers(connection, site, "count"):
        planned = plan.read(connection, site, number)
        if standing.state_of(connection, site, planned) in ("open", "proposed"):
            meant |= {(number, place): whose for place, whose in blind.bins_of(planned).items()}
    for number, place in sorted(hidden.keys() | meant.keys()):
        if hidden.get((number, place)) != meant.get((number, place)):
            yield f"What lies in {place} is not hidden as count {number} says."


def _offered(connection: sa.Connection, site: str, kind: str) -> Mapping[str, Any]:
    t = reference.c
    query = sa.select(t.key, t.row).where(t.site == site, t.kind == kind, t.row.isnot(None))
    return {str(key): row for key, row in connection.execute(query)}
