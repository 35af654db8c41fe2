"""Text that stands alone: a serial number that was asked for, one of our own product codes, or nothing yet."""

from __future__ import annotations

from dataclasses import replace

from scanner_client.sighting import Symbol
from scanner_client.site_map import SiteMap
from sync.identity import Kind, own_item_key
from sync.labels import Label, Refusal, SiteCodes, parse_all
from sync.labels.serial import awaited_serial


def labels_of(symbol: Symbol, codes: SiteCodes, site_map: SiteMap, *, awaited: bool) -> tuple[Label | Refusal, ...]:
    """Every label that a symbol lists; `awaited` where a person was asked for a serial number and typed this."""
    listed = parse_all(symbol.data, symbol.symbology, codes)
    unknown = all(isinstance(label, Refusal) and label.format is None for label in listed)
    if awaited and unknown and symbol.symbology is None:
        serial = awaited_serial(symbol.data.decode("latin-1"), codes)
        return (serial,) if serial else listed
    if awaited or len(listed) > 1:
        return listed
    return tuple(_own_product(label, codes, site_map) for label in listed)


def _own_product(label: Label | Refusal, codes: SiteCodes, site_map: SiteMap) -> Label | Refusal:
    """A text that is one of our own product codes, without the prefix of its label, is that product."""
    if isinstance(label, Refusal) or label.kind is not Kind.SERIAL or not label.serial:
        return label
    item = own_item_key(codes.domain, label.serial)
    if site_map.entry("item", item) is None:
        return label
    return replace(label, kind=Kind.ITEM, key=item, item=item, serial=None)
