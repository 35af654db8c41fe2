"""Serial numbers that stand alone, in a barcode that says nothing of their product.

>>> from sync.labels import parse
>>> label = parse(b"SN-00417", "]C0")
>>> label.kind, label.key
(<Kind.SERIAL: 'serial'>, 'https://warehouse.example/250/SN-00417')

This is the last format asked. It takes what AI 21 would take (GS1 General Specifications, section 3.5.2), and nothing
shorter than four characters: scraps of other barcodes are misread as such. Where a person was asked for the serial
number, `awaited_serial` takes the shorter ones too.
"""

from __future__ import annotations

from typing import Final

from sync.check_digits import CSET_82
from sync.identity import Kind, serial_key
from sync.labels._label import Label, SiteCodes
from sync.labels._registry import Scan, label_format, not_gs1

SERIAL_LENGTH_MIN: Final = 4
SERIAL_LENGTH_MAX: Final = 20
_CHARACTERS: Final = frozenset(CSET_82)
_LISTING: Final = frozenset(",;")


def is_serial(text: str) -> bool:
    """Whether AI 21 could hold this text: 1 to 20 characters of GS1's character set 82."""
    return 1 <= len(text) <= SERIAL_LENGTH_MAX and _CHARACTERS.issuperset(text)


def awaited_serial(text: str, codes: SiteCodes) -> Label | None:
    """The serial number that a person was asked for: then even one character is no scrap. None where it is none."""
    if not is_serial(text):
        return None
    return Label(kind=Kind.SERIAL, key=serial_key(codes.domain, text), format="serial", serial=text)


@label_format(rank=90, symbologies=not_gs1)
def read(scan: Scan) -> Label | None:
    """Read a bare serial number. Commas and semicolons make it a list, which `parse_all` takes apart."""
    if len(scan.text) < SERIAL_LENGTH_MIN or not is_serial(scan.text) or not _LISTING.isdisjoint(scan.text):
        return None
    return awaited_serial(scan.text, scan.codes)
