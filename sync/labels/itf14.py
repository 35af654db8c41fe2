"""ITF-14: a GTIN-14 in Interleaved 2 of 5, on cartons (GS1 General Specifications, section 5.3).

>>> from sync.labels import parse
>>> parse(b"10614141000415", "]I1").key
'https://id.gs1.org/01/10614141000415'

Interleaved 2 of 5 has no end that a scanner could miss: a part of it reads as a shorter one. So any other length is
refused rather than taken for a serial number.
"""

from __future__ import annotations

from sync.identity import Kind, item_key
from sync.labels._elements import InvalidLabelError
from sync.labels._label import Label
from sync.labels._registry import INTERLEAVED, Scan, label_format


@label_format(rank=60, symbologies=lambda symbology: symbology in INTERLEAVED)
def read(scan: Scan) -> Label | None:
    """Read a GTIN-14."""
    if len(scan.text) != 14:
        raise InvalidLabelError(f"An ITF barcode of {len(scan.text)} digits, {scan.text!r}, is no GTIN-14.")
    try:
        key = item_key(scan.text)
    except ValueError as error:
        raise InvalidLabelError(str(error)) from error
    return Label(kind=Kind.ITEM, key=key, format="itf14", item=key)
