"""Licence plates (LPN) that the warehouse prints for itself: on one unit, or on a carton or tote.

>>> from sync.labels import parse
>>> parse(b"LPN000123", "]C0").key, parse(b"CTN-7", "]C0").key
('https://warehouse.example/21/LPN000123', 'https://warehouse.example/00/CTN-7')
"""

from __future__ import annotations

from sync.identity import Kind, own_container_key, plate_key
from sync.labels._label import Label, own_code
from sync.labels._registry import Scan, label_format, not_gs1


@label_format(rank=11, symbologies=not_gs1)
def read(scan: Scan) -> Label | None:
    """Read a plate."""
    codes = scan.codes
    if (code := own_code(codes.unit_plate_pattern, scan.text)) is not None:
        return Label(kind=Kind.PLATE, key=plate_key(codes.domain, code), format="licence_plate", serial=code)
    if (code := own_code(codes.container_plate_pattern, scan.text)) is not None:
        return Label(kind=Kind.CONTAINER, key=own_container_key(codes.domain, code), format="licence_plate")
    return None
