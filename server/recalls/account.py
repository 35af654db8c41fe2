"""The account of a recall: what became of each thing that it reaches, until nothing is open; and how long that took.

It is read from the ledger each time it is looked at, so that a late scan, an answer taken back or a unit that turns
out to be of the lot stands in it at once. At the release it is frozen as it stands; only what somebody wrote down
later is still added.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from operator import itemgetter
from typing import Final

import sqlalchemy as sa

from server import papers, taken_along
from server.ledger import FOLDED, in_chunks
from server.recalls import outcomes
from server.recalls.book import Standing
from server.recalls.outcomes import Outcome
from server.recalls.reach import Reached, Where, reached
from server.tables import events
from server.zones import quarantine_bins
from sync.identity import is_stock
from sync.unit import Status, UnitState


class Account(StrEnum):
    """What became of something; the first ones are open."""

    COMING = "coming"
    TO_FIND = "to_find"
    TAKE_OUT = "take_out"
    UNANSWERED = "unanswered"
    BACK = "back"
    APART = "apart"
    SEEN = "seen"
    ANSWERED = "answered"
    DONE = "done"
    WRITTEN_OFF = "written_off"


ACCOUNT_TEXTS: Final = {
    Account.COMING: "on its way: stop it at the dock",
    Account.TO_FIND: "to be found and set apart",
    Account.TAKE_OUT: "picked or packed: take it out",
    Account.UNANSWERED: "at a customer who has not answered",
    Account.BACK: "sent back, to be set apart",
    Account.APART: "found and set apart",
    Account.SEEN: "seen in the drill",
    Account.ANSWERED: "at a customer who answered",
    Account.DONE: "destroyed or sent back to the supplier",
    Account.WRITTEN_OFF: "written off",
}
RESULT: Final = "recall_result"
"""Kind of the document in which an account is frozen."""
OPEN: Final = frozenset({Account.COMING, Account.TO_FIND, Account.TAKE_OUT, Account.UNANSWERED, Account.BACK})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing, and what became of it."""

    thing: Reached
    account: Account
    since_ms: int | None = None
    """When it was accounted for; None while it is open."""
    outcome: Outcome | None = None
    handed_over_ms: int | None = None
    """When it was handed over, where that was after the recall began."""

    @property
    def is_open(self) -> bool:
        """Whether something is still to be done about it."""
        return self.account in OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a recall is."""

    standing: Standing
    entries: Sequence[Entry]

    @property
    def pieces(self) -> int:
        """Units and pieces that it reaches."""
        return sum(entry.thing.quantity for entry in self.entries)

    @property
    def open(self) -> int:
        """Those of them that are not accounted for."""
        return sum(entry.thing.quantity for entry in self.entries if entry.is_open)

    @property
    def took_ms(self) -> int | None:
        """From the start until the last one was accounted for; None while some are not."""
        if self.open or not self.entries:
            return None
        return max(entry.since_ms or 0 for entry in self.entries) - self.standing.since_ms

    @property
    def by_account(self) -> Mapping[Account, tuple[int, int]]:
        """How many there are of each: surely and possibly."""
        found = {}
        for account in Account:
            counts = [0, 0]
            for entry in self.entries:
                if entry.account is account:
                    counts[not entry.thing.sure] += entry.thing.quantity
            if any(counts):
                found[account] = (counts[0], counts[1])
        return found

    @property
    def handed_over(self) -> list[Entry]:
        """What was handed to a carrier after the recall had begun."""
        return [entry for entry in self.entries if entry.handed_over_ms is not None]


def progress(connection: sa.Connection, standing: Standing, *, site: str, now_ms: int) -> Progress:
    """How far it is by now; of one that was released how far it was then, with what was answered and done since."""
    if standing.until_ms is not None:
        later = {
            key: word
            for key, word in outcomes.read(connection, site, standing.number).items()
            if word.at_ms >= standing.until_ms
        }
        gone = outcomes.retracted(connection, site, standing.number)
        frozen = [_without(_frozen(row), gone) for row in _result(connection, site, standing.number)]
        return Progress(standing=standing, entries=[_answered_since(entry, later) for entry in frozen])
    things = reached(connection, site, standing.predicate, now_ms)
    words = outcomes.read(connection, site, standing.number)
    set_apart = _Apart.read(connection, site, things)
    around = taken_along.containers(connection, site, (one.container for one in things))
    answered: Counter[tuple[str, str]] = Counter()
    entries = [
        _entry(one, standing, word, set_apart, around)
        for thing in things
        for one, word in _answered(thing, words.get(thing.key), answered)
    ]
    left = [
        Entry(thing=one, account=_GONE[one.where], since_ms=max(word.at_ms, standing.since_ms), outcome=word)
        for one, word in outcomes.read_pieces(connection, site, standing.number)
    ]
    return Progress(standing=standing, entries=[*entries, *left])


def _answered(
    one: Reached, word: Outcome | None, before: Counter[tuple[str, str]]
) -> list[tuple[Reached, Outcome | None]]:
    """A unit with its word; pieces at a customer with an answer to as many as it was given for, the others without one.

    Pieces that are here have no word: of which one was said, those have left.

    Args:
        before: how many pieces of each order were answered for by now.
    """
    if one.state is not None or word is None:
        return [(one, word)]
    if one.where is not Where.CUSTOMER:
        return [(one, None)]
    many = min(one.quantity, word.quantity - before[one.key])
    before[one.key] += many
    parts = ((many, word), (one.quantity - many, None))
    return [(replace(one, quantity=quantity), said) for quantity, said in parts if quantity]


def _result(connection: sa.Connection, site: str, number: str) -> list[sa.RowMapping]:
    """Rows of the account as it was frozen at the release, without the first, which holds its sums."""
    return papers.rows_of(connection, site, RESULT, number)[1:]


def _frozen(row: sa.RowMapping) -> Entry:
    said = row["attributes"]
    return Entry(
        thing=Reached(
            subject=row["subject"],
            sure=said["sure"],
            where=Where(said["where"]),
            quantity=row["quantity"],
            place=row["location"],
            container=row["container"],
            order=said["order"],
            lot=row["lot"],
        ),
        account=Account(said["account"]),
        since_ms=said["since_ms"],
        outcome=Outcome(**said["outcome"]) if said["outcome"] else None,
        handed_over_ms=said["handed_over_ms"],
    )


def _without(entry: Entry, gone: Collection[tuple[str, str]]) -> Entry:
    """A frozen entry as it is without its word, where that was taken back since."""
    word, where = entry.outcome, entry.thing.where
    if word is None or (word.event, entry.thing.subject) not in gone:
        return entry
    if where is Where.CUSTOMER:
        return replace(entry, account=Account.UNANSWERED, since_ms=None, outcome=None)
    thing = replace(entry.thing, where=Where.NOWHERE if where in _GONE else where)
    return replace(entry, thing=thing, account=Account.TO_FIND, since_ms=None, outcome=None)


def _answered_since(entry: Entry, later: Mapping[tuple[str, str], Outcome]) -> Entry:
    word = later.get(entry.thing.key)
    if word is None or (is_stock(entry.thing.subject) and entry.thing.where in _GONE):
        return entry
    return replace(entry, account=_by_word(word, entry.thing.where), since_ms=word.at_ms, outcome=word)


def _by_word(word: Outcome, where: Where) -> Account:
    if where is Where.CUSTOMER:
        return Account.ANSWERED
    return Account.WRITTEN_OFF if word.word == "written_off" else Account.DONE


def _entry(
    one: Reached,
    standing: Standing,
    word: Outcome | None,
    set_apart: _Apart,
    around: Mapping[str, UnitState],
) -> Entry:
    word = word if word is not None and _holds(word, one) else None
    left = one.state or around.get(one.container or "", UnitState())  # pieces left with their carton
    late = left.status_ms if one.where is Where.CUSTOMER and left.status is Status.SHIPPED else None
    account, since_ms = _account(one, standing, word, set_apart, around)
    return Entry(
        thing=one,
        account=account,
        since_ms=None if since_ms is None else max(since_ms, standing.since_ms),
        outcome=word,
        handed_over_ms=late if late is not None and late >= standing.since_ms else None,
    )


def _holds(word: Outcome, one: Reached) -> bool:
    """Whether an outcome still tells how it is: what was destroyed and is scanned again was not destroyed."""
    if one.state is None:
        return True
    moved_ms = one.state.status_ms if one.where is Where.CUSTOMER else one.state.last_ms
    known = outcomes.CUSTOMER if one.where is Where.CUSTOMER else outcomes.IN_HOUSE
    return moved_ms <= word.at_ms and word.word in known


def _account(
    one: Reached,
    standing: Standing,
    word: Outcome | None,
    set_apart: _Apart,
    around: Mapping[str, UnitState],
) -> tuple[Account, int | None]:
    """What became of it, and since when it is accounted for."""
    if word is not None:
        return _by_word(word, one.where), word.at_ms
    if one.where is Where.CUSTOMER:
        return Account.UNANSWERED, None
    if one.where in _GONE and one.state is not None:
        return _GONE[one.where], one.state.status_ms
    found_ms = _found_ms(one, standing, set_apart, around)
    if found_ms is not None:
        return Account.SEEN if standing.drill else Account.APART, found_ms
    if one.back:
        return Account.BACK, None
    return _STILL.get(one.where, Account.TO_FIND), None


_GONE: Final = {Where.MISSING: Account.WRITTEN_OFF, Where.DISPOSED: Account.DONE}
_STILL: Final = {
    Where.COMING: Account.COMING,
    Where.PICKED: Account.TAKE_OUT,
    Where.PACKED: Account.TAKE_OUT,
}


def _found_ms(one: Reached, standing: Standing, set_apart: _Apart, around: Mapping[str, UnitState]) -> int | None:
    """Since when it is set apart; in a drill since when it was seen; None where it is not."""
    state, carrier = one.state, around.get(one.container or "")
    if standing.drill:
        seen_ms = max(state.seen_ms if state else 0, carrier.seen_ms if carrier else 0)
        return seen_ms if seen_ms >= standing.since_ms else None
    for subject, own in ((one.subject, state), (one.container or "", carrier)):
        if own is not None and own.held is not None and own.status is not Status.ANNOUNCED:
            found_ms = set_apart.since_ms(subject, own, one)
            if found_ms is not None:
                return found_ms
    if one.place is not None and one.place == standing.row["place"]:
        return max(state.place_ms if state else 0, carrier.place_ms if carrier else 0)
    return None


@dataclass(frozen=True, slots=True)
class _Apart:
    """Where things are set apart, and what was quarantined where: a unit that is only held back may lie on a shelf."""

    places: frozenset[str]
    scans: Mapping[str, tuple[int, frozenset[str]]]
    """Unit or carton -> when it was quarantined last, and where."""

    @classmethod
    def read(cls, connection: sa.Connection, site: str, things: Iterable[Reached]) -> _Apart:
        e = events.c
        found: dict[str, tuple[int, frozenset[str]]] = {}
        names = {one.subject for one in things if one.state is not None and one.state.held is not None}
        names |= {one.container for one in things if one.container is not None}
        for keys in in_chunks(names):
            query = sa.select(e.subject, e.event_ms, e.location, e.container).where(
                e.site == site, e.subject.in_(keys), e.action == "quarantine", e.outcome.in_(FOLDED)
            )
            # sorted here, for SQLite would rather read all of the site by time
            for subject, at_ms, *places in sorted(connection.execute(query), key=itemgetter(1)):
                found[subject] = at_ms, frozenset(filter(None, places))
        return cls(frozenset(quarantine_bins(connection, site)), found)

    def since_ms(self, subject: str, own: UnitState, one: Reached) -> int | None:
        """Since when something that is held back stands apart; None where it stands anywhere."""
        at_ms, places = self.scans.get(subject, (-1, frozenset[str]()))
        if at_ms >= 0 and (own.place_ms <= at_ms or places & {one.place, own.place}):
            return at_ms
        return own.place_ms if one.place in self.places else None
