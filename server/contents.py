"""What is in containers, and so has to be folded anew when they turn out to have been elsewhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import sqlalchemy as sa

from server.database import KEYS, SITE
from server.identifiers import relatives
from server.ledger import in_chunks
from server.tables import cases, document_rows, events, identifier_claims, unit_states
from server.timelines import DEPTH_MAX, PUTTING_IN
from sync.history import Fact
from sync.identity import is_container


def moved(
    connection: sa.Connection, site: str, facts: Mapping[str, Sequence[Fact]], owners: Mapping[str, str]
) -> dict[str, int]:
    """Containers that these facts may have moved, each with the moment from which on it may have been elsewhere.

    What undoes another fact may reach back to any time. So may a further name, joined or parted: with it the container
    gains or loses all that was ever scanned under that name, and so does whoever else claims it.

    Args:
        facts: by subject, already in the ledger.
        owners: subject -> the name under which it is folded, where that is another.
    """
    found: dict[str, int] = {}
    reaching_back = {s for s, own in facts.items() if any(f.event.voids or f.event.identifiers for f in own)}
    for subject, own in facts.items():
        since = 0 if subject in reaching_back else min(f.event_ms for f in own)
        for key in (subject, owners.get(subject, subject)):
            found[key] = min(since, found.get(key, since))
    if reaching_back:
        named = reaching_back | relatives(connection, site, reaching_back)
        found |= dict.fromkeys(named | relatives(connection, site, named), 0)
    return {key: since for key, since in found.items() if is_container(key)}


def children(
    connection: sa.Connection, site: str, containers: Mapping[str, int], told_by: str | None = None
) -> tuple[set[str], dict[str, int]]:
    """Units whose history has a container's move slipped under it: it came later than their own last fact.

    Args:
        containers: each with the moment from which on it may have been elsewhere.
        told_by: event that says so; units of which it is the last word were folded with it.

    Returns:
        Those units, and these containers with all that were ever put into them, each with its moment.
    """
    found: set[str] = set()
    seen = dict(containers)
    edge = dict(containers)
    for _ in range(DEPTH_MAX):
        deeper: dict[str, int] = {}
        for keys in in_chunks(edge):
            for container, unit, last_ms, last_event in _inside(connection, site, keys):
                moment = edge[container]
                if last_ms >= moment and (told_by is None or last_event != told_by):
                    found.add(unit)
                if is_container(unit) and moment < seen.get(unit, moment + 1):
                    deeper[unit] = seen[unit] = moment
        edge = deeper
        if not edge:
            break
    return found, seen


SAID_INSIDE: Final = [
    sa.select(t.container, t.subject).where(t.site == SITE, t.container.in_(KEYS)) for t in (events.c, document_rows.c)
]
"""The scans, and the rows of documents, that name some containers: container and subject."""
_STACKED: Final = sa.select(unit_states.c.unit, unit_states.c.place).where(
    unit_states.c.site == SITE, unit_states.c.place.in_(KEYS), unit_states.c.unit.contains("/00/")
)


def stacked(connection: sa.Connection, site: str, pallets: Iterable[str]) -> dict[str, set[str]]:
    """The cartons that stand on each of these, or in what stands on it."""
    within = {pallet: {pallet} for pallet in pallets}  # container -> those of the pallets that it stands on, or is
    edge = set(within)
    for _ in range(DEPTH_MAX):
        deeper: set[str] = set()
        for keys in in_chunks(edge):
            for carton, place in connection.execute(_STACKED, {"site": site, "keys": keys}):
                on = within.setdefault(carton, set())
                deeper |= {carton} if within[place] - on else set()
                on |= within[place]
        edge = deeper
        if not edge:
            break
    found: dict[str, set[str]] = defaultdict(set)
    for carton, on in within.items():
        for pallet in on - {carton}:
            found[pallet].add(carton)
    return found


_STRANGE: Final = sa.select(cases.c.unit).where(cases.c.site == SITE, cases.c.rule == "unknown", cases.c.unit.in_(KEYS))
_CLAIMED: Final = sa.select(identifier_claims.c.name, identifier_claims.c.unit).where(
    identifier_claims.c.site == SITE, identifier_claims.c.name.in_(KEYS)
)
_LAST: Final = sa.select(unit_states.c.unit, unit_states.c.last_ms, unit_states.c.last_event).where(
    unit_states.c.site == SITE, unit_states.c.unit.in_(KEYS)
)


def strange_cartons(connection: sa.Connection, site: str, by_subject: Mapping[str, Sequence[Fact]]) -> set[str]:
    """Containers that were strangers when they were scanned, into which these facts put something: look again."""
    put = {f.event.container for facts in by_subject.values() for f in facts if f.event.action in PUTTING_IN}
    found: set[str] = set()
    for keys in in_chunks(key for key in put if key is not None):
        found.update(connection.execute(_STRANGE, {"site": site, "keys": keys}).scalars())
    return found


def taken_away(connection: sa.Connection, site: str, by_subject: Mapping[str, Sequence[Fact]]) -> set[str]:
    """Units that were ever said to be in containers which these facts ship: they may be recalled."""
    edge = {s for s, facts in by_subject.items() if is_container(s) and any(f.event.action == "ship" for f in facts)}
    found: set[str] = set()
    for _ in range(DEPTH_MAX):
        inside = {unit for keys in in_chunks(edge) for _, unit, _, _ in _inside(connection, site, keys)} - found
        found |= inside
        edge = {unit for unit in inside if is_container(unit)}
        if not edge:
            break
    return {unit for unit in found if not is_container(unit)}


def _inside(connection: sa.Connection, site: str, containers: Sequence[str]) -> list[tuple[str, str, int, str]]:
    """What was ever said to be in these containers: container, the name under which it is folded, its last fact.

    Plain queries one after the other: where rows have to be distinct, SQLite reads a whole table in order.
    """
    named: set[tuple[str, str]] = set()
    for query in SAID_INSIDE:
        rows = connection.execute(query, {"site": site, "keys": containers})
        named.update((container, subject) for container, subject in rows if subject)
    above = _claimants(connection, site, {subject for _, subject in named})
    known: dict[str, tuple[int, str]] = {}
    for keys in in_chunks({unit for units in above.values() for unit in units}):
        states = connection.execute(_LAST, {"site": site, "keys": keys})
        known.update((unit, (last_ms, last_event)) for unit, last_ms, last_event in states)
    pairs = {(container, unit) for container, subject in named for unit in above[subject]}
    return [(container, unit, *known[unit]) for container, unit in sorted(pairs) if unit in known]


def _claimants(connection: sa.Connection, site: str, subjects: Iterable[str]) -> dict[str, set[str]]:
    """Each of these names, and the units that claim it, that claim such a unit's own name, and so on."""
    above = {subject: {subject} for subject in subjects}
    edge = set(above)
    while edge:
        found: dict[str, set[str]] = defaultdict(set)
        for keys in in_chunks(edge):
            for name, unit in connection.execute(_CLAIMED, {"site": site, "keys": keys}):
                found[name].add(unit)
        edge = set()
        for units in above.values():
            more = {unit for name in units & found.keys() for unit in found[name]} - units
            units.update(more)
            edge |= more
    return above
