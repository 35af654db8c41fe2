"""How many pieces of what has no units lie where: what the map says, and what was scanned here since."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from scanner_client.handheld import Handheld
from scanner_client.pieces_map import Lying, Move, moved
from sync.actions import ACTIONS, Stock
from sync.event import ScanEvent
from sync.identity import is_stock, item_of
from sync.stock import movements


def pieces_of(handheld: Handheld, item: str) -> list[Lying]:
    """Where a product and its lots lie now; fewer than nought where more was taken than was known."""
    own = (move for move in moves_of(handheld.own_scans.all()) if item_of(move.subject) == item)
    return moved(handheld.site_map.pieces.of(item), own)


def pieces_in(handheld: Handheld, place: str) -> dict[str, int] | None:
    """How many of each product or lot lie in a bin or container now, those in cartons that stand there included.

    None where nothing may be told of it: the bin is counted blind.
    """
    site_map = handheld.site_map
    if site_map.pieces.is_hidden(place):
        return None
    moves = moves_of(handheld.own_scans.all())
    own = (move for move in moves if place in (move.place, site_map.location_of(move.place)))
    found: dict[str, int] = {}
    for one in moved(site_map.pieces.inside(place), own):
        found[one.subject] = found.get(one.subject, 0) + one.quantity
    return {subject: quantity for subject, quantity in found.items() if quantity}


def moves_of(events: Iterable[ScanEvent]) -> Iterator[Move]:
    """What these scans put somewhere, or took away."""
    for event in events:
        if event.subject and is_stock(event.subject):
            shelves = ACTIONS[event.action].stock is Stock.MOVES
            yield from (Move(event.subject, place, n, shelves and n > 0) for place, n in movements(event))
