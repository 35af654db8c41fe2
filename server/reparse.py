"""Read every kept label again by today's rules: what would change, and then the change, as facts.

The ledger only grows, so a scan that reads otherwise today is undone, and stated again under its new name: the same
action, moment, place and label, with the scan's name in `about`. A rebuild finds the same, and so does whoever undoes
the scan later (`follow`). Work goes on by keys and in small transactions; begun again, it goes on where it stopped,
for what was read anew reads the same from then on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import sqlalchemy as sa

from server import ledger, set_aside, site_codes
from server.database import lock, reading, stamp, transact
from server.effects import take_effect
from server.ledger import FOLDED, fact_of
from server.reading_anew import Finding, Reading, label_key, read_anew
from server.tables import events
from server.undone import read_undone
from sync.actions import ACTIONS
from sync.event import FIELDS, EventError, EventName, decode, fields_in, format_name
from sync.history import Fact
from sync.identity import is_location, is_stock
from sync.labels import SiteCodes
from sync.protocol import Outcome

EVENTS_AT_ONCE: Final = 200
EXAMPLES_MAX: Final = 5
"""Of each kind of change."""
OFFERED_MAX: Final = 1_000
_ENVELOPE: Final = frozenset({"schema", "device_no", "epoch", "seq", "wall_ms", "boot", "boot_ms", "action", "cursor"})
_START: Final[EventName] = (-1, -1, -1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One scan that says something else today."""

    event: str
    before: str
    after: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayable:
    """A line that was set aside, and that could be believed now."""

    event: str
    subject: str
    note: str


@dataclass(slots=True)
class Survey:
    """What reading every label again comes to."""

    read: int = 0
    changed: Counter[str] = field(default_factory=Counter)
    """By what is different."""
    stands: Counter[str] = field(default_factory=Counter)
    """Scans that keep their name though today's rules do not give it, by finding."""
    examples: dict[str, list[Change]] = field(default_factory=dict)
    applied: int = 0
    problems: list[str] = field(default_factory=list)
    """Scans that could not be stated again, a sentence each."""

    def count(self, fact: Fact, found: Reading) -> None:
        """Take in one reading."""
        self.read += 1
        if found.finding is Finding.CHANGED:
            self.changed[found.why] += 1
            shown = self.examples.setdefault(found.why, [])
        elif found.finding is Finding.SAME:
            return
        else:
            self.stands[found.finding.value] += 1
            shown = self.examples.setdefault(found.finding.value, [])
        if len(shown) < EXAMPLES_MAX:
            shown.append(
                Change(
                    event=format_name(fact.name),
                    before=fact.event.subject or "",
                    after=found.subject or "",
                    why=found.why,
                )
            )


def reparse(
    site: str, *, apply: bool, operator: str | None, now_ms: int, progress: Callable[[int], None] = lambda _: None
) -> Survey:
    """Read every kept label again; with `apply`, state what has changed.

    Args:
        progress: called with the number of labels read so far.
    """
    found = Survey()
    after: EventName | None = _START
    while after is not None:
        at = after
        if apply:
            after = transact(lambda c, at=at: _chunk(c, site, found, at, operator, now_ms))  # type: ignore[misc]
        else:
            with reading() as connection:
                changes, after = _read(connection, site, found, at)
            del changes
        progress(found.read)
    return found


def _chunk(
    connection: sa.Connection, site: str, survey: Survey, after: EventName, operator: str | None, now_ms: int
) -> EventName | None:
    mine = Survey()  # of this attempt: it may be tried again
    changes, then = _read(connection, site, mine, after)
    lock(connection, site, {key for fact, found in changes for key in (fact.event.subject, found.subject) if key})
    undone = read_undone(
        connection, site, [format_name(fact.name) for fact, _ in changes]
    )  # by somebody a moment ago, maybe
    stated: list[Fact] = []
    for fact, found in changes:
        if format_name(fact.name) in undone:
            continue
        try:
            stated += _state(connection, site, fact, found, operator, now_ms)
        except ValueError as error:
            mine.problems.append(f"{format_name(fact.name)} stays as it is: {error}")
        else:
            mine.applied += 1
    if stated:
        take_effect(connection, site, stated, now_ms, stamp(connection))
    _add(survey, mine)
    return then


def _add(survey: Survey, part: Survey) -> None:
    survey.read += part.read
    survey.applied += part.applied
    survey.changed += part.changed
    survey.stands += part.stands
    survey.problems += part.problems
    for why, shown in part.examples.items():
        known = survey.examples.setdefault(why, [])
        known += shown[: EXAMPLES_MAX - len(known)]


def _read(
    connection: sa.Connection, site: str, survey: Survey, after: EventName
) -> tuple[list[tuple[Fact, Reading]], EventName | None]:
    """The next scans behind an event: those that change, and where the following ones go on."""
    codes = site_codes.load(connection, site)
    names = (events.c.device_no, events.c.epoch, events.c.seq)
    query = (
        sa.select(events)
        .where(events.c.site == site, events.c.outcome.in_(FOLDED), events.c.barcode.isnot(None))
        .where(events.c.subject.isnot(None) | (events.c.action == "unreadable"), events.c.action.in_(_scanning()))
        .where(sa.tuple_(*names) > sa.tuple_(*after))
        .order_by(*names)
        .limit(EVENTS_AT_ONCE)
    )
    facts = [fact_of(row) for row in connection.execute(query).mappings()]
    undone = read_undone(connection, site, (format_name(fact.name) for fact in facts))
    changes = []
    for fact in facts:
        if format_name(fact.name) in undone:
            continue
        found = read_anew(fact.event, codes)
        survey.count(fact, found)
        if found.finding is Finding.CHANGED:
            changes.append((fact, found))
    return changes, facts[-1].name if len(facts) == EVENTS_AT_ONCE else None


def _scanning() -> list[str]:
    return [name for name, what in ACTIONS.items() if what.roles and name != "void"]


def _state(
    connection: sa.Connection, site: str, fact: Fact, found: Reading, operator: str | None, now_ms: int
) -> list[Fact]:
    """Undo a scan and state it again as it reads today; the two facts.

    Raises:
        ValueError: as it reads today, its action cannot hold it.
    """
    name, event = format_name(fact.name), fact.event
    fields: dict[str, Any] = {f.name: getattr(event, f.name) for f in FIELDS if f.name not in _ENVELOPE}
    if is_location(found.subject or ""):
        fields["location"] = found.subject  # who read a bin's label stood before that bin
    fields |= {
        "subject": found.subject,
        "identifiers": found.identifiers,
        "lot": found.lot or event.lot,
        "expiry": found.expiry or event.expiry,
        "quantity": (event.quantity or 1) if is_stock(found.subject or "") else None,
        "about": name,
        "evidence": fact.digest.hex(),
        "reason": (event.action != "unreadable" and event.reason) or f"read again: {found.why}",
    }
    again = ledger.record(
        connection,
        site=site,
        # what was to be done with it then is not known: that it was seen there is
        action="inspect" if event.action == "unreadable" else event.action,
        now_ms=fact.event_ms,
        uncertainty_ms=fact.uncertainty_ms,
        received_ms=now_ms,
        **fields,
    )
    void = ledger.record(
        connection,
        site=site,
        action="void",
        operator=operator,
        now_ms=now_ms,
        subject=event.subject,
        location=event.location,
        document=event.document,
        voids=name,
        about=name,
        reason=f"read again: {found.why}",
    )
    return [again, void]


def replayable(connection: sa.Connection, site: str) -> Iterator[Replayable]:
    """Quarantined lines whose label can be read now, and that could be believed with what it says as their subject."""
    codes = site_codes.load(connection, site)
    query = (
        sa.select(events)
        .where(events.c.site == site, events.c.outcome == Outcome.QUARANTINED)
        .order_by(events.c.received_ms, events.c.device_no, events.c.epoch, events.c.seq)
        .limit(OFFERED_MAX)
    )
    for row in connection.execute(query).mappings():
        subject = _subject_of(row["line"], codes)
        if subject is None or _is_sound(row["line"]):
            continue  # what could be read all the time was set aside for another reason
        name = format_name((row["device_no"], row["epoch"], row["seq"]))
        if set_aside.problem_with(dict(row), {"subject": subject}) is None:
            yield Replayable(event=name, subject=subject, note=row["note"] or "")


def _subject_of(line: bytes, codes: SiteCodes) -> str | None:
    row = fields_in(line)
    barcode, symbology = row.get("barcode"), row.get("symbology")
    if not isinstance(barcode, str) or not barcode:
        return None
    return label_key(barcode, symbology if isinstance(symbology, str) else None, codes)


def _is_sound(line: bytes) -> bool:
    try:
        event = decode(line)
    except EventError:
        return False
    return set_aside.is_allowed(event)
