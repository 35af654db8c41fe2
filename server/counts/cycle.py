"""Cycle counts: open, compare as of each bin's own counting, close as a version that never changes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from server.changes import publish
from server.counts import paper
from server.counts.compare import Expected, Line, Quantity, ReportLine, Sighting, compare, totals
from server.database import stamp
from server.identifiers import names_of, owners
from server.ledger import FOLDED, fact_of, history
from server.rebuild import lock, rebuild
from server.replay import standing
from server.surroundings import Gathered, gather
from server.tables import events, stock_levels, unit_states
from sync import stock
from sync.actions import ACTIONS
from sync.event import format_name
from sync.history import Fact, effective, step
from sync.identity import is_container, is_stock
from sync.unit import IN_STOCK, UnitState


class CountError(ValueError):
    """What was asked of a count or receipt does not fit; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """When one bin was counted, Unix milliseconds, widened by the clocks' uncertainty."""

    opened_ms: int
    finished_ms: int
    finished: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CountReport:
    """What a count found, and what that rests on."""

    number: str
    lines: list[ReportLine]
    totals: Mapping[str, int]
    unfinished: list[str]
    """Bins that nobody has finished."""
    unheard: list[str]
    """Handhelds that may still explain what is missing."""
    heads: Mapping[str, int]
    """How far each chain was here: `device.epoch` -> seq."""
    scans: list[str]
    """Every scan that it rests on, by the beginning of its digest."""


def open_count(
    connection: sa.Connection,
    *,
    site: str,
    number: str,
    bins: Sequence[str],
    blind: bool,
    operator: str | None,
    now_ms: int,
) -> None:
    """Open a count of these bins (location keys) and tell the handhelds.

    Raises:
        CountError: there is a count of that number, or it names no bin.
    """
    if not bins:
        raise CountError(f"Count {number} names no bin.")
    lock(connection, site, [number])
    taken = paper.taken_by(connection, site, number)
    if taken:
        raise CountError(f"There is {taken} {number} already: give the count another number.")
    rows = [{"subject": b, "location": b, "attributes": {"blind": blind}} for b in bins]
    paper.write(
        connection,
        site=site,
        kind="count",
        number=number,
        action="open_count",
        rows=rows,
        operator=operator,
        now_ms=now_ms,
    )
    row = {"kind": "count", "state": "open", "lines": [], "bins": list(bins), "blind": blind}
    publish(connection, site, "document", number, row, stamp(connection))


def report(connection: sa.Connection, *, site: str, number: str) -> CountReport:
    """What the count found so far, or at its latest close plus what came later.

    Raises:
        CountError: there is no such count.
    """
    bins = [r["subject"] for r in paper.rows_of(connection, site, "count", number)]
    if not bins:
        raise CountError(f"There is no count {number}.")
    scans = scans_of(connection, site, number)
    valid = _latest(scans)
    intervals = _intervals(bins, valid)
    counted = [f for f in valid if f.event.action == "count" and f.event.subject is not None]
    lines = compare(
        _expected(connection, site, number, intervals),
        _sightings(connection, site, [f for f in counted if not is_stock(str(f.event.subject))]),
        _quantities(connection, site, number, intervals, counted),
    )
    last = max((i.finished_ms for i in intervals.values()), default=0)
    return CountReport(
        number=number,
        lines=lines,
        totals=totals(lines),
        unfinished=[b for b in bins if b not in intervals or not intervals[b].finished],
        unheard=paper.unheard(connection, site, last),
        heads=paper.heads(connection, site),
        scans=[paper.mark(f) for f in scans],
    )


def close_count(connection: sa.Connection, *, site: str, number: str, operator: str | None, now_ms: int) -> CountReport:
    """Freeze the next version of a count; what it did not see becomes a case.

    Raises:
        CountError: there is no such count, a bin of it is not finished, or it is closed and nothing changed since.
    """
    lock(connection, site, [number])  # two supervisors may close it at once
    found = report(connection, site=site, number=number)
    if found.unfinished:
        raise CountError(f"Count {number} cannot be closed: {len(found.unfinished)} of its bins are not finished.")
    rows = [result_row(line, found.unheard) for line in found.lines]
    head = {"subject": number, "attributes": paper.basis(found)}
    version = next_version(connection, site, "count_result", number, [head, *rows])
    paper.write(
        connection,
        site=site,
        kind="count_result",
        number=f"{number}/{version}",
        action="close_count",
        rows=[head, *rows],
        operator=operator,
        now_ms=now_ms,
    )
    at = stamp(connection)
    rebuild(connection, site, [str(r["subject"]) for r in rows if r["stated"]], at)
    bins = [r["subject"] for r in paper.rows_of(connection, site, "count", number)]
    closed = {"kind": "count", "state": "closed", "lines": [], "bins": bins, "blind": False}
    publish(connection, site, "document", number, closed, at)
    return found


def next_version(
    connection: sa.Connection, site: str, kind: str, number: str, rows: Sequence[Mapping[str, Any]]
) -> int:
    """The version that these rows of a result will be.

    Raises:
        CountError: the latest one says the same, and rests on the same scans.
    """
    version = paper.versions(connection, site, kind, number)
    if version:
        (old_head, *old_rows) = paper.rows_of(connection, site, kind, f"{number}/{version}")
        (head, *new_rows) = rows
        before = [old_head["attributes"]["scans"], *(row["attributes"] for row in old_rows)]
        after = [head["attributes"]["scans"], *(row["attributes"] for row in new_rows)]
        if before == json.loads(json.dumps(after)):  # as a column keeps them: lists for tuples
            raise CountError(f"{number} is closed; nothing has changed since version {version}.")
    return version + 1


def late_scans(connection: sa.Connection, *, site: str, number: str) -> list[Fact]:
    """Scans of a count that its latest version does not rest on; they came later, and never change that version.

    A scan may come later under a lower number than others of its handheld: a gap was filled, a line repaired.
    """
    version = paper.versions(connection, site, "count_result", number)
    if not version:
        return []
    (head, *_) = paper.rows_of(connection, site, "count_result", f"{number}/{version}")
    rests_on = set(head["attributes"]["scans"])
    return [f for f in scans_of(connection, site, number) if paper.mark(f) not in rests_on]


def result_row(line: ReportLine, unheard: Sequence[str]) -> dict[str, Any]:
    """One line of a frozen result; what is missing becomes a fact of the unit's history."""
    missing = line.kind is Line.MISSING and not is_stock(line.subject)
    attributes = asdict(line) | {"provisional": bool(line.kind is Line.MISSING and unheard)}
    return {"subject": line.subject, "location": line.expected, "stated": missing, "attributes": attributes}


def scans_of(connection: sa.Connection, site: str, number: str) -> list[Fact]:
    """Every scan under this count or receipt, in order, without those that were undone.

    What the server repaired is among them; what only the server says of a count is not.
    """
    query = sa.select(events).where(
        events.c.site == site,
        events.c.document == number,
        events.c.outcome.in_(FOLDED),
        events.c.action.in_([name for name, what in ACTIONS.items() if what.roles]),
    )
    facts = [fact_of(row) for row in connection.execute(query).mappings()]
    names = [format_name(f.name) for f in facts]
    undone = sa.select(events).where(events.c.site == site, events.c.voids.in_(names), events.c.outcome.in_(FOLDED))
    facts += [fact_of(row) for row in connection.execute(undone).mappings()]
    return [f for f in effective(facts) if f.event.action != "void"]


def _latest(scans: Sequence[Fact]) -> list[Fact]:
    """The scans without those that a handheld made of a bin before it opened that bin anew, to count it anew."""
    opened: dict[tuple[int, str | None], str] = {}
    for fact in scans:
        if fact.event.action == "open_bin":
            opened[fact.name[0], fact.event.location] = format_name(fact.name)
    begun = {name: place for place, name in opened.items()}
    found, reached = [], set()
    for fact in scans:
        if format_name(fact.name) in begun:
            reached.add(begun[format_name(fact.name)])
        place = (fact.name[0], fact.event.location)
        opening = fact.event.opening
        if place not in opened or opening == opened[place] or (opening is None and place in reached):
            found.append(fact)
    return found


def _intervals(bins: Iterable[str], scans: Iterable[Fact]) -> dict[str, Interval]:
    """The interval of each bin that anyone has begun; an unfinished one lasts until its latest scan."""
    wanted = set(bins)
    found: dict[str, Interval] = {}
    for fact in scans:
        place = fact.event.location
        if place not in wanted or place is None:
            continue
        begin, end = fact.event_ms - fact.uncertainty_ms, fact.event_ms + fact.uncertainty_ms
        old = found.get(place)
        found[place] = Interval(
            opened_ms=min(begin, old.opened_ms) if old else begin,
            finished_ms=max(end, old.finished_ms) if old else end,
            finished=fact.event.action == "finish_bin" or (old is not None and old.finished),
        )
    return found


def _expected(connection: sa.Connection, site: str, number: str, intervals: Mapping[str, Interval]) -> list[Expected]:
    """Units that the records put into the bins while these were counted."""
    if not intervals:
        return []
    earliest = min(i.opened_ms for i in intervals.values())
    units = _candidates(connection, site, set(intervals), earliest)
    facts = _histories(connection, site, units)
    around = gather(connection, site, facts, [])
    found = []
    for unit in sorted(units):
        if is_container(unit):
            continue
        due = _due(standing(unit, effective(facts.get(unit, [])), around), number, intervals, around)
        if due is not None:
            found.append(Expected(unit=unit, place=due[0], moving=due[1]))
    return found


def _candidates(connection: sa.Connection, site: str, bins: set[str], since_ms: int) -> set[str]:
    """Units that belong there now, by themselves or in a container, and units that anything happened to since."""
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


def _due(
    facts: Sequence[Fact], number: str, intervals: Mapping[str, Interval], around: Gathered
) -> tuple[str, bool] | None:
    """The bin that a unit belonged in while it was counted, and whether it moved meanwhile."""
    for place, interval in intervals.items():
        before = _belongs(facts, interval.opened_ms, number, around)
        after = _belongs(facts, interval.finished_ms, number, around)
        if place in (before, after):
            return place, before != after
    return None


def _belongs(facts: Sequence[Fact], at_ms: int, number: str, around: Gathered) -> str | None:
    """Where the records put a unit at a moment; None where it is not stock then."""
    state: UnitState | None = None
    for fact in facts:
        if fact.event_ms > at_ms:
            break
        if fact.event.document == number and fact.event.action in ("count", "not_found"):
            continue  # the count itself does not say what it should find
        state = step(state, fact)
    if state is None or state.status not in IN_STOCK:
        return None
    return around.locate(state.expected, at_ms)


def _sightings(connection: sa.Connection, site: str, scans: Sequence[Fact]) -> list[Sighting]:
    """Every scan of a unit, with what was known of it at that moment."""
    subjects = {str(f.event.subject) for f in scans}
    owned = owners(connection, site, subjects)
    facts = _histories(connection, site, {owned.get(s, s) for s in subjects})
    around = gather(connection, site, facts, [])
    found = []
    for scan in scans:
        unit = owned.get(str(scan.event.subject), str(scan.event.subject))
        if is_container(unit):
            continue
        ordered = standing(unit, effective(facts[unit]), around)
        known = any(f.event_ms < scan.event_ms and f.event.document != scan.event.document for f in ordered)
        found.append(
            Sighting(
                unit=unit,
                place=str(scan.event.location),
                event=format_name(scan.name),
                known=known,
                belongs=_belongs(ordered, scan.event_ms, str(scan.event.document), around) if known else None,
            )
        )
    return found


def _quantities(
    connection: sa.Connection, site: str, number: str, intervals: Mapping[str, Interval], counted: Iterable[Fact]
) -> list[Quantity]:
    """Stock without units in the bins: what was there when a bin was opened, and what was counted."""
    by_subject: dict[str, list[Fact]] = {}
    for fact in counted:
        if is_stock(str(fact.event.subject)):
            by_subject.setdefault(str(fact.event.subject), []).append(fact)
    sums = {
        (subject, place): balance.quantity
        for subject, scans in by_subject.items()
        for place, balance in stock.fold(scans).items()
        if place in intervals
    }
    t = stock_levels.c
    held = sa.select(t.subject).where(t.site == site, t.place.in_(intervals))
    subjects = {s for s, _ in sums} | set(connection.execute(held).scalars())
    facts = history(connection, site, subjects)
    found = []
    for subject in sorted(subjects):
        for place, interval in intervals.items():
            earlier = [
                f for f in facts.get(subject, []) if f.event_ms <= interval.opened_ms and f.event.document != number
            ]
            expected = stock.fold(earlier).get(place, stock.Balance()).quantity
            if expected or (subject, place) in sums:
                total = sums.get((subject, place), 0)
                names = [format_name(f.name) for f in by_subject.get(subject, ()) if f.event.location == place]
                found.append(
                    Quantity(subject=subject, place=place, expected=expected, counted=total, events=tuple(names))
                )
    return found
