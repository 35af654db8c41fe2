"""What the records put into each bin while it was counted, and what each scan of the count says of a unit.

A bin is compared over its own interval, widened by the clocks' uncertainty; a movement whose own moment is uncertain
counts as inside wherever it may have been inside.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import sqlalchemy as sa

from server import papers
from server.counts.compare import Expected, Sighting
from server.counts.scans import CLOCK_MS_MAX, Interval, Scan, doubt_ms
from server.database import KEYS, SITE
from server.identifiers import Claims, load, owners
from server.ledger import history, in_chunks
from server.mentioned import mentioned
from server.replay import standing
from server.surroundings import containers_at, gather, is_decided
from server.tables import events, unit_states
from server.timelines import Movements
from sync.event import INT_MAX, format_name
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
class Told:
    """Of the units that a count's own scans were of, the others are quiet (`quiet`)."""

    number: str
    """The count."""
    looked_at: frozenset[str]
    """What the scans of the rest are of."""
    quiet: frozenset[str]
    """Those quiet ones that anything else may have happened to since the first bin was opened."""


@dataclass(frozen=True)
class _Trail:
    """A unit's facts in order, and what was known after each; folded once, and only where somebody asks."""

    facts: Sequence[Fact]
    family: Collection[str]
    around: Movements

    @cached_property
    def steps(self) -> list[tuple[Fact, UnitState | None]]:
        """Each fact and the state after it; a word of the count itself does not say what that should find.

        Unless somebody let stand since what it says: then the records have it.
        """
        found: list[tuple[Fact, UnitState | None]] = []
        state: UnitState | None = None
        whole: UnitState | None = None
        """With the words of the count."""
        decided = any(map(_lets_stay, self.facts))
        for fact in self.facts:
            whole = self.around.step(whole, fact) if decided else None
            if decided and _lets_stay(fact):
                state = whole
            elif not self.is_own(fact):
                state = self.around.step(state, fact)
            found.append((fact, state))
        return found

    def steps_by(self, moment_ms: int) -> list[tuple[Fact, UnitState | None]]:
        """The steps without what certainly happened later; behind that may stand what only a bad clock dates later."""
        early = [fact for fact in self.facts if fact.event_ms - doubt_ms(fact.uncertainty_ms) <= moment_ms]
        came_first = not early or self.facts[len(early) - 1] is early[-1]
        return self.steps[: len(early)] if came_first else replace(self, facts=early).steps

    def is_own(self, fact: Fact) -> bool:
        """Whether the count itself says it."""
        return fact.event.action in ("count", "not_found") and fact.event.document in self.family

    def place(self, state: UnitState | None, at_ms: int) -> str | None:
        """Where the records put it as stock."""
        return _stock_place(state, at_ms, self.around)


def _lets_stay(fact: Fact) -> bool:
    """Whether somebody decided that the unit belongs where it was seen (`sync/actions/resolutions.py`)."""
    return fact.event.action == "settle" and fact.event.reason == "stays"


def units_of(
    connection: sa.Connection,
    site: str,
    family: Collection[str],
    intervals: Mapping[str, Interval],
    scans: Sequence[Scan],
    *,
    frozen: Collection[str] | None = None,
    without: Collection[str] = (),
    told: Told | None = None,
) -> Units:
    """What the records put into the bins, and every scan of a unit with what was known of it at that moment.

    Args:
        family: numbers of the count and its recounts: what they say is not what they should find.
        scans: of units, those that stand.
        frozen: what a closed version has lines of, and what something was told of since (`afterwards`): then only what
            happened up to the last finishing is looked through beside it, however much has happened since.
        without: marks of scans that are left out, as if they had never arrived.
        told: which units that were scanned are to be looked at; None: all.
    """
    if not intervals:
        return Units(expected=[], sightings=[], facts={})
    subjects = {str(s.subject) for s in scans}
    owned = owners(connection, site, subjects)
    seen = {owned.get(s, s) for s in subjects}
    until_ms = None if frozen is None else max(i.finished_ms for i in intervals.values())
    opened_ms = min(i.opened_ms for i in intervals.values())
    due = _candidates(connection, site, set(intervals), opened_ms, until_ms, told)
    due |= {subject for subject in frozen or () if not is_stock(subject)}
    claims = load(connection, site, seen | due)
    if frozen:
        due = {claims.owner(unit) for unit in due}  # what was a unit of its own may be another one's name since
    facts = _histories(connection, site, seen | due, claims)
    if without:
        facts = {unit: [f for f in own if papers.mark(f) not in without] for unit, own in facts.items()}
    ordered = _trails(connection, site, facts, family, claims)
    last_first = sorted(intervals.items(), key=lambda item: -item[1].finished_ms)
    ranked = {place: (rank, interval) for rank, (place, interval) in enumerate(last_first)}
    expected = [found for unit in sorted(ordered) if (found := _due(unit, ordered[unit], ranked)) is not None]
    sightings = [
        _sighting(unit, scan, ordered, family)
        for scan in scans
        if not is_container(unit := owned.get(str(scan.subject), str(scan.subject)))
    ]
    spoken = {e.unit for e in expected} | {s.unit for s in sightings}
    last = max(i.finished_ms for i in intervals.values())
    rests = {u: [f for f in ordered[u].facts if _is_before(f, last, family)] for u in spoken}
    return Units(expected=expected, sightings=sightings, facts=rests)


def _trails(
    connection: sa.Connection, site: str, facts: Mapping[str, list[Fact]], family: Collection[str], claims: Claims
) -> dict[str, _Trail]:
    """The trail of each of these that is no container, less what was undone and the decisions that no longer hold."""
    own = {unit: effective(said) for unit, said in facts.items() if not is_container(unit)}
    if any(map(is_decided, facts.values())):
        judged = gather(connection, site, facts, [], claims=claims)
        return {unit: _Trail(standing(unit, said, judged), family, judged) for unit, said in own.items()}
    moved = containers_at(connection, site, mentioned(facts, []).containers)  # nothing else is asked by a fold
    return {unit: _Trail(said, family, moved) for unit, said in own.items()}


def _is_before(fact: Fact, moment_ms: int, family: Collection[str]) -> bool:
    """Whether a handheld said it, not for this count, and maybe before this moment."""
    scanned = fact.is_scanned and fact.event.document not in family
    return scanned and fact.event_ms - doubt_ms(fact.uncertainty_ms) <= moment_ms


_NUMBER: Final = sa.bindparam("number", type_=sa.Text)
_UNSEEN: Final = (
    unit_states.c.counted_in.is_(None) | (unit_states.c.counted_in != _NUMBER) | unit_states.c.unit.contains("/00/")
)
"""Of units, whether no scan of the count itself was of it."""
_HERE: Final = sa.select(unit_states.c.unit).where(unit_states.c.site == SITE)
_BELONGING, _LYING = (_HERE.where(place.in_(KEYS)) for place in (unit_states.c.expected, unit_states.c.place))
# two questions, for of one SQLite would read all units of the site
_INSIDE: Final = sa.union_all(_BELONGING, _LYING)
_INSIDE_UNSEEN: Final = sa.union_all(_BELONGING.where(_UNSEEN), _LYING.where(_UNSEEN))
_MEANWHILE: Final = (
    sa.select(events.c.subject)
    .where(events.c.event_ms.between(sa.bindparam("since") - CLOCK_MS_MAX, sa.bindparam("until") + CLOCK_MS_MAX))
    .where(events.c.event_ms + events.c.uncertainty_ms >= sa.bindparam("since"))
    .where(events.c.event_ms - events.c.uncertainty_ms <= sa.bindparam("until"))
    .where(events.c.site == SITE, events.c.subject.isnot(None))
    .distinct()
)
"""What happened meanwhile, or may have: by a clock that is not sure."""
_MEANWHILE_ELSE: Final = _MEANWHILE.where(
    events.c.document.is_(None) | (events.c.document != _NUMBER) | (events.c.action != "count")
)
"""The same without the scans of the count itself."""


def _inside(connection: sa.Connection, site: str, places: Iterable[str], told: Told | None = None) -> set[str]:
    query = _INSIDE if told is None else _INSIDE_UNSEEN
    asked = ({"site": site, "keys": keys, "number": told and told.number} for keys in in_chunks(places))
    return {unit for each in asked for unit in connection.execute(query, each).scalars()}


def _candidates(
    connection: sa.Connection, site: str, bins: set[str], since_ms: int, until_ms: int | None, told: Told | None
) -> set[str]:
    """Units that belong there now, by themselves or in a container, and units that anything happened to meanwhile.

    Quiet ones, which are no containers and in none, are left out.
    """
    found: set[str] = set()
    inside = _inside(connection, site, bins, told)
    while inside:
        found |= inside
        inside = _inside(connection, site, {unit for unit in inside if is_container(unit)}) - found
    span = {"since": since_ms, "until": INT_MAX - CLOCK_MS_MAX if until_ms is None else until_ms}
    query = _MEANWHILE if told is None else _MEANWHILE_ELSE
    since = set(connection.execute(query, {"site": site, "number": told and told.number, **span}).scalars())
    if told is not None:
        since = (since - told.quiet) | told.looked_at
    touched = {s for s in since if not is_stock(s)}
    moved = {s for s in touched if is_container(s)}
    while moved:  # a pallet takes its cartons along, and they what is in them
        inside = _inside(connection, site, moved) - touched
        touched |= inside
        moved = {s for s in inside if is_container(s)}
    owned = owners(connection, site, touched)
    return found | {owned.get(s, s) for s in touched}


def _histories(connection: sa.Connection, site: str, units: set[str], claims: Claims) -> dict[str, list[Fact]]:
    names = claims.names_of(units)
    facts = history(connection, site, units | {n for ns in names.values() for n in ns})
    return {u: [f for n in (u, *names.get(u, ())) for f in facts.get(n, ())] for u in units}


def _due(unit: str, trail: _Trail, intervals: Mapping[str, tuple[int, Interval]]) -> Expected | None:
    """The bin that a unit belonged in while it was counted, the one counted last where there are several.

    Args:
        intervals: of each bin, with its rank: the one finished last comes first.
    """
    counted = [(*intervals[place], place) for place in _ever(trail.facts, trail.around) if place in intervals]
    for _, interval, place in sorted(counted, key=lambda each: each[0]):
        places = _belonged(trail, interval)
        if place in places:
            moving = len(places) > 1
            return Expected(unit=unit, place=place, moving=moving, **_accounted(trail, place, interval))
    return None


def _ever(facts: Sequence[Fact], around: Movements) -> set[str]:
    """Every place that these facts name, and every place where a container among those ever was."""
    found: set[str] = set()
    edge = {place for f in facts for place in (f.event.location, f.event.container) if place is not None}
    while edge:
        found |= edge
        stood = (s.place for place in edge if place in around.timelines for s in around.timelines[place].states)
        edge = {place for place in stood if place is not None} - found
    return found


def _belonged(trail: _Trail, interval: Interval) -> set[str | None]:
    """Every place that a unit may have belonged in at some moment of the interval."""
    at, until = interval.opened_ms, interval.finished_ms
    before: UnitState | None = None
    inside: list[tuple[Fact, UnitState | None]] = []
    for fact, state in trail.steps_by(until):
        if trail.is_own(fact):
            continue
        if inside or fact.event_ms + doubt_ms(fact.uncertainty_ms) >= at:  # it happened inside, or may have
            inside.append((fact, state))
        else:
            before = state
    places = {trail.place(before, at)}
    places |= {trail.place(state, max(at, min(until, fact.event_ms))) for fact, state in inside}
    last = inside[-1][1] if inside else before
    return places | {trail.place(last, until)}  # its pallet may have been moved meanwhile


def _stock_place(state: UnitState | None, at_ms: int, around: Movements) -> str | None:
    state = around.carried(state, at_ms)
    if state is None or state.status not in IN_STOCK:
        return None
    return around.locate(state.expected, at_ms)


def _belongs(trail: _Trail, at_ms: int) -> str | None:
    """Where the records put a unit at a moment; None where it is not stock then."""
    known: UnitState | None = None
    for fact, state in trail.steps:
        if fact.event_ms > at_ms:
            break
        known = state
    return trail.place(known, at_ms)


def _accounted(trail: _Trail, place: str, interval: Interval) -> dict[str, str | None]:
    """What other scans, made at any time, say of a unit that was due here.

    One that saw it elsewhere while it belongs here makes one move of "missing here" and "seen there". One after the
    opening that says nothing against this place, or where it belongs by now, accounts for it.
    """
    state = trail.steps[-1][1] if trail.steps else None
    scans = [f for f in trail.facts if f.is_scanned and f.event.voids is None and not trail.is_own(f)]
    if state is None or not scans:
        return {}
    last = scans[-1]
    # what was refused was not put where its scan says
    taken = [fact for fact in scans if fact.event.action != "reject"]
    seen = (trail.around.locate(f.event.container or f.event.location, f.event_ms) for f in reversed(taken))
    stood = next(filter(None, seen), None)
    is_stock_still = state.status in IN_STOCK
    owns = trail.around.locate(state.expected, last.event_ms)
    if is_stock_still and stood is not None and stood not in (place, owns):
        return {"found": stood, "found_under": taken[-1].event.document, "since": format_name(taken[-1].name)}
    after = last.event_ms + last.uncertainty_ms >= interval.opened_ms
    return {"since": format_name(last.name)} if after or (is_stock_still and stood not in (None, place)) else {}


def _sighting(unit: str, scan: Scan, ordered: Mapping[str, _Trail], family: Collection[str]) -> Sighting:
    trail = ordered[unit]
    known = any(f.event_ms < scan.event_ms and f.event.document not in family for f in trail.facts)
    return Sighting(
        unit=unit,
        place=str(scan.location),
        event=scan.name,
        known=known,
        belongs=_belongs(trail, scan.event_ms) if known else None,
    )
