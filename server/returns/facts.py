"""Everything that the server knows of what came back, and the verdict on it: the same one as at the handheld."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from server.identifiers import names_of, owners
from server.ledger import history, in_chunks
from server.replay import known_of
from server.returns import announced
from server.returns.published import KIND
from server.stolen import known
from server.stolen.known import Reported
from server.surroundings import Gathered, gather
from server.tables import reference
from server.unit_rows import states_of
from sync.history import Fact, effective
from sync.identity import is_stock, item_of
from sync.looked_at import looked_at
from sync.recall import LATER, bite, traits_of
from sync.returning import SITE_WIDE, Inspected, ReturnFacts, ReturnVerdict, verdict
from sync.stolen import names_read
from sync.unit import IN_STOCK, Status, UnitState, carried
from sync.verdict import day

COMING_BACK: Final = frozenset({"take_back", "end_loan", "keep_replaced"})
"""Actions by which a unit is here again: from a customer, from its loan, or because another was given for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One thing that came back, what is known of it, and the verdict."""

    facts: ReturnFacts
    verdict: ReturnVerdict
    trail: tuple[Fact, ...]
    """Its history, what was undone left out."""
    location: str | None
    """Where it is, containers followed."""

    @property
    def state(self) -> UnitState:
        return self.facts.state or UnitState()

    @property
    def looked(self) -> UnitState:
        """What was read and seen on the thing itself since it came back."""
        return self.facts.looked or UnitState()


def judge(connection: sa.Connection, site: str, units: Iterable[str], now_ms: int) -> dict[str, Judged]:
    """The verdict on each of these units by all that is known now, by their own names.

    Args:
        units: canonical names, also further ones.
    """
    asked = list(dict.fromkeys(units))
    owned = owners(connection, site, asked)
    own = list(dict.fromkeys(owned.get(unit, unit) for unit in asked))
    states = states_of(connection, site, own)
    trails = _trails(connection, site, own)
    around = gather(connection, site, {}, states.values())
    now = {unit: carried(state, around.carrier(state.place, now_ms)) for unit, state in states.items()}
    documents = {unit: _document(trails[unit], now.get(unit)) for unit in own}
    numbers = {number for number in documents.values() if number}
    orders = {state.sold_on or state.document or "" for state in now.values()}
    claims = announced.read_claims(connection, site, numbers)
    buyers = announced.read_buyers(connection, site, orders - {""})
    rules = _rules(connection, site, {item for unit in own if (item := item_of(unit))})
    reported = _reported(connection, site, now, trails)
    number_of = _owners_of_numbers(connection, site, now, trails)
    found: dict[str, Judged] = {}
    for unit in own:
        state = now.get(unit)
        facts = ReturnFacts(
            unit=unit,
            state=state,
            apart=looked_at(state, since_back(state, trails[unit])),
            whole=True,
            serialised=not is_stock(unit),
            document=documents[unit],
            claim=claims.get(documents[unit] or ""),
            sold_to=buyers.get(state.sold_on or "") if state else None,
            rules=rules[item_of(unit) or SITE_WIDE],
            recalled=_recalled(around, unit, state, now_ms),
            stolen=_stolen(reported, unit, state, trails[unit]),
            number_of=number_of.get(unit),
            today=day(now_ms),
        )
        place = around.locate(state.place, now_ms) if state else None
        found[unit] = Judged(facts=facts, verdict=verdict(facts), trail=trails[unit], location=place)
    return found


def _trails(connection: sa.Connection, site: str, units: Iterable[str]) -> dict[str, tuple[Fact, ...]]:
    wanted = list(units)
    names = {unit: {unit, *further} for unit, further in names_of(connection, site, wanted).items()}
    told = history(connection, site, {name for unit in wanted for name in names.get(unit, {unit})})
    return {
        unit: tuple(effective(f for name in names.get(unit, {unit}) for f in told.get(name, ()))) for unit in wanted
    }


def since_back(state: UnitState | None, trail: Iterable[Fact]) -> list[Fact]:
    """What was said since it last came back, that fact first: its box scanned again is no other coming back."""
    facts = list(trail)
    backs = [at for at, fact in enumerate(facts) if fact.event.action in COMING_BACK]
    came_ms = _came_ms(state)
    first = backs[-1:] if came_ms is None else [at for at in backs if facts[at].event_ms >= came_ms]
    return facts[first[0] :] if first else []


def _came_ms(state: UnitState | None) -> int | None:
    """When what is here, or was released, came back; None where the last scan of the desk may be of another one."""
    if state is not None and state.status is Status.RETURNED:
        return state.status_ms
    released = state is not None and state.status in IN_STOCK and not state.doubts
    return state.returned_ms[-1] if state is not None and released and state.returned_ms else None


def _document(trail: Iterable[Fact], state: UnitState | None) -> str | None:
    """The return or order that it came with: what was said last since it came back."""
    said = [fact.event.document for fact in since_back(state, trail) if fact.event.action in announced.JUDGED]
    return next((number for number in reversed(said) if number), state.document if state and not said else None)


def _rules(connection: sa.Connection, site: str, items: set[str]) -> Mapping[str, Inspected]:
    rows: dict[str, Mapping[str, object]] = {}
    for chunk in in_chunks({*items, SITE_WIDE}):
        t = reference.c
        query = sa.select(t.key, t.row).where(t.site == site, t.kind == KIND, t.key.in_(chunk), t.row.isnot(None))
        rows.update((row.key, row.row) for row in connection.execute(query))
    return {key: Inspected.from_rows(rows.get(SITE_WIDE), rows.get(key)) for key in (*items, SITE_WIDE)}


def _owners_of_numbers(
    connection: sa.Connection, site: str, states: Mapping[str, UnitState], trails: Mapping[str, Iterable[Fact]]
) -> dict[str, str]:
    """For each unit another one that a number read on it since it came back belongs to."""
    read = {
        unit: [number for fact in since_back(states.get(unit), trail) for number in fact.event.numbers or ()]
        for unit, trail in trails.items()
    }
    of = owners(connection, site, {number for numbers in read.values() for number in numbers})
    known = states_of(connection, site, {number for numbers in read.values() for number in numbers})
    found: dict[str, str] = {}
    for unit, numbers in read.items():
        others = [of.get(number, number if number in known else unit) for number in numbers]
        other = next((one for one in others if one != unit), None)
        if other is not None:
            found[unit] = other
    return found


def _names(unit: str, state: UnitState | None, trail: Iterable[Fact]) -> set[str]:
    """Every name that is known of it, or was read on it since it came back."""
    read = (name for fact in since_back(state, trail) for name in names_read(fact.event))
    return {unit, *(state.identifiers if state else ()), *read}


def _reported(
    connection: sa.Connection, site: str, states: Mapping[str, UnitState], trails: Mapping[str, tuple[Fact, ...]]
) -> Reported | None:
    named = {name for unit, trail in trails.items() for name in _names(unit, states.get(unit), trail)}
    return known.read(connection, site, named)


def _stolen(reported: Reported | None, unit: str, state: UnitState | None, trail: Iterable[Fact]) -> bool:
    return reported is not None and reported.theft(_names(unit, state, trail)) is not None


def _recalled(around: Gathered, unit: str, state: UnitState | None, now_ms: int) -> bool:
    standing = [recall for since, until, recall in around.recalls if since <= now_ms < (until or LATER)]
    known = known_of(state, lambda place: around.locate(place, now_ms)) if state else None
    return bool(standing) and bite(standing, traits_of(unit, known, now_ms)) is not None
