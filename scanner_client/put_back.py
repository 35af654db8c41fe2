"""What is still to be put back, with no network: units that were picked or packed for orders that were cancelled."""

from __future__ import annotations

from dataclasses import dataclass

from scanner_client.handheld import Handheld
from scanner_client.judging import place_text, thing_text
from scanner_client.order_now import taken_for
from scanner_client.shelf import Shelf
from scanner_client.sighting import Told, Tone
from scanner_client.unit_now import known_now
from scanner_client.wording import say
from sync.identity import is_stock
from sync.unit import Status
from sync.walking import walking_order


@dataclass(frozen=True, slots=True, kw_only=True)
class Back:
    """One unit that goes back to the shelf."""

    unit: str
    order: str
    place: str | None
    """Where it stands: a location or a carton."""
    bin: str | None
    """Where it may go; None where this handheld's data name no bin."""


class PutBacks:
    """Makes the list anew whenever it is asked for."""

    def __init__(self, handheld: Handheld) -> None:
        self._handheld = handheld
        self._shelf = Shelf(handheld.site_map)
        self._made: tuple[tuple[object, ...], list[Back]] | None = None

    def of(self, number: str | None) -> list[Back]:
        """What was taken for this order, or for every cancelled one, and goes back; in walking order by bin."""
        handheld = self._handheld
        seen = (number, handheld.site_map.version, handheld.outbox.version)
        if self._made is None or self._made[0] != seen:
            self._made = (seen, self._make(number))
        return self._made[1]

    def _make(self, number: str | None) -> list[Back]:
        site_map = self._handheld.site_map
        orders = [o for o in site_map.orders().values() if o.cancelled and number in (None, o.number)]
        found = []
        for order in orders:
            for one in taken_for(self._handheld, order, "pick"):
                known = None if is_stock(one.subject) else known_now(self._handheld, one.subject)
                if known is None or known.status is Status.SHIPPED:
                    continue
                suggested = self._shelf.suggest(one.subject)
                found.append(
                    Back(
                        unit=one.subject,
                        order=order.number,
                        place=known.expected,
                        bin=suggested.place if suggested else None,
                    )
                )
        return sorted(found, key=lambda back: (back.bin is None, walking_order(self.bin_text(back)), back.unit))

    def bin_text(self, back: Back) -> str:
        """The bin as people call it."""
        return place_text(self._handheld.site_map, back.bin) if back.bin else say("back.no_bin")

    def words(self, back: Back) -> str:
        """One unit as a person reads it: which, of which order, and where it stands now."""
        site_map = self._handheld.site_map
        thing = thing_text(site_map, back.unit)
        if back.place is None:
            return say("back.unit", thing=thing, order=back.order)
        return say("back.unit_in", thing=thing, order=back.order, place=place_text(site_map, back.place))

    def told(self, found: list[Back]) -> list[Told]:
        """The list in words: how many, then a line for each unit, bin by bin."""
        if not found:
            return [Told(tone=Tone.INFO, text=say("back.none"))]
        lines = [say("picks.bin", place=self.bin_text(back)) + " " + self.words(back) for back in found]
        return [Told(tone=Tone.INFO, text=line) for line in (say("back.title", count=len(found)), *lines)]
