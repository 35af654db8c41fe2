"""The scans that a count rests on: which of them stand, which recount replaced them, and when each bin was counted."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from server import papers
from server.counts.plan import Plan
from server.database import KEYS, SITE
from server.ledger import FOLDED, fact_of, in_chunks
from server.tables import events
from sync.actions import ACTIONS
from sync.event import format_name
from sync.history import Fact, effective


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
    said_finished_ms: int | None = None
    """When somebody last said that it is finished."""
    finished_by: int | None = None
    """The handheld that finished it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that was scanned for one count and its recounts."""

    own: list[Fact]
    """Under the count's own number, those that were not undone."""
    standing: list[Fact]
    """What the result rests on: of each bin, the scans of its last finished recount, or the first ones."""
    intervals: Mapping[str, Interval]
    refused: list[Fact]
    """Of recounts: made by who had counted the bin before, and so not used."""
    family: frozenset[str]
    """The numbers of the count and its recounts."""
    recounted: Mapping[str, str]
    """Bin -> the recount that speaks for it."""


SCANS: Final = tuple(name for name, what in ACTIONS.items() if what.roles)


_UNDOS: Final = sa.select(events).where(events.c.site == SITE, events.c.outcome.in_(FOLDED), events.c.voids.in_(KEYS))
_SCANS_OF: Final = sa.select(events).where(
    events.c.site == SITE,
    events.c.document == sa.bindparam("number"),
    events.c.outcome.in_(FOLDED),
    events.c.action.in_(sa.bindparam("actions", expanding=True)),
)


def scans_of(
    connection: sa.Connection,
    site: str,
    number: str,
    *,
    actions: Sequence[str] = SCANS,
    without: Collection[str] = (),
) -> list[Fact]:
    """Every scan under this count or receipt, in order, without those that were undone.

    What the server repaired is among them; what only the server says of a count is not.

    Args:
        without: marks of scans that are left out, as if they had never arrived.
    """
    asked = {"site": site, "number": number, "actions": list(actions)}
    facts = [fact_of(row) for row in connection.execute(_SCANS_OF, asked).mappings()]
    for names in in_chunks(format_name(f.name) for f in list(facts)):
        undone = connection.execute(_UNDOS, {"site": site, "keys": names}).mappings()
        facts += [fact_of(row) for row in undone]
    kept = effective(f for f in facts if papers.mark(f) not in without)
    return [f for f in kept if f.event.action != "void"]


def gather(
    connection: sa.Connection, site: str, plan: Plan, recounts: Sequence[Plan], *, without: Collection[str] = ()
) -> Evidence:
    """What was scanned for a count, each bin's by who counted it last; `without`: see `scans_of`."""
    own = scans_of(connection, site, plan.number, without=without)
    first, refused = allowed(plan, latest(own))
    speaks: dict[str, tuple[str, Interval, list[Fact]]] = {
        place: (plan.number, interval, first) for place, interval in intervals(plan.bins, first).items()
    }
    for recount in recounts:
        scans, barred = allowed(recount, latest(scans_of(connection, site, recount.number, without=without)))
        refused += barred
        speaks |= {
            place: (recount.number, interval, scans)
            for place, interval in intervals(recount.bins, scans).items()
            if interval.finished
        }
    return Evidence(
        own=own,
        standing=[f for place, (_, _, scans) in sorted(speaks.items()) for f in scans if f.event.location == place],
        intervals={place: interval for place, (_, interval, _) in speaks.items()},
        refused=refused,
        family=frozenset({plan.number, *(r.number for r in recounts)}),
        recounted={place: number for place, (number, _, _) in speaks.items() if number != plan.number},
    )


def allowed(plan: Plan, scans: Iterable[Fact]) -> tuple[list[Fact], list[Fact]]:
    """The scans that count, and those by somebody who may not count that bin."""
    shares = {share.place: share for share in plan.shares}
    good: list[Fact] = []
    bad: list[Fact] = []
    for fact in scans:
        share = shares.get(fact.event.location or "")
        (bad if share and share.is_refused(fact.event.operator) else good).append(fact)
    return good, bad


def latest(scans: Sequence[Fact]) -> list[Fact]:
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


def intervals(bins: Iterable[str], scans: Iterable[Fact]) -> dict[str, Interval]:
    """The interval of each bin that anyone has begun; an unfinished one lasts until its latest scan."""
    wanted = set(bins)
    found: dict[str, list[Fact]] = {}
    for fact in scans:
        if fact.event.location in wanted:
            found.setdefault(str(fact.event.location), []).append(fact)
    return {place: _interval(facts) for place, facts in found.items()}


def _interval(facts: Sequence[Fact]) -> Interval:
    finishing = [f for f in facts if f.event.action == "finish_bin"]
    return Interval(
        opened_ms=min(f.event_ms - f.uncertainty_ms for f in facts),
        finished_ms=max(f.event_ms + f.uncertainty_ms for f in facts),
        finished=bool(finishing),
        people=tuple(dict.fromkeys(f.event.operator for f in facts if f.event.operator)),
        devices=tuple(dict.fromkeys(f.name[0] for f in facts)),
        last_ms=max(f.event_ms for f in facts),
        said_finished_ms=finishing[-1].event_ms if finishing else None,
        finished_by=finishing[-1].name[0] if finishing else None,
    )


def name_of(fact: Fact) -> str:
    """A scan's own name, as `device.epoch.seq`."""
    return format_name(fact.name)
