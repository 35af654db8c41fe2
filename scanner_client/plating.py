"""A piece that becomes a unit: its new plate is the serial number, and the change of mode in hand says the product."""

from __future__ import annotations

from dataclasses import replace

from scanner_client import judging
from scanner_client.site_map import SiteMap
from sync.identity import Kind, split_key
from sync.labels.box import Box, plated

TELL_APART = "tell_apart"


def told_apart(box: Box, site_map: SiteMap, number: str | None, place: str | None) -> Box:
    """The unit that these labels make of a piece; of its lot too, where only one lies in this bin or carton."""
    if box.key is None:
        return box
    items = judging.document_items(site_map, number)
    box = plated(box, items[0] if len(items) == 1 else None)
    if box.key is None or split_key(box.key).kind is not Kind.UNIT or box.lot:
        return box
    lots = _lots(site_map, number, place)
    return replace(box, lot=lots.pop()) if len(lots) == 1 else box


def _lots(site_map: SiteMap, number: str | None, place: str | None) -> set[str]:
    """The lots whose pieces lie here by the document."""
    row = site_map.entry("document", number) if number else None
    lines = (row or {}).get("lines") or []
    return {line["lot"] for line in lines if line.get("lot") and line.get("location") == place}
