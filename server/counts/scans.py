"""The scans that a count rests on: which of them stand, which recount replaced them, and when each bin was counted."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Final, NamedTuple

import sqlalchemy as sa

from server import papers, undone
from server.counts.plan import Plan
from server.counts.still import Still
from server.database import SITE
from server.ledger import FOLDED, KEYS_PER_QUERY, fact_of, name_in
from server.tables import events
from sync.actions import ACTIONS
from sync.event import EventName, format_name
from sync.history import Fact, effective, undone_names


class Scan(NamedTuple):
    """One scan of a count, as much of it as counting looks at: a large count has a million of them.

    Its first fields are the order of a history.
    """

    event_ms: int
    device_no: int
    epoch: int
    seq: int
    digest: bytes
    uncertainty_ms: int
    action: str
    subject: str | None
    location: str | None
    quantity: int | None
    document: str | None
    opening: str | None
    operator: str | None
    voids: str | None

    @property
    def key(self) -> EventName:
        """Its name, to look it up."""
        return self[1:4]

    @property
    def name(self) -> str:
        """Its name, as `device.epoch.seq`."""
        return format_name(self[1:4])


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """When one bin was counted, Unix milliseconds, widened by the clocks' uncertainty."""

    opened_ms: int
    finished_ms: int
    finished: bool
    people: tuple[str, ...] = ()
    """Who opened, scanned or finished, by name."""
    devices: tuple[int, ...] = ()
    last_ms: int = 0
    """The latest scan by itself, not widened: whoever made one of these and has sent it holds nothing older back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that was scanned for one count and its recounts."""

    own: list[Scan]
    """Under the count's own number, those that were not undone."""
    standing: list[Scan]
    """What the result rests on: of each bin, the scans of its last finished recount, or the first ones."""
    intervals: Mapping[str, Interval]
    refused: list[Scan]
    """Of recounts: made by who had counted the bin before, and so not used."""
    family: frozenset[str]
    """The numbers of the count and its recounts."""
    recounted: Mapping[str, str]
    """Bin -> the recount that speaks for it."""
    still: Mapping[str, Still] = field(default_factory=dict)
    """The quiet units (`quiet`) of each bin; their scans are in none of the lists above."""
    looked_at: frozenset[str] | None = None
    """What the scans of units that are not quiet are of, whether they stand or not; None where quiet ones were not
    told apart."""

    @property
    def people(self) -> tuple[str, ...]:
        """Everyone who scanned for it, by name, whoever was first in front."""
        first = [(scan[:4], scan.operator) for scan in self.own]
        first += [(moment, who) for still in self.still.values() for who, moment in still.people.items()]
        said = [who for _, who in sorted(first, key=itemgetter(0))] + [scan.operator for scan in self.standing]
        return tuple(dict.fromkeys(who for who in said if who))


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """What recounts say."""

    speaks: Mapping[str, tuple[str, list[Scan]]]
    """Bin -> the last recount that finished it, and its scans there."""
    refused: list[Scan]
    family: frozenset[str]
    """Their numbers."""


CLOCK_MS_MAX: Final = 86_400_000
"""By so much a clock may be out, in milliseconds: what may have happened still further away is not looked for."""


def doubt_ms(uncertainty_ms: int) -> int:
    """By how much a scan's moment may be out, as counts take it."""
    return min(uncertainty_ms, CLOCK_MS_MAX)


SCANS: Final = tuple(name for name, what in ACTIONS.items() if what.roles)


_SCANS_OF: Final = sa.select(events).where(
    events.c.site == SITE,
    events.c.document == sa.bindparam("number"),
    events.c.outcome.in_(FOLDED),
    events.c.action.in_(sa.bindparam("actions", expanding=True)),
)


def scans_of(connection: sa.Connection, site: str, number: str, *, actions: Sequence[str] = SCANS) -> list[Fact]:
    """Every scan under this receipt, transfer or count, in order, without those that were undone.

    What the server repaired is among them; what only the server says of a count is not.
    """
    asked = {"site": site, "number": number, "actions": list(actions)}
    facts = [fact_of(row) for row in connection.execute(_SCANS_OF, asked).mappings()]
    facts += undone.undos_of(connection, site, [format_name(f.name) for f in facts])
    return [f for f in effective(facts) if f.event.action != "void"]


_COLUMNS: Final = [events.c[name] for name in Scan._fields]
_READ: Final = _SCANS_OF.with_only_columns(*_COLUMNS)
_UNDOING: Final = undone.UNDOING.with_only_columns(*_COLUMNS)
_undo = events.alias("undo")
_READ_UNDOS: Final = (
    _READ.with_only_columns(*(_undo.c[name] for name in Scan._fields))
    .join_from(events, _undo, _undo.c.voids == name_in(events))
    .where(_undo.c.site == SITE, _undo.c.outcome.in_(FOLDED))
)


def said(connection: sa.Connection, site: str, number: str, *, actions: Sequence[str] = SCANS) -> list[Scan]:
    """Every scan under this count, undone or not; in no order."""
    asked = {"site": site, "number": number, "actions": list(actions)}
    return [Scan._make(row) for row in connection.execute(_READ, asked)]


def undos_of(connection: sa.Connection, site: str, names: Iterable[str]) -> list[Scan]:
    """What undoes scans of these names, what undoes that, and so on, whichever number it was said under."""
    return [Scan._make(row.values()) for row in undone.chain_of(connection, _UNDOING, {"site": site}, names)]


def effective_of(found: Iterable[Scan]) -> list[Scan]:
    """These scans in order, without those that one of them undoes."""
    ordered = sorted(found)
    gone = undone_names((s.name, s.voids) for s in ordered if s.voids is not None)
    return [s for s in ordered if s.action != "void" and not (gone and s.name in gone)]


def read(
    connection: sa.Connection,
    site: str,
    number: str,
    *,
    actions: Sequence[str] = SCANS,
    without: Collection[str] = (),
) -> list[Scan]:
    """Every scan under this count, in order, without those that were undone; see `scans_of`.

    Args:
        without: marks of scans that are left out, as if they had never arrived.
    """
    asked = {"site": site, "number": number, "actions": list(actions)}
    found = said(connection, site, number, actions=actions)
    undos = [Scan._make(row) for row in connection.execute(_READ_UNDOS, asked)]
    found += [*undos, *undos_of(connection, site, {undo.name for undo in undos})]
    return effective_of([s for s in found if papers.mark(s) not in without] if without else found)


def facts_of(connection: sa.Connection, scans: Iterable[Scan]) -> list[Fact]:
    """All that is known of these scans."""
    digests = {s.digest: s.key for s in scans}  # two that bear one name have a digest each
    keys = sorted(digests.values())
    found: list[Fact] = []
    for start in range(0, len(keys), KEYS_PER_QUERY):
        key = sa.tuple_(events.c.device_no, events.c.epoch, events.c.seq).in_(keys[start : start + KEYS_PER_QUERY])
        found += (fact_of(row) for row in connection.execute(sa.select(events).where(key)).mappings())
    return [fact for fact in found if fact.digest in digests]


def gather(
    connection: sa.Connection,
    site: str,
    plan: Plan,
    recounts: Sequence[Plan],
    *,
    speaking: Collection[str] | None = None,
    without: Collection[str] = (),
) -> Evidence:
    """What was scanned for a count, each bin's by who counted it last; see `counted_again`."""
    again = counted_again(connection, site, recounts, speaking=speaking, without=without)
    return evidence(plan, again, read(connection, site, plan.number, without=without))


def counted_again(
    connection: sa.Connection,
    site: str,
    recounts: Sequence[Plan],
    *,
    speaking: Collection[str] | None = None,
    without: Collection[str] = (),
) -> Again:
    """What the recounts of a count say.

    Args:
        speaking: numbers of those that are listened to; None: all.
        without: see `read`.
    """
    speaks: dict[str, tuple[str, list[Scan]]] = {}
    refused: list[Scan] = []
    for recount in recounts:
        if speaking is not None and recount.number not in speaking:
            continue
        scans, barred = allowed(recount, latest(read(connection, site, recount.number, without=without)))
        refused += barred
        found = by_bin(recount.bins, scans).items()
        speaks |= {place: (recount.number, facts) for place, facts in found if is_finished(facts)}
    return Again(speaks=speaks, refused=refused, family=frozenset(r.number for r in recounts))


def evidence(
    plan: Plan,
    again: Again,
    own: list[Scan],
    *,
    still: Mapping[str, Still] | None = None,
    looked_at: frozenset[str] | None = None,
) -> Evidence:
    """What a count rests on.

    Args:
        own: its scans that were not undone, in order; without those of quiet units.
        still: quiet units, and `looked_at` what other scans are of; see `Evidence`.
    """
    quiet = still or {}
    first, refused = allowed(plan, latest(own))
    speaks = {place: (plan.number, facts) for place, facts in by_bin(plan.bins, first).items()} | dict(again.speaks)
    return Evidence(
        own=own,
        standing=[scan for _, (_, facts) in sorted(speaks.items()) for scan in facts],
        intervals={place: _interval(facts, quiet.get(place)) for place, (_, facts) in speaks.items()},
        refused=[*refused, *again.refused],
        family=frozenset({plan.number}) | again.family,
        recounted={place: number for place, (number, _) in speaks.items() if number != plan.number},
        still=quiet,
        looked_at=looked_at,
    )


def allowed(plan: Plan, scans: Sequence[Scan]) -> tuple[list[Scan], list[Scan]]:
    """The scans that count, and those by somebody who may not count that bin."""
    shares = {share.place: share for share in plan.shares if share.refused}
    good: list[Scan] = []
    bad: list[Scan] = []
    for scan in scans:
        share = shares.get(scan.location or "")
        (bad if share and share.is_refused(scan.operator) else good).append(scan)
    return good, bad


def latest(scans: Sequence[Scan]) -> list[Scan]:
    """The scans without those that a handheld made of a bin before it opened that bin anew, to count it anew."""
    opened = {(scan.device_no, scan.location): scan for scan in scans if scan.action == "open_bin"}
    begun = {scan.key: where for where, scan in opened.items()}
    names = {where: scan.name for where, scan in opened.items()}
    found: list[Scan] = []
    reached = set()
    for scan in scans:
        if scan.key in begun:
            reached.add(begun[scan.key])
        where = (scan.device_no, scan.location)
        if where not in names or scan.opening == names[where] or (scan.opening is None and where in reached):
            found.append(scan)
    return found


def by_bin(bins: Iterable[str], scans: Iterable[Scan]) -> dict[str, list[Scan]]:
    """The scans in each bin that anyone has begun."""
    wanted = set(bins)
    found: dict[str, list[Scan]] = {}
    for scan in scans:
        if scan.location in wanted:
            found.setdefault(str(scan.location), []).append(scan)
    return found


def is_finished(scans: Iterable[Scan]) -> bool:
    """Whether somebody said of this bin that everything in it has been scanned."""
    return any(scan.action == "finish_bin" for scan in scans)


def _interval(scans: Sequence[Scan], still: Still | None) -> Interval:
    """When a bin was counted; one that nobody has finished, until its latest scan."""
    quiet = still or Still("")
    people = [(s[:4], s.operator) for s in scans if s.operator] + [(at, who) for who, at in quiet.people.items()]
    return Interval(
        opened_ms=min(quiet.opened_ms, *(s.event_ms - doubt_ms(s.uncertainty_ms) for s in scans)),
        finished_ms=max(quiet.finished_ms, *(s.event_ms + doubt_ms(s.uncertainty_ms) for s in scans)),
        finished=is_finished(scans),
        people=tuple(dict.fromkeys(who for _, who in sorted(people))),
        devices=tuple(dict.fromkeys(s.device_no for s in scans)),
        last_ms=max(quiet.last_ms, *(s.event_ms for s in scans)),
    )
