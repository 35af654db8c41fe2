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
from typing import Final

from sync.actions import ACTIONS, Stock
from sync.event import ScanEvent
from sync.history import Fact, effective
from sync.identity import is_container
from sync.unit import GONE, IN_STOCK, LEFT_EMPTY, UnitState

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
Emptied = Callable[[str, int, int], bool]
"""Whether a container left with what was in it between two moments: it is filled anew then."""


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


def never(_place: str, _since_ms: int, _at_ms: int) -> bool:
    """No container has left."""
    return False


def step(balances: Balances, fact: Fact, emptied: Emptied = never) -> Balances:
    """The balances after one more fact; a scan without a quantity is one piece.

    A count's result is taken as it stands: whether it holds is seen from the whole history (`fold`).
    """
    after = dict(balances)
    _take(after, fact, emptied)
    return after


def _take(balances: Balances, fact: Fact, emptied: Emptied) -> None:
    event, kind = fact.event, ACTIONS[fact.event.action].stock
    known = next((balance.expiry for balance in balances.values()), None)  # one item or lot has one
    expiry = event.expiry or known

    def old(place: str) -> Balance:
        before = balances.get(place, Balance(expiry=expiry))
        left = bool(before.last_ms) and emptied(place, before.last_ms, fact.event_ms)
        return Balance(expiry=before.expiry) if left else before

    for place, pieces in movements(event):
        before = old(place)
        read = before.read or (kind is Stock.ARRIVES and event.container is not None)
        shelved = before.shelved or (kind is Stock.MOVES and pieces > 0)
        balances[place] = replace(_now(before, before.quantity + pieces, fact), read=read, shelved=shelved)
    stated = event.container or event.location
    if stated is not None and kind in (Stock.STATED, Stock.FOUND):
        quantity = 1 if event.quantity is None else event.quantity
        count = (event.document or "").rpartition("/")[0] if kind is Stock.FOUND else None
        until = fact.event_ms if kind is Stock.FOUND else None
        now = _now(old(stated), quantity, fact)
        balances[stated] = replace(now, shelved=True, counted_in=count, counted_ms=until)
    if event.container is not None and kind is Stock.ANNOUNCED:
        before = old(event.container)
        if event.reason == LEFT_EMPTY and before.announced_by not in (None, event.document):
            before = _stayed(before, fact)
        more = before.announced if before.announced_by == event.document else 0
        balances[event.container] = replace(before, announced=more + (event.quantity or 0), announced_by=event.document)
    if expiry != known:
        balances.update({place: replace(balance, expiry=expiry) for place, balance in balances.items()})


def _stayed(before: Balance, fact: Fact) -> Balance:
    """What came in a container that left empty, by nobody's scan: so many of them as nobody took out are here."""
    here = before.quantity + (0 if before.read else before.announced)
    return replace(_now(before, here, fact), announced=0, announced_by=None, read=False)


def _now(before: Balance, quantity: int, fact: Fact) -> Balance:
    since = 0 if quantity <= 0 else before.since_ms or fact.event_ms
    return replace(before, quantity=quantity, since_ms=since, last_ms=max(before.last_ms, fact.event_ms))


def fold(history: Iterable[Fact], emptied: Emptied = never) -> Balances:
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
            _take(balances, fact, emptied)
    return balances


def here(balance: Balance, place: str, carrier: UnitState | None) -> tuple[int, int]:
    """How many are here by now, and how many of them by their container's label alone.

    Args:
        place: where the balance is.
        carrier: state of the container, itself as what it stands in has it; None for a bin, or where nothing is known.
    """
    if not is_container(place):
        return balance.quantity, 0
    if carrier is None:
        return balance.quantity, 0
    if carrier.status in GONE and carrier.status_ms >= balance.last_ms:
        return 0, 0
    came = carrier.status in IN_STOCK and carrier.came_under == balance.announced_by
    inferred = balance.announced if (came or _has_stayed(balance, carrier)) and not balance.read else 0
    gone = 0 < carrier.emptied_ms >= balance.last_ms
    return inferred + (0 if gone else balance.quantity), inferred


def _has_stayed(balance: Balance, carrier: UnitState) -> bool:
    """Whether they came in a container that left empty since, by nobody's scan, and that brings none of them now."""
    brings = {None, carrier.announced_by, carrier.came_under if carrier.status in IN_STOCK else None}
    return carrier.unloaded_ms > carrier.emptied_ms and balance.announced_by not in brings


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
