"""Cases about a bin: nobody knows it, or somebody who was not permitted to scanned there without naming a unit.

Who opens a bin, finishes it or calls a label unreadable speaks of no unit, so that no unit's history holds it. A bin
has no state of its own to fold; only its cases are made anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import sqlalchemy as sa

from server import case_rows
from server.counts.scans import SCANS
from server.database import KEYS, SITE
from server.ledger import FOLDED, SERVER_DEVICE, fact_of, history, in_chunks, read_fact
from server.permissions import Crew, read_crew
from server.replay import Replay
from server.rules import Rule, rules
from server.surroundings import bins_since, gather
from server.tables import document_rows, documents, events, reference
from server.undone import undos_of
from sync.event import format_name, parse_name
from sync.history import Fact, effective
from sync.identity import is_location

_OF_BINS: Final = ("not_permitted", "unknown_bin")
"""Rules that ask who scanned, and where, but not what."""
SCANS_MAX: Final = 100
"""Of what was scanned in a bin that nobody knew, so many of the first may tell of it; the rest say no more."""
UNDOS_MAX: Final = 20
"""How often a scan may have been undone, and that undone in turn."""
_IS_SCANNED: Final = (events.c.device_no != SERVER_DEVICE) | (
    events.c.about.isnot(None) & events.c.voids.is_(None) & events.c.action.in_(SCANS)
)
"""`Fact.is_scanned` in a query: a scan counts for its bin also where its line was repaired, or its label read anew."""


def concerned(connection: sa.Connection, site: str, facts: Iterable[Fact]) -> set[str]:
    """The bins whose cases these new facts may change."""
    given = list(facts)
    decided = {s for f in given if (s := f.event.subject) is not None and is_location(s)}
    decided |= _strange(connection, site, given)
    bare = [f for f in given if f.event.subject is None]
    undone = _where(connection, {f.event.voids for f in bare if f.event.voids})
    scans = [f for f in bare if f.event.location and f.is_scanned]
    crew = read_crew(connection, site) if scans else Crew()
    # a repaired line was scanned by somebody else than whom the repair names
    barred = {place for f in scans if (place := f.event.location) and (f.stands_for or crew.barred(f) is not None)}
    return decided | barred | undone


def _strange(connection: sa.Connection, site: str, facts: Iterable[Fact]) -> set[str]:
    """The bins that nobody knows, and in which these facts are the first, or undo one of the first.

    None where the site has no list of its bins: there none is strange.
    """
    said = [f for f in facts if f.event.subject and f.event.location and f.is_scanned]
    scanned = {f.event.location for f in said if f.event.location and f.event.voids is None}
    undone = _where(connection, {f.event.voids for f in facts if f.event.voids and f.event.subject}, bare=False)
    unknown = _unknown(connection, site, scanned | undone)
    told = {place: min(case.opened_ms for case in found.values()) for place, found in _told(connection, site, unknown)}
    first = {place for f in said if (place := f.event.location) and f.event_ms < told.get(place, f.event_ms + 1)}
    return unknown & (first | undone)


def strange(connection: sa.Connection, site: str) -> set[str]:
    """Every bin in which something was scanned before anybody knew it; reads the whole ledger."""
    t = events.c
    query = sa.select(t.location, sa.func.min(t.event_ms).label("first")).where(t.site == site, t.subject.isnot(None))
    first = query.where(t.location.isnot(None), _IS_SCANNED).group_by(t.location)
    scanned = {row.location: row.first for row in connection.execute(first)}
    since = bins_since(connection, site, set(scanned))
    return {place for place, moment in scanned.items() if moment < since.get(place, moment + 1)}


_KNOWN: Final = sa.union_all(
    sa.select(reference.c.key).where(
        reference.c.site == SITE, reference.c.kind == "location", reference.c.key.in_(KEYS), reference.c.row.isnot(None)
    ),
    sa.select(sa.cast(sa.null(), sa.Text)).where(
        sa.exists().where(documents.c.site == SITE, documents.c.kind == "locations")
    ),
)
"""Those of some bins that are known, and an empty line where the site has a list of its bins at all."""


def _unknown(connection: sa.Connection, site: str, places: set[str]) -> set[str]:
    """Those of these bins that nobody knows; none where the site has no list of its bins."""
    found: set[str | None] = set()
    for chunk in in_chunks(places):
        found.update(connection.execute(_KNOWN, {"site": site, "keys": chunk}).scalars())
    return places - found if None in found else set()


def _told(connection: sa.Connection, site: str, places: set[str]) -> list[tuple[str, case_rows.Cases]]:
    """The bins of which a case says already that nobody knows them."""
    every = case_rows.cases_of(connection, site, places).items()
    own = [(place, {key: case for key, case in found.items() if case.rule == "unknown_bin"}) for place, found in every]
    return [(place, found) for place, found in own if found]


_SCANNED: Final = sa.select(events.c.location, events.c.voids).where(
    sa.tuple_(events.c.device_no, events.c.epoch, events.c.seq).in_(KEYS)
)
_BARE: Final = _SCANNED.where(events.c.subject.is_(None))
_OF_UNITS: Final = _SCANNED.where(events.c.subject.isnot(None))


def _where(connection: sa.Connection, names: set[str], *, bare: bool = True) -> set[str]:
    """The bins of these scans, of those that name no unit or of the others; of an undo, those of what it undoes."""
    found: set[str] = set()
    wanted = names
    query = _BARE if bare else _OF_UNITS
    for _ in range(UNDOS_MAX):
        above: set[str] = set()
        for chunk in in_chunks(wanted):
            for place, target in connection.execute(query, {"keys": [parse_name(name) for name in chunk]}):
                found |= {place} if place else set()
                above |= {target} if target else set()
        wanted = above
    return found


def rebuild(connection: sa.Connection, site: str, bins: set[str], at: int) -> None:
    """Make the cases of these bins anew from the ledger; `at` is the stamp of this transaction."""
    if not bins:
        return
    facts = {place: effective(found) for place, found in facts_of(connection, site, bins).items()}
    around = gather(connection, site, facts, [])
    cases = {}
    for place, own in facts.items():
        replay = Replay(place, around, watched=watched(place))
        replay.run(own)
        cases[place] = replay.cases
    case_rows.write(connection, site, case_rows.cases_of(connection, site, bins), cases, at)


def named(connection: sa.Connection, site: str, subjects: set[str], at: int) -> None:
    """A list named these bins: who was told that nobody knew one of them hears that somebody does."""
    rebuild(connection, site, {place for place, _ in _told(connection, site, set(filter(is_location, subjects)))}, at)


def watched(subject: str) -> Mapping[str, Rule]:
    """The rules that look at what is said of a subject: of a bin, only those that ask who scanned, and where."""
    every = rules()
    return {name: every[name] for name in _OF_BINS} if is_location(subject) else every


def facts_of(connection: sa.Connection, site: str, bins: set[str]) -> dict[str, list[Fact]]:
    """What was scanned in each bin without naming a unit, its undos, and what people said of its cases.

    Of a bin that was not known yet, also the first that was scanned in it, and the list that made it known.
    """
    found = {place: list(said) for place, said in history(connection, site, bins).items()}
    t = events.c
    here = (t.site == site) & t.outcome.in_(FOLDED)
    for chunk in in_chunks(bins):
        query = sa.select(events).where(here, t.subject.is_(None), t.location.in_(chunk), _IS_SCANNED)
        for row in connection.execute(query).mappings():
            found.setdefault(row["location"], []).append(fact_of(row))
    for place, told in _first_scans(connection, site, bins).items():
        found.setdefault(place, []).extend(told)
    for facts in found.values():
        known = {format_name(fact.name) for fact in facts}
        facts.extend(undo for undo in undos_of(connection, site, known) if format_name(undo.name) not in known)
    return found


def _first_scans(connection: sa.Connection, site: str, bins: set[str]) -> dict[str, list[Fact]]:
    """What was first scanned in each of these before anybody knew it, and the import that named it."""
    found: dict[str, list[Fact]] = {}
    since = bins_since(connection, site, bins)
    t = events.c
    for place in sorted(bins):
        query = sa.select(events).where(t.site == site, t.location == place, t.subject.isnot(None))
        query = query.where(_IS_SCANNED, t.outcome.in_(FOLDED), t.voids.is_(None))
        if place in since:
            query = query.where(t.event_ms < since[place])
        # asked in two steps, for SQLite would rather read all of the site than sort what one moment of a bin has
        moments = query.with_only_columns(t.event_ms).order_by(t.event_ms).offset(SCANS_MAX - 1).limit(1)
        last_ms = connection.execute(moments).scalar()
        query = query if last_ms is None else query.where(t.event_ms <= last_ms)
        scans = sorted(map(fact_of, connection.execute(query).mappings()), key=lambda fact: fact.order)[:SCANS_MAX]
        if scans:
            found[place] = [*scans, *_naming(connection, site, place)]
    return found


def _naming(connection: sa.Connection, site: str, place: str) -> list[Fact]:
    """The imports of lists that name this bin."""
    named = sa.select(document_rows.c.document).where(document_rows.c.site == site, document_rows.c.subject == place)
    query = sa.select(documents.c.event).where(documents.c.kind == "locations", documents.c.digest.in_(named))
    names = [name for name in connection.execute(query).scalars() if name is not None]
    return [fact for name in names if (fact := read_fact(connection, name)) is not None]
