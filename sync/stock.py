"""Stock without units: how many of an item or lot are in a place.

The second fold, keyed by item or lot and by location or container: signed movements between absolute counts.
What left a place before it was counted there does not change what was counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

from sync.actions import ACTIONS, Stock
from sync.event import ScanEvent
from sync.history import Fact, effective

NOWHERE: Final = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """How many are in one place, and what the figure rests on."""

    quantity: int = 0
    """May fall below nought: more was taken than anyone had said was there."""
    counted_in: str | None = None
    """The count whose scans are being summed."""
    tally: tuple[tuple[int, str, int], ...] = ()
    """What each handheld has counted here: its number, the scan that opened the bin, and the sum since."""
    counted_ms: int | None = None
    """When its first scan of this place was made."""
    last_ms: int = 0


Balances = dict[str, Balance]
"""Place -> balance, for one item or lot."""

Movement = Callable[[ScanEvent], Iterable[tuple[str | None, int]]]


def _arrives(event: ScanEvent) -> Iterable[tuple[str | None, int]]:
    return [(event.container or event.location, +1)]


def _moves(event: ScanEvent) -> Iterable[tuple[str | None, int]]:
    return [(event.origin, -1), (event.container or event.location, +1)]


def _taken(event: ScanEvent) -> Iterable[tuple[str | None, int]]:
    return [(event.origin or event.location, -1), (event.container, +1)]


def _leaves(event: ScanEvent) -> Iterable[tuple[str | None, int]]:
    return [(event.container or event.location, -1)]


_MOVEMENTS: Final[dict[Stock, Movement]] = {
    Stock.ARRIVES: _arrives,
    Stock.MOVES: _moves,
    Stock.TAKEN: _taken,
    Stock.LEAVES: _leaves,
}


def step(balances: Balances, fact: Fact) -> Balances:
    """The balances after one more fact; a scan without a quantity is one piece."""
    event = fact.event
    kind = ACTIONS[event.action].stock
    quantity = 1 if event.quantity is None else event.quantity
    after = dict(balances)
    if kind in (Stock.COUNTED, Stock.STATED):
        place = event.container or event.location
        if place is not None:
            after[place] = _count(after.get(place, Balance()), fact, quantity)
    elif kind in _MOVEMENTS:
        for place, sign in _MOVEMENTS[kind](event):
            if place is not NOWHERE:
                old = after.get(place, Balance())
                after[place] = replace(old, quantity=old.quantity + sign * quantity, last_ms=fact.event_ms)
    return after


def _count(old: Balance, fact: Fact, quantity: int) -> Balance:
    """Scans of one count add up; the first of them replaces what was thought to be there.

    A handheld that opens the bin anew (it was switched off in the middle, say) begins its own sum anew.
    """
    event = fact.event
    if event.document is None or event.document != old.counted_in:
        return Balance(
            quantity=quantity,
            counted_in=event.document,
            tally=((event.device_no, event.opening or "", quantity),),
            counted_ms=fact.event_ms,
            last_ms=fact.event_ms,
        )
    sums = {device: (opening, total) for device, opening, total in old.tally}
    opening, total = sums.get(event.device_no, (event.opening or "", 0))
    mine = event.opening or opening  # a scan that names no opening belongs to the one that is under way
    sums[event.device_no] = (mine, total + quantity if opening == mine else quantity)
    return replace(
        old,
        quantity=old.quantity - total + sums[event.device_no][1],
        tally=tuple((device, *pair) for device, pair in sorted(sums.items())),
        last_ms=fact.event_ms,
    )


def fold(history: Iterable[Fact]) -> Balances:
    """All balances of one item or lot, from its whole history."""
    balances: Balances = {}
    for fact in effective(history):
        balances = step(balances, fact)
    return balances
