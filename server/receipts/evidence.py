"""What was received under a notice: scan by scan, and what came with a carton that was scanned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from server.counts.scans import scans_of
from server.identifiers import owners
from server.ledger import SERVER_DEVICE, in_chunks
from server.receipts.notice import Notice
from server.surroundings import containers_at, gather
from server.tables import cases
from server.timelines import END_OF_TIME
from server.unit_rows import states_of
from sync.history import Fact
from sync.identity import is_container, is_stock
from sync.unit import UnitState, carried, is_inferred


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """A unit or container of a notice that is here, though it was not scanned under the notice itself."""

    inferred: bool
    """Whether only its container says so; else it was scanned under another document, or moved on meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """All that is known of a receipt by now."""

    scans: Sequence[Fact]
    """Every scan under its numbers."""
    units: Sequence[tuple[str, Fact]]
    """Scans of units, by the name under which each is folded, in order."""
    pieces: Sequence[Fact]
    labels: frozenset[str]
    """Containers whose labels were scanned, by the name under which each is folded."""
    listed: frozenset[str]
    """Digests, hex, of the scans that came out of one symbol which lists several units."""
    came: Mapping[str, Came]
    conditions: Mapping[str, str]
    """In what condition each unit or stock is, by the last scan that says: at its receipt, or graded since."""
    twins: frozenset[str]
    """Units that were in stock already when they were received: each may be the twin of another box."""

    @property
    def last_ms(self) -> int:
        """When the latest scan was made; 0 without one."""
        return max((f.event_ms for f in self.scans), default=0)


def read(connection: sa.Connection, site: str, notice: Notice, now_ms: int | None) -> Received:
    """What came under a notice.

    Args:
        now_ms: containers are followed until this moment; None for the latest.
    """
    found = [f for n in notice.numbers for f in scans_of(connection, site, n) if not _told_from_afar(f)]
    scans = sorted(found, key=lambda f: f.order)
    receiving = [f for f in scans if f.event.action == "receive" and f.event.subject]
    things = [f for f in receiving if not is_stock(str(f.event.subject))]
    owned = owners(connection, site, {str(f.event.subject) for f in things})
    named = [(owned.get(str(f.event.subject), str(f.event.subject)), f) for f in things]
    units = [(thing, f) for thing, f in named if not is_container(thing)]
    states = states_of(connection, site, {*notice.units, *notice.sent, *notice.cartons})
    return Received(
        scans=scans,
        units=units,
        pieces=[f for f in receiving if is_stock(str(f.event.subject))],
        labels=frozenset(thing for thing, _ in named if is_container(thing)),
        listed=_listed(f for _, f in units),
        came=_came(connection, site, notice, states, now_ms),
        conditions=_conditions(connection, site, scans),
        twins=_twins(connection, site, notice, {unit for unit, _ in units}),
    )


def _told_from_afar(fact: Fact) -> bool:
    """Whether it only passes on what the site that sent a carton calls it: nobody scanned that here."""
    return fact.name[0] == SERVER_DEVICE and fact.event.action in ("label_parcel", "unlink")


def _twins(connection: sa.Connection, site: str, notice: Notice, units: Iterable[str]) -> frozenset[str]:
    """Units that were in stock already when they were received under this notice."""
    found: set[str] = set()
    for chunk in in_chunks(units):
        query = sa.select(cases.c.unit).where(
            cases.c.site == site,
            cases.c.unit.in_(chunk),
            cases.c.rule == "duplicate",
            cases.c.document.in_(notice.numbers),
        )
        found.update(connection.execute(query).scalars())
    return frozenset(found)


def _conditions(connection: sa.Connection, site: str, scans: Iterable[Fact]) -> dict[str, str]:
    said = [f for f in scans if f.event.condition and f.event.subject and f.event.action in ("receive", "grade")]
    owned = owners(connection, site, {str(f.event.subject) for f in said})
    return {owned.get(str(f.event.subject), str(f.event.subject)): str(f.event.condition) for f in said}


def _listed(scans: Iterable[Fact]) -> frozenset[str]:
    symbols: dict[tuple[int, int, bytes], list[Fact]] = {}
    for fact in scans:
        if fact.event.barcode:
            symbols.setdefault((*fact.name[:2], fact.event.barcode), []).append(fact)
    several = (facts for facts in symbols.values() if len({f.event.subject for f in facts}) > 1)
    return frozenset(f.digest.hex() for facts in several for f in facts)


def _came(
    connection: sa.Connection, site: str, notice: Notice, states: Mapping[str, UnitState], now_ms: int | None
) -> dict[str, Came]:
    around = gather(connection, site, {key: [] for key in states}, states.values())
    at_ms = now_ms if now_ms is not None else END_OF_TIME
    found = {}
    again = set()
    for key, own in states.items():
        now = carried(own, around.carrier(own.place, at_ms))
        if now.came_under is not None and now.came_under in notice.numbers:
            found[key] = Came(inferred=is_inferred(own, now))
        elif own.announced_by not in notice.numbers:
            again.add(key)
    return found | _came_before(connection, site, notice, again, now_ms)


def _came_before(
    connection: sa.Connection, site: str, notice: Notice, again: set[str], now_ms: int | None
) -> dict[str, Came]:
    """Those of these that had come under this notice by when another one announced them again, as a tote is."""
    around = containers_at(connection, site, again, now_ms)
    found = {}
    for key in again:
        line = around.timelines[key]
        last = max((n for n, own in enumerate(line.states) if own.announced_by in notice.numbers), default=None)
        if last is not None:
            until_ms = line.moments[last + 1] - 1 if last + 1 < len(line.moments) else END_OF_TIME
            now = around.carried(line.states[last], until_ms)
            if now is not None and now.came_under in notice.numbers:
                found[key] = Came(inferred=is_inferred(line.states[last], now))
    return found
