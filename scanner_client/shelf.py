"""Where something is to be put away, from the handheld's own map: said before the bin is chosen, with no network."""

from __future__ import annotations

from collections import Counter

from scanner_client.judging import place_text
from scanner_client.site_map import SiteMap
from scanner_client.wording import say
from sync.identity import is_location, item_of
from sync.put_away import Bin, Suggestion, Why, suggest


class Shelf:
    """Suggests bins; what is read from the whole map is kept until the data change."""

    def __init__(self, site_map: SiteMap) -> None:
        self._site_map = site_map
        self._seen: str | None = None
        self._held: dict[str, int] | None = None
        self._suggested: dict[str, Suggestion | None] = {}

    def suggest(self, subject: str | None) -> Suggestion | None:
        """The bin for a unit, lot or product; None for a container, and where nothing speaks for any bin."""
        item = item_of(subject or "")
        cursor = self._site_map.cursor().cursor
        if cursor != self._seen:
            self._seen, self._held, self._suggested = cursor, None, {}
        if item is None:
            return None
        if item not in self._suggested:
            self._suggested[item] = self._look_up(item)
        return self._suggested[item]

    def _look_up(self, item: str) -> Suggestion | None:
        row = self._site_map.entry("item", item) or {}
        same = Counter(one.place for one in self._site_map.stored([item]) if one.place and is_location(one.place))
        home = row.get("zone")
        if same and not home:  # no need to look at every bin
            return suggest(same, home=None, bins=[Bin(key=place, zone=None, held=n) for place, n in same.items()])
        if self._held is None:
            self._held = self._site_map.held()
        zones = self._site_map.zones()
        bins = [Bin(key=place, zone=zone, held=self._held.get(place, 0)) for place, zone in zones.items()]
        return suggest(same, home=home, bins=bins)

    def text(self, subject: str | None) -> str:
        """The suggestion in words; empty without one."""
        found = self.suggest(subject)
        if found is None:
            return ""
        place = place_text(self._site_map, found.place)
        if found.why is Why.SAME_ITEM:
            return say("shelf.same_item", place=place)
        return say("shelf.empty", place=place) if found.why is Why.EMPTY else say("shelf.home_zone", place=place)

    def other(self, subject: str | None, location: str | None) -> str:
        """That another bin than the suggested one was taken, in words; empty where that is not so."""
        found = self.suggest(subject)
        if found is None or location in (None, found.place):
            return ""
        return say("shelf.other", place=place_text(self._site_map, found.place))
