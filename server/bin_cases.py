"""Cases about a bin: what was scanned there without naming a unit, by somebody who was not permitted to.

Who opens a bin, finishes it or calls a label unreadable speaks of no unit, so that no unit's history holds it. A bin
has no state of its own to fold; only its cases are made anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import sqlalchemy as sa

from server import case_rows
from server.ledger import FOLDED, SERVER_DEVICE, fact_of, history, in_chunks
from server.permissions import read_crew
from server.replay import Replay
from server.rules import Rule, rules
from server.surroundings import gather
from server.tables import events
from sync.event import format_name, parse_name
from sync.history import Fact, effective
from sync.identity import is_location

_ASKING_WHO: Final = ("not_permitted",)
"""Rules that ask who scanned, and not what."""
UNDOS_MAX: Final = 20
"""How often a scan may have been undone, and that undone in turn."""


def concerned(connection: sa.Connection, site: str, facts: Iterable[Fact]) -> set[str]:
    """The bins whose cases these new facts may change."""
    given = list(facts)
    decided = {s for f in given if (s := f.event.subject) is not None and is_location(s)}
    bare = [f for f in given if f.event.subject is None and f.name[0] != SERVER_DEVICE]
    if not bare:
        return decided
    crew = read_crew(connection, site)
    barred = {f.event.location for f in bare if f.event.location and crew.barred(f) is not None}
    undone = _where(connection, {f.event.voids for f in given if f.event.voids and f.event.subject is None})
    return decided | barred | undone


def _where(connection: sa.Connection, names: set[str]) -> set[str]:
    """The bins of these scans, of those that name no unit; of an undo, those of what it undoes."""
    found: set[str] = set()
    t = events.c
    wanted = names
    for _ in range(UNDOS_MAX):
        above: set[str] = set()
        for chunk in in_chunks(wanted):
            key = sa.tuple_(t.device_no, t.epoch, t.seq).in_([parse_name(name) for name in chunk])
            for place, target in connection.execute(sa.select(t.location, t.voids).where(key, t.subject.is_(None))):
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


def watched(subject: str) -> Mapping[str, Rule]:
    """The rules that look at what is said of a subject: of a bin, only those that ask who scanned."""
    every = rules()
    return {name: every[name] for name in _ASKING_WHO} if is_location(subject) else every


def facts_of(connection: sa.Connection, site: str, bins: set[str]) -> dict[str, list[Fact]]:
    """What was scanned in each bin without naming a unit, its undos, and what people said of its cases."""
    found = {place: list(said) for place, said in history(connection, site, bins).items()}
    t = events.c
    here = (t.site == site) & t.outcome.in_(FOLDED)
    for chunk in in_chunks(bins):
        query = sa.select(events).where(here, t.subject.is_(None), t.location.in_(chunk), t.device_no != SERVER_DEVICE)
        for row in connection.execute(query).mappings():
            found.setdefault(row["location"], []).append(fact_of(row))
    for facts in found.values():
        facts.extend(_undos(connection, facts))
    return found


def _undos(connection: sa.Connection, facts: Iterable[Fact]) -> list[Fact]:
    """What undoes these facts, and what undoes that, and so on, of what is not among them."""
    known = {format_name(f.name) for f in facts}
    found: list[Fact] = []
    wanted = set(known)
    for _ in range(UNDOS_MAX):
        above: list[Fact] = []
        for chunk in in_chunks(wanted):
            query = sa.select(events).where(events.c.voids.in_(chunk), events.c.outcome.in_(FOLDED))
            above += map(fact_of, connection.execute(query).mappings())
        above = [f for f in above if format_name(f.name) not in known]
        if not above:
            break
        found += above
        wanted = {format_name(f.name) for f in above}
        known |= wanted
    return found
