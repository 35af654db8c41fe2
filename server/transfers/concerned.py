"""What new facts may change of what another site is to know of a transfer. Nothing is told here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa

from server import contents
from server.identifiers import owners
from server.ledger import read_fact
from server.transfers.hand_overs import orders_of
from server.transfers.notices import last_told, other_sites
from sync.event import ScanEvent
from sync.history import Fact
from sync.identity import is_container, is_stock

_CONCERNING: Final = ("ship", "pack", "unpack", "parcel_back", "label_parcel", "unlink")
"""Actions that may change what another site is to know of a transfer."""
_PUTTING: Final = frozenset({"put_away", "move", "quarantine", "pick", "pack"})
"""Actions that may too, of what was put somewhere or taken for another order before that site was told that it left."""

_About = tuple[Fact, ScanEvent, str]
"""A fact, what it says or undoes, and a thing that this is about."""


def concerned_by(connection: sa.Connection, site: str, facts: Sequence[Fact]) -> dict[str, dict[str, Fact]]:
    """By order, what these facts hand over, take back, put elsewhere or name anew, each with the first that does."""
    handed: list[_About] = []
    put: list[_About] = []
    firsts: dict[str, ScanEvent] = {}
    for fact in facts:
        event = _first(connection, fact, firsts)
        stacks = event.action == "move" and event.container is not None and is_container(event.subject or "")
        if event.action in _CONCERNING or stacks:
            handed += [(fact, event, key) for key in _about(event)]
        if event.action in _PUTTING and not stacks and event.subject is not None and not is_stock(event.subject):
            put.append((fact, event, event.subject))
    elsewhere = _put_before_it_left(connection, site, put)
    own = owners(connection, site, {key for _, _, key in handed + elsewhere})
    moved = {own.get(key, key) for _, event, key in handed if event.action in ("ship", "parcel_back")}
    stacked = contents.stacked(connection, site, filter(is_container, moved))
    for_order = {own.get(key, key) for _, event, key in handed if not _names_its_order(event)}
    for_order |= {own.get(key, key) for _, _, key in elsewhere}
    for_order |= {carton for cartons in stacked.values() for carton in cartons}
    orders = orders_of(connection, site, for_order) if for_order else {}
    concerned: dict[str, dict[str, Fact]] = defaultdict(dict)
    for fact, event, key in handed:
        thing = own.get(key, key)
        numbers = {str(event.document)} if _names_its_order(event) else orders.get(thing, set())
        for number in sorted(numbers):
            concerned[number].setdefault(thing, fact)
        for carton in sorted(stacked.get(thing, ())):
            for number in sorted(orders.get(carton, ())):
                concerned[number].setdefault(carton, fact)
                concerned[number].setdefault(thing, fact)
    for fact, _, key in elsewhere:
        thing = own.get(key, key)
        for number in sorted(orders.get(thing, ())):  # whatever order the scan names, if any
            concerned[number].setdefault(thing, fact)
    return concerned


def _put_before_it_left(connection: sa.Connection, site: str, put: Sequence[_About]) -> list[_About]:
    """Those of these things that lay somewhere before another site was told of them; and what undoes that of any."""
    if not put or not other_sites(connection, site):
        return []  # most pushes, in most warehouses
    own = owners(connection, site, {key for *_, key in put})
    told = last_told(connection, site, {own.get(key, key) for *_, key in put})
    return [
        (fact, event, key)
        for fact, event, key in put
        if (last := told.get(own.get(key, key))) is not None and (fact.event.voids or fact.event_ms < last[0])
    ]


def _about(event: ScanEvent) -> list[str]:
    """What is handed over, named or filled: of what goes into a carton or out of it both."""
    about = [event.subject]
    if event.action in ("pack", "unpack"):
        about = [event.container or event.origin, None if is_stock(event.subject or "") else event.subject]
    return [key for key in about if key is not None]


def _names_its_order(event: ScanEvent) -> bool:
    return event.action in ("ship", "pack") and event.document is not None


def _first(connection: sa.Connection, fact: Fact, known: dict[str, ScanEvent]) -> ScanEvent:
    """What a fact says; of an undo what it undoes, and of an undo of that the same.

    Args:
        known: what was found of others already, by name: a long chain of undos is walked once.
    """
    event = fact.event
    walked: set[str] = set()
    while (name := event.voids) is not None and name not in walked:
        if name in known:
            event = known[name]
            break
        undone = read_fact(connection, name)
        if undone is None:
            break
        walked.add(name)
        event = undone.event
    known.update(dict.fromkeys(walked, event))
    return event
