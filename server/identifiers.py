"""Further names of units: who claims which, and under which one name they fold together.

A scan or a `link` says that a unit also bears an IMEI, a maker's number or a plate: its subject claims that name. A
name with one claimant belongs to it, and what is scanned under the name folds into the claimant. A name that two
units claim belongs to neither: it stands alone, and both units get a case.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from server.changes import publish
from server.database import KEYS, SITE
from server.ledger import history, in_chunks
from server.tables import events, identifier_claims
from sync.history import fold

ROUNDS_MAX: Final = 10
"""How far names of names are followed: a relabelled unit with a swapped board is three."""


_HERE: Final = sa.select(identifier_claims.c.name, identifier_claims.c.unit).where(identifier_claims.c.site == SITE)
_CLAIMS: Final = sa.union_all(  # two questions, for of one SQLite would read all claims of the site
    _HERE.where(identifier_claims.c.name.in_(KEYS)), _HERE.where(identifier_claims.c.unit.in_(KEYS))
)
_SCANNED_AS: Final = sa.select(events.c.subject, events.c.identifiers).where(
    events.c.site == SITE, events.c.subject.in_(KEYS), events.c.identifiers.isnot(None)
)


@dataclass(frozen=True, slots=True)
class Claims:
    """Claimants by name, and names by claimant, of everything that hangs together."""

    claimants: Mapping[str, frozenset[str]]
    names: Mapping[str, frozenset[str]]

    def owner(self, key: str) -> str:
        """The name under which this one folds: its own where nobody, or more than one unit, claims it."""
        path = [key]
        while True:
            above = {self._above(c, path) for c in self.claimants.get(path[-1], frozenset())} - {path[-1]}
            if len(above) != 1:
                return path[-1]
            (step,) = above
            if step in path:  # each links the other: the least name stands for them all
                return min(path[path.index(step) :])
            path.append(step)

    def _above(self, claimant: str, path: list[str]) -> str:
        """The claimant, or who owns it: two claimants of which one owns the other are one."""
        above = self.claimants.get(claimant, frozenset()) - {claimant}
        if len(above) == 1 and not above & set(path):
            return self._above(next(iter(above)), [*path, claimant])
        return claimant

    def owned(self, key: str) -> set[str]:
        """Every other name that folds into this one."""
        found: set[str] = set()
        edge = {key}
        while edge:
            edge = {n for k in edge for n in self.names.get(k, ())} - found - {key}
            edge = {n for n in edge if self.owner(n) == key}
            found |= edge
        return found

    def below(self, keys: Iterable[str]) -> set[str]:
        """These names, the names that they claim, and so on: whoever claims one of them has its owner for a rival."""
        found: set[str] = set()
        edge = set(keys)
        while edge:
            found |= edge
            edge = {n for k in edge for n in self.names.get(k, ())} - found
        return found

    def owners(self, keys: Iterable[str]) -> dict[str, str]:
        """Which of these names fold into another, and into which."""
        return {k: owner for k in keys if (owner := self.owner(k)) != k}

    def names_of(self, units: Iterable[str]) -> dict[str, set[str]]:
        """The further names that fold into each of these units."""
        return {u: self.owned(u) for u in units if u in self.names}

    def rivals_of(self, units: Iterable[str]) -> dict[str, dict[str, str]]:
        """For each unit, the names that another unit claims too, with that unit's name."""
        rivals: dict[str, dict[str, str]] = {}
        for unit in units if self.names else ():
            for mine in {unit, *self.owned(unit)}:
                for name in self.names.get(mine, ()):
                    others = {self.owner(c) for c in self.claimants[name]} - {unit, mine}
                    if others:
                        rivals.setdefault(unit, {})[name] = min(others)
        return rivals


def load(connection: sa.Connection, site: str, keys: Iterable[str]) -> Claims:
    """The claims that these names hang together with."""
    claimants: dict[str, set[str]] = defaultdict(set)
    names: dict[str, set[str]] = defaultdict(set)
    known: set[str] = set()
    edge = set(keys)
    for _ in range(ROUNDS_MAX):
        if not edge:
            break
        known |= edge
        found: set[str] = set()
        for chunk in in_chunks(edge):
            for name, unit in connection.execute(_CLAIMS, {"site": site, "keys": chunk}):
                claimants[name].add(unit)
                names[unit].add(name)
                found |= {name, unit}
        edge = found - known
    return Claims({k: frozenset(v) for k, v in claimants.items()}, {k: frozenset(v) for k, v in names.items()})


def owners(connection: sa.Connection, site: str, keys: Iterable[str]) -> dict[str, str]:
    """Which of these names fold into another, and into which."""
    wanted = list(keys)
    return load(connection, site, wanted).owners(wanted)


def relatives(connection: sa.Connection, site: str, keys: Iterable[str]) -> set[str]:
    """Every name and unit that these hang together with, through names that are claimed or were scanned together."""
    wanted = set(keys)
    claims = load(connection, site, wanted)
    found = set(claims.claimants) | set(claims.names)
    for chunk in in_chunks(wanted):
        scanned = connection.execute(_SCANNED_AS, {"site": site, "keys": chunk})
        found.update(name for _, names in scanned for name in names)
    return found


def names_of(connection: sa.Connection, site: str, units: Iterable[str]) -> dict[str, set[str]]:
    """The further names that fold into each of these units."""
    wanted = list(units)
    return load(connection, site, wanted).names_of(wanted)


def claim(connection: sa.Connection, site: str, subjects: set[str], at: int) -> tuple[set[str], Claims]:
    """Bring the claims of these subjects up to date; returns the units that have to be folded because of it, and these.

    Beside the subjects' own units these are the other claimants of every name that was gained or lost, and of the names
    that such a one claims in turn; and what folds under such a name by itself, until now or from now on.
    """
    claiming = _claiming(connection, site, subjects)
    facts = history(connection, site, claiming)
    changed: set[str] = set()
    for subject, stored in claiming.items():
        state = fold(facts.get(subject, []))
        claimed = set(state.identifiers) - {subject} if state else set()
        changed |= _store(connection, site, subject, stored, claimed, at=at)
    claims = load(connection, site, subjects | changed)
    for name in sorted(claims.claimants.keys() | changed) if changed else ():  # a name of a name changes with it
        owner = claims.owner(name)
        publish(connection, site, "alias", name, None if owner == name else owner, at)
    below = claims.below(changed)
    others = {c for name in below for c in claims.claimants.get(name, ())}
    owning = {claims.owner(k) for k in subjects | changed | others}
    return owning | {k for k in subjects | below if claims.owner(k) == k}, claims


_CLAIMED_BY: Final = sa.select(identifier_claims.c.unit, identifier_claims.c.name).where(
    identifier_claims.c.site == SITE, identifier_claims.c.unit.in_(KEYS)
)


def _claiming(connection: sa.Connection, site: str, subjects: Iterable[str]) -> dict[str, set[str]]:
    """The subjects that claim names now, or once did, with the names that are stored."""
    found: dict[str, set[str]] = {}
    for keys in in_chunks(subjects):
        asked = {"site": site, "keys": keys}
        found.update((subject, found.get(subject, set())) for subject, _ in connection.execute(_SCANNED_AS, asked))
        for unit, name in connection.execute(_CLAIMED_BY, asked):
            found.setdefault(unit, set()).add(name)
    return found


_LOST: Final = identifier_claims.delete().where(
    identifier_claims.c.site == SITE,
    identifier_claims.c.unit == sa.bindparam("subject"),
    identifier_claims.c.name.in_(KEYS),
)
_GAINED: Final = identifier_claims.insert()


def _store(
    connection: sa.Connection, site: str, subject: str, stored: set[str], claimed: set[str], *, at: int
) -> set[str]:
    """Write the difference; returns the names that were gained or lost."""
    lost, gained = stored - claimed, claimed - stored
    if lost:
        connection.execute(_LOST, {"site": site, "subject": subject, "keys": list(lost)})
    if gained:
        rows = [{"site": site, "name": n, "unit": subject, "stamp": at} for n in sorted(gained)]
        connection.execute(_GAINED, rows)
    return lost | gained
