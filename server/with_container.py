"""What happened to a unit along with the container that it was in: the carton's hand-over is the unit's too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa

from server.identifiers import names_of
from server.ledger import history
from server.surroundings import containers_at
from server.timelines import DEPTH_MAX, END_OF_TIME, Movements
from sync.history import Fact, effective
from sync.identity import is_container
from sync.unit import Status, UnitState

UNSAID = frozenset({"note", "settle", "reopen", "assign", "announce", "void"})
"""What is said of a container and not done to it."""
Stay = tuple[str, int, int]
"""A container, and from when to when something was in it, Unix milliseconds."""


def carried_facts(connection: sa.Connection, site: str, facts: Iterable[Fact]) -> list[tuple[Fact, str]]:
    """What was done to each container while the thing was in it, and with which container.

    Args:
        facts: what stands of the thing's own history, in its order.
    """
    found: dict[tuple[str, Fact], str] = {}
    own = list(facts)
    named = {fact.event.container or "" for fact in own}
    around = containers_at(connection, site, filter(is_container, named))
    stays = _stays(own, around)
    for _ in range(DEPTH_MAX):
        told = _histories(connection, site, {container for container, _, _ in stays})
        outer: list[Stay] = []
        for container, since, until in stays:
            its_own = list(told.get(container, ()))
            for fact in _while_inside(its_own, since, until):
                found.setdefault((container, fact), container)
            further = _stays(its_own, around)
            outer += [(c, max(a, since), min(b, until)) for c, a, b in further if max(a, since) < min(b, until)]
        stays = outer
        if not stays:
            break
    return [(fact, container) for (_, fact), container in found.items()]


def _histories(connection: sa.Connection, site: str, containers: set[str]) -> Mapping[str, Sequence[Fact]]:
    names = {key: {key, *further} for key, further in names_of(connection, site, containers).items()}
    wider = {name for key in containers for name in names.get(key, (key,))}
    told = history(connection, site, wider)
    return {key: effective([f for name in names.get(key, (key,)) for f in told.get(name, ())]) for key in containers}


def _stays(facts: Sequence[Fact], around: Movements) -> list[Stay]:
    """The containers that something was in, one after the other; it may have left in one, and come back in another."""
    stays: list[Stay] = []
    state: UnitState | None = None
    for fact in facts:
        state = around.step(state, fact)
        place = state.announced_in if state.status is Status.ANNOUNCED else state.place
        if stays and stays[-1][0] == place and stays[-1][2] == END_OF_TIME:
            continue
        if stays and stays[-1][2] == END_OF_TIME:
            stays[-1] = (stays[-1][0], stays[-1][1], fact.event_ms)
        if place is not None and is_container(place):
            stays.append((place, fact.event_ms, END_OF_TIME))
    return stays


def _while_inside(facts: Sequence[Fact], since: int, until: int) -> list[Fact]:
    """What was done to a container in that time; what left with it is in it no more when it is filled anew."""
    inside: list[Fact] = []
    gone = False
    for fact in facts:
        if not since <= fact.event_ms < until or fact.event.action in UNSAID:
            continue
        if gone and fact.event.action != "parcel_back":
            break
        gone = fact.event.action == "ship"
        inside.append(fact)
    return inside
