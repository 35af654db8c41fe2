"""A unit's history, and the fold of it into one state.

Facts are put in order by their time and name, those that were undone are left out, and each of the others is applied.
Containers are folded as units are: a carton has a place and a status too.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sync.actions import ACTIONS
from sync.event import EventName, ScanEvent, format_name, parse_name
from sync.identity import is_container
from sync.unchanging import unchanging
from sync.unit import IN_STOCK, Status, UnitState, carried, is_emptied, left_empty


@unchanging()
class Fact:
    """An event of a unit's history with its stored time.

    Histories are ordered by ``(event_ms, name, row, digest)``; `row` numbers the rows of an imported document
    behind the one event that imported them. A scan that the server states again stands where the scan itself would.
    """

    event_ms: int
    name: EventName
    row: int
    digest: bytes
    uncertainty_ms: int
    event: ScanEvent
    forked: bool = False
    received_ms: int | None = None
    """When the server had it: it happened no later, however uncertain its time is. None where nobody sent it."""

    @property
    def order(self) -> tuple[int, EventName, int, bytes]:
        return (self.event_ms, self.stands_for or self.name, self.row, self.digest)

    @property
    def stands_for(self) -> EventName | None:
        """The scan that the server states again with this fact: its label was read anew, or its line repaired."""
        about = self.event.about
        if about is None or self.name[0] or self.event.voids or not ACTIONS[self.event.action].roles:
            return None
        return parse_name(about)

    @property
    def is_scanned(self) -> bool:
        """Whether it is a handheld's word, or its scan as the server states it again; not the server's own."""
        return bool(self.name[0]) or self.stands_for is not None


def effective(history: Iterable[Fact]) -> list[Fact]:
    """The history in order, without the events that were undone.

    An undo that was itself undone undoes nothing; the latest word counts.
    """
    ordered = sorted(history, key=lambda f: f.order)
    undone = undone_names((format_name(f.name), f.event.voids) for f in ordered if f.event.voids)
    return [f for f in ordered if format_name(f.name) not in undone] if undone else ordered


def undone_names(voids: Iterable[tuple[str, str]]) -> set[str]:
    """Names of what was undone and stays so. It goes by names and not by clocks, which may be wrong.

    Args:
        voids: name of each undo, and of what it undoes; the order matters only where they go round in a ring.
    """
    by_target: dict[str, list[str]] = {}
    for name, target in voids:
        by_target.setdefault(target, []).append(name)
    undone: dict[str, bool] = {}
    waiting = list(by_target)
    while waiting:  # no recursion: a handheld may undo its undo as often as it likes
        name = waiting[-1]
        above = [void for void in by_target.get(name, ()) if void not in undone]
        if above and name not in undone:
            undone[name] = False  # undos that go round in a ring undo nothing
            waiting += above
        else:
            undone[name] = any(not undone[void] for void in by_target.get(name, ()))
            waiting.pop()
    return {target for target in by_target if undone[target]}


def is_claim(event: ScanEvent) -> bool:
    """Whether somebody had the thing before them and says where."""
    return bool(event.barcode or event.entry) and event.voids is None and bool(event.container or event.location)


def step(state: UnitState | None, fact: Fact, carrier: UnitState | None = None) -> UnitState:
    """The state after one more fact.

    Args:
        carrier: state of the container in `state.place` at the moment of the fact: what became of it is known by then.
    """
    own = state or UnitState()
    before = carried(own, carrier)
    event = fact.event
    after = ACTIONS[event.action].apply(before, event)
    if before is not own and _says_nothing_of_place(before, after):
        after = after._replace(**{name: getattr(own, name) for name in _FROM_THE_CARRIER})
        before = own
    if event.identifiers and event.action != "unlink":
        known = after.identifiers
        after = after._replace(identifiers=known + tuple(i for i in event.identifiers if i not in known))
    if is_claim(event) and after.observed:
        after = after._replace(
            seen_by=event.about or format_name(fact.name),  # what was read again was seen by who read it first
            seen_ms=fact.event_ms,
            seen_uncertainty_ms=fact.uncertainty_ms,
        )
    # a carton may be handed over again, with what went in since
    again = event.action == "ship" and is_container(event.subject or "")
    anew = after.status is not before.status or again
    awaited = after.status is Status.ANNOUNCED and before.status is not Status.ANNOUNCED
    put = after.place != before.place or awaited or _puts_it_there(before, event)
    return after._replace(
        status_ms=fact.event_ms if anew else before.status_ms,
        left_ms=_left_ms(before, event, fact.event_ms),
        turns=(*after.turns, -fact.event_ms) if _left_unscanned(before, event) else after.turns,
        stocked_ms=fact.event_ms if after.status in IN_STOCK and before.status not in IN_STOCK else before.stocked_ms,
        place_ms=fact.event_ms if put else before.place_ms,
        came_under=_came_under(before, after, event),
        received_ms=fact.event_ms if after.receipts > before.receipts else before.received_ms,
        returned_ms=_returned_ms(before, after, fact.event_ms),
        last_event=format_name(fact.name),
        last_ms=fact.event_ms,
        last_uncertainty_ms=fact.uncertainty_ms,
    )


def _left_unscanned(before: UnitState, event: ScanEvent) -> bool:
    return event.action == "announce" and left_empty(before, event.reason)


def _left_ms(before: UnitState, event: ScanEvent, at_ms: int) -> int:
    if event.action == "ship":
        return at_ms
    back = event.action == "parcel_back" or _left_unscanned(before, event)  # it came back with what was in it
    return before.emptied_ms if back else before.left_ms


def _returned_ms(before: UnitState, after: UnitState, at_ms: int) -> tuple[int, ...]:
    if after.returns == before.returns:
        return before.returned_ms
    return (*before.returned_ms, at_ms) if after.returns > before.returns else before.returned_ms[:-1]


_FROM_THE_CARRIER: Final = (
    "status", "status_ms", "stocked_ms", "place", "expected", "came_under", "received_ms", "left_ms",
)  # fmt: skip


def _says_nothing_of_place(before: UnitState, after: UnitState) -> bool:
    """Whether a fact leaves it to the container to say where the unit is: a further name, a row of a report."""
    names = ("status", "place", "expected", "observed", "receipts")
    return all(getattr(before, name) == getattr(after, name) for name in names)


def _puts_it_there(before: UnitState, event: ScanEvent) -> bool:
    """Whether the event itself says where the unit is; a refused pick only bears the scanner's place."""
    if event.location is None:
        return False
    return ACTIONS[event.action].apply(before._replace(place=None), event).place is not None


def _came_under(before: UnitState, after: UnitState, event: ScanEvent) -> str | None:
    if after.status not in IN_STOCK:
        return after.came_under  # a closed receipt takes it away again
    if after.emptied_ms > before.emptied_ms:
        return None  # what it came with is not in it any more
    if is_emptied(before):
        return event.document if event.action == "receive" else None
    if before.status not in IN_STOCK or after.receipts > before.receipts:
        brought = event.document if event.action == "receive" else before.came_under
        return after.announced_by or brought  # what a customer sends back came under the notice that first brought it
    if before.came_under is None and not before.observed:
        return None  # a stock list alone says that it is here: a notice that follows is of another delivery
    return before.came_under or after.announced_by  # it came without a paper, and the notice followed


def fold(history: Iterable[Fact]) -> UnitState | None:
    """The state that a history leads to; None where nothing of it is left."""
    state = None
    for fact in effective(history):
        state = step(state, fact)
    return state
