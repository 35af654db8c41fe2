"""Where pieces without units are taken from, so that they do not lie in two places: said, known, or asked for.

A unit says itself where it was. Of pieces somebody has to: with `--from` or `/from`, by the bin that was scanned
before, or by the only place that they can be from.
"""

from __future__ import annotations

from scanner_client.handheld import Handheld
from scanner_client.order_now import pieces_for
from scanner_client.pieces_now import pieces_in, pieces_of
from scanner_client.wording import say
from sync.actions import ACTIONS, Stock
from sync.event import ScanEvent
from sync.identity import is_stock, item_of


class Origins:
    """Of one session: what was asked for once is believed the second time."""

    def __init__(self, handheld: Handheld) -> None:
        self._handheld = handheld
        self._asked: tuple[str | None, str | None] | None = None

    def of(self, event: ScanEvent) -> tuple[str | None, str]:
        """The place that an event takes pieces from, and what to ask where that is not known; empty where nothing is.

        None for a place: from somebody's hands, or nobody knows of any.
        """
        what, subject = ACTIONS[event.action], event.subject or ""
        if what.stock is not Stock.MOVES or not is_stock(subject) or event.origin is not None:
            return event.origin, ""
        if self._in_hand(event) >= (event.quantity or 1):
            return None, ""
        return self._packed_from(event) if "container" in what.needs else self._moved_from(event)

    def _in_hand(self, event: ScanEvent) -> int:
        order = self._handheld.site_map.orders().get(event.document or "")
        return pieces_for(self._handheld, order).in_hand(event.subject or "") if order else 0

    def _packed_from(self, event: ScanEvent) -> tuple[str | None, str]:
        """Straight from the shelf: from the bin that was scanned before."""
        subject, place = event.subject or "", event.location
        known = event.document in self._handheld.site_map.orders()
        here = (pieces_in(self._handheld, place) or {}).get(subject, 0) if place else 0
        asked, self._asked = self._asked, (subject, place)
        if here > 0 or (asked is not None and asked[0] == subject and place is not None):
            self._asked = None
            return place, ""
        return None, say("scan.from_bin") if known else ""

    def _moved_from(self, event: ScanEvent) -> tuple[str | None, str]:
        """From the only place, outside the shelves first, that the records put them in."""
        subject, to = event.subject or "", (event.container, event.location)
        lying = [one for one in pieces_of(self._handheld, item_of(subject) or "") if one.subject == subject]
        places = [one for one in lying if one.place not in to and one.quantity > 0]
        waiting = [one for one in places if not one.shelved] or places
        if len(waiting) > 1:
            return None, say("scan.from_where")
        return (waiting[0].place if waiting else None), ""
