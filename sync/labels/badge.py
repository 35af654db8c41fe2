"""People's badges.

>>> from sync.labels import parse
>>> parse(b"BADGE:0042", "]Q1").key
'https://warehouse.example/8018/0042'
"""

from __future__ import annotations

from sync.identity import Kind, badge_key
from sync.labels._label import Label, own_code
from sync.labels._registry import Scan, label_format, not_gs1


@label_format(rank=14, symbologies=not_gs1)
def read(scan: Scan) -> Label | None:
    """Read a badge."""
    if (code := own_code(scan.codes.badge_pattern, scan.text)) is None:
        return None
    return Label(kind=Kind.BADGE, key=badge_key(scan.codes.domain, code), format="badge")
