"""Text that stands alone: a serial number that was asked for, one of our own product codes, or nothing yet.

A text of which only the document in hand says whose serial number it would be is believed where it looks like one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from scanner_client.sighting import Symbol
from scanner_client.site_map import SiteMap
from sync.identity import Kind, own_item_key, unit_key
from sync.labels import Label, Refusal, SiteCodes, parse_all
from sync.labels.serial import awaited_serial
from sync.stock import NUMBERED

ALIKE_MIN: Final = 5
"""So many serial numbers of a product say what the others look like; fewer may be alike by chance."""
_PLAIN: Final = re.compile(r"(?=.*\d)[A-Za-z0-9][A-Za-z0-9./_-]*")


PRODUCTS_MAX: Final = 2_000
"""So many products are asked whether they have a unit of a number: 33 µs each."""


def own_items(labels: Sequence[Label], site_map: SiteMap, document: str | None) -> tuple[str, ...]:
    """The products of which the map holds a unit of this serial number; those that the document announces alone."""
    serials = {label.serial for label in labels if label.kind is Kind.SERIAL and label.serial}
    if len(serials) != 1:
        return ()
    serial = serials.pop()
    items = site_map.items(NUMBERED, PRODUCTS_MAX)
    known = {item: found.known for item in items if (found := site_map.find(unit_key(item, serial)))}
    announced = [item for item, one in known.items() if document and document in (one.announced_by, one.notice)]
    return tuple(announced or known)


def looks_like_a_serial(text: str, others: Sequence[str]) -> bool:
    """Whether a text may be one more serial number of a product.

    Args:
        text: what was read.
        others: serial numbers of the product. From `ALIKE_MIN` on the text has to be of their kinds of characters, and
            of their length or one more, for running numbers grow; of fewer any text will do that makers print: letters,
            digits and a few signs, with a digit among them.
    """
    if len(others) < ALIKE_MIN:
        return _PLAIN.fullmatch(text) is not None
    lengths = [len(other) for other in others]
    known = {_kind(character) for other in others for character in other}
    digits = any(map(str.isdigit, text)) or not all(any(map(str.isdigit, other)) for other in others)
    return min(lengths) <= len(text) <= max(lengths) + 1 and {_kind(c) for c in text} <= known and digits


def _kind(character: str) -> str:
    if character.isdigit():
        return "digit"
    return ("upper" if character.isupper() else "lower") if character.isalpha() else character


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
