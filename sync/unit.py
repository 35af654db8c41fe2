"""What is known of one unit or container."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from itertools import groupby
from typing import Any, Final, NamedTuple


class Status(StrEnum):
    """Where a unit stands between the supplier and the customer."""

    SEEN = "seen"
    """Scanned, but nothing says that it is ours."""
    ANNOUNCED = "announced"
    """A supplier says that it is on its way."""
    RECEIVED = "received"
    STORED = "stored"
    PICKED = "picked"
    PACKED = "packed"
    SHIPPED = "shipped"
    RETURNED = "returned"
    """A customer sent it back, and nobody has said yet what becomes of it: it is here, and goes to nobody."""
    IN_REPAIR = "in_repair"
    """A customer's, here to be repaired: no stock of ours."""
    LENT = "lent"
    """Ours, and with a customer whose own is being repaired."""
    MISSING = "missing"
    """Written off: after a count, or for a recall."""
    DISPOSED = "disposed"
    """It left for good: to its vendor, or scrapped."""
    MERGED = "merged"
    """One piece among others: since a change of mode its product is only counted."""


IN_STOCK: Final = frozenset({Status.RECEIVED, Status.STORED, Status.PICKED, Status.PACKED, Status.RETURNED})
MERGED_FROM: Final = frozenset({Status.RECEIVED, Status.STORED})
"""Where a unit may become a piece among others. What an order has, or what came back and nobody has decided on, keeps
its number; so does what is held back or recalled, or it would be one of many that may go out."""


NOT_TOLD: Final = "?"
"""Stands for the places of a unit in what a handheld is sent while the unit's bin is counted blind."""


LEFT_EMPTY: Final = "left_empty"
"""Reason of an announcement: the container was here by all that is known, and must have left empty, for it is sent here
once more. Nobody scans an empty tote out."""


class UnitState(NamedTuple):
    """What is known of one unit or container, folded from its history.

    A named tuple, for a fold makes several of them a fact: `_replace` takes a seventh of the time that
    `dataclasses.replace` takes of so many fields, and two are compared in C.
    """

    status: Status = Status.SEEN
    status_ms: int = 0
    """Since when, Unix milliseconds: what is in a container goes by what became of that since it went in."""
    lot: str | None = None
    expiry: str | None = None
    place: str | None = None
    """Where the last evidence puts it: a location, or the container that it is in."""
    place_ms: int = 0
    """Since when, Unix milliseconds: a container's later moves count from here."""
    observed: bool = False
    """Whether a scan of the unit itself puts it there, or only a document does."""
    expected: str | None = None
    """Where the records say that it belongs: a location or a container."""
    announced_in: str | None = None
    announced_by: str | None = None
    came_under: str | None = None
    """The notice with which it last came in, or else the document it was received under."""
    document: str | None = None
    """The document of its last movement."""
    condition: str | None = None
    held: str | None = None
    """Why quality holds it back: it is quarantined, wherever it stands. None where it may go out."""
    closed: bool = False
    """Of a carton: packed and sealed for its order."""
    left_ms: int = 0
    """When it was last handed over with what was in it, Unix milliseconds; 0 where never, or it came back unopened."""
    turns: tuple[int, ...] = ()
    """Of a container: when it parted from what was in it by then, Unix milliseconds, ascending by their amount. Above
    nought that left with it and is elsewhere for good, wherever the container goes; below nought that stayed here, for
    it left empty by nobody's scan (`LEFT_EMPTY`). A handheld is told of the last alone of those of one kind in a row
    (`last_of_each_run`), by which everything in it goes as well."""
    stocked_ms: int = 0
    """Since when it has been in stock without a break, Unix milliseconds; 0 where it never was."""
    counted_in: str | None = None
    """The count that saw it last."""
    identifiers: tuple[str, ...] = ()
    receipts: int = 0
    """How often it was received."""
    received_ms: int = 0
    """When it last came in from a supplier, Unix milliseconds; 0 where nobody saw that."""
    sold_on: str | None = None
    """The order that it was last shipped for before it came back, and below when it left, Unix milliseconds."""
    sold_ms: int = 0
    returns: int = 0
    """How often a customer sent it back after it was sold; a return that was rejected is none."""
    returned_for: tuple[str, ...] = ()
    """Why, each time: words of ``sync.returning.REASONS``, the latest last; and when, below, Unix milliseconds."""
    returned_ms: tuple[int, ...] = ()
    matched: str | None = None
    """How the numbers read since it came back compare with what is known of it (`sync.returning.Match`)."""
    seal: str | None = None
    pictured: bool = False
    """Whether a picture was taken since it came back."""
    doubts: tuple[str, ...] = ()
    """What spoke against it when it came back (`sync.returning.Because`), by its own history alone."""
    disposal: str | None = None
    """What was last decided about it after it came back: the name of the action."""
    from_loan: bool = False
    """Whether it last came back from a loan of ours, and not from who had bought it."""
    serviced: bool = False
    """Whether the warranty desk ever said anything of it: a repair, a replacement, another owner."""
    seen_by: str | None = None
    """The scan that last saw it somewhere, and below when: another handheld's claim is held against it."""
    seen_ms: int = 0
    seen_uncertainty_ms: int = 0
    last_event: str | None = None
    last_ms: int = 0
    last_uncertainty_ms: int = 0

    @property
    def emptied_ms(self) -> int:
        """When a container last left with what is elsewhere for good, Unix milliseconds; 0 where it never did."""
        return max(0, *self.turns) if self.turns else 0

    def turn_after(self, at_ms: int) -> int:
        """How a container parted from what was put into it at a moment: the first of its `turns` since, or 0."""
        return next((turn for turn in self.turns if abs(turn) > at_ms), 0)


def last_of_each_run(turns: Iterable[int]) -> list[int]:
    """Of a container's turns, the last alone of those of one kind in a row: what lies in it goes by these as well.

    A tote that always leaves by a scan has one.

    >>> last_of_each_run((20, -40, -55, 60))
    [20, -55, 60]
    """
    return [max(run, key=abs) for _, run in groupby(turns, key=lambda turn: turn > 0)]


_AT: Final = {name: at for at, name in enumerate(UnitState._fields)}


def _replace(state: UnitState, /, **changes: Any) -> UnitState:
    """The state with these fields changed, as any `NamedTuple` has it.

    Every fold does it some four times a fact; the general one, which takes each field from a dictionary, takes twice
    as long.
    """
    values = list(state)
    for name, value in changes.items():
        values[_AT[name]] = value
    return tuple.__new__(UnitState, values)


UnitState._replace = _replace  # type: ignore[assignment]  # the checker keeps the names and types of the fields

_AHEAD: Final = {
    Status.RECEIVED: 0,
    Status.RETURNED: 0,
    Status.STORED: 1,
    Status.PICKED: 2,
    Status.PACKED: 3,
    Status.SHIPPED: 4,
    Status.MISSING: 4,
    Status.DISPOSED: 4,
}
"""How far a container has come that takes what is in it along."""
GONE: Final = frozenset({Status.SHIPPED, Status.MISSING, Status.DISPOSED})


def carried(state: UnitState, carrier: UnitState | None) -> UnitState:
    """The unit's state as its container has it: what became of the container since became of the unit too.

    A unit that was only announced in a container came in when the container did, under the same notice: it is
    *inferred* to be there. One that was put into it is wherever the container has got since; but where that was emptied
    elsewhere, the unit stayed there, and where it left here empty, the unit stayed here.

    Args:
        state: folded from the unit's own history.
        carrier: state of the container in `state.place` at that moment, itself carried by what it stands in; None
            where the unit is in no container, or nothing is known of it.
    """
    if carrier is None:
        return state
    turn = carrier.turn_after(state.place_ms) if carrier.turns else 0
    if turn < 0:
        return _stayed(state, -turn) if state.status is Status.ANNOUNCED else state
    if turn > 0 and (state.status in IN_STOCK or state.status is Status.ANNOUNCED):
        return _left_for_good(state, turn)
    if carrier.status not in _AHEAD:
        return state
    if state.status is Status.ANNOUNCED:
        came = carrier.came_under is not None and carrier.came_under == state.announced_by
        return _along(_came_with(state, carrier), carrier) if came else state
    if state.status not in IN_STOCK or (state.status is Status.RETURNED and carrier.status not in GONE):
        return state  # what came back is released one by one, whatever becomes of the tote that it lies in
    ahead = _AHEAD[carrier.status] > _AHEAD[state.status]
    since = carrier.status_ms > state.place_ms
    into_the_shelf = (state.status, carrier.status) == (Status.RECEIVED, Status.STORED)
    came_back = carrier.status is Status.RETURNED and since
    return _along(state, carrier) if (ahead and (since or into_the_shelf)) or came_back else state


def _came_with(state: UnitState, carrier: UnitState) -> UnitState:
    return state._replace(expected=state.place, came_under=carrier.came_under, received_ms=carrier.received_ms)


def _stayed(state: UnitState, since_ms: int) -> UnitState:
    return state._replace(
        status=Status.RECEIVED,
        status_ms=since_ms,
        stocked_ms=since_ms,
        expected=state.place,
        came_under=state.announced_by,
        received_ms=since_ms,
    )


def _left_for_good(state: UnitState, at_ms: int) -> UnitState:
    announced = state.status is Status.ANNOUNCED  # it came in with its container, or it could not have left with that
    return state._replace(
        status=Status.SHIPPED,
        status_ms=at_ms,
        place=None,
        expected=None,
        came_under=state.announced_by if announced else state.came_under,
        left_ms=at_ms,
    )


def _along(state: UnitState, carrier: UnitState) -> UnitState:
    gone = carrier.status in GONE
    comes_in = carrier.status in IN_STOCK and state.status not in IN_STOCK
    return state._replace(
        status=carrier.status,
        status_ms=carrier.status_ms,
        stocked_ms=carrier.stocked_ms if comes_in else state.stocked_ms,
        left_ms=carrier.left_ms if carrier.status is Status.SHIPPED else state.left_ms,
        place=None if gone else state.place,
        expected=None if gone else state.expected,
    )


def left_empty(state: UnitState, reason: str | None) -> bool:
    """Whether an announcement with this reason says of a container that it is here no more (`LEFT_EMPTY`)."""
    return reason == LEFT_EMPTY and state.status in IN_STOCK


def is_emptied(state: UnitState) -> bool:
    """Whether a container left and is awaited back empty: it may be scanned here again, and filled anew."""
    return state.status is Status.SHIPPED and 0 < state.status_ms <= state.emptied_ms


def emptied(state: UnitState) -> UnitState:
    """A container's state once it is known that what it left with is elsewhere for good."""
    if state.left_ms <= state.emptied_ms:
        return state
    return state._replace(
        turns=(*state.turns, state.left_ms),
        announced_in=None,
        announced_by=None,  # what was announced in it is not in it any more
        closed=state.closed and state.status is Status.PACKED,
    )


def is_inferred(own: UnitState, now: UnitState) -> bool:
    """Whether only its container says that the unit is here; `now` is `own` as its container has it."""
    return own.status is Status.ANNOUNCED and now.status in IN_STOCK


def came_with_its_carton(state: UnitState) -> bool:
    """Whether it is here by the word of its notice and its container's scan alone."""
    by_notice = state.came_under is not None and state.came_under == state.announced_by
    return by_notice and state.receipts == 0 and not state.observed
