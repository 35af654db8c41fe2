"""One symbol that lists several labels: where each of them begins and ends."""

from __future__ import annotations

import re
from typing import Final

from sync.labels._elements import Elements, InvalidLabelError, element_string, split_elements
from sync.labels._registry import is_gs1

_BETWEEN: Final = re.compile(rb"[\r\n\t,;|]+")
_ADDRESS: Final = re.compile(rb"https?://", re.IGNORECASE)
_BETWEEN_ADDRESSES: Final = re.compile(rb"[\r\n\t,;|]+(?=https?://)|[\r\n\t|]+", re.IGNORECASE)
"""Within a web address, a comma or a semicolon is a character like any other (RFC 3986, 2.2)."""


def pieces_of(raw: bytes, symbology: str | None) -> list[bytes]:
    """The data of each label in a symbol that `parse` refused as a whole; the whole where it is no list."""
    if not is_gs1(symbology):
        between = _BETWEEN_ADDRESSES if _ADDRESS.match(raw) else _BETWEEN
        return [piece for piece in between.split(raw) if piece]
    try:
        elements = split_elements(raw.decode("latin-1"))
    except InvalidLabelError:
        return [raw]
    return [element_string(group).encode("latin-1") for group in groups_of(elements)]


def groups_of(elements: Elements) -> list[Elements]:
    """Elements cut wherever an AI comes again with another value.

    What stood before the first of them holds for all: one GTIN and lot ahead of several serial numbers.

    >>> groups_of((("01", "09506000134352"), ("21", "A"), ("10", "L"), ("21", "B")))[1]
    (('01', '09506000134352'), ('21', 'B'))
    """
    groups: list[Elements] = []
    current: dict[str, str] = {}
    for ai, value in elements:
        if current.get(ai, value) != value:
            groups.append(tuple(current.items()))
            shared = list(current)[: list(current).index(ai)]
            current = {kept: current[kept] for kept in shared}
        current[ai] = value
    return [*groups, tuple(current.items())]
