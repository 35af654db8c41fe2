"""A carton that is scanned into itself: by another of its labels, or into something that stands in it."""

from __future__ import annotations

from scanner_client.judging import place_text
from scanner_client.map_rows import NESTING_MAX
from scanner_client.site_map import SiteMap
from scanner_client.wording import say
from sync.event import ScanEvent


def into_itself(site_map: SiteMap, event: ScanEvent) -> str | None:
    """Why this cannot be in the container that the scan names, in a sentence; None where it can."""
    if event.container is None or event.subject is None:
        return None
    thing, at = _own_name(site_map, event.subject), _own_name(site_map, event.container)
    if thing == at:
        return say("scan.into_itself", carton=place_text(site_map, thing))
    for _ in range(NESTING_MAX):
        found = site_map.find(at)
        if found is None or found.place is None:
            break
        at = found.place
        if at == thing:
            inner, outer = place_text(site_map, event.container), place_text(site_map, thing)
            return say("scan.into_its_contents", carton=outer, inner=inner)
    return None


def _own_name(site_map: SiteMap, key: str) -> str:
    found = site_map.find(key)
    return found.key if found else key
