"""For which closed counts facts that just arrived may be late: the exceptions of these are to be made anew.

Of what arrives little is late for any count. So it is asked in the order of what it costs: whether anything was closed
since it happened; then whether a closed version speaks of its units, or these were ever in a bin of that count.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import sqlalchemy as sa

from server import papers
from server.case import opened_by
from server.counts import plan
from server.counts.late import RULE
from server.counts.scans import CLOCK_MS_MAX, doubt_ms
from server.database import KEYS, SITE
from server.identifiers import Claims, load
from server.ledger import in_chunks
from server.tables import cases, document_rows, documents, events
from server.undone import read_undone_documents
from sync.actions import ACTIONS
from sync.event import INT_MAX, parse_name
from sync.history import Fact
from sync.identity import is_container, is_stock

_RECOUNT: Final = re.compile(r"-R\d+$")
_CLOSINGS: Final = sa.and_(documents.c.site == SITE, documents.c.kind == "count_result", documents.c.event.isnot(None))
_CLOSED_SINCE: Final = sa.union_all(
    sa.select(documents.c.number, documents.c.event_ms, documents.c.digest).where(
        _CLOSINGS, documents.c.event_ms >= sa.bindparam("since")
    ),
    # or scanned for since, though it was closed: its bins were counted until then
    sa.select(cases.c.document + "/", cases.c.opened_ms, sa.null()).where(
        cases.c.site == SITE,
        cases.c.status.in_(("open", "settled")),
        cases.c.opened_ms >= sa.bindparam("since"),
        cases.c.rule == RULE,
    ),
)
_CLOSED: Final = sa.select(documents.c.number).where(_CLOSINGS, documents.c.number.in_(KEYS))
_SPEAKING: Final = sa.union_all(
    sa.select(document_rows.c.subject, documents.c.number)
    .join(documents, documents.c.digest == document_rows.c.document)
    .where(document_rows.c.site == SITE, document_rows.c.subject.in_(KEYS), _CLOSINGS),
    # a unit that was quiet has no row of its own, and was scanned under the count's own number
    sa.select(events.c.subject, documents.c.number)
    .join(documents, documents.c.number == events.c.document + "/1")
    .where(events.c.site == SITE, events.c.subject.in_(sa.bindparam("units", expanding=True)))
    .where(events.c.action == "count", documents.c.kind == "count_result", documents.c.event.isnot(None))
    .where(sa.func.coalesce(documents.c.site, "") == SITE),  # by its number, not by going through all of the site
    # what lay there by other late scans only
    sa.select(cases.c.unit, cases.c.document + "/").where(
        cases.c.site == SITE, cases.c.unit.in_(KEYS), cases.c.rule == RULE
    ),
)
"""Versions of closed counts that speak of these subjects; of those that saw a quiet unit, the first."""
_WAITING: Final = sa.select(cases.c.episode).where(
    cases.c.site == SITE, cases.c.rule == RULE, cases.c.document.in_(KEYS), cases.c.status != "explained"
)
_NAMED: Final = sa.select(events.c.document, events.c.event_ms, events.c.uncertainty_ms).where(
    sa.tuple_(events.c.device_no, events.c.epoch, events.c.seq).in_(KEYS)
)
_EARLIEST: Final = (
    sa.select(events.c.subject, sa.func.min(events.c.event_ms - events.c.uncertainty_ms))
    .where(events.c.site == SITE, events.c.subject.in_(KEYS))
    .group_by(events.c.subject)
)
_PUT: Final = sa.union_all(
    *(
        sa.select(t.c.subject, t.c.location, t.c.container, origin).where(t.c.site == SITE, t.c.subject.in_(KEYS))
        for t, origin in ((events, events.c.origin), (document_rows, sa.null()))
    )
)
"""Where it was put, in what, and of pieces from where they were taken."""


class _Closed(NamedTuple):
    """A closed count."""

    number: str
    until_ms: int
    """Nothing that certainly happened later is late for it: it was closed, or its last scan had been made."""


def concerned(connection: sa.Connection, site: str, facts: Iterable[Fact]) -> set[str]:
    """Numbers of the closed counts for which some of these facts may be late; not every one of them is."""
    scans = [fact for fact in facts if ACTIONS[fact.event.action].roles]
    found = _named(connection, site, scans) if scans else set()
    return found | speaking_since(connection, site, _since(connection, site, scans))


def speaking_since(connection: sa.Connection, site: str, since: Mapping[str, int]) -> set[str]:
    """Numbers of the closed counts that may speak of these units, products or lots as they were then.

    Args:
        since: of each, from when on it may have been otherwise than was known.
    """
    closed = _closed_since(connection, site, min(since.values())) if since else []
    early = {subject: ms for subject, ms in since.items() if any(ms <= count.until_ms for count in closed)}
    return _about(connection, site, early, closed) if early else set()


def _named(connection: sa.Connection, site: str, scans: Sequence[Fact]) -> set[str]:
    """The closed counts under whose number, or that of a recount, something was scanned or undone."""
    said = {f.event.document for f in scans if f.event.document} | read_undone_documents(connection, scans)
    counts = said | {_RECOUNT.sub("", number) for number in said}
    found: set[str] = set()
    for chunk in in_chunks(f"{number}/1" for number in counts):
        closed = connection.execute(_CLOSED, {"site": site, "keys": chunk}).scalars()
        found.update(number.removesuffix("/1") for number in closed)
    return found


def _since(connection: sa.Connection, site: str, scans: Iterable[Fact]) -> dict[str, int]:
    """Of each subject, when the earliest of these may have happened, or what they undo, or what they join to it.

    A push may hold several scans of a unit, each of them late for another count.
    """
    of_units = [fact for fact in scans if fact.event.subject]
    joined = {
        name: ms
        for chunk in in_chunks(name for fact in of_units for name in fact.event.identifiers or ())
        for name, ms in connection.execute(_EARLIEST, {"site": site, "keys": chunk})
    }
    undone_ms = _undone_since(connection, {fact.event.voids for fact in of_units if fact.event.voids})
    found: dict[str, int] = {}
    for fact in of_units:
        subject, ms = str(fact.event.subject), fact.event_ms - doubt_ms(fact.uncertainty_ms)
        ms = min([ms, *(joined[name] for name in fact.event.identifiers or () if name in joined)])
        ms = min(ms, undone_ms) if fact.event.voids else ms
        found[subject] = min(ms, found.get(subject, ms))
    return found


def _undone_since(connection: sa.Connection, names: Collection[str]) -> int:
    """When the earliest of these may have happened, or, of an undo, what that undoes."""
    t = events.c
    found = INT_MAX
    seen: set[str] = set()
    edge = set(names)
    while edge:
        seen |= edge
        above: set[str] = set()
        for chunk in in_chunks(edge):
            key = sa.tuple_(t.device_no, t.epoch, t.seq).in_([parse_name(name) for name in chunk])
            for ms, voids in connection.execute(sa.select(t.event_ms - t.uncertainty_ms, t.voids).where(key)):
                found = min(found, ms)
                above |= {voids} - {None}
        edge = above - seen
    return found


def _closed_since(connection: sa.Connection, site: str, since_ms: int) -> list[_Closed]:
    """The counts that were closed since, or whose scans were made since by their clocks."""
    until: dict[str, int] = defaultdict(int)
    for version, closed_ms, digest in connection.execute(
        _CLOSED_SINCE, {"site": site, "since": since_ms - CLOCK_MS_MAX}
    ):
        number = version.rpartition("/")[0]
        until[number] = max(until[number], closed_ms, _finished_ms(connection, digest) if digest else 0)
    waiting = {
        opened_by(episode)
        for chunk in in_chunks(until)
        for episode in connection.execute(_WAITING, {"site": site, "keys": chunk}).scalars()
    }
    for chunk in in_chunks(waiting):  # a late scan of its own may be the last one
        for document, ms, uncertainty_ms in connection.execute(_NAMED, {"keys": list(map(parse_name, chunk))}):
            for number in until.keys() & {document, _RECOUNT.sub("", document or "")}:
                until[number] = max(until[number], ms + doubt_ms(uncertainty_ms))
    return [_Closed(number, until_ms) for number, until_ms in until.items() if until_ms >= since_ms]


_finished: Final[dict[str, int]] = {}
"""Of each frozen version, by its digest, when its last bin was finished: it never changes, and is long to read."""


def _finished_ms(connection: sa.Connection, digest: str) -> int:
    if digest not in _finished:
        bins = papers.head_in(connection, digest)["bins"]
        _finished[digest] = max((found["finished_ms"] or 0 for found in bins.values()), default=0)
    return _finished[digest]


def _about(connection: sa.Connection, site: str, since: Mapping[str, int], closed: Sequence[_Closed]) -> set[str]:
    """Those of these counts that speak of these units, or in whose bins these ever were."""
    until = {count.number: count.until_ms for count in closed}
    claims = load(connection, site, since)
    units: dict[str, int] = {}
    for subject, ms in since.items():
        unit = claims.owner(subject)
        units[unit] = min(ms, units.get(unit, ms))
    found: set[str] = set()
    for chunk in in_chunks(units):
        asked = {"site": site, "keys": chunk, "units": [key for key in chunk if not is_stock(key)]}
        for unit, version in connection.execute(_SPEAKING, asked):
            number = version.rpartition("/")[0]
            found |= {number} if units[unit] <= until.get(number, -1) else set()
    places = _ever(connection, site, units, claims)
    for count in closed:
        if count.number not in found:
            bins = set(plan.read(connection, site, count.number).bins)
            if any(ms <= count.until_ms and places[unit] & bins for unit, ms in units.items()):
                found.add(count.number)
    return found


def _ever(connection: sa.Connection, site: str, units: Collection[str], claims: Claims) -> dict[str, set[str]]:
    """Every place where each of these was ever put, and where containers among those were, by any of its names."""
    names = claims.names_of(units)
    put: dict[str, set[str]] = {}
    asked: set[str] = set()
    edge = {name for unit in units for name in (unit, *names.get(unit, ()))}
    while edge:
        asked |= edge
        for name in edge:
            put.setdefault(name, set())
        for chunk in in_chunks(edge):
            for name, *places in connection.execute(_PUT, {"site": site, "keys": chunk}):
                put[name].update(place for place in places if place is not None)
        boxes = {place for name in edge for place in put[name] if is_container(place)}
        for box, further in _further_names(connection, site, boxes).items():
            put.setdefault(box, set()).update(further)
            boxes |= further
        edge = boxes - asked
    found: dict[str, set[str]] = {}
    for unit in units:
        reached: set[str] = set()
        edge = {unit, *names.get(unit, ())}
        while edge:
            reached |= edge
            edge = {place for name in edge for place in put.get(name, ())} - reached
        found[unit] = reached
    return found


def _further_names(connection: sa.Connection, site: str, boxes: Collection[str]) -> dict[str, set[str]]:
    """Of each of these that bears several names the others."""
    claims = load(connection, site, boxes)
    owners = {box: claims.owner(box) for box in boxes}
    return {box: {owner, *claims.owned(owner)} - {box} for box, owner in owners.items()}
