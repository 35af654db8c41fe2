"""What the records put into each bin while it was counted, and what each scan of the count says of a unit.

A bin is compared over its own interval, widened by the clocks' uncertainty; a movement whose own moment is uncertain
counts as inside wherever it may have been inside.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from server import papers
from server.counts.compare import Expected, Sighting
from server.counts.scans import Interval
from server.identifiers import names_of, owners
from server.ledger import SERVER_DEVICE, history
from server.replay import standing
from server.surroundings import Gathered, gather
from server.tables import events, unit_states
from sync.event import format_name
from sync.history import Fact, effective
from sync.identity import is_container, is_stock
from sync.unit import IN_STOCK, UnitState


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """Units of one count: what was due, what was seen, and the scans outside the count that both rest on."""

    expected: list[Expected]
    sightings: list[Sighting]
    facts: Mapping[str, list[Fact]]


@dataclass(frozen=True, slots=True)
class _Look:
    """What is needed to ask where a unit belonged."""

    family: Collection[str]
    intervals: Mapping[str, Interval]
    around: Gathered


def units_of(
    connection: sa.Connection,
    site: str,
    family: Collection[str],
    intervals: Mapping[str, Interval],
    scans: Sequence[Fact],
    *,
    frozen: Collection[str] | None = None,
    without: Collection[str] = (),
) -> Units:
    """What the records put into the bins, and every scan of a unit with what was known of it at that moment.

    Args:
        family: numbers of the count and its recounts: what they say is not what they should find.
        scans: of units, those that stand.
        frozen: what a closed version has lines of: then only what happened up to the last finishing is looked through
            beside it, however much has happened since.
        without: marks of scans that are left out, as if they had never arrived.
    """
    if not intervals:
        return Units(expected=[], sightings=[], facts={})
    subjects = {str(f.event.subject) for f in scans}
    owned = owners(connection, site, subjects)
    seen = {owned.get(s, s) for s in subjects}
    until_ms = None if frozen is None else max(i.finished_ms for i in intervals.values())
    due = _candidates(connection, site, set(intervals), min(i.opened_ms for i in intervals.values()), until_ms)
    due |= {subject for subject in frozen or () if not is_stock(subject)}
    every = _histories(connection, site, seen | due)
    facts = {unit: [f for f in own if papers.mark(f) not in without] for unit, own in every.items()}
    around = gather(connection, site, facts, [])
    look = _Look(family, intervals, around)
    ordered = {u: standing(u, effective(facts.get(u, [])), around) for u in seen | due if not is_container(u)}
    expected = [found for unit in sorted(ordered) if (found := _due(unit, ordered[unit], look)) is not None]
    sightings = [
        _sighting(owned.get(str(f.event.subject), str(f.event.subject)), f, ordered, look)
        for f in scans
        if not is_container(owned.get(str(f.event.subject), str(f.event.subject)))
    ]
    told = {e.unit for e in expected} | {s.unit for s in sightings}
    last = max(i.finished_ms for i in intervals.values())
    rests = {u: [f for f in ordered[u] if _is_before(f, last, family)] for u in told}
    return Units(expected=expected, sightings=sightings, facts=rests)


def _is_before(fact: Fact, moment_ms: int, family: Collection[str]) -> bool:
    """Whether a handheld said it, not for this count, and maybe before this moment."""
    scanned = fact.name[0] != SERVER_DEVICE and fact.event.document not in family
    return scanned and fact.event_ms - fact.uncertainty_ms <= moment_ms


def _candidates(connection: sa.Connection, site: str, bins: set[str], since_ms: int, until_ms: int | None) -> set[str]:
    """Units that belong there now, by themselves or in a container, and units that anything happened to meanwhile."""
    u = unit_states.c
    found: set[str] = set()
    places = set(bins)
    while places:
        query = sa.select(u.unit).where(u.site == site, u.expected.in_(places) | u.place.in_(places))
        inside = set(connection.execute(query).scalars()) - found
        found |= inside
        places = {unit for unit in inside if is_container(unit)}
    since = sa.select(events.c.subject).where(
        events.c.event_ms >= since_ms, events.c.site == site, events.c.subject.isnot(None)
    )
    if until_ms is not None:
        since = since.where(events.c.event_ms <= until_ms)
    touched = {s for s in connection.execute(since).scalars() if not is_stock(s)}
    moved = {s for s in touched if is_container(s)}
    while moved:  # a pallet takes its cartons along, and they what is in them
        query = sa.select(u.unit).where(u.site == site, u.expected.in_(moved) | u.place.in_(moved))
        inside = set(connection.execute(query).scalars()) - touched
        touched |= inside
        moved = {s for s in inside if is_container(s)}
    owned = owners(connection, site, touched)
    return found | {owned.get(s, s) for s in touched}


def _histories(connection: sa.Connection, site: str, units: Iterable[str]) -> dict[str, list[Fact]]:
    wanted = set(units)
    names = names_of(connection, site, wanted)
    facts = history(connection, site, wanted | {n for ns in names.values() for n in ns})
    return {u: [f for n in (u, *names.get(u, ())) for f in facts.get(n, ())] for u in wanted}


def _due(unit: str, facts: Sequence[Fact], look: _Look) -> Expected | None:
    """The bin that a unit belonged in while it was counted, the one counted last where there are several."""
    ever = _ever(facts, look.around)
    for place, interval in sorted(look.intervals.items(), key=lambda item: -item[1].finished_ms):
        if place not in ever:
            continue
        places = _belonged(facts, interval, look)
        if place in places:
            moving = len(places) > 1
            return Expected(unit=unit, place=place, moving=moving, **_accounted(facts, place, interval, look))
    return None


def _ever(facts: Sequence[Fact], around: Gathered) -> set[str]:
    """Every place that these facts name, and every place where a container among those ever was."""
    found: set[str] = set()
    edge = {place for f in facts for place in (f.event.location, f.event.container) if place is not None}
    while edge:
        found |= edge
        stood = (s.place for place in edge if place in around.timelines for s in around.timelines[place].states)
        edge = {place for place in stood if place is not None} - found
    return found


def _belonged(facts: Sequence[Fact], interval: Interval, look: _Look) -> set[str | None]:
    """Every place that a unit may have belonged in at some moment of the interval."""
    at, until = interval.opened_ms, interval.finished_ms
    before: UnitState | None = None
    inside: list[Fact] = []
    for fact in facts:
        if fact.event_ms - fact.uncertainty_ms > until:
            break
        if _says_what_was_seen(fact, look.family):
            continue
        if inside or fact.event_ms + fact.uncertainty_ms >= at:  # it happened inside, or may have
            inside.append(fact)
        else:
            before = look.around.step(before, fact)
    places = {_stock_place(before, at, look.around)}
    state = before
    for fact in inside:
        state = look.around.step(state, fact)
        places.add(_stock_place(state, max(at, min(until, fact.event_ms)), look.around))
    return places | {_stock_place(state, until, look.around)}  # its pallet may have been moved meanwhile


def _says_what_was_seen(fact: Fact, family: Collection[str]) -> bool:
    """Whether it is a word of the count itself, which does not say what that should find."""
    return fact.event.action in ("count", "not_found") and fact.event.document in family


def _stock_place(state: UnitState | None, at_ms: int, around: Gathered) -> str | None:
    state = around.carried(state, at_ms)
    if state is None or state.status not in IN_STOCK:
        return None
    return around.locate(state.expected, at_ms)


def _belongs(facts: Sequence[Fact], at_ms: int, look: _Look) -> str | None:
    """Where the records put a unit at a moment; None where it is not stock then."""
    state: UnitState | None = None
    for fact in facts:
        if fact.event_ms > at_ms:
            break
        if not _says_what_was_seen(fact, look.family):
            state = look.around.step(state, fact)
    return _stock_place(state, at_ms, look.around)


def _accounted(facts: Sequence[Fact], place: str, interval: Interval, look: _Look) -> dict[str, str | None]:
    """What other scans, made at any time, say of a unit that was due here.

    One that saw it elsewhere while it belongs here makes one move of "missing here" and "seen there". One after the
    opening that says nothing against this place, or where it belongs by now, accounts for it.
    """
    state: UnitState | None = None
    last: Fact | None = None
    stood: str | None = None
    for fact in facts:
        if _says_what_was_seen(fact, look.family):
            continue
        state = look.around.step(state, fact)
        if fact.name[0] != SERVER_DEVICE:
            last = fact
            stood = look.around.locate(fact.event.container or fact.event.location, fact.event_ms) or stood
    if state is None or last is None:
        return {}
    is_stock_still = state.status in IN_STOCK
    owns = look.around.locate(state.expected, last.event_ms)
    if is_stock_still and stood is not None and stood not in (place, owns):
        return {"found": stood, "found_under": last.event.document, "since": format_name(last.name)}
    after = last.event_ms + last.uncertainty_ms >= interval.opened_ms
    return {"since": format_name(last.name)} if after or (is_stock_still and stood not in (None, place)) else {}


def _sighting(unit: str, scan: Fact, ordered: Mapping[str, Sequence[Fact]], look: _Look) -> Sighting:
    facts = ordered[unit]
    known = any(f.event_ms < scan.event_ms and f.event.document not in look.family for f in facts)
    return Sighting(
        unit=unit,
        place=str(scan.event.location),
        event=format_name(scan.name),
        known=known,
        belongs=_belongs(facts, scan.event_ms, look) if known else None,
    )
