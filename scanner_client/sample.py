"""A carton that is being received: how many of its units must be read one by one, and how many were.

The rule comes with the reference data, and what was read from there and from this handheld's own queue: so it is told
with no network, and two handhelds that share a carton each know of the other's scans once both have synced.
"""

from __future__ import annotations

from scanner_client.outbox import Outbox
from scanner_client.site_map import SiteMap
from scanner_client.wording import say
from sync.actions import ACTIONS, Compare
from sync.event import ScanEvent, format_name
from sync.identity import is_container
from sync.sampling import NO_SAMPLE, SITE_WIDE, Sampling


class Sample:
    """Of the carton in hand; what the map says of it is looked up anew only when the data change."""

    def __init__(self, site_map: SiteMap, outbox: Outbox) -> None:
        self._site_map = site_map
        self._outbox = outbox
        self._looked_up: tuple[str, str | None] | None = None
        self._inside: dict[str, bool] = {}

    def text(self, event: ScanEvent) -> str:
        """What a scan that was kept leads to, such as "3 of 5 to read one by one"; empty where nothing is asked."""
        subject = event.subject or ""
        carton = subject if is_container(subject) else event.container
        if ACTIONS[event.action].compare is not Compare.ANNOUNCED or carton is None:
            return ""
        inside = self._contents(carton)
        asked = self.rule(event.document).asked(len(inside))
        if not asked:
            return ""
        read = len({unit for unit, came in inside.items() if came} | (self._own(carton) & inside.keys()))
        return say("sample.more", read=read, asked=asked) if read < asked else say("sample.enough", asked=asked)

    def rule(self, document: str | None) -> Sampling:
        """The rule of the document's supplier, else of the site."""
        row = self._site_map.entry("document", document) if document else None
        supplier = str((row or {}).get("supplier") or SITE_WIDE)
        found = self._site_map.entry("sampling", supplier) or self._site_map.entry("sampling", SITE_WIDE)
        return Sampling.from_row(found) if found else NO_SAMPLE

    def _contents(self, carton: str) -> dict[str, bool]:
        now = (carton, self._site_map.cursor().cursor)
        if self._looked_up != now:
            self._looked_up, self._inside = now, self._site_map.contents(carton)
        return self._inside

    def _own(self, carton: str) -> set[str]:
        """Units of which this queue holds a scan in the carton, each by a symbol of its own."""
        events = self._outbox.naming(carton)
        undone = {event.voids for event in events if event.voids}
        symbols: dict[bytes, set[str]] = {}
        for event in events:
            counts = event.action == "receive" and event.container == carton and event.subject
            if counts and event.subject and format_name(event.name) not in undone:
                symbols.setdefault(event.barcode or event.subject.encode(), set()).add(event.subject)
        return {unit for units in symbols.values() if len(units) == 1 for unit in units}
