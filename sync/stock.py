"""Stock without units: how many of an item or lot are in a place.

The second fold, keyed by item or lot and by location or container.

**The rule.** Whatever puts pieces somewhere or takes them away (a movement) adds to a place or subtracts from it. What
is scanned in a count says nothing by itself: only the result of a closed count does, bin by bin, each for the interval
in which that bin was counted, widened by the clocks' uncertainty. It *replaces* what the movements before that interval
come to, and movements after it are added. Where pieces may have been put into the bin or taken from it within the
interval, nobody can tell whether they were counted: the result then says nothing of them, the movements stand as they
are, and the bin is to be looked at again. A stock list replaces in the same way, at the moment of its import.

So the balance is a function of what happened and when, never of the order in which one hears of it: a pick that arrives
after the close is before the interval, after it, or takes the result's word away.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, Protocol

from sync.actions import ACTIONS, Stock
from sync.event import ScanEvent
from sync.history import Fact, effective
from sync.identity import is_container
from sync.unit import GONE, IN_STOCK, UnitState

NOWHERE: Final = None
NUMBERED: Final = frozenset({"serial", "lpn", "made_to_order"})
"""Tracking modes of products whose units have a number of their own: what a supplier announces of them by quantity
comes in unit by unit, and is never stock without units."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """How many are in one place, and what the figure rests on."""

    quantity: int = 0
    """May fall below nought: more was taken than anyone had said was there."""
    announced: int = 0
    """In a container by its supplier's word: they are here once the container is, under the same notice (`here`)."""
    announced_by: str | None = None
    """That notice."""
    announced_ms: int = 0
    """When it said so last, Unix milliseconds."""
    stayed: int = 0
    """That were in a container, and stayed here when it left empty: they are in it no more, and nobody said where they
    are."""
    read: bool = False
    """Whether pieces of them were received one by one in this container: that replaces its supplier's word."""
    shelved: bool = False
    """Whether they may be picked here: pieces were put away here, or listed or counted here."""
    expiry: str | None = None
    """Of the lot, by the last word on it."""
    since_ms: int = 0
    """Since when there have been some without a break; 0 where there are none."""
    counted_in: str | None = None
    """The last count whose result holds."""
    counted_ms: int | None = None
    """Until when it took in this place."""
    last_ms: int = 0
    """When the last of what it rests on happened."""


Balances = dict[str, Balance]
"""Place -> balance, for one item or lot."""

Movement = Callable[[ScanEvent], Iterable[tuple[str | None, int]]]


class Turn(Protocol):
    """How containers parted from what was in them (`sync.unit.UnitState.turns`)."""

    def __call__(self, place: str, since_ms: int, at_ms: int, /, *, filled: bool = False) -> int:
        """The first time between two moments; 0 where it did not. `filled`: something is put into it now."""


def _arrives(event: ScanEvent) -> Iterable[tuple[str | None, int]]:
    return [(event.container or event.location, +1)]


def _moves(event: ScanEvent) -> Iterable[tuple[str | None, int]]:
    return [(event.origin, -1), (event.container or event.location, +1)]


def _taken(event: ScanEvent) -> Iterable[tuple[str | None, int]]:
    return [(event.origin or event.location, -1), (event.container, +1)]


def _taken_out(event: ScanEvent) -> Iterable[tuple[str | None, int]]:
    return [(event.origin or event.container, -1), (event.location, +1)]


def _leaves(event: ScanEvent) -> Iterable[tuple[str | None, int]]:
    return [(event.container or event.location, -1)]


_MOVEMENTS: Final[dict[Stock, Movement]] = {
    Stock.ARRIVES: _arrives,
    Stock.MOVES: _moves,
    Stock.TAKEN: _taken,
    Stock.TAKEN_OUT: _taken_out,
    Stock.LEAVES: _leaves,
}


def movements(event: ScanEvent) -> list[tuple[str, int]]:
    """The places that an event puts pieces into (more than 0) and takes them from (less); none for what only looks."""
    quantity = 1 if event.quantity is None else event.quantity
    signs = _MOVEMENTS.get(ACTIONS[event.action].stock)
    return [(place, sign * quantity) for place, sign in signs(event) if place is not NOWHERE] if signs else []


def never(_place: str, _since_ms: int, _at_ms: int, *, filled: bool = False) -> int:
    """No container has left."""
    return 0


def step(balances: Balances, fact: Fact, turn: Turn = never) -> Balances:
    """The balances after one more fact; a scan without a quantity is one piece.

    A count's result is taken as it stands: whether it holds is seen from the whole history (`fold`).
    """
    after = dict(balances)
    _take(after, fact, turn)
    return after


def _take(balances: Balances, fact: Fact, turn: Turn) -> None:
    event, kind = fact.event, ACTIONS[fact.event.action].stock
    known = next((balance.expiry for balance in balances.values()), None)  # one item or lot has one
    expiry = event.expiry or known

    def old(place: str, *, filled: bool = False) -> Balance:
        before = balances.get(place, Balance(expiry=expiry))
        return _without_left(before, lambda since_ms: turn(place, since_ms, fact.event_ms, filled=filled))

    for place, pieces in movements(event):
        before = _taken_from(old(place, filled=pieces > 0), -pieces)
        read = before.read or (kind is Stock.ARRIVES and event.container is not None)
        shelved = before.shelved or (kind is Stock.MOVES and pieces > 0)
        balances[place] = replace(_now(before, before.quantity + pieces, fact), read=read, shelved=shelved)
    stated = event.container or event.location
    if stated is not None and kind in (Stock.STATED, Stock.FOUND):
        quantity = 1 if event.quantity is None else event.quantity
        count = (event.document or "").rpartition("/")[0] if kind is Stock.FOUND else None
        until = fact.event_ms if kind is Stock.FOUND else None
        now = _now(replace(old(stated), stayed=0), quantity, fact)
        balances[stated] = replace(now, shelved=True, counted_in=count, counted_ms=until)
    if event.container is not None and kind is Stock.ANNOUNCED:
        before = old(event.container)
        announced = (event.quantity or 0) + (before.announced if before.announced_by == event.document else 0)
        balances[event.container] = replace(
            before, announced=announced, announced_by=event.document, announced_ms=fact.event_ms
        )
    if expiry != known:
        balances.update({place: replace(balance, expiry=expiry) for place, balance in balances.items()})


def _without_left(before: Balance, turn: Callable[[int], int]) -> Balance:
    """What is left of a container's balance: without what went with it, and what stayed here apart.

    Args:
        turn: how the container parted from what was put into it at a moment.
    """
    if before.announced_by is not None and (first := turn(before.announced_ms)):
        stayed = before.stayed + (before.announced if first < 0 and not before.read else 0)
        before = replace(before, announced=0, announced_by=None, announced_ms=0, stayed=stayed, read=False)
    if before.last_ms and (first := turn(before.last_ms)):
        stayed = before.stayed + (before.quantity if first < 0 else 0)
        before = Balance(
            announced=before.announced,
            announced_by=before.announced_by,
            announced_ms=before.announced_ms,
            stayed=stayed,
            expiry=before.expiry,
            since_ms=(before.since_ms or -first) if stayed > 0 else 0,
        )
    return before


def _taken_from(before: Balance, pieces: int) -> Balance:
    """With what a container lacks of so many pieces that are taken out of it, of those that stayed when it left."""
    lacking = pieces - before.quantity - (0 if before.read else before.announced)
    again = min(before.stayed, max(0, lacking))
    return replace(before, quantity=before.quantity + again, stayed=before.stayed - again) if again else before


def _now(before: Balance, quantity: int, fact: Fact) -> Balance:
    since = 0 if quantity + before.stayed <= 0 else before.since_ms or fact.event_ms
    return replace(before, quantity=quantity, since_ms=since, last_ms=max(before.last_ms, fact.event_ms))


def fold(history: Iterable[Fact], turn: Turn = never) -> Balances:
    """All balances of one item or lot, from its whole history."""
    facts = effective(history)
    moved: dict[str | None, list[Fact]] = defaultdict(list)
    for fact in facts:
        for place, _ in movements(fact.event):
            moved[place].append(fact)
    balances: Balances = {}
    for fact in facts:
        found = ACTIONS[fact.event.action].stock is Stock.FOUND
        if not (found and any(is_within(other, fact) for other in moved[fact.event.location])):
            _take(balances, fact, turn)
    return balances


class Here(NamedTuple):
    """How many pieces of a balance are here by now."""

    pieces: int
    inferred: int = 0
    """Of these, by their container's label alone."""
    apart: int = 0
    """Of these, in the container no more: it left without them."""


def here(balance: Balance, place: str, carrier: UnitState | None) -> Here:
    """How many are here by now.

    Args:
        place: where the balance is.
        carrier: state of the container, itself as what it stands in has it; None for a bin, or where nothing is known.
    """
    if not is_container(place):
        return Here(balance.quantity)
    if carrier is None:
        return Here(balance.quantity + balance.stayed, apart=balance.stayed)
    came = carrier.status in IN_STOCK and carrier.came_under == balance.announced_by
    turn = carrier.turn_after(balance.announced_ms)
    inferred = balance.announced if (turn < 0 or (turn == 0 and came)) and not balance.read else 0
    apart = balance.stayed + (inferred if turn < 0 else 0)
    turn = carrier.turn_after(balance.last_ms - 1)
    gone = turn > 0 or (turn == 0 and carrier.status in GONE and carrier.status_ms >= balance.last_ms)
    moved = 0 if gone else balance.quantity
    return Here(balance.stayed + inferred + moved, inferred, apart + (moved if turn < 0 else 0))


def is_within(movement: Fact, result: Fact) -> bool:
    """Whether a movement may have happened while a bin was counted.

    Args:
        result: of a closed count; `event_ms` is the end of the bin's interval, `uncertainty_ms` how long it took.
    """
    began_ms = result.event_ms - result.uncertainty_ms
    return may_lie_in(movement, began_ms, result.event_ms)


def may_lie_in(fact: Fact, from_ms: int, to_ms: int) -> bool:
    """Whether a fact may have happened between two moments, by what its clock is good for."""
    return fact.event_ms + fact.uncertainty_ms >= from_ms and fact.event_ms - fact.uncertainty_ms <= to_ms
