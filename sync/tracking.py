"""Carriers' tracking numbers: the one name under which each is known, whoever reads it."""

from __future__ import annotations

from typing import Final

from sync.event import TEXT_MAX
from sync.identity import Kind, serial_key
from sync.labels import Label, SiteCodes, parse

_NO_TRACKING: Final = frozenset(
    {Kind.ITEM, Kind.LOT, Kind.UNIT, Kind.CONTAINER, Kind.LOCATION, Kind.DOCUMENT, Kind.BADGE}
)
TRACKING_CHARS_MAX: Final = 60
"""FedEx prints 34 digits; more than any carrier's."""


def tracking_key(data: bytes, symbology: str | None, codes: SiteCodes) -> str | None:
    """The name of the parcel whose carrier's label says this; None where it says something else."""
    label = parse(data, symbology, codes)
    if isinstance(label, Label):
        return None if label.kind in _NO_TRACKING else label.key
    text = data.decode("latin-1").strip()
    if not text or len(text) > TRACKING_CHARS_MAX or not text.isprintable():
        return None
    key = serial_key(codes.domain, text)
    return key if len(key) <= TEXT_MAX else None
