"""Where pieces without units are taken from, so that they do not lie in two places: said, known, or asked for.

A unit says itself where it was. Of pieces somebody has to: with `--from` or `/from`, by the bin that was scanned
before, or by the only place that they can be from.
"""

from __future__ import annotations

from typing import Final

from scanner_client.handheld import Handheld
from scanner_client.order_now import pieces_for
from scanner_client.pieces_map import Lying
from scanner_client.pieces_now import pieces_of
from scanner_client.wording import say
from sync.actions import ACTIONS, Stock
from sync.event import ScanEvent
from sync.identity import is_container, is_stock, item_of

IMPLICIT: Final = "implicit"
"""Mode of products whose units bear no label of their own: their container is their trace."""


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
        if not is_stock(subject) or event.origin is not None:
            return event.origin, ""
        if what.stock is Stock.TAKEN:
            return self._taken_from(event)
        if what.stock is not Stock.MOVES:
            return None, ""
        lies_about = any(one.place == event.location and not one.shelved for one in self._lying(event))
        if self._in_hand(event) >= (event.quantity or 1) and not lies_about:
            return None, ""
        return self._packed_from(event) if "container" in what.needs else self._moved_from(event)

    def _lying(self, event: ScanEvent) -> list[Lying]:
        """Where there are some of what was scanned."""
        lying = pieces_of(self._handheld, item_of(event.subject or "") or "")
        return [one for one in lying if one.subject == event.subject and one.quantity > 0]

    def _in_hand(self, event: ScanEvent) -> int:
        order = self._handheld.site_map.orders().get(event.document or "")
        return pieces_for(self._handheld, order).in_hand(event.subject or "") if order else 0

    def _taken_from(self, event: ScanEvent) -> tuple[str | None, str]:
        """What is traced by its container comes out of one: out of the only one that stands in the bin and holds it."""
        row = self._handheld.site_map.entry("item", item_of(event.subject or "") or "")
        if not row or row.get("mode") != IMPLICIT or event.location is None:
            return None, ""
        where = self._handheld.site_map.location_of
        held = [one.place for one in self._lying(event) if is_container(one.place)]
        cartons = [place for place in held if where(place) == event.location]
        if len(cartons) > 1:
            return None, say("scan.from_carton")
        return next(iter(cartons), None), ""

    def _packed_from(self, event: ScanEvent) -> tuple[str | None, str]:
        """Straight from the shelf: from the bin that was scanned before.

        Who scans them again had them in hand: another handheld picked them, which this one has not heard of.
        """
        subject, place = event.subject or "", event.location
        known = event.document in self._handheld.site_map.orders()
        asked, self._asked = self._asked, None
        if any(one.place == place for one in self._lying(event)):
            return place, ""
        if not known:
            return None, ""
        if asked is not None and asked[0] == subject:
            return (place if place != asked[1] else None), ""
        self._asked = (subject, place)
        return None, say("scan.from_bin")

    def _moved_from(self, event: ScanEvent) -> tuple[str | None, str]:
        """From the only place, outside the shelves first, that the records put them in."""
        places = [one for one in self._lying(event) if one.place not in (event.container, event.location)]
        waiting = [one for one in places if not one.shelved] or places
        if len(waiting) > 1:
            return None, say("scan.from_where")
        return (waiting[0].place if waiting else None), ""
